/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A name server: DNS over UDP and TCP, for as long as the run lasts. */
#ifndef NSLAB_RUN_NAMESERVER_H
#define NSLAB_RUN_NAMESERVER_H

#include <stdint.h>

struct dns_record;
struct op;

/**
 * nameserver_hold() - all that the step @op has to do: it serves until the run is over
 * @port: on all addresses of the step's host
 * @records, @n: names beside those of the hosts; borrowed
 */
void nameserver_hold(struct op *op, uint16_t port, const struct dns_record *records, int n);

#endif
