/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The netlink messages of a ruleset, parsed back by libmnl and libnftnl, and a small machine that
 * runs packets through them as nf_tables would: enough of it for what our rules are made of. What it
 * does not know fails the test.
 */
#ifndef NSLAB_TESTS_RULESET_MODEL_H
#define NSLAB_TESTS_RULESET_MODEL_H

/* first: the kernel's headers give way to the C library's, not the other way round */
#include "impair/ruleset.h"
#include "tests/unit/topo_fixture.h"

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

enum {
	MODEL_CHAINS = 512,
	MODEL_RULES = 4096,
	MODEL_SETS = 64,
	MODEL_ELEMS = 16,
	MODEL_COUNTERS = 128
};

struct model_rule {
	const char *chain;
	struct nftnl_rule *rule;
	uint32_t numgen; /* packets that came by */
};

/*
 * libnftnl writes names of counters without their NUL and reads them as if it were there, so here
 * the length of a fault's name must not be a multiple of 4.
 */
struct model_counter {
	const char *name;
	struct nftnl_obj *obj;
	uint64_t packets;
};

struct model_set {
	char name[64];
	uint32_t id, key_len;
	uint8_t keys[MODEL_ELEMS][16];
	int n;
};

/* What a batch makes, in the order in which it makes it. */
struct model {
	int n_tables;
	struct nftnl_chain *chains[MODEL_CHAINS];
	int n_chains;
	struct model_rule rules[MODEL_RULES];
	int n_rules;
	struct model_set sets[MODEL_SETS];
	int n_sets;
	struct model_counter counters[MODEL_COUNTERS];
	int n_counters;
	int n_deletes;
	const char *deleted_chain;
	struct nftnl_rule *deleted;
	/* of the last packet */
	const char *logged[64];
	int n_logged;
};

static inline const char *chain_name(const struct nftnl_chain *chain)
{
	return nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME);
}

static inline struct nftnl_chain *model_chain(const struct model *m, const char *name)
{
	for (int i = 0; i < m->n_chains; i++) {
		if (!strcmp(chain_name(m->chains[i]), name))
			return m->chains[i];
	}
	return NULL;
}

static inline struct model_set *model_set(struct model *m, const char *name)
{
	for (int i = 0; i < m->n_sets; i++) {
		if (!strcmp(m->sets[i].name, name))
			return &m->sets[i];
	}
	return NULL;
}

static inline struct model_counter *model_counter(struct model *m, const char *name)
{
	for (int i = 0; i < m->n_counters; i++) {
		if (!strcmp(m->counters[i].name, name))
			return &m->counters[i];
	}
	return NULL;
}

static inline void model_rule_add(struct model *m, const struct nlmsghdr *nlh)
{
	struct nftnl_rule *rule = topo_need(nftnl_rule_alloc());
	const char *chain;

	assert_true(nftnl_rule_nlmsg_parse(nlh, rule) >= 0);
	assert_string_equal(nftnl_rule_get_str(rule, NFTNL_RULE_TABLE), RULESET_TABLE);
	chain = nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN);
	/* the kernel takes messages in order: the chain has to be there by then */
	assert_non_null(model_chain(m, chain));
	assert_true(m->n_rules < MODEL_RULES);
	m->rules[m->n_rules++] = (struct model_rule){ chain, rule, 0 };
}

static inline void model_set_add(struct model *m, const struct nlmsghdr *nlh)
{
	struct nftnl_set *set = topo_need(nftnl_set_alloc());
	struct model_set *new = &m->sets[m->n_sets];

	assert_true(nftnl_set_nlmsg_parse(nlh, set) >= 0);
	snprintf(new->name, sizeof(new->name), "%s", nftnl_set_get_str(set, NFTNL_SET_NAME));
	new->id = nftnl_set_get_u32(set, NFTNL_SET_ID);
	new->key_len = nftnl_set_get_u32(set, NFTNL_SET_KEY_LEN);
	nftnl_set_free(set);
	assert_ptr_equal(model_set(m, new->name), NULL);
	assert_true(++m->n_sets < MODEL_SETS);
}

/* Attribute @type within a nest; fails the test if it is not there. */
static inline const struct nlattr *model_nested(const struct nlattr *nest, int type)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
	{
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	fail_msg("no attribute %d", type);
	return NULL;
}

