/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A packet as the event log knows it: decoded once, where it was captured. */
#ifndef NSLAB_EVENT_PACKET_H
#define NSLAB_EVENT_PACKET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* bits of the TCP header's flag byte */
enum {
	TCPF_FIN = 0x01,
	TCPF_SYN = 0x02,
	TCPF_RST = 0x04,
	TCPF_PSH = 0x08,
	TCPF_ACK = 0x10,
	TCPF_URG = 0x20,
	TCPF_ECE = 0x40,
	TCPF_CWR = 0x80,
};

/**
 * struct packet - the headers that matter
 * @af: AF_INET or AF_INET6
 * @src, @dst: network byte order, 4 or 16 bytes
 * @protocol: IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6, or another number;
 *            IPPROTO_FRAGMENT, also for IPv4, for a fragment that is not the first: it has no ports
 * @ttl: or hop limit
 * @id: IPv4 identification, 0 for IPv6
 * @ip_len: bytes of the whole packet, from the IP header on
 * @sport, @dport, @seq, @ack, @window: host byte order; @window is not scaled
 * @flags: TCPF_ bits
 * @payload: bytes behind the TCP or UDP header; of other protocols, but ICMP, behind the IP headers
 * @icmp_type, @icmp_code: of ICMP and ICMPv6
 * @inner: for an ICMP error: it quotes a TCP or UDP packet with the ports @sport, @dport and, for
 *         TCP, @seq; @inner_protocol tells which
 */
struct packet {
	int af;
	uint8_t src[16], dst[16];
	int protocol;
	uint8_t ttl;
	uint16_t id;
	uint32_t ip_len;
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint16_t window;
	uint8_t flags;
	uint32_t payload;
	uint8_t icmp_type, icmp_code;
	bool inner;
	int inner_protocol;
};

/**
 * packet_decode() - read an IP packet
 * @data: from the IP header on; @len: bytes there are (a capture may be cut)
 * @wire_len: bytes the packet had on the wire, from the IP header on
 * Return: 0, -EBADMSG if the headers are damaged or cut, -EPROTONOSUPPORT if it is no IP
 */
int packet_decode(const void *data, size_t len, size_t wire_len, struct packet *ret);

/**
 * packet_label() - the words of the field: "SYN", "SYN-ACK", "ACK", "PSH-ACK 100 B", "FIN-ACK",
 * "RST", "ICMP host-unreachable", "UDP 40 B"
 * Return: @buf
 */
const char *packet_label(const struct packet *packet, char *buf, size_t size);

/** packet_flow_label() - "10.0.1.1:43210 > 10.0.2.2:8080"; returns @buf */
const char *packet_flow_label(const struct packet *packet, char *buf, size_t size);

#endif
