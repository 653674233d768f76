// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation. A fault is a path through five chains:
 *
 *   forward, input, output   ask each fault in file order (jump, so that the next one is asked
 *                            when this one does not end the packet)
 *   match-NAME               addresses, protocol, ports: one rule for each family
 *   kind-NAME                kinds of segment, if any are asked for
 *   bare-NAME, full-NAME     is there payload? (only for ack and data)
 *   gate-NAME                one rule while the fault is on, none while it is off
 *   ct-NAME                  of a stateful firewall: what it lets pass returns (stateful.c)
 *   hit-NAME                 which of the matching packets; count, log
 *   verdict-NAME             what is done
 *
 * Some faults need user space: those that hold packets, those that count by connection, and rejects
 * by ICMP (see below). Their packets go to a queue, come back in the next base chain (forward-1 …), and
 * are known there by a mark:
 *
 *   hit-NAME ─ queue ─▶ act-NAME   which of the packets of each connection, decided by the delay line
 *   verdict-NAME ─ queue ─▶        on to the next fault, or behind-NAME: the verdict
 *
 * An ICMP error that comes back while connect() still holds the socket is put off until the next SYN, a
 * second later (tcp_v4_err() and sock_owned_by_user()). On real wires that never happens; on a veth
 * pair the whole way there and back runs inside connect()'s own send. The way through user space ends
 * that send first.
 *
 * Switching a fault touches the gate alone, so that the n-th packet stays the n-th and the counter
 * keeps its value; replacing rules would reset both. The counting expression (numgen) stands in one
 * rule only, behind all matches of both families, so that it counts the fault's matches and
 * nothing else.
 *
 * All the paths of a match end in ``goto``, so a packet comes to a fault's gate at most once even if
 * it is of several of the kinds asked for.
 *
 * nf_tables cannot add, so "no payload" is a comparison of pairs: an IPv4 packet without payload
 * and with n words of TCP header has a length of 20 + 4n (its own header has 5 words: nothing here
 * makes IP options), an IPv6 one a payload length of 4n.
 */
#include "impair/ruleset.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "impair/expr.h"
#include "impair/lane.h"
#include "impair/rule.h"
#include "impair/stateful.h"
#include "netns/cleanup.h"

enum { NAME_SIZE = 96 };

static int oom(struct lab_err *err)
{
	return lab_err_set(err, ENOMEM, "cannot build the firewall's rules");
}

static struct nftnl_rule *rule_new(const char *prefix, const char *name)
{
	char chain[NAME_SIZE];

	snprintf(chain, sizeof(chain), "%s%s", prefix, name);
	return nft_rule_new(RULESET_TABLE, chain);
}

static int verdict_to(struct nftnl_rule *rule, int verdict, const char *prefix, const char *name)
{
	char chain[NAME_SIZE];

	snprintf(chain, sizeof(chain), "%s%s", prefix, name);
	return expr_verdict(rule, verdict, chain);
}

static int chain_put(struct batch *batch, const char *prefix, const char *name)
{
	char chain[NAME_SIZE];

	snprintf(chain, sizeof(chain), "%s%s", prefix, name);
	return nft_chain_put(batch, RULESET_TABLE, chain, NULL);
}

/* Sets of a host's addresses: "client-ip4", with an id that is the same wherever it is used. */
static uint32_t set_id(int host, int fam)
{
	return 1 + 2 * (uint32_t)host + (uint32_t)fam;
}

static void set_name(const struct topology *topo, int host, int fam, char name[NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "%s-ip%c", topo->hosts[host].name, fam == FAM6 ? '6' : '4');
}

static int set_fill(struct nftnl_set *set, const struct topology *topo, int host, int fam)
{
	for (int i = 0; i < topo->n_links; i++) {
		for (int end = 0; end < 2; end++) {
			const struct topo_addr *addr = &topo->links[i].addr[end][fam];
			struct nftnl_set_elem *elem;

			if (topo->links[i].host[end] != host || !addr->set)
				continue;
			elem = nftnl_set_elem_alloc();
			if (!elem)
				return -ENOMEM;
			nftnl_set_elem_set(elem, NFTNL_SET_ELEM_KEY, addr->bytes,
					   (uint32_t)topo_addr_len(fam));
			nftnl_set_elem_add(set, elem);
		}
	}
	return 0;
}

