// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/report/html_scale.h"

#include <errno.h>
#include <stdlib.h>

#include "netns/cleanup.h"

enum {
	STEP_LEAST = 4,	 /* between two instants */
	STEP_LABEL = 15, /* from whatever is before to an arrow with a label above it */
	STEP_ABOVE = 23, /* from a text to such an arrow */
	STEP_MOST = 160,
	RUN_HEIGHT = 480, /* what the parts that are to scale should take, if nothing else counts */
	END_ROOM = 24,
};

static const double px_least = 0.3, px_most = 4; /* for a millisecond */
static const double quiet_ns = 150e6;		 /* is always folded */
static const double pause_ns = 60e6;		 /* is folded where it would take too much room */

/* The larger times of hostile logs do not matter here: a double never overflows. */
static double since(const struct knot *knot)
{
	return (double)knot[0].t_ns - (double)knot[-1].t_ns;
}

static int knot_order(const void *a, const void *b)
{
	const struct knot *x = a, *y = b;

	return x->t_ns < y->t_ns ? -1 : x->t_ns > y->t_ns;
}

enum label { LABEL_NONE, LABEL_TEXT, LABEL_PACKET };

static void knot_add(struct scale *scale, int64_t t_ns, enum label label)
{
	scale->knots[scale->n++] = (struct knot){ .t_ns = t_ns,
						  .labels = label != LABEL_NONE,
						  .packets = label == LABEL_PACKET };
}

/* Its label is said again where it goes on after it was held. */
static bool hop_has_label(const struct flight *f, int hop)
{
	for (int i = 0; i < f->n_stays; i++)
		if (f->stays[i].hop == hop)
			return true;
	return false;
}

/* Its end needs a slot of its own where a label stands: what stopped it, or where it waits. */
static bool end_has_label(const struct flight *f)
{
	return f->leg.end != LEG_ARRIVED;
}

static int knots_of(const struct mark *mark)
{
	const struct flight *f = &mark->flight;

	return 1 + (mark->kind == MARK_PACKET ? 1 + 2 * f->n_hops + 2 * f->n_stays : 0);
}

static void flight_knots(struct scale *scale, const struct flight *f)
{
	for (int i = 0; i < f->n_hops; i++) {
		knot_add(scale, f->hops[i].left_ns,
			 hop_has_label(f, i) ? LABEL_PACKET : LABEL_NONE);
		if (f->hops[i].came_ns != -1)
			knot_add(scale, f->hops[i].came_ns, LABEL_NONE);
	}
	for (int i = 0; i < f->n_stays; i++) {
		knot_add(scale, f->stays[i].from_ns, LABEL_TEXT);
		if (f->stays[i].to_ns != -1)
			knot_add(scale, f->stays[i].to_ns, LABEL_NONE);
	}
	knot_add(scale, f->end_ns, end_has_label(f) ? LABEL_TEXT : LABEL_NONE);
}

static int knots_gather(struct scale *scale, const struct chart *chart)
{
	size_t n = 0;

	for (int i = 0; i < chart->n_marks; i++)
		n += (size_t)knots_of(chart->marks[i]);
	scale->knots = calloc(n ? n : 1, sizeof(*scale->knots));
	if (!scale->knots)
		return -ENOMEM;
	for (int i = 0; i < chart->n_marks; i++) {
		bool packet = chart->marks[i]->kind == MARK_PACKET;

		knot_add(scale, chart->marks[i]->t_ns, packet ? LABEL_PACKET : LABEL_TEXT);
		if (packet)
			flight_knots(scale, &chart->marks[i]->flight);
	}
	return 0;
}

/* In order, each instant once. */
static void knots_merge(struct scale *scale)
{
	int n = 0;

	qsort(scale->knots, (size_t)scale->n, sizeof(*scale->knots), knot_order);
	for (int i = 0; i < scale->n; i++) {
		struct knot *last = n ? &scale->knots[n - 1] : NULL;

		if (!last || last->t_ns != scale->knots[i].t_ns) {
			scale->knots[n++] = scale->knots[i];
			continue;
		}
		last->labels += scale->knots[i].labels;
		last->packets |= scale->knots[i].packets;
	}
	scale->n = n;
}

