// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sys/socket.h>

#include "lab/run/op.h"
#include "lab/run/verb.h"

struct args {
	struct ref conn;
	int how;
};

static const char *const how_words[] = { "read", "write", "both", NULL };
static const int hows[] = { SHUT_RD, SHUT_WR, SHUT_RDWR };

static const struct key keys[] = {
	{ "shutdown", &VALUE_CONN, offsetof(struct args, conn), .required = true, .example = "conn",
	  .help = "the connection, by its name" },
	{ "how", &VALUE_TEXT, offsetof(struct args, how), .def = "write", .example = "write",
	  .help = "the direction", .words = how_words },
	{ 0 },
};

static void init(void *p)
{
	((struct args *)p)->how = 1;
}

static void start(struct op *op)
{
	const struct args *args = op->step->args;
	struct sock *sock = op_sock(op, &args->conn);

	if (sock)
		op_errno(op, shutdown(sock->fd, hows[args->how]) < 0 ? errno : 0);
}

const struct verb VERB_SHUTDOWN = {
	.name = "shutdown",
	.on_host = true,
	.summary =
		"Close one direction, or both, and keep the socket: shutdown(2), CloseWrite in Go.",
	.keys = keys,
	.common = COMMON_ID | COMMON_BACKGROUND,
	.expects = EXPECT_ERROR | EXPECT_AFTER,
	.args_size = sizeof(struct args),
	.init = init,
	.start = start,
};
