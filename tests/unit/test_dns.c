// SPDX-License-Identifier: GPL-2.0-or-later
/* Answers to DNS messages, written by hand and read back byte by byte, and by libresolv. */
#include "tests/support/main.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <stdlib.h>
#include <string.h>

#include "lab/run/dns.h"
#include "netns/cleanup.h"
#include "tests/unit/topo_fixture.h"

enum { CLIENT, FW, SERVER, N_MANY = 60 };

struct rig {
	struct topology topo;
	struct dns_record records[8 + N_MANY];
	struct dns_zone zone;
	uint8_t out[DNS_MAX];
	size_t len;
};

static void record_add(struct rig *rig, const char *name, const char *value)
{
	struct dns_record *record = &rig->records[rig->zone.n++];

	*record = (struct dns_record){ .name = (char *)name };
	record->host = topology_host(&rig->topo, value);
	if (record->host >= 0)
		return;
	record->fam = strchr(value, ':') ? FAM6 : FAM4;
	assert_int_equal(inet_pton(topo_af(record->fam), value, record->addr), 1);
}

static void rig_open(struct rig *rig)
{
	struct lab_err err = { 0 };

	memset(rig, 0, sizeof(*rig));
	topo_make(&rig->topo, "client fw server", "client-fw fw-server");
	assert_int_equal(topology_complete(&rig->topo, NULL, NULL, &err), 0);
	rig->zone = (struct dns_zone){ .topo = &rig->topo, .families = 3, .records = rig->records };
	record_add(rig, "www", "server");
	record_add(rig, "db.example.com", "10.0.9.9");
	record_add(rig, "two", "10.0.9.1");
	record_add(rig, "two", "fd00::9");
	record_add(rig, "two", "10.0.9.2");
	record_add(rig, "FW", "192.0.2.7"); /* instead of the host of that name */
}

static void rig_close(struct rig *rig)
{
	topology_free(&rig->topo);
}

/* A query as on the wire: @name in the form "\3www\0", @n_name its length. */
static size_t query_make(uint8_t *buf, const char *name, size_t n_name, int type)
{
	static const uint8_t head[12] = { 0x12, 0x34, 0x01, 0x00, 0, 1 };

	memcpy(buf, head, 12);
	memcpy(buf + 12, name, n_name);
	buf[12 + n_name] = (uint8_t)(type >> 8);
	buf[13 + n_name] = (uint8_t)type;
	buf[14 + n_name] = 0;
	buf[15 + n_name] = ns_c_in;
	return 16 + n_name;
}

/* Ask in dotted form; the name's case is kept. */
static void ask_opt(struct rig *rig, int asker, const char *name, int type, int opt, bool stream)
{
	uint8_t buf[1024], wire[300];
	size_t len, at = 0;

	for (const char *p = name; *p;) {
		size_t label = strcspn(p, ".");

		wire[at++] = (uint8_t)label;
		memcpy(wire + at, p, label);
		at += label;
		p += label + (p[label] == '.');
	}
	wire[at++] = 0;
	len = query_make(buf, (char *)wire, at, type);
	if (opt >= 0) {
		const uint8_t rr[11] = { 0, 0, 41, (uint8_t)(opt >> 8), (uint8_t)opt };

		memcpy(buf + len, rr, sizeof(rr));
		len += sizeof(rr);
		buf[11] = 1;
	}
	rig->len = dns_answer(buf, len, &rig->zone, asker, stream, rig->out);
}

static void ask(struct rig *rig, const char *name, int type)
{
	ask_opt(rig, CLIENT, name, type, -1, false);
}

