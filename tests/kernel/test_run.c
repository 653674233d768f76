// SPDX-License-Identifier: GPL-2.0-or-later
/* A run from its first record to its last: how it ends, what its log holds, what it judges. */
#include "tests/kernel/run_fixture.h"

#define SYN_DROPPED HEAD "faults:\n  gone: " DROP("syn") "\nsteps:\n"

/* ---- a complete log ---- */

static const char whole[] = HEAD
	"faults:\n"
	"  gone: {at: fw, match: {from: client, to: server, segment: fin}, action: drop}\n"
	"  idle: {at: server, match: {protocol: udp}, action: reject port-unreachable, active: false}\n"
	"steps:\n" DIALLED "  - client: {send: conn, text: hello}\n"
	"  - server: {recv: peer, bytes: 5, deadline: 5s}\n"
	"    expect: {bytes: 5}\n"
	"  - client: {close: conn}\n"
	"  - check: {fault: gone, hits: \">= 2\", within: 5s}\n"
	"  - fault: {off: gone}\n"
	"  - server: {recv: peer, until: eof, deadline: 5s}\n"
	"    expect: {bytes: 0, eof: true}\n";

static const struct event *event_at(const struct running *r, enum event_type type, int n)
{
	for (int i = 0; i < r->n; i++) {
		if (r->events[i].type == type && n-- == 0)
			return &r->events[i];
	}
	fail_msg("no such event");
	return NULL;
}

static void begin_check(const struct event_begin *b, const char *ip)
{
	assert_int_equal(b->version, EVENT_FORMAT_VERSION);
	assert_string_equal(b->scenario, "x");
	assert_string_equal(b->title, "t");
	assert_string_equal(b->story, "s");
	assert_string_equal(b->remedy, "r");
	assert_string_equal(b->file, "x.yaml");
	assert_int_equal(b->seed, 7);
	assert_string_equal(b->repeat, "again");
	assert_false(b->disarmed);
	assert_int_equal(b->root, sandbox_privileged());
	assert_int_equal(b->n_hosts, 3);
	assert_string_equal(b->hosts[1], "fw");
	assert_int_equal(b->n_faults, 2);
	assert_string_equal(b->faults[0].name, "gone");
	assert_string_equal(b->faults[0].text, "drop fin from client to server");
	assert_int_equal(b->faults[0].host, 1);
	assert_true(b->faults[0].active);
	assert_false(b->faults[1].active);
	assert_string_equal(b->faults[1].text, "reject port-unreachable udp");
	assert_int_equal(b->n_links, 2);
	assert_string_equal(b->links[1].ifname[0], "eth1");
	assert_string_equal(b->links[1].addr4[1], *ip == '4' ? "10.0.2.2" : "");
	assert_string_equal(b->links[1].addr6[1], *ip == '6' ? "fd00:0:0:2::2" : "");
}

static bool is_dropped(const struct event *e)
{
	return !strcmp(e->hit.past, "dropped") && !strcmp(e->hit.fault, "gone") && e->host == 1 &&
	       e->hit.from == 0 && e->hit.to == 2 && e->hit.packet.flags & TCPF_FIN;
}

/* Every packet is sent once and received once, at each of the two hops. */
static void packets_check(const struct running *r)
{
	int sent[3] = { 0 }, passed[3] = { 0 }, received[3] = { 0 };

	for (int i = 0; i < r->n; i++) {
		const struct event_packet *p = &r->events[i].packet;
		int host = r->events[i].host;

		if (r->events[i].type != EVENT_PACKET)
			continue;
		sent[host] += p->out && p->made_here;
		passed[host] += p->out && !p->made_here;
		received[host] += !p->out;
		assert_true(p->from >= 0 && p->to >= 0 && p->from != p->to);
		assert_int_equal(p->packet.protocol, IPPROTO_TCP);
	}
	assert_int_equal(sent[1], 0);
	assert_int_equal(passed[0] + passed[2], 0);
	assert_int_equal(received[1], sent[0] + sent[2]);
	assert_int_equal(received[0] + received[2], passed[1]);
	/* what came to fw and did not leave it is what the fault took */
	assert_int_equal(received[1] - passed[1], events_of(r, EVENT_HIT, NULL));
}

