// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation. The rules of a shaped direction stand in tables of their own, before or
 * behind all faults:
 *
 *   inet nslab_link             at the receiving host, of all its links
 *     prerouting                raw priority; by interface to link-ETH
 *   netdev nslab_link_ETH       at the sending host, one for each interface
 *     egress                    before the qdisc; IP and IPv6 to link-ETH
 *
 *   link-ETH                    sending: log of what departs; loss; receiving: queue of what is left
 *   loss-ETH                    one rule that loses packets, or none
 *
 * A sending end must not drop: a local TCP is told of that, takes it for its own full queue and does not
 * count the segment as sent, whereas nobody is told of what is lost on a wire. So what is lost there is
 * addressed to nobody: it takes its way through netem, time and rate included, and the receiving end's kernel
 * throws it away as somebody else's (PACKET_OTHERHOST), before any hook.
 *
 * Only loss-ETH is ever rewritten. The rule behind it stays once it is there: packets that would no longer
 * pass the queue could overtake those in it.
 *
 * What the kernel says of its own accord over IPv6 (multicast) is not counted and not lost, so that the
 * n-th packet is the same one with either backend. Copies that the delay line sends come in with a
 * source address of their own, and have been through all this already.
 */
#include "impair/shaper_rules.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

#include "impair/delayline.h"
#include "impair/expr.h"
#include "impair/rule.h"
#include "impair/ruleset.h"
#include "impair/shaper.h"

enum { NAME_SIZE = 64, RAW_PRIORITY = -300 };

static void family_set(struct batch *batch, const struct shaped_end *end)
{
	batch->family = end->sending ? NFPROTO_NETDEV : NFPROTO_INET;
}

const char *shaped_end_table(const struct shaped_end *end, char *buf, size_t size)
{
	snprintf(buf, size, end->sending ? SHAPER_TABLE "_%s" : SHAPER_TABLE, end->ifname);
	return buf;
}

const char *shaped_end_counter(const struct shaped_end *end, char *buf, size_t size)
{
	snprintf(buf, size, "lost-%s", end->ifname);
	return buf;
}

/* The rules of a chain that is known by its end: link-ETH, loss-ETH. */
static struct nftnl_rule *end_rule(const struct shaped_end *end, const char *prefix)
{
	char table[NAME_SIZE], chain[NAME_SIZE];

	snprintf(chain, sizeof(chain), "%s%s", prefix, end->ifname);
	return nft_rule_new(shaped_end_table(end, table, sizeof(table)), chain);
}

static int verdict_to(struct nftnl_rule *rule, int verdict, const char *prefix,
		      const struct shaped_end *end)
{
	char chain[NAME_SIZE];

	snprintf(chain, sizeof(chain), "%s%s", prefix, end->ifname);
	return expr_verdict(rule, verdict, chain);
}

static int match_protocol(struct nftnl_rule *rule, uint16_t ethertype)
{
	uint16_t be = htons(ethertype);

	return expr_meta(rule, NFT_META_PROTOCOL) ?: expr_compare(rule, NFT_CMP_EQ, &be, 2);
}

static int multicast_pass(struct batch *batch, const char *table, const char *chain)
{
	struct nftnl_rule *rule = nft_rule_new(table, chain);
	const uint8_t all = 0xff;
	int ret = rule ? match_protocol(rule, ETH_P_IPV6) : -ENOMEM;

	ret = ret ?: expr_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 24, 1);
	ret = ret ?: expr_compare(rule, NFT_CMP_EQ, &all, 1);
	ret = ret ?: expr_verdict(rule, NF_ACCEPT, NULL);
	return nft_rule_put(batch, rule, ret);
}

/* Copies come by the wire as well, but are nobody's packets: neither lost, nor held, nor logged. */
static int copies_pass(struct batch *batch, const struct shaped_end *end)
{
	static const uint8_t macs[][6] = { DELAYLINE_COPY_MAC, DELAYLINE_COPY_MAC_HERE };
	int ret = 0;

	for (int i = 0; !ret && i < 2; i++) {
		struct nftnl_rule *rule = end_rule(end, "link-");

		ret = rule ? expr_payload(rule, NFT_PAYLOAD_LL_HEADER, 6, 6) : -ENOMEM;
		ret = ret ?: expr_compare(rule, NFT_CMP_EQ, macs[i], sizeof(macs[i]));
		ret = ret ?: expr_verdict(rule, NF_ACCEPT, NULL);
		ret = nft_rule_put(batch, rule, ret);
	}
	return ret;
}

int shaper_rules_host(struct batch *batch)
{
	const struct nft_hook base = { .type = "filter",
				       .hook = NF_INET_PRE_ROUTING,
				       .priority = RAW_PRIORITY };
	int ret;

	batch->family = NFPROTO_INET;
	ret = nft_table_put(batch, NFT_MSG_NEWTABLE, SHAPER_TABLE);
	ret = ret ?: nft_chain_put(batch, SHAPER_TABLE, "prerouting", &base);
	return ret ?: multicast_pass(batch, SHAPER_TABLE, "prerouting");
}

