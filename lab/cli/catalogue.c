// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/cli/catalogue.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lab/cli/builtin.h"
#include "lab/run/run.h"
#include "lab/scenario/problem.h"
#include "netns/cleanup.h"

static void source_clear(struct source *source)
{
	free(source->name);
	free(source->says);
	free(source->file);
	free(source->own);
}

void sources_free(struct sources *sources)
{
	for (int i = 0; i < sources->n; i++)
		source_clear(&sources->list[i]);
	free(sources->list);
	*sources = (struct sources){ 0 };
}

/* "dial/ok.yaml" beneath the folder of scenarios is called "dial-ok". */
static char *name_of(const char *path)
{
	char *name = strdup(path);
	char *dot = name ? strrchr(name, '.') : NULL;

	if (dot)
		*dot = '\0';
	for (char *p = name; p && *p; p++) {
		if (*p == '/')
			*p = '-';
	}
	return name;
}

static int memory_out(void)
{
	fprintf(stderr, "nslab: out of memory\n");
	return -ENOMEM;
}

/*
 * A source of that name, to be read from @file, or compiled in and not copied: all of them are a quarter of what a
 * short run has in memory. A later one replaces an earlier one if @override, else it is the list's last.
 */
static int sources_put(struct sources *s, const char *name, const char *file,
		       const struct builtin *builtin, bool override)
{
	struct source new = { .name = strdup(name), .file = strdup(file) };

	if (!new.name || !new.file) {
		source_clear(&new);
		return memory_out();
	}
	if (builtin) {
		new.text = builtin->text;
		new.len = builtin->len;
		new.read = true;
	}
	for (int i = 0; override && i < s->n; i++) {
		if (strcmp(s->list[i].name, name))
			continue;
		source_clear(&s->list[i]);
		s->list[i] = new;
		return 0;
	}
	if (s->n == s->cap) {
		int cap = s->cap ? 2 * s->cap : 64;
		struct source *list = realloc(s->list, (size_t)cap * sizeof(*list));

		if (!list) {
			source_clear(&new);
			return memory_out();
		}
		s->list = list;
		s->cap = cap;
	}
	s->list[s->n++] = new;
	return 0;
}

/* One more like that of another list, which may go. */
static int source_copy(struct sources *s, const struct source *like)
{
	int ret = sources_put(s, like->name, like->file, NULL, false);
	struct source *new;

	if (ret < 0)
		return ret;
	new = &s->list[s->n - 1];
	new->text = like->text;
	new->len = like->len;
	new->read = like->read;
	if (!like->own)
		return 0;
	new->own = malloc(like->len + 1);
	if (!new->own)
		return memory_out();
	new->text = memcpy(new->own, like->own, like->len + 1);
	return 0;
}

/* 0, or a negative value: the problems say what is wrong with the file */
static int source_read(struct source *source, struct problems *problems)
{
	int ret = scenario_read_file(source->file, &source->own, &source->len, problems);

	if (ret == 0) {
		source->text = source->own;
		source->read = true;
	}
	return ret;
}

static bool is_yaml(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml"));
}

static int entry_order(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* All YAML files beneath @dir; fifos, sockets and the like are not even opened. */
static int folder_add(struct sources *s, const char *dir, bool override)
{
	char *paths[] = { (char *)dir, NULL };
	FTS *fts = fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, entry_order);
	size_t skip = strlen(dir);
	int ret = 0, found = s->n;
	FTSENT *e;

	while (skip && dir[skip - 1] == '/')
		skip--;
	while (fts && !ret && (e = fts_read(fts))) {
		if (e->fts_info == FTS_F && is_yaml(e->fts_name)) {
			_cleanup_free_ char *name = name_of(e->fts_path + skip + 1);

			ret = name ? sources_put(s, name, e->fts_path, NULL, override) :
				     memory_out();
		} else if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR ||
			   e->fts_info == FTS_NS) {
			fprintf(stderr, "nslab: cannot read %s: %s\n", e->fts_path,
				strerror(e->fts_errno));
			ret = -e->fts_errno;
		}
	}
	if (!fts) {
		fprintf(stderr, "nslab: cannot read %s: %s\n", dir, strerror(errno));
		return -EIO;
	}
	fts_close(fts);
	if (!ret && !override && s->n == found) {
		fprintf(stderr, "nslab: no scenario (*.yaml) in folder %s\n", dir);
		ret = -EINVAL;
	}
	return ret;
}

/*
 * A file in a folder may call itself otherwise than its path does, and is known by both. Only a plain
 * "name: word" line is looked for: the file is parsed when it is needed.
 */
static void names_learn(struct sources *s)
{
	for (int i = 0; i < s->n; i++) {
		struct source *source = &s->list[i];
		struct problems problems = { .file = source->file };
		char word[80];

		if (source->read)
			continue;
		if (source_read(source, &problems) == 0) {
			const char *line = strncmp(source->text, "name:", 5) ?
						   strstr(source->text, "\nname:") :
						   source->text;

			if (line && sscanf(line + (*line == '\n') + 5, " %79[a-z0-9-]", word) == 1)
				source->says = strdup(word);
		}
		problems_free(&problems); /* told when the file is parsed */
	}
}

