// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <time.h>

#include "lab/cli/command.h"
#include "lab/cli/command_line.h"
#include "lab/cli/option_values.h"
#include "lab/cli/outputs.h"
#include "lab/cli/pool.h"
#include "lab/cli/selection.h"
#include "lab/doctor/doctor.h"
#include "lab/report/report.h"
#include "lab/scenario/problem.h"
#include "netns/cleanup.h"

struct options {
	struct selection_options chosen;
	bool quiet, verbose, disarm, unpinned, keep;
	const char *seed, *repeat, *timeout, *invert, *shape, *jobs;
	struct output_options outputs;
};

static const struct option_row rows[] = {
	SELECTION_ROWS(struct options, chosen),
	{ "seed", 0, "N", "decides what is left to chance; default 1", OPTION_TEXT,
	  offsetof(struct options, seed) },
	{ "repeat", 0, "N", "run each case N times", OPTION_TEXT,
	  offsetof(struct options, repeat) },
	{ "jobs", 'j', "N",
	  "run so many cases side by side; default 64, fewer where the system allows no more",
	  OPTION_TEXT, offsetof(struct options, jobs) },
	{ "timeout", 0, "TIME", "end a run after this; default 60s, or its declared times + 30s",
	  OPTION_TEXT, offsetof(struct options, timeout) },
	{ "quiet", 'q', NULL, "show only what did not pass", OPTION_FLAG,
	  offsetof(struct options, quiet) },
	{ "verbose", 'v', NULL, "show the ladder: every packet from host to host", OPTION_FLAG,
	  offsetof(struct options, verbose) },
	{ "disarm", 0, NULL, "faults match and count, but let packets pass", OPTION_FLAG,
	  offsetof(struct options, disarm) },
	{ "invert", 0, "N", "turn expectation number N round: the run must then fail", OPTION_TEXT,
	  offsetof(struct options, invert) },
	{ "shape", 0, "WHO",
	  "who shapes links: netem, queue (nslab's delay line), or auto (netem if the kernel has it)",
	  OPTION_TEXT, offsetof(struct options, shape) },
	{ "keep-on-failure", 0, NULL,
	  "let the lab of a case that failed stand, to look into it: nslab ps, shell, down",
	  OPTION_FLAG, offsetof(struct options, keep) },
	{ "unpinned", 0, NULL, "leave the kernel's own sysctls in the hosts", OPTION_FLAG,
	  offsetof(struct options, unpinned) },
	{ 0 },
};

/**
 * struct session - one call of ``nslab run``
 * @counts: cases by result
 * @human: what people see
 * @wall_ns: time 0 of the run that is shown, CLOCK_REALTIME; 0 while that is not known
 * @signal: of a run that was interrupted
 * @kept: labs of failed cases that stay, by name; owned
 */
struct session {
	struct options options;
	struct run_options run;
	long repeat;
	int jobs;
	struct selection chosen;
	struct outputs *outputs;
	struct report *human;
	bool live;
	int64_t wall_ns;
	int signal;
	struct strings kept;
	FILE *talk;
	int counts[RESULT_COUNT];
};

static int options_check(struct session *s)
{
	const struct options *o = &s->options;
	int64_t repeat = 1, invert = 0, jobs = POOL_USUAL;

	s->run.seed = 1;
	if (option_number("run", "seed", o->seed, 0, INT64_MAX, &s->run.seed) < 0 ||
	    option_number("run", "repeat", o->repeat, 1, 1000000, &repeat) < 0 ||
	    option_number("run", "jobs", o->jobs, 1, POOL_MOST, &jobs) < 0 ||
	    option_number("run", "invert", o->invert, 1, INT32_MAX, &invert) < 0 ||
	    option_duration("run", "timeout", o->timeout, &s->run.timeout_ns) < 0 ||
	    option_shape("run", o->shape, &s->run.shape) < 0)
		return -EINVAL;
	s->repeat = repeat;
	s->jobs = (int)jobs;
	s->run.invert = (int)invert;
	s->run.disarmed = o->disarm;
	s->run.unpinned = o->unpinned;
	s->run.needs_met = doctor_needs_met;
	return 0;
}

static int inverts_check(const struct session *s)
{
	for (int i = 0; s->run.invert && i < s->chosen.n_places; i++) {
		const struct plan *plan = s->chosen.places[i].plan;

		if (s->run.invert <= plan->n_expectations)
			continue;
		fprintf(stderr, "nslab run: --invert %d: %s has only %d expectations\n",
			s->run.invert, plan->name, plan->n_expectations);
		return -EINVAL;
	}
	return 0;
}

static void event_take(void *arg, const struct event *event)
{
	struct session *s = arg;

	if (event->type == EVENT_BEGIN)
		s->wall_ns = event->begin.wall_ns;
	if (event->type == EVENT_STANDS)
		strings_add(&s->kept, strdup(event->stands.lab));
	outputs_event(s->outputs, event);
	REPORT_PROGRESS.event(s->human, event);
}

static void tick_take(void *arg, const struct pool_now *pool)
{
	struct session *s = arg;
	struct report_now now = { .running = pool->running, .over = pool->over };
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	now.t_ns = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec - s->wall_ns;
	if (s->wall_ns)
		REPORT_PROGRESS.tick(s->human, &now);
}

