/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors that go with bytes over an AF_UNIX socket (SCM_RIGHTS). */
#ifndef NSLAB_NETNS_FDS_H
#define NSLAB_NETNS_FDS_H

#include <stddef.h>
#include <sys/types.h>

enum { FDS_MOST = 8 };

/**
 * fds_send() - as send(), and @n of @fds go with the first byte
 * @fds stay the caller's
 */
ssize_t fds_send(int sock, const void *buf, size_t len, const int *fds, int n, int flags);

/**
 * fds_recv() - as recv(), and what descriptors have come with it
 * @fds: room for FDS_MOST; all are close-on-exec, and the caller's
 * @ret_n: how many, also if there is an error
 */
ssize_t fds_recv(int sock, void *buf, size_t len, int *fds, int *ret_n, int flags);

#endif
