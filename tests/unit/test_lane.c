// SPDX-License-Identifier: GPL-2.0-or-later
/* What a lane of the delay line decides: a function of its shape, the packets so far and the seed. */
#include "tests/support/main.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "impair/action.h"
#include "impair/lane.h"
#include "netns/cleanup.h"

#define MS INT64_C(1000000)
#define T0 (1000 * 1000 * MS)

enum { MANY = 100000 };

static void lane_make(struct lane_state *lane, const struct shape *shape, const char *name,
		      int64_t seed)
{
	struct lane spec = { .shape = *shape };

	assert_int_equal(lane_init(lane, &spec, name, seed), 0);
}

static struct decision decide(struct lane_state *lane, size_t wire_len, int64_t came_ns)
{
	struct queued q = { .wire_len = wire_len };
	struct decision d;

	lane_decide(lane, &q, came_ns, &d);
	return d;
}

/* Is @hits, of @n tries with a chance of @millionths, within 4 sigma of what is expected? */
static void assert_rate(const char *what, int hits, int n, uint32_t millionths)
{
	double p = millionths / 1e6, sigma = sqrt(n * p * (1 - p));

	if (fabs(hits - n * p) > 4 * sigma)
		fail_msg("%s: %d of %d, expected %.0f ± %.0f", what, hits, n, n * p, 4 * sigma);
}

/* ---- delay ---- */

static void test_lane_without_a_shape_lets_go_at_once(void **state)
{
	struct lane_state lane;

	(void)state;
	lane_make(&lane, &(struct shape){ 0 }, "a -> b", 1);
	for (int i = 0; i < 100; i++) {
		struct decision d = decide(&lane, 1500, T0 + i);

		assert_int_equal(d.due_ns, T0 + i);
		assert_false(d.drop || d.copies || d.overtaken || d.mark);
		assert_int_equal(d.corrupt_bit, -1);
	}
	assert_true(lane.ordered);
	lane_clear(&lane);
}

static void test_lane_adds_a_constant_delay_and_keeps_order(void **state)
{
	struct lane_state lane;

	(void)state;
	lane_make(&lane, &(struct shape){ .delay_ns = 20 * MS }, "a -> b", 1);
	for (int i = 0; i < MANY; i++) {
		int64_t came = T0 + i / 3 * 1000; /* some come at the same time */

		assert_int_equal(decide(&lane, 60, came).due_ns, came + 20 * MS);
	}
	assert_true(lane.ordered);
	lane_clear(&lane);
}

static void test_lane_knows_when_a_packet_overtakes(void **state)
{
	struct lane_state lane;

	(void)state;
	lane_make(&lane, &(struct shape){ .delay_ns = 20 * MS }, "a -> b", 1);
	decide(&lane, 60, T0);
	assert_true(lane.ordered);
	lane.spec.shape.delay_ns = 5 * MS;
	assert_int_equal(decide(&lane, 60, T0 + MS).due_ns, T0 + 6 * MS);
	assert_false(lane.ordered);
	lane_clear(&lane);
}

/* ---- jitter ---- */

struct spread {
	double mean, sigma, lowest, highest;
	int below_one_sigma; /* values within one jitter of the delay */
};

static struct spread spread_of(const struct shape *shape, int64_t seed)
{
	struct spread s = { .lowest = INFINITY, .highest = -INFINITY };
	double sum = 0, squares = 0;
	struct lane_state lane;

	lane_make(&lane, shape, "a -> b", seed);
	for (int i = 0; i < MANY; i++) {
		int64_t came = T0 + i * MS;
		double v = (double)(decide(&lane, 60, came).due_ns - came);

		sum += v;
		squares += v * v;
		s.lowest = fmin(s.lowest, v);
		s.highest = fmax(s.highest, v);
		s.below_one_sigma += fabs(v - (double)shape->delay_ns) < (double)shape->jitter_ns;
	}
	s.mean = sum / MANY;
	s.sigma = sqrt(squares / MANY - s.mean * s.mean);
	lane_clear(&lane);
	return s;
}

static void test_lane_jitter_uniform(void **state)
{
	const struct shape shape = { .delay_ns = 20 * MS, .jitter_ns = 5 * MS };
	const double sigma = (double)shape.jitter_ns / sqrt(3);

	(void)state;
	for (int64_t seed = 1; seed <= 5; seed++) {
		struct spread s = spread_of(&shape, seed);

		assert_true(s.lowest >= 15.0 * MS && s.highest <= 25.0 * MS);
		/* with 100 k of them the ends are reached: the chance that none comes so near is e^-50 */
		assert_true(s.lowest < 15.01 * MS && s.highest > 24.99 * MS);
		assert_true(fabs(s.mean - 20.0 * MS) < 4 * sigma / sqrt(MANY));
		assert_true(fabs(s.sigma / sigma - 1) < 0.01);
	}
}

