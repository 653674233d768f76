// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: each event becomes at most one line of the timeline, which is written and
 * flushed at once, and kept in a ring, so that an expectation that is not met can show what went
 * before it. What only makes sense as a whole (expectations, notes, the first error) is collected
 * in struct run and written when the run ends, however it ends. On request the ladder takes the
 * timeline's place; its lines are not kept in the ring, those of the timeline are.
 */
#include <stdlib.h>
#include <string.h>

#include "lab/report/ladder.h"
#include "lab/report/terminal.h"
#include "netns/cleanup.h"

enum {
	BULK_SHOWN = 10,	/* segments of a stream before the rest is only counted */
	BULK_GAP_NS = 50000000, /* after a pause it is no longer a stream */
};

/* A live ladder waits so long for what belongs to a line; a record is late only on a machine that stalls. */
static const int64_t live_patience_ns = 200000000;

/**
 * struct report - the terminal's
 * @ladder: of the run under way, NULL where the timeline is shown
 * @told: scenario whose story was printed last, NULL for none
 * @printed: something was, so that the next run is set off
 * @bulk: segments of a stream in a row
 * @bulk_t_ns: when the last of them came
 */
struct report {
	FILE *out;
	struct report_options options;
	struct paper paper;
	struct run run;
	struct ladder *ladder;
	char *told;
	bool printed;
	unsigned long bulk;
	int64_t bulk_t_ns;
};

static struct report *terminal_open(FILE *out, const struct report_options *options)
{
	struct report *report = calloc(1, sizeof(*report));

	if (!report)
		return NULL;
	report->out = out;
	report->options = *options;
	paper_init(&report->paper, options->columns, options->colour, options->unicode);
	return report;
}

static void fault_put(const struct report *report, const struct event_begin *begin, int i)
{
	const struct event_fault_info *fault = &begin->faults[i];
	bool placed = fault->host >= 0 && fault->host < begin->n_hosts;
	_cleanup_free_ char *text = NULL;

	if (asprintf(&text, "fault %s%s%s: %s%s", fault->name, placed ? " at " : "",
		     placed ? begin->hosts[fault->host] : "", fault->text,
		     fault->active ? "" : " (off at first)") >= 0)
		text_wrap(&report->paper, report->out, text, 0, 0);
}

/* What a shaped link does to packets; once where it does the same to both directions. */
static void shape_put(const struct report *report, const struct event_begin *begin, int i)
{
	const struct event_link_info *link = &begin->links[i];
	bool alike = strcmp(link->shape[0], link->shape[1]) == 0;

	for (int end = 0; end < (alike ? 1 : 2); end++) {
		int from = link->host[end], to = link->host[!end];
		_cleanup_free_ char *text = NULL;

		if (!link->shape[end][0] || from < 0 || to < 0 || from >= begin->n_hosts ||
		    to >= begin->n_hosts)
			continue;
		if (asprintf(&text, "link %s %s %s: %s%s%s%s", begin->hosts[from],
			     alike ? "--" : "->", begin->hosts[to], link->shape[end],
			     begin->shaper[0] ? " (" : "", begin->shaper,
			     begin->shaper[0] ? ")" : "") >= 0)
			text_wrap(&report->paper, report->out, text, 0, 0);
	}
}

/* What is not as usual about this run, and on request on what it runs. */
static void circumstances_put(struct report *report, const struct event_begin *begin)
{
	const struct paper *paper = &report->paper;
	_cleanup_free_ char *inverted = NULL, *version = NULL;

	if (begin->disarmed)
		text_wrap(paper, report->out, "disarmed: faults count, but let everything pass", 0,
			  0);
	if (begin->inverted &&
	    asprintf(&inverted, "inverted: expectation %d is turned round", begin->inverted) >= 0)
		text_wrap(paper, report->out, inverted, 0, 0);
	if (report->options.verbose &&
	    asprintf(&version, "nslab %s on Linux %s, %s, seed %lld%s%s", begin->nslab,
		     begin->kernel, begin->root ? "as root" : "in a user namespace",
		     (long long)begin->seed, begin->set[0] ? ", " : "", begin->set) >= 0)
		text_wrap(paper, report->out, version, 0, 0);
}

/* Name, title, topology and faults. */
static void header_put(struct report *report)
{
	const struct event_begin *begin = run_begin(&report->run);
	const struct paper *paper = &report->paper;
	FILE *out = report->out;
	_cleanup_free_ char *topology = NULL;

	if (!begin)
		return;
	topology = layout_topology(begin);
	if (report->printed)
		fputc('\n', out);
	report->printed = true;
	text_put_styled(paper, out, STYLE_BOLD, begin->name, paper->columns);
	fputc('\n', out);
	if (begin->title[0])
		text_wrap(paper, out, begin->title, 0, 0);
	if (topology)
		text_wrap(paper, out, topology, 0, 0);
	for (int i = 0; i < begin->n_links; i++)
		shape_put(report, begin, i);
	for (int i = 0; i < begin->n_faults; i++)
		fault_put(report, begin, i);
	circumstances_put(report, begin);
	if (!report->options.quiet)
		fputc('\n', out);
}

static bool timeline_shown(const struct report *report)
{
	return !report->options.quiet && !report->ladder;
}

