/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shapes of a run's links: from the start, and as steps change them. */
#ifndef NSLAB_RUN_SHAPING_H
#define NSLAB_RUN_SHAPING_H

#include <stdbool.h>

#include "impair/shape.h"
#include "netns/err.h"

struct run;

/**
 * shaping_begin() - choose the backend and put the plan's shapes in force
 * Does nothing for a plan in which no link is ever shaped. Before anything is watched or sent.
 */
int shaping_begin(struct run *run, struct lab_err *err);

/** shaping_notes() - tell the reader what of the plan's shapes could not be taken as it stands */
void shaping_notes(struct run *run);

/** shaping_set() - shape one direction from now on; @end: the sending end. 0 or -errno */
int shaping_set(struct run *run, int link, int end, const struct shape *shape, struct lab_err *err);

/** shaping_host_anew() - again, in a host's new namespace, before its links are raised */
int shaping_host_anew(struct run *run, int host, struct lab_err *err);

/** shaping_agrees() - were as many losses logged as there were? */
bool shaping_agrees(struct run *run, struct lab_err *err);

/** shaping_name() - "netem", "queue", or "" where nothing is shaped */
const char *shaping_name(const struct run *run);

#endif