static void test_lane_jitter_normal(void **state)
{
	/* five times the deviation: nothing is cut off at 0 */
	const struct shape shape = { .delay_ns = 50 * MS,
				     .jitter_ns = 10 * MS,
				     .distribution = JITTER_NORMAL };

	(void)state;
	for (int64_t seed = 1; seed <= 5; seed++) {
		struct spread s = spread_of(&shape, seed);

		assert_true(fabs(s.mean - 50.0 * MS) < 4 * 10.0 * MS / sqrt(MANY));
		assert_true(fabs(s.sigma / (10.0 * MS) - 1) < 0.01);
		assert_rate("within one deviation", s.below_one_sigma, MANY, 682689);
		assert_true(s.lowest < 50.0 * MS - 3.5 * 10 * MS);
		assert_true(s.highest > 50.0 * MS + 3.5 * 10 * MS);
	}
}

static void test_lane_jitter_never_goes_back_in_time(void **state)
{
	static const enum jitter all[] = { JITTER_UNIFORM, JITTER_NORMAL };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		const struct shape shape = { .delay_ns = MS,
					     .jitter_ns = MS,
					     .distribution = all[i] };
		struct spread s = spread_of(&shape, 7);

		assert_true(s.lowest >= 0);
	}
	/* the two words at their ends */
	for (int i = 0; i < 4; i++) {
		const struct shape shape = { .delay_ns = MS,
					     .jitter_ns = MS,
					     .distribution = JITTER_NORMAL };
		int64_t v = shape_delay(&shape, i % 2 ? UINT32_MAX : 0, i / 2 ? UINT32_MAX : 0);

		assert_true(v >= 0 && v < 10 * MS);
	}
}

/* ---- chances ---- */

static void test_lane_keeps_its_rates(void **state)
{
	static const uint32_t rates[] = { 100, 10000, 250000, 500000, 990000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		const struct shape shape = { .delay_ns = 10 * MS,
					     .duplicate = rates[i],
					     .reorder = rates[(i + 1) % ARRAY_SIZE(rates)],
					     .corrupt = rates[(i + 2) % ARRAY_SIZE(rates)] };
		int copies = 0, early = 0, corrupted = 0, both = 0;
		struct lane_state lane;

		lane_make(&lane, &shape, "a -> b", (int64_t)i);
		for (int k = 0; k < MANY; k++) {
			struct decision d = decide(&lane, 60, T0);
			bool ahead = d.due_ns == T0;

			assert_true(ahead || d.due_ns == T0 + 10 * MS);
			assert_true(d.copies <= 1);
			copies += (int)d.copies;
			early += ahead;
			corrupted += d.corrupt_bit >= 0;
			both += d.copies && ahead;
		}
		assert_rate("duplicate", copies, MANY, shape.duplicate);
		assert_rate("reorder", early, MANY, shape.reorder);
		assert_rate("corrupt", corrupted, MANY, shape.corrupt);
		/* one does not follow from the other */
		assert_rate("both", both, MANY,
			    (uint32_t)((uint64_t)shape.duplicate * shape.reorder / 1000000));
		assert_false(lane.ordered);
		lane_clear(&lane);
	}
}

static void test_lane_never_and_always_are_exact(void **state)
{
	const struct shape never = { .delay_ns = MS };
	const struct shape always = { .delay_ns = MS,
				      .duplicate = CHANCE_ALL,
				      .reorder = CHANCE_ALL,
				      .corrupt = CHANCE_ALL };
	struct lane_state a, b;

	(void)state;
	lane_make(&a, &never, "a -> b", 1);
	lane_make(&b, &always, "a -> b", 1);
	for (int i = 0; i < 10000; i++) {
		struct decision d = decide(&a, 60, T0);

		assert_true(!d.copies && d.corrupt_bit < 0 && d.due_ns == T0 + MS);
		d = decide(&b, 60, T0);
		assert_true(d.copies == 1 && d.corrupt_bit >= 0 && d.due_ns == T0);
	}
	lane_clear(&a);
	lane_clear(&b);
}

