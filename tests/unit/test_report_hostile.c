// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What holds for the terminal report whatever the log is: no escapes without colour, no control
 * bytes, nothing that turns the writing direction, never wider than the terminal, no crash.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/report_hostile.h"

static void test_terminal_hostile(void **state)
{
	static const int columns[] = { 40, 41, 57, 80, 100, 250 };
	unsigned seed = 3;

	(void)state;
	for (int i = 0; i < 300; i++) {
		struct report_options options = {
			.columns = columns[(size_t)i % ARRAY_SIZE(columns)],
			.unicode = i & 1,
			.quiet = (i & 6) == 2,
			.verbose = (i & 6) == 4,
		};
		struct screen screen;

		screen_open(&screen, options);
		for (int k = 0; k < 60; k++)
			feed_hostile(&screen, &seed);
		screen_close(&screen);
		assert_harmless(screen.text, options.unicode);
		assert_width(screen.text, options.columns);
		free(screen.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terminal_hostile),
	};

	return cmocka_run_group_tests_name("report_hostile", tests, NULL, NULL);
}
