// SPDX-License-Identifier: GPL-2.0-or-later
#include "impair/expr.h"

#include <arpa/inet.h>
#include <errno.h>
/* libnftnl/expr.h does not include it, and needs it */
#include <stdio.h>

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_NFQUEUE.h>
#include <stdlib.h>

static struct nftnl_expr *add(struct nftnl_rule *rule, const char *name)
{
	struct nftnl_expr *e = nftnl_expr_alloc(name);

	if (e)
		nftnl_rule_add_expr(rule, e); /* the rule owns it from here on */
	return e;
}

int expr_meta(struct nftnl_rule *rule, uint32_t key)
{
	struct nftnl_expr *e = add(rule, "meta");

	if (!e)
		return -ENOMEM;
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_DREG, NFT_REG_1);
	return 0;
}

int expr_payload(struct nftnl_rule *rule, uint32_t base, uint32_t offset, uint32_t len)
{
	struct nftnl_expr *e = add(rule, "payload");

	if (!e)
		return -ENOMEM;
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_LEN, len);
	return 0;
}

int expr_payload_set(struct nftnl_rule *rule, uint32_t base, uint32_t offset, const void *data,
		     uint32_t len)
{
	struct nftnl_expr *load = add(rule, "immediate"), *set = add(rule, "payload");

	if (!load || !set)
		return -ENOMEM;
	nftnl_expr_set_u32(load, NFTNL_EXPR_IMM_DREG, NFT_REG_1);
	nftnl_expr_set(load, NFTNL_EXPR_IMM_DATA, data, len);
	nftnl_expr_set_u32(set, NFTNL_EXPR_PAYLOAD_SREG, NFT_REG_1);
	nftnl_expr_set_u32(set, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(set, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(set, NFTNL_EXPR_PAYLOAD_LEN, len);
	return 0;
}

int expr_port_set(struct nftnl_rule *rule, uint8_t proto, bool destination, uint16_t port)
{
	struct nftnl_expr *load = add(rule, "immediate"), *set = add(rule, "payload");
	uint16_t be = htons(port);

	if (!load || !set)
		return -ENOMEM;
	nftnl_expr_set_u32(load, NFTNL_EXPR_IMM_DREG, NFT_REG_1);
	nftnl_expr_set(load, NFTNL_EXPR_IMM_DATA, &be, sizeof(be));
	nftnl_expr_set_u32(set, NFTNL_EXPR_PAYLOAD_SREG, NFT_REG_1);
	nftnl_expr_set_u32(set, NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
	nftnl_expr_set_u32(set, NFTNL_EXPR_PAYLOAD_OFFSET, destination ? 2 : 0);
	nftnl_expr_set_u32(set, NFTNL_EXPR_PAYLOAD_LEN, sizeof(be));
	nftnl_expr_set_u32(set, NFTNL_EXPR_PAYLOAD_CSUM_TYPE, NFT_PAYLOAD_CSUM_INET);
	/* RFC 9293, 3.1; RFC 768 */
	nftnl_expr_set_u32(set, NFTNL_EXPR_PAYLOAD_CSUM_OFFSET, proto == IPPROTO_TCP ? 16 : 6);
	return 0;
}

int expr_mask(struct nftnl_rule *rule, const void *mask, uint32_t len)
{
	static const uint8_t zero[16];
	struct nftnl_expr *e = add(rule, "bitwise");

	if (!e)
		return -ENOMEM;
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_LEN, len);
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_MASK, mask, len);
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_XOR, zero, len);
	return 0;
}

int expr_compare(struct nftnl_rule *rule, uint32_t op, const void *data, uint32_t len)
{
	struct nftnl_expr *e = add(rule, "cmp");

	if (!e)
		return -ENOMEM;
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_OP, op);
	nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, data, len);
	return 0;
}

int expr_in_set(struct nftnl_rule *rule, const char *name, uint32_t id)
{
	struct nftnl_expr *e = add(rule, "lookup");

	if (!e)
		return -ENOMEM;
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_str(e, NFTNL_EXPR_LOOKUP_SET, name);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SET_ID, id);
	return 0;
}

