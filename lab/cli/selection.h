/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cases that a command line chooses: names, files and folders, or --all, or tags. */
#ifndef NSLAB_CLI_SELECTION_H
#define NSLAB_CLI_SELECTION_H

#include "lab/cli/catalogue.h"

/**
 * struct selection_options - what the command line says about it
 * @all: the whole catalogue
 * @tags: what has one of them; without words: of the catalogue
 * @set: --set words
 * @scenarios: NULL, or a directory that overrides the catalogue
 */
struct selection_options {
	bool all;
	struct strings tags, set;
	const char *scenarios;
};

/* the rows of its options in a command's table; @type has a member @field of it */
#define SELECTION_ROWS(type, field)                                                          \
	{ "all", 'a', NULL, "the whole catalogue", OPTION_FLAG, offsetof(type, field.all) }, \
		{ "tag",       't',                                                          \
		  "TAG",       "what has this tag; may be repeated",                         \
		  OPTION_LIST, offsetof(type, field.tags) },                                 \
		{ "set",       's',                                                          \
		  "KEY=VALUE", "set a parameter, choose a matrix value or ip=4, ip=6",       \
		  OPTION_LIST, offsetof(type, field.set) },                                  \
	{                                                                                    \
		"scenarios", 0, "DIR",                                                       \
			"scenarios that override those compiled in; also $NSLAB_SCENARIOS",  \
			OPTION_TEXT, offsetof(type, field.scenarios)                         \
	}

/* the rows of commands that build one lab; @type has members chosen, faults_off, seed and shape */
#define ONE_LAB_ROWS(type)                                                                           \
	{ "fault-off", 0,                                                                            \
	  "NAME",      "switch a fault off from the start; may be repeated",                         \
	  OPTION_LIST, offsetof(type, faults_off) },                                                 \
		{ "set",       's',                                                                  \
		  "KEY=VALUE", "set a parameter, choose a matrix value or ip=4, ip=6; default ip=4", \
		  OPTION_LIST, offsetof(type, chosen.set) },                                         \
		{ "seed",      0,                                                                    \
		  "N",	       "decides what is left to chance; default 1",                          \
		  OPTION_TEXT, offsetof(type, seed) },                                               \
		{ "shape",     0,                                                                    \
		  "WHO",       "who shapes links: netem, queue, or auto",                            \
		  OPTION_TEXT, offsetof(type, shape) },                                              \
	{                                                                                            \
		"scenarios", 0, "DIR",                                                               \
			"scenarios that override those compiled in; also $NSLAB_SCENARIOS",          \
			OPTION_TEXT, offsetof(type, chosen.scenarios)                                \
	}

/** struct place - a case */
struct place {
	const struct scenario *scenario;
	const struct plan *plan;
};

/**
 * struct selection - the cases, in order
 */
struct selection {
	struct sources catalogue, own;
	struct scenario **scenarios;
	int n;
	struct place *places;
	int n_places;
};

/**
 * selection_make() - parse all that was chosen
 * All that is wrong is told at once on stderr, before anything runs.
 * @command: for messages
 * @ret: overwritten; to be cleared by the caller in any case
 * Return: 0 with at least one case, or -errno after a message
 */
int selection_make(const char *command, const struct selection_options *options, char **words,
		   int n, struct selection *ret);

/**
 * selection_topology() - the cases of a file that has a topology and no scenario
 * As selection_make(), of which @options gives the --set words.
 */
int selection_topology(const char *command, const struct selection_options *options,
		       const char *file, struct selection *ret);

/**
 * selection_one() - the one scenario that @word means; of several cases the first, which --set chooses
 * @ret: as in selection_make()
 */
int selection_one(const char *command, const struct selection_options *options, char *word,
		  struct selection *ret, const struct place **ret_place);

/** faults_named() - has the plan all of these faults (--fault-off)? 0, or -EINVAL after a message */
int faults_named(const char *command, const struct strings *names, const struct plan *plan);

void selection_clear(struct selection *selection);

/** selection_options_clear() - free the lists */
void selection_options_clear(struct selection_options *options);

#endif
