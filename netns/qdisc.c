// SPDX-License-Identifier: GPL-2.0-or-later
#include "netns/qdisc.h"

#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>

#include "netns/qdisc_message.h"
#include "netns/transport.h"

/* One request over a socket inside the host. */
static int talk(const struct network *net, int host, int built, struct nl_msg *msg,
		const char *doing, struct lab_err *err)
{
	struct transport t = { 0 };
	int ret = network_enter(net, host, err);

	if (!ret)
		ret = transport_open(&t, NETLINK_ROUTE, err);
	if (network_enter(net, -1, ret ? NULL : err) < 0 && !ret)
		ret = -EIO;
	if (!ret)
		ret = transport_talk(&t, built, msg, err, doing);
	transport_close(&t);
	return ret;
}

int qdisc_netem_set(const struct network *net, int host, int ifindex,
		    const struct qdisc_netem *netem, struct lab_err *err)
{
	struct nl_msg *msg = NULL;
	int ret = qdisc_netem_message(ifindex, netem, &msg);

	ret = talk(net, host, ret, msg, "cannot set qdisc netem", err);
	nlmsg_free(msg);
	return ret;
}

int qdisc_delete(const struct network *net, int host, int ifindex, struct lab_err *err)
{
	struct tcmsg tcm = { .tcm_family = AF_UNSPEC,
			     .tcm_ifindex = ifindex,
			     .tcm_parent = TC_H_ROOT };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_DELQDISC, 0);
	int ret = msg ? nlmsg_append(msg, &tcm, sizeof(tcm), NLMSG_ALIGNTO) : -1;

	ret = talk(net, host, ret, msg, "cannot delete a qdisc", err);
	nlmsg_free(msg);
	return ret;
}
