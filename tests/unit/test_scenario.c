// SPDX-License-Identifier: GPL-2.0-or-later
/* What good scenario files become, and that no file, however broken, does harm. */
#include "tests/unit/scenario_fixture.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#define MS INT64_C(1000000)

static const char EXAMPLE[] =
	"name: dial-syn-dropped\n"
	"title: The firewall silently drops SYN, and dial hangs until the caller's own deadline\n"
	"tags: [dial, firewall, timeout]\n"
	"claims: [dial-timeout-on-drop]            # claims of the article\n"
	"story: |\n"
	"  What happens, in a paragraph that a newcomer understands.\n"
	"remedy: |\n"
	"  What to do in code and in operations.\n"
	"faults:\n"
	"  syn-dropped: {at: fw, match: {from: client, to: server, segment: syn}, action: drop}\n"
	"steps:\n"
	"  - server: {listen: 8080}\n"
	"  - client: {dial: \"server:8080\", as: conn, deadline: 2500ms, background: true}\n"
	"  - check: {socket: conn, state: SYN-SENT, within: 500ms}\n"
	"  - await: conn\n"
	"    expect: {error: deadline, after: 2500ms}\n"
	"  - check: {fault: syn-dropped, hits: 2}\n";

static const char MATRIX[] = HEAD
	"topology:\n"
	"  hosts:\n"
	"    client: {}\n"
	"    fw: {forward: true}\n"
	"    server: {sysctl: {net.ipv4.tcp_syncookies: 0}}\n"
	"  links:\n"
	"    - client -- fw\n"
	"    - fw -- server: {mtu: 1280, addresses: {fw: [192.0.2.1/24, \"2001:db8::1/64\"]}}\n"
	"params: {port: 8080, kind: unused}\n"
	"ip: [4, 6]\n"
	"matrix: {kind: [host-unreachable, port-unreachable, no-route]}\n"
	"faults:\n"
	"  rejected: {at: fw, match: {from: client, segment: [syn, fin], nth: 2},\n"
	"             action: \"reject ${kind}\", active: false}\n"
	"steps:\n"
	"  - server: {listen: \"${port}\", as: door, backlog: 1}\n"
	"  - client: {dial: \"server:${port}\", as: conn, options: {nodelay: true, user_timeout: 2s}}\n"
	"    expect: {error: EHOSTUNREACH, after: \"< 50ms\"}\n"
	"  - sysctl: {at: server, net.ipv4.tcp_fin_timeout: 5}\n"
	"  - fault: {off: [rejected]}\n"
	"  - wait: 1500ms\n";

static void test_scenario_reads_the_example(void **state)
{
	struct scenario *scenario = parse(EXAMPLE);
	const struct plan *plan = scenario->plans;
	const struct step *dial = &plan->steps[1], *await = &plan->steps[3];

	(void)state;
	assert_string_equal(scenario->name, "dial-syn-dropped");
	assert_string_equal(scenario->claims[0], "dial-timeout-on-drop");
	assert_int_equal(scenario->n_tags, 3);
	assert_int_equal(scenario->n_plans, 1);
	assert_string_equal(plan->name, "dial-syn-dropped");
	assert_string_equal(plan->set, "");
	assert_int_equal(plan->ip, IP_4);
	assert_int_equal(plan->topo.n_hosts, 3);
	assert_string_equal(plan->topo.hosts[1].name, "fw");
	assert_int_equal(plan->topo.hosts[1].forward, FORWARD_YES);
	assert_int_equal(plan->topo.n_links, 2);
	assert_int_equal(plan->n_faults, 1);
	assert_int_equal(plan->faults[0].host, 1);
	assert_int_equal(plan->faults[0].match.from, 0);
	assert_int_equal(plan->faults[0].match.to, 2);
	assert_int_equal(plan->faults[0].match.protocol, IPPROTO_TCP);
	assert_int_equal(plan->faults[0].match.segments, SEG_SYN);
	assert_int_equal(plan->faults[0].pick, PICK_ALL);
	assert_true(plan->faults[0].active);
	assert_int_equal(plan->n_steps, 5);
	assert_int_equal(dial->host, 0);
	assert_int_equal(dial->line, 13);
	assert_int_equal(dial->col, 5);
	assert_true(dial->background);
	assert_int_equal(dial->deadline_ns, 2500 * MS);
	assert_string_equal(dial->as, "conn");
	assert_string_equal(dial->id, "conn");
	assert_int_equal(((struct fake_dial *)dial->args)->to.host, 2);
	assert_int_equal(((struct fake_dial *)dial->args)->to.port, 8080);
	assert_int_equal(((struct fake_ref *)await->args)->ref.step, 1);
	assert_int_equal(await->expect.error, ERROR_DEADLINE);
	assert_int_equal(await->expect.after.hi, 2825 * MS);
	/* a deadline, a within, an after */
	assert_int_equal(plan->declared_ns, 2500 * MS + 500 * MS + 2825 * MS);
	scenario_free(scenario);
}

