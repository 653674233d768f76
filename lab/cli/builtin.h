/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scenarios that are compiled in; the arrays are made by lab/embed.cmake. */
#ifndef NSLAB_CLI_BUILTIN_H
#define NSLAB_CLI_BUILTIN_H

#include <stddef.h>

/** struct builtin - a file beneath scenarios/: "scenarios/dial/ok.yaml" */
struct builtin {
	const char *path;
	const char *text;
	size_t len;
};

/** builtins - in order of their paths; the last one has a NULL path */
extern const struct builtin builtins[];

/** builtin_template - what ``nslab new`` writes, NUL-terminated */
extern const char builtin_template[];

/** builtin_symptoms - lab/cli/symptoms.tsv, NUL-terminated */
extern const char builtin_symptoms[];

/** builtin_claims - lab/cli/claims.yaml, NUL-terminated */
extern const char builtin_claims[];

#endif
