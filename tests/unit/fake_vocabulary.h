/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A few verbs with key tables like the real ones, that do nothing. */
#ifndef NSLAB_TESTS_FAKE_VOCABULARY_H
#define NSLAB_TESTS_FAKE_VOCABULARY_H

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "lab/scenario/reader.h"
#include "lab/scenario/sysctl_key.h"

/* a mapping in a value, as the options of dial and listen are */
struct fake_options {
	bool nodelay;
	int64_t user_timeout_ns;
};

static const struct key fake_option_keys[] = {
	{ .name = "nodelay", .type = &VALUE_BOOL, .offset = offsetof(struct fake_options, nodelay) },
	{ .name = "user_timeout",
	  .type = &VALUE_DURATION,
	  .offset = offsetof(struct fake_options, user_timeout_ns) },
	{ 0 },
};

static int fake_options_read(struct reader *r, const struct node *value, void *out)
{
	return reader_map(r, value, fake_option_keys, out, NULL, NULL, NULL);
}

static const struct value_type fake_options = { "mapping", "a mapping of options",
						fake_options_read, NULL };

struct fake_listen {
	uint16_t port;
	int64_t backlog;
	int serve;
};

static const char *const fake_services[] = { "echo", "http", "discard", NULL };

static const struct key fake_listen_keys[] = {
	{ .name = "listen",
	  .type = &VALUE_PORT,
	  .offset = offsetof(struct fake_listen, port),
	  .required = true,
	  .example = "8080",
	  .help = "the port" },
	{ .name = "backlog",
	  .type = &VALUE_COUNT,
	  .offset = offsetof(struct fake_listen, backlog),
	  .def = "128",
	  .example = "1",
	  .help = "how many connections may wait" },
	{ .name = "serve",
	  .words = fake_services,
	  .offset = offsetof(struct fake_listen, serve),
	  .example = "echo",
	  .help = "accept all and serve them" },
	{ 0 },
};

static void fake_listen_init(void *args)
{
	((struct fake_listen *)args)->backlog = 128;
	((struct fake_listen *)args)->serve = -1;
}

static const struct verb fake_verb_listen = {
	.name = "listen",
	.on_host = true,
	.summary = "Listen on a TCP port.",
	.keys = fake_listen_keys,
	.common = COMMON_AS,
	.expects = EXPECT_ERROR,
	.makes = MAKES_LISTENER,
	.args_size = sizeof(struct fake_listen),
	.init = fake_listen_init,
};

/* a verb whose name is also a key of another */
struct fake_serve {
	char *what;
};

static const struct key fake_serve_keys[] = {
	{ .name = "serve",
	  .type = &VALUE_TEXT,
	  .offset = offsetof(struct fake_serve, what),
	  .required = true,
	  .example = "dns",
	  .help = "what" },
	{ 0 },
};

static const struct verb fake_verb_serve = {
	.name = "serve",
	.on_host = true,
	.summary = "Serve something.",
	.keys = fake_serve_keys,
	.args_size = sizeof(struct fake_serve),
};

struct fake_dial {
	struct endpoint to;
	struct fake_options options;
	bool keep;
};

static const struct key fake_dial_keys[] = {
	{ .name = "dial",
	  .type = &VALUE_ENDPOINT,
	  .offset = offsetof(struct fake_dial, to),
	  .required = true,
	  .example = "\"server:8080\"",
	  .help = "where to" },
	{ .name = "options",
	  .type = &fake_options,
	  .offset = offsetof(struct fake_dial, options),
	  .example = "{nodelay: true}",
	  .help = "socket options" },
	{ .name = "keep",
	  .type = &VALUE_BOOL,
	  .offset = offsetof(struct fake_dial, keep),
	  .def = "false",
	  .example = "true",
	  .help = "leave the socket open" },
	{ .name = "local",
	  .type = &VALUE_PORT,
	  .later = "it comes with bind",
	  .example = "4000",
	  .help = "the local port" },
	{ 0 },
};

