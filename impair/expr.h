/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to impair/: nf_tables expressions in one line each. All return 0 or -ENOMEM. */
#ifndef NSLAB_IMPAIR_EXPR_H
#define NSLAB_IMPAIR_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nftnl_rule;

/** expr_meta() - load a NFT_META_ key into register 1 */
int expr_meta(struct nftnl_rule *rule, uint32_t key);

/** expr_payload() - load @len bytes at @offset of a NFT_PAYLOAD_ header into register 1 */
int expr_payload(struct nftnl_rule *rule, uint32_t base, uint32_t offset, uint32_t len);

/** expr_payload_set() - write @len (at most 16) bytes at @offset of a NFT_PAYLOAD_ header */
int expr_payload_set(struct nftnl_rule *rule, uint32_t base, uint32_t offset, const void *data,
		     uint32_t len);

/** expr_port_set() - @proto is IPPROTO_TCP or IPPROTO_UDP: its destination or source port = @port; mends the checksum */
int expr_port_set(struct nftnl_rule *rule, uint8_t proto, bool destination, uint16_t port);

/** expr_mask() - register 1 &= @mask (@len bytes) */
int expr_mask(struct nftnl_rule *rule, const void *mask, uint32_t len);

/** expr_compare() - break off unless register 1 @op @data; @op is a NFT_CMP_ */
int expr_compare(struct nftnl_rule *rule, uint32_t op, const void *data, uint32_t len);

/** expr_in_set() - break off unless register 1 is in the named set @name with batch id @id */
int expr_in_set(struct nftnl_rule *rule, const char *name, uint32_t id);

/** expr_ct() - load a NFT_CT_ key (4 bytes) of the packet's connection into register 1 */
int expr_ct(struct nftnl_rule *rule, uint32_t key);

/** expr_notrack() - connection tracking leaves the packet alone */
int expr_notrack(struct nftnl_rule *rule);

/** expr_connlimit_over() - break off unless more than @count tracked connections came here and live */
int expr_connlimit_over(struct nftnl_rule *rule, uint32_t count);

/** expr_rate_over() - break off unless it is more than @rate in @per_s seconds, beyond @burst at once */
int expr_rate_over(struct nftnl_rule *rule, uint32_t rate, uint32_t per_s, uint32_t burst);

/** expr_counting() - register 1 = number of packets that came here before, modulo @modulus */
int expr_counting(struct nftnl_rule *rule, uint32_t modulus);

/** expr_hash() - register 1 = lookup3 of its 4 bytes with @seed, scaled to 0 … @modulus - 1; see chance_decide() */
int expr_hash(struct nftnl_rule *rule, uint32_t seed, uint32_t modulus);

/** expr_big_endian() - turn the 4 bytes in register 1 into network order, so that they compare */
int expr_big_endian(struct nftnl_rule *rule);

/** expr_counter() - count into the table's counter @name */
int expr_counter(struct nftnl_rule *rule, const char *name);

/** expr_log() - log to nfnetlink_log group @group: @snaplen bytes of the packet, at once */
int expr_log(struct nftnl_rule *rule, uint16_t group, const char *prefix, uint32_t snaplen);

/** expr_verdict() - NFT_GOTO, NFT_JUMP (with @chain), NFT_RETURN, NF_ACCEPT, NF_DROP */
int expr_verdict(struct nftnl_rule *rule, int verdict, const char *chain);
int expr_drop(struct nftnl_rule *rule);

/** expr_mark_set() - the packet's mark = @mark */
int expr_mark_set(struct nftnl_rule *rule, uint32_t mark);

/** expr_queue() - send it to nfnetlink_queue queue @num; @compat: through xt_NFQUEUE, see queue_form() */
int expr_queue(struct nftnl_rule *rule, uint16_t num, bool compat);

/** expr_dnat() - translate the destination to @addr (@len bytes) and @port; @nfproto: NFPROTO_IPV4, _IPV6 */
int expr_dnat(struct nftnl_rule *rule, uint8_t nfproto, const void *addr, uint32_t len,
	      uint16_t port);

/** expr_masquerade() - translate the source to the address of where it leaves; @flags: NF_NAT_RANGE_ */
int expr_masquerade(struct nftnl_rule *rule, uint32_t flags);

/** expr_reject() - @type is a NFT_REJECT_, @code its ICMP code */
int expr_reject(struct nftnl_rule *rule, uint32_t type, uint8_t code);

#endif
