// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "lab/cli/catalogue.h"
#include "lab/cli/command.h"
#include "lab/cli/command_line.h"
#include "lab/cli/picture.h"
#include "lab/report/report.h"
#include "lab/run/run.h"

struct options {
	struct strings set;
	bool source;
	const char *scenarios;
};

static const struct option_row rows[] = {
	{ "set", 's', "KEY=VALUE", "set a parameter, as for run", OPTION_LIST,
	  offsetof(struct options, set) },
	{ "source", 0, NULL, "print the scenario's file instead", OPTION_FLAG,
	  offsetof(struct options, source) },
	{ "scenarios", 0, "DIR", "scenarios that override those compiled in; also $NSLAB_SCENARIOS",
	  OPTION_TEXT, offsetof(struct options, scenarios) },
	{ 0 },
};

static void expect_print(const struct step *step)
{
	const struct expect *e = &step->expect;
	int n = 0;

	if (!e->line)
		return;
	fputs("      expect", stdout);
	if (e->error_set)
		printf("%s error %s", n++ ? "," : "", expect_error_text(e));
	if (e->after.set)
		printf("%s after %s", n++ ? "," : "", e->after.text);
	if (e->bytes.set)
		printf("%s bytes %s", n++ ? "," : "", e->bytes.text);
	if (e->eof_set)
		printf("%s%s end of stream", n++ ? "," : "", e->eof ? "" : " no");
	putchar('\n');
}

static void steps_print(const struct plan *plan)
{
	for (int i = 0; i < plan->n_steps; i++) {
		const struct step *step = &plan->steps[i];

		printf("  %2d. %s%s%s%s\n", i + 1,
		       step->host >= 0 ? plan->topo.hosts[step->host].name : "",
		       step->host >= 0 ? ": " : "", step->text,
		       step->background ? " (in background)" : "");
		expect_print(step);
	}
}

static void needs_print(const struct scenario *s)
{
	if (!s->needs.n)
		return;
	printf("\nNeeds of the kernel\n");
	for (int i = 0; i < s->needs.n; i++) {
		const struct need *need = &s->needs.list[i];

		printf("  %s%s%s\n", need_word(need->kind), need->key ? " " : "",
		       need->key ? need->key : "");
	}
}

static void cases_print(const struct scenario *s, const struct options *o)
{
	printf("\nCases\n");
	for (int i = 0; i < s->n_plans; i++) {
		fputs("  ", stdout);
		command_put(stdout, s, &s->plans[i], !o->scenarios);
		putchar('\n');
	}
}

static int one_show(struct source *source, const struct options *o)
{
	struct scenario *s = source_parse(source, &o->set);
	struct report_options options;

	if (!s)
		return EXIT_USAGE;
	if (o->source) {
		fwrite(s->source, 1, s->source_len, stdout);
		scenario_free(s);
		return EXIT_OK;
	}
	report_options_detect(stdout, &options);
	printf("%s\n", s->name);
	prose_print(s->plans[0].title, 0, &options, stdout);
	putchar('\n');
	prose_print(s->story, 2, &options, stdout);
	printf("\nTopology\n");
	picture_print(&s->plans[0], stdout);
	needs_print(s);
	printf("\nSteps\n");
	steps_print(&s->plans[0]);
	printf("\nWhat to do\n");
	prose_print(s->remedy, 2, &options, stdout);
	cases_print(s, o);
	scenario_free(s);
	return EXIT_OK;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct sources catalogue = { 0 }, sources = { 0 };
	struct options o = { 0 };
	int code = EXIT_USAGE;
	int first = command_options(command, argc, argv, &o, &code);

	if (first >= 0 && first == argc) {
		fprintf(stderr, "nslab show: which scenario? 'nslab list' shows the names\n");
	} else if (first >= 0 && catalogue_load(o.scenarios, &catalogue) == 0 &&
		   sources_collect(&catalogue, argv + first, argc - first, &sources) == 0) {
		code = EXIT_OK;
		for (int i = 0; i < sources.n; i++) {
			if (i)
				putchar('\n');
			if (one_show(&sources.list[i], &o) != EXIT_OK)
				code = EXIT_USAGE;
		}
	}
	sources_free(&sources);
	sources_free(&catalogue);
	strings_free(&o.set);
	return code;
}

const struct command COMMAND_SHOW = {
	.name = "show",
	.usage = "[options] NAME|FILE…",
	.summary = "tell of a scenario: story, picture, faults, steps, remedy",
	.options = rows,
	.run = run,
};
