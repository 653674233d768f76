/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Something that a lab's sockets or faults can come to, as a sentence: nslab wait. */
#ifndef NSLAB_RUN_CONDITION_H
#define NSLAB_RUN_CONDITION_H

#include <stdbool.h>
#include <stdint.h>

#include "netns/err.h"

struct plan;
struct run;

enum { CONDITION_TEXT = 320 };

/* what a condition looks like, for messages and help */
#define CONDITION_FORMS                                           \
	"'socket HOST[:PORT] [to HOST[:PORT]] state [!=] STATE' " \
	"or 'fault NAME hits [CMP] N'"

/**
 * struct condition - a sentence, understood
 * @fault: index, -1 for one about sockets
 * @host, @port: where the socket is; port 0 for any
 * @peer, @peer_port: its other end; -1 and 0 for any
 * @states: bits 1 << STATE_…; @none: also that there is no such socket (CLOSED)
 * @negated: there must be none in these states; else at least one
 * @lo, @hi, @hits_negated: of a fault's hits
 * @text: as written
 */
struct condition {
	int fault;
	int host, peer;
	uint16_t port, peer_port;
	unsigned states;
	bool none, negated;
	int64_t lo, hi;
	bool hits_negated;
	char text[CONDITION_TEXT];
};

/** condition_parse() - 0, or -EINVAL, -ENOENT with what was found and expected */
int condition_parse(const struct plan *plan, const char *text, struct condition *ret,
		    struct lab_err *err);

/**
 * condition_look() - does it hold now?
 * @observed: CONDITION_TEXT bytes: what there is, for people
 * Return: 1 or 0; -errno if the kernel could not be asked
 */
int condition_look(struct run *run, const struct condition *condition, char *observed,
		   struct lab_err *err);

#endif