static unsigned get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* The answer is well-formed, has this code, and these addresses in this order: "10.0.2.2 fd00::1". */
static void assert_answer(struct rig *rig, int rcode, const char *addresses)
{
	char got[4096] = "", text[INET6_ADDRSTRLEN];
	ns_msg msg;
	ns_rr rr;

	assert_int_equal(ns_initparse(rig->out, (int)rig->len, &msg), 0);
	assert_int_equal(ns_msg_id(msg), 0x1234);
	assert_int_equal(ns_msg_getflag(msg, ns_f_qr), 1);
	assert_int_equal(ns_msg_getflag(msg, ns_f_rd), 1);
	assert_int_equal(ns_msg_getflag(msg, ns_f_ra), 1);
	assert_int_equal(ns_msg_getflag(msg, ns_f_rcode), rcode);
	for (int i = 0; i < ns_msg_count(msg, ns_s_an); i++) {
		assert_int_equal(ns_parserr(&msg, ns_s_an, i, &rr), 0);
		assert_int_equal(ns_rr_class(rr), ns_c_in);
		assert_int_equal(ns_rr_ttl(rr), DNS_TTL);
		assert_int_equal(ns_rr_rdlen(rr), ns_rr_type(rr) == ns_t_aaaa ? 16 : 4);
		assert_non_null(inet_ntop(ns_rr_type(rr) == ns_t_aaaa ? AF_INET6 : AF_INET,
					  ns_rr_rdata(rr), text, sizeof(text)));
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s", i ? " " : "", text);
	}
	assert_string_equal(got, addresses);
}

/* ---- what is known ---- */

static void test_dns_answers_byte_by_byte(void **state)
{
	static const uint8_t want[] = {
		0x12, 0x34, 0x85, 0x80, 0, 1, 0, 1, 0, 0,  0, 0, /* the header, AA RD RA */
		3,    'w',  'w',  'W',	0, 0, 1, 0, 1,		 /* the question */
		0xc0, 0x0c, 0,	  1,	0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 2, 2,
	};
	struct rig rig;

	(void)state;
	rig_open(&rig);
	ask(&rig, "wwW", ns_t_a);
	assert_int_equal(rig.len, sizeof(want));
	assert_memory_equal(rig.out, want, sizeof(want));
	rig_close(&rig);
}

static void test_dns_knows_names_and_hosts(void **state)
{
	static const struct {
		const char *name;
		int type, rcode;
		const char *addresses;
	} table[] = {
		{ "www", ns_t_a, ns_r_noerror, "10.0.2.2" },
		{ "www", ns_t_aaaa, ns_r_noerror, "fd00:0:0:2::2" },
		{ "WWW", ns_t_any, ns_r_noerror, "10.0.2.2 fd00:0:0:2::2" },
		{ "server", ns_t_a, ns_r_noerror, "10.0.2.2" },
		{ "SerVer", ns_t_a, ns_r_noerror, "10.0.2.2" },
		{ "client", ns_t_a, ns_r_noerror, "10.0.1.1" },
		{ "fw", ns_t_any, ns_r_noerror, "192.0.2.7" },
		{ "db.example.com", ns_t_a, ns_r_noerror, "10.0.9.9" },
		{ "two", ns_t_a, ns_r_noerror, "10.0.9.1 10.0.9.2" },
		{ "two", ns_t_aaaa, ns_r_noerror, "fd00::9" },
		/* known, without such data */
		{ "db.example.com", ns_t_aaaa, ns_r_noerror, "" },
		{ "www", ns_t_mx, ns_r_noerror, "" },
		{ "fw", ns_t_aaaa, ns_r_noerror, "" },
		/* unknown */
		{ "wwww", ns_t_a, ns_r_nxdomain, "" },
		{ "ww", ns_t_a, ns_r_nxdomain, "" },
		{ "www.www", ns_t_a, ns_r_nxdomain, "" },
		{ "example.com", ns_t_a, ns_r_nxdomain, "" },
		{ "", ns_t_a, ns_r_nxdomain, "" },
	};
	struct rig rig;

	(void)state;
	rig_open(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		ask(&rig, table[i].name, table[i].type);
		assert_answer(&rig, table[i].rcode, table[i].addresses);
	}
	/* a host is known by the address that is nearest to who asks */
	record_add(&rig, "gate", "fw");
	ask(&rig, "gate", ns_t_a);
	assert_answer(&rig, ns_r_noerror, "10.0.1.2");
	ask_opt(&rig, SERVER, "gate", ns_t_a, -1, false);
	assert_answer(&rig, ns_r_noerror, "10.0.2.1");
	rig_close(&rig);
}

