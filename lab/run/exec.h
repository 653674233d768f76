/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A run with a program of the user's own in place of the built-in endpoints of its host. */
#ifndef NSLAB_RUN_EXEC_H
#define NSLAB_RUN_EXEC_H

#include "lab/run/run_private.h"

/** exec_prepare() - find out where and when the program starts; 0 or -errno */
int exec_prepare(struct run *run, struct lab_err *err);

/** exec_faults_off() - switch off what the user wants off; the lab stands. 0 or -errno */
int exec_faults_off(struct run *run, struct lab_err *err);

/** exec_starts() - does the program start just before step number @i (from 0)? */
bool exec_starts(const struct run *run, int i);

/** exec_beside() - does step number @i (from 0) happen beside the program, and not before it? */
bool exec_beside(const struct run *run, int i);

/** exec_skips() - is this step left out, because the program takes its place or it judges that? */
bool exec_skips(const struct run *run, int i);

/** exec_answers() - can @op dial @to, or is that a port of the program's, on which it does not listen yet? */
bool exec_answers(struct op *op, const struct sockaddr_storage *to);

/** exec_op() - the program's step, as the last of all */
struct op *exec_op(struct run *run);

/** exec_start() - start it */
void exec_start(struct run *run);

/** exec_over() - has it ended? */
bool exec_over(const struct run *run);

#endif
