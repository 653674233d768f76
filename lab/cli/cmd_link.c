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

/* "client -- fw" as one word, or two hosts: the shell's -- between them is an option parser's */
static bool link_text(char **words, int n, char *buf, size_t size)
{
	if (n == 1)
		snprintf(buf, size, "%s", words[0]);
	else if (n == 2 || (n == 3 && !strcmp(words[1], "--")))
		snprintf(buf, size, "%s -- %s", words[0], words[n - 1]);
	else
		return false;
	return true;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct options options = { 0 };
	int code = EXIT_USAGE, first = command_options(command, argc, argv, &options, &code);
	struct remote remote;
	char link[300];
	bool up;

	if (first < 0)
		return code;
	up = argc > first && !strcmp(argv[first], "up");
	if (argc - first < 2 || (!up && strcmp(argv[first], "down")) ||
	    !link_text(argv + first + 1, argc - first - 1, link, sizeof(link))) {
		fprintf(stderr,
			"nslab link: say up or down, and which: nslab link down client fw\n");
		return EXIT_USAGE;
	}
	code = remote_open("link", options.lab, &remote);
	if (code)
		return code;
	code = remote_ask(&remote, "link", json_pack("{s:s, s:b}", "link", link, "up", up), NULL);
	remote_close(&remote);
	return code;
}

const struct command COMMAND_LINK = {
	.name = "link",
	.usage = "[--lab LAB] up|down HOST HOST",
	.summary = "take a link of a lab that stands down, as a pulled cable, or up again",
	.help = "The end that is named last is lowered: 'nslab link down client fw' at fw; the client's end loses\n"
		"its carrier. When this returns, both ends have noticed.\n"
		"\n"
		"Exit status: 0 it is so, 2 there is no such lab or link, 3 the kernel refused it.\n",
	.options = rows,
	.run = run,
};
