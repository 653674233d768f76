// SPDX-License-Identifier: GPL-2.0-or-later
/* Which sightings a check means: each key by itself, and all of them together. */
#include "tests/support/main.h"

#include <netinet/in.h>
#include <string.h>

#include "lab/observe/observer.h"
#include "netns/cleanup.h"

static const struct packet_match any = { .from = -1, .to = -1 };

/* a SYN from host 0 to host 2, received there */
static const struct sighting syn = { .host = 2,
				     .from = 0,
				     .to = 2,
				     .protocol = IPPROTO_TCP,
				     .sport = 40000,
				     .dport = 8080,
				     .segments = SEG_SYN | SEG_ANY };

static void test_sighting_matches_everything_by_default(void **state)
{
	struct sighting nobody = { .from = -1, .to = -1 };

	(void)state;
	assert_true(sighting_matches(&syn, &any));
	assert_true(sighting_matches(&nobody, &any));
}

/*
 * Every key left out, right or wrong: 3^6 matches. It is meant if none of them is wrong.
 */
static void test_sighting_matches_by_every_key(void **state)
{
	(void)state;
	for (int i = 0; i < 3 * 3 * 3 * 3 * 3 * 3; i++) {
		static const int from[] = { -1, 0, 1 }, to[] = { -1, 2, 0 };
		static const int protocol[] = { 0, IPPROTO_TCP, IPPROTO_UDP };
		static const uint16_t sport[] = { 0, 40000, 8080 }, dport[] = { 0, 8080, 40000 };
		static const unsigned segments[] = { 0, SEG_SYN, SEG_SYN_ACK | SEG_FIN };
		int way[6], k = i, wrong = 0;
		struct packet_match m;

		for (int n = 0; n < 6; n++, k /= 3) {
			way[n] = k % 3;
			wrong += way[n] == 2;
		}
		m = (struct packet_match){ from[way[0]],  to[way[1]],	 protocol[way[2]],
					   sport[way[3]], dport[way[4]], segments[way[5]] };
		assert_int_equal(sighting_matches(&syn, &m), wrong == 0);
	}
}

/* Of several kinds one suffices, on either side. */
static void test_sighting_matches_any_of_the_kinds(void **state)
{
	struct sighting both = syn;
	struct packet_match m = any;

	(void)state;
	both.segments = SEG_FIN | SEG_DATA | SEG_ANY;
	for (unsigned asked = 1; asked < 2 * SEG_ANY; asked++) {
		m.segments = asked;
		assert_int_equal(sighting_matches(&both, &m),
				 (asked & SEG_FIN) || (asked & SEG_DATA) || (asked & SEG_ANY));
	}
}

/* What is no TCP is of no kind, and so no check for a segment means it. */
static void test_sighting_without_kinds_is_no_segment(void **state)
{
	struct sighting icmp = { .from = 1, .to = 0, .protocol = IPPROTO_ICMP };
	struct packet_match m = any;

	(void)state;
	m.segments = SEG_ANY;
	assert_false(sighting_matches(&icmp, &m));
	m.segments = 0;
	m.protocol = IPPROTO_ICMP;
	assert_true(sighting_matches(&icmp, &m));
}

/* An address that belongs to no host of the lab is nobody's. */
static void test_sighting_of_a_stranger_is_from_nobody(void **state)
{
	struct sighting stranger = syn;
	struct packet_match m = any;

	(void)state;
	stranger.from = -1;
	for (int host = 0; host < 3; host++) {
		m.from = host;
		assert_false(sighting_matches(&stranger, &m));
	}
	m.from = -1;
	assert_true(sighting_matches(&stranger, &m));
}

/* ---- a four-tuple, as text ---- */

