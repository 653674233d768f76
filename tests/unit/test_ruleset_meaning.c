// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a ruleset does: packets of every kind go through the parsed-back rules, and the outcome is
 * compared with a judgement made here, from the words of the scenario format, without nf_tables.
 */
#include "tests/support/main.h"

#include <errno.h>

#include "impair/action.h"
#include "netns/cleanup.h"
#include "tests/unit/ruleset_model.h"

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16 };

static struct topology topo;

static int setup(void **state)
{
	(void)state;
	topo_ready(&topo, "client fw server", "client-fw fw-server");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	topology_free(&topo);
	return 0;
}

static struct fault fault_make(const char *name, const char *action, unsigned segments)
{
	struct fault fault = { .host = 1, .match = { .from = -1, .to = -1 }, .active = true };
	struct lab_err err = { 0 };

	fault.name = (char *)name;
	fault.match.segments = segments;
	fault.match.protocol = segments ? IPPROTO_TCP : 0;
	if (action_parse(action, 3, &fault, &err))
		fail_msg("%s", err.msg);
	return fault;
}

static const uint8_t *address(int fam, int host)
{
	/* the client's is on the first link, the server's on the second, fw has the last of the two */
	return host == 0 ? topo.links[0].addr[0][fam].bytes :
	       host == 2 ? topo.links[1].addr[1][fam].bytes :
			   topo.links[1].addr[0][fam].bytes;
}

static void ports_put(struct sample *s, uint16_t sport, uint16_t dport)
{
	uint8_t *at = s->bytes + s->network_len;

	at[0] = (uint8_t)(sport >> 8);
	at[1] = (uint8_t)sport;
	at[2] = (uint8_t)(dport >> 8);
	at[3] = (uint8_t)dport;
}

/* A packet from @from to @to with a transport header of @header bytes; @total bytes on the wire. */
static struct sample sample_make(int fam, int from, int to, uint8_t protocol, uint32_t header,
				 uint32_t payload)
{
	struct sample s = { .fam = fam, .protocol = protocol, .iif = 2, .oif = 3 };
	size_t alen = (size_t)topo_addr_len(fam);
	uint32_t total;

	s.network_len = fam == FAM6 ? 40 : 20;
	s.len = s.network_len + header;
	total = header + payload + (fam == FAM6 ? 0 : 20);
	s.bytes[0] = fam == FAM6 ? 0x60 : 0x45;
	s.bytes[fam == FAM6 ? 4 : 2] = (uint8_t)(total >> 8);
	s.bytes[fam == FAM6 ? 5 : 3] = (uint8_t)total;
	s.bytes[fam == FAM6 ? 6 : 9] = protocol;
	memcpy(s.bytes + (fam == FAM6 ? 8 : 12), address(fam, from), alen);
	memcpy(s.bytes + (fam == FAM6 ? 24 : 16), address(fam, to), alen);
	ports_put(&s, 40000, 8080);
	return s;
}

static struct sample tcp_make(int fam, uint8_t flags, uint32_t options, uint32_t payload)
{
	struct sample s = sample_make(fam, 0, 2, IPPROTO_TCP, 20 + options, payload);

	s.bytes[s.network_len + 12] = (uint8_t)((20 + options) / 4 << 4);
	s.bytes[s.network_len + 13] = flags;
	return s;
}

/* The words of the scenario format, one by one. */
static bool is_kind(unsigned word, uint8_t flags, uint32_t payload)
{
	bool fin = flags & FIN, syn = flags & SYN, rst = flags & RST, ack = flags & ACK;

	switch (word) {
	case SEG_SYN:
		return syn && !ack;
	case SEG_SYN_ACK:
		return syn && ack;
	case SEG_ECN_SYN:
		return syn && !ack && (flags & 0xc0) == 0xc0;
	case SEG_FIN:
		return fin;
	case SEG_RST:
		return rst;
	case SEG_DATA:
		return payload > 0 && !syn && !rst;
	case SEG_ACK: /* ACK and nothing else; ECE and CWR belong to congestion, not to the kind */
		return (flags & ~0xc0) == ACK && payload == 0;
	case SEG_ANY:
		return true;
	}
	return false;
}

