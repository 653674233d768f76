// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "lab/run/op.h"
#include "lab/run/verb.h"

struct args {
	struct ref listener;
};

static const struct key keys[] = {
	{ "accept", &VALUE_LISTENER, offsetof(struct args, listener), .required = true,
	  .example = "door", .help = "the listener, by its name" },
	{ 0 },
};

struct state {
	int listener;
	int fd;
};

static void accepted(struct op *op, int fd)
{
	struct sock *sock = op_sock_new(op, op->step->host, sock_af(op->run), fd, MAKES_CONN);

	sock_track(op, sock);
	op_errno(op, 0);
}

static void try(struct op *op, uint32_t events)
{
	struct state *state = op->state;
	int fd = accept4(state->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (fd >= 0)
		accepted(op, fd);
	else if (errno != EAGAIN && errno != EINTR)
		op_errno(op, errno);
	else
		op_watch(op, state->listener, EPOLLIN);
}

/*
 * On a thread. The listener is non-blocking for the loop's sake, and that is a property of the
 * socket, not of the call; so the thread waits in poll() and then takes the connection.
 */
static int block(void *arg)
{
	struct state *state = arg;
	struct pollfd pfd = { .fd = state->listener, .events = POLLIN };

	for (;;) {
		if (poll(&pfd, 1, -1) < 0)
			return errno;
		state->fd = accept4(state->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (state->fd >= 0)
			return 0;
		if (errno != EAGAIN)
			return errno;
	}
}

static void unblocked(struct op *op, int code)
{
	struct state *state = op->state;

	if (code)
		op_errno(op, code);
	else
		accepted(op, state->fd);
}

static void start(struct op *op)
{
	const struct args *args = op->step->args;
	struct state *state = op_state(op, sizeof(*state));
	struct sock *listener = op_sock(op, &args->listener);

	if (!listener)
		return;
	state->listener = listener->fd;
	if (!op->step->blocking)
		try(op, 0);
	else if ((state->listener = op_hold(op, listener->fd)) >= 0)
		op_block(op, block, unblocked);
}

static void set_up(struct op *op)
{
	op->ready = try;
	start(op);
}

const struct verb VERB_ACCEPT = {
	.name = "accept",
	.on_host = true,
	.summary = "Take the next connection from a listener's queue; waits until there is one.",
	.keys = keys,
	.common = COMMON_AS | COMMON_ID | COMMON_BACKGROUND | COMMON_DEADLINE | COMMON_BLOCKING,
	.expects = EXPECT_ERROR | EXPECT_AFTER,
	.makes = MAKES_CONN,
	.args_size = sizeof(struct args),
	.start = set_up,
};
