// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ``steps:``. A step of a host is ``- HOST: {VERB: …, KEYS…}``, one of the lab ``- VERB: …``;
 * beside that first key stand ``expect`` and, for the lab's verbs, the common keys. Steps are read
 * in order, and each knows only those before it. A step that could not be read is kept
 * nevertheless, so that its name does not seem unknown further down.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/scenario/reading.h"

/* struct common - what any verb may have beside its own keys */
struct common {
	char *as;
	char *id;
	bool background;
	bool blocking;
	int64_t deadline_ns;
};

static int name_read(struct reader *r, const struct node *value, void *out)
{
	const char *text = reader_text(r, value);
	int maker;

	if (!text)
		return -EINVAL;
	if (!text_is_name(text, "_-"))
		return -EDOM;
	maker = step_named(r->plan, text);
	if (maker >= 0)
		return reader_problem(r, value, NULL, "the name '%s' is taken by line %d", text,
				      r->plan->steps[maker].line);
	*(char **)out = strdup(text);
	return *(char **)out ? 0 : reader_nomem(r);
}

static void name_free(void *out)
{
	free(*(char **)out);
	*(char **)out = NULL;
}

static const struct value_type VALUE_NAME = {
	"name", "a letter, then letters, digits, '_' and '-', at most 63", name_read, name_free
};

const struct key COMMON_KEYS[] = {
	{ .name = "as",
	  .type = &VALUE_NAME,
	  .offset = offsetof(struct common, as),
	  .example = "conn",
	  .help = "names what the step makes" },
	{ .name = "id",
	  .type = &VALUE_NAME,
	  .offset = offsetof(struct common, id),
	  .def = "as",
	  .example = "upload",
	  .help = "names the step itself, if it makes nothing" },
	{ .name = "background",
	  .type = &VALUE_BOOL,
	  .offset = offsetof(struct common, background),
	  .def = "false",
	  .example = "true",
	  .help = "the next step starts at once; await collects this one" },
	{ .name = "deadline",
	  .type = &VALUE_DURATION,
	  .offset = offsetof(struct common, deadline_ns),
	  .def = "none",
	  .example = "2500ms",
	  .help = "when the program gives up; the step then ends with the error deadline" },
	{ .name = "blocking",
	  .type = &VALUE_BOOL,
	  .offset = offsetof(struct common, blocking),
	  .def = "false",
	  .example = "true",
	  .help = "a real blocking system call on a thread, instead of poll" },
	{ 0 },
};

enum { N_COMMON = sizeof(COMMON_KEYS) / sizeof(COMMON_KEYS[0]) - 1 };

static const struct value_type VALUE_EXPECT = { "mapping, see expect",
						"a mapping such as {error: ECONNREFUSED}",
						value_node_read, NULL };

struct siblings {
	const struct node *expect;
};

static const struct key SIBLING_KEYS[] = {
	{ .name = "expect", .type = &VALUE_EXPECT, .offset = offsetof(struct siblings, expect) },
	{ 0 },
};

void step_free(struct step *step)
{
	if (step->args && step->verb) {
		reader_free_map(step->verb->keys, step->args);
		if (step->verb->free)
			step->verb->free(step->args);
	}
	free(step->args);
	free(step->text);
	free(step->as);
	free(step->id);
	free(step->expect.after.text);
	free(step->expect.bytes.text);
	free(step->expect.exit.text);
	free(step->expect.output);
	free(step->expect.address);
	*step = (struct step){ 0 };
}

static const struct verb *find_verb(const struct reader *r, const char *name, bool on_host)
{
	for (const struct verb *const *verb = r->vocabulary->verbs; *verb; verb++)
		if ((*verb)->on_host == on_host && !strcmp((*verb)->name, name))
			return *verb;
	return NULL;
}

