// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "lab/run/op.h"
#include "lab/run/verb.h"

enum { CHUNK = 64 * 1024, CHUNKS_A_TURN = 16 };

struct args {
	struct ref conn;
	int64_t bytes; /* -1: left out */
	int until;     /* 0: eof, -1: left out */
};

static const char *const until_words[] = { "eof", NULL };

static const struct key keys[] = {
	{ "recv", &VALUE_CONN, offsetof(struct args, conn), .required = true, .example = "peer",
	  .help = "the connection, by its name" },
	{ "bytes", &VALUE_BYTES, offsetof(struct args, bytes), .def = "whatever comes first",
	  .example = "100kB",
	  .help = "exactly so many; an earlier end of the stream is the error eof" },
	{ "until", &VALUE_TEXT, offsetof(struct args, until), .def = "see bytes", .example = "eof",
	  .help = "read until the peer ends the stream", .words = until_words },
	{ 0 },
};

struct state {
	struct op *op;
	int fd;
	int64_t want; /* INT64_MAX: until eof */
	bool once;    /* the first bytes are enough */
	bool eof;
};

static void init(void *p)
{
	struct args *args = p;

	args->bytes = -1;
	args->until = -1;
}

static int check(struct reader *r, const struct node *at, struct step *step)
{
	const struct args *args = step->args;

	if (args->bytes >= 0 && args->until >= 0)
		return reader_problem(r, at, NULL, "recv takes either bytes or until, found both");
	return 0;
}

static bool enough(const struct op *op, const struct state *state)
{
	return state->eof || op->bytes >= state->want || (state->once && op->bytes > 0);
}

/* Receive one chunk; errno, or 0. */
static int chunk_recv(struct op *op, struct state *state, int flags)
{
	char buf[CHUNK];
	int64_t left = state->want - op->bytes;
	ssize_t n = recv(state->fd, buf, left < CHUNK ? (size_t)left : CHUNK, flags);

	if (n < 0)
		return errno;
	state->eof = n == 0;
	op->bytes += n;
	return 0;
}

static void finish(struct op *op, int code)
{
	struct state *state = op->state;
	bool early = state->eof && !state->once && state->want != INT64_MAX &&
		     op->bytes < state->want;

	op->eof = state->eof;
	if (code)
		op_errno(op, code);
	else
		op_finish(op, early ? ERROR_EOF : ERROR_NONE, 0);
}

static void try(struct op *op, uint32_t events)
{
	struct state *state = op->state;
	int code = 0;

	(void)events;
	for (int i = 0; !code && !enough(op, state) && i < CHUNKS_A_TURN; i++)
		code = chunk_recv(op, state, MSG_DONTWAIT);
	if (code && code != EAGAIN && code != EINTR)
		finish(op, code);
	else if (enough(op, state))
		finish(op, 0);
	else
		op_watch(op, state->fd, EPOLLIN);
}

static int block(void *arg)
{
	struct state *state = arg;
	int code = 0;

	while (!code && !enough(state->op, state))
		code = chunk_recv(state->op, state, 0);
	return code;
}

static void start(struct op *op)
{
	const struct args *args = op->step->args;
	struct state *state = op_state(op, sizeof(*state));
	struct sock *sock = op_sock(op, &args->conn);

	if (!sock)
		return;
	*state = (struct state){ .op = op,
				 .fd = sock->fd,
				 .want = INT64_MAX,
				 .once = args->bytes < 0 && args->until < 0 };
	if (args->bytes >= 0)
		state->want = args->bytes;
	op->bytes = 0;
	op->ready = try;
	if (!op->step->blocking)
		try(op, 0);
	else if (sock_blocking(op, sock) && (state->fd = op_hold(op, sock->fd)) >= 0)
		op_block(op, block, finish);
}

const struct verb VERB_RECV = {
	.name = "recv",
	.on_host = true,
	.summary = "Receive.",
	.keys = keys,
	.common = COMMON_ID | COMMON_BACKGROUND | COMMON_DEADLINE | COMMON_BLOCKING,
	.expects = EXPECT_ERROR | EXPECT_AFTER | EXPECT_BYTES | EXPECT_EOF,
	.args_size = sizeof(struct args),
	.init = init,
	.check = check,
	.start = start,
};
