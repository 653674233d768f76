// SPDX-License-Identifier: GPL-2.0-or-later
/* Stateful firewalls and address translation in scenarios: what is true is met, what is not is missed. */
#include "tests/kernel/run_fixture.h"

#define WALL(KEYS, ACTION)                                                         \
	HEAD "faults:\n  wall: {at: fw, match: {protocol: tcp}, conntrack: {" KEYS \
	     "}, action: " ACTION "}\nsteps:\n"
#define NAT(VALUE)                                                                                 \
	HEAD "topology:\n  hosts: {client: {}, fw: {forward: true, nat: " VALUE "}, server: {}}\n" \
	     "  links: [client -- fw, fw -- server]\nsteps:\n"

static const char *const true_ones[] = {
	/* a whole life through it: nothing is hit, and the states are as the kernel has them */
	WALL("", "drop") DIALLED
	"  - check: {conntrack: {from: client, to: server, protocol: tcp, dport: 8080}, at: fw, state: ESTABLISHED, count: 1}\n"
	"  - check: {conntrack: {from: server}, at: fw, count: 0}\n"
	"  - check: {conntrack: {protocol: udp}, at: fw, count: 0}\n"
	"  - client: {send: conn, bytes: 1MB, background: true, id: sending}\n"
	"  - server: {recv: peer, bytes: 1MB, deadline: 10s}\n"
	"  - await: sending\n"
	"  - client: {close: conn}\n"
	"  - check: {conntrack: {}, at: fw, state: CLOSE_WAIT, within: 5s}\n"
	"  - server: {close: peer}\n"
	"  - check: {conntrack: {}, at: fw, state: TIME_WAIT, left: \"119s..120s\", within: 5s}\n"
	"  - check: {fault: wall, hits: 0}\n",
	/* forgotten by a step: the firewall hits what follows, until it is switched off */
	WALL("", "drop") DIALLED "  - nat: {forget: all, at: fw}\n"
				 "  - check: {conntrack: {}, at: fw, count: 0}\n"
				 "  - client: {send: conn, text: hello}\n"
				 "  - check: {fault: wall, hits: 1, within: 5s}\n"
				 "  - fault: {off: wall}\n"
				 "  - server: {recv: peer, bytes: 5, deadline: 10s}\n"
				 "  - check: {fault: wall, hits: \">= 1\"}\n",
	/* picked up in the middle */
	WALL("loose: true", "drop") DIALLED
	"  - nat: {forget: all, at: fw}\n"
	"  - client: {send: conn, text: hello}\n"
	"  - server: {recv: peer, bytes: 5, deadline: 5s}\n"
	"  - check: {conntrack: {from: client}, at: fw, count: 1}\n"
	"  - check: {fault: wall, hits: 0}\n",
	/* one too many is refused at once */
	WALL("limit: 1", "reject tcp-reset") DIALLED
	"  - client: {dial: \"server:8080\", as: more, deadline: 5s}\n"
	"    expect: {error: ECONNREFUSED, after: \"< 900ms\"}\n"
	"  - check: {fault: wall, hits: 1}\n"
	"  - check: {conntrack: {}, at: fw, state: ESTABLISHED, count: 1}\n",
	/* at the server itself: what comes in is judged, what it sends is not */
	HEAD "faults:\n  own: {at: server, conntrack: {}, action: drop}\nsteps:\n" DIALLED
	     "  - nat: {forget: all, at: server}\n"
	     "  - server: {send: peer, text: hello}\n"
	     "  - client: {recv: conn, bytes: 5, deadline: 5s}\n"
	     "  - check: {fault: own, hits: \">= 1\", within: 5s}\n",
	/* masqueraded: each end is found from the other, before and after the router forgets */
	NAT("masquerade") DIALLED
	"  - check: {socket: {of: conn, at: server}, state: ESTABLISHED}\n"
	"  - check: {socket: {of: peer, at: client}, state: ESTABLISHED}\n"
	"  - check: {seen: {from: fw, segment: syn}, at: server, count: 1}\n"
	"  - check: {seen: {segment: syn}, at: fw, count: 1}\n"
	"  - nat: {forget: all, at: fw}\n"
	/* the port is free, so the router takes the same again, for data, though not for a FIN */
	"  - client: {send: conn, text: hello}\n"
	"  - server: {recv: peer, bytes: 5, deadline: 5s}\n"
	"  - client: {close: conn}\n"
	"  - check: {socket: {of: conn, at: server}, state: CLOSE-WAIT, within: 5s}\n",
	/* two routers, one behind the other, and a forwarded port */
	HEAD
	"topology:\n"
	"  hosts: {client: {}, home: {nat: masquerade}, edge: {nat: {masquerade: true, ports: random, 80: \"server:8080\"}}, server: {}}\n"
	"  links: [client -- home, home -- edge, edge -- server]\n"
	"steps:\n"
	"  - server: {listen: 8080, as: door}\n"
	"  - client: {dial: \"edge:80\", as: conn, deadline: 5s}\n"
	"  - check: {socket: {of: conn, at: server}, state: ESTABLISHED, within: 5s}\n"
	"  - server: {accept: door, as: peer, deadline: 5s}\n"
	"  - check: {socket: {of: peer, at: client}, state: ESTABLISHED}\n"
	"  - check: {conntrack: {from: client, to: edge, protocol: tcp, dport: 80}, at: home, count: 1}\n"
	"  - check: {conntrack: {from: home, to: edge, protocol: tcp, dport: 80}, at: edge, count: 1}\n"
	"  - check: {seen: {from: edge, to: server, segment: syn}, at: server, count: 1}\n",
	/* what the router makes itself, and what nobody forwards, is not translated */
	NAT("{masquerade: true, 81: \"server:8080\"}") "  - server: {listen: 8080, as: door}\n"
						       "  - fw: {dial: \"server:8080\", as: conn, deadline: 5s}\n"
						       "  - check: {socket: {of: conn, at: server}, state: ESTABLISHED}\n"
						       "  - client: {dial: \"fw:80\", as: refused, deadline: 5s}\n"
						       "    expect: {error: ECONNREFUSED}\n"
						       "  - check: {seen: {from: client}, at: server, count: 0}\n",
};

static void test_stateful_scenarios_are_true(void **state)
{
	(void)state;
	must_pass_texts(true_ones, ARRAY_SIZE(true_ones), "4");
	must_pass_texts(true_ones, ARRAY_SIZE(true_ones), "6");
}

static void test_stateful_checks_are_missed(void **state)
{
	(void)state;
	must_miss_text(WALL("", "drop") DIALLED
		       "  - check: {conntrack: {from: client}, at: fw, state: SYN_SENT}\n",
		       "count >= 1", "there is one with ESTABLISHED");
	must_miss_text(WALL("", "drop") DIALLED "  - check: {conntrack: {}, at: fw, count: 2}\n",
		       "count 2", "count 1 (ESTABLISHED");
	must_miss_text(WALL("", "drop") DIALLED
		       "  - check: {conntrack: {}, at: fw, left: \"< 1s\"}\n",
		       "count >= 1", "count 0");
	must_miss_text(WALL("", "drop") DIALLED
		       "  - check: {conntrack: {}, at: fw, count: 0, within: 200ms}\n",
		       "count 0 within 200 ms", "count 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stateful_scenarios_are_true),
		cmocka_unit_test(test_stateful_checks_are_missed),
	};

	return TEST_MAIN("run stateful", tests, NULL, NULL);
}
