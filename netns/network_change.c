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

	if (net->links[link].down >= 0) {
		/* the end that was not lowered, unless it has not noticed yet */
		int e = !net->links[link].down;

		ret = rt_link_ready(net->hosts[l->host[e]].rt, l->ifindex[e], err);
		return ret < 0 ? ret : !ret;
	}
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
	const struct topo_link *l = &net->topo->links[link];
	int ret = 0;

	for (int e = 0; !ret && e < 2; e++) {
		char folder[64];

		if (net->links[link].down != e)
			ret = network_end_configure(net, link, e, true, err);
		/* its settings went with it */
		snprintf(folder, sizeof(folder), "net/ipv6/conf/%s/", l->ifname[e]);
		ret = ret ?: network_host_late_sysctls(net, l->host[e], folder, true, err);
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

/* Everything of the new namespace but its wires. */
static int namespace_anew(struct network *net, int host, struct lab_err *err)
{
	int ret = network_host_create(net, host, err);

	if (ns_enter(net->home, ret ? NULL : err) < 0 && !ret)
		ret = -EIO;
	return ret ?: rt_link_set(net->hosts[host].rt, 1, 1, err);
}

static int wires_move(struct network *net, int host, struct rt *from, struct lab_err *err)
{
	int ret = 0;

	for (int i = 0; !ret && i < 2 * net->topo->n_links; i++) {
		const struct topo_link *l = &net->topo->links[i / 2];

		if (l->host[i % 2] != host)
			continue;
		/* an interface that arrives without ARP gets other defaults */
		if (net->links[i / 2].silent[i % 2])
			ret = rt_link_set(from, l->ifindex[i % 2], 0, err) ?:
				      rt_link_arp(from, l->ifindex[i % 2], 1, err);
		ret = ret ?: rt_link_move(from, l->ifindex[i % 2], net->hosts[host].ns, err);
	}
	return ret;
}

int network_reboot(struct network *net, int host, struct lab_err *err)
{
	struct net_host old = net->hosts[host];
	int ret;

	net->hosts[host] = (struct net_host){ .ns = -1 };
	ret = namespace_anew(net, host, err) ?: wires_move(net, host, old.rt, err);
	rt_close(old.rt);
	close_fd(&old.ns);
	return ret < 0 ? lab_err_wrap(err, "cannot reboot host %s", net->topo->hosts[host].name) :
			 0;
}

/* The host at this end was silent and answers again: the other knows it again. */
static int silence_break(struct network *net, int link, int end, struct lab_err *err)
{
	net->links[link].silent[end] = false;
	if (net->links[link].down == !end)
		return 0; /* it learns it when it is raised */
	return network_end_configure(net, link, !end, true, err);
}

int network_host_up(struct network *net, int host, struct lab_err *err)
{
	int ret = 0;

	for (int i = 0; !ret && i < 2 * net->topo->n_links; i++) {
		struct net_link *link = &net->links[i / 2];

		if (net->topo->links[i / 2].host[i % 2] != host)
			continue;
		if (link->silent[i % 2])
			ret = silence_break(net, i / 2, i % 2, err);
		if (link->down == i % 2)
			link->down = -1;
		ret = ret ?: network_end_configure(net, i / 2, i % 2, true, err);
	}
	ret = ret					?:
		      host_routes_again(net, host, err) ?:
		      network_host_late_sysctls(net, host, NULL, true, err);
	return ret < 0 ? lab_err_wrap(err, "cannot raise host %s", net->topo->hosts[host].name) : 0;
}

/*
 * IFF_NOARP does both: ARP is not answered, and an IPv6 address that is given to such an interface
 * joins no solicited-node group (RFC 4291, 2.7.1), so that solicitations are not even received. One that
 * is taken from it does not leave the group either, so it has to go before.
 */
static int end_hush(struct network *net, int link, int end, struct lab_err *err)
{
	const struct topo_link *l = &net->topo->links[link];
	const struct topo_addr *addr = &l->addr[end][FAM6];
	struct rt *rt = net->hosts[l->host[end]].rt;
	bool down = net->links[link].down == end;
	int ret = 0;

	if (!down && network_link_has(net, link, FAM6))
		ret = rt_addr_del(rt, l->ifindex[end], AF_INET6, addr->bytes, addr->prefix, err);
	ret = ret ?: rt_link_arp(rt, l->ifindex[end], 0, err);
	if (ret || down)
		return ret;
	return network_end_configure(net, link, end, true, err) ?:
		       host_routes_again(net, l->host[end], err);
}

static int end_forget(struct network *net, int link, int end, struct lab_err *err)
{
	const struct topo_link *l = &net->topo->links[link];
	int ret = 0;

	for (int fam = 0; !ret && fam < FAM_COUNT; fam++) {
		if (network_link_has(net, link, fam) && net->links[link].down != end)
			ret = rt_neigh_del(net->hosts[l->host[end]].rt, l->ifindex[end],
					   topo_af(fam), l->addr[!end][fam].bytes, err);
	}
	return ret;
}

int network_neighbour_silent(struct network *net, int host, int at, struct lab_err *err)
{
	const struct topo_host *hosts = net->topo->hosts;
	int found = 0, ret = 0;

	for (int i = 0; !ret && i < 2 * net->topo->n_links; i++) {
		const struct topo_link *l = &net->topo->links[i / 2];
		int end = i % 2;

		if (l->host[end] != host || l->host[!end] != at)
			continue;
		found++;
		if (net->links[i / 2].silent[end])
			continue;
		net->links[i / 2].silent[end] = true;
		ret = end_hush(net, i / 2, end, err) ?: end_forget(net, i / 2, !end, err);
	}
	if (!found)
		ret = lab_err_set(err, ENODEV, "no link joins them");
	return ret < 0 ? lab_err_wrap(err, "cannot let host %s be silent at %s", hosts[host].name,
				      hosts[at].name) :
			 0;
}
