// SPDX-License-Identifier: GPL-2.0-or-later
#include <sys/socket.h>

#include "lab/run/op.h"
#include "lab/run/sockopt.h"
#include "lab/run/verb.h"

struct args {
	uint16_t port;
	struct sockopts options;
};

static const struct key keys[] = {
	{ "bind", &VALUE_PORT, offsetof(struct args, port), .required = true, .example = "\"8080\"",
	  .help = "the port, on all addresses of the host" },
	{ "options", &VALUE_OPTIONS, offsetof(struct args, options), .def = "none",
	  .example = "{reuseaddr: true}", .help = "socket options, set before bind()" },
	{ 0 },
};

static void init(void *p)
{
	sockopts_none(&((struct args *)p)->options);
}

static void start(struct op *op)
{
	const struct args *args = op->step->args;
	int fd = sock_open_family(op, &args->options, args->port, SOCK_STREAM | SOCK_NONBLOCK,
				  sock_af(op->run));

	if (fd < 0)
		return;
	op_sock_new(op, op->step->host, sock_af(op->run), fd, MAKES_BOUND)->lport = args->port;
	op_errno(op, 0);
}

const struct verb VERB_BIND = {
	.name = "bind",
	.on_host = true,
	.summary = "Open a socket and bind it to a port, no more.",
	.keys = keys,
	.common = COMMON_AS | COMMON_ID | COMMON_BACKGROUND,
	.expects = EXPECT_ERROR | EXPECT_AFTER,
	.makes = MAKES_BOUND,
	.args_size = sizeof(struct args),
	.init = init,
	.start = start,
};
