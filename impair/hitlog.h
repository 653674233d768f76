/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hears of every packet that a fault of one host acted on (nfnetlink_log). */
#ifndef NSLAB_IMPAIR_HITLOG_H
#define NSLAB_IMPAIR_HITLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netns/network.h"

struct hitlog;

/**
 * struct hit - a fault acted on a packet
 * @fault: its name, NUL-terminated
 * @hook: NF_INET_ number, or NF_NETDEV_ if @egress
 * @egress: it was logged on its way out of an interface (netdev), before the qdisc
 * @ifindex: where the packet came in, 0 if the host made it; @ifindex_out: where it leaves, or 0
 * @stamp_ns: CLOCK_REALTIME when the packet came in, 0 where the kernel has none (output)
 * @packet, @len: the packet from its IP header on, cut to 256 bytes
 */
struct hit {
	const char *fault;
	int hook;
	bool egress;
	int ifindex, ifindex_out;
	int64_t stamp_ns;
	const void *packet;
	size_t len;
};

/** hitlog_open() - listen inside @host, before its faults are put in force */
int hitlog_open(const struct network *net, int host, struct hitlog **ret, struct lab_err *err);

/** hitlog_open_group() - the same of another group than that of faults, see SHAPER_DEPART_GROUP */
int hitlog_open_group(const struct network *net, int host, uint16_t group, struct hitlog **ret,
		      struct lab_err *err);
void hitlog_close(struct hitlog *log);

/** hitlog_fd() - to be polled for POLLIN */
int hitlog_fd(const struct hitlog *log);

/**
 * hitlog_read() - hand all that has come so far to @fn
 * Return: number of hits, or -errno; -ENOBUFS if the kernel had to drop some: the run then no
 * longer knows which packets died
 */
int hitlog_read(struct hitlog *log, void (*fn)(void *arg, const struct hit *hit), void *arg,
		struct lab_err *err);

#endif
