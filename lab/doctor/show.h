/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to doctor/: the report. Pure: shows what it is given. */
#ifndef NSLAB_DOCTOR_SHOW_H
#define NSLAB_DOCTOR_SHOW_H

#include "lab/doctor/system.h"
#include "lab/doctor/verdict.h"

/**
 * show_all() - write the report
 * @read_number: system_number(), or a test's own
 */
void show_all(FILE *out, const struct doctor_options *options, const struct probe *(*at)(int i),
	      const struct findings *findings, const struct verdict *verdict,
	      const struct system *sys, int64_t (*read_number)(const char *path));

#endif
