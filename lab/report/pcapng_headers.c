// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: the transport header is written first, at its place, so that its length is
 * known when the IP header in front of it and the checksums are written. Lengths in headers are those
 * of the whole packet; what is not written of it counts as zeros, which change no checksum.
 */
#include "lab/report/pcapng_headers.h"

#include <stdbool.h>
#include <string.h>

enum {
	IP4_HEADER = 20,
	IP6_HEADER = 40,
	TCP_HEADER = 20,
	TCP_HEADER_MOST = 60,
	UDP_HEADER = 8,
	ICMP_HEADER = 8,
	FRAGMENT_HEADER = 8,
	QUOTED_TRANSPORT = 8,
	PROTOCOL_UNKNOWN = 255, /* reserved by IANA, so that nobody reads what follows */
};

/**
 * struct ip - what an IP header says
 * @next: protocol, or IPv6's next header
 * @offset: of a fragment, in units of 8 bytes
 * @behind: bytes that follow the header
 */
struct ip {
	bool six;
	const uint8_t *src, *dst;
	uint8_t next, ttl;
	uint16_t id, offset;
	uint64_t behind;
};

static void put16(uint8_t *at, uint64_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

/* The sum of RFC 1071, not yet folded. @n is even, but for the last part. */
static uint64_t sum(const uint8_t *data, size_t n)
{
	uint64_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += (uint64_t)data[i] << (i % 2 ? 0 : 8);
	return total;
}

static uint16_t folded(uint64_t total)
{
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return (uint16_t)~total;
}

/* A length that does not fit is 0: segmentation offload (IPv4), a jumbogram (IPv6). */
static uint64_t length16(uint64_t n)
{
	return n > 0xffff ? 0 : n;
}

static size_t ip_size(const struct packet *p)
{
	return p->af == AF_INET6 ? IP6_HEADER : IP4_HEADER;
}

/* Write an IP header; returns its size. */
static size_t ip_build(const struct ip *ip, uint8_t *at)
{
	if (ip->six) {
		put32(at, 0x60000000);
		put16(at + 4, length16(ip->behind));
		at[6] = ip->next;
		at[7] = ip->ttl;
		memcpy(at + 8, ip->src, 16);
		memcpy(at + 24, ip->dst, 16);
		return IP6_HEADER;
	}
	memset(at, 0, IP4_HEADER);
	at[0] = 0x45;
	put16(at + 2, length16(ip->behind + IP4_HEADER));
	put16(at + 4, ip->id);
	put16(at + 6, ip->offset);
	at[8] = ip->ttl;
	at[9] = ip->next;
	memcpy(at + 12, ip->src, 4);
	memcpy(at + 16, ip->dst, 4);
	put16(at + 10, folded(sum(at, IP4_HEADER)));
	return IP4_HEADER;
}

/* The pseudo-header of TCP, UDP and ICMPv6 (RFC 9293 section 3.1, RFC 8200 section 8.1), summed. */
static uint64_t pseudo_sum(const struct ip *ip)
{
	size_t len = ip->six ? 16 : 4;

	return sum(ip->src, len) + sum(ip->dst, len) + ip->next + (ip->behind >> 16) +
	       (ip->behind & 0xffff);
}

/* Its header was as long as the packet's lengths say, if they can be true. */
static size_t tcp_build(const struct packet *p, uint8_t *at)
{
	int64_t size = (int64_t)p->ip_len - (int64_t)ip_size(p) - (int64_t)p->payload;

	if (size < TCP_HEADER || size > TCP_HEADER_MOST || size % 4)
		size = TCP_HEADER;
	memset(at, 0, (size_t)size);
	put16(at, p->sport);
	put16(at + 2, p->dport);
	put32(at + 4, p->seq);
	put32(at + 8, p->ack);
	at[12] = (uint8_t)(size / 4 << 4);
	at[13] = p->flags;
	put16(at + 14, p->window);
	return (size_t)size;
}

static size_t udp_build(const struct packet *p, uint8_t *at)
{
	memset(at, 0, UDP_HEADER);
	put16(at, p->sport);
	put16(at + 2, p->dport);
	put16(at + 4, length16((uint64_t)p->payload + UDP_HEADER));
	return UDP_HEADER;
}

/* What an error quotes went the other way. */
static size_t quote_build(const struct packet *p, uint8_t *at)
{
	static const uint8_t unknown[16];
	size_t around = 2 * ip_size(p) + ICMP_HEADER, n;
	struct ip ip = {
		.six = p->af == AF_INET6,
		.src = p->dst,
		.dst = unknown,
		.next = (uint8_t)p->inner_protocol,
		.ttl = 1,
		.behind = QUOTED_TRANSPORT,
	};

	if (p->ip_len > around + QUOTED_TRANSPORT)
		ip.behind = p->ip_len - around;
	n = ip_build(&ip, at);
	at += n;
	memset(at, 0, QUOTED_TRANSPORT);
	put16(at, p->sport);
	put16(at + 2, p->dport);
	if (p->inner_protocol == IPPROTO_TCP)
		put32(at + 4, p->seq);
	else
		put16(at + 4, length16(ip.behind));
	return n + QUOTED_TRANSPORT;
}

static size_t icmp_build(const struct packet *p, uint8_t *at)
{
	memset(at, 0, ICMP_HEADER);
	at[0] = p->icmp_type;
	at[1] = p->icmp_code;
	return ICMP_HEADER + (p->inner ? quote_build(p, at + ICMP_HEADER) : 0);
}

static size_t fragment_build(const struct packet *p, uint8_t *at)
{
	if (p->af != AF_INET6)
		return 0; /* it is in the IP header */
	memset(at, 0, FRAGMENT_HEADER);
	at[0] = PROTOCOL_UNKNOWN;
	at[3] = 8;
	return FRAGMENT_HEADER;
}

/**
 * struct transport - how a protocol's header is written
 * @checksum: where it has one, -1 if it has none
 * @pseudo: which covers the addresses, too
 */
struct transport {
	int protocol;
	size_t (*build)(const struct packet *p, uint8_t *at);
	int checksum;
	bool pseudo;
};

static const struct transport transports[] = {
	{ IPPROTO_TCP, tcp_build, 16, true },	     { IPPROTO_UDP, udp_build, 6, true },
	{ IPPROTO_ICMP, icmp_build, 2, false },	     { IPPROTO_ICMPV6, icmp_build, 2, true },
	{ IPPROTO_FRAGMENT, fragment_build, -1, 0 },
};

static const struct transport *transport_of(const struct packet *p)
{
	for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++)
		if (transports[i].protocol == p->protocol)
			return &transports[i];
	return NULL;
}