/* By hand: libnftnl numbers the elements it builds, and parses only those with the number 1. */
static inline void model_set_fill(struct model *m, const struct nlmsghdr *nlh)
{
	struct model_set *set = NULL;
	const struct nlattr *attr, *elem;

	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg))
	{
		char name[64] = "";

		if (mnl_attr_get_type(attr) != NFTA_SET_ELEM_LIST_SET)
			continue;
		memcpy(name, mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr));
		set = model_set(m, name);
	}
	assert_non_null(set);
	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg))
	{
		if (mnl_attr_get_type(attr) != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		mnl_attr_for_each_nested(elem, attr)
		{
			const struct nlattr *value =
				model_nested(model_nested(elem, NFTA_SET_ELEM_KEY),
					     NFTA_DATA_VALUE);

			assert_int_equal(mnl_attr_get_payload_len(value), set->key_len);
			assert_true(set->n < MODEL_ELEMS);
			memcpy(set->keys[set->n++], mnl_attr_get_payload(value), set->key_len);
		}
	}
}

/* Take in one message; fails the test for one that no ruleset of ours has. */
static inline void model_message(struct model *m, const struct nlmsghdr *nlh)
{
	struct nftnl_table *table;

	switch (NFNL_MSG_TYPE(nlh->nlmsg_type)) {
	case NFT_MSG_NEWTABLE:
		table = topo_need(nftnl_table_alloc());
		assert_true(nftnl_table_nlmsg_parse(nlh, table) >= 0);
		assert_string_equal(nftnl_table_get_str(table, NFTNL_TABLE_NAME), RULESET_TABLE);
		nftnl_table_free(table);
		m->n_tables++;
		break;
	case NFT_MSG_NEWCHAIN:
		assert_int_equal(m->n_tables, 1);
		m->chains[m->n_chains] = topo_need(nftnl_chain_alloc());
		assert_true(nftnl_chain_nlmsg_parse(nlh, m->chains[m->n_chains]) >= 0);
		assert_null(model_chain(m, chain_name(m->chains[m->n_chains])));
		assert_true(++m->n_chains < MODEL_CHAINS);
		break;
	case NFT_MSG_NEWSET:
		model_set_add(m, nlh);
		break;
	case NFT_MSG_NEWSETELEM:
		model_set_fill(m, nlh);
		break;
	case NFT_MSG_NEWOBJ: {
		struct model_counter *counter = &m->counters[m->n_counters];

		counter->obj = topo_need(nftnl_obj_alloc());
		assert_true(nftnl_obj_nlmsg_parse(nlh, counter->obj) >= 0);
		counter->name = nftnl_obj_get_str(counter->obj, NFTNL_OBJ_NAME);
		assert_int_equal(nftnl_obj_get_u32(counter->obj, NFTNL_OBJ_TYPE),
				 NFT_OBJECT_COUNTER);
		assert_ptr_equal(model_counter(m, counter->name), NULL);
		assert_true(++m->n_counters < MODEL_COUNTERS);
		break;
	}
	case NFT_MSG_NEWRULE:
		model_rule_add(m, nlh);
		break;
	default:
		fail_msg("a message of type %d", NFNL_MSG_TYPE(nlh->nlmsg_type));
	}
}

/*
 * Walk a finished batch: begin, messages, end is not there yet (batch_commit() appends it). Checks the
 * frame: sizes, sequence numbers, and that only the last message wants an answer.
 */
static inline void batch_walk(const struct batch *batch, struct model *m,
			      void (*message)(struct model *m, const struct nlmsghdr *nlh))
{
	const char *at = batch->buf, *end = batch->buf + batch->len;
	uint32_t seq = 0;

	while (at < end) {
		const struct nlmsghdr *nlh = (const struct nlmsghdr *)at;

		assert_true(mnl_nlmsg_ok(nlh, (int)(end - at)));
		assert_true(nlh->nlmsg_flags & NLM_F_REQUEST);
		assert_false(nlh->nlmsg_flags & NLM_F_ACK); /* batch_commit() asks for one */
		if (seq) {
			assert_int_equal(nlh->nlmsg_seq, seq + 1);
			assert_int_equal(NFNL_SUBSYS_ID(nlh->nlmsg_type), NFNL_SUBSYS_NFTABLES);
			message(m, nlh);
		} else {
			assert_int_equal(nlh->nlmsg_type, NFNL_MSG_BATCH_BEGIN);
		}
		seq = nlh->nlmsg_seq;
		at += MNL_ALIGN(nlh->nlmsg_len);
	}
	assert_ptr_equal(at, end);
	assert_int_equal(seq, batch->seq);
	assert_true(seq > 1);
}

