// SPDX-License-Identifier: GPL-2.0-or-later
#include "impair/rule.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

int nft_table_put(struct batch *batch, uint16_t type, const char *name)
{
	struct nftnl_table *table = nftnl_table_alloc();
	struct nlmsghdr *nlh = table ? batch_message(batch, type, NLM_F_CREATE) : NULL;

	if (nlh) {
		nftnl_table_set_str(table, NFTNL_TABLE_NAME, name);
		nftnl_table_nlmsg_build_payload(nlh, table);
		batch_message_end(batch, nlh);
	}
	if (table)
		nftnl_table_free(table);
	return nlh ? 0 : -ENOMEM;
}

int nft_chain_put(struct batch *batch, const char *table, const char *name,
		  const struct nft_hook *hook)
{
	struct nftnl_chain *chain = nftnl_chain_alloc();
	struct nlmsghdr *nlh = chain ? batch_message(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE) : NULL;

	if (nlh) {
		nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, table);
		nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, name);
		if (hook) {
			nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, hook->hook);
			nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, hook->priority);
			nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, hook->type);
		}
		if (hook && hook->dev)
			nftnl_chain_set_str(chain, NFTNL_CHAIN_DEV, hook->dev);
		nftnl_chain_nlmsg_build_payload(nlh, chain);
		batch_message_end(batch, nlh);
	}
	if (chain)
		nftnl_chain_free(chain);
	return nlh ? 0 : -ENOMEM;
}

int nft_counter_put(struct batch *batch, const char *table, const char *name)
{
	struct nftnl_obj *obj = nftnl_obj_alloc();
	struct nlmsghdr *nlh = obj ? batch_message(batch, NFT_MSG_NEWOBJ, NLM_F_CREATE) : NULL;

	if (nlh) {
		nftnl_obj_set_str(obj, NFTNL_OBJ_TABLE, table);
		nftnl_obj_set_str(obj, NFTNL_OBJ_NAME, name);
		nftnl_obj_set_u32(obj, NFTNL_OBJ_TYPE, NFT_OBJECT_COUNTER);
		nftnl_obj_set_u64(obj, NFTNL_OBJ_CTR_PKTS, 0);
		nftnl_obj_set_u64(obj, NFTNL_OBJ_CTR_BYTES, 0);
		nftnl_obj_nlmsg_build_payload(nlh, obj);
		batch_message_end(batch, nlh);
	}
	if (obj)
		nftnl_obj_free(obj);
	return nlh ? 0 : -ENOMEM;
}

struct nftnl_rule *nft_rule_new(const char *table, const char *chain)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	if (!rule)
		return NULL;
	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, table);
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, chain);
	return rule;
}

int nft_rule_put(struct batch *batch, struct nftnl_rule *rule, int built)
{
	struct nlmsghdr *nlh = NULL;

	if (rule && built >= 0)
		nlh = batch_message(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	if (nlh) {
		nftnl_rule_nlmsg_build_payload(nlh, rule);
		batch_message_end(batch, nlh);
	}
	if (rule)
		nftnl_rule_free(rule);
	return nlh ? 0 : -ENOMEM;
}

int nft_rules_flush(struct batch *batch, struct nftnl_rule *rule)
{
	struct nlmsghdr *nlh = rule ? batch_message(batch, NFT_MSG_DELRULE, 0) : NULL;

	if (nlh) {
		nftnl_rule_nlmsg_build_payload(nlh, rule);
		batch_message_end(batch, nlh);
	}
	if (rule)
		nftnl_rule_free(rule);
	return nlh ? 0 : -ENOMEM;
}
