// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a stateful fault's rules do with packets of every state of connection tracking, in every hook,
 * and what the rules of address translation are made of.
 */
#include "tests/support/main.h"

#include <errno.h>

#include "impair/nat.h"
#include "impair/stateful.h"
#include "netns/cleanup.h"
#include "tests/unit/ruleset_model.h"

#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>

enum { NEW = NF_CT_STATE_BIT(IP_CT_NEW), KNOWN = NF_CT_STATE_BIT(IP_CT_ESTABLISHED) };

static struct topology topo;

static int setup(void **state)
{
	(void)state;
	topo_ready(&topo, "client fw server", "client-fw fw-server");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	topology_free(&topo);
	return 0;
}

static struct fault fault_make(struct stateful *stateful)
{
	struct fault fault = { .host = 1,
			       .name = (char *)"wall1",
			       .match = { .from = -1, .to = -1 },
			       .active = true,
			       .stateful = stateful };
	struct lab_err err = { 0 };

	if (action_parse("drop", 3, &fault, &err))
		fail_msg("%s", err.msg);
	return fault;
}

/* A forwarded TCP segment; its contents do not matter here. */
static struct sample sample_make(int fam, uint32_t ct_state)
{
	return (struct sample){ .fam = fam,
				.protocol = IPPROTO_TCP,
				.iif = 2,
				.oif = 3,
				.network_len = fam == FAM6 ? 40 : 20,
				.len = fam == FAM6 ? 60 : 40,
				.ct_state = ct_state };
}

static void expect_hit(struct model *m, const char *base, const struct sample *s, bool hit)
{
	uint64_t before = model_counter(m, "wall1")->packets;
	struct machine x = model_run(m, base, s);

	assert_int_equal(x.verdict, hit ? NF_DROP : NF_ACCEPT);
	assert_int_equal(model_counter(m, "wall1")->packets - before, hit);
	assert_int_equal(m->n_logged, hit);
}

static void test_stateful_hits_what_is_of_no_connection(void **state)
{
	static const struct {
		uint32_t state;
		bool hit;
	} table[] = {
		{ NF_CT_STATE_INVALID_BIT, true },
		{ NF_CT_STATE_BIT(IP_CT_ESTABLISHED), false },
		{ NF_CT_STATE_BIT(IP_CT_ESTABLISHED_REPLY), false },
		{ NF_CT_STATE_BIT(IP_CT_RELATED), false },
		{ NF_CT_STATE_BIT(IP_CT_RELATED_REPLY), false },
		{ NF_CT_STATE_BIT(IP_CT_NEW), false },
		{ NF_CT_STATE_UNTRACKED_BIT, false },
		{ 0, true },
	};
	struct stateful stateful = { .loose = -1, .liberal = -1 };
	struct fault fault = fault_make(&stateful);
	struct model *m = model_build(&topo, 1, &fault, 1, false);

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(table); i++) {
		struct sample s = sample_make(i % 2, table[i / 2].state);

		expect_hit(m, "forward", &s, table[i / 2].hit);
		s.oif = 0; /* it is for the host itself */
		expect_hit(m, "input", &s, table[i / 2].hit);
		s.oif = 3;
		s.iif = 0; /* the host has made it */
		expect_hit(m, "output", &s, false);
	}
	model_free(m);
}

/* The host's own loopback is nobody's wire. */
static void test_stateful_leaves_loopback_alone(void **state)
{
	struct stateful stateful = { .loose = -1, .liberal = -1 };
	struct fault fault = fault_make(&stateful);
	struct model *m = model_build(&topo, 1, &fault, 1, false);
	struct sample s = sample_make(FAM4, NF_CT_STATE_INVALID_BIT);

	(void)state;
	s.iif = 1;
	s.oif = 0;
	expect_hit(m, "input", &s, false);
	model_free(m);
}

static void test_stateful_hits_the_connection_too_many(void **state)
{
	struct stateful stateful = { .limit = 2 };
	struct fault fault = fault_make(&stateful);
	struct model *m = model_build(&topo, 1, &fault, 1, false);
	struct sample s = sample_make(FAM4, NEW);

	(void)state;
	for (s.connections = 1; s.connections < 5; s.connections++)
		expect_hit(m, "forward", &s, s.connections > 2);
	/* those that are open, and those that were let in and have no answer yet, stay */
	s.ct_status = IPS_CONFIRMED;
	expect_hit(m, "forward", &s, false);
	s.ct_state = KNOWN;
	expect_hit(m, "forward", &s, false);
	model_free(m);
}