static void test_run_log_is_complete(void **state)
{
	static const char *const ips[] = { "4", "6" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct running r = { .text = whole,
				     .ip = ips[i],
				     .options = { .seed = 7, .repeat = "again" } };
		int hits;

		running_pass(&r);
		begin_check(&r.events[0].begin, ips[i]);
		/* time 0 is when the lab stood, so the log begins as long before as building took */
		assert_true(-r.events[0].t_ns >= event_at(&r, EVENT_BUILT, 0)->built.build_ns);
		assert_int_equal(events_of(&r, EVENT_BUILT, NULL), 1);
		assert_int_equal(events_of(&r, EVENT_STEP_BEGIN, NULL), r.plan->n_steps);
		assert_int_equal(events_of(&r, EVENT_STEP_END, NULL), r.plan->n_steps);
		assert_int_equal(events_of(&r, EVENT_ERROR, NULL), 0);
		hits = events_of(&r, EVENT_HIT, NULL);
		assert_true(hits >= 2);
		assert_int_equal(events_of(&r, EVENT_HIT, is_dropped), hits);
		assert_int_equal(events_of(&r, EVENT_FAULT, NULL), 1);
		assert_false(event_at(&r, EVENT_FAULT, 0)->fault.on);
		packets_check(&r);
		assert_int_equal(step_end(&r, 5)->step.bytes, 5);
		assert_int_equal(step_end(&r, 4)->step.line, 12);
		assert_string_equal(step_end(&r, 2)->step.text,
				    "dial server:8080 deadline 5s as conn");
		assert_true(step_end(&r, 9)->step.eof);
		assert_int_equal(end_of(&r)->end.took_ns <= end_of(&r)->t_ns, 1);
		running_free(&r);
	}
}

/* States of both ends, in an order that TCP allows, each seen once. */
static void test_run_log_has_the_states_of_both_ends(void **state)
{
	static const char *const allowed[] = {
		" ESTABLISHED",
		" SYN-SENT",
		" SYN-RECV",
		"SYN-SENT ESTABLISHED",
		"SYN-RECV ESTABLISHED",
		"ESTABLISHED FIN-WAIT-1",
		"ESTABLISHED FIN-WAIT-2",
		"FIN-WAIT-1 FIN-WAIT-2",
		"ESTABLISHED CLOSE-WAIT",
		"ESTABLISHED TIME-WAIT",
		"FIN-WAIT-1 TIME-WAIT",
		"FIN-WAIT-2 TIME-WAIT",
		"CLOSE-WAIT LAST-ACK",
		"CLOSE-WAIT CLOSED",
		"LAST-ACK CLOSED",
	};
	struct running r = { .text = HEAD
			     "steps:\n" DIALLED "  - client: {close: conn}\n"
			     "  - check: {socket: peer, state: CLOSE-WAIT, within: 5s}\n"
			     "  - server: {close: peer}\n"
			     "  - check: {socket: conn, state: TIME-WAIT, within: 5s}\n"
			     "  - check: {socket: peer, state: CLOSED, within: 5s}\n" };
	const char *last[3] = { "", "", "" }, *name[3] = { 0 };

	(void)state;
	running_pass(&r);
	for (int i = 0; i < r.n; i++) {
		const struct event *e = &r.events[i];
		char change[64];
		bool ok = false;

		if (e->type != EVENT_STATE)
			continue;
		assert_string_equal(e->state.old, last[e->host]);
		snprintf(change, sizeof(change), "%s %s", e->state.old, e->state.new);
		for (size_t k = 0; k < ARRAY_SIZE(allowed); k++)
			ok |= !strcmp(allowed[k], change);
		if (!ok)
			fail_msg("host %d: '%s'", e->host, change);
		/* nobody has a name for the server's end before it is accepted */
		assert_true(!strcmp(e->state.socket, e->host ? "peer" : "conn") ||
			    (e->host && !e->state.socket[0]));
		last[e->host] = e->state.new;
		name[e->host] = e->state.socket;
	}
	assert_string_equal(name[2], "peer");
	assert_string_equal(last[0], "TIME-WAIT");
	assert_string_equal(last[2], "CLOSED");
	running_free(&r);
}

