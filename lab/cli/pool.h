/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs many cases side by side, and tells about them one after another. */
#ifndef NSLAB_CLI_POOL_H
#define NSLAB_CLI_POOL_H

#include "lab/cli/front.h"

enum { POOL_MOST = 256, POOL_USUAL = 64 };

/**
 * struct job - a case to run
 * @options: how, but for @repeat
 * @repeat: malloced, the pool frees it; NULL for none
 * @stay: its lab may stay, if that has a name
 */
struct job {
	const struct scenario *scenario;
	const struct plan *plan;
	struct run_options options;
	char *repeat;
	struct stay stay;
};

/**
 * struct pool_now - how far all is
 * @running, @over: jobs that are under way, and that have ended
 */
struct pool_now {
	long running, over;
};

/**
 * struct pool - what to run, and who is told
 * @jobs: how many
 * @most: that many side by side, if the system and its processors allow it; 1 … POOL_MOST
 * @job: what the @i-th one is; asked once
 * @event: gets each event; all those of a job together, and jobs in the order of their numbers
 * @ended: behind a job's last event
 * @tick: NULL, or called ten times a second
 */
struct pool {
	long jobs;
	int most;
	void (*job)(void *arg, long i, struct job *ret);
	void (*event)(void *arg, const struct event *event);
	void (*ended)(void *arg, long i, const struct outcome *outcome);
	void (*tick)(void *arg, const struct pool_now *now);
	void *arg;
};

/**
 * pool_run() - run them all
 * SIGINT and SIGTERM end the runs tidily, a second one ends them at once; nothing is started after
 * the first.
 * Return: 0, the number of that signal, or -errno with @err if a worker could not be started
 */
int pool_run(const struct pool *pool, struct lab_err *err);

#endif
