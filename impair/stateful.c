// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation. Connection tracking looks at each packet before our chains do, and says what
 * it is: of a connection that has seen packets both ways (established), of one that somebody else's
 * packet announced (related: an ICMP error), the opening of one (new), or none of these (invalid).
 * What makes a segment without SYN invalid is the switch tcp_loose: off, only a SYN opens.
 *
 * Rules that ask for the state bring connection tracking into the namespace, with all its hooks and sysctls.
 */
#include "impair/stateful.h"

#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>

#include "impair/expr.h"
#include "impair/fault.h"
#include "impair/rule.h"
#include "impair/ruleset.h"
#include "netns/cleanup.h"

#define CT  "net.netfilter.nf_conntrack_"
#define TCP CT "tcp_timeout_"

static const struct stateful_timeout timeouts[] = {
	{ "syn_sent", TCP "syn_sent", NULL },
	{ "syn_recv", TCP "syn_recv", NULL },
	{ "established", TCP "established", NULL },
	{ "fin_wait", TCP "fin_wait", NULL },
	{ "close_wait", TCP "close_wait", NULL },
	{ "last_ack", TCP "last_ack", NULL },
	{ "time_wait", TCP "time_wait", NULL },
	{ "close", TCP "close", NULL },
	{ "max_retrans", TCP "max_retrans", NULL },
	{ "unacknowledged", TCP "unacknowledged", NULL },
	{ "udp", CT "udp_timeout", NULL },
	{ "udp_stream", CT "udp_timeout_stream", NULL },
	{ "icmp", CT "icmp_timeout", CT "icmpv6_timeout" },
};

_Static_assert(ARRAY_SIZE(timeouts) == STATEFUL_TIMEOUTS, "one number for each row");

const struct stateful_timeout *stateful_timeout_at(int i)
{
	return i >= 0 && i < STATEFUL_TIMEOUTS ? &timeouts[i] : NULL;
}

/* connection tracking's bits for @key (NFT_CT_STATE, _STATUS), as ``& @bits != 0`` */
static int match_ct(struct nftnl_rule *rule, uint32_t key, uint32_t bits)
{
	const uint32_t none = 0;
	int ret = expr_ct(rule, key);

	ret = ret ?: expr_mask(rule, &bits, 4);
	return ret ?: expr_compare(rule, NFT_CMP_NEQ, &none, 4);
}

/* A rule of the chain: matched by @fill, it ends in @verdict. */
static int rule_add(struct batch *batch, const struct fault *fault,
		    int (*fill)(struct nftnl_rule *rule, const struct fault *fault), int verdict)
{
	char chain[RULESET_CHAIN_SIZE], hit[RULESET_CHAIN_SIZE];
	struct nftnl_rule *rule;
	int ret;

	snprintf(chain, sizeof(chain), "ct-%s", fault->name);
	snprintf(hit, sizeof(hit), "hit-%s", fault->name);
	rule = nft_rule_new(RULESET_TABLE, chain);
	ret = rule ? fill(rule, fault) : -ENOMEM;
	ret = ret ?: expr_verdict(rule, verdict, verdict == NFT_GOTO ? hit : NULL);
	return nft_rule_put(batch, rule, ret);
}

/* What the host sends itself has come in nowhere. */
static int fill_own(struct nftnl_rule *rule, const struct fault *fault)
{
	const uint32_t none = 0;

	(void)fault;
	return expr_meta(rule, NFT_META_IIF) ?: expr_compare(rule, NFT_CMP_EQ, &none, 4);
}

/* Untracked is what connection tracking leaves alone: neighbour discovery. */
static int fill_known(struct nftnl_rule *rule, const struct fault *fault)
{
	(void)fault;
	return match_ct(rule, NFT_CT_STATE,
			NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED) |
				NF_CT_STATE_UNTRACKED_BIT);
}

/* Sent again: it has been counted, and was let pass. */
static int fill_again(struct nftnl_rule *rule, const struct fault *fault)
{
	(void)fault;
	return match_ct(rule, NFT_CT_STATE, NF_CT_STATE_BIT(IP_CT_NEW)) ?:
		       match_ct(rule, NFT_CT_STATUS, IPS_CONFIRMED);
}

static int fill_limit(struct nftnl_rule *rule, const struct fault *fault)
{
	return match_ct(rule, NFT_CT_STATE, NF_CT_STATE_BIT(IP_CT_NEW)) ?:
		       expr_connlimit_over(rule, fault->stateful->limit);
}

