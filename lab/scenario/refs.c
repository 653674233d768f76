// SPDX-License-Identifier: GPL-2.0-or-later
/* Value types that name something else in the scenario: a host, a fault, a socket, a step. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/scenario/reading.h"

int host_find(struct reader *r, const struct node *at, const char *name, int *ret_host)
{
	const struct topology *topo = &r->plan->topo;
	const char *names[TOPO_MAX_HOSTS];
	int host = topology_host(topo, name);

	if (host >= 0) {
		*ret_host = host;
		return 0;
	}
	if (r->no_hosts)
		return -EINVAL;
	for (int i = 0; i < topo->n_hosts; i++)
		names[i] = topo->hosts[i].name;
	return reader_unknown(r, at, "host", name, names, topo->n_hosts);
}

static int host_read(struct reader *r, const struct node *value, void *out)
{
	const char *text = reader_text(r, value);

	return text ? host_find(r, value, text, out) : -EINVAL;
}

const struct value_type VALUE_HOST = { "host", "a host's name", host_read, NULL };

static int fault_read(struct reader *r, const struct node *value, void *out)
{
	const struct plan *plan = r->plan;
	const char *text = reader_text(r, value), *names[FAULTS_MAX];

	if (!text)
		return -EINVAL;
	for (int i = 0; i < plan->n_faults; i++) {
		if (!strcmp(plan->faults[i].name, text)) {
			*(int *)out = i;
			return 0;
		}
		names[i] = plan->faults[i].name;
	}
	if (r->no_faults)
		return -EINVAL;
	return reader_unknown(r, value, "fault", text, names, plan->n_faults);
}

const struct value_type VALUE_HOSTS_FAULT = { "fault", "a fault's name", fault_read, NULL };

static void faults_list_free(void *out)
{
	struct int_list *list = out;

	free(list->list);
	*list = (struct int_list){ 0 };
}

static int faults_list_read(struct reader *r, const struct node *value, void *out)
{
	struct node *const one[] = { (struct node *)value };
	struct node *const *items = value->kind == NODE_LIST ? value->items : one;
	int n = value->kind == NODE_LIST ? value->n : 1, err = 0;
	struct int_list list = { 0 };

	if (value->kind == NODE_MAP || !n)
		return -EDOM;
	list.list = calloc((size_t)n, sizeof(*list.list));
	if (!list.list)
		return reader_nomem(r);
	for (; list.n < n; list.n++)
		if (fault_read(r, items[list.n], &list.list[list.n]))
			err = -EINVAL;
	if (err)
		free(list.list);
	else
		*(struct int_list *)out = list;
	return err;
}

const struct value_type VALUE_FAULTS = { "faults", "a fault's name or a list of them",
					 faults_list_read, faults_list_free };

int step_named(const struct plan *plan, const char *name)
{
	for (int i = 0; i < plan->n_steps; i++) {
		const struct step *step = &plan->steps[i];

		if ((step->as && !strcmp(step->as, name)) || (step->id && !strcmp(step->id, name)))
			return i;
	}
	return -1;
}

/* says_name() - whether an ``as`` or ``id`` of the mapping is @name, as written */
static bool says_name(const struct node *map, const char *name)
{
	const struct node *as = node_get(map, "as"), *id = node_get(map, "id");

	return (as && as->kind == NODE_SCALAR && !strcmp(as->text, name)) ||
	       (id && id->kind == NODE_SCALAR && !strcmp(id->text, name));
}

/* find_maker() - the step in the file that makes @name, whether it could be read or not; or -1 */
static int find_maker(const struct reader *r, const char *name)
{
	const struct node *steps = r->steps;

	for (int i = 0; steps && steps->kind == NODE_LIST && i < steps->n; i++) {
		const struct node *item = steps->items[i];

		if (says_name(item, name) ||
		    (item->kind == NODE_MAP && item->n && says_name(item->items[0], name)))
			return i;
	}
	return -1;
}

static bool is_wanted(const struct step *step, unsigned wanted, bool background)
{
	return background ? step->background : wanted & (1u << step->verb->makes);
}

