// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a topology is a graph, hosts are its nodes and links its edges. Every link
 * is a network of its own. From each host a breadth-first search gives the first hop towards
 * every other host; a link's network is reached at whichever of its two hosts is nearer. There are
 * few hosts and we run once, so nothing here is clever.
 */
#include "netns/topology.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netns/cleanup.h"

void topology_free(struct topology *topo)
{
	for (int i = 0; i < topo->n_hosts; i++) {
		struct topo_host *host = &topo->hosts[i];

		for (int s = 0; s < host->n_sysctls; s++) {
			free(host->sysctls[s].key);
			free(host->sysctls[s].value);
		}
		free(host->sysctls);
		free(host->name);
	}
	free(topo->hosts);
	free(topo->links);
	memset(topo, 0, sizeof(*topo));
}

int topology_host(const struct topology *topo, const char *name)
{
	for (int i = 0; i < topo->n_hosts; i++) {
		if (!strcmp(topo->hosts[i].name, name))
			return i;
	}
	return -1;
}

int topo_addr_parse(const char *text, struct topo_addr *ret_addr)
{
	struct topo_addr addr = { .set = true };
	char buf[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	char *end;
	long prefix;
	int fam;

	if (!slash || (size_t)(slash - text) >= sizeof(buf) || slash[1] < '0' || slash[1] > '9')
		return -1;
	memcpy(buf, text, slash - text);
	buf[slash - text] = '\0';
	prefix = strtol(slash + 1, &end, 10);
	if (*end)
		return -1;
	if (inet_pton(AF_INET, buf, addr.bytes) == 1)
		fam = FAM4;
	else if (inet_pton(AF_INET6, buf, addr.bytes) == 1)
		fam = FAM6;
	else
		return -1;
	/* two hosts have to fit into the network */
	if (prefix < 1 || prefix > topo_addr_len(fam) * 8 - 1)
		return -1;
	addr.prefix = (uint8_t)prefix;
	*ret_addr = addr;
	return fam;
}

const char *topo_addr_text(int fam, const struct topo_addr *addr, char buf[INET6_ADDRSTRLEN])
{
	if (!inet_ntop(topo_af(fam), addr->bytes, buf, INET6_ADDRSTRLEN))
		snprintf(buf, INET6_ADDRSTRLEN, "?");
	return buf;
}

/* Do the first @bits of both addresses agree? */
static bool prefix_equal(const uint8_t *a, const uint8_t *b, int bits)
{
	int rest = bits % 8;

	if (memcmp(a, b, bits / 8))
		return false;
	return !rest || !((a[bits / 8] ^ b[bits / 8]) >> (8 - rest));
}

static bool networks_overlap(const struct topo_addr *a, const struct topo_addr *b)
{
	return prefix_equal(a->bytes, b->bytes, a->prefix < b->prefix ? a->prefix : b->prefix);
}

/* The @n-th network of our own choice: 10.x.y.0/24 or fd00:0:0:n::/64, host part @end + 1. */
static struct topo_addr addr_choose(int fam, int n, int end)
{
	struct topo_addr addr = { .set = true };

	if (fam == FAM4) {
		addr.prefix = 24;
		addr.bytes[0] = 10;
		addr.bytes[1] = (uint8_t)(n >> 8);
		addr.bytes[2] = (uint8_t)n;
		addr.bytes[3] = (uint8_t)(end + 1);
	} else {
		addr.prefix = 64;
		addr.bytes[0] = 0xfd;
		addr.bytes[6] = (uint8_t)(n >> 8);
		addr.bytes[7] = (uint8_t)n;
		addr.bytes[15] = (uint8_t)(end + 1);
	}
	return addr;
}

/* Index of a link whose network overlaps @addr, or -1; @self is left out. */
static int overlap_find(const struct topology *topo, int fam, const struct topo_addr *addr,
			int self)
{
	for (int i = 0; i < topo->n_links; i++) {
		if (i == self)
			continue;
		for (int end = 0; end < 2; end++) {
			const struct topo_addr *other = &topo->links[i].addr[end][fam];

			if (other->set && networks_overlap(addr, other))
				return i;
		}
	}
	return -1;
}

/* Is the part behind the prefix all zeros (the network itself), or on IPv4 all ones (broadcast)? */
static bool host_part_special(int fam, const struct topo_addr *addr)
{
	int bits = topo_addr_len(fam) * 8;
	bool zeros = true, ones = fam == FAM4;

	/* RFC 3021 and RFC 6164: with a single bit there are just the two hosts */
	if (addr->prefix >= bits - 1)
		return false;
	for (int i = addr->prefix; i < bits; i++) {
		bool bit = addr->bytes[i / 8] >> (7 - i % 8) & 1;

		zeros &= !bit;
		ones &= bit;
	}
	return zeros || ones;
}

/* Choose an address in the network of @given that is not @given itself. */
static struct topo_addr addr_neighbour(int fam, const struct topo_addr *given)
{
	struct topo_addr addr = *given;

	/* one of the three has an ordinary host part wherever two hosts fit in */
	for (uint8_t flip = 1; flip <= 3; flip++) {
		addr = *given;
		addr.bytes[topo_addr_len(fam) - 1] ^= flip;
		if (!host_part_special(fam, &addr))
			break;
	}
	return addr;
}

static int link_choose(struct topology *topo, int i, int fam, int *next, struct lab_err *err)
{
	struct topo_link *link = &topo->links[i];
	struct topo_addr *a = &link->addr[0][fam], *b = &link->addr[1][fam];

	if (a->set && b->set)
		return 0;
	if (a->set) {
		*b = addr_neighbour(fam, a);
		return 0;
	}
	if (b->set) {
		*a = addr_neighbour(fam, b);
		return 0;
	}
	for (; *next < 65536; (*next)++) {
		struct topo_addr choice = addr_choose(fam, *next, 0);

		if (overlap_find(topo, fam, &choice, -1) >= 0)
			continue;
		*a = choice;
		*b = addr_choose(fam, *next, 1);
		(*next)++;
		return 0;
	}
	return lab_err_set(err, EINVAL, "no free network is left for link %d", i + 1);
}

static int addresses_check(const struct topology *topo, int i, int fam, struct lab_err *err)
{
	const struct topo_link *link = &topo->links[i];
	const struct topo_addr *a = &link->addr[0][fam], *b = &link->addr[1][fam];
	const char *host_a = topo->hosts[link->host[0]].name;
	const char *host_b = topo->hosts[link->host[1]].name;
	char ta[INET6_ADDRSTRLEN], tb[INET6_ADDRSTRLEN];
	int other;

	topo_addr_text(fam, a, ta);
	topo_addr_text(fam, b, tb);
	if (!memcmp(a->bytes, b->bytes, topo_addr_len(fam)))
		return lab_err_set(err, EINVAL, "both ends of %s -- %s have the address %s", host_a,
				   host_b, ta);
	if (a->prefix != b->prefix || !networks_overlap(a, b))
		return lab_err_set(err, EINVAL,
				   "the ends of %s -- %s are in different networks: %s/%d and %s/%d",
				   host_a, host_b, ta, a->prefix, tb, b->prefix);
	other = overlap_find(topo, fam, a, i);
	if (other >= 0)
		return lab_err_set(err, EINVAL,
				   "the network %s/%d of %s -- %s overlaps that of %s -- %s", ta,
				   a->prefix, host_a, host_b,
				   topo->hosts[topo->links[other].host[0]].name,
				   topo->hosts[topo->links[other].host[1]].name);
	return 0;
}

/*
 * Number and name the interfaces, count the links of each host. Names count in each host, numbers
 * over all: to a kernel before 6.8 a veth end whose peer has the same number is no link of two ends
 * (linkwatch_urgent_event()), and it waits for up to a second before it sends.
 */
static int interfaces_number(struct topology *topo, int *degree, int *ret_link, struct lab_err *err)
{
	for (int i = 0; i < topo->n_links; i++) {
		struct topo_link *link = &topo->links[i];

		if (link->host[0] == link->host[1]) {
			*ret_link = i;
			return lab_err_set(err, EINVAL, "the link %s -- %s joins a host to itself",
					   topo->hosts[link->host[0]].name,
					   topo->hosts[link->host[0]].name);
		}
		for (int end = 0; end < 2; end++) {
			int n = degree[link->host[end]]++;

			link->ifindex[end] = 2 * i + end + 2; /* 1 is lo */
			snprintf(link->ifname[end], sizeof(link->ifname[end]), "eth%d", n);
		}
	}
	return 0;
}

/*
 * Breadth-first search from @host. @first[h] becomes the link that the first hop towards host h
 * takes, @arrive[h] the link on which it arrives there, both -1 where there is no way. A packet
 * passes a host on its way only if that forwards, or if @lenient.
 */
static void search(const struct topology *topo, int host, bool lenient, int *first, int *arrive,
		   int *queue)
{
	int head = 0, tail = 0;

	for (int h = 0; h < topo->n_hosts; h++)
		first[h] = arrive[h] = -1;
	queue[tail++] = host;
	while (head < tail) {
		int at = queue[head++];

		if (at != host && !lenient && topo->hosts[at].forward != FORWARD_YES)
			continue;
		for (int i = 0; i < topo->n_links; i++) {
			const struct topo_link *link = &topo->links[i];
			int end = link->host[0] == at ? 0 : link->host[1] == at ? 1 : -1;
			int next = end < 0 ? -1 : link->host[!end];

			if (next < 0 || next == host || first[next] >= 0)
				continue;
			first[next] = at == host ? i : first[at];
			arrive[next] = i;
			queue[tail++] = next;
		}
	}
}

int topology_complete(struct topology *topo, int *ret_host, int *ret_link, struct lab_err *err)
{
	_cleanup_free_ int *degree = calloc(topo->n_hosts + 1, sizeof(int));
	_cleanup_free_ int *work = calloc(3 * (size_t)topo->n_hosts + 1, sizeof(int));
	int next[FAM_COUNT] = { 1, 1 };
	int dummy, ret;

	ret_host = ret_host ?: &dummy;
	ret_link = ret_link ?: &dummy;
	*ret_host = *ret_link = -1;
	if (!degree || !work)
		return lab_err_set(err, ENOMEM, "cannot check the topology");
	if (topo->n_hosts < 1)
		return lab_err_set(err, EINVAL, "the topology has no hosts");
	ret = interfaces_number(topo, degree, ret_link, err);
	if (ret < 0)
		return ret;
	for (int h = 0; h < topo->n_hosts; h++) {
		if (topo->hosts[h].forward == FORWARD_AUTO)
			topo->hosts[h].forward = degree[h] > 1 ? FORWARD_YES : FORWARD_NO;
	}
	for (int i = 0; i < topo->n_links; i++) {
		for (int fam = 0; fam < FAM_COUNT; fam++) {
			ret = link_choose(topo, i, fam, &next[fam], err);
			if (!ret)
				ret = addresses_check(topo, i, fam, err);
			if (ret < 0) {
				*ret_link = i;
				return ret;
			}
		}
	}
	search(topo, 0, true, work, work + topo->n_hosts, work + 2 * topo->n_hosts);
	for (int h = 1; h < topo->n_hosts; h++) {
		if (work[h] >= 0)
			continue;
		*ret_host = h;
		return lab_err_set(err, EINVAL, "no link leads from host '%s' to host '%s'",
				   topo->hosts[0].name, topo->hosts[h].name);
	}
	return 0;
}

/* The end of link @i at @host, or -1. */
static int link_end(const struct topology *topo, int i, int host)
{
	return topo->links[i].host[0] == host ? 0 : topo->links[i].host[1] == host ? 1 : -1;
}

/* Hops from @host to each host, by walking the arrivals back; -1 where there is no way. */
static int distance(const struct topology *topo, const int *arrive, int host, int to)
{
	int hops = 0;

	while (to != host) {
		int link = arrive[to];

		if (link < 0)
			return -1;
		to = topo->links[link].host[!link_end(topo, link, to)];
		hops++;
	}
	return hops;
}

/* The end of @link that is fewer hops away from @host, of those that forward if @forwards; or -1. */
static int end_near(const struct topology *topo, const int *arrive, int host,
		    const struct topo_link *link, bool forwards)
{
	int near = -1, best = 0;

	for (int e = 0; e < 2; e++) {
		int hops = distance(topo, arrive, host, link->host[e]);

		if (hops < 0 || (forwards && topo->hosts[link->host[e]].forward != FORWARD_YES))
			continue;
		if (near < 0 || hops < best) {
			near = e;
			best = hops;
		}
	}
	return near;
}

int topology_routes(const struct topology *topo, int host, struct topo_hop *ret_hops,
		    struct lab_err *err)
{
	size_t n = (size_t)topo->n_hosts;
	_cleanup_free_ int *work = calloc(5 * n + 1, sizeof(int));
	int *first[2], *arrive[2], *queue;

	if (!work)
		return lab_err_set(err, ENOMEM, "cannot compute routes");
	first[0] = work;
	arrive[0] = work + n;
	first[1] = work + 2 * n;
	arrive[1] = work + 3 * n;
	queue = work + 4 * n;
	search(topo, host, false, first[0], arrive[0], queue);
	search(topo, host, true, first[1], arrive[1], queue);
	for (int i = 0; i < topo->n_links; i++) {
		const struct topo_link *link = &topo->links[i];
		int end = link_end(topo, i, host);

		ret_hops[i] = (struct topo_hop){ .link = end >= 0 ? i : -1, .end = end };
		/* first through hosts that forward, to an end that forwards: both addresses are there */
		for (int pass = 0; pass < 4 && ret_hops[i].link < 0; pass++) {
			int near = end_near(topo, arrive[pass / 2], host, link, pass % 2 == 0);
			int hop = near < 0 ? -1 : first[pass / 2][link->host[near]];

			if (hop >= 0)
				ret_hops[i] = (struct topo_hop){ hop, link_end(topo, hop, host) };
		}
	}
	return 0;
}

const struct topo_addr *topology_addr(const struct topology *topo, int asker, int host, int fam)
{
	size_t n = (size_t)topo->n_hosts;
	_cleanup_free_ int *work = NULL;
	int link = -1;

	if (asker != host) {
		work = calloc(3 * n + 1, sizeof(int));
		if (!work)
			return NULL;
		search(topo, asker, false, work, work + n, work + 2 * n);
		if (work[n + host] < 0)
			search(topo, asker, true, work, work + n, work + 2 * n);
		link = work[n + host];
	}
	for (int i = 0; link < 0 && i < topo->n_links; i++) {
		if (link_end(topo, i, host) >= 0)
			link = i;
	}
	if (link < 0)
		return NULL;
	return &topo->links[link].addr[link_end(topo, link, host)][fam];
}

int topology_owner(const struct topology *topo, int fam, const void *bytes)
{
	for (int i = 0; i < topo->n_links; i++) {
		for (int end = 0; end < 2; end++) {
			const struct topo_addr *addr = &topo->links[i].addr[end][fam];

			if (addr->set && !memcmp(addr->bytes, bytes, topo_addr_len(fam)))
				return topo->links[i].host[end];
		}
	}
	return -1;
}
