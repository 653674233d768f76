// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/cli/outputs.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/scenario/problem.h"
#include "netns/cleanup.h"

struct output {
	const struct report_type *type;
	struct report *report;
	FILE *file;
	const char *name; /* of the file, "-" for stdout */
};

struct outputs {
	const char *command;
	struct output list[OUTPUTS_MOST + 1];
	int n;
};

static const struct option_row ladder_rows[] = {
	{ "seq", 0, NULL, "show relative sequence numbers in ladders", OPTION_FLAG,
	  offsetof(struct output_options, seq) },
	{ "unfold", 0, NULL, "show every packet of a stream in ladders", OPTION_FLAG,
	  offsetof(struct output_options, unfold) },
};

static struct option_row row_of(const struct report_type *type, int i)
{
	size_t at = type->takes_file ? offsetof(struct output_options, file) :
				       offsetof(struct output_options, flag);
	size_t size = type->takes_file ? sizeof(const char *) : sizeof(bool);

	return (struct option_row){ .name = type->option,
				    .arg = type->takes_file ? "FILE" : NULL,
				    .help = type->help,
				    .kind = type->takes_file ? OPTION_TEXT : OPTION_FLAG,
				    .offset = at + (size_t)i * size };
}

const struct option_row *outputs_rows(const struct option_row *own, size_t offset,
				      struct option_row *ret, size_t n)
{
	const struct report_type *type;
	size_t at = 0;

	(void)n; /* where assertions are off */
	for (; own->name; own++) {
		assert(at < n);
		ret[at++] = *own;
	}
	for (int i = 0; (type = report_at(i)); i++) {
		assert(i < OUTPUTS_MOST && at < n);
		if (!type->option)
			continue;
		ret[at] = row_of(type, i);
		ret[at++].offset += offset;
	}
	for (size_t i = 0; i < ARRAY_SIZE(ladder_rows); i++) {
		assert(at < n);
		ret[at] = ladder_rows[i];
		ret[at++].offset += offset;
	}
	assert(at < n);
	ret[at] = (struct option_row){ 0 };
	return ret;
}

static bool asked(const struct output_options *options, int i)
{
	return options->file[i] || options->flag[i];
}

bool outputs_whole(const struct output_options *options)
{
	const struct report_type *type;

	for (int i = 0; (type = report_at(i)); i++)
		if (type->whole && asked(options, i))
			return true;
	return false;
}

bool outputs_any(const struct output_options *options)
{
	for (int i = 0; report_at(i); i++)
		if (asked(options, i))
			return true;
	return false;
}

/* The report whose place stdout is; a second one is told so. */
static const struct report_type *stdout_taker(const struct output_options *options,
					      const char *command, bool *ret_ok)
{
	const struct report_type *type, *taker = NULL;

	*ret_ok = true;
	for (int i = 0; (type = report_at(i)); i++) {
		bool takes = options->flag[i] ||
			     (options->file[i] && !strcmp(options->file[i], "-"));

		if (takes && taker) {
			fprintf(stderr,
				"nslab %s: --%s and --%s cannot both have stdout; run again, or keep the log (--events FILE) and make the other with 'nslab report'\n",
				command, taker->option, type->option);
			*ret_ok = false;
		}
		if (takes)
			taker = type;
	}
	return taker;
}

static int output_add(struct outputs *o, const struct report_type *type, const char *name,
		      FILE *file, const struct output_options *options)
{
	struct report_options how;
	struct output *output = &o->list[o->n];

	report_options_detect(file, &how);
	how.seq = options->seq;
	how.unfold = options->unfold;
	output->type = type;
	output->name = name;
	output->file = file;
	output->report = type->open(file, &how);
	if (!output->report) {
		fprintf(stderr, "nslab %s: memory is out\n", o->command);
		if (file != stdout && file != stderr)
			fclose(file);
		return -ENOMEM;
	}
	o->n++;
	return 0;
}

static int output_open(struct outputs *o, int i, const struct output_options *options)
{
	const struct report_type *type = report_at(i);
	const char *name = options->file[i] ?: "-";
	FILE *file = strcmp(name, "-") ? fopen(name, "we") : stdout;
	char shown[200];

	if (file)
		return output_add(o, type, name, file, options);
	fprintf(stderr, "nslab %s: cannot write '%s' (--%s): %s\n", o->command,
		text_escape(name, shown, sizeof(shown)), type->option, strerror(errno));
	return -EINVAL;
}

/* In a GitHub workflow failures are annotated without being asked. */
static bool in_workflow(void)
{
	const char *value = getenv("GITHUB_ACTIONS");

	return value && !strcmp(value, "true");
}

struct outputs *outputs_open(const struct output_options *options, const char *command,
			     FILE **ret_human)
{
	const struct report_type *annotations = report_find("github");
	struct outputs *o = calloc(1, sizeof(*o));
	bool ok;

	if (!o) {
		fprintf(stderr, "nslab %s: memory is out\n", command);
		return NULL;
	}
	o->command = command;
	*ret_human = stdout_taker(options, command, &ok) ? stderr : stdout;
	for (int i = 0; ok && report_at(i); i++)
		if (asked(options, i))
			ok = output_open(o, i, options) == 0;
	if (ok && annotations && in_workflow())
		ok = output_add(o, annotations, "-", *ret_human, options) == 0;
	if (ok)
		return o;
	outputs_close(o);
	return NULL;
}

void outputs_event(struct outputs *o, const struct event *event)
{
	for (int i = 0; i < o->n; i++)
		o->list[i].type->event(o->list[i].report, event);
}

int outputs_close(struct outputs *o)
{
	int ret = 0;

	if (!o)
		return 0;
	for (int i = 0; i < o->n; i++) {
		struct output *output = &o->list[i];
		bool bad;
		char shown[200];

		output->type->close(output->report);
		bad = ferror(output->file) || fflush(output->file);
		if (output->file != stdout && output->file != stderr)
			bad |= fclose(output->file) != 0;
		if (!bad)
			continue;
		fprintf(stderr, "nslab %s: '%s' could not be written completely (%s)\n", o->command,
			text_escape(output->name, shown, sizeof(shown)), output->type->name);
		ret = -EIO;
	}
	free(o);
	return ret;
}
