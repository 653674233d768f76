// SPDX-License-Identifier: GPL-2.0-or-later
/* Checks and expectations: met where they are true, missed where they are not. */
#include "tests/kernel/run_fixture.h"

#define SYN_DROPPED HEAD "faults:\n  gone: " DROP("syn") "\nsteps:\n"

/* ---- what is true ---- */

static const char *const true_ones[] = {
	/* states of both ends, by all the words for them, before and after accept and close */
	HEAD
	"steps:\n"
	"  - server: {listen: 8080, as: door}\n"
	"  - check: {socket: door, state: LISTEN, recv_queue: 0, send_queue: 128, timer: none}\n"
	"  - client: {dial: \"server:8080\", as: conn, deadline: 5s}\n"
	"  - check: {socket: conn, state: ESTAB}\n"
	"  - check: {socket: {of: conn, at: server}, state: ESTABLISHED, within: 5s}\n"
	"  - check: {socket: {of: conn, at: client}, state: ESTABLISHED}\n"
	"  - check: {socket: door, recv_queue: 1, state: [CLOSED, LISTEN]}\n"
	"  - server: {accept: door, as: peer, deadline: 5s}\n"
	"  - check: {socket: door, recv_queue: 0}\n"
	"  - check: {socket: {of: peer, at: client}, state: ESTABLISHED}\n"
	"  - client: {close: conn}\n"
	"  - check: {socket: peer, state: CLOSE-WAIT, within: 5s}\n"
	"  - check: {socket: conn, state: [FIN-WAIT-1, FIN-WAIT-2]}\n"
	"  - check: {socket: conn, state: FIN-WAIT-2, within: 5s}\n"
	"  - server: {close: peer}\n"
	"  - check: {socket: conn, state: TIME-WAIT, timer: timewait, left: \"50s..60s\", within: 5s}\n"
	"  - check: {socket: {of: peer, at: client}, state: TIME-WAIT}\n"
	"  - check: {socket: peer, state: CLOSED, within: 5s}\n"
	"  - server: {close: door}\n"
	"  - check: {socket: door, state: CLOSED}\n",
	/* SYN-SENT and its timer */
	SYN_DROPPED
	"  - client: {dial: \"server:8080\", as: conn, deadline: 5s, background: true}\n"
	"  - check: {socket: conn, state: SYN-SENT, timer: retransmit, left: \"0.2s..1.1s\"}\n"
	"  - check: {socket: conn, total_retrans: 1, within: 3s}\n"
	"  - check: {socket: {of: conn, at: server}, state: CLOSED}\n"
	"  - check: {socket: conn, retransmits: 1, backoff: 1, unacked: 1}\n",
	/* SYN-RECV at the other end, which nobody has accepted */
	HEAD
	"faults:\n  gone: {at: fw, match: {from: client, segment: ack}, action: drop}\nsteps:\n"
	"  - server: {listen: 8080, as: door}\n"
	"  - client: {dial: \"server:8080\", as: conn, deadline: 5s}\n"
	"  - check: {socket: {of: conn, at: server}, state: SYN-RECV}\n"
	"  - check: {socket: {of: conn, at: server}, state: SYN-RECEIVED, timer: retransmit}\n"
	"  - check: {socket: door, recv_queue: 0}\n",
	/* the retransmission of a segment; the numbers of tcp_info */
	HEAD "faults:\n  gone: " DROP(
		"data") "\nsteps:\n" DIALLED "  - client: {send: conn, text: hello}\n"
			"  - check: {socket: conn, timer: retransmit, send_queue: 5, unacked: 1, bytes_sent: 5}\n"
			"  - check: {socket: conn, retransmits: \">= 1\", total_retrans: \">= 1\", within: 3s}\n"
			"  - check: {socket: conn, bytes_retrans: \">= 5\", bytes_acked: \"<= 1\", rto: \"> 200ms\"}\n"
			"  - check: {socket: peer, bytes_received: 0, timer: none, data_segs_in: 0}\n"
			"  - fault: {off: gone}\n"
			"  - check: {socket: peer, bytes_received: 5, recv_queue: 5, within: 10s}\n"
			"  - check: {socket: conn, send_queue: 0, timer: none, within: 5s}\n",
	/* a window that is shut: the timer that asks whether it has opened */
	HEAD "steps:\n"
	     "  - server: {listen: 8080, as: door, options: {rcvbuf: 4096}}\n"
	     "  - client: {dial: \"server:8080\", as: conn, deadline: 5s}\n"
	     "  - client: {send: conn, bytes: 10MB, background: true, id: sending}\n"
	     "  - check: {socket: conn, timer: persist, notsent_bytes: \"> 0\", within: 10s}\n",
	/* keepalive */
	HEAD "steps:\n"
	     "  - server: {listen: 8080, as: door}\n"
	     "  - client: {dial: \"server:8080\", as: conn, deadline: 5s,\n"
	     "             options: {keepalive: {idle: 30s}}}\n"
	     "  - check: {socket: conn, timer: keepalive, left: \"25s..30.1s\"}\n",
	/* an orphan: nobody has the socket any more, the kernel still does */
	HEAD "faults:\n  gone: " DROP(
		"fin") "\nsteps:\n" DIALLED "  - client: {close: conn}\n"
		       "  - check: {socket: conn, state: FIN-WAIT-1, timer: retransmit}\n"
		       "  - check: {socket: peer, state: ESTABLISHED}\n"
		       "  - check: {socket: conn, state: FIN-WAIT-1, for: 300ms}\n",
	/* packets, counted once for each host: where they arrived, or were made */
	HEAD
	"faults:\n  no: {at: fw, match: {from: client, segment: syn, dport: 81},\n"
	"       action: reject host-unreachable}\n"
	"  rst: {at: fw, match: {from: client, segment: syn, dport: 82}, action: reject tcp-reset}\n"
	"steps:\n" DIALLED "  - check: {seen: {segment: syn}, at: client, count: 1}\n"
	"  - check: {seen: {segment: syn}, at: fw, count: 1}\n"
	"  - check: {seen: {segment: syn}, at: server, count: 1}\n"
	"  - check: {seen: {segment: [syn, syn-ack]}, at: fw, count: 2}\n"
	"  - check: {seen: {segment: any, from: client, to: server}, at: server, count: 2}\n"
	"  - check: {seen: {segment: syn, dport: 8080}, at: server}\n"
	"  - check: {seen: {segment: syn, dport: 8081}, at: server, count: 0}\n"
	"  - check: {seen: {segment: syn-ack, sport: 8080, from: server}, at: client, count: 1}\n"
	"  - client: {dial: \"server:81\", as: no81, deadline: 5s}\n    expect: {error: EHOSTUNREACH}\n"
	"  - check: {seen: {protocol: icmp, from: fw, to: client}, at: client, count: \"1..2\"}\n"
	"  - check: {seen: {protocol: icmp, from: fw}, at: fw, count: \"1..2\"}\n"
	"  - check: {seen: {protocol: icmp}, at: server, count: 0}\n"
	"  - check: {seen: {protocol: udp}, at: client, count: 0}\n"
	"  - client: {dial: \"server:82\", as: no82, deadline: 5s}\n    expect: {error: ECONNREFUSED}\n"
	"  - check: {seen: {segment: rst, from: server}, at: client, count: 1}\n"
	"  - check: {seen: {segment: rst, from: server}, at: fw, count: 1}\n"
	"  - check: {seen: {segment: rst}, at: server, count: 0}\n",
	/* hits, with comparisons */
	SYN_DROPPED
	"  - check: {fault: gone, hits: 0}\n"
	"  - client: {dial: \"server:8080\", as: conn, deadline: 20ms}\n    expect: {error: deadline}\n"
	"  - check: {fault: gone}\n"
	"  - check: {fault: gone, hits: 1}\n"
	"  - check: {fault: gone, hits: \"1..3\"}\n"
	"  - check: {fault: gone, hits: \"!= 0\"}\n"
	"  - check: {fault: gone, hits: \"< 2\"}\n"
	"  - check: {fault: gone, hits: 1, for: 200ms}\n",
};

