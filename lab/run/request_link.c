// SPDX-License-Identifier: GPL-2.0-or-later
/* Take a link down or up. The answer comes when both ends have noticed. */
#include <errno.h>
#include <string.h>

#include "lab/observe/axis.h"
#include "lab/run/request.h"

static const int64_t ready_ns = 5000000000;

static const struct request_member members[] = {
	{ "link", JSON_STRING, true },
	{ "up", JSON_TRUE, true },
	{ 0 },
};

struct state {
	struct link_ref link;
	bool up;
};

/* "client -- fw": the link between the two, and the end that is named last. */
static int link_find(struct caller *caller, const char *text, struct link_ref *ret)
{
	const struct topology *topo = &caller_run(caller)->plan->topo;
	char a[65], b[65], rest;
	int n = 0, host[2];

	if (sscanf(text, "%64s -- %64s %c", a, b, &rest) != 2) {
		caller_refuse(caller, EINVAL,
			      "'%.100s' is no link; expected two hosts, as in client -- fw", text);
		return -EINVAL;
	}
	host[0] = host_named(caller, a);
	host[1] = host[0] < 0 ? -1 : host_named(caller, b);
	if (host[1] < 0)
		return -ENOENT;
	for (int i = 0; i < topo->n_links; i++) {
		const int *h = topo->links[i].host;

		if ((h[0] != host[0] || h[1] != host[1]) && (h[0] != host[1] || h[1] != host[0]))
			continue;
		*ret = (struct link_ref){ .link = i, .end = h[1] == host[1] };
		n++;
	}
	if (n == 1)
		return 0;
	caller_refuse(caller, n ? ENOTUNIQ : ENOENT, "there is %s link between %s and %s",
		      n ? "more than one" : "no", a, b);
	return -ENOENT;
}

static void poll(struct caller *caller)
{
	struct state *state = caller_state(caller);
	struct lab_err err = { 0 };
	int ready = network_link_ready(caller_run(caller)->net, state->link.link, &err);

	if (ready < 0)
		caller_fail(caller, &err);
	else if (ready)
		caller_answer(caller, NULL);
}

static void expire(struct caller *caller)
{
	struct state *state = caller_state(caller);

	caller_refuse(caller, ETIMEDOUT, "the link does not %s", state->up ? "come up" : "go down");
}

static void start(struct caller *caller, const json_t *request)
{
	struct run *run = caller_run(caller);
	struct state *state = caller_state(caller);
	struct lab_err err = { 0 };
	int ret;

	if (link_find(caller, json_string_value(json_object_get(request, "link")), &state->link))
		return;
	state->up = json_is_true(json_object_get(request, "up"));
	ret = state->up ? network_link_up(run->net, state->link.link, &err) :
			  run_link_down(run, &state->link, &err);
	/* it is so already */
	if (ret < 0 && ret != -EALREADY) {
		caller_fail(caller, &err);
		return;
	}
	caller_until(caller, clock_now() + ready_ns);
	poll(caller);
}

const struct request_kind REQUEST_LINK = {
	.name = "link",
	.members = members,
	.state_size = sizeof(struct state),
	.start = start,
	.poll = poll,
	.expire = expire,
};
