// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "lab/scenario/problem.h"

enum { MAX_OPTIONS = 32, HELP_VALUE = 1000 };

int strings_add(struct strings *strings, const char *text)
{
	const char **list = realloc(strings->list, ((size_t)strings->n + 1) * sizeof(*list));

	if (!list)
		return -ENOMEM;
	strings->list = list;
	list[strings->n++] = text;
	return 0;
}

void strings_free(struct strings *strings)
{
	free(strings->list);
	*strings = (struct strings){ 0 };
}

static int row_take(const struct option_row *row, const char *value, void *out)
{
	void *field = (char *)out + row->offset;

	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)field = true;
		return 0;
	case OPTION_TEXT:
		*(const char **)field = value;
		return 0;
	case OPTION_LIST:
		return strings_add(field, value);
	}
	return -EINVAL;
}

static int complain(const char *command, const struct option_row *rows, const char *word,
		    bool missing)
{
	const char *names[MAX_OPTIONS];
	char shown[160], bare[128];
	const char *near;
	int n = 0;

	text_escape(word, shown, sizeof(shown));
	if (missing) {
		fprintf(stderr, "nslab %s: option '%s' needs an argument; see 'nslab %s --help'\n",
			command, shown, command);
		return -EINVAL;
	}
	snprintf(bare, sizeof(bare), "%.*s", (int)strcspn(word + strspn(word, "-"), "="),
		 word + strspn(word, "-"));
	for (; n < MAX_OPTIONS - 1 && rows[n].name; n++)
		names[n] = rows[n].name;
	names[n++] = "help";
	near = nearest_word(bare, names, n);
	fprintf(stderr, "nslab %s: unknown option '%s'%s%s%s; see 'nslab %s --help'\n", command,
		shown, near ? "; did you mean '--" : "", near ?: "", near ? "'?" : "", command);
	return -EINVAL;
}

/* Tables for getopt_long(); returns the number of rows. */
static int tables_fill(const struct option_row *rows, struct option *longs, char *shorts)
{
	int n = 0;

	*shorts++ = ':';
	for (; n < MAX_OPTIONS && rows[n].name; n++) {
		longs[n] = (struct option){ rows[n].name,
					    rows[n].arg ? required_argument : no_argument, NULL,
					    n + 1 };
		if (!rows[n].letter)
			continue;
		*shorts++ = rows[n].letter;
		if (rows[n].arg)
			*shorts++ = ':';
	}
	longs[n] = (struct option){ "help", no_argument, NULL, HELP_VALUE };
	*shorts++ = 'h';
	*shorts = '\0';
	return n;
}

int options_parse(const char *command, const struct option_row *rows, int argc, char **argv,
		  void *out, int *ret_first)
{
	struct option longs[MAX_OPTIONS + 2] = { 0 };
	char shorts[2 * MAX_OPTIONS + 4];
	int n = tables_fill(rows, longs, shorts), c;

	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const char *word = argv[optind - 1];
		int i = c - 1;

		if (c == HELP_VALUE || c == 'h')
			return 1;
		if (c == '?' || c == ':')
			return complain(command, rows, word, c == ':');
		if (i >= n)
			for (i = 0; rows[i].letter != c; i++)
				;
		if (row_take(&rows[i], optarg, out) < 0)
			return -EINVAL;
	}
	*ret_first = optind;
	return 0;
}

void options_print(const struct option_row *rows, FILE *out)
{
	for (; rows->name; rows++) {
		char left[64];

		snprintf(left, sizeof(left), "%c%c%s--%s%s%s", rows->letter ? '-' : ' ',
			 rows->letter ?: ' ', rows->letter ? ", " : "  ", rows->name,
			 rows->arg ? " " : "", rows->arg ?: "");
		fprintf(out, "  %-24s %s\n", left, rows->help);
	}
	fprintf(out, "  %-24s %s\n", "-h, --help", "this text");
}
