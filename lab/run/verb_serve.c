// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/run/op.h"
#include "lab/run/server.h"
#include "lab/run/verb.h"

struct args {
	int kind;
	struct ref on;
};

static const struct key keys[] = {
	{ "serve", &VALUE_TEXT, offsetof(struct args, kind), .required = true, .example = "echo",
	  .help = "echo sends back what comes, http answers 200 and closes, discard reads and forgets, chargen never stops sending",
	  .words = server_words },
	{ "on", &VALUE_LISTENER, offsetof(struct args, on), .required = true, .example = "door",
	  .help = "the listener, by its name" },
	{ "names", &VALUE_TEXT, .later = "the name server comes with the stateful firewall",
	  .example = "{www: server}", .help = "names that the name server knows" },
	{ 0 },
};

struct state {
	struct server *server;
};

static void cleanup(struct op *op)
{
	server_stop(((struct state *)op->state)->server);
}

static void closing(struct op *op, struct sock *sock)
{
	server_deaf(((struct state *)op->state)->server, sock);
}

static void rebooted(struct op *op)
{
	server_abort(((struct state *)op->state)->server);
}

static void start(struct op *op)
{
	const struct args *args = op->step->args;
	struct state *state = op_state(op, sizeof(*state));
	struct sock *sock = op_sock(op, &args->on);

	op->cleanup = cleanup;
	op->closing = closing;
	op->rebooted = rebooted;
	if (!sock)
		return;
	state->server = server_start(op, sock, args->kind);
	op_errno(op, 0);
}

const struct verb VERB_SERVE = {
	.name = "serve",
	.on_host = true,
	.summary = "Accept every connection of a listener from now on, and talk to it.",
	.keys = keys,
	.common = COMMON_ID | COMMON_BACKGROUND,
	.expects = EXPECT_ERROR | EXPECT_AFTER,
	.args_size = sizeof(struct args),
	.start = start,
};
