/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands, one file each; the table of them is in main.c. */
#ifndef NSLAB_CLI_COMMAND_H
#define NSLAB_CLI_COMMAND_H

#include "lab/cli/options.h"

/* exit codes, see docs/nslab.1 */
enum {
	EXIT_OK = 0,
	EXIT_UNMET = 1,	   /* an expectation was not met */
	EXIT_USAGE = 2,	   /* usage, or an invalid scenario */
	EXIT_LAB = 3,	   /* the lab could not be built */
	EXIT_NOTHING = 77, /* nothing could run here */
	EXIT_SIGNAL = 128, /* plus the signal's number */
};

/**
 * struct command - a row of the table of commands
 * @usage: what stands behind the name: "[options] NAME|FILE|DIR…"
 * @summary: one line
 * @help: paragraphs for --help, or NULL
 * @options: its options
 * @run: @argv[0] is the command's name; returns the exit code
 */
struct command {
	const char *name;
	const char *usage;
	const char *summary;
	const char *help;
	const struct option_row *options;
	int (*run)(const struct command *command, int argc, char **argv);
};

extern const struct command COMMAND_LIST;
extern const struct command COMMAND_SHOW;
extern const struct command COMMAND_FIND;
extern const struct command COMMAND_RUN;
extern const struct command COMMAND_PROVE;
extern const struct command COMMAND_EXEC;
extern const struct command COMMAND_UP;
extern const struct command COMMAND_PS;
extern const struct command COMMAND_SHELL;
extern const struct command COMMAND_FAULT;
extern const struct command COMMAND_LINK;
extern const struct command COMMAND_STATE;
extern const struct command COMMAND_WAIT;
extern const struct command COMMAND_WATCH;
extern const struct command COMMAND_DOWN;
extern const struct command COMMAND_REPORT;
extern const struct command COMMAND_NEW;
extern const struct command COMMAND_VALIDATE;
extern const struct command COMMAND_REFERENCE;
extern const struct command COMMAND_SCHEMA;
extern const struct command COMMAND_DOCTOR;
extern const struct command COMMAND_VERSION;

/**
 * command_options() - parse a command's options; handles --help
 * Return: index of the first word behind them, or -1 with the exit code in @ret_exit
 */
int command_options(const struct command *command, int argc, char **argv, void *out, int *ret_exit);

#endif
