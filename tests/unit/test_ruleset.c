// SPDX-License-Identifier: GPL-2.0-or-later
/* What messages a ruleset is made of; what they do to packets is in test_ruleset_meaning.c. */
#include "tests/support/main.h"

#include <errno.h>

#include "impair/action.h"
#include "netns/cleanup.h"
#include "tests/unit/ruleset_model.h"

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

/* A fault at fw; the caller changes what it is about. */
static struct fault fault_at_fw(const char *name, const char *action)
{
	struct fault fault = { .host = 1, .match = { .from = -1, .to = -1 }, .active = true };
	struct lab_err err = { 0 };

	fault.name = (char *)name;
	if (action_parse(action, 3, &fault, &err))
		fail_msg("%s", err.msg);
	return fault;
}

/* Faults of many kinds, two of them at other hosts. */
static int some_faults(struct fault *f)
{
	int n = 0;

	f[n] = fault_at_fw("plain", "drop");
	f[n++].match.protocol = IPPROTO_UDP;
	f[n] = fault_at_fw("syn", "drop");
	f[n].match = (struct packet_match){ 0, 2, IPPROTO_TCP, 0, 8080, SEG_SYN };
	f[n++].pick = PICK_ALL;
	f[n] = fault_at_fw("elsewhere", "drop");
	f[n++].host = 0;
	f[n] = fault_at_fw("second-fin", "reject tcp-reset");
	f[n].match = (struct packet_match){ 2, -1, IPPROTO_TCP, 8080, 0, SEG_FIN | SEG_ACK };
	f[n].pick = PICK_NTH;
	f[n].active = false;
	f[n++].n = 2;
	f[n] = fault_at_fw("datum", "reject port-unreachable");
	f[n].match = (struct packet_match){ -1, 2, IPPROTO_TCP, 0, 0, SEG_DATA | SEG_RST };
	f[n].pick = PICK_FIRST;
	f[n++].n = 300;
	f[n] = fault_at_fw("four-only", "reject net-unreachable");
	f[n].match = (struct packet_match){ 0, 1, IPPROTO_TCP, 0, 0, SEG_ANY | SEG_SYN };
	f[n].pick = PICK_EVERY;
	f[n++].n = 7;
	f[n] = fault_at_fw("six-alone", "reject no-route");
	f[n++].match = (struct packet_match){ 0, 2, IPPROTO_ICMP, 0, 0, 0 };
	f[n] = fault_at_fw("also-elsewhere", "drop");
	f[n++].host = 2;
	return n;
}

static int rules_in(const struct model *m, const char *prefix, const char *name)
{
	char chain[1024];
	int n = 0;

	snprintf(chain, sizeof(chain), "%s%s", prefix, name);
	for (int i = 0; i < m->n_rules; i++)
		n += !strcmp(m->rules[i].chain, chain);
	return n;
}

struct count {
	const char *what;
	int n;
};

static void count_expr(struct nftnl_expr *e, const char *name, void *arg)
{
	struct count *count = arg;

	(void)e;
	count->n += !strcmp(name, count->what);
}

/* How often an expression stands in all rules of chains that belong to a fault. */
static int exprs_of(const struct model *m, const char *fault, const char *what)
{
	struct count count = { what, 0 };

	for (int i = 0; i < m->n_rules; i++) {
		const char *dash = strchr(m->rules[i].chain, '-');

		if (dash && !strcmp(dash + 1, fault))
			rule_each(m->rules[i].rule, count_expr, &count);
	}
	return count.n;
}

/* ---- the frame ---- */

