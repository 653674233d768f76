// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/scenario/scenario.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/scenario/control.h"
#include "lab/scenario/reading.h"
#include "netns/cleanup.h"

/* struct words - a list of short names */
struct words {
	char **list;
	int n;
};

/* struct head - the file's top level; what is no text of its own goes to @doc */
struct head {
	char *name, *title, *story, *remedy;
	struct words tags, claims;
	struct need_list needs;
	struct document doc;
};

static bool is_slug(const char *text)
{
	size_t len = strlen(text);

	return len && len <= 64 && text[0] != '-' &&
	       !text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")];
}

static void text_free(void *out)
{
	free(*(char **)out);
	*(char **)out = NULL;
}

/* The texts of the top level are the same for all cases, so they are taken as they are written. */

static int take(struct reader *r, const char *text, void *out)
{
	*(char **)out = strdup(text);
	return *(char **)out ? 0 : reader_nomem(r);
}

static int slug_read(struct reader *r, const struct node *value, void *out)
{
	if (value->kind != NODE_SCALAR)
		return -EDOM;
	if (!*value->text)
		return reader_problem(r, value, NULL, "a name is missing");
	if (!is_slug(value->text))
		return reader_problem(r, value, NULL,
				      "'%.100s' is no name; expected a-z, 0-9 and '-', at most 64",
				      value->text);
	return take(r, value->text, out);
}

static int line_read(struct reader *r, const struct node *value, void *out)
{
	if (value->kind != NODE_SCALAR || !*value->text)
		return -EDOM;
	if (control_in(value->text))
		return reader_problem(r, value, NULL, "expected one line");
	return take(r, value->text, out);
}

static int prose_read(struct reader *r, const struct node *value, void *out)
{
	if (value->kind != NODE_SCALAR || !*value->text)
		return -EDOM;
	if (strchr(value->text, '\r'))
		return reader_problem(r, value, NULL, "control characters are not allowed");
	return take(r, value->text, out);
}

static void words_free(void *out)
{
	struct words *words = out;

	for (int i = 0; i < words->n; i++)
		free(words->list[i]);
	free(words->list);
	*words = (struct words){ 0 };
}

static int words_read(struct reader *r, const struct node *value, void *out)
{
	struct node *const one[] = { (struct node *)value };
	struct node *const *items = value->kind == NODE_LIST ? value->items : one;
	int n = value->kind == NODE_LIST ? value->n : 1, err = 0;
	struct words *words = out;

	if (value->kind == NODE_MAP)
		return -EDOM;
	words->list = calloc((size_t)n + 1, sizeof(*words->list));
	if (!words->list)
		return reader_nomem(r);
	for (int i = 0; i < n; i++) {
		if (items[i]->kind != NODE_SCALAR)
			err = reader_problem(r, items[i], NULL, "expected a word, found %s",
					     node_kind_text(items[i]));
		else if (slug_read(r, items[i], &words->list[words->n]))
			err = -EINVAL;
		else
			words->n++;
	}
	return err;
}

static const struct value_type VALUE_SLUG = { "name", "a-z, 0-9 and '-', at most 64", slug_read,
					      text_free };
static const struct value_type VALUE_LINE = { "line of text", "a text on one line", line_read,
					      text_free };
static const struct value_type VALUE_PROSE = { "text", "a text", prose_read, text_free };
static const struct value_type VALUE_WORDS = { "list of names", "a list of names", words_read,
					       words_free };
static const struct value_type VALUE_TOPOLOGY = { "mapping, see topology",
						  "a mapping with hosts and links", value_node_read,
						  NULL };
static const struct value_type VALUE_PARAMS = { "mapping of texts", "a mapping of names to values",
						value_node_read, NULL };
static const struct value_type VALUE_MATRIX = { "mapping of lists",
						"a mapping of names to lists of values",
						value_node_read, NULL };
static const struct value_type VALUE_IP = { "4, 6 or dual, or a list of them",
					    "4, 6 or dual, or a list of them", value_node_read,
					    NULL };
