// SPDX-License-Identifier: GPL-2.0-or-later
/* Headers that are rebuilt: read back, they say what the log said, and their checksums hold. */
#include "tests/support/main.h"

#include <stdbool.h>
#include <string.h>

#include "lab/report/pcapng_headers.h"

static uint32_t sum(const uint8_t *data, size_t n)
{
	uint32_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += i % 2 ? data[i] : (uint32_t)data[i] << 8;
	return total;
}

/* What is summed with its checksum in it is 0xffff (RFC 1071). */
static void assert_sums(const uint8_t *buf, size_t n, const struct packet *p)
{
	bool six = p->af == AF_INET6;
	size_t ip = six ? 40 : 20, behind = p->ip_len - ip;
	uint32_t total = sum(buf + ip, n - ip);

	if (!six)
		assert_int_equal(sum(buf, 20) % 0xffff, 0);
	if (p->protocol == IPPROTO_FRAGMENT)
		return;
	if (p->protocol != IPPROTO_ICMP)
		total += sum(buf + (six ? 8 : 12), six ? 32 : 8) + (uint32_t)p->protocol +
			 (uint32_t)behind;
	assert_true(total > 0);
	assert_int_equal(total % 0xffff, 0);
}

static void assert_same(const struct packet *a, const struct packet *b)
{
	assert_int_equal(a->af, b->af);
	assert_memory_equal(a->src, b->src, 16);
	assert_memory_equal(a->dst, b->dst, 16);
	assert_int_equal(a->protocol, b->protocol);
	assert_int_equal(a->ttl, b->ttl);
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->ip_len, b->ip_len);
	assert_int_equal(a->sport, b->sport);
	assert_int_equal(a->dport, b->dport);
	assert_int_equal(a->seq, b->seq);
	assert_int_equal(a->ack, b->ack);
	assert_int_equal(a->window, b->window);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->payload, b->payload);
	assert_int_equal(a->icmp_type, b->icmp_type);
	assert_int_equal(a->icmp_code, b->icmp_code);
	assert_int_equal(a->inner, b->inner);
	assert_int_equal(a->inner_protocol, b->inner_protocol);
}

/* Build it, read it, compare; returns how long the headers are. */
static size_t assert_round(const struct packet *packet)
{
	uint8_t buf[HEADERS_MOST];
	struct packet back;
	size_t n = headers_build(packet, buf);

	assert_in_range(n, 20, HEADERS_MOST);
	assert_int_equal(packet_decode(buf, n, packet->ip_len, &back), 0);
	assert_same(packet, &back);
	assert_sums(buf, n, packet);
	return n;
}

static struct packet packet_of(bool six, int protocol)
{
	struct packet p = { .af = AF_INET, .src = { 10, 0, 1, 1 }, .dst = { 10, 0, 2, 2 } };

	if (six)
		p = (struct packet){ .af = AF_INET6,
				     .src = { 0xfd, [7] = 1, [15] = 1 },
				     .dst = { 0xfd, [7] = 2, [15] = 2 } };
	p.protocol = protocol;
	p.ttl = 63;
	p.id = six ? 0 : 0xabcd;
	p.ip_len = six ? 40 : 20;
	return p;
}

static void test_headers_tcp(void **state)
{
	(void)state;
	for (int i = 0; i < 2 * 11; i++) {
		struct packet p = packet_of(i & 1, IPPROTO_TCP);
		uint32_t header = 20 + 4 * (uint32_t)(i / 2);

		p.sport = 43210;
		p.dport = 8080;
		p.seq = 0xdeadbeef;
		p.ack = 0xfffffffe;
		p.window = 65535;
		p.flags = (uint8_t)(i * 37);
		p.payload = i % 3 ? 1448 : 0;
		p.ip_len += header + p.payload;
		assert_int_equal(assert_round(&p), (i & 1 ? 40 : 20) + header);
	}
}

static void test_headers_udp(void **state)
{
	(void)state;
	for (int six = 0; six < 2; six++) {
		struct packet p = packet_of(six, IPPROTO_UDP);

		p.sport = 40000;
		p.dport = 53;
		p.payload = 41;
		p.ip_len += 8 + p.payload;
		assert_int_equal(assert_round(&p), (six ? 40 : 20) + 8);
	}
}

