// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: the worker says in its log that the lab could stay. The front publishes a socket in the
 * user's directory and sends it back: then the worker lets go of all that would end it with the front, its death
 * signal, session, terminal and log, and serves whoever calls. Until then it ends with the front, so
 * that no lab stands that nobody can name. It is process 1 of its PID namespace, so the end of the worker, however
 * it comes, is the end of the lab.
 */
#include "lab/run/stay.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lab/observe/axis.h"
#include "lab/observe/observer.h"
#include "netns/cleanup.h"

void stay_ask(struct run *run)
{
	struct event event = { .type = EVENT_STANDS, .host = -1 };

	if (run->asked || !run->options->stay)
		return;
	run->asked = true;
	event.stands.lab = strdup(run->options->stay->lab);
	run_emit(run, &event);
}

/* Nobody's child any more. */
static void detach(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, 0);
	setsid();
	signal(SIGHUP, SIG_IGN);
	for (int fd = 0; null >= 0 && fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	close_fd(&null);
	if (chdir("/") < 0)
		return; /* then it keeps a folder busy, no more */
}

/* The front has heard enough; the log goes on for those who watch. */
static void log_let_go(struct run *run)
{
	journal_finish(run->journal);
	journal_detach(run->journal);
	close_fd(&run->event_fd);
}

void stay_answered(struct run *run, int fd)
{
	struct lab_err err = { 0 };

	if (control_listen(run->ctl, fd, &err) < 0) {
		run_fail_lab(run, &err);
		return;
	}
	detach();
	observer_endure(run->observer);
	run->stays = true;
	if (!run->options->stay->failed_only)
		log_let_go(run);
}

/*
 * The steps are over, so nothing is judged any more; captures, states and callers are looked after.
 */
void stay_failed(struct run *run)
{
	if (!run->options->stay || !run->options->stay->failed_only ||
	    run->result != RESULT_FAILED || !run->built)
		return;
	run->end_ns = INT64_MAX;
	run->looks_only = true;
	stay_ask(run);
	while (!run->stays && !run->left && !run->down)
		run_turn(run);
}

void stay_on(struct run *run)
{
	if (!run->looks_only || !run->stays)
		return;
	log_let_go(run);
	while (!run->down)
		run_turn(run);
}
