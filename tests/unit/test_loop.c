// SPDX-License-Identifier: GPL-2.0-or-later
/* The event loop: who is called, when, and what a callback may do to others. */
#include "tests/support/main.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lab/observe/axis.h"
#include "lab/run/loop.h"
#include "netns/cleanup.h"

static struct loop *loop;

static int setup(void **state)
{
	(void)state;
	return loop_open(&loop, NULL);
}

static int teardown(void **state)
{
	(void)state;
	loop_close(loop);
	return 0;
}

/* A turn that ends at once if nothing is ready. */
static void turn(void)
{
	struct lab_err err = { 0 };

	assert_int_equal(loop_turn(loop, 1, &err), 0);
}

struct ear {
	int fd;
	struct source *source;
	int calls;
	uint32_t events;
	void (*then)(struct ear *ear);
	struct ear *other;
};

static void heard(void *arg, uint32_t events)
{
	struct ear *ear = arg;

	ear->calls++;
	ear->events = events;
	if (ear->then)
		ear->then(ear);
}

/* Readable from the beginning, and for ever. */
static struct ear ear_ready(void)
{
	struct ear ear = { .fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK) };

	assert_true(ear.fd >= 0);
	return ear;
}

static void listen_to(struct ear *ear, uint32_t events)
{
	ear->source = source_add(loop, ear->fd, events, heard, ear);
	assert_non_null(ear->source);
}

static void test_loop_calls_who_is_ready(void **state)
{
	struct ear a = ear_ready(), b = ear_ready();
	uint64_t n;

	(void)state;
	listen_to(&a, EPOLLIN);
	listen_to(&b, EPOLLIN);
	assert_int_equal(read(b.fd, &n, sizeof(n)), sizeof(n));
	turn();
	assert_int_equal(a.calls, 1);
	assert_int_equal(a.events, EPOLLIN);
	assert_int_equal(b.calls, 0);
	n = 1;
	assert_int_equal(write(b.fd, &n, sizeof(n)), sizeof(n));
	turn();
	assert_int_equal(a.calls, 2);
	assert_int_equal(b.calls, 1);
	source_drop(a.source);
	source_drop(b.source);
	close(a.fd);
	close(b.fd);
}

static void test_loop_asks_for_other_events(void **state)
{
	struct ear a = ear_ready();

	(void)state;
	listen_to(&a, EPOLLIN | EPOLLOUT);
	turn();
	assert_int_equal(a.events, EPOLLIN | EPOLLOUT);
	assert_int_equal(source_events(a.source, EPOLLOUT), 0);
	turn();
	assert_int_equal(a.events, EPOLLOUT);
	assert_int_equal(source_events(a.source, 0), 0);
	turn();
	assert_int_equal(a.calls, 2);
	source_drop(a.source);
	close(a.fd);
}

static void test_loop_refuses_what_cannot_be_waited_for(void **state)
{
	struct ear a = { .fd = -1 };

	(void)state;
	assert_null(source_add(loop, -1, EPOLLIN, heard, &a));
	assert_int_equal(errno, EBADF);
	source_drop(NULL);
	turn();
	assert_int_equal(a.calls, 0);
}

/* ---- dropping in a callback ---- */

static void drop_self(struct ear *ear)
{
	source_drop(TAKE_PTR(ear->source));
}

static void drop_other(struct ear *ear)
{
	source_drop(TAKE_PTR(ear->other->source));
}

static void test_loop_source_may_drop_itself(void **state)
{
	struct ear a = ear_ready();

	(void)state;
	a.then = drop_self;
	listen_to(&a, EPOLLIN);
	turn();
	turn();
	assert_int_equal(a.calls, 1);
	close(a.fd);
}

/* Both are ready in the same turn; whoever comes first drops the other, who is then not called. */
static void test_loop_source_may_drop_another(void **state)
{
	struct ear a = ear_ready(), b = ear_ready();

	(void)state;
	a.then = b.then = drop_other;
	a.other = &b;
	b.other = &a;
	listen_to(&a, EPOLLIN);
	listen_to(&b, EPOLLIN);
	turn();
	assert_int_equal(a.calls + b.calls, 1);
	turn();
	assert_int_equal(a.calls + b.calls, 2); /* the one that was left, once more */
	assert_true(a.calls == 2 || b.calls == 2);
	source_drop(a.source);
	source_drop(b.source);
	close(a.fd);
	close(b.fd);
}

/* The other is dropped, its descriptor closed, and the number used again within the same turn. */
static void replace_other(struct ear *ear)
{
	struct ear *other = ear->other;
	int old = other->fd;

	source_drop(TAKE_PTR(other->source));
	close(other->fd);
	other->fd = eventfd(0, EFD_CLOEXEC); /* never ready */
	assert_int_equal(other->fd, old);
	listen_to(other, EPOLLIN);
	ear->then = other->then = NULL;
}

