// SPDX-License-Identifier: GPL-2.0-or-later
/* Events in order of their time, through a pipe whose reader is slow, or gone. */
#include "tests/support/main.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/run/journal.h"
#include "netns/cleanup.h"

struct pipe_end {
	int r, w;
	char *buf;
	size_t len;
};

static void pipe_open(struct pipe_end *p)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	*p = (struct pipe_end){ .r = fds[0], .w = fds[1] };
	/* as small as pipes get: full soon */
	assert_true(fcntl(p->w, F_SETPIPE_SZ, 4096) >= 4096);
}

static void pipe_close(struct pipe_end *p)
{
	close_fd(&p->r);
	close_fd(&p->w);
	free(p->buf);
}

/* Read until the end of the pipe. */
static void *pipe_read(void *arg)
{
	struct pipe_end *p = arg;

	for (;;) {
		ssize_t n;

		p->buf = realloc(p->buf, p->len + 4096);
		if (!p->buf)
			abort();
		n = read(p->r, p->buf + p->len, 4096);
		if (n <= 0)
			return NULL;
		p->len += (size_t)n;
	}
}

static void note(struct journal *journal, int64_t t_ns, int number)
{
	struct event event = { .type = EVENT_NOTE, .t_ns = t_ns, .host = -1 };
	char text[32];

	snprintf(text, sizeof(text), "number %d", number);
	event.note.text = strdup(text);
	journal_add(journal, &event);
	/* it is the journal's now */
	assert_null(event.note.text);
	assert_int_equal(event.t_ns, 0);
}

/* The i-th line of what was read; fails the test if it is no event. */
static int line_read(const struct pipe_end *p, size_t *at, struct event *event)
{
	const char *newline = memchr(p->buf + *at, '\n', p->len - *at);
	const char *why = "";

	if (!newline)
		return -1;
	if (event_read(p->buf + *at, (size_t)(newline - p->buf) - *at, event, &why))
		fail_msg("%s", why);
	*at = (size_t)(newline - p->buf) + 1;
	return 0;
}

/* What was read is @n notes in order of time; of the same time, in the order of their coming. */
static void expect_order(const struct pipe_end *p, int n)
{
	struct event event;
	int64_t last = INT64_MIN;
	int got = 0, last_number = -1;
	size_t at = 0;

	while (at < p->len) {
		int number;

		assert_int_equal(line_read(p, &at, &event), 0);
		assert_int_equal(sscanf(event.note.text, "number %d", &number), 1);
		assert_true(event.t_ns >= last);
		if (event.t_ns == last)
			assert_true(number > last_number);
		last = event.t_ns;
		last_number = number;
		event_clear(&event);
		got++;
	}
	assert_int_equal(got, n);
}

static void test_journal_puts_events_in_order_of_time(void **state)
{
	enum { N = 3000 };
	struct pipe_end p;
	pthread_t reader;
	struct journal *journal;
	unsigned seed = 1;

	(void)state;
	pipe_open(&p);
	assert_int_equal(pthread_create(&reader, NULL, pipe_read, &p), 0);
	journal = journal_new(p.w);
	assert_non_null(journal);
	for (int i = 0; i < N; i++) {
		seed = seed * 1664525u + 1013904223u;
		/* few different times, so that many are the same; also before time 0 */
		note(journal, (int64_t)(seed >> 24) - 20, i);
	}
	assert_int_equal(journal_finish(journal), 0);
	assert_false(journal_broken(journal));
	journal_free(journal);
	close_fd(&p.w);
	pthread_join(reader, NULL);
	expect_order(&p, N);
	pipe_close(&p);
}

/* What is not yet due stays, and comes in order with what comes later. */
static void test_journal_flush_holds_back_what_is_recent(void **state)
{
	struct journal *journal;
	struct pipe_end p;
	struct event event;
	size_t at = 0;

	(void)state;
	pipe_open(&p);
	journal = journal_new(p.w);
	note(journal, 30, 3);
	note(journal, 10, 1);
	note(journal, 40, 4);
	journal_flush(journal, 30);
	p.buf = malloc(4096);
	assert_non_null(p.buf);
	p.len = (size_t)read(p.r, p.buf, 4096);
	assert_int_equal(line_read(&p, &at, &event), 0);
	assert_string_equal(event.note.text, "number 1");
	event_clear(&event);
	assert_int_equal(at, p.len);
	/* a packet that was stamped before, and read only now */
	note(journal, 20, 2);
	assert_int_equal(journal_finish(journal), 0);
	journal_free(journal);
	close_fd(&p.w);
	pipe_read(&p);
	expect_order(&p, 4);
	pipe_close(&p);
}

