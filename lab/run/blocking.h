/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A blocking system call on a thread of its own, interruptible. */
#ifndef NSLAB_RUN_BLOCKING_H
#define NSLAB_RUN_BLOCKING_H

#include <stdbool.h>

#include "netns/err.h"

struct blocking;

/**
 * blocking_start() - call @fn(@arg) on a new thread
 * The thread lives in the network namespace the caller is in; sockets that exist stay where they
 * are.
 */
int blocking_start(int (*fn)(void *arg), void *arg, struct blocking **ret, struct lab_err *err);

/** blocking_fd() - readable once @fn has returned */
int blocking_fd(const struct blocking *blocking);

/** blocking_done() - has it? @ret_code gets what it returned */
bool blocking_done(struct blocking *blocking, int *ret_code);

/** blocking_interrupt() - make its system call end with EINTR; may have to be repeated */
void blocking_interrupt(struct blocking *blocking);

/** blocking_end() - interrupt until it has returned, join it, free it; NULL is fine */
void blocking_end(struct blocking *blocking);

#endif
