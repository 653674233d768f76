// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of verbs. A new one is a file, and a line here and in verb.h. */
#include "lab/run/run.h"
#include "lab/run/verb.h"

static const struct verb *const verbs[] = {
	&VERB_LISTEN,	 &VERB_SERVE, &VERB_ACCEPT, &VERB_DIAL,	   &VERB_SEND, &VERB_RECV,
	&VERB_SHUTDOWN,	 &VERB_CLOSE, &VERB_ABORT,  &VERB_BIND,	   &VERB_RUN,  &VERB_CHECK,
	&VERB_AWAIT,	 &VERB_WAIT,  &VERB_FAULT,  &VERB_SYSCTL,  &VERB_LINK, &VERB_HOST,
	&VERB_NEIGHBOUR, &VERB_NAT,   &VERB_LOOKUP, &VERB_PROGRAM, NULL,
};

static const struct vocabulary vocabulary = { verbs };

const struct vocabulary *run_vocabulary(void)
{
	return &vocabulary;
}
