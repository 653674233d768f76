// SPDX-License-Identifier: GPL-2.0-or-later
/* Kinds of segment, at every hook, with every way to refuse them: packets of all flags go through. */
#include "tests/kernel/rig.h"

#include <netinet/ip_icmp.h>

enum { SENTINEL_PORT = 9999, FIRST_PORT = 20000, SAMPLES = 64 * 2 * 2 };

/* What became of each packet: its source port tells which it was. */
struct fate {
	bool arrived[SAMPLES];
	bool hit[SAMPLES];
	int resets[SAMPLES];
	int errors[SAMPLES];
};

/* The words of the scenario format, one by one. */
static bool is_kind(unsigned word, uint8_t flags, uint32_t payload)
{
	bool syn = flags & TCPF_SYN, rst = flags & TCPF_RST, ack = flags & TCPF_ACK;

	return (word == SEG_SYN && syn && !ack) || (word == SEG_SYN_ACK && syn && ack) ||
	       (word == SEG_ECN_SYN && (flags & 0xd2) == 0xc2) ||
	       (word == SEG_FIN && flags & TCPF_FIN) || (word == SEG_RST && rst) ||
	       (word == SEG_DATA && payload && !syn && !rst) ||
	       (word == SEG_ACK && (flags & 0x3f) == TCPF_ACK && !payload) || word == SEG_ANY;
}

/*
 * The k-th packet: all combinations of six flags, with and without payload, both families; some have ECE and
 * CWR, too, which make another kind only of a SYN without ACK.
 */
static struct segment_spec sample(int k)
{
	return (struct segment_spec){ .fam = k / 128,
				      .sport = (uint16_t)(FIRST_PORT + k),
				      .dport = LAB_PORT,
				      .flags = (uint8_t)(k % 64 | (k % 11 == 3 ? 0xc0 : 0)),
				      .options = 4 * ((uint32_t)k % 11),
				      .payload = k / 64 % 2 ? 10 : 0,
				      .seq = 1000000u + (uint32_t)k,
				      .ack = 5 };
}

struct senses {
	int raw[FAM_COUNT], server[FAM_COUNT], tcp[FAM_COUNT], icmp[FAM_COUNT];
	bool sentinel;
};

