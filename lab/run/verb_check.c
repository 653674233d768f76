// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A check looks at the lab without touching it. It is judged at once, or with ``within:`` as soon as it
 * is met, at the latest when the time is over; with ``for:`` it has to stay met that long. While it
 * waits it looks again after every packet and at least every few milliseconds.
 */
#include <errno.h>
#include <string.h>

#include "lab/run/check.h"
#include "lab/run/exec.h"
#include "lab/run/run_private.h"
#include "lab/run/verb.h"
#include "netns/cleanup.h"

static const struct check_kind *const kinds[] = { &CHECK_SOCKET, &CHECK_FAULT, &CHECK_SEEN,
						  &CHECK_CONNTRACK };

const struct check_kind *check_kind_at(int i)
{
	return i >= 0 && (size_t)i < ARRAY_SIZE(kinds) ? kinds[i] : NULL;
}

struct args {
	int at;		   /* host, -1 if left out */
	int64_t within_ns; /* -1 if left out */
	int64_t for_ns;	   /* -1 if left out */
	const struct check_kind *kind;
	_Alignas(16) char own[CHECK_ARGS_MAX];
};

static const struct key keys[] = {
	{ "at", &VALUE_HOST, offsetof(struct args, at), .def = "where the socket or the fault is",
	  .example = "server", .help = "the host at which to look" },
	{ "within", &VALUE_DURATION, offsetof(struct args, within_ns), .def = "judged once, now",
	  .example = "500ms", .help = "it has to become true by then" },
	{ "for", &VALUE_DURATION, offsetof(struct args, for_ns), .def = "judged once, now",
	  .example = "300ms", .help = "it has to stay true that long" },
	{ 0 },
};

static void init(void *p)
{
	struct args *args = p;

	args->at = -1;
	args->within_ns = args->for_ns = -1;
}

static const struct key *row_of(const struct check_kind *kind, const char *name)
{
	for (const struct key *row = kind->keys; row->name; row++) {
		if (!strcmp(row->name, name))
			return row;
	}
	return NULL;
}

/*
 * The row for a key, and whose it is (@ret_kind, NULL if no kind has it). Some keys are of several
 * kinds: it is that of the kind which the mapping names, wherever in it.
 */
static const struct key *row_find(const struct node *map, const char *name,
				  const struct check_kind **ret_kind)
{
	const struct key *found = NULL;

	*ret_kind = NULL;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct key *row = row_of(kinds[i], name);

		if (!row || (found && !node_get(map, kinds[i]->name)))
			continue;
		found = row;
		*ret_kind = kinds[i];
		if (node_get(map, kinds[i]->name))
			break;
	}
	return found;
}

static int kind_choose(struct reader *r, const struct node *key, struct args *args,
		       const struct check_kind *kind)
{
	if (args->kind == kind)
		return 0;
	if (args->kind)
		return reader_problem(r, key, NULL,
				      "'%s' belongs to a check of a %s; this one checks a %s",
				      key->text, kind->name, args->kind->name);
	args->kind = kind;
	if (kind->later)
		return reader_problem(r, key, NULL, "'%s' is not available yet: %s", kind->name,
				      kind->later);
	if (kind->init)
		kind->init(args->own);
	return 0;
}

static int other(struct reader *r, const struct node *key, const struct node *value, void *p)
{
	struct args *args = p;
	const struct check_kind *kind;
	const struct key *row = row_find(reader_step_map(r), key->text, &kind);
	int ret;

	/* open-ended keys go to the kind that is already known, or to the one that knows them */
	for (size_t i = 0; !row && i < ARRAY_SIZE(kinds); i++) {
		if (!kinds[i]->other || (args->kind && args->kind != kinds[i]))
			continue;
		if (!args->kind && kinds[i]->init)
			kinds[i]->init(args->own);
		ret = kinds[i]->other(r, key, value, args->own);
		if (ret)
			args->kind = kinds[i];
		if (ret)
			return ret;
	}
	if (!row)
		return 0;
	ret = kind_choose(r, key, args, kind);
	if (ret < 0)
		return ret;
	ret = reader_row(r, key, value, row, args->own);
	return ret < 0 ? ret : 1;
}

static int check(struct reader *r, const struct node *at, struct step *step)
{
	struct args *args = step->args;

	if (args->within_ns >= 0 && args->for_ns >= 0)
		return reader_problem(r, at, NULL,
				      "a check takes either within or for, found both");
	if (!args->kind || !node_get(at, args->kind->name))
		return reader_problem(
			r, at, NULL,
			"a check needs one of socket, fault, seen, conntrack: what is to be looked at");
	return args->kind->check ? args->kind->check(r, at, args->at, args->own) : 0;
}