static inline struct model *model_build_with(const struct topology *topo, int host,
					     const struct fault *faults, int n,
					     const struct ruleset_options *options)
{
	struct model *m = topo_need(calloc(1, sizeof(*m)));
	struct batch batch = { 0 };
	struct lab_err err = { 0 };

	assert_int_equal(batch_begin(&batch), 0);
	assert_int_equal(ruleset_build(&batch, topo, host, faults, n, options, &err), 0);
	batch_walk(&batch, m, model_message);
	batch_free(&batch);
	return m;
}

static inline struct model *model_build(const struct topology *topo, int host,
					const struct fault *faults, int n, bool disarmed)
{
	return model_build_with(topo, host, faults, n,
				&(struct ruleset_options){ .disarmed = disarmed });
}

static inline void model_free(struct model *m)
{
	for (int i = 0; i < m->n_chains; i++)
		nftnl_chain_free(m->chains[i]);
	for (int i = 0; i < m->n_rules; i++)
		nftnl_rule_free(m->rules[i].rule);
	for (int i = 0; i < m->n_counters; i++)
		nftnl_obj_free(m->counters[i].obj);
	if (m->deleted)
		nftnl_rule_free(m->deleted);
	free(m);
}

/* Call @fn for each expression of a rule. */
static inline void rule_each(const struct nftnl_rule *rule,
			     void (*fn)(struct nftnl_expr *e, const char *name, void *arg),
			     void *arg)
{
	struct nftnl_expr_iter *iter = topo_need(nftnl_expr_iter_create(rule));
	struct nftnl_expr *e;

	while ((e = nftnl_expr_iter_next(iter)))
		fn(e, nftnl_expr_get_str(e, NFTNL_EXPR_NAME), arg);
	nftnl_expr_iter_destroy(iter);
}

/* ---- the machine ---- */

/* A packet as nf_tables sees it. */
struct sample {
	int fam;
	uint8_t bytes[128];
	uint32_t network_len; /* where the transport header begins */
	uint32_t len;
	uint8_t protocol;
	uint32_t iif, oif, mark;
	uint8_t ll[14];		      /* the link's header: destination, source, type */
	uint32_t ct_state, ct_status; /* what connection tracking says of it */
	uint32_t connections;	      /* tracked, with its own */
};

enum { VERDICT_NONE = 1000, VERDICT_REJECT = 1001, VERDICT_QUEUE = 1002 };

struct machine {
	struct model *m;
	struct sample s; /* a copy: rules may mark it */
	struct model_rule *at;
	uint8_t reg[16];
	bool broken; /* a comparison failed: on with the next rule */
	int verdict;
	const char *chain;
	uint32_t reject_type;
	uint8_t reject_code;
	uint16_t queue;
};

static inline void machine_meta(struct machine *x, const struct nftnl_expr *e)
{
	uint8_t nfproto = x->s.fam == FAM6 ? NFPROTO_IPV6 : NFPROTO_IPV4;

	if (nftnl_expr_is_set(e, NFTNL_EXPR_META_SREG)) {
		assert_int_equal(nftnl_expr_get_u32(e, NFTNL_EXPR_META_SREG), NFT_REG_1);
		assert_int_equal(nftnl_expr_get_u32(e, NFTNL_EXPR_META_KEY), NFT_META_MARK);
		memcpy(&x->s.mark, x->reg, 4);
		return;
	}
	assert_int_equal(nftnl_expr_get_u32(e, NFTNL_EXPR_META_DREG), NFT_REG_1);
	memset(x->reg, 0, sizeof(x->reg));
	switch (nftnl_expr_get_u32(e, NFTNL_EXPR_META_KEY)) {
	case NFT_META_NFPROTO:
		x->reg[0] = nfproto;
		break;
	case NFT_META_L4PROTO:
		x->reg[0] = x->s.protocol;
		break;
	case NFT_META_IIF:
		memcpy(x->reg, &x->s.iif, 4);
		break;
	case NFT_META_OIF:
		memcpy(x->reg, &x->s.oif, 4);
		break;
	case NFT_META_MARK:
		memcpy(x->reg, &x->s.mark, 4);
		break;
	default:
		fail_msg("an unknown meta key");
	}
}

