// SPDX-License-Identifier: GPL-2.0-or-later
/* Packets built by hand, byte by byte, and every way to cut or damage them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/event/packet.h"
#include "netns/cleanup.h"

/* A packet under construction. */
struct build {
	uint8_t data[2048];
	size_t len;
};

static void put8(struct build *b, unsigned v)
{
	b->data[b->len++] = (uint8_t)v;
}

static void put16(struct build *b, unsigned v)
{
	put8(b, v >> 8);
	put8(b, v & 0xff);
}

static void put32(struct build *b, uint32_t v)
{
	put16(b, v >> 16);
	put16(b, v & 0xffff);
}

static void put_zeros(struct build *b, size_t n)
{
	while (n--)
		put8(b, 0);
}

/* @options: bytes, a multiple of 4; @body: bytes that will follow */
static void put_ip4(struct build *b, int protocol, unsigned frag, size_t options, size_t body)
{
	put8(b, 0x45 + (unsigned)options / 4);
	put8(b, 0);
	put16(b, (unsigned)(20 + options + body));
	put16(b, 0x1234);
	put16(b, frag);
	put8(b, 63);
	put8(b, (unsigned)protocol);
	put16(b, 0);
	put32(b, 0x0a000102);
	put32(b, 0x0a000203);
	put_zeros(b, options);
}

static void put_ip6(struct build *b, int next, size_t body)
{
	put32(b, 0x60000000);
	put16(b, (unsigned)body);
	put8(b, (unsigned)next);
	put8(b, 62);
	put32(b, 0xfd000000);
	put_zeros(b, 8);
	put32(b, 1);
	put32(b, 0xfd000000);
	put_zeros(b, 8);
	put32(b, 2);
}

static void put_tcp(struct build *b, unsigned flags, size_t options, size_t payload)
{
	put16(b, 43210);
	put16(b, 8080);
	put32(b, 0xdeadbeef);
	put32(b, 0x01020304);
	put8(b, (unsigned)(5 + options / 4) << 4);
	put8(b, flags);
	put16(b, 64240);
	put32(b, 0);
	put_zeros(b, options + payload);
}

static void put_udp(struct build *b, size_t payload)
{
	put16(b, 5353);
	put16(b, 53);
	put16(b, (unsigned)(8 + payload));
	put16(b, 0);
	put_zeros(b, payload);
}

/* Decode from memory of exactly that size, so that one byte too far is caught. */
static int decode(const void *data, size_t len, size_t wire_len, struct packet *ret)
{
	void *copy = malloc(len ? len : 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, data, len);
	r = packet_decode(copy, len, wire_len, ret);
	free(copy);
	return r;
}

static void assert_label(const struct build *b, const char *label)
{
	struct packet p;
	char buf[80];

	assert_int_equal(decode(b->data, b->len, b->len, &p), 0);
	assert_string_equal(packet_label(&p, buf, sizeof(buf)), label);
}

/* All lengths below @least are refused, all others give what the whole packet gives. */
static void assert_cuts(const struct build *b, size_t least)
{
	struct packet whole, p;

	assert_int_equal(decode(b->data, b->len, b->len, &whole), 0);
	for (size_t len = 0; len <= b->len; len++) {
		int r = decode(b->data, len, b->len, &p);

		if (len < least) {
			assert_int_equal(r, -EBADMSG);
		} else {
			assert_int_equal(r, 0);
			assert_memory_equal(&p, &whole, sizeof(p));
		}
		/* shorter on the wire than its headers say */
		if (len < b->len)
			assert_true(decode(b->data, len, len, &p) < 0);
	}
	/* the wire pads short frames */
	assert_int_equal(decode(b->data, b->len, b->len + 6, &p), 0);
	assert_memory_equal(&p, &whole, sizeof(p));
}

