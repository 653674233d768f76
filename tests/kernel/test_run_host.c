// SPDX-License-Identifier: GPL-2.0-or-later
/* Hosts that reboot, links that flap, neighbours that fall silent, as scenarios. */
#include "tests/kernel/run_fixture.h"

/* ---- reboots ---- */

/* Faults are in force in the new namespace, as they were switched, and their hits go on. */
static const char faults_text[] = HEAD
	"faults:\n"
	"  first: {at: server, match: {from: client, segment: data, nth: 1}, action: drop}\n"
	"  was-off: {at: server, match: {from: client, segment: syn}, action: drop}\n"
	"  was-on: {at: server, match: {to: client, segment: rst}, action: drop, active: false}\n"
	"  elsewhere: {at: fw, match: {from: client, segment: fin}, action: drop}\n"
	"steps:\n"
	"  - fault: {off: was-off, on: was-on}\n" DIALLED "  - client: {send: conn, text: hello}\n"
	"  - server: {recv: peer, bytes: 5, deadline: 5s}\n"
	"  - check: {fault: first, hits: 1}\n"
	"  - host: {reboot: server}\n"
	"  - check: {socket: peer, state: CLOSED}\n"
	"  - check: {socket: conn, state: ESTABLISHED}\n"
	/* counted anew, so that this is the first again; then it is answered, and that is dropped */
	"  - client: {send: conn, text: again}\n"
	"  - check: {fault: first, hits: 2, within: 5s}\n"
	"  - check: {fault: was-on, hits: 1, within: 5s}\n"
	"  - check: {fault: was-off, hits: 0}\n"
	"  - check: {seen: {segment: rst}, at: client, count: 0}\n"
	"  - fault: {off: was-on}\n"
	"  - client: {recv: conn, deadline: 10s}\n"
	"    expect: {error: ECONNRESET}\n"
	"  - host: {reboot: fw}\n"
	"  - host: {reboot: server}\n"
	"  - check: {fault: first, hits: 2}\n"
	"  - check: {fault: elsewhere, hits: 0}\n"
	"  - server: {listen: 8080}\n"
	"  - client: {dial: \"server:8080\", deadline: 5s}\n";

/* Steps that are under way in the host end, whatever they wait for. */
static const char steps_text[] = HEAD
	"faults:\n  mute: {at: fw, match: {to: client, segment: syn-ack}, action: drop}\n"
	"  void: {at: fw, match: {to: client, segment: syn}, action: drop}\n"
	"steps:\n"
	"  - fault: {off: mute}\n" DIALLED
	"  - client: {dial: \"server:8080\", as: second, deadline: 5s}\n"
	"  - server: {accept: door, as: peer2, deadline: 5s}\n"
	"  - fault: {on: mute}\n"
	"  - server: {recv: peer, id: reads, background: true}\n"
	"  - server: {recv: peer2, id: reads2, background: true, blocking: true}\n"
	"  - server: {accept: door, as: x, background: true}\n"
	"  - server: {accept: door, as: y, background: true, blocking: true}\n"
	"  - server: {dial: \"client:9\", as: z, background: true, blocking: true, deadline: 5s}\n"
	"  - server: {send: peer, bytes: 50MB, id: writes, background: true}\n"
	"  - client: {recv: conn, id: other, background: true, bytes: 100MB}\n"
	"  - client: {dial: \"server:8080\", as: dials, background: true, deadline: 3s}\n"
	"  - host: {reboot: server}\n"
	"  - await: reads\n    expect: {error: EBADF, after: \"< 2s\"}\n"
	"  - await: reads2\n    expect: {error: EBADF, after: \"< 2s\"}\n"
	"  - await: x\n    expect: {error: EBADF, after: \"< 2s\"}\n"
	"  - await: y\n    expect: {error: EBADF, after: \"< 2s\"}\n"
	"  - await: z\n    expect: {error: EBADF, after: \"< 2s\"}\n"
	"  - await: writes\n    expect: {error: EBADF, after: \"< 2s\"}\n"
	/* those of other hosts go on */
	"  - server: {send: peer, text: x}\n    expect: {error: EBADF}\n"
	"  - await: dials\n    expect: {error: ECONNREFUSED}\n"
	"  - check: {socket: conn, state: ESTABLISHED}\n";

/* Nobody owes an ACK, so whatever came now would be the last words of the host that died. */
static const char server_text[] = HEAD
	"steps:\n"
	"  - server: {listen: 8080, serve: discard}\n"
	"  - client: {dial: \"server:8080\", as: a, deadline: 5s}\n"
	"  - client: {dial: \"server:8080\", as: b, deadline: 5s}\n"
	"  - client: {send: a, text: hello}\n"
	"  - check: {socket: a, unacked: 0, within: 5s}\n"
	"  - host: {reboot: server}\n"
	"  - check: {seen: {segment: fin}, at: client, count: 0}\n"
	"  - check: {seen: {segment: rst, from: server}, at: fw, count: 0}\n"
	"  - server: {listen: 8080, serve: echo}\n"
	"  - client: {dial: \"server:8080\", as: c, deadline: 5s}\n"
	"  - client: {send: c, text: hello}\n"
	"  - client: {recv: c, bytes: 5, deadline: 5s}\n"
	"  - host: {reboot: client}\n"
	"  - check: {socket: {of: c, at: server}, state: ESTABLISHED}\n";

