// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/cli/claims.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lab/cli/builtin.h"
#include "lab/scenario/node.h"
#include "lab/scenario/problem.h"

static const char *const verdict_words
	[] = { [VERDICT_TRUE] = "true", [VERDICT_LIMITED] = "limited", [VERDICT_FALSE] = "false" };

const char *verdict_name(enum verdict verdict)
{
	return verdict == VERDICT_LIMITED ? "true with a limit" : verdict_words[verdict];
}

void claims_free(struct claims *claims)
{
	for (int i = 0; i < claims->n; i++) {
		struct claim *claim = &claims->list[i];

		free(claim->id);
		free(claim->text);
		free(claim->c);
		free(claim->go);
		free(claim->sentence);
		for (int k = 0; k < claim->scenarios.n; k++)
			free((char *)claim->scenarios.list[k]);
		strings_free(&claim->scenarios);
	}
	free(claims->list);
	*claims = (struct claims){ 0 };
}

/* A text of the file that is compiled in; it is complete, which a test makes sure of. */
static char *text_of(const struct node *item, const char *key)
{
	const struct node *value = node_get(item, key);

	return strdup(value && value->text ? value->text : "");
}

static int claim_read(const struct node *item, struct claim *claim)
{
	const struct node *verdict = node_get(item, "verdict");

	*claim = (struct claim){ .id = text_of(item, "id"),
				 .text = text_of(item, "claim"),
				 .c = text_of(item, "c"),
				 .go = text_of(item, "go"),
				 .sentence = text_of(item, "sentence") };
	for (int v = VERDICT_TRUE; verdict && verdict->text && v <= VERDICT_FALSE; v++)
		if (!strcmp(verdict->text, verdict_words[v]))
			claim->verdict = (enum verdict)v;
	return claim->id && claim->text && claim->c && claim->go && claim->sentence ? 0 : -ENOMEM;
}

static int claims_read(struct claims *claims)
{
	struct problems problems = { .file = "lab/cli/claims.yaml",
				     .source = builtin_claims,
				     .source_len = strlen(builtin_claims) };
	struct node *root = node_parse(builtin_claims, strlen(builtin_claims), &problems);
	int ret = 0;

	if (!root || root->kind != NODE_LIST) {
		problems_print(&problems, stderr);
		problems_free(&problems);
		node_free(root);
		return -EINVAL;
	}
	claims->list = calloc((size_t)root->n + 1, sizeof(*claims->list));
	if (!claims->list)
		ret = -ENOMEM;
	for (int i = 0; !ret && i < root->n; i++)
		ret = claim_read(root->items[i], &claims->list[claims->n++]);
	problems_free(&problems);
	node_free(root);
	return ret;
}

static struct claim *claim_find(struct claims *claims, const char *id)
{
	for (int i = 0; i < claims->n; i++)
		if (!strcmp(claims->list[i].id, id))
			return &claims->list[i];
	return NULL;
}

static int scenario_note(struct claims *claims, const struct scenario *scenario)
{
	int ret = 0;

	for (int i = 0; i < scenario->n_claims; i++) {
		struct claim *claim = claim_find(claims, scenario->claims[i]);
		char *name;

		if (!claim) {
			fprintf(stderr,
				"%s: there is no claim '%s'; lab/cli/claims.yaml has them\n",
				scenario->file, scenario->claims[i]);
			ret = -EINVAL;
			continue;
		}
		name = strdup(scenario->name);
		if (!name || strings_add(&claim->scenarios, name) < 0) {
			free(name);
			return -ENOMEM;
		}
	}
	return ret;
}

int claims_load(struct sources *catalogue, struct claims *ret)
{
	struct strings none = { 0 };
	int err;

	*ret = (struct claims){ 0 };
	err = claims_read(ret);
	for (int i = 0; err != -ENOMEM && i < catalogue->n; i++) {
		struct scenario *scenario = source_parse(&catalogue->list[i], &none);
		int one = scenario ? scenario_note(ret, scenario) : -EINVAL;

		err = err ?: one;
		scenario_free(scenario);
	}
	if (err)
		claims_free(ret);
	return err;
}

void claims_table(const struct claims *claims, FILE *out)
{
	for (int i = 0; i < claims->n; i++) {
		const struct claim *claim = &claims->list[i];

		fprintf(out, "%2d  %-17s  %s\n", i + 1, verdict_name(claim->verdict), claim->text);
		fprintf(out, "                       %s:", claim->id);
		for (int k = 0; k < claim->scenarios.n; k++)
			fprintf(out, " %s", claim->scenarios.list[k]);
		fprintf(out, "\n");
	}
}

void claims_json(const struct claims *claims, FILE *out)
{
	json_t *array = json_array();

	for (int i = 0; i < claims->n; i++) {
		const struct claim *claim = &claims->list[i];
		json_t *names = json_array();

		for (int k = 0; k < claim->scenarios.n; k++)
			json_array_append_new(names, json_string(claim->scenarios.list[k]));
		json_array_append_new(array,
				      json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:o}",
						"number", i + 1, "id", claim->id, "claim",
						claim->text, "verdict",
						verdict_words[claim->verdict], "observed", claim->c,
						"observed_go", claim->go, "sentence",
						claim->sentence, "scenarios", names));
	}
	json_dumpf(array, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(array);
}

void claims_markdown(const struct claims *claims, FILE *out)
{
	fputs("# The article's claims\n\n"
	      "<!-- Made by nslab reference claims from lab/cli/claims.yaml: change that, not this file. -->\n\n"
	      "An article for Go programmers on `net.Dial`, `connect()`, `conn.Close()`, FIN_WAIT_1, TIME_WAIT,\n"
	      "SO_REUSEADDR and half-close says these fifteen things. Each was tried on real kernels, by the scenarios named\n"
	      "behind it: `nslab run NAME` shows it again. What Go prints, the programs in [examples/go](../examples/go/README.md) show.\n\n"
	      "| | claim | verdict |\n|---|---|---|\n",
	      out);
	for (int i = 0; i < claims->n; i++)
		fprintf(out, "| %d | %s | %s |\n", i + 1, claims->list[i].text,
			verdict_name(claims->list[i].verdict));
	for (int i = 0; i < claims->n; i++) {
		const struct claim *claim = &claims->list[i];

		fprintf(out,
			"\n## %d. %s\n\n> %s\n\nVerdict: **%s**. %s\n\n- With system calls: %s\n- In Go: %s\n- Settled by",
			i + 1, claim->id, claim->text, verdict_name(claim->verdict),
			claim->sentence, claim->c, claim->go);
		for (int k = 0; k < claim->scenarios.n; k++)
			fprintf(out, "%s `%s`", k ? "," : "", claim->scenarios.list[k]);
		fputc('\n', out);
	}
}
