// SPDX-License-Identifier: GPL-2.0-or-later
/* Wait until something holds: the answer comes then, or when the time is over. */
#include <errno.h>

#include "lab/observe/axis.h"
#include "lab/run/condition.h"
#include "lab/run/request.h"

enum { USUAL_MS = 60000, MOST_MS = 86400000 };

static const struct request_member members[] = {
	{ "condition", JSON_STRING, true },
	{ "within_ms", JSON_INTEGER, false },
	{ 0 },
};

struct state {
	struct condition condition;
	int64_t within_ms;
	char observed[CONDITION_TEXT];
};

static void poll(struct caller *caller)
{
	struct state *state = caller_state(caller);
	struct lab_err err = { 0 };
	int met = condition_look(caller_run(caller), &state->condition, state->observed, &err);

	if (met < 0)
		caller_fail(caller, &err);
	else if (met)
		caller_answer(caller, json_pack("{s:s}", "observed", state->observed));
}

static void expire(struct caller *caller)
{
	struct state *state = caller_state(caller);

	caller_refuse(caller, ETIME, "not within %lld ms: expected %s, observed %s",
		      (long long)state->within_ms, state->condition.text, state->observed);
}

static void start(struct caller *caller, const json_t *request)
{
	struct state *state = caller_state(caller);
	const json_t *within = json_object_get(request, "within_ms");
	struct lab_err err = { 0 };

	state->within_ms = within ? json_integer_value(within) : USUAL_MS;
	if (state->within_ms < 0 || state->within_ms > MOST_MS) {
		caller_refuse(caller, EINVAL, "wait: 'within_ms' must be from 0 to %d", MOST_MS);
		return;
	}
	if (condition_parse(caller_run(caller)->plan,
			    json_string_value(json_object_get(request, "condition")),
			    &state->condition, &err) < 0) {
		caller_fail(caller, &err);
		return;
	}
	caller_until(caller, clock_now() + state->within_ms * 1000000);
	poll(caller);
}

const struct request_kind REQUEST_WAIT = {
	.name = "wait",
	.members = members,
	.state_size = sizeof(struct state),
	.start = start,
	.poll = poll,
	.expire = expire,
};