static void test_scenario_numbers_expectations(void **state)
{
	struct scenario *scenario = parse(EXAMPLE);
	static const int first[] = { 1, 2, 2, 3, 5 }, n[] = { 1, 0, 1, 2, 1 };

	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(scenario->plans[0].steps[i].first_expectation, first[i]);
		assert_int_equal(scenario->plans[0].steps[i].n_expectations, n[i]);
	}
	assert_int_equal(scenario->plans[0].n_expectations, 5);
	scenario_free(scenario);
	/* a background step with an expect of its own is judged itself */
	scenario = parse(HEAD STEPS
			 "  - client: {dial: \"server:1\", as: c, background: true}\n"
			 "    expect: {after: 1s}\n"
			 "  - client: {recv: c, bytes: 5}\n    expect: {bytes: 5, eof: true}\n");
	assert_int_equal(scenario->plans[0].steps[1].n_expectations, 2);
	assert_int_equal(scenario->plans[0].steps[2].n_expectations, 3);
	assert_int_equal(scenario->plans[0].n_expectations, 6);
	scenario_free(scenario);
}

static void test_scenario_writes_steps_for_people(void **state)
{
	struct scenario *scenario = parse(EXAMPLE);
	const struct step *steps = scenario->plans[0].steps;
	char source[2000], name[300];

	(void)state;
	assert_string_equal(steps[0].text, "listen 8080");
	assert_string_equal(steps[1].text, "dial server:8080 deadline 2500ms as conn");
	assert_string_equal(steps[2].text, "check socket conn state SYN-SENT within 500ms");
	assert_string_equal(steps[3].text, "await conn");
	scenario_free(scenario);
	scenario = parse(MATRIX);
	assert_string_equal(scenario->plans[0].steps[1].text,
			    "dial server:8080 options {nodelay: true, user_timeout: 2s} as conn");
	assert_string_equal(scenario->plans[0].steps[3].text, "fault off [rejected]");
	scenario_free(scenario);
	memset(name, 'z', sizeof(name));
	name[299] = '\0';
	snprintf(source, sizeof(source), HEAD STEPS "  - server: {serve: \"a\\n\\t%s\"}\n", name);
	scenario = parse(source);
	assert_true(strlen(scenario->plans[0].steps[1].text) <= 200);
	assert_non_null(strstr(scenario->plans[0].steps[1].text, "serve a\\n\\tzz"));
	scenario_free(scenario);
}

static void test_scenario_makes_cases(void **state)
{
	static const char *const names[] = { "x[kind=host-unreachable,ip=4]",
					     "x[kind=port-unreachable,ip=4]",
					     "x[kind=port-unreachable,ip=6]",
					     "x[kind=no-route,ip=6]" };
	struct scenario *scenario = parse(MATRIX);
	const struct plan *plan = scenario->plans;
	char buf[64];

	(void)state;
	assert_int_equal(scenario->n_plans, 4); /* the others have no meaning in their family */
	for (int i = 0; i < 4; i++)
		assert_string_equal(plan[i].name, names[i]);
	assert_string_equal(plan[2].set, "kind=port-unreachable ip=6");
	assert_int_equal(plan[2].ip, IP_6);
	assert_string_equal(action_text(&plan[3].faults[0], buf, sizeof(buf)), "reject no-route");
	assert_int_equal(plan->faults[0].pick, PICK_NTH);
	assert_int_equal(plan->faults[0].n, 2);
	assert_int_equal(plan->faults[0].match.segments, SEG_SYN | SEG_FIN);
	assert_false(plan->faults[0].active);
	assert_int_equal(((struct fake_listen *)plan->steps[0].args)->port, 8080);
	assert_int_equal(((struct fake_listen *)plan->steps[0].args)->backlog, 1);
	assert_true(((struct fake_dial *)plan->steps[1].args)->options.nodelay);
	assert_int_equal(plan->steps[1].expect.code, EHOSTUNREACH);
	assert_string_equal(((struct fake_sysctl *)plan->steps[2].args)->value, "5");
	assert_int_equal(plan->topo.links[1].mtu, 1280);
	assert_int_equal(plan->topo.links[1].addr[0][FAM4].bytes[0], 192);
	assert_int_equal(plan->topo.links[1].addr[0][FAM6].bytes[0], 0x20);
	assert_string_equal(plan->topo.hosts[2].sysctls[0].key, "net.ipv4.tcp_syncookies");
	scenario_free(scenario);
}

