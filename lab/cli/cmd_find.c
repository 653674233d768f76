// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lab/cli/builtin.h"
#include "lab/cli/catalogue.h"
#include "lab/cli/command.h"
#include "lab/cli/suggest.h"
#include "lab/cli/symptom.h"
#include "lab/cli/tokens.h"
#include "lab/scenario/problem.h"
#include "netns/cleanup.h"

enum { MEANINGS_SHOWN = 4, WORDS_MOST = 16 };

struct options {
	bool json;
	const char *scenarios;
};

static const struct option_row rows[] = {
	{ "json", 0, NULL, "as one JSON document", OPTION_FLAG, offsetof(struct options, json) },
	{ "scenarios", 0, "DIR", "scenarios that override those compiled in; also $NSLAB_SCENARIOS",
	  OPTION_TEXT, offsetof(struct options, scenarios) },
	{ 0 },
};

/**
 * struct hit - a scenario that shows what was asked for
 * @rows: of the table that fit, of @all that it has; 0 for one that was found by its words
 */
struct hit {
	const struct scenario *scenario;
	int rows, all;
};

struct finding {
	struct symptoms symptoms;
	struct meanings meanings;
	struct scenario **scenarios;
	int n;
	struct hit *hits;
	int n_hits;
};

static bool fits(const struct finding *f, const struct symptom *symptom)
{
	for (int i = 0; i < f->meanings.n; i++)
		if (symptom_fits(symptom, &f->meanings.list[i]))
			return true;
	return false;
}

/* Those that show most of it and little else come first. */
static int hit_order(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;
	int left = x->rows * y->all, right = y->rows * x->all;

	if (left != right)
		return right - left;
	return strcmp(x->scenario->name, y->scenario->name);
}

static void hits_by_symptom(struct finding *f)
{
	for (int i = 0; i < f->n; i++) {
		struct hit hit = { .scenario = f->scenarios[i] };

		for (int k = 0; k < f->symptoms.n; k++) {
			const struct symptom *symptom = &f->symptoms.list[k];

			if (strcmp(symptom->scenario, hit.scenario->name))
				continue;
			hit.all++;
			hit.rows += fits(f, symptom);
		}
		if (hit.rows)
			f->hits[f->n_hits++] = hit;
	}
	qsort(f->hits, (size_t)f->n_hits, sizeof(*f->hits), hit_order);
}

/* Where no scenario comes to the error at that verb, those that come to it elsewhere are nearest. */
static void places_widen(struct finding *f)
{
	for (int i = 0; i < f->meanings.n; i++) {
		bool any = false;

		for (int k = 0; k < f->symptoms.n; k++)
			any = any || symptom_fits(&f->symptoms.list[k], &f->meanings.list[i]);
		if (!any)
			f->meanings.list[i].where = NULL;
	}
}

static int hits_by_words(struct finding *f, const char *text)
{
	struct tokens asked;
	int ret = tokens_make(text, &asked);

	for (int i = 0; !ret && i < f->n; i++) {
		_cleanup_free_ char *words = suggest_text(f->scenarios[i]);
		struct tokens own;
		bool all = asked.n > 0 && asked.n <= WORDS_MOST;

		ret = words ? tokens_make(words, &own) : -ENOMEM;
		if (ret)
			break;
		for (int k = 0; k < asked.n; k++)
			all = all && tokens_hint(&own, asked.list[k]);
		if (all)
			f->hits[f->n_hits++] = (struct hit){ f->scenarios[i], 0, 1 };
		tokens_free(&own);
	}
	tokens_free(&asked);
	return ret;
}

static const char *meaning_text(const struct meaning *meaning, char *buf, size_t size)
{
	const char *what = meaning->kind == SYMPTOM_STATE  ? "a socket in the state " :
			   meaning->kind == SYMPTOM_OUTPUT ? "a program's output " :
							     "";

	snprintf(buf, size, "%s%s%s%s", what, meaning->word, meaning->where ? " at " : "",
		 meaning->where ?: "");
	return buf;
}

static void meanings_put(const struct finding *f)
{
	char text[128];

	fputs("understood as: ", stdout);
	for (int i = 0; i < f->meanings.n && i < MEANINGS_SHOWN; i++) {
		const struct phrase *phrase = f->meanings.list[i].phrase;

		printf("%s%s", i ? ", or " : "",
		       meaning_text(&f->meanings.list[i], text, sizeof(text)));
		if (phrase && phrase->program)
			printf(" (%s: %s)", phrase->program, phrase->text);
	}
	if (f->meanings.n > MEANINGS_SHOWN)
		printf(", or %d more", f->meanings.n - MEANINGS_SHOWN);
	fputs("\n\n", stdout);
}

static void hit_put(const struct finding *f, const struct hit *hit)
{
	bool first = true;

	printf("%-28s %s\n", hit->scenario->name, hit->scenario->title);
	for (int i = 0; hit->rows && i < f->symptoms.n; i++) {
		const struct symptom *s = &f->symptoms.list[i];

		if (strcmp(s->scenario, hit->scenario->name) || !fits(f, s))
			continue;
		fputs(first ? "                             " : ", ", stdout);
		if (s->kind == SYMPTOM_STATE)
			printf("%s at %s", s->word, s->where);
		else
			printf("%s: %s", s->where, s->word);
		first = false;
	}
	if (hit->rows)
		putchar('\n');
}

