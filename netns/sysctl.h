/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sysctls of a network namespace, and the set that every host of a lab is pinned to. */
#ifndef NSLAB_NETNS_SYSCTL_H
#define NSLAB_NETNS_SYSCTL_H

#include <stdbool.h>
#include <stddef.h>

#include "netns/err.h"

/**
 * struct sysctl_pin - a value that every host starts with
 * @key: dotted, "net.ipv4.tcp_retries2"
 * @value: as written to the file
 * @reason: why it is pinned, one sentence, for docs/sysctls.md
 */
struct sysctl_pin {
	const char *key;
	const char *value;
	const char *reason;
};

/** sysctl_pin_at() - the table's rows, NULL behind the last */
const struct sysctl_pin *sysctl_pin_at(int i);

/**
 * sysctl_path() - "net.ipv4.conf.eth0/100.mtu" to "net/ipv4/conf/eth0.100/mtu"
 * As sysctl(8): the first separator decides; a '/' after a first '.' stands for a '.' in a name.
 * Refuses what is not beneath net, "..", empty parts, and bytes other than [A-Za-z0-9_./-].
 * Return: 0 or -EINVAL
 */
int sysctl_path(const char *key, char *buf, size_t size);

/** sysctl_open_dir() - an fd of /proc/sys, for the calls below; -errno */
int sysctl_open_dir(struct lab_err *err);

/**
 * sysctl_write() - set @key in the calling thread's network namespace
 * The file is opened beneath the directory only (openat2 RESOLVE_BENEATH): no key can leave it.
 * Return: 0; -ENOENT if the kernel has no such key; -EINVAL and others as the kernel gives them
 */
int sysctl_write(int dir_fd, const char *key, const char *value, struct lab_err *err);

/** sysctl_read() - read @key, without the newline at its end; tabs become blanks; 0 or -errno */
int sysctl_read(int dir_fd, const char *key, char *buf, size_t size, struct lab_err *err);

#endif
