// SPDX-License-Identifier: GPL-2.0-or-later
/* Get the event log, line by line, until either side hangs up: its begin, then what happens from now on. */
#include "lab/run/request.h"

static const struct request_member members[] = { { 0 } };

static void start(struct caller *caller, const json_t *request)
{
	(void)request;
	caller_watch(caller);
}

const struct request_kind REQUEST_WATCH = {
	.name = "watch",
	.members = members,
	.start = start,
};
