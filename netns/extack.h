/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads NLMSG_ERROR with its extended acknowledgement: the same for libnl and libmnl sockets. */
#ifndef NSLAB_NETNS_EXTACK_H
#define NSLAB_NETNS_EXTACK_H

#include <stdbool.h>

#include <stddef.h>

#include "netns/err.h"

struct nlmsghdr;

/**
 * extack_again() - was a request refused because a module is still on its way?
 * The first request to a part of netfilter makes the kernel load its module. Of two processes that ask at
 * once one may be told EINVAL, as if there were none; nobody says when there is. So it waits a
 * little, five times at most and longer each time, a third of a second in all.
 * @code: -errno of the refusal; @tries: 0 at first
 * Return: whether to ask again
 */
bool extack_again(int code, int *tries);

/** extack_enable() - ask for extended acks and capped echoes on a netlink socket's fd */
void extack_enable(int netlink_fd);

/**
 * extack_read() - turn a raw NLMSG_ERROR message into an error
 * @nlh: the message, complete in memory
 * @err: on failure gets errno and the kernel's text; @doing is what was tried
 *
 * libnl maps errnos to codes of its own and loses several, so this looks at the raw message.
 * Return: 0 for an acknowledgement, else -errno
 */
int extack_read(const struct nlmsghdr *nlh, struct lab_err *err, const char *doing);

#endif
