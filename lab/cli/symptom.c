// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/cli/symptom.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = {
	[SYMPTOM_ERROR] = "error",
	[SYMPTOM_STATE] = "state",
	[SYMPTOM_OUTPUT] = "output",
};

enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]) };

const char *symptom_kind_name(enum symptom_kind kind)
{
	return kinds[kind];
}

static int line_read(char *line, struct symptom *ret)
{
	const char *scenario = strsep(&line, "\t");
	const char *kind = strsep(&line, "\t");
	const char *word = strsep(&line, "\t");
	const char *where = strsep(&line, "\t");

	for (int i = 0; where && i < N_KINDS; i++) {
		if (strcmp(kind, kinds[i]) != 0)
			continue;
		*ret = (struct symptom){ scenario, (enum symptom_kind)i, word, where };
		return 0;
	}
	return -EINVAL;
}

int symptoms_read(const char *text, struct symptoms *ret)
{
	size_t lines = 1;
	char *at, *line;

	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	*ret = (struct symptoms){ .text = strdup(text), .list = calloc(lines, sizeof(*ret->list)) };
	if (!ret->text || !ret->list) {
		symptoms_free(ret);
		return -ENOMEM;
	}
	at = ret->text;
	while ((line = strsep(&at, "\n")))
		ret->n += line_read(line, &ret->list[ret->n]) == 0;
	return 0;
}

void symptoms_free(struct symptoms *symptoms)
{
	free(symptoms->list);
	free(symptoms->text);
	*symptoms = (struct symptoms){ 0 };
}

bool symptom_fits(const struct symptom *symptom, const struct meaning *meaning)
{
	return symptom->kind == meaning->kind && !strcmp(symptom->word, meaning->word) &&
	       (!meaning->where || !strcmp(symptom->where, meaning->where));
}
