/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one direction of a link does to packets, as plain data. Nothing here talks to the kernel. */
#ifndef NSLAB_IMPAIR_SHAPE_H
#define NSLAB_IMPAIR_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** enum jitter - how the delay is spread around its mean */
enum jitter {
	JITTER_UNIFORM, /* anything in delay ± jitter, each as likely */
	JITTER_NORMAL,	/* normal distribution, jitter is its standard deviation; never below 0 */
};

enum {
	CHANCE_ALL = 1000000, /* chances are in millionths */
	SHAPE_LIMIT = 1000,   /* packets under way in one direction, unless limit says otherwise */
};

#define SHAPE_DELAY_MAX INT64_C(60000000000) /* ns: a minute; longer than that nobody waits */

/**
 * struct shape - one direction of a link; all zero is a wire that takes no time
 * @delay_ns, @jitter_ns: at most SHAPE_DELAY_MAX; @jitter_ns is never more than @delay_ns
 * @loss, @duplicate, @reorder, @corrupt: of a million packets so many; @reorder: go ahead without
 *        the delay, so they overtake those before them (so it needs a delay)
 * @rate: bits per second, counted from the IP header on, 0 for no bound
 * @limit: packets held or waiting for the rate at a time, 0 for SHAPE_LIMIT; what comes beyond is dropped
 */
struct shape {
	int64_t delay_ns;
	int64_t jitter_ns;
	enum jitter distribution;
	uint32_t loss, duplicate, reorder, corrupt;
	int64_t rate;
	int64_t limit;
};

/** shape_is_none() - does it leave packets alone? */
bool shape_is_none(const struct shape *shape);

/** shape_holds() - does it hold, copy or change packets? Loss alone does not */
bool shape_holds(const struct shape *shape);

/** shape_clamp() - cut a jitter that is more than its delay to it; was it? */
bool shape_clamp(struct shape *shape);

/** shape_text() - "20 ms ± 5 ms, loss 2 %, 10 Mbit/s", "" for none; returns @buf */
const char *shape_text(const struct shape *shape, char *buf, size_t size);

#endif
