/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The front: starts a worker for a case, takes its event log, and hands it to the reports. */
#ifndef NSLAB_CLI_FRONT_H
#define NSLAB_CLI_FRONT_H

#include "lab/event/event.h"
#include "lab/run/run.h"
#include "netns/err.h"

/**
 * struct outcome - what a case came to
 * @result: RESULT_ERROR also if the worker died
 * @met, @unmet: expectations
 * @took_ns: from the lab standing to the last step's end
 * @told: the event log says the same
 */
struct outcome {
	enum result result;
	int signal;
	int met, unmet;
	int64_t took_ns;
	bool told;
	char why[512];
};

/** struct audience - who is told: @event gets each event, in order */
struct audience {
	void (*event)(void *arg, const struct event *event);
	void *arg;
};

/** struct front - a worker under way, and its log */
struct front;

/**
 * front_start() - run one case in a worker of its own
 * Its log is kept until somebody listens.
 * @scenario, @plan: must live as long as the front; @options are copied by the worker
 * @ret: to be turned until it is over, then ended
 * Return: 0; -errno if the worker could not be started, with the fix in @err
 */
int front_start(const struct scenario *scenario, const struct plan *plan,
		const struct run_options *options, struct front **ret, struct lab_err *err);

/** front_listen() - tell @audience what was kept, and from now on each event as it comes */
void front_listen(struct front *front, const struct audience *audience);

/** front_fd() - wait for this to become readable, then call front_turn(); -1 once it is over */
int front_fd(const struct front *front);

/** front_until() - call front_turn() then at the latest; CLOCK_MONOTONIC, ns */
int64_t front_until(const struct front *front);

/**
 * front_turn() - take what is there
 * @ready: front_fd() is readable. A worker whose time is over is killed if it says nothing more.
 */
void front_turn(struct front *front, bool ready);

/** front_over() - the log is complete and the worker is gone, with all of its lab */
bool front_over(const struct front *front);

/** front_stands() - the lab was built, or that failed */
bool front_stands(const struct front *front);

/** front_lab() - its lab stays, by this name, and the front has let go of it; else NULL */
const char *front_lab(const struct front *front);

/** front_kept() - bytes of the log that wait for a listener */
size_t front_kept(const struct front *front);

/** front_ask() - @sig asks the run to end tidily, which it has to do within two seconds */
void front_ask(struct front *front, int sig);

/** front_kill() - end it at once */
void front_kill(struct front *front);

/**
 * front_wait() - turn it until it is over
 * Signals that only we got are passed on: SIGTERM, SIGHUP, and SIGINT if @interrupts.
 * Return: the last of them, 0 for none
 */
int front_wait(struct front *front, bool interrupts);

/**
 * front_end() - what became of it; frees @front
 * @front: is over, or is killed and waited for; whoever listens gets a last event if the worker died
 *         without one
 */
void front_end(struct front *front, struct outcome *ret);

#endif