static inline void machine_payload(struct machine *x, const struct nftnl_expr *e)
{
	uint32_t at = nftnl_expr_get_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET);
	uint32_t len = nftnl_expr_get_u32(e, NFTNL_EXPR_PAYLOAD_LEN);

	if (nftnl_expr_get_u32(e, NFTNL_EXPR_PAYLOAD_BASE) == NFT_PAYLOAD_LL_HEADER) {
		/* what the host makes itself has none yet: nft_payload_eval() breaks off */
		x->broken = !x->s.iif;
		assert_true(at + len <= sizeof(x->s.ll));
		memset(x->reg, 0, sizeof(x->reg));
		memcpy(x->reg, x->s.ll + at, len);
		return;
	}
	if (nftnl_expr_get_u32(e, NFTNL_EXPR_PAYLOAD_BASE) == NFT_PAYLOAD_TRANSPORT_HEADER)
		at += x->s.network_len;
	assert_true(len <= sizeof(x->reg));
	x->broken = at + len > x->s.len;
	memset(x->reg, 0, sizeof(x->reg));
	memcpy(x->reg, x->s.bytes + at, x->broken ? 0 : len);
}

static inline void machine_compare(struct machine *x, const struct nftnl_expr *e)
{
	uint32_t len;
	const void *data = nftnl_expr_get(e, NFTNL_EXPR_CMP_DATA, &len);
	int order = memcmp(x->reg, data, len);

	switch (nftnl_expr_get_u32(e, NFTNL_EXPR_CMP_OP)) {
	case NFT_CMP_EQ:
		x->broken = order != 0;
		break;
	case NFT_CMP_NEQ:
		x->broken = order == 0;
		break;
	case NFT_CMP_LT:
		x->broken = order >= 0;
		break;
	default:
		fail_msg("an unknown comparison");
	}
}

static inline void machine_lookup(struct machine *x, const struct nftnl_expr *e)
{
	struct model_set *set = model_set(x->m, nftnl_expr_get_str(e, NFTNL_EXPR_LOOKUP_SET));

	assert_non_null(set);
	assert_int_equal(nftnl_expr_get_u32(e, NFTNL_EXPR_LOOKUP_SET_ID), set->id);
	x->broken = true;
	for (int i = 0; i < set->n; i++) {
		if (!memcmp(set->keys[i], x->reg, set->key_len))
			x->broken = false;
	}
}

static inline void machine_count(struct machine *x, const struct nftnl_expr *e)
{
	uint32_t modulus = nftnl_expr_get_u32(e, NFTNL_EXPR_NG_MODULUS);

	assert_int_equal(nftnl_expr_get_u32(e, NFTNL_EXPR_NG_TYPE), NFT_NG_INCREMENTAL);
	assert_true(modulus > 0); /* the kernel refuses 0 */
	memset(x->reg, 0, sizeof(x->reg));
	memcpy(x->reg, &x->at->numgen, 4);
	x->at->numgen = x->at->numgen + 1 < modulus ? x->at->numgen + 1 : 0;
}

static inline void machine_order(struct machine *x, const struct nftnl_expr *e)
{
	uint32_t v;

	assert_int_equal(nftnl_expr_get_u32(e, NFTNL_EXPR_BYTEORDER_OP), NFT_BYTEORDER_HTON);
	assert_int_equal(nftnl_expr_get_u32(e, NFTNL_EXPR_BYTEORDER_LEN), 4);
	assert_int_equal(nftnl_expr_get_u32(e, NFTNL_EXPR_BYTEORDER_SIZE), 4);
	memcpy(&v, x->reg, 4);
	v = htonl(v);
	memcpy(x->reg, &v, 4);
}

