// SPDX-License-Identifier: GPL-2.0-or-later
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lab/report/terminal.h"

enum {
	MARK_WIDTH = 10, /* "  FAILED  " */
	INDENT = 2,
};

static void heading(const struct paper *paper, FILE *out, const char *text)
{
	fputc('\n', out);
	text_put_styled(paper, out, STYLE_BOLD, text, paper->columns);
	fputc('\n', out);
}

/* A name and a text behind it, wrapped: "expected  SYN-SENT within 500 ms" */
static void detail_put(const struct paper *paper, FILE *out, const char *name, const char *text)
{
	int col = text_pad(out, 0, MARK_WIDTH);

	col += text_put(paper, out, name, paper->columns);
	text_wrap(paper, out, text, col, MARK_WIDTH + INDENT);
}

static void before_put(const struct paper *paper, FILE *out, const struct ring *before)
{
	if (!before->n)
		return;
	detail_put(paper, out, "before it, ", "in the timeline:");
	for (unsigned long i = 0; i < RING_LINES; i++) {
		const char *line = before->line[(before->n + i) % RING_LINES];

		if (line)
			fputs(line, out);
	}
}

static void mark_put(const struct paper *paper, FILE *out, bool met)
{
	int col;

	fputs("  ", out);
	col = 2 + text_put_styled(paper, out, met ? STYLE_GREEN : STYLE_RED, met ? "ok" : "FAILED",
				  MARK_WIDTH);
	text_pad(out, col, MARK_WIDTH);
}

static void unmet_put(const struct paper *paper, FILE *out, const struct event_begin *begin,
		      const struct judged *judged)
{
	const struct event_expectation *e = &judged->event.expectation;
	char *text;

	if (asprintf(&text, "%s:%d: %s", begin ? begin->file : "", e->line, e->text) < 0)
		return;
	mark_put(paper, out, false);
	text_wrap(paper, out, text, MARK_WIDTH, MARK_WIDTH);
	free(text);
	detail_put(paper, out, "expected: ", e->expected);
	detail_put(paper, out, "observed: ", e->observed);
	before_put(paper, out, &judged->before);
}

/*
 * What was met, in one entry for all that one step expected: "line 17: await conn: error deadline
 * after 2.5 s, after 2.5 s". Returns how many it took.
 */
static int met_put(const struct run *run, int first, const struct paper *paper, FILE *out)
{
	const struct event_expectation *e = &run->judged[first].event.expectation;
	char *text = NULL;
	size_t size;
	FILE *line = open_memstream(&text, &size);
	int n = 0;

	if (!line)
		return 1;
	fprintf(line, "line %d: %s", e->line, e->text);
	while (first + n < run->n_judged) {
		const struct event_expectation *next = &run->judged[first + n].event.expectation;

		if (!next->met || (n && strcmp(next->text, e->text) != 0))
			break;
		fprintf(line, "%s %s", n ? "," : ":", next->observed);
		n++;
	}
	if (fclose(line) == 0) {
		mark_put(paper, out, true);
		text_wrap(paper, out, text, MARK_WIDTH, MARK_WIDTH);
	}
	free(text);
	return n;
}

static void expectations_put(const struct run *run, const struct paper *paper,
			     const struct report_options *options, FILE *out)
{
	bool any = false;

	for (int i = 0; i < run->n_judged;) {
		bool met = run->judged[i].event.expectation.met;

		if (options->quiet && met) {
			i++;
			continue;
		}
		if (!any)
			heading(paper, out, "Expectations");
		any = true;
		if (met) {
			i += met_put(run, i, paper, out);
		} else {
			unmet_put(paper, out, run_begin(run), &run->judged[i]);
			i++;
		}
	}
}

/* A chapter of prose; nothing if it is empty. */
static void prose_put(const struct paper *paper, FILE *out, const char *title, const char *text)
{
	if (!text[0])
		return;
	heading(paper, out, title);
	text_wrap(paper, out, text, 0, INDENT);
}

static void notes_put(const struct run *run, const struct paper *paper, FILE *out)
{
	if (!run->n_notes)
		return;
	heading(paper, out, "Notes");
	for (int i = 0; i < run->n_notes; i++)
		text_wrap(paper, out, run->notes[i], 0, INDENT);
}

static const char *plural(int n)
{
	return n == 1 ? "" : "s";
}

