// SPDX-License-Identifier: GPL-2.0-or-later
/* The two ways in which a program can get rid of a socket: close, and abort with a RST. */
#include <errno.h>
#include <sys/socket.h>

#include "lab/run/op.h"
#include "lab/run/verb.h"

struct args {
	struct ref sock;
};

static const struct key close_keys[] = {
	{ "close", &VALUE_SOCKET, offsetof(struct args, sock), .required = true, .example = "conn",
	  .help = "any socket, by its name" },
	{ 0 },
};

static const struct key abort_keys[] = {
	{ "abort", &VALUE_CONN, offsetof(struct args, sock), .required = true, .example = "conn",
	  .help = "the connection, by its name" },
	{ 0 },
};

static void close_start(struct op *op)
{
	const struct args *args = op->step->args;
	struct sock *sock = op_sock(op, &args->sock);

	if (sock)
		op_errno(op, sock_close(op, sock));
}

static void abort_start(struct op *op)
{
	const struct args *args = op->step->args;
	struct sock *sock = op_sock(op, &args->sock);
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };

	if (!sock)
		return;
	if (setsockopt(sock->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) < 0)
		op_errno(op, errno);
	else
		op_errno(op, sock_close(op, sock));
}

const struct verb VERB_CLOSE = {
	.name = "close",
	.on_host = true,
	.summary =
		"Close the socket, as conn.Close() does; the kernel goes on with what is left to do.",
	.keys = close_keys,
	.common = COMMON_ID | COMMON_BACKGROUND,
	.expects = EXPECT_ERROR | EXPECT_AFTER,
	.args_size = sizeof(struct args),
	.start = close_start,
};

const struct verb VERB_ABORT = {
	.name = "abort",
	.on_host = true,
	.summary = "Close with a RST: SO_LINGER with a time of 0, SetLinger(0) in Go.",
	.keys = abort_keys,
	.common = COMMON_ID | COMMON_BACKGROUND,
	.expects = EXPECT_ERROR | EXPECT_AFTER,
	.args_size = sizeof(struct args),
	.start = abort_start,
};