/* Every bit has its turn. */
static void test_lane_corrupts_bits_all_over(void **state)
{
	enum { BITS = 160 };
	const struct shape shape = { .corrupt = CHANCE_ALL };
	int hits[BITS] = { 0 };
	struct lane_state lane;

	(void)state;
	lane_make(&lane, &shape, "a -> b", 3);
	for (int i = 0; i < MANY; i++)
		hits[decide(&lane, 60, T0).corrupt_bit % BITS]++;
	for (int i = 0; i < BITS; i++) {
		/* 5 sigma: there are 160 chances to be unlucky */
		double p = 1.0 / BITS, sigma = sqrt(MANY * p * (1 - p));

		assert_true(fabs(hits[i] - MANY * p) < 5 * sigma);
	}
	lane_clear(&lane);
}

static const struct shape everything = { .delay_ns = 20 * MS,
					 .jitter_ns = 5 * MS,
					 .duplicate = 300000,
					 .reorder = 300000,
					 .corrupt = 300000 };

/* How many of 1000 decisions differ between two lanes of the same shape. */
static int differences(const char *name_a, int64_t seed_a, const char *name_b, int64_t seed_b)
{
	struct lane_state a, b;
	int n = 0;

	lane_make(&a, &everything, name_a, seed_a);
	lane_make(&b, &everything, name_b, seed_b);
	for (int i = 0; i < 1000; i++) {
		struct decision x = decide(&a, 60, T0 + i), y = decide(&b, 60, T0 + i);

		n += x.due_ns != y.due_ns || x.copies != y.copies || x.corrupt_bit != y.corrupt_bit;
	}
	lane_clear(&a);
	lane_clear(&b);
	return n;
}

static void test_lane_fate_is_the_seeds(void **state)
{
	(void)state;
	assert_int_equal(differences("a -> b", 1, "a -> b", 1), 0);
	assert_int_equal(differences("a -> b", INT64_MIN, "a -> b", INT64_MIN), 0);
	assert_true(differences("a -> b", 1, "a -> b", 2) > 900);
	assert_true(differences("a -> b", 1, "a -> b", 1 + (INT64_C(1) << 40)) > 900);
	assert_true(differences("a -> b", 1, "b -> a", 1) > 900);
}

/* When a packet comes changes nothing but when it goes. */
static void test_lane_fate_does_not_depend_on_time(void **state)
{
	struct lane_state a, b;

	(void)state;
	lane_make(&a, &everything, "a -> b", 5);
	lane_make(&b, &everything, "a -> b", 5);
	for (int i = 0; i < 1000; i++) {
		int64_t late = T0 + i * (17 * MS + 3);
		struct decision x = decide(&a, 60, T0), y = decide(&b, 1500, late);

		assert_int_equal(x.due_ns - T0, y.due_ns - late);
		assert_int_equal(x.copies, y.copies);
		assert_int_equal(x.corrupt_bit, y.corrupt_bit);
	}
	lane_clear(&a);
	lane_clear(&b);
}

/* ---- rate and limit ---- */

static void test_lane_keeps_the_rate_exactly(void **state)
{
	/* 1500 bytes at 10 Mbit/s take 1.2 ms */
	const struct shape shape = { .rate = 10000000, .limit = MANY };
	struct lane_state lane;

	(void)state;
	lane_make(&lane, &shape, "a -> b", 1);
	for (int i = 1; i <= 5000; i++)
		assert_int_equal(decide(&lane, 1500, T0).due_ns, T0 + i * INT64_C(1200000));
	/* what comes later does not wait for what is long gone, and saves nothing up */
	assert_int_equal(decide(&lane, 750, T0 + 10000 * MS).due_ns, T0 + 10000 * MS + 600000);
	assert_int_equal(decide(&lane, 750, T0 + 10000 * MS).due_ns, T0 + 10000 * MS + 1200000);
	assert_true(lane.ordered);
	lane_clear(&lane);
}

static void test_lane_rate_holds_at_its_ends(void **state)
{
	struct lane_state lane;

	(void)state;
	/* 65535 bytes at 8 bit/s: more than 32 bits of everything */
	lane_make(&lane, &(struct shape){ .rate = 8 }, "a -> b", 1);
	assert_int_equal(decide(&lane, 65535, T0).due_ns, T0 + 65535 * 1000 * MS);
	lane_clear(&lane);
	lane_make(&lane, &(struct shape){ .rate = INT64_C(1000000000000) }, "a -> b", 1);
	assert_int_equal(decide(&lane, 1500, T0).due_ns, T0 + 12);
	lane_clear(&lane);
}

