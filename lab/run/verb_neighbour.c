// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "lab/run/op.h"
#include "lab/run/run_private.h"
#include "lab/run/verb.h"

struct args {
	int silent, at;
};

static const struct key keys[] = {
	{ "silent", &VALUE_HOST, offsetof(struct args, silent), .required = true, .example = "fw",
	  .help = "the host that no longer answers when it is looked for, until it is rebooted" },
	{ "at", &VALUE_HOST, offsetof(struct args, at), .required = true, .example = "client",
	  .help = "the host at the other end of its link, which forgets where it is and looks for it" },
	{ 0 },
};

/* The line since which it is so, 0 if it is not. */
static int silent_since(const struct plan *plan, const struct args *args)
{
	int line = 0;

	for (int i = 0; i < plan->n_steps; i++) {
		const struct step *step = &plan->steps[i];
		const struct args *other = step->args;

		if (step_reboots(step) == args->silent)
			line = 0;
		else if (step->verb == &VERB_NEIGHBOUR && other && other->silent == args->silent &&
			 other->at == args->at)
			line = step->line;
	}
	return line;
}

static int check(struct reader *r, const struct node *at, struct step *step)
{
	const struct args *args = step->args;
	const struct plan *plan = reader_plan(r);
	const struct topology *topo = &plan->topo;
	int since = silent_since(plan, args);
	bool joined = false;

	for (int i = 0; i < topo->n_links; i++) {
		const int *host = topo->links[i].host;

		joined = joined || (host[0] == args->silent && host[1] == args->at) ||
			 (host[1] == args->silent && host[0] == args->at);
	}
	if (!joined)
		return reader_problem(r, node_get(at, "silent"), NULL,
				      "%s and %s are no neighbours: no link joins them",
				      topo->hosts[args->silent].name, topo->hosts[args->at].name);
	if (since)
		return reader_problem(r, node_get(at, "silent"), NULL,
				      "%s is silent at %s already, since line %d",
				      topo->hosts[args->silent].name, topo->hosts[args->at].name,
				      since);
	return 0;
}

static void start(struct op *op)
{
	const struct args *args = op->step->args;
	struct lab_err err = { 0 };

	if (network_neighbour_silent(op->run->net, args->silent, args->at, &err) < 0)
		op_fail(op, &err);
	else
		op_errno(op, 0);
}

const struct verb VERB_NEIGHBOUR = {
	.name = "neighbour",
	.summary =
		"Let a host fall silent when its neighbour looks for it: ARP and neighbour discovery find nobody.",
	.keys = keys,
	.common = COMMON_ID,
	.args_size = sizeof(struct args),
	.check = check,
	.start = start,
};