static void test_ruleset_is_one_table(void **state)
{
	struct fault f[8];
	int n = some_faults(f);
	struct model *m = model_build(&topo, 1, f, n, false);

	(void)state;
	assert_int_equal(m->n_tables, 1);
	assert_int_equal(m->n_counters, 6);
	for (int i = 0; i < n; i++) {
		struct model_counter *counter = model_counter(m, f[i].name);

		assert_int_equal(counter != NULL, f[i].host == 1);
		if (counter) {
			assert_int_equal(nftnl_obj_get_u64(counter->obj, NFTNL_OBJ_CTR_PKTS), 0);
			assert_string_equal(nftnl_obj_get_str(counter->obj, NFTNL_OBJ_TABLE),
					    RULESET_TABLE);
		}
	}
	model_free(m);
}

static void test_ruleset_has_three_base_chains(void **state)
{
	static const struct {
		const char *name;
		uint32_t hook;
	} bases[] = { { "forward", NF_INET_FORWARD },
		      { "input", NF_INET_LOCAL_IN },
		      { "output", NF_INET_LOCAL_OUT } };
	struct fault f[8];
	struct model *m = model_build(&topo, 1, f, some_faults(f), false);
	int hooked = 0;

	(void)state;
	for (int i = 0; i < m->n_chains; i++)
		hooked += nftnl_chain_is_set(m->chains[i], NFTNL_CHAIN_HOOKNUM);
	assert_int_equal(hooked, 3);
	for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
		struct nftnl_chain *chain = model_chain(m, bases[i].name);

		assert_non_null(chain);
		assert_int_equal(nftnl_chain_get_u32(chain, NFTNL_CHAIN_HOOKNUM), bases[i].hook);
		assert_int_equal(nftnl_chain_get_s32(chain, NFTNL_CHAIN_PRIO), 0);
		assert_string_equal(nftnl_chain_get_str(chain, NFTNL_CHAIN_TYPE), "filter");
	}
	model_free(m);
}

/* Each host's addresses once, by name, family and number, however many faults use them. */
static void test_ruleset_has_a_set_for_each_host_that_a_match_names(void **state)
{
	struct fault f[8];
	struct model *m = model_build(&topo, 1, f, some_faults(f), false);

	(void)state;
	assert_int_equal(m->n_sets, 6);
	for (int i = 0; i < 6; i++) {
		int host = i / 2, fam = i % 2;
		struct model_set *set;
		char name[32];

		snprintf(name, sizeof(name), "%s-ip%d", topo.hosts[host].name, fam == FAM6 ? 6 : 4);
		set = model_set(m, name);
		assert_non_null(set);
		assert_int_equal(set->key_len, topo_addr_len(fam));
		assert_int_equal(set->n, host == 1 ? 2 : 1);
		for (int k = 0; k < set->n; k++)
			assert_int_equal(topology_owner(&topo, fam, set->keys[k]), host);
		assert_memory_not_equal(set->keys[0], set->keys[1], set->key_len);
		for (int k = 0; k < i; k++)
			assert_int_not_equal(m->sets[k].id, m->sets[i].id);
	}
	model_free(m);
}

static void test_ruleset_of_a_host_without_faults_has_no_fault_chains(void **state)
{
	struct fault f[8];
	struct model *m;

	(void)state;
	some_faults(f);
	m = model_build(&topo, 1, &f[2], 1, false);
	assert_int_equal(m->n_chains, 3);
	assert_int_equal(m->n_counters, 0);
	assert_int_equal(m->n_sets, 0);
	assert_int_equal(rules_in(m, "forward", ""), 0);
	model_free(m);
}

/* ---- references ---- */

static void check_target(struct nftnl_expr *e, const char *name, void *arg)
{
	const struct model *m = arg;
	uint32_t verdict;

	if (strcmp(name, "immediate"))
		return;
	verdict = nftnl_expr_get_u32(e, NFTNL_EXPR_IMM_VERDICT);
	if (verdict == (uint32_t)NFT_JUMP || verdict == (uint32_t)NFT_GOTO)
		assert_non_null(model_chain(m, nftnl_expr_get_str(e, NFTNL_EXPR_IMM_CHAIN)));
	else
		assert_false(nftnl_expr_is_set(e, NFTNL_EXPR_IMM_CHAIN));
}

