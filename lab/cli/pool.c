// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: scenarios mostly wait, so many of them fit side by side. But building a lab
 * keeps a processor busy, and what runs meanwhile would see its timers late. So only half of the
 * processors build at a time, and take a rest after it: as long as the build took on one processor,
 * half of that on two. Of the jobs in a window the one that declares the longest times starts first,
 * since all have to wait for it. Who listens hears of them in the order of their numbers: the first
 * that has not been told of is heard live, the others' logs wait in memory.
 */
#include "lab/cli/pool.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lab/observe/axis.h"
#include "netns/cleanup.h"

enum {
	WINDOW = 256,
	TICK_MS = 100,
	KEPT_MOST = 256 << 20, /* bytes of logs that wait; then only the first job goes on */
};

static const int64_t echo_ns = 300000000;

enum slot_state { SLOT_WAITS, SLOT_RUNS, SLOT_TOLD };

/**
 * struct slot - a job of the window; job i is in slot i % WINDOW
 * @stood: its lab was seen to stand
 */
struct slot {
	enum slot_state state;
	bool stood;
	int64_t start_ns;
	struct job job;
	struct front *front;
};

/**
 * struct state - of a pool that runs
 * @head: the first job that was not told to its end; @known: jobs below this have their slot
 * @running: fronts that are not over; @building: those of them whose lab does not stand
 * @one_stood: at least one lab has stood
 * @rest_until_ns: nothing is started before that
 * @most: lowered when the system refuses another
 * @signal: the first one that came, 0 for none, at @signal_ns
 */
struct state {
	const struct pool *pool;
	struct slot slots[WINDOW];
	long head, known, over;
	int running, building, most, processors;
	size_t kept;
	bool one_stood;
	int64_t rest_until_ns;
	int signal_fd, signal;
	int64_t signal_ns;
};

static struct slot *slot_of(struct state *s, long i)
{
	return &s->slots[i % WINDOW];
}

/* One that whoever started us wants to be ignored (nohup, a job in the background) stays ignored. */
static void signal_add(sigset_t *mask, int sig)
{
	struct sigaction sa;

	if (sigaction(sig, NULL, &sa) < 0 || sa.sa_handler != SIG_IGN)
		sigaddset(mask, sig);
}

/* Bring as many jobs into the window as it holds. */
static void window_fill(struct state *s)
{
	for (; s->known < s->pool->jobs && s->known < s->head + WINDOW; s->known++) {
		struct slot *slot = slot_of(s, s->known);

		*slot = (struct slot){ .state = SLOT_WAITS };
		s->pool->job(s->pool->arg, s->known, &slot->job);
	}
}

/* A lab stands: its builder has earned a rest. */
static void rest(struct state *s, struct slot *slot)
{
	int64_t now = clock_now();

	slot->stood = s->one_stood = true;
	s->rest_until_ns = now + (now - slot->start_ns) / s->processors;
}

static void count(struct state *s)
{
	s->running = s->building = 0;
	s->kept = 0;
	for (long i = s->head; i < s->known; i++) {
		struct slot *slot = slot_of(s, i);

		if (slot->state != SLOT_RUNS)
			continue;
		if (!slot->stood && front_stands(slot->front))
			rest(s, slot);
		s->kept += front_kept(slot->front);
		s->running += !front_over(slot->front);
		s->building += !slot->stood;
	}
}

/* The job to start next, -1 for none. Without room in memory it is the first, or none. */
static long next_job(struct state *s)
{
	long best = -1;

	for (long i = s->head; i < s->known; i++) {
		struct slot *slot = slot_of(s, i);

		if (slot->state == SLOT_WAITS &&
		    (best < 0 ||
		     slot->job.plan->declared_ns > slot_of(s, best)->job.plan->declared_ns))
			best = i;
		if (s->kept > KEPT_MOST)
			break;
	}
	return best;
}

static int job_start(struct state *s, long i, struct lab_err *err)
{
	struct slot *slot = slot_of(s, i);
	struct run_options options = slot->job.options;
	int64_t start_ns = clock_now();
	int ret;

	options.repeat = slot->job.repeat;
	options.stay = slot->job.stay.lab ? &slot->job.stay : NULL;
	ret = front_start(slot->job.scenario, slot->job.plan, &options, &slot->front, err);
	if (ret < 0)
		return ret;
	free(TAKE_PTR(slot->job.repeat));
	slot->state = SLOT_RUNS;
	slot->start_ns = start_ns;
	s->running++;
	s->building++;
	return 0;
}

/* Start what may start now. Where the system refuses one more, those that run are enough. */
static int jobs_start(struct state *s, struct lab_err *err)
{
	/* the first lab makes the kernel load its modules, which is done but once */
	int builders = s->processors > 1 && s->one_stood ? s->processors / 2 : 1;

	while (!s->signal && s->running < s->most && s->building < builders &&
	       (clock_now() >= s->rest_until_ns || !s->running)) {
		long i = next_job(s);
		int ret;

		if (i < 0)
			return 0;
		ret = job_start(s, i, err);
		if (ret < 0 && !s->running)
			return ret;
		if (ret < 0) {
			s->most = s->running;
			return 0;
		}
	}
	return 0;
}

