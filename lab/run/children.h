/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The worker is process 1 of its PID namespace: orphans of all programs become its children. Those that
 * it started itself are noted here, and waited for by whoever did; the others are reaped.
 */
#ifndef NSLAB_RUN_CHILDREN_H
#define NSLAB_RUN_CHILDREN_H

#include <sys/types.h>

/** children_add() - somebody will wait for @pid; children_drop(): has waited for it */
void children_add(pid_t pid);
void children_drop(pid_t pid);

/** children_reap() - of the others, those that have ended; never waits */
void children_reap(void);

#endif
