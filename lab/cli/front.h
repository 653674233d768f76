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

/**
 * struct audience - who is told
 * @event: gets each event, in order
 * @tick: NULL, or called ten times a second
 */
struct audience {
	void (*event)(void *arg, const struct event *event);
	void (*tick)(void *arg);
	void *arg;
};

/**
 * front_run() - run one case in a worker of its own
 * SIGINT and SIGTERM end the run tidily, a second one ends it at once.
 * Return: 0 with @ret; -errno if the worker could not be started, with the fix in @err
 */
int front_run(const struct scenario *scenario, const struct plan *plan,
	      const struct run_options *options, const struct audience *audience,
	      struct outcome *ret, struct lab_err *err);

#endif
