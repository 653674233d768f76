// SPDX-License-Identifier: GPL-2.0-or-later
/* Which packets a fault takes: counting, switching, order, addresses, ports, protocols. */
#include "tests/kernel/rig.h"

#include <jansson.h>

enum { ROUND = 300 };

/* ---- numbered datagrams ---- */

struct lane {
	int from, to;
	union address peer;
	int fam;
};

/* Datagrams from one host to a port of another; @sport 0 leaves it to the kernel. */
static struct lane lane_open(struct rig *rig, int from, int to, int fam, uint16_t sport,
			     uint16_t dport)
{
	struct lane l = { .fam = fam, .peer = lab_address(&rig->lab, from, to, fam, dport) };

	l.from = lab_bound(&rig->lab, from, fam, SOCK_DGRAM, sport);
	l.to = lab_bound(&rig->lab, to, fam, SOCK_DGRAM | SOCK_NONBLOCK, dport);
	return l;
}

static void lane_close(struct lane *l)
{
	close(l->from);
	close(l->to);
}

/*
 * Send a datagram, and say whether it has arrived. It either arrives, or a fault says that it took it;
 * a disarmed one lets it arrive all the same.
 */
static bool passes(struct rig *rig, struct lane *l)
{
	static uint32_t number;
	int before = rig->n_hits;
	int64_t until = now_ms() + LAB_WAIT_MS;
	uint32_t got = 0;

	number++;
	if (sendto(l->from, &number, 4, 0, &l->peer.any, address_len(l->fam)) < 0)
		must_equal(errno, EPERM); /* dropped by its own host's output hook */
	for (;;) {
		rig_read(rig);
		if (recv(l->to, &got, 4, 0) == 4)
			break;
		if (rig->n_hits > before && !rig->disarmed)
			return false;
		if (now_ms() > until)
			INSIDE_FAIL("a datagram neither arrived nor was taken by a fault");
		ready_within(l->to, POLLIN, 10);
	}
	must_equal(got, number);
	return true;
}

static struct fault *udp_fault(struct rig *rig, const char *name, const char *action)
{
	struct fault *fault = rig_fault(rig, name, FW, action);

	fault->match = (struct packet_match){ CLIENT, SERVER, IPPROTO_UDP, 0, LAB_PORT, 0 };
	return fault;
}

/* ---- nth, first, every ---- */

struct pick {
	enum fault_pick pick;
	uint32_t n;
};

static bool is_picked(const struct pick *p, uint32_t count)
{
	switch (p->pick) {
	case PICK_NTH:
		return count == p->n;
	case PICK_FIRST:
		return count <= p->n;
	case PICK_EVERY:
		return count % p->n == 0;
	default:
		return true;
	}
}

/*
 * Packets of both families in turn, with others in between that the fault does not mean, and a
 * break in the middle in which it is off. Counted by hand.
 */
static void pick_body(void *arg)
{
	const struct pick *p = arg;
	struct rig *rig = rig_new();
	struct fault *fault = udp_fault(rig, "picked", "drop");
	uint32_t count = 0, hits = 0;
	struct lane l[FAM_COUNT], other;

	fault->pick = p->pick;
	fault->n = p->n;
	rig_up(rig);
	for (int fam = 0; fam < FAM_COUNT; fam++)
		l[fam] = lane_open(rig, CLIENT, SERVER, fam, 0, LAB_PORT);
	other = lane_open(rig, CLIENT, SERVER, FAM4, 0, 7777);
	for (int i = 0; i < ROUND; i++) {
		bool on = i < 100 || i >= 150, hit;

		if (i == 100)
			rig_switch(rig, 0, false);
		if (i == 150)
			rig_switch(rig, 0, true);
		if (i % 7 == 0)
			must(passes(rig, &other));
		count += on;
		hit = on && is_picked(p, count);
		hits += hit;
		if (passes(rig, &l[i % 2]) == hit)
			INSIDE_FAIL("packet %d, number %u of those that count: %s", i, count,
				    hit ? "passed" : "dropped");
		must_equal(rig_hits(rig, 0), hits);
		must_equal(rig->n_hits, hits);
	}
	for (int fam = 0; fam < FAM_COUNT; fam++)
		lane_close(&l[fam]);
	lane_close(&other);
	rig_down(rig);
}

