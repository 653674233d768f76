// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/main.h"
#include "tests/unit/sequence_feed.h"

#include "lab/report/pair.h"
#include "lab/report/track.h"

static const struct leg *leg_at(const struct feed *f, int i)
{
	assert_true(i < f->n);
	assert_int_equal(f->items[i].kind, ITEM_LEG);
	return &f->items[i].leg;
}

static void assert_hop(const struct leg *leg, int i, int from, int to, int64_t left, int64_t came)
{
	assert_true(i < leg->n_hops);
	assert_int_equal(leg->hops[i].from, from);
	assert_int_equal(leg->hops[i].to, to);
	assert_int_equal(leg->hops[i].left_ns, left);
	assert_int_equal(leg->hops[i].came_ns, came);
}

static void test_sequence_forwarded(void **state)
{
	struct feed f;
	const struct leg *leg;

	(void)state;
	feed_open(&f, &begin);
	feed_way(&f, MS(1), tcp(false, TCPF_SYN, 100, 0, 0, 64));
	assert_int_equal(f.n, 0); /* something might still belong to it */
	feed_end(&f);
	assert_int_equal(f.n, 1);
	leg = leg_at(&f, 0);
	assert_int_equal(leg->n_hops, 2);
	assert_hop(leg, 0, CLIENT, FW, MS(1), MS(1) + US(10));
	assert_hop(leg, 1, FW, SERVER, MS(1) + US(20), MS(1) + US(30));
	assert_int_equal(leg->end, LEG_ARRIVED);
	assert_int_equal(leg->at, SERVER);
	assert_int_equal(leg->number, 1);
	assert_int_equal(leg->connection, 1);
	assert_string_equal(leg->fault, "");
	assert_int_equal(f.items[0].t_ns, MS(1));
	assert_int_equal(f.items[0].host, CLIENT);
	feed_close(&f);
}

static void test_sequence_stopped(void **state)
{
	struct packet syn = tcp(false, TCPF_SYN, 100, 0, 0, 64), passed = syn;
	struct feed f;
	const struct leg *leg;

	(void)state;
	passed.ttl = 63; /* the forward hook sees it counted down */
	feed_open(&f, &begin);
	feed_packet(&f, MS(1), CLIENT, "eth0", true, true, syn);
	feed_packet(&f, MS(1) + US(5), FW, "eth0", false, false, syn);
	feed_hit(&f, MS(1) + US(9), FW, "syn-dropped", "dropped", passed);
	/* the next one has nothing to do with it */
	feed_packet(&f, MS(1000), CLIENT, "eth0", true, true, syn);
	feed_end(&f);
	assert_int_equal(f.n, 2);
	leg = leg_at(&f, 0);
	assert_int_equal(leg->n_hops, 1);
	assert_int_equal(leg->end, LEG_STOPPED);
	assert_int_equal(leg->at, FW);
	assert_string_equal(leg->fault, "syn-dropped");
	assert_string_equal(leg->past, "dropped");
	leg = leg_at(&f, 1);
	assert_int_equal(leg->number, 2);
	assert_int_equal(leg->end, LEG_FLYING);
	assert_hop(leg, 0, CLIENT, FW, MS(1000), -1);
	feed_close(&f);
}

/* A firewall on the sending host: the packet never leaves. */
static void test_sequence_stopped_at_home(void **state)
{
	struct feed f;
	const struct leg *leg;

	(void)state;
	feed_open(&f, &begin);
	feed_hit(&f, MS(1), CLIENT, "own", "dropped", tcp(false, TCPF_SYN, 1, 0, 0, 64));
	feed_end(&f);
	leg = leg_at(&f, 0);
	assert_int_equal(leg->n_hops, 0);
	assert_int_equal(leg->end, LEG_STOPPED);
	assert_int_equal(leg->at, CLIENT);
	feed_close(&f);
}

static void test_sequence_slow_wire(void **state)
{
	struct packet syn = tcp(false, TCPF_SYN, 100, 0, 0, 64);
	struct feed f;
	const struct leg *leg;

	(void)state;
	feed_open(&f, &begin);
	feed_packet(&f, MS(1), CLIENT, "eth0", true, true, syn);
	feed_packet(&f, MS(21), FW, "eth0", false, false, syn);
	syn.ttl--;
	feed_packet(&f, MS(21) + US(5), FW, "eth1", true, false, syn);
	feed_packet(&f, MS(21) + US(9), SERVER, "eth0", false, false, syn);
	feed_end(&f);
	assert_int_equal(f.n, 2);
	leg = leg_at(&f, 0);
	assert_int_equal(leg->end, LEG_FLYING);
	assert_hop(leg, 0, CLIENT, FW, MS(1), -1);
	leg = leg_at(&f, 1);
	assert_int_equal(leg->number, 1);
	assert_true(leg->hops[0].resumed);
	assert_hop(leg, 0, CLIENT, FW, MS(1), MS(21));
	assert_hop(leg, 1, FW, SERVER, MS(21) + US(5), MS(21) + US(9));
	assert_int_equal(leg->end, LEG_ARRIVED);
	assert_int_equal(f.items[1].t_ns, MS(21));
	feed_close(&f);
}