static void test_run_checks_what_is_true(void **state)
{
	(void)state;
	must_pass_texts(true_ones, ARRAY_SIZE(true_ones), "4");
}

static void test_run_checks_what_is_true_over_ipv6(void **state)
{
	const char *texts[ARRAY_SIZE(true_ones)];
	int n = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(true_ones); i++) {
		if (!strstr(true_ones[i], "host-unreachable"))
			texts[n++] = true_ones[i];
	}
	must_pass_texts(texts, n, "6");
}

/* ---- what is not ---- */

static void test_run_misses_what_is_not_true(void **state)
{
	static const struct {
		const char *step, *expected, *observed;
	} cases[] = {
		{ "check: {socket: conn, state: SYN-SENT}", "state SYN-SENT", "state ESTABLISHED" },
		{ "check: {socket: conn, state: [CLOSED, TIME-WAIT]}", "state CLOSED or TIME-WAIT",
		  "state ESTABLISHED" },
		{ "check: {socket: {of: conn, at: server}, state: CLOSED}", "state CLOSED",
		  "state ESTABLISHED" },
		{ "check: {socket: conn, timer: keepalive}", "timer keepalive", "timer none" },
		{ "check: {socket: conn, left: \"> 1s\"}", "left > 1s", "no timer is running" },
		{ "check: {socket: conn, snd_mss: 1}", "snd_mss 1", "snd_mss 14" },
		{ "check: {socket: conn, rtt: \"> 10s\"}", "rtt > 10s", "rtt " },
		{ "check: {socket: door, recv_queue: 7}", "recv_queue 7", "recv_queue 0" },
		{ "check: {socket: conn, state: CLOSED, within: 50ms}", "state CLOSED within 50 ms",
		  "state ESTABLISHED after 5" },
		{ "check: {seen: {segment: syn}, at: server, count: 2}", "count 2", "count 1" },
		{ "check: {seen: {segment: rst}, at: server}", "count >= 1", "count 0" },
		{ "check: {seen: {segment: rst}, at: server, within: 30ms}", "within 30 ms",
		  "count 0" },
		{ "check: {fault: gone, hits: 1}", "hits 1", "hits 0" },
		{ "check: {fault: gone}", "hits >= 1", "hits 0" },
		{ "client: {dial: \"server:1\", deadline: 5s}\n    expect: {error: none}",
		  "error none", "error ECONNREFUSED" },
		{ "client: {dial: \"server:1\", deadline: 5s}", "error none",
		  "error ECONNREFUSED" },
		{ "client: {dial: \"server:1\", deadline: 5s}\n    expect: {error: deadline}",
		  "error deadline", "error ECONNREFUSED" },
		{ "client: {dial: \"server:1\", deadline: 5s}\n    expect: {error: ETIMEDOUT}",
		  "error ETIMEDOUT", "error ECONNREFUSED" },
		{ "client: {send: conn, text: ab}\n    expect: {bytes: 3}", "bytes 3", "bytes 2" },
		{ "client: {send: conn, text: ab}\n    expect: {after: \"> 1s\"}", "after > 1s",
		  "after " },
		{ "client: {recv: conn, deadline: 20ms}\n    expect: {error: deadline, eof: true}",
		  "end of stream", "no end of stream" },
		{ "client: {recv: conn, deadline: 100ms}\n    expect: {error: deadline, after: \"< 90ms\"}",
		  "after < 90ms", "after 10" },
		{ "client: {recv: conn, deadline: 20ms}\n    expect: {error: ECONNRESET}",
		  "error ECONNRESET", "error deadline" },
		{ "client: {recv: conn, background: true, id: r}\n    expect: {error: none}",
		  "over by the end of the run", "still under way" },
	};
	static const char head[] = HEAD
		"faults:\n  gone: {at: fw, match: {segment: rst, from: client}, "
		"action: drop}\nsteps:\n" DIALLED "  - ";
	char text[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(text, sizeof(text), "%s%s\n", head, cases[i].step);
		must_miss_text(text, cases[i].expected, cases[i].observed);
	}
}

