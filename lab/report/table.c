// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "lab/report/report.h"
#include "netns/cleanup.h"

static const struct report_type *const types[] = {
	&REPORT_TERMINAL, &REPORT_PROGRESS, &REPORT_LADDER, &REPORT_EVENTS, &REPORT_JSON,
	&REPORT_JUNIT,	  &REPORT_TAP,	    &REPORT_GITHUB, &REPORT_PCAPNG,
};

const struct report_type *report_at(int i)
{
	return i >= 0 && (size_t)i < ARRAY_SIZE(types) ? types[i] : NULL;
}

const struct report_type *report_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (strcmp(types[i]->name, name) == 0)
			return types[i];
	return NULL;
}
