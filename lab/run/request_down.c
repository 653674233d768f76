// SPDX-License-Identifier: GPL-2.0-or-later
/* End the lab, with all that runs in it. It is gone when its process is. */
#include "lab/run/request.h"

static const struct request_member members[] = { { 0 } };

static void start(struct caller *caller, const json_t *request)
{
	struct run *run = caller_run(caller);

	(void)request;
	run->down = true;
	run_end(run, RESULT_INTERRUPTED, "nslab down");
	caller_answer(caller, NULL);
}

const struct request_kind REQUEST_DOWN = {
	.name = "down",
	.members = members,
	.outside = true,
	.start = start,
};
