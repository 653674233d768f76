// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: through a pipe come the worker's events as JSON lines, through a socket goes, at most, one byte:
 * the number of the signal that asks it to end, or 0 with the socket by which a lab that stays is reached from then on. The front reads until
 * the worker has closed its end, which it does when it exits or is killed, then waits for its process,
 * and never for longer than the run may take. It never blocks, so one thread can turn many.
 */
#include "lab/cli/front.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/cli/lab_dir.h"
#include "lab/observe/axis.h"
#include "netns/cleanup.h"
#include "netns/fds.h"
#include "netns/sandbox.h"

static const int64_t grace_ns = 5000000000;    /* for a worker to tidy up when its time is over */
static const int64_t farewell_ns = 2000000000; /* for one that was asked to end */

struct worker_args {
	const struct scenario *scenario;
	const struct plan *plan;
	const struct run_options *options;
	int event_fd, control_fd;
};

/* What other workers' pipes and files the front has open is none of this one's. */
static void fds_keep(int a, int b)
{
	unsigned low = (unsigned)(a < b ? a : b), high = (unsigned)(a < b ? b : a);

	if (low > 3)
		close_range(3, low - 1, 0);
	if (high > low + 1)
		close_range(low + 1, high - 1, 0);
	close_range(high + 1, ~0U, 0);
}

static int worker(void *p)
{
	struct worker_args *args = p;
	struct rlimit files;

	/* a host takes five descriptors; the usual soft limit is there for programs that use select() */
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	fds_keep(args->event_fd, args->control_fd);
	return run_case(args->scenario, args->plan, args->options, args->event_fd,
			args->control_fd) < 0;
}

/**
 * struct front - see front.h
 * @buf: lines that nobody was told yet; the first @seen bytes were looked at
 * @event_fd: -1 when the log has ended; @gone: its process, too, with @status
 * @until_ns: then it is killed
 * @stay: the lab may stay, see struct stay; @kept: it does, by the name @lab, and is no business of ours any more
 */
struct front {
	struct audience audience;
	struct outcome outcome;
	struct sandbox box;
	int event_fd, control_fd;
	int64_t until_ns;
	int status;
	bool stands, begun, ended, gone, asked;
	bool stay, numbered, kept;
	char lab[LAB_NAME_SIZE];
	int64_t last_ns;
	char *buf;
	size_t len, cap, seen;
};

