// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: the program gets a step of its own behind all of the plan's. It starts where the
 * scenario has its mark, or else before the first step of its host. That host's steps are left out, and so
 * are all checks: what they say is about the built-in endpoints. Of those about faults, packets
 * or tracked connections the ones with ``within:`` stay, and wait for what they name. The other hosts' steps go on in
 * order, without deadlines, since nobody knows when the program will do its part. When it has ended, so has the run.
 * In a lab that stays there is no program yet: the lab is ready where it would start, and programs come and go.
 */
#include "lab/run/exec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/run/stay.h"
#include "lab/run/verb.h"

static const char default_host[] = "client";

/* The scenario's mark, -1 if it has none. */
static int mark_find(const struct plan *plan)
{
	for (int i = 0; i < plan->n_steps; i++)
		if (step_program(&plan->steps[i]) >= 0)
			return i;
	return -1;
}

static int host_find(const struct run *run, int mark, struct lab_err *err)
{
	const char *name = run->options->exec->host ?: default_host;
	int host = topology_host(&run->plan->topo, name);

	if (!run->options->exec->host && mark >= 0)
		return step_program(&run->plan->steps[mark]);
	if (host < 0)
		return lab_err_set(err, ENOENT, "there is no host '%s' to run the program on",
				   name);
	return host;
}

static int start_find(const struct run *run, int mark)
{
	const struct plan *plan = run->plan;
	int i = mark;

	/* a mark for another host says when all is ready, too */
	if (mark >= 0)
		return mark;
	for (i = 0; i < plan->n_steps && plan->steps[i].host != run->program_host; i++)
		;
	return i;
}

static char *text_of(char *const *argv)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fputs("program", f);
	for (int i = 0; argv && argv[i] && ftell(f) < 200; i++)
		fprintf(f, " %.200s", argv[i]);
	return fclose(f) ? NULL : text;
}

int exec_prepare(struct run *run, struct lab_err *err)
{
	int mark = mark_find(run->plan);
	int host = host_find(run, mark, err);

	if (host < 0)
		return host;
	run->program_host = host;
	run->program_step = start_find(run, mark);
	run->exec_step = (struct step){ .verb = &VERB_PROGRAM,
					.host = host,
					.line = mark >= 0 ? run->plan->steps[mark].line : 0,
					.deadline_ns = -1,
					.text = text_of(run->options->exec->argv) };
	return run->exec_step.text ? 0 : lab_err_set(err, ENOMEM, "cannot prepare the program");
}

int exec_faults_off(struct run *run, struct lab_err *err)
{
	const char *const *name = run->options->exec->faults_off;

	for (; name && *name; name++) {
		int fault = 0, ret;

		while (fault < run->plan->n_faults && strcmp(run->plan->faults[fault].name, *name))
			fault++;
		if (fault == run->plan->n_faults)
			return lab_err_set(err, ENOENT, "there is no fault '%s' to switch off",
					   *name);
		ret = run_fault_switch(run, fault, false, err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

bool exec_starts(const struct run *run, int i)
{
	return run->options->exec && i == run->program_step;
}

bool exec_skips(const struct run *run, int i)
{
	const struct step *step = &run->plan->steps[i];
	int awaited = step_awaits(step);

	if (step_program(step) >= 0)
		return true;
	if (!run->options->exec)
		return false;
	return step->host == run->program_host ||
	       (step->verb == &VERB_CHECK && !step_waits(step)) ||
	       (awaited >= 0 && exec_skips(run, awaited));
}

struct op *exec_op(struct run *run)
{
	return &run->ops[run->plan->n_steps];
}

void exec_start(struct run *run)
{
	if (!run->options->exec->argv)
		stay_ask(run);
	else if (!exec_op(run)->run)
		op_begin(run, run->plan->n_steps);
}

bool exec_over(const struct run *run)
{
	return run->options->exec && run->ops[run->plan->n_steps].done;
}
