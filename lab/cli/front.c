// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: two pipes. Through one come the worker's events as JSON lines, through the
 * other goes, at most, one byte: the number of the signal that asks it to end. The front reads until
 * the worker has closed its end, which it does when it exits or is killed, and never waits for
 * longer than the run may take.
 */
#include "lab/cli/front.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "lab/observe/axis.h"
#include "netns/cleanup.h"
#include "netns/sandbox.h"

static const int64_t grace_ns = 5000000000; /* for a worker to tidy up when its time is over */
static const int64_t echo_ns = 300000000;
enum { TICK_MS = 100 };
static const int64_t farewell_ns = 2000000000; /* for one that was asked to end */

struct worker_args {
	const struct scenario *scenario;
	const struct plan *plan;
	const struct run_options *options;
	int event_fd, control_fd;
	int front_event_fd, front_control_fd;
};

static int worker(void *p)
{
	struct worker_args *args = p;
	struct rlimit files;

	/* a host takes five descriptors; the usual soft limit is there for programs that use select() */
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	close(args->front_event_fd);
	close(args->front_control_fd);
	return run_case(args->scenario, args->plan, args->options, args->event_fd,
			args->control_fd) < 0;
}

struct front {
	const struct audience *audience;
	struct outcome *outcome;
	bool begun, ended;
	int64_t last_ns;
	char *buf;
	size_t len, cap;
};

static void outcome_take(struct front *f, const struct event *event)
{
	struct outcome *o = f->outcome;

	f->begun |= event->type == EVENT_BEGIN;
	f->last_ns = event->t_ns;
	if (event->type == EVENT_EXPECTATION)
		*(event->expectation.met ? &o->met : &o->unmet) += 1;
	if (event->type != EVENT_END)
		return;
	f->ended = o->told = true;
	o->result = event->end.result;
	o->signal = event->end.signal;
	o->met = event->end.met;
	o->unmet = event->end.unmet;
	o->took_ns = event->end.took_ns;
	snprintf(o->why, sizeof(o->why), "%s", event->end.text);
}

/* Hand over the whole lines in the buffer. */
static void lines_take(struct front *f)
{
	char *at = f->buf, *end = f->buf + f->len, *newline;

	while ((newline = memchr(at, '\n', (size_t)(end - at)))) {
		size_t len = (size_t)(newline - at) + 1;
		struct event event = { 0 };
		const char *why;

		if (event_read(at, len - 1, &event, &why) == 0) {
			outcome_take(f, &event);
			f->audience->event(f->audience->arg, &event);
			event_clear(&event);
		} else {
			fprintf(stderr,
				"nslab: bug: the worker wrote an event that cannot be read: %s\n",
				why);
		}
		at = newline + 1;
	}
	memmove(f->buf, at, (size_t)(end - at));
	f->len = (size_t)(end - at);
}

/* Read what is there; 0 at the end of the log, else what read() said. */
static ssize_t log_read(struct front *f, int fd)
{
	ssize_t n;

	if (f->cap - f->len < 65536) {
		char *buf = realloc(f->buf, f->cap + 131072);

		if (!buf)
			return -1;
		f->buf = buf;
		f->cap += 131072;
	}
	n = read(fd, f->buf + f->len, f->cap - f->len);
	if (n > 0) {
		f->len += (size_t)n;
		lines_take(f);
	}
	return n;
}

/*
 * A signal for us. The first asks the worker to end, a later one ends it; one that comes right behind
 * the first is the same (timeout(1) signals its child and then the whole group).
 */
static int64_t signal_take(int signal_fd, int control_fd, struct sandbox *box, int64_t *first_ns,
			   struct outcome *o)
{
	struct signalfd_siginfo info;
	unsigned char sig;

	if (read(signal_fd, &info, sizeof(info)) != sizeof(info))
		return INT64_MAX;
	sig = (unsigned char)info.ssi_signo;
	if (!*first_ns) {
		*first_ns = clock_now();
		o->signal = sig;
		if (write(control_fd, &sig, 1) != 1)
			kill(box->pid, SIGKILL);
	} else if (clock_now() - *first_ns > echo_ns) {
		kill(box->pid, SIGKILL);
	}
	return *first_ns + farewell_ns;
}

