/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Symptoms: what scenarios were seen to show, the texts by which programs tell it, and what a text that
 * somebody has seen can mean.
 *
 * What scenarios show is data: symptoms.tsv, made by tests/docs/symptoms.py from what they really did.
 */
#ifndef NSLAB_CLI_SYMPTOM_H
#define NSLAB_CLI_SYMPTOM_H

#include <stdbool.h>

enum symptom_kind {
	SYMPTOM_ERROR,	/* a step came to it */
	SYMPTOM_STATE,	/* a socket was in that TCP state */
	SYMPTOM_OUTPUT, /* a program printed it */
};

/**
 * struct symptom - a row of symptoms.tsv
 * @word: name of an errno or of getaddrinfo()'s error, "deadline", "eof"; a state; what was printed
 * @where: the step's verb; for a state the socket's host
 */
struct symptom {
	const char *scenario;
	enum symptom_kind kind;
	const char *word;
	const char *where;
};

/**
 * struct symptoms - all of them, sorted by scenario
 * @text: where the strings lie
 */
struct symptoms {
	struct symptom *list;
	int n;
	char *text;
};

/**
 * symptoms_read() - from the text of a table; lines that are none are left out
 * @ret: overwritten
 * Return: 0 or -ENOMEM
 */
int symptoms_read(const char *text, struct symptoms *ret);

void symptoms_free(struct symptoms *symptoms);

/** symptom_kind_name() - "error", "state", "output" */
const char *symptom_kind_name(enum symptom_kind kind);

/**
 * struct phrase - what a program says when it comes to an error
 * @word: the error, as in struct symptom
 * @where: the verb whose error is told like that; NULL: any
 * @program: "C", "Go", …; NULL: what people say, which stands in no table
 * @text: as it is printed; "…" stands for what differs
 */
struct phrase {
	const char *word;
	const char *where;
	const char *program;
	const char *text;
};

/** phrase_at() - by index from 0, grouped by word; NULL behind the last */
const struct phrase *phrase_at(int i);

/**
 * struct state_row - a TCP state
 * @word: as in struct symptom and in RFC 9293, but for SYN-RECV, for which ss wins
 * @others: NULL, or other names, divided by blanks: what ss, netstat, lsof and the RFC call it
 * @plain: is an ordinary word, too: means the state only where it stands alone
 * @meaning: one line
 */
struct state_row {
	const char *word;
	const char *others;
	bool plain;
	const char *meaning;
};

/** state_row_at() - by index from 0; NULL behind the last */
const struct state_row *state_row_at(int i);

/**
 * struct meaning - what a text can mean
 * @word, @where: as in struct symptom; @where NULL: anywhere
 * @phrase: the phrase by which it was recognised, or NULL
 */
struct meaning {
	enum symptom_kind kind;
	const char *word;
	const char *where;
	const struct phrase *phrase;
};

enum { MEANINGS_MAX = 32 };

/** struct meanings - at most MEANINGS_MAX; {0} is none */
struct meanings {
	struct meaning list[MEANINGS_MAX];
	int n;
};

/**
 * symptom_understand() - what @text can mean: a whole line of output, a part of one, an errno's name or
 * number, a TCP state, what a program of a scenario printed
 * @symptoms: words that only the table has are understood, too; the results borrow from it
 * @ret: overwritten
 * Return: 0 or -ENOMEM
 */
int symptom_understand(const char *text, const struct symptoms *symptoms, struct meanings *ret);

/** symptom_fits() - is @symptom what @meaning says? */
bool symptom_fits(const struct symptom *symptom, const struct meaning *meaning);

#endif