static void test_tuple_text_shows_either_end(void **state)
{
	struct four_tuple four = { .af = AF_INET,
				   .local = { 10, 0, 1, 1 },
				   .remote = { 10, 0, 2, 2 },
				   .lport = 43210,
				   .rport = 80 };
	struct four_tuple six = { .af = AF_INET6,
				  .local = { 0xfd, [15] = 1 },
				  .remote = { 0xfd, [7] = 2, [15] = 2 },
				  .lport = 1,
				  .rport = 65535 };
	char text[80];

	(void)state;
	assert_string_equal(tuple_text(&four, false, text, sizeof(text)), "10.0.1.1:43210");
	assert_string_equal(tuple_text(&four, true, text, sizeof(text)), "10.0.2.2:80");
	assert_string_equal(tuple_text(&six, false, text, sizeof(text)), "[fd00::1]:1");
	assert_string_equal(tuple_text(&six, true, text, sizeof(text)), "[fd00:0:0:2::2]:65535");
}

/* ---- names of states and timers ---- */

static void test_tcp_state_names_go_both_ways(void **state)
{
	static const struct {
		const char *word;
		const char *name;
	} words[] = {
		{ "SYN-SENT", "SYN-SENT" },
		{ "SYN-RECV", "SYN-RECV" },
		{ "SYN-RECEIVED", "SYN-RECV" },
		{ "ESTAB", "ESTABLISHED" },
		{ "ESTABLISHED", "ESTABLISHED" },
		{ "UNCONN", "CLOSED" },
		{ "CLOSE", "CLOSED" },
		{ "CLOSED", "CLOSED" },
		{ "LISTEN", "LISTEN" },
		{ "FIN-WAIT-1", "FIN-WAIT-1" },
		{ "FIN-WAIT-2", "FIN-WAIT-2" },
		{ "CLOSE-WAIT", "CLOSE-WAIT" },
		{ "CLOSING", "CLOSING" },
		{ "LAST-ACK", "LAST-ACK" },
		{ "TIME-WAIT", "TIME-WAIT" },
	};
	static const char *const bad[] = { "",	       "established", "SYN_SENT",
					   "TIMEWAIT", "FIN-WAIT",    "?" };
	int n = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		assert_string_equal(tcp_state_name(tcp_state_from_name(words[i].word)),
				    words[i].name);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(tcp_state_from_name(bad[i]), -1);
	/* the eleven states of RFC 9293, each once */
	for (; tcp_state_name_at(n); n++) {
		for (int k = 0; k < n; k++)
			assert_string_not_equal(tcp_state_name_at(k), tcp_state_name_at(n));
	}
	assert_int_equal(n, 11);
	assert_string_equal(tcp_state_name(-1), "?");
	assert_string_equal(tcp_state_name(STATE_COUNT), "?");
}

static void test_tcp_timer_names_go_both_ways(void **state)
{
	static const char *const names[] = { "none", "retransmit", "keepalive", "timewait",
					     "persist" };

	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_string_equal(tcp_timer_name(i), names[i]);
		assert_string_equal(tcp_timer_name_at(i), names[i]);
		assert_int_equal(tcp_timer_from_name(names[i]), i);
	}
	assert_null(tcp_timer_name_at(5));
	/* ss says on and off */
	assert_int_equal(tcp_timer_from_name("on"), 1);
	assert_int_equal(tcp_timer_from_name("off"), 0);
	assert_int_equal(tcp_timer_from_name("retransmission"), -1);
	assert_string_equal(tcp_timer_name(9), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sighting_matches_everything_by_default),
		cmocka_unit_test(test_sighting_matches_by_every_key),
		cmocka_unit_test(test_sighting_matches_any_of_the_kinds),
		cmocka_unit_test(test_sighting_without_kinds_is_no_segment),
		cmocka_unit_test(test_sighting_of_a_stranger_is_from_nobody),
		cmocka_unit_test(test_tuple_text_shows_either_end),
		cmocka_unit_test(test_tcp_state_names_go_both_ways),
		cmocka_unit_test(test_tcp_timer_names_go_both_ways),
	};

	return TEST_MAIN("observer match", tests, NULL, NULL);
}