/* What was set while it ran is forgotten; what the topology says is not. */
static const char sysctl_text[] = HEAD
	"topology:\n  hosts: {client: {}, server: {sysctl: {net.ipv4.tcp_synack_retries: 1}}}\n"
	"  links: [client -- server]\n"
	"faults:\n  deaf: {at: server, match: {from: client, segment: ack}, action: drop}\n"
	"steps:\n"
	"  - sysctl: {at: server, net.ipv4.tcp_synack_retries: 0}\n"
	"  - host: {reboot: server}\n"
	"  - server: {listen: 8080}\n"
	"  - client: {dial: \"server:8080\", deadline: 5s}\n"
	"  - check: {seen: {segment: syn-ack}, at: client, count: 2, within: 5s}\n";

/* A host that boots answers again, and raises its own ends of links. */
static const char heals_text[] = HEAD "steps:\n"
				      "  - server: {listen: 8080}\n"
				      "  - neighbour: {silent: fw, at: client}\n"
				      "  - client: {dial: \"server:8080\", deadline: 300ms}\n"
				      "    expect: {error: deadline}\n"
				      "  - host: {reboot: fw}\n"
				      "  - client: {dial: \"server:8080\", deadline: 5s}\n"
				      "    expect: {after: \"< 900ms\"}\n"
				      "  - link: {down: fw -- server}\n"
				      "  - link: {down: client -- fw}\n"
				      "  - host: {reboot: server}\n"
				      "  - server: {listen: 8080}\n"
				      "  - link: {up: client -- fw}\n"
				      "  - client: {dial: \"server:8080\", deadline: 5s}\n"
				      "    expect: {after: \"< 900ms\"}\n";

/* ---- links ---- */

static const char mtu_text[] = HEAD
	"steps:\n" DIALLED "  - check: {socket: conn, pmtu: 1500}\n"
	"  - link: {set: fw -- server, mtu: 1300}\n"
	"  - client: {send: conn, bytes: 30kB}\n"
	"  - server: {recv: peer, bytes: 30kB, deadline: 5s}\n"
	"  - check: {seen: {protocol: icmp, from: fw}, at: client, count: \">= 1\"}\n"
	"  - check: {socket: conn, pmtu: 1300}\n"
	"  - link: {down: fw -- server}\n"
	"  - link: {set: client -- fw, mtu: 1400}\n"
	"  - link: {up: fw -- server}\n"
	"  - client: {dial: \"server:8080\", as: other, deadline: 5s}\n"
	"    expect: {after: \"< 900ms\"}\n";

static const char *const texts[] = { faults_text, steps_text, server_text,
				     sysctl_text, heals_text, mtu_text };

static void test_run_of_changing_hosts_over_ipv4(void **state)
{
	(void)state;
	must_pass_texts(texts, (int)ARRAY_SIZE(texts), "4");
}

static void test_run_of_changing_hosts_over_ipv6(void **state)
{
	(void)state;
	must_pass_texts(texts, (int)ARRAY_SIZE(texts), "6");
}

/* Below 1280 there is no IPv6 on a link, and IPv4 does not care. */
static void test_run_with_a_small_mtu(void **state)
{
	(void)state;
	must_pass_text(HEAD "steps:\n" DIALLED "  - link: {set: client -- fw, mtu: 300}\n"
			    "  - client: {send: conn, bytes: 10kB}\n"
			    "  - server: {recv: peer, bytes: 10kB, deadline: 5s}\n"
			    "  - link: {set: client -- fw, mtu: 1500}\n"
			    "  - server: {send: peer, bytes: 10kB}\n"
			    "  - client: {recv: conn, bytes: 10kB, deadline: 5s}\n",
		       "4");
}

static bool is_death(const struct event *e)
{
	return e->type == EVENT_STEP_END && e->step.detail &&
	       strstr(e->step.detail, "its host was rebooted");
}

static void test_run_says_why_a_step_ended(void **state)
{
	struct running r = { .text = steps_text, .ip = "4" };

	(void)state;
	running_pass(&r);
	/* reads, reads2, x, y, z, writes, and their awaits */
	assert_int_equal(events_of(&r, EVENT_STEP_END, is_death), 12);
	running_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run_of_changing_hosts_over_ipv4),
		cmocka_unit_test(test_run_of_changing_hosts_over_ipv6),
		cmocka_unit_test(test_run_with_a_small_mtu),
		cmocka_unit_test(test_run_says_why_a_step_ended),
	};

	return TEST_MAIN("run of hosts", tests, NULL, NULL);
}