/* verb_names() - the verbs of a kind, for messages; returns how many */
static int verb_names(const struct reader *r, bool on_host, const char **names, int n, int max)
{
	for (const struct verb *const *verb = r->vocabulary->verbs; *verb && n < max; verb++)
		if ((*verb)->on_host == on_host)
			names[n++] = (*verb)->name;
	return n;
}

static bool has_key(const struct verb *verb, const char *name)
{
	for (const struct key *key = verb->keys; key && key->name; key++)
		if (!strcmp(key->name, name))
			return true;
	return false;
}

/* common_keys() - the rows of COMMON_KEYS that a verb takes; @rows has room for all */
static void common_keys(unsigned bits, struct key rows[N_COMMON + 1])
{
	int n = 0;

	for (int i = 0; i < N_COMMON; i++)
		if (bits & (1u << i))
			rows[n++] = COMMON_KEYS[i];
	rows[n] = (struct key){ 0 };
}

/* unknown_verb() - show the key that looks most like a verb, else the first */
static int unknown_verb(struct reader *r, const struct node *map)
{
	const char *names[64];
	int n = verb_names(r, true, names, 0, 64);
	const struct node *at = map->n ? map->keys[0] : map;

	for (int i = 0; i < map->n; i++)
		if (nearest_word(map->keys[i]->text, names, n)) {
			at = map->keys[i];
			break;
		}
	if (!map->n)
		return reader_problem(r, map, NULL,
				      "the step does nothing; expected {VERB: …, KEYS…}");
	return reader_unknown(r, at, "verb", at->text, names, n);
}

/*
 * host_verb() - which of the keys is the verb
 * A verb's name can also be a key of another verb ({listen: 8080, serve: echo}): then the verb that
 * has the key is meant.
 */
static const struct verb *host_verb(struct reader *r, const struct node *map)
{
	const struct verb *found = NULL;

	for (int i = 0; i < map->n; i++) {
		const struct verb *verb = find_verb(r, map->keys[i]->text, true);
		bool found_has, verb_has;

		if (!verb || verb == found)
			continue;
		found_has = found && has_key(found, verb->name);
		verb_has = found && has_key(verb, found->name);
		if (found && found_has == verb_has) {
			reader_problem(r, map->keys[i], "write two steps",
				       "two verbs in one step: '%s' and '%s'", found->name,
				       verb->name);
			return NULL;
		}
		if (!found || verb_has)
			found = verb;
	}
	if (!found)
		unknown_verb(r, map);
	return found;
}

static int args_new(struct reader *r, struct step *step, const struct verb *verb)
{
	step->args = calloc(1, verb->args_size ? verb->args_size : 1);
	if (!step->args)
		return reader_nomem(r);
	step->verb = verb;
	if (verb->init)
		verb->init(step->args);
	return 0;
}

static int verb_is_later(struct reader *r, const struct node *key, const struct verb *verb)
{
	if (!verb->later)
		return 0;
	return reader_problem(r, key, NULL, "'%s' is not available yet: %s", verb->name,
			      verb->later);
}

static const struct node *key_node(const struct node *map, const char *name)
{
	for (int i = 0; i < map->n; i++)
		if (!strcmp(map->keys[i]->text, name))
			return map->keys[i];
	return map;
}

/* misplaced_expect() - a frequent slip deserves better words than "unknown key" */
static int misplaced_expect(struct reader *r, const struct node *key, const struct verb *verb)
{
	if (has_key(verb, "expect"))
		return 0;
	return reader_problem(r, key, "put it one line down, below the host's name",
			      "'expect' stands beside the host, not inside its braces");
}

static int host_step(struct reader *r, const struct node *item, struct step *step,
		     struct common *common)
{
	const struct node *map = item->items[0];
	struct key common_rows[N_COMMON + 1];
	const struct verb *verb;

