// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: what an exit status is, is clear. In which state a connection was when the program ended is not
 * quite: a program's end closes what it had open, and that is seen before its end is, with an interpreter by
 * tens of milliseconds. So the states that a connection left in the program's last moment (LAST_MOMENT_NS) belong to
 * its end, too. For ``=`` any of them will do.
 * ``!=`` is broken by one of them only if it had lasted (LEAK_NS): a program that closes promptly passes
 * through CLOSE-WAIT. A connection attempt breaks it only if somebody was still at it: the program's time was over, or a
 * child of its goes on. One that its own end took along was given up.
 */
#include "lab/cli/exec_expect.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/cli/command.h"
#include "lab/observe/diag.h"
#include "lab/report/program_connections.h"
#include "lab/scenario/scenario.h"
#include "netns/cleanup.h"

enum {
	LAST_MOMENT_NS = 250 * 1000000,
	LEAK_NS = 200 * 1000000,
	STATES_MOST = 12,
	EXPECTS_MOST = 32,
	NAME_MOST = 64,
};

enum subject { SUBJECT_EXIT, SUBJECT_STATE, SUBJECT_FAULT };

/**
 * struct expected - one --expect
 * @text: as given; borrowed
 * @compare: of an exit status or of hits
 * @negate, @states: of states; their names
 * @fault, @hits: its name, and what it came to
 */
struct expected {
	enum subject subject;
	const char *text;
	struct compare compare;
	bool negate;
	const char *states[STATES_MOST];
	int n_states;
	char fault[NAME_MOST];
	int64_t hits;
};

struct exec_expects {
	struct expected list[EXPECTS_MOST];
	int n;
	struct program_connections connections;
};

static const char forms[] =
	"expected exit=N, 'state != CLOSE-WAIT', 'state = ESTABLISHED' or 'fault NAME hits >= N'";

struct exec_expects *exec_expects_new(void)
{
	return calloc(1, sizeof(struct exec_expects));
}

/* word() - does @text begin with this word? If so what follows, without blanks; else NULL */
static const char *word(const char *text, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(text, word, len) || isalnum((unsigned char)text[len]))
		return NULL;
	return text + len + strspn(text + len, " ");
}

static int state_add(struct expected *e, const char *text, size_t len, char *why, size_t size)
{
	char name[32];
	int state;

	snprintf(name, sizeof(name), "%.*s", len < 31 ? (int)len : 31, text);
	state = tcp_state_from_name(name);
	if (state < 0 || e->n_states == STATES_MOST) {
		snprintf(why, size,
			 "'%s' is no state of TCP; expected one such as CLOSE-WAIT, SYN-SENT, ESTABLISHED",
			 name);
		return -EINVAL;
	}
	e->states[e->n_states++] = tcp_state_name(state);
	return 0;
}

static int states_parse(struct expected *e, const char *text, char *why, size_t size)
{
	size_t op = strspn(text, "=!");

	if (!((op == 1 && text[0] == '=') || (op == 2 && text[1] == '='))) {
		snprintf(why, size, "expected 'state = …' or 'state != …'");
		return -EINVAL;
	}
	e->negate = text[0] == '!';
	for (text += op; text; text = strchr(text, '|')) {
		size_t len;

		text += *text == '|';
		text += strspn(text, " ");
		len = strcspn(text, "| ");
		if (state_add(e, text, len, why, size) < 0)
			return -EINVAL;
		text += len + strspn(text + len, " ");
		if (*text && *text != '|') {
			snprintf(why, size, "expected '|' between states, found '%.32s'", text);
			return -EINVAL;
		}
	}
	return 0;
}

static int number_parse(struct expected *e, const char *text, char *why, size_t size)
{
	/* "=28" and "=1..3" as one writes options */
	bool plain = text[0] == '=' && text[1] != '=';

	if (!*text || value_compare(text + plain, UNIT_NONE, &e->compare) < 0) {
		snprintf(why, size,
			 "expected a number or a comparison such as =28, != 0, >= 2, =1..3");
		return -EINVAL;
	}
	return 0;
}

static int fault_parse(struct expected *e, const char *text, char *why, size_t size)
{
	size_t len = strcspn(text, " ");
	const char *rest = text + len + strspn(text + len, " ");

	rest = word(rest, "hits");
	if (!len || len >= sizeof(e->fault) || !rest) {
		snprintf(why, size, "expected 'fault NAME hits >= N'");
		return -EINVAL;
	}
	memcpy(e->fault, text, len);
	return number_parse(e, rest, why, size);
}

static int expected_parse(struct expected *e, const char *text, char *why, size_t size)
{
	const char *rest;

	e->text = text;
	text += strspn(text, " ");
	if ((rest = word(text, "exit"))) {
		e->subject = SUBJECT_EXIT;
		return number_parse(e, rest, why, size);
	}
	if ((rest = word(text, "state"))) {
		e->subject = SUBJECT_STATE;
		return states_parse(e, rest, why, size);
	}
	if ((rest = word(text, "fault"))) {
		e->subject = SUBJECT_FAULT;
		return fault_parse(e, rest, why, size);
	}
	snprintf(why, size, "%s", forms);
	return -EINVAL;
}

int exec_expects_add(struct exec_expects *expects, const char *text, char *why, size_t size)
{
	struct expected *e = &expects->list[expects->n];
	int ret;

	if (expects->n == EXPECTS_MOST) {
		snprintf(why, size, "there can be %d", EXPECTS_MOST);
		return -EINVAL;
	}
	ret = expected_parse(e, text, why, size);
	if (ret < 0)
		*e = (struct expected){ 0 };
	else
		expects->n++;
	return ret;
}

