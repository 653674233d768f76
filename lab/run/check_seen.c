// SPDX-License-Identifier: GPL-2.0-or-later
#include <netinet/in.h>
#include <stdio.h>

#include "lab/run/check.h"

struct args {
	struct packet_match match;
	struct compare count;
};

static int match_read(struct reader *r, const struct node *value, void *out)
{
	return reader_match(r, value, out);
}

static const struct value_type VALUE_SEEN = {
	"mapping of from, to, protocol, sport, dport, segment",
	"a mapping such as {segment: syn, from: client}", match_read, NULL
};

static const struct key keys[] = {
	{ "seen", &VALUE_SEEN, offsetof(struct args, match), .required = true,
	  .example = "{segment: syn, from: client}",
	  .help = "which packets; each counts once, where it was received, or sent if made there" },
	{ "count", &VALUE_COMPARE, offsetof(struct args, count), .def = ">= 1", .example = "0",
	  .help = "how many so far" },
	{ 0 },
};

static void init(void *p)
{
	struct args *args = p;

	args->count = (struct compare){ .lo = 1, .hi = INT64_MAX };
}

static int check(struct reader *r, const struct node *at, int host, void *p)
{
	(void)p;
	if (host < 0)
		return reader_problem(r, at, NULL,
				      "'at' is missing: the host at which packets are counted");
	return 0;
}

static int count(const void *p)
{
	(void)p;
	return 1;
}

static void place(const void *p, int i, int *ret_line, int *ret_col)
{
	const struct args *args = p;

	(void)i;
	*ret_line = args->count.line;
	*ret_col = args->count.col;
}

/* How far this check has counted: sightings only ever become more. */
struct progress {
	size_t next;
	int64_t n;
};

static int look(struct op *op, const void *p, int at, int i, void *state, char *expected,
		char *observed, struct lab_err *err)
{
	const struct args *args = p;
	struct progress *progress = state;
	const struct sighting *s;

	(void)i;
	(void)err;
	while ((s = observer_sighting(run_observer(op->run), &progress->next)))
		progress->n += s->host == at && sighting_matches(s, &args->match);
	snprintf(expected, CHECK_TEXT, "count %s", args->count.text ?: ">= 1");
	snprintf(observed, CHECK_TEXT, "count %lld", (long long)progress->n);
	return check_reached(op, &args->count, progress->n);
}

const struct check_kind CHECK_SEEN = {
	.name = "seen",
	.help = "How many packets a host has received, or sent if it made them.",
	.keys = keys,
	.args_size = sizeof(struct args),
	.init = init,
	.check = check,
	.count = count,
	.place = place,
	.look = look,
};