static void test_packet_tcp4(void **state)
{
	struct build b = { .len = 0 };
	struct packet p;
	char buf[120];

	(void)state;
	put_ip4(&b, IPPROTO_TCP, 0x4000, 0, 40 + 100);
	put_tcp(&b, TCPF_PSH | TCPF_ACK, 20, 100);
	assert_cuts(&b, 40);

	assert_int_equal(decode(b.data, b.len, b.len, &p), 0);
	assert_int_equal(p.af, AF_INET);
	assert_int_equal(p.protocol, IPPROTO_TCP);
	assert_int_equal(p.ttl, 63);
	assert_int_equal(p.id, 0x1234);
	assert_int_equal(p.ip_len, 160);
	assert_int_equal(p.sport, 43210);
	assert_int_equal(p.dport, 8080);
	assert_int_equal(p.seq, 0xdeadbeef);
	assert_int_equal(p.ack, 0x01020304);
	assert_int_equal(p.window, 64240);
	assert_int_equal(p.flags, TCPF_PSH | TCPF_ACK);
	assert_int_equal(p.payload, 100);
	assert_false(p.inner);
	assert_string_equal(packet_label(&p, buf, sizeof(buf)), "PSH-ACK 100 B");
	assert_string_equal(packet_flow_label(&p, buf, sizeof(buf)),
			    "10.0.1.2:43210 > 10.0.2.3:8080");
}

static void test_packet_tcp4_options(void **state)
{
	struct build b = { .len = 0 };

	(void)state;
	put_ip4(&b, IPPROTO_TCP, 0, 40, 20);
	put_tcp(&b, TCPF_SYN, 0, 0);
	assert_cuts(&b, 80);
	assert_label(&b, "SYN");
}

static void test_packet_tcp6(void **state)
{
	struct build b = { .len = 0 };
	struct packet p;
	char buf[120];

	(void)state;
	put_ip6(&b, IPPROTO_TCP, 20 + 1440);
	put_tcp(&b, TCPF_ACK, 0, 1440);
	assert_cuts(&b, 60);
	assert_label(&b, "ACK 1440 B");
	assert_int_equal(decode(b.data, b.len, b.len, &p), 0);
	assert_int_equal(p.af, AF_INET6);
	assert_int_equal(p.ttl, 62);
	assert_int_equal(p.ip_len, 1500);
	assert_string_equal(packet_flow_label(&p, buf, sizeof(buf)),
			    "[fd00::1]:43210 > [fd00::2]:8080");
}

static void test_packet_ip6_extensions(void **state)
{
	struct build b = { .len = 0 };

	(void)state;
	put_ip6(&b, IPPROTO_HOPOPTS, 8 + 24 + 8 + 16 + 20 + 5);
	put8(&b, IPPROTO_ROUTING);
	put8(&b, 0);
	put_zeros(&b, 6);
	put8(&b, IPPROTO_FRAGMENT);
	put8(&b, 2);
	put_zeros(&b, 22);
	put8(&b, IPPROTO_DSTOPTS);
	put8(&b, 0);
	put16(&b, 0); /* an atomic fragment */
	put_zeros(&b, 4);
	put8(&b, IPPROTO_TCP);
	put8(&b, 1);
	put_zeros(&b, 14);
	put_tcp(&b, TCPF_FIN | TCPF_PSH | TCPF_ACK, 0, 5);
	assert_cuts(&b, 40 + 56 + 20);
	assert_label(&b, "FIN-PSH-ACK 5 B");
}

/* Extension headers to the end of the packet, and one that claims more than there is. */
static void test_packet_ip6_extensions_damaged(void **state)
{
	struct build b = { .len = 0 };
	struct packet p;

	(void)state;
	put_ip6(&b, IPPROTO_DSTOPTS, 800);
	for (int i = 0; i < 100; i++) {
		put8(&b, IPPROTO_DSTOPTS);
		put8(&b, 0);
		put_zeros(&b, 6);
	}
	assert_int_equal(decode(b.data, b.len, b.len, &p), -EBADMSG);

	b.len = 0;
	put_ip6(&b, IPPROTO_ROUTING, 8 + 20);
	put8(&b, IPPROTO_TCP);
	put8(&b, 255);
	put_zeros(&b, 6);
	put_tcp(&b, TCPF_SYN, 0, 0);
	assert_int_equal(decode(b.data, b.len, b.len, &p), -EBADMSG);
}

