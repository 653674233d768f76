// SPDX-License-Identifier: GPL-2.0-or-later
/* What nslab exec expects of a program: --expect. */
#include "lab/cli/exec_expect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/scenario/scenario.h"
#include "tests/support/main.h"

enum { CLIENT = 0, SERVER = 2 };

#define MS(N) ((int64_t)((N)*1e6))

static char *const curl = (char *)"program curl http://server:8080/";

static struct exec_expects *expects(const char *const *texts)
{
	struct exec_expects *e = exec_expects_new();
	char why[160];

	for (; *texts; texts++)
		assert_int_equal(exec_expects_add(e, *texts, why, sizeof(why)), 0);
	return e;
}

static void feed_begin(struct exec_expects *e)
{
	exec_expects_event(e, &(struct event){ .type = EVENT_STEP_BEGIN,
					       .t_ns = MS(1),
					       .host = CLIENT,
					       .step = { .text = curl } });
}

static void feed_end_by(struct exec_expects *e, double ms, const char *error)
{
	exec_expects_event(e, &(struct event){ .type = EVENT_STEP_END,
					       .t_ns = MS(ms),
					       .host = CLIENT,
					       .step = { .text = curl, .error = (char *)error } });
}

static void feed_end(struct exec_expects *e, double ms)
{
	feed_end_by(e, ms, "none");
}

static void feed_syn(struct exec_expects *e, uint16_t port)
{
	exec_expects_event(e, &(struct event){ .type = EVENT_PACKET,
					       .t_ns = MS(2),
					       .host = CLIENT,
					       .packet = { .out = true,
							   .made_here = true,
							   .from = CLIENT,
							   .to = SERVER,
							   .packet = { .af = AF_INET,
								       .protocol = IPPROTO_TCP,
								       .src = { 10, 0, 1, 1 },
								       .dst = { 10, 0, 2, 2 },
								       .sport = port,
								       .dport = 8080,
								       .flags = 0x02 } } });
}

static void feed_state(struct exec_expects *e, double ms, uint16_t port, char *state)
{
	char local[32];

	snprintf(local, sizeof(local), "10.0.1.1:%u", port);
	exec_expects_event(e, &(struct event){ .type = EVENT_STATE,
					       .t_ns = MS(ms),
					       .host = CLIENT,
					       .state = { .local = local,
							  .remote = "10.0.2.2:8080",
							  .new = state } });
}

static void feed_hit(struct exec_expects *e, char *fault)
{
	exec_expects_event(e, &(struct event){ .type = EVENT_HIT,
					       .t_ns = MS(3),
					       .host = 1,
					       .hit = { .fault = fault } });
}

/* comes_to() - the exit status that it comes to, and what is said of it */
static void comes_to(struct exec_expects *e, int status, int want, const char *says)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(exec_expects_status(e, status, out), want);
	fclose(out);
	assert_string_equal(text, says);
	free(text);
	exec_expects_free(e);
}

#define EXPECTS(...) expects((const char *const[]){ __VA_ARGS__, NULL })

static void test_expect_exit(void **state)
{
	(void)state;
	comes_to(EXPECTS("exit=28"), 28, 0, "");
	comes_to(EXPECTS("exit=28"), 7, 1, "nslab: expected exit=28, observed exit status 7\n");
	comes_to(EXPECTS("exit != 0"), 7, 0, "");
	comes_to(EXPECTS("exit != 0"), 0, 1, "nslab: expected exit != 0, observed exit status 0\n");
	comes_to(EXPECTS("exit=1..3"), 2, 0, "");
	comes_to(EXPECTS("exit >= 1", "exit < 3"), 3, 1,
		 "nslab: expected exit < 3, observed exit status 3\n");
}

