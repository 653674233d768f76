/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What nslab exec is told to expect of a program: --expect. */
#ifndef NSLAB_CLI_EXEC_EXPECT_H
#define NSLAB_CLI_EXEC_EXPECT_H

#include <stdio.h>

#include "lab/event/event.h"

struct exec_expects;
struct plan;

/** exec_expects_new() - none yet; NULL without memory */
struct exec_expects *exec_expects_new(void);

/**
 * exec_expects_add() - one --expect
 * @text: "exit=28", "exit != 0", "state != CLOSE-WAIT|SYN-SENT", "state = ESTABLISHED", "fault syn-dropped hits >= 2"
 * @why, @size: what is wrong with it, for people
 * Return: 0, -EINVAL with @why, -ENOMEM
 */
int exec_expects_add(struct exec_expects *expects, const char *text, char *why, size_t size);

/** exec_expects_check() - does this case have what they name? 0, or -ENOENT with @why */
int exec_expects_check(const struct exec_expects *expects, const struct plan *plan, char *why,
		       size_t size);

/** exec_expects_exit_only() - is nothing expected but exit statuses? They need no events */
bool exec_expects_exit_only(const struct exec_expects *expects);

/** exec_expects_event() - take in an event of the run, of whatever type */
void exec_expects_event(struct exec_expects *expects, const struct event *event);

/**
 * exec_expects_status() - nslab's own exit status, when all events are in
 * @status: the program's
 * @out: gets a line for each expectation that is not met
 * Return: 0 if the exit status was expected to be what it is, and all is met; 1 if something is not met, unless the
 * program has failed by itself; else @status
 */
int exec_expects_status(const struct exec_expects *expects, int status, FILE *out);

void exec_expects_free(struct exec_expects *expects);

#endif
