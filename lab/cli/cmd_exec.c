// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: one front, whose worker runs the program with our own stdin, stdout, stderr and
 * terminal, in our process group. So ^C reaches the program as it would without us, and we only wait; what
 * is sent to us alone (SIGTERM, SIGHUP) is passed on. We say nothing until the program has ended.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/cli/command.h"
#include "lab/cli/command_line.h"
#include "lab/cli/exec_expect.h"
#include "lab/cli/front.h"
#include "lab/cli/option_values.h"
#include "lab/cli/outputs.h"
#include "lab/cli/selection.h"
#include "lab/cli/visit.h"
#include "lab/doctor/doctor.h"
#include "lab/observe/axis.h"
#include "lab/report/report.h"
#include "lab/scenario/problem.h"
#include "lab/scenario/value.h"
#include "netns/cleanup.h"

/* exit statuses beside the program's own */
enum { EXIT_OVERDUE = 124, EXIT_NO_LAB = 125, EXIT_NO_EXEC = 126, EXIT_NOT_FOUND = 127 };

struct options {
	struct selection_options chosen;
	struct strings faults_off, expect;
	const char *on, *within, *topology, *seed, *shape;
	bool quiet, unpinned;
	struct output_options outputs;
};

static const struct option_row rows[] = {
	{ "on", 0, "HOST", "where the program runs; default: what the scenario says, else client",
	  OPTION_TEXT, offsetof(struct options, on) },
	{ "within", 0, "TIME", "end the program after this, with exit status 124", OPTION_TEXT,
	  offsetof(struct options, within) },
	{ "expect", 0, "WHAT",
	  "exit=N, 'state != CLOSE-WAIT', 'fault NAME hits >= N'; may be repeated: see below",
	  OPTION_LIST, offsetof(struct options, expect) },
	{ "topology", 0, "FILE", "hosts, links and faults of a file, without a scenario",
	  OPTION_TEXT, offsetof(struct options, topology) },
	ONE_LAB_ROWS(struct options),
	{ "unpinned", 0, NULL, "leave the kernel's own sysctls in the hosts", OPTION_FLAG,
	  offsetof(struct options, unpinned) },
	{ "quiet", 'q', NULL, "do not sum up what the program's connections came to", OPTION_FLAG,
	  offsetof(struct options, quiet) },
	{ 0 },
};

/**
 * struct session - one call
 * @status: the program's, -1 while there is none; @error: of the program's step, "" while there is none
 */
struct session {
	struct options options;
	struct run_options run;
	struct exec exec;
	struct selection chosen;
	struct outputs *outputs;
	struct report *summary;
	struct exec_expects *expects;
	int status;
	char error[32];
};

static void event_take(void *arg, const struct event *event)
{
	struct session *s = arg;

	outputs_event(s->outputs, event);
	exec_expects_event(s->expects, event);
	if (s->summary)
		REPORT_PROGRAM.event(s->summary, event);
	if (event->type != EVENT_STEP_END || strncmp(event->step.text, "program ", 8))
		return;
	s->status = (int)event->step.exit;
	snprintf(s->error, sizeof(s->error), "%s", event->step.error);
}

static int options_check(struct session *s)
{
	const struct options *o = &s->options;
	char shown[100], why[160];

	s->run.seed = 1;
	s->run.unpinned = o->unpinned;
	s->run.needs_met = doctor_needs_met;
	if (option_number("exec", "seed", o->seed, 0, INT64_MAX, &s->run.seed) < 0 ||
	    option_duration("exec", "within", o->within, &s->exec.within_ns) < 0 ||
	    option_shape("exec", o->shape, &s->run.shape) < 0)
		return -EINVAL;
	s->expects = exec_expects_new();
	for (int i = 0; s->expects && i < o->expect.n; i++) {
		if (exec_expects_add(s->expects, o->expect.list[i], why, sizeof(why)) == 0)
			continue;
		fprintf(stderr, "nslab exec: --expect '%s': %s\n",
			text_escape(o->expect.list[i], shown, sizeof(shown)), why);
		return -EINVAL;
	}
	return s->expects ? 0 : -ENOMEM;
}

