// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/cli/outputs.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/scenario/problem.h"
#include "netns/cleanup.h"

/**
 * struct output - a report that is being written
 * @name: of the file, "-" for stdout
 * @dev, @ino: of a regular file, to know it again by another name; else 0
 */
struct output {
	const struct report_type *type;
	struct report *report;
	FILE *file;
	const char *name;
	dev_t dev;
	ino_t ino;
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

/* Is it a file that is written or read already? Whose, or NULL. */
static const char *taken_by(const struct outputs *o, const struct stat *file, char **inputs, int n)
{
	struct stat input;

	if (!S_ISREG(file->st_mode))
		return NULL;
	for (int i = 0; i < o->n; i++)
		if (o->list[i].ino == file->st_ino && o->list[i].dev == file->st_dev)
			return "another report's already";
	for (int i = 0; i < n; i++) {
		int r = strcmp(inputs[i], "-") ? stat(inputs[i], &input) : fstat(0, &input);

		if (!r && input.st_ino == file->st_ino && input.st_dev == file->st_dev)
			return "the log that is read";
	}
	return NULL;
}

/* Emptied only when it is sure that nobody needs what is in it. */
static FILE *file_open(const struct outputs *o, const char *name, char **inputs, int n,
		       struct stat *ret_stat, const char **ret_taken)
{
	_cleanup_close_ int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	FILE *file;

	if (fd < 0 || fstat(fd, ret_stat) < 0)
		return NULL;
	*ret_taken = taken_by(o, ret_stat, inputs, n);
	if (*ret_taken || (S_ISREG(ret_stat->st_mode) && ftruncate(fd, 0) < 0))
		return NULL;
	file = fdopen(fd, "w");
	if (file)
		fd = -1;
	return file;
}

static int output_open(struct outputs *o, int i, const struct output_options *options,
		       char **inputs, int n)
{
	const struct report_type *type = report_at(i);
	const char *name = options->file[i] ?: "-", *taken = NULL;
	const char *lacks = type->lacks ? type->lacks() : NULL;
	struct stat st = { 0 };
	FILE *file;
	char shown[200];

	if (lacks) {
		fprintf(stderr, "nslab %s: --%s needs a library that is not here: %s\n", o->command,
			type->option, lacks);
		return -ENOENT;
	}
	file = strcmp(name, "-") ? file_open(o, name, inputs, n, &st, &taken) : stdout;
	if (file) {
		o->list[o->n].dev = st.st_dev;
		o->list[o->n].ino = st.st_ino;
		return output_add(o, type, name, file, options);
	}
	text_escape(name, shown, sizeof(shown));
	if (taken)
		fprintf(stderr,
			"nslab %s: --%s would overwrite '%s', which is %s; give it a file of its own\n",
			o->command, type->option, shown, taken);
	else
		fprintf(stderr, "nslab %s: cannot write '%s' (--%s): %s\n", o->command, shown,
			type->option, strerror(errno));
	return -EINVAL;
}

/* In a GitHub workflow failures are annotated without being asked. */
static bool in_workflow(void)
{
	const char *value = getenv("GITHUB_ACTIONS");

	return value && !strcmp(value, "true");
}

struct outputs *outputs_open(const struct output_options *options, const char *command,
			     char **inputs, int n, FILE **ret_human)
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
			ok = output_open(o, i, options, inputs, n) == 0;
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