static void test_filter_picks_by_an_independent_count(void **state)
{
	static const struct pick picks[] = {
		{ PICK_ALL, 0 },	   { PICK_NTH, 1 },	{ PICK_NTH, 2 },
		{ PICK_NTH, 100 },	   { PICK_NTH, 101 },	{ PICK_FIRST, 1 },
		{ PICK_FIRST, 3 },	   { PICK_FIRST, 110 }, { PICK_FIRST, 1000 },
		{ PICK_EVERY, 1 },	   { PICK_EVERY, 2 },	{ PICK_EVERY, 7 },
		{ PICK_NTH, 4294967294u },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(picks); i++)
		inside(pick_body, (void *)&picks[i]);
}

/* ---- switching ---- */

static void switch_body(void *arg)
{
	struct rig *rig = rig_new();
	struct fault *late = udp_fault(rig, "late", "drop");
	struct lane l;

	(void)arg;
	late->active = false;
	udp_fault(rig, "never", "drop")->active = false;
	rig_up(rig);
	l = lane_open(rig, CLIENT, SERVER, FAM4, 0, LAB_PORT);
	must(passes(rig, &l));
	/* switched on twice is on once; off twice is no error either */
	for (int round = 0; round < 3; round++) {
		rig_switch(rig, 0, true);
		rig_switch(rig, 0, true);
		must(!passes(rig, &l));
		must_equal(rig_hits(rig, 0), round + 1);
		rig_switch(rig, 0, false);
		rig_switch(rig, 0, false);
		must(passes(rig, &l));
		must_equal(rig_hits(rig, 0), round + 1);
	}
	must_equal(rig_hits(rig, 1), 0);
	must_equal(rig->n_hits, 3);
	lane_close(&l);
	rig_down(rig);
}

static void test_filter_switch_is_idempotent_and_keeps_counts(void **state)
{
	(void)state;
	inside(switch_body, NULL);
}

static void no_such_body(void *arg)
{
	struct fault stranger = { .name = (char *)"stranger", .host = FW };
	struct rig *rig = rig_new();
	struct lab_err err = { 0 };
	uint64_t hits;

	(void)arg;
	udp_fault(rig, "known", "drop");
	rig_up(rig);
	must_equal(filter_switch(rig->filters[FW], &stranger, true, &err), -ENOENT);
	must(strstr(err.msg, "stranger"));
	must_equal(filter_hits(rig->filters[FW], &stranger, &hits, &err), -ENOENT);
	must(strstr(err.msg, "stranger"));
	/* the socket is still in step */
	must_equal(rig_hits(rig, 0), 0);
	rig_switch(rig, 0, false);
	rig_down(rig);
}

static void test_filter_of_an_unknown_fault_is_an_error(void **state)
{
	(void)state;
	inside(no_such_body, NULL);
}

/* ---- order ---- */

static void order_body(void *arg)
{
	struct rig *rig = rig_new();
	struct fault *second = udp_fault(rig, "second", "drop");
	struct lane l;

	(void)arg;
	second->pick = PICK_NTH;
	second->n = 2;
	udp_fault(rig, "all", "drop");
	udp_fault(rig, "after", "drop");
	rig_up(rig);
	l = lane_open(rig, CLIENT, SERVER, FAM4, 0, LAB_PORT);
	for (int i = 0; i < 3; i++)
		must(!passes(rig, &l));
	must_equal(rig->n_hits, 3);
	must_same(rig->hits[0].fault, "all");
	must_same(rig->hits[1].fault, "second");
	must_same(rig->hits[2].fault, "all");
	rig_switch(rig, 1, false);
	must(!passes(rig, &l));
	must_same(rig->hits[3].fault, "after");
	must_equal(rig_hits(rig, 0), 1);
	must_equal(rig_hits(rig, 1), 2);
	must_equal(rig_hits(rig, 2), 1);
	lane_close(&l);
	rig_down(rig);
}

static void test_filter_asks_faults_in_file_order(void **state)
{
	(void)state;
	inside(order_body, NULL);
}

static void disarmed_body(void *arg)
{
	struct rig *rig = rig_new();
	struct fault *every = udp_fault(rig, "every-other", "drop");
	struct lane l;

	(void)arg;
	every->pick = PICK_EVERY;
	every->n = 2;
	udp_fault(rig, "all", "reject port-unreachable");
	rig_up_disarmed(rig, true);
	l = lane_open(rig, CLIENT, SERVER, FAM6, 0, LAB_PORT);
	for (int i = 1; i <= 20; i++) {
		must(passes(rig, &l));
		must_equal(rig_hits(rig, 0), i / 2);
		must_equal(rig_hits(rig, 1), i);
	}
	must_equal(rig->n_hits, 30);
	lane_close(&l);
	rig_down(rig);
}

