/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to impair/: tables, chains and rules of any table, as messages of a batch. */
#ifndef NSLAB_IMPAIR_RULE_H
#define NSLAB_IMPAIR_RULE_H

#include "impair/batch.h"

struct nftnl_rule;

/** nft_table_put() - append a new table of the family inet; 0 or -ENOMEM, as all of these */
int nft_table_put(struct batch *batch, const char *table);

/**
 * struct nft_hook - where a base chain hangs
 * @hook: NF_INET_; @priority: as NF_IP_PRI_; @type: "filter" or "nat"
 */
struct nft_hook {
	uint32_t hook;
	int32_t priority;
	const char *type;
};

/** nft_chain_put() - append a new chain; @hook is NULL for one that is only jumped to */
int nft_chain_put(struct batch *batch, const char *table, const char *chain,
		  const struct nft_hook *hook);

/** nft_rule_new() - an empty rule, to be handed to nft_rule_put(); NULL when memory is out */
struct nftnl_rule *nft_rule_new(const char *table, const char *chain);

/** nft_rule_put() - append @rule (NULL: -ENOMEM), unless building it failed (@built < 0); frees it */
int nft_rule_put(struct batch *batch, struct nftnl_rule *rule, int built);

/** nft_batch_ack() - ask the kernel to acknowledge the last message, so that there is always an answer */
int nft_batch_ack(struct batch *batch, struct lab_err *err);

#endif
