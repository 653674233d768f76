// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/cli/catalogue.h"
#include "lab/cli/claims.h"
#include "lab/cli/command.h"
#include "lab/report/report.h"

struct options {
	struct strings tags;
	bool json, cases, claims;
	const char *scenarios;
};

static const struct option_row rows[] = {
	{ "tag", 't', "TAG", "only what has this tag; may be repeated", OPTION_LIST,
	  offsetof(struct options, tags) },
	{ "json", 0, NULL, "as one JSON array", OPTION_FLAG, offsetof(struct options, json) },
	{ "cases", 0, NULL,
	  "a line for each case: name, --set words, faults, expectations, by tabs", OPTION_FLAG,
	  offsetof(struct options, cases) },
	{ "claims", 0, NULL,
	  "the claims of the article, their verdicts, and the scenarios that settle them",
	  OPTION_FLAG, offsetof(struct options, claims) },
	{ "scenarios", 0, "DIR", "scenarios that override those compiled in; also $NSLAB_SCENARIOS",
	  OPTION_TEXT, offsetof(struct options, scenarios) },
	{ 0 },
};

static json_t *strings_json(char *const *list, int n)
{
	json_t *array = json_array();

	for (int i = 0; i < n; i++)
		json_array_append_new(array, json_string(list[i]));
	return array;
}

static json_t *scenario_json(const struct scenario *s)
{
	json_t *cases = json_array();

	for (int i = 0; i < s->n_plans; i++) {
		const struct plan *p = &s->plans[i];

		json_array_append_new(cases,
				      json_pack("{s:s, s:s, s:i, s:i, s:i}", "name", p->name, "set",
						p->set, "faults", p->n_faults, "steps", p->n_steps,
						"expectations", p->n_expectations));
	}
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "name", s->name, "title", s->title,
			 "file", s->file, "tags", strings_json(s->tags, s->n_tags), "claims",
			 strings_json(s->claims, s->n_claims), "cases", cases);
}

/* A line each: on a terminal no longer than that is wide. */
static void line_put(const struct scenario *s)
{
	struct report_options shown;
	int room;

	report_options_detect(stdout, &shown);
	room = isatty(STDOUT_FILENO) ? shown.columns - 25 : INT_MAX;
	printf("%-24s %.*s\n", s->name, room > 20 ? room : 20, s->title);
}

static void scenario_put(const struct scenario *s, const struct options *o, json_t *array)
{
	if (o->json) {
		json_array_append_new(array, scenario_json(s));
	} else if (o->cases) {
		for (int i = 0; i < s->n_plans; i++)
			printf("%s\t%s\t%d\t%d\n", s->name, s->plans[i].set, s->plans[i].n_faults,
			       s->plans[i].n_expectations);
	} else {
		line_put(s);
	}
}

static int all_put(struct sources *catalogue, const struct options *o)
{
	struct strings none = { 0 };
	json_t *array = json_array();
	int code = EXIT_OK;

	for (int i = 0; i < catalogue->n; i++) {
		struct scenario *s = source_parse(&catalogue->list[i], &none);

		if (!s)
			code = EXIT_USAGE;
		else if (!o->tags.n || scenario_tagged(s, &o->tags))
			scenario_put(s, o, array);
		scenario_free(s);
	}
	if (o->json) {
		json_dumpf(array, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	json_decref(array);
	return code;
}

static int claims_put(struct sources *catalogue, const struct options *o)
{
	struct claims claims;
	int ret = claims_load(catalogue, &claims);

	if (ret < 0)
		return ret == -EINVAL ? EXIT_USAGE : EXIT_LAB;
	if (o->json)
		claims_json(&claims, stdout);
	else
		claims_table(&claims, stdout);
	claims_free(&claims);
	return EXIT_OK;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct options o = { 0 };
	struct sources catalogue = { 0 };
	int code = EXIT_USAGE;
	int first = command_options(command, argc, argv, &o, &code);

	if (first >= 0 && first < argc)
		fprintf(stderr, "nslab list: takes no names; 'nslab show NAME' tells of one\n");
	else if (first >= 0 && catalogue_load(o.scenarios, &catalogue) == 0)
		code = o.claims ? claims_put(&catalogue, &o) : all_put(&catalogue, &o);
	sources_free(&catalogue);
	strings_free(&o.tags);
	return code;
}

const struct command COMMAND_LIST = {
	.name = "list",
	.usage = "[options]",
	.summary = "show the catalogue of scenarios, a line each",
	.options = rows,
	.run = run,
};
