// SPDX-License-Identifier: GPL-2.0-or-later
/* The event log itself as a report: what --events writes. */
#include <stdlib.h>

#include "lab/report/report.h"
#include "netns/cleanup.h"

struct report {
	FILE *out;
};

static struct report *events_open(FILE *out, const struct report_options *options)
{
	struct report *report = calloc(1, sizeof(*report));

	(void)options;
	if (report)
		report->out = out;
	return report;
}

/* A log is often followed while it grows, so each line goes out at once. */
static void events_event(struct report *report, const struct event *event)
{
	size_t len;
	_cleanup_free_ char *line = event_write(event, &len);

	if (line)
		fwrite(line, 1, len, report->out);
	fflush(report->out);
}

static void events_close(struct report *report)
{
	if (report)
		fflush(report->out);
	free(report);
}

const struct report_type REPORT_EVENTS = {
	.name = "events",
	.help = "the event log: a JSON object a line, from which all other reports can be made",
	.option = "events",
	.takes_file = true,
	.whole = true,
	.open = events_open,
	.event = events_event,
	.close = events_close,
};
