/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process that holds a lab: own user, PID, mount and network namespaces, gone when it dies. */
#ifndef NSLAB_NETNS_SANDBOX_H
#define NSLAB_NETNS_SANDBOX_H

#include <stdbool.h>
#include <sys/types.h>

#include "netns/err.h"

/**
 * struct sandbox - a running worker
 * @pid: as its parent sees it; inside it is 1
 * @pidfd: readable once it has ended; owned by the caller
 */
struct sandbox {
	pid_t pid;
	int pidfd;
};

/** sandbox_privileged() - do we hold the capabilities to do without a user namespace? */
bool sandbox_privileged(void);

/** sandbox_in_root() - inside a sandbox: was it made with the machine's root, without a user namespace? */
bool sandbox_in_root(void);

/** sandbox_uid(), sandbox_gid() - inside a sandbox: whose it is, as the machine knows them */
uid_t sandbox_uid(void);
gid_t sandbox_gid(void);

/**
 * sandbox_map_ids() - in a new user namespace of the calling process: @uid and @gid in it are
 * @uid_above and @gid_above in the one above; there are no others
 * Return: 0 or -errno
 */
int sandbox_map_ids(uid_t uid, uid_t uid_above, gid_t gid, gid_t gid_above, struct lab_err *err);

/**
 * sandbox_spawn() - run @fn in a process of its own, in new namespaces
 * @fn: its return value becomes the exit status; @arg is handed to it
 * @ret: the process; wait for it with waitid(P_PIDFD) or waitpid()
 *
 * With privilege, PID, mount and network namespaces are made directly; without it, a user
 * namespace first, in which the caller's own user appears as root, its id maps written before the
 * network namespace is made (else /proc/net/nf_conntrack stays unreadable). The process is 1 in
 * its PID namespace: when it dies, everything that it started is killed with it. It dies with the
 * thread that called this (PR_SET_PDEATHSIG). No mount of it is seen outside.
 * Return: 0, or -errno with a fix that names the blocker; the process is then gone
 */
int sandbox_spawn(int (*fn)(void *arg), void *arg, struct sandbox *ret, struct lab_err *err);

/** sandbox_wait() - reap it; returns wait status, or -errno */
int sandbox_wait(struct sandbox *sandbox);

/**
 * sandbox_blocker() - why this system refuses namespaces, and what to do
 * @code: errno of the refused call
 * @buf: filled with a sentence or two; empty if nothing known explains it
 */
void sandbox_blocker(int code, char *buf, size_t size);

#endif
