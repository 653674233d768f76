// SPDX-License-Identifier: GPL-2.0-or-later
/* What netns/network.c does through netlink, in the same order. */
#include <ctype.h>
#include <string.h>

#include "lab/cli/commands.h"
#include "netns/cleanup.h"
#include "netns/network.h"
#include "netns/offload.h"
#include "netns/sysctl.h"

/* Below an MTU of 1280 an interface has no IPv6. */
enum { MTU_IP6 = 1280, MAC_TEXT = 18 };

static const char *host_name(const struct script *s, int host)
{
	return s->plan->topo.hosts[host].name;
}

static bool link_has(const struct topo_link *link, int fam)
{
	return fam == FAM4 || !link->mtu || link->mtu >= MTU_IP6;
}

static const char *mac_text(const struct topo_link *link, int end, char buf[MAC_TEXT])
{
	uint8_t m[6];

	network_mac(link->host[end], link->ifindex[end], m);
	snprintf(buf, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4],
		 m[5]);
	return buf;
}

static void hosts_put(const struct script *s)
{
	script_chapter(s, "hosts: a network namespace each");
	for (int h = 0; h < s->plan->topo.n_hosts; h++)
		fprintf(s->out, "ip netns add %s\n", host_name(s, h));
}

/* One word for the shell, whatever it holds; no control characters, the reader refuses those. */
static void quoted_put(const char *text, FILE *out)
{
	fputc('\'', out);
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", out);
		else
			fputc(*text, out);
	}
	fputc('\'', out);
}

/* All pins that have this one's reason. */
static void reason_put(const struct script *s, const char *reason)
{
	const struct sysctl_pin *pin;
	int n = 0;

	fprintf(s->out, "\n\t# %s\n\tip netns exec \"$host\" sysctl -qew ", reason);
	for (int i = 0; (pin = sysctl_pin_at(i)); i++) {
		const char *quote = strchr(pin->value, ' ') ? "'" : "";

		if (!strcmp(pin->reason, reason))
			fprintf(s->out, "%s%s%s=%s%s", n++ ? " \\\n\t\t" : "", quote, pin->key,
				pin->value, quote);
	}
}

/* One command for each reason there is. */
static void pins_put(const struct script *s)
{
	const struct sysctl_pin *pin;

	fputs("# Every host starts from the same values, whatever kernel and machine have.\n"
	      "# -e: those that this kernel does not know are passed over.\nfor host in",
	      s->out);
	for (int h = 0; h < s->plan->topo.n_hosts; h++)
		fprintf(s->out, " %s", host_name(s, h));
	fputs("; do", s->out);
	for (int i = 0; (pin = sysctl_pin_at(i)); i++) {
		int first = 0;

		while (strcmp(sysctl_pin_at(first)->reason, pin->reason))
			first++;
		if (first == i)
			reason_put(s, pin->reason);
	}
	fputs("\ndone\n", s->out);
}

/* Does a key name an interface, which must be there then? "net.ipv4.conf.eth0.rp_filter" */
static bool names_interface(const char *key)
{
	const char *eth = strstr(key, "eth");

	for (; eth; eth = strstr(eth + 1, "eth")) {
		if (eth > key && strchr("./", eth[-1]) && isdigit((unsigned char)eth[3]))
			return true;
	}
	return false;
}

static void own_sysctls_put(const struct script *s, bool interfaces)
{
	const struct topology *topo = &s->plan->topo;
	bool any = false;

	for (int h = 0; h < topo->n_hosts; h++) {
		for (int i = 0; i < topo->hosts[h].n_sysctls; i++) {
			const struct topo_sysctl *sysctl = &topo->hosts[h].sysctls[i];

			if (names_interface(sysctl->key) != interfaces)
				continue;
			if (!any)
				fputs("\n# what the scenario sets\n", s->out);
			any = true;
			fprintf(s->out, "ip netns exec %s sysctl -qw %s=", topo->hosts[h].name,
				sysctl->key);
			quoted_put(sysctl->value, s->out);
			fputc('\n', s->out);
		}
	}
}

static void sysctls_put(const struct script *s)
{
	script_chapter(s, "sysctls");
	pins_put(s);
	fputs("\n# who passes on packets that are not its own; a new namespace may inherit it\n",
	      s->out);
	for (int h = 0; h < s->plan->topo.n_hosts; h++) {
		int forward = s->plan->topo.hosts[h].forward == FORWARD_YES;

		fprintf(s->out,
			"ip netns exec %s sysctl -qw net.ipv4.ip_forward=%d "
			"net.ipv6.conf.all.forwarding=%d\n",
			host_name(s, h), forward, forward);
	}
	own_sysctls_put(s, false);
}

