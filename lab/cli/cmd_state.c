// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "lab/cli/command.h"
#include "lab/cli/remote.h"

struct options {
	const char *lab;
	bool json;
};

static const struct option_row rows[] = {
	REMOTE_LAB_ROW(struct options, lab),
	{ "json", 'j', NULL, "as JSON, see docs/control.md", OPTION_FLAG,
	  offsetof(struct options, json) },
	{ 0 },
};

static const char *text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name)) ?: "?";
}

static long long number_of(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static void socket_print(const char *host, const json_t *s)
{
	const char *timer = text_of(s, "timer");

	printf("%-10s %-12s %7lld %7lld  %-24s %-24s", host, text_of(s, "state"),
	       number_of(s, "recv_queue"), number_of(s, "send_queue"), text_of(s, "local"),
	       text_of(s, "remote"));
	if (strcmp(timer, "none"))
		printf(" %s in %lld ms", timer, number_of(s, "left_ms"));
	if (number_of(s, "retries"))
		printf(", %lld times", number_of(s, "retries"));
	putchar('\n');
}

static void state_print(const json_t *state)
{
	const json_t *host, *s, *fault;
	size_t i, k;

	printf("%-10s %-12s %7s %7s  %-24s %-24s %s\n", "HOST", "STATE", "RECV-Q", "SEND-Q",
	       "LOCAL", "REMOTE", "TIMER");
	json_array_foreach(json_object_get(state, "hosts"), i, host) {
		json_array_foreach(json_object_get(host, "sockets"), k, s)
			socket_print(text_of(host, "name"), s);
	}
	json_array_foreach(json_object_get(state, "faults"), i, fault)
		printf("fault %s at %s is %s: %s; %lld hits\n", text_of(fault, "name"),
		       text_of(fault, "host"),
		       json_is_true(json_object_get(fault, "on")) ? "on" : "off",
		       text_of(fault, "does"), number_of(fault, "hits"));
}

static int run(const struct command *command, int argc, char **argv)
{
	struct options options = { 0 };
	int code = EXIT_USAGE, first = command_options(command, argc, argv, &options, &code);
	struct remote remote;
	json_t *answer;

	if (first < 0)
		return code;
	if (argc - first > 1) {
		fprintf(stderr, "nslab state: give at most one host\n");
		return EXIT_USAGE;
	}
	code = remote_open("state", options.lab, &remote);
	if (code)
		return code;
	code = remote_ask(&remote, "state",
			  argc > first ? json_pack("{s:s}", "host", argv[first]) : NULL, &answer);
	remote_close(&remote);
	if (code)
		return code;
	if (options.json) {
		json_dumpf(answer, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		state_print(answer);
	}
	json_decref(answer);
	return EXIT_OK;
}

const struct command COMMAND_STATE = {
	.name = "state",
	.usage = "[--lab LAB] [--json] [HOST]",
	.summary = "list the TCP sockets of a lab that stands, and what its faults have done",
	.help = "All hosts' sockets, also those that no program holds any more (FIN-WAIT, TIME-WAIT), as the kernel\n"
		"tells them; and for each fault whether it is on, and on how many packets it has acted.\n",
	.options = rows,
	.run = run,
};
