// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: what happens to a network after it was built. When an interface is lowered
 * the kernel flushes its neighbours, the permanent ones too, and the routes through it, and takes its
 * IPv6 addresses; an IPv4 address stays, and with it comes back the route to its own network.
 * At the other end, which loses its carrier, everything stays, and routes are marked until it returns.
 * So what was built is written again at one end, and what is still there may stay.
 */
#include "netns/network.h"

#include "netns/cleanup.h"
#include "netns/network_private.h"
#include "netns/ns.h"
#include "netns/rt.h"

enum { MTU_MIN = 68, MTU_MAX = 65535 }; /* RFC 791, IP's own limit */

/* "link client--fw", for errors */
static int link_error(const struct network *net, int link, int ret, const char *doing,
		      struct lab_err *err)
{
	const struct topo_link *l = &net->topo->links[link];
	const struct topo_host *hosts = net->topo->hosts;

	return ret < 0 ? lab_err_wrap(err, "cannot %s the link %s -- %s", doing,
				      hosts[l->host[0]].name, hosts[l->host[1]].name) :
			 ret;
}

static int host_routes_again(struct network *net, int host, struct lab_err *err)
{
	_cleanup_free_ struct topo_hop *hops =
		calloc((size_t)net->topo->n_links + 1, sizeof(*hops));

	if (!hops)
		return lab_err_set(err, ENOMEM, "out of memory");
	return network_host_routes(net, host, true, hops, err);
}

int network_link_down(struct network *net, int link, int end, struct lab_err *err)
{
	const struct topo_link *l = &net->topo->links[link];
	int ret;

	if (net->links[link].down >= 0)
		ret = lab_err_set(err, EALREADY, "it is down");
	else
		ret = rt_link_set(net->hosts[l->host[end]].rt, l->ifindex[end], 0, err);
	if (!ret)
		net->links[link].down = end;
	return link_error(net, link, ret, "lower", err);
}

int network_link_up(struct network *net, int link, struct lab_err *err)
{
	int end = net->links[link].down, ret;

	if (end < 0) {
		ret = lab_err_set(err, EALREADY, "it is up");
	} else {
		net->links[link].down = -1;
		ret = network_end_configure(net, link, end, true, err);
		if (!ret)
			ret = host_routes_again(net, net->topo->links[link].host[end], err);
	}
	return link_error(net, link, ret, "raise", err);
}

int network_link_ready(struct network *net, int link, struct lab_err *err)
{
	const struct topo_link *l = &net->topo->links[link];
	int ret = 1;

	if (net->links[link].down >= 0)
		return 1;
	for (int e = 0; ret == 1 && e < 2; e++) {
		struct rt *rt = net->hosts[l->host[e]].rt;

		ret = rt_link_ready(rt, l->ifindex[e], err);
		if (ret == 1 && network_link_has(net, link, FAM6))
			ret = rt_addr_ready(rt, l->addr[e][FAM6].bytes, err);
	}
	return ret;
}

/* Below 1280 the kernel takes IPv6 from the interface, from 1280 on it has to be given back. */
static int ipv6_return(struct network *net, int link, struct lab_err *err)
{
	int ret = 0;

	for (int e = 0; !ret && e < 2; e++) {
		if (net->links[link].down != e)
			ret = network_end_configure(net, link, e, true, err);
	}
	/* all hosts: the network behind the link had no route with IPv6 while it had none itself */
	for (int h = 0; !ret && h < net->topo->n_hosts; h++)
		ret = host_routes_again(net, h, err);
	return ret;
}

int network_link_mtu(struct network *net, int link, uint32_t mtu, struct lab_err *err)
{
	const struct topo_link *l = &net->topo->links[link];
	bool had_ipv6 = network_link_has(net, link, FAM6);
	int ret = 0;

	if (mtu < MTU_MIN || mtu > MTU_MAX)
		ret = lab_err_set(err, EINVAL, "an MTU of %u is not between %d and %d", mtu,
				  MTU_MIN, MTU_MAX);
	for (int e = 0; !ret && e < 2; e++)
		ret = rt_link_mtu(net->hosts[l->host[e]].rt, l->ifindex[e], mtu, err);
	if (!ret)
		net->links[link].mtu = mtu;
	if (!ret && !had_ipv6 && network_link_has(net, link, FAM6))
		ret = ipv6_return(net, link, err);
	return link_error(net, link, ret, "set the MTU of", err);
}