/* Of several cases the first is meant; which others there are --set chooses. */
static int case_choose(struct session *s, char **words, int n, const struct place **ret)
{
	const char *topology = s->options.topology;
	int program = topology ? 0 : 1;

	if (n <= program) {
		fprintf(stderr,
			"nslab exec: give a %s and a program: nslab exec %s -- curl http://server:8080/\n",
			topology ? "topology" : "scenario",
			topology ? "--topology lab.yaml" : "dial-syn-dropped");
		return -EINVAL;
	}
	if (topology ? selection_topology("exec", &s->options.chosen, topology, &s->chosen) < 0 :
		       selection_one("exec", &s->options.chosen, words[0], &s->chosen, ret) < 0)
		return -EINVAL;
	if (topology)
		*ret = &s->chosen.places[0];
	s->exec.argv = words + program;
	s->exec.host = s->options.on;
	if (s->options.on && topology_host(&(*ret)->plan->topo, s->options.on) < 0) {
		fprintf(stderr, "nslab exec: --on %s: %s has no such host\n", s->options.on,
			(*ret)->plan->name);
		return -EINVAL;
	}
	return 0;
}

static int expects_check(const struct session *s, const struct plan *plan)
{
	char why[160];

	if (exec_expects_check(s->expects, plan, why, sizeof(why)) == 0)
		return 0;
	fprintf(stderr, "nslab exec: --expect: %s\n", why);
	return -EINVAL;
}

static int verdict(const struct session *s, const struct outcome *outcome)
{
	bool overdue = !strcmp(s->error, "deadline");

	if (overdue && s->options.quiet)
		fprintf(stderr, "nslab: the program's time was over (--within %s)\n",
			s->options.within);
	if (!overdue && (outcome->result == RESULT_ERROR || outcome->result == RESULT_SKIPPED)) {
		fprintf(stderr, "nslab: %s: %s\n",
			outcome->result == RESULT_ERROR ? "the lab failed" : "skipped",
			outcome->why);
		return outcome->result == RESULT_ERROR ? EXIT_NO_LAB : EXIT_NOTHING;
	}
	if (!overdue && s->status < 0 && s->error[0]) {
		fprintf(stderr, "nslab: cannot run %s: %s\n", s->exec.argv[0],
			!strcmp(s->error, "ENOENT") ? "not found" : s->error);
		return !strcmp(s->error, "ENOENT") ? EXIT_NOT_FOUND : EXIT_NO_EXEC;
	}
	if (!overdue && s->status < 0) {
		fprintf(stderr, "nslab: the scenario did not come as far as the program%s%s\n",
			outcome->why[0] ? ": " : "", outcome->why);
		return EXIT_NO_LAB;
	}
	return exec_expects_status(s->expects, overdue ? EXIT_OVERDUE : s->status, stderr);
}

/* Of a step before the program; later ones are not judged. */
static void unmet_print(const struct event *event)
{
	const struct event_expectation *e = &event->expectation;

	if (event->type == EVENT_EXPECTATION && !e->met)
		fprintf(stderr,
			"nslab: line %d, before the program: %s: expected %s, observed %s\n",
			e->line, e->text, e->expected, e->observed);
}

static void lab_error_print(const struct event *event)
{
	if (event->type != EVENT_ERROR)
		return;
	fprintf(stderr, "nslab: %s\n", event->error.text);
	if (event->error.fix[0])
		fprintf(stderr, "  %s\n", event->error.fix);
}

static void events_take(void *arg, const struct event *event)
{
	lab_error_print(event);
	unmet_print(event);
	event_take(arg, event);
}

static int program_run(struct session *s, const struct place *place)
{
	const struct audience audience = { events_take, s };
	struct sigaction ignore = { .sa_handler = SIG_IGN }, was;
	struct lab_err err = { 0 };
	struct outcome outcome;
	struct front *front;
	char text[1024];

	s->run.exec = &s->exec;
	s->run.bytes = outputs_whole(&s->options.outputs);
	s->status = -1;
	if (front_start(place->scenario, place->plan, &s->run, &front, &err) < 0) {
		fprintf(stderr, "nslab: cannot start the lab: %s\n",
			lab_err_text(&err, text, sizeof(text)));
		if (err.fix[0])
			fprintf(stderr, "  %s\n", err.fix);
		return EXIT_NO_LAB;
	}
	/* ^C is for the program, which has it from the terminal */
	sigaction(SIGINT, &ignore, &was);
	front_listen(front, &audience);
	front_wait(front, false);
	front_end(front, &outcome);
	sigaction(SIGINT, &was, NULL);
	return verdict(s, &outcome);
}