/* Why it did not pass or fail as usual: the end's own words, or else the error's. */
static const char *end_why(const struct run *run, const struct event_end *end)
{
	if (!end)
		return "the log ends before the run did: it was killed, or the log is cut";
	if (end->text[0])
		return end->text;
	return run->error.error.text && end->result == RESULT_ERROR ? run->error.error.text : "";
}

static const char *signal_word(int signal)
{
	return signal == 2 ? "SIGINT" : signal == 15 ? "SIGTERM" : "a signal";
}

/* "in 2.53 s: 5 expectations met" */
static void result_words(const struct run *run, const struct event_end *end, FILE *out)
{
	const char *why = end_why(run, end);
	char took[40];

	if (!end) {
		fprintf(out, ": %s", why);
		return;
	}
	if (end->result == RESULT_INTERRUPTED && end->signal)
		fprintf(out, " by %s", signal_word(end->signal));
	if (end->result != RESULT_SKIPPED)
		fprintf(out, " %s %s", end->result == RESULT_PASSED ? "in" : "after",
			duration_text(end->took_ns, took, sizeof(took)));
	if (end->result == RESULT_PASSED)
		fprintf(out, ": %d expectation%s met", end->met, plural(end->met));
	else if (end->result == RESULT_FAILED && end->unmet)
		fprintf(out, ": %d of %lld expectation%s not met", end->unmet,
			(long long)end->met + end->unmet, plural(end->met + end->unmet));
	if (why[0])
		fprintf(out, ": %s", why);
}

static void result_put(const struct run *run, const struct paper *paper,
		       const struct event_end *end, FILE *out)
{
	static const struct {
		const char *word;
		enum style style;
	} words[RESULT_COUNT] = {
		[RESULT_PASSED] = { "PASSED", STYLE_GREEN },
		[RESULT_FAILED] = { "FAILED", STYLE_RED },
		[RESULT_ERROR] = { "ERROR", STYLE_RED },
		[RESULT_SKIPPED] = { "SKIPPED", STYLE_YELLOW },
		[RESULT_INTERRUPTED] = { "INTERRUPTED", STYLE_YELLOW },
	};
	enum result result = end && (unsigned)end->result < RESULT_COUNT ? end->result :
									   RESULT_ERROR;
	const struct event_begin *begin = run_begin(run);
	char *text = NULL;
	size_t size;
	FILE *line = open_memstream(&text, &size);
	int col;

	if (!line)
		return;
	fputs(begin ? begin->name : "a run without a name", line);
	if (end && end->result == RESULT_SKIPPED)
		fprintf(line, ": %s", end->text);
	else
		result_words(run, end, line);
	if (fclose(line) == 0) {
		col = text_put_styled(paper, out, words[result].style, words[result].word,
				      paper->columns);
		fputc(' ', out);
		text_wrap(paper, out, text, col + 1, INDENT);
	}
	free(text);
}

/* The error in full where the result does not already say it, and what to do about it. */
static void error_put(const struct run *run, const struct paper *paper, const struct event_end *end,
		      FILE *out)
{
	const struct event_error *error = &run->error.error;
	int col;

	if (!error->text)
		return;
	if (strcmp(end_why(run, end), error->text) != 0)
		text_wrap(paper, out, error->text, 0, INDENT);
	if (!error->fix[0])
		return;
	col = text_pad(out, 0, INDENT);
	col += text_put_styled(paper, out, STYLE_BOLD, "fix: ", paper->columns);
	text_wrap(paper, out, error->fix, col, INDENT);
}

void end_print(const struct run *run, const struct paper *paper, const struct event_end *end,
	       bool told, const struct report_options *options, FILE *out)
{
	const struct event_begin *begin = run_begin(run);
	bool whole = end && (end->result == RESULT_PASSED || end->result == RESULT_FAILED);

	expectations_put(run, paper, options, out);
	notes_put(run, paper, out);
	if (begin && whole && !told) {
		prose_put(paper, out,
			  end->result == RESULT_PASSED ? "What happened" : "What should happen",
			  begin->story);
		prose_put(paper, out, "What to do", begin->remedy);
	}
	if (!options->quiet || whole)
		fputc('\n', out);
	result_put(run, paper, end, out);
	error_put(run, paper, end, out);
	if (begin && begin->repeat[0]) {
		/* not cut and not wrapped: it is there to be copied */
		style_begin(paper, out, STYLE_DIM);
		fputs("again: ", out);
		text_put(paper, out, begin->repeat, INT_MAX);
		style_end(paper, out, STYLE_DIM);
		fputc('\n', out);
	}
}
