// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a packet is a window of bytes that only shrinks. "left" is what a header
 * may claim, from the lengths of the headers around it; "have" is what was captured of that. No
 * field is read that is not inside both, and what a length field says is checked against "left"
 * before it is used. Everything is read byte by byte, so that alignment never matters.
 */
#include "lab/event/packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "netns/cleanup.h"

enum {
	IP4_HEADER = 20,
	IP6_HEADER = 40,
	TCP_HEADER = 20,
	UDP_HEADER = 8,
	ICMP_HEADER = 8,
	QUOTED_TRANSPORT = 8, /* RFC 792: what an error quotes of it at the least */
};

/**
 * struct window - the part of a packet that is still to be read
 * @data: where it begins
 * @have: bytes captured from there on
 * @left: bytes the packet has from there on, by the headers before; never less than @have
 */
struct window {
	const uint8_t *data;
	size_t have;
	size_t left;
};

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

/* Go on behind a header of @n bytes, which the caller has seen to be there. */
static void window_skip(struct window *w, size_t n)
{
	w->data += n;
	w->have = n < w->have ? w->have - n : 0;
	w->left -= n;
}

/* What is behind @n bytes is padding of the wire, not packet. */
static void window_end(struct window *w, size_t n)
{
	w->left = n;
	if (w->have > n)
		w->have = n;
}

/**
 * struct network - what the IP header says, for the one who reads on
 * @fragment: offset in bytes, 0 for the first or only one
 * @more: more fragments follow, so that lengths further in mean the whole datagram
 * @quoted: in the quote of an ICMP error, which is nearly always cut
 */
struct network {
	size_t fragment;
	bool more;
	bool quoted;
};

/* RFC 791; leaves @w behind the options. */
static int ip4_decode(struct window *w, struct network *net, struct packet *ret)
{
	const uint8_t *p = w->data;
	size_t header, total;

	if (w->have < IP4_HEADER)
		return -EBADMSG;
	header = (size_t)(p[0] & 0x0f) * 4;
	/* 0: longer than the field can say (segmentation offload of more than 64 KiB) */
	total = get16(p + 2) ? get16(p + 2) : w->left;
	if (header < IP4_HEADER || header > total || header > w->have)
		return -EBADMSG;
	if (total > w->left && !net->quoted)
		return -EBADMSG;

	ret->af = AF_INET;
	ret->ip_len = (uint32_t)total;
	ret->id = get16(p + 4);
	net->more = get16(p + 6) & 0x2000;
	net->fragment = (size_t)(get16(p + 6) & 0x1fff) * 8;
	ret->ttl = p[8];
	ret->protocol = p[9];
	memcpy(ret->src, p + 12, 4);
	memcpy(ret->dst, p + 16, 4);

	if (total < w->left)
		window_end(w, total);
	window_skip(w, header);
	return 0;
}

/*
 * Walk the extension headers (RFC 8200 section 4) until a transport header or something unknown.
 * Each is at least 8 bytes long, so the walk ends with the packet at the latest.
 */
static int ip6_extensions(struct window *w, struct network *net, struct packet *ret)
{
	while (!net->fragment) {
		size_t header;

		switch (ret->protocol) {
		case IPPROTO_HOPOPTS:
		case IPPROTO_ROUTING:
		case IPPROTO_DSTOPTS:
			if (w->have < 8)
				return -EBADMSG;
			header = ((size_t)w->data[1] + 1) * 8;
			break;
		case IPPROTO_FRAGMENT:
			if (w->have < 8)
				return -EBADMSG;
			header = 8;
			net->more = w->data[3] & 1;
			net->fragment = get16(w->data + 2) & 0xfff8;
			break;
		default:
			return 0;
		}
		if (header > w->have)
			return -EBADMSG;
		ret->protocol = w->data[0];
		window_skip(w, header);
	}
	return 0;
}