/* ---- retries ---- */

static bool is_syn_sent(const struct event *e)
{
	return e->packet.made_here && e->packet.packet.flags == TCPF_SYN;
}

static void test_run_log_numbers_retries(void **state)
{
	struct running r = { .text = SYN_DROPPED
			     "  - client: {dial: \"server:8080\", as: conn, deadline: 3500ms}\n"
			     "    expect: {error: deadline, after: 3500ms}\n"
			     "  - check: {fault: gone, hits: 3}\n" };
	int64_t first = 0;
	int n = 0;

	(void)state;
	running_pass(&r);
	assert_int_equal(events_of(&r, EVENT_PACKET, is_syn_sent), 3);
	for (int i = 0; i < r.n; i++) {
		const struct event *e = &r.events[i];

		if (e->type != EVENT_PACKET || !is_syn_sent(e))
			continue;
		first = n ? first : e->t_ns;
		assert_int_equal(e->packet.retry, n);
		assert_int_equal(e->packet.since_ns, e->t_ns - first);
		/* at 0, 1 and 3 s (RFC 6298), and late by what the kernel's timer wheel takes */
		assert_true(e->packet.since_ns >= (n == 2 ? 2980 : n * 990) * INT64_C(1000000));
		n++;
	}
	running_free(&r);
}

/* ---- results ---- */

static void test_run_fails_at_the_first_unmet_expectation(void **state)
{
	struct running r = { .text = HEAD
			     "steps:\n"
			     "  - client: {dial: \"server:8080\", as: conn, deadline: 5s}\n"
			     "    expect: {error: none}\n"
			     "  - check: {socket: conn, state: ESTABLISHED}\n"
			     "  - check: {socket: conn, state: ESTABLISHED}\n" };

	(void)state;
	running_do(&r, RESULT_FAILED);
	assert_int_equal(end_of(&r)->end.unmet, 1);
	assert_int_equal(end_of(&r)->end.met, 0);
	assert_null(step_end(&r, 2));
	assert_non_null(strstr(end_of(&r)->end.text, "2 more were not reached"));
	running_free(&r);
}

/* Turned round, each expectation fails, whichever it is; and none other does. */
static void test_run_inverts_each_expectation(void **state)
{
	struct running first = { .text = whole };

	(void)state;
	running_parse(&first);
	for (int n = 1; n <= first.plan->n_expectations; n++) {
		struct running r = { .text = whole, .options = { .invert = n } };
		const struct event *e;

		running_do(&r, RESULT_FAILED);
		assert_int_equal(r.events[0].begin.inverted, n);
		assert_int_equal(end_of(&r)->end.unmet, 1);
		e = event_at(&r, EVENT_EXPECTATION, 0);
		while (e->type != EVENT_EXPECTATION || e->expectation.met)
			assert_true(++e < r.events + r.n);
		assert_int_equal(e->expectation.number, n);
		assert_int_equal(strncmp(e->expectation.expected, "not: ", 5), 0);
		running_free(&r);
	}
	running_free(&first);
}

static bool is_let_pass(const struct event *e)
{
	return !strcmp(e->hit.past, "let pass");
}

static void test_run_disarmed_counts_and_lets_pass(void **state)
{
	struct running r = { .text = SYN_DROPPED
			     "  - server: {listen: 8080}\n"
			     "  - client: {dial: \"server:8080\", as: conn, deadline: 5s}\n"
			     "    expect: {error: none}\n"
			     "  - check: {fault: gone, hits: 1}\n",
			     .options = { .disarmed = true } };

	(void)state;
	running_pass(&r);
	assert_true(r.events[0].begin.disarmed);
	assert_int_equal(events_of(&r, EVENT_HIT, is_let_pass), 1);
	running_free(&r);
}