/* a program that was still in CLOSE-WAIT, and one whose end closed what it had kept for a second */
static void test_expect_left_in_close_wait(void **state)
{
	static const char says[] =
		"nslab: expected state != CLOSE-WAIT|SYN-SENT, observed CLOSE-WAIT: 10.0.1.1:2 → 10.0.2.2:8080\n";
	struct exec_expects *e = EXPECTS("state != CLOSE-WAIT|SYN-SENT");

	(void)state;
	feed_begin(e);
	feed_syn(e, 1);
	feed_syn(e, 2);
	feed_state(e, 3, 1, "ESTABLISHED");
	feed_state(e, 1000, 2, "CLOSE-WAIT");
	feed_end(e, 1001);
	feed_state(e, 1002, 2, "LAST-ACK");
	comes_to(e, 0, 1, says);

	e = EXPECTS("state != CLOSE-WAIT|SYN-SENT");
	feed_begin(e);
	feed_syn(e, 2);
	feed_state(e, 3, 2, "CLOSE-WAIT");
	feed_state(e, 1000, 2, "LAST-ACK");
	feed_state(e, 1000.1, 2, "CLOSED");
	feed_end(e, 1001);
	comes_to(e, 0, 1, says);
}

/* through CLOSE-WAIT in passing; a connect given up; long closed */
static void test_expect_nothing_left(void **state)
{
	struct exec_expects *e = EXPECTS("state != CLOSE-WAIT|SYN-SENT");

	(void)state;
	feed_begin(e);
	feed_syn(e, 1);
	feed_syn(e, 2);
	feed_syn(e, 3);
	feed_state(e, 1000, 1, "CLOSE-WAIT");
	feed_state(e, 1000.5, 1, "LAST-ACK");
	feed_state(e, 3, 2, "SYN-SENT");
	feed_state(e, 1000.5, 2, "CLOSED");
	feed_state(e, 3, 3, "CLOSE-WAIT");
	feed_state(e, 740, 3, "LAST-ACK");
	feed_end(e, 1001);
	comes_to(e, 5, 5, "");
}

/* A connect that the program's own end took along, seen a moment later, was given up; one at its deadline was not. */
static void test_expect_an_attempt_left(void **state)
{
	static const char left[] =
		"nslab: expected state != SYN-SENT, observed SYN-SENT: 10.0.1.1:1 → 10.0.2.2:8080\n";
	struct exec_expects *e = EXPECTS("state != SYN-SENT");

	(void)state;
	feed_begin(e);
	feed_syn(e, 1);
	feed_state(e, 3, 1, "SYN-SENT");
	feed_end(e, 1000);
	feed_state(e, 1002, 1, "CLOSED");
	comes_to(e, 28, 28, "");
	e = EXPECTS("state != SYN-SENT");
	feed_begin(e);
	feed_syn(e, 1);
	feed_state(e, 3, 1, "SYN-SENT");
	feed_end_by(e, 1000, "deadline");
	feed_state(e, 1002, 1, "CLOSED");
	comes_to(e, 0, 1, left);
	/* a child of the program's goes on */
	e = EXPECTS("state != SYN-SENT");
	feed_begin(e);
	feed_syn(e, 1);
	feed_state(e, 3, 1, "SYN-SENT");
	feed_end(e, 1000);
	comes_to(e, 0, 1, left);
}

static void test_expect_state_is(void **state)
{
	struct exec_expects *e = EXPECTS("state = ESTABLISHED|TIME-WAIT");

	(void)state;
	feed_begin(e);
	feed_end(e, 10);
	comes_to(e, 0, 1,
		 "nslab: expected state = ESTABLISHED|TIME-WAIT, observed no connection\n");

	/* the program's end closed it */
	e = EXPECTS("state = ESTABLISHED|TIME-WAIT");
	feed_begin(e);
	feed_syn(e, 1);
	feed_state(e, 3, 1, "SYN-SENT");
	feed_state(e, 4, 1, "ESTABLISHED");
	feed_state(e, 9, 1, "FIN-WAIT-2");
	feed_end(e, 10);
	comes_to(e, 0, 0, "");

	e = EXPECTS("state = ESTABLISHED|TIME-WAIT");
	feed_begin(e);
	feed_syn(e, 1);
	feed_syn(e, 2);
	feed_state(e, 3, 1, "ESTABLISHED");
	feed_state(e, 3, 2, "SYN-SENT");
	feed_end(e, 1000);
	comes_to(e, 0, 1,
		 "nslab: expected state = ESTABLISHED|TIME-WAIT, observed SYN-SENT: 10.0.1.1:2 → 10.0.2.2:8080\n");
}

