/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What somebody may have meant who asked for what nothing shows. */
#ifndef NSLAB_CLI_SUGGEST_H
#define NSLAB_CLI_SUGGEST_H

#include <stddef.h>

struct scenario;

/**
 * suggest_text() - a scenario's name, title and tags, divided by blanks
 * Return: malloced, NULL when out of memory
 */
char *suggest_text(const struct scenario *scenario);

/**
 * suggest_word() - a word that finds something, and is much like one of @text's
 * @buf: for the word; of @size bytes
 * Return: @buf, or NULL if none is
 */
const char *suggest_word(struct scenario *const *scenarios, int n, const char *text, char *buf,
			 size_t size);

#endif
