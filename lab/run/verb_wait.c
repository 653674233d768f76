// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/run/op.h"
#include "lab/run/verb.h"

struct args {
	int64_t duration_ns;
};

static const struct key keys[] = {
	{ "wait", &VALUE_DURATION, offsetof(struct args, duration_ns), .required = true,
	  .example = "1500ms", .help = "how long" },
	{ 0 },
};

static void expire(struct op *op)
{
	op_finish(op, ERROR_NONE, 0);
}

static void start(struct op *op)
{
	const struct args *args = op->step->args;

	op->expire = expire;
	op->deadline_ns = op->begun_ns + args->duration_ns;
}

const struct verb VERB_WAIT = {
	.name = "wait",
	.summary = "Let time pass. A check with within: is better where something is waited for.",
	.keys = keys,
	.plain = true,
	.args_size = sizeof(struct args),
	.start = start,
};
