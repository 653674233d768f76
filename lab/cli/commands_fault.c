// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: what impair/ruleset.c builds, as one would write it for nft. What a fault hits
 * is mostly one rule:
 *
 *   faults          MATCH PICK counter VERDICT comment "NAME"
 *
 * Where several kinds of packets are one fault's, they lead to one rule, so that they are counted
 * together; by goto, so that a packet that is of two kinds is counted once:
 *
 *   faults          jump match-NAME
 *   match-NAME      MATCH goto hit-NAME, for each family and each kind of segment
 *   ct-NAME         what a stateful firewall with limits lets pass returns
 *   hit-NAME        PICK counter VERDICT comment "NAME"
 *
 * Not translated is what needs user space: packets that are held, and counts by connection.
 */
#include <netinet/in.h>
#include <string.h>

#include "impair/ruleset.h"
#include "impair/stateful.h"
#include "lab/cli/commands.h"
#include "lab/run/run.h"
#include "netns/cleanup.h"

/* From one of our wires, not made here. */
#define FROM_WIRE "iifname \"eth*\" "

static const char *const families[FAM_COUNT] = { "ip", "ip6" };

static void addresses_put(const struct script *s, int host, int fam)
{
	const struct topology *topo = &s->plan->topo;
	char text[INET6_ADDRSTRLEN];
	int n = 0, put = 0;

	for (int i = 0; i < 2 * topo->n_links; i++)
		n += topo->links[i / 2].host[i % 2] == host;
	fputs(n == 1 ? "" : "{ ", s->out);
	for (int i = 0; i < 2 * topo->n_links; i++) {
		if (topo->links[i / 2].host[i % 2] == host)
			fprintf(s->out, "%s%s", put++ ? ", " : "",
				topo_addr_text(fam, &topo->links[i / 2].addr[i % 2][fam], text));
	}
	fputs(n == 1 ? " " : " } ", s->out);
}

/* How nft knows a kind of segment; @payload: ' ' whatever it carries, '=' nothing, '!' something. */
static const struct kind {
	unsigned segment;
	const char *flags;
	char payload;
} kinds[] = {
	{ 0, "", ' ' },
	{ SEG_SYN, "tcp flags & (syn | ack) == syn ", ' ' },
	{ SEG_SYN_ACK, "tcp flags & (syn | ack) == (syn | ack) ", ' ' },
	{ SEG_ECN_SYN, "tcp flags & (syn | ack | ecn | cwr) == (syn | ecn | cwr) ", ' ' },
	{ SEG_FIN, "tcp flags & fin == fin ", ' ' },
	{ SEG_RST, "tcp flags & rst == rst ", ' ' },
	{ SEG_ACK, "tcp flags & (fin | syn | rst | psh | ack | urg) == ack ", '=' },
	{ SEG_DATA, "tcp flags & (syn | rst) == 0 ", '!' },
};

static bool kind_asked(const struct fault *fault, const struct kind *kind)
{
	unsigned segments = fault->match.segments & SEG_ANY ? 0 : fault->match.segments;

	return kind->segment ? segments & kind->segment : !segments;
}

static void protocol_put(const struct script *s, const struct packet_match *m, int fam)
{
	const char *name = m->protocol == IPPROTO_UDP ? "udp" : "tcp";

	if (m->sport)
		fprintf(s->out, "%s sport %u ", name, m->sport);
	if (m->dport)
		fprintf(s->out, "%s dport %u ", name, m->dport);
	if (m->protocol == IPPROTO_ICMP)
		fprintf(s->out, "meta l4proto %s ", fam == FAM6 ? "ipv6-icmp" : "icmp");
	else if (m->protocol && !m->sport && !m->dport)
		fprintf(s->out, "meta l4proto %s ", name);
}

static void match_put(const struct script *s, const struct fault *fault, int fam,
		      const struct kind *kind)
{
	const struct packet_match *m = &fault->match;

	if (m->from >= 0) {
		fprintf(s->out, "%s saddr ", families[fam]);
		addresses_put(s, m->from, fam);
	}
	if (m->to >= 0) {
		fprintf(s->out, "%s daddr ", families[fam]);
		addresses_put(s, m->to, fam);
	}
	if (m->from < 0 && m->to < 0)
		fprintf(s->out, "meta nfproto %s ", fam == FAM6 ? "ipv6" : "ipv4");
	/* what asks for flags says that it is TCP */
	if (!kind->segment || m->sport || m->dport)
		protocol_put(s, m, fam);
	fputs(kind->flags, s->out);
	if (kind->payload != ' ')
		fprintf(s->out, "%s length . @th,96,8 %s$no_payload_%s ", families[fam],
			kind->payload == '!' ? "!= " : "", families[fam]);
	if (fault->stateful)
		fputs(FROM_WIRE, s->out);
}

