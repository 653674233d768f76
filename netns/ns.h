/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network namespaces as file descriptors: no name in /run/netns, nothing to clean up. */
#ifndef NSLAB_NETNS_NS_H
#define NSLAB_NETNS_NS_H

#include "netns/err.h"

/**
 * ns_create() - make a network namespace and move the calling thread into it
 * @err: filled on failure
 *
 * unshare(2) is the only way to make one; callers that build several go back with ns_enter().
 * Return: its fd (close-on-exec, owned by the caller; the namespace ends with its last fd,
 * process and socket) or -errno
 */
int ns_create(struct lab_err *err);

/** ns_current() - the fd of the calling thread's network namespace, or -errno; caller closes */
int ns_current(struct lab_err *err);

/** ns_enter() - setns(2) of the calling thread; 0 or -errno */
int ns_enter(int ns_fd, struct lab_err *err);

/**
 * ns_socket() - open a socket inside @ns_fd and come back to @home_fd
 * A socket belongs for ever to the namespace in which it was made.
 * Return: fd (close-on-exec) or -errno
 */
int ns_socket(int ns_fd, int home_fd, int family, int type, int protocol, struct lab_err *err);

#endif