static bool is_any_of(unsigned segments, uint8_t flags, uint32_t payload)
{
	for (unsigned word = 1; word <= SEG_ANY; word <<= 1) {
		if (segments & word && is_kind(word, flags, payload))
			return true;
	}
	return false;
}

/* Let a packet through; expect it to be dropped and counted once if @hit, untouched if not. */
static void expect_hit(struct model *m, const struct fault *fault, const struct sample *s, bool hit,
		       const char *what)
{
	uint64_t before = model_counter(m, fault->name)->packets;
	struct machine end = model_run(m, "forward", s);

	if ((end.verdict == NF_DROP) != hit)
		fail_msg("%s: %s", what, hit ? "passed" : "dropped");
	assert_int_equal(model_counter(m, fault->name)->packets, before + hit);
	assert_int_equal(m->n_logged, hit);
	if (hit)
		assert_string_equal(m->logged[0], fault->name);
}

/* Every set of words × every flag byte × header length × payload × family. */
static void test_ruleset_knows_the_kinds_of_segment(void **state)
{
	static const uint32_t payloads[] = { 0, 1, 1400 };
	char what[120];

	(void)state;
	for (unsigned segments = 1; segments < 2 * SEG_ANY; segments++) {
		struct fault fault = fault_make("kinds", "drop", segments);
		struct model *m = model_build(&topo, 1, &fault, 1, false);

		for (unsigned i = 0; i < 256 * 3 * 2; i++) {
			uint8_t flags = (uint8_t)i;
			uint32_t payload = payloads[i / 256 % 3];
			/* header lengths in turn: 20, 24 … 60 bytes */
			uint32_t options = 4 * ((i * 7 + segments) % 11);
			int fam = (int)(i / 768);
			struct sample s = tcp_make(fam, flags, options, payload);

			snprintf(what, sizeof(what),
				 "segments %x, flags %02x, %u B, options %u, %d", segments, flags,
				 payload, options, fam);
			expect_hit(m, &fault, &s, is_any_of(segments, flags, payload), what);
		}
		model_free(m);
	}
}

/* The exact cases for "no payload": each header length, with nothing, one byte, four bytes behind. */
static void test_ruleset_tells_a_bare_ack_with_any_options(void **state)
{
	struct fault ack = fault_make("naked", "drop", SEG_ACK);
	struct fault data = fault_make("laden", "drop", SEG_DATA);
	struct model *bare = model_build(&topo, 1, &ack, 1, false);
	struct model *full = model_build(&topo, 1, &data, 1, false);

	(void)state;
	for (int i = 0; i < 2 * 11 * 9; i++) {
		uint32_t options = 4 * (uint32_t)(i / 2 % 11), payload = (uint32_t)(i / 22);
		struct sample s = tcp_make(i % 2, ACK, options, payload);

		expect_hit(bare, &ack, &s, payload == 0, "ack");
		expect_hit(full, &data, &s, payload > 0, "data");
	}
	model_free(bare);
	model_free(full);
}

/* ---- addresses, protocols, ports ---- */

static bool meant(const struct fault *fault, int fam, int from, int to, int protocol)
{
	const struct packet_match *m = &fault->match;

	if (!(fault->families >> fam & 1))
		return false;
	if ((m->from >= 0 && m->from != from) || (m->to >= 0 && m->to != to))
		return false;
	/* icmp means ICMPv6 on IPv6, and only there */
	return !m->protocol ||
	       protocol ==
		       (m->protocol == IPPROTO_ICMP && fam == FAM6 ? IPPROTO_ICMPV6 : m->protocol);
}