static int set_put(struct batch *batch, const struct topology *topo, int host, int fam)
{
	/* nft's own numbers, so that it can list the set */
	enum { TYPE_IPADDR = 7, TYPE_IP6ADDR = 8 };
	struct nftnl_set *set = nftnl_set_alloc();
	struct nlmsghdr *nlh;
	char name[NAME_SIZE];
	int ret = -ENOMEM;

	if (!set)
		return ret;
	set_name(topo, host, fam, name);
	nftnl_set_set_u32(set, NFTNL_SET_FAMILY, NFPROTO_INET);
	nftnl_set_set_str(set, NFTNL_SET_TABLE, RULESET_TABLE);
	nftnl_set_set_str(set, NFTNL_SET_NAME, name);
	nftnl_set_set_u32(set, NFTNL_SET_ID, set_id(host, fam));
	nftnl_set_set_u32(set, NFTNL_SET_FLAGS, NFT_SET_CONSTANT);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, fam == FAM6 ? TYPE_IP6ADDR : TYPE_IPADDR);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, (uint32_t)topo_addr_len(fam));
	nlh = batch_message(batch, NFT_MSG_NEWSET, NLM_F_CREATE);
	if (nlh) {
		nftnl_set_nlmsg_build_payload(nlh, set);
		batch_message_end(batch, nlh);
		ret = set_fill(set, topo, host, fam);
	}
	nlh = ret < 0 ? NULL : batch_message(batch, NFT_MSG_NEWSETELEM, NLM_F_CREATE);
	if (nlh) {
		nftnl_set_elems_nlmsg_build_payload(nlh, set);
		batch_message_end(batch, nlh);
	} else {
		ret = -ENOMEM;
	}
	nftnl_set_free(set);
	return ret;
}

static int match_address(struct nftnl_rule *rule, const struct topology *topo, int host, int fam,
			 bool source)
{
	uint32_t offset = fam == FAM6 ? (source ? 8 : 24) : (source ? 12 : 16);
	char name[NAME_SIZE];
	int ret;

	if (host < 0)
		return 0;
	set_name(topo, host, fam, name);
	ret = expr_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, offset, (uint32_t)topo_addr_len(fam));
	return ret ?: expr_in_set(rule, name, set_id(host, fam));
}

static int match_meta_byte(struct nftnl_rule *rule, uint32_t key, uint8_t value)
{
	return expr_meta(rule, key) ?: expr_compare(rule, NFT_CMP_EQ, &value, 1);
}

static int match_port(struct nftnl_rule *rule, uint16_t port, uint32_t offset)
{
	uint16_t be = htons(port);
	int ret;

	if (!port)
		return 0;
	ret = expr_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, offset, 2);
	return ret ?: expr_compare(rule, NFT_CMP_EQ, &be, 2);
}

static uint8_t protocol_number(const struct packet_match *match, int fam)
{
	return match->protocol == IPPROTO_ICMP && fam == FAM6 ? IPPROTO_ICMPV6 :
								(uint8_t)match->protocol;
}

/* A later fragment has no TCP or UDP header: what stands in its place is data. */
static int match_no_fragment(struct nftnl_rule *rule)
{
	const uint16_t mask = htons(0x1fff), none = 0;
	int ret = expr_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 6, 2);

	ret = ret ?: expr_mask(rule, &mask, 2);
	return ret ?: expr_compare(rule, NFT_CMP_EQ, &none, 2);
}