/* RFC 8200; leaves @w behind the extension headers. */
static int ip6_decode(struct window *w, struct network *net, struct packet *ret)
{
	const uint8_t *p = w->data;
	size_t total;

	if (w->have < IP6_HEADER)
		return -EBADMSG;
	total = IP6_HEADER + (size_t)get16(p + 4);
	/* RFC 2675: a jumbogram says 0 and gives its length in a hop-by-hop option */
	if (total == IP6_HEADER && p[6] == IPPROTO_HOPOPTS)
		total = w->left;
	if (total > w->left && !net->quoted)
		return -EBADMSG;

	ret->af = AF_INET6;
	ret->ip_len = (uint32_t)total;
	ret->protocol = p[6];
	ret->ttl = p[7];
	memcpy(ret->src, p + 8, 16);
	memcpy(ret->dst, p + 24, 16);

	if (total < w->left)
		window_end(w, total);
	window_skip(w, IP6_HEADER);
	return ip6_extensions(w, net, ret);
}

/* Read the IP header, whichever it is. */
static int network_decode(struct window *w, struct network *net, struct packet *ret)
{
	if (w->have < 1)
		return -EBADMSG;
	switch (w->data[0] >> 4) {
	case 4:
		return ip4_decode(w, net, ret);
	case 6:
		return ip6_decode(w, net, ret);
	default:
		return -EPROTONOSUPPORT;
	}
}

/* RFC 9293; options may be cut by the capture, we do not read them. */
static int tcp_decode(const struct window *w, struct packet *ret)
{
	const uint8_t *p = w->data;
	size_t header;

	if (w->have < TCP_HEADER)
		return -EBADMSG;
	header = (size_t)(p[12] >> 4) * 4;
	if (header < TCP_HEADER || header > w->left)
		return -EBADMSG;
	ret->sport = get16(p);
	ret->dport = get16(p + 2);
	ret->seq = get32(p + 4);
	ret->ack = get32(p + 8);
	ret->flags = p[13];
	ret->window = get16(p + 14);
	ret->payload = (uint32_t)(w->left - header);
	return 0;
}

static int udp_decode(const struct window *w, const struct network *net, struct packet *ret)
{
	const uint8_t *p = w->data;
	size_t len = w->left;

	if (w->have < UDP_HEADER)
		return -EBADMSG;
	/* 0 is a jumbogram; in the first of several fragments it is the length of all */
	if (get16(p + 4) && !net->more) {
		len = get16(p + 4);
		if (len < UDP_HEADER || len > w->left)
			return -EBADMSG;
	}
	ret->sport = get16(p);
	ret->dport = get16(p + 2);
	ret->payload = (uint32_t)(len - UDP_HEADER);
	return 0;
}

