/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to netns/: one request, one acknowledgement over a libnl socket, errors in full. */
#ifndef NSLAB_NETNS_TRANSPORT_H
#define NSLAB_NETNS_TRANSPORT_H

#include <stdbool.h>

#include "netns/err.h"

struct nl_msg;
struct nlmsghdr;
struct nl_sock;

/**
 * struct transport - a netlink socket in the namespace where it was opened
 * @sk: libnl's socket, for look-ups; the rest belongs to the request under way
 * @take: gets each message that comes before the acknowledgement; may be NULL
 */
struct transport {
	struct nl_sock *sk;
	struct lab_err *err;
	const char *doing;
	int answer;
	bool answered;
	bool armed;
	void (*take)(const struct nlmsghdr *nlh, void *arg);
	void *take_arg;
};

/** transport_open() - @protocol is NETLINK_ROUTE or NETLINK_GENERIC; 0 or -errno */
int transport_open(struct transport *t, int protocol, struct lab_err *err);

/** transport_close() - safe on a zeroed struct */
void transport_close(struct transport *t);

/**
 * transport_talk() - send @msg and wait for its acknowledgement
 * @built: what the library's builder returned; below 0 nothing is sent
 * @doing: what this is for, begins the error's text: "cannot add …"
 * Return: 0 or -errno of the kernel, with its extended ack in @err
 */
int transport_talk(struct transport *t, int built, struct nl_msg *msg, struct lab_err *err,
		   const char *doing);

#endif
