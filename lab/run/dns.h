/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DNS: the answer to a message (RFC 1035), as a pure function. */
#ifndef NSLAB_RUN_DNS_H
#define NSLAB_RUN_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netns/topology.h"

enum {
	DNS_PORT = 53,
	DNS_UDP_PLAIN = 512, /* bytes of an answer over UDP, RFC 1035, 4.2.1 */
	DNS_UDP_MAX = 1232,  /* the same with EDNS(0), if the client has room: no fragments */
	DNS_MAX = 16384,     /* over TCP; it could be 65535 */
	DNS_TTL = 60,	     /* seconds */
};

/**
 * struct dns_record - a name and an address of it; a name may have several
 * @host: the host whose addresses it stands for, or -1: @fam and @addr are the address
 */
struct dns_record {
	char *name;
	int host;
	int fam;
	uint8_t addr[16];
};

/**
 * struct dns_zone - all that a name server knows
 * Every host's name is in it, too; a record of the same name goes before it.
 * @families: those in which hosts have addresses: bit 0 IPv4, bit 1 IPv6, as enum ip
 */
struct dns_zone {
	const struct topology *topo;
	unsigned families;
	const struct dns_record *records;
	int n;
};

/** dns_name_ok() - letters, digits, '-' and '_' in labels of at most 63, at most 253 in all */
bool dns_name_ok(const char *name);

/**
 * dns_answer() - the response to @query
 * A, AAAA and ANY questions get the addresses, those of a host as @asker knows them
 * (topology_addr()); PTR questions the name that an address belongs to; a name without such data an
 * empty answer, an unknown one NXDOMAIN.
 * Whatever else is asked is refused in the words of RFC 1035 and RFC 6891.
 * @query, @len: as it came; anything at all
 * @asker: index of the host that asks
 * @stream: over TCP; else what does not fit the client's buffer is cut off, with TC set
 * @out: room for DNS_MAX bytes
 * Return: length of the response; 0 for what is no query and must not be answered
 */
size_t dns_answer(const uint8_t *query, size_t len, const struct dns_zone *zone, int asker,
		  bool stream, uint8_t *out);

#endif
