// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/scenario/value.h"
#include "netns/cleanup.h"

#define MS INT64_C(1000000)
#define S  INT64_C(1000000000)

static void test_value_duration_reads_every_unit(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} good[] = {
		{ "0", 0 },
		{ "0s", 0 },
		{ "20us", 20000 },
		{ "20µs", 20000 },
		{ "20μs", 20000 },
		{ "250ms", 250 * MS },
		{ "2.5s", 2500 * MS },
		{ "1m", 60 * S },
		{ "1min", 60 * S },
		{ "2h", 7200 * S },
		{ "24h", 86400 * S },
		{ "0.001ms", 1000 },
		{ "1.000001s", S + 1000 },
		{ "007s", 7 * S },
		{ "1440min", 86400 * S },
		{ "86400.0s", 86400 * S },
		{ "0.000001us", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		int64_t ns = -1;

		assert_int_equal(value_duration(good[i].text, &ns), 0);
		assert_int_equal(ns, good[i].ns);
	}
}

static void test_value_duration_refuses_the_rest(void **state)
{
	static const char *const bad[] = { "",	   "5",	  "s",	  "3 parsecs", "3parsecs",
					   "-1s",  "+1s", "1.s",  ".5s",       "1,5s",
					   "1s ",  " 1s", "1e3s", "1.5",       "1.0000001s",
					   "1S",   "1 s", "0x1s", "inf",       "nans",
					   "1..2s" };
	static const char *const large[] = { "25h", "86401s", "24.1h", "1441min",
					     "99999999999999999999999999s" };
	int64_t ns;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (value_duration(bad[i], &ns) != -EINVAL)
			fail_msg("took '%s'", bad[i]);
	for (size_t i = 0; i < ARRAY_SIZE(large); i++)
		assert_int_equal(value_duration(large[i], &ns), -ERANGE);
}

