// SPDX-License-Identifier: GPL-2.0-or-later
/* Counting by connection: which packets belong together, whatever is missing or in between. */
#include "tests/support/main.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "impair/connections.h"
#include "netns/cleanup.h"

enum { SYN = 2, RST = 4, ACK = 16, HEADERS = 200 };

/* a packet in the making: an IP header, extension headers, a transport header */
struct wire {
	uint8_t bytes[HEADERS];
	size_t len, transport;
};

struct who {
	bool six;
	uint8_t protocol;
	uint8_t from, to; /* last byte of the address */
	uint16_t sport, dport;
};

static void ports_put(struct wire *w, const struct who *who)
{
	uint8_t *p = w->bytes + w->transport;

	p[0] = (uint8_t)(who->sport >> 8);
	p[1] = (uint8_t)who->sport;
	p[2] = (uint8_t)(who->dport >> 8);
	p[3] = (uint8_t)who->dport;
}

/* @extensions: numbers of IPv6 extension headers, ended by 0xff; NULL for none */
static struct wire wire_make(const struct who *who, const uint8_t *extensions)
{
	struct wire w = { 0 };
	uint8_t *next = w.bytes + (who->six ? 6 : 9);

	w.bytes[0] = who->six ? 0x60 : 0x45;
	w.bytes[who->six ? 8 : 12] = w.bytes[who->six ? 24 : 16] = 10;
	w.bytes[who->six ? 23 : 15] = who->from;
	w.bytes[who->six ? 39 : 19] = who->to;
	w.transport = who->six ? 40 : 20;
	for (; extensions && *extensions != 0xff; extensions++) {
		*next = *extensions;
		next = w.bytes + w.transport;
		/* a fragment header has 8 bytes and says nothing of it; the others here have 16 */
		next[1] = *extensions == IPPROTO_FRAGMENT ? 0 : 1;
		w.transport += *extensions == IPPROTO_FRAGMENT ? 8 : 16;
	}
	*next = who->protocol;
	w.len = w.transport + 20;
	if (who->protocol == IPPROTO_TCP || who->protocol == IPPROTO_UDP)
		ports_put(&w, who);
	if (who->protocol == IPPROTO_TCP) {
		w.bytes[w.transport + 12] = 0x50;
		w.bytes[w.transport + 13] = ACK;
	}
	return w;
}

static struct who turned(const struct who *who)
{
	return (struct who){ who->six, who->protocol, who->to, who->from, who->dport, who->sport };
}

static uint32_t count(struct connections *c, const struct wire *w)
{
	return connections_count(c, w->bytes, w->len);
}

static uint32_t count_who(struct connections *c, const struct who *who)
{
	struct wire w = wire_make(who, NULL);

	return count(c, &w);
}

static void test_connections_count_both_ways_together(void **state)
{
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, 132 };

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(protocols); i++) {
		struct who there = { i % 2, protocols[i / 2], 1, 2, 40000, 80 };
		struct who back = turned(&there);
		struct connections *c = connections_new();

		for (uint32_t n = 1; n <= 20; n++)
			assert_int_equal(count_who(c, n % 3 ? &there : &back), n);
		connections_free(c);
	}
}

/* Each differs from the first in one thing only. */
static void test_connections_keep_apart_what_differs(void **state)
{
	static const struct who all[] = {
		{ false, IPPROTO_TCP, 1, 2, 40000, 80 },
		{ false, IPPROTO_UDP, 1, 2, 40000, 80 },
		{ false, IPPROTO_TCP, 1, 3, 40000, 80 },
		{ false, IPPROTO_TCP, 3, 2, 40000, 80 },
		{ false, IPPROTO_TCP, 1, 2, 40001, 80 },
		{ false, IPPROTO_TCP, 1, 2, 40000, 81 },
		{ false, IPPROTO_TCP, 1, 2, 80, 40000 },
		{ true, IPPROTO_TCP, 1, 2, 40000, 80 },
		{ false, IPPROTO_TCP, 1, 2, 40256, 80 },
		{ true, IPPROTO_UDP, 1, 2, 40000, 80 },
		{ false, IPPROTO_ICMP, 1, 2, 0, 0 },
		{ true, IPPROTO_ICMPV6, 1, 2, 0, 0 },
		{ false, 132, 1, 2, 0, 0 },
		{ false, IPPROTO_TCP, 2, 2, 1, 1 },
	};
	struct connections *c = connections_new();

	(void)state;
	for (uint32_t n = 1; n <= 5; n++) {
		for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
			struct who back = turned(&all[i]);

			assert_int_equal(count_who(c, &all[i]), 2 * n - 1);
			assert_int_equal(count_who(c, &back), 2 * n);
		}
	}
	connections_free(c);
}

