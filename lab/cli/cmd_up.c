// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: as nslab exec without a program. The worker says when the lab stands where a program
 * would start; the front publishes its socket and lets go of it, and we are done.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lab/cli/command.h"
#include "lab/cli/front.h"
#include "lab/cli/lab_dir.h"
#include "lab/cli/option_values.h"
#include "lab/cli/selection.h"
#include "lab/doctor/doctor.h"
#include "lab/observe/axis.h"
#include "netns/cleanup.h"

struct options {
	struct selection_options chosen;
	struct strings faults_off;
	const char *as, *seed, *shape;
	bool quiet;
};

static const struct option_row rows[] = {
	{ "as", 0, "LAB", "the lab's name; default: that of the scenario", OPTION_TEXT,
	  offsetof(struct options, as) },
	ONE_LAB_ROWS(struct options),
	{ "quiet", 'q', NULL, "do not say what stands, and what can be done with it", OPTION_FLAG,
	  offsetof(struct options, quiet) },
	{ 0 },
};

/** struct session - one call; @trouble: the lab's own words, if it failed */
struct session {
	struct options options;
	struct run_options run;
	struct exec exec;
	struct stay stay;
	struct selection chosen;
	bool trouble;
};

static void event_take(void *arg, const struct event *event)
{
	struct session *s = arg;

	if (event->type != EVENT_ERROR)
		return;
	s->trouble = true;
	fprintf(stderr, "nslab up: %s\n", event->error.text);
	if (event->error.fix[0])
		fprintf(stderr, "  %s\n", event->error.fix);
}

static int options_check(struct session *s)
{
	const struct options *o = &s->options;
	struct lab_err err = { 0 };

	s->run.seed = 1;
	s->run.needs_met = doctor_needs_met;
	s->run.repeat = "";
	if (option_number("up", "seed", o->seed, 0, INT64_MAX, &s->run.seed) < 0 ||
	    option_shape("up", o->shape, &s->run.shape) < 0)
		return -EINVAL;
	if (o->as && lab_name_check(o->as, &err) < 0) {
		fprintf(stderr, "nslab up: --as: %s\n", err.msg);
		return -EINVAL;
	}
	return 0;
}

static int name_check(const struct session *s)
{
	if (!lab_stands(s->stay.lab))
		return 0;
	fprintf(stderr,
		"nslab up: a lab called %s stands already\n  nslab down %s, or give this one another name: --as LAB\n",
		s->stay.lab, s->stay.lab);
	return -EEXIST;
}

static void told(const struct plan *plan, const char *lab, const struct session *s)
{
	const struct topology *topo = &plan->topo;
	char text[INET6_ADDRSTRLEN];

	if (s->options.quiet)
		return;
	printf("%s stands:", lab);
	for (int h = 0; h < topo->n_hosts; h++) {
		const struct topo_addr *addr = topology_addr(topo, h, h, FAM4);

		addr = addr ?: topology_addr(topo, h, h, FAM6);
		printf("%s %s%s%s", h ? "," : "", topo->hosts[h].name, addr ? " " : "",
		       addr ? topo_addr_text(addr == topology_addr(topo, h, h, FAM4) ? FAM4 : FAM6,
					     addr, text) :
			      "");
	}
	printf("\n  nslab shell %s:%s    nslab state    nslab watch\n", lab, topo->hosts[0].name);
	if (plan->n_faults)
		printf("  nslab fault off %s\n", plan->faults[0].name);
	printf("  nslab down %s\n", lab);
}

static int lab_up(struct session *s, const struct place *place)
{
	const struct audience audience = { event_take, s };
	struct lab_err err = { 0 };
	struct outcome outcome;
	struct front *front;
	char text[1024], lab[LAB_NAME_SIZE];
	bool kept;
	int sig;

	if (front_start(place->scenario, place->plan, &s->run, &front, &err) < 0) {
		fprintf(stderr, "nslab up: cannot start the lab: %s\n",
			lab_err_text(&err, text, sizeof(text)));
		if (err.fix[0])
			fprintf(stderr, "  %s\n", err.fix);
		return EXIT_LAB;
	}
	front_listen(front, &audience);
	/* until the lab stands by itself, or is gone; a signal ends it */
	sig = front_wait(front, true);
	kept = front_lab(front);
	snprintf(lab, sizeof(lab), "%s", front_lab(front) ?: "");
	front_end(front, &outcome);
	if (kept) {
		told(place->plan, lab, s);
		return EXIT_OK;
	}
	if (sig)
		return EXIT_SIGNAL + sig;
	if (outcome.result == RESULT_SKIPPED) {
		fprintf(stderr, "nslab up: skipped: %s\n", outcome.why);
		return EXIT_NOTHING;
	}
	if (!s->trouble && outcome.result != RESULT_INTERRUPTED)
		fprintf(stderr, "nslab up: %s\n", outcome.why);
	return EXIT_LAB;
}

static int session_run(struct session *s, char **words, int n)
{
	const struct place *place;

	if (n != 1) {
		fprintf(stderr, "nslab up: give one scenario: nslab up dial-syn-dropped\n");
		return EXIT_USAGE;
	}
	if (options_check(s) < 0 ||
	    selection_one("up", &s->options.chosen, words[0], &s->chosen, &place) < 0 ||
	    faults_named("up", &s->options.faults_off, place->plan) < 0)
		return EXIT_USAGE;
	strings_add(&s->options.faults_off, NULL);
	s->stay.lab = s->options.as ?: place->scenario->name;
	s->exec.faults_off = s->options.faults_off.list;
	s->run.exec = &s->exec;
	s->run.stay = &s->stay;
	if (name_check(s) < 0)
		return EXIT_USAGE;
	return lab_up(s, place);
}

static int run(const struct command *command, int argc, char **argv)
{
	struct session s = { 0 };
	int code = EXIT_USAGE, first = command_options(command, argc, argv, &s.options, &code);

	if (first >= 0)
		code = session_run(&s, argv + first, argc - first);
	selection_clear(&s.chosen);
	selection_options_clear(&s.options.chosen);
	strings_free(&s.options.faults_off);
	return code;
}

const struct command COMMAND_UP = {
	.name = "up",
	.usage = "[options] NAME|FILE",
	.summary = "build a scenario's lab, and let it stand",
	.help = "The lab stands when this returns: hosts, links, faults and the scenario's servers, as under\n"
		"'nslab exec', and steps behind the mark 'program:' go on beside. One background process holds it,\n"
		"without named namespaces; its end, however it comes, ends the lab and all programs in it.\n"
		"'nslab shell' and 'nslab exec LAB:HOST' go into it, 'nslab fault', 'link', 'state', 'wait' and\n"
		"'watch' drive it, 'nslab down' ends it. docs/control.md tells how other programs can do the same.\n"
		"\n"
		"Exit status: 0 it stands, 2 usage, an invalid scenario, or a lab of that name stands, 3 the lab\n"
		"could not be built, 77 this kernel lacks what the scenario needs.\n",
	.options = rows,
	.run = run,
};
