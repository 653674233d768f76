// SPDX-License-Identifier: GPL-2.0-or-later
/* Kernel stamps on the axis, also when somebody sets the clock. All times are made up, but for the last. */
#include "tests/support/main.h"

#include <stdbool.h>
#include <time.h>

#include "lab/observe/axis.h"
#include "netns/cleanup.h"

#define MS INT64_C(1000000)
#define S  INT64_C(1000000000)

/*
 * A run that began at monotonic 500 s, looked at the clocks at 510.000 s and again at 510.005 s. The
 * wall clock was ahead by @before at the first look, and by @now at the second.
 */
static struct axis looked(int64_t before, int64_t now)
{
	return (struct axis){ .t0_ns = 500 * S,
			      .before_ns = 510 * S,
			      .updated_ns = 510 * S + 5 * MS,
			      .offset_before_ns = before,
			      .offset_ns = now };
}

static void test_axis_turns_a_stamp_with_a_steady_clock(void **state)
{
	struct axis axis = looked(1000 * S, 1000 * S);

	(void)state;
	assert_int_equal(axis_from_realtime(&axis, 1510 * S + 2 * MS), 10 * S + 2 * MS);
	assert_int_equal(axis_from_realtime(&axis, 1500 * S), 0);
	/* from long before the last look, as a log that was read late */
	assert_int_equal(axis_from_realtime(&axis, 1505 * S), 5 * S);
	assert_int_equal(axis_from_realtime(&axis, 1499 * S), -S);
}

/*
 * The clock was set by @step between the two looks. A stamp from before the step fits with the old
 * offset, one from after it with the new one; both packets came between the looks.
 */
static void test_axis_survives_a_clock_step(void **state)
{
	static const int64_t steps[] = { 3600 * S, -3600 * S, S,	-S,	     60 * MS,
					 -60 * MS, 20 * MS,   -20 * MS, 1000000 * S, -900 * S };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct axis axis = looked(1000 * S, 1000 * S + steps[i]);

		for (int64_t at = 0; at <= 5 * MS; at += MS) {
			int64_t mono = 510 * S + at;

			assert_int_equal(axis_from_realtime(&axis, mono + 1000 * S), 10 * S + at);
			assert_int_equal(axis_from_realtime(&axis, mono + 1000 * S + steps[i]),
					 10 * S + at);
		}
	}
}

/* ntp slews: the offsets differ by little, either will do, and the error is no more than that. */
static void test_axis_is_as_exact_as_the_slew(void **state)
{
	static const int64_t slews[] = { 500, -500, 100000, -100000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(slews); i++) {
		struct axis axis = looked(1000 * S, 1000 * S + slews[i]);
		int64_t got = axis_from_realtime(&axis, 1510 * S + 2 * MS);
		int64_t off = got - (10 * S + 2 * MS);

		assert_true(off <= 100000 && off >= -100000);
	}
}

/* Two looks later the old offset is forgotten. */
static void test_axis_update_moves_the_offsets_on(void **state)
{
	struct axis axis = looked(7, 8);

	(void)state;
	axis_update(&axis);
	assert_int_equal(axis.offset_before_ns, 8);
	assert_int_equal(axis.before_ns, 510 * S + 5 * MS);
	assert_true(axis.updated_ns > 0);
	assert_int_equal(axis.t0_ns, 500 * S);
}

/* With the real clocks: what is stamped now is now, whatever the wall clock shows. */
static void test_axis_agrees_with_the_real_clocks(void **state)
{
	struct timespec real;
	struct axis axis;
	int64_t before, stamp, after;

	(void)state;
	axis_start(&axis);
	assert_true(axis_now(&axis) >= 0);
	for (int i = 0; i < 100; i++) {
		before = axis_now(&axis);
		clock_gettime(CLOCK_REALTIME, &real);
		after = axis_now(&axis);
		axis_update(&axis);
		stamp = axis_from_realtime(&axis, (int64_t)real.tv_sec * S + real.tv_nsec);
		/* as exact as two readings of two clocks can be on a busy machine */
		assert_true(stamp >= before - MS && stamp <= after + MS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_axis_turns_a_stamp_with_a_steady_clock),
		cmocka_unit_test(test_axis_survives_a_clock_step),
		cmocka_unit_test(test_axis_is_as_exact_as_the_slew),
		cmocka_unit_test(test_axis_update_moves_the_offsets_on),
		cmocka_unit_test(test_axis_agrees_with_the_real_clocks),
	};

	return TEST_MAIN("axis", tests, NULL, NULL);
}
