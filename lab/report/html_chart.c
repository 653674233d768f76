// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a packet that rests on a wire or at a host comes as several legs. Its first
 * leg makes a mark, the others are added to it, found by the packet's number in a table that knows
 * the latest few thousand.
 *
 * A stream is a row of bulk packets without anything else between them. When it grows beyond
 * RUN_MOST all but the first RUN_SHOWN are taken out again, and from then on they are only counted.
 * What later legs tell of such a packet is ignored, unless it is something other than that it went
 * its way: then the packet gets a mark of its own.
 */
#include "lab/report/html_chart.h"

#include <stdlib.h>
#include <string.h>

#include "lab/report/html_words.h"
#include "netns/cleanup.h"

enum {
	RUN_MOST = 40,
	RUN_SHOWN = 8,
	NUMBERS = 4096, /* a power of two */
	HOPS_MOST = 64,
	STAYS_MOST = 64,
	HEAD_MOST = 4000, /* marks that stay, and of what follows the latest */
	TAIL_MOST = 2000,
};

static const int64_t run_pause_ns = 50000000;

static void flight_clear(struct flight *flight)
{
	free(flight->leg.fault);
	free(flight->leg.past);
	free(flight->leg.released_by);
	for (int i = 0; i < flight->n_stays; i++)
		free(flight->stays[i].fault);
	free(flight->stays);
	free(flight->hops);
}

static void mark_free(struct chart *chart, struct mark *mark)
{
	struct mark **slot = &chart->by_number[mark->flight.leg.number % NUMBERS];

	if (*slot == mark)
		*slot = NULL;
	flight_clear(&mark->flight);
	free(mark->text);
	free(mark->more);
	free(mark->socket);
	free(mark->state);
	free(mark);
}

static void marks_remove(struct chart *chart, int from, int n)
{
	memmove(&chart->marks[from], &chart->marks[from + n],
		(size_t)(chart->n_marks - from - n) * sizeof(*chart->marks));
	chart->n_marks -= n;
}

/* The mark that stands for all that are left out. */
static struct mark *gap_make(int64_t t_ns)
{
	struct mark *gap = calloc(1, sizeof(*gap));

	if (gap) {
		gap->kind = MARK_GAP;
		gap->t_ns = t_ns;
		gap->host = -1;
	}
	return gap;
}

/* Too many: the older half of the tail goes. */
static void middle_cut(struct chart *chart)
{
	int n = TAIL_MOST / 2;

	if (chart->n_marks < HEAD_MOST + TAIL_MOST)
		return;
	chart->stream = NULL;
	chart->run_n = 0;
	if (!chart->gap)
		chart->gap = gap_make(chart->marks[HEAD_MOST]->t_ns);
	if (!chart->gap)
		return;
	for (int i = HEAD_MOST; i < HEAD_MOST + n; i++) {
		if (chart->marks[i] == chart->gap)
			continue;
		chart->gap->count++;
		mark_free(chart, chart->marks[i]);
	}
	marks_remove(chart, HEAD_MOST, n - 1);
	chart->marks[HEAD_MOST] = chart->gap;
}

static struct mark *mark_add(struct chart *chart, enum mark_kind kind, int64_t t_ns, int host)
{
	int n = chart->n_marks;
	struct mark *mark, **marks = chart->marks;

	if (!(n & (n - 1)))
		marks = realloc(marks, (size_t)(n ? 2 * n : 1) * sizeof(struct mark *));
	if (!marks)
		return NULL;
	chart->marks = marks;
	mark = calloc(1, sizeof(*mark));
	if (!mark)
		return NULL;
	mark->kind = kind;
	mark->t_ns = t_ns;
	mark->host = host;
	marks[chart->n_marks++] = mark;
	return mark;
}

/* ---- packets -------------------------------------------------------------------------------- */

static void hop_append(struct flight *f, const struct hop *hop)
{
	struct hop *hops;

	if (f->n_hops >= HOPS_MOST)
		return;
	hops = realloc(f->hops, (size_t)(f->n_hops + 1) * sizeof(*hops));
	if (!hops)
		return;
	f->hops = hops;
	hops[f->n_hops++] = *hop;
}

/* The second half of an arrow belongs to the first, if that is here. */
static bool hop_completes(struct flight *f, const struct hop *hop)
{
	struct hop *last = f->n_hops ? &f->hops[f->n_hops - 1] : NULL;

	if (!hop->resumed || !last || last->came_ns != -1 || last->from != hop->from ||
	    last->to != hop->to)
		return false;
	last->came_ns = hop->came_ns;
	last->held_ns = hop->held_ns;
	return true;
}