/* Of packets that look alike the first that left is the first that comes. */
static void test_sequence_alike_in_order(void **state)
{
	struct packet ack = tcp(false, TCPF_ACK, 5, 7, 0, 64);
	struct feed f;

	(void)state;
	feed_open(&f, &begin);
	feed_packet(&f, MS(1), CLIENT, "eth0", true, true, ack);
	feed_packet(&f, MS(3), CLIENT, "eth0", true, true, ack);
	feed_packet(&f, MS(21), FW, "eth0", false, false, ack);
	feed_packet(&f, MS(23), FW, "eth0", false, false, ack);
	feed_end(&f);
	assert_int_equal(f.n, 4);
	assert_int_equal(leg_at(&f, 2)->number, 1);
	assert_hop(leg_at(&f, 2), 0, CLIENT, FW, MS(1), MS(21));
	assert_int_equal(leg_at(&f, 3)->number, 2);
	assert_hop(leg_at(&f, 3), 0, CLIENT, FW, MS(3), MS(23));
	feed_close(&f);
}

/* Those of two connections may be alike but for a port: that decides, whatever the order. */
static void test_sequence_alike_but_for_a_port(void **state)
{
	struct packet first = tcp(false, TCPF_ACK, 5, 7, 0, 64), second = first;
	struct feed f;

	(void)state;
	second.sport++;
	feed_open(&f, &begin);
	feed_packet(&f, MS(1), CLIENT, "eth0", true, true, first);
	feed_packet(&f, MS(3), CLIENT, "eth0", true, true, second);
	feed_packet(&f, MS(21), FW, "eth0", false, false, second);
	feed_packet(&f, MS(23), FW, "eth0", false, false, first);
	feed_end(&f);
	assert_int_equal(f.n, 4);
	assert_hop(leg_at(&f, 2), 0, CLIENT, FW, MS(3), MS(21));
	assert_int_equal(leg_at(&f, 2)->number, 2);
	assert_hop(leg_at(&f, 3), 0, CLIENT, FW, MS(1), MS(23));
	feed_close(&f);
}

static void test_sequence_lost(void **state)
{
	struct packet data = tcp(false, TCPF_ACK, 100, 1, 10, 64);
	struct feed f;
	const struct leg *leg;

	(void)state;
	feed_open(&f, &begin);
	/* told after it left, and told before */
	feed_packet(&f, MS(1), CLIENT, "eth0", true, true, data);
	feed_hit(&f, MS(1) + US(50), FW, "client -> fw", "lost", data);
	data.seq = 200;
	feed_hit(&f, MS(9), CLIENT, "client -> fw", "lost", data);
	feed_packet(&f, MS(9) + US(1), CLIENT, "eth0", true, true, data);
	/* long after it left */
	data.seq = 300;
	feed_packet(&f, MS(20), CLIENT, "eth0", true, true, data);
	feed_hit(&f, MS(60), FW, "client -> fw", "lost with the link", data);
	feed_end(&f);
	assert_int_equal(f.n, 4);
	for (int i = 0; i < 2; i++) {
		leg = leg_at(&f, i);
		assert_int_equal(leg->end, LEG_LOST);
		assert_string_equal(leg->past, "lost");
		assert_int_equal(leg->n_hops, 1);
		assert_int_equal(leg->hops[0].to, FW);
	}
	assert_int_equal(leg_at(&f, 2)->end, LEG_FLYING);
	leg = leg_at(&f, 3);
	assert_int_equal(leg->number, leg_at(&f, 2)->number);
	assert_int_equal(leg->end, LEG_LOST);
	assert_true(leg->hops[0].resumed);
	feed_close(&f);
}