static void test_ruleset_matches_hosts_and_protocols(void **state)
{
	static const int protocols[] = { 0, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP };
	static const uint8_t real[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6,
					132 };

	(void)state;
	for (int i = 0; i < 4 * 4 * 4 * 3; i++) {
		struct fault fault = fault_make("who", "drop", 0);
		struct model *m;

		fault.match.from = i % 4 - 1;
		fault.match.to = i / 4 % 4 - 1;
		fault.match.protocol = protocols[i / 16 % 4];
		fault.families = 1 + (unsigned)i / 64;
		m = model_build(&topo, 1, &fault, 1, false);
		for (int k = 0; k < 2 * 3 * 3 * 5; k++) {
			int fam = k % 2, from = k / 2 % 3, to = k / 6 % 3;
			struct sample s = sample_make(fam, from, to, real[k / 18], 20, 0);

			expect_hit(m, &fault, &s, meant(&fault, fam, from, to, real[k / 18]),
				   "who");
		}
		model_free(m);
	}
}

/* fw has two addresses, and means both */
static void test_ruleset_means_every_address_of_a_host(void **state)
{
	struct fault fault = fault_make("either", "drop", 0);
	struct model *m;

	(void)state;
	fault.match.to = 1;
	m = model_build(&topo, 1, &fault, 1, false);
	for (int i = 0; i < 4; i++) {
		int fam = i % 2;
		struct sample s = sample_make(fam, 0, 1, IPPROTO_UDP, 8, 0);

		memcpy(s.bytes + (fam == FAM6 ? 24 : 16),
		       topo.links[i / 2].addr[!(i / 2)][fam].bytes, (size_t)topo_addr_len(fam));
		expect_hit(m, &fault, &s, true, "an address of fw");
	}
	model_free(m);
}

static void test_ruleset_matches_ports(void **state)
{
	static const uint16_t ports[] = { 0, 80, 8080, 0x901f, 65535 };

	(void)state;
	for (int i = 0; i < 25 * 2; i++) {
		struct fault fault = fault_make("ports", "drop", 0);
		struct model *m;

		fault.match.sport = ports[i % 5];
		fault.match.dport = ports[i / 5 % 5];
		fault.match.protocol = i / 25 ? IPPROTO_UDP : IPPROTO_TCP;
		m = model_build(&topo, 1, &fault, 1, false);
		for (int k = 0; k < 2 * 4 * 4; k++) {
			uint16_t sport = ports[1 + k / 2 % 4], dport = ports[1 + k / 8];
			struct sample s =
				sample_make(k % 2, 0, 2, (uint8_t)fault.match.protocol, 8, 0);

			ports_put(&s, sport, dport);
			expect_hit(m, &fault, &s,
				   (!fault.match.sport || fault.match.sport == sport) &&
					   (!fault.match.dport || fault.match.dport == dport),
				   "ports");
		}
		model_free(m);
	}
}

/* A packet whose header is cut off (a later fragment) is no segment of any kind. */
static void test_ruleset_passes_what_has_no_header(void **state)
{
	struct fault fault = fault_make("cut", "drop", SEG_SYN | SEG_ACK | SEG_DATA);
	struct model *m = model_build(&topo, 1, &fault, 1, false);

	(void)state;
	for (int fam = 0; fam < FAM_COUNT; fam++) {
		struct sample s = tcp_make(fam, SYN, 0, 0);

		s.len = s.network_len;
		expect_hit(m, &fault, &s, false, "no header");
	}
	model_free(m);
}

/* ---- which of them ---- */

