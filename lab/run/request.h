/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be asked of a lab by its control socket: one file each; the table of them is in control.c. */
#ifndef NSLAB_RUN_REQUEST_H
#define NSLAB_RUN_REQUEST_H

#include <jansson.h>

#include "lab/run/control.h"
#include "lab/run/run_private.h"

struct caller;

/** struct request_member - of a request, beside ``v`` and ``request`` */
struct request_member {
	const char *name;
	json_type type; /* JSON_TRUE: true or false */
	bool required;
};

/**
 * struct request_kind - a row of the table of requests
 * @members: ends with a row without a name; whatever else is in a request is refused
 * @outside: not for programs inside a host
 * @state_size: bytes of caller_state(), zeroed
 * @start: answers, or waits: it is then polled
 * @poll: NULL, or answers if it can by now
 * @expire: its time is over: answers
 */
struct request_kind {
	const char *name;
	const struct request_member *members;
	bool outside;
	size_t state_size;
	void (*start)(struct caller *caller, const json_t *request);
	void (*poll)(struct caller *caller);
	void (*expire)(struct caller *caller);
};

extern const struct request_kind REQUEST_LAB;
extern const struct request_kind REQUEST_STATE;
extern const struct request_kind REQUEST_FAULT;
extern const struct request_kind REQUEST_LINK;
extern const struct request_kind REQUEST_WAIT;
extern const struct request_kind REQUEST_WATCH;
extern const struct request_kind REQUEST_ENTER;
extern const struct request_kind REQUEST_DOWN;

struct run *caller_run(struct caller *caller);
void *caller_state(struct caller *caller);

/** caller_answer() - it is done; @members of the answer are taken over, NULL for none */
void caller_answer(struct caller *caller, json_t *members);

/** caller_refuse() - it cannot be done: the errno, and a sentence */
void caller_refuse(struct caller *caller, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** caller_fail() - as caller_refuse(), with the kernel's words and the fix */
void caller_fail(struct caller *caller, const struct lab_err *err);

/** caller_until() - call expire at this time (CLOCK_MONOTONIC) */
void caller_until(struct caller *caller, int64_t until_ns);

/** caller_hand() - these descriptors go with the next answer, which takes them over */
void caller_hand(struct caller *caller, const int *fds, int n);

/** caller_watch() - it gets the log from now on, after its begin */
void caller_watch(struct caller *caller);

/** host_named(), fault_named() - their index; else the caller is told what there is, and it is -1 */
int host_named(struct caller *caller, const char *name);
int fault_named(struct caller *caller, const char *name);

/** faults_json() - a list of all faults: name, host, what it does, whether it is on, hits; NULL with @err */
json_t *faults_json(struct run *run, struct lab_err *err);

#endif
