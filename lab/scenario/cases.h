/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The space of a scenario's cases: its params, matrix and families, with --set applied. */
#ifndef NSLAB_SCENARIO_CASES_H
#define NSLAB_SCENARIO_CASES_H

#include "lab/scenario/reading.h"

/**
 * struct dimension - a matrix key
 * @values, @n: what it takes in turn. A single NULL if what the file gives is bad
 * @n_file: how many values the file gives
 * @overridden: --set gave the value
 */
struct dimension {
	const char *name;
	const char **values;
	int n;
	int n_file;
	bool overridden;
};

/**
 * struct cases - the space of all cases
 * @ips, @n_ips, @n_file_ips, @ip_overridden: as for a dimension
 * @settings: one for each dimension, then one for each of the other params
 */
struct cases {
	struct reader reader;
	struct scenario *scenario;
	const struct document *doc;
	const struct param *set;
	int n_set;
	struct dimension *dims;
	int n_dims;
	enum ip ips[3];
	int n_ips, n_file_ips;
	bool ip_overridden;
	struct setting *settings;
	int n_settings;
};

/** cases_params_read() - fill @c's dims, ips and settings, and the scenario's params; reports */
void cases_params_read(struct cases *c);

/** ip_text() - "4", "6" or "dual" */
const char *ip_text(enum ip ip);

#endif
