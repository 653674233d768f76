/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The runs of a log, one after the other, for reports that say what each came to. Whatever the log
 * looks like, each run begins once and ends once: also one without a begin record, one that was cut
 * off, and one that another follows without an end between them.
 */
#ifndef NSLAB_REPORT_COLLECT_H
#define NSLAB_REPORT_COLLECT_H

#include <stdbool.h>
#include <stdint.h>

#include "lab/report/ladder.h"
#include "lab/report/report.h"

/** enum outcome - what a run came to, as far as the log tells */
enum outcome {
	OUTCOME_PASSED = RESULT_PASSED,
	OUTCOME_FAILED = RESULT_FAILED,
	OUTCOME_ERROR = RESULT_ERROR,
	OUTCOME_SKIPPED = RESULT_SKIPPED,
	OUTCOME_INTERRUPTED = RESULT_INTERRUPTED,
	OUTCOME_UNFINISHED = RESULT_COUNT, /* the log ends before the run did */
	OUTCOME_COUNT,
};

/**
 * struct collected - what is kept of a run
 * @begin, @end: its first and last record; zeroed if there was none, @end also as long as it runs
 * @error: the first EVENT_ERROR, zeroed if there was none
 * @unmet: expectations that were not met, in order
 * @n_met: how many were
 * @notes: texts of its notes
 * @last_ns: the latest moment that was told of
 * @ladder: text, once it has ended; NULL unless one is wanted and the run neither passed nor was
 *          skipped
 * What cannot be kept because memory is out is left out.
 */
struct collected {
	struct event begin, end, error;
	struct event *unmet;
	int n_unmet;
	int64_t n_met;
	char **notes;
	int n_notes;
	int64_t last_ns;
	char *ladder;
};

/** collected_clear() - free what it owns and zero it */
void collected_clear(struct collected *run);

/** collected_begin() - the begin record, NULL if there was none */
const struct event_begin *collected_begin(const struct collected *run);

/** collected_end() - the end record, NULL if there was none */
const struct event_end *collected_end(const struct collected *run);

/** collected_error() - the first error, NULL if there was none */
const struct event_error *collected_error(const struct collected *run);

enum outcome collected_outcome(const struct collected *run);

/** outcome_name() - "passed", "failed", "error", "skipped", "interrupted", "unfinished" */
const char *outcome_name(enum outcome outcome);

/** collected_name() - the case's name, or words in its place; never empty */
const char *collected_name(const struct collected *run);

/** collected_file() - the scenario's file, "" if it is not known */
const char *collected_file(const struct collected *run);

/** collected_took_ns() - how long it took, as far as the log tells; never negative */
int64_t collected_took_ns(const struct collected *run);

/** collected_why() - in a few words what it came to and why; to be freed, NULL when memory is out */
char *collected_why(const struct collected *run);

/**
 * struct collect_type - what a report does with them
 * @ladder: it wants a ladder of what went wrong
 * @begin: NULL, or a run begins
 * @event: NULL, or one more event of it, its begin and end record included
 * @end: it has ended; may take what @run owns by zeroing it
 */
struct collect_type {
	bool ladder;
	void (*begin)(struct report *report, const struct collected *run);
	void (*event)(struct report *report, const struct collected *run,
		      const struct event *event);
	void (*end)(struct report *report, struct collected *run);
};

/**
 * struct collect - where in the log a report is
 * @type, @report: set by who embeds it, the rest is zeroed
 */
struct collect {
	const struct collect_type *type;
	struct report *report;
	bool open;
	struct collected run;
	struct ladder_text *ladder;
};

/** collect_event() - one more event of the log */
void collect_event(struct collect *collect, const struct event *event);

/** collect_close() - there is no more; ends the run under way */
void collect_close(struct collect *collect);

#endif