/* An address's name: of hosts first, then of the file; @type PTR of a reverse name in text. */
static void assert_owner(struct rig *rig, const char *name, int type, int rcode, const char *owner)
{
	char text[NS_MAXDNAME] = "";
	ns_msg msg;
	ns_rr rr;

	ask(rig, name, type);
	assert_int_equal(ns_initparse(rig->out, (int)rig->len, &msg), 0);
	assert_int_equal(ns_msg_getflag(msg, ns_f_rcode), rcode);
	assert_int_equal(ns_msg_count(msg, ns_s_an), owner ? 1 : 0);
	if (!owner)
		return;
	assert_int_equal(ns_parserr(&msg, ns_s_an, 0, &rr), 0);
	assert_int_equal(ns_rr_type(rr), ns_t_ptr);
	assert_int_equal(ns_name_uncompress(rig->out, rig->out + rig->len, ns_rr_rdata(rr), text,
					    sizeof(text)),
			 ns_rr_rdlen(rr));
	assert_string_equal(text, owner);
}

#define NIBBLES(LAST, NET) \
	LAST ".0.0.0.0.0.0.0.0.0.0.0.0.0.0.0." NET ".0.0.0.0.0.0.0.0.0.0.0.0.0.d.f"

static void test_dns_knows_whose_an_address_is(void **state)
{
	static const struct {
		const char *name;
		int type, rcode;
		const char *owner;
	} table[] = {
		{ "2.2.0.10.in-addr.arpa", ns_t_ptr, ns_r_noerror, "server" },
		{ "2.2.0.10.In-Addr.ARPA", ns_t_ptr, ns_r_noerror, "server" },
		{ "2.2.0.10.in-addr.arpa", ns_t_any, ns_r_noerror, "server" },
		{ "2.1.0.10.in-addr.arpa", ns_t_ptr, ns_r_noerror, "fw" },
		{ "1.2.0.10.in-addr.arpa", ns_t_ptr, ns_r_noerror, "fw" },
		{ "9.9.0.10.in-addr.arpa", ns_t_ptr, ns_r_noerror, "db.example.com" },
		{ NIBBLES("2", "2") ".ip6.arpa", ns_t_ptr, ns_r_noerror, "server" },
		{ NIBBLES("1", "1") ".iP6.arPa", ns_t_ptr, ns_r_noerror, "client" },
		{ "9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.D.F.ip6.arpa",
		  ns_t_ptr, ns_r_noerror, "two" },
		/* it is known, but not by that */
		{ "2.2.0.10.in-addr.arpa", ns_t_a, ns_r_noerror, NULL },
		{ "server", ns_t_ptr, ns_r_noerror, NULL },
		/* nobody's, and what is no such name */
		{ "3.2.0.10.in-addr.arpa", ns_t_ptr, ns_r_nxdomain, NULL },
		{ NIBBLES("2", "9") ".ip6.arpa", ns_t_ptr, ns_r_nxdomain, NULL },
		{ "2.2.0.10.ip6.arpa", ns_t_ptr, ns_r_nxdomain, NULL },
		{ NIBBLES("2", "2") ".in-addr.arpa", ns_t_ptr, ns_r_nxdomain, NULL },
		{ NIBBLES("02", "2") ".ip6.arpa", ns_t_ptr, ns_r_nxdomain, NULL },
		{ NIBBLES("g", "2") ".ip6.arpa", ns_t_ptr, ns_r_nxdomain, NULL },
		{ "2.0.10.in-addr.arpa", ns_t_ptr, ns_r_nxdomain, NULL },
		{ "1.2.2.0.10.in-addr.arpa", ns_t_ptr, ns_r_nxdomain, NULL },
		{ "02.2.0.10.in-addr.arpa", ns_t_ptr, ns_r_nxdomain, NULL },
		{ "258.2.0.10.in-addr.arpa", ns_t_ptr, ns_r_nxdomain, NULL },
		{ "2a.2.0.10.in-addr.arpa", ns_t_ptr, ns_r_nxdomain, NULL },
		{ "in-addr.arpa", ns_t_ptr, ns_r_nxdomain, NULL },
		{ "2.2.0.10", ns_t_ptr, ns_r_nxdomain, NULL },
	};
	struct rig rig;

	(void)state;
	rig_open(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		assert_owner(&rig, table[i].name, table[i].type, table[i].rcode, table[i].owner);
	/* hosts have the case's families */
	rig.zone.families = 2;
	assert_owner(&rig, "2.2.0.10.in-addr.arpa", ns_t_ptr, ns_r_nxdomain, NULL);
	assert_owner(&rig, NIBBLES("2", "2") ".ip6.arpa", ns_t_ptr, ns_r_noerror, "server");
	assert_owner(&rig, "9.9.0.10.in-addr.arpa", ns_t_ptr, ns_r_noerror, "db.example.com");
	rig_close(&rig);
}

/* In a case on IPv4 no host has an IPv6 address; one that the file gives is as it says. */
static void test_dns_hosts_have_the_case_s_families(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig);
	rig.zone.families = 1;
	ask(&rig, "www", ns_t_aaaa);
	assert_answer(&rig, ns_r_noerror, "");
	ask(&rig, "www", ns_t_any);
	assert_answer(&rig, ns_r_noerror, "10.0.2.2");
	ask(&rig, "two", ns_t_aaaa);
	assert_answer(&rig, ns_r_noerror, "fd00::9");
	rig_close(&rig);
}