/*
 * Show a line, unless only failures are wanted, and remember it in any case. Returns whether it
 * was shown whole.
 */
static bool entry_put(struct report *report, const struct entry *entry)
{
	struct run *run = &report->run;
	char *line = NULL;
	size_t size;
	FILE *out = open_memstream(&line, &size);
	bool cut;

	if (!out)
		return false;
	cut = layout_line(&run->layout, &report->paper, run_begin(run), entry, out);
	if (fclose(out) != 0) {
		free(line);
		return false;
	}
	if (timeline_shown(report)) {
		fputs(line, report->out);
		report->printed = true;
	}
	ring_add(&run->ring, line);
	return !cut && timeline_shown(report);
}

/* Say how much of a stream was left out. */
static void bulk_end(struct report *report)
{
	struct entry entry = { .t_ns = report->bulk_t_ns, .host = -1, .style = STYLE_DIM };

	if (report->bulk > BULK_SHOWN &&
	    asprintf(&entry.text, "… %lu more of these segments", report->bulk - BULK_SHOWN) >= 0) {
		entry_put(report, &entry);
		free(entry.text);
	}
	report->bulk = 0;
}

/* Is this one segment too many of a stream? Captures of several hosts may come out of order. */
static bool bulk_folds(struct report *report, const struct event *event)
{
	bool bulk = entry_is_bulk(event);
	uint64_t now = (uint64_t)event->t_ns, last = (uint64_t)report->bulk_t_ns;
	uint64_t gap = event->t_ns > report->bulk_t_ns ? now - last : last - now;

	if (!bulk || gap > BULK_GAP_NS)
		bulk_end(report);
	if (!bulk)
		return false;
	report->bulk++;
	report->bulk_t_ns = event->t_ns;
	return report->bulk > BULK_SHOWN;
}

static void line_put(struct report *report, const struct event *event)
{
	struct entry entry;
	bool shown = false;

	if (!entry_make(event, run_begin(&report->run), false, &entry))
		return;
	if (!bulk_folds(report, event))
		shown = entry_put(report, &entry);
	if (event->type == EVENT_NOTE && !shown)
		run_note(&report->run, event->note.text);
	free(entry.text);
}

static void run_start(struct report *report, const struct event *begin)
{
	struct run *run = &report->run;

	run->open = true;
	report->bulk = 0;
	report->bulk_t_ns = 0;
	if (!begin || event_copy(begin, &run->begin) < 0)
		return;
	layout_init(&run->layout, &report->paper, begin->begin.n_hosts);
	if (report->options.quiet)
		return;
	header_put(report);
	if (report->options.verbose)
		report->ladder = ladder_new(&run->begin.begin, &report->paper, &report->options,
					    report->out);
	if (!report->ladder)
		layout_heads(&run->layout, &report->paper, &run->begin.begin, report->out);
}

/* The story is told once for cases of the same scenario that follow each other. */
static bool story_is_told(struct report *report, const struct event_end *end)
{
	const struct event_begin *begin = run_begin(&report->run);

	if (!begin || !end || (end->result != RESULT_PASSED && end->result != RESULT_FAILED))
		return false;
	if (report->told && strcmp(report->told, begin->scenario) == 0)
		return true;
	free(report->told);
	report->told = strdup(begin->scenario);
	return false;
}

/* @end: NULL if there is none */
static void run_end(struct report *report, const struct event_end *end)
{
	bool quiet = report->options.quiet;

	bulk_end(report);
	ladder_free(TAKE_PTR(report->ladder));
	if (!quiet || !end || end->result != RESULT_PASSED) {
		if (quiet && end && end->result == RESULT_FAILED)
			header_put(report);
		end_print(&report->run, &report->paper, end, story_is_told(report, end),
			  &report->options, report->out);
		report->printed = true;
	}
	run_clear(&report->run);
}

static void terminal_event(struct report *report, const struct event *event)
{
	struct run *run = &report->run;

	if (event->type == EVENT_BEGIN) {
		if (run->open)
			run_end(report, NULL);
		run_start(report, event);
	} else if (!run->open) {
		run_start(report, NULL);
	}
	if (event->type == EVENT_EXPECTATION) {
		/* before its own line, so that the ring holds what went before */
		bulk_end(report);
		run_judge(run, event);
	}
	line_put(report, event);
	if (report->ladder)
		ladder_event(report->ladder, event);
	if (event->type == EVENT_ERROR && !run->error.error.text)
		event_copy(event, &run->error);
	else if (event->type == EVENT_END)
		run_end(report, &event->end);
	fflush(report->out);
}

static void terminal_tick(struct report *report, const struct report_now *now)
{
	if (!report->ladder)
		return;
	ladder_until(report->ladder, now->t_ns - live_patience_ns);
	fflush(report->out);
}

static void terminal_close(struct report *report)
{
	if (!report)
		return;
	if (report->run.open)
		run_end(report, NULL);
	fflush(report->out);
	free(report->told);
	paper_release(&report->paper);
	free(report);
}

const struct report_type REPORT_TERMINAL = {
	.name = "terminal",
	.help = "what happens, as it happens, on one time axis with a column for each host",
	.open = terminal_open,
	.event = terminal_event,
	.tick = terminal_tick,
	.close = terminal_close,
};