static const struct value_type VALUE_FAULT_MAP = { "mapping of faults", "a mapping of fault names",
						   value_node_read, NULL };
static const struct value_type VALUE_STEPS = { "list of steps", "a list of steps", value_node_read,
					       NULL };

const struct key SCENARIO_KEYS[] = {
	{ .name = "name",
	  .type = &VALUE_SLUG,
	  .offset = offsetof(struct head, name),
	  .required = true,
	  .example = "dial-syn-dropped",
	  .help = "its name on the command line; need not equal the file's name" },
	{ .name = "title",
	  .type = &VALUE_LINE,
	  .offset = offsetof(struct head, title),
	  .required = true,
	  .example = "The firewall drops SYN, and dial hangs",
	  .help = "what it shows, in one line; ${name} may stand in it" },
	{ .name = "tags",
	  .type = &VALUE_WORDS,
	  .offset = offsetof(struct head, tags),
	  .def = "none",
	  .example = "[dial, firewall]",
	  .help = "words by which scenarios are chosen" },
	{ .name = "claims",
	  .type = &VALUE_WORDS,
	  .offset = offsetof(struct head, claims),
	  .def = "none",
	  .example = "[dial-timeout-on-drop]",
	  .help = "the claims that it settles" },
	{ .name = "story",
	  .type = &VALUE_PROSE,
	  .offset = offsetof(struct head, story),
	  .required = true,
	  .example = "The firewall drops …",
	  .help = "what happens, for a newcomer" },
	{ .name = "remedy",
	  .type = &VALUE_PROSE,
	  .offset = offsetof(struct head, remedy),
	  .required = true,
	  .example = "Give every dial a deadline …",
	  .help = "what to do about it, in code and in operations" },
	{ .name = "topology",
	  .type = &VALUE_TOPOLOGY,
	  .offset = offsetof(struct head, doc.topology),
	  .def = "client -- fw -- server, and fw forwards",
	  .example = "{hosts: …, links: …}",
	  .help = "the hosts and the wires between them" },
	{ .name = "params",
	  .type = &VALUE_PARAMS,
	  .offset = offsetof(struct head, doc.params),
	  .def = "none",
	  .example = "{port: 8080}",
	  .help = "values that --set can change, used as ${port}" },
	{ .name = "matrix",
	  .type = &VALUE_MATRIX,
	  .offset = offsetof(struct head, doc.matrix),
	  .def = "none",
	  .example = "{kind: [net-unreachable, host-unreachable]}",
	  .help = "values of which each makes a case, used as ${kind}" },
	{ .name = "ip",
	  .type = &VALUE_IP,
	  .offset = offsetof(struct head, doc.ip),
	  .def = "4",
	  .example = "[4, 6]",
	  .help = "the address families; each makes a case" },
	{ .name = "faults",
	  .type = &VALUE_FAULT_MAP,
	  .offset = offsetof(struct head, doc.faults),
	  .def = "none",
	  .example = "{syn-dropped: {at: fw, action: drop}}",
	  .help = "what goes wrong with which packets, by name" },
	{ .name = "steps",
	  .type = &VALUE_STEPS,
	  .offset = offsetof(struct head, doc.steps),
	  .required = true,
	  .example = "[server: {listen: 8080}]",
	  .help = "what happens, in order; a scenario without steps does nothing" },
	{ .name = "needs",
	  .type = &VALUE_NEEDS,
	  .offset = offsetof(struct head, needs),
	  .def = "none",
	  .example = "[conntrack, sysctl net.ipv4.tcp_rto_max_ms]",
	  .help = "what kernel and system must have; else all cases are skipped" },
	{ 0 },
};

static int key_compare(const void *a, const void *b)
{
	const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;
	int order = strcmp(x->text, y->text);

	if (order)
		return order;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->col < y->col ? -1 : x->col > y->col;
}

