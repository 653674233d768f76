// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a table of its own, beside the faults'. A destination is translated before routing
 * (prerouting, priority dstnat), a source after it (postrouting, priority srcnat), both for the
 * first packet of a connection; connection tracking does the same to all that follow, and the
 * reverse to the answers. So the faults, in between, see the new destination and the old source.
 */
#include "impair/nat.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <sys/socket.h>

#include "impair/expr.h"
#include "impair/rule.h"
#include "netns/cleanup.h"
#include "netns/extack.h"

static int match_meta(struct nftnl_rule *rule, uint32_t key, const void *value, uint32_t len,
		      uint32_t op)
{
	return expr_meta(rule, key) ?: expr_compare(rule, op, value, len);
}

/* One rule: packets of @proto to @addr and the forward's port. */
static int forward_put(struct batch *batch, const struct nat_forward *forward, int fam,
		       const struct topo_addr *addr, const struct topo_addr *to, uint8_t proto)
{
	struct nftnl_rule *rule = nft_rule_new(NAT_TABLE, "prerouting");
	uint8_t nfproto = fam == FAM6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
	uint16_t port = htons(forward->port);
	uint32_t len = (uint32_t)topo_addr_len(fam);
	int ret = rule ? match_meta(rule, NFT_META_NFPROTO, &nfproto, 1, NFT_CMP_EQ) : -ENOMEM;

	ret = ret ?: expr_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, fam == FAM6 ? 24 : 16, len);
	ret = ret ?: expr_compare(rule, NFT_CMP_EQ, addr->bytes, len);
	ret = ret ?: match_meta(rule, NFT_META_L4PROTO, &proto, 1, NFT_CMP_EQ);
	ret = ret ?: expr_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2);
	ret = ret ?: expr_compare(rule, NFT_CMP_EQ, &port, 2);
	ret = ret ?: expr_dnat(rule, nfproto, to->bytes, len, forward->to_port);
	return nft_rule_put(batch, rule, ret);
}

static int forward_rules(struct batch *batch, const struct topology *topo, const struct nat *nat,
			 const struct nat_forward *forward, int fam)
{
	const struct topo_addr *to = topology_addr(topo, nat->host, forward->to, fam);
	int ret = 0;

	for (int i = 0; to && !ret && i < 2 * topo->n_links; i++) {
		const struct topo_link *link = &topo->links[i / 2];
		const struct topo_addr *addr = &link->addr[i % 2][fam];

		if (link->host[i % 2] != nat->host || !addr->set)
			continue;
		ret = forward_put(batch, forward, fam, addr, to, IPPROTO_TCP);
		ret = ret ?: forward_put(batch, forward, fam, addr, to, IPPROTO_UDP);
	}
	return ret;
}

/* What the host makes itself has come in nowhere, and keeps its address. */
static int masquerade_rule(struct batch *batch, const struct nat *nat)
{
	struct nftnl_rule *rule = nft_rule_new(NAT_TABLE, "postrouting");
	const uint32_t none = 0;
	int ret = rule ? match_meta(rule, NFT_META_IIF, &none, 4, NFT_CMP_NEQ) : -ENOMEM;

	ret = ret ?: expr_masquerade(rule, nat->random_ports ? NF_NAT_RANGE_PROTO_RANDOM_FULLY : 0);
	return nft_rule_put(batch, rule, ret);
}

int nat_build(struct batch *batch, const struct topology *topo, const struct nat *nat,
	      unsigned families, struct lab_err *err)
{
	static const struct nft_hook before = { NF_INET_PRE_ROUTING, NF_IP_PRI_NAT_DST, "nat",
						NULL };
	static const struct nft_hook after = { NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC, "nat",
					       NULL };
	int ret = nft_table_put(batch, NFT_MSG_NEWTABLE, NAT_TABLE);

	ret = ret ?: nft_chain_put(batch, NAT_TABLE, "prerouting", &before);
	ret = ret ?: nft_chain_put(batch, NAT_TABLE, "postrouting", &after);
	for (int i = 0; !ret && i < FAM_COUNT * nat->n_forwards; i++) {
		if (families & 1u << i % FAM_COUNT)
			ret = forward_rules(batch, topo, nat, &nat->forwards[i / FAM_COUNT],
					    i % FAM_COUNT);
	}
	if (!ret && nat->masquerade)
		ret = masquerade_rule(batch, nat);
	if (ret < 0)
		return lab_err_set(err, -ret, "cannot build the rules of address translation");
	return 0;
}

int nat_create(const struct network *net, const struct topology *topo, const struct nat *nat,
	       unsigned families, struct lab_err *err)
{
	_cleanup_(batch_free) struct batch batch = { 0 };
	_cleanup_close_ int fd = -1;
	char doing[96];
	int ret;

	snprintf(doing, sizeof(doing), "cannot translate addresses at host %s (nf_tables)",
		 topo->hosts[nat->host].name);
	fd = network_socket(net, nat->host, AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER, err);
	if (fd < 0)
		return fd;
	extack_enable(fd);
	if (batch_begin(&batch) < 0)
		return lab_err_set(err, ENOMEM, "%s", doing);
	ret = nat_build(&batch, topo, nat, families, err);
	if (!ret)
		ret = batch_commit(&batch, fd, doing, err);
	if (ret == -ENOENT || ret == -EOPNOTSUPP) {
		err->fix[0] = '\0'; /* a batch knows only what the faults need */
		lab_err_fix(err, "a module is missing: modprobe -a nft_chain_nat nft_nat nft_masq "
				 "(CONFIG_NFT_NAT, CONFIG_NFT_MASQ)");
	}
	return ret;
}
