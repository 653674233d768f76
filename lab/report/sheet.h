/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A text that grows in memory, and is empty when memory is out. */
#ifndef NSLAB_REPORT_SHEET_H
#define NSLAB_REPORT_SHEET_H

#include <stdio.h>

/** struct sheet - @out: to write to, NULL when memory is out or it is closed */
struct sheet {
	FILE *out;
	char *text;
	size_t size;
};

/** sheet_open() - Return: 0, -ENOMEM */
int sheet_open(struct sheet *sheet);

/** sheet_take() - close it; the text, to be freed by the caller, NULL when memory is out */
char *sheet_take(struct sheet *sheet);

/** sheet_clear() - close it and forget the text; takes one that was never opened, if it is zeroed */
void sheet_clear(struct sheet *sheet);

#endif