static void checksum_put(const struct transport *transport, const struct ip *ip, uint8_t *at,
			 size_t n)
{
	uint16_t value;

	if (transport->checksum < 0)
		return;
	value = folded(sum(at, n) + (transport->pseudo ? pseudo_sum(ip) : 0));
	/* RFC 768: 0 would mean that there is none */
	if (!value && transport->protocol == IPPROTO_UDP)
		value = 0xffff;
	put16(at + transport->checksum, value);
}

size_t headers_build(const struct packet *p, uint8_t *buf)
{
	const struct transport *transport = transport_of(p);
	size_t front = ip_size(p), n = 0;
	bool icmp = p->protocol == IPPROTO_ICMP || p->protocol == IPPROTO_ICMPV6;
	bool fragment4 = p->protocol == IPPROTO_FRAGMENT && p->af != AF_INET6;
	struct ip ip = {
		.six = p->af == AF_INET6,
		.src = p->src,
		.dst = p->dst,
		.next = fragment4 ? PROTOCOL_UNKNOWN : (uint8_t)p->protocol,
		.ttl = p->ttl,
		.id = p->id,
		.offset = fragment4,
	};

	if (transport)
		n = transport->build(p, buf + front);
	/* of ICMP the log does not tell the payload */
	ip.behind = n + (icmp ? 0 : p->payload);
	if (icmp && p->ip_len > front + n)
		ip.behind = p->ip_len - front;
	ip_build(&ip, buf);
	if (transport)
		checksum_put(transport, &ip, buf + front, n);
	return front + n;
}