static const struct verb fake_verb_dial = {
	.name = "dial",
	.on_host = true,
	.summary = "Connect.",
	.keys = fake_dial_keys,
	.common = COMMON_AS | COMMON_ID | COMMON_BACKGROUND | COMMON_DEADLINE | COMMON_BLOCKING,
	.expects = EXPECT_ERROR | EXPECT_AFTER,
	.makes = MAKES_CONN,
	.args_size = sizeof(struct fake_dial),
};

struct fake_ref {
	struct ref ref;
	int64_t bytes;
};

static const struct key fake_accept_keys[] = {
	{ .name = "accept",
	  .type = &VALUE_LISTENER,
	  .offset = offsetof(struct fake_ref, ref),
	  .required = true,
	  .example = "door",
	  .help = "the listener" },
	{ 0 },
};

static const struct verb fake_verb_accept = {
	.name = "accept",
	.on_host = true,
	.summary = "Accept a connection.",
	.keys = fake_accept_keys,
	.common = COMMON_AS | COMMON_ID | COMMON_BACKGROUND | COMMON_DEADLINE,
	.expects = EXPECT_ERROR | EXPECT_AFTER,
	.makes = MAKES_CONN,
	.args_size = sizeof(struct fake_ref),
};

static const struct key fake_recv_keys[] = {
	{ .name = "recv",
	  .type = &VALUE_CONN,
	  .offset = offsetof(struct fake_ref, ref),
	  .required = true,
	  .example = "conn",
	  .help = "the connection" },
	{ .name = "bytes",
	  .type = &VALUE_BYTES,
	  .offset = offsetof(struct fake_ref, bytes),
	  .example = "100kB",
	  .help = "how many" },
	{ 0 },
};

static const struct verb fake_verb_recv = {
	.name = "recv",
	.on_host = true,
	.summary = "Receive.",
	.keys = fake_recv_keys,
	.common = COMMON_ID | COMMON_BACKGROUND | COMMON_DEADLINE,
	.expects = EXPECT_ERROR | EXPECT_AFTER | EXPECT_BYTES | EXPECT_EOF,
	.args_size = sizeof(struct fake_ref),
};

static const struct verb fake_verb_run = {
	.name = "run",
	.on_host = true,
	.summary = "Run a program.",
	.keys = fake_serve_keys,
	.later = "it comes with nslab exec",
};

struct fake_wait {
	int64_t ns;
};

static const struct key fake_wait_keys[] = {
	{ .name = "wait",
	  .type = &VALUE_DURATION,
	  .offset = offsetof(struct fake_wait, ns),
	  .required = true,
	  .example = "1500ms",
	  .help = "how long" },
	{ 0 },
};

static const struct verb fake_verb_wait = {
	.name = "wait",
	.summary = "Let time pass.",
	.keys = fake_wait_keys,
	.plain = true,
	.args_size = sizeof(struct fake_wait),
};

static const struct key fake_await_keys[] = {
	{ .name = "await",
	  .type = &VALUE_STEP,
	  .offset = offsetof(struct fake_ref, ref),
	  .required = true,
	  .example = "conn",
	  .help = "the background step" },
	{ 0 },
};

static const struct verb fake_verb_await = {
	.name = "await",
	.summary = "Wait for a background step.",
	.keys = fake_await_keys,
	.plain = true,
	.common = COMMON_DEADLINE,
	.expects = EXPECT_ERROR | EXPECT_AFTER | EXPECT_BYTES | EXPECT_EOF,
	.args_size = sizeof(struct fake_ref),
};

struct fake_check {
	struct ref socket;
	char *state;
	int fault;
	struct compare hits;
	int64_t within_ns;
};