static int match_rules(struct batch *batch, const struct topology *topo, const struct fault *fault)
{
	const struct packet_match *m = &fault->match;
	const char *next = m->segments && !(m->segments & SEG_ANY) ? "kind-" : "gate-";
	int ret = 0;

	for (int fam = 0; !ret && fam < FAM_COUNT; fam++) {
		struct nftnl_rule *rule;

		if (!(fault->families & 1u << fam))
			continue;
		rule = rule_new("match-", fault->name);
		if (!rule)
			return -ENOMEM;
		ret = match_meta_byte(rule, NFT_META_NFPROTO,
				      fam == FAM6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
		ret = ret ?: match_address(rule, topo, m->from, fam, true);
		ret = ret ?: match_address(rule, topo, m->to, fam, false);
		if (!ret && m->protocol)
			ret = match_meta_byte(rule, NFT_META_L4PROTO, protocol_number(m, fam));
		if (fam == FAM4 && (m->segments || m->sport || m->dport))
			ret = ret ?: match_no_fragment(rule);
		ret = ret ?: match_port(rule, m->sport, 0);
		ret = ret ?: match_port(rule, m->dport, 2);
		ret = ret ?: verdict_to(rule, NFT_GOTO, next, fault->name);
		ret = nft_rule_put(batch, rule, ret);
	}
	return ret;
}

/* tcp flags & @mask == @value */
static int match_flags(struct nftnl_rule *rule, uint8_t mask, uint8_t value)
{
	int ret = expr_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, 13, 1);

	ret = ret ?: expr_mask(rule, &mask, 1);
	return ret ?: expr_compare(rule, NFT_CMP_EQ, &value, 1);
}

/* One rule for each pair of header and packet length without payload; @verdict as verdict_to(). */
static int bare_rules(struct batch *batch, const struct fault *fault, const char *prefix,
		      int verdict, const char *next)
{
	int ret = 0;

	for (int i = 0; !ret && i < 2 * 11; i++) {
		struct nftnl_rule *rule = rule_new(prefix, fault->name);
		int fam = i / 11, words = 5 + i % 11;
		uint8_t proto = fam == FAM6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
		uint8_t mask = 0xf0, offset = (uint8_t)(words << 4);
		uint16_t len = htons((uint16_t)(4 * words + (fam == FAM6 ? 0 : 20)));

		if (!rule)
			return -ENOMEM;
		if (!(fault->families & 1u << fam)) {
			nftnl_rule_free(rule);
			continue;
		}
		ret = match_meta_byte(rule, NFT_META_NFPROTO, proto);
		ret = ret ?: expr_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, fam == FAM6 ? 4 : 2, 2);
		ret = ret ?: expr_compare(rule, NFT_CMP_EQ, &len, 2);
		ret = ret ?: expr_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, 12, 1);
		ret = ret ?: expr_mask(rule, &mask, 1);
		ret = ret ?: expr_compare(rule, NFT_CMP_EQ, &offset, 1);
		if (!ret && next)
			ret = verdict_to(rule, verdict, next, fault->name);
		else if (!ret)
			ret = expr_verdict(rule, verdict, NULL);
		ret = nft_rule_put(batch, rule, ret);
	}
	return ret;
}

/* The flags by which a kind is known, and the chain that knows the rest. */
static const struct kind_row {
	unsigned segment;
	uint8_t mask, value;
	int verdict;
	const char *next;
} kind_rows[] = {
	{ SEG_SYN, 0x12, 0x02, NFT_GOTO, "gate-" },
	{ SEG_SYN_ACK, 0x12, 0x12, NFT_GOTO, "gate-" },
	{ SEG_ECN_SYN, 0xd2, 0xc2, NFT_GOTO, "gate-" },
	{ SEG_FIN, 0x01, 0x01, NFT_GOTO, "gate-" },
	{ SEG_RST, 0x04, 0x04, NFT_GOTO, "gate-" },
	/* an ack has no payload and data has some: a packet passes at most one of the two */
	{ SEG_ACK, 0x3f, 0x10, NFT_JUMP, "bare-" },
	{ SEG_DATA, 0x06, 0x00, NFT_JUMP, "full-" },
};