/* A background step that nobody waits for is cancelled; that is no failure. */
static void test_run_cancels_what_nobody_awaits(void **state)
{
	struct running r = {
		.text = HEAD
		"steps:\n" DIALLED "  - server: {accept: door, as: never, background: true}\n"
		"  - server: {recv: peer, background: true, id: reading}\n"
		"  - client: {recv: conn, background: true, blocking: true, id: thread}\n"
		"  - check: {socket: conn, state: ESTABLISHED}\n"
	};

	(void)state;
	running_pass(&r);
	assert_null(step_end(&r, 4));
	assert_null(step_end(&r, 5));
	assert_null(step_end(&r, 6));
	running_free(&r);
}

/* One that has failed by then is one. */
static void test_run_counts_an_unawaited_failure(void **state)
{
	struct running r = {
		.text = HEAD
		"steps:\n"
		"  - client: {dial: \"server:8080\", as: conn, background: true, deadline: 5s}\n"
		"  - check: {seen: {segment: rst}, at: client, count: 1, within: 5s}\n"
		"  - wait: 20ms\n"
	};

	(void)state;
	running_do(&r, RESULT_FAILED);
	running_free(&r);
}

static void test_run_time_runs_out(void **state)
{
	struct running r = { .text = HEAD "steps:\n"
					  "  - server: {listen: 8080, as: door}\n"
					  "  - server: {accept: door, as: peer}\n"
					  "    expect: {error: none}\n",
			     .options = { .timeout_ns = 300 * INT64_C(1000000) } };
	int64_t begun = now_ms();

	(void)state;
	running_do(&r, RESULT_FAILED);
	assert_true(now_ms() - begun >= 300);
	assert_non_null(strstr(end_of(&r)->end.text, "ran out in step 2, line 7: accept door"));
	assert_non_null(strstr(end_of(&r)->end.text, "--timeout"));
	assert_int_equal(end_of(&r)->end.unmet, 0);
	running_free(&r);
}

static void test_run_timeout_counts_what_the_file_declares(void **state)
{
	struct running r = { .text = HEAD "steps:\n  - wait: 40s\n  - wait: 15s\n" };
	struct running quick = { .text = HEAD "steps:\n  - wait: 1s\n" };

	(void)state;
	running_parse(&r);
	running_parse(&quick);
	assert_int_equal(run_timeout(r.plan), INT64_C(85) * 1000000000);
	assert_int_equal(run_timeout(quick.plan), INT64_C(60) * 1000000000);
	running_free(&r);
	running_free(&quick);
}

/* ---- interrupted ---- */

static bool is_step_two(const struct event *e)
{
	return e->type == EVENT_STEP_BEGIN && e->step.number == 2;
}

