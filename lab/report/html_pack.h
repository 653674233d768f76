/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A text whose lines are mostly alike but for their numbers, made small: script.js reads it. Lines of
 * one kind differ in nothing but their runs of digits. Each line of the packed text is one of
 *
 *     =LINE            the first of a new kind
 *     -LINE            of no kind, there are too many already
 *     KIND CHANGES     the latest line of this kind (from 0) with other numbers
 *
 * without the space. A change is a letter that says how many numbers stay as they were, a or A for none,
 * and digits: after a small letter those of the number that follows, after a large one what is added
 * to that, the same as before in this line if there are none. A sum has at least as many digits as
 * what it was added to. A small letter without digits only leaves so many out.
 */
#ifndef NSLAB_REPORT_HTML_PACK_H
#define NSLAB_REPORT_HTML_PACK_H

#include <stdio.h>

enum { PACK_KINDS_MOST = 128 };

void html_pack(FILE *out, const char *text);

#endif
