/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the JUnit report among themselves. */
#ifndef NSLAB_REPORT_JUNIT_H
#define NSLAB_REPORT_JUNIT_H

#include "lab/report/collect.h"

/** struct suite - runs of one scenario, at least one, under the same circumstances */
struct suite {
	struct collected *runs;
	int n_runs;
};

/** junit_write() - the whole document; that it could not be written is seen by ferror(@out) */
void junit_write(const struct suite *suites, int n, FILE *out);

#endif
