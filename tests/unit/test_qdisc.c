// SPDX-License-Identifier: GPL-2.0-or-later
/* The request that sets netem, parsed back; and the tables that it draws deviations from. */
#include "tests/support/main.h"

#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <math.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

#include "netns/qdisc_message.h"

enum { PRNG_SEED = 14, ATTRS = 16 };

/* The parts of a request; @attrs are those behind struct tc_netem_qopt. */
struct parsed {
	struct nl_msg *msg;
	struct tcmsg tcm;
	struct tc_netem_qopt qopt;
	struct nlattr *attrs[ATTRS];
};

static struct parsed parse(const struct qdisc_netem *netem)
{
	struct nlattr *top[TCA_MAX + 1] = { 0 };
	struct parsed p = { 0 };
	struct nlmsghdr *nlh;
	size_t head = NLMSG_ALIGN(sizeof(p.qopt));

	assert_int_equal(qdisc_netem_message(7, netem, &p.msg), 0);
	nlh = nlmsg_hdr(p.msg);
	assert_int_equal(nlh->nlmsg_type, RTM_NEWQDISC);
	assert_int_equal(nlh->nlmsg_flags & (NLM_F_CREATE | NLM_F_REPLACE | NLM_F_EXCL),
			 NLM_F_CREATE | NLM_F_REPLACE);
	memcpy(&p.tcm, nlmsg_data(nlh), sizeof(p.tcm));
	assert_int_equal(nlmsg_parse(nlh, sizeof(p.tcm), top, TCA_MAX, NULL), 0);
	assert_string_equal(nla_get_string(top[TCA_KIND]), "netem");
	assert_true((size_t)nla_len(top[TCA_OPTIONS]) > head);
	memcpy(&p.qopt, nla_data(top[TCA_OPTIONS]), sizeof(p.qopt));
	assert_int_equal(nla_parse(p.attrs, ATTRS - 1,
				   (struct nlattr *)((char *)nla_data(top[TCA_OPTIONS]) + head),
				   nla_len(top[TCA_OPTIONS]) - (int)head, NULL),
			 0);
	return p;
}

static uint32_t u32_of(const struct parsed *p, int attr)
{
	uint32_t n;

	assert_non_null(p->attrs[attr]);
	assert_true((size_t)nla_len(p->attrs[attr]) >= sizeof(n));
	memcpy(&n, nla_data(p->attrs[attr]), sizeof(n));
	return n;
}

static uint64_t u64_of(const struct parsed *p, int attr)
{
	uint64_t n;

	assert_non_null(p->attrs[attr]);
	assert_int_equal(nla_len(p->attrs[attr]), sizeof(n));
	memcpy(&n, nla_data(p->attrs[attr]), sizeof(n));
	return n;
}

static void test_netem_message_says_all(void **state)
{
	const struct qdisc_netem netem = { .delay_ns = INT64_C(50000000000),
					   .jitter_ns = 5000000,
					   .duplicate = 10000,
					   .reorder = 250000,
					   .corrupt = 1000000,
					   .rate_bps = 10000001,
					   .overhead = -14,
					   .limit = 77,
					   .seed = UINT64_C(0x123456789abcdef0) };
	struct parsed p = parse(&netem);
	struct tc_netem_rate rate;

	(void)state;
	assert_int_equal(p.tcm.tcm_ifindex, 7);
	assert_int_equal(p.tcm.tcm_parent, TC_H_ROOT);
	assert_int_equal(p.qopt.limit, 77);
	assert_int_equal(p.qopt.loss, 0);
	assert_int_equal(p.qopt.gap, 1);
	assert_int_equal(p.qopt.latency, 50000000000 / 64);
	assert_int_equal(p.qopt.jitter, 5000000 / 64);
	assert_int_equal(p.qopt.duplicate, (uint32_t)((UINT64_C(1) << 32) / 100));
	assert_int_equal(u32_of(&p, TCA_NETEM_REORDER), 1u << 30);
	assert_int_equal(u32_of(&p, TCA_NETEM_CORRUPT), UINT32_MAX);
	assert_int_equal(u64_of(&p, TCA_NETEM_LATENCY64), netem.delay_ns);
	assert_int_equal(u64_of(&p, TCA_NETEM_JITTER64), netem.jitter_ns);
	assert_int_equal(u64_of(&p, PRNG_SEED), netem.seed);
	memcpy(&rate, nla_data(p.attrs[TCA_NETEM_RATE]), sizeof(rate));
	assert_int_equal(rate.rate, 1250001);
	assert_int_equal(rate.packet_overhead, -14);
	assert_null(p.attrs[TCA_NETEM_RATE64]);
	assert_null(p.attrs[TCA_NETEM_DELAY_DIST]);
	assert_null(p.attrs[TCA_NETEM_LOSS]);
	nlmsg_free(p.msg);
}