static void test_loop_number_may_be_used_again(void **state)
{
	struct ear a = ear_ready(), b = ear_ready();

	(void)state;
	a.then = b.then = replace_other;
	a.other = &b;
	b.other = &a;
	listen_to(&a, EPOLLIN);
	listen_to(&b, EPOLLIN);
	turn();
	turn();
	turn();
	/* one is called each time, the other, which is new and not ready, never */
	assert_int_equal(a.calls + b.calls, 3);
	assert_true(a.calls == 3 || b.calls == 3);
	source_drop(a.source);
	source_drop(b.source);
	close(a.fd);
	close(b.fd);
}

/* ---- several on one descriptor ---- */

static void test_loop_several_may_wait_on_one(void **state)
{
	int pair[2];
	struct ear reader = { 0 }, writer = { 0 };

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	reader.fd = writer.fd = pair[0];
	listen_to(&reader, EPOLLIN);
	listen_to(&writer, EPOLLOUT);
	turn();
	assert_int_equal(reader.calls, 0);
	assert_int_equal(writer.calls, 1);
	assert_int_equal(writer.events, EPOLLOUT);
	assert_int_equal(write(pair[1], "x", 1), 1);
	turn();
	assert_int_equal(reader.calls, 1);
	assert_int_equal(reader.events, EPOLLIN);
	assert_int_equal(writer.events, EPOLLOUT);
	/* one leaves, the other stays */
	source_drop(writer.source);
	turn();
	assert_int_equal(reader.calls, 2);
	assert_int_equal(writer.calls, 2);
	/* a hang-up concerns everybody, also one that waits for nothing */
	listen_to(&writer, 0);
	close(pair[1]);
	turn();
	assert_true(reader.events & EPOLLHUP);
	assert_true(writer.events & EPOLLHUP);
	source_drop(reader.source);
	source_drop(writer.source);
	turn();
	assert_int_equal(reader.calls, 3);
	assert_int_equal(writer.calls, 3);
	close(pair[0]);
}

/* Of two on one descriptor the first drops the second, or both. */
static void drop_both(struct ear *ear)
{
	source_drop(TAKE_PTR(ear->other->source));
	source_drop(TAKE_PTR(ear->source));
}

static void test_loop_one_of_several_may_drop_the_rest(void **state)
{
	struct ear a = ear_ready(), b = { 0 };

	(void)state;
	b.fd = a.fd;
	a.then = b.then = drop_both;
	a.other = &b;
	b.other = &a;
	listen_to(&a, EPOLLIN);
	listen_to(&b, EPOLLIN);
	turn();
	turn();
	assert_int_equal(a.calls + b.calls, 1);
	close(a.fd);
}

/* ---- many ---- */

static void test_loop_takes_more_than_one_batch(void **state)
{
	enum { N = 200 };
	static struct ear ears[N];
	int calls = 0;

	(void)state;
	for (int i = 0; i < N; i++) {
		ears[i] = ear_ready();
		ears[i].then = drop_self;
		listen_to(&ears[i], EPOLLIN);
	}
	/* each turn takes some, none is called twice, none is forgotten */
	for (int i = 0; i < N; i++)
		turn();
	for (int i = 0; i < N; i++) {
		assert_int_equal(ears[i].calls, 1);
		calls += ears[i].calls;
		close(ears[i].fd);
	}
	assert_int_equal(calls, N);
}

/* ---- time ---- */

static void test_loop_wakes_at_its_time(void **state)
{
	struct lab_err err = { 0 };

	(void)state;
	for (int i = 0; i < 20; i++) {
		int64_t at = clock_now() + 2000000;

		assert_int_equal(loop_turn(loop, at, &err), 0);
		assert_true(clock_now() >= at); /* never before it */
	}
	/* a time that is over, the beginning of time, and before it: at once */
	assert_int_equal(loop_turn(loop, clock_now() - 1000, &err), 0);
	assert_int_equal(loop_turn(loop, 0, &err), 0);
	assert_int_equal(loop_turn(loop, INT64_MIN, &err), 0);
}

/* What is ready does not wait for the time, even if that never comes. */
static void test_loop_does_not_wait_when_somebody_is_ready(void **state)
{
	struct ear a = ear_ready();
	struct lab_err err = { 0 };

	(void)state;
	listen_to(&a, EPOLLIN);
	assert_int_equal(loop_turn(loop, INT64_MAX, &err), 0);
	assert_int_equal(a.calls, 1);
	source_drop(a.source);
	close(a.fd);
}

int main(void)
{
#define LOOP_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		LOOP_TEST(test_loop_calls_who_is_ready),
		LOOP_TEST(test_loop_asks_for_other_events),
		LOOP_TEST(test_loop_refuses_what_cannot_be_waited_for),
		LOOP_TEST(test_loop_source_may_drop_itself),
		LOOP_TEST(test_loop_source_may_drop_another),
		LOOP_TEST(test_loop_number_may_be_used_again),
		LOOP_TEST(test_loop_several_may_wait_on_one),
		LOOP_TEST(test_loop_one_of_several_may_drop_the_rest),
		LOOP_TEST(test_loop_takes_more_than_one_batch),
		LOOP_TEST(test_loop_wakes_at_its_time),
		LOOP_TEST(test_loop_does_not_wait_when_somebody_is_ready),
	};

	return TEST_MAIN("loop", tests, NULL, NULL);
}
