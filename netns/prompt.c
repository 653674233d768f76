// SPDX-License-Identifier: GPL-2.0-or-later
#include "netns/prompt.h"

#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SLICE_NS = 100000 }; /* the kernel's least: kernel/sched/syscalls.c */

/* glibc 2.36 has no wrapper and no struct (linux/sched/types.h clashes with sched.h) */
struct attributes {
	uint32_t size;
	uint32_t sched_policy;
	uint64_t sched_flags;
	int32_t sched_nice;
	uint32_t sched_priority;
	uint64_t sched_runtime;
	uint64_t sched_deadline;
	uint64_t sched_period;
};

void thread_prompt(bool realtime)
{
	struct sched_param param = { .sched_priority = 1 };
	struct attributes attr = { .size = sizeof(attr) };

	if (realtime && sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param) == 0)
		return;
	if (syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0) < 0)
		return;
	attr.sched_runtime = SLICE_NS;
	/* what it cannot have it does without */
	if (syscall(SYS_sched_setattr, 0, &attr, 0) < 0)
		return;
}
