// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: ports are rewritten where a packet is made, before anything else looks at it, and in
 * both directions, so that no translation has to be remembered: connection tracking, which would change
 * what the host does with all its other packets, stays out of it. On lo every packet is made here.
 */
#include "impair/redirect.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "impair/expr.h"
#include "impair/rule.h"
#include "netns/cleanup.h"
#include "netns/extack.h"

static const char doing[] = "cannot redirect a port (nf_tables)";

/* One rule: @to is the way there, else the way back. */
static int rule_add(struct batch *batch, const struct redirect *redirect, uint8_t proto, bool to)
{
	struct nftnl_rule *rule = nft_rule_new(REDIRECT_TABLE, "output");
	uint16_t from_port = htons(to ? redirect->port : redirect->to_port);
	uint16_t new_port = to ? redirect->to_port : redirect->port;
	uint32_t offset = to ? 2 : 0; /* of the port in a TCP or UDP header */
	int ret = rule ? expr_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, to ? 16 : 12, 4) : -ENOMEM;

	ret = ret ?: expr_compare(rule, NFT_CMP_EQ, redirect->addr, 4);
	ret = ret ?: expr_meta(rule, NFT_META_L4PROTO);
	ret = ret ?: expr_compare(rule, NFT_CMP_EQ, &proto, 1);
	ret = ret ?: expr_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, offset, 2);
	ret = ret ?: expr_compare(rule, NFT_CMP_EQ, &from_port, 2);
	if (redirect->untracked)
		ret = ret ?: expr_notrack(rule);
	ret = ret ?: expr_port_set(rule, proto, to, new_port);
	return nft_rule_put(batch, rule, ret);
}

static int redirect_build(struct batch *batch, const struct redirect *redirect)
{
	static const struct nft_hook output = { NF_INET_LOCAL_OUT, NF_IP_PRI_RAW, "filter", NULL };
	int ret = nft_table_put(batch, NFT_MSG_NEWTABLE, REDIRECT_TABLE);

	ret = ret ?: nft_chain_put(batch, REDIRECT_TABLE, "output", &output);
	for (int i = 0; !ret && i < 4; i++)
		ret = rule_add(batch, redirect, i / 2 ? IPPROTO_TCP : IPPROTO_UDP, i % 2);
	return ret;
}

int redirect_create(const struct network *net, int host, const struct redirect *redirect,
		    struct lab_err *err)
{
	_cleanup_(batch_free) struct batch batch = { .family = NFPROTO_IPV4 };
	_cleanup_close_ int fd =
		network_socket(net, host, AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER, err);

	if (fd < 0)
		return fd;
	extack_enable(fd);
	if (batch_begin(&batch) < 0 || redirect_build(&batch, redirect) < 0)
		return lab_err_set(err, ENOMEM, "%s", doing);
	return batch_commit(&batch, fd, doing, err);
}