static const struct key fake_check_keys[] = {
	{ .name = "socket",
	  .type = &VALUE_SOCKET,
	  .offset = offsetof(struct fake_check, socket),
	  .example = "conn",
	  .help = "a socket" },
	{ .name = "state",
	  .type = &VALUE_TEXT,
	  .offset = offsetof(struct fake_check, state),
	  .example = "SYN-SENT",
	  .help = "its TCP state" },
	{ .name = "fault",
	  .type = &VALUE_HOSTS_FAULT,
	  .offset = offsetof(struct fake_check, fault),
	  .example = "syn-dropped",
	  .help = "a fault" },
	{ .name = "hits",
	  .type = &VALUE_COMPARE,
	  .offset = offsetof(struct fake_check, hits),
	  .example = "\">= 2\"",
	  .help = "how often it acted" },
	{ .name = "within",
	  .type = &VALUE_DURATION,
	  .offset = offsetof(struct fake_check, within_ns),
	  .example = "500ms",
	  .help = "becomes true by then" },
	{ 0 },
};

static void fake_check_init(void *args)
{
	((struct fake_check *)args)->fault = -1;
}

static int fake_check_check(struct reader *r, const struct node *at, struct step *step)
{
	const struct fake_check *args = step->args;

	if (!args->socket.name && args->fault < 0)
		return reader_problem(r, at, NULL, "check what? expected socket or fault");
	return 0;
}

static int fake_check_expectations(const void *args)
{
	const struct fake_check *check = args;

	return (check->state != NULL) + check->hits.set;
}

static const struct verb fake_verb_check = {
	.name = "check",
	.summary = "Look at the kernel's state.",
	.keys = fake_check_keys,
	.common = COMMON_ID,
	.args_size = sizeof(struct fake_check),
	.init = fake_check_init,
	.check = fake_check_check,
	.expectations = fake_check_expectations,
};

struct fake_fault {
	struct int_list off;
};

static const struct key fake_fault_keys[] = {
	{ .name = "off",
	  .type = &VALUE_FAULTS,
	  .offset = offsetof(struct fake_fault, off),
	  .required = true,
	  .example = "syn-dropped",
	  .help = "switch off" },
	{ 0 },
};

static const struct verb fake_verb_fault = {
	.name = "fault",
	.summary = "Switch faults.",
	.keys = fake_fault_keys,
	.args_size = sizeof(struct fake_fault),
};

/* open-ended keys */
struct fake_sysctl {
	int host;
	char *key;
	char *value;
};

static const struct key fake_sysctl_keys[] = {
	{ .name = "at",
	  .type = &VALUE_HOST,
	  .offset = offsetof(struct fake_sysctl, host),
	  .required = true,
	  .example = "server",
	  .help = "the host" },
	{ 0 },
};

static int fake_sysctl_other(struct reader *r, const struct node *key, const struct node *value,
			     void *out)
{
	struct fake_sysctl *args = out;
	const char *text;

	if (sysctl_key_check(r, key))
		return -EINVAL;
	text = reader_text(r, value);
	if (!text)
		return -EINVAL;
	free(args->key);
	free(args->value);
	args->key = strdup(key->text);
	args->value = strdup(text);
	return 1;
}

static void fake_sysctl_free(void *args)
{
	free(((struct fake_sysctl *)args)->key);
	free(((struct fake_sysctl *)args)->value);
}

static const struct verb fake_verb_sysctl = {
	.name = "sysctl",
	.summary = "Set a sysctl.",
	.keys = fake_sysctl_keys,
	.args_size = sizeof(struct fake_sysctl),
	.other = fake_sysctl_other,
	.free = fake_sysctl_free,
};

static const struct verb *const fake_verbs[] = {
	&fake_verb_listen, &fake_verb_serve, &fake_verb_dial,	&fake_verb_accept,
	&fake_verb_recv,   &fake_verb_run,   &fake_verb_wait,	&fake_verb_await,
	&fake_verb_check,  &fake_verb_fault, &fake_verb_sysctl, NULL,
};

static const struct vocabulary fake_vocabulary = { fake_verbs };

#endif
