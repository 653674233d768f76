// SPDX-License-Identifier: GPL-2.0-or-later
/* ``params:``, ``matrix:``, ``ip:`` and --set: of what the cases are made. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/scenario/cases.h"
#include "lab/scenario/control.h"

const char *ip_text(enum ip ip)
{
	return ip == IP_4 ? "4" : ip == IP_6 ? "6" : "dual";
}

static int ip_parse(const char *text, enum ip *ret)
{
	for (enum ip ip = IP_4; ip <= IP_DUAL; ip++) {
		if (!strcmp(ip_text(ip), text)) {
			*ret = ip;
			return 0;
		}
	}
	return -EINVAL;
}

static int ip_read(struct cases *c, const struct node *node)
{
	struct reader *r = &c->reader;
	enum ip ip;

	if (node->kind != NODE_SCALAR)
		return reader_problem(r, node, NULL, "expected 4, 6 or dual, found %s",
				      node_kind_text(node));
	if (ip_parse(node->text, &ip))
		return reader_problem(r, node, NULL,
				      "'%.64s' is no address family; expected 4, 6 or dual",
				      node->text);
	for (int i = 0; i < c->n_ips; i++)
		if (c->ips[i] == ip)
			return reader_problem(r, node, NULL, "'%s' is given twice", node->text);
	c->ips[c->n_ips++] = ip;
	return 0;
}

static void ips_read(struct cases *c)
{
	const struct node *node = c->doc->ip;

	if (node && node->kind == NODE_LIST) {
		for (int i = 0; i < node->n; i++)
			ip_read(c, node->items[i]);
		if (!node->n)
			reader_problem(&c->reader, node, NULL,
				       "an empty list; expected 4, 6 or dual");
	} else if (node) {
		ip_read(c, node);
	}
	if (!c->n_ips)
		c->ips[c->n_ips++] = IP_4;
	c->n_file_ips = c->n_ips;
}

/* param_name_check() - names that ${} and --set can hold */
static int param_name_check(struct reader *r, const struct node *key)
{
	if (!text_is_name(key->text, "_-"))
		return reader_problem(r, key, NULL,
				      "'%.100s' is no name for a parameter; expected a letter, then "
				      "letters, digits, '_' and '-', at most 63",
				      key->text);
	if (!strcmp(key->text, "ip"))
		return reader_problem(r, key, NULL,
				      "a parameter cannot be named 'ip': --set ip=… chooses the "
				      "address family");
	return 0;
}

static int param_value_check(struct reader *r, const struct node *value)
{
	if (value->kind != NODE_SCALAR)
		return reader_problem(r, value, NULL, "expected a single value, found %s",
				      node_kind_text(value));
	if (control_in(value->text))
		return reader_problem(r, value, NULL, "a parameter's value has to be on one line");
	if (strlen(value->text) > PARAM_VALUE_MAX)
		return reader_problem(r, value, NULL,
				      "too long; a parameter's value has at most %d "
				      "bytes",
				      PARAM_VALUE_MAX);
	return 0;
}

static int param_read(struct cases *c, const struct node *key, const struct node *value)
{
	struct param *param = &c->scenario->params[c->scenario->n_params];

	if (param_name_check(&c->reader, key))
		return -EINVAL;
	param->key = strdup(key->text);
	param->line = value->line;
	param->col = value->col;
	if (!param->key)
		return reader_nomem(&c->reader);
	c->scenario->n_params++;
	if (param_value_check(&c->reader, value))
		return -EINVAL; /* the name exists; who uses it gets no second message */
	param->value = strdup(value->text);
	return param->value ? 0 : reader_nomem(&c->reader);
}

static bool is_nothing(const struct node *node)
{
	return !node || (node->kind == NODE_SCALAR && !*node->text && !node->quoted);
}

static void params_read(struct cases *c)
{
	const struct node *map = c->doc->params;

	if (is_nothing(map))
		return;
	if (map->kind != NODE_MAP) {
		reader_problem(&c->reader, map, NULL,
			       "expected a mapping of names to values, found %s",
			       node_kind_text(map));
		return;
	}
	c->scenario->params = calloc((size_t)map->n + 1, sizeof(*c->scenario->params));
	if (!c->scenario->params) {
		reader_nomem(&c->reader);
		return;
	}
	for (int i = 0; i < map->n; i++)
		param_read(c, map->keys[i], map->items[i]);
}

/* dimension_values() - check and list what a matrix key takes */
static int dimension_values(struct reader *r, const struct node *list, struct dimension *dim)
{
	int err = 0;

	if (list->kind != NODE_LIST || !list->n)
		return reader_problem(r, list, NULL, "expected a list of values, found %s",
				      list->kind == NODE_LIST ? "an empty one" :
								node_kind_text(list));
	for (int i = 0; i < list->n; i++) {
		const struct node *value = list->items[i];

		if (param_value_check(r, value)) {
			err = -EINVAL;
			continue;
		}
		for (int k = 0; k < dim->n; k++)
			if (!strcmp(dim->values[k], value->text))
				err = reader_problem(r, value, NULL, "'%.100s' is given twice",
						     value->text);
		dim->values[dim->n++] = value->text;
	}
	return err;
}

