// SPDX-License-Identifier: GPL-2.0-or-later
#include "netns/rt.h"

#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <netlink/cache.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/neighbour.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <netlink/socket.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>

#include "netns/cleanup.h"
#include "netns/ns.h"
#include "netns/transport.h"

struct rt {
	struct transport t;
};

int rt_open(struct rt **ret_rt, struct lab_err *err)
{
	struct rt *rt = calloc(1, sizeof(*rt));
	int ret;

	if (!rt)
		return lab_err_set(err, ENOMEM, "cannot open an rtnetlink socket");
	ret = transport_open(&rt->t, NETLINK_ROUTE, err);
	if (ret < 0) {
		free(rt);
		return ret;
	}
	*ret_rt = rt;
	return 0;
}

void rt_close(struct rt *rt)
{
	if (!rt)
		return;
	transport_close(&rt->t);
	free(rt);
}

static void msg_put(struct nl_msg **msg)
{
	nlmsg_free(*msg);
}
#define _cleanup_msg_ _cleanup_(msg_put)

static struct nl_addr *addr_of(int family, const void *bytes, int prefix)
{
	struct nl_addr *addr = nl_addr_build(family, bytes, family == AF_INET ? 4 : 16);

	if (addr)
		nl_addr_set_prefixlen(addr, prefix);
	return addr;
}

static void addr_drop(struct nl_addr **addr)
{
	nl_addr_put(*addr);
}
#define _cleanup_addr_ _cleanup_(addr_drop)

static const char *addr_text(int family, const void *addr, char text[INET6_ADDRSTRLEN])
{
	return inet_ntop(family, addr, text, INET6_ADDRSTRLEN) ?: "?";
}

static int end_fill(struct rtnl_link *link, const struct rt_veth_end *end, uint32_t mtu)
{
	_cleanup_addr_ struct nl_addr *mac = nl_addr_build(AF_LLC, end->mac, 6);

	if (!mac)
		return -NLE_NOMEM;
	rtnl_link_set_name(link, end->ifname);
	rtnl_link_set_ifindex(link, end->ifindex);
	rtnl_link_set_addr(link, mac);
	rtnl_link_set_ns_fd(link, end->ns_fd);
	if (mtu)
		rtnl_link_set_mtu(link, mtu);
	return 0;
}

int rt_veth_add(struct rt *rt, const struct rt_veth_end *a, const struct rt_veth_end *b,
		uint32_t mtu, struct lab_err *err)
{
	_cleanup_msg_ struct nl_msg *msg = NULL;
	struct rtnl_link *link = rtnl_link_veth_alloc();
	struct rtnl_link *peer;
	char doing[96];
	int ret;

	snprintf(doing, sizeof(doing), "cannot add the veth pair %s--%s", a->ifname, b->ifname);
	if (!link)
		return lab_err_set(err, ENOMEM, "%s", doing);
	peer = rtnl_link_veth_get_peer(link);
	ret = end_fill(link, a, mtu) ?: end_fill(peer, b, mtu);
	rtnl_link_put(peer);
	if (!ret)
		ret = rtnl_link_build_add_request(link, NLM_F_CREATE | NLM_F_EXCL, &msg);
	ret = transport_talk(&rt->t, ret, msg, err, doing);
	rtnl_link_put(link);
	if (ret == -EOPNOTSUPP)
		lab_err_fix(err, "the kernel has no veth: modprobe veth (CONFIG_VETH)");
	return ret;
}

/* RTM_NEWLINK of an interface that exists: @ifi says which flags change; one attribute if @size */
static int link_change(struct rt *rt, const struct ifinfomsg *ifi, int attr, const void *data,
		       int size, struct lab_err *err, const char *doing)
{
	_cleanup_msg_ struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, 0);
	int built = msg ? nlmsg_append(msg, (void *)ifi, sizeof(*ifi), NLMSG_ALIGNTO) : -NLE_NOMEM;

	if (!built && size)
		built = nla_put(msg, attr, size, data);
	return transport_talk(&rt->t, built, msg, err, doing);
}

int rt_link_set(struct rt *rt, int ifindex, int up, struct lab_err *err)
{
	struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC,
				 .ifi_index = ifindex,
				 .ifi_change = IFF_UP,
				 .ifi_flags = up ? IFF_UP : 0 };
	char doing[64];

	snprintf(doing, sizeof(doing), "cannot set interface %d %s", ifindex, up ? "up" : "down");
	return link_change(rt, &ifi, 0, NULL, 0, err, doing);
}

