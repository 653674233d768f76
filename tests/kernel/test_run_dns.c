// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The name server and lookups, as scenarios: each is the other's witness, the one being ours and the
 * other the C library's, and packets are counted at both ends. See test_dns.c and test_server.c for
 * messages byte by byte.
 */
#include "tests/kernel/run_fixture.h"

#define NS                                                         \
	HEAD "topology:\n"                                         \
	     "  hosts: {client: {}, fw: {}, server: {}, ns: {}}\n" \
	     "  links: [client -- fw, fw -- server, fw -- ns]\n"
#define UDP_DROPPED                                                                            \
	NS "faults:\n"                                                                         \
	   "  lost: {at: fw, match: {from: client, protocol: udp, dport: 53}, action: drop}\n" \
	   "steps:\n"                                                                          \
	   "  - ns: {serve: dns}\n"

/* 32 * 16 and 19 * 28 bytes, and the header and the question: more than UDP's 512 */
#define MANY4                                                                         \
	"10.9.0.1, 10.9.0.2, 10.9.0.3, 10.9.0.4, 10.9.0.5, 10.9.0.6, 10.9.0.7, "      \
	"10.9.0.8, 10.9.0.9, 10.9.0.10, 10.9.0.11, 10.9.0.12, 10.9.0.13, 10.9.0.14, " \
	"10.9.0.15, 10.9.0.16, 10.9.0.17, 10.9.0.18, 10.9.0.19, 10.9.0.20, "          \
	"10.9.0.21, 10.9.0.22, 10.9.0.23, 10.9.0.24, 10.9.0.25, 10.9.0.26, "          \
	"10.9.0.27, 10.9.0.28, 10.9.0.29, 10.9.0.30, 10.9.0.31, 10.9.0.32"
#define MANY6                                                                               \
	"\"fd09::1\", \"fd09::2\", \"fd09::3\", \"fd09::4\", \"fd09::5\", \"fd09::6\", "    \
	"\"fd09::7\", \"fd09::8\", \"fd09::9\", \"fd09::a\", \"fd09::b\", \"fd09::c\", "    \
	"\"fd09::d\", \"fd09::e\", \"fd09::f\", \"fd09::10\", \"fd09::11\", \"fd09::12\", " \
	"\"fd09::13\""

