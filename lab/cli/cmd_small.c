// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands of a few lines: new, validate, version. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>

#include "lab/cli/builtin.h"
#include "lab/cli/catalogue.h"
#include "lab/cli/command.h"
#include "lab/run/run.h"
#include "lab/scenario/problem.h"
#include "lab/version.h"
#include "netns/cleanup.h"

static const struct option_row no_options[] = { { 0 } };

struct new_options {
	bool force;
};

static const struct option_row new_rows[] = {
	{ "force", 'f', NULL, "overwrite the file if it exists", OPTION_FLAG,
	  offsetof(struct new_options, force) },
	{ 0 },
};

static int template_write(const char *file, bool force)
{
	_cleanup_close_ int fd = -1;
	size_t len = strlen(builtin_template);
	char shown[200];

	if (!strcmp(file, "-")) {
		fputs(builtin_template, stdout);
		return EXIT_OK;
	}
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC | (force ? O_TRUNC : O_EXCL), 0666);
	if (fd < 0 || write(fd, builtin_template, len) != (ssize_t)len) {
		fprintf(stderr, "nslab new: cannot write %s: %s%s\n",
			text_escape(file, shown, sizeof(shown)), strerror(errno),
			errno == EEXIST ? "; --force overwrites it" : "");
		return EXIT_USAGE;
	}
	printf("wrote %s; now: nslab validate %s && nslab run %s\n",
	       text_escape(file, shown, sizeof(shown)), shown, shown);
	return EXIT_OK;
}

static int new_run(const struct command *command, int argc, char **argv)
{
	struct new_options o = { 0 };
	int code = EXIT_USAGE;
	int first = command_options(command, argc, argv, &o, &code);

	if (first < 0)
		return code;
	if (argc - first != 1) {
		fprintf(stderr, "nslab new: give the name of the file to write, or -\n");
		return EXIT_USAGE;
	}
	return template_write(argv[first], o.force);
}

const struct command COMMAND_NEW = {
	.name = "new",
	.usage = "[options] FILE",
	.summary = "write an annotated template for a scenario of your own",
	.options = new_rows,
	.run = new_run,
};

struct validate_options {
	struct strings set;
	const char *scenarios;
};

static const struct option_row validate_rows[] = {
	{ "set", 's', "KEY=VALUE", "set a parameter, as for run", OPTION_LIST,
	  offsetof(struct validate_options, set) },
	{ "scenarios", 0, "DIR", "scenarios that override those compiled in", OPTION_TEXT,
	  offsetof(struct validate_options, scenarios) },
	{ 0 },
};

static int all_validate(struct sources *sources, const struct strings *set)
{
	int bad = 0;

	for (int i = 0; i < sources->n; i++) {
		struct scenario *scenario = source_parse(&sources->list[i], set);
		char shown[200];

		bad += !scenario;
		if (scenario)
			printf("%s: valid, %d case%s\n",
			       text_escape(sources->list[i].file, shown, sizeof(shown)),
			       scenario->n_plans, scenario->n_plans == 1 ? "" : "s");
		scenario_free(scenario);
	}
	if (bad)
		fprintf(stderr, "%d of %d files not valid\n", bad, sources->n);
	return bad ? EXIT_USAGE : EXIT_OK;
}

static int validate_run(const struct command *command, int argc, char **argv)
{
	struct validate_options o = { 0 };
	struct sources catalogue = { 0 }, sources = { 0 };
	int code = EXIT_USAGE;
	int first = command_options(command, argc, argv, &o, &code);

	if (first >= 0 && first == argc)
		fprintf(stderr, "nslab validate: give files, folders or names\n");
	else if (first >= 0 && catalogue_load(o.scenarios, &catalogue) == 0 &&
		 sources_collect(&catalogue, argv + first, argc - first, &sources) == 0)
		code = all_validate(&sources, &o.set);
	sources_free(&sources);
	sources_free(&catalogue);
	strings_free(&o.set);
	return code;
}

const struct command COMMAND_VALIDATE = {
	.name = "validate",
	.usage = "[options] FILE|DIR|NAME…",
	.summary = "read scenario files and say all that is wrong with them",
	.options = validate_rows,
	.run = validate_run,
};

static int version_run(const struct command *command, int argc, char **argv)
{
	struct utsname uts;
	int code = EXIT_USAGE;

	if (command_options(command, argc, argv, NULL, &code) < 0)
		return code;
	uname(&uts);
	printf("nslab %s on %s %s\n", NSLAB_VERSION, uts.sysname, uts.release);
	return EXIT_OK;
}

const struct command COMMAND_VERSION = {
	.name = "version",
	.usage = "",
	.summary = "print the version of nslab and of the kernel",
	.options = no_options,
	.run = version_run,
};