	if (map->kind != NODE_MAP)
		return reader_problem(r, map, NULL, "expected a mapping {VERB: …}, found %s",
				      node_kind_text(map));
	verb = host_verb(r, map);
	if (!verb || verb_is_later(r, key_node(map, verb->name), verb))
		return -EINVAL;
	if (args_new(r, step, verb))
		return -EINVAL;
	if (node_get(map, "expect") && misplaced_expect(r, key_node(map, "expect"), verb))
		return -EINVAL;
	common_keys(verb->common, common_rows);
	return reader_map(r, map, verb->keys, step->args, common_rows, common, verb->other);
}

/* plain_value() - the value of ``- VERB: VALUE`` goes where the table's first row says */
static int plain_value(struct reader *r, const struct node *value, struct step *step)
{
	const struct key *row = step->verb->keys;
	struct node *keys[1], *items[1] = { (struct node *)value };
	struct node key = { .kind = NODE_SCALAR,
			    .line = value->line,
			    .col = value->col,
			    .text = (char *)row->name };
	struct node map = { .kind = NODE_MAP,
			    .line = value->line,
			    .col = value->col,
			    .n = 1,
			    .keys = keys,
			    .items = items };

	keys[0] = &key;
	return reader_map(r, &map, row, step->args, NULL, NULL, NULL);
}

static int lab_step(struct reader *r, const struct node *item, const struct verb *verb,
		    struct step *step)
{
	const struct node *value = item->items[0];

	if (verb_is_later(r, item->keys[0], verb) || args_new(r, step, verb))
		return -EINVAL;
	if (verb->plain)
		return plain_value(r, value, step);
	if (value->kind != NODE_MAP)
		return reader_problem(r, value, NULL, "expected a mapping {%s: …}, found %s",
				      verb->keys[0].name ? verb->keys[0].name : "KEY",
				      node_kind_text(value));
	r->step_map = value;
	return reader_map(r, value, verb->keys, step->args, NULL, NULL, verb->other);
}

/* inside_check() - a common key of a host's verb that was put beside the host */
static int inside_check(struct reader *r, const struct node *siblings, const struct step *step)
{
	char hint[128];
	int err = 0;

	for (int i = 0; step->verb && step->host >= 0 && i < siblings->n; i++) {
		const char *key = siblings->keys[i]->text;

		if (!has_key(step->verb, key) && strcmp(key, "as") && strcmp(key, "id") &&
		    strcmp(key, "background") && strcmp(key, "deadline") && strcmp(key, "blocking"))
			continue;
		snprintf(hint, sizeof(hint), "write {%s: …, %.40s: …}", step->verb->name, key);
		err = reader_problem(r, siblings->keys[i], hint,
				     "'%.64s' stands inside the host's braces, not beside the host",
				     key);
	}
	return err;
}

/* siblings_read() - what stands beside a step's first key */
static int siblings_read(struct reader *r, const struct node *item, struct step *step,
			 struct common *common)
{
	const struct node map = { .kind = NODE_MAP,
				  .line = item->line,
				  .col = item->col,
				  .n = item->n - 1,
				  .keys = item->keys + 1,
				  .items = item->items + 1 };
	bool of_lab = step->verb && !step->verb->on_host;
	struct key common_rows[N_COMMON + 1];
	struct siblings siblings = { 0 };
	int err;

	if (inside_check(r, &map, step))
		return -EINVAL;
	common_keys(of_lab ? step->verb->common : 0, common_rows);
	err = reader_map(r, &map, SIBLING_KEYS, &siblings, common_rows, common, NULL);
	if (siblings.expect && step->verb && expect_read(r, siblings.expect, step))
		err = -EINVAL;
	return err;
}

/* unknown_step() - the first key is neither a host nor a verb of the lab */
static int unknown_step(struct reader *r, const struct node *key, const char *word)
{
	const struct topology *topo = &r->plan->topo;
	const char *names[TOPO_MAX_HOSTS + 64];
	int n = 0;

	if (!strcmp(word, "expect"))
		return reader_problem(r, key, "leave out the '-' before it",
				      "'expect' belongs to the step above");
	if (find_verb(r, word, true))
		return reader_problem(r, key, NULL,
				      "'%s' happens on a host; expected '- HOST: {%s: …}'", word,
				      word);
	if (r->no_hosts)
		return -EINVAL;
	for (int i = 0; i < topo->n_hosts; i++)
		names[n++] = topo->hosts[i].name;
	n = verb_names(r, false, names, n, TOPO_MAX_HOSTS + 64);
	return reader_unknown(r, key, "host or verb", word, names, n);
}

