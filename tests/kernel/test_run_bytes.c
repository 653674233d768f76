// SPDX-License-Identifier: GPL-2.0-or-later
/* The packets' own bytes in the log: they are there when asked for, and they are those packets. */
#include "tests/kernel/run_fixture.h"

#define HOSTS(FW, LINK)                                                   \
	HEAD "topology:\n  hosts: {client: {}, fw: " FW ", server: {}}\n" \
	     "  links:\n    - client -- fw" LINK "\n    - fw -- server\n"
#define PLAIN "{forward: true}"

/* The record's bytes decode to the packet of the same record. */
static void bytes_check(const struct event_bytes *bytes, const struct packet *packet)
{
	struct packet decoded;
	uint32_t most = packet->ip_len < EVENT_BYTES_MOST ? packet->ip_len : EVENT_BYTES_MOST;

	assert_int_equal(bytes->n, most);
	assert_int_equal(packet_decode(bytes->data, (size_t)bytes->n, packet->ip_len, &decoded), 0);
	assert_memory_equal(&decoded, packet, sizeof(decoded));
}

/* All packets and hits of a log have theirs; how many of each there were. */
static void log_check(const struct running *r, int *ret_packets, int *ret_hits)
{
	*ret_packets = *ret_hits = 0;
	for (int i = 0; i < r->n; i++) {
		const struct event *e = &r->events[i];

		if (e->type == EVENT_PACKET) {
			bytes_check(&e->packet.bytes, &e->packet.packet);
			++*ret_packets;
		} else if (e->type == EVENT_HIT) {
			bytes_check(&e->hit.bytes, &e->hit.packet);
			++*ret_hits;
		}
	}
}

/* The kind of the first option of a SYN is the segment size (RFC 9293 section 3.2). */
static void syn_check(const struct event_bytes *bytes)
{
	size_t tcp = bytes->data[0] >> 4 == 6 ? 40 : 20;

	assert_true((size_t)bytes->n > tcp + 24);
	assert_true(bytes->data[tcp + 12] >> 4 > 5);
	assert_int_equal(bytes->data[tcp + 20], 2);
	assert_int_equal(bytes->data[tcp + 21], 4);
}

static bool is_syn(const struct packet *p)
{
	return p->protocol == IPPROTO_TCP && p->flags == TCPF_SYN;
}

/* What passes, what is dropped, and what is longer than a record keeps. */
static void test_run_bytes_are_the_packets(void **state)
{
	static const char *const ips[] = { "4", "6" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct running r = {
			.text = HEAD "faults:\n  gone: " DROP(
				"fin") "\nsteps:\n" DIALLED
				       "  - client: {send: conn, bytes: 3000}\n"
				       "  - server: {recv: peer, bytes: 3000, deadline: 5s}\n"
				       "  - client: {close: conn}\n"
				       "  - check: {fault: gone, hits: \">= 1\", within: 5s}\n",
			.ip = ips[i],
			.options = { .bytes = true },
		};
		int packets, hits, syns = 0, cut = 0;

		running_pass(&r);
		log_check(&r, &packets, &hits);
		for (int k = 0; k < r.n; k++) {
			const struct event *e = &r.events[k];

			if (e->type != EVENT_PACKET)
				continue;
			cut += e->packet.packet.ip_len > EVENT_BYTES_MOST;
			if (!is_syn(&e->packet.packet))
				continue;
			syn_check(&e->packet.bytes);
			syns++;
		}
		assert_true(packets > 12);
		assert_true(hits >= 1);
		assert_int_equal(syns, 4); /* two hops, seen at both ends */
		assert_true(cut >= 4);
		running_free(&r);
	}
}

static void test_run_bytes_are_not_there_unasked(void **state)
{
	struct running r = {
		.text = HEAD "faults:\n  gone: " DROP(
			"syn") "\nsteps:\n"
			       "  - client: {dial: \"server:8080\", as: conn, deadline: "
			       "100ms}\n    expect: {error: deadline}\n"
	};

	(void)state;
	running_pass(&r);
	assert_true(events_of(&r, EVENT_PACKET, NULL) >= 1);
	assert_true(events_of(&r, EVENT_HIT, NULL) >= 1);
	for (int i = 0; i < r.n; i++) {
		if (r.events[i].type == EVENT_PACKET)
			assert_int_equal(r.events[i].packet.bytes.n, 0);
		else if (r.events[i].type == EVENT_HIT)
			assert_int_equal(r.events[i].hit.bytes.n, 0);
	}
	running_free(&r);
}

/* A translated packet has other bytes on each side: those of that side. */
static void test_run_bytes_are_translated(void **state)
{
	struct running r = {
		.text = HOSTS("{forward: true, nat: {masquerade: true, 80: \"server:8080\"}}",
			      "") "steps:\n"
				  "  - server: {listen: 8080, as: door}\n"
				  "  - client: {dial: \"fw:80\", as: conn, deadline: 5s}\n"
				  "    expect: {error: none}\n",
		.options = { .bytes = true },
	};
	int packets, hits, dports[2] = { 0 };

	(void)state;
	running_pass(&r);
	log_check(&r, &packets, &hits);
	assert_true(packets >= 12);
	for (int i = 0; i < r.n; i++) {
		const struct event_packet *p = &r.events[i].packet;

		if (r.events[i].type != EVENT_PACKET || !is_syn(&p->packet))
			continue;
		dports[0] += p->bytes.data[22] == 0 && p->bytes.data[23] == 80;
		dports[1] += p->bytes.data[22] == 8080 >> 8 && p->bytes.data[23] == (8080 & 255);
	}
	assert_int_equal(dports[0], 2);
	assert_int_equal(dports[1], 2);
	running_free(&r);
}

/*
 * Packets that were held are told by who held them: the delay line, or netem's log of departures. What
 * they lose are hits.
 */
static void shaped_check(enum shape_backend shape)
{
	struct running r = {
		.text = HOSTS(
			PLAIN,
			": {delay: 5ms, loss: 30%}") "steps:\n" DIALLED
						     "  - client: {send: conn, bytes: 30000}\n"
						     "  - server: {recv: peer, bytes: 30000, deadline: 30s}\n",
		.options = { .bytes = true, .shape = shape },
	};
	int packets, hits;

	running_start(&r);
	running_finish(&r);
	running_check(&r);
	if (end_of(&r)->end.result == RESULT_ERROR && shape == SHAPE_NETEM &&
	    strstr(end_of(&r)->end.text, "netem")) {
		print_message("no netem here: %s\n", end_of(&r)->end.text);
		running_free(&r);
		skip();
	}
	if (end_of(&r)->end.result != RESULT_PASSED) {
		running_show(&r);
		fail_msg("%s", end_of(&r)->end.text);
	}
	log_check(&r, &packets, &hits);
	assert_true(packets > 40);
	assert_true(hits >= 1);
	running_free(&r);
}

static void test_run_bytes_come_through_the_delay_line(void **state)
{
	(void)state;
	shaped_check(SHAPE_QUEUE);
}

static void test_run_bytes_come_through_netem(void **state)
{
	(void)state;
	shaped_check(SHAPE_NETEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run_bytes_are_the_packets),
		cmocka_unit_test(test_run_bytes_are_not_there_unasked),
		cmocka_unit_test(test_run_bytes_are_translated),
		cmocka_unit_test(test_run_bytes_come_through_the_delay_line),
		cmocka_unit_test(test_run_bytes_come_through_netem),
	};

	return TEST_MAIN("run bytes", tests, NULL, NULL);
}
