/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs one case: builds the lab, carries out the steps, judges, and writes it all as events. */
#ifndef NSLAB_RUN_RUN_H
#define NSLAB_RUN_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "impair/shaper.h"
#include "lab/scenario/scenario.h"

struct vocabulary;
struct lab_err;

/**
 * struct exec - a program of the user's own, in place of the built-in endpoints of its host
 * @argv: ends with NULL; NULL: nobody yet. When the place is reached where a program would start, the lab may
 *        stay (struct stay) for those that come later
 * @host: where it runs; NULL: where the scenario's mark says, else ``client``
 * @within_ns: it is ended after this; 0 for never
 * @faults_off: names of faults that are off from the start; NULL, or ends with NULL
 */
struct exec {
	char *const *argv;
	const char *host;
	int64_t within_ns;
	const char *const *faults_off;
};

/**
 * struct stay - a lab that stays until it is told to end, if the front agrees (EVENT_STANDS)
 * @lab: proposed name
 * @failed_only: when the run has failed; else when it stands and waits for programs
 */
struct stay {
	const char *lab;
	bool failed_only;
};

/**
 * struct run_options - how to run
 * @seed: echoed; decides whatever is left to chance
 * @disarmed: faults match and count, but let packets pass
 * @invert: number of the expectation that is turned round, 0 for none
 * @timeout_ns: the run ends after this, 0 for the default: 60 s or the declared times + 30 s
 * @shape: who shapes links
 * @unpinned: hosts keep the kernel's own sysctls
 * @bytes: packet and hit records carry the first bytes of their packets
 * @needs_met: finds out whether this kernel has what the scenario needs: 1 if so, 0 if not, with why,
 *             -errno if that cannot be told; NULL if it has
 * @exec: NULL, or run this program, without judging anything
 * @stay: NULL, or let the lab stay
 * @repeat: the command line that repeats the run, for the log
 */
struct run_options {
	int64_t seed;
	bool disarmed;
	int invert;
	int64_t timeout_ns;
	enum shape_backend shape;
	bool unpinned;
	bool bytes;
	int (*needs_met)(const struct need_list *needs, struct lab_err *err);
	const char *repeat;
	const struct exec *exec;
	const struct stay *stay;
};

/** run_timeout() - the default of @timeout_ns for a plan */
int64_t run_timeout(const struct plan *plan);

/**
 * run_case() - run it in the calling process, which must be a sandbox of its own
 * @event_fd: gets the event log
 * @control_fd: when this becomes readable or is closed, the run ends as interrupted; a byte on it is
 *              the signal's number. With a byte 0 comes a bound socket: the lab stays, and is served there
 * Return: 0 if the log is complete (whatever it says), -errno if it could not be written
 */
int run_case(const struct scenario *scenario, const struct plan *plan,
	     const struct run_options *options, int event_fd, int control_fd);

/** fault_text() - "drop syn from client to server", malloced */
char *fault_text(const struct plan *plan, const struct fault *fault);

/** expect_error_text() - "deadline", "ECONNREFUSED" …, as in the file */
const char *expect_error_text(const struct expect *expect);

/** run_vocabulary() - the verbs, with all that the runner can do */
const struct vocabulary *run_vocabulary(void);

#endif
