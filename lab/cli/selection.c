// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/cli/selection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/scenario/problem.h"

static int set_check(const char *command, const struct strings *set)
{
	char shown[100];

	for (int i = 0; i < set->n; i++) {
		if (strchr(set->list[i], '='))
			continue;
		fprintf(stderr, "nslab %s: --set '%s': expected KEY=VALUE\n", command,
			text_escape(set->list[i], shown, sizeof(shown)));
		return -EINVAL;
	}
	return 0;
}

/* What the words mean; NULL after a message. */
static struct sources *sources_choose(const char *command, const struct selection_options *o,
				      char **words, int n, struct selection *s)
{
	if (o->all && n) {
		fprintf(stderr,
			"nslab %s: give either --all or names, files and folders, not both\n",
			command);
		return NULL;
	}
	if (o->all || (o->tags.n && !n))
		return &s->catalogue;
	if (!n) {
		fprintf(stderr,
			"nslab %s: which scenario? Give a name, a file or a folder, --tag or --all; 'nslab list' shows the names\n",
			command);
		return NULL;
	}
	return sources_collect(&s->catalogue, words, n, &s->own) < 0 ? NULL : &s->own;
}

/* Parse all, so that all that is wrong is told at once. */
static int scenarios_parse(struct selection *s, const struct selection_options *o,
			   struct sources *sources)
{
	int bad = 0;

	s->scenarios = calloc((size_t)sources->n + 1, sizeof(*s->scenarios));
	if (!s->scenarios)
		return -ENOMEM;
	for (int i = 0; i < sources->n; i++) {
		struct scenario *scenario = source_parse(&sources->list[i], &o->set);

		if (!scenario) {
			bad++;
			continue;
		}
		if (o->tags.n && !scenario_tagged(scenario, &o->tags)) {
			scenario_free(scenario);
			continue;
		}
		s->scenarios[s->n++] = scenario;
		s->n_places += scenario->n_plans;
	}
	return bad ? -EINVAL : 0;
}

static int places_list(struct selection *s)
{
	int n = 0;

	s->places = calloc((size_t)s->n_places + 1, sizeof(*s->places));
	if (!s->places)
		return -ENOMEM;
	for (int i = 0; i < s->n; i++)
		for (int p = 0; p < s->scenarios[i]->n_plans; p++)
			s->places[n++] =
				(struct place){ s->scenarios[i], &s->scenarios[i]->plans[p] };
	return 0;
}

int selection_make(const char *command, const struct selection_options *options, char **words,
		   int n, struct selection *ret)
{
	struct sources *sources;
	int err;

	memset(ret, 0, sizeof(*ret));
	err = set_check(command, &options->set);
	if (err < 0)
		return err;
	err = catalogue_load(options->scenarios, &ret->catalogue);
	if (err < 0)
		return err;
	sources = sources_choose(command, options, words, n, ret);
	if (!sources)
		return -EINVAL;
	err = scenarios_parse(ret, options, sources);
	if (err < 0)
		return err;
	if (!ret->n_places) {
		fprintf(stderr,
			"nslab %s: no scenario has such a tag; 'nslab list' shows the tags\n",
			command);
		return -ENOENT;
	}
	return places_list(ret);
}

int selection_topology(const char *command, const struct selection_options *options,
		       const char *file, struct selection *ret)
{
	int err;

	memset(ret, 0, sizeof(*ret));
	err = set_check(command, &options->set);
	if (err < 0)
		return err;
	ret->scenarios = calloc(1, sizeof(*ret->scenarios));
	if (!ret->scenarios)
		return -ENOMEM;
	ret->scenarios[0] = topology_parse(file, &ret->own, &options->set);
	if (!ret->scenarios[0])
		return -EINVAL;
	ret->n = 1;
	ret->n_places = ret->scenarios[0]->n_plans;
	return places_list(ret);
}

void selection_clear(struct selection *selection)
{
	for (int i = 0; i < selection->n; i++)
		scenario_free(selection->scenarios[i]);
	free(selection->scenarios);
	free(selection->places);
	sources_free(&selection->own);
	sources_free(&selection->catalogue);
	memset(selection, 0, sizeof(*selection));
}

void selection_options_clear(struct selection_options *options)
{
	strings_free(&options->tags);
	strings_free(&options->set);
}

int selection_one(const char *command, const struct selection_options *options, char *word,
		  struct selection *ret, const struct place **ret_place)
{
	if (selection_make(command, options, &word, 1, ret) < 0)
		return -EINVAL;
	if (ret->n > 1) {
		fprintf(stderr, "nslab %s: '%s' means %d scenarios; give one\n", command, word,
			ret->n);
		return -EINVAL;
	}
	*ret_place = &ret->places[0];
	return 0;
}

int faults_named(const char *command, const struct strings *names, const struct plan *plan)
{
	for (int i = 0; i < names->n; i++) {
		int f = 0;

		while (f < plan->n_faults && strcmp(plan->faults[f].name, names->list[i]))
			f++;
		if (f < plan->n_faults)
			continue;
		fprintf(stderr, "nslab %s: --fault-off %s: %s has no such fault; it has", command,
			names->list[i], plan->name);
		for (f = 0; f < plan->n_faults; f++)
			fprintf(stderr, " %s", plan->faults[f].name);
		fputs(plan->n_faults ? "\n" : " none\n", stderr);
		return -EINVAL;
	}
	return 0;
}