/* report_duplicates() - of all mappings in the tree, once, before any of its parts is read */
static void report_duplicates(const struct node *node, struct problems *problems)
{
	struct node **keys;

	for (int i = 0; i < node->n; i++)
		report_duplicates(node->items[i], problems);
	if (node->kind != NODE_MAP || node->n < 2)
		return;
	keys = malloc(sizeof(*keys) * (size_t)node->n);
	if (!keys) {
		problems->nomem = true;
		return;
	}
	memcpy(keys, node->keys, sizeof(*keys) * (size_t)node->n);
	qsort(keys, (size_t)node->n, sizeof(*keys), key_compare);
	for (int i = 1; i < node->n; i++)
		if (!strcmp(keys[i]->text, keys[i - 1]->text))
			problem_add(problems, keys[i]->line, keys[i]->col, NULL,
				    "'%.100s' is given twice; the first is at line %d",
				    keys[i]->text, keys[i - 1]->line);
	free(keys);
}

void plan_release(struct plan *plan)
{
	for (int i = 0; i < plan->n_steps; i++)
		step_free(&plan->steps[i]);
	free(plan->steps);
	faults_free(plan);
	nats_free(plan);
	topology_free(&plan->topo);
	free(plan->shapes);
	free(plan->name);
	free(plan->title);
	free(plan->set);
	*plan = (struct plan){ 0 };
}

void scenario_free(struct scenario *scenario)
{
	if (!scenario)
		return;
	for (int i = 0; i < scenario->n_plans; i++)
		plan_release(&scenario->plans[i]);
	free(scenario->plans);
	for (int i = 0; i < scenario->n_params; i++) {
		free(scenario->params[i].key);
		free(scenario->params[i].value);
	}
	free(scenario->params);
	words_free(&(struct words){ scenario->tags, scenario->n_tags });
	words_free(&(struct words){ scenario->claims, scenario->n_claims });
	need_list_free(&scenario->needs);
	free(scenario->name);
	free(scenario->title);
	free(scenario->story);
	free(scenario->remedy);
	free(scenario->file);
	free(scenario->source);
	free(scenario);
}

/* scenario_new() - with copies of the file's name and text */
static struct scenario *scenario_new(const char *file, const char *source, size_t len)
{
	struct scenario *scenario = calloc(1, sizeof(*scenario));

	if (!scenario)
		return NULL;
	scenario->file = strdup(file);
	scenario->source = malloc(len + 1);
	if (!scenario->file || !scenario->source) {
		scenario_free(scenario);
		return NULL;
	}
	if (len)
		memcpy(scenario->source, source, len);
	scenario->source[len] = '\0';
	scenario->source_len = len;
	return scenario;
}

/* take_head() - hand the texts over to the scenario; if one is missing, there are problems */
static void take_head(struct scenario *scenario, struct head *head)
{
	scenario->name = TAKE_PTR(head->name);
	scenario->title = TAKE_PTR(head->title);
	scenario->story = TAKE_PTR(head->story);
	scenario->remedy = TAKE_PTR(head->remedy);
	scenario->tags = head->tags.list;
	scenario->n_tags = head->tags.n;
	scenario->claims = head->claims.list;
	scenario->n_claims = head->claims.n;
	scenario->needs = head->needs;
}

static const struct key *scenario_row(const char *name)
{
	for (const struct key *row = SCENARIO_KEYS; row->name; row++)
		if (!strcmp(row->name, name))
			return row;
	return NULL;
}

enum { TOPOLOGY_FILE_KEYS = 6 };

/* topology_file_keys() - those of a scenario's keys that do not tell what happens */
static void topology_file_keys(struct key rows[TOPOLOGY_FILE_KEYS + 1])
{
	static const char *const names[TOPOLOGY_FILE_KEYS] = { "topology", "faults", "params",
							       "matrix",   "ip",     "needs" };

	for (int i = 0; i < TOPOLOGY_FILE_KEYS; i++)
		rows[i] = *scenario_row(names[i]);
	rows[0].required = true;
	rows[0].def = NULL;
	rows[TOPOLOGY_FILE_KEYS] = (struct key){ 0 };
}

