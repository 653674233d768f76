// SPDX-License-Identifier: GPL-2.0-or-later
/* What a program does before it dials a name: ask the C library, which asks the name server. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/epoll.h>

#include "lab/run/dns.h"
#include "lab/run/op.h"
#include "lab/run/resolver.h"
#include "lab/run/verb.h"
#include "netns/cleanup.h"

enum { SECOND = 1000000000 };

enum { TYPE_A, TYPE_AAAA, TYPE_BOTH };

struct args {
	char *name;
	struct endpoint at;
	uint16_t port;
	int64_t timeout_ns;
	int64_t attempts;
	int type; /* -1: the case's families */
};

bool step_resolver(const struct step *step, int *ret_timeout_s, int *ret_attempts)
{
	const struct args *args = step->args;

	if (step->verb != &VERB_LOOKUP)
		return false;
	*ret_timeout_s = (int)(args->timeout_ns / SECOND);
	*ret_attempts = (int)args->attempts;
	return true;
}

static const char *const type_words[] = { [TYPE_A] = "A", [TYPE_AAAA] = "AAAA", NULL };

static int name_read(struct reader *r, const struct node *value, void *out)
{
	const char *text = reader_text(r, value);
	uint8_t bytes[16];

	if (!text)
		return -EINVAL;
	if (inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1)
		return reader_problem(r, value, NULL,
				      "%.64s is an address: there is nothing to look up", text);
	return dns_name_ok(text) ? VALUE_TEXT.read(r, value, out) : -EDOM;
}

static void name_free(void *out)
{
	VALUE_TEXT.free(out);
}

static const struct value_type VALUE_DOMAIN = {
	"domain name", "letters, digits, '-' and '_' in parts of at most 63, with '.' between them",
	name_read, name_free
};

static int seconds_read(struct reader *r, const struct node *value, void *out)
{
	const char *text = reader_text(r, value);
	int64_t ns;

	if (!text)
		return -EINVAL;
	if (value_duration(text, &ns) || ns % SECOND || ns < SECOND ||
	    ns > (int64_t)RESOLVER_TIMEOUT_MAX * SECOND)
		return -EDOM;
	*(int64_t *)out = ns;
	return 0;
}

static const struct value_type VALUE_SECONDS = {
	"number of seconds", "whole seconds from 1s to 30s, as the C library counts them",
	seconds_read, NULL
};

static int attempts_read(struct reader *r, const struct node *value, void *out)
{
	const char *text = reader_text(r, value);

	if (!text)
		return -EINVAL;
	return value_int(text, 1, RESOLVER_ATTEMPTS_MAX, out) ? -EDOM : 0;
}

static const struct value_type VALUE_ATTEMPTS = { "number of attempts",
						  "1 to 5, as the C library has it", attempts_read,
						  NULL };

static const struct key keys[] = {
	{ "lookup", &VALUE_DOMAIN, offsetof(struct args, name), .required = true, .example = "www",
	  .help = "the name, taken as it is: there are no search domains" },
	{ "at", &VALUE_ADDRESS, offsetof(struct args, at), .required = true, .example = "server",
	  .help = "the name server, the only one that is asked: a host or an address" },
	{ "port", &VALUE_PORT, offsetof(struct args, port), .def = "53", .example = "5353",
	  .help = "the name server's port" },
	{ "type", &VALUE_TEXT, offsetof(struct args, type), .def = "the case's family, or both",
	  .example = "AAAA", .help = "which addresses are asked for", .words = type_words },
	{ "timeout", &VALUE_SECONDS, offsetof(struct args, timeout_ns), .def = "5s",
	  .example = "1s", .help = "resolv.conf's timeout: how long an answer is waited for" },
	{ "attempts", &VALUE_ATTEMPTS, offsetof(struct args, attempts), .def = "2", .example = "3",
	  .help = "resolv.conf's attempts: how often the question is sent" },
	{ 0 },
};

struct state {
	struct resolver *resolver;
	struct resolver_result result;
};

static void init(void *p)
{
	struct args *args = p;

	args->port = DNS_PORT;
	args->timeout_ns = 5 * (int64_t)SECOND;
	args->attempts = 2;
	args->type = -1;
}

static int check(struct reader *r, const struct node *at, struct step *step)
{
	const struct args *args = step->args;

	(void)at;
	if (step->deadline_ns < 0)
		reader_declare(r, args->timeout_ns * args->attempts);
	return 0;
}

static void cleanup(struct op *op)
{
	resolver_end(((struct state *)op->state)->resolver);
}

static void ready(struct op *op, uint32_t events)
{
	struct state *state = op->state;
	struct lab_err err = { 0 };

	(void)events;
	if (resolver_result(state->resolver, &state->result, &err) < 0) {
		op_fail(op, &err);
		return;
	}
	if (!state->result.eai) {
		op->answers = state->result.addresses;
		op_detail(op, "%.150s", op->answers);
	} else if (state->result.eai == EAI_SYSTEM) {
		op_detail(op, "%s", errno_name(state->result.error));
	} else {
		op_detail(op, "%s", gai_strerror(state->result.eai));
	}
	op_finish(op, state->result.eai ? ERROR_LOOKUP : ERROR_NONE, state->result.eai);
}

/* The program gives up, and nothing is asked any more. */
static void expire(struct op *op)
{
	struct state *state = op->state;

	op_finish(op, ERROR_DEADLINE, 0);
	resolver_end(TAKE_PTR(state->resolver));
}

static int family(const struct args *args, enum ip ip)
{
	static const int of_type[] = {
		[TYPE_A] = AF_INET, [TYPE_AAAA] = AF_INET6, [TYPE_BOTH] = AF_UNSPEC
	};

	if (args->type >= 0)
		return of_type[args->type];
	return of_type[ip == IP_DUAL ? TYPE_BOTH : ip == IP_6 ? TYPE_AAAA : TYPE_A];
}

static void start(struct op *op)
{
	const struct args *args = op->step->args;
	enum ip ip = run_plan(op->run)->ip;
	struct state *state = op_state(op, sizeof(*state));
	struct resolver_query query = { .name = args->name,
					.family = family(args, ip),
					.timeout_s = (int)(args->timeout_ns / SECOND),
					.attempts = (int)args->attempts };
	struct lab_err err = { 0 };
	socklen_t len;

	op->cleanup = cleanup;
	op->ready = ready;
	op->expire = expire;
	if (!sock_address(op, &args->at, ip & IP_6 ? FAM6 : FAM4, args->port, &query.server, &len))
		return;
	if (resolver_start(run_network(op->run), op->step->host, &query, &state->resolver, &err) <
	    0)
		op_fail(op, &err);
	else
		op_watch(op, resolver_fd(state->resolver), EPOLLIN);
}

const struct verb VERB_LOOKUP = {
	.name = "lookup",
	.on_host = true,
	.summary = "Look a name up, as getaddrinfo(3) of the C library does with one name server.",
	.keys = keys,
	.common = COMMON_ID | COMMON_BACKGROUND | COMMON_DEADLINE,
	.expects = EXPECT_ERROR | EXPECT_AFTER | EXPECT_ADDRESS,
	.args_size = sizeof(struct args),
	.init = init,
	.check = check,
	.start = start,
};
