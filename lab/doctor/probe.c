// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of probes. A new one is a function and a line here, behind those that it comes after. */
#include "lab/doctor/probe.h"

#include <stdarg.h>

#include "netns/cleanup.h"

#define NET    NEED_NETWORK
#define FILTER (NEED_NETWORK | NEED_NFT | NEED_NFT_COUNTER | NEED_NFT_LOG)
#define REJECT (FILTER | NEED_HITLOG | NEED_NFT_REJECT)

static const struct probe probes[] = {
	{ "namespaces", "processes, mounts, networks of its own", GROUP_LAB, NEED_NAMESPACES, 0,
	  try_namespaces, NULL, NULL, NULL },
	{ "/proc", "a view of the lab's own processes", GROUP_LAB, 0, NEED_NAMESPACES, try_proc,
	  NULL, NULL, NULL },
	{ "sysctls", "each host's can be written", GROUP_LAB, NEED_SYSCTLS, NEED_NAMESPACES,
	  try_sysctls, NULL, NULL, NULL },
	{ "pins", "all sysctls that the lab pins are there", GROUP_LAB, 0,
	  NEED_NAMESPACES | NEED_SYSCTLS, try_pins, NULL, NULL, NULL },
	{ "veth", "wires between hosts", GROUP_LAB, NEED_VETH, NEED_NAMESPACES, try_veth, "veth",
	  "CONFIG_VETH", NULL },
	{ "IPv6", "addresses on a wire", GROUP_LAB, NEED_IPV6, NEED_VETH, try_ipv6, "ipv6",
	  "CONFIG_IPV6", "boot without ipv6.disable=1" },
	{ "offload", "can be switched off: a segment is a segment", GROUP_LAB, NEED_OFFLOAD,
	  NEED_VETH, try_offload, NULL, "CONFIG_ETHTOOL_NETLINK", NULL },
	{ "network", "client, firewall, server, built as for a run", GROUP_LAB, NEED_NETWORK,
	  NEED_VETH | NEED_SYSCTLS | NEED_OFFLOAD, try_network, NULL, NULL, NULL },
	{ "capture", "packets at both ends (AF_PACKET)", GROUP_LAB, NEED_CAPTURE, NET, try_capture,
	  "af_packet", "CONFIG_PACKET", NULL },
	{ "inet_diag", "states of sockets", GROUP_LAB, NEED_DIAG, NET, try_diag,
	  "inet_diag tcp_diag", "CONFIG_INET_DIAG, CONFIG_INET_TCP_DIAG", NULL },
	{ "nf_tables", "tables, chains, rules", GROUP_LAB, NEED_NFT, NET, try_nft, "nf_tables",
	  "CONFIG_NF_TABLES, CONFIG_NF_TABLES_INET", NULL },
	{ "nft counter", "counts what a fault hits", GROUP_LAB, NEED_NFT_COUNTER, NET | NEED_NFT,
	  try_nft_counter, "nft_counter nft_objref", "CONFIG_NFT_COUNTER, CONFIG_NFT_OBJREF",
	  NULL },
	{ "nft log", "logs what a fault hits", GROUP_LAB, NEED_NFT_LOG, NET | NEED_NFT, try_nft_log,
	  "nft_log nfnetlink_log", "CONFIG_NFT_LOG, CONFIG_NETFILTER_NETLINK_LOG", NULL },
	{ "nft sets", "faults with 'from' or 'to'", GROUP_LAB, NEED_NFT_SETS, NET | NEED_NFT,
	  try_nft_sets, "nf_tables_set", "CONFIG_NF_TABLES_SET", NULL },
	{ "nft numgen", "faults for the n-th or first n packets", GROUP_LAB, NEED_NFT_NUMGEN,
	  NET | NEED_NFT, try_nft_numgen, "nft_numgen", "CONFIG_NFT_NUMGEN", NULL },
	{ "nft reject", "faults that reject", GROUP_LAB, NEED_NFT_REJECT, NET | NEED_NFT,
	  try_nft_reject, "nft_reject_inet", "CONFIG_NFT_REJECT, CONFIG_NFT_REJECT_INET", NULL },
	{ "conntrack", "firewalls that remember, and nat", GROUP_LAB, NEED_CONNTRACK,
	  NET | NEED_NFT, try_nft_conntrack, "nft_ct nf_conntrack nf_conntrack_netlink",
	  "CONFIG_NFT_CT, CONFIG_NF_CONNTRACK, CONFIG_NF_CT_NETLINK", NULL },
	{ "hit log", "a packet is dropped, and we hear of it", GROUP_LAB, NEED_HITLOG, FILTER,
	  try_hitlog, "nfnetlink_log", "CONFIG_NETFILTER_NETLINK_LOG", NULL },
	{ "tcp-reset", "a connection refused by the firewall", GROUP_LAB, NEED_RESET, REJECT,
	  try_reset, "nf_reject_ipv4", "CONFIG_NF_REJECT_IPV4", NULL },
	{ "icmp", "a packet rejected by the firewall", GROUP_LAB, NEED_ICMP, REJECT, try_icmp,
	  "nf_reject_ipv4", "CONFIG_NF_REJECT_IPV4", NULL },
	{ "icmpv6", "the same with IPv6", GROUP_LAB, NEED_ICMPV6, REJECT | NEED_IPV6, try_icmpv6,
	  "nf_reject_ipv6", "CONFIG_NF_REJECT_IPV6", NULL },
	{ "delay line", "packets held by nslab, for faults and links", GROUP_LAB, NEED_LINE,
	  NET | NEED_NFT, try_delayline, "nft_queue nfnetlink_queue",
	  "CONFIG_NFT_QUEUE, CONFIG_NETFILTER_NETLINK_QUEUE", NULL },
	{ "link shapes", "delay, loss, rate and more", GROUP_LAB, NEED_SHAPES,
	  NET | NEED_NFT | NEED_NFT_COUNTER | NEED_NFT_LOG | NEED_NFT_NUMGEN, try_shapes,
	  "nft_queue nfnetlink_queue", "CONFIG_NFT_QUEUE, CONFIG_NETFILTER_NETLINK_QUEUE", NULL },
	{ "netem", "link shapes made by the kernel", GROUP_OPTIONAL, 0, NET | NEED_NFT, try_netem,
	  "sch_netem", "CONFIG_NET_SCH_NETEM", NULL },
	/* these two leave traces in the sandbox, so they come last */
	{ "hosts file", "programs know the hosts by name", GROUP_LAB, NEED_HOSTS_FILE, NET,
	  try_hosts_file, NULL, NULL,
	  "the file /etc/hosts and the directory /mnt must exist, and mounting must be allowed" },
	{ "scenarios", "the sysctls that they ask for", GROUP_LAB, 0, NET, try_scenario_sysctls,
	  NULL, NULL, NULL },
};

const struct probe *probe_at(int i)
{
	return i >= 0 && (size_t)i < ARRAY_SIZE(probes) ? &probes[i] : NULL;
}

/* A row stands behind those that it comes after, so one pass from the end will do. */
unsigned probe_closure(const struct probe *(*at)(int i), int n, unsigned needs)
{
	for (int i = n - 1; i >= 0; i--) {
		if (at(i)->bit & needs)
			needs |= at(i)->after;
	}
	return needs;
}

int room_judge(struct probe_env *env, int room, const char *what, struct lab_err *err)
{
	if (!room)
		return 0;
	if (room >= ROOM_ENOUGH)
		return env_note(env, "room for %d %s", room, what);
	env_note(env, "room for %d %s; a burst of more makes a run a lab error", room, what);
	lab_err_fix(err, "sysctl -w net.core.rmem_max=16777216 (or run nslab as root)");
	return 1;
}

int env_note(struct probe_env *env, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(env->note, sizeof(env->note), fmt, ap);
	va_end(ap);
	return 0;
}
