/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Be woken promptly, also on a busy machine. */
#ifndef NSLAB_NETNS_PROMPT_H
#define NSLAB_NETNS_PROMPT_H

#include <stdbool.h>

/**
 * thread_prompt() - let the calling thread run soon after it is woken
 * @realtime: try SCHED_FIFO first, which only root may; for threads that never run long
 *
 * Else it asks for the shortest time slice: since Linux 6.12 the scheduler runs who wants little
 * before who wants much (EEVDF, sched_setattr(2) with sched_runtime for SCHED_OTHER; needs no
 * privilege). Earlier kernels take no notice. Threads made later by this one inherit the slice.
 */
void thread_prompt(bool realtime);

#endif
