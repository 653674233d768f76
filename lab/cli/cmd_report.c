// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/cli/command.h"
#include "lab/cli/outputs.h"
#include "lab/scenario/problem.h"
#include "netns/cleanup.h"

struct options {
	bool quiet, verbose;
	struct output_options outputs;
};

static const struct option_row rows[] = {
	{ "quiet", 'q', NULL, "show only what did not pass", OPTION_FLAG,
	  offsetof(struct options, quiet) },
	{ "verbose", 'v', NULL, "show the ladder in place of the timeline", OPTION_FLAG,
	  offsetof(struct options, verbose) },
	{ 0 },
};

/**
 * struct session - one call of ``nslab report``
 * @human: the report for people, NULL where another one was asked for
 */
struct session {
	struct options options;
	struct outputs *outputs;
	struct report *human;
};

static void event_take(struct session *s, const struct event *event)
{
	outputs_event(s->outputs, event);
	if (s->human)
		REPORT_PROGRESS.event(s->human, event);
}

/* A line that is none of the log's: say where, what is wrong, and how to mend it. */
static void complain(const char *name, long line, const char *why, bool last)
{
	char shown[200];

	fprintf(stderr, "nslab report: %s:%ld: %s\n",
		text_escape(strcmp(name, "-") ? name : "stdin", shown, sizeof(shown)), line, why);
	if (last)
		fprintf(stderr,
			"  it is the last line, and has no end: the log was cut; what stands before it was used\n");
	else
		fprintf(stderr,
			"  expected an event log, as 'nslab run --events FILE' writes it: a JSON object a line\n");
}

/* Returns 0, also for a log that was cut; -EINVAL after a message. */
static int log_read(struct session *s, FILE *file, const char *name)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	ssize_t len;

	long n;

	for (n = 1; (len = getline(&line, &size, file)) >= 0; n++) {
		struct event event = { 0 };
		bool whole = line[len - 1] == '\n';
		const char *why;

		if (event_read(line, (size_t)len - whole, &event, &why) < 0) {
			complain(name, n, why, !whole);
			event_clear(&event);
			return whole ? -EINVAL : 0;
		}
		event_take(s, &event);
		event_clear(&event);
	}
	if (n > 1)
		return 0;
	complain(name, n, "it is empty", false);
	return -EINVAL;
}

static void complain_unread(const char *name, int error)
{
	char shown[200];

	fprintf(stderr, "nslab report: cannot read '%s': %s\n",
		text_escape(name, shown, sizeof(shown)), strerror(error));
}

/* Before any report begins. Nothing is opened: what comes out of a pipe comes once. */
static int logs_check(char **names, int n)
{
	int ret = 0;

	for (int i = 0; i < n; i++) {
		struct stat st;
		int error = 0;

		if (!strcmp(names[i], "-"))
			continue;
		if (access(names[i], R_OK) < 0 || stat(names[i], &st) < 0)
			error = errno;
		else if (S_ISDIR(st.st_mode))
			error = EISDIR;
		if (!error)
			continue;
		complain_unread(names[i], error);
		ret = -EINVAL;
	}
	return ret;
}

static FILE *log_open(const char *name)
{
	FILE *file = strcmp(name, "-") ? fopen(name, "re") : stdin;

	if (!file)
		complain_unread(name, errno);
	return file;
}

static int logs_read(struct session *s, char **names, int n)
{
	int ret = 0;

	for (int i = 0; i < n; i++) {
		FILE *file = log_open(names[i]);

		if (!file || log_read(s, file, names[i]) < 0)
			ret = -EINVAL;
		if (file && ferror(file)) {
			fprintf(stderr, "nslab report: cannot read all of '%s'\n", names[i]);
			ret = -EINVAL;
		}
		if (file && file != stdin)
			fclose(file);
	}
	return ret;
}

/* How many runs the logs hold, as far as they can be read twice; 0 if not. */
static long runs_count(char **names, int n)
{
	static const char begin[] = "{\"type\":\"begin\"";
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	long total = 0;

	for (int i = 0; i < n; i++) {
		FILE *file = strcmp(names[i], "-") ? fopen(names[i], "re") : NULL;

		if (!file)
			return 0;
		while (getline(&line, &size, file) >= 0)
			total += !strncmp(line, begin, sizeof(begin) - 1);
		fclose(file);
	}
	return total;
}

static int human_open(struct session *s, FILE *out, char **names, int n)
{
	struct report_options how;

	if (outputs_any(&s->options.outputs))
		return 0;
	report_options_detect(out, &how);
	how.quiet = s->options.quiet;
	how.verbose = s->options.verbose;
	how.seq = s->options.outputs.seq;
	how.unfold = s->options.outputs.unfold;
	how.total = runs_count(names, n);
	s->human = REPORT_PROGRESS.open(out, &how);
	return s->human ? 0 : -ENOMEM;
}

static int session_run(struct session *s, char **names, int n)
{
	FILE *human;
	int ret;

	if (logs_check(names, n) < 0)
		return EXIT_USAGE;
	s->outputs = outputs_open(&s->options.outputs, "report", names, n, &human);
	if (!s->outputs)
		return EXIT_USAGE;
	ret = human_open(s, human, names, n);
	if (!ret)
		ret = logs_read(s, names, n);
	if (s->human)
		REPORT_PROGRESS.close(s->human);
	if (outputs_close(s->outputs) < 0)
		return EXIT_LAB;
	return ret < 0 ? EXIT_USAGE : EXIT_OK;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct option_row all[48];
	struct command with = *command;
	struct session s = { 0 };
	int code = EXIT_USAGE, first;

	with.options = outputs_rows(rows, offsetof(struct options, outputs), all, ARRAY_SIZE(all));
	first = command_options(&with, argc, argv, &s.options, &code);
	if (first < 0)
		return code;
	if (first == argc) {
		fprintf(stderr,
			"nslab report: which log? Give files that 'nslab run --events FILE' wrote, or - for stdin\n");
		return EXIT_USAGE;
	}
	return session_run(&s, argv + first, argc - first);
}

const struct command COMMAND_REPORT = {
	.name = "report",
	.usage = "[options] LOG…",
	.summary = "make reports from event logs",
	.help = "Makes any report again from logs that 'nslab run --events FILE' wrote, byte for byte what the\n"
		"run itself would have made; several logs are joined in the order given. Needs no privileges\n"
		"and no lab. Without a report's option it shows what the run showed. - as a LOG is stdin, as a\n"
		"FILE stdout.\n"
		"\n"
		"Exit status: 0 the reports are made, whatever the runs came to; 2 usage, or something that is\n"
		"no log; 3 a report could not be written.\n",
	.options = rows,
	.run = run,
};