static void test_lane_delays_behind_the_rate(void **state)
{
	const struct shape shape = { .rate = 12000000, .delay_ns = 30 * MS };
	struct lane_state lane;

	(void)state;
	lane_make(&lane, &shape, "a -> b", 1);
	for (int i = 1; i <= 100; i++)
		assert_int_equal(decide(&lane, 1500, T0).due_ns, T0 + i * MS + 30 * MS);
	lane_clear(&lane);
}

static void test_lane_drops_beyond_its_limit(void **state)
{
	const struct shape shape = { .delay_ns = MS, .limit = 3 };
	struct lane_state lane;

	(void)state;
	lane_make(&lane, &shape, "a -> b", 1);
	for (lane.n_held = 0; lane.n_held < 3; lane.n_held++)
		assert_false(decide(&lane, 60, T0).drop);
	assert_true(decide(&lane, 60, T0).drop);
	assert_true(decide(&lane, 60, T0).drop);
	lane.n_held--;
	assert_false(decide(&lane, 60, T0).drop);
	/* without a number there is one all the same */
	lane.spec.shape.limit = 0;
	lane.n_held = SHAPE_LIMIT - 1;
	assert_false(decide(&lane, 60, T0).drop);
	lane.n_held = SHAPE_LIMIT;
	assert_true(decide(&lane, 60, T0).drop);
	assert_true(lane.ordered);
	lane_clear(&lane);
}

/* What is dropped for want of room takes no time on the wire. */
static void test_lane_charges_nothing_for_what_it_drops(void **state)
{
	const struct shape shape = { .rate = 12000000, .limit = 1 };
	struct lane_state lane;

	(void)state;
	lane_make(&lane, &shape, "a -> b", 1);
	assert_int_equal(decide(&lane, 1500, T0).due_ns, T0 + MS);
	lane.n_held = 1;
	for (int i = 0; i < 10; i++)
		assert_true(decide(&lane, 1500, T0).drop);
	lane.n_held = 0;
	assert_int_equal(decide(&lane, 1500, T0).due_ns, T0 + 2 * MS);
	lane_clear(&lane);
}

/* ---- faults ---- */

static struct fault fault_make(const char *action)
{
	struct fault fault = { .name = (char *)"slow", .n = 1, .active = true };
	struct lab_err err = { 0 };

	if (action_parse(action, 3, &fault, &err))
		fail_msg("%s", err.msg);
	return fault;
}

static void test_lane_of_a_fault_holds_what_was_picked(void **state)
{
	static const struct {
		const char *action;
		int64_t delay_ns;
		unsigned copies;
		bool overtaken, whole;
	} rows[] = {
		{ "delay 250ms", 250 * MS, 0, false, false },
		{ "duplicate", 0, 1, false, true },
		{ "reorder", 100 * MS, 0, true, false },
		{ "reorder 7ms", 7 * MS, 0, true, false },
		{ "reject host-unreachable", MS, 0, false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct fault fault = fault_make(rows[i].action);
		struct lane spec = { .fault = &fault, .number = 5, .link = -1 };
		struct queued q = { .mark = mark_held(5) };
		struct lane_state lane;
		struct decision d;

		assert_int_equal(lane_init(&lane, &spec, fault.name, 1), 0);
		assert_int_equal(lane_whole(&lane), rows[i].whole);
		assert_true(lane_picked(&lane, &q));
		lane_decide(&lane, &q, T0, &d);
		assert_int_equal(d.due_ns, T0 + rows[i].delay_ns);
		assert_int_equal(d.copies, rows[i].copies);
		assert_int_equal(d.overtaken, rows[i].overtaken);
		assert_false(d.drop);
		/* others only come by */
		for (int k = 0; k < 4; k++) {
			const uint32_t marks[] = { 0, mark_held(4), mark_chosen(5),
						   mark_passed_over(5) };

			q.mark = marks[k];
			assert_false(lane_picked(&lane, &q));
			lane_decide(&lane, &q, T0 + 1, &d);
			assert_int_equal(d.due_ns, T0 + 1);
			assert_false(d.copies || d.overtaken || d.mark);
		}
		lane_clear(&lane);
	}
}

/* UDP over IPv4 between two ports */
static void datagram(uint8_t buf[28], uint16_t sport)
{
	memset(buf, 0, 28);
	buf[0] = 0x45;
	buf[3] = 28;
	buf[9] = 17;
	buf[12] = buf[16] = 10;
	buf[15] = 1;
	buf[19] = 2;
	buf[20] = (uint8_t)(sport >> 8);
	buf[21] = (uint8_t)sport;
	buf[23] = 53;
}

/* The numbers of three connections, interleaved, against a count made here. */
static void test_lane_picks_by_connection(void **state)
{
	static const enum fault_pick picks[] = { PICK_ALL, PICK_NTH, PICK_FIRST, PICK_EVERY,
						 PICK_CHANCE };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(picks); i++) {
		struct fault fault = fault_make("drop");
		struct lane spec = { .fault = &fault, .number = 9, .picks = true, .link = -1 };
		uint32_t counts[3] = { 0 }, seed = chance_seed(11, fault.name);
		struct lane_state lane;

		fault.pick = picks[i];
		fault.n = picks[i] == PICK_CHANCE ? 400000 : 3;
		fault.per_connection = true;
		assert_int_equal(lane_init(&lane, &spec, fault.name, 11), 0);
		for (uint32_t k = 0; k < 600; k++) {
			uint32_t which = k * k % 7 % 3, n = ++counts[which];
			bool want = picks[i] == PICK_ALL   ? true :
				    picks[i] == PICK_NTH   ? n == 3 :
				    picks[i] == PICK_FIRST ? n <= 3 :
				    picks[i] == PICK_EVERY ? n % 3 == 0 :
							     chance_decide(seed, n - 1, 400000);
			uint8_t packet[28];
			struct queued q = { .packet = packet, .len = 28, .wire_len = 28 };
			struct decision d;

			datagram(packet, (uint16_t)(1000 + which));
			lane_decide(&lane, &q, T0 + k, &d);
			assert_int_equal(d.mark, want ? mark_chosen(9) : mark_passed_over(9));
			assert_int_equal(d.due_ns, T0 + k);
			assert_false(d.drop || d.copies || d.overtaken);
		}
		lane_clear(&lane);
	}
}

