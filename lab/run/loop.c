// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: epoll, and one timerfd for the time to wake at, which is more exact than
 * epoll_wait()'s milliseconds. Epoll takes a descriptor once, but several sources may wait for one (a
 * step that sends and one that receives), so each descriptor has a watch with a list of sources, and
 * epoll is asked for all that any of them wants. Sources and watches that are dropped during a turn
 * may still stand in the list of ready ones; they are only marked, and freed when the turn is over.
 */
#include "lab/run/loop.h"

#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "netns/cleanup.h"

struct watch;

struct source {
	struct source *next;
	struct watch *watch;
	uint32_t events;
	void (*fn)(void *arg, uint32_t events);
	void *arg;
	bool dead;
};

struct watch {
	struct watch *next;
	struct loop *loop;
	struct source *sources;
	int fd;
};

struct loop {
	int epoll;
	int timer;
	struct watch *watches;
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

/* Free the sources that were dropped, and the watches that have none left. */
static void bury(struct loop *loop)
{
	struct watch **at = &loop->watches;

	while (*at) {
		struct watch *watch = *at;
		struct source **from = &watch->sources;

		while (*from) {
			struct source *source = *from;

			if (!source->dead) {
				from = &source->next;
				continue;
			}
			*from = source->next;
			free(source);
		}
		if (watch->sources) {
			at = &watch->next;
			continue;
		}
		*at = watch->next;
		free(watch);
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

static uint32_t wanted(const struct watch *watch)
{
	uint32_t events = 0;

	for (const struct source *s = watch->sources; s; s = s->next)
		events |= s->dead ? 0 : s->events;
	return events;
}

static bool is_alive(const struct watch *watch)
{
	for (const struct source *s = watch->sources; s; s = s->next) {
		if (!s->dead)
			return true;
	}
	return false;
}

/* The watch of @fd; one whose sources are all dropped belongs to a descriptor that is gone. */
static struct watch *watch_find(struct loop *loop, int fd)
{
	for (struct watch *watch = loop->watches; watch; watch = watch->next) {
		if (watch->fd == fd && is_alive(watch))
			return watch;
	}
	return NULL;
}

static int watch_tell(struct watch *watch, int how)
{
	struct epoll_event ev = { .events = wanted(watch), .data.ptr = watch };

	return epoll_ctl(watch->loop->epoll, how, watch->fd, &ev) < 0 ? -errno : 0;
}

struct source *source_add(struct loop *loop, int fd, uint32_t events,
			  void (*fn)(void *arg, uint32_t events), void *arg)
{
	struct source *source = calloc(1, sizeof(*source));
	struct watch *watch = watch_find(loop, fd);
	int how = watch ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, ret;

	if (!watch) {
		watch = calloc(1, sizeof(*watch));
		if (watch) {
			*watch = (struct watch){ .next = loop->watches, .loop = loop, .fd = fd };
			loop->watches = watch;
		}
	}
	if (!source || !watch) {
		free(source);
		errno = ENOMEM;
		return NULL; /* a watch without sources goes with the next burial */
	}
	*source = (struct source){
		.next = watch->sources, .watch = watch, .events = events, .fn = fn, .arg = arg
	};
	watch->sources = source;
	ret = watch_tell(watch, how);
	if (ret < 0) {
		source->dead = true;
		errno = -ret;
		return NULL;
	}
	return source;
}

int source_events(struct source *source, uint32_t events)
{
	source->events = events;
	return watch_tell(source->watch, EPOLL_CTL_MOD);
}

void source_drop(struct source *source)
{
	if (!source || source->dead)
		return;
	source->dead = true;
	watch_tell(source->watch, is_alive(source->watch) ? EPOLL_CTL_MOD : EPOLL_CTL_DEL);
}

/* An error or a hang-up concerns whoever waits for anything. */
static void watch_ready(struct watch *watch, uint32_t events)
{
	const uint32_t always = EPOLLERR | EPOLLHUP;

	for (struct source *s = watch->sources; s; s = s->next) {
		if (!s->dead && events & (s->events | always))
			s->fn(s->arg, events & (s->events | always));
	}
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
		struct watch *watch = ready[i].data.ptr;

		if (!watch) {
			if (read(loop->timer, &expirations, sizeof(expirations)) < 0 &&
			    errno != EAGAIN)
				return lab_err_set(err, errno, "cannot read the timer");
		} else {
			watch_ready(watch, ready[i].events);
		}
	}
	bury(loop);
	return 0;
}
