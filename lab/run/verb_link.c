// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Links while the scenario runs. Whether a link is up when a step comes is known from the steps before
 * it, so a wrong order is refused before anything is built.
 */
#include <errno.h>
#include <string.h>

#include "lab/run/op.h"
#include "lab/run/run_private.h"
#include "lab/run/shaping.h"
#include "lab/run/verb.h"
#include "lab/scenario/shape_words.h"

enum { READY_NS = 2 * 1000000000 }; /* a kernel before 6.9 takes up to a second */

/**
 * struct args - the step
 * @mtu: 0: left as it is
 * @words: the keys of a shape
 * @shapes: by sending end, what they make of the shape that was there before
 * @reshapes: by sending end, whether they do
 */
struct args {
	struct link_ref down, up, set;
	uint32_t mtu;
	struct shape_words words;
	struct shape shapes[2];
	bool reshapes[2];
};

static const struct key keys[] = {
	{ "down", &VALUE_LINK, offsetof(struct args, down), .def = "none",
	  .example = "client -- fw",
	  .help = "lower the interface of the host named last; the other host loses its carrier" },
	{ "up", &VALUE_LINK, offsetof(struct args, up), .def = "none", .example = "client -- fw",
	  .help = "raise it again, with the addresses, neighbours and routes it had" },
	{ "set", &VALUE_LINK, offsetof(struct args, set), .def = "none", .example = "client -- fw",
	  .help = "change the link as the keys below say; what they do not name stays" },
	{ "mtu", &VALUE_MTU, offsetof(struct args, mtu), .def = "stays", .example = "1280",
	  .help = "with set: the largest IP packet that fits, at both ends" },
	/* the keys of a shape belong to set, too */
	SHAPE_ROWS(struct args, words, SHAPE_STAYS),
	{ 0 },
};

enum { N_ACTIONS = 3 }; /* down, up, set: one of them a step */

static void init(void *p)
{
	struct args *args = p;

	args->down.link = args->up.link = args->set.link = -1;
}

static const char *host_name(const struct plan *plan, int link, int end)
{
	return plan->topo.hosts[plan->topo.links[link].host[end]].name;
}

int link_lowered(const struct plan *plan, int link, const struct step **ret_by)
{
	int end = -1;

	*ret_by = NULL;
	for (int i = 0; i < plan->n_steps; i++) {
		const struct step *step = &plan->steps[i];
		const struct args *args = step->verb == &VERB_LINK ? step->args : NULL;
		int rebooted = step_reboots(step);

		if (args && args->down.link == link)
			end = args->down.end;
		else if ((args && args->up.link == link) ||
			 (end >= 0 && rebooted == plan->topo.links[link].host[end]))
			end = -1; /* a host that boots raises its own ends */
		else
			continue;
		*ret_by = step;
	}
	return end;
}

static int check_order(struct reader *r, const struct node *at, const struct args *args)
{
	const struct plan *plan = reader_plan(r);
	const struct step *by;

	if (args->down.link >= 0 && link_lowered(plan, args->down.link, &by) >= 0)
		return reader_problem(r, node_get(at, "down"), NULL,
				      "the link %s -- %s is down already, since line %d",
				      host_name(plan, args->down.link, 0),
				      host_name(plan, args->down.link, 1), by->line);
	if (args->up.link >= 0 && link_lowered(plan, args->up.link, &by) < 0)
		return reader_problem(r, node_get(at, "up"), NULL,
				      "the link %s -- %s is up already%s",
				      host_name(plan, args->up.link, 0),
				      host_name(plan, args->up.link, 1),
				      by ? "" : "; no step before this one takes it down");
	return 0;
}

/* Down and up are of the whole wire, and alone. */
static int check_action(struct reader *r, const struct node *at, const struct key *action,
			const struct link_ref *ref)
{
	if (ref->one_way)
		return reader_problem(r, node_get(at, action->name), "write -- between the hosts",
				      "%s goes for a whole link, not for one direction of it",
				      action->name);
	for (int i = 0; i < at->n; i++) {
		if (strcmp(at->keys[i]->text, action->name))
			return reader_problem(r, at->keys[i], NULL,
					      "'%s' goes with set, not with %s", at->keys[i]->text,
					      action->name);
	}
	return 0;
}