int rt_link_mtu(struct rt *rt, int ifindex, uint32_t mtu, struct lab_err *err)
{
	struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex };
	char doing[64];

	snprintf(doing, sizeof(doing), "cannot set the MTU of interface %d to %u", ifindex, mtu);
	return link_change(rt, &ifi, IFLA_MTU, &mtu, sizeof(mtu), err, doing);
}

int rt_link_arp(struct rt *rt, int ifindex, int on, struct lab_err *err)
{
	struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC,
				 .ifi_index = ifindex,
				 .ifi_change = IFF_NOARP,
				 .ifi_flags = on ? 0 : IFF_NOARP };
	char doing[64];

	snprintf(doing, sizeof(doing), "cannot let interface %d %s", ifindex,
		 on ? "answer" : "fall silent");
	return link_change(rt, &ifi, 0, NULL, 0, err, doing);
}

int rt_link_move(struct rt *rt, int ifindex, int ns_fd, struct lab_err *err)
{
	struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex };
	char doing[64];

	snprintf(doing, sizeof(doing), "cannot move interface %d", ifindex);
	return link_change(rt, &ifi, IFLA_NET_NS_FD, &ns_fd, sizeof(ns_fd), err, doing);
}

static void operstate_take(const struct nlmsghdr *nlh, void *arg)
{
	struct nlattr *attr = nlh->nlmsg_type == RTM_NEWLINK ?
				      nlmsg_find_attr((struct nlmsghdr *)nlh,
						      sizeof(struct ifinfomsg), IFLA_OPERSTATE) :
				      NULL;

	if (attr)
		*(int *)arg = nla_get_u8(attr);
}

/**
 * struct awaited - a state that deferred work of the kernel will bring about
 * @look: asks for it now: 1 if it is there, 0 if not yet, or -errno
 * @group: RTNLGRP_ that is notified when it changes
 * @what: for the message when it does not come
 */
struct awaited {
	int (*look)(struct rt *rt, const struct awaited *awaited, struct lab_err *err);
	int group;
	const char *what;
	int ifindex;
	const void *addr;
};

static int operstate_look(struct rt *rt, const struct awaited *awaited, struct lab_err *err)
{
	struct ifinfomsg ifi = { .ifi_family = AF_UNSPEC, .ifi_index = awaited->ifindex };
	_cleanup_msg_ struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETLINK, 0);
	int ret = msg ? nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO) : -NLE_NOMEM;
	int state = IF_OPER_UNKNOWN;

	rt->t.take = operstate_take;
	rt->t.take_arg = &state;
	ret = transport_talk(&rt->t, ret, msg, err, "cannot look at an interface");
	rt->t.take = NULL;
	return ret ?: state == IF_OPER_UP;
}

static void route_type_take(const struct nlmsghdr *nlh, void *arg)
{
	if (nlh->nlmsg_type == RTM_NEWROUTE && nlmsg_valid_hdr(nlh, sizeof(struct rtmsg)))
		*(int *)arg = ((struct rtmsg *)nlmsg_data(nlh))->rtm_type;
}

static int local_route_look(struct rt *rt, const struct awaited *awaited, struct lab_err *err)
{
	struct rtmsg rtm = { .rtm_family = AF_INET6, .rtm_dst_len = 128 };
	_cleanup_msg_ struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETROUTE, 0);
	int ret = msg ? nlmsg_append(msg, &rtm, sizeof(rtm), NLMSG_ALIGNTO) : -NLE_NOMEM;
	int type = RTN_UNSPEC;

	ret = ret ?: nla_put(msg, RTA_DST, 16, awaited->addr);
	rt->t.take = route_type_take;
	rt->t.take_arg = &type;
	ret = transport_talk(&rt->t, ret, msg, err, "cannot look up a route");
	rt->t.take = NULL;
	if (ret == -ENETUNREACH || ret == -EHOSTUNREACH)
		return 0;
	return ret ?: type == RTN_LOCAL;
}

/*
 * The slow way: be told of every change, and look again. addrconf's work queue runs one work at a time on a
 * processor, and each of them takes the RTNL lock, which tearing down a namespace holds for long: where
 * many labs end at once, seconds were seen.
 */