int expr_ct(struct nftnl_rule *rule, uint32_t key)
{
	struct nftnl_expr *e = add(rule, "ct");

	if (!e)
		return -ENOMEM;
	nftnl_expr_set_u32(e, NFTNL_EXPR_CT_KEY, key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CT_DREG, NFT_REG_1);
	return 0;
}

int expr_notrack(struct nftnl_rule *rule)
{
	return add(rule, "notrack") ? 0 : -ENOMEM;
}

int expr_connlimit_over(struct nftnl_rule *rule, uint32_t count)
{
	struct nftnl_expr *e = add(rule, "connlimit");

	if (!e)
		return -ENOMEM;
	nftnl_expr_set_u32(e, NFTNL_EXPR_CONNLIMIT_COUNT, count);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CONNLIMIT_FLAGS, NFT_CONNLIMIT_F_INV);
	return 0;
}

int expr_rate_over(struct nftnl_rule *rule, uint32_t rate, uint32_t per_s, uint32_t burst)
{
	struct nftnl_expr *e = add(rule, "limit");

	if (!e)
		return -ENOMEM;
	nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_RATE, rate);
	nftnl_expr_set_u64(e, NFTNL_EXPR_LIMIT_UNIT, per_s);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_BURST, burst);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LIMIT_FLAGS, NFT_LIMIT_F_INV);
	return 0;
}

int expr_counting(struct nftnl_rule *rule, uint32_t modulus)
{
	struct nftnl_expr *e = add(rule, "numgen");

	if (!e)
		return -ENOMEM;
	nftnl_expr_set_u32(e, NFTNL_EXPR_NG_DREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_NG_TYPE, NFT_NG_INCREMENTAL);
	nftnl_expr_set_u32(e, NFTNL_EXPR_NG_MODULUS, modulus);
	return 0;
}

int expr_hash(struct nftnl_rule *rule, uint32_t seed, uint32_t modulus)
{
	struct nftnl_expr *e = add(rule, "hash");

	if (!e)
		return -ENOMEM;
	nftnl_expr_set_u32(e, NFTNL_EXPR_HASH_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_HASH_DREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_HASH_TYPE, NFT_HASH_JENKINS);
	nftnl_expr_set_u32(e, NFTNL_EXPR_HASH_LEN, 4);
	nftnl_expr_set_u32(e, NFTNL_EXPR_HASH_MODULUS, modulus);
	nftnl_expr_set_u32(e, NFTNL_EXPR_HASH_SEED, seed);
	return 0;
}

int expr_big_endian(struct nftnl_rule *rule)
{
	struct nftnl_expr *e = add(rule, "byteorder");

	if (!e)
		return -ENOMEM;
	nftnl_expr_set_u32(e, NFTNL_EXPR_BYTEORDER_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BYTEORDER_DREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_HTON);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BYTEORDER_LEN, 4);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BYTEORDER_SIZE, 4);
	return 0;
}

int expr_counter(struct nftnl_rule *rule, const char *name)
{
	struct nftnl_expr *e = add(rule, "objref");

	if (!e)
		return -ENOMEM;
	nftnl_expr_set_u32(e, NFTNL_EXPR_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
	nftnl_expr_set_str(e, NFTNL_EXPR_OBJREF_IMM_NAME, name);
	return 0;
}

int expr_log(struct nftnl_rule *rule, uint16_t group, const char *prefix, uint32_t snaplen)
{
	struct nftnl_expr *e = add(rule, "log");

	if (!e)
		return -ENOMEM;
	nftnl_expr_set_u16(e, NFTNL_EXPR_LOG_GROUP, group);
	nftnl_expr_set_u16(e, NFTNL_EXPR_LOG_QTHRESHOLD, 1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOG_SNAPLEN, snaplen);
	nftnl_expr_set_str(e, NFTNL_EXPR_LOG_PREFIX, prefix);
	return 0;
}

int expr_verdict(struct nftnl_rule *rule, int verdict, const char *chain)
{
	struct nftnl_expr *e = add(rule, "immediate");

	if (!e)
		return -ENOMEM;
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_VERDICT, (uint32_t)verdict);
	if (chain)
		nftnl_expr_set_str(e, NFTNL_EXPR_IMM_CHAIN, chain);
	return 0;
}

