// SPDX-License-Identifier: GPL-2.0-or-later
/* ``conntrack:`` and ``nat:`` of a scenario: what is read, and what is refused, with its place. */
#include "tests/support/main.h"

#include <errno.h>

#include "impair/stateful.h"
#include "lab/run/run.h"
#include "netns/cleanup.h"
#include "tests/unit/scenario_fixture.h"

#define FAULTS(text) HEAD "faults:\n" text STEPS
#define FAULT(body)  FAULTS("  f: {at: fw, conntrack: {" body "}, action: drop}\n")
#define NAT(fw)                                                                        \
	HEAD "topology:\n  hosts:\n    client: {}\n    fw: {" fw "}\n    server: {}\n" \
	     "  links: [client -- fw, fw -- server]\n" STEPS

/* The only problem is in line @line, where @at begins. */
static void assert_refused_at(const char *source, int line, const char *at, const char *words)
{
	const char *begin = source, *found;

	for (int i = 1; i < line; i++)
		begin = strchr(begin, '\n') + 1;
	found = strstr(begin, at);
	assert_non_null(found);
	assert_refused(source, line, (int)(found - begin) + 1, words);
}

/* The stateful part of the only fault of the only case. */
static struct stateful read_fault(const char *source)
{
	struct scenario *scenario = parse_set(source, NULL, 0);
	struct stateful s;

	assert_int_equal(scenario->n_plans, 1);
	assert_int_equal(scenario->plans[0].n_faults, 1);
	assert_non_null(scenario->plans[0].faults[0].stateful);
	s = *scenario->plans[0].faults[0].stateful;
	scenario_free(scenario);
	return s;
}

/* Each timeout by its own name goes into its own place. */
static void test_conntrack_read_takes_each_timeout(void **state)
{
	(void)state;
	for (int i = 0; stateful_timeout_at(i); i++) {
		char source[512];
		struct stateful s;

		snprintf(source, sizeof(source), FAULT("%s: 3s"), stateful_timeout_at(i)->name);
		s = read_fault(source);
		for (int k = 0; k < STATEFUL_TIMEOUTS; k++)
			assert_int_equal(s.timeout_s[k], k == i ? 3 : 0);
		assert_int_equal(s.loose, -1);
		assert_int_equal(s.liberal, -1);
		assert_int_equal(s.limit, 0);
		assert_int_equal(s.rate, 0);
	}
}

static void test_conntrack_read_takes_switches_and_limits(void **state)
{
	struct stateful s = read_fault(
		FAULT("loose: true, liberal: false, limit: 7, rate: 20/m, burst: 3, udp: 24h"));

	(void)state;
	assert_int_equal(s.loose, 1);
	assert_int_equal(s.liberal, 0);
	assert_int_equal(s.limit, 7);
	assert_int_equal(s.rate, 20);
	assert_int_equal(s.per_s, 60);
	assert_int_equal(s.burst, 3);
	assert_int_equal(s.timeout_s[10], 86400);
	s = read_fault(FAULT("rate: 1/s"));
	assert_int_equal(s.rate, 1);
	assert_int_equal(s.per_s, 1);
	assert_int_equal(s.burst, 5);
	s = read_fault(FAULT("rate: 5/h"));
	assert_int_equal(s.per_s, 3600);
}

/* A timeout is no time that the run takes. */
static void test_conntrack_read_declares_no_time(void **state)
{
	struct scenario *scenario = parse_set(FAULT("established: 10h"), NULL, 0);

	(void)state;
	assert_int_equal(scenario->plans[0].declared_ns, 0);
	scenario_free(scenario);
}

