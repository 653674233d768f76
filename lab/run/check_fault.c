// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "lab/run/check.h"

struct args {
	int fault;
	struct compare hits;
};

static const struct key keys[] = {
	{ "fault", &VALUE_HOSTS_FAULT, offsetof(struct args, fault), .required = true,
	  .example = "syn-dropped", .help = "the fault" },
	{ "hits", &VALUE_COMPARE, offsetof(struct args, hits), .def = ">= 1", .example = "2",
	  .help = "on how many packets it has acted so far" },
	{ 0 },
};

static void init(void *p)
{
	struct args *args = p;

	args->hits = (struct compare){ .lo = 1, .hi = INT64_MAX };
}

static int check(struct reader *r, const struct node *at, int host, void *p)
{
	const struct args *args = p;
	const struct fault *fault = &reader_plan(r)->faults[args->fault];

	if (host >= 0 && host != fault->host)
		return reader_problem(r, node_get(at, "at") ?: at, NULL,
				      "fault %s is at %s; leave 'at' out", fault->name,
				      reader_plan(r)->topo.hosts[fault->host].name);
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
	*ret_line = args->hits.line;
	*ret_col = args->hits.col;
}

static int look(struct op *op, const void *p, int at, int i, void *state, char *expected,
		char *observed, struct lab_err *err)
{
	const struct args *args = p;
	uint64_t hits = 0;
	int ret = run_fault_hits(op->run, args->fault, &hits, err);

	(void)at;
	(void)i;
	(void)state;
	if (ret < 0)
		return ret;
	snprintf(expected, CHECK_TEXT, "hits %s", args->hits.text ?: ">= 1");
	snprintf(observed, CHECK_TEXT, "hits %llu", (unsigned long long)hits);
	return check_reached(op, &args->hits, (int64_t)hits);
}

const struct check_kind CHECK_FAULT = {
	.name = "fault",
	.help = "How often a fault has acted.",
	.keys = keys,
	.args_size = sizeof(struct args),
	.init = init,
	.check = check,
	.count = count,
	.place = place,
	.look = look,
};