static const char *const texts[] = {
	/* the hosts' names, names of its own, unknown ones; also asked from its own host */
	NS "steps:\n"
	   "  - ns: {serve: dns, names: {www: server, WEB.example: server, server: fw}}\n"
	   "  - client: {lookup: www, at: ns, timeout: 20s}\n"
	   "    expect: {error: none, address: server}\n"
	   "  - client: {lookup: web.EXAMPLE, at: ns, timeout: 20s}\n"
	   "    expect: {address: server}\n"
	   "  - client: {lookup: client, at: ns, timeout: 20s}\n"
	   "    expect: {address: client}\n"
	   "  - client: {lookup: server, at: ns, timeout: 20s}\n"
	   "    expect: {address: fw}\n"
	   "  - ns: {lookup: www, at: ns, timeout: 20s}\n"
	   "    expect: {address: server}\n"
	   "  - client: {lookup: wwww, at: ns, timeout: 20s}\n"
	   "    expect: {error: EAI_NONAME, after: \"< 20s\"}\n"
	   "  - check: {seen: {protocol: udp, sport: 53}, at: client, count: 5}\n"
	   "  - check: {seen: {protocol: tcp}, at: ns, count: 0}\n",
	/* the other family: no data; nobody at the port: an ICMP error, and no waiting */
	NS "steps:\n"
	   "  - ns: {serve: dns, on: 5353, names: {four: 192.0.2.1, six: \"2001:db8::1\"}}\n"
	   "  - client: {lookup: four, at: ns, port: 5353, type: A, timeout: 20s}\n"
	   "    expect: {error: none}\n"
	   "  - client: {lookup: four, at: ns, port: 5353, type: AAAA, timeout: 20s}\n"
	   "    expect: {error: EAI_NODATA}\n"
	   "  - client: {lookup: six, at: ns, port: 5353, type: AAAA, timeout: 20s}\n"
	   "    expect: {error: none}\n"
	   "  - client: {lookup: six, at: ns, port: 5353, type: A, timeout: 20s}\n"
	   "    expect: {error: EAI_NODATA}\n"
	   "  - client: {lookup: four, at: ns, timeout: 20s}\n"
	   "    expect: {error: EAI_AGAIN, after: \"< 20s\"}\n"
	   "  - check: {seen: {protocol: icmp}, at: client, count: 2}\n",
	/* what is too long for UDP is asked again over TCP */
	NS "steps:\n"
	   "  - ns: {serve: dns, names: {many: [" MANY4 ", " MANY6 "]}}\n"
	   "  - client: {lookup: many, at: ns, timeout: 20s, deadline: 20s}\n"
	   "    expect: {error: none}\n"
	   "  - check: {seen: {protocol: udp, dport: 53}, at: ns, count: 1}\n"
	   "  - check: {seen: {segment: syn, dport: 53}, at: ns, count: 1}\n",
	/* attempts and the pause between them, as resolv.conf says */
	UDP_DROPPED "  - client: {lookup: ns, at: ns, timeout: 1s, attempts: 1}\n"
		    "    expect: {error: EAI_AGAIN, after: 0.98s..1.9s}\n"
		    "  - check: {fault: lost, hits: 1}\n",
	UDP_DROPPED "  - client: {lookup: ns, at: ns, timeout: 2s, attempts: 2}\n"
		    "    expect: {error: EAI_AGAIN, after: 3.95s..5s}\n"
		    "  - check: {fault: lost, hits: 2}\n",
	UDP_DROPPED "  - client: {lookup: ns, at: ns, timeout: 1s, attempts: 4}\n"
		    "    expect: {error: EAI_AGAIN, after: 3.95s..4.9s}\n"
		    "  - check: {fault: lost, hits: 4}\n"
		    "  - check: {seen: {protocol: udp}, at: ns, count: 0}\n",
	/* the deadline ends it at once: nothing is asked any more */
	UDP_DROPPED "  - client: {lookup: ns, at: ns, timeout: 1s, attempts: 5, deadline: 400ms}\n"
		    "    expect: {error: deadline, after: 396ms..900ms}\n"
		    "  - wait: 1500ms\n"
		    "  - check: {fault: lost, hits: 1}\n",
	/* many at once; and one that nobody awaits ends with the run */
	UDP_DROPPED "  - client: {lookup: ns, at: ns, timeout: 1s, id: a, background: true}\n"
		    "  - client: {lookup: ns, at: ns, timeout: 1s, id: b, background: true}\n"
		    "  - fw: {lookup: ns, at: ns, timeout: 20s, id: c, background: true}\n"
		    "  - client: {lookup: ns, at: ns, timeout: 30s, id: d, background: true}\n"
		    "  - await: c\n    expect: {error: none, address: ns}\n"
		    "  - await: a\n    expect: {error: EAI_AGAIN}\n"
		    "  - await: b\n    expect: {error: EAI_AGAIN}\n"
		    "  - check: {fault: lost, hits: 5}\n",
	/* a socket that is closed while a lookup goes on is closed: the port is free at once */
	UDP_DROPPED "  - client: {listen: 8080, as: door}\n"
		    "  - client: {lookup: ns, at: ns, timeout: 30s, background: true}\n"
		    "  - client: {close: door}\n"
		    "  - client: {listen: 8080, as: again}\n",
	/* the port is taken: the server says so */
	NS "steps:\n"
	   "  - ns: {serve: dns}\n"
	   "  - ns: {serve: dns}\n"
	   "    expect: {error: EADDRINUSE}\n"
	   "  - ns: {listen: 53, as: door}\n"
	   "    expect: {error: EADDRINUSE}\n"
	   "  - client: {lookup: ns, at: ns, timeout: 20s}\n"
	   "    expect: {address: ns}\n",
};

static void test_run_dns_pass(void **state)
{
	(void)state;
	must_pass_texts(texts, ARRAY_SIZE(texts), "4");
}

static void test_run_dns_pass_over_ipv6(void **state)
{
	(void)state;
	must_pass_texts(texts, ARRAY_SIZE(texts), "6");
}

/* With both families both are asked for, side by side, and both come. */
static void test_run_dns_asks_for_both_in_a_dual_case(void **state)
{
	(void)state;
	must_pass_text(NS "ip: [dual]\nsteps:\n"
			  "  - ns: {serve: dns, names: {four: 192.0.2.1}}\n"
			  "  - client: {lookup: server, at: 10.0.3.2, timeout: 20s}\n"
			  "    expect: {address: 10.0.2.2}\n"
			  "  - client: {lookup: server, at: ns, timeout: 20s}\n"
			  "    expect: {address: \"fd00:0:0:2::2\"}\n"
			  "  - client: {lookup: server, at: ns, type: A, timeout: 20s}\n"
			  "    expect: {address: server}\n"
			  "  - client: {lookup: four, at: ns, timeout: 20s}\n"
			  "    expect: {address: 192.0.2.1}\n"
			  "  - check: {seen: {protocol: udp, dport: 53}, at: ns, count: 7}\n",
		       NULL);
}

