// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lab/cli/command.h"
#include "lab/cli/remote.h"
#include "lab/scenario/value.h"

struct options {
	bool json;
};

static const struct option_row rows[] = {
	{ "json", 'j', NULL, "as JSON, see docs/control.md", OPTION_FLAG,
	  offsetof(struct options, json) },
	{ 0 },
};

/* What the lab says of itself, with its name; NULL after a message. */
static json_t *lab_ask(const char *lab)
{
	struct remote remote;
	json_t *answer = NULL;

	if (remote_open("ps", lab, &remote))
		return NULL;
	if (remote_ask(&remote, "lab", NULL, &answer) == EXIT_OK)
		json_object_set_new(answer, "lab", json_string(lab));
	remote_close(&remote);
	return answer;
}

static void lab_print(const json_t *lab)
{
	const json_t *item;
	char text[32];
	size_t i;

	printf("%-24s %-32s %9s  ", json_string_value(json_object_get(lab, "lab")),
	       json_string_value(json_object_get(lab, "case")) ?: "?",
	       value_text_duration(json_integer_value(json_object_get(lab, "age_ms")) / 1000 *
					   1000000000,
				   text, sizeof(text)));
	json_array_foreach(json_object_get(lab, "hosts"), i, item)
		printf("%s%s", i ? " " : "",
		       json_string_value(json_object_get(item, "name")) ?: "?");
	json_array_foreach(json_object_get(lab, "faults"), i, item)
		printf("%s%s %s", i ? ", " : "; ",
		       json_string_value(json_object_get(item, "name")) ?: "?",
		       json_is_true(json_object_get(item, "on")) ? "on" : "off");
	putchar('\n');
}

static int run(const struct command *command, int argc, char **argv)
{
	struct options options = { 0 };
	int code = EXIT_USAGE, first = command_options(command, argc, argv, &options, &code);
	json_t *list = json_array(), *lab;
	struct lab_err err = { 0 };
	struct lab_names names = { 0 };
	char text[1024];
	size_t k;

	if (first >= 0 && first < argc) {
		fprintf(stderr, "nslab ps: takes no words\n");
	} else if (first >= 0 && lab_names(&names, &err) < 0) {
		fprintf(stderr, "nslab ps: %s\n", lab_err_text(&err, text, sizeof(text)));
		code = EXIT_LAB;
	} else if (first >= 0) {
		code = EXIT_OK;
	}
	for (int i = 0; i < names.n; i++) {
		lab = lab_ask(names.list[i]);
		if (lab)
			json_array_append_new(list, lab);
	}
	if (code == EXIT_OK && first >= 0 && options.json) {
		json_dumpf(list, stdout, JSON_INDENT(2));
		putchar('\n');
	} else if (json_array_size(list)) {
		printf("%-24s %-32s %9s  %s\n", "LAB", "SCENARIO", "STANDS", "HOSTS; FAULTS");
		json_array_foreach(list, k, lab)
			lab_print(lab);
	}
	json_decref(list);
	free(names.list);
	return code;
}

const struct command COMMAND_PS = {
	.name = "ps",
	.usage = "[--json]",
	.summary = "list your labs that stand",
	.help = "Those of the calling user: nslab up, and nslab run --keep-on-failure.\n",
	.options = rows,
	.run = run,
};