static void test_run_is_interrupted_by_a_byte(void **state)
{
	static const struct {
		int byte, signal;
	} ways[] = { { 2, 2 }, { 15, 15 }, { CLOSE_IT, 15 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct running r = { .text = SYN_DROPPED
				     "  - server: {listen: 8080}\n"
				     "  - client: {dial: \"server:8080\", as: conn}\n",
				     .when = is_step_two,
				     .byte = ways[i].byte };

		running_do(&r, RESULT_INTERRUPTED);
		assert_int_equal(end_of(&r)->end.signal, ways[i].signal);
		assert_null(step_end(&r, 2));
		/* what was seen by then is there */
		assert_true(events_of(&r, EVENT_PACKET, is_syn_sent) >= 1);
		running_free(&r);
	}
}

/* Also while a thread sits in a blocking call. */
static void test_run_is_interrupted_in_a_blocking_call(void **state)
{
	struct running r = { .text = SYN_DROPPED
			     "  - server: {listen: 8080}\n"
			     "  - client: {dial: \"server:8080\", as: conn, blocking: true}\n",
			     .when = is_step_two,
			     .byte = 2 };

	(void)state;
	running_do(&r, RESULT_INTERRUPTED);
	running_free(&r);
}

/* ---- what a kernel may lack ---- */

static void test_run_skips_where_a_sysctl_is_missing(void **state)
{
	static const char *const texts[] = {
		HEAD "topology:\n  hosts: {a: {}, b: {sysctl: {net.ipv4.tcp_no_such_thing: 1}}}\n"
		     "  links: [a -- b]\nsteps:\n  - wait: 1ms\n",
		HEAD
		"steps:\n  - sysctl: {at: server, net.ipv4.tcp_no_such_thing: 1}\n  - wait: 1ms\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct running r = { .text = texts[i] };

		running_do(&r, RESULT_SKIPPED);
		assert_non_null(strstr(end_of(&r)->end.text, "tcp_no_such_thing"));
		running_free(&r);
	}
}

static void test_run_error_names_what_the_kernel_refused(void **state)
{
	struct running r = {
		.text = HEAD
		"topology:\n  hosts: {a: {}, b: {sysctl: {net.ipv4.tcp_fin_timeout: soon}}}\n"
		"  links: [a -- b]\nsteps:\n  - wait: 1ms\n"
	};

	(void)state;
	running_do(&r, RESULT_ERROR);
	assert_int_equal(events_of(&r, EVENT_ERROR, NULL), 1);
	assert_int_equal(event_at(&r, EVENT_ERROR, 0)->error.code, EINVAL);
	assert_non_null(
		strstr(event_at(&r, EVENT_ERROR, 0)->error.text, "tcp_fin_timeout to 'soon'"));
	assert_int_equal(events_of(&r, EVENT_STEP_BEGIN, NULL), 0);
	running_free(&r);
}

/* ---- a reader that does not read ---- */

/*
 * The pipe takes 4096 bytes only, and nobody reads before the worker has ended its steps: a run does
 * not wait for its reader.
 */
static void test_run_does_not_wait_for_its_reader(void **state)
{
	struct running r = {
		.text = HEAD
		"steps:\n" DIALLED
		"  - client: {send: conn, bytes: 500kB, background: true, id: sending}\n"
		"  - server: {recv: peer, bytes: 500kB, deadline: 20s}\n"
		"    expect: {bytes: 500000}\n"
		"  - await: sending\n"
	};
	struct pollfd pfd;

	(void)state;
	running_start(&r);
	assert_true(fcntl(r.event_r, F_SETPIPE_SZ, 4096) > 0);
	pfd = (struct pollfd){ .fd = r.event_r, .events = POLLIN };
	assert_int_equal(poll(&pfd, 1, 20000), 1);
	running_finish(&r);
	running_check(&r);
	assert_int_equal(end_of(&r)->end.result, RESULT_PASSED);
	assert_true(events_of(&r, EVENT_PACKET, NULL) > 1000);
	packets_check(&r);
	running_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run_log_is_complete),
		cmocka_unit_test(test_run_log_has_the_states_of_both_ends),
		cmocka_unit_test(test_run_log_numbers_retries),
		cmocka_unit_test(test_run_fails_at_the_first_unmet_expectation),
		cmocka_unit_test(test_run_inverts_each_expectation),
		cmocka_unit_test(test_run_disarmed_counts_and_lets_pass),
		cmocka_unit_test(test_run_cancels_what_nobody_awaits),
		cmocka_unit_test(test_run_counts_an_unawaited_failure),
		cmocka_unit_test(test_run_time_runs_out),
		cmocka_unit_test(test_run_timeout_counts_what_the_file_declares),
		cmocka_unit_test(test_run_is_interrupted_by_a_byte),
		cmocka_unit_test(test_run_is_interrupted_in_a_blocking_call),
		cmocka_unit_test(test_run_skips_where_a_sysctl_is_missing),
		cmocka_unit_test(test_run_error_names_what_the_kernel_refused),
		cmocka_unit_test(test_run_does_not_wait_for_its_reader),
	};

	return TEST_MAIN("run", tests, NULL, NULL);
}