static void test_run_misses_a_field_of_no_socket(void **state)
{
	(void)state;
	must_miss_text(HEAD
		       "steps:\n"
		       "  - client: {dial: \"server:1\", as: conn, deadline: 5s}\n    expect: {error: ECONNREFUSED}\n"
		       "  - check: {socket: conn, rtt: \"< 10s\"}\n",
		       "rtt < 10s", "there is no such socket");
}

/* ---- within and for ---- */

static int64_t took_ns(const char *text, int step, enum result result)
{
	struct running r = { .text = text };
	int64_t took;

	running_do(&r, result);
	took = step_end(&r, step)->step.took_ns;
	running_free(&r);
	return took;
}

/* It ends as soon as it is true, and not before. */
static void test_run_check_within_waits_for_the_event(void **state)
{
	int64_t took =
		took_ns(SYN_DROPPED
			"  - client: {dial: \"server:8080\", as: conn, deadline: 9s, background: true}\n"
			"  - check: {fault: gone, hits: 2, within: 8s}\n",
			2, RESULT_PASSED);

	(void)state;
	/* the second SYN goes out after a second; the rest is slack for a busy machine */
	assert_true(took >= INT64_C(980000000));
	assert_true(took < INT64_C(3000000000));
}

static void test_run_check_for_watches_all_the_time(void **state)
{
	int64_t took = took_ns(HEAD "steps:\n" DIALLED
				    "  - check: {socket: conn, state: ESTABLISHED, for: 250ms}\n",
			       4, RESULT_PASSED);

	(void)state;
	assert_true(took >= INT64_C(250000000));
	/* it ends when it is no longer true */
	took = took_ns(SYN_DROPPED
		       "  - client: {dial: \"server:8080\", as: conn, deadline: 300ms, background: true}\n"
		       "  - check: {socket: conn, state: SYN-SENT, for: 8s}\n",
		       2, RESULT_FAILED);
	assert_true(took >= INT64_C(200000000));
	assert_true(took < INT64_C(4000000000));
}

