/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The claims of an article on Go and TCP, their verdicts, and the scenarios that settle them. */
#ifndef NSLAB_CLI_CLAIMS_H
#define NSLAB_CLI_CLAIMS_H

#include <stdbool.h>
#include <stdio.h>

#include "lab/cli/catalogue.h"

enum verdict { VERDICT_TRUE, VERDICT_LIMITED, VERDICT_FALSE };

/**
 * struct claim - all texts are owned
 * @id: as scenarios name it under claims:
 * @text: the claim; @sentence: what is right
 * @c, @go: what was observed
 * @scenarios: names of those in the catalogue that settle it
 */
struct claim {
	char *id, *text, *c, *go, *sentence;
	enum verdict verdict;
	struct strings scenarios;
};

struct claims {
	struct claim *list;
	int n;
};

/**
 * claims_load() - the claims that are compiled in, with the scenarios of a catalogue
 * @catalogue: is parsed; a claim that a scenario names and that there is not is complained of on stderr
 * Return: 0, -EINVAL after a message, -ENOMEM
 */
int claims_load(struct sources *catalogue, struct claims *ret);

void claims_free(struct claims *claims);

/** verdict_name() - "true", "true with a limit", "false" */
const char *verdict_name(enum verdict verdict);

/** claims_table() - a line for each: number, verdict, id, scenarios; claims_json(): all as JSON */
void claims_table(const struct claims *claims, FILE *out);
void claims_json(const struct claims *claims, FILE *out);

/** claims_markdown() - docs/claims.md */
void claims_markdown(const struct claims *claims, FILE *out);

#endif
