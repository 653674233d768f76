/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to impair/: a host's faults as nf_tables messages. Builds, does not send. */
#ifndef NSLAB_IMPAIR_RULESET_H
#define NSLAB_IMPAIR_RULESET_H

#include <stdbool.h>

#include "impair/batch.h"
#include "impair/fault.h"
#include "netns/topology.h"

#define RULESET_TABLE "nslab"

enum {
	RULESET_CHAIN_SIZE = 96, /* of a chain's name: a prefix and a fault's name */
	RULESET_LOG_GROUP = 1,
	RULESET_SNAPLEN = 256,
};

/**
 * struct ruleset_options - how faults are put into rules
 * @disarmed: match, count and log, but give no verdict
 * @seed: of the run, for PICK_CHANCE
 * @compat: how packets get to a queue, see queue_form()
 * @hold, @pick: for each fault the queue that holds its packets, or counts them by connection; 0 for
 *               none. NULL: none at all
 */
struct ruleset_options {
	bool disarmed;
	int64_t seed;
	bool compat;
	const uint16_t *hold, *pick;
};

/**
 * ruleset_build() - append the whole table of host @host to @batch
 * @faults, @n: all faults of the lab; those of other hosts are passed over
 * Return: 0 or -errno
 */
int ruleset_build(struct batch *batch, const struct topology *topo, int host,
		  const struct fault *faults, int n, const struct ruleset_options *options,
		  struct lab_err *err);

/** ruleset_switch() - append what switches one fault on or off; its counts go on where they were */
int ruleset_switch(struct batch *batch, const struct fault *fault, bool on, struct lab_err *err);

#endif