/* jhash() of 4 bytes and reciprocal_scale(), as include/linux/jhash.h and kernel.h have them. */
static inline void machine_hash(struct machine *x, const struct nftnl_expr *e)
{
	static const int turns[] = { 14, 11, 25, 16, 4, 14, 24 };
	uint32_t start = 0xdeadbeef + 4 + nftnl_expr_get_u32(e, NFTNL_EXPR_HASH_SEED), word;
	uint32_t modulus = nftnl_expr_get_u32(e, NFTNL_EXPR_HASH_MODULUS);
	uint32_t abc[3] = { start, start, start };

	assert_int_equal(nftnl_expr_get_u32(e, NFTNL_EXPR_HASH_TYPE), NFT_HASH_JENKINS);
	assert_int_equal(nftnl_expr_get_u32(e, NFTNL_EXPR_HASH_LEN), 4);
	memcpy(&word, x->reg, 4);
	abc[0] += word;
	for (int i = 0; i < 7; i++) {
		/* c ^= b, c -= rol(b); a ^= c, a -= rol(c); b ^= a, b -= rol(a); and so on */
		uint32_t *to = &abc[(i + 2) % 3], from = abc[(i + 1) % 3];

		*to = (*to ^ from) - (from << turns[i] | from >> (32 - turns[i]));
	}
	word = (uint32_t)((uint64_t)abc[2] * modulus >> 32);
	memset(x->reg, 0, sizeof(x->reg));
	memcpy(x->reg, &word, 4);
}

/* "queue", or the target NFQUEUE: struct xt_NFQ_info begins with the number */
static inline void machine_queue(struct machine *x, const struct nftnl_expr *e, bool compat)
{
	uint32_t len;

	x->verdict = VERDICT_QUEUE;
	if (!compat) {
		assert_int_equal(nftnl_expr_get_u16(e, NFTNL_EXPR_QUEUE_TOTAL), 1);
		/* neither bypass nor fanout: packets would slip past the delay line */
		assert_int_equal(nftnl_expr_get_u16(e, NFTNL_EXPR_QUEUE_FLAGS), 0);
		x->queue = nftnl_expr_get_u16(e, NFTNL_EXPR_QUEUE_NUM);
		return;
	}
	assert_string_equal(nftnl_expr_get_str(e, NFTNL_EXPR_TG_NAME), "NFQUEUE");
	assert_int_equal(nftnl_expr_get_u32(e, NFTNL_EXPR_TG_REV), 3);
	memcpy(&x->queue, nftnl_expr_get(e, NFTNL_EXPR_TG_INFO, &len), 2);
	assert_int_equal(len, 8);
}

static inline void machine_immediate(struct machine *x, const struct nftnl_expr *e)
{
	uint32_t len;
	const void *data;

	if (nftnl_expr_get_u32(e, NFTNL_EXPR_IMM_DREG) == NFT_REG_VERDICT) {
		x->verdict = (int)nftnl_expr_get_u32(e, NFTNL_EXPR_IMM_VERDICT);
		x->chain = nftnl_expr_get_str(e, NFTNL_EXPR_IMM_CHAIN);
		return;
	}
	assert_int_equal(nftnl_expr_get_u32(e, NFTNL_EXPR_IMM_DREG), NFT_REG_1);
	data = nftnl_expr_get(e, NFTNL_EXPR_IMM_DATA, &len);
	assert_int_equal(len, 4);
	memset(x->reg, 0, sizeof(x->reg));
	memcpy(x->reg, data, len);
}

static inline void machine_mask(struct machine *x, const struct nftnl_expr *e)
{
	uint32_t len, xor_len;
	const uint8_t *mask = nftnl_expr_get(e, NFTNL_EXPR_BITWISE_MASK, &len);
	const uint8_t *flip = nftnl_expr_get(e, NFTNL_EXPR_BITWISE_XOR, &xor_len);

	assert_int_equal(len, nftnl_expr_get_u32(e, NFTNL_EXPR_BITWISE_LEN));
	assert_int_equal(len, xor_len);
	for (uint32_t i = 0; i < sizeof(x->reg); i++)
		x->reg[i] = i < len ? (x->reg[i] & mask[i]) ^ flip[i] : 0;
}