/* A label may hold any byte; one with a dot in it is not two labels. */
static void test_dns_labels_are_not_text(void **state)
{
	uint8_t buf[64];
	struct rig rig;

	(void)state;
	rig_open(&rig);
	record_add(&rig, "a.b", "10.0.9.9");
	rig.len = dns_answer(buf, query_make(buf, "\3a.b", 5, ns_t_a), &rig.zone, CLIENT, false,
			     rig.out);
	assert_answer(&rig, ns_r_nxdomain, "");
	assert_memory_equal(rig.out + 12, "\3a.b", 5);
	rig.len = dns_answer(buf, query_make(buf, "\1a\1b", 5, ns_t_a), &rig.zone, CLIENT, false,
			     rig.out);
	assert_answer(&rig, ns_r_noerror, "10.0.9.9");
	rig.len = dns_answer(buf, query_make(buf, "\4\0\xff\n\x7f", 6, ns_t_a), &rig.zone, CLIENT,
			     false, rig.out);
	assert_answer(&rig, ns_r_nxdomain, "");
	assert_memory_equal(rig.out + 12, "\4\0\xff\n\x7f", 6);
	rig_close(&rig);
}

/* ---- EDNS(0) and truncation ---- */

static void test_dns_tolerates_edns(void **state)
{
	static const uint8_t opt[] = { 0, 0, 41, DNS_UDP_MAX >> 8, DNS_UDP_MAX & 0xff, 0, 0, 0,
				       0, 0, 0 };
	uint8_t buf[64];
	struct rig rig;
	size_t len;

	(void)state;
	rig_open(&rig);
	ask_opt(&rig, CLIENT, "www", ns_t_a, 4096, false);
	assert_answer(&rig, ns_r_noerror, "10.0.2.2");
	assert_int_equal(get16(rig.out + 10), 1);
	assert_memory_equal(rig.out + rig.len - sizeof(opt), opt, sizeof(opt));
	ask(&rig, "www", ns_t_a);
	assert_int_equal(get16(rig.out + 10), 0);
	/* another version: BADVERS, 16, whose upper bits are in the record (RFC 6891, 6.1.3) */
	len = query_make(buf, "\3www", 5, ns_t_a);
	memcpy(buf + len, opt, sizeof(opt));
	buf[11] = 1;
	buf[len + 6] = 1;
	rig.len = dns_answer(buf, len + sizeof(opt), &rig.zone, CLIENT, false, rig.out);
	assert_answer(&rig, 0, "");
	assert_int_equal(rig.out[rig.len - 6], 1);
	/* two of them */
	buf[len + 6] = 0;
	memcpy(buf + len + sizeof(opt), buf + len, sizeof(opt));
	buf[11] = 2;
	rig.len = dns_answer(buf, len + 2 * sizeof(opt), &rig.zone, CLIENT, false, rig.out);
	assert_answer(&rig, ns_r_formerr, "");
	rig_close(&rig);
}