static void pick_put(const struct script *s, const struct fault *fault)
{
	static const char counting[] = "numgen inc mod 4294967295";

	if (fault->pick == PICK_NTH)
		fprintf(s->out, "%s == %u ", counting, fault->n - 1);
	else if (fault->pick == PICK_FIRST)
		fprintf(s->out, "%s < %u ", counting, fault->n);
	else if (fault->pick == PICK_EVERY && fault->n > 1)
		fprintf(s->out, "numgen inc mod %u == %u ", fault->n, fault->n - 1);
	else if (fault->pick == PICK_CHANCE && fault->n < CHANCE_ALL)
		fprintf(s->out, "numgen random mod %d < %u ", CHANCE_ALL, fault->n);
}

/* nft has the same words as we have for what is sent back. */
static void verdict_put(const struct script *s, const struct fault *fault)
{
	char text[64];
	const char *word = action_text(fault, text, sizeof(text));

	if (!fault->action->emit)
		return;
	if (action_rejects_with_reset(fault))
		fputs("reject with tcp reset ", s->out);
	else if (!strncmp(word, "reject ", 7))
		fprintf(s->out, "reject with %s %s ",
			fault->families == 1 ? "icmp" :
			fault->families == 2 ? "icmpv6" :
					       "icmpx",
			word + 7);
	else
		fprintf(s->out, "%s ", word);
}

static void hit_put(const struct script *s, const struct fault *fault)
{
	pick_put(s, fault);
	fputs("counter ", s->out);
	verdict_put(s, fault);
	fprintf(s->out, "comment \"%s\"\n", fault->name);
}

static bool has_limits(const struct fault *fault)
{
	return fault->stateful && (fault->stateful->limit || fault->stateful->rate);
}

/* In how many ways does a packet match? One is written where the fault is asked. */
static int ways(const struct fault *fault)
{
	int n = 0;

	for (int fam = 0; fam < FAM_COUNT; fam++) {
		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
			n += (fault->families & 1u << fam) && kind_asked(fault, &kinds[k]);
	}
	return n;
}

static bool has_chains(const struct fault *fault)
{
	return ways(fault) > 1 || has_limits(fault);
}

/* All ways, each with what it leads to; @chains: to a chain, else to the hit itself. */
static void ways_put(const struct script *s, const struct fault *fault, bool chains)
{
	for (int i = 0; i < FAM_COUNT * (int)ARRAY_SIZE(kinds); i++) {
		const struct kind *kind = &kinds[i % (int)ARRAY_SIZE(kinds)];
		int fam = i / (int)ARRAY_SIZE(kinds);

		if (!(fault->families & 1u << fam) || !kind_asked(fault, kind))
			continue;
		if (chains)
			fputs("\t\t", s->out);
		match_put(s, fault, fam, kind);
		if (fault->stateful && !has_limits(fault))
			fputs("ct state invalid ", s->out);
		if (chains)
			fprintf(s->out, "goto %s-%s\n", has_limits(fault) ? "ct" : "hit",
				fault->name);
		else
			hit_put(s, fault);
	}
}

/* netem holds all that leaves an interface; which one, tells where the packets go. */
static void hold_note(const struct script *s, const struct fault *fault)
{
	const struct topology *topo = &s->plan->topo;
	struct holding holding = { 0 };
	struct shape shape = { 0 };

	if (fault->action->emit || !fault_hold(fault, &holding))
		return;
	shape.delay_ns = holding.copies ? 0 : holding.delay_ns;
	shape.duplicate = holding.copies ? CHANCE_ALL : 0;
	shape.reorder = holding.overtaken ? CHANCE_ALL / 2 : 0;
	fputs("\t\t# nft cannot hold packets or send them twice, so this rule only counts. The nearest\n"
	      "\t\t# that tc has does it to all that leaves an interface, one of:\n",
	      s->out);
	for (int i = 0; i < 2 * topo->n_links; i++) {
		if (topo->links[i / 2].host[i % 2] != fault->host)
			continue;
		fprintf(s->out, "\t\t#   tc -n %s qdisc add dev %s root ",
			topo->hosts[fault->host].name, topo->links[i / 2].ifname[i % 2]);
		script_netem(s, &shape);
		fputc('\n', s->out);
	}
}

static void notes_put(const struct script *s, const struct fault *fault)
{
	_cleanup_free_ char *text = fault_text(s->plan, fault);

	fprintf(s->out, "\n\t\t# %s: %s\n", fault->name, text ?: "");
	if (fault->per_connection)
		fputs("\t\t# nft cannot count for each connection by itself: this counts over all\n",
		      s->out);
	if (fault->pick == PICK_CHANCE)
		fputs("\t\t# which ones nft rolls anew each time; nslab's are those of --seed\n",
		      s->out);
	hold_note(s, fault);
}

