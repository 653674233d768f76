// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "lab/run/op.h"
#include "lab/run/verb.h"

/* little at a time, so that captures can be read in between */
enum { CHUNK = 64 * 1024, CHUNKS_A_TURN = 1 };

struct args {
	struct ref conn;
	int64_t bytes; /* -1: left out */
	char *text;
};

static const struct key keys[] = {
	{ "send", &VALUE_CONN, offsetof(struct args, conn), .required = true, .example = "conn",
	  .help = "the connection, by its name" },
	{ "bytes", &VALUE_BYTES, offsetof(struct args, bytes), .def = "the text",
	  .example = "100kB", .help = "so many bytes of a pattern" },
	{ "text", &VALUE_TEXT, offsetof(struct args, text), .def = "none", .example = "hello",
	  .help = "this text, as it stands" },
	{ 0 },
};

struct state {
	int fd;
	const char *text; /* NULL: a pattern */
	int64_t todo;
};

static void init(void *p)
{
	((struct args *)p)->bytes = -1;
}

static int check(struct reader *r, const struct node *at, struct step *step)
{
	const struct args *args = step->args;

	if (!args->text == (args->bytes < 0))
		return reader_problem(r, at, NULL, "send needs either bytes or text%s",
				      args->text ? ", found both" : ", found neither");
	return 0;
}

/* What is sent where the file gives no text; filled before any thread can look at it. */
static char pattern[CHUNK];

/* Send one chunk; errno, or 0. @op->bytes counts. */
static int chunk_send(struct op *op, int flags)
{
	struct state *state = op->state;
	size_t len = state->todo < CHUNK ? (size_t)state->todo : CHUNK;
	ssize_t n;

	n = send(state->fd, state->text ? state->text + op->bytes : pattern, len,
		 flags | MSG_NOSIGNAL);
	if (n < 0)
		return errno;
	state->todo -= n;
	op->bytes += n;
	return 0;
}

static void try(struct op *op, uint32_t events)
{
	struct state *state = op->state;
	int code = 0;

	(void)events;
	for (int i = 0; !code && state->todo && i < CHUNKS_A_TURN; i++)
		code = chunk_send(op, MSG_DONTWAIT);
	if (code && code != EAGAIN && code != EINTR)
		op_errno(op, code);
	else if (!state->todo)
		op_errno(op, 0);
	else
		op_watch(op, state->fd, EPOLLOUT);
}

struct blocked {
	struct state state;
	struct op *op;
};

static int block(void *arg)
{
	struct blocked *blocked = arg;
	int code = 0;

	while (!code && blocked->state.todo)
		code = chunk_send(blocked->op, 0);
	return code;
}

static void start(struct op *op)
{
	const struct args *args = op->step->args;
	struct blocked *blocked = op_state(op, sizeof(*blocked));
	struct sock *sock = op_sock(op, &args->conn);

	if (!sock)
		return;
	if (!pattern[0])
		memset(pattern, 'n', sizeof(pattern));
	blocked->op = op;
	blocked->state.fd = sock->fd;
	blocked->state.text = args->text;
	blocked->state.todo = args->text ? (int64_t)strlen(args->text) : args->bytes;
	op->bytes = 0;
	op->ready = try;
	if (!op->step->blocking)
		try(op, 0);
	else if (sock_blocking(op, sock) && (blocked->state.fd = op_hold(op, sock->fd)) >= 0)
		op_block(op, block, op_errno);
}

const struct verb VERB_SEND = {
	.name = "send",
	.on_host = true,
	.summary =
		"Send, until the kernel has taken all of it (which does not mean that it arrived).",
	.keys = keys,
	.common = COMMON_ID | COMMON_BACKGROUND | COMMON_DEADLINE | COMMON_BLOCKING,
	.expects = EXPECT_ERROR | EXPECT_AFTER | EXPECT_BYTES,
	.args_size = sizeof(struct args),
	.init = init,
	.check = check,
	.start = start,
};