/* The pipe is full and nobody reads: adding and flushing go on, and nothing is lost. */
static void test_journal_never_waits_for_its_reader(void **state)
{
	enum { N = 2000 };
	struct journal *journal;
	struct pipe_end p;
	struct pollfd full;
	pthread_t reader;

	(void)state;
	pipe_open(&p);
	journal = journal_new(p.w);
	for (int i = 0; i < N; i++) {
		note(journal, i, i);
		journal_flush(journal, i + 1);
	}
	full = (struct pollfd){ .fd = p.w, .events = POLLOUT };
	assert_int_equal(poll(&full, 1, 0), 0);
	assert_false(journal_broken(journal));
	/* somebody reads at last: all of it is there, each line once and whole */
	assert_int_equal(pthread_create(&reader, NULL, pipe_read, &p), 0);
	assert_int_equal(journal_finish(journal), 0);
	journal_free(journal);
	close_fd(&p.w);
	pthread_join(reader, NULL);
	expect_order(&p, N);
	pipe_close(&p);
}

static void test_journal_says_that_its_reader_is_gone(void **state)
{
	struct journal *journal;
	struct pipe_end p;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	pipe_open(&p);
	journal = journal_new(p.w);
	note(journal, 1, 1);
	journal_flush(journal, 2);
	assert_false(journal_broken(journal));
	close_fd(&p.r);
	note(journal, 2, 2);
	journal_flush(journal, 3);
	assert_true(journal_broken(journal));
	/* what comes after that is of no use, and does no harm */
	for (int i = 0; i < 100; i++)
		note(journal, 3 + i, i);
	journal_flush(journal, 50);
	assert_true(journal_finish(journal) < 0);
	assert_true(journal_broken(journal));
	journal_free(journal);
	pipe_close(&p);
}

/* The reader leaves while journal_finish() waits for it. */
static void *leave_body(void *arg)
{
	struct pipe_end *p = arg;
	char buf[2048];

	/* a part of it, and no more */
	if (read(p->r, buf, sizeof(buf)) <= 0)
		abort();
	close_fd(&p->r);
	return NULL;
}

static void test_journal_finish_ends_when_its_reader_leaves(void **state)
{
	struct journal *journal;
	struct pipe_end p;
	pthread_t reader;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	pipe_open(&p);
	journal = journal_new(p.w);
	for (int i = 0; i < 1000; i++)
		note(journal, i, i);
	assert_int_equal(pthread_create(&reader, NULL, leave_body, &p), 0);
	assert_true(journal_finish(journal) < 0);
	assert_true(journal_broken(journal));
	pthread_join(reader, NULL);
	journal_free(journal);
	pipe_close(&p);
}

/* Freed with events in it: what they own goes, too. The leak check sees to that. */
static void test_journal_free_drops_what_was_not_written(void **state)
{
	struct journal *journal;
	struct pipe_end p;

	(void)state;
	pipe_open(&p);
	journal = journal_new(p.w);
	for (int i = 0; i < 600; i++)
		note(journal, i, i);
	journal_flush(journal, 300);
	journal_free(journal);
	journal_free(NULL);
	pipe_close(&p);
}

static void line_heard(void *arg, const struct event *event, const char *line, size_t len)
{
	struct pipe_end *p = arg;

	assert_int_equal(event->type, EVENT_NOTE);
	assert_int_equal(line[len - 1], '\n');
	p->buf = realloc(p->buf, p->len + len);
	assert_non_null(p->buf);
	memcpy(p->buf + p->len, line, len);
	p->len += len;
}

/* Who listens hears the lines that are written, in their order, and goes on hearing when nothing is written. */
static void test_journal_is_listened_to(void **state)
{
	struct pipe_end p, heard = { .r = -1, .w = -1 };
	struct journal *journal;

	(void)state;
	pipe_open(&p);
	journal = journal_new(p.w);
	journal_listen(journal, line_heard, &heard);
	note(journal, 20, 2);
	note(journal, 10, 1);
	note(journal, 30, 3);
	journal_flush(journal, 25);
	assert_int_equal(journal_finish(journal), 0);
	journal_detach(journal);
	close_fd(&p.w);
	pipe_read(&p);
	assert_int_equal(p.len, heard.len);
	assert_memory_equal(p.buf, heard.buf, p.len);
	note(journal, 40, 4);
	journal_flush(journal, INT64_MAX);
	assert_false(journal_broken(journal));
	assert_true(heard.len > p.len);
	assert_int_equal(journal_finish(journal), 0);
	journal_free(journal);
	pipe_close(&p);
	free(heard.buf);
}

static void test_journal_without_events_writes_nothing(void **state)
{
	struct journal *journal;
	struct pipe_end p;

	(void)state;
	pipe_open(&p);
	journal = journal_new(p.w);
	journal_flush(journal, INT64_MAX);
	assert_int_equal(journal_finish(journal), 0);
	journal_free(journal);
	close_fd(&p.w);
	pipe_read(&p);
	assert_int_equal(p.len, 0);
	pipe_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_journal_puts_events_in_order_of_time),
		cmocka_unit_test(test_journal_flush_holds_back_what_is_recent),
		cmocka_unit_test(test_journal_never_waits_for_its_reader),
		cmocka_unit_test(test_journal_says_that_its_reader_is_gone),
		cmocka_unit_test(test_journal_finish_ends_when_its_reader_leaves),
		cmocka_unit_test(test_journal_free_drops_what_was_not_written),
		cmocka_unit_test(test_journal_is_listened_to),
		cmocka_unit_test(test_journal_without_events_writes_nothing),
	};

	return TEST_MAIN("journal", tests, NULL, NULL);
}