static void fault_put(const struct script *s, const struct fault *fault)
{
	notes_put(s, fault);
	fprintf(s->out, "\t\t%s", fault->active ? "" : "# off at first: ");
	if (has_chains(fault))
		fprintf(s->out, "jump match-%s\n", fault->name);
	else
		ways_put(s, fault, false);
}

/* What a stateful firewall with limits lets pass: see impair/stateful.c. */
static void limits_put(const struct script *s, const struct fault *fault)
{
	const struct stateful *st = fault->stateful;
	const char *unit = st->per_s == 1 ? "second" : st->per_s == 60 ? "minute" : "hour";

	fprintf(s->out, "\n\tchain ct-%s {\n", fault->name);
	fputs("\t\tct state established,related,untracked return\n"
	      "\t\t# sent again: it has been counted, and was let pass\n"
	      "\t\tct state new ct status confirmed return\n",
	      s->out);
	if (st->limit)
		fprintf(s->out, "\t\tct state new ct count over %u goto hit-%s\n", st->limit,
			fault->name);
	if (st->rate)
		fprintf(s->out,
			"\t\tct state new limit rate over %u/%s burst %u packets goto hit-%s\n",
			st->rate, unit, st->burst, fault->name);
	fprintf(s->out, "\t\tct state new return\n\t\tgoto hit-%s\n\t}\n", fault->name);
}

static void chains_put(const struct script *s, const struct fault *fault)
{
	if (!has_chains(fault))
		return;
	fprintf(s->out, "\n\tchain match-%s {\n", fault->name);
	ways_put(s, fault, true);
	fputs("\t}\n", s->out);
	if (has_limits(fault))
		limits_put(s, fault);
	fprintf(s->out, "\n\tchain hit-%s {\n\t\t", fault->name);
	hit_put(s, fault);
	fputs("\t}\n", s->out);
}

/* nft does not add, so "no payload" is a set of pairs: packet length, and TCP's header length. */
static void no_payload_put(const struct script *s, int host)
{
	unsigned fams = 0;

	for (int i = 0; i < s->plan->n_faults; i++) {
		const struct fault *fault = &s->plan->faults[i];

		if (fault->host == host && fault->match.segments & (SEG_ACK | SEG_DATA) &&
		    !(fault->match.segments & SEG_ANY))
			fams |= fault->families;
	}
	if (fams)
		fputs("# Segments without payload: length of the packet, and of TCP's header in words\n"
		      "# (the upper half of its byte 12)\n",
		      s->out);
	for (int fam = 0; fam < FAM_COUNT; fam++) {
		if (!(fams & 1u << fam))
			continue;
		fprintf(s->out, "define no_payload_%s = {", families[fam]);
		for (int words = 5; words <= 15; words++)
			fprintf(s->out, "%s %d . 0x%x0", words > 5 ? "," : "",
				4 * words + (fam == FAM6 ? 0 : 20), words);
		fputs(" }\n", s->out);
	}
}

static void table_put(const struct script *s, int host)
{
	static const struct {
		const char *hook, *own;
	} bases[] = { { "forward", NULL }, { "input", "iifname" }, { "output", "oifname" } };
	const struct plan *plan = s->plan;

	fprintf(s->out, "ip netns exec %s nft -f - <<'END'\n", plan->topo.hosts[host].name);
	no_payload_put(s, host);
	fputs("table inet " RULESET_TABLE " {\n"
	      "\t# each packet takes one of the three ways; counts begin at 0\n",
	      s->out);
	for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
		fprintf(s->out, "\tchain %s {\n\t\ttype filter hook %s priority filter\n",
			bases[i].hook, bases[i].hook);
		/* loopback is no wire, and what IPv6 says of its own accord no traffic */
		if (bases[i].own)
			fprintf(s->out, "\t\t%s lo accept\n\t\tip6 daddr ff00::/8 accept\n",
				bases[i].own);
		fputs("\t\tjump faults\n\t}\n\n", s->out);
	}
	fputs("\tchain faults {", s->out);
	for (int i = 0; i < plan->n_faults; i++) {
		if (plan->faults[i].host == host)
			fault_put(s, &plan->faults[i]);
	}
	fputs("\t}\n", s->out);
	for (int i = 0; i < plan->n_faults; i++) {
		if (plan->faults[i].host == host)
			chains_put(s, &plan->faults[i]);
	}
	fputs("}\nEND\n", s->out);
}