static void check_references(struct nftnl_expr *e, const char *name, void *arg)
{
	struct model *m = arg;

	check_target(e, name, arg);
	if (!strcmp(name, "lookup")) {
		struct model_set *set = model_set(m, nftnl_expr_get_str(e, NFTNL_EXPR_LOOKUP_SET));

		assert_non_null(set);
		assert_int_equal(set->id, nftnl_expr_get_u32(e, NFTNL_EXPR_LOOKUP_SET_ID));
	}
	if (!strcmp(name, "objref"))
		assert_non_null(
			model_counter(m, nftnl_expr_get_str(e, NFTNL_EXPR_OBJREF_IMM_NAME)));
}

static void test_ruleset_refers_to_nothing_that_is_not_there(void **state)
{
	(void)state;
	for (int host = 0; host < 3; host++) {
		for (int disarmed = 0; disarmed < 2; disarmed++) {
			struct fault f[8];
			struct model *m = model_build(&topo, host, f, some_faults(f), disarmed);

			for (int i = 0; i < m->n_rules; i++)
				rule_each(m->rules[i].rule, check_references, m);
			model_free(m);
		}
	}
}

struct jumps {
	const char *chains[16];
	int n;
};

static void note_jump(struct nftnl_expr *e, const char *name, void *arg)
{
	struct jumps *jumps = arg;

	if (!strcmp(name, "immediate") &&
	    nftnl_expr_get_u32(e, NFTNL_EXPR_IMM_VERDICT) == (uint32_t)NFT_JUMP)
		jumps->chains[jumps->n++] = nftnl_expr_get_str(e, NFTNL_EXPR_IMM_CHAIN);
}

static void test_ruleset_asks_faults_in_file_order(void **state)
{
	static const char *const want[] = { "match-plain", "match-syn",	      "match-second-fin",
					    "match-datum", "match-four-only", "match-six-alone" };
	static const char *const bases[] = { "forward", "input", "output" };
	struct fault f[8];
	struct model *m = model_build(&topo, 1, f, some_faults(f), false);

	(void)state;
	for (int b = 0; b < 3; b++) {
		struct jumps jumps = { 0 };

		for (int i = 0; i < m->n_rules; i++) {
			if (!strcmp(m->rules[i].chain, bases[b]))
				rule_each(m->rules[i].rule, note_jump, &jumps);
		}
		assert_int_equal(jumps.n, 6);
		for (int i = 0; i < 6; i++)
			assert_string_equal(jumps.chains[i], want[i]);
	}
	model_free(m);
}

/* ---- counting ---- */

/* One place counts the fault's packets, or it would count only some of them. */
static void test_ruleset_counts_each_fault_in_one_place(void **state)
{
	(void)state;
	for (int disarmed = 0; disarmed < 2; disarmed++) {
		struct fault f[8];
		int n = some_faults(f);
		struct model *m = model_build(&topo, 1, f, n, disarmed);

		for (int i = 0; i < n; i++) {
			int here = f[i].host == 1;

			assert_int_equal(exprs_of(m, f[i].name, "numgen"),
					 here && f[i].pick != PICK_ALL);
			assert_int_equal(exprs_of(m, f[i].name, "objref"), here);
			assert_int_equal(exprs_of(m, f[i].name, "log"), here);
			assert_int_equal(rules_in(m, "hit-", f[i].name), here);
		}
		model_free(m);
	}
}

static void test_ruleset_gate_has_one_rule_iff_active(void **state)
{
	struct fault f[8];
	int n = some_faults(f);
	struct model *m = model_build(&topo, 1, f, n, false);

	(void)state;
	for (int i = 0; i < n; i++)
		assert_int_equal(rules_in(m, "gate-", f[i].name), f[i].host == 1 && f[i].active);
	assert_int_equal(rules_in(m, "gate-", "second-fin"), 0);
	model_free(m);
}

