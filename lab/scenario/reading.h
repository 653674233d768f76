/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader from the inside: what the files that read a part of a scenario share. */
#ifndef NSLAB_SCENARIO_READING_H
#define NSLAB_SCENARIO_READING_H

#include "lab/scenario/reader.h"

enum {
	SOURCE_MAX = 1 << 20,	/* bytes of a scenario file */
	CASES_MAX = 256,	/* of a file */
	FAULTS_MAX = 256,	/* of a case */
	STEPS_MAX = 1024,	/* of a case */
	PARAM_VALUE_MAX = 1024, /* bytes */
};

/**
 * struct setting - what a ${name} stands for in this case
 * @value: NULL if what the file gives is itself bad, and that has been reported
 * @matrix: it comes from the matrix
 */
struct setting {
	const char *name;
	const char *value;
	bool matrix;
};

/**
 * struct reader - reads one case
 * @settings, @n_settings: parameters of this case; borrowed
 * @plan: the case, as far as it has been read
 * @step: the step under construction, or NULL
 * @step_map: the mapping of the lab's verb that is being read
 * @steps: the list of steps in the file, to tell what comes later from what does not exist
 * @expected: what kind of value is being read, for messages
 * @no_hosts, @no_faults: that part was too broken to have names in it; unknown names are not news
 * @texts, @n_texts: texts into which parameters were put; live as long as the reader
 */
struct reader {
	const struct vocabulary *vocabulary;
	struct problems *problems;
	const struct setting *settings;
	int n_settings;
	struct plan *plan;
	struct step *step;
	const struct node *step_map;
	const struct node *steps;
	const char *expected;
	bool no_hosts, no_faults;
	char **texts;
	int n_texts;
};

void reader_release(struct reader *r);

/** reader_nomem() - note that memory ran out; returns -EINVAL */
int reader_nomem(struct reader *r);

/** node_kind_text() - "a mapping", "a list", "a text" or "nothing", for messages */
const char *node_kind_text(const struct node *node);

/** text_is_name() - a letter, then letters, digits and characters of @more; at most 63 */
bool text_is_name(const char *text, const char *more);

/** text_uses_matrix() - does a scalar as written contain the ${name} of a matrix key? */
bool text_uses_matrix(const struct reader *r, const char *text);

/** VALUE_NODE - const struct node *: whatever it is, to be read by hand */
int value_node_read(struct reader *r, const struct node *value, void *out);

/** host_find() - index of the host named @name; 0, or -EINVAL after reporting at @at */
int host_find(struct reader *r, const struct node *at, const char *name, int *ret_host);

/**
 * struct link_line - what "a -- b" says
 * @one_way: it was "a -> b"
 */
struct link_line {
	int host[2];
	bool one_way;
};

/** link_line_read() - two hosts that a line joins, whether there is such a link or not; reports */
int link_line_read(struct reader *r, const struct node *node, struct link_line *line);

/** step_named() - index of the step that has @name as its as: or id:, -1 if there is none yet */
int step_named(const struct plan *plan, const char *name);

/* the parts of a case; all return 0, or -EINVAL after reporting all that is wrong in them */
int topology_read(struct reader *r, const struct node *topology);
/**
 * links_read() - the list of links
 * @ret_places: where each link stands in the file; free() it, also after a failure
 */
int links_read(struct reader *r, const struct node *links, const struct node ***ret_places);
int expect_read(struct reader *r, const struct node *expect, struct step *step);
int steps_read(struct reader *r, const struct node *steps);

/** faults_read() - also returns -EAFNOSUPPORT: the matrix value has no meaning in this family */
int faults_read(struct reader *r, const struct node *faults);

/** conntrack_read() - ``conntrack:`` of a fault */
int conntrack_read(struct reader *r, const struct node *map, struct fault *fault);

/** conntrack_check() - does it agree with its host's other faults and sysctls? */
int conntrack_check(struct reader *r, const struct node *map, const struct fault *fault);

/** nat_read() - ``nat:`` of a host, when all hosts are known */
int nat_read(struct reader *r, int host, const struct node *value);

/** nats_free() - a plan's translations */
void nats_free(struct plan *plan);

/** step_text() - the step as one line for people; NULL if memory ran out */
char *step_text(struct reader *r, const struct node *item, const struct step *step);

/** step_free() - what a step owns */
void step_free(struct step *step);

/** faults_free() - a plan's faults */
void faults_free(struct plan *plan);

/** plan_release() - what a case owns */
void plan_release(struct plan *plan);

/**
 * struct document - the parts of a file that are read anew for each case; NULL where left out
 */
struct document {
	const struct node *title;
	const struct node *topology;
	const struct node *params;
	const struct node *matrix;
	const struct node *ip;
	const struct node *faults;
	const struct node *steps;
};

/**
 * cases_read() - fill @scenario's params, title and plans: one for each case
 * @set, @n_set: see scenario_parse()
 * Return: 0, or -EINVAL after reporting
 */
int cases_read(struct scenario *scenario, const struct document *doc,
	       const struct vocabulary *vocabulary, const struct param *set, int n_set,
	       struct problems *problems);

/* the key tables, for the reference */
extern const struct key SCENARIO_KEYS[];
extern const struct key TOPOLOGY_KEYS[];
extern const struct key HOST_KEYS[];
extern const struct key LINK_KEYS[];
extern const struct key FAULT_KEYS[];
extern const struct key MATCH_KEYS[];
extern const struct key CONNTRACK_KEYS[];
extern const struct key NAT_KEYS[];
extern const struct key COMMON_KEYS[]; /* row i belongs to bit i of verb->common */
extern const struct key EXPECT_KEYS[]; /* row i belongs to bit i of verb->expects */

#endif
