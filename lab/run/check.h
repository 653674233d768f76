/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be checked: one file each; the table of them is in verb_check.c. */
#ifndef NSLAB_RUN_CHECK_H
#define NSLAB_RUN_CHECK_H

#include "lab/run/op.h"
#include "lab/scenario/reader.h"

enum { CHECK_ARGS_MAX = 2048, CHECK_TEXT = 320 };

/**
 * struct check_kind - a row of the table of checks
 * @name: the key that tells it
 * @keys: its own keys, the first is @name; offsets into its args
 * @init: defaults of the zeroed args; may be NULL
 * @other: takes open-ended keys: 1 if it did; may be NULL
 * @check: what no table can say; may be NULL
 * @free: what the table's types do not free; may be NULL
 * @count: how many expectations there are in the args
 * @place: line and column of expectation @i, 0 for the step's own
 * @look: evaluates expectation @i now: writes what is expected and what is observed (CHECK_TEXT
 *        bytes each) and returns whether it is met, or -errno if the lab failed. @at: host of the
 *        check, -1 if left out. @state: CHECK_STATE zeroed bytes that stay from look to look
 */
struct check_kind {
	const char *name;
	const char *help;
	const char *later;
	const struct key *keys;
	size_t args_size;
	void (*init)(void *args);
	int (*other)(struct reader *r, const struct node *key, const struct node *value,
		     void *args);
	int (*check)(struct reader *r, const struct node *at, int host, void *args);
	void (*free)(void *args);
	int (*count)(const void *args);
	void (*place)(const void *args, int i, int *ret_line, int *ret_col);
	int (*look)(struct op *op, const void *args, int at, int i, void *state, char *expected,
		    char *observed, struct lab_err *err);
};

enum { CHECK_STATE = 64 };

extern const struct check_kind CHECK_SOCKET;
extern const struct check_kind CHECK_FAULT;
extern const struct check_kind CHECK_SEEN;
extern const struct check_kind CHECK_CONNTRACK;

/**
 * check_reached() - is a count that only grows as expected?
 * Beside a program of the user's, who may be quick, one that has been passed has been reached.
 */
int check_reached(const struct op *op, const struct compare *cmp, int64_t n);

/** check_socket_maker() - index of the step that made the socket; @args are CHECK_SOCKET's own */
int check_socket_maker(const void *args);

/** check_kind_at() - the table's rows, NULL behind the last */
const struct check_kind *check_kind_at(int i);

#endif