static inline void machine_log(struct machine *x, const struct nftnl_expr *e)
{
	assert_int_equal(nftnl_expr_get_u16(e, NFTNL_EXPR_LOG_GROUP), RULESET_LOG_GROUP);
	assert_int_equal(nftnl_expr_get_u16(e, NFTNL_EXPR_LOG_QTHRESHOLD), 1);
	assert_int_equal(nftnl_expr_get_u32(e, NFTNL_EXPR_LOG_SNAPLEN), RULESET_SNAPLEN);
	assert_true(x->m->n_logged < 64);
	x->m->logged[x->m->n_logged++] = nftnl_expr_get_str(e, NFTNL_EXPR_LOG_PREFIX);
}

static inline void machine_ct(struct machine *x, const struct nftnl_expr *e)
{
	uint32_t key = nftnl_expr_get_u32(e, NFTNL_EXPR_CT_KEY);

	assert_int_equal(nftnl_expr_get_u32(e, NFTNL_EXPR_CT_DREG), NFT_REG_1);
	assert_true(key == NFT_CT_STATE || key == NFT_CT_STATUS);
	memset(x->reg, 0, sizeof(x->reg));
	memcpy(x->reg, key == NFT_CT_STATE ? &x->s.ct_state : &x->s.ct_status, 4);
}

static inline void machine_connlimit(struct machine *x, const struct nftnl_expr *e)
{
	assert_int_equal(nftnl_expr_get_u32(e, NFTNL_EXPR_CONNLIMIT_FLAGS), NFT_CONNLIMIT_F_INV);
	x->broken = x->s.connections <= nftnl_expr_get_u32(e, NFTNL_EXPR_CONNLIMIT_COUNT);
}

/* Time stands still: the burst passes, then nothing. */
static inline void machine_limit(struct machine *x, const struct nftnl_expr *e)
{
	assert_int_equal(nftnl_expr_get_u32(e, NFTNL_EXPR_LIMIT_FLAGS), NFT_LIMIT_F_INV);
	assert_int_equal(nftnl_expr_get_u32(e, NFTNL_EXPR_LIMIT_TYPE), NFT_LIMIT_PKTS);
	assert_true(nftnl_expr_get_u64(e, NFTNL_EXPR_LIMIT_RATE) > 0); /* the kernel refuses 0 */
	assert_true(nftnl_expr_get_u64(e, NFTNL_EXPR_LIMIT_UNIT) > 0);
	x->broken = x->at->numgen++ < nftnl_expr_get_u32(e, NFTNL_EXPR_LIMIT_BURST);
}

static inline void machine_expr(struct nftnl_expr *e, const char *name, void *arg)
{
	struct machine *x = arg;
	struct model_counter *counter;

	if (x->broken || x->verdict != VERDICT_NONE)
		return;
	if (!strcmp(name, "meta")) {
		machine_meta(x, e);
	} else if (!strcmp(name, "payload")) {
		machine_payload(x, e);
	} else if (!strcmp(name, "cmp")) {
		machine_compare(x, e);
	} else if (!strcmp(name, "bitwise")) {
		machine_mask(x, e);
	} else if (!strcmp(name, "lookup")) {
		machine_lookup(x, e);
	} else if (!strcmp(name, "numgen")) {
		machine_count(x, e);
	} else if (!strcmp(name, "byteorder")) {
		machine_order(x, e);
	} else if (!strcmp(name, "ct")) {
		machine_ct(x, e);
	} else if (!strcmp(name, "connlimit")) {
		machine_connlimit(x, e);
	} else if (!strcmp(name, "limit")) {
		machine_limit(x, e);
	} else if (!strcmp(name, "log")) {
		machine_log(x, e);
	} else if (!strcmp(name, "objref")) {
		counter = model_counter(x->m, nftnl_expr_get_str(e, NFTNL_EXPR_OBJREF_IMM_NAME));
		assert_non_null(counter);
		counter->packets++;
	} else if (!strcmp(name, "reject")) {
		x->verdict = VERDICT_REJECT;
		x->reject_type = nftnl_expr_get_u32(e, NFTNL_EXPR_REJECT_TYPE);
		x->reject_code = nftnl_expr_get_u8(e, NFTNL_EXPR_REJECT_CODE);
	} else if (!strcmp(name, "immediate")) {
		machine_immediate(x, e);
	} else if (!strcmp(name, "hash")) {
		machine_hash(x, e);
	} else if (!strcmp(name, "queue") || !strcmp(name, "target")) {
		machine_queue(x, e, *name == 't');
	} else {
		fail_msg("an unknown expression '%s'", name);
	}
}