static void stay_append(struct flight *f, int host, int64_t from_ns, const char *fault)
{
	struct stay *stays;

	if (f->n_stays >= STAYS_MOST)
		return;
	stays = realloc(f->stays, (size_t)(f->n_stays + 1) * sizeof(*stays));
	if (!stays)
		return;
	f->stays = stays;
	stays[f->n_stays++] = (struct stay){
		.host = host, .hop = -1, .from_ns = from_ns, .to_ns = -1, .fault = strdup(fault)
	};
}

static void stay_over(struct flight *f, int64_t t_ns)
{
	struct stay *stay = f->n_stays ? &f->stays[f->n_stays - 1] : NULL;

	if (!stay || stay->to_ns != -1)
		return;
	stay->to_ns = t_ns;
	stay->hop = f->n_hops;
}

static void text_move(char **to, char **from)
{
	free(*to);
	*to = *from;
	*from = NULL;
}

static int64_t leg_end_ns(const struct leg *leg, int64_t t_ns)
{
	const struct hop *last = leg->n_hops ? &leg->hops[leg->n_hops - 1] : NULL;

	if (last && last->came_ns != -1 && last->came_ns > t_ns)
		return last->came_ns;
	return t_ns;
}

/* What this leg tells, to what is known of the packet. */
static void flight_goes_on(struct flight *f, struct leg *leg, int64_t t_ns)
{
	f->bulk &= leg_is_bulk(leg);
	if (leg->released_by[0])
		stay_over(f, t_ns);
	for (int i = 0; i < leg->n_hops; i++)
		if (!hop_completes(f, &leg->hops[i]))
			hop_append(f, &leg->hops[i]);
	f->end_ns = leg_end_ns(leg, t_ns);
	f->leg.end = leg->end;
	f->leg.at = leg->at;
	if (leg->end == LEG_HELD)
		stay_append(f, leg->at, f->end_ns, leg->fault);
	if (leg->fault[0]) {
		text_move(&f->leg.fault, &leg->fault);
		text_move(&f->leg.past, &leg->past);
	}
}

static struct mark *flight_begin(struct chart *chart, struct item *item)
{
	int64_t t_ns = item->leg.n_hops ? item->leg.hops[0].left_ns : item->t_ns;
	struct mark *mark = mark_add(chart, MARK_PACKET, t_ns, item->host);
	struct flight *f;

	if (!mark)
		return NULL;
	f = &mark->flight;
	f->leg = item->leg;
	f->leg.fault = strdup("");
	f->leg.past = strdup("");
	f->leg.released_by = strdup(item->leg.released_by);
	if (!f->leg.fault || !f->leg.past || !f->leg.released_by) {
		chart->n_marks--;
		mark_free(chart, mark);
		return NULL;
	}
	f->bulk = true;
	chart->by_number[f->leg.number % NUMBERS] = mark;
	flight_goes_on(f, &item->leg, item->t_ns);
	return mark;
}

static bool is_later_leg(const struct leg *leg)
{
	return leg->n_hops && leg->hops[0].resumed;
}

/* ---- streams -------------------------------------------------------------------------------- */

static void run_end(struct chart *chart)
{
	chart->stream = NULL;
	chart->run_n = 0;
}

static void stream_count(struct mark *stream, const struct leg *leg)
{
	stream->count++;
	stream->bytes += leg->packet.payload;
}

/* The run has grown too long: keep its first marks and those that are no longer bulk. */
static void run_fold(struct chart *chart)
{
	int from = chart->run_from + RUN_SHOWN, to = from;
	int64_t t_ns = chart->marks[from]->t_ns;
	struct mark *stream = mark_add(chart, MARK_STREAM, t_ns, -1);

	if (!stream)
		return;
	for (int i = from; i < chart->n_marks; i++) {
		struct mark *mark = chart->marks[i];

		if (mark->kind == MARK_PACKET && mark->flight.bulk) {
			stream_count(stream, &mark->flight.leg);
			mark_free(chart, mark);
		} else {
			chart->marks[to++] = mark;
		}
	}
	chart->n_marks = to;
	chart->stream = stream;
}

static bool in_run(const struct chart *chart, int64_t t_ns)
{
	int64_t pause;

	return chart->run_n && !__builtin_sub_overflow(t_ns, chart->run_ns, &pause) &&
	       pause <= run_pause_ns;
}

static void bulk_take(struct chart *chart, struct item *item)
{
	if (!in_run(chart, item->t_ns)) {
		run_end(chart);
		chart->run_from = chart->n_marks;
	}
	chart->run_ns = item->t_ns;
	chart->run_n++;
	if (chart->stream) {
		stream_count(chart->stream, &item->leg);
		return;
	}
	flight_begin(chart, item);
	if (chart->run_n > RUN_MOST && chart->n_marks > chart->run_from + RUN_SHOWN)
		run_fold(chart);
}

