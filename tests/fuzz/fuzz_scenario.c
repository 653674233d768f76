// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a scenario file, with the real verbs: either problems that can be shown, or plans. */
#include <stdlib.h>

#include "lab/run/run.h"
#include "lab/scenario/problem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static FILE *nowhere;
	struct problems problems = { 0 };
	struct scenario *scenario = NULL;
	int ret;

	if (!nowhere)
		nowhere = fopen("/dev/null", "w");
	ret = scenario_parse("fuzz", (const char *)data, len, run_vocabulary(), NULL, 0, &scenario,
			     &problems);
	if (!ret == problems_any(&problems) || (!ret && !scenario->n_plans))
		abort();
	problems_print(&problems, nowhere);
	problems_free(&problems);
	scenario_free(scenario);
	return 0;
}
