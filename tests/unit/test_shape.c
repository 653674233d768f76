// SPDX-License-Identifier: GPL-2.0-or-later
/* The words of a shape: values, links of a scenario, and the text that people read. */
#include "tests/unit/scenario_fixture.h"

#include "impair/shape.h"

#define MS INT64_C(1000000)

#define LINKS(links)                                                             \
	HEAD "topology:\n  hosts: {a: {}, b: {}, c: {}}\n  links: [" links "]\n" \
	     "steps: [wait: 1s]\n"

static void test_value_delay_reads_mean_and_jitter(void **state)
{
	static const struct {
		const char *text;
		int64_t ns, jitter_ns;
	} good[] = {
		{ "20ms", 20 * MS, -1 },
		{ "20ms ± 5ms", 20 * MS, 5 * MS },
		{ "20ms +- 5ms", 20 * MS, 5 * MS },
		{ "20ms±5ms", 20 * MS, 5 * MS },
		{ "1s  +-  0", 1000 * MS, 0 },
		{ "0", 0, -1 },
	};
	static const char *const bad[] = { "",
					   "±",
					   "20ms ±",
					   "± 5ms",
					   "-1ms",
					   "20 ± 5ms",
					   "20ms ± -5ms",
					   "20ms - 5ms",
					   "20ms ± 5ms ± 5ms",
					   "20ms +/- 5ms" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		int64_t ns = -2, jitter_ns = -2;

		assert_int_equal(value_delay(good[i].text, &ns, &jitter_ns), 0);
		assert_int_equal(ns, good[i].ns);
		assert_int_equal(jitter_ns, good[i].jitter_ns);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		int64_t ns, jitter_ns;

		assert_int_equal(value_delay(bad[i], &ns, &jitter_ns), -EINVAL);
	}
}

