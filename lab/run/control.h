/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A lab's control socket: whoever may drive the lab sends requests, a JSON object a line, and gets an
 * answer to each, a line too. docs/control.md is the protocol; the table of requests is in control.c.
 */
#ifndef NSLAB_RUN_CONTROL_H
#define NSLAB_RUN_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "lab/event/event.h"
#include "netns/err.h"

struct control;
struct run;

/* where programs inside a host reach it: an abstract name, which only this host's network knows */
#define CONTROL_INSIDE "@nslab"

enum { CONTROL_VERSION = 1, CONTROL_REQUEST_MOST = 65536 };

/** control_new() - of a run, with no socket yet; NULL when memory is out */
struct control *control_new(struct run *run);

/** control_close() - hang up on everybody; NULL is fine */
void control_close(struct control *control);

/**
 * control_listen() - serve whoever connects to @fd, a bound socket, which becomes ours
 * Return: 0 or -errno; @fd is closed then
 */
int control_listen(struct control *control, int fd, struct lab_err *err);

/** control_inside() - serve programs inside @host, too; more than once is fine. 0 or -errno */
int control_inside(struct control *control, int host, struct lab_err *err);

/** control_host_gone() - @host gets another namespace: forget the socket in the old one */
void control_host_gone(struct control *control, int host);

/** control_note() - the log has this line: those who watch get it */
void control_note(struct control *control, const struct event *event, const char *line, size_t len);

/** control_turn() - look again at what requests wait for */
void control_turn(struct control *control);

/** control_wake_ns() - then control_turn() is due at the latest (CLOCK_MONOTONIC); INT64_MAX for never */
int64_t control_wake_ns(const struct control *control);

/** control_attended() - does anybody watch, or wait for something? */
bool control_attended(const struct control *control);

#endif