/* Many share a slot of the table; none is mistaken for another. */
static void test_connections_many(void **state)
{
	enum { N = 20000 };
	struct connections *c = connections_new();

	(void)state;
	for (uint32_t round = 1; round <= 3; round++) {
		for (uint32_t i = 0; i < N; i++) {
			struct who who = { false, IPPROTO_TCP, 1, 2, (uint16_t)i, 80 };

			if (i % 2) {
				struct who back = turned(&who);

				who = back;
			}
			assert_int_equal(count_who(c, &who), round);
		}
	}
	connections_free(c);
}

/* ---- a new connection on old ports ---- */

static struct wire syn_make(const struct who *who, uint32_t isn, uint8_t flags)
{
	struct wire w = wire_make(who, NULL);
	uint8_t *tcp = w.bytes + w.transport;

	for (int i = 0; i < 4; i++)
		tcp[4 + i] = (uint8_t)(isn >> 8 * (3 - i));
	tcp[13] = flags;
	return w;
}

static void test_connections_begin_anew_with_another_isn(void **state)
{
	(void)state;
	for (int six = 0; six < 2; six++) {
		struct who who = { six, IPPROTO_TCP, 1, 2, 40000, 80 }, back = turned(&who);
		struct wire first = syn_make(&who, 1000, SYN), second = syn_make(&who, 1001, SYN);
		struct wire answer = syn_make(&back, 77, SYN | ACK), rst = syn_make(&who, 5, RST);
		struct connections *c = connections_new();

		assert_int_equal(count(c, &first), 1);
		assert_int_equal(count(c, &first), 2); /* sent again */
		assert_int_equal(count(c, &answer), 3);
		assert_int_equal(count(c, &first), 4);
		assert_int_equal(count(c, &rst), 5);
		assert_int_equal(count(c, &second), 1);
		assert_int_equal(count(c, &answer), 2);
		assert_int_equal(count(c, &second), 3);
		/* and back to the first number: that is one more new connection */
		assert_int_equal(count(c, &first), 1);
		connections_free(c);
	}
}

/* A SYN in the midst of packets whose SYN nobody saw: there was none before it to differ from. */
static void test_connections_take_a_first_syn_as_it_comes(void **state)
{
	struct who who = { false, IPPROTO_TCP, 1, 2, 40000, 80 };
	struct wire syn = syn_make(&who, 0, SYN);
	struct connections *c = connections_new();

	(void)state;
	assert_int_equal(count_who(c, &who), 1);
	assert_int_equal(count(c, &syn), 2);
	assert_int_equal(count(c, &syn), 3);
	connections_free(c);
}

/* ---- headers in between, and what is cut off ---- */

static void test_connections_look_behind_extension_headers(void **state)
{
	static const uint8_t chains[][5] = {
		{ IPPROTO_HOPOPTS, 0xff },
		{ IPPROTO_DSTOPTS, 0xff },
		{ IPPROTO_ROUTING, IPPROTO_DSTOPTS, 0xff },
		{ IPPROTO_FRAGMENT, 0xff },
		{ IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_FRAGMENT, IPPROTO_DSTOPTS, 0xff },
	};
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMPV6 };

	(void)state;
	for (size_t p = 0; p < ARRAY_SIZE(protocols); p++) {
		struct who who = { true, protocols[p], 1, 2, 40000, 80 }, back = turned(&who);
		struct who other = { true, protocols[p], 1, 2, 40001, 80 };
		struct connections *c = connections_new();
		uint32_t n = 0;

		for (size_t i = 0; i < ARRAY_SIZE(chains); i++) {
			struct wire w = wire_make(i % 2 ? &back : &who, chains[i]);
			struct wire o = wire_make(&other, chains[i]);

			assert_int_equal(count(c, &w), ++n);
			assert_int_equal(count_who(c, &who), ++n);
			/* without ports there is no other */
			if (protocols[p] == IPPROTO_ICMPV6)
				n++;
			assert_int_equal(count(c, &o), protocols[p] == IPPROTO_ICMPV6 ? n : i + 1);
		}
		connections_free(c);
	}
}