static void args_free(void *p)
{
	struct args *args = p;

	if (!args->kind)
		return;
	reader_free_map(args->kind->keys, args->own);
	if (args->kind->free)
		args->kind->free(args->own);
}

static int expectations(const void *p)
{
	const struct args *args = p;

	return args->kind && !args->kind->later ? args->kind->count(args->own) : 0;
}

struct state {
	int64_t until_ns;
	_Alignas(16) char own[CHECK_STATE];
};

struct verdict {
	bool met;
	char expected[CHECK_TEXT], observed[CHECK_TEXT];
};

static int look(struct op *op, int i, struct verdict *v)
{
	const struct args *args = op->step->args;
	struct state *state = op->state;
	struct lab_err err = { 0 };
	int ret = args->kind->look(op, args->own, args->at, i, state->own, v->expected, v->observed,
				   &err);

	if (ret < 0)
		op_fail(op, &err);
	v->met = ret > 0;
	return ret;
}

/* Report all expectations as they are now; the step is over. */
static void report(struct op *op)
{
	const struct args *args = op->step->args;
	char limit[48] = "", took[48] = "", text[32];
	struct verdict v;

	if (args->within_ns >= 0)
		snprintf(limit, sizeof(limit), " within %s",
			 value_text_duration(args->within_ns, text, sizeof(text)));
	else if (args->for_ns >= 0)
		snprintf(limit, sizeof(limit), " for %s",
			 value_text_duration(args->for_ns, text, sizeof(text)));
	if (limit[0])
		snprintf(took, sizeof(took), " after %s",
			 value_text_duration(clock_now() - op->begun_ns, text, sizeof(text)));
	for (int i = 0; i < args->kind->count(args->own); i++) {
		char expected[CHECK_TEXT + 48], observed[CHECK_TEXT + 48];
		int line = 0, col = 0;

		if (look(op, i, &v) < 0)
			return;
		args->kind->place(args->own, i, &line, &col);
		snprintf(expected, sizeof(expected), "%s%s", v.expected, limit);
		snprintf(observed, sizeof(observed), "%s%s", v.observed, took);
		op_expect(op, i, line, col, v.met, expected, observed);
	}
	op_finish(op, ERROR_NONE, 0);
}

static bool all_met(struct op *op)
{
	const struct args *args = op->step->args;
	struct verdict v;

	for (int i = 0; i < args->kind->count(args->own); i++) {
		if (look(op, i, &v) <= 0)
			return false;
	}
	return true;
}

static void poll(struct op *op)
{
	const struct args *args = op->step->args;
	struct state *state = op->state;
	bool over = clock_now() >= state->until_ns;
	bool met = all_met(op);

	if (op->done)
		return;
	if (args->for_ns >= 0 ? over || !met : over || met)
		report(op);
}

/* The time is over: take in what has come since the last look, then judge. */
static void expire(struct op *op)
{
	run_drain(op->run);
	poll(op);
}

bool step_waits(const struct step *step)
{
	const struct args *args = step->args;

	return step->verb == &VERB_CHECK && args->within_ns >= 0;
}

int step_looks_at(const struct step *step)
{
	const struct args *args = step->args;

	if (step->verb != &VERB_CHECK || args->kind != &CHECK_SOCKET)
		return -1;
	return check_socket_maker(args->own);
}

int check_reached(const struct op *op, const struct compare *cmp, int64_t n)
{
	if (exec_beside(op->run, op->index) && !cmp->negate)
		return n >= cmp->lo;
	return compare_met(cmp, n);
}

/* Beside a program of the user's a check judges nothing: it only waits. */
static void poll_unjudged(struct op *op)
{
	if (all_met(op) && !op->done)
		op_finish(op, ERROR_NONE, 0);
}

static void start(struct op *op)
{
	const struct args *args = op->step->args;
	struct state *state = op_state(op, sizeof(*state));

	if (exec_beside(op->run, op->index)) {
		op->poll = poll_unjudged;
		return;
	}
	state->until_ns = op->begun_ns;
	if (args->within_ns >= 0)
		state->until_ns += args->within_ns;
	if (args->for_ns >= 0)
		state->until_ns += args->for_ns;
	op->deadline_ns = state->until_ns;
	op->poll = poll;
	op->expire = expire;
	run_drain(op->run);
	poll(op);
}

const struct verb VERB_CHECK = {
	.name = "check",
	.summary =
		"Look at a socket, a fault, the packets seen or the connections tracked, and expect what is there.",
	.keys = keys,
	.common = COMMON_ID,
	.args_size = sizeof(struct args),
	.init = init,
	.other = other,
	.check = check,
	.free = args_free,
	.expectations = expectations,
	.start = start,
};