/* topology_file_other() - a scenario's key, or one of the topology's that is not where it belongs */
static int topology_file_other(struct reader *r, const struct node *key, const struct node *value,
			       void *out)
{
	(void)value;
	(void)out;
	if (scenario_row(key->text))
		return reader_problem(r, key, "to play the scenario leave out --topology",
				      "'%s' belongs to a scenario; a topology has none", key->text);
	for (const struct key *row = TOPOLOGY_KEYS; row->name; row++)
		if (!strcmp(row->name, key->text))
			return reader_problem(r, key, "put it there, two columns to the right",
					      "'%s' belongs below 'topology:'", key->text);
	return 0;
}

static void topology_head_read(struct reader *r, const struct node *root, struct head *head)
{
	struct key rows[TOPOLOGY_FILE_KEYS + 1];

	topology_file_keys(rows);
	reader_map(r, root, rows, head, NULL, NULL, topology_file_other);
	head->name = strdup("topology");
	head->title = strdup("A topology without a scenario");
	head->story = strdup("");
	head->remedy = strdup("");
	if (!head->name || !head->title || !head->story || !head->remedy)
		reader_nomem(r);
}

/* struct parse - how to: the caller's arguments; @bare: a file without a scenario */
struct parse {
	const struct vocabulary *vocabulary;
	const struct param *set;
	int n_set;
	bool bare;
};

static void document_read(struct scenario *scenario, const struct node *root,
			  const struct parse *how, struct problems *problems)
{
	struct reader reader = { .vocabulary = how->vocabulary, .problems = problems };
	struct head head = { 0 };

	if (root->kind != NODE_MAP) {
		reader_problem(&reader, root, NULL, "expected a mapping with %s, found %s",
			       how->bare ? "topology and perhaps faults" :
					   "name, title, story, remedy and steps",
			       node_kind_text(root));
		return;
	}
	report_duplicates(root, problems);
	if (how->bare)
		topology_head_read(&reader, root, &head);
	else
		reader_map(&reader, root, SCENARIO_KEYS, &head, NULL, NULL, NULL);
	head.doc.title = head.title && !how->bare ? node_get(root, "title") : NULL;
	take_head(scenario, &head);
	cases_read(scenario, &head.doc, how->vocabulary, how->set, how->n_set, problems);
	reader_release(&reader);
}

static int parse(const char *file, const char *source, size_t len, const struct parse *how,
		 struct scenario **ret_scenario, struct problems *problems)
{
	struct scenario *scenario;
	struct node *root = NULL;

	*ret_scenario = NULL;
	if (len >= 3 && !memcmp(source, "\xef\xbb\xbf", 3)) { /* a byte order mark is no text */
		source += 3;
		len -= 3;
	}
	problems->file = file;
	problems->source = source;
	problems->source_len = len;
	scenario = scenario_new(file, source, len);
	if (!scenario)
		problems->nomem = true;
	else if (len > SOURCE_MAX)
		problem_add(problems, 0, 0, NULL, "%zu bytes are too many; at most %d are allowed",
			    len, SOURCE_MAX);
	else
		root = node_parse(source, len, problems);
	if (root)
		document_read(scenario, root, how, problems);
	node_free(root);
	if (problems_any(problems)) {
		problems_keep(problems);
		scenario_free(scenario);
		return -EINVAL;
	}
	problems->file = scenario->file;
	problems->source = scenario->source;
	*ret_scenario = scenario;
	return 0;
}

int scenario_parse(const char *file, const char *source, size_t len,
		   const struct vocabulary *vocabulary, const struct param *set, int n_set,
		   struct scenario **ret_scenario, struct problems *problems)
{
	const struct parse how = { vocabulary, set, n_set, false };

	return parse(file, source, len, &how, ret_scenario, problems);
}

int scenario_parse_topology(const char *file, const char *source, size_t len,
			    const struct vocabulary *vocabulary, const struct param *set, int n_set,
			    struct scenario **ret_scenario, struct problems *problems)
{
	const struct parse how = { vocabulary, set, n_set, true };

	return parse(file, source, len, &how, ret_scenario, problems);
}
