// SPDX-License-Identifier: GPL-2.0-or-later
/* Probes of what no scenario needs yet: packets held for user space, delays and rates of the kernel. */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "lab/doctor/probe.h"
#include "netns/cleanup.h"
#include "netns/extack.h"

/* Send a request from inside the firewall and read the answer. */
static int talk(struct probe_env *env, int protocol, const struct nlmsghdr *request,
		const char *doing, struct lab_err *err)
{
	_cleanup_close_ int fd =
		network_socket(env->net, PROBE_FW, AF_NETLINK, SOCK_RAW, protocol, err);
	char buf[4096];
	struct nlmsghdr *nlh = (struct nlmsghdr *)buf;
	ssize_t n;

	if (fd < 0)
		return lab_err_wrap(err, "%s", doing);
	extack_enable(fd);
	if (send(fd, request, request->nlmsg_len, 0) < 0)
		return lab_err_set(err, errno, "%s", doing);
	n = recv(fd, buf, sizeof(buf), 0);
	if (n < 0)
		return lab_err_set(err, errno, "%s", doing);
	if (!mnl_nlmsg_ok(nlh, (int)n) || nlh->nlmsg_type != NLMSG_ERROR)
		return lab_err_set(err, EBADMSG, "%s: unexpected answer", doing);
	return extack_read(nlh, err, doing);
}

int try_nfqueue(struct probe_env *env, struct lab_err *err)
{
	const struct nfqnl_msg_config_cmd cmd = { .command = NFQNL_CFG_CMD_BIND };
	char buf[256] = { 0 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg;

	nlh->nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_CONFIG;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = AF_UNSPEC;
	nfg->version = NFNETLINK_V0;
	nfg->res_id = htons(0);
	mnl_attr_put(nlh, NFQA_CFG_CMD, sizeof(cmd), &cmd);
	return talk(env, NETLINK_NETFILTER, nlh, "cannot hold packets (nfnetlink_queue)", err);
}

/* The header of a request for a queueing discipline at the firewall's first interface. */
static struct nlmsghdr *qdisc_request(const struct probe_env *env, char *buf, const char *kind)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct tcmsg *tc;

	nlh->nlmsg_type = RTM_NEWQDISC;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
	tc = mnl_nlmsg_put_extra_header(nlh, sizeof(*tc));
	tc->tcm_family = AF_UNSPEC;
	tc->tcm_ifindex = env->topo.links[0].ifindex[1];
	tc->tcm_parent = TC_H_ROOT;
	mnl_attr_put_strz(nlh, TCA_KIND, kind);
	return nlh;
}

int try_netem(struct probe_env *env, struct lab_err *err)
{
	const struct tc_netem_qopt options = { .limit = 1000 };
	char buf[512] = { 0 };
	struct nlmsghdr *nlh = qdisc_request(env, buf, "netem");

	mnl_attr_put(nlh, TCA_OPTIONS, sizeof(options), &options);
	return talk(env, NETLINK_ROUTE, nlh, "cannot delay packets (netem)", err);
}

int try_tbf(struct probe_env *env, struct lab_err *err)
{
	const struct tc_tbf_qopt options = { .rate = { .rate = 125000, .linklayer = 1 },
					     .limit = 100000,
					     .buffer = 1000000 }; /* ticks of 64 ns */
	char buf[512] = { 0 };
	struct nlmsghdr *nlh = qdisc_request(env, buf, "tbf");
	struct nlattr *nest = mnl_attr_nest_start(nlh, TCA_OPTIONS);

	mnl_attr_put(nlh, TCA_TBF_PARMS, sizeof(options), &options);
	mnl_attr_nest_end(nlh, nest);
	return talk(env, NETLINK_ROUTE, nlh, "cannot keep a rate (tbf)", err);
}