static void outcome_take(struct front *f, const struct event *event)
{
	struct outcome *o = &f->outcome;

	f->begun |= event->type == EVENT_BEGIN;
	f->stands |= event->type == EVENT_BUILT || event->type == EVENT_END;
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

/* The socket that the lab serves from now on, or none: then it ends as if nothing had been asked. */
static void lab_answer(struct front *f, int fd)
{
	f->kept = fds_send(f->control_fd, "", 1, &fd, fd >= 0, MSG_NOSIGNAL | MSG_DONTWAIT) == 1 &&
		  fd >= 0;
}

/* The lab could stay: give it a name by which it can be called. */
static void lab_keep(struct front *f, const char *name)
{
	_cleanup_close_ int fd = -1;
	struct lab_err err = { 0 };
	char text[1024];

	if (f->kept || f->asked || !f->stay)
		return;
	if (lab_publish(name, f->numbered, f->lab, &fd, &err) < 0) {
		fprintf(stderr, "nslab: the lab cannot stay: %s\n",
			err.code == EEXIST ? err.msg : lab_err_text(&err, text, sizeof(text)));
		if (err.fix[0])
			fprintf(stderr, "  %s\n", err.fix);
		f->lab[0] = '\0';
	}
	lab_answer(f, fd);
	if (f->numbered)
		return;
	if (!f->kept)
		front_ask(f, SIGTERM);
	else
		f->until_ns = INT64_MAX;
}

static void lab_take(struct front *f, struct event *event)
{
	char *name;

	lab_keep(f, event->stands.lab);
	/* under which name it really stands */
	name = strdup(f->lab);
	if (!name)
		return;
	free(event->stands.lab);
	event->stands.lab = name;
}

static void line_take(struct front *f, const char *line, size_t len, bool tell)
{
	struct event event = { 0 };
	const char *why;

	if (event_read(line, len, &event, &why) < 0) {
		if (tell)
			fprintf(stderr,
				"nslab: bug: the worker wrote an event that cannot be read: %s\n",
				why);
		return;
	}
	if (event.type == EVENT_STANDS)
		lab_take(f, &event);
	/* a lab that could not stay: nothing to be told */
	if (event.type == EVENT_STANDS && !f->kept)
		;
	else if (tell) {
		outcome_take(f, &event);
		f->audience.event(f->audience.arg, &event);
	} else {
		f->stands |= event.type == EVENT_BUILT || event.type == EVENT_END;
	}
	event_clear(&event);
}

/* Hand over the whole lines in the buffer; without a listener only find out whether the lab stands. */
static void lines_take(struct front *f)
{
	bool tell = f->audience.event;
	char *at, *end, *newline;

	if (!f->len)
		return;
	at = f->buf + (tell ? 0 : f->seen);
	end = f->buf + f->len;
	while ((tell || !f->stands || f->stay) &&
	       (newline = memchr(at, '\n', (size_t)(end - at)))) {
		line_take(f, at, (size_t)(newline - at), tell);
		at = newline + 1;
	}
	f->seen = (size_t)(at - f->buf);
	if (!tell)
		return;
	memmove(f->buf, at, (size_t)(end - at));
	f->len = (size_t)(end - at);
	f->seen = 0;
}

/* Read what is there; 0 at the end of the log, else what read() said. */
static ssize_t log_read(struct front *f)
{
	ssize_t n;

	if (f->cap - f->len < 65536) {
		size_t cap = f->cap + f->cap / 2 + 131072;
		char *buf = realloc(f->buf, cap);

		if (!buf)
			return -1;
		f->buf = buf;
		f->cap = cap;
	}
	n = read(f->event_fd, f->buf + f->len, f->cap - f->len);
	if (n > 0) {
		f->len += (size_t)n;
		lines_take(f);
	}
	return n;
}

/* The last word of a worker that died without one: so that each report tells how the run ended. */
static void end_write(struct front *f)
{
	struct outcome *o = &f->outcome;
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
	if (f->audience.event)
		f->audience.event(f->audience.arg, &event);
}

/* A worker that died without a last word: say what is known. */
static void epitaph(struct front *f, int status)
{
	struct outcome *o = &f->outcome;

	if (f->kept)
		return;
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

/* When a worker is killed that has not ended by itself: never while it has a program of the user's own, as in run.c. */
static int64_t worker_until(const struct plan *plan, const struct run_options *options)
{
	if (options->exec && !options->timeout_ns)
		return INT64_MAX;
	return clock_now() + (options->timeout_ns ?: run_timeout(plan)) + grace_ns;
}

int front_start(const struct scenario *scenario, const struct plan *plan,
		const struct run_options *options, struct front **ret_front, struct lab_err *err)
{
	_cleanup_close_ int event_r = -1, event_w = -1, control_r = -1, control_w = -1;
	struct worker_args args = { .scenario = scenario, .plan = plan, .options = options };
	struct front *f;
	int pipes[2], ret;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return lab_err_set(err, errno, "cannot make a pipe");
	event_r = pipes[0];
	event_w = pipes[1];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pipes) < 0)
		return lab_err_set(err, errno, "cannot make a pair of sockets");
	control_r = pipes[0];
	control_w = pipes[1];
	fcntl(event_w, F_SETPIPE_SZ,
	      1 << 20); /* an ordinary user may get less, which is all right */
	args.event_fd = event_w;
	args.control_fd = control_r;
	f = calloc(1, sizeof(*f));
	if (!f)
		return lab_err_set(err, ENOMEM, "cannot start a worker");
	ret = sandbox_spawn(worker, &args, &f->box, err);
	if (ret < 0) {
		free(f);
		return ret;
	}
	f->until_ns = worker_until(plan, options);
	f->event_fd = TAKE_FD(event_r);
	f->control_fd = TAKE_FD(control_w);
	f->stay = options->stay;
	f->numbered = options->stay && options->stay->failed_only;
	*ret_front = f;
	return 0;
}

