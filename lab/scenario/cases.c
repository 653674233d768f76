// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Cases: every combination of the matrix's values and the address families. The parts of the file
 * that can contain ${name} are read anew for each of them, with its values put in.
 */
#include "lab/scenario/cases.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void cases_release(struct cases *c)
{
	for (int i = 0; i < c->n_dims; i++)
		free(c->dims[i].values);
	free(c->dims);
	free(c->settings);
	reader_release(&c->reader);
}

/* title_read() - the scenario's own title: a matrix key has no one value, so its ${name} stays */
static void title_read(struct cases *c)
{
	char(*references)[72] = calloc((size_t)c->n_dims + 1, sizeof(*references)); /* ${63} */
	const char *text;

	if (!references) {
		reader_nomem(&c->reader);
		return;
	}
	for (int i = 0; i < c->n_dims; i++) {
		snprintf(references[i], sizeof(references[i]), "${%s}", c->dims[i].name);
		c->settings[i].value = references[i];
	}
	text = c->doc->title ? reader_text(&c->reader, c->doc->title) : NULL;
	if (text) {
		free(c->scenario->title);
		c->scenario->title = strdup(text);
		if (!c->scenario->title)
			reader_nomem(&c->reader);
	}
	for (int i = 0; i < c->n_dims; i++)
		c->settings[i].value = NULL;
	free(references);
}

static bool is_several(const struct cases *c)
{
	for (int i = 0; i < c->n_dims; i++)
		if (c->dims[i].n_file > 1)
			return true;
	return c->n_file_ips > 1;
}

/* case_name() - the scenario's name, and in brackets what tells this case from the others */
static char *case_name(const struct cases *c, enum ip ip)
{
	const char *name = c->scenario->name ? c->scenario->name : "", *comma = "";
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	fputs(name, out);
	if (is_several(c)) {
		fputc('[', out);
		for (int i = 0; i < c->n_dims; i++, comma = ",")
			fprintf(out, "%s%s=%s", comma, c->settings[i].name, c->settings[i].value);
		if (c->n_file_ips > 1)
			fprintf(out, "%sip=%s", comma, ip_text(ip));
		fputc(']', out);
	}
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

/* put_set() - one KEY=VALUE, in single quotes where a shell would take it apart */
static void put_set(const char *key, const char *value, FILE *out)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "_.,:/@%+=-";

	if (ftell(out) > 0)
		fputc(' ', out);
	if (!value[strspn(value, safe)]) {
		fprintf(out, "%s=%s", key, value);
		return;
	}
	fprintf(out, "'%s=", key);
	for (; *value; value++) {
		if (*value == '\'')
			fputs("'\\''", out);
		else
			fputc(*value, out);
	}
	fputc('\'', out);
}

/* case_set() - the --set words that lead to this case again */
static char *case_set(const struct cases *c, enum ip ip)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	for (int i = 0; i < c->n_dims; i++)
		if (c->dims[i].n_file > 1 || c->dims[i].overridden)
			put_set(c->settings[i].name, c->settings[i].value, out);
	if (c->n_file_ips > 1 || c->ip_overridden)
		put_set("ip", ip_text(ip), out);
	for (int i = c->n_dims; i < c->n_settings; i++)
		for (int k = 0; k < c->n_set; k++)
			if (!strcmp(c->set[k].key, c->settings[i].name)) {
				put_set(c->settings[i].name, c->settings[i].value, out);
				break;
			}
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}

static int case_texts(struct cases *c, struct plan *plan)
{
	const char *title = c->doc->title ? reader_text(&c->reader, c->doc->title) : "";

	for (int i = 0; i < c->n_settings; i++)
		if (!c->settings[i].value)
			return -EINVAL; /* reported; a bad file's cases need no names */
	plan->name = case_name(c, plan->ip);
	plan->set = case_set(c, plan->ip);
	plan->title = strdup(title ? title : "");
	return plan->name && plan->set && plan->title ? 0 : reader_nomem(&c->reader);
}

/* case_read() - one case; it is dropped without a word if the matrix value has no meaning in it */
static void case_read(struct cases *c, enum ip ip)
{
	struct plan *plan = &c->scenario->plans[c->scenario->n_plans];
	struct reader *r = &c->reader;
	int before = r->problems->n, err;

	plan->ip = ip;
	r->plan = plan;
	r->no_hosts = r->no_faults = false;
	r->steps = NULL;
	case_texts(c, plan);
	topology_read(r, c->doc->topology);
	err = faults_read(r, c->doc->faults);
	if (err == -EAFNOSUPPORT) {
		problems_cut(r->problems, before);
		plan_release(plan);
	} else {
		if (c->doc->steps)
			steps_read(r, c->doc->steps);
		c->scenario->n_plans++;
	}
	r->plan = NULL;
	reader_release(r);
}

/* count_cases() - 0 if there are too many */
static int count_cases(const struct cases *c)
{
	int n = c->n_ips;

	for (int i = 0; i < c->n_dims; i++) {
		n *= c->dims[i].n;
		if (n > CASES_MAX)
			return 0;
	}
	return n;
}

/* case_select() - put case number @i's values into the settings; the first key turns slowest */
static enum ip case_select(struct cases *c, int i)
{
	enum ip ip = c->ips[i % c->n_ips];

	i /= c->n_ips;
	for (int d = c->n_dims - 1; d >= 0; d--) {
		c->settings[d].value = c->dims[d].values[i % c->dims[d].n];
		i /= c->dims[d].n;
	}
	return ip;
}

static void all_cases_read(struct cases *c)
{
	int n = count_cases(c);

	if (!n) {
		reader_problem(&c->reader, c->doc->matrix, NULL,
			       "the matrix makes too many cases; there can be %d", CASES_MAX);
		n = 1; /* the rest of the file can be judged by the first */
	}
	c->scenario->plans = calloc((size_t)n, sizeof(*c->scenario->plans));
	if (!c->scenario->plans) {
		reader_nomem(&c->reader);
		return;
	}
	for (int i = 0; i < n; i++)
		case_read(c, case_select(c, i));
	if (!c->scenario->n_plans)
		reader_problem(&c->reader, c->doc->matrix, NULL,
			       "no case is left: no value of the matrix has a meaning with ip: %s",
			       ip_text(c->ips[0]));
}

int cases_read(struct scenario *scenario, const struct document *doc,
	       const struct vocabulary *vocabulary, const struct param *set, int n_set,
	       struct problems *problems)
{
	struct cases c = { .reader = { .vocabulary = vocabulary, .problems = problems },
			   .scenario = scenario,
			   .doc = doc,
			   .set = set,
			   .n_set = n_set };

	cases_params_read(&c);
	if (c.settings) {
		title_read(&c);
		all_cases_read(&c);
	}
	cases_release(&c);
	return problems_any(problems) ? -EINVAL : 0;
}
