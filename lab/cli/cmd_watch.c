// SPDX-License-Identifier: GPL-2.0-or-later
/* The live timeline of a lab that stands, and any report of what happens while we watch. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lab/cli/command.h"
#include "lab/cli/option_values.h"
#include "lab/cli/outputs.h"
#include "lab/cli/remote.h"
#include "lab/observe/axis.h"
#include "lab/report/report.h"
#include "netns/cleanup.h"

struct options {
	const char *lab, *within;
	bool quiet, verbose;
	struct output_options outputs;
};

static const struct option_row rows[] = {
	REMOTE_LAB_ROW(struct options, lab),
	{ "for", 0, "TIME", "end after this; default: ^C, or the lab's end", OPTION_TEXT,
	  offsetof(struct options, within) },
	{ "quiet", 'q', NULL, "show nothing, only make reports", OPTION_FLAG,
	  offsetof(struct options, quiet) },
	{ "verbose", 'v', NULL, "show the ladder: every packet from host to host", OPTION_FLAG,
	  offsetof(struct options, verbose) },
	{ 0 },
};

/** struct session - @human: NULL if it is to be quiet; @begun: the log's begin was heard, at @last_ns */
struct session {
	struct options options;
	struct remote remote;
	struct outputs *outputs;
	struct report *human;
	bool begun, ended;
	int64_t last_ns;
};

static void event_give(struct session *s, const struct event *event)
{
	outputs_event(s->outputs, event);
	if (s->human)
		REPORT_TERMINAL.event(s->human, event);
}

static void lines_take(struct session *s)
{
	char *line;
	size_t len;

	while (remote_line(&s->remote, &line, &len) > 0) {
		struct event event = { 0 };
		const char *why;

		if (event_read(line, len, &event, &why) == 0) {
			s->begun |= event.type == EVENT_BEGIN;
			s->ended |= event.type == EVENT_END;
			s->last_ns = event.t_ns;
			event_give(s, &event);
			event_clear(&event);
		}
		free(line);
	}
}

/* Reports want an end. It is not the lab's, only that of our watching. */
static void end_give(struct session *s)
{
	struct event event = { .type = EVENT_END,
			       .t_ns = s->last_ns,
			       .host = -1,
			       .end = { .result = RESULT_INTERRUPTED,
					.text = (char[]){ "watched until here; the lab goes on" },
					.took_ns = s->last_ns } };

	if (s->begun && !s->ended)
		event_give(s, &event);
}

static int follow(struct session *s, int64_t until_ns)
{
	sigset_t mask, old;
	int signals, ret = 0;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigprocmask(SIG_BLOCK, &mask, &old);
	signals = signalfd(-1, &mask, SFD_CLOEXEC);
	while (clock_now() < until_ns) {
		struct pollfd fds[] = { { .fd = s->remote.fd, .events = POLLIN },
					{ .fd = signals, .events = POLLIN } };
		int64_t left = until_ns == INT64_MAX ? 3600000 :
						       (until_ns - clock_now()) / 1000000 + 1;

		lines_take(s);
		if (poll(fds, 2, left > 3600000 ? 3600000 : (int)left) < 0 && errno != EINTR)
			break;
		if (fds[1].revents)
			break;
		ret = fds[0].revents ? remote_read(&s->remote) : 0;
		if (ret < 0 && ret != -EAGAIN)
			break;
	}
	lines_take(s);
	close_fd(&signals);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return ret == -EPIPE || ret >= 0 || ret == -EAGAIN ? EXIT_OK : EXIT_LAB;
}

static int reports_open(struct session *s)
{
	struct report_options how;
	FILE *human;

	s->outputs = outputs_open(&s->options.outputs, "watch", NULL, 0, &human);
	if (!s->outputs)
		return EXIT_USAGE;
	report_options_detect(human, &how);
	how.verbose = s->options.verbose;
	how.seq = s->options.outputs.seq;
	how.unfold = s->options.outputs.unfold;
	s->human = s->options.quiet ? NULL : REPORT_TERMINAL.open(human, &how);
	return EXIT_OK;
}

static int watch(struct session *s)
{
	int64_t for_ns = 0;
	int code;

	if (option_duration("watch", "for", s->options.within, &for_ns) < 0)
		return EXIT_USAGE;
	code = remote_open("watch", s->options.lab, &s->remote);
	if (code)
		return code;
	code = remote_ask(&s->remote, "watch", NULL, NULL) ?: reports_open(s);
	if (!code)
		code = follow(s, for_ns ? clock_now() + for_ns : INT64_MAX);
	end_give(s);
	if (s->human)
		REPORT_TERMINAL.close(s->human);
	if (outputs_close(s->outputs) < 0)
		code = code ?: EXIT_LAB;
	remote_close(&s->remote);
	return code;
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
	if (first < argc) {
		fprintf(stderr, "nslab watch: takes no words; choose a lab by --lab\n");
		return EXIT_USAGE;
	}
	return watch(&s);
}

const struct command COMMAND_WATCH = {
	.name = "watch",
	.usage = "[options]",
	.summary = "show what happens in a lab that stands, as it happens",
	.help = "The timeline of 'nslab run', from now on until ^C or the lab's end, and with it any report: --events,\n"
		"--pcapng, --html … of what happened meanwhile.\n",
	.options = rows,
	.run = run,
};