void front_listen(struct front *front, const struct audience *audience)
{
	front->audience = *audience;
	front->seen = 0;
	lines_take(front);
}

int front_fd(const struct front *front)
{
	return front->event_fd >= 0 ? front->event_fd : front->gone ? -1 : front->box.pidfd;
}

const char *front_lab(const struct front *front)
{
	return front->kept ? front->lab : NULL;
}

int64_t front_until(const struct front *front)
{
	return front->until_ns;
}

bool front_over(const struct front *front)
{
	return front->gone;
}

bool front_stands(const struct front *front)
{
	return front->stands || front->event_fd < 0;
}

size_t front_kept(const struct front *front)
{
	return front->len;
}

void front_kill(struct front *front)
{
	if (!front->gone)
		kill(front->box.pid, SIGKILL);
}

void front_ask(struct front *front, int sig)
{
	unsigned char byte = (unsigned char)sig;
	int64_t at = clock_now() + farewell_ns;

	if (front->asked || front->gone)
		return;
	front->asked = true;
	front->outcome.signal = sig;
	front->until_ns = at < front->until_ns ? at : front->until_ns;
	if (send(front->control_fd, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1)
		front_kill(front);
}

void front_turn(struct front *front, bool ready)
{
	/* its time is over; but a reader of ours that was slow is no reason to lose what it wrote */
	if (!ready && clock_now() >= front->until_ns) {
		front_kill(front);
		front->until_ns = INT64_MAX;
	}
	if (!ready)
		return;
	if (front->event_fd < 0) {
		front->status = sandbox_wait(&front->box);
		front->gone = true;
	} else if (log_read(front) <= 0) {
		close_fd(&front->event_fd);
		front->gone = front->kept;
		if (front->kept)
			close_fd(&front->box.pidfd);
		else
			front_kill(
				front); /* it has closed its log: nothing more is expected of it */
	}
}

int front_wait(struct front *front, bool interrupts)
{
	sigset_t mask, old;
	int signals, sig = 0;

	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	if (interrupts)
		sigaddset(&mask, SIGINT);
	sigprocmask(SIG_BLOCK, &mask, &old);
	signals = signalfd(-1, &mask, SFD_CLOEXEC);
	while (!front_over(front)) {
		struct pollfd fds[] = { { .fd = front_fd(front), .events = POLLIN },
					{ .fd = signals, .events = POLLIN } };
		int64_t left = (front_until(front) - clock_now()) / 1000000 + 1;
		struct signalfd_siginfo info;

		if (poll(fds, 2,
			 left < 0	? 0 :
			 left > 3600000 ? 3600000 :
					  (int)left) < 0 &&
		    errno != EINTR)
			break;
		if (fds[1].revents && read(signals, &info, sizeof(info)) == sizeof(info)) {
			sig = (int)info.ssi_signo;
			front_ask(front, sig);
		}
		front_turn(front, fds[0].revents);
	}
	close_fd(&signals);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return sig;
}

void front_end(struct front *front, struct outcome *ret)
{
	/* a lab that stays, and is still telling: the worker will find nobody, which is all right */
	if (!front->gone && front->kept) {
		close_fd(&front->box.pidfd);
	} else if (!front->gone) {
		front_kill(front);
		front->status = sandbox_wait(&front->box);
	}
	epitaph(front, front->status);
	*ret = front->outcome;
	close_fd(&front->event_fd);
	close_fd(&front->control_fd);
	free(front->buf);
	free(front);
}
