/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scenarios in strings: read them, or see them refused. */
#ifndef NSLAB_TESTS_SCENARIO_FIXTURE_H
#define NSLAB_TESTS_SCENARIO_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/scenario/problem.h"
#include "lab/scenario/scenario.h"
#include "netns/cleanup.h"
#include "tests/unit/fake_vocabulary.h"

/* the first five lines of most files here; what matters begins at line 5 */
#define HEAD  "name: x\ntitle: t\nstory: s\nremedy: r\n"
#define STEPS "steps:\n  - server: {listen: 8080, as: door}\n"

static inline struct scenario *parse_set(const char *source, const struct param *set, int n_set)
{
	struct scenario *scenario = NULL;
	struct problems problems = { 0 };

	if (scenario_parse("x.yaml", source, strlen(source), &fake_vocabulary, set, n_set,
			   &scenario, &problems)) {
		problems_print(&problems, stderr);
		problems_free(&problems);
		fail_msg("refused");
	}
	assert_int_equal(problems.n, 0);
	problems_free(&problems);
	return scenario;
}

static inline struct scenario *parse(const char *source)
{
	return parse_set(source, NULL, 0);
}

static inline void refuse_set(const char *source, const struct param *set, int n_set,
			      struct problems *problems)
{
	struct scenario *scenario = NULL;

	*problems = (struct problems){ 0 };
	assert_int_equal(scenario_parse("x.yaml", source, strlen(source), &fake_vocabulary, set,
					n_set, &scenario, problems),
			 -EINVAL);
	assert_null(scenario);
	assert_true(problems->n > 0);
}

/* whether a problem stands at a place and has the words in its text or hint */
static inline bool has_problem(const struct problems *problems, int line, int col,
			       const char *words)
{
	for (int i = 0; i < problems->n; i++) {
		const struct problem *p = &problems->list[i];

		if (p->line == line && p->col == col &&
		    (strstr(p->text, words) || (p->hint && strstr(p->hint, words))))
			return true;
	}
	return false;
}

static inline void assert_refused_set(const char *source, const struct param *set, int n_set,
				      int line, int col, const char *words)
{
	struct problems problems;

	refuse_set(source, set, n_set, &problems);
	if (!has_problem(&problems, line, col, words)) {
		problems_print(&problems, stderr);
		fail_msg("no '%s' at %d:%d", words, line, col);
	}
	problems_free(&problems);
}

/* the only problem there is: one mistake makes one message */
static inline void assert_refused(const char *source, int line, int col, const char *words)
{
	struct problems problems;

	refuse_set(source, NULL, 0, &problems);
	if (problems.n != 1 || !has_problem(&problems, line, col, words)) {
		problems_print(&problems, stderr);
		fail_msg("not just '%s' at %d:%d in\n%s", words, line, col, source);
	}
	problems_free(&problems);
}

#endif
