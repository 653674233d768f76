/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line that is drawn on before it is written: what comes later covers what was there. */
#ifndef NSLAB_REPORT_ROW_H
#define NSLAB_REPORT_ROW_H

#include "lab/report/terminal_text.h"

struct cell;

/** struct row - as many cells as the paper has columns */
struct row {
	const struct paper *paper;
	struct cell *cells;
	int n;
};

/** row_init() - @paper is borrowed; 0, -ENOMEM */
int row_init(struct row *row, const struct paper *paper);
void row_release(struct row *row);

/** row_clear() - empty it */
void row_clear(struct row *row);

/** row_sign() - one sign, or what ASCII has for it; outside of the row nothing happens */
void row_sign(struct row *row, int col, const char *sign, char ascii, enum style style);

/** row_text() - from @col on, cut to @room; returns the columns it took */
int row_text(struct row *row, int col, int room, enum style style, const char *text);

/** row_text_before() - the same, ending in front of @col */
int row_text_before(struct row *row, int col, int room, enum style style, const char *text);

/** row_print() - write it, without spaces at its end, and a newline */
void row_print(const struct row *row, FILE *out);

#endif
