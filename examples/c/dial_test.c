// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Does dial_with_retry() give up in time, and does it recover when the firewall heals?
 *
 *     cc -o dial_test dial_test.c dial.c -lcmocka
 *     nslab exec --within 60s dial-syn-dropped -- ./dial_test
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "dial.h"

static void needs_lab(void)
{
	if (getenv("NSLAB"))
		return;
	print_message("no lab: nslab exec dial-syn-dropped -- ./dial_test\n");
	skip();
}

static int firewall_break(void **state)
{
	(void)state;
	return getenv("NSLAB") ? system("\"$NSLAB\" fault on syn-dropped") : 0;
}

static void test_gives_up_in_time(void **state)
{
	int r;

	(void)state;
	needs_lab();
	alarm(10); /* a client that hangs ends us */
	r = dial_with_retry("server", "8080", 500, 2);
	alarm(0);
	assert_int_equal(r, -ETIMEDOUT);
	/* it has tried twice, and no socket is left */
	assert_int_equal(system("\"$NSLAB\" wait --within 10s 'fault syn-dropped hits >= 2'"), 0);
	assert_int_equal(
		system("\"$NSLAB\" wait --within 10s 'socket client to server:8080 state CLOSED'"),
		0);
}

/* when somebody's dial hangs, let SYN pass */
static const char heal[] =
	"\"$NSLAB\" wait --within 10s 'socket client to server:8080 state SYN-SENT' &&"
	" \"$NSLAB\" fault off syn-dropped";

static void test_recovers_when_the_firewall_heals(void **state)
{
	FILE *healer;
	int fd;

	(void)state;
	needs_lab();
	healer = popen(heal, "r"); /* beside the dial */
	assert_non_null(healer);
	fd = dial_with_retry("server", "8080", 500, 20);
	assert_int_equal(pclose(healer), 0);
	assert_true(fd >= 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gives_up_in_time),
		cmocka_unit_test_teardown(test_recovers_when_the_firewall_heals, firewall_break),
	};

	return cmocka_run_group_tests_name("dial", tests, NULL, NULL);
}