static void test_sequence_held(void **state)
{
	struct packet p = tcp(true, TCPF_SYN | TCPF_ACK, 900, 101, 0, 64);
	struct feed f;
	const struct leg *leg;

	(void)state;
	feed_open(&f, &begin);
	feed_packet(&f, MS(1), SERVER, "eth0", true, true, p);
	feed_packet(&f, MS(1) + US(1), FW, "eth1", false, false, p);
	p.ttl--;
	feed_hit(&f, MS(1) + US(2), FW, "slow", "delayed", p);
	feed_release(&f, MS(1501), FW, "slow", "delayed", MS(1500), p);
	feed_packet(&f, MS(1501) + US(70), FW, "eth0", true, false, p);
	feed_packet(&f, MS(1501) + US(80), CLIENT, "eth0", false, false, p);
	feed_end(&f);
	assert_int_equal(f.n, 2);
	leg = leg_at(&f, 0);
	assert_int_equal(leg->end, LEG_HELD);
	assert_int_equal(leg->at, FW);
	assert_string_equal(leg->fault, "slow");
	leg = leg_at(&f, 1);
	assert_int_equal(leg->number, 1);
	assert_string_equal(leg->released_by, "slow");
	assert_int_equal(leg->waited_ns, MS(1500));
	assert_hop(leg, 0, FW, CLIENT, MS(1501) + US(70), MS(1501) + US(80));
	assert_int_equal(leg->end, LEG_ARRIVED);
	feed_close(&f);
}

/* A translator changes addresses and ports: it is the same packet of the same connection. */
static void test_sequence_translated(void **state)
{
	struct packet syn = tcp(false, TCPF_SYN, 100, 0, 0, 64);
	struct packet answer = tcp(true, TCPF_SYN | TCPF_ACK, 500, 101, 0, 64);
	struct feed f;

	(void)state;
	feed_open(&f, &begin);
	feed_packet(&f, MS(1), CLIENT, "eth0", true, true, syn);
	feed_packet(&f, MS(1) + US(5), FW, "eth0", false, false, syn);
	syn.ttl--;
	assert_int_equal(inet_pton(AF_INET, "10.0.2.1", syn.src), 1);
	syn.sport = 1024;
	feed_packet(&f, MS(1) + US(9), FW, "eth1", true, false, syn);
	feed_packet(&f, MS(1) + US(11), SERVER, "eth0", false, false, syn);
	assert_int_equal(inet_pton(AF_INET, "10.0.2.1", answer.dst), 1);
	answer.dport = 1024;
	feed_packet(&f, MS(30), SERVER, "eth0", true, true, answer);
	feed_end(&f);
	assert_int_equal(f.n, 2);
	assert_int_equal(leg_at(&f, 0)->n_hops, 2);
	assert_int_equal(leg_at(&f, 0)->connection, 1);
	assert_int_equal(leg_at(&f, 1)->connection, 1);
	feed_close(&f);
}

/* Captures of two hosts are read one after the other. */
static void test_sequence_arrival_told_first(void **state)
{
	struct packet syn = tcp(false, TCPF_SYN, 100, 0, 0, 64);
	struct feed f;

	(void)state;
	feed_open(&f, &begin);
	feed_packet(&f, MS(1) + US(10), FW, "eth0", false, false, syn);
	feed_packet(&f, MS(1), CLIENT, "eth0", true, true, syn);
	feed_end(&f);
	assert_int_equal(f.n, 1);
	assert_hop(leg_at(&f, 0), 0, CLIENT, FW, MS(1), MS(1) + US(10));
	feed_close(&f);
}

static void test_sequence_relative_numbers(void **state)
{
	struct feed f;
	char label[120];

	(void)state;
	feed_open(&f, &begin);
	feed_way(&f, MS(1), tcp(false, TCPF_SYN, 4294967295u, 0, 0, 64));
	feed_packet(&f, MS(10), SERVER, "eth0", true, true,
		    tcp(true, TCPF_SYN | TCPF_ACK, 70, 0, 0, 64));
	feed_way(&f, MS(20), tcp(false, TCPF_PSH | TCPF_ACK, 0, 71, 3, 64));
	feed_end(&f);
	assert_int_equal(leg_at(&f, 0)->seq, 0);
	assert_int_equal(leg_at(&f, 1)->ack, 1);
	assert_int_equal(leg_at(&f, 2)->seq, 1);
	assert_int_equal(leg_at(&f, 2)->ack, 1);
	assert_string_equal(leg_label(leg_at(&f, 2), true, label, sizeof(label)),
			    "PSH-ACK 3 B seq 1 ack 1");
	assert_string_equal(leg_label(leg_at(&f, 2), false, label, sizeof(label)), "PSH-ACK 3 B");
	assert_true(leg_is_bulk(leg_at(&f, 2)));
	assert_false(leg_is_bulk(leg_at(&f, 0)));
	feed_close(&f);
}