/* Pixels for a millisecond: a short run is drawn large, a long one small. */
static double px_per_ms(const struct scale *scale)
{
	double ms = 0, px;

	for (int i = 1; i < scale->n; i++)
		if (since(&scale->knots[i]) <= pause_ns)
			ms += since(&scale->knots[i]) / 1e6;
	px = ms > 0 ? RUN_HEIGHT / ms : px_most;
	if (px < px_least)
		return px_least;
	return px < px_most ? px : px_most;
}

/* Is the time before it quiet, and drawn short? */
static bool is_folded(const struct knot *knot, double px)
{
	double ns = since(knot);

	return ns > quiet_ns || (ns > pause_ns && ns / 1e6 * px > STEP_MOST);
}

static int larger(int a, int b)
{
	return a > b ? a : b;
}

/**
 * struct floor - where the latest labels are
 * @text, @packet: the lowest of each kind
 */
struct floor {
	int text, packet;
};

/* As far below the one before as the time asks for, and the labels of both. */
static void knot_place(struct knot *k, const struct floor *floor, double px)
{
	int last = k[-1].y + (k[-1].labels > 1 ? (k[-1].labels - 1) * SCALE_SLOT : 0);

	k->y = last + STEP_LEAST;
	if (is_folded(k, px)) {
		if (__builtin_sub_overflow(k->t_ns, k[-1].t_ns, &k->fold_ns))
			k->fold_ns = INT64_MAX;
		k->y = larger(last, larger(floor->text, floor->packet)) + SCALE_FOLD;
	} else {
		k->y = larger(k->y, k[-1].y + (int)(since(k) / 1e6 * px));
	}
	if (k->labels)
		k->y = larger(k->y, larger(floor->text, floor->packet) + SCALE_SLOT);
	if (k->packets)
		k->y = larger(k->y, larger(last + STEP_LABEL, floor->text + STEP_ABOVE));
}

static void knots_place(struct scale *scale)
{
	double px = px_per_ms(scale);
	struct floor floor = { 0, 0 };

	for (int i = 0; i < scale->n; i++) {
		struct knot *k = &scale->knots[i];

		if (i)
			knot_place(k, &floor, px);
		else
			k->y = SCALE_TOP;
		if (k->labels)
			*(k->packets && k->labels == 1 ? &floor.packet : &floor.text) =
				k->y + (k->labels - 1) * SCALE_SLOT;
	}
	scale->height = END_ROOM + SCALE_SLOT + larger(floor.text, floor.packet);
	if (scale->n)
		scale->height = larger(scale->height, scale->knots[scale->n - 1].y + END_ROOM);
}

static struct knot *knot_at(const struct scale *scale, int64_t t_ns)
{
	int low = 0, high = scale->n - 1;

	while (low < high) {
		int middle = low + (high - low + 1) / 2;

		if (scale->knots[middle].t_ns <= t_ns)
			low = middle;
		else
			high = middle - 1;
	}
	return &scale->knots[low];
}

/* Marks are in order, so those of one instant follow each other. */
static void marks_place(const struct scale *scale, struct chart *chart)
{
	int nth = 0;

	for (int i = 0; i < chart->n_marks; i++) {
		struct mark *mark = chart->marks[i];

		nth = i && chart->marks[i - 1]->t_ns == mark->t_ns ? nth + 1 : 0;
		mark->y = scale_y(scale, mark->t_ns) + nth * SCALE_SLOT;
	}
}

int scale_init(struct scale *scale, struct chart *chart)
{
	*scale = (struct scale){ 0 };
	if (knots_gather(scale, chart) < 0)
		return -ENOMEM;
	knots_merge(scale);
	knots_place(scale);
	marks_place(scale, chart);
	return 0;
}

void scale_release(struct scale *scale)
{
	free(scale->knots);
	*scale = (struct scale){ 0 };
}

int scale_y(const struct scale *scale, int64_t t_ns)
{
	return scale->n ? knot_at(scale, t_ns)->y : SCALE_TOP;
}