static void test_packet_udp(void **state)
{
	struct build b = { .len = 0 };
	struct packet p;

	(void)state;
	put_ip4(&b, IPPROTO_UDP, 0, 0, 8 + 40);
	put_udp(&b, 40);
	assert_cuts(&b, 28);
	assert_label(&b, "UDP 40 B");
	b.data[25] = 49; /* one more than there is */
	assert_int_equal(decode(b.data, b.len, b.len, &p), -EBADMSG);
	b.data[25] = 7; /* less than its own header */
	assert_int_equal(decode(b.data, b.len, b.len, &p), -EBADMSG);

	b.len = 0;
	put_ip6(&b, IPPROTO_UDP, 8 + 3);
	put_udp(&b, 3);
	assert_cuts(&b, 48);
	assert_label(&b, "UDP 3 B");
}

static void test_packet_fragments(void **state)
{
	struct build b = { .len = 0 };
	struct packet p;
	char buf[80];

	(void)state;
	/* the first: its UDP length is that of the whole datagram */
	put_ip4(&b, IPPROTO_UDP, 0x2000, 0, 8 + 16);
	put_udp(&b, 16);
	b.data[24] = 0x10;
	assert_int_equal(decode(b.data, b.len, b.len, &p), 0);
	assert_int_equal(p.sport, 5353);
	assert_int_equal(p.payload, 16);

	b.len = 0;
	put_ip4(&b, IPPROTO_UDP, 3, 0, 100);
	put_zeros(&b, 100);
	assert_cuts(&b, 20);
	assert_label(&b, "IPv4 fragment 100 B");

	b.len = 0;
	put_ip6(&b, IPPROTO_FRAGMENT, 8 + 12);
	put8(&b, IPPROTO_TCP);
	put8(&b, 0);
	put16(&b, 0x0100);
	put32(&b, 7);
	put_zeros(&b, 12);
	assert_cuts(&b, 48);
	assert_label(&b, "IPv6 fragment 12 B");
	assert_int_equal(decode(b.data, b.len, b.len, &p), 0);
	assert_string_equal(packet_flow_label(&p, buf, sizeof(buf)), "fd00::1 > fd00::2");
}

/* An ICMP error that quotes the first @quoted bytes of a TCP packet. */
static void put_icmp4_error(struct build *b, unsigned type, unsigned code, size_t quoted)
{
	struct build inner = { .len = 0 };

	put_ip4(&inner, IPPROTO_TCP, 0, 0, 20);
	put_tcp(&inner, TCPF_SYN, 0, 0);
	put_ip4(b, IPPROTO_ICMP, 0, 0, 8 + quoted);
	put8(b, type);
	put8(b, code);
	put_zeros(b, 6);
	memcpy(b->data + b->len, inner.data, quoted);
	b->len += quoted;
}

static void test_packet_icmp_quote(void **state)
{
	struct packet p;

	(void)state;
	for (size_t quoted = 0; quoted <= 40; quoted++) {
		struct build b = { .len = 0 };

		put_icmp4_error(&b, 3, 1, quoted);
		assert_int_equal(decode(b.data, b.len, b.len, &p), 0);
		assert_label(&b, "ICMP host-unreachable");
		assert_int_equal(p.inner, quoted >= 28);
		if (quoted < 28) {
			assert_int_equal(p.sport, 0);
			continue;
		}
		assert_int_equal(p.inner_protocol, IPPROTO_TCP);
		assert_int_equal(p.sport, 43210);
		assert_int_equal(p.dport, 8080);
		assert_int_equal(p.seq, 0xdeadbeef);
		assert_int_equal(p.flags, 0);
		/* the capture may be shorter than the quote */
		for (size_t len = 0; len < b.len; len++) {
			int r = decode(b.data, len, b.len, &p);

			assert_int_equal(r, len < 28 ? -EBADMSG : 0);
			if (!r)
				assert_int_equal(p.inner, len >= 56);
		}
	}
}

static void test_packet_icmp6_quote(void **state)
{
	struct build b = { .len = 0 };
	struct packet p;

	(void)state;
	put_ip6(&b, IPPROTO_ICMPV6, 8 + 40 + 8 + 8);
	put8(&b, 1);
	put8(&b, 0);
	put_zeros(&b, 6);
	put_ip6(&b, IPPROTO_DSTOPTS, 8 + 8 + 1000);
	put8(&b, IPPROTO_UDP);
	put8(&b, 0);
	put_zeros(&b, 6);
	put_udp(&b, 0);
	assert_label(&b, "ICMPv6 no-route");
	assert_int_equal(decode(b.data, b.len, b.len, &p), 0);
	assert_true(p.inner);
	assert_int_equal(p.inner_protocol, IPPROTO_UDP);
	assert_int_equal(p.sport, 5353);
	assert_int_equal(p.dport, 53);
	assert_int_equal(p.seq, 0);
}

