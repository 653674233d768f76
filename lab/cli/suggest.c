// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/cli/suggest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/cli/symptom.h"
#include "lab/cli/tokens.h"
#include "lab/scenario/problem.h"
#include "lab/scenario/scenario.h"
#include "netns/cleanup.h"

/* what is shorter is like too much, what is longer is no word */
enum { SHORTEST = 3, LONGEST = 40, TRIES = 64 };

char *suggest_text(const struct scenario *scenario)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out, "%s %s", scenario->name, scenario->title);
	for (int i = 0; i < scenario->n_tags; i++)
		fprintf(out, " %s", scenario->tags[i]);
	return fclose(out) ? NULL : text;
}

/* Names of errors and states, divided by blanks: they are capitals. */
static char *names_text(void)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	const struct state_row *state;
	const struct phrase *phrase;

	if (!out)
		return NULL;
	for (int i = 0; (phrase = phrase_at(i)); i++)
		fprintf(out, "%s ", phrase->word);
	for (int i = 0; (state = state_row_at(i)); i++)
		fprintf(out, "%s ", state->word);
	return fclose(out) ? NULL : text;
}

/* Names of scenarios, and the words of all that they say of themselves. */
static char *titles_text(struct scenario *const *scenarios, int n)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (int i = 0; i < n; i++) {
		_cleanup_free_ char *one = suggest_text(scenarios[i]);
		struct tokens words;

		fprintf(out, "%s ", scenarios[i]->name);
		if (!one || tokens_make(one, &words) < 0)
			continue; /* some suggestions less */
		for (int k = 0; k < words.n; k++)
			fprintf(out, "%s ", words.list[k]);
		tokens_free(&words);
	}
	return fclose(out) ? NULL : text;
}

/* @text's words, whose letters lie in it: it is cut at blanks. */
static const char **words_cut(char *text, int *ret_n)
{
	const char **list = calloc(strlen(text) / 2 + 2, sizeof(*list));
	char *rest = text, *word;

	*ret_n = 0;
	while (list && (word = strsep(&rest, " "))) {
		if (*word)
			list[(*ret_n)++] = word;
	}
	return list;
}

/* Letters as our words have them: names of errors and states are capitals. */
static void letters_set(char *text, bool capitals)
{
	for (; *text; text++) {
		if (capitals && *text >= 'a' && *text <= 'z')
			*text = (char)(*text - 'a' + 'A');
		else if (!capitals && *text >= 'A' && *text <= 'Z')
			*text = (char)(*text - 'A' + 'a');
	}
}

static const char *nearest_among(const char *asked, char *known, bool capitals, char *buf,
				 size_t size)
{
	int n_known = 0, n_asked = 0;
	_cleanup_free_ char *copy = strdup(asked);
	_cleanup_free_ const char **words = copy ? words_cut(copy, &n_asked) : NULL;
	_cleanup_free_ const char **list = known ? words_cut(known, &n_known) : NULL;

	for (int i = 0; words && list && i < n_asked && i < TRIES; i++) {
		char word[LONGEST + 1] = "";
		size_t len = strlen(words[i]);
		const char *near;

		if (len < SHORTEST || len > LONGEST)
			continue;
		memcpy(word, words[i], len);
		letters_set(word, capitals);
		near = nearest_word(word, list, n_known);
		/* a word that is known by itself is not what was missed */
		if (near && strcmp(near, word) != 0) {
			snprintf(buf, size, "%s", near);
			return buf;
		}
	}
	return NULL;
}

const char *suggest_word(struct scenario *const *scenarios, int n, const char *text, char *buf,
			 size_t size)
{
	_cleanup_free_ char *names = names_text();
	_cleanup_free_ char *titles = titles_text(scenarios, n);

	return nearest_among(text, names, true, buf, size) ?:
		       nearest_among(text, titles, false, buf, size);
}
