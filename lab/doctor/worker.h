/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to doctor/: runs the probes in a sandbox, and survives whatever they do to it. */
#ifndef NSLAB_DOCTOR_WORKER_H
#define NSLAB_DOCTOR_WORKER_H

#include "lab/doctor/probe.h"

/**
 * struct findings - what came of all probes
 * @probes: for each row of the table; @n_probes
 * @remarks: for each plan of all scenarios, in order: why it cannot run here for a reason of its
 *           own (code 0 if there is none); @n_plans
 * @in_root: whether the sandbox was made without a user namespace
 */
struct findings {
	struct probe_result *probes;
	int n_probes;
	struct lab_err *remarks;
	int n_plans;
	bool in_root;
};

/** struct worker_limits - times in ms: of one probe, and of all together */
struct worker_limits {
	int probe_ms;
	int all_ms;
};

/**
 * worker_run() - try every row of a table
 * @at: the table, as probe_at()
 * @limits: NULL for 1 s and 2 s
 *
 * A probe that does not answer in time, or that takes the worker with it, is missing; the next ones
 * get a new worker. Where there is no sandbox at all, the first row is missing and the rest untried.
 * Return: 0 or -ENOMEM; free with findings_free()
 */
int worker_run(const struct probe *(*at)(int i), const struct doctor_options *options,
	       const struct worker_limits *limits, struct findings *ret);
void findings_free(struct findings *findings);

/** findings_found() - NEED_ bits of all that is there */
unsigned findings_found(const struct probe *(*at)(int i), const struct findings *findings);

#endif
