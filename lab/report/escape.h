/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts in formats that machines read: each has signs of its own that mean something, and none may
 * take a text of the log for more than a text.
 */
#ifndef NSLAB_REPORT_ESCAPE_H
#define NSLAB_REPORT_ESCAPE_H

#include <stdio.h>

enum { ESCAPE_SIGNS_MOST = 8 };

/**
 * struct escape - how a format writes a text
 * @signs: what is written otherwise; ends with an empty row
 * @keep: control characters that may stand as they are
 * @hidden: prefix of what stands for a byte that cannot be seen, two hex digits follow; where @wide
 *          is set, for a code point below 256
 * @wide: NULL, or prefix for any other code point that cannot be seen, four hex digits follow;
 *        @wider: eight
 * What is no UTF-8 becomes U+FFFD.
 */
struct escape {
	struct escape_sign {
		char sign;
		const char *text;
	} signs[ESCAPE_SIGNS_MOST];
	const char *keep;
	const char *hidden, *wide, *wider;
};

extern const struct escape ESCAPE_LINE;	  /* one harmless line */
extern const struct escape ESCAPE_TAP;	  /* a description of TAP 14 */
extern const struct escape ESCAPE_YAML;	  /* between double quotes */
extern const struct escape ESCAPE_XML;	  /* what XML 1.0 cannot hold; markup is the writer's */
extern const struct escape ESCAPE_GITHUB; /* the message of a workflow command */
extern const struct escape ESCAPE_GITHUB_PROPERTY; /* a value in front of it */

/** escape_put() - write @text in that form */
void escape_put(FILE *out, const struct escape *escape, const char *text);

/** escape_text() - the same in memory, to be freed by the caller; NULL when memory is out */
char *escape_text(const struct escape *escape, const char *text);

#endif
