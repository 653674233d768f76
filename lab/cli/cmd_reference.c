// SPDX-License-Identifier: GPL-2.0-or-later
/* The reference: the parser's tables, and what the verbs bring along; and pages made from data. */
#include <stdio.h>
#include <string.h>

#include "lab/cli/catalogue.h"
#include "lab/cli/command.h"
#include "lab/cli/pages.h"
#include "lab/run/check.h"
#include "lab/run/run.h"
#include "lab/run/sockopt.h"
#include "lab/scenario/problem.h"
#include "lab/scenario/reference.h"
#include "netns/cleanup.h"
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
	      "`sysctl` wins; `--unpinned` leaves the kernel's values. One that a kernel lacks is skipped, and\n"
	      "the run notes it.\n\n"
	      "| sysctl | value | why |\n|---|---|---|\n",
	      out);
	for (int i = 0; (pin = sysctl_pin_at(i)); i++)
		fprintf(out, "| `%s` | %s%s%s | %s |\n", pin->key, pin->value[0] ? "`" : "",
			pin->value[0] ? pin->value : "(empty)", pin->value[0] ? "`" : "",
			pin->reason);
}

static int format_print(struct sources *catalogue, FILE *out)
{
	(void)catalogue;
	reference_print(run_vocabulary(), out);
	checks_print(out);
	options_print_all(out);
	pins_print(out);
	return 0;
}

static const struct page {
	const char *word;
	int (*print)(struct sources *catalogue, FILE *out);
} pages[] = {
	{ "format", format_print },
	{ "catalogue", page_catalogue },
	{ "symptoms", page_symptoms },
	{ "claims", page_claims },
};

static const struct page *page_find(const char *word)
{
	char shown[100];

	for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
		if (!strcmp(pages[i].word, word))
			return &pages[i];
	fprintf(stderr,
		"nslab reference: there is none of '%s'; expected format, catalogue, symptoms or claims\n",
		text_escape(word, shown, sizeof(shown)));
	return NULL;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct sources catalogue = { 0 };
	const struct page *page;
	int code = EXIT_USAGE;
	int first = command_options(command, argc, argv, NULL, &code);

	if (first < 0)
		return code;
	if (first + 1 < argc) {
		fprintf(stderr, "nslab reference: takes one word at most\n");
		return EXIT_USAGE;
	}
	page = page_find(first < argc ? argv[first] : "format");
	if (!page)
		return EXIT_USAGE;
	code = catalogue_load(NULL, &catalogue) == 0 && page->print(&catalogue, stdout) == 0 ?
		       EXIT_OK :
		       EXIT_USAGE;
	sources_free(&catalogue);
	return code;
}

const struct command COMMAND_REFERENCE = {
	.name = "reference",
	.usage = "[format | catalogue | symptoms | claims]",
	.summary =
		"print a reference as Markdown: of the scenario format, or what else docs/ has of the kind",
	.options = no_options,
	.run = run,
};
