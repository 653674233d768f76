// SPDX-License-Identifier: GPL-2.0-or-later
/* What is a retransmission, and the how-manieth. */
#include "tests/support/main.h"

#include <string.h>

#include "lab/observe/flow.h"
#include "netns/cleanup.h"

enum { CLIENT, SERVER };

static struct flow_table *table;
static int64_t now;

static int setup(void **state)
{
	(void)state;
	table = flow_table_new();
	now = 1000;
	return table ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	flow_table_free(table);
	return 0;
}

static struct packet segment(int from, uint8_t flags, uint32_t seq, uint32_t payload)
{
	struct packet p = { .af = AF_INET,
			    .protocol = IPPROTO_TCP,
			    .src = { 10, 0, 1, 1 },
			    .dst = { 10, 0, 2, 2 },
			    .sport = 40000,
			    .dport = 8080,
			    .seq = seq,
			    .flags = flags,
			    .payload = payload };

	if (from == SERVER) {
		memcpy(p.src, (uint8_t[16]){ 10, 0, 2, 2 }, 16);
		memcpy(p.dst, (uint8_t[16]){ 10, 0, 1, 1 }, 16);
		p.sport = 8080;
		p.dport = 40000;
	}
	return p;
}

/* Note a packet, a millisecond after the one before; expect its number and how long ago the first was. */
static void sent(struct packet p, int retry, int64_t since)
{
	int got = -1;
	int64_t got_since = -1;

	now += 1000000;
	flow_sent(table, &p, now, &got, &got_since);
	assert_int_equal(got, retry);
	assert_int_equal(got_since, since);
}

#define MS(n) ((n)*INT64_C(1000000))

static void test_flow_numbers_retries_of_a_syn(void **state)
{
	(void)state;
	sent(segment(CLIENT, TCPF_SYN, 100, 0), 0, 0);
	for (int i = 1; i < 8; i++)
		sent(segment(CLIENT, TCPF_SYN, 100, 0), i, MS(i));
	/* the other direction is another matter, even with the same numbers */
	sent(segment(SERVER, TCPF_SYN | TCPF_ACK, 100, 0), 0, 0);
	sent(segment(SERVER, TCPF_SYN | TCPF_ACK, 100, 0), 1, MS(1));
	sent(segment(CLIENT, TCPF_SYN, 100, 0), 8, MS(10));
}

static void test_flow_numbers_retries_of_data_and_fin(void **state)
{
	(void)state;
	sent(segment(CLIENT, TCPF_SYN, 100, 0), 0, 0);
	sent(segment(CLIENT, TCPF_ACK, 101, 10), 0, 0);
	sent(segment(CLIENT, TCPF_ACK, 111, 20), 0, 0);
	sent(segment(CLIENT, TCPF_ACK, 101, 10), 1, MS(2));
	sent(segment(CLIENT, TCPF_FIN | TCPF_ACK, 131, 0), 0, 0);
	sent(segment(CLIENT, TCPF_FIN | TCPF_ACK, 131, 0), 1, MS(1));
	sent(segment(CLIENT, TCPF_ACK, 101, 10), 2, MS(5));
	sent(segment(CLIENT, TCPF_FIN | TCPF_ACK, 131, 0), 2, MS(3));
	/* the kernel joins segments when it sends them again: same start, more bytes */
	sent(segment(CLIENT, TCPF_ACK, 111, 20), 1, MS(6));
	sent(segment(CLIENT, TCPF_FIN | TCPF_ACK, 111, 20), 2, MS(7));
}

/* A part of what was sent before, from the middle: sent again, though it has never begun there. */
static void test_flow_knows_a_part_of_what_was_sent(void **state)
{
	(void)state;
	sent(segment(CLIENT, TCPF_ACK, 1000, 3000), 0, 0);
	sent(segment(CLIENT, TCPF_ACK, 2460, 1460), 1, 0);
	sent(segment(CLIENT, TCPF_ACK, 2460, 1460), 2, MS(1));
	sent(segment(CLIENT, TCPF_ACK, 4000, 10), 0, 0);
}

static void test_flow_passes_over_what_takes_no_sequence_space(void **state)
{
	struct packet udp = segment(CLIENT, 0, 0, 100);

	(void)state;
	sent(segment(CLIENT, TCPF_ACK, 101, 0), 0, 0);
	sent(segment(CLIENT, TCPF_ACK, 101, 0), 0, 0);
	sent(segment(CLIENT, TCPF_RST, 101, 0), 0, 0);
	sent(segment(CLIENT, TCPF_RST | TCPF_ACK, 101, 5), 0, 0);
	sent(segment(CLIENT, TCPF_ACK, 101, 7), 0, 0);
	/* keepalive probes: the byte before, without payload */
	sent(segment(CLIENT, TCPF_ACK, 100, 0), 0, 0);
	sent(segment(CLIENT, TCPF_RST, 101, 7), 0, 0);
	sent(segment(CLIENT, TCPF_ACK, 101, 7), 1, MS(3));
	udp.protocol = IPPROTO_UDP;
	sent(udp, 0, 0);
	sent(udp, 0, 0);
}