/* What a direction looks like after the steps that the plan has so far. */
static const struct shape *shape_before(const struct plan *plan, int link, int end)
{
	const struct shape *shape = &plan->shapes[link][end];

	for (int i = 0; i < plan->n_steps; i++) {
		const struct step *step = &plan->steps[i];
		const struct args *args = step->verb == &VERB_LINK ? step->args : NULL;

		if (args && args->set.link == link && args->reshapes[end])
			shape = &args->shapes[end];
	}
	return shape;
}

static int check_shape(struct reader *r, const struct node *at, struct args *args)
{
	struct plan *plan = reader_plan(r);
	int err = 0;

	if (!shape_words_any(&args->words))
		return 0;
	for (int end = 0; !err && end < 2; end++) {
		/* the reference's end is the one that an arrow points to */
		if (args->set.one_way && end == args->set.end)
			continue;
		err = shape_words_check(r, at, &args->words,
					shape_before(plan, args->set.link, end),
					&args->shapes[end]);
		args->reshapes[end] = !err;
	}
	plan->shaped = true;
	return err;
}

static int check_set(struct reader *r, const struct node *at, struct args *args)
{
	if (at->n == 1)
		return reader_problem(r, at, NULL,
				      "set changes nothing; expected a key such as delay or mtu");
	if (args->mtu && args->set.one_way)
		return reader_problem(r, node_get(at, "mtu"), "write -- between the hosts",
				      "an MTU is of the whole link, not of one direction of it");
	return check_shape(r, at, args);
}

static int check(struct reader *r, const struct node *at, struct step *step)
{
	struct args *args = step->args;
	const struct link_ref *refs[N_ACTIONS] = { &args->down, &args->up, &args->set };
	int action = -1;

	for (int i = 0; i < N_ACTIONS; i++) {
		if (refs[i]->link < 0)
			continue;
		if (action >= 0)
			return reader_problem(r, at, "write two steps",
					      "a step takes one of down, up and set; found %s and %s",
					      keys[action].name, keys[i].name);
		action = i;
	}
	if (action < 0)
		return reader_problem(r, at, NULL, "link needs down, up or set");
	if (refs[action] == &args->set)
		return check_set(r, at, args);
	return check_action(r, at, &keys[action], refs[action]) ?: check_order(r, at, args);
}

/* It is over when both ends have noticed, which the kernel may bring about later. */
static void ready_poll(struct op *op)
{
	const struct args *args = op->step->args;
	bool up = args->up.link >= 0;
	struct lab_err err = { 0 };
	int ready = network_link_ready(op->run->net, up ? args->up.link : args->down.link, &err);

	if (!ready && clock_now() > op->begun_ns + READY_NS)
		ready = lab_err_set(&err, ETIMEDOUT, "the link does not %s",
				    up ? "come up" : "go down");
	if (ready < 0)
		op_fail(op, &err);
	else if (ready)
		op_errno(op, 0);
}

static int set_apply(struct op *op, const struct args *args, struct lab_err *err)
{
	int ret = 0;

	if (args->mtu)
		ret = network_link_mtu(op->run->net, args->set.link, args->mtu, err);
	for (int end = 0; !ret && end < 2; end++) {
		if (args->reshapes[end])
			ret = shaping_set(op->run, args->set.link, end, &args->shapes[end], err);
	}
	return ret;
}

/* The kernel throws away what queues hold from or for an interface that goes down: the line has to know. */
int run_link_down(struct run *run, const struct link_ref *down, struct lab_err *err)
{
	const struct topo_link *link = &run->plan->topo.links[down->link];
	int host = link->host[down->end], ifindex = link->ifindex[down->end], ret;

	if (run->line)
		delayline_link_down(run->line, host, ifindex);
	ret = network_link_down(run->net, down->link, down->end, err);
	if (run->line)
		delayline_link_down(run->line, host, ifindex);
	return ret;
}

static void start(struct op *op)
{
	const struct args *args = op->step->args;
	struct lab_err err = { 0 };
	int ret;

	if (args->down.link >= 0)
		ret = run_link_down(op->run, &args->down, &err);
	else if (args->up.link >= 0)
		ret = network_link_up(op->run->net, args->up.link, &err);
	else
		ret = set_apply(op, args, &err);
	if (ret < 0)
		op_fail(op, &err);
	else if (args->set.link >= 0)
		op_errno(op, 0);
	else
		op->poll = ready_poll;
}

const struct verb VERB_LINK = {
	.name = "link",
	.summary = "Take a link down or up, or change its MTU or its shape.",
	.keys = keys,
	.common = COMMON_ID,
	.args_size = sizeof(struct args),
	.init = init,
	.check = check,
	.start = start,
};
