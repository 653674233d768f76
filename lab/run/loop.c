// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: epoll, and one timerfd for the time to wake at, which is more exact than
 * epoll_wait()'s milliseconds. A source that is dropped during a turn may still stand in the list of
 * ready ones, so it is only marked, and freed when the turn is over.
 */
#include "lab/run/loop.h"

#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "netns/cleanup.h"

struct source {
	struct loop *loop;
	struct source *next_dead;
	int fd;
	void (*fn)(void *arg, uint32_t events);
	void *arg;
	bool dead;
};

struct loop {
	int epoll;
	int timer;
	struct source *dead;
};

int loop_open(struct loop **ret_loop, struct lab_err *err)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct loop *loop = calloc(1, sizeof(*loop));
	int code;

	if (!loop)
		return lab_err_set(err, ENOMEM, "cannot make an event loop");
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	loop->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (loop->epoll < 0 || loop->timer < 0 ||
	    epoll_ctl(loop->epoll, EPOLL_CTL_ADD, loop->timer, &ev) < 0) {
		code = errno;
		loop_close(loop);
		return lab_err_set(err, code, "cannot make an event loop");
	}
	*ret_loop = loop;
	return 0;
}

static void bury(struct loop *loop)
{
	while (loop->dead) {
		struct source *source = loop->dead;

		loop->dead = source->next_dead;
		free(source);
	}
}

void loop_close(struct loop *loop)
{
	if (!loop)
		return;
	bury(loop);
	close_fd(&loop->epoll);
	close_fd(&loop->timer);
	free(loop);
}

struct source *source_add(struct loop *loop, int fd, uint32_t events,
			  void (*fn)(void *arg, uint32_t events), void *arg)
{
	struct source *source = calloc(1, sizeof(*source));
	struct epoll_event ev = { .events = events, .data.ptr = source };

	if (!source)
		return NULL;
	*source = (struct source){ .loop = loop, .fd = fd, .fn = fn, .arg = arg };
	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &ev) < 0) {
		free(source);
		return NULL;
	}
	return source;
}

int source_events(struct source *source, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = source };

	return epoll_ctl(source->loop->epoll, EPOLL_CTL_MOD, source->fd, &ev) < 0 ? -errno : 0;
}

void source_drop(struct source *source)
{
	if (!source || source->dead)
		return;
	epoll_ctl(source->loop->epoll, EPOLL_CTL_DEL, source->fd, NULL);
	source->dead = true;
	source->next_dead = source->loop->dead;
	source->loop->dead = source;
}

int loop_turn(struct loop *loop, int64_t wake_ns, struct lab_err *err)
{
	struct itimerspec at = { 0 };
	struct epoll_event ready[64];
	uint64_t expirations;
	int n;

	if (wake_ns < 1)
		wake_ns = 1; /* 0 would disarm the timer */
	at.it_value.tv_sec = wake_ns / 1000000000;
	at.it_value.tv_nsec = wake_ns % 1000000000;
	if (timerfd_settime(loop->timer, TFD_TIMER_ABSTIME, &at, NULL) < 0)
		return lab_err_set(err, errno, "cannot set a timer");
	n = epoll_wait(loop->epoll, ready, 64, -1);
	if (n < 0 && errno != EINTR)
		return lab_err_set(err, errno, "cannot wait for events");
	for (int i = 0; i < n; i++) {
		struct source *source = ready[i].data.ptr;

		if (!source) {
			if (read(loop->timer, &expirations, sizeof(expirations)) < 0 && errno != EAGAIN)
				return lab_err_set(err, errno, "cannot read the timer");
		} else if (!source->dead) {
			source->fn(source->arg, ready[i].events);
		}
	}
	bury(loop);
	return 0;
}
