// SPDX-License-Identifier: GPL-2.0-or-later
/* Blocking calls on a thread: their result, and how they are interrupted. */
#include "tests/support/main.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lab/run/blocking.h"
#include "netns/cleanup.h"

enum { PATIENCE_MS = 20000 };

struct call {
	int fd;
	int rounds;
};

/* A read that ends with its data, or with EINTR. */
static int read_one(void *arg)
{
	struct call *call = arg;
	char c;

	call->rounds++;
	return read(call->fd, &c, 1) < 0 ? errno : 0;
}

static int return_at_once(void *arg)
{
	return *(int *)arg;
}

static struct blocking *begin(int (*fn)(void *arg), void *arg)
{
	struct blocking *b = NULL;
	struct lab_err err = { 0 };

	assert_int_equal(blocking_start(fn, arg, &b, &err), 0);
	assert_non_null(b);
	return b;
}

/* Wait for its descriptor, as the loop does. */
static int result_of(struct blocking *b)
{
	struct pollfd pfd = { .fd = blocking_fd(b), .events = POLLIN };
	int code = -1;

	assert_int_equal(poll(&pfd, 1, PATIENCE_MS), 1);
	assert_true(blocking_done(b, &code));
	return code;
}

static void test_blocking_returns_what_the_call_returned(void **state)
{
	static int codes[] = { 0, ECONNREFUSED, EINTR, 4711 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		struct blocking *b = begin(return_at_once, &codes[i]);

		assert_int_equal(result_of(b), codes[i]);
		blocking_end(b);
	}
}

static void test_blocking_is_not_done_while_it_blocks(void **state)
{
	int fds[2], code = 77;
	struct call call;
	struct blocking *b;

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	call = (struct call){ .fd = fds[0] };
	b = begin(read_one, &call);
	assert_false(blocking_done(b, &code));
	assert_int_equal(code, 77);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(result_of(b), 0);
	blocking_end(b);
	close(fds[0]);
	close(fds[1]);
}

/*
 * A signal may come before the call has begun, and is lost then: so it is sent again until it is seen.
 * Many rounds, so that it comes at every moment.
 */
static void test_blocking_interrupt_ends_the_call(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	for (int round = 0; round < 200; round++) {
		struct call call = { .fd = fds[0] };
		struct blocking *b = begin(read_one, &call);
		struct pollfd pfd = { .fd = blocking_fd(b), .events = POLLIN };
		int tries = 0;

		do
			blocking_interrupt(b);
		while (poll(&pfd, 1, 1) == 0 && ++tries < PATIENCE_MS);
		assert_int_equal(result_of(b), EINTR);
		assert_int_equal(call.rounds, 1);
		blocking_end(b);
	}
	close(fds[0]);
	close(fds[1]);
}

static void test_blocking_end_interrupts_and_joins(void **state)
{
	int fds[2];

	(void)state;
	blocking_end(NULL);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	for (int round = 0; round < 100; round++) {
		struct call call = { .fd = fds[0] };

		blocking_end(begin(read_one, &call));
		assert_int_equal(call.rounds, 1); /* it is over: nobody writes to it any more */
	}
	close(fds[0]);
	close(fds[1]);
}

/* Interrupting after it is over does no harm, and hits nobody else. */
static void test_blocking_interrupt_after_the_end_is_harmless(void **state)
{
	static int zero;
	int fds[2];
	struct call call;
	struct blocking *over = begin(return_at_once, &zero), *other;
	struct pollfd pfd = { .fd = blocking_fd(over), .events = POLLIN };

	(void)state;
	assert_int_equal(poll(&pfd, 1, PATIENCE_MS), 1);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	call = (struct call){ .fd = fds[0] };
	other = begin(read_one, &call);
	for (int i = 0; i < 100; i++)
		blocking_interrupt(over);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_int_equal(result_of(other), 0);
	assert_int_equal(call.rounds, 1);
	assert_int_equal(result_of(over), 0);
	blocking_end(over);
	blocking_end(other);
	close(fds[0]);
	close(fds[1]);
}

static void test_blocking_leaves_no_descriptor(void **state)
{
	static int zero;
	int before, after;

	(void)state;
	blocking_end(begin(return_at_once, &zero));
	before = dup(0);
	close(before);
	for (int i = 0; i < 50; i++)
		blocking_end(begin(return_at_once, &zero));
	after = dup(0);
	close(after);
	assert_int_equal(after, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocking_returns_what_the_call_returned),
		cmocka_unit_test(test_blocking_is_not_done_while_it_blocks),
		cmocka_unit_test(test_blocking_interrupt_ends_the_call),
		cmocka_unit_test(test_blocking_end_interrupts_and_joins),
		cmocka_unit_test(test_blocking_interrupt_after_the_end_is_harmless),
		cmocka_unit_test(test_blocking_leaves_no_descriptor),
	};

	return TEST_MAIN("blocking", tests, NULL, NULL);
}