static int fill_rate(struct nftnl_rule *rule, const struct fault *fault)
{
	const struct stateful *s = fault->stateful;

	return match_ct(rule, NFT_CT_STATE, NF_CT_STATE_BIT(IP_CT_NEW)) ?:
		       expr_rate_over(rule, s->rate, s->per_s, s->burst);
}

static int fill_new(struct nftnl_rule *rule, const struct fault *fault)
{
	(void)fault;
	return match_ct(rule, NFT_CT_STATE, NF_CT_STATE_BIT(IP_CT_NEW));
}

static int fill_rest(struct nftnl_rule *rule, const struct fault *fault)
{
	(void)rule;
	(void)fault;
	return 0;
}

int stateful_put(struct batch *batch, const struct fault *fault)
{
	const struct stateful *s = fault->stateful;
	char chain[RULESET_CHAIN_SIZE];
	int ret;

	snprintf(chain, sizeof(chain), "ct-%s", fault->name);
	ret = nft_chain_put(batch, RULESET_TABLE, chain, NULL);
	ret = ret ?: rule_add(batch, fault, fill_own, NFT_RETURN);
	ret = ret ?: rule_add(batch, fault, fill_known, NFT_RETURN);
	if (!ret && (s->limit || s->rate))
		ret = rule_add(batch, fault, fill_again, NFT_RETURN);
	if (!ret && s->limit)
		ret = rule_add(batch, fault, fill_limit, NFT_GOTO);
	if (!ret && s->rate)
		ret = rule_add(batch, fault, fill_rate, NFT_GOTO);
	ret = ret ?: rule_add(batch, fault, fill_new, NFT_RETURN);
	return ret ?: rule_add(batch, fault, fill_rest, NFT_GOTO);
}

void stateful_missing(int host, const struct fault *faults, int n, struct lab_err *err)
{
	for (int i = 0; err && i < n; i++) {
		if (faults[i].host != host || !faults[i].stateful)
			continue;
		err->fix[0] = '\0';
		lab_err_fix(err, "an nf_tables module is missing: modprobe -a nft_ct nf_conntrack "
				 "nft_connlimit nft_limit nft_numgen nft_log nft_reject_inet "
				 "nfnetlink_log (CONFIG_NFT_CT, CONFIG_NF_CONNTRACK)");
		return;
	}
}

static int sysctl_apply(const struct network *net, int host, const char *key, int value,
			struct lab_err *err)
{
	char text[16];
	int ret;

	snprintf(text, sizeof(text), "%d", value);
	ret = network_sysctl_set(net, host, key, text, err);
	if (ret < 0) {
		lab_err_wrap(err, "cannot set what the stateful firewall remembers");
		lab_err_fix(err, "the kernel has no connection tracking: modprobe nf_conntrack "
				 "(CONFIG_NF_CONNTRACK, CONFIG_NF_CONNTRACK_PROCFS)");
	}
	return ret;
}

/* The setting of the first fault that has one; they agree, or the scenario would have been refused. */
static int timeout_apply(const struct network *net, int host, int i, const struct fault *faults,
			 int n, struct lab_err *err)
{
	int ret = 0;

	for (int f = 0; f < n; f++) {
		const struct stateful *s = faults[f].stateful;

		if (faults[f].host != host || !s || !s->timeout_s[i])
			continue;
		ret = sysctl_apply(net, host, timeouts[i].key, s->timeout_s[i], err);
		if (!ret && timeouts[i].also)
			ret = sysctl_apply(net, host, timeouts[i].also, s->timeout_s[i], err);
		break;
	}
	return ret;
}

int stateful_apply(const struct network *net, int host, const struct fault *faults, int n,
		   struct lab_err *err)
{
	int loose = 0, liberal = 0, ret = 0;
	bool any = false;

	for (int f = 0; f < n; f++) {
		const struct stateful *s = faults[f].stateful;

		if (faults[f].host != host || !s)
			continue;
		any = true;
		loose |= s->loose > 0;
		liberal |= s->liberal > 0;
	}
	if (!any)
		return 0;
	ret = sysctl_apply(net, host, CT "tcp_loose", loose, err);
	ret = ret ?: sysctl_apply(net, host, CT "tcp_be_liberal", liberal, err);
	for (int i = 0; !ret && i < STATEFUL_TIMEOUTS; i++)
		ret = timeout_apply(net, host, i, faults, n, err);
	return ret;
}
