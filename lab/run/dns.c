// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: libresolv reads the query; it knows about lengths, and about names that
 * point at themselves. The response is written here, from nothing: the header, the question anew
 * (a copy of a compressed name would point into another header), the addresses, whose owner points
 * at the question, and an OPT record if there was one in the query. What was written is cut back to
 * the question when it does not fit.
 */
#include "lab/run/dns.h"

#include <arpa/nameser.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

enum {
	FLAG_QR = 0x8000,
	FLAG_AA = 0x0400,
	FLAG_TC = 0x0200,
	FLAG_RD = 0x0100,
	FLAG_RA = 0x0080,
	RCODE_BADVERS = 16,	   /* RFC 6891, 9; its upper bits are in the OPT record */
	OPT_SIZE = 11,		   /* of an empty OPT record */
	QUESTION_POINTER = 0xc00c, /* the name that begins behind the header */
	NAME_MAX_TEXT = 253,
	LABEL_MAX = 63,
};

/**
 * struct reply - a response under construction
 * @rcode: 12 bits of it
 * @opt: the query has an OPT record, so the response needs one
 * @limit: how long it may become
 */
struct reply {
	uint8_t *buf;
	size_t len;
	size_t limit;
	unsigned flags;
	unsigned rcode;
	unsigned questions, answers;
	bool opt;
};

static void put16(struct reply *reply, unsigned value)
{
	reply->buf[reply->len++] = (uint8_t)(value >> 8);
	reply->buf[reply->len++] = (uint8_t)value;
}

static void put32(struct reply *reply, uint32_t value)
{
	put16(reply, value >> 16);
	put16(reply, value & 0xffff);
}

bool dns_name_ok(const char *name)
{
	size_t len = strlen(name), label;

	if (!len || len > NAME_MAX_TEXT)
		return false;
	for (;; name += label + 1) {
		label = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789-_");
		if (!label || label > LABEL_MAX || (name[label] && name[label] != '.'))
			return false;
		if (!name[label])
			return true;
	}
}

/* put_record() - false if there is no more room */
static bool put_record(struct reply *reply, unsigned type, const void *data, size_t len)
{
	if (reply->len + 12 + len + (reply->opt ? OPT_SIZE : 0) > reply->limit)
		return false;
	put16(reply, QUESTION_POINTER);
	put16(reply, type);
	put16(reply, ns_c_in);
	put32(reply, DNS_TTL);
	put16(reply, (unsigned)len);
	memcpy(reply->buf + reply->len, data, len);
	reply->len += len;
	reply->answers++;
	return true;
}

static bool put_address(struct reply *reply, int fam, const uint8_t *bytes)
{
	return put_record(reply, fam == FAM6 ? ns_t_aaaa : ns_t_a, bytes,
			  (size_t)topo_addr_len(fam));
}

static bool put_name(struct reply *reply, const char *name)
{
	uint8_t wire[NS_MAXCDNAME];
	int len = ns_name_compress(name, wire, sizeof(wire), NULL, NULL);

	return len > 0 && put_record(reply, ns_t_ptr, wire, (size_t)len);
}

static bool is_asked(unsigned type, int fam)
{
	return type == ns_t_any || type == (fam == FAM6 ? ns_t_aaaa : ns_t_a);
}

static bool put_host(struct reply *reply, const struct dns_zone *zone, int asker, int host,
		     unsigned type)
{
	for (int fam = 0; fam < FAM_COUNT; fam++) {
		const struct topo_addr *addr;

		if (!is_asked(type, fam) || !(zone->families & (1u << fam)))
			continue;
		addr = topology_addr(zone->topo, asker, host, fam);
		if (addr && !put_address(reply, fam, addr->bytes))
			return false;
	}
	return true;
}

/* A label of a reverse name: a byte in decimal, or half of one in hexadecimal; -1 */
static int reverse_label(const char *label, size_t len, int fam)
{
	static const char digits[] = "0123456789abcdef";
	size_t base = fam == FAM6 ? 16 : 10;
	int value = 0;

	if (!len || len > (fam == FAM6 ? 1 : 3) || (len > 1 && *label == '0'))
		return -1;
	for (size_t i = 0; i < len; i++) {
		const char *digit = memchr(digits, tolower((unsigned char)label[i]), base);

		if (!digit)
			return -1;
		value = value * (int)base + (int)(digit - digits);
	}
	return value < 256 ? value : -1;
}

/* reverse_read() - the address behind a name of RFC 1035, 3.5, or RFC 3596, 2.5: its last part comes first */
static bool reverse_read(const char *name, int fam, uint8_t bytes[16])
{
	memset(bytes, 0, 16);
	for (int i = fam == FAM6 ? 31 : 3; i >= 0; i--) {
		size_t len = strcspn(name, ".");
		int value = reverse_label(name, len, fam);

		if (value < 0 || name[len] != '.')
			return false;
		if (fam == FAM6)
			bytes[i / 2] |= (uint8_t)(i % 2 ? value : value << 4);
		else
			bytes[i] = (uint8_t)value;
		name += len + 1;
	}
	return !strcasecmp(name, fam == FAM6 ? "ip6.arpa" : "in-addr.arpa");
}

/* reverse_owner() - whose address a reverse name means; NULL if it is none, or nobody's */
static const char *reverse_owner(const struct dns_zone *zone, const char *name)
{
	for (int fam = 0; fam < FAM_COUNT; fam++) {
		uint8_t bytes[16];
		int host;

		if (!reverse_read(name, fam, bytes))
			continue;
		host = zone->families & 1u << fam ? topology_owner(zone->topo, fam, bytes) : -1;
		if (host >= 0)
			return zone->topo->hosts[host].name;
		for (int i = 0; i < zone->n; i++) {
			const struct dns_record *record = &zone->records[i];

			if (record->host < 0 && record->fam == fam &&
			    !memcmp(record->addr, bytes, (size_t)topo_addr_len(fam)))
				return record->name;
		}
	}
	return NULL;
}

