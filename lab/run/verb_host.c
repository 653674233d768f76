// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "lab/run/op.h"
#include "lab/run/reboot.h"
#include "lab/run/run_private.h"
#include "lab/run/verb.h"

enum { PATIENCE_NS = 2 * 1000000000 }; /* a kernel before 6.9 takes up to a second to raise links */

struct args {
	int reboot;
};

static const struct key keys[] = {
	{ "reboot", &VALUE_HOST, offsetof(struct args, reboot), .required = true,
	  .example = "server",
	  .help = "the host: same addresses, routes and sysctls; no sockets, no programs, no connection tracking. Its steps under way end with EBADF, its programs are killed, those of visitors too; nobody is told. Its faults stay as they were switched and their hits go on; what they count for nth, first, every and probability begins anew" },
	{ 0 },
};

/* A reboot in the order in which it has to happen: each phase waits for the one before. */
enum phase {
	PHASE_LAST_WORDS, /* what the old namespace has yet to log */
	PHASE_LINKS,	  /* the new one is there, its links are not ready */
};

struct state {
	enum phase phase;
};

int step_reboots(const struct step *step)
{
	return step->verb == &VERB_HOST && step->args ? ((const struct args *)step->args)->reboot :
							-1;
}

static int links_ready(struct run *run, int host, struct lab_err *err)
{
	const struct topology *topo = &run->plan->topo;
	int ready = 1;

	for (int i = 0; ready == 1 && i < topo->n_links; i++) {
		if (topo->links[i].host[0] == host || topo->links[i].host[1] == host)
			ready = network_link_ready(run->net, i, err);
	}
	return ready;
}

static void poll(struct op *op)
{
	const struct args *args = op->step->args;
	struct state *state = op->state;
	struct lab_err err = { 0 };
	int ret = 0;

	if (state->phase == PHASE_LAST_WORDS) {
		ret = run_host_told(op->run, args->reboot, &err);
		if (ret > 0) {
			ret = run_host_anew(op->run, args->reboot, &err);
			state->phase = PHASE_LINKS;
		}
	}
	if (!ret && state->phase == PHASE_LINKS) {
		ret = links_ready(op->run, args->reboot, &err);
		if (ret > 0)
			op_errno(op, 0);
	}
	if (!ret && clock_now() > op->begun_ns + PATIENCE_NS)
		ret = lab_err_set(&err, ETIMEDOUT, "host %s does not come up",
				  op->run->plan->topo.hosts[args->reboot].name);
	if (ret < 0)
		op_fail(op, &err);
}

static void start(struct op *op)
{
	const struct args *args = op->step->args;
	struct lab_err err = { 0 };

	op_state(op, sizeof(struct state));
	if (run_host_cut(op, args->reboot, &err) < 0)
		op_fail(op, &err);
	else
		op->poll = poll;
}

const struct verb VERB_HOST = {
	.name = "host",
	.summary = "Reboot a host: it forgets everything, and is there again at once.",
	.keys = keys,
	.common = COMMON_ID,
	.args_size = sizeof(struct args),
	.start = start,
};
