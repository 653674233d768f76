// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <string.h>

#include "lab/cli/command.h"
#include "lab/scenario/problem.h"
#include "lab/version.h"
#include "netns/cleanup.h"

/* clang-format off: one row a line */
static const struct command *const commands[] = {
	&COMMAND_LIST,	 &COMMAND_SHOW,	   &COMMAND_FIND,     &COMMAND_RUN,	  &COMMAND_EXEC,
	&COMMAND_UP,	 &COMMAND_PS,	   &COMMAND_SHELL,    &COMMAND_FAULT,	  &COMMAND_LINK,
	&COMMAND_STATE,	 &COMMAND_WAIT,	   &COMMAND_WATCH,    &COMMAND_DOWN,	  &COMMAND_PROVE,
	&COMMAND_REPORT, &COMMAND_NEW,	   &COMMAND_VALIDATE, &COMMAND_REFERENCE, &COMMAND_SCHEMA,
	&COMMAND_DOCTOR, &COMMAND_VERSION,
};
/* clang-format on */

static void usage(FILE *out)
{
	fprintf(out,
		"nslab - reproduces what firewalls and bad paths do to TCP, between real endpoints\n\n"
		"usage: nslab COMMAND [options] …\n\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	fprintf(out,
		"\n'nslab COMMAND --help' tells more. Start with: nslab run dial-syn-dropped\n");
}

int command_options(const struct command *command, int argc, char **argv, void *out, int *ret_exit)
{
	int first = 0;
	int ret = options_parse(command->name, command->options, argc, argv, out, &first);

	if (ret == 0)
		return first;
	*ret_exit = ret > 0 ? EXIT_OK : EXIT_USAGE;
	if (ret > 0) {
		printf("usage: nslab %s%s%s\n\n%s.\n", command->name, command->usage[0] ? " " : "",
		       command->usage, command->summary);
		if (command->help)
			printf("\n%s", command->help);
		printf("\noptions:\n");
		options_print(command->options, stdout);
	}
	return -1;
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	}
	return NULL;
}

static int unknown(const char *word)
{
	const char *names[ARRAY_SIZE(commands)];
	char shown[160];
	const char *near;

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		names[i] = commands[i]->name;
	near = nearest_word(word, names, ARRAY_SIZE(commands));
	fprintf(stderr, "nslab: unknown command '%s'", text_escape(word, shown, sizeof(shown)));
	if (near)
		fprintf(stderr, "; did you mean '%s'?", near);
	fprintf(stderr, "; 'nslab --help' lists them\n");
	return EXIT_USAGE;
}

/* What was printed must have arrived, or the exit code would lie. */
static int output_close(int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	fprintf(stderr, "nslab: cannot write the output: %s\n", strerror(errno));
	return code ?: EXIT_LAB;
}

/*
 * Started with stdin, stdout or stderr closed, the next file or socket would get its number and what is
 * printed would end up there. What is written to /dev/null by way of a closed stdout was not wanted.
 */
static void standard_fds_fill(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int main(int argc, char **argv)
{
	const struct command *command;
	const char *word = argc > 1 ? argv[1] : NULL;

	standard_fds_fill();
	setlocale(LC_CTYPE, "");
	if (!word) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help")) {
		command = argc > 2 ? find(argv[2]) : NULL;
		if (command) {
			char *help[] = { argv[2], "--help", NULL };

			return output_close(command->run(command, 2, help));
		}
		if (argc > 2)
			return unknown(argv[2]);
		usage(stdout);
		return output_close(EXIT_OK);
	}
	if (!strcmp(word, "--version"))
		word = "version";
	command = find(word);
	if (!command)
		return unknown(word);
	return output_close(command->run(command, argc - 1, argv + 1));
}