static void test_ruleset_picks_by_an_independent_count(void **state)
{
	static const struct {
		enum fault_pick pick;
		uint32_t n;
	} picks[] = {
		{ PICK_ALL, 0 },     { PICK_NTH, 1 },		{ PICK_NTH, 2 },
		{ PICK_NTH, 299 },   { PICK_FIRST, 1 },		{ PICK_FIRST, 3 },
		{ PICK_FIRST, 255 }, { PICK_FIRST, 256 },	{ PICK_FIRST, 257 },
		{ PICK_EVERY, 1 },   { PICK_EVERY, 2 },		{ PICK_EVERY, 7 },
		{ PICK_EVERY, 256 }, { PICK_NTH, 4294967294u }, { PICK_FIRST, 4294967294u },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(picks); i++) {
		struct fault fault = fault_make("which", "drop", SEG_DATA);
		struct model *m;
		uint32_t count = 0;

		fault.pick = picks[i].pick;
		fault.n = picks[i].n;
		m = model_build(&topo, 1, &fault, 1, false);
		for (int k = 0; k < 900; k++) {
			/* both families count together; every third packet is none of these */
			uint32_t payload = k % 3 ? 1 : 0;
			struct sample s = tcp_make(k / 2 % 2, ACK, 12, payload);
			bool hit = false;

			count += payload;
			if (payload)
				hit = fault.pick == PICK_ALL   ? true :
				      fault.pick == PICK_NTH   ? count == fault.n :
				      fault.pick == PICK_FIRST ? count <= fault.n :
								 count % fault.n == 0;
			expect_hit(m, &fault, &s, hit, "which");
		}
		model_free(m);
	}
}

/* ---- several faults ---- */

static void test_ruleset_ends_at_the_first_that_acts(void **state)
{
	struct fault f[3] = { fault_make("other", "drop", SEG_FIN),
			      fault_make("one", "drop", SEG_SYN),
			      fault_make("two", "reject tcp-reset", SEG_SYN) };
	struct sample syn = tcp_make(FAM4, SYN, 0, 0);
	struct model *m;

	(void)state;
	f[1].pick = PICK_NTH;
	f[1].n = 2;
	m = model_build(&topo, 1, f, 3, false);
	/* the first SYN passes "one" uncounted by it, and is rejected by "two" */
	assert_int_equal(model_run(m, "forward", &syn).verdict, VERDICT_REJECT);
	assert_int_equal(model_counter(m, "one")->packets, 0);
	assert_int_equal(model_counter(m, "two")->packets, 1);
	/* the second dies at "one"; "two" never sees it */
	assert_int_equal(model_run(m, "forward", &syn).verdict, NF_DROP);
	assert_int_equal(m->n_logged, 1);
	assert_string_equal(m->logged[0], "one");
	assert_int_equal(model_counter(m, "two")->packets, 1);
	assert_int_equal(model_counter(m, "other")->packets, 0);
	model_free(m);
}

static void test_ruleset_disarmed_counts_with_every_fault_and_passes(void **state)
{
	struct fault f[2] = { fault_make("one", "drop", SEG_SYN),
			      fault_make("two", "drop", SEG_SYN) };
	struct sample syn = tcp_make(FAM6, SYN, 20, 0);
	struct model *m = model_build(&topo, 1, f, 2, true);

	(void)state;
	for (unsigned i = 1; i < 4; i++) {
		assert_int_equal(model_run(m, "forward", &syn).verdict, NF_ACCEPT);
		assert_int_equal(m->n_logged, 2);
		assert_int_equal(model_counter(m, "one")->packets, i);
		assert_int_equal(model_counter(m, "two")->packets, i);
	}
	model_free(m);
}

static void test_ruleset_off_neither_acts_nor_counts(void **state)
{
	struct fault fault = fault_make("off", "drop", SEG_SYN);
	struct sample syn = tcp_make(FAM4, SYN, 0, 0);
	struct model *m;

	(void)state;
	fault.active = false;
	m = model_build(&topo, 1, &fault, 1, false);
	expect_hit(m, &fault, &syn, false, "off");
	model_free(m);
}

/* ---- what is nobody's traffic ---- */

static void test_ruleset_leaves_loopback_and_multicast_alone(void **state)
{
	static const char *const bases[] = { "input", "output" };
	struct fault fault = fault_make("all", "drop", 0);
	struct model *m = model_build(&topo, 1, &fault, 1, false);

	(void)state;
	for (int b = 0; b < 2; b++) {
		struct sample s = sample_make(FAM6, 1, 2, IPPROTO_ICMPV6, 20, 0);

		assert_int_equal(model_run(m, bases[b], &s).verdict, NF_DROP);
		s.bytes[24] = 0xff;
		assert_int_equal(model_run(m, bases[b], &s).verdict, NF_ACCEPT);
		s = sample_make(FAM4, 1, 1, IPPROTO_UDP, 8, 0);
		s.iif = b ? 0 : 1;
		s.oif = b ? 1 : 0;
		assert_int_equal(model_run(m, bases[b], &s).verdict, NF_ACCEPT);
		/* an IPv4 address whose byte stands where IPv6 has its destination */
		s = sample_make(FAM4, 1, 2, IPPROTO_UDP, 8, 0);
		s.bytes[24] = 0xff;
		assert_int_equal(model_run(m, bases[b], &s).verdict, NF_DROP);
	}
	assert_int_equal(model_counter(m, "all")->packets, 4);
	model_free(m);
}