static void test_filter_disarmed_counts_with_every_fault(void **state)
{
	(void)state;
	inside(disarmed_body, NULL);
}

/* ---- who is meant ---- */

struct who {
	int from, to;
	uint16_t sport, dport;
};

/* Every pair of hosts, two source ports, two destination ports: who is hit? */
static void who_body(void *arg)
{
	static const uint16_t sports[] = { 5001, 5002 }, dports[] = { 6001, 6002 };
	const struct who *w = arg;
	struct rig *rig = rig_new();
	struct fault *fault = rig_fault(rig, "who", FW, "drop");
	int meant = 0;

	fault->match = (struct packet_match){ w->from, w->to, IPPROTO_UDP, w->sport, w->dport, 0 };
	rig_up(rig);
	for (int i = 0; i < 2 * 6 * 4; i++) {
		int fam = i % 2, pair = i / 2 % 6, from = pair / 2;
		int to = (from + 1 + pair % 2) % 3;
		uint16_t sport = sports[i / 12 % 2], dport = dports[i / 24];
		struct lane l = lane_open(rig, from, to, fam, sport, dport);
		bool hit = (w->from < 0 || w->from == from) && (w->to < 0 || w->to == to) &&
			   (!w->sport || w->sport == sport) && (!w->dport || w->dport == dport);

		meant += hit;
		if (passes(rig, &l) == hit)
			INSIDE_FAIL("from %d:%u to %d:%u, family %d: %s", from, sport, to, dport,
				    fam, hit ? "passed" : "dropped");
		lane_close(&l);
	}
	must_equal(rig_hits(rig, 0), meant);
	must(meant > 0);
	rig_down(rig);
}

