// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <string.h>

#include "impair/action.h"
#include "impair/expr.h"
#include "netns/cleanup.h"
#include "netns/topology.h"

/* AWAY_NS: as long as the packet is away, so that who sends it has put its socket down by then */
enum { NO_CODE = -1, AWAY_NS = 1000000 };

/*
 * The words of SCENARIOS and the codes of RFC 792, 1122, 1812 and 4443: all that nf_tables can send
 * (net/netfilter/nft_reject.c passes any code of "destination unreachable" on).
 */
static const struct {
	const char *name;
	bool tcp_reset;
	int code[FAM_COUNT];
} kinds[] = {
	{ "tcp-reset", true, { 0, 0 } },
	{ "net-unreachable", false, { ICMP_NET_UNREACH, NO_CODE } },
	{ "host-unreachable", false, { ICMP_HOST_UNREACH, NO_CODE } },
	{ "prot-unreachable", false, { ICMP_PROT_UNREACH, NO_CODE } },
	{ "port-unreachable", false, { ICMP_PORT_UNREACH, ICMPV6_PORT_UNREACH } },
	{ "net-prohibited", false, { ICMP_NET_ANO, NO_CODE } },
	{ "host-prohibited", false, { ICMP_HOST_ANO, NO_CODE } },
	{ "admin-prohibited", false, { ICMP_PKT_FILTERED, ICMPV6_ADM_PROHIBITED } },
	{ "no-route", false, { NO_CODE, ICMPV6_NOROUTE } },
	{ "addr-unreachable", false, { NO_CODE, ICMPV6_ADDR_UNREACH } },
};

#define WORDS                                                                                          \
	"tcp-reset; on IPv4 net-, host-, prot- or port-unreachable, net-, host- or admin-prohibited; " \
	"on IPv6 no-route, addr-unreachable, port-unreachable or admin-prohibited"

static int reject_parse(const char *rest, unsigned families, struct fault *fault,
			struct lab_err *err)
{
	if (!*rest)
		return lab_err_set(err, EINVAL, "'reject' needs a word; expected " WORDS);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		unsigned has = 0;

		if (strcmp(kinds[i].name, rest))
			continue;
		for (int fam = 0; fam < FAM_COUNT; fam++)
			has |= kinds[i].code[fam] == NO_CODE ? 0 : 1u << fam;
		fault->kind = (int)i;
		fault->families = has & families;
		if (!fault->families)
			return lab_err_set(err, EAFNOSUPPORT, "'reject %s' exists on %s only", rest,
					   has == 1 ? "IPv4" : "IPv6");
		return 0;
	}
	return lab_err_set(err, EINVAL, "unknown reject word '%s'; expected " WORDS, rest);
}

static const char *reject_text(const struct fault *fault, char *buf, unsigned long size)
{
	snprintf(buf, size, "reject %s", kinds[fault->kind].name);
	return buf;
}

static int reject_emit(struct nftnl_rule *rule, const struct fault *fault, int fam)
{
	if (kinds[fault->kind].tcp_reset)
		return expr_reject(rule, NFT_REJECT_TCP_RST, 0);
	return expr_reject(rule, NFT_REJECT_ICMP_UNREACH, (uint8_t)kinds[fault->kind].code[fam]);
}

/*
 * By way of the delay line: see ruleset.c. Without any delay our thread, real-time as it may be, can still
 * be faster than the connect() that it interrupted. A reset is heard either way.
 */
static bool reject_hold(const struct fault *fault, struct holding *ret_holding)
{
	*ret_holding = (struct holding){ .delay_ns = AWAY_NS };
	return !kinds[fault->kind].tcp_reset;
}

const struct action ACTION_REJECT = {
	.name = "reject",
	.syntax = "reject WORD",
	.help = "The packet vanishes and its sender is told, by a TCP reset in the receiver's name or "
		"by an ICMP error. A connect() hears of it at once, blocking or not; only where the host's "
		"own firewall rejects what its programs send (at: client, from: client) a blocking one hears an ICMP error a second later, with its next SYN, as on a "
		"real host. WORD is " WORDS ".",
	.past = "rejected",
	.parse = reject_parse,
	.text = reject_text,
	.hold = reject_hold,
	.emit = reject_emit,
};

bool action_rejects_with_reset(const struct fault *fault)
{
	return fault->action == &ACTION_REJECT && kinds[fault->kind].tcp_reset;
}