static void test_packet_icmp_words(void **state)
{
	static const struct {
		int protocol;
		uint8_t type, code;
		const char *label;
	} cases[] = {
		{ IPPROTO_ICMP, 3, 0, "ICMP net-unreachable" },
		{ IPPROTO_ICMP, 3, 3, "ICMP port-unreachable" },
		{ IPPROTO_ICMP, 3, 4, "ICMP fragmentation-needed" },
		{ IPPROTO_ICMP, 3, 13, "ICMP admin-prohibited" },
		{ IPPROTO_ICMP, 3, 77, "ICMP type 3 code 77" },
		{ IPPROTO_ICMP, 8, 0, "ICMP echo-request" },
		{ IPPROTO_ICMP, 8, 1, "ICMP type 8 code 1" },
		{ IPPROTO_ICMP, 12, 9, "ICMP parameter-problem" },
		{ IPPROTO_ICMPV6, 1, 3, "ICMPv6 addr-unreachable" },
		{ IPPROTO_ICMPV6, 2, 0, "ICMPv6 packet-too-big" },
		{ IPPROTO_ICMPV6, 135, 0, "ICMPv6 nd-neighbor-solicit" },
		{ IPPROTO_ICMPV6, 200, 2, "ICMPv6 type 200 code 2" },
	};
	char buf[80];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct packet p = { .af = AF_INET, .protocol = cases[i].protocol };

		p.icmp_type = cases[i].type;
		p.icmp_code = cases[i].code;
		assert_string_equal(packet_label(&p, buf, sizeof(buf)), cases[i].label);
	}
}

static void test_packet_tcp_words(void **state)
{
	static const struct {
		uint8_t flags;
		uint32_t payload;
		const char *label;
	} cases[] = {
		{ TCPF_SYN, 0, "SYN" },
		{ TCPF_SYN | TCPF_ACK, 0, "SYN-ACK" },
		{ TCPF_SYN | TCPF_ECE | TCPF_CWR, 0, "SYN-ECE-CWR" },
		{ TCPF_ACK, 0, "ACK" },
		{ TCPF_ACK, 1448, "ACK 1448 B" },
		{ TCPF_FIN | TCPF_ACK, 0, "FIN-ACK" },
		{ TCPF_RST, 0, "RST" },
		{ TCPF_RST | TCPF_ACK, 0, "RST-ACK" },
		{ 0, 0, "TCP without flags" },
		{ 0xff, UINT32_MAX, "SYN-FIN-RST-PSH-URG-ACK-ECE-CWR 4294967295 B" },
	};
	char buf[80];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct packet p = { .af = AF_INET, .protocol = IPPROTO_TCP };

		p.flags = cases[i].flags;
		p.payload = cases[i].payload;
		assert_string_equal(packet_label(&p, buf, sizeof(buf)), cases[i].label);
		/* into any buffer, however small */
		packet_label(&p, buf, 1);
		assert_string_equal(buf, "");
		packet_flow_label(&p, buf, 4);
		assert_string_equal(buf, "0.0");
	}
}

static void test_packet_damaged(void **state)
{
	struct build b = { .len = 0 };
	struct packet p;

	(void)state;
	put_ip4(&b, IPPROTO_TCP, 0, 0, 20);
	put_tcp(&b, TCPF_SYN, 0, 0);

	b.data[0] = 0x44; /* header shorter than a header */
	assert_int_equal(decode(b.data, b.len, b.len, &p), -EBADMSG);
	b.data[0] = 0x4f; /* header longer than the packet */
	assert_int_equal(decode(b.data, b.len, b.len, &p), -EBADMSG);
	b.data[0] = 0x55;
	assert_int_equal(decode(b.data, b.len, b.len, &p), -EPROTONOSUPPORT);
	b.data[0] = 0x45;
	b.data[3] = 19; /* total length shorter than the header */
	assert_int_equal(decode(b.data, b.len, b.len, &p), -EBADMSG);
	b.data[3] = 41;
	assert_int_equal(decode(b.data, b.len, b.len, &p), -EBADMSG);
	b.data[3] = 40;
	b.data[32] = 0x40; /* TCP's data offset */
	assert_int_equal(decode(b.data, b.len, b.len, &p), -EBADMSG);
	b.data[32] = 0x60;
	assert_int_equal(decode(b.data, b.len, b.len, &p), -EBADMSG);
	assert_int_equal(p.af, 0);
	b.data[32] = 0x50;
	assert_int_equal(decode(b.data, b.len, b.len, &p), 0);
}