static void test_scenario_set_selects_and_overrides(void **state)
{
	const struct param kind = { .key = "kind", .value = "net-unreachable" };
	const struct param both[] = { { .key = "ip", .value = "6" },
				      { .key = "port", .value = "9" } };
	struct scenario *scenario = parse_set(MATRIX, &kind, 1);

	(void)state;
	assert_int_equal(scenario->n_plans, 1); /* on IPv4 only; the value is not in the file */
	assert_string_equal(scenario->plans[0].name, "x[kind=net-unreachable,ip=4]");
	assert_string_equal(scenario->plans[0].set, "kind=net-unreachable ip=4");
	scenario_free(scenario);
	scenario = parse_set(MATRIX, both, 2);
	assert_int_equal(scenario->n_plans, 2);
	assert_string_equal(scenario->plans[1].set, "kind=no-route ip=6 port=9");
	assert_int_equal(((struct fake_listen *)scenario->plans[0].steps[0].args)->port, 9);
	assert_string_equal(scenario->params[0].value, "9");
	scenario_free(scenario);
	scenario = parse_set(EXAMPLE, both, 1); /* a family that the file does not name */
	assert_string_equal(scenario->plans[0].name, "dial-syn-dropped");
	assert_string_equal(scenario->plans[0].set, "ip=6");
	assert_int_equal(scenario->plans[0].ip, IP_6);
	scenario_free(scenario);
}

static void test_scenario_set_refuses_what_is_not_there(void **state)
{
	static const struct param bad[] = {
		{ .key = "kindd", .value = "x" },	{ .key = "ip", .value = "5" },
		{ .key = "port", .value = "\x1b[31m" }, { .key = "port", .value = "70000" },
		{ .key = "kind", .value = "nonsense" },
	};

	(void)state;
	assert_refused_set(
		MATRIX, &bad[0], 1, 0, 0,
		"--set kindd=x: the scenario has no parameter 'kindd'; it has: kind, port, ip");
	assert_refused_set(MATRIX, &bad[0], 1, 0, 0, "did you mean 'kind'?");
	assert_refused_set(MATRIX, &bad[1], 1, 0, 0, "--set ip=5: expected 4, 6 or dual");
	assert_refused_set(MATRIX, &bad[2], 1, 0, 0, "\\x1b");
	assert_refused_set(MATRIX, &bad[3], 1, 20, 22, "70000 is no port; expected 1 to 65535");
	assert_refused_set(MATRIX, &bad[4], 1, 18, 22, "nonsense");
}

static void test_scenario_refuses_when_no_case_is_left(void **state)
{
	const struct param set[] = { { .key = "kind", .value = "no-route" },
				     { .key = "ip", .value = "4" } };

	(void)state;
	assert_refused_set(MATRIX, set, 2, 15, 9, "no case is left");
	/* a word that no matrix put there is simply wrong */
	assert_refused(HEAD "faults: {f: {at: fw, action: reject no-route}}\n" STEPS, 5, 30,
		       "IPv6 only");
}

static void test_scenario_puts_parameters_in(void **state)
{
	struct scenario *scenario = parse(
		"name: x\ntitle: \"${what} on ${port}\"\nstory: costs $${5} ${what}\nremedy: r\n"
		"params: {what: Dial, who: client, empty: }\nmatrix: {port: [80, 81]}\n" STEPS
		"  - ${who}: {dial: \"server:${port}\", as: \"c-${port}\"}\n"
		"  - server: {serve: \"$${x} $5 ${what}${what}\"}\n"
		"  - server:\n      serve: >-\n        in a block ${what}\n");
	const struct plan *plan = &scenario->plans[1];

	(void)state;
	assert_string_equal(scenario->title, "Dial on ${port}");
	assert_string_equal(plan->title, "Dial on 81");
	assert_string_equal(scenario->story, "costs $${5} ${what}");
	assert_string_equal(plan->steps[1].as, "c-81");
	assert_int_equal(plan->steps[1].host, 0);
	assert_string_equal(((struct fake_serve *)plan->steps[2].args)->what, "${x} $5 DialDial");
	assert_string_equal(((struct fake_serve *)plan->steps[3].args)->what, "in a block Dial");
	scenario_free(scenario);
}

