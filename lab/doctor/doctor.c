// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/doctor/doctor.h"

#include <errno.h>

#include "lab/doctor/show.h"
#include "lab/doctor/system.h"
#include "lab/doctor/verdict.h"
#include "lab/doctor/worker.h"
#include "netns/cleanup.h"

int doctor_run(FILE *out, const struct doctor_options *options, int *ret_runnable)
{
	_cleanup_(findings_free) struct findings findings = { 0 };
	_cleanup_(verdict_free) struct verdict verdict = { 0 };
	struct system sys;

	if (worker_run(probe_at, options, NULL, &findings) < 0 ||
	    verdict_make(probe_at, &findings, options, &verdict) < 0)
		return -ENOMEM;
	system_read(&sys);
	show_all(out, options, probe_at, &findings, &verdict, &sys, system_number);
	if (ret_runnable)
		*ret_runnable = verdict.whole + verdict.part;
	return fflush(out) || ferror(out) ? -EIO : verdict.missing;
}