static void test_run_dns_misses(void **state)
{
	(void)state;
	must_miss_text(NS "steps:\n"
			  "  - ns: {serve: dns}\n"
			  "  - client: {lookup: server, at: ns, timeout: 20s}\n"
			  "    expect: {address: 10.0.2.22}\n",
		       "address 10.0.2.22", "address 10.0.2.2");
	must_miss_text(NS "steps:\n"
			  "  - ns: {serve: dns}\n"
			  "  - client: {lookup: nobody, at: ns, timeout: 20s}\n"
			  "    expect: {error: EAI_NONAME, address: server}\n",
		       "address server, 10.0.2.2", "no address");
	must_miss_text(NS "steps:\n"
			  "  - ns: {serve: dns}\n"
			  "  - client: {lookup: nobody, at: ns, timeout: 20s}\n",
		       "error none", "error EAI_NONAME");
	must_miss_text(NS "steps:\n"
			  "  - ns: {serve: dns}\n"
			  "  - client: {lookup: nobody, at: ns, timeout: 20s}\n"
			  "    expect: {error: EAI_AGAIN}\n",
		       "error EAI_AGAIN", "error EAI_NONAME");
}

/* ---- files that are refused; the verbs' own rules, so with the real vocabulary ---- */

static void assert_refused(const char *step, const char *words)
{
	_cleanup_free_ char *text = NULL, *said = NULL;
	struct scenario *scenario = NULL;
	struct problems problems = { 0 };
	size_t len = 0;
	FILE *out;

	assert_true(asprintf(&text, HEAD "steps:\n  - server: {listen: 80, as: door}\n  - %s\n",
			     step) > 0);
	assert_int_equal(scenario_parse("x.yaml", text, strlen(text), run_vocabulary(), NULL, 0,
					&scenario, &problems),
			 -EINVAL);
	out = open_memstream(&said, &len);
	assert_non_null(out);
	problems_print(&problems, out);
	fclose(out);
	problems_free(&problems);
	if (!strstr(said, words))
		fail_msg("%s: not '%s' but: %s", step, words, said);
}

static void test_run_dns_refuses_bad_steps(void **state)
{
	static const char *const bad[][2] = {
		{ "server: {listen: 53, serve: dns}", "write {serve: dns, on: PORT}" },
		{ "server: {serve: dns, on: door}", "'door' is no port; expected 1 to 65535" },
		{ "server: {serve: dns, on: 0}", "0 is no port" },
		{ "server: {serve: echo}", "'on' is missing" },
		{ "server: {serve: echo, on: 80}", "unknown listener '80'" },
		{ "server: {serve: echo, on: door, names: {a: server}}", "only a name server" },
		{ "server: {serve: dns, names: www}", "expected a mapping such as {www: server}" },
		{ "server: {serve: dns, names: {www: srver}}", "did you mean 'server'?" },
		{ "server: {serve: dns, names: {www: 10.0.0.300}}", "unknown host '10.0.0.300'" },
		{ "server: {serve: dns, names: {www: []}}", "an empty list" },
		{ "server: {serve: dns, names: {www: {a: b}}}", "found a mapping" },
		{ "server: {serve: dns, names: {www: [server, [fw]]}}", "found a list" },
		{ "server: {serve: dns, names: {\"w w\": server}}", "'w w' is no domain name" },
		{ "server: {serve: dns, names: {a..b: server}}", "'a..b' is no domain name" },
		{ "server: {serve: dns, names: {www: fw, WWW: server}}", "are the same name" },
		{ "client: {lookup: www}", "'at' is missing" },
		{ "client: {lookup: \"w w\", at: server}", "'w w' is no domain name" },
		{ "client: {lookup: 10.0.0.1, at: server}", "nothing to look up" },
		{ "client: {lookup: www, at: srver}", "did you mean 'server'?" },
		{ "client: {lookup: www, at: \"fd00::1\"}", "this case runs on IPv4" },
		{ "client: {lookup: www, at: server, timeout: 500ms}", "whole seconds" },
		{ "client: {lookup: www, at: server, timeout: 31s}", "from 1s to 30s" },
		{ "client: {lookup: www, at: server, timeout: soon}", "whole seconds" },
		{ "client: {lookup: www, at: server, attempts: 6}", "1 to 5" },
		{ "client: {lookup: www, at: server, type: MX}", "expected one of: A, AAAA" },
		{ "client: {lookup: www, at: server}\n    expect: {error: EAI_AGAN}",
		  "did you mean 'EAI_AGAIN'?" },
		{ "client: {lookup: www, at: server}\n    expect: {address: srver}",
		  "did you mean 'server'?" },
		{ "client: {lookup: www, at: server}\n    expect: {bytes: 1}",
		  "expected one of: error, after, address" },
		{ "client: {dial: \"server:80\"}\n    expect: {address: server}",
		  "'address' cannot be expected of 'dial'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_refused(bad[i][0], bad[i][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run_dns_pass),
		cmocka_unit_test(test_run_dns_pass_over_ipv6),
		cmocka_unit_test(test_run_dns_asks_for_both_in_a_dual_case),
		cmocka_unit_test(test_run_dns_misses),
		cmocka_unit_test(test_run_dns_refuses_bad_steps),
	};

	return TEST_MAIN("run_dns", tests, NULL, NULL);
}
