// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * JUnit's XML, as continuous integration reads it: a suite for each scenario, a test case for each
 * run. Totals stand in attributes before what they count, so results are kept until the end; events
 * are not. There is no standard, so we write what both versions of the schema in tests/junit/ take.
 */
#include "lab/report/junit.h"

#include <stdlib.h>
#include <string.h>

#include "lab/report/xml.h"
#include "netns/cleanup.h"

/**
 * struct report - JUnit's XML
 * @suites: those that have begun, the last one may grow
 */
struct report {
	FILE *out;
	struct collect collect;
	struct suite *suites;
	int n_suites;
};

/* Room for one more element behind @n of them; doubles, so that many are cheap. */
static void *list_grow(void *list, int n, size_t size)
{
	if (n & (n - 1))
		return list;
	return realloc(list, (n ? 2 * (size_t)n : 1) * size);
}

/* Do two runs belong to one suite? Its properties have to hold for both. */
static bool runs_alike(const struct collected *a, const struct collected *b)
{
	const struct event_begin *x = collected_begin(a), *y = collected_begin(b);

	if (!x || !y)
		return !x && !y;
	return !strcmp(x->scenario, y->scenario) && !strcmp(x->file, y->file) &&
	       !strcmp(x->kernel, y->kernel) && !strcmp(x->nslab, y->nslab) &&
	       !strcmp(x->shaper, y->shaper) && x->seed == y->seed && x->root == y->root;
}

static struct suite *suite_for(struct report *report, const struct collected *run)
{
	struct suite *last = report->n_suites ? &report->suites[report->n_suites - 1] : NULL;
	struct suite *list;

	if (last && last->n_runs && runs_alike(&last->runs[0], run))
		return last;
	list = list_grow(report->suites, report->n_suites, sizeof(*list));
	if (!list)
		return NULL;
	report->suites = list;
	memset(&list[report->n_suites], 0, sizeof(*list));
	return &list[report->n_suites++];
}

static void junit_run_end(struct report *report, struct collected *run)
{
	struct suite *suite = suite_for(report, run);
	struct collected *list;

	if (!suite)
		return;
	list = list_grow(suite->runs, suite->n_runs, sizeof(*list));
	if (!list)
		return;
	suite->runs = list;
	list[suite->n_runs++] = *run;
	memset(run, 0, sizeof(*run));
}

static const struct collect_type junit_runs = {
	.ladder = true,
	.end = junit_run_end,
};

static const char *junit_lacks(void)
{
	const char *lacks = NULL;

	xml_load(&lacks);
	return lacks;
}

static struct report *junit_open(FILE *out, const struct report_options *options)
{
	struct report *report = xml_load(NULL) ? calloc(1, sizeof(*report)) : NULL;

	(void)options;
	if (!report)
		return NULL;
	report->out = out;
	report->collect.type = &junit_runs;
	report->collect.report = report;
	return report;
}

static void junit_event(struct report *report, const struct event *event)
{
	collect_event(&report->collect, event);
}

static void junit_close(struct report *report)
{
	if (!report)
		return;
	collect_close(&report->collect);
	junit_write(report->suites, report->n_suites, report->out);
	fflush(report->out);
	for (int i = 0; i < report->n_suites; i++) {
		for (int k = 0; k < report->suites[i].n_runs; k++)
			collected_clear(&report->suites[i].runs[k]);
		free(report->suites[i].runs);
	}
	free(report->suites);
	free(report);
}

const struct report_type REPORT_JUNIT = {
	.name = "junit",
	.help = "JUnit's XML: a test suite for each scenario, a test case for each run",
	.option = "junit",
	.takes_file = true,
	.lacks = junit_lacks,
	.open = junit_open,
	.event = junit_event,
	.close = junit_close,
};
