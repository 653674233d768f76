// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/observe/axis.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

enum { SLACK_NS = 1000000 };

static int64_t clock_read(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t clock_now(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

/* realtime − monotonic, from the tightest of a few pairs: we may be interrupted within one. */
static int64_t offset_read(void)
{
	int64_t best = 0, width = INT64_MAX;

	for (int i = 0; i < 3; i++) {
		int64_t before = clock_now();
		int64_t real = clock_read(CLOCK_REALTIME);
		int64_t after = clock_now();

		if (after - before < width) {
			width = after - before;
			best = real - (before + after) / 2;
		}
	}
	return best;
}

void axis_start(struct axis *axis)
{
	memset(axis, 0, sizeof(*axis));
	axis->t0_ns = axis->updated_ns = axis->before_ns = clock_now();
	axis->offset_ns = axis->offset_before_ns = offset_read();
}

int64_t axis_now(const struct axis *axis)
{
	return clock_now() - axis->t0_ns;
}

void axis_update(struct axis *axis)
{
	axis->offset_before_ns = axis->offset_ns;
	axis->before_ns = axis->updated_ns;
	axis->offset_ns = offset_read();
	axis->updated_ns = clock_now();
}

static bool fits(const struct axis *axis, int64_t mono)
{
	return mono >= axis->before_ns - SLACK_NS && mono <= axis->updated_ns + SLACK_NS;
}

int64_t axis_from_realtime(const struct axis *axis, int64_t stamp_ns)
{
	int64_t by_new = stamp_ns - axis->offset_ns;
	int64_t by_old = stamp_ns - axis->offset_before_ns;

	if (!fits(axis, by_new) && fits(axis, by_old))
		return by_old - axis->t0_ns;
	return by_new - axis->t0_ns;
}
