/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firewall of one host: its faults in nf_tables, their switches and their counters. */
#ifndef NSLAB_IMPAIR_FILTER_H
#define NSLAB_IMPAIR_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "impair/delayline.h"
#include "impair/fault.h"
#include "netns/network.h"

struct filter;

/**
 * struct filter_options - how
 * @disarmed: faults match, count and log, but packets pass
 * @seed: of the run, decides PICK_CHANCE
 * @line: the lab's delay line, which gets lanes for the faults that need one; NULL if there is none: rejects then
 *        take no way round, and any other fault that needs one is refused
 */
struct filter_options {
	bool disarmed;
	int64_t seed;
	struct delayline *line;
};

/** filter_needs_line() - does a fault need the delay line? */
bool filter_needs_line(const struct fault *fault, bool disarmed);

/**
 * filter_create() - put all faults of @host in force, in one transaction
 * @topo: the network's; @faults, @n: all faults of the lab, borrowed while the filter lives
 * @ret: free with filter_free(), which leaves the rules: they go with the namespace
 */
int filter_create(const struct network *net, const struct topology *topo, int host,
		  const struct fault *faults, int n, const struct filter_options *options,
		  struct filter **ret, struct lab_err *err);
void filter_free(struct filter *filter);

/** filter_switch() - switch a fault of this host on or off; counters and counts stay */
int filter_switch(struct filter *filter, const struct fault *fault, bool on, struct lab_err *err);

/** filter_hits() - packets on which @fault has acted so far */
int filter_hits(struct filter *filter, const struct fault *fault, uint64_t *ret_hits,
		struct lab_err *err);

#endif
