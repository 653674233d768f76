// SPDX-License-Identifier: GPL-2.0-or-later
/* What nslab wait understands, and how it says that it does not. */
#include "tests/support/main.h"

#include <errno.h>
#include <string.h>

#include "lab/observe/diag.h"
#include "lab/run/condition.h"
#include "lab/scenario/scenario.h"

static struct topo_host hosts[] = { { .name = (char *)"client" },
				    { .name = (char *)"fw" },
				    { .name = (char *)"server" } };
static struct fault faults[] = { { .name = (char *)"syn-dropped" }, { .name = (char *)"to" } };
static const struct plan plan = { .topo = { .hosts = hosts, .n_hosts = 3 },
				  .faults = faults,
				  .n_faults = 2 };

static struct condition parse(const char *text)
{
	struct lab_err err = { 0 };
	struct condition c;

	if (condition_parse(&plan, text, &c, &err) != 0)
		fail_msg("'%s': %s", text, err.msg);
	assert_string_equal(c.text, text);
	return c;
}

static void refuse(const char *text, int code, const char *words)
{
	struct lab_err err = { 0 };
	struct condition c;

	assert_int_equal(condition_parse(&plan, text, &c, &err), -code);
	if (!strstr(err.msg, words))
		fail_msg("'%s': expected '%s', found '%s'", text, words, err.msg);
}

static void test_condition_of_a_socket(void **state)
{
	struct condition c = parse("socket server:8080 state ESTABLISHED");

	(void)state;
	assert_int_equal(c.fault, -1);
	assert_int_equal(c.host, 2);
	assert_int_equal(c.port, 8080);
	assert_int_equal(c.peer, -1);
	assert_int_equal(c.states, 1u << STATE_ESTABLISHED);
	assert_false(c.negated || c.none);
	c = parse("  socket client   to server:65535 state != CLOSE-WAIT|FIN-WAIT-1 ");
	assert_int_equal(c.host, 0);
	assert_int_equal(c.port, 0);
	assert_int_equal(c.peer, 2);
	assert_int_equal(c.peer_port, 65535);
	assert_int_equal(c.states, 1u << STATE_CLOSE_WAIT | 1u << STATE_FIN_WAIT_1);
	assert_true(c.negated);
	assert_int_equal(parse("socket fw state = LISTEN").states, 1u << STATE_LISTEN);
	assert_int_equal(parse("socket fw state == LISTEN").states, 1u << STATE_LISTEN);
}

/* Several of the kernel's numbers are one state for people. */
static void test_condition_of_states_with_two_numbers(void **state)
{
	struct condition c = parse("socket server state SYN-RECV");

	(void)state;
	assert_int_equal(c.states, 1u << STATE_SYN_RECV | 1u << STATE_NEW_SYN_RECV);
	c = parse("socket server state CLOSED");
	assert_true(c.none);
	assert_int_equal(c.states, 1u << STATE_CLOSED | 1u << STATE_CLOSE);
}

static void test_condition_of_a_fault(void **state)
{
	struct condition c = parse("fault syn-dropped hits 2");

	(void)state;
	assert_int_equal(c.fault, 0);
	assert_int_equal(c.lo, 2);
	assert_int_equal(c.hi, 2);
	c = parse("fault to hits >= 3");
	assert_int_equal(c.fault, 1);
	assert_int_equal(c.lo, 3);
	assert_true(c.hi > 1000000);
	c = parse("fault to hits 1..3");
	assert_int_equal(c.lo, 1);
	assert_int_equal(c.hi, 3);
	assert_true(parse("fault to hits != 0").hits_negated);
}

static void test_condition_refused(void **state)
{
	char text[CONDITION_TEXT + 50];

	(void)state;
	refuse("", EINVAL, "is no condition; expected 'socket HOST");
	refuse("weather fine", EINVAL, "'weather fine' is no condition");
	refuse("socket", EINVAL, "a host is missing");
	refuse("socket nobody state LISTEN", ENOENT, "there is no host 'nobody'");
	refuse("socket server: state LISTEN", EINVAL, "is no port");
	refuse("socket server:0 state LISTEN", EINVAL, "'0' is no port; expected a number from 1");
	refuse("socket server:65536 state LISTEN", EINVAL, "'65536' is no port");
	refuse("socket server:80x state LISTEN", EINVAL, "'80x' is no port");
	refuse("socket server to state LISTEN", ENOENT, "there is no host 'state'");
	refuse("socket server", EINVAL, "'state' is missing");
	refuse("socket server state", EINVAL, "a TCP state is missing");
	refuse("socket server state !=", EINVAL, "a TCP state is missing");
	refuse("socket server state OPEN", EINVAL, "'OPEN' is no TCP state; there are: CLOSED");
	refuse("socket server state LISTEN|", EINVAL, "'' is no TCP state");
	refuse("socket server state LISTEN now", EINVAL, "'now' is more than was expected");
	refuse("fault", EINVAL, "there is no fault ''");
	refuse("fault nothing hits 1", ENOENT, "there is no fault 'nothing'");
	refuse("fault to 1", EINVAL, "'hits' is missing");
	refuse("fault to hits", EINVAL, "a number is missing");
	refuse("fault to hits many", EINVAL, "'many' is no comparison");
	refuse("fault to hits >= 1 2", EINVAL, "'2' is more than was expected");
	refuse("a b c d e f g h i j k", EINVAL, "is too long");
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	refuse(text, EINVAL, "at most 319 characters");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_condition_of_a_socket),
		cmocka_unit_test(test_condition_of_states_with_two_numbers),
		cmocka_unit_test(test_condition_of_a_fault),
		cmocka_unit_test(test_condition_refused),
	};

	return TEST_MAIN("condition", tests, NULL, NULL);
}