/* a program that failed by itself keeps its status; one that was expected to fail does not */
static void test_expect_states_and_exit(void **state)
{
	struct exec_expects *e = EXPECTS("state = ESTABLISHED");

	(void)state;
	feed_begin(e);
	feed_end(e, 10);
	comes_to(e, 7, 7, "nslab: expected state = ESTABLISHED, observed no connection\n");
	e = EXPECTS("exit=7", "state = ESTABLISHED");
	feed_begin(e);
	feed_end(e, 10);
	comes_to(e, 7, 1, "nslab: expected state = ESTABLISHED, observed no connection\n");
}

/* since the program's start */
static void test_expect_fault(void **state)
{
	struct exec_expects *e = EXPECTS("fault lost hits >= 2", "fault other hits 0");

	(void)state;
	feed_hit(e, "lost");
	feed_begin(e);
	feed_hit(e, "lost");
	comes_to(e, 0, 1, "nslab: expected fault lost hits >= 2, observed 1\n");
	e = EXPECTS("fault lost hits >= 2", "fault other hits 0");
	feed_begin(e);
	feed_hit(e, "lost");
	feed_hit(e, "lost");
	comes_to(e, 0, 0, "");
}

static void test_expect_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "", "expected exit=N" },
		{ "nothing", "expected exit=N" },
		{ "exits=3", "expected exit=N" },
		{ "exit", "expected a number" },
		{ "exit=", "expected a number" },
		{ "exit=x", "expected a number" },
		{ "state CLOSE-WAIT", "expected 'state = …'" },
		{ "state > CLOSE-WAIT", "expected 'state = …'" },
		{ "state != ", "'' is no state" },
		{ "state != CLOSE-WAIT|", "'' is no state" },
		{ "state != CLOSEWAIT", "'CLOSEWAIT' is no state" },
		{ "state != CLOSE-WAIT SYN-SENT", "expected '|' between states" },
		{ "fault", "expected 'fault NAME hits" },
		{ "fault lost", "expected 'fault NAME hits" },
		{ "fault lost >= 2", "expected 'fault NAME hits" },
		{ "fault lost hits many", "expected a number" },
	};
	struct exec_expects *e = exec_expects_new();
	char why[160];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		why[0] = '\0';
		assert_int_equal(exec_expects_add(e, bad[i].text, why, sizeof(why)), -EINVAL);
		if (!strstr(why, bad[i].why))
			fail_msg("'%s': %s", bad[i].text, why);
	}
	exec_expects_free(e);
}

static void test_expect_fault_is_there(void **state)
{
	struct fault fault = { .name = (char *)"lost" };
	struct plan plan = { .name = (char *)"dial-ok", .faults = &fault, .n_faults = 1 };
	struct exec_expects *e = EXPECTS("exit=0", "fault lost hits 1");
	char why[160];

	(void)state;
	assert_int_equal(exec_expects_check(e, &plan, why, sizeof(why)), 0);
	plan.n_faults = 0;
	assert_int_equal(exec_expects_check(e, &plan, why, sizeof(why)), -ENOENT);
	assert_string_equal(why, "dial-ok has no fault 'lost'");
	exec_expects_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expect_exit),
		cmocka_unit_test(test_expect_left_in_close_wait),
		cmocka_unit_test(test_expect_nothing_left),
		cmocka_unit_test(test_expect_an_attempt_left),
		cmocka_unit_test(test_expect_state_is),
		cmocka_unit_test(test_expect_states_and_exit),
		cmocka_unit_test(test_expect_fault),
		cmocka_unit_test(test_expect_refused),
		cmocka_unit_test(test_expect_fault_is_there),
	};

	return TEST_MAIN("exec_expect", tests, NULL, NULL);
}