static void sysctl_put(const struct script *s, int host, const char *key, int value)
{
	fprintf(s->out, "ip netns exec %s sysctl -qw %s=%d\n", s->plan->topo.hosts[host].name, key,
		value);
}

/* See impair/ruleset.c. */
static void rejects_note(const struct script *s, int host)
{
	const struct plan *plan = s->plan;

	for (int i = 0; i < plan->n_faults; i++) {
		if (plan->faults[i].host != host || !plan->faults[i].action->emit ||
		    !fault_hold(&plan->faults[i], NULL))
			continue;
		fputs("# On wires that take no time the ICMP error is back while connect() still holds its "
		      "socket,\n# and is heard with the next SYN only, a second later. nslab sends it "
		      "round by user space.\n",
		      s->out);
		return;
	}
}

/* As stateful_apply(): switches are off unless a fault says otherwise, timeouts agree. */
static void conntrack_put(const struct script *s, int host)
{
	int loose = 0, liberal = 0, timeout[STATEFUL_TIMEOUTS] = { 0 };
	bool any = false;

	for (int i = 0; i < s->plan->n_faults; i++) {
		const struct stateful *st = s->plan->faults[i].stateful;

		if (s->plan->faults[i].host != host || !st)
			continue;
		any = true;
		loose |= st->loose > 0;
		liberal |= st->liberal > 0;
		for (int t = 0; t < STATEFUL_TIMEOUTS; t++)
			timeout[t] = timeout[t] ?: st->timeout_s[t];
	}
	if (!any)
		return;
	fputs("# Connection tracking: who may be picked up in the middle or outside of the window, "
	      "and\n# how many seconds an entry lives.\n",
	      s->out);
	sysctl_put(s, host, "net.netfilter.nf_conntrack_tcp_loose", loose);
	sysctl_put(s, host, "net.netfilter.nf_conntrack_tcp_be_liberal", liberal);
	for (int t = 0; t < STATEFUL_TIMEOUTS; t++) {
		const struct stateful_timeout *row = stateful_timeout_at(t);

		if (timeout[t])
			sysctl_put(s, host, row->key, timeout[t]);
		if (timeout[t] && row->also)
			sysctl_put(s, host, row->also, timeout[t]);
	}
}

static void forward_put(const struct script *s, const struct nat *nat,
			const struct nat_forward *forward, int fam)
{
	const struct topo_addr *to = topology_addr(&s->plan->topo, nat->host, forward->to, fam);
	char text[INET6_ADDRSTRLEN];

	if (!to)
		return;
	fprintf(s->out, "\t\t%s daddr ", families[fam]);
	addresses_put(s, nat->host, fam);
	fprintf(s->out, "meta l4proto { tcp, udp } th dport %u dnat %s to %s%s%s:%u\n",
		forward->port, families[fam], fam == FAM6 ? "[" : "", topo_addr_text(fam, to, text),
		fam == FAM6 ? "]" : "", forward->to_port);
}

static void nat_put(const struct script *s, const struct nat *nat)
{
	script_chapter(s, "address translation");
	fprintf(s->out,
		"ip netns exec %s nft -f - <<'END'\ntable inet " NAT_TABLE " {\n"
		"\t# before routing: what comes to a forwarded port goes to another host\n"
		"\tchain prerouting {\n\t\ttype nat hook prerouting priority dstnat\n",
		s->plan->topo.hosts[nat->host].name);
	for (int i = 0; i < FAM_COUNT * nat->n_forwards; i++) {
		if (s->plan->ip & 1u << i % FAM_COUNT)
			forward_put(s, nat, &nat->forwards[i / FAM_COUNT], i % FAM_COUNT);
	}
	fputs("\t}\n\n\t# behind it: what is passed on gets this host's address as source\n"
	      "\tchain postrouting {\n\t\ttype nat hook postrouting priority srcnat\n",
	      s->out);
	if (nat->masquerade)
		fprintf(s->out, "\t\t" FROM_WIRE "masquerade%s\n",
			nat->random_ports ? " fully-random" : "");
	fputs("\t}\n}\nEND\n", s->out);
}

void commands_fault(const struct script *s)
{
	const struct plan *plan = s->plan;

	for (int i = 0; i < plan->n_nats; i++)
		nat_put(s, &plan->nats[i]);
	for (int h = 0; h < plan->topo.n_hosts; h++) {
		bool any = false;

		for (int i = 0; i < plan->n_faults; i++)
			any |= plan->faults[i].host == h;
		if (!any)
			continue;
		fprintf(s->out, "\n# ---- faults at %s ----\n\n", plan->topo.hosts[h].name);
		rejects_note(s, h);
		table_put(s, h);
		conntrack_put(s, h);
	}
}
