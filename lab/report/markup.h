/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts in HTML and SVG: harmless whatever they hold, and such that an XML parser takes them, too.
 * Markup characters become references; control bytes, what is no UTF-8, and signs that change the
 * direction or cannot be seen are written as \xNN, as on a terminal.
 */
#ifndef NSLAB_REPORT_MARKUP_H
#define NSLAB_REPORT_MARKUP_H

#include <stdio.h>

/** markup_text() - @text for content and for attributes in double or single quotes; NULL is "" */
void markup_text(FILE *out, const char *text);

/** markup_cut() - the same, with an ellipsis behind so many characters, and in one line */
void markup_cut(FILE *out, const char *text, int most);

/**
 * markup_prose() - a text of several paragraphs as <p>, <pre> and <ul>
 * Empty lines part paragraphs; lines that are indented stay as they are, lines that begin with "- "
 * make a list. `words in backquotes` become <code>.
 */
void markup_prose(FILE *out, const char *text);

#endif
