/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command line options from a table that parses and prints the help. */
#ifndef NSLAB_CLI_OPTIONS_H
#define NSLAB_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** struct strings - a growing list of borrowed strings */
struct strings {
	const char **list;
	int n;
};

int strings_add(struct strings *strings, const char *text);
void strings_free(struct strings *strings);

enum option_kind {
	OPTION_FLAG, /* bool */
	OPTION_TEXT, /* const char *, the last one counts */
	OPTION_LIST, /* struct strings, may be repeated */
};

/**
 * struct option_row - a row of a command's table; ends with a row without a name
 * @letter: short form, or 0
 * @arg: name of its argument, for help; NULL for flags
 * @offset: where in the command's struct the value goes
 */
struct option_row {
	const char *name;
	char letter;
	const char *arg;
	const char *help;
	enum option_kind kind;
	size_t offset;
};

/**
 * options_parse() - parse @argv from its second word on
 * @rows: the command's options; --help is always known
 * @out: the command's struct
 * @ret_first: index of the first word that is no option; options may stand anywhere before "--"
 * Return: 0; 1 if help was asked for; -EINVAL after a message on stderr
 */
int options_parse(const char *command, const struct option_row *rows, int argc, char **argv,
		  void *out, int *ret_first);

/** options_print() - the help's list of options */
void options_print(const struct option_row *rows, FILE *out);

#endif