int exec_expects_check(const struct exec_expects *expects, const struct plan *plan, char *why,
		       size_t size)
{
	for (int i = 0; i < expects->n; i++) {
		const struct expected *e = &expects->list[i];
		int f = 0;

		while (f < plan->n_faults && strcmp(plan->faults[f].name, e->fault))
			f++;
		if (e->subject != SUBJECT_FAULT || f < plan->n_faults)
			continue;
		snprintf(why, size, "%s has no fault '%s'", plan->name, e->fault);
		return -ENOENT;
	}
	return 0;
}

bool exec_expects_exit_only(const struct exec_expects *expects)
{
	for (int i = 0; i < expects->n; i++)
		if (expects->list[i].subject != SUBJECT_EXIT)
			return false;
	return true;
}

void exec_expects_event(struct exec_expects *expects, const struct event *event)
{
	program_connections_event(&expects->connections, event);
	if (event->type != EVENT_HIT || !expects->connections.started)
		return;
	for (int i = 0; i < expects->n; i++)
		expects->list[i].hits += expects->list[i].subject == SUBJECT_FAULT &&
					 !strcmp(expects->list[i].fault, event->hit.fault);
}

static bool names(const struct expected *e, const char *state)
{
	for (int i = 0; i < e->n_states; i++)
		if (!strcmp(e->states[i], state))
			return true;
	return false;
}

/* Whether a state belongs to the program's end: it was still in it, or had only just left it. */
static bool is_last(const struct program_connections *pc, const struct stay *stay)
{
	return stay->until_ns >= pc->ended_ns - LAST_MOMENT_NS;
}

static bool is_attempt(const struct stay *stay)
{
	return !strcmp(stay->state, "SYN-SENT") || !strcmp(stay->state, "SYN-RECV");
}

/*
 * Is somebody still at it? A program that gives up closes its socket, or leaves that to its exit a moment later, and
 * states are sampled: what tells that from hanging is that it did not end by itself, or left somebody behind.
 */
static bool still_tries(const struct program_connections *pc, const struct program_connection *c,
			const struct stay *stay)
{
	return pc->overdue || !strcmp(c->state, stay->state);
}

/* left_in() - the state for which a connection breaks ``!=``, NULL if it does not */
static const char *left_in(const struct expected *e, const struct program_connections *pc,
			   const struct program_connection *c)
{
	for (int i = c->n_stays - 1; i >= 0; i--) {
		const struct stay *stay = &c->stays[i];
		bool still = stay->until_ns == INT64_MAX;

		if (!is_last(pc, stay) || !names(e, stay->state))
			continue;
		if (is_attempt(stay) ? still && still_tries(pc, c, stay) :
				       still || stay->until_ns - stay->since_ns >= LEAK_NS)
			return stay->state;
	}
	return NULL;
}

/* ends_in() - whether a connection meets ``=`` */
static bool ends_in(const struct expected *e, const struct program_connections *pc,
		    const struct program_connection *c)
{
	for (int i = c->n_stays - 1; i >= 0; i--)
		if (is_last(pc, &c->stays[i]) && names(e, c->stays[i].state))
			return true;
	/* whoever looked found no socket */
	return !c->n_stays && names(e, "CLOSED");
}

static bool states_met(const struct expected *e, const struct program_connections *pc, FILE *out)
{
	char ends[PROGRAM_CONNECTION_TEXT];

	for (int i = 0; i < pc->n; i++) {
		const struct program_connection *c = &pc->list[i];
		const char *state = e->negate	      ? left_in(e, pc, c) :
				    ends_in(e, pc, c) ? NULL :
				    c->n_stays	      ? c->stays[c->n_stays - 1].state :
							"CLOSED";

		if (!state)
			continue;
		fprintf(out, "nslab: expected %s, observed %s: %s\n", e->text, state,
			program_connection_text(c, ends, sizeof(ends)));
		return false;
	}
	if (!e->negate && !pc->n)
		fprintf(out, "nslab: expected %s, observed no connection\n", e->text);
	return e->negate || pc->n;
}

static bool is_met(const struct expected *e, const struct program_connections *pc, int status,
		   FILE *out)
{
	switch (e->subject) {
	case SUBJECT_EXIT:
		if (compare_met(&e->compare, status))
			return true;
		fprintf(out, "nslab: expected %s, observed exit status %d\n", e->text, status);
		return false;
	case SUBJECT_FAULT:
		if (compare_met(&e->compare, e->hits))
			return true;
		fprintf(out, "nslab: expected %s, observed %lld\n", e->text, (long long)e->hits);
		return false;
	case SUBJECT_STATE:
		break;
	}
	return states_met(e, pc, out);
}

int exec_expects_status(const struct exec_expects *expects, int status, FILE *out)
{
	bool all = true, exits = false;

	for (int i = 0; i < expects->n; i++) {
		const struct expected *e = &expects->list[i];

		all = is_met(e, &expects->connections, status, out) && all;
		exits = exits || e->subject == SUBJECT_EXIT;
	}
	if (exits)
		return all ? 0 : EXIT_UNMET;
	return all || status ? status : EXIT_UNMET;
}

void exec_expects_free(struct exec_expects *expects)
{
	for (int i = 0; expects && i < expects->n; i++)
		free(expects->list[i].compare.text);
	if (expects)
		program_connections_release(&expects->connections);
	free(expects);
}