static int step_body(struct reader *r, const struct node *item, struct step *step,
		     struct common *common)
{
	const struct verb *verb;
	const char *word;

	if (item->kind != NODE_MAP || !item->n)
		return reader_problem(r, item, NULL,
				      "expected a step, '- HOST: {VERB: …}' or '- VERB: …'");
	word = reader_text(r, item->keys[0]);
	if (!word)
		return -EINVAL;
	verb = find_verb(r, word, false);
	if (verb)
		return lab_step(r, item, verb, step);
	step->host = topology_host(&r->plan->topo, word);
	if (step->host >= 0)
		return host_step(r, item, step, common);
	return unknown_step(r, item->keys[0], word);
}

/* count_expectations() - in the order of the file: error, after, bytes, eof, exit, output, address, then the verb's own */
static int count_expectations(const struct step *step)
{
	const struct expect *expect = &step->expect;
	int n = 0;

	/* what an unexpecting background step came to, its await judges */
	if ((step->verb->expects & EXPECT_ERROR) && (!step->background || expect->line))
		n++;
	n += expect->after.set + expect->bytes.set + expect->eof_set + expect->exit.set +
	     !!expect->output + !!expect->address;
	if (step->verb->expectations)
		n += step->verb->expectations(step->args);
	return n;
}

/* step_finish() - everything has been read; what only the whole step can tell */
static int step_finish(struct reader *r, const struct node *item, struct step *step)
{
	if (step->verb->check && step->verb->check(r, item->items[0], step))
		return -EINVAL;
	step->first_expectation = r->plan->n_expectations + 1;
	step->n_expectations = count_expectations(step);
	r->plan->n_expectations += step->n_expectations;
	step->text = step_text(r, item, step);
	return step->text ? 0 : reader_nomem(r);
}

static int step_read(struct reader *r, const struct node *item, struct step *step)
{
	struct common common = { .deadline_ns = -1 };
	int err;

	*step = (struct step){ .host = -1, .line = item->line, .col = item->col, .deadline_ns = -1 };
	r->step = step;
	err = step_body(r, item, step, &common);
	if (step->verb && siblings_read(r, item, step, &common))
		err = -EINVAL;
	step->as = common.as;
	step->id = common.id;
	step->background = common.background;
	step->blocking = common.blocking;
	step->deadline_ns = common.deadline_ns;
	if (step->as && !step->id) {
		step->id = strdup(step->as);
		if (!step->id)
			err = reader_nomem(r);
	}
	if (!err)
		err = step_finish(r, item, step);
	r->step = NULL;
	return err;
}

int steps_read(struct reader *r, const struct node *steps)
{
	struct plan *plan = r->plan;
	int err = 0;

	if (steps->kind == NODE_MAP || (steps->kind == NODE_SCALAR && *steps->text))
		return reader_problem(r, steps, NULL, "expected a list of steps, found %s",
				      node_kind_text(steps));
	if (!steps->n)
		return reader_problem(r, steps, NULL, "a scenario without steps does nothing");
	if (steps->n > STEPS_MAX)
		return reader_problem(r, steps, NULL, "%d steps; there can be %d", steps->n,
				      STEPS_MAX);
	plan->steps = calloc((size_t)steps->n, sizeof(*plan->steps));
	if (!plan->steps)
		return reader_nomem(r);
	r->steps = steps;
	for (int i = 0; i < steps->n; i++) {
		if (step_read(r, steps->items[i], &plan->steps[i]))
			err = -EINVAL;
		plan->n_steps++; /* also a bad one: later steps may name what it was to make */
	}
	return err;
}