static void test_scenario_quotes_odd_words_for_the_shell(void **state)
{
	struct scenario *scenario = parse(HEAD "matrix: {v: [\"it's\", b]}\n" STEPS);

	(void)state;
	assert_string_equal(scenario->plans[0].set, "'v=it'\\''s'");
	assert_string_equal(scenario->plans[1].set, "v=b");
	scenario_free(scenario);
}

static void test_scenario_takes_json_and_a_key_that_is_also_a_verb(void **state)
{
	struct scenario *scenario =
		parse("{\"name\": \"x\", \"title\": \"t\", \"story\": \"s\", \"remedy\": \"r\",\n"
		      " \"ip\": \"dual\",\n"
		      " \"steps\": [{\"server\": {\"serve\": \"echo\", \"listen\": \"8080\"}}]}");

	(void)state;
	assert_string_equal(scenario->plans[0].steps[0].verb->name, "listen");
	assert_int_equal(((struct fake_listen *)scenario->plans[0].steps[0].args)->serve, 0);
	assert_int_equal(scenario->plans[0].ip, IP_DUAL);
	scenario_free(scenario);
}

static void test_scenario_survives_truncation(void **state)
{
	(void)state;
	for (int which = 0; which < 2; which++) {
		const char *source = which ? MATRIX : EXAMPLE;

		for (size_t len = 0; len <= strlen(source); len++) {
			struct problems problems = { 0 };
			struct scenario *scenario = NULL;
			char *copy = malloc(len + 1);
			int err;

			memcpy(copy, source, len);
			err = scenario_parse("x", copy, len, &fake_vocabulary, NULL, 0, &scenario,
					     &problems);
			assert_true(err ? problems.n > 0 && !scenario : scenario != NULL);
			scenario_free(scenario);
			problems_free(&problems);
			free(copy);
		}
	}
}

static void mutate_once(const char *text, size_t len)
{
	struct problems problems = { 0 };
	struct scenario *scenario = NULL;
	int err = scenario_parse("x", text, len, &fake_vocabulary, NULL, 0, &scenario, &problems);

	assert_true(err ? problems.n > 0 && !scenario : scenario != NULL);
	scenario_free(scenario);
	problems_free(&problems);
}

static void test_scenario_survives_mutation(void **state)
{
	static const char bytes[] = "\0\t\n \"'#&*-:{}[],$>9aZ\xff";
	char text[sizeof(MATRIX) + 1];

	(void)state;
	for (size_t at = 0; at + 1 < sizeof(MATRIX); at++) {
		memcpy(text, MATRIX, sizeof(MATRIX));
		for (size_t i = 0; i + 1 < sizeof(bytes); i++) {
			text[at] = bytes[i];
			mutate_once(text, sizeof(MATRIX) - 1);
		}
		memcpy(text, MATRIX, sizeof(MATRIX));
		memmove(text + at, text + at + 1, sizeof(MATRIX) - at - 1);
		mutate_once(text, sizeof(MATRIX) - 2);
	}
}

static void test_scenario_survives_lines_in_any_order(void **state)
{
	const char *lines[64];
	int n = 0;
	char text[2 * sizeof(MATRIX)];

	(void)state;
	for (const char *at = MATRIX; *at && n < 64; at = strchr(at, '\n') + 1)
		lines[n++] = at;
	for (int i = 0; i < n; i++) {
		for (int k = 0; k < n; k++) { /* line i once more, before line k */
			size_t len = (size_t)(strchr(lines[i], '\n') + 1 - lines[i]);
			size_t before = (size_t)(lines[k] - MATRIX);

			memcpy(text, MATRIX, before);
			memcpy(text + before, lines[i], len);
			strcpy(text + before + len, lines[k]);
			mutate_once(text, strlen(text));
		}
	}
}

/* a directory of its own for files */
static char *make_dir(void)
{
	static char path[] = "/tmp/nslab-test-XXXXXX";

	strcpy(path + strlen(path) - 6, "XXXXXX");
	assert_non_null(mkdtemp(path));
	return path;
}

static void assert_unreadable(const char *path, int code, const char *words)
{
	struct problems problems = { 0 };
	char *text;
	size_t len;

	assert_int_equal(scenario_read_file(path, &text, &len, &problems), code);
	assert_null(text);
	assert_int_equal(problems.n, 1);
	assert_int_equal(problems.list[0].line, 0);
	if (!strstr(problems.list[0].text, words))
		fail_msg("'%s' instead of '%s'", problems.list[0].text, words);
	problems_free(&problems);
}