static void pump(struct front *f, int event_fd, int control_fd, int signal_fd, struct sandbox *box,
		 int64_t timeout_ns)
{
	int64_t until = clock_now() + timeout_ns + grace_ns;
	int64_t first_signal_ns = 0;

	for (;;) {
		struct pollfd fds[] = { { .fd = event_fd, .events = POLLIN },
					{ .fd = signal_fd, .events = POLLIN } };
		int64_t left = (until - clock_now()) / 1000000 + 1;
		int most = f->audience->tick ? TICK_MS : 3600000;
		int wait_ms = left < 0 ? 0 : left < most ? (int)left : most;

		if (f->audience->tick)
			f->audience->tick(f->audience->arg);
		if (poll(fds, 2, wait_ms) < 0 && errno != EINTR)
			return;
		/* its time is over; but a reader of ours that was slow is no reason to lose what it wrote */
		if (left <= 0 && !fds[0].revents)
			kill(box->pid, SIGKILL);
		if (fds[1].revents & POLLIN) {
			int64_t at = signal_take(signal_fd, control_fd, box, &first_signal_ns,
						 f->outcome);

			until = at < until ? at : until;
		}
		if (fds[0].revents && log_read(f, event_fd) <= 0)
			return;
	}
}

/* The last word of a worker that died without one: so that each report tells how the run ended. */
static void end_write(struct front *f)
{
	struct outcome *o = f->outcome;
	struct event event = { .type = EVENT_END,
			       .t_ns = f->last_ns,
			       .host = -1,
			       .end = { .result = o->result,
					.text = o->why,
					.signal = o->signal,
					.met = o->met,
					.unmet = o->unmet,
					.took_ns = f->last_ns } };

	if (!f->begun)
		return;
	o->told = true;
	o->took_ns = f->last_ns;
	f->audience->event(f->audience->arg, &event);
}

/* A worker that died without a last word: say what is known. */
static void epitaph(struct front *f, int status)
{
	struct outcome *o = f->outcome;

	if (f->ended && WIFEXITED(status) && WEXITSTATUS(status)) {
		o->result = RESULT_ERROR;
		o->told = false;
		snprintf(o->why, sizeof(o->why),
			 "the worker ended with status %d after its last event",
			 WEXITSTATUS(status));
	}
	if (f->ended)
		return;
	o->result = o->signal ? RESULT_INTERRUPTED : RESULT_ERROR;
	if (o->signal)
		snprintf(o->why, sizeof(o->why), "interrupted by signal %d", o->signal);
	else if (WIFSIGNALED(status))
		snprintf(o->why, sizeof(o->why), "the worker was killed by signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(o->why, sizeof(o->why), "the worker ended early with status %d",
			 WEXITSTATUS(status));
	end_write(f);
}

/* One that whoever started us wants to be ignored (nohup, a job in the background) stays ignored. */
static void signal_add(sigset_t *mask, int sig)
{
	struct sigaction sa;

	if (sigaction(sig, NULL, &sa) < 0 || sa.sa_handler != SIG_IGN)
		sigaddset(mask, sig);
}

int front_run(const struct scenario *scenario, const struct plan *plan,
	      const struct run_options *options, const struct audience *audience,
	      struct outcome *ret_outcome, struct lab_err *err)
{
	_cleanup_close_ int event_r = -1, event_w = -1, control_r = -1, control_w = -1,
			    signals = -1;
	struct front f = { .audience = audience, .outcome = ret_outcome };
	struct worker_args args = { .scenario = scenario, .plan = plan, .options = options };
	int events[2], control[2], ret, status;
	struct sandbox box;
	sigset_t mask, old;

	memset(ret_outcome, 0, sizeof(*ret_outcome));
	if (pipe2(events, O_CLOEXEC) < 0)
		return lab_err_set(err, errno, "cannot make a pipe");
	event_r = events[0];
	event_w = events[1];
	if (pipe2(control, O_CLOEXEC) < 0)
		return lab_err_set(err, errno, "cannot make a pipe");
	control_r = control[0];
	control_w = control[1];
	fcntl(event_w, F_SETPIPE_SZ,
	      1 << 20); /* an ordinary user may get less, which is all right */
	args.event_fd = event_w;
	args.control_fd = control_r;
	args.front_event_fd = event_r;
	args.front_control_fd = control_w;
	sigemptyset(&mask);
	signal_add(&mask, SIGINT);
	signal_add(&mask, SIGTERM);
	sigprocmask(SIG_BLOCK, &mask, &old);
	signals = signalfd(-1, &mask, SFD_CLOEXEC);
	ret = signals < 0 ? lab_err_set(err, errno, "cannot take signals") :
			    sandbox_spawn(worker, &args, &box, err);
	if (ret == 0) {
		close_fd(&event_w);
		close_fd(&control_r);
		pump(&f, event_r, control_w, signals, &box,
		     options->timeout_ns ?: run_timeout(plan));
		kill(box.pid, SIGKILL); /* it has closed its log: nothing more is expected of it */
		status = sandbox_wait(&box);
		epitaph(&f, status);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	free(f.buf);
	return ret;
}
