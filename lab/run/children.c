// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/run/children.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>

static pid_t *own;
static size_t n_own, cap_own;

void children_add(pid_t pid)
{
	if (n_own == cap_own) {
		size_t cap = cap_own ? 2 * cap_own : 16;
		pid_t *list = realloc(own, cap * sizeof(*list));

		if (!list)
			return;
		own = list;
		cap_own = cap;
	}
	own[n_own++] = pid;
}

void children_drop(pid_t pid)
{
	for (size_t i = 0; i < n_own; i++) {
		if (own[i] == pid) {
			own[i] = own[--n_own];
			break;
		}
	}
	if (n_own)
		return;
	free(own);
	own = NULL;
	cap_own = 0;
}

static bool is_own(pid_t pid)
{
	for (size_t i = 0; i < n_own; i++) {
		if (own[i] == pid)
			return true;
	}
	return false;
}

void children_reap(void)
{
	siginfo_t info = { 0 };

	/* the kernel shows the same one again until it is reaped: one of ours hides those behind it for a while */
	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid > 0 &&
	       !is_own(info.si_pid)) {
		waitpid(info.si_pid, NULL, WNOHANG);
		info.si_pid = 0;
	}
}
