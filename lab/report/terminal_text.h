/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text on a terminal: harmless whatever it holds, measured in columns, cut and wrapped. Texts are
 * UTF-8 with the signs that we like; where the output cannot show them they become ASCII here, so
 * that nobody else has to care.
 */
#ifndef NSLAB_REPORT_TERMINAL_TEXT_H
#define NSLAB_REPORT_TERMINAL_TEXT_H

#include <locale.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum style {
	STYLE_PLAIN,
	STYLE_BOLD,
	STYLE_DIM,
	STYLE_RED,
	STYLE_GREEN,
	STYLE_YELLOW,
	STYLE_CYAN,
	STYLE_MAGENTA,
};

/**
 * struct paper - what is written on
 * @locale: for the width of characters, whatever the process's own locale is; may be 0
 */
struct paper {
	int columns;
	bool colour;
	bool unicode;
	locale_t locale;
};

/** paper_init() - for an output of that width; too narrow ones are taken for 40 columns */
void paper_init(struct paper *paper, int columns, bool colour, bool unicode);

void paper_release(struct paper *paper);

/** style_begin(), style_end() - nothing without colour or with STYLE_PLAIN */
void style_begin(const struct paper *paper, FILE *out, enum style style);
void style_end(const struct paper *paper, FILE *out, enum style style);

/**
 * text_hidden() - is it a control character, or formatting that is not seen but changes what is:
 * direction, joining, tags?
 */
bool text_hidden(uint32_t c);

/** text_width() - columns that @text takes */
int text_width(const struct paper *paper, const char *text);

/**
 * text_put() - write @text in one line, cut with an ellipsis if it is wider than @room
 * Control bytes, what is no UTF-8, and signs that change the direction or cannot be seen are
 * written as \xNN.
 * Return: columns it took
 */
int text_put(const struct paper *paper, FILE *out, const char *text, int room);

/** text_put_styled() - the same in a style */
int text_put_styled(const struct paper *paper, FILE *out, enum style style, const char *text,
		    int room);

/**
 * text_wrap() - write a text of several paragraphs, wrapped, with a newline at its end
 * Empty lines part paragraphs; lines that are indented by two or begin with "- " keep their place.
 * @col: where the cursor is; @indent: where lines begin
 */
void text_wrap(const struct paper *paper, FILE *out, const char *text, int col, int indent);

/**
 * text_each() - hand each sign of @text to @sign as text_put() would write it
 * Return: columns they take
 */
int text_each(const struct paper *paper, const char *text, int room,
	      void (*sign)(void *arg, const char *sign, int width), void *arg);

/** text_pad() - spaces from @col up to @to; returns the new column */
int text_pad(FILE *out, int col, int to);

/** duration_text() - "0.31 ms", "4.2 ms", "250 ms", "2.53 s"; returns @buf */
const char *duration_text(int64_t ns, char *buf, size_t size);

#endif
