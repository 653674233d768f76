/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scenarios in strings, run in a sandbox as nslab does, and their logs read back. Assertions on a
 * log stand outside the sandbox, so they are cmocka's.
 */
#ifndef NSLAB_TESTS_RUN_FIXTURE_H
#define NSLAB_TESTS_RUN_FIXTURE_H

#include "tests/kernel/inside.h"

#include <fcntl.h>
#include <poll.h>

#include "lab/event/event.h"
#include "lab/run/run.h"
#include "lab/scenario/problem.h"
#include "lab/scenario/scenario.h"

#define HEAD	      "name: x\ntitle: t\nstory: s\nremedy: r\n"
#define DROP(SEGMENT) "{at: fw, match: {from: client, segment: " SEGMENT "}, action: drop}"
/* a connection, accepted */
#define DIALLED                                                         \
	"  - server: {listen: 8080, as: door}\n"                        \
	"  - client: {dial: \"server:8080\", as: conn, deadline: 5s}\n" \
	"  - server: {accept: door, as: peer, deadline: 5s}\n"

enum { RUN_PATIENCE_MS = 100000, NO_BYTE = -1, CLOSE_IT = -2 };

/**
 * struct running - a case that runs, and then its log
 * @text: the scenario; @ip: "4", "6", "dual", or NULL for what the file says
 * @when, @byte: at the first event for which @when is true, write @byte to the control pipe, or close
 *               it with CLOSE_IT
 * @events, @n: the log
 */
struct running {
	const char *text;
	const char *ip;
	struct run_options options;
	bool (*when)(const struct event *event);
	int byte;

	struct scenario *scenario;
	const struct plan *plan;
	struct sandbox box;
	int event_r, control_w;
	int worker_fds[2];
	char *buf;
	size_t len, cap, at;
	struct event *events;
	int n, events_cap;
	int status;
	struct kept *kept;
};

/*
 * A test that fails leaves what it has allocated; a worker that is forked later has it, too, and its
 * leak check would find it. This keeps it in sight.
 */
struct kept {
	void *events, *buf, *scenario;
};

static struct kept runs_kept[1024];

static inline void running_keep(struct running *r)
{
	static int n;

	if (!r->kept)
		r->kept = &runs_kept[n++ % 1024];
	*r->kept = (struct kept){ r->events, r->buf, r->scenario };
}

static inline void running_parse(struct running *r)
{
	struct param set = { .key = (char *)"ip", .value = (char *)r->ip };
	struct problems problems = { 0 };

	if (scenario_parse("x.yaml", r->text, strlen(r->text), run_vocabulary(), &set, !!r->ip,
			   &r->scenario, &problems)) {
		problems_print(&problems, stderr);
		problems_free(&problems);
		fail_msg("refused:\n%s", r->text);
	}
	problems_free(&problems);
	running_keep(r);
	assert_int_equal(r->scenario->n_plans, 1);
	r->plan = &r->scenario->plans[0];
}

static inline int running_worker(void *p)
{
	struct running *r = p;

	close(r->event_r);
	close(r->control_w);
	return run_case(r->scenario, r->plan, &r->options, r->worker_fds[0], r->worker_fds[1]) < 0;
}

static inline void running_start(struct running *r)
{
	struct lab_err err = { 0 };
	int events[2], control[2], ret;

	running_parse(r);
	if (!r->options.seed)
		r->options.seed = 1;
	assert_int_equal(pipe2(events, O_CLOEXEC), 0);
	assert_int_equal(pipe2(control, O_CLOEXEC), 0);
	r->event_r = events[0];
	r->control_w = control[1];
	r->worker_fds[0] = events[1];
	r->worker_fds[1] = control[0];
	ret = sandbox_spawn(running_worker, r, &r->box, &err);
	close(events[1]);
	close(control[0]);
	if (ret < 0 && inside_refused()) {
		print_message("no namespaces here: %s\n", err.msg);
		skip();
	}
	if (ret < 0)
		fail_msg("%s", err.msg);
}

static inline void running_take(struct running *r, const char *line, size_t len)
{
	const char *why = "";

	if (r->n == r->events_cap) {
		r->events_cap = 2 * r->events_cap + 64;
		r->events = realloc(r->events, (size_t)r->events_cap * sizeof(*r->events));
		assert_non_null(r->events);
		running_keep(r);
	}
	if (event_read(line, len, &r->events[r->n], &why))
		fail_msg("an event that cannot be read: %s: %.*s", why, (int)len, line);
	r->n++;
	if (!r->when || !r->when(&r->events[r->n - 1]))
		return;
	r->when = NULL;
	if (r->byte == CLOSE_IT) {
		close_fd(&r->control_w);
	} else {
		char byte = (char)r->byte;

		assert_int_equal(write(r->control_w, &byte, 1), 1);
	}
}

/* Read the log to its end, bounded; the worker is killed if it comes to none. */
static inline void running_finish(struct running *r)
{
	int64_t until = now_ms() + RUN_PATIENCE_MS;
	char *newline;
	ssize_t n = 1;

	while (n > 0) {
		struct pollfd pfd = { .fd = r->event_r, .events = POLLIN };

		if (now_ms() > until || poll(&pfd, 1, (int)(until - now_ms())) <= 0) {
			kill(r->box.pid, SIGKILL);
			fail_msg("the run came to no end");
		}
		if (r->cap - r->len < 65536) {
			r->cap += 131072;
			r->buf = realloc(r->buf, r->cap);
			assert_non_null(r->buf);
			running_keep(r);
		}
		n = read(r->event_r, r->buf + r->len, r->cap - r->len);
		r->len += n > 0 ? (size_t)n : 0;
		while ((newline = memchr(r->buf + r->at, '\n', r->len - r->at))) {
			running_take(r, r->buf + r->at, (size_t)(newline - r->buf) - r->at);
			r->at = (size_t)(newline - r->buf) + 1;
		}
	}
	assert_int_equal(r->at, r->len); /* the last line is whole */
	close(r->event_r);
	close_fd(&r->control_w);
	r->status = sandbox_wait(&r->box);
}

