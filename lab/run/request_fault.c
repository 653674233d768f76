// SPDX-License-Identifier: GPL-2.0-or-later
/* Switch a fault. The answer comes when the rule is changed: from then on packets meet it so. */
#include "lab/run/request.h"

static const struct request_member members[] = {
	{ "fault", JSON_STRING, true },
	{ "on", JSON_TRUE, true },
	{ 0 },
};

static void start(struct caller *caller, const json_t *request)
{
	struct run *run = caller_run(caller);
	int fault = fault_named(caller, json_string_value(json_object_get(request, "fault")));
	bool on = json_is_true(json_object_get(request, "on"));
	struct lab_err err = { 0 };

	if (fault < 0)
		return;
	if (run->fault_on[fault] != on && run_fault_switch(run, fault, on, &err) < 0)
		caller_fail(caller, &err);
	else
		caller_answer(caller, NULL);
}

const struct request_kind REQUEST_FAULT = {
	.name = "fault",
	.members = members,
	.start = start,
};
