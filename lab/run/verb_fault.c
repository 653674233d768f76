// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/run/op.h"
#include "lab/run/verb.h"

struct args {
	struct int_list on, off;
};

static const struct key keys[] = {
	{ "on", &VALUE_FAULTS, offsetof(struct args, on), .def = "none", .example = "syn-dropped",
	  .help = "a fault or a list of them: act from now on" },
	{ "off", &VALUE_FAULTS, offsetof(struct args, off), .def = "none", .example = "syn-dropped",
	  .help = "no longer act; counts go on where they were when it is switched on again" },
	{ 0 },
};

static int check(struct reader *r, const struct node *at, struct step *step)
{
	const struct args *args = step->args;

	if (!args->on.n && !args->off.n)
		return reader_problem(r, at, NULL, "fault needs on or off");
	return 0;
}

static void start(struct op *op)
{
	const struct args *args = op->step->args;
	struct lab_err err = { 0 };
	int ret = 0;

	for (int i = 0; !ret && i < args->off.n; i++)
		ret = run_fault_switch(op->run, args->off.list[i], false, &err);
	for (int i = 0; !ret && i < args->on.n; i++)
		ret = run_fault_switch(op->run, args->on.list[i], true, &err);
	if (ret < 0)
		op_fail(op, &err);
	else
		op_errno(op, 0);
}

const struct verb VERB_FAULT = {
	.name = "fault",
	.summary = "Switch faults on or off.",
	.keys = keys,
	.common = COMMON_ID,
	.args_size = sizeof(struct args),
	.check = check,
	.start = start,
};
