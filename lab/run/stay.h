/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A lab that stays: it stands after its run, or after nslab up, until it is told to go down. */
#ifndef NSLAB_RUN_STAY_H
#define NSLAB_RUN_STAY_H

#include "lab/run/run_private.h"

/** stay_ask() - propose to the front that the lab stays; stay_answered() takes what it says */
void stay_ask(struct run *run);

/**
 * stay_answered() - the front has sent a socket to be served: from now on the lab depends on nobody
 * @fd: bound, becomes ours
 */
void stay_answered(struct run *run, int fd);

/** stay_failed() - the steps are over; if the lab is to be looked into, ask, and wait for what the front says */
void stay_failed(struct run *run);

/** stay_on() - the run is over, and its log is written: stand until somebody ends a lab that stays */
void stay_on(struct run *run);

#endif