/* A sum of 0 is written as 0xffff: 0 would mean that there is none. */
static void test_headers_udp_sum(void **state)
{
	struct packet p = { .af = AF_INET, .protocol = IPPROTO_UDP, .ip_len = 28 };
	uint8_t buf[HEADERS_MOST];

	(void)state;
	p.sport = (uint16_t)(0xffff - IPPROTO_UDP - 8 - 8);
	assert_int_equal(headers_build(&p, buf), 28);
	assert_int_equal(buf[26] << 8 | buf[27], 0xffff);
}

static void test_headers_icmp(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++) {
		bool six = i & 1, error = i & 2, tcp = i & 4;
		struct packet p = packet_of(six, six ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
		size_t n;

		p.icmp_type = six ? 128 : 8;
		p.ip_len += 64;
		if (error) {
			p.icmp_type = six ? 1 : 3;
			p.icmp_code = 1;
			p.inner = true;
			p.inner_protocol = tcp ? IPPROTO_TCP : IPPROTO_UDP;
			p.sport = 43210;
			p.dport = 8080;
			p.seq = tcp ? 0xdeadbeef : 0;
		}
		n = assert_round(&p);
		assert_int_equal(n, (six ? 40 : 20) * (error ? 2 : 1) + (error ? 16 : 8));
	}
}

static void test_headers_fragment(void **state)
{
	(void)state;
	for (int six = 0; six < 2; six++) {
		struct packet p = packet_of(six, IPPROTO_FRAGMENT);

		p.payload = 1000;
		p.ip_len += p.payload + (six ? 8 : 0);
		assert_int_equal(assert_round(&p), six ? 48 : 20);
	}
}

static void test_headers_other(void **state)
{
	(void)state;
	for (int six = 0; six < 2; six++) {
		struct packet p = packet_of(six, 132), back;
		uint8_t buf[HEADERS_MOST];
		size_t n;

		p.payload = 100;
		p.ip_len += p.payload;
		n = headers_build(&p, buf);
		assert_int_equal(n, six ? 40 : 20);
		assert_int_equal(packet_decode(buf, n, p.ip_len, &back), 0);
		assert_same(&p, &back);
	}
}

/* No TCP header is 23 bytes long, or 64. */
static void test_headers_tcp_damaged(void **state)
{
	static const uint32_t lengths[] = { 0, 20 + 4, 20 + 23, 20 + 64 };

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct packet p = packet_of(false, IPPROTO_TCP);
		uint8_t buf[HEADERS_MOST];

		p.ip_len = lengths[i];
		assert_int_equal(headers_build(&p, buf), 40);
		assert_int_equal(buf[20 + 12], 5 << 4);
	}
}

/* Lengths that cannot be true, and that no header has room for. */
static void test_headers_lengths(void **state)
{
	static const uint32_t lengths[] = { 0, 1, 20, 41, 59, 65535, 65536, 200000, UINT32_MAX };
	static const int protocols[] = { IPPROTO_TCP,	 IPPROTO_UDP,	   IPPROTO_ICMP,
					 IPPROTO_ICMPV6, IPPROTO_FRAGMENT, 255 };

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		for (size_t k = 0; k < 4 * sizeof(protocols) / sizeof(protocols[0]); k++) {
			struct packet p = packet_of(k & 1, protocols[k / 4]);
			uint8_t buf[HEADERS_MOST + 1];
			size_t n;

			p.ip_len = lengths[i];
			p.payload = lengths[(i * 5 + k) % 9];
			p.inner = k & 2;
			memset(buf, 0x5a, sizeof(buf));
			n = headers_build(&p, buf);
			assert_in_range(n, 20, HEADERS_MOST);
			for (size_t at = n; at < sizeof(buf); at++)
				assert_int_equal(buf[at], 0x5a);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers_tcp),	    cmocka_unit_test(test_headers_udp),
		cmocka_unit_test(test_headers_udp_sum),	    cmocka_unit_test(test_headers_icmp),
		cmocka_unit_test(test_headers_fragment),    cmocka_unit_test(test_headers_other),
		cmocka_unit_test(test_headers_tcp_damaged), cmocka_unit_test(test_headers_lengths),
	};

	return TEST_MAIN("pcapng_headers", tests, NULL, NULL);
}
