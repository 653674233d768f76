/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is to be built: hosts and links as plain data, and the addresses and routes they get. */
#ifndef NSLAB_NETNS_TOPOLOGY_H
#define NSLAB_NETNS_TOPOLOGY_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "netns/err.h"

/* index of an address family in arrays: FAM4 for AF_INET, FAM6 for AF_INET6 */
enum { FAM4, FAM6, FAM_COUNT };

/**
 * struct topo_addr - an interface address
 * @set: whether there is one
 * @prefix: its length in bits
 * @bytes: network byte order, the first 4 for IPv4, all 16 for IPv6
 */
struct topo_addr {
	bool set;
	uint8_t prefix;
	uint8_t bytes[16];
};

/** struct topo_sysctl - @key is dotted and starts with "net."; both strings belong to the owner */
struct topo_sysctl {
	char *key;
	char *value;
};

/** enum topo_forward - does a host pass on packets that are not its own? */
enum topo_forward {
	FORWARD_AUTO, /* yes, if it has more than one link */
	FORWARD_NO,
	FORWARD_YES,
};

struct topo_host {
	char *name;
	enum topo_forward forward;
	struct topo_sysctl *sysctls;
	int n_sysctls;
};

/**
 * struct topo_link - a wire between two hosts
 * @host: index of the host at either end
 * @addr: [end][family]; those not set are chosen by topology_complete()
 * @mtu: bytes, 0 for 1500
 * @ifindex: [end], interface number inside the host: from 2 on, no two of a topology are the same
 * @ifname: [end], "eth0", "eth1" …
 */
struct topo_link {
	int host[2];
	struct topo_addr addr[2][FAM_COUNT];
	uint32_t mtu;
	int ifindex[2];
	char ifname[2][16];
};

struct topology {
	struct topo_host *hosts;
	int n_hosts;
	struct topo_link *links;
	int n_links;
};

enum { TOPO_MAX_HOSTS = 1024, TOPO_MAX_LINKS = 4096 };

/** topology_free() - free what the hosts and links own, and empty the struct */
void topology_free(struct topology *topo);

/**
 * topology_complete() - choose what was left open, and check the whole
 * Numbers interfaces, decides FORWARD_AUTO, chooses 10.0.N.1 and .2 in a /24 and fd00:0:0:N::1
 * and ::2 in a /64 for the N-th link where no address was given.
 * @ret_host, @ret_link: on failure the culprit's index, or -1; may be NULL
 * Return: 0, or -EINVAL: a link to itself, a host that no link reaches, two networks that
 * overlap, two ends in different networks, an address given twice
 */
int topology_complete(struct topology *topo, int *ret_host, int *ret_link, struct lab_err *err);

/**
 * struct topo_hop - the next hop on the way from a host to a link's network
 * @link, @end: the interface of this host through which the packet leaves; -1 if there is no way
 *
 * The router's address is ``links[link].addr[!end]``.
 */
struct topo_hop {
	int link;
	int end;
};

/**
 * topology_routes() - the shortest way from @host to every link
 * @ret_hops: filled, one for each link; for a link that @host is on, itself
 * Ways lead through hosts that forward; only where there is none, through one that does not
 * (and will drop the packet, as a router with forwarding switched off does).
 * Return: 0 or -ENOMEM
 */
int topology_routes(const struct topology *topo, int host, struct topo_hop *ret_hops,
		    struct lab_err *err);

/** topology_host() - index of the host named @name, or -1 */
int topology_host(const struct topology *topo, const char *name);

/**
 * topology_addr() - by which address @asker knows @host
 * The address on the link where the shortest way from @asker arrives; @asker's own first one
 * if both are the same host.
 * @fam: FAM4 or FAM6
 * Return: the address, or NULL if there is none
 */
const struct topo_addr *topology_addr(const struct topology *topo, int asker, int host, int fam);

/** topology_owner() - index of the host that has the address @bytes, or -1 */
int topology_owner(const struct topology *topo, int fam, const void *bytes);

/** topo_af() - AF_INET or AF_INET6 for FAM4 or FAM6 */
static inline int topo_af(int fam)
{
	return fam == FAM6 ? AF_INET6 : AF_INET;
}

/** topo_addr_len() - bytes of an address: 4 or 16 */
static inline int topo_addr_len(int fam)
{
	return fam == FAM6 ? 16 : 4;
}

/** topo_addr_parse() - "10.0.0.1/24" or "fd00::1/64"; returns FAM4 or FAM6, or -1 */
int topo_addr_parse(const char *text, struct topo_addr *ret_addr);

/** topo_addr_text() - the address without its prefix length; returns @buf */
const char *topo_addr_text(int fam, const struct topo_addr *addr, char buf[INET6_ADDRSTRLEN]);

#endif
