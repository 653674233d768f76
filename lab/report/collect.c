// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/report/collect.h"

#include <stdlib.h>
#include <string.h>

#include "netns/cleanup.h"

void collected_clear(struct collected *run)
{
	for (int i = 0; i < run->n_unmet; i++)
		event_clear(&run->unmet[i]);
	free(run->unmet);
	for (int i = 0; i < run->n_notes; i++)
		free(run->notes[i]);
	free(run->notes);
	free(run->ladder);
	event_clear(&run->begin);
	event_clear(&run->end);
	event_clear(&run->error);
	memset(run, 0, sizeof(*run));
}

/* A zeroed event is no record: a record has all its strings. */
const struct event_begin *collected_begin(const struct collected *run)
{
	return run->begin.begin.name ? &run->begin.begin : NULL;
}

const struct event_end *collected_end(const struct collected *run)
{
	return run->end.end.text ? &run->end.end : NULL;
}

const struct event_error *collected_error(const struct collected *run)
{
	return run->error.error.text ? &run->error.error : NULL;
}

enum outcome collected_outcome(const struct collected *run)
{
	const struct event_end *end = collected_end(run);

	if (!end)
		return OUTCOME_UNFINISHED;
	return (unsigned)end->result < RESULT_COUNT ? (enum outcome)end->result : OUTCOME_ERROR;
}

const char *outcome_name(enum outcome outcome)
{
	return outcome == OUTCOME_UNFINISHED ? "unfinished" : result_name((enum result)outcome);
}

const char *collected_name(const struct collected *run)
{
	const struct event_begin *begin = collected_begin(run);

	return begin && begin->name[0] ? begin->name : "a run without a name";
}

const char *collected_file(const struct collected *run)
{
	const struct event_begin *begin = collected_begin(run);

	return begin ? begin->file : "";
}

int64_t collected_took_ns(const struct collected *run)
{
	const struct event_end *end = collected_end(run);
	int64_t took_ns = end ? end->took_ns : run->last_ns;

	return took_ns > 0 ? took_ns : 0;
}

static const char *signal_word(int signal)
{
	return signal == 2 ? "SIGINT" : signal == 15 ? "SIGTERM" : "a signal";
}

/* The end's own words, or else the error's. */
static const char *end_words(const struct collected *run)
{
	const struct event_end *end = collected_end(run);
	const struct event_error *error = collected_error(run);

	if (end->text[0])
		return end->text;
	return error && end->result == RESULT_ERROR ? error->text : "";
}

char *collected_why(const struct collected *run)
{
	const struct event_end *end = collected_end(run);
	const char *words, *colon;
	char *ret = NULL;
	int r;

	if (!end)
		return strdup("the log ends before the run did: it was killed, or the log is cut");
	words = end_words(run);
	colon = words[0] ? ": " : "";
	if (end->result == RESULT_FAILED && end->unmet)
		r = asprintf(&ret, "%d of %lld expectations not met%s%s", end->unmet,
			     (long long)end->met + end->unmet, colon, words);
	else if (end->result == RESULT_INTERRUPTED)
		r = asprintf(&ret, "interrupted by %s%s%s", signal_word(end->signal), colon, words);
	else
		r = asprintf(&ret, "%s", words[0] ? words : outcome_name(collected_outcome(run)));
	return r < 0 ? NULL : ret;
}

/* Room for one more element behind @n of them; doubles, so that many are cheap. */
static void *list_grow(void *list, int n, size_t size)
{
	if (n & (n - 1))
		return list;
	return realloc(list, (size_t)(n ? 2 * (size_t)n : 1) * size);
}

static void unmet_keep(struct collected *run, const struct event *event)
{
	struct event *list = list_grow(run->unmet, run->n_unmet, sizeof(*list));

	if (!list)
		return;
	run->unmet = list;
	if (event_copy(event, &list[run->n_unmet]) == 0)
		run->n_unmet++;
}

static void note_keep(struct collected *run, const char *text)
{
	char **list = list_grow(run->notes, run->n_notes, sizeof(*list));

	if (!list)
		return;
	run->notes = list;
	list[run->n_notes] = strdup(text);
	if (list[run->n_notes])
		run->n_notes++;
}

static void event_keep(struct collected *run, const struct event *event)
{
	if (event->t_ns > run->last_ns)
		run->last_ns = event->t_ns;
	if (event->type == EVENT_NOTE)
		note_keep(run, event->note.text);
	else if (event->type == EVENT_EXPECTATION && event->expectation.met)
		run->n_met++;
	else if (event->type == EVENT_EXPECTATION)
		unmet_keep(run, event);
	else if (event->type == EVENT_ERROR && !collected_error(run))
		event_copy(event, &run->error);
	else if (event->type == EVENT_END)
		event_copy(event, &run->end);
}

/* @begin: NULL if there is none */
static void run_begins(struct collect *collect, const struct event *begin)
{
	struct collected *run = &collect->run;

	collect->open = true;
	if (begin)
		event_copy(begin, &run->begin);
	if (collect->type->ladder)
		collect->ladder = ladder_text_new(collected_begin(run));
	if (collect->type->begin)
		collect->type->begin(collect->report, run);
}

static void run_ends(struct collect *collect)
{
	struct collected *run = &collect->run;
	enum outcome outcome = collected_outcome(run);

	if (collect->ladder)
		run->ladder = ladder_text_free(TAKE_PTR(collect->ladder));
	if (outcome == OUTCOME_PASSED || outcome == OUTCOME_SKIPPED) {
		free(run->ladder);
		run->ladder = NULL;
	}
	collect->type->end(collect->report, run);
	collected_clear(run);
	collect->open = false;
}

void collect_event(struct collect *collect, const struct event *event)
{
	bool begins = event->type == EVENT_BEGIN;

	if (begins && collect->open)
		run_ends(collect);
	if (!collect->open)
		run_begins(collect, begins ? event : NULL);
	event_keep(&collect->run, event);
	if (collect->ladder && !begins)
		ladder_text_event(collect->ladder, event);
	if (collect->type->event)
		collect->type->event(collect->report, &collect->run, event);
	if (event->type == EVENT_END)
		run_ends(collect);
}

void collect_close(struct collect *collect)
{
	if (collect->open)
		run_ends(collect);
}
