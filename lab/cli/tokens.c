// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/cli/tokens.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* as in the C locale: what is printed must not depend on the user's */
static char small(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return is_digit(c) || (c >= 'a' && c <= 'z') ? c : '\0';
}

static bool is_gap(const char *token)
{
	return !strcmp(token, TOKEN_GAP);
}

/* Length of the word at @text; 0 if none begins here. */
static size_t word_length(const char *text)
{
	size_t len = 0;

	if (!strncmp(text, TOKEN_GAP, sizeof(TOKEN_GAP) - 1))
		return sizeof(TOKEN_GAP) - 1;
	while (small(text[len]))
		len++;
	return len;
}

int tokens_make(const char *text, struct tokens *ret)
{
	/* each word takes at least one byte and one that divides it from the next */
	size_t room = strlen(text) + 2;
	char *to = malloc(2 * room);

	*ret = (struct tokens){ .buffer = to, .list = malloc(room * sizeof(*ret->list)) };
	if (!to || !ret->list) {
		tokens_free(ret);
		return -ENOMEM;
	}
	while (*text) {
		size_t len = word_length(text);

		if (!len) {
			text++;
			continue;
		}
		ret->list[ret->n++] = to;
		for (; len; len--, text++)
			*to++ = small(*text) ?: *text;
		*to++ = '\0';
	}
	return 0;
}

void tokens_free(struct tokens *tokens)
{
	free(tokens->list);
	free(tokens->buffer);
	*tokens = (struct tokens){ 0 };
}

/* "10", "fd00", "2a": hexadecimal with a digit in it */
static bool is_address(const char *token)
{
	return token[strspn(token, "0123456789abcdef")] == '\0' && strpbrk(token, "0123456789");
}

void tokens_strip(struct tokens *tokens)
{
	int n = 0;

	for (int i = 0; i < tokens->n; i++) {
		if (!is_gap(tokens->list[i]) && !is_address(tokens->list[i]))
			tokens->list[n++] = tokens->list[i];
	}
	tokens->n = n;
}

/* How many words of @phrase, from @from on, stand in @text at @at: all until the next gap, or 0. */
static int piece_stands(const struct tokens *text, int at, const struct tokens *phrase, int from)
{
	int n = 0;

	while (from + n < phrase->n && !is_gap(phrase->list[from + n])) {
		if (at + n >= text->n || strcmp(text->list[at + n], phrase->list[from + n]) != 0)
			return 0;
		n++;
	}
	return n;
}

bool tokens_contain(const struct tokens *text, const struct tokens *phrase)
{
	int at = 0, done = 0;

	while (done < phrase->n) {
		int n = 0;

		if (is_gap(phrase->list[done])) {
			done++;
			continue;
		}
		while (at < text->n && !(n = piece_stands(text, at, phrase, done)))
			at++;
		if (!n)
			return false;
		at += n;
		done += n;
	}
	return phrase->n > 0;
}

/* Do the words from @at on, put together, make @word? */
static bool joined_at(const struct tokens *text, int at, const char *word)
{
	for (; at < text->n; at++) {
		for (const char *c = text->list[at]; *c; c++, word++) {
			while (*word && !small(*word))
				word++;
			if (small(*word) != *c)
				return false;
		}
		if (!*word)
			return true;
	}
	return false;
}

bool tokens_joined(const struct tokens *text, const char *word)
{
	for (int i = 0; i < text->n; i++) {
		if (joined_at(text, i, word))
			return true;
	}
	return false;
}

bool tokens_hint(const struct tokens *text, const char *word)
{
	size_t len = strlen(word);

	for (int i = 0; i < text->n; i++) {
		if (!strcmp(text->list[i], word) ||
		    (len >= 3 && !strncmp(text->list[i], word, len)))
			return true;
	}
	return false;
}

int token_number(const char *token)
{
	size_t len = strspn(token, "0123456789");

	return len && len < 9 && !token[len] ? atoi(token) : -1;
}