/* Sequence numbers go on behind 2^32 (RFC 9293, 3.4). */
static void test_flow_goes_on_where_sequence_numbers_wrap(void **state)
{
	uint32_t isn = UINT32_MAX - 4;

	(void)state;
	sent(segment(CLIENT, TCPF_SYN, isn, 0), 0, 0);
	sent(segment(CLIENT, TCPF_ACK, isn + 1, 10), 0, 0);  /* across the end */
	sent(segment(CLIENT, TCPF_ACK, isn + 11, 10), 0, 0); /* a small number now */
	sent(segment(CLIENT, TCPF_ACK, isn + 21, 10), 0, 0);
	sent(segment(CLIENT, TCPF_ACK, isn + 1, 10), 1, MS(3));
	sent(segment(CLIENT, TCPF_ACK, isn + 11, 10), 1, MS(3));
	/* from the middle of the first: a large number, and yet from before the small ones */
	sent(segment(CLIENT, TCPF_ACK, isn + 3, 4), 1, 0);
	sent(segment(CLIENT, TCPF_FIN | TCPF_ACK, isn + 31, 0), 0, 0);
}

/* All of the sequence space, a bit at a time: nothing of it is taken for a repetition. */
static void test_flow_goes_once_round_the_sequence_space(void **state)
{
	const uint32_t step = 1u << 28;
	uint32_t seq = 5;

	(void)state;
	sent(segment(CLIENT, TCPF_SYN, seq - 1, 0), 0, 0);
	for (int i = 0; i < 15; i++, seq += step)
		sent(segment(CLIENT, TCPF_ACK, seq, step), 0, 0);
}

/* The same four ports, another connection: a SYN with another number begins anew. */
static void test_flow_begins_anew_when_ports_are_used_again(void **state)
{
	(void)state;
	sent(segment(CLIENT, TCPF_SYN, 5000, 0), 0, 0);
	sent(segment(CLIENT, TCPF_ACK, 5001, 100), 0, 0);
	sent(segment(CLIENT, TCPF_FIN | TCPF_ACK, 5101, 0), 0, 0);
	/* lower than before: with the old numbers all of it would be a repetition */
	sent(segment(CLIENT, TCPF_SYN, 1000, 0), 0, 0);
	sent(segment(CLIENT, TCPF_SYN, 1000, 0), 1, MS(1));
	sent(segment(CLIENT, TCPF_ACK, 1001, 100), 0, 0);
	sent(segment(CLIENT, TCPF_ACK, 1101, 100), 0, 0);
	sent(segment(CLIENT, TCPF_ACK, 1001, 100), 1, MS(2));
	sent(segment(CLIENT, TCPF_SYN, 9000, 0), 0, 0);
	sent(segment(CLIENT, TCPF_ACK, 9001, 1), 0, 0);
}

/* 64 segments are remembered by their starts; older ones are known by their place. */
static void test_flow_remembers_the_last_sixty_four(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 200; i++)
		sent(segment(CLIENT, TCPF_ACK, 1000 + i * 10, 10), 0, 0);
	/* the last one, and the 64th last one */
	sent(segment(CLIENT, TCPF_ACK, 1000 + 199 * 10, 10), 1, MS(1));
	sent(segment(CLIENT, TCPF_ACK, 1000 + 136 * 10, 10), 1, MS(65));
	/* the one before that is forgotten: again, but nobody knows since when */
	sent(segment(CLIENT, TCPF_ACK, 1000 + 135 * 10, 10), 1, 0);
	sent(segment(CLIENT, TCPF_ACK, 1000 + 135 * 10, 10), 2, MS(1));
	sent(segment(CLIENT, TCPF_ACK, 1000 + 200 * 10, 10), 0, 0);
}

/* Connections that differ in a single bit of an address or a port do not know each other. */
static void test_flow_tells_connections_apart(void **state)
{
	(void)state;
	sent(segment(CLIENT, TCPF_SYN, 7, 0), 0, 0);
	for (int i = 0; i < 2 * 128 + 2 * 16; i++) {
		struct packet p = segment(CLIENT, TCPF_SYN, 7, 0);

		if (i < 128)
			p.src[i / 8] ^= (uint8_t)(1 << i % 8);
		else if (i < 256)
			p.dst[(i - 128) / 8] ^= (uint8_t)(1 << i % 8);
		else if (i < 272)
			p.sport ^= (uint16_t)(1 << (i - 256));
		else
			p.dport ^= (uint16_t)(1 << (i - 272));
		sent(p, 0, 0);
	}
	sent(segment(CLIENT, TCPF_SYN, 7, 0), 1, MS(289));
}

/* More connections than the table has buckets. */
static void test_flow_takes_thousands_of_connections(void **state)
{
	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 5000; i++) {
			struct packet p = segment(CLIENT, TCPF_SYN, (uint32_t)i, 0);

			p.sport = (uint16_t)(10000 + i);
			sent(p, round, round ? MS(5000) : 0);
		}
	}
}

int main(void)
{
#define FLOW_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		FLOW_TEST(test_flow_numbers_retries_of_a_syn),
		FLOW_TEST(test_flow_numbers_retries_of_data_and_fin),
		FLOW_TEST(test_flow_knows_a_part_of_what_was_sent),
		FLOW_TEST(test_flow_passes_over_what_takes_no_sequence_space),
		FLOW_TEST(test_flow_goes_on_where_sequence_numbers_wrap),
		FLOW_TEST(test_flow_goes_once_round_the_sequence_space),
		FLOW_TEST(test_flow_begins_anew_when_ports_are_used_again),
		FLOW_TEST(test_flow_remembers_the_last_sixty_four),
		FLOW_TEST(test_flow_tells_connections_apart),
		FLOW_TEST(test_flow_takes_thousands_of_connections),
	};

	return TEST_MAIN("flow", tests, NULL, NULL);
}
