// SPDX-License-Identifier: GPL-2.0-or-later
/* What came in and goes out is passed on; anything else was made here. */
#include "tests/support/main.h"

#include <netinet/in.h>
#include <stdlib.h>

#include "lab/observe/passing.h"

static const struct packet syn = { .af = AF_INET,
				   .src = { 10, 0, 1, 1 },
				   .dst = { 10, 0, 2, 2 },
				   .protocol = IPPROTO_TCP,
				   .ttl = 64,
				   .id = 7,
				   .ip_len = 60,
				   .sport = 40000,
				   .dport = 80,
				   .seq = 1,
				   .flags = TCPF_SYN };

static void test_passing_tells_forwarded_from_made_here(void **state)
{
	struct passing *passing = passing_new();
	struct packet forged = syn;
	uint64_t key = passing_key(false, &syn);

	(void)state;
	assert_non_null(passing);
	assert_false(passing_out(passing, key));
	passing_in(passing, key);
	passing_in(passing, key);
	assert_true(passing_out(passing, key));
	assert_true(passing_out(passing, key));
	assert_false(passing_out(passing, key));
	/* the firewall killed one, and makes one that looks the same; in whatever order it is heard */
	passing_in(passing, key);
	passing_killed(passing, key);
	assert_false(passing_out(passing, key));
	passing_killed(passing, key);
	passing_in(passing, key);
	assert_false(passing_out(passing, key));
	forged.seq = 2;
	passing_in(passing, key);
	assert_false(passing_out(passing, passing_key(false, &forged)));
	assert_true(passing_out(passing, key));
	free(passing);
}

static void test_passing_key_is_of_what_stays(void **state)
{
	struct packet further = syn, translated = syn;

	(void)state;
	further.ttl--;
	assert_true(passing_key(false, &further) == passing_key(false, &syn));
	translated.src[3] = 99;
	translated.sport = 50000;
	assert_true(passing_key(false, &translated) != passing_key(false, &syn));
	assert_true(passing_key(true, &translated) == passing_key(true, &syn));
	translated.seq++;
	assert_true(passing_key(true, &translated) != passing_key(true, &syn));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_passing_tells_forwarded_from_made_here),
		cmocka_unit_test(test_passing_key_is_of_what_stays),
	};

	return TEST_MAIN("passing", tests, NULL, NULL);
}
