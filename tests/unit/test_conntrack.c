// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Messages of ctnetlink built by hand: as kernels send them, and damaged. Each stands at the end of memory
 * of its own size, so that the sanitizer sees a byte read too far.
 */
#include "tests/support/main.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdlib.h>
#include <string.h>

#include "lab/observe/conntrack.h"
#include "netns/cleanup.h"

struct shape {
	int af, protocol;
	bool ports, timeout, info;
};

static void tuple_put(struct nlmsghdr *nlh, int type, const struct shape *s, const char *src,
		      const char *dst, uint16_t sport, uint16_t dport)
{
	struct nlattr *tuple = mnl_attr_nest_start(nlh, (uint16_t)type), *nest;
	bool six = s->af == AF_INET6;
	uint8_t addr[16];

	nest = mnl_attr_nest_start(nlh, CTA_TUPLE_IP);
	assert_int_equal(inet_pton(s->af, src, addr), 1);
	mnl_attr_put(nlh, six ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, six ? 16 : 4, addr);
	assert_int_equal(inet_pton(s->af, dst, addr), 1);
	mnl_attr_put(nlh, six ? CTA_IP_V6_DST : CTA_IP_V4_DST, six ? 16 : 4, addr);
	mnl_attr_nest_end(nlh, nest);
	nest = mnl_attr_nest_start(nlh, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(nlh, CTA_PROTO_NUM, (uint8_t)s->protocol);
	if (s->ports) {
		mnl_attr_put_u16(nlh, CTA_PROTO_SRC_PORT, htons(sport));
		mnl_attr_put_u16(nlh, CTA_PROTO_DST_PORT, htons(dport));
	}
	mnl_attr_nest_end(nlh, nest);
	mnl_attr_nest_end(nlh, tuple);
}

/* An entry between A port 40000 and B port 80, which is translated to C port 8080. */
static struct nlmsghdr *message(const struct shape *s)
{
	static const char *const hosts[2][3] = { { "10.0.1.1", "10.0.1.2", "10.0.2.2" },
						 { "fd00::1", "fd00::2", "fd00:2::2" } };
	const char *const *h = hosts[s->af == AF_INET6];
	char buf[1024] = { 0 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf), *copy;
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	struct nlattr *info, *tcp;

	nfg->nfgen_family = (uint8_t)s->af;
	tuple_put(nlh, CTA_TUPLE_ORIG, s, h[0], h[1], 40000, 80);
	tuple_put(nlh, CTA_TUPLE_REPLY, s, h[2], h[0], 8080, 40000);
	if (s->timeout)
		mnl_attr_put_u32(nlh, CTA_TIMEOUT, htonl(117));
	if (s->info) {
		info = mnl_attr_nest_start(nlh, CTA_PROTOINFO);
		tcp = mnl_attr_nest_start(nlh, CTA_PROTOINFO_TCP);
		mnl_attr_put_u8(nlh, CTA_PROTOINFO_TCP_STATE, 3);
		mnl_attr_nest_end(nlh, tcp);
		mnl_attr_nest_end(nlh, info);
	}
	copy = malloc(nlh->nlmsg_len);
	assert_non_null(copy);
	memcpy(copy, nlh, nlh->nlmsg_len);
	return copy;
}

static void test_conntrack_parse_reads_an_entry(void **state)
{
	(void)state;
	for (int six = 0; six < 2; six++) {
		struct shape s = { six ? AF_INET6 : AF_INET, IPPROTO_TCP, true, true, true };
		_cleanup_free_ struct nlmsghdr *nlh = message(&s);
		struct ct_entry e;
		char text[INET6_ADDRSTRLEN];

		assert_int_equal(ct_entry_parse(nlh, &e), 0);
		assert_int_equal(e.protocol, IPPROTO_TCP);
		assert_int_equal(e.orig.af, s.af);
		assert_int_equal(e.orig.sport, 40000);
		assert_int_equal(e.orig.dport, 80);
		assert_int_equal(e.reply.sport, 8080);
		assert_int_equal(e.reply.dport, 40000);
		assert_int_equal(e.left_s, 117);
		assert_string_equal(ct_state_name(e.tcp_state), "ESTABLISHED");
		inet_ntop(s.af, e.orig.dst, text, sizeof(text));
		assert_string_equal(text, six ? "fd00::2" : "10.0.1.2");
		inet_ntop(s.af, e.reply.src, text, sizeof(text));
		assert_string_equal(text, six ? "fd00:2::2" : "10.0.2.2");
	}
}

/* UDP has no state, ICMP no ports, and ICMPv6 is ICMP in the words of the scenarios. */
static void test_conntrack_parse_takes_what_there_is(void **state)
{
	struct shape udp = { AF_INET, IPPROTO_UDP, true, true, false };
	struct shape icmp = { AF_INET6, IPPROTO_ICMPV6, false, false, false };
	_cleanup_free_ struct nlmsghdr *first = message(&udp), *second = message(&icmp);
	struct ct_entry e;

	(void)state;
	assert_int_equal(ct_entry_parse(first, &e), 0);
	assert_int_equal(e.protocol, IPPROTO_UDP);
	assert_int_equal(e.tcp_state, -1);
	assert_int_equal(ct_entry_parse(second, &e), 0);
	assert_int_equal(e.protocol, IPPROTO_ICMP);
	assert_int_equal(e.orig.sport, 0);
	assert_int_equal(e.left_s, 0);
	assert_null(ct_state_name(-1));
}

/* Cut off at every length: an entry or none, but no byte that is not there. */
static void test_conntrack_parse_survives_what_is_cut_off(void **state)
{
	struct shape s = { AF_INET6, IPPROTO_TCP, true, true, true };
	_cleanup_free_ struct nlmsghdr *whole = message(&s);
	int read = 0;

	(void)state;
	for (uint32_t len = MNL_NLMSG_HDRLEN; len < whole->nlmsg_len; len++) {
		_cleanup_free_ struct nlmsghdr *cut = malloc(len);
		struct ct_entry e;

		assert_non_null(cut);
		memcpy(cut, whole, len);
		cut->nlmsg_len = len;
		read += ct_entry_parse(cut, &e) == 0;
	}
	/* once both tuples are there, what is left out is unknown */
	assert_true(read > 0 && read < (int)whole->nlmsg_len);
}

/* Every byte changed to every other value of a few: lengths and types that lie. */
static void test_conntrack_parse_survives_lies(void **state)
{
	static const uint8_t lies[] = { 0, 1, 2, 3, 4, 5, 0x7f, 0x80, 0xff };
	struct shape s = { AF_INET, IPPROTO_TCP, true, true, true };
	_cleanup_free_ struct nlmsghdr *whole = message(&s);
	uint32_t len = whole->nlmsg_len;

	(void)state;
	for (uint32_t i = MNL_NLMSG_HDRLEN; i < len; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(lies); k++) {
			_cleanup_free_ struct nlmsghdr *copy = malloc(len);
			struct ct_entry e;

			assert_non_null(copy);
			memcpy(copy, whole, len);
			((uint8_t *)copy)[i] = lies[k];
			if (ct_entry_parse(copy, &e) == 0)
				assert_true(e.orig.af == AF_INET || e.orig.af == AF_INET6);
		}
	}
}

static void test_conntrack_states_have_names(void **state)
{
	int n = 0;

	(void)state;
	for (; ct_state_name(n); n++)
		assert_int_equal(ct_state_from_name(ct_state_name(n)), n);
	assert_int_equal(n, 10);
	assert_int_equal(ct_state_from_name("SYN-SENT"), -1);
	assert_int_equal(ct_state_from_name(""), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conntrack_parse_reads_an_entry),
		cmocka_unit_test(test_conntrack_parse_takes_what_there_is),
		cmocka_unit_test(test_conntrack_parse_survives_what_is_cut_off),
		cmocka_unit_test(test_conntrack_parse_survives_lies),
		cmocka_unit_test(test_conntrack_states_have_names),
	};

	return TEST_MAIN("conntrack", tests, NULL, NULL);
}