/* Let the listener hear the first job, and those behind it that are complete. */
static void tell(struct state *s)
{
	const struct audience audience = { s->pool->event, s->pool->arg };

	for (; s->head < s->known; s->head++) {
		struct slot *slot = slot_of(s, s->head);
		struct outcome outcome;

		if (slot->state == SLOT_WAITS && s->signal)
			continue;
		if (slot->state != SLOT_RUNS)
			return;
		front_listen(slot->front, &audience);
		if (!front_over(slot->front))
			return;
		front_end(TAKE_PTR(slot->front), &outcome);
		slot->state = SLOT_TOLD;
		s->over++;
		s->pool->ended(s->pool->arg, s->head, &outcome);
	}
}

/*
 * The first signal asks all runs to end, a later one ends them; one that comes right behind the first
 * is the same (timeout(1) signals its child and then the whole group).
 */
static void signal_take(struct state *s)
{
	struct signalfd_siginfo info;
	bool kill_all;

	if (read(s->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (s->signal && clock_now() - s->signal_ns <= echo_ns)
		return;
	kill_all = s->signal;
	if (!s->signal) {
		s->signal = (int)info.ssi_signo;
		s->signal_ns = clock_now();
	}
	for (long i = s->head; i < s->known; i++) {
		struct slot *slot = slot_of(s, i);

		if (slot->state == SLOT_RUNS && kill_all)
			front_kill(slot->front);
		else if (slot->state == SLOT_RUNS)
			front_ask(slot->front, s->signal);
	}
}

/* Wait until something happens, and take it. */
static int turn(struct state *s)
{
	struct pollfd fds[POOL_MOST + 1] = { { .fd = s->signal_fd, .events = POLLIN } };
	struct front *fronts[POOL_MOST + 1];
	int64_t until = INT64_MAX, left;
	int n = 1, wait_ms;

	for (long i = s->head; i < s->known; i++) {
		struct front *front = slot_of(s, i)->front;

		if (slot_of(s, i)->state != SLOT_RUNS || front_over(front))
			continue;
		fronts[n] = front;
		fds[n++] = (struct pollfd){ .fd = front_fd(front), .events = POLLIN };
		until = front_until(front) < until ? front_until(front) : until;
	}
	if (s->rest_until_ns > clock_now() && s->rest_until_ns < until)
		until = s->rest_until_ns;
	left = until == INT64_MAX ? 3600000 : (until - clock_now()) / 1000000 + 1;
	wait_ms = left < 0 ? 0 : left > 3600000 ? 3600000 : (int)left;
	if (s->pool->tick && wait_ms > TICK_MS)
		wait_ms = TICK_MS;
	if (poll(fds, (nfds_t)n, wait_ms) < 0)
		return errno == EINTR ? 0 : -errno;
	if (fds[0].revents)
		signal_take(s);
	for (int i = 1; i < n; i++)
		front_turn(fronts[i], fds[i].revents);
	return 0;
}

static void tick(const struct state *s)
{
	struct pool_now now = { s->running, s->over };

	for (long i = s->head; i < s->known; i++) {
		const struct slot *slot = &s->slots[i % WINDOW];

		now.over += slot->state == SLOT_RUNS && front_over(slot->front);
	}
	s->pool->tick(s->pool->arg, &now);
}

static int all_run(struct state *s, struct lab_err *err)
{
	int ret = 0;

	while (!ret) {
		if (!s->signal)
			window_fill(s);
		count(s);
		ret = jobs_start(s, err);
		tell(s);
		if (ret < 0 || (s->head == s->known && (s->known == s->pool->jobs || s->signal)))
			break;
		if (s->head == s->known)
			continue;
		if (s->pool->tick)
			tick(s);
		ret = turn(s);
		if (ret < 0)
			lab_err_set(err, -ret, "cannot wait for the workers");
	}
	return ret ?: s->signal;
}

static void state_clear(struct state *s)
{
	for (long i = s->head; i < s->known; i++) {
		struct slot *slot = slot_of(s, i);
		struct outcome outcome;

		free(slot->job.repeat);
		if (slot->front)
			front_end(slot->front, &outcome);
	}
	close_fd(&s->signal_fd);
	free(s);
}

int pool_run(const struct pool *pool, struct lab_err *err)
{
	struct state *s = calloc(1, sizeof(*s));
	sigset_t mask, old;
	cpu_set_t cpus;
	int ret;

	if (!s)
		return lab_err_set(err, ENOMEM, "cannot run scenarios");
	s->pool = pool;
	s->most = pool->most < POOL_MOST ? pool->most : POOL_MOST;
	s->processors = sched_getaffinity(0, sizeof(cpus), &cpus) == 0 ? CPU_COUNT(&cpus) : 1;
	sigemptyset(&mask);
	signal_add(&mask, SIGINT);
	signal_add(&mask, SIGTERM);
	sigprocmask(SIG_BLOCK, &mask, &old);
	s->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC);
	ret = s->signal_fd < 0 ? lab_err_set(err, errno, "cannot take signals") : all_run(s, err);
	state_clear(s);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return ret;
}
