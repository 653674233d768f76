// SPDX-License-Identifier: GPL-2.0-or-later
/* Orphans are reaped, children that somebody waits for are not. */
#include "tests/support/main.h"

#include <errno.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/run/children.h"
#include "netns/cleanup.h"

enum { PATIENCE_MS = 20000 };

/* A child that ends with @status, as soon as we have its pidfd; it has ended when this returns. */
static pid_t child_ended(int status)
{
	struct pollfd pfd = { .events = POLLIN };
	pid_t pid = fork();

	if (!pid)
		_exit(status);
	assert_true(pid > 0);
	pfd.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	assert_true(pfd.fd >= 0);
	assert_int_equal(poll(&pfd, 1, PATIENCE_MS), 1);
	close(pfd.fd);
	return pid;
}

static void test_children_that_nobody_waits_for_are_reaped(void **state)
{
	pid_t one = child_ended(1), two = child_ended(2);

	(void)state;
	children_reap();
	assert_int_equal(waitpid(one, NULL, WNOHANG), -1);
	assert_int_equal(waitpid(two, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	children_reap(); /* there is none */
}

static void test_children_of_our_own_are_left(void **state)
{
	int status = 0;
	pid_t list[40];

	(void)state;
	for (int i = 0; i < 40; i++) {
		list[i] = child_ended(i);
		children_add(list[i]);
	}
	children_reap();
	for (int i = 39; i >= 0; i--) {
		assert_int_equal(waitpid(list[i], &status, WNOHANG), list[i]);
		assert_int_equal(WEXITSTATUS(status), i);
		children_drop(list[i]);
	}
	children_drop(12345);
}

/* One of ours that has ended and was not yet waited for hides the others only until then. */
static void test_children_behind_one_of_our_own_wait_for_it(void **state)
{
	pid_t own = child_ended(1), orphan = child_ended(2);

	(void)state;
	children_add(own);
	children_reap();
	assert_int_equal(waitpid(own, NULL, 0), own);
	children_drop(own);
	children_reap();
	assert_int_equal(waitpid(orphan, NULL, WNOHANG), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_children_that_nobody_waits_for_are_reaped),
		cmocka_unit_test(test_children_of_our_own_are_left),
		cmocka_unit_test(test_children_behind_one_of_our_own_wait_for_it),
	};

	return TEST_MAIN("children", tests, NULL, NULL);
}
