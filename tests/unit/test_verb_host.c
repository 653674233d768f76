// SPDX-License-Identifier: GPL-2.0-or-later
/* Steps that change links, hosts and neighbours: what is refused before anything is built. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "lab/run/run.h"
#include "lab/scenario/problem.h"
#include "netns/cleanup.h"

#define HEAD "name: x\ntitle: t\nstory: s\nremedy: r\n"

/* steps from line 7 on */
static struct scenario *read_steps(const char *ip, const char *steps, struct problems *problems)
{
	struct scenario *scenario = NULL;
	char source[1024];

	snprintf(source, sizeof(source), HEAD "%s%s\nsteps:\n%s", ip ? "ip: " : "tags: []",
		 ip ?: "", steps);
	*problems = (struct problems){ 0 };
	if (scenario_parse("x.yaml", source, strlen(source), run_vocabulary(), NULL, 0, &scenario,
			   problems))
		return NULL;
	return scenario;
}

static void assert_accepted(const char *ip, const char *steps)
{
	struct problems problems;
	struct scenario *scenario = read_steps(ip, steps, &problems);

	if (!scenario) {
		problems_print(&problems, stderr);
		fail_msg("refused:\n%s", steps);
	}
	problems_free(&problems);
	scenario_free(scenario);
}

static void assert_refused(const char *ip, const char *steps, int line, const char *words)
{
	struct problems problems;
	struct scenario *scenario = read_steps(ip, steps, &problems);

	assert_null(scenario);
	if (problems.n != 1 || problems.list[0].line != line ||
	    !strstr(problems.list[0].text, words)) {
		problems_print(&problems, stderr);
		fail_msg("not just '%s' in line %d of\n%s", words, line, steps);
	}
	problems_free(&problems);
}

#define DOWN	"  - link: {down: client -- fw}\n"
#define UP	"  - link: {up: client -- fw}\n"
#define SILENT	"  - neighbour: {silent: fw, at: client}\n"
#define BOOT(H) "  - host: {reboot: " H "}\n"

static void test_link_steps_in_order(void **state)
{
	(void)state;
	assert_accepted(NULL, DOWN UP DOWN UP);
	assert_accepted(NULL, DOWN "  - link: {down: server -- fw}\n" UP);
	/* raised by either name, whichever end was lowered */
	assert_accepted(NULL, "  - link: {down: fw -- client}\n" UP);
	/* a host that boots raises what was lowered at it, and nothing else */
	assert_accepted(NULL, DOWN BOOT("fw") DOWN);
	assert_refused(NULL, DOWN BOOT("client") DOWN, 9, "client -- fw is down already");
	assert_refused(NULL, DOWN DOWN, 8, "client -- fw is down already, since line 7");
	assert_refused(NULL, DOWN "  - link: {down: fw -- client}\n", 8, "is down already");
	assert_refused(NULL, UP, 7, "is up already; no step before this one takes it down");
	assert_refused(NULL, DOWN UP UP, 9, "client -- fw is up already");
}

static void test_link_refuses(void **state)
{
	static const struct {
		const char *ip, *step, *words;
	} bad[] = {
		{ NULL, "{down: client -- server}",
		  "unknown link 'client -- server'; expected one of: client -- fw, fw -- server" },
		{ NULL, "{down: client -- servr}", "unknown host 'servr'" },
		{ NULL, "{down: client}", "'client' is no link" },
		{ NULL, "{down: client -> fw}", "down goes for a whole link" },
		{ NULL, "{}", "link needs down, up or set" },
		{ NULL, "{mtu: 1400}", "link needs down, up or set" },
		{ NULL, "{down: client -- fw, set: fw -- server}", "found down and set" },
		{ NULL, "{down: client -- fw, mtu: 1400}", "'mtu' goes with set, not with down" },
		{ NULL, "{set: client -- fw}", "set changes nothing" },
		{ NULL, "{set: client -> fw, mtu: 1400}", "an MTU is of the whole link" },
		{ NULL, "{set: client -- fw, mtu: 67}", "67 is no MTU; expected 68 to 65535" },
		{ NULL, "{set: client -- fw, mtu: 65536}", "65536 is no MTU" },
		{ "6", "{set: client -- fw, mtu: 1279}", "IPv6 needs at least 1280" },
		{ "dual", "{set: client -- fw, mtu: 1279}", "IPv6 needs at least 1280" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char steps[256];

		snprintf(steps, sizeof(steps), "  - link: %s\n", bad[i].step);
		assert_refused(bad[i].ip, steps, 7, bad[i].words);
	}
	assert_accepted("4", "  - link: {set: client -- fw, mtu: 68}\n");
	assert_accepted("6", "  - link: {set: client -- fw, mtu: 1280}\n");
}

/* "a -- b" must mean one link. */
static void test_link_refuses_two_of_a_name(void **state)
{
	struct scenario *scenario = NULL;
	struct problems problems = { 0 };
	const char *source = HEAD "topology: {hosts: {a: {}, b: {}}, links: [a -- b, b -- a]}\n"
				  "steps: [link: {down: a -- b}]\n";

	(void)state;
	assert_int_equal(scenario_parse("x.yaml", source, strlen(source), run_vocabulary(), NULL, 0,
					&scenario, &problems),
			 -EINVAL);
	assert_int_equal(problems.n, 1);
	assert_non_null(strstr(problems.list[0].text, "more than one link between a and b"));
	problems_free(&problems);
}

static void test_neighbour_refuses(void **state)
{
	(void)state;
	assert_accepted(NULL, SILENT "  - neighbour: {silent: client, at: fw}\n");
	assert_accepted(NULL, SILENT BOOT("fw") SILENT);
	assert_refused(NULL, SILENT BOOT("client") SILENT, 9, "fw is silent at client already");
	assert_refused(NULL, SILENT SILENT, 8, "already, since line 7");
	assert_refused(NULL, "  - neighbour: {silent: server, at: client}\n", 7,
		       "server and client are no neighbours");
	assert_refused(NULL, "  - neighbour: {silent: fw, at: fw}\n", 7,
		       "fw and fw are no neighbours");
	assert_refused(NULL, "  - neighbour: {silent: fw}\n", 7, "'at' is missing");
}

static void test_host_refuses(void **state)
{
	(void)state;
	assert_accepted(NULL, BOOT("server") BOOT("server"));
	assert_refused(NULL, BOOT("sever"), 7, "unknown host 'sever'");
	assert_refused(NULL, "  - host: {}\n", 7, "'reboot' is missing");
	assert_refused(NULL, "  - host: server\n", 7, "expected a mapping {reboot: …}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_link_steps_in_order),
		cmocka_unit_test(test_link_refuses),
		cmocka_unit_test(test_link_refuses_two_of_a_name),
		cmocka_unit_test(test_neighbour_refuses),
		cmocka_unit_test(test_host_refuses),
	};

	return cmocka_run_group_tests_name("verb_host", tests, NULL, NULL);
}
