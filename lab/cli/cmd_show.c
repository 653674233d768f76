// SPDX-License-Identifier: GPL-2.0-or-later
#include <limits.h>
#include <string.h>

#include "lab/cli/catalogue.h"
#include "lab/cli/command.h"
#include "lab/cli/command_line.h"
#include "lab/cli/commands.h"
#include "lab/cli/picture.h"
#include "lab/report/report.h"
#include "lab/run/run.h"

struct options {
	struct strings set;
	bool source;
	bool commands;
	const char *scenarios;
};

static const struct option_row rows[] = {
	{ "set", 's', "KEY=VALUE", "set a parameter, as for run", OPTION_LIST,
	  offsetof(struct options, set) },
	{ "source", 0, NULL, "print the scenario's file instead", OPTION_FLAG,
	  offsetof(struct options, source) },
	{ "commands", 0, NULL, "print a shell script of ip, nft and tc that builds the same lab",
	  OPTION_FLAG, offsetof(struct options, commands) },
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
	if (e->address)
		printf("%s address %s", n++ ? "," : "", e->address);
	putchar('\n');
}

static void steps_print(const struct plan *plan, const struct paper *paper)
{
	for (int i = 0; i < plan->n_steps; i++) {
		const struct step *step = &plan->steps[i];

		printf("  %2d. %s%s", i + 1,
		       step->host >= 0 ? plan->topo.hosts[step->host].name : "",
		       step->host >= 0 ? ": " : "");
		text_put(paper, stdout, step->text, INT_MAX);
		printf("%s\n", step->background ? " (in background)" : "");
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

static void story_print(const struct scenario *s, const struct options *o,
			const struct report_options *options, const struct paper *paper)
{
	printf("%s\n", s->name);
	prose_print(s->plans[0].title, 0, options, stdout);
	putchar('\n');
	prose_print(s->story, 2, options, stdout);
	printf("\nTopology\n");
	picture_print(&s->plans[0], paper, stdout);
	needs_print(s);
	printf("\nSteps\n");
	steps_print(&s->plans[0], paper);
	printf("\nWhat to do\n");
	prose_print(s->remedy, 2, options, stdout);
	cases_print(s, o);
}

static int one_show(struct source *source, const struct options *o)
{
	struct scenario *s = source_parse(source, &o->set);
	struct report_options options;
	struct paper paper;

	if (!s)
		return EXIT_USAGE;
	report_options_detect(stdout, &options);
	paper_init(&paper, options.columns, false, options.unicode);
	if (o->source)
		fwrite(s->source, 1, s->source_len, stdout);
	else if (o->commands)
		commands_print(&s->plans[0], &paper, stdout);
	else
		story_print(s, o, &options, &paper);
	paper_release(&paper);
	scenario_free(s);
	return EXIT_OK;
}

static int all_show(struct sources *sources, const struct options *o)
{
	int code = EXIT_OK;

	/* two labs beside each other would want the same names */
	if (o->commands && sources->n != 1) {
		fprintf(stderr, "nslab show: --commands is for one scenario, not for %d\n",
			sources->n);
		return EXIT_USAGE;
	}
	for (int i = 0; i < sources->n; i++) {
		if (i)
			putchar('\n');
		if (one_show(&sources->list[i], o) != EXIT_OK)
			code = EXIT_USAGE;
	}
	return code;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct sources catalogue = { 0 }, sources = { 0 };
	struct options o = { 0 };
	int code = EXIT_USAGE;
	int first = command_options(command, argc, argv, &o, &code);

	if (first >= 0 && first == argc) {
		fprintf(stderr, "nslab show: which scenario? 'nslab list' shows the names\n");
	} else if (first >= 0 && o.commands && o.source) {
		fprintf(stderr, "nslab show: either --commands or --source\n");
	} else if (first >= 0 && catalogue_load(o.scenarios, &catalogue) == 0 &&
		   sources_collect(&catalogue, argv + first, argc - first, &sources) == 0) {
		code = all_show(&sources, &o);
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
	.help = "--commands prints what builds the same lab by hand, for the first case or for that of\n"
		"--set: a shell script of ip, sysctl, ethtool, nft and tc. It is to be read; run as root it\n"
		"builds on this machine. What nslab does in user space is told in comments.\n",
	.options = rows,
	.run = run,
};
