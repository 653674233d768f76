// SPDX-License-Identifier: GPL-2.0-or-later
#include "netns/qdisc_message.h"

#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <math.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

enum {
	MESSAGE_MAX = 16384, /* the table takes half of it */
	TICK_NS = 64,	     /* PSCHED_SHIFT: the old 32-bit times are in these */
	ATTR_PRNG_SEED = 14, /* TCA_NETEM_PRNG_SEED, since Linux 6.6 */
};

/*
 * The inverse of the normal distribution (Peter Acklam's rational approximation, relative error
 * 1.15e-9: a table entry has 13 bits).
 */
static double normal_inverse_tail(double p)
{
	static const double c[] = { -7.784894002430293e-03, -3.223964580411365e-01,
				    -2.400758277161838e+00, -2.549732539343734e+00,
				    4.374664141464968e+00,  2.938163982698783e+00 };
	static const double d[] = { 7.784695709041462e-03, 3.224671290700398e-01,
				    2.445134137142996e+00, 3.754408661907416e+00 };
	double q = sqrt(-2 * log(p));

	return (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
	       ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
}

static double normal_inverse(double p)
{
	static const double a[] = { -3.969683028665376e+01, 2.209460984245205e+02,
				    -2.759285104469687e+02, 1.383577518672690e+02,
				    -3.066479806614716e+01, 2.506628277459239e+00 };
	static const double b[] = { -5.447609879822406e+01, 1.615858368580409e+02,
				    -1.556989798598866e+02, 6.680131188771972e+01,
				    -1.328068155288572e+01 };
	const double tail = 0.02425;
	double q = p - 0.5, r = q * q;

	if (p < tail)
		return normal_inverse_tail(p);
	if (p > 1 - tail)
		return -normal_inverse_tail(1 - p);
	return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
	       (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
}

void qdisc_table(enum qdisc_spread spread, int16_t table[QDISC_TABLE_SIZE])
{
	for (int i = 0; i < QDISC_TABLE_SIZE; i++) {
		double p = (i + 0.5) / QDISC_TABLE_SIZE;
		double x = spread == QDISC_SPREAD_NORMAL ? normal_inverse(p) : 2 * p - 1;

		table[i] = (int16_t)lrint(x * QDISC_TABLE_ONE);
	}
}

/* netem's probabilities: 0 to 2^32 - 1 */
static uint32_t probability(uint32_t millionths)
{
	return millionths >= 1000000 ? UINT32_MAX :
				       (uint32_t)(((uint64_t)millionths << 32) / 1000000);
}

static uint32_t ticks(int64_t ns)
{
	return ns / TICK_NS > UINT32_MAX ? UINT32_MAX : (uint32_t)(ns / TICK_NS);
}

/* What is not sent keeps its old value at a change, so all is sent, the zeros too. */
static int options_put(struct nl_msg *msg, const struct qdisc_netem *n)
{
	const struct tc_netem_qopt qopt = {
		.latency = ticks(n->delay_ns),
		.limit = n->limit,
		/* each packet may be the one that overtakes, as tc has it without a gap */
		.gap = n->reorder ? 1 : 0,
		.duplicate = probability(n->duplicate),
		.jitter = ticks(n->jitter_ns),
	};
	const struct tc_netem_corr corr = { 0 };
	const struct tc_netem_reorder reorder = { .probability = probability(n->reorder) };
	const struct tc_netem_corrupt corrupt = { .probability = probability(n->corrupt) };
	uint64_t bytes = ((uint64_t)n->rate_bps + 7) / 8;
	const struct tc_netem_rate rate = {
		.rate = bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)bytes,
		.packet_overhead = n->overhead,
	};
	int16_t table[QDISC_TABLE_SIZE];
	int ret;

	ret = nlmsg_append(msg, (void *)&qopt, sizeof(qopt), NLMSG_ALIGNTO);
	ret = ret ?: nla_put(msg, TCA_NETEM_CORR, sizeof(corr), &corr);
	ret = ret ?: nla_put(msg, TCA_NETEM_REORDER, sizeof(reorder), &reorder);
	ret = ret ?: nla_put(msg, TCA_NETEM_CORRUPT, sizeof(corrupt), &corrupt);
	ret = ret ?: nla_put(msg, TCA_NETEM_RATE, sizeof(rate), &rate);
	if (bytes > UINT32_MAX)
		ret = ret ?: nla_put(msg, TCA_NETEM_RATE64, sizeof(bytes), &bytes);
	ret = ret ?: nla_put(msg, TCA_NETEM_LATENCY64, sizeof(n->delay_ns), &n->delay_ns);
	ret = ret ?: nla_put(msg, TCA_NETEM_JITTER64, sizeof(n->jitter_ns), &n->jitter_ns);
	ret = ret ?: nla_put(msg, ATTR_PRNG_SEED, sizeof(n->seed), &n->seed);
	if (!ret && n->jitter_ns && n->spread != QDISC_SPREAD_DEFAULT) {
		qdisc_table(n->spread, table);
		ret = nla_put(msg, TCA_NETEM_DELAY_DIST, sizeof(table), table);
	}
	return ret;
}

int qdisc_netem_message(int ifindex, const struct qdisc_netem *netem, struct nl_msg **ret)
{
	struct tcmsg tcm = { .tcm_family = AF_UNSPEC,
			     .tcm_ifindex = ifindex,
			     .tcm_parent = TC_H_ROOT };
	struct nl_msg *msg = nlmsg_alloc_size(MESSAGE_MAX);
	struct nlattr *options;
	int err = 0;

	*ret = msg;
	if (!msg || !nlmsg_put(msg, 0, 0, RTM_NEWQDISC, 0, NLM_F_CREATE | NLM_F_REPLACE))
		return -1;
	err = nlmsg_append(msg, &tcm, sizeof(tcm), NLMSG_ALIGNTO);
	err = err ?: nla_put_string(msg, TCA_KIND, "netem");
	if (err)
		return err;
	options = nla_nest_start(msg, TCA_OPTIONS);
	if (!options)
		return -1;
	err = options_put(msg, netem);
	return err ?: nla_nest_end(msg, options);
}
