// SPDX-License-Identifier: GPL-2.0-or-later
/* Bad scenario files: each mistake is refused with its place, and with one message only. */
#include "tests/unit/scenario_fixture.h"

#include "lab/scenario/sysctl_key.h"

static void test_scenario_refuses_a_bad_top_level(void **state)
{
	(void)state;
	assert_refused("- a\n", 1, 1, "expected a mapping with name");
	assert_refused(HEAD STEPS "stepps: 1\n", 7, 1, "did you mean 'steps'?");
	assert_refused(HEAD, 1, 1, "a scenario without steps does nothing");
	assert_refused(HEAD "steps: []\n", 5, 8, "a scenario without steps does nothing");
	assert_refused(HEAD "steps:\n", 5, 1, "a scenario without steps does nothing");
	assert_refused(HEAD "steps: {a: b}\n", 5, 8, "expected a list of steps, found a mapping");
	assert_refused(HEAD STEPS "program: client\n", 7, 1, "unknown key 'program'");
	assert_refused(HEAD STEPS "needs: x\n", 7, 8, "unknown need 'x'; expected one of: sysctl,");
	assert_refused(HEAD STEPS "needs: [ipv6, nettem]\n", 7, 15, "did you mean 'netem'?");
	assert_refused(HEAD STEPS "needs: [{queue: 1}]\n", 7, 9,
		       "expected a need, found a mapping");
	assert_refused(HEAD STEPS "needs: {queue: 1}\n", 7, 8,
		       "expected a list such as [conntrack");
	assert_refused(HEAD STEPS "needs: [sysctl]\n", 7, 9, "which sysctl?");
	assert_refused(HEAD STEPS "needs: [sysctl ../x]\n", 7, 9, "'../x' is no sysctl");
	assert_refused(HEAD STEPS "needs: [sysctl net.core.rmem_max]\n", 7, 9,
		       "global to the machine");
	assert_refused(HEAD STEPS "needs: [program]\n", 7, 9, "which program?");
	assert_refused(HEAD STEPS "needs: program curl -s\n", 7, 8, "'curl -s' is more than");
	assert_refused(HEAD STEPS "needs: queue 5\n", 7, 8, "nothing stands behind 'queue'");
	assert_refused(HEAD STEPS "title: u\n", 7, 1,
		       "'title' is given twice; the first is at line 2");
	assert_refused("name: X\ntitle: t\nstory: s\nremedy: r\n" STEPS, 1, 7, "'X' is no name");
	assert_refused("name: x\ntitle: \"a\\nb\"\nstory: s\nremedy: r\n" STEPS, 2, 8, "one line");
	assert_refused("name: x\ntitle:\nstory: s\nremedy: r\n" STEPS, 2, 1, "a value is missing");
	assert_refused(HEAD "tags: [ok, No]\n" STEPS, 5, 12, "'No' is no name");
	assert_refused(HEAD "ip: [4, 5]\n" STEPS, 5, 9, "'5' is no address family");
	assert_refused(HEAD "ip: [4, 4]\n" STEPS, 5, 9, "given twice");
	assert_refused(HEAD "ip: []\n" STEPS, 5, 5, "an empty list");
}

