// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Probes of nf_tables: which kinds of expression this kernel knows, one at a time, so that the one
 * that is missing has a name. Each is a transaction of its own at the firewall: a table, a chain that
 * no packet enters, and one rule in it.
 */
#include <arpa/inet.h>
#include <errno.h>
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
#include <string.h>

#include "lab/doctor/probe.h"
#include "netns/cleanup.h"
#include "netns/extack.h"

enum { BUF_SIZE = 16384, SET_ID = 1, LOG_GROUP = 2 };

static const char table_name[] = "doctor";

struct transaction {
	char buf[BUF_SIZE];
	size_t len;
	uint32_t seq;
};

static struct nlmsghdr *message(struct transaction *t, uint16_t type, uint16_t flags)
{
	return nftnl_nlmsg_build_hdr(t->buf + t->len, type, NFPROTO_INET, flags, ++t->seq);
}

static void message_end(struct transaction *t, const struct nlmsghdr *nlh)
{
	t->len += MNL_ALIGN(nlh->nlmsg_len);
}

static void table_put(struct transaction *t, struct nftnl_table *table)
{
	struct nlmsghdr *nlh = message(t, NFT_MSG_NEWTABLE, NLM_F_CREATE);

	nftnl_table_set_str(table, NFTNL_TABLE_NAME, table_name);
	nftnl_table_nlmsg_build_payload(nlh, table);
	message_end(t, nlh);
}

static void chain_put(struct transaction *t, struct nftnl_chain *chain, const char *name, bool base)
{
	struct nlmsghdr *nlh = message(t, NFT_MSG_NEWCHAIN, NLM_F_CREATE);

	nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, table_name);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, name);
	if (base) {
		nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, NF_INET_FORWARD);
		nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, 0);
		nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, "filter");
	}
	nftnl_chain_nlmsg_build_payload(nlh, chain);
	message_end(t, nlh);
}

static void counter_put(struct transaction *t, struct nftnl_obj *obj)
{
	struct nlmsghdr *nlh = message(t, NFT_MSG_NEWOBJ, NLM_F_CREATE);

	nftnl_obj_set_str(obj, NFTNL_OBJ_TABLE, table_name);
	nftnl_obj_set_str(obj, NFTNL_OBJ_NAME, "probe");
	nftnl_obj_set_u32(obj, NFTNL_OBJ_TYPE, NFT_OBJECT_COUNTER);
	nftnl_obj_set_u64(obj, NFTNL_OBJ_CTR_PKTS, 0);
	nftnl_obj_set_u64(obj, NFTNL_OBJ_CTR_BYTES, 0);
	nftnl_obj_nlmsg_build_payload(nlh, obj);
	message_end(t, nlh);
}

static void set_put(struct transaction *t, struct nftnl_set *set)
{
	struct nlmsghdr *nlh = message(t, NFT_MSG_NEWSET, NLM_F_CREATE);

	nftnl_set_set_u32(set, NFTNL_SET_FAMILY, NFPROTO_INET);
	nftnl_set_set_str(set, NFTNL_SET_TABLE, table_name);
	nftnl_set_set_str(set, NFTNL_SET_NAME, "probe");
	nftnl_set_set_u32(set, NFTNL_SET_ID, SET_ID);
	nftnl_set_set_u32(set, NFTNL_SET_FLAGS, NFT_SET_CONSTANT);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, 7); /* nft's number of an IPv4 address */
	nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, 4);
	nftnl_set_nlmsg_build_payload(nlh, set);
	message_end(t, nlh);
}

static int answer_read(int fd, uint32_t last, const char *doing, struct lab_err *err)
{
	char buf[BUF_SIZE];
	bool acked = false;
	int ret = 0;

	for (;;) {
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		struct nlmsghdr *nlh = (struct nlmsghdr *)buf;
		int left = (int)n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
			if (nlh->nlmsg_type != NLMSG_ERROR)
				continue;
			if (!ret)
				ret = extack_read(nlh, err, doing);
			acked |= nlh->nlmsg_seq == last;
		}
	}
	if (!ret && !acked)
		return lab_err_set(err, EPROTO, "%s: the kernel did not answer", doing);
	return ret;
}

static int transaction_send(struct transaction *t, struct probe_env *env, const char *doing,
			    struct lab_err *err)
{
	_cleanup_close_ int fd =
		network_socket(env->net, PROBE_FW, AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER, err);
	uint32_t last = t->seq;

	if (fd < 0)
		return lab_err_wrap(err, "%s", doing);
	extack_enable(fd);
	t->len += nftnl_batch_end(t->buf + t->len, ++t->seq)->nlmsg_len;
	if (send(fd, t->buf, t->len, 0) < 0)
		return lab_err_set(err, errno, "%s: cannot send to the kernel", doing);
	return answer_read(fd, last, doing, err);
}

/* What a transaction is made of; all is made at once, so that there is one check for memory. */
struct parts {
	struct nftnl_table *table;
	struct nftnl_chain *base, *chain;
	struct nftnl_obj *counter;
	struct nftnl_set *set;
	struct nftnl_rule *rule;
};

static void parts_free(struct parts *p)
{
	if (p->table)
		nftnl_table_free(p->table);
	if (p->base)
		nftnl_chain_free(p->base);
	if (p->chain)
		nftnl_chain_free(p->chain);
	if (p->counter)
		nftnl_obj_free(p->counter);
	if (p->set)
		nftnl_set_free(p->set);
	if (p->rule)
		nftnl_rule_free(p->rule);
}

static bool parts_new(struct parts *p)
{
	*p = (struct parts){ nftnl_table_alloc(), nftnl_chain_alloc(), nftnl_chain_alloc(),
			     nftnl_obj_alloc(),	  nftnl_set_alloc(),   nftnl_rule_alloc() };
	return p->table && p->base && p->chain && p->counter && p->set && p->rule;
}

