/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reports that a command was asked for: their options, their files, the events for all of them. */
#ifndef NSLAB_CLI_OUTPUTS_H
#define NSLAB_CLI_OUTPUTS_H

#include "lab/cli/options.h"
#include "lab/report/report.h"

enum { OUTPUTS_MOST = 16 };

/**
 * struct output_options - what was asked for, by row of the table of reports
 * @file: of reports that take one, NULL if it was not asked for
 * @flag: of the others
 * @seq, @unfold: how ladders are drawn
 */
struct output_options {
	const char *file[OUTPUTS_MOST];
	bool flag[OUTPUTS_MOST];
	bool seq, unfold;
};

/**
 * outputs_rows() - a command's table of options, with those of all reports behind its own
 * @own: ends with a row without a name
 * @offset: of a struct output_options in the command's struct
 * Return: @ret, which has room for @n rows
 */
const struct option_row *outputs_rows(const struct option_row *own, size_t offset,
				      struct option_row *ret, size_t n);

/** outputs_whole() - is there one that wants the packets' bytes? */
bool outputs_whole(const struct output_options *options);

/** outputs_any() - was any report asked for? */
bool outputs_any(const struct output_options *options);

struct outputs;

/**
 * outputs_open() - open the files before anything is done
 * @command: for messages
 * @inputs, @n: files that will be read, "-" for stdin: none of them is overwritten
 * @ret_human: where people are talked to: stdout, or stderr if a report has that
 * Return: NULL after a message on stderr
 */
struct outputs *outputs_open(const struct output_options *options, const char *command,
			     char **inputs, int n, FILE **ret_human);

/** outputs_event() - one more event for all of them */
void outputs_event(struct outputs *outputs, const struct event *event);

/**
 * outputs_close() - end all reports; takes NULL
 * Return: 0, -EIO after a message on stderr if one could not be written completely
 */
int outputs_close(struct outputs *outputs);

#endif
