/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A text as words of small letters and digits, for comparing what people type with what we know. */
#ifndef NSLAB_CLI_TOKENS_H
#define NSLAB_CLI_TOKENS_H

#include <stdbool.h>

/* stands in a text for anything at all: an address, a number, some words */
#define TOKEN_GAP "…"

/**
 * struct tokens - the words of a text, in order; {0} is an empty one
 * @list: small ASCII letters and digits only, or TOKEN_GAP
 * @buffer: where they lie
 */
struct tokens {
	char **list;
	int n;
	char *buffer;
};

/**
 * tokens_make() - split @text at all that is no ASCII letter and no digit
 * @ret: overwritten
 * Return: 0 or -ENOMEM
 */
int tokens_make(const char *text, struct tokens *ret);

void tokens_free(struct tokens *tokens);

/** tokens_strip() - take out gaps, numbers and what can be a part of an address */
void tokens_strip(struct tokens *tokens);

/**
 * tokens_contain() - do the words of @phrase stand in @text, one behind the other?
 * A gap in @phrase stands for any number of words.
 */
bool tokens_contain(const struct tokens *text, const struct tokens *phrase);

/**
 * tokens_joined() - does @word stand in @text, however it is divided there?
 * @word: "CLOSE-WAIT", "EAI_AGAIN"; close-wait, CLOSE_WAIT, CloseWait and close wait are the same
 */
bool tokens_joined(const struct tokens *text, const char *word);

/** tokens_hint() - is there a word that is @word, or begins with it where that is no mere syllable? */
bool tokens_hint(const struct tokens *text, const char *word);

/** token_number() - the number that a word is; -1 if it is none */
int token_number(const char *token);

#endif