/*
 * nft_do_chain(): jump comes back behind the jump, goto to where the caller would have gone. At the end
 * of a chain the verdict is VERDICT_NONE, and at the end of a base chain that is its policy, accept.
 */
static inline void machine_chain(struct machine *x, const char *chain, int depth)
{
	/* the kernel allows 16 jumps one within the other */
	assert_true(depth < 16);
	assert_non_null(model_chain(x->m, chain));
	for (int i = 0; i < x->m->n_rules; i++) {
		const char *next;
		int verdict;

		x->at = &x->m->rules[i];
		if (strcmp(x->at->chain, chain))
			continue;
		x->broken = false;
		x->verdict = VERDICT_NONE;
		rule_each(x->at->rule, machine_expr, x);
		verdict = x->broken ? VERDICT_NONE : x->verdict;
		next = x->chain;
		x->verdict = verdict;
		if (verdict == NFT_RETURN) {
			x->verdict = VERDICT_NONE;
			return;
		}
		if (verdict == NFT_JUMP || verdict == NFT_GOTO) {
			machine_chain(x, next, depth + 1);
			if (verdict == NFT_GOTO || x->verdict != VERDICT_NONE)
				return;
		} else if (verdict != VERDICT_NONE) {
			return;
		}
	}
	x->verdict = VERDICT_NONE;
}

/* What becomes of a packet at a base chain: NF_ACCEPT, NF_DROP, VERDICT_REJECT or VERDICT_QUEUE. */
static inline struct machine model_run(struct model *m, const char *base, const struct sample *s)
{
	struct machine x = { .m = m, .s = *s };

	m->n_logged = 0;
	machine_chain(&x, base, 0);
	if (x.verdict == VERDICT_NONE)
		x.verdict = NF_ACCEPT;
	return x;
}

/* The base chain of @hook with the lowest priority above @after; NULL behind the last. */
static inline struct nftnl_chain *model_base(const struct model *m, uint32_t hook, int after)
{
	struct nftnl_chain *best = NULL;

	for (int i = 0; i < m->n_chains; i++) {
		struct nftnl_chain *chain = m->chains[i];
		int prio = nftnl_chain_get_s32(chain, NFTNL_CHAIN_PRIO);

		if (!nftnl_chain_is_set(chain, NFTNL_CHAIN_HOOKNUM) ||
		    nftnl_chain_get_u32(chain, NFTNL_CHAIN_HOOKNUM) != hook || prio <= after)
			continue;
		if (!best || prio < nftnl_chain_get_s32(best, NFTNL_CHAIN_PRIO))
			best = chain;
	}
	return best;
}

/*
 * The whole way of a packet through a hook, nf_hook_slow(): accept means on to the next base chain, and
 * what comes back from a queue goes on there, too (nf_reinject()). @queued says what user space does:
 * it may set the mark.
 */
static inline struct machine model_pass(struct model *m, uint32_t hook, const struct sample *s,
					void (*queued)(void *arg, uint16_t queue, struct sample *s),
					void *arg)
{
	struct machine x = { .m = m, .s = *s, .verdict = NF_ACCEPT };
	struct nftnl_chain *base = NULL;
	int after = INT32_MIN;

	m->n_logged = 0;
	while ((base = model_base(m, hook, after))) {
		after = nftnl_chain_get_s32(base, NFTNL_CHAIN_PRIO);
		x.verdict = NF_ACCEPT;
		machine_chain(&x, chain_name(base), 0);
		if (x.verdict == NF_DROP || x.verdict == VERDICT_REJECT)
			return x;
		if (x.verdict == VERDICT_QUEUE)
			queued(arg, x.queue, &x.s);
	}
	x.verdict = NF_ACCEPT;
	return x;
}

#endif