static void senses_open(const struct lab *lab, struct senses *s)
{
	for (int fam = 0; fam < FAM_COUNT; fam++) {
		s->raw[fam] = segment_socket(lab, fam);
		s->server[fam] = arrivals_open(lab, SERVER, fam, IPPROTO_TCP);
		s->tcp[fam] = arrivals_open(lab, CLIENT, fam, IPPROTO_TCP);
		s->icmp[fam] = arrivals_open(lab, CLIENT, fam,
					     fam == FAM6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	}
}

static void senses_close(struct senses *s)
{
	for (int fam = 0; fam < FAM_COUNT; fam++) {
		close(s->raw[fam]);
		close(s->server[fam]);
		close(s->tcp[fam]);
		close(s->icmp[fam]);
	}
}

static int index_of(uint16_t port)
{
	must(port >= FIRST_PORT && port < FIRST_PORT + SAMPLES);
	return port - FIRST_PORT;
}

/* Which packet does this ICMP error quote? -1 if it is none. */
static int quoted(const uint8_t *icmp, int fam)
{
	const uint8_t *ip = icmp + 8;

	if (fam == FAM6 ? icmp[0] != 1 : icmp[0] != ICMP_DEST_UNREACH)
		return -1;
	return index_of(be16_at(fam == FAM6 ? ip + 40 : ip + (ip[0] & 15) * 4));
}

static void senses_read(struct senses *s, struct fate *fate)
{
	uint8_t buf[2048];

	for (int fam = 0; fam < FAM_COUNT; fam++) {
		while (arrivals_next(s->server[fam], fam, buf, sizeof(buf)) > 0) {
			if (be16_at(buf + 2) == SENTINEL_PORT)
				s->sentinel = true;
			else
				fate->arrived[index_of(be16_at(buf))] = true;
		}
		while (arrivals_next(s->tcp[fam], fam, buf, sizeof(buf)) > 0) {
			if (buf[13] & TCPF_RST && be16_at(buf) == LAB_PORT)
				fate->resets[index_of(be16_at(buf + 2))]++;
		}
		while (arrivals_next(s->icmp[fam], fam, buf, sizeof(buf)) > 0) {
			int k = quoted(buf, fam);

			if (k >= 0)
				fate->errors[k]++;
		}
	}
}

/* Something from the server to the client: what was on its way before it has arrived, too. */
static void answers_await(const struct lab *lab)
{
	union address peer = lab_address(lab, SERVER, CLIENT, FAM4, SENTINEL_PORT);
	int from = lab_socket(lab, SERVER, AF_INET, SOCK_DGRAM, 0);
	int to = lab_bound(lab, CLIENT, FAM4, SOCK_DGRAM, SENTINEL_PORT);

	must_equal(sendto(from, "x", 1, 0, &peer.any, address_len(FAM4)), 1);
	must(ready_within(to, POLLIN, LAB_WAIT_MS));
	close(from);
	close(to);
}

/* Send all, then one that is nobody's business: when that has arrived, the others are through. */
static void samples_send(struct rig *rig, struct fate *fate)
{
	struct senses s = { .sentinel = false };
	int64_t until;

	senses_open(&rig->lab, &s);
	for (int k = 0; k < SAMPLES; k++) {
		struct segment_spec spec = sample(k);

		segment_send(&rig->lab, s.raw[spec.fam], &spec);
		senses_read(&s, fate);
		rig_read(rig);
	}
	until = now_ms() + LAB_WAIT_MS;
	for (int fam = 0; fam < FAM_COUNT; fam++) {
		struct segment_spec spec = { .fam = fam, .sport = 1, .dport = SENTINEL_PORT };

		s.sentinel = false;
		segment_send(&rig->lab, s.raw[fam], &spec);
		while (!s.sentinel) {
			must(now_ms() < until);
			ready_within(s.server[fam], POLLIN, 100);
			senses_read(&s, fate);
		}
	}
	answers_await(&rig->lab);
	senses_read(&s, fate);
	rig_read(rig);
	senses_close(&s);
}

struct trial {
	int host;
	const char *action;
	unsigned segment;
	bool disarmed;
};

static void must_be_logged(struct rig *rig, const struct trial *t, struct fate *fate)
{
	static const int hooks[] = { 3, 2, 1 }; /* output, forward, input */
	int last = -1;

	for (int i = 0; i < rig->n_hits; i++) {
		const struct logged *hit = &rig->hits[i];
		struct segment_spec spec = sample(index_of(hit->packet.sport));

		must_same(hit->fault, "the-fault");
		must_equal(hit->hook, hooks[t->host]);
		/* the very packet */
		must_equal(hit->packet.af, topo_af(spec.fam));
		must_equal(hit->packet.flags, spec.flags);
		must_equal(hit->packet.seq, spec.seq);
		must_equal(hit->packet.dport, LAB_PORT);
		must_equal(hit->packet.payload, spec.payload);
		must(hit->packet.sport > last); /* in order, each once */
		last = hit->packet.sport;
		fate->hit[index_of(hit->packet.sport)] = true;
		/* Stamped where the packet came in from a wire; local output has no stamp. Linux 6.1
		 * stamps only where somebody asks for it, as the captures of a run do. */
		must(!hit->stamp_ns || t->host != CLIENT);
	}
}

static void trial_body(void *arg)
{
	const struct trial *t = arg;
	struct rig *rig = rig_new();
	struct fate fate = { 0 };
	uint64_t expected = 0;

	rig_segment(rig, "the-fault", t->host, t->action, t->segment);
	rig_up_disarmed(rig, t->disarmed);
	samples_send(rig, &fate);
	must_be_logged(rig, t, &fate);
	for (int k = 0; k < SAMPLES; k++) {
		struct segment_spec spec = sample(k);
		bool meant = is_kind(t->segment, spec.flags, spec.payload);
		bool acts = meant && !t->disarmed;
		bool resets = strstr(t->action, "tcp-reset"), errors = strstr(t->action, "port-");

		expected += meant;
		if (fate.hit[k] != meant || fate.arrived[k] == acts)
			INSIDE_FAIL("flags %02x, %u B, family %d: %slogged, %sarrived", spec.flags,
				    spec.payload, spec.fam, fate.hit[k] ? "" : "not ",
				    fate.arrived[k] ? "" : "not ");
		/* nobody answers a RST with a RST (RFC 9293, 3.10.7.1) */
		if (acts && resets)
			must_equal(fate.resets[k], !(spec.flags & TCPF_RST));
		else if (acts)
			must_equal(fate.resets[k], 0);
		must_equal(fate.errors[k], acts && errors);
	}
	must_equal(rig_hits(rig, 0), expected);
	must(expected > 0);
	rig_down(rig);
}

static void trials(const char *action, bool disarmed)
{
	for (int host = CLIENT; host <= SERVER; host++) {
		for (unsigned segment = SEG_SYN; segment <= SEG_ANY; segment <<= 1) {
			struct trial t = { host, action, segment, disarmed };

			inside(trial_body, &t);
		}
	}
}

static void test_filter_drops_each_kind_at_each_hook(void **state)
{
	(void)state;
	trials("drop", false);
}

static void test_filter_resets_each_kind_at_each_hook(void **state)
{
	(void)state;
	trials("reject tcp-reset", false);
}

static void test_filter_rejects_each_kind_at_each_hook(void **state)
{
	(void)state;
	trials("reject port-unreachable", false);
}

static void test_filter_disarmed_lets_each_kind_pass_and_counts_it(void **state)
{
	(void)state;
	trials("drop", true);
	trials("reject tcp-reset", true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filter_drops_each_kind_at_each_hook),
		cmocka_unit_test(test_filter_resets_each_kind_at_each_hook),
		cmocka_unit_test(test_filter_rejects_each_kind_at_each_hook),
		cmocka_unit_test(test_filter_disarmed_lets_each_kind_pass_and_counts_it),
	};

	return TEST_MAIN("filter", tests, NULL, NULL);
}