static int source_order(const void *a, const void *b)
{
	return strcmp(((const struct source *)a)->name, ((const struct source *)b)->name);
}

int catalogue_load(const char *dir, struct sources *ret_sources)
{
	static const char prefix[] = "scenarios/";
	int ret = 0;

	*ret_sources = (struct sources){ 0 };
	dir = dir ?: getenv("NSLAB_SCENARIOS");
	for (const struct builtin *b = builtins; !ret && b->path; b++) {
		_cleanup_free_ char *name = name_of(b->path + sizeof(prefix) - 1);

		ret = name ? sources_put(ret_sources, name, b->path, b, false) : memory_out();
	}
	if (!ret && dir && *dir) {
		ret = folder_add(ret_sources, dir, true);
		names_learn(ret_sources);
	}
	if (ret < 0)
		sources_free(ret_sources);
	else if (ret_sources->n)
		qsort(ret_sources->list, (size_t)ret_sources->n, sizeof(*ret_sources->list),
		      source_order);
	return ret;
}

static int unknown_scenario(const struct sources *catalogue, const char *word)
{
	char shown[200];
	const char *near;
	_cleanup_free_ const char **names = calloc((size_t)catalogue->n + 1, sizeof(*names));

	for (int i = 0; names && i < catalogue->n; i++)
		names[i] = catalogue->list[i].name;
	fprintf(stderr, "nslab: there is no scenario and no file '%s'",
		text_escape(word, shown, sizeof(shown)));
	near = names ? nearest_word(word, names, catalogue->n) : NULL;
	if (near) {
		fprintf(stderr, "; did you mean '%s'?", near);
	} else if (names) {
		int n = 0;

		/* a part of a name, as people remember them */
		for (int i = 0; i < catalogue->n; i++) {
			if (strstr(names[i], word))
				fprintf(stderr, "%s %s", n++ ? "," : "; there is", names[i]);
		}
	}
	fprintf(stderr, "\n'nslab list' shows all of them\n");
	return -EINVAL;
}

static int word_collect(const struct sources *catalogue, const char *word, struct sources *ret)
{
	struct stat st;

	for (int i = 0; i < catalogue->n; i++) {
		const struct source *s = &catalogue->list[i];

		if (!strcmp(s->name, word) || (s->says && !strcmp(s->says, word)))
			return source_copy(ret, s);
	}
	if (stat(word, &st) < 0 && errno == ENOENT)
		return unknown_scenario(catalogue, word);
	if (stat(word, &st) < 0) {
		int code = errno;
		char shown[200];

		fprintf(stderr, "nslab: cannot read '%s': %s\n",
			text_escape(word, shown, sizeof(shown)), strerror(code));
		return -code;
	}
	if (S_ISDIR(st.st_mode))
		return folder_add(ret, word, false);
	return sources_put(ret, word, word, NULL, false);
}

int sources_collect(const struct sources *catalogue, char **words, int n,
		    struct sources *ret_sources)
{
	int ret = 0;

	*ret_sources = (struct sources){ 0 };
	for (int i = 0; i < n; i++)
		ret = word_collect(catalogue, words[i], ret_sources) ?: ret;
	if (ret < 0)
		sources_free(ret_sources);
	return ret;
}

/* Turn "key=value" words into parameters; the strings stay the words'. */
static struct param *set_split(const struct strings *set, int *ret_n)
{
	struct param *params = calloc((size_t)set->n + 1, sizeof(*params));

	*ret_n = 0;
	for (int i = 0; params && i < set->n; i++) {
		const char *eq = strchr(set->list[i], '=');

		params[i].key = eq ? strndup(set->list[i], (size_t)(eq - set->list[i])) :
				     strdup(set->list[i]);
		params[i].value = strdup(eq ? eq + 1 : "");
		if (params[i].key && params[i].value)
			(*ret_n)++;
	}
	return params;
}

static struct scenario *parse(struct source *source, const struct strings *set, bool bare)
{
	struct problems problems = { .file = source->file };
	struct scenario *scenario = NULL;
	struct param *params;
	int n;

	if (!source->read && source_read(source, &problems) < 0) {
		problems_print(&problems, stderr);
		problems_free(&problems);
		return NULL;
	}
	params = set_split(set, &n);
	(bare ? scenario_parse_topology : scenario_parse)(source->file, source->text, source->len,
							  run_vocabulary(), params, n, &scenario,
							  &problems);
	if (problems_any(&problems))
		problems_print(&problems, stderr);
	problems_free(&problems);
	for (int i = 0; i < n; i++) {
		free(params[i].key);
		free(params[i].value);
	}
	free(params);
	return scenario;
}

struct scenario *source_parse(struct source *source, const struct strings *set)
{
	return parse(source, set, false);
}

struct scenario *topology_parse(const char *file, struct sources *own, const struct strings *set)
{
	*own = (struct sources){ 0 };
	if (sources_put(own, file, file, NULL, false) < 0)
		return NULL;
	return parse(&own->list[0], set, true);
}

bool scenario_tagged(const struct scenario *scenario, const struct strings *tags)
{
	for (int t = 0; t < tags->n; t++) {
		for (int i = 0; i < scenario->n_tags; i++) {
			if (!strcmp(scenario->tags[i], tags->list[t]))
				return true;
		}
	}
	return false;
}
