/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program of the user's in a host of a lab that stands. */
#ifndef NSLAB_CLI_VISIT_H
#define NSLAB_CLI_VISIT_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct visit - whom to visit, and how
 * @command: for messages
 * @lab: NULL: the only one. @host: by name
 * @argv: the program, ends with NULL
 * @within_ns: end it after this; 0 for never
 * @quiet: do not sum up what its connections came to
 */
struct visit {
	const char *command;
	const char *lab, *host;
	char *const *argv;
	int64_t within_ns;
	bool quiet;
};

/**
 * visit_parse() - "LAB:HOST", ":HOST"
 * @word: is changed
 * @bare: also "HOST"
 * Return: is it that?
 */
bool visit_parse(char *word, bool bare, const char **ret_lab, const char **ret_host);

/**
 * visit_run() - run the program in there, as ourselves, with our terminal
 * @ret_ran: it was started, and the lab outlived it: then the status is the program's own, or EXIT_OVERDUE's; may be NULL
 * Return: exit status as of nslab exec
 */
int visit_run(const struct visit *visit, bool *ret_ran);

#endif
