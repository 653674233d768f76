/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A topology, built: namespaces, wires, addresses, routes, neighbours, sysctls. */
#ifndef NSLAB_NETNS_NETWORK_H
#define NSLAB_NETNS_NETWORK_H

#include <stdbool.h>

#include "netns/err.h"
#include "netns/topology.h"

struct network;

/**
 * struct network_options - how to build
 * @unpinned: leave the kernel's own sysctls (forwarding and what the topology names is still set)
 * @offload: leave segmentation and checksum offload on
 */
struct network_options {
	bool unpinned;
	bool offload;
};

/**
 * network_build() - build @topo out of the calling thread's namespace
 * @topo: completed (topology_complete()); borrowed for as long as the network lives
 * @ret: free with network_free()
 *
 * Works on the calling thread's network namespace only while building: that is where its hosts'
 * namespaces are made from. It is the same before and after. Call it inside a sandbox.
 * Return: 0, or -errno with the step that failed; nothing is left then. -ENOENT: this kernel lacks a
 * sysctl that the topology names
 */
int network_build(const struct topology *topo, const struct network_options *options,
		  struct network **ret, struct lab_err *err);
void network_free(struct network *net);

/** network_ns() - the fd of a host's namespace, owned by the network */
int network_ns(const struct network *net, int host);

/** network_mac() - the address of interface @ifindex of host number @host */
void network_mac(int host, int ifindex, uint8_t mac[6]);

/** network_enter() - put the calling thread into a host's namespace, or back with @host -1 */
int network_enter(const struct network *net, int host, struct lab_err *err);

/** network_socket() - a socket inside a host, see ns_socket(); fd or -errno */
int network_socket(const struct network *net, int host, int family, int type, int protocol,
		   struct lab_err *err);

/** network_sysctl_set() - write a sysctl in a host's namespace; 0 or -errno */
int network_sysctl_set(const struct network *net, int host, const char *key, const char *value,
		       struct lab_err *err);

/** network_has_ipv6() - whether the kernel has IPv6; without it, hosts have IPv4 addresses only */
bool network_has_ipv6(const struct network *net);

/**
 * network_missing() - pinned sysctls that this kernel lacks, so that they were skipped
 * Return: the i-th key, NULL behind the last
 */
const char *network_missing(const struct network *net, int i);

/**
 * network_link_down() - lower the interface at one end of a link, as ``ip link set down`` does
 * @end: that host loses the interface's addresses and routes as the kernel takes them; the other end
 *       loses its carrier, as with a pulled cable, and keeps its addresses and routes. See
 *       network_link_ready()
 * Return: 0; -EALREADY if either end was lowered; -errno
 */
int network_link_down(struct network *net, int link, int end, struct lab_err *err);

/**
 * network_link_up() - raise the end that was lowered, with the addresses, neighbours and routes that
 * it was built with
 * Return: 0 or -errno. It carries packets once network_link_ready() says so
 */
int network_link_up(struct network *net, int link, struct lab_err *err);

/**
 * network_link_ready() - has a change reached both ends?
 * Of a link that was raised, or whose host was rebooted: can both send and receive? Of one that was
 * lowered: has the other end noticed that its carrier is gone? Until it has, its packets vanish on the
 * wire, afterwards in its own queue, which TCP can tell. The kernel's deferred work may take up to a second
 * (before Linux 6.9), see rt_link_wait(); this looks without waiting.
 * Return: 1 or 0, -errno
 */
int network_link_ready(struct network *net, int link, struct lab_err *err);

/**
 * network_link_mtu() - another MTU at both ends
 * Below 1280 the kernel takes IPv6 from the link, as when it is built so; it is put back from 1280 on.
 * Return: 0; -EINVAL below 68 or above 65535; -errno
 */
int network_link_mtu(struct network *net, int link, uint32_t mtu, struct lab_err *err);

/**
 * network_reboot() - make a host's namespace anew: same addresses, routes, sysctls; no sockets, no rules,
 * no connection tracking
 * Its ends of wires move to the new namespace, so nothing that ends in the old one says a word to anybody,
 * and the other ends only lose their carrier. Who holds a socket of the old namespace still holds it,
 * and it reaches nobody. What steps have set by sysctl is forgotten.
 * The host's interfaces are down until network_host_up(), so that whoever watches it can be there first.
 * Return: 0 or -errno; network_ns() is then another
 */
int network_reboot(struct network *net, int host, struct lab_err *err);

/**
 * network_host_up() - raise a host's own ends with all that they were built with, also one that was lowered
 * A host that had fallen silent answers again. See network_link_ready().
 */
int network_host_up(struct network *net, int host, struct lab_err *err);

/**
 * network_neighbour_silent() - @host does not answer when @at looks for it (ARP, neighbour discovery)
 * @at forgets where it is. On all links that join them, until @host is rebooted.
 * Return: 0; -ENODEV if no link joins them; -errno
 */
int network_neighbour_silent(struct network *net, int host, int at, struct lab_err *err);

/**
 * network_host_join() - make the calling process one that lives in @host
 * @fams: families in which it knows the others' addresses: 1 << FAM4 | 1 << FAM6
 * @resolv_conf: text of its /etc/resolv.conf; NULL: it has no name server
 * For a child between fork and exec: enters the host's network namespace and a mount namespace of
 * its own, in which /etc/hosts names every host of the topology by the address nearest to @host, and no
 * name service of the machine is asked.
 * Return: 0 or -errno
 */
int network_host_join(const struct network *net, int host, unsigned fams, const char *resolv_conf,
		      struct lab_err *err);

/**
 * network_hosts_file() - the text of a host's /etc/hosts; @fams as above
 * Return: malloced text, NULL when memory is out
 */
char *network_hosts_file(const struct topology *topo, int host, unsigned fams);

#endif