static void test_dns_truncates_what_does_not_fit(void **state)
{
	char addresses[N_MANY][16];
	struct rig rig;
	ns_msg msg;

	(void)state;
	rig_open(&rig);
	for (int i = 0; i < N_MANY; i++) {
		snprintf(addresses[i], sizeof(addresses[i]), "10.1.0.%d", i + 1);
		record_add(&rig, "many", addresses[i]);
	}
	/* 12 + 10 + 60 * 16 = 982 bytes */
	ask(&rig, "many", ns_t_a);
	assert_answer(&rig, ns_r_noerror, "");
	assert_int_equal(rig.out[2] & 2, 2);
	assert_int_equal(rig.len, 22);
	ask_opt(&rig, CLIENT, "many", ns_t_a, 512, false);
	assert_int_equal(rig.out[2] & 2, 2);
	assert_int_equal(rig.len, 33);
	ask_opt(&rig, CLIENT, "many", ns_t_a, 982 + 11 - 1, false);
	assert_int_equal(rig.out[2] & 2, 2);
	/* the client has room for it, or it goes over TCP */
	for (int i = 0; i < 2; i++) {
		ask_opt(&rig, CLIENT, "many", ns_t_a, i ? -1 : 982 + 11, i);
		assert_int_equal(rig.out[2] & 2, 0);
		assert_int_equal(rig.len, i ? 982 : 982 + 11);
		assert_int_equal(ns_initparse(rig.out, (int)rig.len, &msg), 0);
		assert_int_equal(ns_msg_count(msg, ns_s_an), N_MANY);
	}
	/* room for less than 512 is room for 512 */
	ask_opt(&rig, CLIENT, "www", ns_t_a, 0, false);
	assert_answer(&rig, ns_r_noerror, "10.0.2.2");
	rig_close(&rig);
}

/* ---- what is no good query ---- */

static void test_dns_refuses_in_its_own_words(void **state)
{
	static const struct {
		int at, byte; /* changed in a good query */
		int rcode;
	} table[] = {
		{ 2, 0x11, ns_r_notimpl }, /* IQUERY, and what it should be */
		{ 2, 0x29, ns_r_notimpl }, /* UPDATE */
		{ 20, 3, ns_r_refused },   /* class CHAOS */
		{ 5, 0, ns_r_formerr },	   /* no question, and bytes behind the end */
		{ 5, 2, ns_r_formerr },	   /* two, the second is not there */
		{ 7, 1, ns_r_formerr },	   /* an answer that is not there */
		{ 10, 255, ns_r_formerr },  { 12, 63, ns_r_formerr }, /* a label beyond the end */
		{ 12, 0x80, ns_r_formerr },			      /* no kind of label */
	};
	uint8_t buf[64];
	struct rig rig;

	(void)state;
	rig_open(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		size_t len = query_make(buf, "\3www", 5, ns_t_a);

		buf[table[i].at] = (uint8_t)table[i].byte;
		rig.len = dns_answer(buf, len, &rig.zone, CLIENT, false, rig.out);
		if (rig.len < 12)
			fail_msg("query %zu is not answered", i);
		assert_int_equal(rig.out[3] & 15, table[i].rcode);
		assert_int_equal(rig.out[2] & 0x80, 0x80);
		assert_int_equal(rig.out[2] & 0x78, buf[2] & 0x78); /* the opcode comes back */
		assert_int_equal(get16(rig.out + 6), 0);
	}
	rig_close(&rig);
}

