// SPDX-License-Identifier: GPL-2.0-or-later
/* Releases between two threads: each one once, in order, with its bytes, and nobody sleeps on one. */
#include "impair/releases.h"

#include <poll.h>
#include <pthread.h>
#include <string.h>

#include "tests/support/main.h"

enum { MANY = 200000, PATIENCE_MS = 10000 };

static void *put_many(void *arg)
{
	struct releases *releases = arg;

	for (int i = 0; i < MANY; i++) {
		const struct release release = { .lane = i, .packet = &i, .len = sizeof(i) };

		if (!releases_put(releases, &release))
			break;
	}
	return NULL;
}

static void in_order(void *arg, const struct release *release)
{
	int *expected = arg, bytes;

	assert_int_equal(release->len, sizeof(bytes));
	memcpy(&bytes, release->packet, sizeof(bytes));
	assert_int_equal(release->lane, *expected);
	assert_int_equal(bytes, *expected);
	++*expected;
}

static void test_releases_come_once_and_in_order(void **state)
{
	struct releases releases;
	pthread_t thread;
	int expected = 0;

	(void)state;
	assert_int_equal(releases_open(&releases), 0);
	assert_int_equal(pthread_create(&thread, NULL, put_many, &releases), 0);
	while (expected < MANY) {
		struct pollfd ready = { .fd = releases.fd, .events = POLLIN };
		int before = expected, n;

		/* a wake-up that got lost would be the last one */
		assert_int_equal(poll(&ready, 1, PATIENCE_MS), 1);
		n = releases_read(&releases, in_order, &expected);
		assert_int_equal(n, expected - before);
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(releases_read(&releases, in_order, &expected), 0);
	releases_close(&releases);
}

static void test_releases_wake_for_something_else(void **state)
{
	struct releases releases;
	struct pollfd ready = { .events = POLLIN };
	int expected = 0;

	(void)state;
	assert_int_equal(releases_open(&releases), 0);
	ready.fd = releases.fd;
	assert_int_equal(poll(&ready, 1, 0), 0);
	releases_wake(&releases);
	assert_int_equal(poll(&ready, 1, 0), 1);
	assert_int_equal(releases_read(&releases, in_order, &expected), 0);
	assert_int_equal(poll(&ready, 1, 0), 0);
	releases_close(&releases);
}

/* the sanitizers tell if it does not */
static void test_releases_close_frees_what_nobody_has_read(void **state)
{
	struct releases releases;
	const struct release release = { .packet = "ab", .len = 2 };

	(void)state;
	assert_int_equal(releases_open(&releases), 0);
	assert_true(releases_put(&releases, &release));
	assert_true(releases_put(&releases, &release));
	releases_close(&releases);
	assert_int_equal(releases.fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_releases_come_once_and_in_order),
		cmocka_unit_test(test_releases_wake_for_something_else),
		cmocka_unit_test(test_releases_close_frees_what_nobody_has_read),
	};

	return TEST_MAIN("releases", tests, NULL, NULL);
}