static void leg_take(struct chart *chart, struct item *item)
{
	struct leg *leg = &item->leg;
	struct mark *mark = chart->by_number[leg->number % NUMBERS];
	bool bulk = leg_is_bulk(leg);

	if (mark && mark->flight.leg.number == leg->number) {
		flight_goes_on(&mark->flight, leg, item->t_ns);
	} else if (bulk && is_later_leg(leg)) {
		chart->run_ns = item->t_ns; /* of a packet that was only counted */
	} else if (bulk && !chart->unfold) {
		bulk_take(chart, item);
	} else {
		run_end(chart);
		flight_begin(chart, item);
	}
}

/* ---- everything else ------------------------------------------------------------------------ */

static const enum mark_kind kinds[] = {
	[ITEM_LEG] = MARK_PACKET,    [ITEM_CALL] = MARK_CALL,	  [ITEM_RETURN] = MARK_RETURN,
	[ITEM_STATE] = MARK_STATE,   [ITEM_SWITCH] = MARK_SWITCH, [ITEM_VERDICT] = MARK_VERDICT,
	[ITEM_REMARK] = MARK_REMARK,
};

static void state_take(struct mark *mark, const struct event_state *state)
{
	if (asprintf(&mark->socket, "%s > %s", state->local, state->remote) < 0)
		mark->socket = NULL;
	mark->state = strdup(state->new);
}

static void other_take(struct chart *chart, const struct item *item)
{
	const struct event *event = &item->event;
	struct mark *mark;
	char *text = words_of(item, chart->begin);

	if (!text)
		return;
	run_end(chart);
	mark = mark_add(chart, kinds[item->kind], item->t_ns, item->host);
	if (!mark) {
		free(text);
		return;
	}
	mark->text = text;
	mark->more = words_more(item, chart->begin);
	if (item->kind == ITEM_STATE)
		state_take(mark, &event->state);
	if (item->kind == ITEM_CALL || item->kind == ITEM_RETURN) {
		mark->step = event->step.number;
		mark->over = item->end.type == EVENT_STEP_END;
	}
	mark->met = item->kind == ITEM_VERDICT && event->expectation.met;
	mark->bad = event->type == EVENT_ERROR;
}

static void item_take(void *arg, struct item *item)
{
	struct chart *chart = arg;

	if (item->kind == ITEM_LEG)
		leg_take(chart, item);
	else
		other_take(chart, item);
	middle_cut(chart);
}

/* ---- the whole ------------------------------------------------------------------------------ */

struct chart *chart_new(const struct event_begin *begin, bool unfold)
{
	struct chart *chart = calloc(1, sizeof(*chart));

	if (!chart)
		return NULL;
	chart->begin = begin;
	chart->unfold = unfold;
	chart->by_number = calloc(NUMBERS, sizeof(struct mark *));
	if (chart->by_number)
		chart->sequence = sequence_new(begin, item_take, chart);
	if (!chart->sequence) {
		chart_free(chart);
		return NULL;
	}
	return chart;
}

void chart_event(struct chart *chart, const struct event *event)
{
	sequence_event(chart->sequence, event);
}

/* Stable: what happened at the same time stays in the order in which it was told. */
static void marks_sort(struct mark **marks, int n)
{
	for (int i = 1; i < n; i++) {
		struct mark *mark = marks[i];
		int k = i;

		for (; k > 0 && marks[k - 1]->t_ns > mark->t_ns; k--)
			marks[k] = marks[k - 1];
		marks[k] = mark;
	}
}

static void counted_words(struct mark *mark)
{
	char amount[32];
	int r = 0;

	if (mark->kind == MARK_STREAM)
		r = asprintf(&mark->text, "… %lu more segment%s, %s", mark->count,
			     mark->count == 1 ? "" : "s",
			     words_bytes(mark->bytes, amount, sizeof(amount)));
	else if (mark->kind == MARK_GAP)
		r = asprintf(&mark->text, "… %lu things are left out here: the run is too long",
			     mark->count);
	if (r < 0)
		mark->text = NULL;
}

void chart_end(struct chart *chart)
{
	sequence_free(chart->sequence);
	chart->sequence = NULL;
	marks_sort(chart->marks, chart->n_marks);
	for (int i = 0; i < chart->n_marks; i++)
		counted_words(chart->marks[i]);
}

void chart_free(struct chart *chart)
{
	if (!chart)
		return;
	sequence_free(chart->sequence);
	for (int i = 0; i < chart->n_marks; i++)
		mark_free(chart, chart->marks[i]);
	free(chart->marks);
	free(chart->by_number);
	free(chart);
}