/* Segmentation offload can make packets that are longer than the length field can say. */
static void test_packet_big(void **state)
{
	struct build b = { .len = 0 };
	struct packet p;

	(void)state;
	put_ip4(&b, IPPROTO_TCP, 0, 0, 20);
	put_tcp(&b, TCPF_ACK, 0, 0);
	b.data[2] = b.data[3] = 0;
	assert_int_equal(decode(b.data, b.len, 100040, &p), 0);
	assert_int_equal(p.ip_len, 100040);
	assert_int_equal(p.payload, 100000);

	b.len = 0;
	put_ip6(&b, IPPROTO_HOPOPTS, 0);
	put8(&b, IPPROTO_TCP);
	put8(&b, 0);
	put_zeros(&b, 6);
	put_tcp(&b, TCPF_ACK, 0, 0);
	assert_int_equal(decode(b.data, b.len, 100068, &p), 0);
	assert_int_equal(p.payload, 100000);
}

/* Every byte with every value, and then random damage: nothing may crash, whatever comes out. */
static void test_packet_mutations(void **state)
{
	struct build seeds[4] = { 0 };
	unsigned seed = 1;
	struct packet p;
	char buf[120];

	(void)state;
	put_icmp4_error(&seeds[0], 3, 4, 40);
	put_ip6(&seeds[1], IPPROTO_HOPOPTS, 8 + 40);
	put8(&seeds[1], IPPROTO_TCP);
	put_zeros(&seeds[1], 7);
	put_tcp(&seeds[1], TCPF_SYN, 20, 0);
	put_ip4(&seeds[2], IPPROTO_UDP, 0x2000, 4, 18);
	put_udp(&seeds[2], 10);
	put_ip6(&seeds[3], IPPROTO_ICMPV6, 8 + 40 + 20);
	put8(&seeds[3], 2);
	put_zeros(&seeds[3], 7);
	put_ip6(&seeds[3], IPPROTO_TCP, 20);
	put_tcp(&seeds[3], TCPF_ACK, 0, 0);

	for (size_t s = 0; s < ARRAY_SIZE(seeds); s++) {
		struct build *b = &seeds[s];

		for (size_t i = 0; i < b->len * 256; i++) {
			struct build m = *b;

			m.data[i / 256] = (uint8_t)i;
			decode(m.data, m.len, m.len, &p);
		}
		for (int i = 0; i < 20000; i++) {
			struct build m = *b;

			for (int k = 0; k < 4; k++)
				m.data[(size_t)rand_r(&seed) % m.len] = (uint8_t)rand_r(&seed);
			m.len = (size_t)rand_r(&seed) % (b->len + 1);
			decode(m.data, m.len, m.len + (size_t)rand_r(&seed) % 70000, &p);
			packet_label(&p, buf, sizeof(buf));
			packet_flow_label(&p, buf, sizeof(buf));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packet_tcp4),
		cmocka_unit_test(test_packet_tcp4_options),
		cmocka_unit_test(test_packet_tcp6),
		cmocka_unit_test(test_packet_ip6_extensions),
		cmocka_unit_test(test_packet_ip6_extensions_damaged),
		cmocka_unit_test(test_packet_udp),
		cmocka_unit_test(test_packet_fragments),
		cmocka_unit_test(test_packet_icmp_quote),
		cmocka_unit_test(test_packet_icmp6_quote),
		cmocka_unit_test(test_packet_icmp_words),
		cmocka_unit_test(test_packet_tcp_words),
		cmocka_unit_test(test_packet_damaged),
		cmocka_unit_test(test_packet_big),
		cmocka_unit_test(test_packet_mutations),
	};

	return cmocka_run_group_tests_name("packet", tests, NULL, NULL);
}