/* A packet of which we know nothing is no packet of a connection: it is not chosen. */
static void test_lane_passes_over_what_it_cannot_read(void **state)
{
	struct fault fault = fault_make("drop");
	struct lane spec = { .fault = &fault, .number = 1, .picks = true, .link = -1 };
	const uint8_t junk[40] = { 0x10 };
	struct queued q = { .packet = junk, .len = sizeof(junk) };
	struct lane_state lane;
	struct decision d;

	(void)state;
	assert_int_equal(lane_init(&lane, &spec, "x", 1), 0);
	lane_decide(&lane, &q, T0, &d);
	assert_int_equal(d.mark, mark_passed_over(1));
	q.len = 0;
	lane_decide(&lane, &q, T0, &d);
	assert_int_equal(d.mark, mark_passed_over(1));
	lane_clear(&lane);
}

static void test_lane_marks_do_not_collide(void **state)
{
	enum { FAULTS = 4096 };

	(void)state;
	for (int i = 0; i < FAULTS; i++) {
		const uint32_t m[] = { mark_chosen(i), mark_passed_over(i), mark_held(i) };

		for (int k = 0; k < 3; k++) {
			assert_int_equal((m[k] - MARK_BASE) >> 2, i);
			assert_int_equal((m[k] & 3), k + 1);
			assert_true(m[k] != (uint32_t)MARK_COPY);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lane_without_a_shape_lets_go_at_once),
		cmocka_unit_test(test_lane_adds_a_constant_delay_and_keeps_order),
		cmocka_unit_test(test_lane_knows_when_a_packet_overtakes),
		cmocka_unit_test(test_lane_jitter_uniform),
		cmocka_unit_test(test_lane_jitter_normal),
		cmocka_unit_test(test_lane_jitter_never_goes_back_in_time),
		cmocka_unit_test(test_lane_keeps_its_rates),
		cmocka_unit_test(test_lane_never_and_always_are_exact),
		cmocka_unit_test(test_lane_corrupts_bits_all_over),
		cmocka_unit_test(test_lane_fate_is_the_seeds),
		cmocka_unit_test(test_lane_fate_does_not_depend_on_time),
		cmocka_unit_test(test_lane_keeps_the_rate_exactly),
		cmocka_unit_test(test_lane_rate_holds_at_its_ends),
		cmocka_unit_test(test_lane_delays_behind_the_rate),
		cmocka_unit_test(test_lane_drops_beyond_its_limit),
		cmocka_unit_test(test_lane_charges_nothing_for_what_it_drops),
		cmocka_unit_test(test_lane_of_a_fault_holds_what_was_picked),
		cmocka_unit_test(test_lane_picks_by_connection),
		cmocka_unit_test(test_lane_passes_over_what_it_cannot_read),
		cmocka_unit_test(test_lane_marks_do_not_collide),
	};

	return TEST_MAIN("lane", tests, NULL, NULL);
}