static int dimension_read(struct cases *c, const struct node *key, const struct node *list)
{
	struct dimension *dim = &c->dims[c->n_dims];
	int err;

	if (param_name_check(&c->reader, key))
		return -EINVAL;
	if (list->kind == NODE_LIST && list->n > CASES_MAX)
		return reader_problem(&c->reader, list, NULL, "%d values; there can be %d cases",
				      list->n, CASES_MAX);
	dim->name = key->text;
	dim->values = calloc((size_t)list->n + 1, sizeof(*dim->values));
	if (!dim->values)
		return reader_nomem(&c->reader);
	c->n_dims++;
	err = dimension_values(&c->reader, list, dim);
	if (!dim->n)
		dim->n = 1; /* a NULL: reported already */
	dim->n_file = dim->n;
	return err;
}

static void matrix_read(struct cases *c)
{
	const struct node *map = c->doc->matrix;

	if (is_nothing(map))
		return;
	if (map->kind != NODE_MAP) {
		reader_problem(&c->reader, map, NULL,
			       "expected a mapping of names to lists, found %s",
			       node_kind_text(map));
		return;
	}
	c->dims = calloc((size_t)map->n + 1, sizeof(*c->dims));
	if (!c->dims) {
		reader_nomem(&c->reader);
		return;
	}
	for (int i = 0; i < map->n; i++)
		dimension_read(c, map->keys[i], map->items[i]);
}

static struct dimension *find_dimension(struct cases *c, const char *name)
{
	for (int i = 0; i < c->n_dims; i++)
		if (!strcmp(c->dims[i].name, name))
			return &c->dims[i];
	return NULL;
}

static struct param *find_param(struct cases *c, const char *name)
{
	for (int i = 0; i < c->scenario->n_params; i++)
		if (!strcmp(c->scenario->params[i].key, name))
			return &c->scenario->params[i];
	return NULL;
}

/* set_unknown() - --set names what the scenario does not have */
static int set_unknown(struct cases *c, const struct param *set)
{
	const char *names[64];
	char list[512] = "", hint[128];
	const char *near;
	size_t used = 0;
	int n = 0;

	for (int i = 0; i < c->n_dims && n < 63; i++)
		names[n++] = c->dims[i].name;
	for (int i = 0; i < c->scenario->n_params && n < 63; i++)
		if (!find_dimension(c, c->scenario->params[i].key))
			names[n++] = c->scenario->params[i].key;
	names[n++] = "ip";
	for (int i = 0; i < n && used < sizeof(list); i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "",
					 names[i]);
	near = nearest_word(set->key, names, n);
	if (near)
		snprintf(hint, sizeof(hint), "did you mean '%s'?", near);
	return reader_problem(&c->reader, NULL, near ? hint : NULL,
			      "--set %.100s=%.100s: the scenario has no parameter '%.100s'; it has: "
			      "%s",
			      set->key, set->value, set->key, list);
}

static int set_apply(struct cases *c, const struct param *set)
{
	struct dimension *dim = find_dimension(c, set->key);
	struct param *param = find_param(c, set->key);
	struct reader *r = &c->reader;

	if (control_in(set->value) || strlen(set->value) > PARAM_VALUE_MAX)
		return reader_problem(r, NULL, NULL,
				      "--set %.100s=%.100s: expected one line of at most %d bytes",
				      set->key, set->value, PARAM_VALUE_MAX);
	if (!strcmp(set->key, "ip")) {
		if (ip_parse(set->value, &c->ips[0]))
			return reader_problem(r, NULL, NULL,
					      "--set ip=%.100s: expected 4, 6 or dual", set->value);
		c->n_ips = 1;
		c->ip_overridden = true;
	} else if (dim) {
		dim->values[0] = set->value;
		dim->n = 1;
		dim->overridden = true;
	} else if (param) {
		free(param->value);
		param->value = strdup(set->value);
		param->line = param->col = 0;
		return param->value ? 0 : reader_nomem(r);
	} else {
		return set_unknown(c, set);
	}
	return 0;
}

/* settings_new() - what ${name} can name: the matrix first, since it wins over params */
static void settings_new(struct cases *c)
{
	c->settings = calloc((size_t)(c->n_dims + c->scenario->n_params) + 1, sizeof(*c->settings));
	if (!c->settings) {
		reader_nomem(&c->reader);
		return;
	}
	for (int i = 0; i < c->n_dims; i++)
		c->settings[c->n_settings++] =
			(struct setting){ .name = c->dims[i].name, .matrix = true };
	for (int i = 0; i < c->scenario->n_params; i++) {
		const struct param *param = &c->scenario->params[i];

		if (!find_dimension(c, param->key))
			c->settings[c->n_settings++] =
				(struct setting){ .name = param->key, .value = param->value };
	}
	c->reader.settings = c->settings;
	c->reader.n_settings = c->n_settings;
}

void cases_params_read(struct cases *c)
{
	ips_read(c);
	params_read(c);
	matrix_read(c);
	for (int i = 0; i < c->n_set; i++)
		set_apply(c, &c->set[i]);
	settings_new(c);
}