/* put_data() - all that is known of a name; false if it does not fit */
static bool put_data(struct reply *reply, const struct dns_zone *zone, int asker, const char *name,
		     unsigned type)
{
	const char *owner = reverse_owner(zone, name);
	bool known = owner, fits = true;

	if (owner && (type == ns_t_ptr || type == ns_t_any))
		fits = put_name(reply, owner);

	for (int i = 0; fits && i < zone->n; i++) {
		const struct dns_record *record = &zone->records[i];

		if (strcasecmp(record->name, name))
			continue;
		known = true;
		if (record->host >= 0)
			fits = put_host(reply, zone, asker, record->host, type);
		else if (is_asked(type, record->fam))
			fits = put_address(reply, record->fam, record->addr);
	}
	for (int i = 0; !known && i < zone->topo->n_hosts; i++) {
		if (strcasecmp(zone->topo->hosts[i].name, name))
			continue;
		known = true;
		fits = put_host(reply, zone, asker, i, type);
	}
	if (!known)
		reply->rcode = ns_r_nxdomain;
	return fits;
}

/* read_opt() - an OPT record among the additional ones: RFC 6891, 6.1 */
static void read_opt(struct reply *reply, ns_msg *msg, bool stream)
{
	for (int i = 0; i < ns_msg_count(*msg, ns_s_ar); i++) {
		ns_rr rr;

		if (ns_parserr(msg, ns_s_ar, i, &rr) < 0) {
			reply->rcode = ns_r_formerr;
			return;
		}
		if (ns_rr_type(rr) != ns_t_opt)
			continue;
		if (reply->opt) { /* there can be only one */
			reply->rcode = ns_r_formerr;
			return;
		}
		reply->opt = true;
		/* its class is how much the client can take */
		if (!stream && (size_t)ns_rr_class(rr) > reply->limit)
			reply->limit = (size_t)ns_rr_class(rr);
		if (!stream && reply->limit > DNS_UDP_MAX)
			reply->limit = DNS_UDP_MAX;
		if (ns_rr_ttl(rr) >> 16 & 0xff)
			reply->rcode = RCODE_BADVERS;
	}
}

static void put_question(struct reply *reply, const ns_rr *rr)
{
	int len = ns_name_compress(ns_rr_name(*rr), reply->buf + reply->len, NS_MAXCDNAME, NULL,
				   NULL);

	if (len < 0) { /* a name that could be read can be written */
		reply->rcode = ns_r_formerr;
		return;
	}
	reply->len += (size_t)len;
	put16(reply, ns_rr_type(*rr));
	put16(reply, ns_rr_class(*rr));
	reply->questions = 1;
}

static void answer(struct reply *reply, ns_msg *msg, const struct dns_zone *zone, int asker)
{
	size_t question_end;
	ns_rr rr;

	if (ns_msg_getflag(*msg, ns_f_opcode) != ns_o_query) {
		reply->rcode = ns_r_notimpl;
		return;
	}
	if (reply->rcode)
		return;
	if (ns_msg_count(*msg, ns_s_qd) != 1 || ns_parserr(msg, ns_s_qd, 0, &rr) < 0) {
		reply->rcode = ns_r_formerr;
		return;
	}
	put_question(reply, &rr);
	if (reply->rcode)
		return;
	if (ns_rr_class(rr) != ns_c_in && ns_rr_class(rr) != ns_c_any) {
		reply->rcode = ns_r_refused;
		return;
	}
	reply->flags |= FLAG_AA;
	question_end = reply->len;
	if (!put_data(reply, zone, asker, ns_rr_name(rr), ns_rr_type(rr))) {
		reply->len = question_end;
		reply->answers = 0;
		reply->flags |= FLAG_TC;
	}
}

static size_t reply_finish(struct reply *reply)
{
	size_t len;

	if (reply->opt) {
		reply->buf[reply->len++] = 0; /* the root's name */
		put16(reply, ns_t_opt);
		put16(reply, DNS_UDP_MAX);
		put32(reply, (uint32_t)(reply->rcode >> 4) << 24);
		put16(reply, 0);
	}
	len = reply->len;
	reply->len = 2; /* behind the id */
	put16(reply, reply->flags | (reply->rcode & 15));
	put16(reply, reply->questions);
	put16(reply, reply->answers);
	put16(reply, 0);
	put16(reply, reply->opt);
	return len;
}

size_t dns_answer(const uint8_t *query, size_t len, const struct dns_zone *zone, int asker,
		  bool stream, uint8_t *out)
{
	struct reply reply = { .buf = out,
			       .len = NS_HFIXEDSZ,
			       .limit = stream ? DNS_MAX : DNS_UDP_PLAIN,
			       .flags = FLAG_QR | FLAG_RA };
	ns_msg msg;

	/* a response to a response could go on for ever */
	if (len < NS_HFIXEDSZ || len > NS_MAXMSG || query[2] & 0x80)
		return 0;
	memcpy(out, query, 2);
	reply.flags |= (unsigned)query[2] << 8 & (0x7800 | FLAG_RD); /* the opcode comes back */
	if (ns_initparse(query, (int)len, &msg) < 0) {
		reply.rcode = ns_r_formerr;
	} else {
		read_opt(&reply, &msg, stream);
		answer(&reply, &msg, zone, asker);
	}
	return reply_finish(&reply);
}