static void test_conntrack_read_refuses_nonsense(void **state)
{
	static const struct {
		const char *body;
		const char *at;
		const char *words;
	} bad[] = {
		{ "established: 1500ms", "1500ms", "whole seconds only, and 1500ms is not one" },
		{ "established: 0", "0}", "whole seconds only, and 0 is not one" },
		{ "established: 500us", "500us", "whole seconds only" },
		{ "established: 2", "2}",
		  "is no whole seconds; expected whole seconds such as 2s" },
		{ "established: 25h", "25h", "too long; at most 24h" },
		{ "established: -1s", "-1s}", "is no whole seconds" },
		{ "establish: 2s", "establish:", "did you mean 'established'?" },
		{ "syn-sent: 2s", "syn-sent", "did you mean 'syn_sent'?" },
		{ "loose: 2", "2}", "2 is no boolean" },
		{ "limit: 0", "0}", "0 is no count" },
		{ "limit: -1", "-1}", "is no count" },
		{ "rate: 5", "5}",
		  "5 is no rate; expected 1 to 1000000 in s, m or h, such as 5/s" },
		{ "rate: 0/s", "0/s", "is no rate" },
		{ "rate: 5/d", "5/d", "is no rate" },
		{ "rate: 5/", "5/", "is no rate" },
		{ "rate: /s", "/s", "is no rate" },
		{ "rate: 1000001/s", "1000001/s", "is no rate" },
		{ "rate: 99999999999999999999999999999/s", "99999999999999999999999999999/s",
		  "is no rate" },
		{ "burst: 2", "2}", "'burst' is about 'rate'" },
		{ "rate: 1/s, burst: 0", "0}", "0 is no count" },
		{ "limit: [1]", "[1]", "expected 1 to 4294967294, found a list" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char source[512];

		snprintf(source, sizeof(source), FAULT("%s"), bad[i].body);
		assert_refused_at(source, 6, bad[i].at, bad[i].words);
	}
	assert_refused_at(FAULTS("  f: {at: fw, conntrack: true, action: drop}\n"), 6, "true",
			  "expected a mapping, found a text");
	assert_refused_at(FAULTS("  f: {at: fw, conntrack: , action: drop}\n"), 6,
			  "conntrack:", "expected a mapping, found nothing");
}

/* Timeouts are of the host's namespace, so faults of one host cannot differ. */
static void test_conntrack_read_refuses_faults_that_differ(void **state)
{
	(void)state;
	assert_refused_at(FAULTS("  f: {at: fw, conntrack: {established: 2s}, action: drop}\n"
				 "  g: {at: fw, conntrack: {established: 3s}, action: drop}\n"),
			  7, "3s", "fault 'f' at fw has another 'established'");
	assert_refused_at(FAULTS("  f: {at: fw, conntrack: {loose: false}, action: drop}\n"
				 "  g: {at: fw, conntrack: {loose: true}, action: drop}\n"),
			  7, "true", "another 'loose'");
	assert_refused_at(FAULTS("  f: {at: fw, conntrack: {liberal: true}, action: drop}\n"
				 "  g: {at: fw, conntrack: {liberal: false}, action: drop}\n"),
			  7, "false", "another 'liberal'");
	/* what only one of them says, both have; other hosts have their own */
	scenario_free(
		parse_set(FAULTS("  f: {at: fw, conntrack: {established: 2s}, action: drop}\n"
				 "  g: {at: fw, conntrack: {udp: 3s, limit: 1}, action: drop}\n"
				 "  h: {at: fw, conntrack: {established: 2s, loose: true}, action: drop}\n"
				 "  i: {at: server, conntrack: {established: 9s}, action: drop}\n"),
			  NULL, 0));
}

static void test_conntrack_read_refuses_what_the_host_sets_too(void **state)
{
#define HOST_SYSCTL(key)                                                                   \
	HEAD "topology:\n  hosts: {a: {}, b: {sysctl: {" key ": 5}}}\n  links: [a -- b]\n" \
	     "faults:\n  f: {at: b, conntrack: {icmp: 3s}, action: drop}\n"                \
	     "steps:\n  - wait: 1s\n"

	(void)state;
	assert_refused_at(HOST_SYSCTL("net.netfilter.nf_conntrack_icmpv6_timeout"), 9, "{icmp",
			  "is set by the host's sysctl and by this fault");
	assert_refused_at(HOST_SYSCTL("net.netfilter.nf_conntrack_tcp_loose"), 9, "{icmp",
			  "is set by the host's sysctl and by this fault");
	scenario_free(parse_set(HOST_SYSCTL("net.netfilter.nf_conntrack_udp_timeout"), NULL, 0));
}

static void test_nat_read_takes_both_forms(void **state)
{
	struct scenario *s = parse_set(NAT("nat: masquerade"), NULL, 0);
	const struct nat *nat = s->plans[0].nats;

	(void)state;
	assert_int_equal(s->plans[0].n_nats, 1);
	assert_int_equal(nat->host, 1);
	assert_true(nat->masquerade);
	assert_false(nat->random_ports);
	assert_int_equal(nat->n_forwards, 0);
	assert_true(plan_tracks(&s->plans[0], 1));
	assert_false(plan_tracks(&s->plans[0], 0));
	scenario_free(s);
	s = parse_set(NAT("nat: {8080: \"server:80\", 53: \"client:5353\"}"), NULL, 0);
	nat = s->plans[0].nats;
	assert_false(nat->masquerade);
	assert_int_equal(nat->n_forwards, 2);
	assert_int_equal(nat->forwards[0].port, 8080);
	assert_int_equal(nat->forwards[0].to, 2);
	assert_int_equal(nat->forwards[0].to_port, 80);
	assert_int_equal(nat->forwards[1].port, 53);
	assert_int_equal(nat->forwards[1].to, 0);
	scenario_free(s);
	s = parse_set(NAT("nat: {ports: random, masquerade: true}"), NULL, 0);
	assert_true(s->plans[0].nats->random_ports);
	scenario_free(s);
}

static void test_nat_read_refuses_nonsense(void **state)
{
	static const struct {
		const char *body;
		const char *at;
		const char *words;
	} bad[] = {
		{ "nat: masquerad", "masquerad", "did you mean 'masquerade'?" },
		{ "nat: ", "nat: }", "a value is missing" },
		{ "nat: {}", "{}", "nat translates nothing" },
		{ "nat: {masquerade: false}", "{masquerade: false}", "nat translates nothing" },
		{ "nat: {ports: random, 80: \"server:80\"}", "random",
		  "'ports' is about masquerade" },
		{ "nat: {ports: any, masquerade: true}", "any", "unknown ports 'any'" },
		{ "nat: {0: \"server:80\"}", "0: ", "0 is no port" },
		{ "nat: {65536: \"server:80\"}", "65536", "65536 is no port" },
		{ "nat: {99999999999999999999: \"server:80\"}", "9999", "is no port" },
		{ "nat: {80: server}", "server}", "'server' is no endpoint" },
		{ "nat: {80: \"srv:80\"}", "\"srv", "unknown host 'srv'" },
		{ "nat: {80: \"10.0.1.2:80\"}", "\"10.0",
		  "to a host of the topology, by its name" },
		{ "nat: {80: \"fw:80\"}", "\"fw:", "fw cannot forward a port to itself" },
		{ "nat: {80: \"server:80\", 080: \"server:81\"}", "080", "forwarded twice" },
		{ "nat: {http: \"server:80\"}", "http", "unknown key 'http'" },
		{ "nat: [masquerade]", "[masquerade]", "expected a mapping, found a list" },
		{ "nat: masquerade, forward: false", "masquerade", "fw does not forward" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char source[512];

		snprintf(source, sizeof(source), NAT("%s"), bad[i].body);
		assert_refused_at(source, 8, bad[i].at, bad[i].words);
	}
}

/* Checks and steps go by the real verbs: some keys are of several checks. */
static void assert_real(const char *step, const char *at, const char *words)
{
	struct problems problems = { 0 };
	struct scenario *scenario = NULL;
	char source[1024];
	int ret, col = at ? (int)(strstr(step, at) - step) + 5 : 0;

	snprintf(source, sizeof(source), FAULT("") "  - %s\n", step);
	ret = scenario_parse("x.yaml", source, strlen(source), run_vocabulary(), NULL, 0, &scenario,
			     &problems);
	assert_int_equal(ret, words ? -EINVAL : 0);
	if (words && (problems.n != 1 || !has_problem(&problems, 9, col, words))) {
		problems_print(&problems, stderr);
		fail_msg("not just '%s' at 9:%d in\n%s", words, col, source);
	}
	scenario_free(scenario);
	problems_free(&problems);
}

static void test_conntrack_check_is_read(void **state)
{
	(void)state;
	assert_real("check: {conntrack: {from: client}, at: fw}", NULL, NULL);
	assert_real("check: {conntrack: {}, at: fw, count: 0, within: 3s}", NULL, NULL);
	/* the shared keys may stand before the one that tells whose they are */
	assert_real("check: {count: 2, state: SYN_SENT2, left: \"< 9s\", at: fw, conntrack: {protocol: udp, sport: 1}}",
		    NULL, NULL);
	assert_real("check: {state: ESTABLISHED, left: 1s, socket: door}", NULL, NULL);
	assert_real("check: {conntrack: {}}", "{c", "'at' is missing");
	assert_real("check: {conntrack: {}, at: server}", "server", "server tracks no connections");
	assert_real("check: {conntrack: {}, at: fw, state: SYN-SENT}", "SYN-",
		    "did you mean 'SYN_SENT'?");
	assert_real("check: {conntrack: {segment: syn}, at: fw}", "syn",
		    "not about a kind of segment");
	assert_real("check: {conntrack: {nth: 1}, at: fw}", "{nth",
		    "nth, first, every and probability");
	assert_real("check: {conntrack: {dport: 80}, at: fw}", "80", "ports need protocol");
	assert_real("check: {conntrack: {}, at: fw, hits: 1}", "hits",
		    "'hits' belongs to a check of");
	assert_real("check: {conntrack: 8080, at: fw}", "8080", "expected a mapping");
	assert_real("nat: {forget: all, at: fw}", NULL, NULL);
	assert_real("nat: {forget: some, at: fw}", "some", "unknown forget 'some'; expected all");
	assert_real("nat: {forget: all, at: client}", "client", "client tracks no connections");
	assert_real("nat: {forget: all}", "{f", "'at' is missing");
	assert_real("nat: {at: fw}", "{a", "'forget' is missing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conntrack_read_takes_each_timeout),
		cmocka_unit_test(test_conntrack_read_takes_switches_and_limits),
		cmocka_unit_test(test_conntrack_read_declares_no_time),
		cmocka_unit_test(test_conntrack_read_refuses_nonsense),
		cmocka_unit_test(test_conntrack_read_refuses_faults_that_differ),
		cmocka_unit_test(test_conntrack_read_refuses_what_the_host_sets_too),
		cmocka_unit_test(test_nat_read_takes_both_forms),
		cmocka_unit_test(test_nat_read_refuses_nonsense),
		cmocka_unit_test(test_conntrack_check_is_read),
	};

	return TEST_MAIN("conntrack_read", tests, NULL, NULL);
}