static void note_ending(struct nftnl_expr *e, const char *name, void *arg)
{
	uint32_t verdict = strcmp(name, "immediate") ?
				   (uint32_t)NFT_CONTINUE :
				   nftnl_expr_get_u32(e, NFTNL_EXPR_IMM_VERDICT);

	*(int *)arg += !strcmp(name, "reject") || verdict == NF_DROP;
}

/* How many rules of the ruleset end a packet. */
static int endings(const struct model *m)
{
	int n = 0;

	for (int i = 0; i < m->n_rules; i++)
		rule_each(m->rules[i].rule, note_ending, &n);
	return n;
}

static void test_ruleset_disarmed_has_no_verdict(void **state)
{
	struct fault f[8];
	int n = some_faults(f);
	struct model *m = model_build(&topo, 1, f, n, false);

	(void)state;
	/* a verdict for each family in which the action has a meaning: 4 with both, 2 with one */
	assert_int_equal(endings(m), 4 * 2 + 2);
	assert_int_equal(rules_in(m, "verdict-", "four-only"), 1);
	assert_int_equal(rules_in(m, "match-", "six-alone"), 1);
	assert_int_equal(rules_in(m, "match-", "plain"), 2);
	model_free(m);
	m = model_build(&topo, 1, f, n, true);
	assert_int_equal(endings(m), 0);
	assert_int_equal(rules_in(m, "match-", "plain"), 2);
	assert_int_equal(rules_in(m, "gate-", "plain"), 1);
	model_free(m);
}

/* ---- switching ---- */

static void switch_message(struct model *m, const struct nlmsghdr *nlh)
{
	struct nftnl_rule *rule = topo_need(nftnl_rule_alloc());

	assert_true(nftnl_rule_nlmsg_parse(nlh, rule) >= 0);
	assert_string_equal(nftnl_rule_get_str(rule, NFTNL_RULE_TABLE), RULESET_TABLE);
	if (NFNL_MSG_TYPE(nlh->nlmsg_type) == NFT_MSG_DELRULE) {
		assert_int_equal(m->n_rules, 0); /* emptied before it is filled */
		assert_int_equal(m->n_deletes++, 0);
		/* a handle would delete one rule only, and would have to be known */
		assert_false(nftnl_rule_is_set(rule, NFTNL_RULE_HANDLE));
		m->deleted_chain = nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN);
		m->deleted = rule;
		return;
	}
	assert_int_equal(NFNL_MSG_TYPE(nlh->nlmsg_type), NFT_MSG_NEWRULE);
	m->rules[m->n_rules].chain = nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN);
	m->rules[m->n_rules++].rule = rule;
}

struct target {
	uint32_t verdict;
	const char *chain;
	int exprs;
};

static void note_target(struct nftnl_expr *e, const char *name, void *arg)
{
	struct target *target = arg;

	assert_string_equal(name, "immediate");
	target->verdict = nftnl_expr_get_u32(e, NFTNL_EXPR_IMM_VERDICT);
	target->chain = nftnl_expr_get_str(e, NFTNL_EXPR_IMM_CHAIN);
	target->exprs++;
}

/* Nothing but the gate is touched: whatever else were replaced would lose its count. */
static void test_ruleset_switch_touches_the_gate_alone(void **state)
{
	struct fault fault = fault_at_fw("second-fin", "drop");

	(void)state;
	for (int on = 0; on < 2; on++) {
		struct model *m = topo_need(calloc(1, sizeof(*m)));
		struct target target = { 0 };
		struct batch batch = { 0 };

		assert_int_equal(batch_begin(&batch), 0);
		assert_int_equal(ruleset_switch(&batch, &fault, on, NULL), 0);
		batch_walk(&batch, m, switch_message);
		assert_int_equal(m->n_deletes, 1);
		assert_string_equal(m->deleted_chain, "gate-second-fin");
		assert_int_equal(m->n_rules, on);
		if (on) {
			assert_string_equal(m->rules[0].chain, "gate-second-fin");
			rule_each(m->rules[0].rule, note_target, &target);
			assert_int_equal(target.exprs, 1);
			assert_int_equal(target.verdict, (uint32_t)NFT_GOTO);
			assert_string_equal(target.chain, "hit-second-fin");
		}
		batch_free(&batch);
		model_free(m);
	}
}

