// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "lab/cli/command.h"
#include "lab/cli/option_values.h"
#include "lab/cli/remote.h"

struct options {
	const char *lab, *within;
};

static const struct option_row rows[] = {
	REMOTE_LAB_ROW(struct options, lab),
	{ "within", 0, "TIME", "give up after this, with exit status 1; default 60s", OPTION_TEXT,
	  offsetof(struct options, within) },
	{ 0 },
};

static int run(const struct command *command, int argc, char **argv)
{
	struct options options = { 0 };
	int code = EXIT_USAGE, first = command_options(command, argc, argv, &options, &code);
	int64_t within_ns = 60000000000;
	struct remote remote;

	if (first < 0)
		return code;
	if (option_duration("wait", "within", options.within, &within_ns) < 0)
		return EXIT_USAGE;
	if (argc - first != 1) {
		fprintf(stderr,
			"nslab wait: give one condition, in quotes: nslab wait 'socket server:8080 state ESTABLISHED'\n");
		return EXIT_USAGE;
	}
	code = remote_open("wait", options.lab, &remote);
	if (code)
		return code;
	code = remote_ask(&remote, "wait",
			  json_pack("{s:s, s:I}", "condition", argv[first], "within_ms",
				    (json_int_t)((within_ns + 999999) / 1000000)),
			  NULL);
	remote_close(&remote);
	return code;
}

const struct command COMMAND_WAIT = {
	.name = "wait",
	.usage = "[--lab LAB] [--within TIME] CONDITION",
	.summary = "wait until something holds in a lab that stands, or in the one we are in",
	.help = "A condition is one of:\n"
		"  'socket HOST[:PORT] [to HOST[:PORT]] state STATE'   a TCP socket there is in that state; several\n"
		"                                    states with | between; CLOSED also if there is no such socket\n"
		"  'socket … state != STATE'         none is\n"
		"  'fault NAME hits >= 2'            a fault has acted so often: 2, >= 2, 1..3\n"
		"The state is looked at after each packet, and at least every 5 ms.\n"
		"\n"
		"Exit status: 0 it holds, 1 it did not in time (stderr says what was seen), 2 there is no such lab,\n"
		"host or fault, or this is no condition, 3 it cannot be told.\n",
	.options = rows,
	.run = run,
};