static void test_stateful_hits_what_comes_too_fast(void **state)
{
	struct stateful stateful = { .rate = 1, .per_s = 1, .burst = 3 };
	struct fault fault = fault_make(&stateful);
	struct model *m = model_build(&topo, 1, &fault, 1, false);

	(void)state;
	/* families share the rate; what is known or sent again takes nothing from it */
	for (int i = 0; i < 6; i++) {
		struct sample s = sample_make(i % 2, NEW), known = sample_make(i % 2, KNOWN),
			      again = sample_make(i % 2, NEW);

		again.ct_status = IPS_CONFIRMED;
		expect_hit(m, "forward", &known, false);
		expect_hit(m, "forward", &again, false);
		expect_hit(m, "forward", &s, i >= 3);
	}
	model_free(m);
}

/* What the limit keeps out must not use up the rate. */
static void test_stateful_asks_the_limit_before_the_rate(void **state)
{
	struct stateful stateful = { .limit = 1, .rate = 1, .per_s = 60, .burst = 1 };
	struct fault fault = fault_make(&stateful);
	struct model *m = model_build(&topo, 1, &fault, 1, false);
	struct sample s = sample_make(FAM6, NEW);

	(void)state;
	s.connections = 2;
	expect_hit(m, "forward", &s, true);
	s.connections = 1;
	expect_hit(m, "forward", &s, false);
	expect_hit(m, "forward", &s, true);
	model_free(m);
}

static void test_stateful_disarmed_counts_and_lets_pass(void **state)
{
	struct stateful stateful = { .loose = -1, .liberal = -1 };
	struct fault fault = fault_make(&stateful);
	struct model *m = model_build(&topo, 1, &fault, 1, true);
	struct sample s = sample_make(FAM4, NF_CT_STATE_INVALID_BIT);
	struct machine x = model_run(m, "forward", &s);

	(void)state;
	assert_int_equal(x.verdict, NF_ACCEPT);
	assert_int_equal(model_counter(m, "wall1")->packets, 1);
	assert_int_equal(m->n_logged, 1);
	model_free(m);
}

/* A match narrows down whose packets are asked about; switched off, nobody's are. */
static void test_stateful_goes_by_match_and_gate(void **state)
{
	struct stateful stateful = { .loose = -1, .liberal = -1 };
	struct fault fault = fault_make(&stateful);
	struct sample s = sample_make(FAM4, NF_CT_STATE_INVALID_BIT);
	struct model *m;

	(void)state;
	fault.match.protocol = IPPROTO_UDP;
	m = model_build(&topo, 1, &fault, 1, false);
	expect_hit(m, "forward", &s, false);
	s.protocol = IPPROTO_UDP;
	expect_hit(m, "forward", &s, true);
	model_free(m);
	fault.active = false;
	m = model_build(&topo, 1, &fault, 1, false);
	expect_hit(m, "forward", &s, false);
	model_free(m);
}

/* ---- address translation ---- */

struct nat_seen {
	int chains, rules, dnat, masq;
	uint32_t masq_flags;
	/* of the rule that is being read */
	const uint8_t *loaded[2];
	uint32_t loaded_len[2];
};

static void nat_expr(struct nftnl_expr *e, const char *name, void *arg)
{
	struct nat_seen *seen = arg;

	if (!strcmp(name, "immediate")) {
		uint32_t reg = nftnl_expr_get_u32(e, NFTNL_EXPR_IMM_DREG) - NFT_REG_1;

		assert_true(reg < 2);
		seen->loaded[reg] = nftnl_expr_get(e, NFTNL_EXPR_IMM_DATA, &seen->loaded_len[reg]);
	} else if (!strcmp(name, "nat")) {
		int fam = nftnl_expr_get_u32(e, NFTNL_EXPR_NAT_FAMILY) == NFPROTO_IPV6;
		const uint8_t port[] = { 0x1f, 0x90 };

		assert_int_equal(nftnl_expr_get_u32(e, NFTNL_EXPR_NAT_TYPE), NFT_NAT_DNAT);
		assert_int_equal(nftnl_expr_get_u32(e, NFTNL_EXPR_NAT_REG_ADDR_MIN), NFT_REG_1);
		assert_int_equal(nftnl_expr_get_u32(e, NFTNL_EXPR_NAT_REG_PROTO_MIN), NFT_REG_2);
		assert_int_equal(seen->loaded_len[0], topo_addr_len(fam));
		assert_int_equal(seen->loaded_len[1], 2);
		assert_memory_equal(seen->loaded[0], topo.links[1].addr[1][fam].bytes,
				    seen->loaded_len[0]);
		assert_memory_equal(seen->loaded[1], port, 2);
		seen->dnat++;
	} else if (!strcmp(name, "masq")) {
		if (nftnl_expr_is_set(e, NFTNL_EXPR_MASQ_FLAGS))
			seen->masq_flags = nftnl_expr_get_u32(e, NFTNL_EXPR_MASQ_FLAGS);
		seen->masq++;
	}
}

