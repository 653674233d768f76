/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shaper from the inside: what shaper.c and its backends share. */
#ifndef NSLAB_IMPAIR_SHAPER_PRIVATE_H
#define NSLAB_IMPAIR_SHAPER_PRIVATE_H

#include "impair/shaper.h"
#include "impair/shaper_rules.h"

/**
 * struct direction - one direction of a link
 * @shape: in force
 * @name: topology_direction()
 * @ruled: its chains are there, and stay
 * @lossy: the share that its rule loses
 * @lane: of the delay line, -1 for none
 * @netem: it has a netem
 * @tabled: its netem has been given a table of the jitter's distribution, which it keeps
 */
struct direction {
	struct shape shape;
	char name[SHAPER_NAME_SIZE];
	bool ruled;
	uint32_t lossy;
	int lane;
	bool netem;
	bool tabled;
};

/**
 * struct backend - a way to shape
 * @set: put @d->shape in force; may have been called before
 * @sending: the rules stand at the end that sends
 */
struct backend {
	enum shape_backend id;
	bool sending;
	int (*set)(struct shaper *shaper, int link, int end, struct direction *d,
		   struct lab_err *err);
};

extern const struct backend BACKEND_NETEM;
extern const struct backend BACKEND_QUEUE;

struct shaper {
	const struct network *net;
	const struct topology *topo;
	struct delayline *line;
	int64_t seed;
	const struct backend *backend;
	struct direction (*directions)[2]; /* [link][sending end] */
	int *talkers;			   /* [host] nf_tables sockets, -1 where none is open */
	bool *ruled;			   /* [host] shaper_rules_host() is in force there */
};

/** shaper_end() - where a direction's rules stand; returns the host */
int shaper_end(const struct shaper *shaper, int link, int end, const struct direction *d,
	       struct shaped_end *ret);

/**
 * shaper_rules_commit() - bring a direction's rules up to date, in one transaction
 * @queue: number of the queue that is new, -1 for none
 */
int shaper_rules_commit(struct shaper *shaper, int link, int end, struct direction *d, int queue,
			struct lab_err *err);

/** netem_probe() - has the kernel all that BACKEND_NETEM needs? 0, or -EOPNOTSUPP with a fix */
int netem_probe(const struct network *net, struct lab_err *err);

#endif
