// SPDX-License-Identifier: GPL-2.0-or-later
/* The reference: the parser's tables, and what the verbs bring along. */
#include <stdio.h>

#include "lab/cli/command.h"
#include "lab/run/check.h"
#include "lab/run/run.h"
#include "lab/run/sockopt.h"
#include "lab/scenario/reference.h"
#include "netns/sysctl.h"

static const struct option_row no_options[] = { { 0 } };

static void checks_print(FILE *out)
{
	const struct check_kind *kind;

	fputs("\n## Checks\n\n"
	      "A check sees all that happened before it began. Without `within` or `for` it is judged once. In one\n"
	      "check only the keys of one of these can stand, beside `at`, `within` and `for`.\n",
	      out);
	for (int i = 0; (kind = check_kind_at(i)); i++) {
		fprintf(out, "\n### %s\n\n%s\n", kind->name, kind->help);
		reference_keys(kind->keys, out);
	}
}

static void options_print_all(FILE *out)
{
	fputs("\n## Socket options\n\nUnder `options` of dial, listen and bind.\n", out);
	reference_keys(sockopt_keys(), out);
}

static void pins_print(FILE *out)
{
	const struct sysctl_pin *pin;

	fputs("\n## Pinned sysctls\n\n"
	      "Every host starts with these, so that a scenario behaves alike on every kernel and machine. A host's own\n"
	      "`sysctl` wins; `nslab run --unpinned` leaves the kernel's values. One that a kernel lacks is skipped, and\n"
	      "the run notes it.\n\n"
	      "| sysctl | value | why |\n|---|---|---|\n",
	      out);
	for (int i = 0; (pin = sysctl_pin_at(i)); i++)
		fprintf(out, "| `%s` | %s%s%s | %s |\n", pin->key, pin->value[0] ? "`" : "",
			pin->value[0] ? pin->value : "(empty)", pin->value[0] ? "`" : "",
			pin->reason);
}

static int run(const struct command *command, int argc, char **argv)
{
	int code = EXIT_USAGE;
	int first = command_options(command, argc, argv, NULL, &code);

	if (first < 0)
		return code;
	if (first < argc) {
		fprintf(stderr, "nslab reference: takes no words\n");
		return EXIT_USAGE;
	}
	reference_print(run_vocabulary(), stdout);
	checks_print(stdout);
	options_print_all(stdout);
	pins_print(stdout);
	return EXIT_OK;
}

const struct command COMMAND_REFERENCE = {
	.name = "reference",
	.usage = "",
	.summary = "print the reference of the scenario format, as Markdown",
	.options = no_options,
	.run = run,
};
