// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a check that cannot fail is worth nothing. Each case runs as it is, then
 * without its faults (they count, but let packets pass), then once for each expectation with that one
 * turned round. The first must pass, all the others must fail. What the lab itself could not do, as on
 * a machine that is too busy, is no answer, and is tried again.
 */
#include <stdlib.h>
#include <string.h>

#include "lab/cli/command.h"
#include "lab/cli/option_values.h"
#include "lab/cli/pool.h"
#include "lab/cli/selection.h"
#include "lab/doctor/doctor.h"
#include "lab/scenario/problem.h"
#include "netns/cleanup.h"

enum { TRIES = 3 };

struct options {
	struct selection_options chosen;
	const char *jobs, *shape;
	bool quiet;
};

static const struct option_row rows[] = {
	SELECTION_ROWS(struct options, chosen),
	{ "jobs", 'j', "N",
	  "run so many side by side; default 64, fewer where the system allows no more",
	  OPTION_TEXT, offsetof(struct options, jobs) },
	{ "shape", 0, "WHO", "who shapes links: netem, queue (nslab's delay line), or auto",
	  OPTION_TEXT, offsetof(struct options, shape) },
	{ "quiet", 'q', NULL, "show only what is not proven", OPTION_FLAG,
	  offsetof(struct options, quiet) },
	{ 0 },
};

/**
 * struct trial - one run
 * @place: of the case
 * @disarm, @invert: what is changed; neither: nothing
 * @result: what it came to, at last
 * @text: the expectation that decides: the one turned round, or the first that was not met
 */
struct trial {
	int place;
	bool disarm;
	int invert;
	enum result result;
	char *text;
};

/**
 * struct proof - all runs of all cases
 * @todo: trials to run in this round, by number; @now: the one that the events are of
 */
struct proof {
	struct options options;
	struct selection chosen;
	enum shape_backend shape;
	int jobs;
	struct trial *trials;
	int n;
	long *todo;
	long n_todo, now;
	int proven, weak, broken, skipped, errors;
};

static int options_check(struct proof *p)
{
	int64_t jobs = POOL_USUAL;

	if (option_number("prove", "jobs", p->options.jobs, 1, POOL_MOST, &jobs) < 0 ||
	    option_shape("prove", p->options.shape, &p->shape) < 0)
		return -EINVAL;
	p->jobs = (int)jobs;
	return 0;
}

static int trials_list(struct proof *p)
{
	int n = 0;

	for (int i = 0; i < p->chosen.n_places; i++)
		n += 2 + p->chosen.places[i].plan->n_expectations;
	p->trials = calloc((size_t)n, sizeof(*p->trials));
	p->todo = calloc((size_t)n, sizeof(*p->todo));
	if (!p->trials || !p->todo)
		return -ENOMEM;
	for (int i = 0; i < p->chosen.n_places; i++) {
		const struct plan *plan = p->chosen.places[i].plan;

		p->trials[p->n++] = (struct trial){ .place = i };
		if (plan->n_faults)
			p->trials[p->n++] = (struct trial){ .place = i, .disarm = true };
		for (int e = 1; e <= plan->n_expectations; e++)
			p->trials[p->n++] = (struct trial){ .place = i, .invert = e };
	}
	for (int i = 0; i < p->n; i++)
		p->todo[p->n_todo++] = i;
	return 0;
}

static void job_take(void *arg, long i, struct job *ret)
{
	const struct proof *p = arg;
	const struct trial *trial = &p->trials[p->todo[i]];
	const struct place *place = &p->chosen.places[trial->place];

	*ret = (struct job){ .scenario = place->scenario,
			     .plan = place->plan,
			     .options = { .seed = 1,
					  .shape = p->shape,
					  .disarmed = trial->disarm,
					  .invert = trial->invert,
					  .needs_met = doctor_needs_met } };
}

static void event_take(void *arg, const struct event *event)
{
	struct proof *p = arg;
	struct trial *trial = &p->trials[p->todo[p->now]];
	const struct event_expectation *e = &event->expectation;
	char shown[400];

	if (event->type == EVENT_ERROR && !trial->text)
		trial->text = strdup(event->error.text);
	if (event->type != EVENT_EXPECTATION || trial->text)
		return;
	if (trial->invert ? e->number != trial->invert : e->met)
		return;
	if (asprintf(&trial->text, "line %d: %s: expected %s, observed %s", e->line,
		     text_escape(e->text, shown, sizeof(shown)), e->expected, e->observed) < 0)
		trial->text = NULL;
}

static void ended_take(void *arg, long i, const struct outcome *outcome)
{
	struct proof *p = arg;
	struct trial *trial = &p->trials[p->todo[i]];

	trial->result = outcome->result;
	if (!trial->text && outcome->why[0])
		trial->text = strdup(outcome->why);
	p->now = i + 1;
}

