/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program of somebody else's, inside a host. */
#ifndef NSLAB_RUN_PROGRAM_H
#define NSLAB_RUN_PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

#include "netns/err.h"

struct network;

/**
 * struct program - one that was started
 * @pid: leads a session of its own, so that -@pid are its processes
 * @reaped: it has ended, and program_status() has said how
 * @pidfd: readable when it has ended
 * @out: reading ends of its stdout and stderr, non-blocking
 */
struct program {
	pid_t pid;
	bool reaped;
	int pidfd;
	int out[2];
};

/**
 * program_start() - run @argv in the network of @host, found along PATH
 * It has the caller's user and groups, environment and working directory, names the lab's hosts by
 * /etc/hosts, and can gain no privileges (no_new_privs). As an ordinary user it
 * is that user again, in a user namespace below the lab's; under sudo the user who called sudo.
 * It and all that it starts end with the lab at the latest.
 * @fams: as in network_host_join()
 * @apart: it reads nothing, its output comes to @ret, and it leads a session of its own; else it has
 *         our stdin, stdout, stderr and terminal
 * @ret: to be ended with program_end()
 * @ret_exec: 0, or the errno of execvp(): it could not be run, and @ret is empty
 * Return: 0, or -errno: the lab failed
 */
int program_start(const struct network *net, int host, unsigned fams, char *const *argv, bool apart,
		  struct program *ret, int *ret_exec, struct lab_err *err);

/**
 * program_become() - make the calling process what a program is: the user who started nslab, without a
 * way to more privileges, with $NSLAB (the path of nslab), and with all signals as usual; it dies with its parent
 * @in_root: the lab was made with the machine's root, so that under sudo it becomes the user who called sudo;
 *           else @uid and @gid again, in a user namespace below the lab's
 * For a process between fork and exec that is in a host already. Return: 0 or -errno
 */
int program_become(bool in_root, uid_t uid, gid_t gid, struct lab_err *err);

/** program_status() - wait for its end; as shells say it: its exit status, or 128 and the signal */
int program_status(struct program *program);

/** program_end() - end all its processes, if there are any, and close what @program holds */
void program_end(struct program *program);

#endif
