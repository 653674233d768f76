/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The time axis of a run: CLOCK_MONOTONIC from its start. Kernel stamps are CLOCK_REALTIME. */
#ifndef NSLAB_OBSERVE_AXIS_H
#define NSLAB_OBSERVE_AXIS_H

#include <stdint.h>

/**
 * struct axis - how to get from either clock to the axis
 * @t0_ns: CLOCK_MONOTONIC at time 0
 * @offset_ns: realtime − monotonic, as of the last axis_update()
 * @offset_before_ns: the one before that
 * @updated_ns: CLOCK_MONOTONIC of the last update
 * @before_ns: of the one before that
 */
struct axis {
	int64_t t0_ns;
	int64_t offset_ns, offset_before_ns;
	int64_t updated_ns, before_ns;
};

/** clock_now() - CLOCK_MONOTONIC, ns */
int64_t clock_now(void);

/** axis_start() - time 0 is now */
void axis_start(struct axis *axis);

/** axis_from_monotonic() - a time of CLOCK_MONOTONIC on the axis */
static inline int64_t axis_from_monotonic(const struct axis *axis, int64_t ns)
{
	return ns - axis->t0_ns;
}

/** axis_now() - now on the axis, ns */
int64_t axis_now(const struct axis *axis);

/** axis_update() - look at both clocks again; to be called before a batch of stamps is turned */
void axis_update(struct axis *axis);

/**
 * axis_from_realtime() - a kernel stamp on the axis
 * Somebody may set the clock (ntp, an operator, a suspended machine) between the stamp and our
 * reading it. A stamp that was taken before the step fits the old offset only: of the two the one is
 * right that puts it between the last look and this one.
 */
int64_t axis_from_realtime(const struct axis *axis, int64_t stamp_ns);

#endif