static int kind_rules(struct batch *batch, const struct fault *fault)
{
	unsigned segments = fault->match.segments;
	int ret = 0;

	if (!segments || segments & SEG_ANY)
		return 0;
	if (segments & SEG_ACK) {
		ret = chain_put(batch, "bare-", fault->name);
		ret = ret ?: bare_rules(batch, fault, "bare-", NFT_GOTO, "gate-");
	}
	if (!ret && segments & SEG_DATA) {
		ret = chain_put(batch, "full-", fault->name);
		ret = ret ?: bare_rules(batch, fault, "full-", NFT_RETURN, NULL);
		if (!ret) {
			struct nftnl_rule *rule = rule_new("full-", fault->name);

			ret = rule ? verdict_to(rule, NFT_GOTO, "gate-", fault->name) : -ENOMEM;
			ret = nft_rule_put(batch, rule, ret);
		}
	}
	ret = ret ?: chain_put(batch, "kind-", fault->name);
	for (size_t i = 0; !ret && i < ARRAY_SIZE(kind_rows); i++) {
		const struct kind_row *row = &kind_rows[i];
		struct nftnl_rule *rule;

		if (!(segments & row->segment))
			continue;
		rule = rule_new("kind-", fault->name);
		ret = rule ? match_flags(rule, row->mask, row->value) : -ENOMEM;
		ret = ret ?: verdict_to(rule, row->verdict, row->next, fault->name);
		ret = nft_rule_put(batch, rule, ret);
	}
	return ret;
}

static int pick_exprs(struct nftnl_rule *rule, const struct fault *fault, uint32_t seed)
{
	uint32_t last = fault->n - 1, limit = htonl(fault->n);
	int ret;

	switch (fault->pick) {
	case PICK_ALL:
		return 0;
	case PICK_NTH:
		return expr_counting(rule, UINT32_MAX) ?: expr_compare(rule, NFT_CMP_EQ, &last, 4);
	case PICK_EVERY:
		return expr_counting(rule, fault->n) ?: expr_compare(rule, NFT_CMP_EQ, &last, 4);
	case PICK_FIRST:
	case PICK_CHANCE:
		ret = expr_counting(rule, UINT32_MAX);
		if (fault->pick == PICK_CHANCE)
			ret = ret ?: expr_hash(rule, seed, CHANCE_ALL);
		ret = ret ?: expr_big_endian(rule);
		return ret ?: expr_compare(rule, NFT_CMP_LT, &limit, 4);
	}
	return -EINVAL;
}

/* What is known of one fault while its rules are built. */
struct path {
	const struct fault *fault;
	int number;
	const struct ruleset_options *options;
	uint16_t hold, pick; /* queues, 0 for none */
	struct holding holding;
};

static struct path path_of(const struct fault *faults, int i, const struct ruleset_options *options)
{
	struct path path = { .fault = &faults[i], .number = i, .options = options };

	if (options->pick)
		path.pick = options->pick[i];
	if (options->hold && !options->disarmed && fault_hold(&faults[i], &path.holding))
		path.hold = options->hold[i];
	return path;
}

/*
 * Do the others of the match pass the lane, too? To overtake; or because the way through user space takes a
 * moment, in which they would, and a packet that is only doubled must not come late.
 */
static bool lane_for_all(const struct path *path)
{
	return path->hold && (path->holding.overtaken || path->holding.copies);
}

static int match_mark(struct nftnl_rule *rule, uint32_t mark)
{
	return expr_meta(rule, NFT_META_MARK) ?: expr_compare(rule, NFT_CMP_EQ, &mark, 4);
}

/* A rule in @chain that sends everything to a queue. */
static int queue_rule(struct batch *batch, const char *prefix, const struct path *path,
		      uint16_t queue)
{
	struct nftnl_rule *rule = rule_new(prefix, path->fault->name);
	int ret = rule ? expr_queue(rule, queue, path->options->compat) : -ENOMEM;

	return nft_rule_put(batch, rule, ret);
}