static void test_sequence_icmp_belongs(void **state)
{
	struct packet error = { .af = AF_INET,
				.protocol = IPPROTO_ICMP,
				.icmp_type = 3,
				.icmp_code = 1,
				.inner = true,
				.inner_protocol = IPPROTO_TCP,
				.sport = 40000,
				.dport = 8080 };
	struct feed f;

	(void)state;
	assert_int_equal(inet_pton(AF_INET, "10.0.1.2", error.src), 1);
	assert_int_equal(inet_pton(AF_INET, "10.0.1.1", error.dst), 1);
	feed_open(&f, &begin);
	feed_way(&f, MS(1), tcp(false, TCPF_SYN, 100, 0, 0, 64));
	feed_packet(&f, MS(9), FW, "eth0", true, true, error);
	error.sport = 40001; /* quotes what nobody has sent */
	feed_packet(&f, MS(19), FW, "eth0", true, true, error);
	feed_end(&f);
	assert_int_equal(leg_at(&f, 1)->connection, 1);
	assert_int_equal(leg_at(&f, 2)->connection, 0);
	feed_close(&f);
}

static void test_sequence_calls(void **state)
{
	struct feed f;

	(void)state;
	feed_open(&f, &begin);
	feed_step(&f, MS(1), CLIENT, 1, "close conn", NULL);
	feed_step(&f, MS(1) + US(30), CLIENT, 1, "close conn", "none");
	feed_step(&f, MS(10), CLIENT, 2, "recv conn", NULL);
	feed_step(&f, MS(10), -1, 3, "check fault f hits 1", NULL);
	feed_step(&f, MS(20), -1, 3, "check fault f hits 1", "none");
	feed_step(&f, MS(900), CLIENT, 2, "recv conn", "deadline");
	feed_end(&f);
	assert_int_equal(f.n, 3);
	assert_int_equal(f.items[0].kind, ITEM_CALL);
	assert_int_equal(f.items[0].end.type, EVENT_STEP_END);
	assert_string_equal(f.items[0].end.step.error, "none");
	assert_int_equal(f.items[1].kind, ITEM_CALL);
	assert_int_not_equal(f.items[1].end.type, EVENT_STEP_END);
	assert_int_equal(f.items[2].kind, ITEM_RETURN);
	assert_string_equal(f.items[2].event.step.error, "deadline");
	feed_close(&f);
}

static void test_sequence_verdicts(void **state)
{
	struct feed f;

	(void)state;
	feed_open(&f, &begin);
	feed_verdict(&f, MS(1), 7, "listen 80", "error none", "error none", true);
	feed_verdict(&f, MS(2), 9, "await conn", "error deadline", "error deadline", true);
	feed_verdict(&f, MS(2), 9, "await conn", "after 2s", "after 2.1 s", true);
	feed_verdict(&f, MS(2), 10, "listen 81", "error none", "error EADDRINUSE", false);
	feed_end(&f);
	assert_int_equal(f.n, 2);
	assert_string_equal(f.items[0].event.expectation.observed, "error deadline, after 2.1 s");
	assert_false(f.items[1].event.expectation.met);
	feed_close(&f);
}

static void test_sequence_sorts(void **state)
{
	struct feed f;

	(void)state;
	feed_open(&f, &begin);
	feed_step(&f, MS(5), CLIENT, 1, "close a", NULL);
	feed_step(&f, MS(4), SERVER, 2, "close b", NULL);
	assert_int_equal(f.n, 0);
	feed_step(&f, MS(8.1), SERVER, 3, "close c", NULL);
	assert_int_equal(f.n, 2); /* 3 ms later nothing belongs to them any more */
	assert_string_equal(f.items[0].event.step.text, "close b");
	assert_string_equal(f.items[1].event.step.text, "close a");
	sequence_until(f.sequence, MS(20));
	assert_int_equal(f.n, 3);
	feed_close(&f);
}

