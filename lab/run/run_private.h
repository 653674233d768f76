/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The runner from the inside: shared by run.c, op.c, judge.c and begin.c only. */
#ifndef NSLAB_RUN_RUN_PRIVATE_H
#define NSLAB_RUN_RUN_PRIVATE_H

#include "impair/delayline.h"
#include "impair/filter.h"
#include "impair/shaper.h"
#include "lab/event/event.h"
#include "lab/run/control.h"
#include "lab/run/journal.h"
#include "lab/run/op.h"
#include "lab/run/run.h"

struct names;
struct program;

/**
 * struct run - a case under way
 * @filters: one for each host, NULL where there are no faults
 * @conntracks: one for each host, NULL until it is asked for
 * @names: one for each host, NULL until a program asks for it
 * @ops, @socks: one for each step; of @ops one more under exec
 * @hits_before: for each fault, hits counted before its host was rebooted
 * @fault_on: for each fault
 * @current: index of the step in the foreground
 * @drained_ns: on the axis, when captures and logs were last read
 * @dirty: something has been captured or logged and waits to be taken in
 * @built: the lab stands
 * @ctl: who may drive the lab from without
 * @asked: the front knows that the lab could stay; @stays: and it does; @left: the front is gone, or
 *         wants the run to end; @down: somebody wants the lab to end
 * @looks_only: the steps are over
 * @over: the run is decided; @result, @why say how
 */
struct run {
	const struct scenario *scenario;
	const struct plan *plan;
	const struct run_options *options;
	struct axis axis;
	struct loop *loop;
	struct journal *journal;
	struct network *net;
	struct observer *observer;
	struct filter **filters;
	struct delayline *line;	       /* NULL while nothing needs it */
	struct delayline *filter_line; /* the same for faults, NULL if they do without */
	struct source *line_source;
	struct shaper *shaper; /* NULL where no link is shaped */
	int program_host;      /* of options->exec */
	int program_step;      /* it starts before this one */
	bool program_begun;    /* or, in a lab that stays, all is ready for programs */
	struct step exec_step; /* its own, behind all others */
	bool programs;	       /* somebody else's program may open connections */
	bool losses_unsure;    /* a host was rebooted, and what it had counted is gone */
	uint64_t *hits_before;
	bool *fault_on;
	struct conntrack **conntracks;
	struct names **names;
	struct source **watches;
	int n_watches;
	struct source *control;
	int control_fd, event_fd; /* of the front; -1 when it has been let go */
	struct op *ops;
	struct sock **socks;
	int current;
	int64_t end_ns;
	int64_t sample_ns;
	int64_t drained_ns;
	bool dirty;
	bool built;
	bool over;
	struct control *ctl;
	bool asked, stays, left, down, looks_only;
	enum result result;
	int signal;
	char why[512];
	int met, unmet;
};

/** run_emit() - put an event into the journal; its time is now unless it has one */
void run_emit(struct run *run, struct event *event);

/** run_begin_event() - the first record of the log, as of @begun_ns (CLOCK_MONOTONIC) */
void run_begin_event(struct run *run, int64_t begun_ns);

/**
 * run_program_start() - program_start() in a host of the lab, where names can be resolved by then
 * See names.h.
 */
int run_program_start(struct run *run, int host, char *const *argv, bool apart, struct program *ret,
		      int *ret_exec, struct lab_err *err);

/** run_stranger() - a packet was seen: if a program opens a connection with it, watch both its ends */
void run_stranger(struct run *run, const struct event *event);

/** run_line() - the lab's delay line, opened at first need; 0 or -errno */
int run_line(struct run *run, struct delayline **ret, struct lab_err *err);

/** run_far_find() - find out other ends that are hidden by address translation; 0 or -errno */
int run_far_find(struct run *run, struct lab_err *err);

/** run_fail_lab() - the lab itself failed */
void run_fail_lab(struct run *run, const struct lab_err *err);

/** run_end() - decide the run; the first word counts */
void run_end(struct run *run, enum result result, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** run_turn() - wait until something happens, and take it in */
void run_turn(struct run *run);

/** run_link_down() - lower the end of a link that was named last; 0, -EALREADY, -errno */
int run_link_down(struct run *run, const struct link_ref *down, struct lab_err *err);

/** run_watch() - let the loop watch what the observer reads; run_unwatch(): no more */
int run_watch(struct run *run, struct lab_err *err);
void run_unwatch(struct run *run);

/** op_gone() - the step's host died; one that is under way ends with EBADF, and @why for the reader */
void op_gone(struct op *op, const char *why);

/** op_begin() - start step number @index */
void op_begin(struct run *run, int index);

/** op_deadline() - the op's deadline has come */
void op_deadline(struct op *op);

/** op_release() - drop what the op holds; a step that is not done is cancelled */
void op_release(struct op *op);

/** judge_op() - compare a finished op with what its step expects */
void judge_op(struct op *op);

/** judge_failure() - a step that was expected to succeed without saying so has failed */
void judge_failure(struct op *op);

/** judge_unfinished() - the run is over, and the step has not come to what it expects */
void judge_unfinished(struct op *op);

/** step_awaits() - index of the step that an await waits for, -1 for any other verb */
int step_awaits(const struct step *step);

/** judge_note() - report one expectation; counts it, and ends the run if it is not met */
void judge_note(struct run *run, int number, int line, int col, const struct step *step, bool met,
		const char *expected, const char *observed);

/** error_text() - "none", "deadline", "eof" or the errno's name */
const char *error_text(enum error_kind error, int code);

#endif