static void json_put(const struct finding *f)
{
	json_t *meanings = json_array(), *found = json_array(), *all;

	for (int i = 0; i < f->meanings.n; i++) {
		const struct meaning *m = &f->meanings.list[i];

		json_array_append_new(meanings, json_pack("{s:s, s:s, s:s?}", "kind",
							  symptom_kind_name(m->kind), "word",
							  m->word, "where", m->where));
	}
	for (int i = 0; i < f->n_hits; i++) {
		json_t *shows = json_array();

		for (int k = 0; k < f->symptoms.n; k++) {
			const struct symptom *s = &f->symptoms.list[k];

			if (!strcmp(s->scenario, f->hits[i].scenario->name) && fits(f, s))
				json_array_append_new(shows,
						      json_pack("{s:s, s:s, s:s}", "kind",
								symptom_kind_name(s->kind), "word",
								s->word, "where", s->where));
		}
		json_array_append_new(found, json_pack("{s:s, s:s, s:o}", "name",
						       f->hits[i].scenario->name, "title",
						       f->hits[i].scenario->title, "shows", shows));
	}
	all = json_pack("{s:o, s:o}", "understood", meanings, "scenarios", found);
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

static void nothing_put(const struct finding *f, const char *text)
{
	char shown[160], near[80];

	fprintf(stderr, "nslab find: no scenario shows '%s'",
		text_escape(text, shown, sizeof(shown)));
	if (suggest_word(f->scenarios, f->n, text, near, sizeof(near)))
		fprintf(stderr, "; did you mean '%s'?", near);
	fputs("\nGive an error as it was printed (\"i/o timeout\"), an errno (ETIMEDOUT), a state as ss has it "
	      "(CLOSE-WAIT), or words of a title; 'nslab list' has all\n",
	      stderr);
}

static int answer(const struct finding *f, const struct options *o, const char *text)
{
	if (o->json) {
		json_put(f);
		return f->n_hits ? EXIT_OK : EXIT_UNMET;
	}
	if (f->meanings.n)
		meanings_put(f);
	for (int i = 0; i < f->n_hits; i++)
		hit_put(f, &f->hits[i]);
	if (f->n_hits) {
		printf("\n'nslab run NAME' shows one of them; what to do about it stands at its end\n");
		return EXIT_OK;
	}
	nothing_put(f, text);
	return EXIT_UNMET;
}

static int scenarios_parse(struct finding *f, struct sources *catalogue)
{
	struct strings none = { 0 };

	f->scenarios = calloc((size_t)catalogue->n + 1, sizeof(struct scenario *));
	f->hits = calloc((size_t)catalogue->n + 1, sizeof(*f->hits));
	if (!f->scenarios || !f->hits)
		return -ENOMEM;
	for (int i = 0; i < catalogue->n; i++) {
		f->scenarios[f->n] = source_parse(&catalogue->list[i], &none);
		if (!f->scenarios[f->n])
			return -EINVAL;
		f->n++;
	}
	return 0;
}

static int find(struct finding *f, const struct options *o, const char *text)
{
	struct sources catalogue = { 0 };
	int ret = catalogue_load(o->scenarios, &catalogue);

	if (!ret)
		ret = scenarios_parse(f, &catalogue);
	if (!ret)
		ret = symptoms_read(builtin_symptoms, &f->symptoms);
	if (!ret)
		ret = symptom_understand(text, &f->symptoms, &f->meanings);
	if (!ret) {
		places_widen(f);
		hits_by_symptom(f);
	}
	if (!ret && !f->n_hits) {
		f->meanings.n = 0;
		ret = hits_by_words(f, text);
	}
	sources_free(&catalogue);
	if (ret == -ENOMEM)
		fprintf(stderr, "nslab find: memory is out\n");
	return ret ? EXIT_USAGE : answer(f, o, text);
}

/* All words as one text; NULL when out of memory. */
static char *words_join(char **words, int n)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	for (int i = 0; i < n; i++)
		fprintf(out, "%s%s", i ? " " : "", words[i]);
	return fclose(out) ? NULL : text;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct options o = { 0 };
	struct finding f = { 0 };
	_cleanup_free_ char *text = NULL;
	int code = EXIT_USAGE;
	int first = command_options(command, argc, argv, &o, &code);

	if (first < 0)
		return code;
	text = words_join(argv + first, argc - first);
	if (!text) {
		fprintf(stderr, "nslab find: memory is out\n");
		return EXIT_LAB;
	}
	if (!text[strspn(text, " \t\r\n")]) {
		fprintf(stderr,
			"nslab find: what is seen? An error text, an errno, a TCP state, or a word\n");
		return EXIT_USAGE;
	}
	code = find(&f, &o, text);
	for (int i = 0; i < f.n; i++)
		scenario_free(f.scenarios[i]);
	free(f.scenarios);
	free(f.hits);
	symptoms_free(&f.symptoms);
	return code;
}

const struct command COMMAND_FIND = {
	.name = "find",
	.usage = "[options] WORD…",
	.summary = "find scenarios by what is seen: an error, an errno, a TCP state, a word",
	.help = "WORD… may be a line of a log as it stands: the texts of C, Go, Python, Java, Node.js and curl are\n"
		"known. Exit status: 0 found, 1 nothing shows it, 2 usage.\n",
	.options = rows,
	.run = run,
};