/* The action's own verdict, for each family, in chain @prefix. */
static int emit_rules(struct batch *batch, const char *prefix, const struct fault *fault)
{
	int ret = 0;

	for (int fam = 0; !ret && fault->action->emit && fam < FAM_COUNT; fam++) {
		struct nftnl_rule *rule;

		if (!(fault->families & 1u << fam))
			continue;
		rule = rule_new(prefix, fault->name);
		if (!rule)
			return -ENOMEM;
		ret = match_meta_byte(rule, NFT_META_NFPROTO,
				      fam == FAM6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
		ret = ret ?: fault->action->emit(rule, fault, fam);
		ret = nft_rule_put(batch, rule, ret);
	}
	return ret;
}

/*
 * To the queue with those that were picked. Where a verdict waits behind the queue, only what came in by
 * a wire takes that way: what the host itself sends meets its own firewall without one.
 */
static int hold_rules(struct batch *batch, const struct path *path)
{
	struct nftnl_rule *rule = rule_new("verdict-", path->fault->name);
	const uint32_t none = 0;
	int ret = rule ? 0 : -ENOMEM;

	if (!ret && path->fault->action->emit) {
		ret = expr_meta(rule, NFT_META_IIF);
		ret = ret ?: expr_compare(rule, NFT_CMP_NEQ, &none, 4);
	}
	ret = ret ?: expr_mark_set(rule, mark_held(path->number));
	ret = ret ?: expr_queue(rule, path->hold, path->options->compat);
	return nft_rule_put(batch, rule, ret);
}

/* Count, log, verdict: in "hit-", or behind the queue that picks in "act-". */
static int act_rules(struct batch *batch, const struct path *path, const char *prefix)
{
	const struct fault *fault = path->fault;
	bool disarmed = path->options->disarmed;
	struct nftnl_rule *rule = rule_new(prefix, fault->name);
	int ret = rule ? 0 : -ENOMEM;

	if (!path->pick)
		ret = ret ?: pick_exprs(rule, fault, chance_seed(path->options->seed, fault->name));
	ret = ret ?: expr_counter(rule, fault->name);
	ret = ret ?: expr_log(rule, RULESET_LOG_GROUP, fault->name, RULESET_SNAPLEN);
	if (!disarmed)
		ret = ret ?: verdict_to(rule, NFT_GOTO, "verdict-", fault->name);
	ret = nft_rule_put(batch, rule, ret);
	if (lane_for_all(path) && !path->pick)
		ret = ret ?: queue_rule(batch, prefix, path, path->hold);
	if (path->hold)
		ret = ret ?: hold_rules(batch, path);
	return disarmed ? ret : ret ?: emit_rules(batch, "verdict-", fault);
}

static int hit_rules(struct batch *batch, const struct path *path)
{
	int ret;

	if (!path->pick)
		return act_rules(batch, path, "hit-");
	ret = queue_rule(batch, "hit-", path, path->pick);
	ret = ret ?: chain_put(batch, "act-", path->fault->name);
	return ret ?: act_rules(batch, path, "act-");
}

static int gate_open(struct batch *batch, const struct fault *fault)
{
	struct nftnl_rule *rule = rule_new("gate-", fault->name);
	const char *next = fault->stateful ? "ct-" : "hit-";
	int ret = rule ? verdict_to(rule, NFT_GOTO, next, fault->name) : -ENOMEM;

	return nft_rule_put(batch, rule, ret);
}

static int fault_put(struct batch *batch, const struct topology *topo, const struct path *path)
{
	static const char *const chains[] = { "match-", "gate-", "hit-", "verdict-" };
	const struct fault *fault = path->fault;
	int ret = nft_counter_put(batch, RULESET_TABLE, fault->name);

	for (size_t i = 0; !ret && i < ARRAY_SIZE(chains); i++)
		ret = chain_put(batch, chains[i], fault->name);
	if (path->hold && fault->action->emit) {
		ret = ret ?: chain_put(batch, "behind-", fault->name);
		ret = ret ?: emit_rules(batch, "behind-", fault);
	}
	ret = ret ?: hit_rules(batch, path);
	if (fault->stateful)
		ret = ret ?: stateful_put(batch, fault);
	if (fault->active)
		ret = ret ?: gate_open(batch, fault);
	ret = ret ?: kind_rules(batch, fault);
	return ret ?: match_rules(batch, topo, fault);
}

/* The sets that the faults of @host refer to, each once. */
static int sets_put(struct batch *batch, const struct topology *topo, int host,
		    const struct fault *faults, int n)
{
	_cleanup_free_ bool *done = calloc((size_t)topo->n_hosts, sizeof(bool));
	int ret = done ? 0 : -ENOMEM;

	for (int i = 0; !ret && i < 2 * n; i++) {
		int h = i % 2 ? faults[i / 2].match.to : faults[i / 2].match.from;

		if (faults[i / 2].host != host || h < 0 || done[h])
			continue;
		done[h] = true;
		ret = set_put(batch, topo, h, FAM4) ?: set_put(batch, topo, h, FAM6);
	}
	return ret;
}

/*
 * What the kernel says of its own accord (multicast listener reports, neighbour solicitations) is
 * no traffic of the scenario: no fault sees it, so that counts mean what they say.
 */
static int multicast_pass(struct batch *batch, const char *chain)
{
	struct nftnl_rule *rule = rule_new(chain, "");
	const uint8_t all = 0xff;
	int ret = rule ? match_meta_byte(rule, NFT_META_NFPROTO, NFPROTO_IPV6) : -ENOMEM;

	ret = ret ?: expr_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 24, 1);
	ret = ret ?: expr_compare(rule, NFT_CMP_EQ, &all, 1);
	ret = ret ?: expr_verdict(rule, NF_ACCEPT, NULL);
	return nft_rule_put(batch, rule, ret);
}

