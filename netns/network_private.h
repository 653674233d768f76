/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A network from the inside: shared by network.c, which builds it, and network_change.c. */
#ifndef NSLAB_NETNS_NETWORK_PRIVATE_H
#define NSLAB_NETNS_NETWORK_PRIVATE_H

#include "netns/network.h"

struct rt;
struct sysctl_pin;

struct net_host {
	int ns;
	struct rt *rt;
};

/**
 * struct net_link - what has become of a link since it was planned
 * @mtu: as in the topology until it was set anew
 * @down: the end that was lowered, -1 while it is up
 * @silent: [end]: the host at this end does not answer the other
 */
struct net_link {
	uint32_t mtu;
	int down;
	bool silent[2];
};

struct network {
	const struct topology *topo;
	struct network_options options;
	int home;
	int sysctl_dir;
	struct net_host *hosts;
	struct net_link *links;
	const char **missing;
	int n_missing;
	/* pins that a new namespace does not already have, found at the first host */
	const struct sysctl_pin **needed;
	int n_needed;
	bool needed_known;
	bool has_ipv6;
};

/** network_host_create() - namespace, sysctls and rtnetlink socket of a host; leaves the thread in it */
int network_host_create(struct network *net, int host, struct lab_err *err);

/**
 * network_host_late_sysctls() - those of the topology, when the interfaces are there that they may name
 * @folder: only those beneath it, "net/ipv6/conf/eth0/"; NULL for all
 * @missing_ok: one that is not there is no error
 */
int network_host_late_sysctls(struct network *net, int host, const char *folder, bool missing_ok,
			      struct lab_err *err);

/** network_link_has() - does the link carry this family, with the MTU that it has now? */
bool network_link_has(const struct network *net, int link, int fam);

/**
 * network_end_configure() - addresses, up, neighbours of one end
 * @again: what is there already may stay
 */
int network_end_configure(struct network *net, int link, int end, bool again, struct lab_err *err);

/** network_host_routes() - a host's routes; @hops: room for one for each link */
int network_host_routes(struct network *net, int host, bool again, struct topo_hop *hops,
			struct lab_err *err);

#endif