/* ---- sizes ---- */

/* Names as long as they may be: nothing is cut, so nothing collides. */
static void test_ruleset_takes_the_longest_names(void **state)
{
	char names[2][64];
	struct fault f[2];
	struct model *m;

	(void)state;
	for (int i = 0; i < 2; i++) {
		memset(names[i], 'n', 62);
		names[i][62] = (char)('a' + i); /* they differ in the last byte alone */
		names[i][63] = '\0';
		f[i] = fault_at_fw(names[i], "reject tcp-reset");
		f[i].match = (struct packet_match){ 0, 2, IPPROTO_TCP, 1, 2, SEG_ACK | SEG_DATA };
	}
	m = model_build(&topo, 1, f, 2, false);
	assert_int_equal(m->n_chains, 3 + 2 * 7);
	for (int i = 0; i < m->n_rules; i++)
		rule_each(m->rules[i].rule, check_references, m);
	model_free(m);
}

/* A batch grows as needed, and its messages stay whole. */
static void test_ruleset_of_many_faults_is_whole(void **state)
{
	enum { N = 60 };
	struct fault f[N];
	char names[N][16];
	struct model *m;

	(void)state;
	for (int i = 0; i < N; i++) {
		snprintf(names[i], sizeof(names[i]), "fault-%d", i);
		f[i] = fault_at_fw(names[i], "drop");
		f[i].match = (struct packet_match){ 0, 2, IPPROTO_TCP, 0, 0, SEG_DATA | SEG_FIN };
	}
	m = model_build(&topo, 1, f, N, false);
	assert_int_equal(m->n_counters, N);
	assert_int_equal(m->n_chains, 3 + N * 6);
	for (int i = 0; i < N; i++)
		assert_int_equal(rules_in(m, "full-", names[i]), 23);
	model_free(m);
}

static void test_batch_can_be_used_again(void **state)
{
	struct fault fault = fault_at_fw("again", "drop");
	struct batch batch = { 0 };
	size_t len = 0;

	(void)state;
	for (int round = 0; round < 3; round++) {
		struct model *m = topo_need(calloc(1, sizeof(*m)));

		assert_int_equal(batch_begin(&batch), 0);
		assert_int_equal(ruleset_switch(&batch, &fault, true, NULL), 0);
		batch_walk(&batch, m, switch_message);
		assert_true(!round || batch.len == len);
		len = batch.len;
		if (round)
			batch_free(&batch);
		model_free(m);
	}
	assert_null(batch.buf);
	assert_int_equal(batch.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ruleset_is_one_table),
		cmocka_unit_test(test_ruleset_has_three_base_chains),
		cmocka_unit_test(test_ruleset_has_a_set_for_each_host_that_a_match_names),
		cmocka_unit_test(test_ruleset_of_a_host_without_faults_has_no_fault_chains),
		cmocka_unit_test(test_ruleset_refers_to_nothing_that_is_not_there),
		cmocka_unit_test(test_ruleset_asks_faults_in_file_order),
		cmocka_unit_test(test_ruleset_counts_each_fault_in_one_place),
		cmocka_unit_test(test_ruleset_gate_has_one_rule_iff_active),
		cmocka_unit_test(test_ruleset_disarmed_has_no_verdict),
		cmocka_unit_test(test_ruleset_switch_touches_the_gate_alone),
		cmocka_unit_test(test_ruleset_takes_the_longest_names),
		cmocka_unit_test(test_ruleset_of_many_faults_is_whole),
		cmocka_unit_test(test_batch_can_be_used_again),
	};

	return TEST_MAIN("ruleset", tests, setup, teardown);
}
