// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "lab/run/op.h"
#include "lab/run/run_private.h"
#include "lab/run/verb.h"

struct args {
	struct ref step;
};

static const struct key keys[] = {
	{ "await", &VALUE_STEP, offsetof(struct args, step), .required = true, .example = "conn",
	  .help = "a background step, by the name after as: or id:" },
	{ 0 },
};

/* Its result is that of the step it waited for, times included. */
static void poll(struct op *op)
{
	const struct args *args = op->step->args;
	const struct op *target = run_op(op->run, args->step.step);

	if (!target->done)
		return;
	op->begun_ns = target->begun_ns;
	op->ended_ns = target->ended_ns;
	op->bytes = target->bytes;
	op->eof = target->eof;
	op->answers = target->answers;
	op->exit = target->exit;
	op->output = target->output;
	op_detail(op, "%s", target->detail);
	op_finish(op, target->error, target->code);
}

static void start(struct op *op)
{
	op->poll = poll;
	poll(op);
}

int step_awaits(const struct step *step)
{
	return step->verb == &VERB_AWAIT ? ((const struct args *)step->args)->step.step : -1;
}

const struct verb VERB_AWAIT = {
	.name = "await",
	.summary = "Wait for a background step; what is expected here is expected of that step.",
	.keys = keys,
	.plain = true,
	.common = COMMON_ID | COMMON_DEADLINE,
	.expects = EXPECT_ERROR | EXPECT_AFTER | EXPECT_BYTES | EXPECT_EOF | EXPECT_EXIT |
		   EXPECT_OUTPUT | EXPECT_ADDRESS,
	.args_size = sizeof(struct args),
	.start = start,
};