/* LAB:HOST: a lab that stands. What a scenario is asked for makes no sense there. */
static int visit(struct session *s, const char *lab, const char *host, char **argv)
{
	const struct options *o = &s->options;
	const struct visit visit = { .command = "exec",
				     .lab = lab,
				     .host = host,
				     .argv = argv,
				     .within_ns = s->exec.within_ns,
				     .quiet = o->quiet };
	bool ran;
	int code;

	if (o->on || o->seed || o->shape || o->faults_off.n || o->chosen.set.n ||
	    o->chosen.scenarios || outputs_any(&o->outputs) ||
	    !exec_expects_exit_only(s->expects)) {
		fprintf(stderr,
			"nslab exec: in a lab that stands only --within, --expect exit=N and --quiet make sense; 'nslab watch' makes reports\n");
		return EXIT_USAGE;
	}
	code = visit_run(&visit, &ran);
	/* what is no status of the program's is nothing to be judged */
	if (!ran)
		return code;
	return exec_expects_status(s->expects, code, stderr);
}

static int exec_session(struct session *s, char **words, int n)
{
	const char *lab, *host;
	const struct place *place;
	struct report_options how;
	FILE *human;
	int code;

	s->run.repeat = "";
	if (options_check(s) < 0)
		return EXIT_USAGE;
	if (n > 1 && !s->options.topology && visit_parse(words[0], false, &lab, &host))
		return visit(s, lab, host, words + 1);
	if (case_choose(s, words, n, &place) < 0 ||
	    faults_named("exec", &s->options.faults_off, place->plan) < 0 ||
	    expects_check(s, place->plan) < 0)
		return EXIT_USAGE;
	strings_add(&s->options.faults_off, NULL);
	s->exec.faults_off = s->options.faults_off.list;
	s->outputs = outputs_open(&s->options.outputs, "exec", NULL, 0, &human);
	if (!s->outputs)
		return EXIT_USAGE;
	report_options_detect(stderr, &how);
	s->summary = s->options.quiet ? NULL : REPORT_PROGRAM.open(stderr, &how);
	code = program_run(s, place);
	if (s->summary)
		REPORT_PROGRAM.close(s->summary);
	if (outputs_close(s->outputs) < 0)
		return code ?: EXIT_NO_LAB;
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
	if (first >= 0)
		code = exec_session(&s, argv + first, argc - first);
	selection_clear(&s.chosen);
	selection_options_clear(&s.options.chosen);
	strings_free(&s.options.faults_off);
	strings_free(&s.options.expect);
	exec_expects_free(s.expects);
	return code;
}

const struct command COMMAND_EXEC = {
	.name = "exec",
	.usage = "[options] NAME|FILE|LAB:HOST|--topology FILE -- PROGRAM [ARG…]",
	.summary = "run a program of your own in a scenario, or in a lab that stands",
	.help = "Builds the scenario's lab with its faults and servers and runs the program on one of its hosts\n"
		"(--on), as yourself, with your environment, folder and terminal; it knows the other hosts by\n"
		"name: client, fw, server. Steps of the scenario before its mark 'program:' happen first, by built-in\n"
		"endpoints; later ones beside the program, which takes the place of its host's own steps. Without a\n"
		"mark it starts before its host's first step. Checks only wait, where they have 'within'.\n"
		"With --topology there is only what the file says under topology, faults, params, matrix, ip and\n"
		"needs; the program runs on client, or on the first host.\n"
		"In the end stderr tells what the program's connections came to.\n"
		"LAB:HOST means a host of a lab that stands (nslab up); ':HOST' one of the only lab.\n"
		"Inside, 'nslab fault', 'link', 'state', 'wait' and 'watch' drive the lab they are in; $NSLAB is nslab's path.\n"
		"\n"
		"--expect 'state != CLOSE-WAIT': none of the connections of the program's host was left in that\n"
		"state when the program ended; 'state = ESTABLISHED|TIME-WAIT': all were in one of these, and there\n"
		"was one. 'fault NAME hits >= 2': since the program's start. exit takes comparisons, too: 'exit != 0'.\n"
		"If exit=N is expected, and all is met, the exit status is 0.\n"
		"\n"
		"Exit status: the program's own, 128 and the signal if one ended it; 124 its time (--within) was\n"
		"over, 125 the lab failed, 126 the program cannot be run, 127 it was not found; 1 an --expect was\n"
		"not met, and the program did not fail by itself; 2 usage or an invalid scenario; 77 this kernel lacks what the scenario needs.\n",
	.options = rows,
	.run = run,
};
