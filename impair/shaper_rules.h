/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to impair/: the nf_tables rules of shaped links. Builds, does not send. */
#ifndef NSLAB_IMPAIR_SHAPER_RULES_H
#define NSLAB_IMPAIR_SHAPER_RULES_H

#include <stdbool.h>

#include "impair/batch.h"

#define SHAPER_TABLE "nslab_link"

/* The Ethernet destination of what a sending end loses. */
/* clang-format off */
#define SHAPER_NOBODY_MAC { 0x02, 0x6e, 0x73, 0x00, 0x00, 0xff }
/* clang-format on */

/**
 * struct shaped_end - one end of a link at which a direction's packets meet the rules
 * @sending: at the end that sends (netdev egress, before the qdisc), else at the one that receives
 *           (inet prerouting, before all faults)
 * @name: the direction's, "client -> fw": the prefix of its log
 * @seed: of its loss, see chance_decide()
 */
struct shaped_end {
	bool sending;
	const char *ifname;
	int ifindex;
	const char *name;
	uint32_t seed;
};

/** shaped_end_table() - the table's name; returns @buf */
const char *shaped_end_table(const struct shaped_end *end, char *buf, size_t size);

/** shaped_end_counter() - the name of the counter of lost packets; returns @buf */
const char *shaped_end_counter(const struct shaped_end *end, char *buf, size_t size);

/**
 * shaper_rules_host() - append what the receiving ends of a host share: table and base chain
 * Once for each namespace, before shaper_rules_end().
 */
int shaper_rules_host(struct batch *batch);

/**
 * shaper_rules_end() - append the chains of one end; they let everything pass so far
 * A sending end logs each packet on its way to the qdisc, before it may be lost.
 */
int shaper_rules_end(struct batch *batch, const struct shaped_end *end);

/** shaper_rules_loss() - append what loses that share from now on; its count begins anew */
int shaper_rules_loss(struct batch *batch, const struct shaped_end *end, uint32_t millionths);

/** shaper_rules_queue() - append what sends the rest of a receiving end's packets to a queue */
int shaper_rules_queue(struct batch *batch, const struct shaped_end *end, uint16_t num,
		       bool compat);

/** shaper_rules_probe() - append a table with an egress chain at @ifname, as a trial; @add: or take it away */
int shaper_rules_probe(struct batch *batch, const char *ifname, bool add);

#endif
