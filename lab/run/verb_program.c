// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where a program of one's own acts under nslab exec: what stands before it happens first, what stands
 * behind it happens beside the program. Without a program it is nothing.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>

#include "lab/run/program.h"
#include "lab/run/run_private.h"
#include "lab/run/verb.h"
#include "netns/cleanup.h"

struct args {
	int host;
};

struct state {
	struct program program;
};

static const struct key keys[] = {
	{ "program", &VALUE_HOST, offsetof(struct args, host), .required = true,
	  .example = "client",
	  .help = "the host on which the program runs; from there on it takes the place of that host's own steps" },
	{ 0 },
};

int step_program(const struct step *step)
{
	return step->verb == &VERB_PROGRAM ? ((const struct args *)step->args)->host : -1;
}

static int check(struct reader *r, const struct node *at, struct step *step)
{
	const struct plan *plan = reader_plan(r);

	/* bad steps have no verb; this one is not among them yet */
	for (int i = 0; i < plan->n_steps; i++)
		if (plan->steps[i].verb == step->verb)
			return reader_problem(r, at, "one program runs at a time",
					      "a second mark 'program:'; the first is at line %d",
					      plan->steps[i].line);
	return 0;
}

static void ended(struct op *op, uint32_t events)
{
	struct state *state = op->state;

	(void)events;
	op->exit = program_status(&state->program);
	op_unwatch(op);
	if (op->exit > 128 && op->exit <= 128 + 64)
		op_detail(op, "exit %d: %s", op->exit, strsignal(op->exit - 128));
	else
		op_detail(op, "exit %d", op->exit);
	op_finish(op, ERROR_NONE, 0);
}

/* Its time is over. */
static void expire(struct op *op)
{
	struct state *state = op->state;

	op_finish(op, ERROR_DEADLINE, 0);
	program_end(&state->program);
}

static void cleanup(struct op *op)
{
	program_end(&((struct state *)op->state)->program);
}

void program_signal(struct op *op, int sig)
{
	struct state *state = op->state;

	if (state && !op->done && state->program.pid > 0)
		kill(state->program.pid, sig);
}

/* The machine's own interest in it is a program's; under run it is left out. */
static void start(struct op *op)
{
	const struct exec *exec = op->run->options->exec;
	struct state *state = op_state(op, sizeof(*state));
	struct lab_err err = { 0 };
	int exec_code, ret;

	state->program = (struct program){ .pidfd = -1, .out = { -1, -1 } };
	op->cleanup = cleanup;
	op->ready = ended;
	op->expire = expire;
	op->beside = true;
	if (exec->within_ns)
		op->deadline_ns = op->begun_ns + exec->within_ns;
	op->run->programs = true;
	ret = control_inside(op->run->ctl, op->run->program_host, &err);
	ret = ret   ?:
		      run_program_start(op->run, op->run->program_host, exec->argv, false,
					&state->program, &exec_code, &err);
	if (ret == 0 && exec_code) {
		op_detail(op, "cannot run %.100s", exec->argv[0]);
		op_errno(op, exec_code);
	} else if (ret < 0) {
		op_fail(op, &err);
	} else {
		op_watch(op, state->program.pidfd, EPOLLIN);
	}
}

const struct verb VERB_PROGRAM = {
	.name = "program",
	.summary =
		"Where a program of one's own acts under nslab exec: earlier steps happen before it, later ones beside it.",
	.keys = keys,
	.plain = true,
	.args_size = sizeof(struct args),
	.check = check,
	.start = start,
};