static inline void running_free(struct running *r)
{
	for (int i = 0; i < r->n; i++)
		event_clear(&r->events[i]);
	free(r->events);
	free(r->buf);
	scenario_free(r->scenario);
	r->events = NULL;
	r->buf = NULL;
	r->scenario = NULL;
	r->n = 0;
	running_keep(r);
}

static inline const struct event *end_of(const struct running *r)
{
	return &r->events[r->n - 1];
}

/* What the log says, for a failing test. */
static inline void running_show(const struct running *r)
{
	/* not print_error(), which shows no more than a kilobyte */
	fflush(stdout);
	fprintf(stderr, "%s%.*s\n", r->text, (int)r->len, r->buf);
}

/* What holds for every log: begin first, end last, everything in order of time, and counts that add up. */
static inline void running_check(const struct running *r)
{
	int met = 0, unmet = 0, ends = 0;

	assert_int_equal(r->status, 0);
	assert_true(r->n >= 2);
	assert_int_equal(r->events[0].type, EVENT_BEGIN);
	assert_int_equal(end_of(r)->type, EVENT_END);
	for (int i = 0; i < r->n; i++) {
		const struct event *e = &r->events[i];

		ends += e->type == EVENT_END;
		if (i && e->t_ns < r->events[i - 1].t_ns) {
			running_show(r);
			fail_msg("event %d is %lld ns before the one above it", i,
				 (long long)(r->events[i - 1].t_ns - e->t_ns));
		}
		if (e->type == EVENT_EXPECTATION)
			e->expectation.met ? met++ : unmet++;
	}
	assert_int_equal(ends, 1);
	assert_int_equal(end_of(r)->end.met, met);
	assert_int_equal(end_of(r)->end.unmet, unmet);
}

/* Run it, and hold it to a result. */
static inline void running_do(struct running *r, enum result result)
{
	running_start(r);
	running_finish(r);
	running_check(r);
	if (end_of(r)->end.result != result) {
		running_show(r);
		fail_msg("%s instead of %s: %s", result_name(end_of(r)->end.result),
			 result_name(result), end_of(r)->end.text);
	}
}

/*
 * Run a text that has to pass. All of its expectations are judged: one that was left out would be none.
 */
static inline void running_pass(struct running *r)
{
	running_do(r, RESULT_PASSED);
	assert_int_equal(end_of(r)->end.met, r->plan->n_expectations);
	assert_int_equal(end_of(r)->end.unmet, 0);
}

static inline void must_pass_text(const char *text, const char *ip)
{
	struct running r = { .text = text, .ip = ip };

	running_pass(&r);
	running_free(&r);
}

/* Run texts that have to pass, side by side: most of their time is waiting. */
static inline void must_pass_texts(const char *const *texts, int n, const char *ip)
{
	enum { SIDE_BY_SIDE = 16 };
	struct running list[SIDE_BY_SIDE];

	for (int begun = 0; begun < n; begun += SIDE_BY_SIDE) {
		int batch = n - begun < SIDE_BY_SIDE ? n - begun : SIDE_BY_SIDE;

		for (int i = 0; i < batch; i++) {
			list[i] = (struct running){ .text = texts[begun + i], .ip = ip };
			running_start(&list[i]);
		}
		for (int i = 0; i < batch; i++)
			running_finish(&list[i]);
		for (int i = 0; i < batch; i++) {
			running_check(&list[i]);
			if (end_of(&list[i])->end.result != RESULT_PASSED) {
				running_show(&list[i]);
				fail_msg("%s: %s", result_name(end_of(&list[i])->end.result),
					 end_of(&list[i])->end.text);
			}
			assert_int_equal(end_of(&list[i])->end.met, list[i].plan->n_expectations);
			running_free(&list[i]);
		}
	}
}

/* Run a text of which an expectation must not be met; @observed is among what is said of it. */
static inline void must_miss_text(const char *text, const char *expected, const char *observed)
{
	struct running r = { .text = text };
	bool found = false;

	running_do(&r, RESULT_FAILED);
	for (int i = 0; i < r.n; i++) {
		const struct event *e = &r.events[i];

		if (e->type == EVENT_EXPECTATION && !e->expectation.met)
			found |= strstr(e->expectation.expected, expected) &&
				 strstr(e->expectation.observed, observed);
	}
	if (!found) {
		running_show(&r);
		fail_msg("nothing says '%s', '%s'", expected, observed);
	}
	running_free(&r);
}

/* The end of step number @number (from 1); NULL if it has none. */
static inline const struct event *step_end(const struct running *r, int number)
{
	for (int i = 0; i < r->n; i++) {
		if (r->events[i].type == EVENT_STEP_END && r->events[i].step.number == number)
			return &r->events[i];
	}
	return NULL;
}

/* How many events of a kind there are for which @fn holds; @fn may be NULL. */
static inline int events_of(const struct running *r, enum event_type type,
			    bool (*fn)(const struct event *event))
{
	int n = 0;

	for (int i = 0; i < r->n; i++)
		n += r->events[i].type == type && (!fn || fn(&r->events[i]));
	return n;
}

#endif
