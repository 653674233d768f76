// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lab/run/op.h"
#include "lab/run/server.h"
#include "lab/run/sockopt.h"
#include "lab/run/verb.h"

struct args {
	uint16_t port;
	int64_t backlog;
	int serve; /* index of a word, -1 for none */
	struct sockopts options;
};

static const struct key keys[] = {
	{ "listen", &VALUE_PORT, offsetof(struct args, port), .required = true, .example = "8080",
	  .help = "the port, on all addresses of the host" },
	{ "backlog", &VALUE_INT, offsetof(struct args, backlog), .def = "128", .example = "1",
	  .help = "connections that may wait to be accepted; the kernel holds one more" },
	{ "serve", &VALUE_TEXT, offsetof(struct args, serve), .def = "nothing is accepted",
	  .example = "echo", .help = "accept every connection and talk to it: see serve",
	  .words = server_words },
	{ "options", &VALUE_OPTIONS, offsetof(struct args, options), .def = "none",
	  .example = "{reuseaddr: true}", .help = "socket options, set before bind()" },
	{ 0 },
};

static void init(void *p)
{
	struct args *args = p;

	args->backlog = 128;
	args->serve = -1;
	sockopts_none(&args->options);
}

static int check(struct reader *r, const struct node *at, struct step *step)
{
	const struct args *args = step->args;

	if (args->serve != SERVER_DNS)
		return 0;
	return reader_problem(r, node_get(at, "serve") ?: at, "write {serve: dns, on: PORT}",
			      "a name server opens its own sockets, for UDP and for TCP");
}

static void start(struct op *op)
{
	const struct args *args = op->step->args;
	int fd = sock_open_family(op, &args->options, args->port, SOCK_STREAM | SOCK_NONBLOCK,
				  sock_af(op->run));
	struct sock *sock;

	if (fd < 0)
		return;
	if (listen(fd, (int)args->backlog) < 0) {
		op_errno(op, errno);
		close(fd);
		return;
	}
	sock = op_sock_new(op, op->step->host, sock_af(op->run), fd, MAKES_LISTENER);
	sock->lport = args->port;
	if (args->serve >= 0)
		server_hold(op, sock, (enum server_kind)args->serve);
	op_errno(op, 0);
}

const struct verb VERB_LISTEN = {
	.name = "listen",
	.on_host = true,
	.summary = "Open a listening socket. Connections wait in its queue until accept.",
	.keys = keys,
	.common = COMMON_AS | COMMON_ID | COMMON_BACKGROUND,
	.expects = EXPECT_ERROR | EXPECT_AFTER,
	.makes = MAKES_LISTENER,
	.args_size = sizeof(struct args),
	.init = init,
	.check = check,
	.start = start,
};
