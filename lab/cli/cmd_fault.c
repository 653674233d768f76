// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "lab/cli/command.h"
#include "lab/cli/remote.h"

struct options {
	const char *lab;
};

static const struct option_row rows[] = {
	REMOTE_LAB_ROW(struct options, lab),
	{ 0 },
};

static int run(const struct command *command, int argc, char **argv)
{
	struct options options = { 0 };
	int code = EXIT_USAGE, first = command_options(command, argc, argv, &options, &code);
	struct remote remote;
	bool on;

	if (first < 0)
		return code;
	on = argc > first && !strcmp(argv[first], "on");
	if (argc - first != 2 || (!on && strcmp(argv[first], "off"))) {
		fprintf(stderr,
			"nslab fault: say on or off, and which: nslab fault off syn-dropped\n");
		return EXIT_USAGE;
	}
	code = remote_open("fault", options.lab, &remote);
	if (code)
		return code;
	code = remote_ask(&remote, "fault",
			  json_pack("{s:s, s:b}", "fault", argv[first + 1], "on", on), NULL);
	remote_close(&remote);
	return code;
}

const struct command COMMAND_FAULT = {
	.name = "fault",
	.usage = "[--lab LAB] on|off NAME",
	.summary = "switch a fault of a lab that stands, or of the one we are in",
	.help = "When this returns the rule is changed, and packets meet it so. Its counts go on.\n"
		"'nslab state' and 'nslab ps' tell the faults' names.\n"
		"\n"
		"Exit status: 0 it is so, 2 there is no such lab or fault, 3 the kernel refused it.\n",
	.options = rows,
	.run = run,
};
