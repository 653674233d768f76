/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host that reboots while the run goes on: what has to follow it into its new namespace. */
#ifndef NSLAB_RUN_REBOOT_H
#define NSLAB_RUN_REBOOT_H

#include "netns/err.h"

struct op;
struct run;

/**
 * run_host_cut() - the host dies: its wires first, then its programs' sockets, which nobody hears of
 * @op: the step that does it. Steps of the host that are under way end with EBADF
 * Return: 0 or -errno
 */
int run_host_cut(struct op *op, int host, struct lab_err *err);

/**
 * run_host_told() - has everything that happened in the old namespace been logged?
 * Return: 1; 0 if the log is still behind the counters; -errno
 */
int run_host_told(struct run *run, int host, struct lab_err *err);

/**
 * run_host_anew() - all that belongs to a host, in its new namespace, in the order that it needs
 * Captures and hit log, faults, then the links: the first packet is seen and met.
 * Return: 0 or -errno; links carry packets when network_link_ready() says so
 */
int run_host_anew(struct run *run, int host, struct lab_err *err);

#endif
