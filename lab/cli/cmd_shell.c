// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>

#include "lab/cli/command.h"
#include "lab/cli/visit.h"

struct options {
	bool quiet;
};

static const struct option_row rows[] = {
	{ "quiet", 'q', NULL, "do not sum up what the shell's connections came to", OPTION_FLAG,
	  offsetof(struct options, quiet) },
	{ 0 },
};

static int run(const struct command *command, int argc, char **argv)
{
	struct options options = { 0 };
	int code = EXIT_USAGE, first = command_options(command, argc, argv, &options, &code);
	const char *shell = getenv("SHELL");
	char *program[] = { (char *)(shell && *shell ? shell : "/bin/sh"), NULL };
	struct visit visit = { .command = "shell", .argv = program, .quiet = options.quiet };

	if (first < 0)
		return code;
	if (argc - first != 1) {
		fprintf(stderr,
			"nslab shell: give a host: nslab shell client, or nslab shell LAB:client\n");
		return EXIT_USAGE;
	}
	visit_parse(argv[first], true, &visit.lab, &visit.host);
	return visit_run(&visit, NULL);
}

const struct command COMMAND_SHELL = {
	.name = "shell",
	.usage = "[-q] [LAB:]HOST",
	.summary = "open a shell in a host of a lab that stands",
	.help = "Runs $SHELL, or /bin/sh, in the host, as yourself, with your environment and folder; 'exit' leaves it.\n"
		"The same as: nslab exec LAB:HOST -- $SHELL\n",
	.options = rows,
	.run = run,
};