static void test_dns_does_not_answer_answers(void **state)
{
	uint8_t buf[64];
	struct rig rig;
	size_t len;

	(void)state;
	rig_open(&rig);
	len = query_make(buf, "\3www", 5, ns_t_a);
	for (size_t cut = 0; cut < 12; cut++)
		assert_int_equal(dns_answer(buf, cut, &rig.zone, CLIENT, false, rig.out), 0);
	/* cut off anywhere behind the header: said so, and nothing else */
	for (size_t cut = 12; cut < len; cut++) {
		assert_int_equal(dns_answer(buf, cut, &rig.zone, CLIENT, false, rig.out), 12);
		assert_int_equal(rig.out[3] & 15, ns_r_formerr);
	}
	buf[2] |= 0x80;
	assert_int_equal(dns_answer(buf, len, &rig.zone, CLIENT, false, rig.out), 0);
	rig_close(&rig);
}

/* Names that point at themselves, at each other, beyond the end, and into the header. */
static void test_dns_survives_pointers(void **state)
{
	static const struct {
		const char *name;
		size_t len;
	} table[] = {
		{ "\xc0\x0c", 2 },	  { "\x01x\xc0\x0c", 4 }, { "\xc0\x0e\xc0\x0c", 4 },
		{ "\xff\xff", 2 },	  { "\xc0\x40", 2 },	  { "\x03www\xc0\x0c", 6 },
		{ "\x03www\xc0\x0d", 6 },
	};
	uint8_t buf[64];
	struct rig rig;

	(void)state;
	rig_open(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		size_t len = query_make(buf, table[i].name, table[i].len, ns_t_a);

		rig.len = dns_answer(buf, len, &rig.zone, CLIENT, false, rig.out);
		if (rig.len < 12 || (rig.out[3] & 15) != ns_r_formerr)
			fail_msg("name %zu: %zu bytes, code %d", i, rig.len, rig.out[3] & 15);
	}
	rig_close(&rig);
}

/* ---- names in files ---- */

static void test_dns_name_ok(void **state)
{
	static const char *const good[] = { "www",   "a",	"A-1",	"_srv._tcp.example",
					    "1.2.x", "a.b.c.d", "x--y", "10" };
	static const char *const bad[] = { "",	  ".",	      "a.",  ".a", "a..b", "a b",
					   "a/b", "\xc3\xa4", "a\n", "*",  "a:80", "${x}" };
	char label[65] = "", name[300] = "";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (!dns_name_ok(good[i]))
			fail_msg("'%s' is a name", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (dns_name_ok(bad[i]))
			fail_msg("'%s' is no name", bad[i]);
	memset(label, 'a', 64);
	assert_false(dns_name_ok(label));
	label[63] = '\0';
	assert_true(dns_name_ok(label));
	snprintf(name, sizeof(name), "%s.%s.%s.%.61s", label, label, label, label);
	assert_int_equal(strlen(name), 253);
	assert_true(dns_name_ok(name));
	snprintf(name, sizeof(name), "%s.%s.%s.%.62s", label, label, label, label);
	assert_false(dns_name_ok(name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dns_answers_byte_by_byte),
		cmocka_unit_test(test_dns_knows_names_and_hosts),
		cmocka_unit_test(test_dns_knows_whose_an_address_is),
		cmocka_unit_test(test_dns_hosts_have_the_case_s_families),
		cmocka_unit_test(test_dns_labels_are_not_text),
		cmocka_unit_test(test_dns_tolerates_edns),
		cmocka_unit_test(test_dns_truncates_what_does_not_fit),
		cmocka_unit_test(test_dns_refuses_in_its_own_words),
		cmocka_unit_test(test_dns_does_not_answer_answers),
		cmocka_unit_test(test_dns_survives_pointers),
		cmocka_unit_test(test_dns_name_ok),
	};

	return TEST_MAIN("dns", tests, NULL, NULL);
}
