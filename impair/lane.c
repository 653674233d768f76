// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: everything here is a function of what the lane was told, of the packets so far,
 * and of the seed, so the same packets get the same holding in every run. Times are promised, not kept:
 * that is the delay line's part.
 *
 * A link works like netem (net/sched/sch_netem.c), with one difference: the rate comes before the
 * delay, as on a wire, where a packet is first put on it bit by bit and then travels. A packet waits
 * until those before it are on the wire, so the rate is kept exactly, and the delay is added behind.
 */
#include "impair/lane.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "netns/cleanup.h"

enum { OF_DELAY, OF_DUPLICATE, OF_REORDER, OF_CORRUPT, OF_PICK };

#define NS_PER_S INT64_C(1000000000)

int lane_init(struct lane_state *lane, const struct lane *spec, const char *name, int64_t seed)
{
	static const char *const of[] = { "delay", "duplicate", "reorder", "corrupt" };
	char text[160];

	*lane = (struct lane_state){ .spec = *spec, .ordered = true };
	for (size_t i = 0; i < ARRAY_SIZE(of); i++) {
		snprintf(text, sizeof(text), "%s/%s", name, of[i]);
		lane->seeds[i] = chance_seed(seed, text);
	}
	lane->seeds[OF_PICK] = chance_seed(seed, name);
	if (!spec->picks)
		return 0;
	lane->connections = connections_new();
	return lane->connections ? 0 : -ENOMEM;
}

void lane_clear(struct lane_state *lane)
{
	connections_free(lane->connections);
	lane->connections = NULL;
}

bool lane_whole(const struct lane_state *lane)
{
	const struct shape *shape = &lane->spec.shape;
	struct holding holding = { 0 };

	if (!lane->spec.fault)
		return shape->duplicate || shape->corrupt;
	return !lane->spec.picks && fault_hold(lane->spec.fault, &holding) && holding.copies;
}

/* A fault's rules mark those that it picked; the others come only to overtake. */
bool lane_picked(const struct lane_state *lane, const struct queued *q)
{
	return !lane->spec.fault || lane->spec.picks || q->mark == mark_held(lane->spec.number);
}

int64_t shape_delay(const struct shape *shape, uint32_t u1, uint32_t u2)
{
	double spread = (double)shape->jitter_ns;
	int64_t delay;

	if (!shape->jitter_ns)
		return shape->delay_ns;
	if (shape->distribution == JITTER_NORMAL)
		/* Box and Muller; the first number is never 0 */
		spread *= sqrt(-2 * log(((double)u1 + 1) / 4294967296.0)) *
			  cos(2 * M_PI * (double)u2 / 4294967296.0);
	else
		spread *= 2 * (double)u1 / 4294967296.0 - 1;
	delay = shape->delay_ns + (int64_t)spread;
	return delay > 0 ? delay : 0;
}

static void link_decide(struct lane_state *lane, const struct queued *q, int64_t came_ns,
			struct decision *d)
{
	const struct shape *s = &lane->spec.shape;
	uint32_t n = lane->n;
	int64_t start = came_ns;

	if (lane->n_held >= (s->limit ?: SHAPE_LIMIT)) {
		d->drop = true;
		return;
	}
	if (s->corrupt && chance_decide(lane->seeds[OF_CORRUPT], n, s->corrupt))
		d->corrupt_bit = chance_bits(lane->seeds[OF_CORRUPT], ~n);
	if (s->duplicate && chance_decide(lane->seeds[OF_DUPLICATE], n, s->duplicate))
		d->copies = 1;
	if (s->rate) {
		if (lane->free_ns > start)
			start = lane->free_ns;
		start += (int64_t)((__int128)q->wire_len * 8 * NS_PER_S / s->rate);
		lane->free_ns = start;
	}
	d->due_ns = start;
	if (!s->reorder || !chance_decide(lane->seeds[OF_REORDER], n, s->reorder))
		d->due_ns += shape_delay(s, chance_bits(lane->seeds[OF_DELAY], 2 * n),
					 chance_bits(lane->seeds[OF_DELAY], 2 * n + 1));
}

static void pick_decide(struct lane_state *lane, const struct queued *q, struct decision *d)
{
	uint32_t n = connections_count(lane->connections, q->packet, q->len);
	bool chosen = n && fault_picks_number(lane->spec.fault, lane->seeds[OF_PICK], n);

	d->mark = chosen ? mark_chosen(lane->spec.number) : mark_passed_over(lane->spec.number);
}

static void fault_decide(struct lane_state *lane, const struct queued *q, int64_t came_ns,
			 struct decision *d)
{
	const struct fault *fault = lane->spec.fault;
	struct holding holding = { 0 };

	if (!lane_picked(lane, q))
		return;
	fault_hold(fault, &holding);
	d->due_ns = came_ns + holding.delay_ns;
	d->copies = holding.copies;
	d->overtaken = holding.overtaken;
}

void lane_decide(struct lane_state *lane, const struct queued *q, int64_t came_ns,
		 struct decision *d)
{
	*d = (struct decision){ .due_ns = came_ns, .corrupt_bit = -1 };
	if (!lane->spec.fault)
		link_decide(lane, q, came_ns, d);
	else if (lane->spec.picks)
		pick_decide(lane, q, d);
	else
		fault_decide(lane, q, came_ns, d);
	lane->n++;
	if (d->drop)
		return;
	if (d->due_ns < lane->last_due_ns || d->overtaken || d->copies || d->mark ||
	    d->corrupt_bit >= 0)
		lane->ordered = false;
	if (d->due_ns > lane->last_due_ns)
		lane->last_due_ns = d->due_ns;
}
