// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a text is taken apart into words, and so is all that we know. What has most words in
 * common with it is meant: a phrase that stands in the text, or one in which the text stands, an errno's
 * name or number, a state; what stands in the text in full counts a little more. So a whole line says more than "timed out", which may mean several things.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/cli/symptom.h"
#include "lab/cli/tokens.h"
#include "netns/err.h"

/**
 * struct search - a text that is to be understood
 * @bare: its words without numbers and addresses
 * @best: words in common, of what is in @found
 */
struct search {
	struct tokens words, bare;
	int best;
	struct meanings *found;
};

static bool is_same(const struct meaning *a, const struct meaning *b)
{
	return a->kind == b->kind && !strcmp(a->word, b->word) &&
	       (a->where == b->where || (a->where && b->where && !strcmp(a->where, b->where)));
}

static void meaning_put(struct search *s, int score, struct meaning meaning)
{
	struct meanings *found = s->found;

	if (score < s->best || !score)
		return;
	if (score > s->best)
		found->n = 0;
	s->best = score;
	for (int i = 0; i < found->n; i++)
		if (is_same(&found->list[i], &meaning))
			return;
	if (found->n < MEANINGS_MAX)
		found->list[found->n++] = meaning;
}

static int gaps(const struct tokens *tokens)
{
	int n = 0;

	for (int i = 0; i < tokens->n; i++)
		n += !strcmp(tokens->list[i], TOKEN_GAP);
	return n;
}

static int phrase_look(struct search *s, const struct phrase *phrase)
{
	const struct meaning meaning = { SYMPTOM_ERROR, phrase->word, phrase->where, phrase };
	struct tokens tokens;

	if (tokens_make(phrase->text, &tokens) < 0)
		return -ENOMEM;
	if (tokens_contain(&s->words, &tokens))
		meaning_put(s, 2 * (tokens.n - gaps(&tokens)) + 1, meaning);
	else if (s->bare.n && tokens_contain(&tokens, &s->bare))
		meaning_put(s, 2 * s->bare.n, meaning);
	tokens_free(&tokens);
	return 0;
}

static int words_in(const char *name)
{
	int n = 1;

	for (; *name; name++)
		n += *name == '-' || *name == '_';
	return n;
}

static void name_look(struct search *s, enum symptom_kind kind, const char *name)
{
	if (tokens_joined(&s->words, name))
		meaning_put(s, 2 * words_in(name) + 1, (struct meaning){ kind, name, NULL, NULL });
}

/* "110" alone, or "errno 110", "os error 110": the errno of that number, if there is a word for it. */
static void number_look(struct search *s, const char *name)
{
	bool said = s->words.n == 1 || tokens_hint(&s->words, "errno") ||
		    tokens_hint(&s->words, "error") || tokens_hint(&s->words, "code");

	for (int i = 0; said && i < s->words.n; i++) {
		int number = token_number(s->words.list[i]);

		if (number > 0 && !strcmp(errno_name(number), name))
			meaning_put(s, s->words.n == 1 ? 3 : 5,
				    (struct meaning){ SYMPTOM_ERROR, name, NULL, NULL });
	}
}

static void state_look(struct search *s, const struct state_row *row)
{
	char others[64], *rest = others, *other;

	if (row->plain && s->words.n > 1)
		return;
	name_look(s, SYMPTOM_STATE, row->word);
	snprintf(others, sizeof(others), "%s", row->others ?: "");
	while ((other = strsep(&rest, " ")))
		if (*other && tokens_joined(&s->words, other))
			meaning_put(s, 2 * words_in(row->word) + 1,
				    (struct meaning){ SYMPTOM_STATE, row->word, NULL, NULL });
}

/* One that says nothing of where it happens stands for all that do. */
static void meanings_merge(struct meanings *found)
{
	int n = 0;

	for (int i = 0; i < found->n; i++) {
		bool covered = false;

		for (int k = 0; k < found->n; k++)
			covered = covered || (found->list[i].where && !found->list[k].where &&
					      found->list[i].kind == found->list[k].kind &&
					      !strcmp(found->list[i].word, found->list[k].word));
		if (!covered)
			found->list[n++] = found->list[i];
	}
	found->n = n;
}

int symptom_understand(const char *text, const struct symptoms *symptoms, struct meanings *ret)
{
	struct search s = { .found = ret };
	const struct state_row *state;
	const struct phrase *phrase;
	int err;

	*ret = (struct meanings){ 0 };
	err = tokens_make(text, &s.words);
	if (!err)
		err = tokens_make(text, &s.bare);
	if (!err)
		tokens_strip(&s.bare);
	for (int i = 0; !err && (phrase = phrase_at(i)); i++)
		err = phrase_look(&s, phrase);
	for (int i = 0; !err && i < symptoms->n; i++) {
		if (symptoms->list[i].kind != SYMPTOM_ERROR)
			continue;
		name_look(&s, SYMPTOM_ERROR, symptoms->list[i].word);
		number_look(&s, symptoms->list[i].word);
	}
	for (int i = 0; !err && (state = state_row_at(i)); i++)
		state_look(&s, state);
	meanings_merge(ret);
	tokens_free(&s.words);
	tokens_free(&s.bare);
	return err;
}
