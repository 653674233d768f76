// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/cli/command_line.h"

#include <stdlib.h>
#include <string.h>

#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=,:+@%"

/* A word as a shell takes it. */
static void word_put(FILE *out, const char *word)
{
	if (*word && !word[strspn(word, PLAIN)]) {
		fprintf(out, " %s", word);
		return;
	}
	fputs(" '", out);
	for (; *word; word++) {
		if (*word == '\'')
			fputs("'\\''", out);
		else
			fputc(*word, out);
	}
	fputc('\'', out);
}

/* The plan's --set words, which are quoted for a shell already: a blank in quotes parts nothing. */
static void sets_put(FILE *out, const char *set)
{
	bool quoted = false;

	if (*set)
		fputs(" --set ", out);
	for (; *set; set++) {
		quoted ^= *set == '\'';
		if (*set == ' ' && !quoted)
			fputs(" --set ", out);
		else
			fputc(*set, out);
	}
}

void command_put(FILE *out, const struct scenario *scenario, const struct plan *plan, bool by_name)
{
	static const char shipped[] = "scenarios/";

	by_name = by_name && !getenv("NSLAB_SCENARIOS") &&
		  !strncmp(scenario->file, shipped, sizeof(shipped) - 1);
	fputs("nslab run", out);
	word_put(out, by_name ? scenario->name : scenario->file);
	sets_put(out, plan->set);
}
