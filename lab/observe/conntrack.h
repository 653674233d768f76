/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a host's connection tracking remembers, by ctnetlink. */
#ifndef NSLAB_OBSERVE_CONNTRACK_H
#define NSLAB_OBSERVE_CONNTRACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lab/observe/diag.h"
#include "netns/network.h"

struct conntrack;
struct nlmsghdr;

/**
 * struct ct_tuple - addresses and ports of the packets in one direction
 * @af: AF_INET, AF_INET6; @src, @dst: network byte order; @sport, @dport: host byte order, 0 without ports
 */
struct ct_tuple {
	int af;
	uint8_t src[16], dst[16];
	uint16_t sport, dport;
};

/**
 * struct ct_entry - a connection that is remembered
 * @protocol: IPPROTO_, ICMPv6 as ICMP
 * @orig: of the packet that opened it; @reply: of the answers, which tells what was translated
 * @tcp_state: TCP_CONNTRACK_, -1 where it is no TCP
 * @left_s: until it is forgotten, if no packet comes
 */
struct ct_entry {
	int protocol;
	struct ct_tuple orig, reply;
	int tcp_state;
	uint32_t left_s;
};

/** ct_state_name() - "ESTABLISHED", as the kernel and conntrack(8) write it; NULL behind the last */
const char *ct_state_name(int state);

/** ct_state_from_name() - -1 for an unknown word */
int ct_state_from_name(const char *name);

/**
 * ct_entry_parse() - read one message of the kernel; 0, or -EBADMSG if it is no entry
 * Never reads beyond the message, whatever is in it.
 */
int ct_entry_parse(const struct nlmsghdr *nlh, struct ct_entry *ret);

/** conntrack_open() - @ret: free with conntrack_close() */
int conntrack_open(const struct network *net, int host, struct conntrack **ret,
		   struct lab_err *err);
void conntrack_close(struct conntrack *ct);

/**
 * conntrack_dump() - call @fn for each entry of the host
 * The kernel walks a table that belongs to the whole machine: some milliseconds.
 */
int conntrack_dump(struct conntrack *ct, void (*fn)(void *arg, const struct ct_entry *entry),
		   void *arg, struct lab_err *err);

/**
 * conntrack_find() - the entry of the TCP connection that @orig opened; some microseconds
 * Return: 1, 0 if there is none, or -errno
 */
int conntrack_find(struct conntrack *ct, const struct ct_tuple *orig, struct ct_entry *ret,
		   struct lab_err *err);

/** conntrack_flush() - forget all of the host's entries */
int conntrack_flush(struct conntrack *ct, struct lab_err *err);

#endif