static void test_scenario_refuses_a_bad_topology(void **state)
{
#define TOPO(hosts, links)                                         \
	HEAD "topology:\n  hosts: " hosts "\n  links: " links "\n" \
	     "steps: [wait: 1s]\n"
	static const struct {
		const char *source;
		int line, col;
		const char *words;
	} bad[] = {
		{ TOPO("{a: {}, b: {}, c: {}}", "[a -- b]"), 6, 25, "no link leads" },
		{ TOPO("{a: {}, b: {}}", "[a -- b, a -- bb]"), 7, 19, "did you mean 'b'?" },
		{ TOPO("{a: {}, b: {}}", "[a -- a, a -- b]"), 7, 11, "joins a host to itself" },
		{ TOPO("{a: {}, a: {}, b: {}}", "[a -- b]"), 6, 18, "'a' is given twice" },
		{ TOPO("{A: {}, b: {}}", "[A -- b]"), 6, 11, "'A' is no host name" },
		{ TOPO("{\"a\\n\": {}, b: {}}", "[b -- b]"), 6, 11, "'a\\x0a' is no host name" },
		{ TOPO("{wait: {}, b: {}}", "[wait -- b]"), 6, 11, "cannot be named 'wait'" },
		{ TOPO("{expect: {}, b: {}}", "[expect -- b]"), 6, 11, "cannot be named 'expect'" },
		{ TOPO("{a: {forwards: true}, b: {}}", "[a -- b]"), 6, 15,
		  "did you mean 'forward'?" },
		{ TOPO("{a: {forward: yes}, b: {}}", "[a -- b]"), 6, 24, "expected true or false" },
		{ TOPO("{a: {}, b: {}}", "[a - b]"), 7, 11, "'a - b' is no link" },
		{ TOPO("{a: {}, b: {}}", "[a--b]"), 7, 11, "'a--b' is no link" },
		{ TOPO("{a: {}, b: {}}", "a -- b"), 7, 10,
		  "expected a list of links, found a text" },
		{ TOPO("{a: {}, b: {}, c: {}}", "[a -- b, b -- c, a -> c: {loss: 2%}]"), 7, 27,
		  "there is no link a -- c" },
		{ TOPO("{a: {}, b: {}}", "[a -- b: {mtu: 67}]"), 7, 25, "67 is no MTU" },
		{ TOPO("{a: {}, b: {}}", "[a -- b: {addresses: {c: 10.0.0.1/24}}]"), 7, 32,
		  "unknown end of this link 'c'" },
		{ TOPO("{a: {}, b: {}}", "[a -- b: {addresses: {a: 10.0.0.1}}]"), 7, 35,
		  "'10.0.0.1' is no address" },
		{ TOPO("{a: {}, b: {}}", "[a -- b: {addresses: {a: [10.0.0.1/24, 10.0.0.2/24]}}]"),
		  7, 49, "a second IPv4 address" },
		{ TOPO("{a: {}, b: {}, c: {}}",
		       "[a -- b: {addresses: {a: 10.9.0.1/24}}, b -- c: {addresses: {b: 10.9.0.9/16}}]"),
		  7, 11, "overlaps" },
		{ HEAD "topology: {hosts: {a: {}, b: {}}, links: [a -- b: {mtu: 1279}]}\nip: 6\n"
		       "steps: [wait: 1s]\n",
		  5, 57, "IPv6 needs at least 1280" },
		{ HEAD "topology: {hosts: [a, b], links: [a -- b]}\nsteps: [a: {listen: 1}]\n", 5,
		  19, "expected a mapping of host names, found a list" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_refused(bad[i].source, bad[i].line, bad[i].col, bad[i].words);
}

static void test_scenario_refuses_sysctls_of_the_machine(void **state)
{
	static const struct {
		const char *key;
		const char *words;
	} bad[] = {
		{ "kernel.hostname", "is no sysctl of a network namespace" },
		{ "../../kernel/hostname", "is no sysctl of a network namespace" },
		{ "net.ipv4.conf.//.rp_filter", "is no sysctl" },
		{ "net..ipv4.x", "is no sysctl" },
		{ "net.ipv4./etc/passwd", "is no sysctl" },
		{ "/net.ipv4.x", "is no sysctl" },
		{ "net/ipv4/tcp_mem", "is no sysctl" },
		{ "net.ipv4", "is no sysctl" },
		{ "net.ipv4.", "is no sysctl" },
		{ "net.ipv4.a b", "is no sysctl" },
		{ "net.core.rmem_max", "is global to the machine, not to a namespace" },
		{ "net.core.bpf_jit_enable", "is global to the machine" },
		{ "net.ipv4.tcp_mem", "is global to the machine" },
		{ "net.ipv4.inet_peer_threshold", "is global to the machine" },
		{ "net.netfilter.nf_conntrack_max", "is global to the machine" },
		{ "net.nf_conntrack_max", "is global to the machine" },
		{ "net.netfilter.nf_conntrack_count", "can only be read" },
	};
	static const char *const good[] = { "net.ipv4.tcp_retries2",
					    "net.core.somaxconn",
					    "net.ipv4.conf.eth0/100.rp_filter",
					    "net.ipv6.conf.all.disable_ipv6",
					    "net.ipv4.tcp_rmem",
					    "net.unix.max_dgram_qlen",
					    "net.netfilter.nf_conntrack_tcp_timeout_established",
					    "net.ipv4.ipfrag_high_thresh" };
	char source[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(source, sizeof(source), HEAD STEPS "  - sysctl: {at: fw, %s: 1}\n",
			 bad[i].key);
		assert_refused(source, 7, 22, bad[i].words);
	}
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(sysctl_key_verdict(good[i]), SYSCTL_OK);
}

static void test_scenario_refuses_bad_parameters(void **state)
{
	(void)state;
	assert_refused(HEAD "params: {prt: 80}\nsteps: [server: {listen: \"${port}\"}]\n", 6, 26,
		       "did you mean 'prt'?");
	assert_refused(HEAD "steps: [server: {listen: \"${port}\"}]\n", 5, 26,
		       "neither params nor a matrix");
	assert_refused(HEAD "params: {a: b}\nsteps: [server: {serve: \"${a\"}]\n", 6, 25,
		       "without a closing '}'");
	assert_refused(HEAD "params: {p: [80]}\nsteps: [server: {listen: \"${p}\"}]\n", 5, 13,
		       "expected a single value, found a list");
	assert_refused(HEAD "params: {ip: 4}\n" STEPS, 5, 10, "cannot be named 'ip'");
	assert_refused(HEAD "params: {1a: 4}\n" STEPS, 5, 10, "is no name for a parameter");
	assert_refused(HEAD "params: {a: \"b\\nc\"}\n" STEPS, 5, 13, "on one line");
	assert_refused(HEAD "matrix: {p: 80}\nsteps: [server: {listen: \"${p}\"}]\n", 5, 13,
		       "expected a list of values, found a text");
	assert_refused(HEAD "matrix: {p: []}\n" STEPS, 5, 13, "found an empty one");
	assert_refused(HEAD "matrix: {p: [1, 1]}\n" STEPS, 5, 17, "'1' is given twice");
	assert_refused(HEAD
		       "matrix: {a: [1,2,3,4,5,6,7], b: [1,2,3,4,5,6,7], c: [1,2,3,4,5,6,7]}\n" STEPS,
		       5, 9, "too many cases");
	/* one problem of all cases is one problem; that of one case is found, too */
	assert_refused(HEAD "matrix: {p: [80, 70000, 81]}\nsteps: [server: {listen: \"${p}\"}]\n",
		       6, 26, "70000 is no port");
	assert_refused(HEAD "matrix: {p: [80, 81]}\nsteps: [server: {listen: x}, wait: 1s]\n", 6,
		       26, "'x' is no port");
}

static void test_scenario_refuses_bad_faults(void **state)
{
#define FAULT(body) HEAD "faults: {f: {" body "}}\n" STEPS
	static const struct {
		const char *source;
		int line, col;
		const char *words;
	} bad[] = {
		{ FAULT("action: drop"), 5, 13, "'at' is missing" },
		{ FAULT("at: fw"), 5, 13, "'action' is missing" },
		{ FAULT("at: fww, action: drop"), 5, 18, "did you mean 'fw'?" },
		{ FAULT("at: fw, action: dorp"), 5, 30, "did you mean 'drop'?" },
		{ FAULT("at: fw, action: reject host-unreachible"), 5, 30,
		  "did you mean 'reject host-unreachable'?" },
		{ FAULT("at: fw, action: delay 4h"), 5, 30, "at most a minute" },
		{ FAULT("at: fw, action: reject tcp-reset"), 5, 30, "only TCP can be rejected" },
		{ FAULT("at: fw, match: {protocol: udp}, action: reject tcp-reset"), 5, 54,
		  "only TCP can be rejected" },
		{ FAULT("at: fw, match: {form: client}, action: drop"), 5, 30,
		  "did you mean 'from'?" },
		{ FAULT("at: fw, match: {segment: sny}, action: drop"), 5, 39,
		  "did you mean 'syn'?" },
		{ FAULT("at: fw, match: {segment: syn, protocol: udp}, action: drop"), 5, 54,
		  "'segment' is about TCP" },
		{ FAULT("at: fw, match: {dport: 80}, action: drop"), 5, 37, "ports need protocol" },
		{ FAULT("at: fw, match: {protocol: icmp, sport: 80}, action: drop"), 5, 53,
		  "icmp has no ports" },
		{ FAULT("at: fw, match: {protocol: tcp, dport: 70000}, action: drop"), 5, 52,
		  "70000 is no port; expected 1 to 65535" },
		{ FAULT("at: fw, match: {nth: 1, every: 2}, action: drop"), 5, 38,
		  "only one of nth" },
		{ FAULT("at: fw, match: {nth: 0}, action: drop"), 5, 35, "0 is no count" },
		{ FAULT("at: fw, match: {probability: 130%}, action: drop"), 5, 43, "130%" },
		{ FAULT("at: fw, match: {probability: 0%}, action: drop"), 5, 43, "never happens" },
		{ FAULT("at: fw, match: {probability: 1%, nth: 2}, action: drop"), 5, 47,
		  "only one of nth" },
		{ FAULT("at: fw, match: {per: connection}, action: drop"), 5, 35,
		  "nothing here is chosen by number" },
		{ FAULT("at: fw, match: {per: conection, nth: 1}, action: drop"), 5, 35,
		  "did you mean 'connection'?" },
		{ HEAD "faults: {1f: {at: fw, action: drop}}\n" STEPS, 5, 10,
		  "is no name for a fault" },
		{ HEAD "faults: {\"f\\t\": {at: fw, action: drop}}\n" STEPS, 5, 10,
		  "'f\\x09' is no name" },
		{ HEAD "faults:\n  f: {at: fw, action: drop}\n  f: {at: fw, action: drop}\n" STEPS,
		  7, 3, "'f' is given twice; the first is at line 6" },
		{ HEAD "faults: [f]\n" STEPS "  - check: {fault: f, hits: 1}\n", 5, 9,
		  "expected a mapping of fault names, found a list" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_refused(bad[i].source, bad[i].line, bad[i].col, bad[i].words);
}

static void test_scenario_refuses_bad_steps(void **state)
{
#define STEP(text) HEAD STEPS "  - " text "\n"
	static const struct {
		const char *source;
		int line, col;
		const char *words;
	} bad[] = {
		{ STEP("client: {diall: \"server:1\"}"), 7, 14, "did you mean 'dial'?" },
		{ STEP("client: {as: c, diall: \"server:1\"}"), 7, 21, "unknown verb 'diall'" },
		{ STEP("client: {}"), 7, 13, "the step does nothing" },
		{ STEP("client: dial"), 7, 13, "expected a mapping {VERB: …}, found a text" },
		{ STEP("cleint: {listen: 1}"), 7, 5, "did you mean 'client'?" },
		{ STEP("chek: {fault: x}"), 7, 5, "did you mean 'check'?" },
		{ STEP("dial: \"server:1\""), 7, 5, "'dial' happens on a host" },
		{ STEP("expect: {error: none}"), 7, 5, "belongs to the step above" },
		{ STEP("wait"), 7, 5, "expected a step" },
		{ STEP("[a]"), 7, 5, "expected a step" },
		{ STEP("client: {run: x}"), 7, 14, "not available yet: it comes with nslab exec" },
		{ STEP("client: {listen: 1, dial: \"server:1\"}"), 7, 25, "two verbs in one step" },
		{ STEP("client: {listen: 1, backlgo: 1}"), 7, 25, "did you mean 'backlog'?" },
		{ STEP("client: {listen: 1, deadline: 1s}"), 7, 25, "unknown key 'deadline'" },
		{ STEP("client: {listen: 1, serve: ecko}"), 7, 32, "did you mean 'echo'?" },
		{ STEP("client: {dial: \"server:1\", local: 4}"), 7, 32, "it comes with bind" },
		{ STEP("client: {dial: \"server:1\"}\n    background: true"), 8, 5,
		  "inside the host's braces" },
		{ STEP("client: {dial: \"server:1\", expect: {error: none}}"), 7, 32,
		  "stands beside the host" },
		{ STEP("client: {dial: \"server:70000\"}"), 7, 20, "70000 is no port" },
		{ STEP("client: {dial: server}"), 7, 20, "'server' is no endpoint" },
		{ STEP("client: {dial: \"fd00::1:80\"}"), 7, 20, "is no endpoint" },
		{ STEP("client: {dial: \"[fd00::1]:80\"}"), 7, 20, "is an IPv6 address" },
		{ STEP("client: {dial: \"srver:80\"}"), 7, 20, "did you mean 'server'?" },
		{ STEP("client: {dial: \"server:1\", deadline: 3 parsecs}"), 7, 42,
		  "'3 parsecs' is no duration; expected a duration such as 250ms or 2.5s" },
		{ STEP("client: {dial: \"server:1\", deadline: 25h}"), 7, 42, "at most 24h" },
		{ STEP("client: {dial: \"server:1\", keep: yes}"), 7, 38,
		  "expected true or false" },
		{ STEP("client: {dial: \"server:1\", options: {nodelai: true}}"), 7, 42,
		  "did you mean 'nodelay'?" },
		{ STEP("client: {dial: \"server:1\", as: door}"), 7, 36, "taken by line 6" },
		{ STEP("client: {dial: \"server:1\", id: door}"), 7, 36, "taken by line 6" },
		{ STEP("client: {dial: \"server:1\", as: \"a\\eb\"}"), 7, 36,
		  "control characters" },
		{ STEP("client: {dial: \"server:1\", as: \"a b\"}"), 7, 36, "'a b' is no name" },
		{ STEP("client: {accept: [a]}"), 7, 22,
		  "expected the name of a listener, found a list" },
		{ STEP("client: {accept: dor}"), 7, 22, "did you mean 'door'?" },
		{ STEP("client: {accept: door}"), 7, 22, "is a socket of server (line 6)" },
		{ STEP("client: {recv: door}"), 7, 20,
		  "'door' is a listener (line 6), a connection" },
		{ STEP("server: {accept: door, as: c}\n  - server: {accept: c}"), 8, 22,
		  "'c' is a connection (line 7), a listener was expected" },
		{ STEP("server: {accept: c}\n  - server: {listen: 81, as: c}"), 7, 22,
		  "defined later, at line 8" },
		{ STEP("server: {accept: c, as: c}"), 7, 22, "what this step itself makes" },
		{ STEP("await: door"), 7, 12, "is not a background step" },
		{ STEP("await: nobody"), 7, 12, "unknown background step 'nobody'" },
		{ STEP("wait: 5"), 7, 11, "5 is no duration" },
		{ STEP("wait:"), 7, 5, "a value is missing; expected a duration" },
		{ STEP("wait: {a: b}"), 7, 11,
		  "expected a duration such as 250ms or 2.5s, found a mapping" },
		{ STEP("wait: 5s\n    expect: {error: none}"), 8, 13, "nothing can be expected" },
		{ STEP("wait: 5s\n    deadline: 5s"), 8, 5, "unknown key 'deadline'" },
		{ STEP("check: door"), 7, 12, "expected a mapping" },
		{ STEP("check: {state: x}"), 7, 12, "check what?" },
		{ STEP("check: {fault: f}"), 7, 20, "unknown fault 'f'; there is none here" },
		{ STEP("fault: {off: []}"), 7, 18, "expected a fault's name or a list" },
		{ STEP("sysctl: {net.ipv4.tcp_fin_timeout: 5}"), 7, 13, "'at' is missing" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_refused(bad[i].source, bad[i].line, bad[i].col, bad[i].words);
}

static void test_scenario_refuses_bad_expectations(void **state)
{
#define EXPECT(text) HEAD STEPS "  - client: {dial: \"server:1\"}\n    expect: " text "\n"
	(void)state;
	assert_refused(EXPECT("{error: ECONREFUSED}"), 8, 21, "did you mean 'ECONNREFUSED'?");
	assert_refused(EXPECT("{error: EWHATEVER}"), 8, 21, "unknown error 'EWHATEVER'");
	assert_refused(EXPECT("{error: deadlin}"), 8, 21, "did you mean 'deadline'?");
	assert_refused(EXPECT("{error: }"), 8, 14, "a value is missing");
	assert_refused(EXPECT("{errors: none}"), 8, 14, "did you mean 'error'?");
	assert_refused(EXPECT("{bytes: 5}"), 8, 14, "'bytes' cannot be expected of 'dial'");
	assert_refused(EXPECT("{after: 5}"), 8, 21, "5 is no time; expected a time such as 2500ms");
	assert_refused(EXPECT("{after: 3s..2s}"), 8, 21, "'3s..2s' is no time");
	assert_refused(EXPECT("{exit: 28}"), 8, 14, "'exit' cannot be expected of 'dial'");
	assert_refused(EXPECT("none"), 8, 13, "expected a mapping such as");
	assert_refused(EXPECT("{}"), 8, 13, "found an empty one");
}

static void test_scenario_reports_everything_at_once(void **state)
{
	static const char source[] =
		"name: X\ntitel: t\nstory: s\nremedy: r\n"
		"faults:\n  f: {at: fww, match: {sport: 70000}, action: dorp}\n"
		"steps:\n  - server: {listen: 0, as: l}\n  - client: {recv: l}\n"
		"  - check: {fault: g}\n  - server: {accept: l}\n";
	struct problems problems;

	(void)state;
	refuse_set(source, NULL, 0, &problems);
	assert_true(has_problem(&problems, 1, 7, "is no name"));
	assert_true(has_problem(&problems, 2, 1, "did you mean 'title'?"));
	assert_true(has_problem(&problems, 1, 1, "'title' is missing"));
	assert_true(has_problem(&problems, 6, 11, "unknown host 'fww'"));
	assert_true(has_problem(&problems, 6, 31, "70000 is no port"));
	assert_true(has_problem(&problems, 6, 47, "unknown action 'dorp'"));
	assert_true(has_problem(&problems, 8, 22, "0 is no port"));
	assert_true(has_problem(&problems, 9, 20, "is a listener"));
	assert_true(has_problem(&problems, 10, 20, "did you mean 'f'?") ||
		    has_problem(&problems, 10, 20, "unknown fault 'g'"));
	assert_int_equal(problems.n, 9); /* and the good step behind the bad ones is fine */
	problems_free(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenario_refuses_a_bad_top_level),
		cmocka_unit_test(test_scenario_refuses_a_bad_topology),
		cmocka_unit_test(test_scenario_refuses_sysctls_of_the_machine),
		cmocka_unit_test(test_scenario_refuses_bad_parameters),
		cmocka_unit_test(test_scenario_refuses_bad_faults),
		cmocka_unit_test(test_scenario_refuses_bad_steps),
		cmocka_unit_test(test_scenario_refuses_bad_expectations),
		cmocka_unit_test(test_scenario_reports_everything_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