static char *repeat_line(const struct session *s, const struct scenario *scenario,
			 const struct plan *plan)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	command_put(f, scenario, plan, !s->options.chosen.scenarios);
	fprintf(f, " --seed %lld", (long long)s->run.seed);
	if (s->run.disarmed)
		fputs(" --disarm", f);
	if (s->run.invert)
		fprintf(f, " --invert %d", s->run.invert);
	if (s->run.unpinned)
		fputs(" --unpinned", f);
	if (s->options.shape)
		fprintf(f, " --shape %s", s->options.shape);
	if (s->options.timeout)
		fprintf(f, " --timeout %s", s->options.timeout);
	return fclose(f) ? NULL : text;
}

static void job_take(void *arg, long i, struct job *ret)
{
	struct session *s = arg;
	const struct place *place = &s->chosen.places[i / s->repeat];

	*ret = (struct job){ .scenario = place->scenario,
			     .plan = place->plan,
			     .options = s->run,
			     .repeat = repeat_line(s, place->scenario, place->plan) };
	if (s->options.keep)
		ret->stay = (struct stay){ place->scenario->name, true };
}

static void ended_take(void *arg, long i, const struct outcome *outcome)
{
	struct session *s = arg;

	if (!outcome->told && outcome->why[0])
		fprintf(stderr, "nslab: %s: %s\n", s->chosen.places[i / s->repeat].plan->name,
			outcome->why);
	s->counts[outcome->result]++;
	if (outcome->result == RESULT_INTERRUPTED)
		s->signal = outcome->signal ?: 15;
	s->wall_ns = 0;
}

static int cases_run(struct session *s)
{
	const struct pool pool = { .jobs = s->chosen.n_places * s->repeat,
				   .most = s->jobs,
				   .job = job_take,
				   .event = event_take,
				   .ended = ended_take,
				   .tick = s->live ? tick_take : NULL,
				   .arg = s };
	struct lab_err err = { 0 };
	char text[1024];
	int ret;

	ret = pool_run(&pool, &err);
	if (ret < 0) {
		fprintf(stderr, "nslab: cannot start the lab: %s\n",
			lab_err_text(&err, text, sizeof(text)));
		if (err.fix[0])
			fprintf(stderr, "  %s\n", err.fix);
		return EXIT_LAB;
	}
	if (ret || s->signal)
		return EXIT_SIGNAL + (ret ?: s->signal);
	if (s->counts[RESULT_ERROR])
		return EXIT_LAB;
	if (s->counts[RESULT_FAILED])
		return EXIT_UNMET;
	return s->counts[RESULT_PASSED] ? EXIT_OK : EXIT_NOTHING;
}

static int outputs_begin(struct session *s)
{
	struct report_options how;
	FILE *human;

	s->outputs = outputs_open(&s->options.outputs, "run", NULL, 0, &human);
	if (!s->outputs)
		return -EINVAL;
	report_options_detect(human, &how);
	s->live = how.live;
	how.quiet = s->options.quiet;
	how.verbose = s->options.verbose;
	how.seq = s->options.outputs.seq;
	how.unfold = s->options.outputs.unfold;
	how.total = s->chosen.n_places * s->repeat;
	s->human = REPORT_PROGRESS.open(human, &how);
	s->talk = human;
	s->run.bytes = outputs_whole(&s->options.outputs);
	if (s->human)
		return 0;
	outputs_close(TAKE_PTR(s->outputs));
	return -ENOMEM;
}

/* A report that is not complete is a lab error: somebody will rely on it. */
static int outputs_end(struct session *s, int code)
{
	REPORT_PROGRESS.close(s->human);
	for (int i = 0; i < s->kept.n; i++) {
		if (s->kept.list[i])
			fprintf(s->talk, "%s stays: nslab shell %s:HOST, nslab down %s\n",
				s->kept.list[i], s->kept.list[i], s->kept.list[i]);
		free((char *)s->kept.list[i]);
	}
	strings_free(&s->kept);
	if (outputs_close(s->outputs) < 0)
		return code ?: EXIT_LAB;
	return code;
}

static int session_run(struct session *s, char **words, int n)
{
	if (options_check(s) < 0 ||
	    selection_make("run", &s->options.chosen, words, n, &s->chosen) < 0 ||
	    inverts_check(s) < 0 || outputs_begin(s) < 0)
		return EXIT_USAGE;
	return outputs_end(s, cases_run(s));
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
		code = session_run(&s, argv + first, argc - first);
	selection_clear(&s.chosen);
	selection_options_clear(&s.options.chosen);
	return code;
}

const struct command COMMAND_RUN = {
	.name = "run",
	.usage = "[options] NAME|FILE|DIR… | --all | --tag TAG",
	.summary = "run scenarios and judge them",
	.help = "Builds the scenario's hosts, links and faults out of network namespaces, carries out its\n"
		"steps with real sockets, shows what happens as it happens, and judges what was expected.\n"
		"Needs no root where the system allows user namespaces; 'nslab doctor' tells.\n"
		"A scenario file can set sysctls and open sockets inside its own lab, nowhere else.\n"
		"\n"
		"Exit status: 0 as expected, 1 an expectation was not met or the time ran out, 2 usage or\n"
		"an invalid scenario, 3 the lab could not be built, 77 nothing could run here (every case\n"
		"was skipped), 130 or 143 interrupted.\n",
	.options = rows,
	.run = run,
};