static int news_await(struct rt *rt, const struct awaited *awaited, struct transport *news,
		      struct lab_err *err)
{
	enum { PART_MS = 1000, PARTS = 10 };
	struct pollfd pfd = { .fd = nl_socket_get_fd(news->sk), .events = POLLIN };
	char buf[8192];

	/* each round ends with a change of something, or with a part of the time */
	for (int round = 0, parts = 0; round < 64 && parts <= PARTS; round++) {
		int ret = awaited->look(rt, awaited, err);

		if (ret)
			return ret < 0 ? ret : 0;
		if (poll(&pfd, 1, PART_MS) == 0)
			parts++;
		while (recv(pfd.fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
			;
	}
	return lab_err_set(err, ETIMEDOUT, "%s", awaited->what);
}

static int await(struct rt *rt, const struct awaited *awaited, const struct rt_place *place,
		 struct lab_err *err)
{
	struct transport news = { 0 };
	int ret = awaited->look(rt, awaited, err);

	if (ret)
		return ret < 0 ? ret : 0;
	/* notifications come to sockets of the interface's own namespace only */
	ret = ns_enter(place->ns_fd, err);
	if (!ret)
		ret = transport_open(&news, NETLINK_ROUTE, err);
	if (ns_enter(place->home_fd, ret ? NULL : err) < 0 && !ret)
		ret = -EIO;
	if (!ret && nl_socket_add_membership(news.sk, awaited->group) < 0)
		ret = lab_err_set(err, errno ?: EIO, "cannot be told of changes");
	if (!ret)
		ret = news_await(rt, awaited, &news, err);
	transport_close(&news);
	return ret;
}

int rt_link_wait(struct rt *rt, int ifindex, const struct rt_place *place, struct lab_err *err)
{
	char what[64];
	struct awaited awaited = {
		.look = operstate_look, .group = RTNLGRP_LINK, .what = what, .ifindex = ifindex
	};

	snprintf(what, sizeof(what), "interface %d does not come up", ifindex);
	return await(rt, &awaited, place, err);
}

int rt_addr_wait(struct rt *rt, const void *addr, const struct rt_place *place, struct lab_err *err)
{
	char what[96], text[INET6_ADDRSTRLEN];
	struct awaited awaited = {
		.look = local_route_look, .group = RTNLGRP_IPV6_ROUTE, .what = what, .addr = addr
	};

	snprintf(what, sizeof(what), "address %s does not come up",
		 addr_text(AF_INET6, addr, text));
	return await(rt, &awaited, place, err);
}

int rt_link_ready(struct rt *rt, int ifindex, struct lab_err *err)
{
	const struct awaited awaited = { .ifindex = ifindex };

	return operstate_look(rt, &awaited, err);
}

int rt_addr_ready(struct rt *rt, const void *addr, struct lab_err *err)
{
	const struct awaited awaited = { .addr = addr };

	return local_route_look(rt, &awaited, err);
}

static int addr_change(struct rt *rt, bool add, int ifindex, int family, const void *addr,
		       int prefix, struct lab_err *err)
{
	_cleanup_msg_ struct nl_msg *msg = NULL;
	_cleanup_addr_ struct nl_addr *local = addr_of(family, addr, prefix);
	struct rtnl_addr *obj = rtnl_addr_alloc();
	char doing[96], text[INET6_ADDRSTRLEN];
	int ret = -NLE_NOMEM;

	snprintf(doing, sizeof(doing), "cannot %s address %s/%d %s interface %d",
		 add ? "add" : "take", addr_text(family, addr, text), prefix, add ? "to" : "from",
		 ifindex);
	if (obj && local) {
		rtnl_addr_set_ifindex(obj, ifindex);
		rtnl_addr_set_local(obj, local);
		if (family == AF_INET6 && add)
			rtnl_addr_set_flags(obj, IFA_F_NODAD);
		ret = add ? rtnl_addr_build_add_request(obj, NLM_F_CREATE | NLM_F_EXCL, &msg) :
			    rtnl_addr_build_delete_request(obj, 0, &msg);
	}
	ret = transport_talk(&rt->t, ret, msg, err, doing);
	rtnl_addr_put(obj);
	return ret;
}

int rt_addr_add(struct rt *rt, int ifindex, int family, const void *addr, int prefix,
		struct lab_err *err)
{
	return addr_change(rt, true, ifindex, family, addr, prefix, err);
}

int rt_addr_del(struct rt *rt, int ifindex, int family, const void *addr, int prefix,
		struct lab_err *err)
{
	return addr_change(rt, false, ifindex, family, addr, prefix, err);
}

int rt_route_add(struct rt *rt, int family, const void *dst, int prefix, const void *via,
		 int ifindex, struct lab_err *err)
{
	_cleanup_msg_ struct nl_msg *msg = NULL;
	_cleanup_addr_ struct nl_addr *to = addr_of(family, dst, prefix);
	_cleanup_addr_ struct nl_addr *gw = addr_of(family, via, family == AF_INET ? 32 : 128);
	struct rtnl_route *route = rtnl_route_alloc();
	struct rtnl_nexthop *hop = rtnl_route_nh_alloc();
	char doing[128], text[INET6_ADDRSTRLEN], gw_text[INET6_ADDRSTRLEN];
	int ret = -NLE_NOMEM;

	snprintf(doing, sizeof(doing), "cannot add the route to %s/%d via %s",
		 addr_text(family, dst, text), prefix, addr_text(family, via, gw_text));
	if (to && gw && route && hop) {
		rtnl_route_set_family(route, family);
		rtnl_route_set_table(route, RT_TABLE_MAIN);
		rtnl_route_set_scope(route, RT_SCOPE_UNIVERSE);
		rtnl_route_set_protocol(route, RTPROT_STATIC);
		rtnl_route_set_dst(route, to);
		rtnl_route_nh_set_ifindex(hop, ifindex);
		rtnl_route_nh_set_gateway(hop, gw);
		rtnl_route_add_nexthop(route, TAKE_PTR(hop));
		ret = rtnl_route_build_add_request(route, NLM_F_CREATE | NLM_F_EXCL, &msg);
	}
	ret = transport_talk(&rt->t, ret, msg, err, doing);
	if (hop)
		rtnl_route_nh_free(hop);
	rtnl_route_put(route);
	return ret;
}

int rt_neigh_add(struct rt *rt, int ifindex, int family, const void *addr, const uint8_t mac[6],
		 struct lab_err *err)
{
	_cleanup_msg_ struct nl_msg *msg = NULL;
	_cleanup_addr_ struct nl_addr *dst = addr_of(family, addr, family == AF_INET ? 32 : 128);
	_cleanup_addr_ struct nl_addr *lladdr = nl_addr_build(AF_LLC, mac, 6);
	struct rtnl_neigh *neigh = rtnl_neigh_alloc();
	char doing[96], text[INET6_ADDRSTRLEN];
	int ret = -NLE_NOMEM;

	snprintf(doing, sizeof(doing), "cannot add the neighbour %s on interface %d",
		 addr_text(family, addr, text), ifindex);
	if (dst && lladdr && neigh) {
		rtnl_neigh_set_ifindex(neigh, ifindex);
		rtnl_neigh_set_family(neigh, family);
		rtnl_neigh_set_dst(neigh, dst);
		rtnl_neigh_set_lladdr(neigh, lladdr);
		rtnl_neigh_set_state(neigh, NUD_PERMANENT);
		ret = rtnl_neigh_build_add_request(neigh, NLM_F_CREATE | NLM_F_REPLACE, &msg);
	}
	ret = transport_talk(&rt->t, ret, msg, err, doing);
	rtnl_neigh_put(neigh);
	return ret;
}

int rt_neigh_del(struct rt *rt, int ifindex, int family, const void *addr, struct lab_err *err)
{
	_cleanup_msg_ struct nl_msg *msg = NULL;
	_cleanup_addr_ struct nl_addr *dst = addr_of(family, addr, family == AF_INET ? 32 : 128);
	struct rtnl_neigh *neigh = rtnl_neigh_alloc();
	char doing[96], text[INET6_ADDRSTRLEN];
	int ret = -NLE_NOMEM;

	snprintf(doing, sizeof(doing), "cannot forget the neighbour %s on interface %d",
		 addr_text(family, addr, text), ifindex);
	if (dst && neigh) {
		rtnl_neigh_set_ifindex(neigh, ifindex);
		rtnl_neigh_set_family(neigh, family);
		rtnl_neigh_set_dst(neigh, dst);
		ret = rtnl_neigh_build_delete_request(neigh, 0, &msg);
	}
	ret = transport_talk(&rt->t, ret, msg, err, doing);
	rtnl_neigh_put(neigh);
	return ret;
}
