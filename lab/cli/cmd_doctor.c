// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "lab/cli/catalogue.h"
#include "lab/cli/command.h"
#include "lab/doctor/doctor.h"
#include "lab/report/report.h"

struct options {
	bool verbose;
	const char *scenarios;
};

static const struct option_row rows[] = {
	{ "verbose", 'v', NULL, "also show the limits that are wide enough", OPTION_FLAG,
	  offsetof(struct options, verbose) },
	{ "scenarios", 0, "DIR", "scenarios that override those compiled in; also $NSLAB_SCENARIOS",
	  OPTION_TEXT, offsetof(struct options, scenarios) },
	{ 0 },
};

static int examine(struct sources *catalogue, const struct options *o)
{
	const struct scenario **list = calloc((size_t)catalogue->n + 1, sizeof(*list));
	struct doctor_options options = { .verbose = o->verbose, .scenarios = list };
	struct strings none = { 0 };
	struct report_options shown;
	int missing, runnable = 0;

	for (int i = 0; list && i < catalogue->n; i++) {
		list[options.n_scenarios] = source_parse(&catalogue->list[i], &none);
		options.n_scenarios += list[options.n_scenarios] != NULL;
	}
	report_options_detect(stdout, &shown);
	options.columns = shown.columns;
	options.colour = shown.colour;
	options.unicode = shown.unicode;
	missing = doctor_run(stdout, &options, &runnable);
	for (int i = 0; i < options.n_scenarios; i++)
		scenario_free((struct scenario *)list[i]);
	free(list);
	if (!missing)
		return EXIT_OK;
	return runnable ? EXIT_UNMET : EXIT_LAB;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct sources catalogue = { 0 };
	struct options o = { 0 };
	int code = EXIT_USAGE;
	int first = command_options(command, argc, argv, &o, &code);

	if (first >= 0 && first < argc)
		fprintf(stderr, "nslab doctor: takes no names\n");
	else if (first >= 0 && catalogue_load(o.scenarios, &catalogue) == 0)
		code = examine(&catalogue, &o);
	sources_free(&catalogue);
	return code;
}

const struct command COMMAND_DOCTOR = {
	.name = "doctor",
	.usage = "[options]",
	.summary = "try what the lab needs of this system, and name what stands in the way",
	.help = "Tries each feature in a throw-away namespace; nothing of the machine is changed. Exit status: 0\n"
		"if every scenario of the catalogue can run here, 1 if some cannot, 3 if none can.\n",
	.options = rows,
	.run = run,
};
