// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/cli/pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/cli/builtin.h"
#include "lab/cli/claims.h"
#include "lab/cli/symptom.h"

static void made_by(const char *word, const char *from, FILE *out)
{
	fprintf(out, "<!-- Made by nslab reference %s from %s: change that, not this file. -->\n\n",
		word, from);
}

/* ---- the catalogue ---- */

/* "dial" of "dial-ok", "time-wait" of "time-wait-reuseaddr": the folder of its file. */
static const char *group_of(const struct scenario *scenario, char *buf, size_t size)
{
	const char *slash = strrchr(scenario->file, '/'), *from = slash;

	while (from && from > scenario->file && from[-1] != '/')
		from--;
	snprintf(buf, size, "%.*s", from ? (int)(slash - from) : 0, from ?: "");
	return buf;
}

/* The first paragraph, on one line. */
static void paragraph_put(const char *text, FILE *out)
{
	for (; *text && strncmp(text, "\n\n", 2) != 0; text++) {
		if (*text != '\n')
			fputc(*text, out);
		else if (text[1])
			fputc(' ', out);
	}
}

static void scenario_put(const struct scenario *s, FILE *out)
{
	fprintf(out, "\n### %s\n\n**%s**\n\n", s->name, s->title);
	paragraph_put(s->story, out);
	fprintf(out, "\n\n    nslab run %s\n\n%d %s; tags:", s->name, s->n_plans,
		s->n_plans == 1 ? "case" : "cases");
	for (int i = 0; i < s->n_tags; i++)
		fprintf(out, "%s %s", i ? "," : "", s->tags[i]);
	if (s->n_claims)
		fputs("; settles [claims](claims.md):", out);
	for (int i = 0; i < s->n_claims; i++)
		fprintf(out, "%s %s", i ? "," : "", s->claims[i]);
	fputc('\n', out);
}

int page_catalogue(struct sources *catalogue, FILE *out)
{
	struct strings none = { 0 };
	char group[64] = "", now[64];

	fputs("# The catalogue\n\n", out);
	made_by("catalogue", "the files in scenarios/", out);
	fputs("Every scenario, with the beginning of its story; `nslab show NAME` tells the whole of it, `nslab run NAME` shows it, and\n"
	      "[symptoms.md](symptoms.md) finds it by what is seen.\n",
	      out);
	for (int i = 0; i < catalogue->n; i++) {
		struct scenario *scenario = source_parse(&catalogue->list[i], &none);

		if (!scenario)
			return -EINVAL;
		if (strcmp(group, group_of(scenario, now, sizeof(now)))) {
			memcpy(group, now, sizeof(group));
			fprintf(out, "\n## %s\n", group);
		}
		scenario_put(scenario, out);
		scenario_free(scenario);
	}
	return 0;
}

/* ---- symptoms ---- */

/* Is it the first row of the table with that word (and that verb)? */
static bool is_first(const struct symptoms *all, int i, bool with_where)
{
	for (int k = 0; k < i; k++)
		if (all->list[k].kind == all->list[i].kind &&
		    !strcmp(all->list[k].word, all->list[i].word) &&
		    (!with_where || !strcmp(all->list[k].where, all->list[i].where)))
			return false;
	return true;
}

/* The scenarios that show what row @i shows, at @where, NULL for anywhere; each once. */
static void scenarios_put(const struct symptoms *all, int i, const char *where, FILE *out)
{
	const char *last = "";

	for (int k = 0; k < all->n; k++) {
		const struct symptom *s = &all->list[k];

		if (s->kind != all->list[i].kind || strcmp(s->word, all->list[i].word) ||
		    (where && strcmp(s->where, where)) || !strcmp(s->scenario, last))
			continue;
		fprintf(out, "%s`%s`", *last ? ", " : "", s->scenario);
		last = s->scenario;
	}
}

static void texts_put(const char *word, FILE *out)
{
	const struct phrase *phrase;
	const char *program = "", *last = "";

	for (int i = 0; (phrase = phrase_at(i)); i++) {
		if (strcmp(phrase->word, word) || !phrase->program || !strcmp(phrase->text, last))
			continue;
		last = phrase->text;
		if (strcmp(program, phrase->program))
			fprintf(out, "%s| %s | `%s`", *program ? " |\n" : "", phrase->program,
				phrase->text);
		else
			fprintf(out, "<br>`%s`", phrase->text);
		program = phrase->program;
	}
	if (*program)
		fputs(" |\n", out);
}

static void error_put(const struct symptoms *all, int i, FILE *out)
{
	const char *word = all->list[i].word;

	fprintf(out, "\n### %s\n\n", word);
	if (!strcmp(word, "deadline"))
		fputs("The program gave up; the kernel had not.\n\n", out);
	else if (!strcmp(word, "eof"))
		fputs("The peer ended the stream earlier than was expected.\n\n", out);
	fputs("| in | as |\n|---|---|\n", out);
	texts_put(word, out);
	fputs("\n| at | scenarios |\n|---|---|\n", out);
	for (int k = 0; k < all->n; k++) {
		if (all->list[k].kind != SYMPTOM_ERROR || strcmp(all->list[k].word, word) ||
		    !is_first(all, k, true))
			continue;
		fprintf(out, "| %s | ", all->list[k].where);
		scenarios_put(all, k, all->list[k].where, out);
		fputs(" |\n", out);
	}
}

static void states_put(const struct symptoms *all, FILE *out)
{
	const struct state_row *row;

	fputs("\n## TCP states\n\nAs `ss -tan` shows them.\n\n| state | means | scenarios |\n|---|---|---|\n",
	      out);
	for (int i = 0; (row = state_row_at(i)); i++) {
		int k = 0;

		while (k < all->n &&
		       (all->list[k].kind != SYMPTOM_STATE || strcmp(all->list[k].word, row->word)))
			k++;
		fprintf(out, "| %s | %s | ", row->word, row->meaning);
		/* nearly all have one: no symptom */
		if (k < all->n && strcmp(row->word, "ESTABLISHED"))
			scenarios_put(all, k, NULL, out);
		fputs(" |\n", out);
	}
}

int page_symptoms(struct sources *catalogue, FILE *out)
{
	struct symptoms all;

	(void)catalogue;
	if (symptoms_read(builtin_symptoms, &all) < 0)
		return -ENOMEM;
	fputs("# Find it by symptom\n\n", out);
	made_by("symptoms", "lab/cli/symptoms.tsv and lab/cli/symptom_words.c", out);
	fputs("What programs print when a connection fails, and which scenarios were seen to end like that. `nslab find` looks here:\n"
	      "give it a line of a log, an errno or a state.\n\n"
	      "    nslab find \"dial tcp 10.0.0.1:443: i/o timeout\"\n"
	      "    nslab find ETIMEDOUT\n"
	      "    nslab find CLOSE-WAIT\n\n"
	      "## Errors\n",
	      out);
	for (int i = 0; i < all.n; i++)
		if (all.list[i].kind == SYMPTOM_ERROR && is_first(&all, i, false))
			error_put(&all, i, out);
	states_put(&all, out);
	symptoms_free(&all);
	return 0;
}

/* ---- claims ---- */

int page_claims(struct sources *catalogue, FILE *out)
{
	struct claims claims;
	int ret = claims_load(catalogue, &claims);

	if (ret < 0)
		return ret;
	claims_markdown(&claims, out);
	claims_free(&claims);
	return 0;
}
