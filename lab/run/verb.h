/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs, one file each; the table of them is in vocabulary.c. */
#ifndef NSLAB_RUN_VERB_H
#define NSLAB_RUN_VERB_H

#include "lab/scenario/reader.h"

extern const struct verb VERB_LISTEN;
extern const struct verb VERB_SERVE;
extern const struct verb VERB_ACCEPT;
extern const struct verb VERB_DIAL;
extern const struct verb VERB_LOOKUP;
extern const struct verb VERB_SEND;
extern const struct verb VERB_RECV;
extern const struct verb VERB_SHUTDOWN;
extern const struct verb VERB_CLOSE;
extern const struct verb VERB_ABORT;
extern const struct verb VERB_BIND;
extern const struct verb VERB_RUN;
extern const struct verb VERB_PROGRAM;
extern const struct verb VERB_AWAIT;
extern const struct verb VERB_WAIT;
extern const struct verb VERB_FAULT;
extern const struct verb VERB_SYSCTL;
extern const struct verb VERB_CHECK;
extern const struct verb VERB_LINK;
extern const struct verb VERB_HOST;
extern const struct verb VERB_NEIGHBOUR;
extern const struct verb VERB_NAT;

struct plan;
struct step;

/**
 * link_lowered() - is a link down after the steps that the plan has so far?
 * @ret_by: the last of them that lowered or raised it, NULL if none
 * Return: the end that was lowered, -1 if it is up
 */
int link_lowered(const struct plan *plan, int link, const struct step **ret_by);

/** step_program() - the host of a mark ``program:``, -1 for any other step */
int step_program(const struct step *step);

/** step_serves_names() - the host whose port 53 a step ``serve: dns`` answers at, -1 for any other step */
int step_serves_names(const struct step *step);

/** step_resolver() - is it a ``lookup:``? @ret_timeout_s, @ret_attempts: as in its resolv.conf(5) */
bool step_resolver(const struct step *step, int *ret_timeout_s, int *ret_attempts);

/** step_waits() - is it a check that waits for something? */
bool step_waits(const struct step *step);

/** step_looks_at() - index of the step that made the socket which a check looks at, -1 for anything else */
int step_looks_at(const struct step *step);

/** step_reboots() - the host that a step reboots, -1 if none */
int step_reboots(const struct step *step);

#endif