static void test_scenario_reads_only_regular_files(void **state)
{
	const char *dir = make_dir();
	struct problems problems = { 0 };
	char path[64], *text;
	size_t len;
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/f", dir);
	assert_unreadable(dir, -EISDIR, "a directory");
	assert_unreadable(path, -ENOENT, "ENOENT");
	assert_unreadable("/dev/null", -EINVAL, "a device");
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_unreadable(path, -EINVAL, "a fifo"); /* and does not block */
	unlink(path);

	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "name: x\n", 8), 8);
	assert_int_equal(scenario_read_file(path, &text, &len, &problems), 0);
	assert_int_equal(len, 8);
	assert_string_equal(text, "name: x\n");
	free(text);
	assert_int_equal(ftruncate(fd, 10 << 20), 0);
	assert_unreadable(path, -EFBIG, "10485760 bytes");
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	assert_int_equal(scenario_read_file(path, &text, &len, &problems), 0);
	assert_int_equal(len, 1 << 20);
	free(text);
	if (geteuid()) {
		assert_int_equal(fchmod(fd, 0), 0);
		assert_unreadable(path, -EACCES, "permission denied (EACCES)");
	}
	close(fd);
	unlink(path);
	rmdir(dir);
	problems_free(&problems);
}

static void test_scenario_refuses_a_large_text(void **state)
{
	size_t len = (1 << 20) + 1;
	struct problems problems = { 0 };
	struct scenario *scenario;
	char *text = malloc(len);

	(void)state;
	memset(text, '#', len);
	assert_int_equal(scenario_parse("x", text, len, &fake_vocabulary, NULL, 0, &scenario,
					&problems),
			 -EINVAL);
	assert_true(has_problem(&problems, 0, 0, "too many"));
	problems_free(&problems);
	free(text);
}

static void test_scenario_needs_have_words_and_keys(void **state)
{
	struct scenario *scenario =
		parse(HEAD STEPS "needs: [mptcp, sysctl net.ipv4.tcp_rto_max_ms, conntrack, sysctl "
				 "net.ipv4.tcp_ehash_entries]\n");

	(void)state;
	assert_int_equal(scenario->needs.n, 4);
	assert_int_equal(scenario->needs.list[0].kind, NEEDS_MPTCP);
	assert_null(scenario->needs.list[0].key);
	assert_int_equal(scenario->needs.list[1].kind, NEEDS_SYSCTL);
	assert_string_equal(scenario->needs.list[1].key, "net.ipv4.tcp_rto_max_ms");
	assert_int_equal(scenario->needs.list[2].kind, NEEDS_CONNTRACK);
	/* one that can only be read can be needed, too */
	assert_string_equal(scenario->needs.list[3].key, "net.ipv4.tcp_ehash_entries");
	scenario_free(scenario);
	scenario = parse(HEAD STEPS "needs: queue\n");
	assert_int_equal(scenario->needs.n, 1);
	assert_int_equal(scenario->needs.list[0].kind, NEEDS_QUEUE);
	scenario_free(scenario);
	scenario = parse(HEAD STEPS "needs: [program curl, program /opt/x/y]\n");
	assert_int_equal(scenario->needs.n, 2);
	assert_int_equal(scenario->needs.list[0].kind, NEEDS_PROGRAM);
	assert_string_equal(scenario->needs.list[0].key, "curl");
	assert_string_equal(scenario->needs.list[1].key, "/opt/x/y");
	scenario_free(scenario);
	scenario = parse(HEAD STEPS);
	assert_int_equal(scenario->needs.n, 0);
	scenario_free(scenario);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenario_needs_have_words_and_keys),
		cmocka_unit_test(test_scenario_reads_the_example),
		cmocka_unit_test(test_scenario_numbers_expectations),
		cmocka_unit_test(test_scenario_writes_steps_for_people),
		cmocka_unit_test(test_scenario_makes_cases),
		cmocka_unit_test(test_scenario_set_selects_and_overrides),
		cmocka_unit_test(test_scenario_set_refuses_what_is_not_there),
		cmocka_unit_test(test_scenario_refuses_when_no_case_is_left),
		cmocka_unit_test(test_scenario_puts_parameters_in),
		cmocka_unit_test(test_scenario_quotes_odd_words_for_the_shell),
		cmocka_unit_test(test_scenario_takes_json_and_a_key_that_is_also_a_verb),
		cmocka_unit_test(test_scenario_survives_truncation),
		cmocka_unit_test(test_scenario_survives_mutation),
		cmocka_unit_test(test_scenario_survives_lines_in_any_order),
		cmocka_unit_test(test_scenario_reads_only_regular_files),
		cmocka_unit_test(test_scenario_refuses_a_large_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
