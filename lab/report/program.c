// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: what a program's connections came to: a line for each connection that its host opened or was
 * asked to open (program_connections.c), one for each fault that acted, and how the program ended. It is a function
 * of the events, as all reports.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lab/report/program_connections.h"
#include "lab/report/report.h"
#include "lab/report/terminal_text.h"
#include "netns/cleanup.h"

enum { FAULTS_MOST = 64 };

struct acted {
	char *fault, *past;
	int n;
};

struct report {
	FILE *out;
	struct report_options options;
	struct paper paper;
	struct program_connections connections;
	struct acted acted[FAULTS_MOST];
	int n_acted;
	char *ended, *note;
};

static struct report *program_open(FILE *out, const struct report_options *options)
{
	struct report *report = calloc(1, sizeof(*report));

	if (!report)
		return NULL;
	report->out = out;
	report->options = *options;
	paper_init(&report->paper, options->columns, options->colour, options->unicode);
	return report;
}

static void hit_take(struct report *report, const struct event_hit *hit)
{
	int i = 0;

	while (i < report->n_acted && (strcmp(report->acted[i].fault, hit->fault) ||
				       strcmp(report->acted[i].past, hit->past)))
		i++;
	if (i == FAULTS_MOST)
		return;
	if (i == report->n_acted) {
		report->acted[i] = (struct acted){ strdup(hit->fault), strdup(hit->past), 0 };
		if (!report->acted[i].fault || !report->acted[i].past) {
			free(report->acted[i].fault);
			free(report->acted[i].past);
			return;
		}
		report->n_acted++;
	}
	report->acted[i].n++;
}

static void ended_take(struct report *report, const struct event_step *step)
{
	char took[40];

	duration_text(step->took_ns, took, sizeof(took));
	free(report->ended);
	report->ended = NULL;
	if (!strcmp(step->error, "none")) {
		if (asprintf(&report->ended, "ended with %s after %s", step->detail, took) < 0)
			report->ended = NULL;
	} else if (!strcmp(step->error, "deadline")) {
		if (asprintf(&report->ended, "was ended after %s: its time was over", took) < 0)
			report->ended = NULL;
	} else if (asprintf(&report->ended, "%s: %s", step->detail, step->error) < 0) {
		report->ended = NULL;
	}
}

static void program_event(struct report *report, const struct event *event)
{
	struct program_connections *pc = &report->connections;

	program_connections_event(pc, event);
	switch (event->type) {
	case EVENT_STEP_END:
		if (program_step(event->step.text))
			ended_take(report, &event->step);
		break;
	case EVENT_NOTE:
		/* what is said of the program itself; others are about the lab */
		if (pc->started && event->host == pc->host && !report->note)
			report->note = strdup(event->note.text);
		break;
	case EVENT_HIT:
		if (pc->started)
			hit_take(report, &event->hit);
		break;
	default:
		break;
	}
}

/* "connected after 1.03 s", "refused after 0.2 ms", "never connected" */
static void how_put(const struct program_connection *c, FILE *out)
{
	char took[40];

	if (c->up_ns >= 0)
		fprintf(out, "%s after %s", c->opened ? "connected" : "accepted",
			duration_text(c->up_ns - c->begun_ns, took, sizeof(took)));
	else if (c->rst_ns >= 0 && !c->sent && !c->received)
		fprintf(out, "refused after %s",
			duration_text(c->rst_ns - c->begun_ns, took, sizeof(took)));
	else if (c->sent || c->received)
		fputs("connected", out);
	else
		fputs("never connected", out);
	if (c->syns > 1)
		fprintf(out, ", %d SYNs", c->syns);
	if (c->retries)
		fprintf(out, ", %d %s sent again", c->retries,
			c->retries == 1 ? "segment" : "segments");
	if (c->sent || c->received)
		fprintf(out, ", %" PRIu64 " B sent, %" PRIu64 " B received", c->sent, c->received);
	if (c->rst_ns >= 0 && (c->sent || c->received || c->up_ns >= 0))
		fputs(", reset by the peer", out);
	if (c->state[0] && strcmp(c->state, "CLOSED"))
		fprintf(out, "; left in %s", c->state);
}

static void connection_put(const struct report *report, const struct program_connection *c)
{
	char ends[PROGRAM_CONNECTION_TEXT], *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return;
	fprintf(f, "  %s: ", program_connection_text(c, ends, sizeof(ends)));
	how_put(c, f);
	if (fclose(f) == 0)
		text_wrap(&report->paper, report->out, text, 2, 4);
	free(text);
}

static void program_close(struct report *report)
{
	if (!report)
		return;
	if (report->ended)
		fprintf(report->out, "nslab: the program %s\n", report->ended);
	if (report->note)
		text_wrap(&report->paper, report->out, report->note, 2, 4);
	for (int i = 0; i < report->connections.n; i++)
		connection_put(report, &report->connections.list[i]);
	if (report->connections.more)
		fprintf(report->out, "  and %d more connections\n", report->connections.more);
	for (int i = 0; i < report->n_acted; i++) {
		struct acted *acted = &report->acted[i];

		fprintf(report->out, "  %s %s %d %s\n", acted->fault, acted->past, acted->n,
			acted->n == 1 ? "packet" : "packets");
		free(acted->fault);
		free(acted->past);
	}
	fflush(report->out);
	free(report->ended);
	free(report->note);
	program_connections_release(&report->connections);
	paper_release(&report->paper);
	free(report);
}

const struct report_type REPORT_PROGRAM = {
	.name = "program",
	.help = "what the connections of a program under nslab exec came to",
	.open = program_open,
	.event = program_event,
	.close = program_close,
};