static void test_value_share_counts_millionths(void **state)
{
	static const struct {
		const char *text;
		int ret;
		uint32_t millionths;
	} cases[] = {
		{ "2%", 0, 20000 },
		{ "0.1%", 0, 1000 },
		{ "0.0001%", 0, 1 },
		{ "100%", 0, 1000000 },
		{ "0%", 0, 0 },
		{ "33.3333%", 0, 333333 },
		{ "130%", -ERANGE, 0 },
		{ "100.0001%", -ERANGE, 0 },
		{ "2", -EINVAL, 0 },
		{ "-1%", -EINVAL, 0 },
		{ "0.00001%", -EINVAL, 0 },
		{ "2 %", -EINVAL, 0 },
		{ "%", -EINVAL, 0 },
		{ "2%%", -EINVAL, 0 },
		{ "2.%", -EINVAL, 0 },
		{ "99999999999999999999%", -ERANGE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t millionths = 0;

		assert_int_equal(value_share(cases[i].text, &millionths), cases[i].ret);
		assert_int_equal(millionths, cases[i].millionths);
	}
}

static void test_value_rate_speaks_as_tc(void **state)
{
	static const struct {
		const char *text;
		int ret;
		int64_t bits;
	} cases[] = {
		{ "10mbit", 0, 10000000 },     { "1gbit", 0, 1000000000 },
		{ "500kbit", 0, 500000 },      { "64kbit", 0, 64000 },
		{ "1.5Mbit", 0, 1500000 },     { "9600bit", 0, 9600 },
		{ "1tbit", 0, 1000000000000 }, { "0bit", 0, 0 },
		{ "2tbit", -ERANGE, 0 },       { "10", -EINVAL, 0 },
		{ "10mbps", -EINVAL, 0 },      { "10 mbit", -EINVAL, 0 },
		{ "-1mbit", -EINVAL, 0 },      { "mbit", -EINVAL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t bits = 0;

		assert_int_equal(value_rate(cases[i].text, &bits), cases[i].ret);
		assert_int_equal(bits, cases[i].bits);
	}
}

static void test_shape_text_names_what_is_there(void **state)
{
	static const struct {
		struct shape shape;
		const char *text;
	} cases[] = {
		{ { 0 }, "" },
		{ { .delay_ns = 20 * MS, .jitter_ns = 5 * MS, .loss = 20000, .rate = 10000000 },
		  "20 ms ± 5 ms, loss 2 %, 10 Mbit/s" },
		{ { .delay_ns = 1500 * MS, .jitter_ns = MS / 2, .distribution = JITTER_NORMAL },
		  "1.5 s ± 500 us (normal)" },
		{ { .loss = 1, .duplicate = 10000, .reorder = 250000, .corrupt = 1000 },
		  "loss 0.0001 %, duplicate 1 %, reorder 25 %, corrupt 0.1 %" },
		{ { .rate = 64000, .limit = 10 }, "64 kbit/s, limit 10" },
		{ { .limit = 10 }, "" },
	};
	char buf[256], small[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(shape_text(&cases[i].shape, buf, sizeof(buf)), cases[i].text);
	assert_true(strlen(shape_text(&cases[1].shape, small, sizeof(small))) < sizeof(small));
}

static void test_shape_is_told_from_none(void **state)
{
	struct shape shape = { .limit = 5 };

	(void)state;
	assert_true(shape_is_none(&shape));
	shape.loss = 1;
	assert_false(shape_is_none(&shape));
	assert_false(shape_holds(&shape));
	shape.rate = 8;
	assert_true(shape_holds(&shape));
	shape.delay_ns = 5;
	shape.jitter_ns = 5;
	assert_false(shape_clamp(&shape));
	shape.jitter_ns = 6;
	assert_true(shape_clamp(&shape));
	assert_int_equal(shape.jitter_ns, 5);
}

/* The wire's line speaks of both directions, the arrow's adds to one, whichever way the wire was written. */
static void test_links_shape_their_directions(void **state)
{
	struct scenario *s = parse(LINKS(
		"a -- b: {mtu: 1400, delay: 20ms ± 5ms, distribution: normal}, c -- b, "
		"b -> a: {loss: 2%, rate: 10mbit}, b -> c: {delay: 3ms, jitter: 1ms, reorder: 25%, "
		"duplicate: 1%, corrupt: 0.1%, limit: 7}"));
	const struct plan *plan = &s->plans[0];
	const struct shape both = { .delay_ns = 20 * MS,
				    .jitter_ns = 5 * MS,
				    .distribution = JITTER_NORMAL };
	struct shape back = both;
	const struct shape arrow = { .delay_ns = 3 * MS,
				     .jitter_ns = MS,
				     .duplicate = 10000,
				     .reorder = 250000,
				     .corrupt = 1000,
				     .limit = 7 };

	(void)state;
	back.loss = 20000;
	back.rate = 10000000;
	assert_int_equal(plan->topo.n_links, 2);
	assert_int_equal(plan->topo.links[0].mtu, 1400);
	assert_true(plan->shaped);
	assert_memory_equal(&plan->shapes[0][0], &both, sizeof(both));
	assert_memory_equal(&plan->shapes[0][1], &back, sizeof(back));
	assert_true(shape_is_none(&plan->shapes[1][0]));
	assert_memory_equal(&plan->shapes[1][1], &arrow, sizeof(arrow));
	scenario_free(s);
}

static void test_links_without_a_shape_are_plain(void **state)
{
	static const char *const sources[] = { HEAD STEPS, LINKS("a -- b, b -- c"),
					       LINKS("a -- b: {delay: 0, loss: 0%}, b -- c") };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		struct scenario *s = parse(sources[i]);

		assert_false(s->plans[0].shaped);
		for (int k = 0; k < 4; k++)
			assert_true(shape_is_none(&s->plans[0].shapes[k / 2][k % 2]));
		scenario_free(s);
	}
}

static void test_links_refuse_a_bad_shape(void **state)
{
	static const struct {
		const char *source;
		int col;
		const char *words;
	} bad[] = {
		{ LINKS("a -- b: {delay: -1ms}, b -- c"), 27, "'-1ms' is no delay" },
		{ LINKS("a -- b: {delay: 1h}, b -- c"), 27, "at most 60s" },
		{ LINKS("a -- b: {delay: 1s ± 2min}, b -- c"), 27, "at most 60s" },
		{ LINKS("a -- b: {delay: 25h}, b -- c"), 27, "at most 60s" },
		{ LINKS("a -- b: {delay: [1s]}, b -- c"), 27, "found a list" },
		{ LINKS("a -- b: {delay: 1s, jitter: 61s}, b -- c"), 39, "at most 60s" },
		{ LINKS("a -- b: {loss: 130%}, b -- c"), 26, "at most 100%" },
		{ LINKS("a -- b: {loss: 2}, b -- c"), 26, "2 is no share" },
		{ LINKS("a -- b: {rate: 0mbit}, b -- c"), 26, "loss: 100%" },
		{ LINKS("a -- b: {rate: 7bit}, b -- c"), 26, "at least 8bit" },
		{ LINKS("a -- b: {rate: 10mbps}, b -- c"), 26, "'10mbps' is no rate" },
		{ LINKS("a -- b: {delay: 1s, limit: 0}, b -- c"), 38, "0 is no number of packets" },
		{ LINKS("a -- b: {delay: 1s ± 1ms, distribution: norml}, b -- c"), 51,
		  "did you mean 'normal'?" },
		{ LINKS("a -- b: {reorder: 1%}, b -- c"), 11, "reorder needs a delay" },
		{ LINKS("a -- b: {jitter: 1ms}, b -- c"), 11, "jitter needs a delay" },
		{ LINKS("a -- b: {delay: 1s, distribution: normal}, b -- c"), 11,
		  "distribution needs a jitter" },
		{ LINKS("a -- b: {delay: 1s ± 1ms, jitter: 2ms}, b -- c"), 11, "given twice" },
		{ LINKS("a -- b: {limit: 3}, b -- c"), 11, "limit needs a delay or a rate" },
		{ LINKS("a -- b: {delays: 3ms}, b -- c"), 20, "did you mean 'delay'?" },
		{ LINKS("a -- b, b -- c, a -> c: {loss: 2%}"), 27, "there is no link a -- c" },
		{ LINKS("a -- b, b -- c, a -> b"), 27, "shapes nothing" },
		{ LINKS("a -- b, b -- c, a -> b: {mtu: 1400, loss: 1%}"), 41, "whole link" },
		{ LINKS("a -- b, a -- b, b -- c, a -> b: {loss: 1%}"), 35, "several links a -- b" },
		{ LINKS("a -- b, b -- c, a -> b: {reorder: 1%}"), 27, "reorder needs a delay" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_refused(bad[i].source, 7, bad[i].col, bad[i].words);
}

/* Both lines are named. */
static void test_links_refuse_two_shapes_on_one_direction(void **state)
{
#define TOPO "topology:\n  hosts: {a: {}, b: {}}\n  links:\n"
	(void)state;
	assert_refused(HEAD TOPO "    - a -- b: {delay: 1ms}\n    - b -> a: {delay: 2ms}\n"
				 "steps: [wait: 1s]\n",
		       9, 7, "two shapes on one direction: delay of b -> a is given in line 8");
	assert_refused(HEAD TOPO
		       "    - a -- b\n    - b -> a: {delay: 2ms}\n    - b -> a: {loss: 1%}\n"
		       "steps: [wait: 1s]\n",
		       10, 7, "two shapes on one direction: b -> a is shaped in line 9");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_value_delay_reads_mean_and_jitter),
		cmocka_unit_test(test_value_share_counts_millionths),
		cmocka_unit_test(test_value_rate_speaks_as_tc),
		cmocka_unit_test(test_shape_text_names_what_is_there),
		cmocka_unit_test(test_shape_is_told_from_none),
		cmocka_unit_test(test_links_shape_their_directions),
		cmocka_unit_test(test_links_without_a_shape_are_plain),
		cmocka_unit_test(test_links_refuse_a_bad_shape),
		cmocka_unit_test(test_links_refuse_two_shapes_on_one_direction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