/* An interface that was made anew has lost its base chain, but not the rest of its table. */
static int egress_put(struct batch *batch, const struct shaped_end *end, const char *table)
{
	const struct nft_hook base = { .type = "filter",
				       .hook = NF_NETDEV_EGRESS,
				       .dev = end->ifname };
	int ret = nft_table_put(batch, NFT_MSG_NEWTABLE, table);

	ret = ret ?: nft_table_put(batch, NFT_MSG_DELTABLE, table);
	ret = ret ?: nft_table_put(batch, NFT_MSG_NEWTABLE, table);
	ret = ret ?: nft_chain_put(batch, table, "egress", &base);
	return ret ?: multicast_pass(batch, table, "egress");
}

static int egress_lead(struct batch *batch, const struct shaped_end *end, const char *table)
{
	static const uint16_t types[] = { ETH_P_IP, ETH_P_IPV6 };
	int ret = 0;

	for (int i = 0; !ret && i < 2; i++) {
		struct nftnl_rule *rule = nft_rule_new(table, "egress");

		ret = rule ? match_protocol(rule, types[i]) : -ENOMEM;
		ret = ret ?: verdict_to(rule, NFT_GOTO, "link-", end);
		ret = nft_rule_put(batch, rule, ret);
	}
	return ret;
}

static int prerouting_lead(struct batch *batch, const struct shaped_end *end, const char *table)
{
	struct nftnl_rule *rule = nft_rule_new(table, "prerouting");
	uint32_t ifindex = (uint32_t)end->ifindex;
	int ret = rule ? expr_meta(rule, NFT_META_IIF) : -ENOMEM;

	ret = ret ?: expr_compare(rule, NFT_CMP_EQ, &ifindex, sizeof(ifindex));
	ret = ret ?: verdict_to(rule, NFT_GOTO, "link-", end);
	return nft_rule_put(batch, rule, ret);
}

static int depart_log(struct batch *batch, const struct shaped_end *end)
{
	struct nftnl_rule *rule = end_rule(end, "link-");
	int ret = rule ? expr_log(rule, SHAPER_DEPART_GROUP, end->name, RULESET_SNAPLEN) : -ENOMEM;

	return nft_rule_put(batch, rule, ret);
}

int shaper_rules_end(struct batch *batch, const struct shaped_end *end)
{
	char table[NAME_SIZE], name[NAME_SIZE];
	struct nftnl_rule *rule;
	int ret = 0;

	family_set(batch, end);
	shaped_end_table(end, table, sizeof(table));
	if (end->sending)
		ret = egress_put(batch, end, table);
	ret = ret ?: nft_counter_put(batch, table, shaped_end_counter(end, name, sizeof(name)));
	snprintf(name, sizeof(name), "loss-%s", end->ifname);
	ret = ret ?: nft_chain_put(batch, table, name, NULL);
	snprintf(name, sizeof(name), "link-%s", end->ifname);
	ret = ret ?: nft_chain_put(batch, table, name, NULL);
	ret = ret ?: copies_pass(batch, end);
	if (end->sending)
		ret = ret ?: depart_log(batch, end);
	rule = ret ? NULL : end_rule(end, "link-");
	ret = rule ? verdict_to(rule, NFT_JUMP, "loss-", end) : -ENOMEM;
	ret = nft_rule_put(batch, rule, ret);
	if (ret)
		return ret;
	return end->sending ? egress_lead(batch, end, table) : prerouting_lead(batch, end, table);
}

int shaper_rules_loss(struct batch *batch, const struct shaped_end *end, uint32_t millionths)
{
	static const uint8_t nobody[] = SHAPER_NOBODY_MAC;
	uint32_t bound = htonl(millionths);
	struct nftnl_rule *rule;
	char counter[NAME_SIZE];
	int ret;

	family_set(batch, end);
	ret = nft_rules_flush(batch, end_rule(end, "loss-"));
	if (ret || !millionths)
		return ret;
	rule = end_rule(end, "loss-");
	ret = rule ? expr_counting(rule, UINT32_MAX) : -ENOMEM;
	ret = ret ?: expr_hash(rule, end->seed, CHANCE_ALL);
	ret = ret ?: expr_big_endian(rule);
	ret = ret ?: expr_compare(rule, NFT_CMP_LT, &bound, sizeof(bound));
	ret = ret ?: expr_counter(rule, shaped_end_counter(end, counter, sizeof(counter)));
	ret = ret ?: expr_log(rule, RULESET_LOG_GROUP, end->name, RULESET_SNAPLEN);
	if (end->sending)
		ret = ret   ?:
			      expr_payload_set(rule, NFT_PAYLOAD_LL_HEADER, 0, nobody,
					       sizeof(nobody));
	else
		ret = ret ?: expr_drop(rule);
	return nft_rule_put(batch, rule, ret);
}

int shaper_rules_queue(struct batch *batch, const struct shaped_end *end, uint16_t num, bool compat)
{
	struct nftnl_rule *rule = end_rule(end, "link-");

	family_set(batch, end);
	return nft_rule_put(batch, rule, rule ? expr_queue(rule, num, compat) : -ENOMEM);
}

int shaper_rules_probe(struct batch *batch, const char *ifname, bool add)
{
	const struct nft_hook base = { .type = "filter", .hook = NF_NETDEV_EGRESS, .dev = ifname };
	int ret;

	batch->family = NFPROTO_NETDEV;
	if (!add)
		return nft_table_put(batch, NFT_MSG_DELTABLE, SHAPER_TABLE);
	ret = nft_table_put(batch, NFT_MSG_NEWTABLE, SHAPER_TABLE);
	return ret ?: nft_chain_put(batch, SHAPER_TABLE, "egress", &base);
}
