/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to impair/: tables, chains and rules of any table, as messages of a batch. */
#ifndef NSLAB_IMPAIR_RULE_H
#define NSLAB_IMPAIR_RULE_H

#include "impair/batch.h"

struct nftnl_rule;

/** nft_table_put() - append a table that comes or goes (NFT_MSG_NEWTABLE, _DELTABLE); 0 or -ENOMEM, as all of these */
int nft_table_put(struct batch *batch, uint16_t type, const char *table);

/** nft_counter_put() - append a new named counter */
int nft_counter_put(struct batch *batch, const char *table, const char *name);

/**
 * struct nft_hook - where a base chain hangs
 * @hook: NF_INET_ or NF_NETDEV_; @priority: as NF_IP_PRI_; @type: "filter" or "nat"
 * @dev: interface of a netdev chain, else NULL
 */
struct nft_hook {
	uint32_t hook;
	int32_t priority;
	const char *type;
	const char *dev;
};

/** nft_chain_put() - append a new chain; @hook is NULL for one that is only jumped to */
int nft_chain_put(struct batch *batch, const char *table, const char *chain,
		  const struct nft_hook *hook);

/** nft_rule_new() - an empty rule, to be handed to nft_rule_put(); NULL when memory is out */
struct nftnl_rule *nft_rule_new(const char *table, const char *chain);

/** nft_rule_put() - append @rule (NULL: -ENOMEM), unless building it failed (@built < 0); frees it */
int nft_rule_put(struct batch *batch, struct nftnl_rule *rule, int built);

/** nft_rules_flush() - append what empties the chain that @rule (NULL: -ENOMEM) names; frees it */
int nft_rules_flush(struct batch *batch, struct nftnl_rule *rule);

#endif
