/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to lab/event/, and for its tests: both ways in which event_read() reads. */
#ifndef NSLAB_EVENT_EVENT_READ_H
#define NSLAB_EVENT_EVENT_READ_H

#include "lab/event/event.h"

/**
 * event_read_fast() - read a line that is just as event_write() writes it
 * Return: true, and @ret is what event_read_any() would make of the line; false if the line is anything
 * else, also one that is in order: @ret is empty then, and nothing is known of the line
 */
bool event_read_fast(const char *line, size_t len, struct event *ret);

/** event_read_any() - event_read(), without trying the fast way first */
int event_read_any(const char *line, size_t len, struct event *ret, const char **ret_why);

#endif
