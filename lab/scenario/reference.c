// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/scenario/reference.h"

#include <string.h>

#include "lab/scenario/reading.h"
#include "lab/scenario/reference_text.h"

/* put_cell() - text inside a table: a bar would end the cell */
static void put_cell(const char *text, FILE *out)
{
	for (; *text; text++) {
		if (*text == '|')
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void put_code(const char *text, FILE *out)
{
	if (!text)
		return;
	fputc('`', out);
	put_cell(text, out);
	fputc('`', out);
}

static void put_type(const struct key *key, FILE *out)
{
	if (!key->words) {
		put_cell(key->type ? key->type->name : "", out);
		return;
	}
	fputs("one of ", out);
	for (int i = 0; key->words[i]; i++) {
		if (i)
			fputs(", ", out);
		put_code(key->words[i], out);
	}
}

static void put_row(const struct key *key, FILE *out)
{
	fputs("| ", out);
	put_code(key->name, out);
	fputs(" | ", out);
	put_type(key, out);
	fputs(" | ", out);
	put_cell(key->required ? "required" : key->def ? key->def : "", out);
	fputs(" | ", out);
	put_code(key->example, out);
	fputs(" | ", out);
	put_cell(key->help ? key->help : "", out);
	if (key->later) {
		fputs(" (not available yet: ", out);
		put_cell(key->later, out);
		fputc(')', out);
	}
	fputs(" |\n", out);
}

void reference_keys(const struct key *keys, FILE *out)
{
	if (!keys || !keys->name)
		return;
	fputs("\n| key | type | default | example | meaning |\n|---|---|---|---|---|\n", out);
	for (; keys->name; keys++)
		put_row(keys, out);
}

static void put_actions(FILE *out)
{
	const struct action *action;

	fputs("\n### action\n\n", out);
	for (int i = 0; (action = action_at(i)); i++) {
		fputs("- ", out);
		put_code(action->syntax ? action->syntax : action->name, out);
		fprintf(out, ": %s", action->help ? action->help : "");
		if (action->later)
			fprintf(out, " (not available yet: %s)", action->later);
		fputc('\n', out);
	}
}

/* put_names() - the rows of @keys whose bits are set, as a list of words; does nothing for none */
static void put_names(const char *title, const struct key *keys, unsigned bits, FILE *out)
{
	const char *comma = "";

	if (!bits)
		return;
	fprintf(out, "\n%s: ", title);
	for (int i = 0; keys[i].name; i++) {
		if (!(bits & (1u << i)))
			continue;
		fputs(comma, out);
		put_code(keys[i].name, out);
		comma = ", ";
	}
	fputs(".\n", out);
}

static void put_verb(const struct verb *verb, FILE *out)
{
	static const char *const makes[] = { NULL, "a listener", "a connection", "a bound socket" };

	fprintf(out, "\n#### %s\n\n%s\n", verb->name, verb->summary ? verb->summary : "");
	if (verb->later) {
		fprintf(out, "\nNot available yet: %s.\n", verb->later);
		return;
	}
	reference_keys(verb->keys, out);
	put_names("Common keys", COMMON_KEYS, verb->common, out);
	if (makes[verb->makes])
		fprintf(out, "\n`as` names %s.\n", makes[verb->makes]);
	put_names("It can be expected to come to", EXPECT_KEYS, verb->expects, out);
}

static void put_verbs(const struct vocabulary *vocabulary, bool on_host, FILE *out)
{
	for (const struct verb *const *verb = vocabulary->verbs; *verb; verb++)
		if ((*verb)->on_host == on_host)
			put_verb(*verb, out);
}

static void put_section(const char *title, const char *text, const struct key *keys, FILE *out)
{
	fprintf(out, "\n%s\n\n%s", title, text);
	reference_keys(keys, out);
}

static void put_needs(FILE *out)
{
	fprintf(out, "\n## needs\n\n%s\n", TEXT_NEEDS);
	for (int i = 0; i < NEEDS_COUNT; i++)
		fprintf(out, "- `%s`: %s\n", need_word(i), need_help(i));
}

void reference_print(const struct vocabulary *vocabulary, FILE *out)
{
	fprintf(out, "%s", TEXT_HEAD);
	put_section("## An example", TEXT_EXAMPLE, NULL, out);
	put_section("## The top level", "The file is a mapping with these keys.\n", SCENARIO_KEYS,
		    out);
	put_needs(out);
	put_section("## Cases", TEXT_CASES, NULL, out);
	put_section("## Values", TEXT_VALUES, NULL, out);
	put_section("## topology", TEXT_TOPOLOGY, TOPOLOGY_KEYS, out);
	put_section("### A host", "A host's own keys; all may be left out.\n", HOST_KEYS, out);
	put_section("### A link", TEXT_LINKS, LINK_KEYS, out);
	put_section("## faults", TEXT_FAULTS, FAULT_KEYS, out);
	put_section("### match", TEXT_MATCH, MATCH_KEYS, out);
	put_actions(out);
	put_section("## steps", TEXT_STEPS, NULL, out);
	put_section("### Common keys", "Which verb takes which, its own section says.\n",
		    COMMON_KEYS, out);
	put_section("### expect", TEXT_EXPECT, EXPECT_KEYS, out);
	fputs("\n### Verbs of a host\n\n`- HOST: {VERB: …, KEYS…}`\n", out);
	put_verbs(vocabulary, true, out);
	fputs("\n### Verbs of the lab\n\n`- VERB: …`\n", out);
	put_verbs(vocabulary, false, out);
}