/* Does the message quote the packet that caused it? */
static bool icmp_is_error(int protocol, uint8_t type)
{
	if (protocol == IPPROTO_ICMPV6)
		return type >= 1 && type < 128; /* RFC 4443 section 2.1 */
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

/*
 * Read the packet that an error quotes. A quote that is cut too short or damaged tells nothing,
 * but the error itself stands, so there is nothing to report.
 */
static void quote_decode(struct window *w, struct packet *ret)
{
	struct network net = { .quoted = true };
	struct packet inner = { 0 };

	if (network_decode(w, &net, &inner) < 0 || net.fragment || inner.af != ret->af)
		return;
	if (inner.protocol != IPPROTO_TCP && inner.protocol != IPPROTO_UDP)
		return;
	if (w->have < QUOTED_TRANSPORT)
		return;
	ret->inner = true;
	ret->inner_protocol = inner.protocol;
	ret->sport = get16(w->data);
	ret->dport = get16(w->data + 2);
	if (inner.protocol == IPPROTO_TCP)
		ret->seq = get32(w->data + 4);
}

static int icmp_decode(struct window *w, struct packet *ret)
{
	if (w->have < ICMP_HEADER)
		return -EBADMSG;
	ret->icmp_type = w->data[0];
	ret->icmp_code = w->data[1];
	if (!icmp_is_error(ret->protocol, ret->icmp_type))
		return 0;
	window_skip(w, ICMP_HEADER);
	quote_decode(w, ret);
	return 0;
}

static int transport_decode(struct window *w, const struct network *net, struct packet *ret)
{
	if (net->fragment) {
		/* the ports went with the first one */
		ret->protocol = IPPROTO_FRAGMENT;
		ret->payload = (uint32_t)w->left;
		return 0;
	}
	switch (ret->protocol) {
	case IPPROTO_TCP:
		return tcp_decode(w, ret);
	case IPPROTO_UDP:
		return udp_decode(w, net, ret);
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return icmp_decode(w, ret);
	default:
		ret->payload = (uint32_t)w->left;
		return 0;
	}
}

int packet_decode(const void *data, size_t len, size_t wire_len, struct packet *ret)
{
	struct window w = { .data = data, .have = len, .left = wire_len };
	struct network net = { 0 };
	struct packet packet = { 0 };
	int r;

	memset(ret, 0, sizeof(*ret));
	if (wire_len > UINT32_MAX)
		return -EBADMSG;
	if (w.have > w.left)
		w.have = w.left;
	r = network_decode(&w, &net, &packet);
	if (r < 0)
		return r;
	r = transport_decode(&w, &net, &packet);
	if (r < 0)
		return r;
	*ret = packet;
	return 0;
}

/**
 * struct icmp_word - a kind of ICMP message as nftables and iptables call it
 * @code: -1 for all codes of the type
 */
struct icmp_word {
	int protocol, type, code;
	const char *word;
};

static const struct icmp_word icmp_words[] = {
	{ IPPROTO_ICMP, 0, 0, "echo-reply" },
	{ IPPROTO_ICMP, 3, 0, "net-unreachable" },
	{ IPPROTO_ICMP, 3, 1, "host-unreachable" },
	{ IPPROTO_ICMP, 3, 2, "prot-unreachable" },
	{ IPPROTO_ICMP, 3, 3, "port-unreachable" },
	{ IPPROTO_ICMP, 3, 4, "fragmentation-needed" },
	{ IPPROTO_ICMP, 3, 5, "source-route-failed" },
	{ IPPROTO_ICMP, 3, 6, "network-unknown" },
	{ IPPROTO_ICMP, 3, 7, "host-unknown" },
	{ IPPROTO_ICMP, 3, 9, "net-prohibited" },
	{ IPPROTO_ICMP, 3, 10, "host-prohibited" },
	{ IPPROTO_ICMP, 3, 11, "TOS-network-unreachable" },
	{ IPPROTO_ICMP, 3, 12, "TOS-host-unreachable" },
	{ IPPROTO_ICMP, 3, 13, "admin-prohibited" },
	{ IPPROTO_ICMP, 3, 14, "host-precedence-violation" },
	{ IPPROTO_ICMP, 3, 15, "precedence-cutoff" },
	{ IPPROTO_ICMP, 4, 0, "source-quench" },
	{ IPPROTO_ICMP, 5, -1, "redirect" },
	{ IPPROTO_ICMP, 8, 0, "echo-request" },
	{ IPPROTO_ICMP, 9, -1, "router-advertisement" },
	{ IPPROTO_ICMP, 10, -1, "router-solicitation" },
	{ IPPROTO_ICMP, 11, 0, "ttl-zero-during-transit" },
	{ IPPROTO_ICMP, 11, 1, "ttl-zero-during-reassembly" },
	{ IPPROTO_ICMP, 12, -1, "parameter-problem" },
	{ IPPROTO_ICMPV6, 1, 0, "no-route" },
	{ IPPROTO_ICMPV6, 1, 1, "admin-prohibited" },
	{ IPPROTO_ICMPV6, 1, 2, "beyond-scope" },
	{ IPPROTO_ICMPV6, 1, 3, "addr-unreachable" },
	{ IPPROTO_ICMPV6, 1, 4, "port-unreachable" },
	{ IPPROTO_ICMPV6, 1, 5, "policy-fail" },
	{ IPPROTO_ICMPV6, 1, 6, "reject-route" },
	{ IPPROTO_ICMPV6, 2, -1, "packet-too-big" },
	{ IPPROTO_ICMPV6, 3, 0, "ttl-zero-during-transit" },
	{ IPPROTO_ICMPV6, 3, 1, "ttl-zero-during-reassembly" },
	{ IPPROTO_ICMPV6, 4, -1, "parameter-problem" },
	{ IPPROTO_ICMPV6, 128, 0, "echo-request" },
	{ IPPROTO_ICMPV6, 129, 0, "echo-reply" },
	{ IPPROTO_ICMPV6, 130, -1, "mld-listener-query" },
	{ IPPROTO_ICMPV6, 131, -1, "mld-listener-report" },
	{ IPPROTO_ICMPV6, 132, -1, "mld-listener-done" },
	{ IPPROTO_ICMPV6, 133, -1, "nd-router-solicit" },
	{ IPPROTO_ICMPV6, 134, -1, "nd-router-advert" },
	{ IPPROTO_ICMPV6, 135, -1, "nd-neighbor-solicit" },
	{ IPPROTO_ICMPV6, 136, -1, "nd-neighbor-advert" },
	{ IPPROTO_ICMPV6, 137, -1, "nd-redirect" },
	{ IPPROTO_ICMPV6, 143, -1, "mld2-listener-report" },
};

static void icmp_label(const struct packet *packet, char *buf, size_t size)
{
	const char *name = packet->protocol == IPPROTO_ICMPV6 ? "ICMPv6" : "ICMP";

	for (size_t i = 0; i < ARRAY_SIZE(icmp_words); i++) {
		const struct icmp_word *w = &icmp_words[i];

		if (w->protocol == packet->protocol && w->type == packet->icmp_type &&
		    (w->code == -1 || w->code == packet->icmp_code)) {
			snprintf(buf, size, "%s %s", name, w->word);
			return;
		}
	}
	snprintf(buf, size, "%s type %u code %u", name, packet->icmp_type, packet->icmp_code);
}

/* What the segment is for comes first, then ACK, then the bits of ECN: "FIN-PSH-ACK-ECE 10 B". */
static void tcp_label(const struct packet *packet, char *buf, size_t size)
{
	static const struct {
		uint8_t bit;
		const char *word;
	} words[] = {
		{ TCPF_SYN, "SYN" }, { TCPF_FIN, "FIN" }, { TCPF_RST, "RST" }, { TCPF_PSH, "PSH" },
		{ TCPF_URG, "URG" }, { TCPF_ACK, "ACK" }, { TCPF_ECE, "ECE" }, { TCPF_CWR, "CWR" },
	};
	char flags[40] = "";
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (packet->flags & words[i].bit)
			n += (size_t)snprintf(flags + n, sizeof(flags) - n, "%s%s", n ? "-" : "",
					      words[i].word);
	if (!n)
		snprintf(flags, sizeof(flags), "TCP without flags");
	if (packet->payload)
		snprintf(buf, size, "%s %u B", flags, packet->payload);
	else
		snprintf(buf, size, "%s", flags);
}

const char *packet_label(const struct packet *packet, char *buf, size_t size)
{
	switch (packet->protocol) {
	case IPPROTO_TCP:
		tcp_label(packet, buf, size);
		break;
	case IPPROTO_UDP:
		snprintf(buf, size, "UDP %u B", packet->payload);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		icmp_label(packet, buf, size);
		break;
	case IPPROTO_FRAGMENT:
		snprintf(buf, size, "%s fragment %u B", packet->af == AF_INET6 ? "IPv6" : "IPv4",
			 packet->payload);
		break;
	default:
		snprintf(buf, size, "IP protocol %d %u B", packet->protocol, packet->payload);
		break;
	}
	return buf;
}

/* An address, with its port where the protocol has ports. */
static void endpoint_label(const struct packet *packet, const uint8_t *addr, uint16_t port,
			   char *buf, size_t size)
{
	bool ports = packet->protocol == IPPROTO_TCP || packet->protocol == IPPROTO_UDP;
	bool six = packet->af == AF_INET6;
	char text[INET6_ADDRSTRLEN] = "";

	inet_ntop(six ? AF_INET6 : AF_INET, addr, text, sizeof(text));
	if (!ports)
		snprintf(buf, size, "%s", text);
	else
		snprintf(buf, size, six ? "[%s]:%u" : "%s:%u", text, port);
}

const char *packet_flow_label(const struct packet *packet, char *buf, size_t size)
{
	char src[INET6_ADDRSTRLEN + 10], dst[INET6_ADDRSTRLEN + 10];

	endpoint_label(packet, packet->src, packet->sport, src, sizeof(src));
	endpoint_label(packet, packet->dst, packet->dport, dst, sizeof(dst));
	snprintf(buf, size, "%s > %s", src, dst);
	return buf;
}
