// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a signal without SA_RESTART makes a blocking call return EINTR. It may come
 * just before the call begins, and is lost then; so whoever wants the end interrupts again until
 * the thread says that it is done.
 */
#include "lab/run/blocking.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>

#include "netns/cleanup.h"

struct blocking {
	pthread_t thread;
	int fd;
	int (*fn)(void *arg);
	void *arg;
	int code;
	bool joined;
};

static void wake_up(int sig)
{
	(void)sig; /* only there to interrupt */
}

static void *body(void *arg)
{
	struct blocking *b = arg;
	uint64_t one = 1;

	b->code = b->fn(b->arg);
	if (write(b->fd, &one, sizeof(one)) < 0)
		abort(); /* an eventfd of our own takes a 1 */
	return NULL;
}

/*
 * Real-time from its first moment where it may be (as root): on a busy machine a new thread may else wait
 * longer for a processor than the call is to take.
 */
static int thread_start(struct blocking *b)
{
	struct sched_param param = { .sched_priority = 1 };
	pthread_attr_t attr;
	int code;

	pthread_attr_init(&attr);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_FIFO);
	pthread_attr_setschedparam(&attr, &param);
	code = pthread_create(&b->thread, &attr, body, b);
	pthread_attr_destroy(&attr);
	return code == EPERM ? pthread_create(&b->thread, NULL, body, b) : code;
}

int blocking_start(int (*fn)(void *arg), void *arg, struct blocking **ret_blocking,
		   struct lab_err *err)
{
	struct sigaction sa = { .sa_handler = wake_up };
	struct blocking *b = calloc(1, sizeof(*b));
	int code;

	if (!b)
		return lab_err_set(err, ENOMEM, "cannot start a thread");
	b->fn = fn;
	b->arg = arg;
	b->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (b->fd < 0 || sigaction(SIGUSR1, &sa, NULL) < 0)
		code = errno;
	else
		code = thread_start(b);
	if (code) {
		close_fd(&b->fd);
		free(b);
		return lab_err_set(err, code, "cannot start a thread");
	}
	*ret_blocking = b;
	return 0;
}

int blocking_fd(const struct blocking *b)
{
	return b->fd;
}

bool blocking_done(struct blocking *b, int *ret_code)
{
	struct pollfd pfd = { .fd = b->fd, .events = POLLIN };

	if (poll(&pfd, 1, 0) <= 0)
		return false;
	/* it has nothing left to do: this does not wait, and makes its result ours to read */
	if (!b->joined)
		pthread_join(b->thread, NULL);
	b->joined = true;
	*ret_code = b->code;
	return true;
}

void blocking_interrupt(struct blocking *b)
{
	if (!b->joined)
		pthread_kill(b->thread, SIGUSR1);
}

void blocking_end(struct blocking *b)
{
	struct pollfd pfd;

	if (!b)
		return;
	pfd = (struct pollfd){ .fd = b->fd, .events = POLLIN };
	while (!b->joined && poll(&pfd, 1, 1) == 0)
		blocking_interrupt(b);
	if (!b->joined)
		pthread_join(b->thread, NULL);
	close_fd(&b->fd);
	free(b);
}
