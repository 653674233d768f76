/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The worker's one event loop: descriptors and a time to wake at. */
#ifndef NSLAB_RUN_LOOP_H
#define NSLAB_RUN_LOOP_H

#include <stdint.h>

#include "netns/err.h"

struct loop;
struct source;

/** loop_open() - free with loop_close(), after all its sources */
int loop_open(struct loop **ret, struct lab_err *err);
void loop_close(struct loop *loop);

/**
 * source_add() - call @fn whenever @fd is ready for @events (EPOLLIN, EPOLLOUT)
 * @fd stays the caller's; it must outlive the source. Several sources may wait for the same one.
 * Return: the source, NULL with errno set
 */
struct source *source_add(struct loop *loop, int fd, uint32_t events,
			  void (*fn)(void *arg, uint32_t events), void *arg);

/** source_events() - wait for other events from now on; 0 or -errno */
int source_events(struct source *source, uint32_t events);

/** source_drop() - forget it; NULL is fine; safe within any source's callback */
void source_drop(struct source *source);

/**
 * loop_turn() - wait until something is ready, or until @wake_ns (CLOCK_MONOTONIC), and call back
 * Return: 0 or -errno
 */
int loop_turn(struct loop *loop, int64_t wake_ns, struct lab_err *err);

#endif