static void test_filter_means_hosts_and_ports(void **state)
{
	static const struct who list[] = {
		{ -1, -1, 0, 0 },	    { CLIENT, -1, 0, 0 }, { -1, CLIENT, 0, 0 },
		{ FW, -1, 0, 0 },	    { -1, FW, 0, 0 },	  { CLIENT, SERVER, 0, 0 },
		{ SERVER, FW, 0, 0 },	    { -1, -1, 5002, 0 },  { -1, -1, 0, 6001 },
		{ CLIENT, FW, 5001, 6002 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		inside(who_body, (void *)&list[i]);
}

/* ---- icmp ---- */

/* An echo request; is it answered? */
static bool is_answered(struct rig *rig, int fam)
{
	uint8_t ping[8] = { fam == FAM6 ? 128 : 8, 0, 0, 0, 0, 7, 0, 1 }, buf[256];
	union address peer = lab_address(&rig->lab, CLIENT, SERVER, fam, 0);
	int fd = arrivals_open(&rig->lab, CLIENT, fam, fam == FAM6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	uint16_t sum = sum_fold(sum_of(ping, sizeof(ping), 0));
	int before = rig->n_hits;
	int64_t until = now_ms() + LAB_WAIT_MS;
	bool answered = false;

	if (fam == FAM4) /* for ICMPv6 the kernel does it */
		memcpy(ping + 2, &sum, 2);
	must_equal(sendto(fd, ping, sizeof(ping), 0, &peer.any, address_len(fam)), sizeof(ping));
	while (!answered && rig->n_hits == before) {
		must(now_ms() < until);
		ready_within(fd, POLLIN, 10);
		while (arrivals_next(fd, fam, buf, sizeof(buf)) > 0)
			answered |= buf[0] == (fam == FAM6 ? 129 : 0);
		rig_read(rig);
	}
	close(fd);
	return answered;
}

static void icmp_body(void *arg)
{
	struct rig *rig = rig_new();
	struct fault *fault = rig_fault(rig, "ping", FW, "drop");
	struct lane l;

	(void)arg;
	fault->match = (struct packet_match){ CLIENT, -1, IPPROTO_ICMP, 0, 0, 0 };
	fault->active = false;
	rig_up(rig);
	l = lane_open(rig, CLIENT, SERVER, FAM4, 0, LAB_PORT);
	for (int fam = 0; fam < FAM_COUNT; fam++) {
		rig_switch(rig, 0, false);
		must(is_answered(rig, fam));
		rig_switch(rig, 0, true);
		must(!is_answered(rig, fam));
		must_equal(rig_hits(rig, 0), fam + 1);
		must_equal(rig->hits[fam].packet.protocol,
			   fam == FAM6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
		must_equal(rig->hits[fam].packet.icmp_type, fam == FAM6 ? 128 : 8);
	}
	must(passes(rig, &l)); /* UDP is none of its business */
	lane_close(&l);
	rig_down(rig);
}

static void test_filter_means_icmp_in_both_families(void **state)
{
	(void)state;
	inside(icmp_body, NULL);
}

/* ---- nobody's traffic ---- */

/* A fault that means everything, at the host itself, leaves the host's own loopback alone. */
static void loopback_body(void *arg)
{
	struct rig *rig = rig_new();

	(void)arg;
	rig_fault(rig, "everything", SERVER, "drop");
	rig_up(rig);
	for (int fam = 0; fam < FAM_COUNT; fam++) {
		struct lane out = lane_open(rig, SERVER, CLIENT, fam, 0, LAB_PORT);
		struct lane own = lane_open(rig, SERVER, SERVER, fam, 0, LAB_PORT);
		struct lane in;

		must(passes(rig, &own)); /* its own address is reached through lo */
		own.peer = address_any(fam, LAB_PORT);
		if (fam == FAM6)
			own.peer.in6.sin6_addr = in6addr_loopback;
		else
			own.peer.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		must(passes(rig, &own));
		must_equal(rig_hits(rig, 0), 2 * fam);
		must(!passes(rig, &out));
		lane_close(&own);
		in = lane_open(rig, CLIENT, SERVER, fam, 0, LAB_PORT);
		must(!passes(rig, &in));
		must_equal(rig_hits(rig, 0), 2 * fam + 2);
		lane_close(&in);
		lane_close(&out);
	}
	rig_down(rig);
}

static void test_filter_leaves_loopback_alone(void **state)
{
	(void)state;
	inside(loopback_body, NULL);
}

/* IPv6 multicast is the kernel's own housekeeping, and no fault sees it. */
static void multicast_body(void *arg)
{
	struct rig *rig = rig_new();
	const int *ifindex = rig->lab.topo.links[0].ifindex;
	struct ipv6_mreq join = { .ipv6mr_interface = (unsigned)ifindex[1] };
	struct lane l;

	(void)arg;
	rig_fault(rig, "out", CLIENT, "drop");
	rig_fault(rig, "in", FW, "drop");
	rig_up(rig);
	l = lane_open(rig, CLIENT, FW, FAM6, 0, LAB_PORT);
	must(!passes(rig, &l));
	must_equal(rig_hits(rig, 0), 1);
	must_equal(inet_pton(AF_INET6, "ff05::7", &join.ipv6mr_multiaddr), 1);
	must(setsockopt(l.to, IPPROTO_IPV6, IPV6_JOIN_GROUP, &join, sizeof(join)) == 0);
	must(setsockopt(l.from, IPPROTO_IPV6, IPV6_MULTICAST_IF, &ifindex[0], sizeof(int)) == 0);
	l.peer.in6.sin6_addr = join.ipv6mr_multiaddr;
	must(passes(rig, &l));
	/* joining sent a listener report, too: nothing of it was counted */
	must_equal(rig_hits(rig, 0), 1);
	must_equal(rig_hits(rig, 1), 0);
	lane_close(&l);
	rig_down(rig);
}

static void test_filter_leaves_multicast_alone(void **state)
{
	(void)state;
	inside(multicast_body, NULL);
}

/* ---- many ---- */

static void many_body(void *arg)
{
	enum { N = 100 };
	struct rig *rig = rig_new();
	struct lane l;
	char name[64];

	(void)arg;
	for (int i = 0; i < N; i++) {
		struct fault *fault;

		/* of all sorts, so that the batch is as large as a hundred faults make it */
		snprintf(name, sizeof(name), "fault-%d", i);
		fault = udp_fault(rig, name, i % 3 ? "drop" : "reject admin-prohibited");
		fault->match.dport = (uint16_t)(7000 + i);
		if (i % 4 == 3)
			fault->match =
				(struct packet_match){ SERVER, CLIENT, IPPROTO_TCP,
						       0,      0,      SEG_SYN_ACK | SEG_FIN };
	}
	rig_up(rig);
	for (int i = 0; i < N; i++) {
		if (i % 4 == 3)
			continue;
		l = lane_open(rig, CLIENT, SERVER, i % 2, 0, (uint16_t)(7000 + i));
		must(!passes(rig, &l));
		snprintf(name, sizeof(name), "fault-%d", i);
		must_same(rig->hits[rig->n_hits - 1].fault, name);
		lane_close(&l);
	}
	for (int i = 0; i < N; i++)
		must_equal(rig_hits(rig, i), i % 4 != 3);
	l = lane_open(rig, CLIENT, SERVER, FAM4, 0, 6999);
	must(passes(rig, &l));
	lane_close(&l);
	rig_down(rig);
}

static void test_filter_takes_a_hundred_faults(void **state)
{
	(void)state;
	inside(many_body, NULL);
}

/* The longest name a fault can have, through the kernel and back in its log. */
static void name_body(void *arg)
{
	struct rig *rig = rig_new();
	struct lane l;
	char name[64];

	(void)arg;
	memset(name, 'n', 63);
	name[63] = '\0';
	udp_fault(rig, name, "drop");
	udp_fault(rig, "A_b.c-9", "drop")->match.dport = 7777;
	rig_up(rig);
	l = lane_open(rig, CLIENT, SERVER, FAM4, 0, LAB_PORT);
	must(!passes(rig, &l));
	must_equal(rig->n_hits, 1);
	must_same(rig->hits[0].fault, name);
	must_equal(rig_hits(rig, 0), 1);
	lane_close(&l);
	l = lane_open(rig, CLIENT, SERVER, FAM4, 0, 7777);
	must(!passes(rig, &l));
	must_same(rig->hits[1].fault, "A_b.c-9");
	lane_close(&l);
	rig_down(rig);
}

static void test_filter_takes_any_name(void **state)
{
	(void)state;
	inside(name_body, NULL);
}

/* ---- a second opinion ---- */

static json_int_t nft_packets(const json_t *ruleset, const char *counter)
{
	const json_t *list = json_object_get(ruleset, "nftables");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *c = json_object_get(json_array_get(list, i), "counter");
		const char *name = json_string_value(json_object_get(c, "name"));

		if (name && !strcmp(name, counter))
			return json_integer_value(json_object_get(c, "packets"));
	}
	return -1;
}

static void nft_body(void *arg)
{
	struct rig *rig = rig_new();
	struct fault *fault;
	json_error_t error;
	char *text;
	json_t *ruleset;
	struct lane l;

	(void)arg;
	udp_fault(rig, "udp", "drop");
	fault = rig_segment(rig, "kinds", FW, "reject tcp-reset", SEG_ACK | SEG_DATA | SEG_FIN);
	fault->pick = PICK_FIRST;
	fault->n = 3;
	fault = rig_segment(rig, "off", FW, "reject host-unreachable", SEG_SYN);
	fault->active = false;
	rig_up(rig);
	l = lane_open(rig, CLIENT, SERVER, FAM4, 0, LAB_PORT);
	for (int i = 0; i < 5; i++)
		must(!passes(rig, &l));
	lane_close(&l);
	text = lab_output(&rig->lab, FW, "nft -j list ruleset");
	ruleset = json_loads(text, 0, &error);
	if (!ruleset)
		INSIDE_FAIL("nft printed no JSON: %s", error.text);
	must_equal(nft_packets(ruleset, "udp"), 5);
	must_equal(nft_packets(ruleset, "udp"), rig_hits(rig, 0));
	must_equal(nft_packets(ruleset, "kinds"), 0);
	must_equal(nft_packets(ruleset, "off"), 0);
	json_decref(ruleset);
	free(text);
	/* nothing at the hosts that have no faults, nor in the namespace from which they were made */
	text = lab_output(&rig->lab, CLIENT, "nft list ruleset");
	must_same(text, "");
	free(text);
	text = output_of("nft list ruleset");
	must_same(text, "");
	free(text);
	rig_down(rig);
}

static void test_filter_is_what_nft_lists(void **state)
{
	(void)state;
	if (!has_tool("nft"))
		skip();
	inside(nft_body, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filter_picks_by_an_independent_count),
		cmocka_unit_test(test_filter_switch_is_idempotent_and_keeps_counts),
		cmocka_unit_test(test_filter_of_an_unknown_fault_is_an_error),
		cmocka_unit_test(test_filter_asks_faults_in_file_order),
		cmocka_unit_test(test_filter_disarmed_counts_with_every_fault),
		cmocka_unit_test(test_filter_means_hosts_and_ports),
		cmocka_unit_test(test_filter_means_icmp_in_both_families),
		cmocka_unit_test(test_filter_leaves_loopback_alone),
		cmocka_unit_test(test_filter_leaves_multicast_alone),
		cmocka_unit_test(test_filter_takes_a_hundred_faults),
		cmocka_unit_test(test_filter_takes_any_name),
		cmocka_unit_test(test_filter_is_what_nft_lists),
	};

	return TEST_MAIN("filter pick", tests, NULL, NULL);
}