/* unknown_name() - there is no such name before this step; say where it is, or what there is */
static int unknown_name(struct reader *r, const struct node *at, const char *name, unsigned wanted,
			bool background, const char *kind)
{
	const struct plan *plan = r->plan;
	const char *names[STEPS_MAX];
	int n = 0, maker = find_maker(r, name);

	if (maker >= 0 && maker < plan->n_steps)
		return -EINVAL; /* that step was bad, and has been reported */
	if (maker == plan->n_steps)
		return reader_problem(r, at, NULL, "'%.64s' is what this step itself makes", name);
	if (maker > plan->n_steps)
		return reader_problem(r, at, "steps only know what earlier steps made",
				      "unknown %s '%.64s'; it is defined later, at line %d", kind,
				      name, r->steps->items[maker]->line);
	for (int i = 0; i < plan->n_steps; i++) {
		const struct step *step = &plan->steps[i];

		if (step->id && step->verb && is_wanted(step, wanted, background))
			names[n++] = step->as && !background ? step->as : step->id;
	}
	return reader_unknown(r, at, kind, name, names, n);
}

/*
 * ref_resolve() - find what @value names among the earlier steps
 * @wanted: a bit 1 << MAKES_… for each kind of thing that will do
 * @background: any background step will do instead
 */
static int ref_resolve(struct reader *r, const struct node *value, unsigned wanted, bool background,
		       const char *kind, struct ref *ret)
{
	static const char *const articles[] = { "a step that makes no socket", "a listener",
						"a connection", "a bound socket" };
	const char *name = reader_text(r, value);
	const struct step *step;
	int i;

	if (!name)
		return -EINVAL;
	i = step_named(r->plan, name);
	if (i < 0)
		return unknown_name(r, value, name, wanted, background, kind);
	step = &r->plan->steps[i];
	if (!step->verb)
		return -EINVAL;
	if (!is_wanted(step, wanted, background)) {
		if (background)
			return reader_problem(r, value, "add background: true there",
					      "'%.64s' (line %d) is not a background step", name,
					      step->line);
		return reader_problem(r, value, NULL, "'%.64s' is %s (line %d), a %s was expected",
				      name, articles[step->verb->makes], step->line, kind);
	}
	if (!background && r->step && r->step->verb && r->step->verb->on_host && step->host >= 0 &&
	    r->step->host >= 0 && step->host != r->step->host)
		return reader_problem(r, value, NULL,
				      "'%.64s' is a socket of %s (line %d), not of %s", name,
				      r->plan->topo.hosts[step->host].name, step->line,
				      r->plan->topo.hosts[r->step->host].name);
	ret->name = strdup(name);
	ret->step = i;
	return ret->name ? 0 : reader_nomem(r);
}

static void ref_free(void *out)
{
	struct ref *ref = out;

	free(ref->name);
	*ref = (struct ref){ 0 };
}

static int listener_read(struct reader *r, const struct node *value, void *out)
{
	return ref_resolve(r, value, 1u << MAKES_LISTENER, false, "listener", out);
}

const struct value_type VALUE_LISTENER = { "listener", "the name of a listener", listener_read,
					   ref_free };

static int conn_read(struct reader *r, const struct node *value, void *out)
{
	return ref_resolve(r, value, 1u << MAKES_CONN, false, "connection", out);
}

const struct value_type VALUE_CONN = { "connection", "the name of a connection", conn_read,
				       ref_free };

static int socket_read(struct reader *r, const struct node *value, void *out)
{
	return ref_resolve(r, value, 1u << MAKES_LISTENER | 1u << MAKES_CONN | 1u << MAKES_BOUND,
			   false, "socket", out);
}

const struct value_type VALUE_SOCKET = { "socket", "the name of a socket", socket_read, ref_free };

static int step_ref_read(struct reader *r, const struct node *value, void *out)
{
	return ref_resolve(r, value, 0, true, "background step", out);
}

const struct value_type VALUE_STEP = { "background step", "the name of a background step",
				       step_ref_read, ref_free };
