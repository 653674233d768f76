// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: the program gets a step of its own behind all of the plan's. It starts where the
 * scenario has its mark, or else before the first step of its host. What stands before that happens first, exactly as
 * in a run, by built-in endpoints and judged: else it would not be the scenario's spot into which the program comes.
 *
 * From there on the program is its host: that host's steps are left out, but for those on sockets from before. So are
 * all checks that wait for nothing, and all that ask for a socket which nobody has made: what they say is about
 * built-in endpoints. Those with ``within:`` stay, and wait for what they name. The other hosts' steps go on in order,
 * without deadlines, since nobody knows when the program will do its part. When it has ended, so has the run.
 *
 * In a lab that stays there is no program yet: the lab is ready where it would start, and programs come and go.
 */
#include "lab/run/exec.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "lab/run/check.h"
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
	const struct topology *topo = &run->plan->topo;
	const char *name = run->options->exec->host;
	int host;

	if (!name && mark >= 0)
		return step_program(&run->plan->steps[mark]);
	host = topology_host(topo, name ?: default_host);
	/* hosts may be called whatever one likes where no scenario tells who is who */
	if (host < 0 && !name && (!run->plan->n_steps || !run->options->exec->argv))
		return 0;
	if (host < 0)
		return lab_err_set(err, ENOENT, "there is no host '%s' to run the program on",
				   name ?: default_host);
	return host;
}

/* A mark for another host says when all is ready, if the program's own host has no say in it. */
static int start_find(const struct run *run, int mark)
{
	const struct plan *plan = run->plan;
	int i = 0;

	if (mark >= 0 && step_program(&plan->steps[mark]) == run->program_host)
		return mark;
	while (i < plan->n_steps && plan->steps[i].host != run->program_host)
		i++;
	if (i < plan->n_steps)
		return i;
	return mark >= 0 ? mark : 0;
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

bool exec_beside(const struct run *run, int i)
{
	return run->options->exec && i >= run->program_step;
}

/* The step that made what this one works on, a socket or a step in the background; -1: there is nothing of the kind. */
static int maker_find(const struct step *step)
{
	for (const struct key *key = step->verb->keys; key && key->name; key++) {
		const struct ref *ref = (const void *)((const char *)step->args + key->offset);

		if (key->type != &VALUE_CONN && key->type != &VALUE_LISTENER &&
		    key->type != &VALUE_SOCKET && key->type != &VALUE_STEP)
			continue;
		if (ref->name)
			return ref->step;
	}
	return step_looks_at(step);
}

bool exec_skips(const struct run *run, int i)
{
	const struct step *step = &run->plan->steps[i];
	int maker;

	if (step_program(step) >= 0)
		return true;
	if (!exec_beside(run, i))
		return false;
	if (step->verb == &VERB_CHECK && !step_waits(step))
		return true;
	maker = maker_find(step);
	return maker >= 0 ? exec_skips(run, maker) : step->host == run->program_host;
}

bool exec_answers(struct op *op, const struct sockaddr_storage *to)
{
	const struct sockaddr_in6 *in6 = (const void *)to;
	const struct sockaddr_in *in = (const void *)to;
	struct four_tuple tuple = { .af = to->ss_family };
	struct lab_err err = { 0 };
	struct diag_socket found = { 0 };

	if (!exec_beside(op->run, op->index) ||
	    sock_host(to, &op->run->plan->topo) != op->run->program_host)
		return true;
	if (to->ss_family == AF_INET6) {
		memcpy(tuple.local, &in6->sin6_addr, sizeof(in6->sin6_addr));
		tuple.lport = ntohs(in6->sin6_port);
	} else {
		memcpy(tuple.local, &in->sin_addr, sizeof(in->sin_addr));
		tuple.lport = ntohs(in->sin_port);
	}
	if (diag_find(observer_diag(op->run->observer, op->run->program_host), &tuple, &found,
		      &err) < 0)
		op_fail(op, &err);
	return found.state == STATE_LISTEN;
}

struct op *exec_op(struct run *run)
{
	return &run->ops[run->plan->n_steps];
}

/* What the scenario itself does not say has to be said. */
static void no_mark_note(struct run *run)
{
	const struct plan *plan = run->plan;
	int first = run->program_step;
	const struct step *before = &plan->steps[first];

	if (!plan->n_steps || mark_find(plan) >= 0)
		return;
	op_note(exec_op(run),
		"%s has no mark 'program:': the program started before line %d, %.100s", plan->name,
		before->line, before->text);
}

void exec_start(struct run *run)
{
	/* how long it takes is its own business */
	if (!run->options->timeout_ns)
		run->end_ns = INT64_MAX;
	run->program_begun = true;
	if (!run->options->exec->argv) {
		stay_ask(run);
	} else if (!exec_op(run)->run) {
		op_begin(run, run->plan->n_steps);
		no_mark_note(run);
	}
}

bool exec_over(const struct run *run)
{
	return run->options->exec && run->ops[run->plan->n_steps].done;
}
