/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to impair/: what a lane of the delay line decides for each packet. Talks to nobody. */
#ifndef NSLAB_IMPAIR_LANE_H
#define NSLAB_IMPAIR_LANE_H

#include "impair/connections.h"
#include "impair/delayline.h"
#include "impair/nfqueue.h"

/**
 * struct lane_state - a lane's memory
 * @spec: what it is for
 * @n: packets so far
 * @n_held: that wait now
 * @free_ns: when the wire will have sent all that was handed to it (rate)
 * @last_due_ns: the latest time promised so far; @ordered: no packet was promised an earlier one
 * @seeds: of delay, duplicate, reorder, corrupt, and of a fault's pick
 * @connections: with picks
 */
struct lane_state {
	struct lane spec;
	uint32_t n;
	int64_t n_held;
	int64_t free_ns;
	int64_t last_due_ns;
	bool ordered;
	uint32_t seeds[5];
	struct connections *connections;
};

/**
 * struct decision - what becomes of a packet
 * @due_ns: when it is to go on, at the latest; CLOCK_MONOTONIC
 * @drop: the limit is reached
 * @copies, @overtaken: as in struct holding
 * @corrupt_bit: which bit behind the IP header is flipped, counted modulo their number; -1 for none
 * @mark: to be set, 0 for none
 */
struct decision {
	int64_t due_ns;
	bool drop;
	unsigned copies;
	bool overtaken;
	int64_t corrupt_bit;
	uint32_t mark;
};

/** lane_init() - @name: what chance depends on beside @seed; 0 or -ENOMEM */
int lane_init(struct lane_state *lane, const struct lane *spec, const char *name, int64_t seed);
void lane_clear(struct lane_state *lane);

/**
 * lane_decide() - decide on the next packet
 * @came_ns: when it came
 */
void lane_decide(struct lane_state *lane, const struct queued *q, int64_t came_ns,
		 struct decision *ret);

/** lane_picked() - is it one that the lane is about, not one that only comes by? */
bool lane_picked(const struct lane_state *lane, const struct queued *q);

/** lane_whole() - does it need packets in full, to send them again or to change them? */
bool lane_whole(const struct lane_state *lane);

/** shape_delay() - the delay of one packet: @u1, @u2 are 32 random bits each */
int64_t shape_delay(const struct shape *shape, uint32_t u1, uint32_t u2);

/*
 * Marks: what the pick lane of fault number I chose, and what it did not; what a fault's rules send to
 * its own lane because it was picked; copies, which no fault looks at.
 */
enum {
	MARK_BASE = 0x6e730000,
	MARK_COPY = MARK_BASE | 0xffff,
};
static inline uint32_t mark_chosen(int fault)
{
	return (uint32_t)MARK_BASE | (uint32_t)fault << 2 | 1;
}
static inline uint32_t mark_passed_over(int fault)
{
	return (uint32_t)MARK_BASE | (uint32_t)fault << 2 | 2;
}
static inline uint32_t mark_held(int fault)
{
	return (uint32_t)MARK_BASE | (uint32_t)fault << 2 | 3;
}

#endif
