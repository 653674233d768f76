/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to doctor/: which scenarios can run, given what was found. */
#ifndef NSLAB_DOCTOR_VERDICT_H
#define NSLAB_DOCTOR_VERDICT_H

#include "lab/doctor/worker.h"

/**
 * struct verdict_entry - a scenario, or one of its cases where they differ
 * @name: borrowed from the scenario
 * @reason: why it cannot run, "" if it can
 */
struct verdict_entry {
	const char *name;
	char reason[256];
};

/**
 * struct verdict - what can run here
 * @entries, @n_entries: in order of the scenarios
 * @whole, @part: number of scenarios of which all, or only some cases can run
 * @missing: number of missing features that are needed
 */
struct verdict {
	struct verdict_entry *entries;
	int n_entries;
	int whole, part;
	int missing;
};

/** verdict_make() - 0 or -ENOMEM; free with verdict_free() */
int verdict_make(const struct probe *(*at)(int i), const struct findings *findings,
		 const struct doctor_options *options, struct verdict *ret);
void verdict_free(struct verdict *verdict);

#endif
