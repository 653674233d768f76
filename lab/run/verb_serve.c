// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lab/run/dns.h"
#include "lab/run/nameserver.h"
#include "lab/run/op.h"
#include "lab/run/server.h"
#include "lab/run/verb.h"

/**
 * struct args - what is served where
 * @on: a listener's name or a port, which only @kind tells apart; @listener or @port in the end
 */
struct args {
	int kind;
	const struct node *on;
	const struct node *names;
	struct ref listener;
	uint16_t port;
	struct dns_record *records;
	int n_records;
};

int step_serves_names(const struct step *step)
{
	const struct args *args = step->args;

	return step->verb == &VERB_SERVE && args->kind == SERVER_DNS && args->port == DNS_PORT ?
		       step->host :
		       -1;
}

static int node_read(struct reader *r, const struct node *value, void *out)
{
	(void)r;
	*(const struct node **)out = value;
	return 0;
}

static const struct value_type VALUE_ON = { "listener or port", "a listener's name or a port",
					    node_read, NULL };
static const struct value_type VALUE_NAMES = { "mapping of names",
					       "a mapping such as {www: server}", node_read, NULL };

static const struct key keys[] = {
	{ "serve", &VALUE_TEXT, offsetof(struct args, kind), .required = true, .example = "echo",
	  .help = "echo sends back what comes, http answers 200 and closes, discard reads and "
		  "forgets, chargen never stops sending, dns is a name server",
	  .words = server_words },
	{ "on", &VALUE_ON, offsetof(struct args, on), .def = "53 for dns", .example = "door",
	  .help = "the listener, by its name; for dns the port, UDP and TCP, on all addresses of "
		  "the host" },
	{ "names", &VALUE_NAMES, offsetof(struct args, names), .def = "the hosts' names",
	  .example = "{www: server, db: 10.0.9.9}",
	  .help = "what the name server knows beside the hosts: a host, an address, or a list of "
		  "them for each name. A host stands for its addresses in the case's families as "
		  "the asker knows them" },
	{ 0 },
};

static int name_check(struct reader *r, const struct node *names, int i)
{
	const struct node *key = names->keys[i];

	if (!dns_name_ok(key->text))
		return reader_problem(r, key, NULL,
				      "'%.64s' is no domain name; expected letters, digits, '-' and "
				      "'_' in parts of at most 63, with '.' between them",
				      key->text);
	for (int k = 0; k < i; k++)
		if (!strcasecmp(names->keys[k]->text, key->text))
			return reader_problem(r, key, NULL,
					      "'%.64s' and '%.64s' (line %d) are the same name",
					      key->text, names->keys[k]->text,
					      names->keys[k]->line);
	return 0;
}

static int record_read(struct reader *r, const char *name, const struct node *value,
		       struct args *args)
{
	struct dns_record record = { .host = -1 }, *more;
	const char *text;

	text = reader_text(r, value);
	if (!text)
		return -EINVAL;
	if (inet_pton(AF_INET, text, record.addr) == 1)
		record.fam = FAM4;
	else if (inet_pton(AF_INET6, text, record.addr) == 1)
		record.fam = FAM6;
	else if (reader_value(r, value, &VALUE_HOST, &record.host))
		return -EINVAL;
	more = realloc(args->records, (size_t)(args->n_records + 1) * sizeof(*more));
	if (!more)
		return reader_problem(r, value, NULL, "out of memory");
	args->records = more;
	record.name = strdup(name);
	if (!record.name)
		return reader_problem(r, value, NULL, "out of memory");
	more[args->n_records++] = record;
	return 0;
}

static int names_read(struct reader *r, const struct node *names, struct args *args)
{
	int err = 0;

	if (names->kind != NODE_MAP)
		return reader_problem(r, names, NULL, "expected a mapping such as {www: server}");
	for (int i = 0; i < names->n; i++) {
		const struct node *value = names->items[i];

		if (name_check(r, names, i))
			err = -EINVAL;
		else if (value->kind == NODE_LIST && !value->n)
			err = reader_problem(r, value, NULL,
					     "an empty list; expected a host or an address");
		for (int k = 0; value->kind == NODE_LIST && k < value->n; k++)
			if (record_read(r, names->keys[i]->text, value->items[k], args))
				err = -EINVAL;
		if (value->kind != NODE_LIST && record_read(r, names->keys[i]->text, value, args))
			err = -EINVAL;
	}
	return err;
}

static int check(struct reader *r, const struct node *at, struct step *step)
{
	struct args *args = step->args;

	if (args->kind == SERVER_DNS) {
		args->port = DNS_PORT;
		if (args->on && reader_value(r, args->on, &VALUE_PORT, &args->port))
			return -EINVAL;
		return args->names ? names_read(r, args->names, args) : 0;
	}
	if (args->names)
		return reader_problem(r, args->names, NULL, "only a name server, dns, has names");
	if (!args->on)
		return reader_problem(r, at, NULL, "'on' is missing: the listener, by its name");
	return reader_value(r, args->on, &VALUE_LISTENER, &args->listener);
}

static void release(void *p)
{
	struct args *args = p;

	VALUE_LISTENER.free(&args->listener);
	for (int i = 0; i < args->n_records; i++)
		free(args->records[i].name);
	free(args->records);
}

static void start(struct op *op)
{
	const struct args *args = op->step->args;
	struct sock *sock;

	if (args->kind == SERVER_DNS) {
		nameserver_hold(op, args->port, args->records, args->n_records);
		return;
	}
	sock = op_sock(op, &args->listener);
	if (!sock)
		return;
	server_hold(op, sock, (enum server_kind)args->kind);
	op_errno(op, 0);
}

const struct verb VERB_SERVE = {
	.name = "serve",
	.on_host = true,
	.summary =
		"Accept every connection of a listener from now on, and talk to it; or be a name server.",
	.keys = keys,
	.common = COMMON_ID | COMMON_BACKGROUND,
	.expects = EXPECT_ERROR | EXPECT_AFTER,
	.args_size = sizeof(struct args),
	.check = check,
	.free = release,
	.start = start,
};