/* What is left out keeps its value at a change, so zeros are said. */
static void test_netem_message_resets_what_is_not_wanted(void **state)
{
	const struct qdisc_netem netem = { .limit = 1000 };
	struct parsed p = parse(&netem);
	static const int zeros[] = { TCA_NETEM_CORR, TCA_NETEM_REORDER, TCA_NETEM_CORRUPT,
				     TCA_NETEM_RATE };

	(void)state;
	for (size_t i = 0; i < sizeof(zeros) / sizeof(zeros[0]); i++)
		assert_int_equal(u32_of(&p, zeros[i]), 0);
	assert_int_equal(u64_of(&p, TCA_NETEM_LATENCY64), 0);
	assert_int_equal(u64_of(&p, TCA_NETEM_JITTER64), 0);
	assert_int_equal(p.qopt.gap, 0);
	nlmsg_free(p.msg);
}

static void test_netem_message_has_room_for_fast_and_for_tables(void **state)
{
	const struct qdisc_netem netem = { .jitter_ns = 1,
					   .spread = QDISC_SPREAD_NORMAL,
					   .rate_bps = INT64_C(1000000000000),
					   .limit = 1 };
	struct parsed p = parse(&netem);

	(void)state;
	assert_int_equal(u64_of(&p, TCA_NETEM_RATE64), INT64_C(125000000000));
	assert_int_equal(u32_of(&p, TCA_NETEM_RATE), UINT32_MAX);
	assert_non_null(p.attrs[TCA_NETEM_DELAY_DIST]);
	assert_int_equal(nla_len(p.attrs[TCA_NETEM_DELAY_DIST]), QDISC_TABLE_SIZE * 2);
	nlmsg_free(p.msg);
}

/* Mean, standard deviation and share within one deviation of a table, in its own units. */
struct shape_of_table {
	double mean, deviation, within_one;
};

static struct shape_of_table measure(enum qdisc_spread spread)
{
	int16_t table[QDISC_TABLE_SIZE];
	double sum = 0, squares = 0;
	int within = 0;

	qdisc_table(spread, table);
	for (int i = 0; i < QDISC_TABLE_SIZE; i++) {
		double x = (double)table[i] / QDISC_TABLE_ONE;

		sum += x;
		squares += x * x;
		within += fabs(x) <= 1;
		assert_true(i == 0 || table[i] >= table[i - 1]);
		assert_int_equal(table[i], -table[QDISC_TABLE_SIZE - 1 - i]);
	}
	return (struct shape_of_table){ sum / QDISC_TABLE_SIZE, sqrt(squares / QDISC_TABLE_SIZE),
					(double)within / QDISC_TABLE_SIZE };
}

static void test_tables_have_the_right_shape(void **state)
{
	struct shape_of_table normal = measure(QDISC_SPREAD_NORMAL);
	struct shape_of_table uniform = measure(QDISC_SPREAD_UNIFORM);
	int16_t table[QDISC_TABLE_SIZE];

	(void)state;
	assert_true(fabs(normal.deviation - 1) < 0.001);
	assert_true(fabs(normal.within_one - 0.6827) < 0.001);
	assert_true(fabs(uniform.deviation - 1 / sqrt(3)) < 0.001);
	assert_true(uniform.within_one > 0.9999);
	/* known quantiles of the normal distribution */
	qdisc_table(QDISC_SPREAD_NORMAL, table);
	assert_true(abs(table[(int)(0.975 * QDISC_TABLE_SIZE)] - (int)(1.96 * QDISC_TABLE_ONE)) <
		    40);
	assert_true(abs(table[(int)(0.9987 * QDISC_TABLE_SIZE)] - 3 * QDISC_TABLE_ONE) < 600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_netem_message_says_all),
		cmocka_unit_test(test_netem_message_resets_what_is_not_wanted),
		cmocka_unit_test(test_netem_message_has_room_for_fast_and_for_tables),
		cmocka_unit_test(test_tables_have_the_right_shape),
	};

	return TEST_MAIN("qdisc", tests, NULL, NULL);
}