/* Whatever was no answer is asked again, fewer at a time. */
static int trials_run(struct proof *p, struct lab_err *err)
{
	struct pool pool = { .job = job_take, .event = event_take, .ended = ended_take, .arg = p };

	for (int try = 0; try < TRIES && p->n_todo; try++) {
		long left = 0;
		int ret;

		p->now = 0;
		pool.jobs = p->n_todo;
		pool.most = try ? 1 : p->jobs;
		ret = pool_run(&pool, err);
		if (ret)
			return ret;
		for (long i = 0; i < p->n_todo; i++) {
			struct trial *trial = &p->trials[p->todo[i]];

			if (trial->result != RESULT_ERROR)
				continue;
			if (try + 1 < TRIES)
				free(TAKE_PTR(trial->text));
			p->todo[left++] = p->todo[i];
		}
		p->n_todo = left;
	}
	return 0;
}

static void trial_tell(const char *word, const struct proof *p, const struct trial *trial,
		       const char *what)
{
	printf("%-8s %s: %s%s%s\n", word, p->chosen.places[trial->place].plan->name, what,
	       trial->text ? ": " : "", trial->text ?: "");
}

/* Judge one run; returns whether it is as it should be. */
static bool trial_judge(struct proof *p, const struct trial *trial)
{
	bool changed = trial->disarm || trial->invert;

	if (trial->result == RESULT_ERROR || trial->result == RESULT_INTERRUPTED) {
		p->errors++;
		trial_tell("ERROR", p, trial, "could not be run");
		return false;
	}
	if (!changed && trial->result == RESULT_FAILED) {
		p->broken++;
		trial_tell("FAILED", p, trial, "does not pass as it is");
		return false;
	}
	if (changed && trial->result == RESULT_PASSED) {
		p->weak++;
		trial_tell("WEAK", p, trial,
			   trial->disarm ? "passes without its faults" :
					   "passes with an expectation turned round");
		return false;
	}
	return true;
}

/* Judge the runs of a case, the first of which is trial @i; returns the first of the next. */
static int case_judge(struct proof *p, int i)
{
	const struct trial *first = &p->trials[i];
	int from = i;
	bool good = true;

	for (; i < p->n && p->trials[i].place == first->place; i++)
		if (first->result != RESULT_SKIPPED)
			good = trial_judge(p, &p->trials[i]) && good;
	if (first->result == RESULT_SKIPPED) {
		p->skipped++;
		trial_tell("skipped", p, first, "not here");
	} else if (good) {
		p->proven++;
		if (!p->options.quiet)
			printf("%-8s %s  %d runs\n", "proven",
			       p->chosen.places[first->place].plan->name, i - from);
	}
	return i;
}

static int verdict(struct proof *p)
{
	for (int i = 0; i < p->n;)
		i = case_judge(p, i);
	printf("%d of %d cases proven in %d runs", p->proven, p->chosen.n_places, p->n);
	if (p->weak + p->broken)
		printf(", %d runs not as they should be", p->weak + p->broken);
	if (p->errors)
		printf(", %d runs that could not be", p->errors);
	if (p->skipped)
		printf(", %d cases skipped", p->skipped);
	putchar('\n');
	if (p->weak + p->broken)
		return EXIT_UNMET;
	if (p->errors)
		return EXIT_LAB;
	return p->proven ? EXIT_OK : EXIT_NOTHING;
}

static int prove(struct proof *p, char **words, int n)
{
	struct lab_err err = { 0 };
	char text[1024];
	int ret;

	if (options_check(p) < 0 ||
	    selection_make("prove", &p->options.chosen, words, n, &p->chosen) < 0)
		return EXIT_USAGE;
	ret = trials_list(p) < 0 ? lab_err_set(&err, ENOMEM, "cannot list the runs") :
				   trials_run(p, &err);
	if (ret > 0)
		return EXIT_SIGNAL + ret;
	if (ret == 0)
		return verdict(p);
	fprintf(stderr, "nslab: cannot start the lab: %s\n",
		lab_err_text(&err, text, sizeof(text)));
	if (err.fix[0])
		fprintf(stderr, "  %s\n", err.fix);
	return EXIT_LAB;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct proof p = { 0 };
	int code = EXIT_USAGE;
	int first = command_options(command, argc, argv, &p.options, &code);

	if (first >= 0)
		code = prove(&p, argv + first, argc - first);
	for (int i = 0; i < p.n; i++)
		free(p.trials[i].text);
	free(p.trials);
	free(p.todo);
	selection_clear(&p.chosen);
	selection_options_clear(&p.options.chosen);
	return code;
}

const struct command COMMAND_PROVE = {
	.name = "prove",
	.usage = "[options] NAME|FILE|DIR… | --all | --tag TAG",
	.summary = "show that each check of a scenario can fail",
	.help = "Runs each case as it is, which must pass; then without its faults, and with each of its\n"
		"expectations turned round, one at a time, all of which must fail. For whoever writes a\n"
		"scenario: a check that cannot fail says nothing.\n"
		"\n"
		"Exit status: 0 all is proven, 1 something is not, 2 usage or an invalid scenario, 3 the lab\n"
		"could not be built, 77 nothing could run here.\n",
	.options = rows,
	.run = run,
};