static void test_value_bytes_reads_sizes(void **state)
{
	static const struct {
		const char *text;
		int64_t bytes;
		int err;
	} cases[] = {
		{ "0", 0, 0 },
		{ "100", 100, 0 },
		{ "100B", 100, 0 },
		{ "100kB", 100000, 0 },
		{ "64KiB", 65536, 0 },
		{ "1MB", 1000000, 0 },
		{ "1MiB", 1048576, 0 },
		{ "1GB", 1000000000, 0 },
		{ "1GiB", 1 << 30, 0 },
		{ "2GiB", 0, -ERANGE },
		{ "1073741825", 0, -ERANGE },
		{ "", 0, -EINVAL },
		{ "kB", 0, -EINVAL },
		{ "1KB", 0, -EINVAL },
		{ "1.5MB", 0, -EINVAL },
		{ "-1", 0, -EINVAL },
		{ "1 kB", 0, -EINVAL },
		{ "99999999999999999999", 0, -ERANGE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t bytes = 0;

		assert_int_equal(value_bytes(cases[i].text, &bytes), cases[i].err);
		if (!cases[i].err)
			assert_int_equal(bytes, cases[i].bytes);
	}
}

static void test_value_int_keeps_its_bounds(void **state)
{
	int64_t n;

	(void)state;
	assert_int_equal(value_int("1", 1, 65535, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(value_int("65535", 1, 65535, &n), 0);
	assert_int_equal(value_int("0", 1, 65535, &n), -ERANGE);
	assert_int_equal(value_int("70000", 1, 65535, &n), -ERANGE);
	assert_int_equal(value_int("-3", -5, 5, &n), 0);
	assert_int_equal(n, -3);
	assert_int_equal(value_int("99999999999999999999", 0, INT64_MAX, &n), -ERANGE);
	assert_int_equal(value_int("99999999999999999999x", 0, INT64_MAX, &n), -EINVAL);
	assert_int_equal(value_int("", 0, 5, &n), -EINVAL);
	assert_int_equal(value_int("-", -5, 5, &n), -EINVAL);
	assert_int_equal(value_int("0x10", 0, 99, &n), -EINVAL);
	assert_int_equal(value_int("1.0", 0, 99, &n), -EINVAL);
	assert_int_equal(value_int(" 1", 0, 99, &n), -EINVAL);
}

static void test_value_bool_knows_two_words(void **state)
{
	static const char *const bad[] = { "", "yes", "no", "on", "off", "True", "FALSE", "1", "0" };
	bool b = false;

	(void)state;
	assert_int_equal(value_bool("true", &b), 0);
	assert_true(b);
	assert_int_equal(value_bool("false", &b), 0);
	assert_false(b);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(value_bool(bad[i], &b), -EINVAL);
}

/* bit i of @met: whether i, 0 to 7, meets the comparison */
static void assert_compare(const char *text, unsigned met)
{
	struct compare cmp = { 0 };

	if (value_compare(text, UNIT_NONE, &cmp))
		fail_msg("refused '%s'", text);
	assert_true(cmp.set);
	assert_string_equal(cmp.text, text);
	for (int i = 0; i < 8; i++)
		if (compare_met(&cmp, i) != !!(met & (1u << i)))
			fail_msg("'%s' and %d", text, i);
	free(cmp.text);
}

static void test_value_compare_means_what_it_says(void **state)
{
	(void)state;
	assert_compare("2", 0x04);
	assert_compare("== 2", 0x04);
	assert_compare("==2", 0x04);
	assert_compare("= 2", 0x04);
	assert_compare("!= 2", 0xfb);
	assert_compare("< 2", 0x03);
	assert_compare("<= 2", 0x07);
	assert_compare("> 2", 0xf8);
	assert_compare(">=   2", 0xfc);
	assert_compare("2..4", 0x1c);
	assert_compare("0..0", 0x01);
	assert_compare("< 0", 0x00);
	assert_compare("> 922337203685477579", 0x00);
}

static void test_value_compare_refuses_nonsense(void **state)
{
	static const char *const bad[] = { "",	   "<",	    "! 2",   "=> 2", "=< 2",
					   "<> 2", "2..",   "..2",   "4..2", "1..2..3",
					   ">> 2", "=== 2", "x",     "< x",  "2 4",
					   "-1",   "2ms",   "<2..4", "! = 2" };
	struct compare cmp;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (value_compare(bad[i], UNIT_NONE, &cmp) != -EINVAL)
			fail_msg("took '%s'", bad[i]);
}

static void test_value_compare_reads_units(void **state)
{
	struct compare cmp;

	(void)state;
	assert_int_equal(value_compare("< 50ms", UNIT_NS, &cmp), 0);
	assert_true(compare_met(&cmp, 50 * MS - 1));
	assert_false(compare_met(&cmp, 50 * MS));
	free(cmp.text);
	assert_int_equal(value_compare("2.9s..3.2s", UNIT_NS, &cmp), 0);
	assert_int_equal(cmp.lo, 2900 * MS);
	assert_int_equal(cmp.hi, 3200 * MS);
	free(cmp.text);
	assert_int_equal(value_compare(">= 64KiB", UNIT_BYTES, &cmp), 0);
	assert_int_equal(cmp.lo, 65536);
	free(cmp.text);
	assert_int_equal(value_compare("5", UNIT_NS, &cmp), -EINVAL);
}

static void test_value_after_tolerates_late_timers(void **state)
{
	struct compare cmp;

	(void)state;
	assert_int_equal(value_after("2500ms", &cmp), 0);
	assert_int_equal(cmp.lo, 2475 * MS);
	assert_int_equal(cmp.hi, 2825 * MS);
	assert_string_equal(cmp.text, "2500ms");
	free(cmp.text);
	assert_int_equal(value_after("100ms", &cmp), 0); /* 13 % would be less than 60 ms */
	assert_int_equal(cmp.lo, 99 * MS);
	assert_int_equal(cmp.hi, 160 * MS);
	free(cmp.text);
	assert_int_equal(value_after("2.9s..3.2s", &cmp), 0);
	assert_int_equal(cmp.lo, 2900 * MS);
	assert_int_equal(cmp.hi, 3200 * MS);
	free(cmp.text);
	assert_int_equal(value_after("< 50ms", &cmp), 0);
	assert_int_equal(cmp.hi, 50 * MS - 1);
	free(cmp.text);
	assert_int_equal(value_after("soon", &cmp), -EINVAL);
}

static void test_value_text_duration_has_four_digits(void **state)
{
	static const struct {
		int64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "0 s" },
		{ 1, "1 ns" },
		{ 16000, "16 us" },
		{ 250 * MS, "250 ms" },
		{ 2500 * MS, "2.5 s" },
		{ 1024 * MS, "1.024 s" },
		{ 999999999, "1 s" },
		{ 999949999, "999.9 ms" },
		{ 1234567, "1.235 ms" },
		{ 90 * S, "90 s" },
		{ 9999 * S, "9999 s" },
		{ 86400 * S, "1440 min" },
		{ -5 * MS, "-5 ms" },
		{ 123456 * MS, "123.5 s" },
	};
	char buf[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(value_text_duration(cases[i].ns, buf, sizeof(buf)),
				    cases[i].text);
	assert_non_null(value_text_duration(INT64_MAX, buf, sizeof(buf)));
	assert_non_null(value_text_duration(INT64_MIN, buf, sizeof(buf)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_value_duration_reads_every_unit),
		cmocka_unit_test(test_value_duration_refuses_the_rest),
		cmocka_unit_test(test_value_bytes_reads_sizes),
		cmocka_unit_test(test_value_int_keeps_its_bounds),
		cmocka_unit_test(test_value_bool_knows_two_words),
		cmocka_unit_test(test_value_compare_means_what_it_says),
		cmocka_unit_test(test_value_compare_refuses_nonsense),
		cmocka_unit_test(test_value_compare_reads_units),
		cmocka_unit_test(test_value_after_tolerates_late_timers),
		cmocka_unit_test(test_value_text_duration_has_four_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
