// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One JSON document: the records of the log as they stand in it, run by run, and what they come to.
 * It is written as the events come, and keeps no more of a run than what its end has to say, so
 * that a log of any length can be turned into one. A record stands in a line of its own.
 */
#include <stdlib.h>

#include "lab/report/collect.h"
#include "netns/cleanup.h"

enum { REPORT_FORMAT_VERSION = 1 };

/**
 * struct report - JSON
 * @n: runs that have begun; @records: events written of the run under way
 * @counts: runs by what they came to
 */
struct report {
	FILE *out;
	struct collect collect;
	long long n, records;
	long long counts[OUTCOME_COUNT];
	int64_t took_ns;
};

static void record_put(FILE *out, const struct event *event)
{
	size_t len = 0;
	_cleanup_free_ char *line = event_write(event, &len);

	if (line)
		fwrite(line, 1, len - 1, out); /* without its newline */
	else
		fputs("null", out);
}

static void json_run_begin(struct report *report, const struct collected *run)
{
	fputs(report->n++ ? ",\n{\"begin\":" : "\n{\"begin\":", report->out);
	if (collected_begin(run))
		record_put(report->out, &run->begin);
	else
		fputs("null", report->out);
	fputs(",\"events\":[", report->out);
	report->records = 0;
}

static void json_run_event(struct report *report, const struct collected *run,
			   const struct event *event)
{
	(void)run;
	if (event->type == EVENT_BEGIN || event->type == EVENT_END)
		return;
	fputs(report->records++ ? ",\n" : "\n", report->out);
	record_put(report->out, event);
}

static void unmet_put(FILE *out, const struct collected *run)
{
	fputs(",\"unmet_expectations\":[", out);
	for (int i = 0; i < run->n_unmet; i++) {
		fputs(i ? ",\n" : "\n", out);
		record_put(out, &run->unmet[i]);
	}
	fputc(']', out);
}

static void json_run_end(struct report *report, struct collected *run)
{
	const struct event_end *end = collected_end(run);
	int64_t took_ns = collected_took_ns(run);
	enum outcome outcome = collected_outcome(run);
	FILE *out = report->out;

	fputs("],\n\"end\":", out);
	if (end)
		record_put(out, &run->end);
	else
		fputs("null", out);
	fprintf(out, ",\n\"result\":\"%s\",\"took_ns\":%lld,\"met\":%lld,\"unmet\":%lld",
		outcome_name(outcome), (long long)took_ns,
		end ? (long long)end->met : (long long)run->n_met,
		(long long)(end ? end->unmet : run->n_unmet));
	unmet_put(out, run);
	fputc('}', out);
	fflush(out);
	report->counts[outcome]++;
	if (__builtin_add_overflow(report->took_ns, took_ns, &report->took_ns))
		report->took_ns = INT64_MAX;
}

static const struct collect_type json_runs = {
	.begin = json_run_begin,
	.event = json_run_event,
	.end = json_run_end,
};

static struct report *json_open(FILE *out, const struct report_options *options)
{
	struct report *report = calloc(1, sizeof(*report));

	(void)options;
	if (!report)
		return NULL;
	report->out = out;
	report->collect.type = &json_runs;
	report->collect.report = report;
	fprintf(out, "{\"format\":\"nslab-report\",\"version\":%d,\"runs\":[",
		REPORT_FORMAT_VERSION);
	return report;
}

static void json_event(struct report *report, const struct event *event)
{
	collect_event(&report->collect, event);
}

static void json_close(struct report *report)
{
	FILE *out;

	if (!report)
		return;
	out = report->out;
	collect_close(&report->collect);
	fprintf(out, "],\n\"summary\":{\"runs\":%lld", report->n);
	for (int i = 0; i < OUTCOME_COUNT; i++)
		fprintf(out, ",\"%s\":%lld", outcome_name((enum outcome)i), report->counts[i]);
	fprintf(out, ",\"took_ns\":%lld}}\n", (long long)report->took_ns);
	fflush(out);
	free(report);
}

const struct report_type REPORT_JSON = {
	.name = "json",
	.help = "one JSON document: the log's records run by run, and what they come to",
	.option = "json",
	.whole = true,
	.open = json_open,
	.event = json_event,
	.close = json_close,
};
