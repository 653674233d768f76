/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The main function of a cmocka binary whose tests may be skipped. cmocka ends with 0 when all of
 * its tests were skipped, which would look as if they had passed; here that is 77, which ctest knows
 * as skipped.
 *
 * Include this instead of cmocka.h. Skip inside a test, never in a setup function; cmocka runs all
 * tests in one process, so that what a test does to its namespaces lasts to the end of the binary.
 */
#ifndef NSLAB_TESTS_SUPPORT_MAIN_H
#define NSLAB_TESTS_SUPPORT_MAIN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { TEST_EXIT_SKIPPED = 77 };

static int test_skips;

/* counts, then leaves the test as cmocka's own does */
#undef skip
#define skip() (test_skips++, _skip(__FILE__, __LINE__))

/**
 * test_main() - run a group of tests and say how many passed
 * @name: of the group
 * @tests, @n: the tests; TEST_MAIN() counts them
 * @setup, @teardown: of the group, may be NULL
 *
 * The last line on stdout is "N passed, N failed, N skipped", which ./dev test adds up.
 * Return: the exit status: 0, 1 if any failed, 77 if none ran
 */
static inline int test_main(const char *name, const struct CMUnitTest *tests, size_t n,
			    CMFixtureFunction setup, CMFixtureFunction teardown)
{
	int failed = _cmocka_run_group_tests(name, tests, n, setup, teardown);
	int skipped = test_skips;
	int passed = (int)n - skipped - (failed > 0 ? failed : 0);

	if (failed < 0) /* the group's setup failed: nothing ran */
		failed = (int)n;
	if (passed < 0 || failed == (int)n)
		passed = 0;
	printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
	if (failed)
		return 1;
	return n > 0 && skipped == (int)n ? TEST_EXIT_SKIPPED : 0;
}

#define TEST_MAIN(name, tests, setup, teardown) \
	test_main(name, tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)

#endif