/* enum with - what the rule refers to */
enum with { WITH_NOTHING, WITH_BASE, WITH_COUNTER, WITH_SET };

/* The rule's expression, behind one that loads an address for it to look at. */
static int rule_fill(struct nftnl_rule *rule, const char *name, void (*fill)(struct nftnl_expr *e))
{
	struct nftnl_expr *load = nftnl_expr_alloc("payload"), *e;

	if (!load)
		return -ENOMEM;
	nftnl_expr_set_u32(load, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
	nftnl_expr_set_u32(load, NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
	nftnl_expr_set_u32(load, NFTNL_EXPR_PAYLOAD_OFFSET, 12);
	nftnl_expr_set_u32(load, NFTNL_EXPR_PAYLOAD_LEN, 4);
	nftnl_rule_add_expr(rule, load);
	e = nftnl_expr_alloc(name);
	if (!e)
		return -ENOMEM;
	fill(e);
	nftnl_rule_add_expr(rule, e);
	return 0;
}

/**
 * rule_try() - would the kernel take a rule with this expression?
 * @name: of the expression; @fill sets what it consists of
 */
static int rule_try(struct probe_env *env, const char *name, void (*fill)(struct nftnl_expr *e),
		    enum with with, struct lab_err *err)
{
	_cleanup_(parts_free) struct parts p = { 0 };
	_cleanup_free_ struct transaction *t = calloc(1, sizeof(*t));
	struct nlmsghdr *nlh;
	char doing[64];

	snprintf(doing, sizeof(doing), "cannot make a rule with '%s' (nf_tables)", name);
	if (!t || !parts_new(&p) || rule_fill(p.rule, name, fill) < 0)
		return lab_err_set(err, ENOMEM, "%s", doing);
	t->len += nftnl_batch_begin(t->buf, ++t->seq)->nlmsg_len;
	table_put(t, p.table);
	chain_put(t, p.chain, name, false);
	if (with == WITH_BASE)
		chain_put(t, p.base, "forward", true);
	if (with == WITH_COUNTER)
		counter_put(t, p.counter);
	if (with == WITH_SET)
		set_put(t, p.set);
	nlh = message(t, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND | NLM_F_ACK);
	nftnl_rule_set_u32(p.rule, NFTNL_RULE_FAMILY, NFPROTO_INET);
	nftnl_rule_set_str(p.rule, NFTNL_RULE_TABLE, table_name);
	nftnl_rule_set_str(p.rule, NFTNL_RULE_CHAIN, name);
	nftnl_rule_nlmsg_build_payload(nlh, p.rule);
	message_end(t, nlh);
	return transaction_send(t, env, doing, err);
}

static void fill_meta(struct nftnl_expr *e)
{
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_KEY, NFT_META_L4PROTO);
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_DREG, NFT_REG_1);
}

static void fill_objref(struct nftnl_expr *e)
{
	nftnl_expr_set_u32(e, NFTNL_EXPR_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
	nftnl_expr_set_str(e, NFTNL_EXPR_OBJREF_IMM_NAME, "probe");
}

static void fill_log(struct nftnl_expr *e)
{
	nftnl_expr_set_u16(e, NFTNL_EXPR_LOG_GROUP, LOG_GROUP);
	nftnl_expr_set_u16(e, NFTNL_EXPR_LOG_QTHRESHOLD, 1);
	nftnl_expr_set_str(e, NFTNL_EXPR_LOG_PREFIX, "probe");
}

static void fill_lookup(struct nftnl_expr *e)
{
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_str(e, NFTNL_EXPR_LOOKUP_SET, "probe");
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SET_ID, SET_ID);
}

static void fill_numgen(struct nftnl_expr *e)
{
	nftnl_expr_set_u32(e, NFTNL_EXPR_NG_DREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_NG_TYPE, NFT_NG_INCREMENTAL);
	nftnl_expr_set_u32(e, NFTNL_EXPR_NG_MODULUS, UINT32_MAX);
}

static void fill_reject(struct nftnl_expr *e)
{
	nftnl_expr_set_u32(e, NFTNL_EXPR_REJECT_TYPE, NFT_REJECT_TCP_RST);
	nftnl_expr_set_u8(e, NFTNL_EXPR_REJECT_CODE, 0);
}

static void fill_ct(struct nftnl_expr *e)
{
	nftnl_expr_set_u32(e, NFTNL_EXPR_CT_KEY, NFT_CT_STATE);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CT_DREG, NFT_REG_1);
}

int try_nft(struct probe_env *env, struct lab_err *err)
{
	return rule_try(env, "meta", fill_meta, WITH_BASE, err);
}

int try_nft_counter(struct probe_env *env, struct lab_err *err)
{
	return rule_try(env, "objref", fill_objref, WITH_COUNTER, err);
}

int try_nft_log(struct probe_env *env, struct lab_err *err)
{
	return rule_try(env, "log", fill_log, WITH_NOTHING, err);
}

int try_nft_sets(struct probe_env *env, struct lab_err *err)
{
	return rule_try(env, "lookup", fill_lookup, WITH_SET, err);
}

int try_nft_numgen(struct probe_env *env, struct lab_err *err)
{
	return rule_try(env, "numgen", fill_numgen, WITH_NOTHING, err);
}

int try_nft_reject(struct probe_env *env, struct lab_err *err)
{
	return rule_try(env, "reject", fill_reject, WITH_NOTHING, err);
}

int try_nft_conntrack(struct probe_env *env, struct lab_err *err)
{
	return rule_try(env, "ct", fill_ct, WITH_NOTHING, err);
}
