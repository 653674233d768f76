// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * connect(2) as Go's net.Dial uses it: non-blocking, then wait until the socket is writable, then
 * read SO_ERROR. A dial that hits its deadline closes its socket.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "lab/run/exec.h"
#include "lab/run/op.h"
#include "lab/run/server.h"
#include "lab/run/sockopt.h"
#include "lab/run/verb.h"

struct args {
	struct endpoint to;
	uint16_t local;
	bool keep;
	int ip; /* index into ip_words, -1 if left out */
	struct sockopts options;
};

static const char *const ip_words[] = { "4", "6", NULL };

static const struct key keys[] = {
	{ "dial", &VALUE_ENDPOINT, offsetof(struct args, to), .required = true,
	  .example = "\"server:8080\"",
	  .help = "host and port; also an address: \"[fd00::2]:8080\"" },
	{ "local", &VALUE_PORT, offsetof(struct args, local), .def = "the kernel chooses",
	  .example = "20000", .help = "bind() to this port first" },
	{ "keep", &VALUE_BOOL, offsetof(struct args, keep), .def = "false", .example = "true",
	  .help = "leave the socket open when the deadline comes; Go closes it" },
	{ "ip", &VALUE_TEXT, offsetof(struct args, ip), .def = "6 in a dual case", .example = "4",
	  .help = "the family, where a case has both", .words = ip_words },
	{ "options", &VALUE_OPTIONS, offsetof(struct args, options), .def = "none",
	  .example = "{user_timeout: 2s}", .help = "socket options, set before connect()" },
	{ 0 },
};

struct state {
	struct sock *sock;
	struct sockaddr_storage to;
	socklen_t len;
};

static void init(void *p)
{
	struct args *args = p;

	args->ip = -1;
	sockopts_none(&args->options);
}

static int check(struct reader *r, const struct node *at, struct step *step)
{
	const struct args *args = step->args;

	if (args->ip < 0 || reader_plan(r)->ip & (args->ip ? IP_6 : IP_4))
		return 0;
	return reader_problem(r, node_get(at, "ip") ?: at, NULL, "this case runs on IPv%s only",
			      args->ip ? "4" : "6");
}

/* connect() has ended, one way or another. */
static void connected(struct op *op, int code)
{
	struct state *state = op->state;

	sock_track(op, state->sock);
	/* a socket whose connect failed is of no more use; Go closes it too */
	if (code)
		sock_close(op, state->sock);
	op_errno(op, code);
}

static void ready(struct op *op, uint32_t events)
{
	struct state *state = op->state;
	int code = 0;
	socklen_t len = sizeof(code);

	(void)events;
	if (getsockopt(state->sock->fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0)
		code = errno;
	connected(op, code);
}

static void expire(struct op *op)
{
	struct state *state = op->state;
	const struct args *args = op->step->args;

	if (!args->keep)
		sock_close(op, state->sock);
	op_finish(op, ERROR_DEADLINE, 0);
}

static int block(void *arg)
{
	struct state *state = arg;

	return connect(state->sock->fd, (struct sockaddr *)&state->to, state->len) < 0 ? errno : 0;
}

/* While a thread is inside connect(): its ports are known a moment after it began. */
static void poll_ports(struct op *op)
{
	struct state *state = op->state;

	if (op->blocking && !state->sock->end)
		sock_track(op, state->sock);
}

static void dial(struct op *op)
{
	const struct args *args = op->step->args;
	struct state *state = op->state;
	int type = SOCK_STREAM | (op->step->blocking ? 0 : SOCK_NONBLOCK);
	int fd;

	fd = sock_open_family(op, &args->options, args->local, type, state->to.ss_family);
	if (fd < 0)
		return;
	state->sock = op_sock_new(op, op->step->host, state->to.ss_family, fd, MAKES_CONN);
	op->ready = ready;
	op->expire = expire;
	if (op->step->blocking) {
		op->poll = poll_ports;
		op_block(op, block, connected);
		return;
	}
	if (!connect(fd, (struct sockaddr *)&state->to, state->len)) {
		connected(op, 0);
	} else if (errno == EINPROGRESS) {
		sock_track(op, state->sock);
		op_watch(op, fd, EPOLLOUT);
	} else {
		connected(op, errno);
	}
}

/* A server that somebody else wrote takes its time to start. */
static void poll_server(struct op *op)
{
	struct state *state = op->state;

	if (!exec_answers(op, &state->to) || op->done)
		return;
	op->poll = NULL;
	dial(op);
}

static void start(struct op *op)
{
	const struct args *args = op->step->args;
	struct state *state = op_state(op, sizeof(*state));
	/* in the families that the case has */
	int fam = args->ip >= 0 ? args->ip : run_plan(op->run)->ip & IP_6 ? FAM6 : FAM4;

	if (!sock_address(op, &args->to, fam, args->to.port, &state->to, &state->len))
		return;
	/* who says from which port may mean to meet another dial, and no listener */
	if (args->local || exec_answers(op, &state->to))
		dial(op);
	else
		op->poll = poll_server;
}

const struct verb VERB_DIAL = {
	.name = "dial",
	.on_host = true,
	.summary = "Connect, as net.Dial does, and wait until that succeeds or fails.",
	.keys = keys,
	.common = COMMON_AS | COMMON_ID | COMMON_BACKGROUND | COMMON_DEADLINE | COMMON_BLOCKING,
	.expects = EXPECT_ERROR | EXPECT_AFTER,
	.makes = MAKES_CONN,
	.args_size = sizeof(struct args),
	.init = init,
	.check = check,
	.start = start,
};
