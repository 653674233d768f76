/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong with a file: all of it, each with its place, what was found, what was expected. */
#ifndef NSLAB_SCENARIO_PROBLEM_H
#define NSLAB_SCENARIO_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* beyond that many, problems are only counted: nobody reads on, and a hostile file costs little */
enum { PROBLEMS_MAX = 200 };

/**
 * struct problem - one thing wrong
 * @line, @col: from 1, @col in characters; 0 for the file as a whole
 * @text: "unknown key 'porte'; expected one of …"; control characters are already escaped
 * @hint: "did you mean 'port'?" or NULL
 */
struct problem {
	int line, col;
	char *text;
	char *hint;
};

/**
 * struct problems - the list, in order of their places once sorted; {0} is an empty one
 * @file: name as given by the user, for display; borrowed
 * @source, @source_len: the file's text, for the caret line; borrowed
 * @list, @n: what is wrong
 * @more: how many problems came after PROBLEMS_MAX
 * @nomem: no memory for one more problem; counts as a problem of its own
 * @copy: where @file and @source are, if problems_keep() was called
 */
struct problems {
	const char *file;
	const char *source;
	size_t source_len;
	struct problem *list;
	int n;
	int more;
	bool nomem;
	char *copy;
};

void problems_free(struct problems *problems);

/** problems_any() - is anything wrong? */
bool problems_any(const struct problems *problems);

/** problems_keep() - copy @file and @source, because their owners are about to free them */
void problems_keep(struct problems *problems);

/** problems_cut() - forget all but the first @n that were noted */
void problems_cut(struct problems *problems, int n);

/** problem_add() - note a problem; the same text at the same place is noted once */
void problem_add(struct problems *problems, int line, int col, const char *hint, const char *fmt,
		 ...) __attribute__((format(printf, 5, 6)));

/**
 * problems_print() - as compilers do, sorted by place:
 *   FILE:LINE:COL: TEXT
 *      |   - client: {diall: "server:8080"}
 *      |              ^
 *   HINT
 * Long source lines are cut around the caret; control characters are never printed raw.
 */
void problems_print(struct problems *problems, FILE *out);

/**
 * nearest_word() - the word most like @word among @n words, for "did you mean"
 * Return: the word, or NULL if none is near (edit distance with transpositions above a third of the
 * length, at least 1; words that have no letter in common are never near)
 */
const char *nearest_word(const char *word, const char *const *words, int n);

/** text_escape() - @text with control and non-UTF-8 bytes as \xNN, cut to fit; returns @buf */
const char *text_escape(const char *text, char *buf, size_t size);

#endif
