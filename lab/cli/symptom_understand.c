// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a text can mean. Names (of errnos and states) are looked for anywhere in it. Of phrases that stand
 * in it as a whole, those of the most words win: "dial tcp 10.0.0.1:443: connect: connection timed out"
 * is what Go says of dial, though C's "Connection timed out" stands in it, too. Only where neither tells
 * anything is the text taken as a part of a phrase.
 */
#include <errno.h>
#include <string.h>

#include "lab/cli/symptom.h"
#include "lab/cli/tokens.h"
#include "netns/cleanup.h"
#include "netns/err.h"

/* what the verbs are called elsewhere */
static const char *const verbs[][2] = {
	{ "dial", "dial" },	{ "connect", "dial" }, { "recv", "recv" },
	{ "read", "recv" },	{ "send", "send" },    { "write", "send" },
	{ "accept", "accept" }, { "bind", "bind" },    { "listen", "listen" },
	{ "lookup", "lookup" }, { "run", "run" },      { "getaddrinfo", "lookup" },
};

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static void meaning_put(struct meanings *m, struct meaning new)
{
	for (int i = 0; i < m->n; i++) {
		const struct meaning *old = &m->list[i];

		if (old->kind == new.kind && same(old->word, new.word) &&
		    (!old->where || same(old->where, new.where)))
			return;
	}
	if (m->n < MEANINGS_MAX)
		m->list[m->n++] = new;
}

/* Is it known that this word comes from there? */
static bool shown_at(const struct symptoms *symptoms, const struct meaning *meaning)
{
	for (int i = 0; i < symptoms->n; i++) {
		if (symptom_fits(&symptoms->list[i], meaning))
			return true;
	}
	return false;
}

/* "ETIMEDOUT" beside "recv" is one at recv, "CLOSE-WAIT" beside "server" one there. */
static void place_learn(const struct tokens *text, const struct symptoms *symptoms,
			struct meaning *meaning)
{
	struct meaning there = *meaning;

	for (size_t v = 0; meaning->kind == SYMPTOM_ERROR && v < ARRAY_SIZE(verbs); v++) {
		there.where = verbs[v][1];
		if (tokens_joined(text, verbs[v][0]) && shown_at(symptoms, &there)) {
			*meaning = there;
			return;
		}
	}
	for (int i = 0; meaning->kind == SYMPTOM_STATE && i < symptoms->n; i++) {
		there.where = symptoms->list[i].where;
		if (symptom_fits(&symptoms->list[i], &there) && tokens_joined(text, there.where)) {
			*meaning = there;
			return;
		}
	}
}

/* The word as our tables have it, if it stands in the text. */
static void name_look(const struct tokens *text, const struct symptoms *symptoms, const char *word,
		      struct meanings *ret)
{
	struct meaning meaning = { .kind = SYMPTOM_ERROR, .word = word };

	if (!tokens_joined(text, word))
		return;
	place_learn(text, symptoms, &meaning);
	meaning_put(ret, meaning);
}

static void names_look(const struct tokens *text, const struct symptoms *symptoms,
		       struct meanings *ret)
{
	const struct phrase *p;

	for (int i = 0; (p = phrase_at(i)); i++) {
		if (!i || strcmp(p->word, phrase_at(i - 1)->word) != 0)
			name_look(text, symptoms, p->word, ret);
	}
	for (int i = 0; i < symptoms->n; i++) {
		if (symptoms->list[i].kind == SYMPTOM_ERROR)
			name_look(text, symptoms, symptoms->list[i].word, ret);
	}
}

/* The name as phrases and symptoms have it; NULL if none of them does. */
static const char *word_known(const struct symptoms *symptoms, const char *name)
{
	const struct phrase *p;

	for (int i = 0; (p = phrase_at(i)); i++) {
		if (!strcmp(p->word, name))
			return p->word;
	}
	for (int i = 0; i < symptoms->n; i++) {
		if (symptoms->list[i].kind == SYMPTOM_ERROR &&
		    !strcmp(symptoms->list[i].word, name))
			return symptoms->list[i].word;
	}
	return NULL;
}

/* "errno 110", "os error 110", "[Errno 110]", and a number that stands alone */
static void numbers_look(const struct tokens *text, const struct symptoms *symptoms,
			 struct meanings *ret)
{
	for (int i = 0; i < text->n; i++) {
		int number = token_number(text->list[i]);
		const char *before = i ? text->list[i - 1] : "";
		struct meaning meaning = { .kind = SYMPTOM_ERROR };

		if (number <= 0 ||
		    !(text->n == 1 || !strcmp(before, "errno") ||
		      (!strcmp(before, "error") && i > 1 && !strcmp(text->list[i - 2], "os"))))
			continue;
		meaning.word = word_known(symptoms, errno_name(number));
		if (!meaning.word)
			continue;
		place_learn(text, symptoms, &meaning);
		meaning_put(ret, meaning);
	}
}

static bool state_named(const struct tokens *text, const struct state_row *row, const char *name)
{
	return tokens_joined(text, name) &&
	       (!row->plain || text->n == 1 || tokens_joined(text, "state"));
}

static void states_look(const struct tokens *text, const struct symptoms *symptoms,
			struct meanings *ret)
{
	const struct state_row *row;

