// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/observe/conntrack.h"
#include "lab/run/op.h"
#include "lab/run/verb.h"

static const char *const what_words[] = { "all", NULL };

struct args {
	int forget;
	int at;
};

static const struct key keys[] = {
	{ "forget", NULL, offsetof(struct args, forget), .required = true, .example = "all",
	  .help = "forget all connections, translated or not", .words = what_words },
	{ "at", &VALUE_HOST, offsetof(struct args, at), .required = true, .example = "fw",
	  .help = "the host that forgets, which has nat or a fault with conntrack" },
	{ 0 },
};

static int check(struct reader *r, const struct node *at, struct step *step)
{
	const struct args *args = step->args;
	const struct plan *plan = reader_plan(r);

	if (plan_tracks(plan, args->at))
		return 0;
	return reader_problem(r, node_get(at, "at") ?: at, "give it nat, or a fault with conntrack",
			      "%s tracks no connections, so it has none to forget",
			      plan->topo.hosts[args->at].name);
}

static void start(struct op *op)
{
	const struct args *args = op->step->args;
	struct lab_err err = { 0 };
	struct conntrack *ct = run_conntrack(op->run, args->at, &err);

	if (!ct || conntrack_flush(ct, &err) < 0)
		op_fail(op, &err);
	else
		op_errno(op, 0);
}

const struct verb VERB_NAT = {
	.name = "nat",
	.summary = "Let a host forget the connections that it translates or tracks.",
	.keys = keys,
	.common = COMMON_ID,
	.args_size = sizeof(struct args),
	.check = check,
	.start = start,
};