/* ---- what the log says of a fault ---- */

static bool is_fault_off(const struct event *e)
{
	return !e->fault.on && !strcmp(e->fault.fault, "gone");
}

/* A fault of each action, in the words of the log. */
static void test_run_log_says_what_a_fault_did(void **state)
{
	struct running r = {
		.text = HEAD
		"faults:\n"
		"  gone: {at: fw, match: {from: client, segment: syn, nth: 1, dport: 8080}, action: drop}\n"
		"  shut: {at: server, match: {from: client, segment: syn, dport: 8081}, action: reject tcp-reset}\n"
		"steps:\n"
		"  - server: {listen: 8081}\n"
		"  - client: {dial: \"server:8081\", as: a, deadline: 5s}\n    expect: {error: ECONNREFUSED}\n"
		"  - client: {dial: \"server:8080\", as: b, deadline: 50ms}\n    expect: {error: deadline}\n"
		"  - fault: {off: gone}\n"
	};
	int n = 0;

	(void)state;
	running_pass(&r);
	for (int i = 0; i < r.n; i++) {
		const struct event *e = &r.events[i];

		if (e->type != EVENT_HIT)
			continue;
		assert_string_equal(e->hit.fault, n ? "gone" : "shut");
		assert_string_equal(e->hit.past, n ? "dropped" : "rejected");
		assert_int_equal(e->host, n ? 1 : 2);
		assert_int_equal(e->hit.from, 0);
		assert_int_equal(e->hit.to, 2);
		assert_int_equal(e->hit.packet.dport, n ? 8080 : 8081);
		n++;
	}
	assert_int_equal(n, 2);
	assert_int_equal(events_of(&r, EVENT_FAULT, is_fault_off), 1);
	assert_string_equal(r.events[0].begin.faults[0].text,
			    "drop syn (number 1) from client port 8080");
	running_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run_checks_what_is_true),
		cmocka_unit_test(test_run_checks_what_is_true_over_ipv6),
		cmocka_unit_test(test_run_misses_what_is_not_true),
		cmocka_unit_test(test_run_misses_a_field_of_no_socket),
		cmocka_unit_test(test_run_check_within_waits_for_the_event),
		cmocka_unit_test(test_run_check_for_watches_all_the_time),
		cmocka_unit_test(test_run_log_says_what_a_fault_did),
	};

	return TEST_MAIN("run check", tests, NULL, NULL);
}