/* The three ways through a host. */
static const struct base {
	const char *name;
	int hook;
	uint32_t lo_meta; /* the interface to look at; loopback traffic is nobody's wire */
} bases[] = {
	{ "forward", NF_INET_FORWARD, 0 },
	{ "input", NF_INET_LOCAL_IN, NFT_META_IIF },
	{ "output", NF_INET_LOCAL_OUT, NFT_META_OIF },
};

/* Copies that a fault of this host had sent have been through its faults already. */
static int copies_pass(struct batch *batch, const struct base *base, const char *chain)
{
	static const uint8_t mac[] = DELAYLINE_COPY_MAC_HERE;
	struct nftnl_rule *rule;
	int ret;

	if (base->hook == NF_INET_FORWARD)
		return 0;
	rule = rule_new(chain, "");
	ret = rule ? 0 : -ENOMEM;
	if (base->hook == NF_INET_LOCAL_OUT) {
		ret = ret ?: match_mark(rule, MARK_COPY);
	} else {
		ret = ret ?: expr_payload(rule, NFT_PAYLOAD_LL_HEADER, 6, sizeof(mac));
		ret = ret ?: expr_compare(rule, NFT_CMP_EQ, mac, sizeof(mac));
	}
	ret = ret ?: expr_verdict(rule, NF_ACCEPT, NULL);
	return nft_rule_put(batch, rule, ret);
}

static int base_begin(struct batch *batch, const struct base *base, const char *chain, int stage,
		      bool copies)
{
	const struct nft_hook hook = { .hook = (uint32_t)base->hook,
				       .priority = stage,
				       .type = "filter" };
	const uint32_t lo = 1;
	struct nftnl_rule *rule;
	int ret = nft_chain_put(batch, RULESET_TABLE, chain, &hook);

	if (ret || base->hook == NF_INET_FORWARD)
		return ret;
	rule = rule_new(chain, "");
	ret = rule ? expr_meta(rule, base->lo_meta) : -ENOMEM;
	ret = ret ?: expr_compare(rule, NFT_CMP_EQ, &lo, 4);
	ret = ret ?: expr_verdict(rule, NF_ACCEPT, NULL);
	ret = nft_rule_put(batch, rule, ret);
	ret = ret ?: multicast_pass(batch, chain);
	return ret || !copies ? ret : copies_pass(batch, base, chain);
}

