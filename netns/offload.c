// SPDX-License-Identifier: GPL-2.0-or-later
#include "netns/offload.h"

#include <errno.h>
#include <linux/ethtool_netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "netns/cleanup.h"
#include "netns/transport.h"

/* the kernel's names, net/ethtool/common.c netdev_features_strings */
static const char *const features[] = {
	"tx-checksum-ip-generic",
	"tx-tcp-segmentation",
	"tx-tcp6-segmentation",
	"tx-tcp-ecn-segmentation",
	"tx-tcp-mangleid-segmentation",
	"tx-generic-segmentation",
	"rx-gro",
};

struct offload {
	struct transport t;
};

const char *offload_feature_at(int i)
{
	return i >= 0 && (size_t)i < ARRAY_SIZE(features) ? features[i] : NULL;
}

static const char doing[] = "cannot switch offloads off";

/*
 * The family's number is the same in all namespaces and as long as the kernel runs, so it is looked
 * up once. Nothing but veth of our own making is asked for, so no lock is needed: a process that
 * looks it up twice gets the same number twice.
 */
static int family_number;

int offload_open(struct offload **ret_offload, struct lab_err *err)
{
	struct offload *offload = calloc(1, sizeof(*offload));
	int ret;

	if (!offload)
		return lab_err_set(err, ENOMEM, "%s", doing);
	ret = transport_open(&offload->t, NETLINK_GENERIC, err);
	if (ret < 0) {
		free(offload);
		return ret;
	}
	if (!family_number) {
		int n = genl_ctrl_resolve(offload->t.sk, ETHTOOL_GENL_NAME);

		if (n < 0) {
			offload_close(offload);
			return lab_err_set(
				err, EOPNOTSUPP,
				"this kernel has no ethtool netlink (CONFIG_ETHTOOL_NETLINK)");
		}
		family_number = n;
	}
	*ret_offload = offload;
	return 0;
}

void offload_close(struct offload *offload)
{
	if (!offload)
		return;
	transport_close(&offload->t);
	free(offload);
}

static int request_fill(struct nl_msg *msg, int family, int ifindex)
{
	struct nlattr *header, *wanted, *bits, *bit;

	if (!genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, NLM_F_REQUEST | NLM_F_ACK,
			 ETHTOOL_MSG_FEATURES_SET, ETHTOOL_GENL_VERSION))
		return -ENOMEM;
	header = nla_nest_start(msg, ETHTOOL_A_FEATURES_HEADER | NLA_F_NESTED);
	if (!header || nla_put_u32(msg, ETHTOOL_A_HEADER_DEV_INDEX, (uint32_t)ifindex) < 0 ||
	    nla_put_u32(msg, ETHTOOL_A_HEADER_FLAGS, ETHTOOL_FLAG_OMIT_REPLY) < 0)
		return -ENOMEM;
	nla_nest_end(msg, header);
	wanted = nla_nest_start(msg, ETHTOOL_A_FEATURES_WANTED | NLA_F_NESTED);
	bits = wanted ? nla_nest_start(msg, ETHTOOL_A_BITSET_BITS | NLA_F_NESTED) : NULL;
	if (!bits)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		/* a bit without ETHTOOL_A_BITSET_BIT_VALUE is one to be cleared */
		bit = nla_nest_start(msg, ETHTOOL_A_BITSET_BITS_BIT | NLA_F_NESTED);
		if (!bit || nla_put_string(msg, ETHTOOL_A_BITSET_BIT_NAME, features[i]) < 0)
			return -ENOMEM;
		nla_nest_end(msg, bit);
	}
	nla_nest_end(msg, bits);
	nla_nest_end(msg, wanted);
	return 0;
}

int offload_disable(struct offload *offload, int ifindex, struct lab_err *err)
{
	struct nl_msg *msg = nlmsg_alloc();
	int ret = msg ? request_fill(msg, family_number, ifindex) : -ENOMEM;

	ret = transport_talk(&offload->t, ret, msg, err, doing);
	nlmsg_free(msg);
	return ret;
}