static struct nat_seen *nat_seen;

static void nat_message(struct model *m, const struct nlmsghdr *nlh)
{
	struct nftnl_chain *chain;
	struct nftnl_rule *rule;

	(void)m;
	switch (NFNL_MSG_TYPE(nlh->nlmsg_type)) {
	case NFT_MSG_NEWCHAIN:
		chain = topo_need(nftnl_chain_alloc());
		assert_true(nftnl_chain_nlmsg_parse(nlh, chain) >= 0);
		assert_string_equal(nftnl_chain_get_str(chain, NFTNL_CHAIN_TABLE), NAT_TABLE);
		assert_string_equal(nftnl_chain_get_str(chain, NFTNL_CHAIN_TYPE), "nat");
		assert_int_equal(nftnl_chain_get_s32(chain, NFTNL_CHAIN_PRIO),
				 nftnl_chain_get_u32(chain, NFTNL_CHAIN_HOOKNUM) ==
						 NF_INET_PRE_ROUTING ?
					 -100 :
					 100);
		nftnl_chain_free(chain);
		nat_seen->chains++;
		break;
	case NFT_MSG_NEWRULE:
		rule = topo_need(nftnl_rule_alloc());
		assert_true(nftnl_rule_nlmsg_parse(nlh, rule) >= 0);
		rule_each(rule, nat_expr, nat_seen);
		nftnl_rule_free(rule);
		nat_seen->rules++;
		break;
	default:
		assert_int_equal(NFNL_MSG_TYPE(nlh->nlmsg_type), NFT_MSG_NEWTABLE);
	}
}

static struct nat_seen nat_walk(const struct nat *nat, unsigned families)
{
	struct batch batch = { 0 };
	struct lab_err err = { 0 };
	struct nat_seen seen = { 0 };

	nat_seen = &seen;
	assert_int_equal(batch_begin(&batch), 0);
	assert_int_equal(nat_build(&batch, &topo, nat, families, &err), 0);
	batch_walk(&batch, NULL, nat_message);
	batch_free(&batch);
	return seen;
}

static void test_nat_forwards_to_each_address_and_protocol(void **state)
{
	struct nat_forward forward = { 80, 2, 8080 };
	struct nat nat = { .host = 1, .forwards = &forward, .n_forwards = 1 };

	(void)state;
	for (unsigned families = 1; families < 4; families++) {
		struct nat_seen seen = nat_walk(&nat, families);

		/* fw has two addresses in each family; TCP and UDP */
		assert_int_equal(seen.dnat, families == 3 ? 8 : 4);
		assert_int_equal(seen.rules, seen.dnat);
		assert_int_equal(seen.chains, 2);
		assert_int_equal(seen.masq, 0);
	}
}

static void test_nat_masquerades(void **state)
{
	struct nat nat = { .host = 1, .masquerade = true };
	struct nat_seen seen = nat_walk(&nat, 3);

	(void)state;
	assert_int_equal(seen.rules, 1);
	assert_int_equal(seen.masq, 1);
	assert_int_equal(seen.masq_flags, 0);
	nat.random_ports = true;
	seen = nat_walk(&nat, 3);
	assert_int_equal(seen.masq, 1);
	assert_int_equal(seen.masq_flags, NF_NAT_RANGE_PROTO_RANDOM_FULLY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stateful_hits_what_is_of_no_connection),
		cmocka_unit_test(test_stateful_leaves_loopback_alone),
		cmocka_unit_test(test_stateful_hits_the_connection_too_many),
		cmocka_unit_test(test_stateful_hits_what_comes_too_fast),
		cmocka_unit_test(test_stateful_asks_the_limit_before_the_rate),
		cmocka_unit_test(test_stateful_disarmed_counts_and_lets_pass),
		cmocka_unit_test(test_stateful_goes_by_match_and_gate),
		cmocka_unit_test(test_nat_forwards_to_each_address_and_protocol),
		cmocka_unit_test(test_nat_masquerades),
	};

	return TEST_MAIN("ruleset_stateful", tests, setup, teardown);
}
