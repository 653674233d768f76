// SPDX-License-Identifier: GPL-2.0-or-later
/* The forms of what programs read, as JSON Schema. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/cli/command.h"
#include "lab/event/event_schema.h"
#include "lab/scenario/problem.h"
#include "netns/cleanup.h"

/**
 * struct schema_row - a form that is known
 * @text: makes it: malloced, NULL when memory is out
 */
struct schema_row {
	const char *name;
	const char *help;
	char *(*text)(void);
};

static const struct schema_row schemas[] = {
	{ "events", "a record of the event log, as --events writes it", event_schema_text },
};

static const struct option_row no_options[] = { { 0 } };

static int schema_print(const struct schema_row *row)
{
	_cleanup_free_ char *text = row->text();

	if (!text) {
		fprintf(stderr, "nslab schema: memory is out\n");
		return EXIT_LAB;
	}
	fputs(text, stdout);
	return EXIT_OK;
}

static int unknown(const char *word)
{
	const char *names[ARRAY_SIZE(schemas)];
	char shown[160];
	const char *near;

	for (size_t i = 0; i < ARRAY_SIZE(schemas); i++)
		names[i] = schemas[i].name;
	near = nearest_word(word, names, ARRAY_SIZE(schemas));
	fprintf(stderr, "nslab schema: unknown word '%s'", text_escape(word, shown, sizeof(shown)));
	if (near)
		fprintf(stderr, "; did you mean '%s'?", near);
	fprintf(stderr, "; 'nslab schema' lists them\n");
	return EXIT_USAGE;
}

static int run(const struct command *command, int argc, char **argv)
{
	int code = EXIT_USAGE;
	int first = command_options(command, argc, argv, NULL, &code);

	if (first < 0)
		return code;
	if (argc - first > 1) {
		fprintf(stderr, "nslab schema: takes one word\n");
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < ARRAY_SIZE(schemas); i++) {
		if (first == argc)
			printf("%-8s %s\n", schemas[i].name, schemas[i].help);
		else if (!strcmp(argv[first], schemas[i].name))
			return schema_print(&schemas[i]);
	}
	return first == argc ? EXIT_OK : unknown(argv[first]);
}

const struct command COMMAND_SCHEMA = {
	.name = "schema",
	.usage = "[WORD]",
	.summary = "print the JSON Schema of what programs read; without a word, list them",
	.options = no_options,
	.run = run,
};