static int resume_rule(struct batch *batch, const char *chain, uint32_t mark, int verdict,
		       const char *prefix, const char *name)
{
	struct nftnl_rule *rule = rule_new(chain, "");
	int ret = rule ? match_mark(rule, mark) : -ENOMEM;

	ret = ret ?: verdict_to(rule, verdict, prefix, name);
	return nft_rule_put(batch, rule, ret);
}

/* Where packets of this fault are that its pick lane has looked at. */
static int picked_rules(struct batch *batch, const struct path *path, const char *chain)
{
	int ret = resume_rule(batch, chain, mark_chosen(path->number), NFT_JUMP, "act-",
			      path->fault->name);
	struct nftnl_rule *rule;

	if (ret || !lane_for_all(path))
		return ret;
	rule = rule_new(chain, "");
	ret = rule ? match_mark(rule, mark_passed_over(path->number)) : -ENOMEM;
	ret = ret ?: expr_queue(rule, path->hold, path->options->compat);
	return nft_rule_put(batch, rule, ret);
}

/*
 * A packet that comes back from a queue goes on in the next base chain, not in the one that sent it there.
 * So behind each fault with a queue a new one begins, one priority later: faults act in file order,
 * queue or not.
 */
static int base_put(struct batch *batch, const struct base *base, int host,
		    const struct fault *faults, int n, const struct ruleset_options *options)
{
	int ret, stage = 0;
	char chain[32];
	bool copies = false;

	for (int i = 0; i < n; i++)
		copies |= faults[i].host == host && path_of(faults, i, options).holding.copies;
	snprintf(chain, sizeof(chain), "%s", base->name);
	ret = base_begin(batch, base, chain, stage, copies);
	for (int i = 0; !ret && i < n; i++) {
		struct path path = path_of(faults, i, options);
		struct nftnl_rule *rule;

		if (faults[i].host != host)
			continue;
		rule = rule_new(chain, "");
		ret = rule ? verdict_to(rule, NFT_JUMP, "match-", faults[i].name) : -ENOMEM;
		ret = nft_rule_put(batch, rule, ret);
		if (path.pick) {
			snprintf(chain, sizeof(chain), "%s-%d", base->name, ++stage);
			ret = ret ?: base_begin(batch, base, chain, stage, copies);
			ret = ret ?: picked_rules(batch, &path, chain);
		}
		if (path.hold) {
			snprintf(chain, sizeof(chain), "%s-%d", base->name, ++stage);
			ret = ret ?: base_begin(batch, base, chain, stage, copies);
			if (faults[i].action->emit)
				ret = ret   ?:
					      resume_rule(batch, chain, mark_held(i), NFT_GOTO,
							  "behind-", faults[i].name);
		}
	}
	return ret;
}

int ruleset_build(struct batch *batch, const struct topology *topo, int host,
		  const struct fault *faults, int n, const struct ruleset_options *options,
		  struct lab_err *err)
{
	int ret = nft_table_put(batch, NFT_MSG_NEWTABLE, RULESET_TABLE) ?:
			  sets_put(batch, topo, host, faults, n);

	for (int i = 0; !ret && i < n; i++) {
		struct path path = path_of(faults, i, options);

		if (faults[i].host == host)
			ret = fault_put(batch, topo, &path);
	}
	for (size_t b = 0; !ret && b < ARRAY_SIZE(bases); b++)
		ret = base_put(batch, &bases[b], host, faults, n, options);
	return ret < 0 ? oom(err) : 0;
}

int ruleset_switch(struct batch *batch, const struct fault *fault, bool on, struct lab_err *err)
{
	/* emptied first, so that switching on twice is the same as once */
	if (nft_rules_flush(batch, rule_new("gate-", fault->name)) < 0 ||
	    (on && gate_open(batch, fault) < 0))
		return oom(err);
	return 0;
}
