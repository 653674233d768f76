/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to lab/event/: a line of compact JSON that is being written, as jansson would write it. */
#ifndef NSLAB_EVENT_LINE_H
#define NSLAB_EVENT_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct line - text that grows
 * @text: malloced, not terminated; owned by whoever has the line
 * @failed: memory is out; what is put from then on is lost
 */
struct line {
	char *text;
	size_t len, cap;
	bool failed;
};

/**
 * line_room() - make room
 * Return: where the next @n bytes go, to be counted in @len by the caller; NULL if the line has failed
 */
char *line_room(struct line *line, size_t n);

/** line_put() - @n bytes as they are */
void line_put(struct line *line, const char *text, size_t n);

/** line_integer() - in decimal */
void line_integer(struct line *line, int64_t value);

/**
 * line_string() - in quotes, escaped as RFC 8259 section 7 wants it and jansson does it: only what must
 * be. Bytes that are no UTF-8 become U+FFFD.
 * @text: NULL is ""
 */
void line_string(struct line *line, const char *text);

#endif