static void test_sequence_extremes(void **state)
{
	struct packet syn = tcp(false, TCPF_SYN, 100, 0, 0, 64);
	struct feed f;

	(void)state;
	feed_open(&f, &begin);
	feed_packet(&f, INT64_MIN, CLIENT, "eth0", true, true, syn);
	feed_packet(&f, INT64_MAX, FW, "eth0", false, false, syn);
	feed_packet(&f, 0, 99, "eth0", false, false, syn);
	feed_packet(&f, 0, -1, "eth0", true, true, syn);
	feed_hit(&f, INT64_MIN, 99, "x", "dropped", syn);
	feed_release(&f, INT64_MAX, 5, "x", "delayed", INT64_MIN, syn);
	feed_close(&f);
	/* without a begin record there are no wires, but everything else */
	feed_open(&f, NULL);
	feed_way(&f, MS(1), syn);
	feed_hit(&f, MS(2), FW, "client -> fw", "lost", syn);
	feed_step(&f, MS(5), CLIENT, 1, "close a", NULL);
	feed_end(&f);
	assert_int_equal(f.items[f.n - 1].kind, ITEM_CALL);
	feed_close(&f);
}

static void count_take(void *arg, struct item *item)
{
	(void)item;
	++*(int *)arg;
}

/* A log whose clock stands still: what waits is bounded, and nothing is lost. */
static void test_sequence_clock_stands(void **state)
{
	struct event event = { .type = EVENT_STEP_BEGIN, .step = { .text = S("close x") } };
	int n = 0;
	struct sequence *sequence = sequence_new(&begin, count_take, &n);

	(void)state;
	assert_non_null(sequence);
	for (int i = 0; i < 5000; i++) {
		event.step.number = i;
		sequence_event(sequence, &event);
	}
	assert_int_equal(n, 5000 - 2048);
	sequence_free(sequence);
	assert_int_equal(n, 5000);
}

/* What nobody ever hears of again is forgotten some day. */
static void test_tracks_bounded(void **state)
{
	struct packet p = tcp(false, TCPF_ACK, 0, 0, 0, 64);
	struct tracks *tracks = tracks_new();

	(void)state;
	assert_non_null(tracks);
	for (uint32_t i = 0; i < 70000; i++) {
		struct track *track;

		p.seq = i;
		track = tracks_add(tracks, &p);
		assert_non_null(track);
		track->place = TRACK_ON_WIRE;
		track->host = 3;
	}
	p.seq = 0;
	assert_null(tracks_find(tracks, &p, TRACK_ON_WIRE, 3, true));
	p.seq = 69999;
	assert_non_null(tracks_find(tracks, &p, TRACK_ON_WIRE, 3, true));
	assert_null(tracks_find(tracks, &p, TRACK_ON_WIRE, 2, true));
	assert_null(tracks_find(tracks, &p, TRACK_AT_HOST, 3, true));
	p.ttl--;
	assert_null(tracks_find(tracks, &p, TRACK_ON_WIRE, 3, true));
	assert_non_null(tracks_find(tracks, &p, TRACK_ON_WIRE, 3, false));
	tracks_free(tracks);
}

static void test_pairs_many(void **state)
{
	struct packet p = tcp(false, TCPF_SYN, 0, 0, 0, 64);
	struct pairs *pairs = pairs_new();

	(void)state;
	assert_non_null(pairs);
	for (unsigned i = 1; i <= 5000; i++) {
		p.sport = (uint16_t)i;
		assert_int_equal(pairs_of(pairs, &p), i);
	}
	p.sport = 77;
	assert_int_equal(pairs_of(pairs, &p), 77);
	p = tcp(true, TCPF_ACK, 0, 0, 0, 64);
	p.dport = 78;
	assert_int_equal(pairs_of(pairs, &p), 78);
	pairs_free(pairs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sequence_forwarded),
		cmocka_unit_test(test_sequence_stopped),
		cmocka_unit_test(test_sequence_stopped_at_home),
		cmocka_unit_test(test_sequence_slow_wire),
		cmocka_unit_test(test_sequence_alike_in_order),
		cmocka_unit_test(test_sequence_alike_but_for_a_port),
		cmocka_unit_test(test_sequence_lost),
		cmocka_unit_test(test_sequence_held),
		cmocka_unit_test(test_sequence_translated),
		cmocka_unit_test(test_sequence_arrival_told_first),
		cmocka_unit_test(test_sequence_relative_numbers),
		cmocka_unit_test(test_sequence_icmp_belongs),
		cmocka_unit_test(test_sequence_calls),
		cmocka_unit_test(test_sequence_verdicts),
		cmocka_unit_test(test_sequence_sorts),
		cmocka_unit_test(test_sequence_extremes),
		cmocka_unit_test(test_sequence_clock_stands),
		cmocka_unit_test(test_tracks_bounded),
		cmocka_unit_test(test_pairs_many),
	};

	return TEST_MAIN("sequence", tests, NULL, NULL);
}
