/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where scenarios come from: those compiled in, a directory that overrides them, files. */
#ifndef NSLAB_CLI_CATALOGUE_H
#define NSLAB_CLI_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>

#include "lab/cli/options.h"
#include "lab/scenario/scenario.h"

/**
 * struct source - a scenario's text, not parsed yet
 * @name: by which the catalogue knows it, from its path: "dial-ok"
 * @says: the name that the file gives itself, where that could be read; else NULL
 * @file: for messages: "scenarios/dial/ok.yaml"
 * @text: compiled in, or @own, what was read from @file
 * @read: false: @text is still to be read from @file
 */
struct source {
	char *name;
	char *says;
	char *file;
	const char *text;
	char *own;
	size_t len;
	bool read;
};

struct sources {
	struct source *list;
	int n, cap;
};

void sources_free(struct sources *sources);

/**
 * catalogue_load() - all scenarios there are, sorted by name
 * @dir: overrides those compiled in, file by file; NULL: $NSLAB_SCENARIOS, if set
 * Return: 0, or -errno after a message on stderr
 */
int catalogue_load(const char *dir, struct sources *ret);

/**
 * sources_collect() - what the words of a command line mean: names, files, folders
 * Return: 0, or -EINVAL after a message on stderr with the nearest names
 */
int sources_collect(const struct sources *catalogue, char **words, int n, struct sources *ret);

/**
 * source_parse() - read and parse; problems are printed to stderr
 * @set: --set words "key=value"
 * Return: the scenario, NULL if it is not valid
 */
struct scenario *source_parse(struct source *source, const struct strings *set);

/**
 * topology_parse() - a file with a topology and no scenario
 * @own: overwritten, gets the file; to be freed by the caller
 * Return: the scenario, without steps, or NULL after messages on stderr
 */
struct scenario *topology_parse(const char *file, struct sources *own, const struct strings *set);

/** scenario_tagged() - has it one of the tags? */
bool scenario_tagged(const struct scenario *scenario, const struct strings *tags);

#endif
