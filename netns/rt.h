/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rtnetlink requests: veth pairs, addresses, routes, neighbours. Wraps libnl-route-3. */
#ifndef NSLAB_NETNS_RT_H
#define NSLAB_NETNS_RT_H

#include <stdint.h>

#include "netns/err.h"

struct rt;

/** rt_open() - a NETLINK_ROUTE socket in the calling thread's namespace; free with rt_close() */
int rt_open(struct rt **ret_rt, struct lab_err *err);
void rt_close(struct rt *rt);

/**
 * struct rt_veth_end - one end of a wire, as it is to be born
 * @ns_fd: the namespace in which it appears
 * @ifname: 1 to 15 bytes
 * @ifindex: chosen by the caller, free in that namespace, so that nobody has to look it up
 * @mac: its address, known in advance so that the other end's neighbour entry can be written
 */
struct rt_veth_end {
	int ns_fd;
	const char *ifname;
	int ifindex;
	uint8_t mac[6];
};

/**
 * rt_veth_add() - make a veth pair, both ends in place, both still down
 * @mtu: bytes, 0 for the kernel's 1500
 */
int rt_veth_add(struct rt *rt, const struct rt_veth_end *a, const struct rt_veth_end *b,
		uint32_t mtu, struct lab_err *err);

/** rt_link_set() - raise or lower an interface (IFF_UP) */
int rt_link_set(struct rt *rt, int ifindex, int up, struct lab_err *err);

/** rt_link_mtu() - set an interface's MTU */
int rt_link_mtu(struct rt *rt, int ifindex, uint32_t mtu, struct lab_err *err);

/**
 * rt_link_arp() - shall an interface answer who asks for its address (IFF_NOARP)?
 * With IPv6 an interface that does not leaves out the group that it is asked in when it is given an
 * address, so that has to be given anew. Changing this flushes the interface's neighbours.
 */
int rt_link_arp(struct rt *rt, int ifindex, int on, struct lab_err *err);

/** rt_link_move() - into another namespace, where it arrives lowered, with the same number and name if free */
int rt_link_move(struct rt *rt, int ifindex, int ns_fd, struct lab_err *err);

/** struct rt_place - namespaces by fd: where @rt's socket is, and where the calling thread is */
struct rt_place {
	int ns_fd, home_fd;
};

/**
 * rt_link_wait() - wait until an interface that was raised can send
 * The kernel lets the first end of a veth pair send only when its link watch has seen the second one
 * come up, which is deferred work: until then packets are thrown away without a word. Kernels since
 * 6.9 catch up when asked for the link; on older ones this waits for the notification, for at most
 * ten seconds.
 * Return: 0, -ETIMEDOUT, or -errno
 */
int rt_link_wait(struct rt *rt, int ifindex, const struct rt_place *place, struct lab_err *err);

/** rt_link_ready() - the same, looking only once: 1, 0 if not yet, -errno */
int rt_link_ready(struct rt *rt, int ifindex, struct lab_err *err);

/** rt_addr_add() - @addr in network byte order, 4 or 16 bytes by @family; without DAD */
int rt_addr_add(struct rt *rt, int ifindex, int family, const void *addr, int prefix,
		struct lab_err *err);

/** rt_addr_del() - take an address away */
int rt_addr_del(struct rt *rt, int ifindex, int family, const void *addr, int prefix,
		struct lab_err *err);

/**
 * rt_addr_wait() - wait until an IPv6 address receives
 * The kernel makes the local route of a new IPv6 address in a work queue, even without DAD; until it
 * is there, packets to the address are thrown away. As rt_link_wait(), for at most two seconds.
 */
int rt_addr_wait(struct rt *rt, const void *addr, const struct rt_place *place,
		 struct lab_err *err);

/** rt_addr_ready() - the same, looking only once: 1, 0 if not yet, -errno */
int rt_addr_ready(struct rt *rt, const void *addr, struct lab_err *err);

/** rt_route_add() - @dst/@prefix through the router @via on @ifindex */
int rt_route_add(struct rt *rt, int family, const void *dst, int prefix, const void *via,
		 int ifindex, struct lab_err *err);

/** rt_neigh_add() - a permanent neighbour entry: @addr is at @mac */
int rt_neigh_add(struct rt *rt, int ifindex, int family, const void *addr, const uint8_t mac[6],
		 struct lab_err *err);

/** rt_neigh_del() - forget a neighbour, a permanent one too; -ENOENT if it is not known */
int rt_neigh_del(struct rt *rt, int ifindex, int family, const void *addr, struct lab_err *err);

#endif