/* ---- the answers ---- */

static void test_ruleset_rejects_with_the_code_of_the_family(void **state)
{
	static const struct {
		const char *word;
		int code4, code6; /* RFC 792, 1812; RFC 4443; -1: there is none */
	} words[] = {
		{ "net-unreachable", 0, -1 },  { "host-unreachable", 1, -1 },
		{ "prot-unreachable", 2, -1 }, { "port-unreachable", 3, 4 },
		{ "net-prohibited", 9, -1 },   { "host-prohibited", 10, -1 },
		{ "admin-prohibited", 13, 1 }, { "no-route", -1, 0 },
		{ "addr-unreachable", -1, 3 },
	};
	char action[40];

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(words); i++) {
		int fam = (int)i % 2, code = fam == FAM6 ? words[i / 2].code6 : words[i / 2].code4;
		struct sample s = tcp_make(fam, SYN, 0, 0);
		struct machine end;
		struct fault fault;
		struct model *m;

		snprintf(action, sizeof(action), "reject %s", words[i / 2].word);
		fault = fault_make("why", action, SEG_SYN);
		m = model_build(&topo, 1, &fault, 1, false);
		end = model_run(m, "forward", &s);
		if (code < 0) {
			assert_int_equal(end.verdict, NF_ACCEPT);
			assert_int_equal(m->n_logged, 0);
		} else {
			assert_int_equal(end.verdict, VERDICT_REJECT);
			assert_int_equal(end.reject_type, NFT_REJECT_ICMP_UNREACH);
			assert_int_equal(end.reject_code, code);
		}
		model_free(m);
	}
}

static void test_ruleset_rejects_with_a_reset(void **state)
{
	struct fault fault = fault_make("reset", "reject tcp-reset", SEG_SYN);
	struct model *m = model_build(&topo, 1, &fault, 1, false);

	(void)state;
	for (int fam = 0; fam < FAM_COUNT; fam++) {
		struct sample s = tcp_make(fam, SYN, 0, 0);
		struct machine end = model_run(m, "forward", &s);

		assert_int_equal(end.verdict, VERDICT_REJECT);
		assert_int_equal(end.reject_type, NFT_REJECT_TCP_RST);
	}
	assert_int_equal(model_counter(m, "reset")->packets, 2);
	model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ruleset_knows_the_kinds_of_segment),
		cmocka_unit_test(test_ruleset_tells_a_bare_ack_with_any_options),
		cmocka_unit_test(test_ruleset_matches_hosts_and_protocols),
		cmocka_unit_test(test_ruleset_means_every_address_of_a_host),
		cmocka_unit_test(test_ruleset_matches_ports),
		cmocka_unit_test(test_ruleset_passes_what_has_no_header),
		cmocka_unit_test(test_ruleset_picks_by_an_independent_count),
		cmocka_unit_test(test_ruleset_ends_at_the_first_that_acts),
		cmocka_unit_test(test_ruleset_disarmed_counts_with_every_fault_and_passes),
		cmocka_unit_test(test_ruleset_off_neither_acts_nor_counts),
		cmocka_unit_test(test_ruleset_leaves_loopback_and_multicast_alone),
		cmocka_unit_test(test_ruleset_rejects_with_the_code_of_the_family),
		cmocka_unit_test(test_ruleset_rejects_with_a_reset),
	};

	return TEST_MAIN("ruleset meaning", tests, setup, teardown);
}