int expr_drop(struct nftnl_rule *rule)
{
	return expr_verdict(rule, NF_DROP, NULL);
}

int expr_mark_set(struct nftnl_rule *rule, uint32_t mark)
{
	struct nftnl_expr *load = add(rule, "immediate"), *set = add(rule, "meta");

	if (!load || !set)
		return -ENOMEM;
	nftnl_expr_set_u32(load, NFTNL_EXPR_IMM_DREG, NFT_REG_1);
	nftnl_expr_set(load, NFTNL_EXPR_IMM_DATA, &mark, sizeof(mark));
	nftnl_expr_set_u32(set, NFTNL_EXPR_META_KEY, NFT_META_MARK);
	nftnl_expr_set_u32(set, NFTNL_EXPR_META_SREG, NFT_REG_1);
	return 0;
}

int expr_queue(struct nftnl_rule *rule, uint16_t num, bool compat)
{
	struct nftnl_expr *e = add(rule, compat ? "target" : "queue");

	if (!e)
		return -ENOMEM;
	if (compat) {
		/* revision 3, padded to 8 bytes as xt_check_target() wants it; libnftnl frees it */
		struct xt_NFQ_info_v3 *info = calloc(1, XT_ALIGN(sizeof(*info)));

		if (!info)
			return -ENOMEM;
		info->queuenum = num;
		info->queues_total = 1;
		nftnl_expr_set_str(e, NFTNL_EXPR_TG_NAME, "NFQUEUE");
		nftnl_expr_set_u32(e, NFTNL_EXPR_TG_REV, 3);
		nftnl_expr_set(e, NFTNL_EXPR_TG_INFO, info, XT_ALIGN(sizeof(*info)));
		return 0;
	}
	nftnl_expr_set_u16(e, NFTNL_EXPR_QUEUE_NUM, num);
	nftnl_expr_set_u16(e, NFTNL_EXPR_QUEUE_TOTAL, 1);
	return 0;
}

static int load(struct nftnl_rule *rule, uint32_t reg, const void *data, uint32_t len)
{
	struct nftnl_expr *e = add(rule, "immediate");

	if (!e)
		return -ENOMEM;
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, reg);
	nftnl_expr_set(e, NFTNL_EXPR_IMM_DATA, data, len);
	return 0;
}

int expr_dnat(struct nftnl_rule *rule, uint8_t nfproto, const void *addr, uint32_t len,
	      uint16_t port)
{
	uint16_t be = htons(port);
	int ret = load(rule, NFT_REG_1, addr, len) ?: load(rule, NFT_REG_2, &be, sizeof(be));
	struct nftnl_expr *e = ret ? NULL : add(rule, "nat");

	if (!e)
		return -ENOMEM;
	nftnl_expr_set_u32(e, NFTNL_EXPR_NAT_TYPE, NFT_NAT_DNAT);
	nftnl_expr_set_u32(e, NFTNL_EXPR_NAT_FAMILY, nfproto);
	nftnl_expr_set_u32(e, NFTNL_EXPR_NAT_REG_ADDR_MIN, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_NAT_REG_PROTO_MIN, NFT_REG_2);
	return 0;
}

int expr_masquerade(struct nftnl_rule *rule, uint32_t flags)
{
	struct nftnl_expr *e = add(rule, "masq");

	if (!e)
		return -ENOMEM;
	if (flags)
		nftnl_expr_set_u32(e, NFTNL_EXPR_MASQ_FLAGS, flags);
	return 0;
}

int expr_reject(struct nftnl_rule *rule, uint32_t type, uint8_t code)
{
	struct nftnl_expr *e = add(rule, "reject");

	if (!e)
		return -ENOMEM;
	nftnl_expr_set_u32(e, NFTNL_EXPR_REJECT_TYPE, type);
	nftnl_expr_set_u8(e, NFTNL_EXPR_REJECT_CODE, code);
	return 0;
}