static void wire_put(const struct script *s, const struct topo_link *link)
{
	for (int e = 0; e < 2; e++) {
		char mac[MAC_TEXT];

		fprintf(s->out, "%s%s netns %s address %s",
			e ? " \\\n\ttype veth peer name " : "ip link add ", link->ifname[e],
			host_name(s, link->host[e]), mac_text(link, e, mac));
		if (link->mtu)
			fprintf(s->out, " mtu %u", link->mtu);
	}
	fputc('\n', s->out);
}

static void wires_put(const struct script *s)
{
	const struct topology *topo = &s->plan->topo;
	const char *feature;

	if (!topo->n_links)
		return;
	script_chapter(s, "wires: a veth pair each, with an end in either host");
	fputs("# MAC addresses are chosen, so that neighbours can be known before the first packet.\n",
	      s->out);
	for (int i = 0; i < topo->n_links; i++)
		wire_put(s, &topo->links[i]);
	fputs("\n# Segmentation and checksum offload off: packets are those of a real wire.\nfor end in",
	      s->out);
	for (int i = 0; i < 2 * topo->n_links; i++)
		fprintf(s->out, " %s:%s", host_name(s, topo->links[i / 2].host[i % 2]),
			topo->links[i / 2].ifname[i % 2]);
	fputs("; do\n\tip netns exec \"${end%:*}\" ethtool -K \"${end#*:}\"", s->out);
	for (int i = 0; (feature = offload_feature_at(i)); i++)
		fprintf(s->out, " \\\n\t\t%s off", feature);
	fputs(" >/dev/null\ndone\n", s->out);
}

/* Addresses, up, and where the other end is found: one end of a link. */
static void end_put(const struct script *s, const struct topo_link *link, int e)
{
	const char *host = host_name(s, link->host[e]);
	char addr[INET6_ADDRSTRLEN], mac[MAC_TEXT];

	for (int fam = 0; fam < FAM_COUNT; fam++) {
		if (link_has(link, fam))
			fprintf(s->out, "ip -n %s addr add %s/%u dev %s%s\n", host,
				topo_addr_text(fam, &link->addr[e][fam], addr),
				link->addr[e][fam].prefix, link->ifname[e],
				fam == FAM6 ? " nodad" : "");
	}
	fprintf(s->out, "ip -n %s link set %s up\n", host, link->ifname[e]);
	for (int fam = 0; fam < FAM_COUNT; fam++) {
		if (link_has(link, fam))
			fprintf(s->out, "ip -n %s neigh add %s dev %s lladdr %s nud permanent\n",
				host, topo_addr_text(fam, &link->addr[!e][fam], addr),
				link->ifname[e], mac_text(link, !e, mac));
	}
}

/* The network that a link is: its first end's address without the host's bits. */
static struct topo_addr network_of(const struct topo_link *link, int fam)
{
	struct topo_addr net = link->addr[0][fam];

	for (int i = 0; i < topo_addr_len(fam); i++) {
		int bits = net.prefix - 8 * i;

		if (bits < 8)
			net.bytes[i] &= bits <= 0 ? 0 : (uint8_t)(0xff << (8 - bits));
	}
	return net;
}

static void route_put(const struct script *s, int host, const struct topo_hop *hop, int to)
{
	const struct topo_link *out = &s->plan->topo.links[hop->link];
	const struct topo_link *link = &s->plan->topo.links[to];

	for (int fam = 0; fam < FAM_COUNT; fam++) {
		char dst[INET6_ADDRSTRLEN], via[INET6_ADDRSTRLEN];
		const struct topo_addr net = network_of(link, fam);

		if (link_has(out, fam) && link_has(link, fam))
			fprintf(s->out, "ip -n %s route add %s/%u via %s dev %s proto static\n",
				host_name(s, host), topo_addr_text(fam, &net, dst), net.prefix,
				topo_addr_text(fam, &out->addr[!hop->end][fam], via),
				out->ifname[hop->end]);
	}
}

static void host_put(const struct script *s, int host)
{
	const struct topology *topo = &s->plan->topo;
	_cleanup_free_ struct topo_hop *hops = calloc((size_t)topo->n_links + 1, sizeof(*hops));

	fprintf(s->out, "%s# %s\nip -n %s link set lo up\n", host ? "\n" : "", host_name(s, host),
		host_name(s, host));
	for (int i = 0; i < 2 * topo->n_links; i++) {
		if (topo->links[i / 2].host[i % 2] == host)
			end_put(s, &topo->links[i / 2], i % 2);
	}
	if (!hops || topology_routes(topo, host, hops, NULL) < 0)
		return;
	for (int i = 0; i < topo->n_links; i++) {
		if (hops[i].link >= 0 && hops[i].link != i)
			route_put(s, host, &hops[i], i);
	}
}

void commands_net(const struct script *s)
{
	hosts_put(s);
	sysctls_put(s);
	wires_put(s);
	script_chapter(s, "addresses, neighbours, and the shortest ways to all other networks");
	for (int h = 0; h < s->plan->topo.n_hosts; h++)
		host_put(s, h);
	own_sysctls_put(s, true);
}