	for (int i = 0; (row = state_row_at(i)); i++) {
		struct meaning meaning = { .kind = SYMPTOM_STATE, .word = row->word };
		bool named = state_named(text, row, row->word);
		char others[64] = "";
		char *at = others;

		strncat(others, row->others ?: "", sizeof(others) - 1);
		for (char *name; !named && (name = strsep(&at, " "));)
			named = *name && state_named(text, row, name);
		if (!named)
			continue;
		place_learn(text, symptoms, &meaning);
		meaning_put(ret, meaning);
	}
}

/* Words of a phrase that stands in the text; 0 if it does not. */
static int whole_words(const struct tokens *text, const struct tokens *phrase)
{
	int n = 0;

	for (int i = 0; i < phrase->n; i++)
		n += strcmp(phrase->list[i], TOKEN_GAP) != 0;
	return tokens_contain(text, phrase) ? n : 0;
}

/*
 * Is so much of the phrase there that it can be meant? Of a single word, only if it is long, as names of
 * exceptions are: "connect" stands in many phrases and means none.
 */
static bool is_much(const struct tokens *text, const struct tokens *phrase)
{
	bool large_part = 5 * text->n >= 2 * phrase->n;
	size_t len;

	if (text->n != 1)
		return text->n >= 3 || (text->n && large_part);
	len = strlen(text->list[0]);
	return len >= 12 || (len >= 8 && large_part && strcmp(text->list[0], "connection") != 0);
}

/* How many words of the phrase the text is; 0: it is no part of it. */
static int part_words(const struct tokens *text, const struct tokens *phrase)
{
	return is_much(text, phrase) && tokens_contain(phrase, text) ? text->n : 0;
}

/* "(28)", "curl 28": curl's exit status, with which its lines begin */
static bool is_status(const struct tokens *text, const struct tokens *phrase)
{
	bool curl = text->n && !strcmp(text->list[0], "curl");

	return text->n == 1 + curl && phrase->n && token_number(phrase->list[0]) >= 0 &&
	       !strcmp(text->list[curl], phrase->list[0]);
}

/* A row's words; -ENOMEM, or how many of them count, 0 where the text does not mean it. */
static int phrase_weigh(const struct tokens *text, const struct tokens *bare, const char *phrase,
			bool part)
{
	struct tokens words;
	int n;

	if (tokens_make(phrase, &words) < 0)
		return -ENOMEM;
	if (!part) {
		n = whole_words(text, &words);
	} else if (is_status(text, &words)) {
		n = 1;
	} else {
		tokens_strip(&words);
		n = part_words(bare, &words);
	}
	tokens_free(&words);
	return n;
}

/* All phrases that weigh most, and those alone. */
static int phrases_look(const struct tokens *text, const struct tokens *bare, bool part,
			struct meanings *ret)
{
	struct meanings found = { 0 };
	const struct phrase *p;
	int most = 0;

	for (int i = 0; (p = phrase_at(i)); i++) {
		int n = phrase_weigh(text, bare, p->text, part);

		if (n < 0)
			return n;
		if (n > most && !part)
			found.n = 0;
		if (n && (n >= most || part))
			meaning_put(&found,
				    (struct meaning){ SYMPTOM_ERROR, p->word, p->where, p });
		most = n > most ? n : most;
	}
	for (int i = 0; i < found.n; i++)
		meaning_put(ret, found.list[i]);
	return 0;
}

static int outputs_look(const struct tokens *text, const struct tokens *bare,
			const struct symptoms *symptoms, struct meanings *ret)
{
	for (int i = 0; i < symptoms->n; i++) {
		const struct symptom *s = &symptoms->list[i];
		int n = 0;

		if (s->kind == SYMPTOM_OUTPUT)
			n = phrase_weigh(text, bare, s->word, false) ?:
				    phrase_weigh(text, bare, s->word, true);
		if (n < 0)
			return n;
		if (n)
			meaning_put(ret, (struct meaning){ SYMPTOM_OUTPUT, s->word, NULL, NULL });
	}
	return 0;
}

/* A name says less than a phrase that has its place. */
static void names_add(const struct meanings *names, struct meanings *ret)
{
	for (int i = 0; i < names->n; i++) {
		bool said = false;

		for (int k = 0; k < ret->n; k++)
			said = said || (!strcmp(ret->list[k].word, names->list[i].word) &&
					ret->list[k].kind == names->list[i].kind);
		if (!said)
			meaning_put(ret, names->list[i]);
	}
}

static int all_look(const struct tokens *text, const struct tokens *bare,
		    const struct symptoms *symptoms, struct meanings *ret)
{
	struct meanings names = { 0 };
	int code = phrases_look(text, bare, false, ret);

	names_look(text, symptoms, &names);
	if (!ret->n)
		numbers_look(text, symptoms, &names);
	states_look(text, symptoms, &names);
	names_add(&names, ret);
	code = code ?: outputs_look(text, bare, symptoms, ret);
	if (!code && !ret->n)
		code = phrases_look(text, bare, true, ret);
	return code;
}

int symptom_understand(const char *text, const struct symptoms *symptoms, struct meanings *ret)
{
	struct tokens words = { 0 }, bare = { 0 };
	int code;

	*ret = (struct meanings){ 0 };
	code = tokens_make(text, &words) ?: tokens_make(text, &bare);
	if (!code) {
		tokens_strip(&bare);
		code = all_look(&words, &bare, symptoms, ret);
	}
	tokens_free(&words);
	tokens_free(&bare);
	return code;
}