/* A later fragment has no ports: what stands in their place must not be taken for them. */
static void test_connections_do_not_read_ports_from_later_fragments(void **state)
{
	static const uint8_t chain[] = { IPPROTO_FRAGMENT, 0xff };

	(void)state;
	for (int six = 0; six < 2; six++) {
		struct who one = { six, IPPROTO_UDP, 1, 2, 1111, 2222 };
		struct who two = { six, IPPROTO_UDP, 1, 2, 3333, 4444 };
		struct wire a = wire_make(&one, six ? chain : NULL);
		struct wire b = wire_make(&two, six ? chain : NULL);
		struct connections *c = connections_new();

		/* in units of 8 bytes: 185, the second fragment of a datagram over Ethernet */
		a.bytes[six ? 42 : 6] = b.bytes[six ? 42 : 6] = six ? 185 * 8 >> 8 : 0;
		a.bytes[six ? 43 : 7] = b.bytes[six ? 43 : 7] = six ? (uint8_t)(185 * 8) : 185;
		assert_int_equal(count(c, &a), 1);
		assert_int_equal(count(c, &b), 2);
		/* the first fragment has them: offset 0, more to come */
		a.bytes[six ? 42 : 6] = six ? 0 : 0x20;
		a.bytes[six ? 43 : 7] = six ? 1 : 0;
		assert_int_equal(count(c, &a), 1);
		connections_free(c);
	}
}

static void test_connections_skip_options_of_ipv4(void **state)
{
	struct who who = { false, IPPROTO_TCP, 1, 2, 40000, 80 };
	struct wire plain = wire_make(&who, NULL), w = plain;
	struct connections *c = connections_new();

	(void)state;
	w.bytes[0] = 0x47;
	memmove(w.bytes + 28, w.bytes + 20, 20);
	memset(w.bytes + 20, 1, 8);
	w.len += 8;
	assert_int_equal(count(c, &plain), 1);
	assert_int_equal(count(c, &w), 2);
	connections_free(c);
}

/* Cut at every length, in memory that ends there, so that a look beyond is found out. */
static void test_connections_read_no_further_than_there_is(void **state)
{
	static const uint8_t chain[] = { IPPROTO_HOPOPTS, IPPROTO_FRAGMENT, 0xff };

	(void)state;
	for (int six = 0; six < 2; six++) {
		struct who who = { six, IPPROTO_TCP, 1, 2, 40000, 80 };
		struct wire whole = wire_make(&who, six ? chain : NULL);

		for (size_t len = 0; len <= whole.len; len++) {
			struct connections *c = connections_new();
			uint8_t *exact = malloc(len ?: 1);
			bool known = len >= (six ? 40u : 20u);

			memcpy(exact, whole.bytes, len);
			assert_int_equal(connections_count(c, exact, len), known);
			assert_int_equal(connections_count(c, exact, len), known ? 2 : 0);
			/* with its ports it is the connection that the whole packet belongs to */
			assert_int_equal(count(c, &whole), len >= whole.transport + 4 ? 3 : 1);
			free(exact);
			connections_free(c);
		}
	}
}

static void test_connections_refuse_what_is_no_ip(void **state)
{
	struct connections *c = connections_new();
	uint8_t junk[64] = { 0 };

	(void)state;
	for (int version = 0; version < 16; version++) {
		junk[0] = (uint8_t)(version << 4 | 5);
		assert_int_equal(connections_count(c, junk, sizeof(junk)),
				 version == 4 || version == 6);
	}
	/* an extension header that claims to be longer than the packet */
	memset(junk, 0, sizeof(junk));
	junk[0] = 0x60;
	junk[6] = IPPROTO_HOPOPTS;
	junk[41] = 255;
	assert_int_equal(connections_count(c, junk, sizeof(junk)), 2);
	connections_free(c);
	connections_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connections_count_both_ways_together),
		cmocka_unit_test(test_connections_keep_apart_what_differs),
		cmocka_unit_test(test_connections_many),
		cmocka_unit_test(test_connections_begin_anew_with_another_isn),
		cmocka_unit_test(test_connections_take_a_first_syn_as_it_comes),
		cmocka_unit_test(test_connections_look_behind_extension_headers),
		cmocka_unit_test(test_connections_do_not_read_ports_from_later_fragments),
		cmocka_unit_test(test_connections_skip_options_of_ipv4),
		cmocka_unit_test(test_connections_read_no_further_than_there_is),
		cmocka_unit_test(test_connections_refuse_what_is_no_ip),
	};

	return TEST_MAIN("connections", tests, NULL, NULL);
}
