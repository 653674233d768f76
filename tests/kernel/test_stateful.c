// SPDX-License-Identifier: GPL-2.0-or-later
/* The stateful firewall and address translation in the kernel: packets, sysctls, entries. */
#include "tests/kernel/rig.h"

#include "impair/nat.h"
#include "impair/stateful.h"
#include "lab/observe/conntrack.h"

enum { SYN = 2, ACK = 16 };

static struct stateful *stateful_new(struct fault *fault)
{
	fault->stateful = topo_need(calloc(1, sizeof(*fault->stateful)));
	fault->stateful->loose = fault->stateful->liberal = -1;
	return fault->stateful;
}

static void stateful_rig_down(struct rig *rig)
{
	for (int i = 0; i < rig->n; i++)
		free(rig->faults[i].stateful);
	rig_down(rig);
}

/* ---- sysctls: what is asked for, at that host and at no other ---- */

static long sysctl_at(struct rig *rig, int host, const char *key)
{
	char command[160], *text;
	long value;

	snprintf(command, sizeof(command), "cat /proc/sys/%s", key);
	for (char *c = command; *c; c++) {
		if (*c == '.')
			*c = '/';
	}
	text = lab_output(&rig->lab, host, command);
	value = strtol(text, NULL, 10);
	free(text);
	return value;
}

static void sysctl_body(void *arg)
{
	struct rig *rig = rig_new();
	struct stateful *s = stateful_new(rig_fault(rig, "wall1", FW, "drop"));
	struct stateful *t = stateful_new(rig_fault(rig, "other", SERVER, "drop"));

	(void)arg;
	for (int i = 0; i < STATEFUL_TIMEOUTS; i++)
		s->timeout_s[i] = 100 + i;
	s->loose = 0;
	s->liberal = 1;
	t->loose = 1;
	rig_up(rig);
	for (int i = 0; i < STATEFUL_TIMEOUTS; i++) {
		const struct stateful_timeout *row = stateful_timeout_at(i);

		must_equal(sysctl_at(rig, FW, row->key), 100 + i);
		if (row->also)
			must_equal(sysctl_at(rig, FW, row->also), 100 + i);
		must(sysctl_at(rig, SERVER, row->key) != 100 + i);
	}
	must_equal(sysctl_at(rig, FW, "net.netfilter.nf_conntrack_tcp_loose"), 0);
	must_equal(sysctl_at(rig, FW, "net.netfilter.nf_conntrack_tcp_be_liberal"), 1);
	must_equal(sysctl_at(rig, SERVER, "net.netfilter.nf_conntrack_tcp_loose"), 1);
	must_equal(sysctl_at(rig, SERVER, "net.netfilter.nf_conntrack_tcp_be_liberal"), 0);
	stateful_rig_down(rig);
}

static void test_stateful_writes_the_sysctls_of_its_host(void **state)
{
	(void)state;
	inside(sysctl_body, NULL);
}

/* ---- segments ---- */

/* Send one segment, and say whether it came through to the server or was hit. */
static bool segment_passes(struct rig *rig, int raw, int arrivals, const struct segment_spec *s)
{
	int before = rig->n_hits;
	int64_t until = now_ms() + LAB_WAIT_MS;
	uint8_t buf[2048];

	segment_send(&rig->lab, raw, s);
	for (;;) {
		rig_read(rig);
		while (arrivals_next(arrivals, s->fam, buf, sizeof(buf)) >= 20) {
			if (be16_at(buf) == s->sport)
				return true;
		}
		if (rig->n_hits > before)
			return false;
		if (now_ms() > until)
			INSIDE_FAIL("a segment neither arrived nor was hit");
		ready_within(arrivals, POLLIN, 10);
	}
}

/* In the middle of nothing: passes only where connections may be picked up there. */
static void segments_body(void *arg)
{
	bool loose = *(const bool *)arg;
	struct rig *rig = rig_new();
	struct stateful *s = stateful_new(rig_fault(rig, "wall1", FW, "drop"));

	s->loose = loose;
	rig_up(rig);
	for (int fam = 0; fam < FAM_COUNT; fam++) {
		int raw = segment_socket(&rig->lab, fam);
		int arrivals = arrivals_open(&rig->lab, SERVER, fam, IPPROTO_TCP);
		struct segment_spec syn = { fam, 4001, 9, SYN, 0, 0, 1000, 0 };
		struct segment_spec ack = { fam, 4002, 9, ACK, 0, 10, 1000, 1000 };
		struct segment_spec syn_ack = { fam, 4003, 9, SYN | ACK, 0, 0, 1000, 1000 };

		must(segment_passes(rig, raw, arrivals, &syn));
		must_equal(segment_passes(rig, raw, arrivals, &ack), loose);
		/* nothing begins with a SYN-ACK */
		must(!segment_passes(rig, raw, arrivals, &syn_ack));
		close(raw);
		close(arrivals);
	}
	must_equal(rig_hits(rig, 0), loose ? 2 : 4);
	must_equal(rig->n_hits, loose ? 2 : 4);
	stateful_rig_down(rig);
}

static void test_stateful_judges_segments(void **state)
{
	static const bool loose[] = { false, true };

	(void)state;
	inside_each(segments_body, loose, sizeof(*loose), 2);
}

/* Switched off, all pass; on again, it counts on. A host's own loopback is never asked about. */
static void switch_body(void *arg)
{
	struct rig *rig = rig_new();
	struct segment_spec ack = { FAM4, 4002, 9, ACK, 0, 0, 1, 1 };
	int raw, arrivals, door, conn;
	union address lo;

	(void)arg;
	stateful_new(rig_fault(rig, "wall1", FW, "drop"));
	rig_up(rig);
	raw = segment_socket(&rig->lab, FAM4);
	arrivals = arrivals_open(&rig->lab, SERVER, FAM4, IPPROTO_TCP);
	must(!segment_passes(rig, raw, arrivals, &ack));
	rig_switch(rig, 0, false);
	must(segment_passes(rig, raw, arrivals, &ack));
	rig_switch(rig, 0, true);
	must(!segment_passes(rig, raw, arrivals, &ack));
	must_equal(rig_hits(rig, 0), 2);
	door = lab_listen(&rig->lab, FW, FAM4, 7070);
	conn = lab_socket(&rig->lab, FW, AF_INET, SOCK_STREAM, 0);
	lo = address_any(FAM4, 7070);
	lo.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(connect(conn, &lo.any, address_len(FAM4)) == 0);
	must_equal(rig_hits(rig, 0), 2);
	close(raw);
	close(arrivals);
	close(door);
	close(conn);
	stateful_rig_down(rig);
}

static void test_stateful_switches_and_leaves_loopback_alone(void **state)
{
	(void)state;
	inside(switch_body, NULL);
}

/* ---- entries ---- */

struct entries {
	struct ct_entry list[64];
	int n;
};

static void entry_keep(void *arg, const struct ct_entry *entry)
{
	struct entries *entries = arg;

	must(entries->n < 64);
	entries->list[entries->n++] = *entry;
}

static struct entries entries_of(struct conntrack *ct)
{
	struct entries entries = { 0 };
	struct lab_err err = { 0 };

	must_work(conntrack_dump(ct, entry_keep, &entries, &err), &err);
	return entries;
}

/* A connection is what the kernel's own file says it is, and is gone when it was forgotten. */
static void entries_body(void *arg)
{
	struct rig *rig = rig_new();
	struct conntrack *ct = NULL;
	struct lab_err err = { 0 };

	(void)arg;
	stateful_new(rig_fault(rig, "wall1", FW, "drop"))->timeout_s[2] = 500;
	rig_up(rig);
	must_work(conntrack_open(rig->lab.net, FW, &ct, &err), &err);
	must_equal(entries_of(ct).n, 0);
	for (int fam = 0; fam < FAM_COUNT; fam++) {
		struct pair pair = lab_pair(&rig->lab, fam);
		struct entries entries = entries_of(ct);
		const struct ct_entry *e = &entries.list[0];
		struct ct_entry found;
		char *text, sport[32];

		must_equal(entries.n, 1);
		must_equal(e->protocol, IPPROTO_TCP);
		must_equal(e->orig.af, topo_af(fam));
		must_equal(topology_owner(&rig->lab.topo, fam, e->orig.src), CLIENT);
		must_equal(topology_owner(&rig->lab.topo, fam, e->orig.dst), SERVER);
		must_equal(e->orig.dport, LAB_PORT);
		must_equal(e->reply.sport, LAB_PORT);
		must_equal(e->reply.dport, e->orig.sport);
		must_same(ct_state_name(e->tcp_state), "ESTABLISHED");
		must(e->left_s > 490 && e->left_s <= 500);
		must_equal(conntrack_find(ct, &e->orig, &found, &err), 1);
		must_equal(found.reply.dport, e->reply.dport);
		/* it is found from the other side, too, and says which was first */
		must_equal(conntrack_find(ct, &e->reply, &found, &err), 1);
		must_equal(found.orig.sport, e->orig.sport);
		text = lab_output(&rig->lab, FW, "cat /proc/net/nf_conntrack 2>/dev/null || true");
		snprintf(sport, sizeof(sport), "sport=%u ", e->orig.sport);
		if (*text)
			must(strstr(text, sport) && strstr(text, "ESTABLISHED"));
		free(text);
		must_work(conntrack_flush(ct, &err), &err);
		must_equal(entries_of(ct).n, 0);
		must_equal(conntrack_find(ct, &e->orig, &found, &err), 0);
		pair_close(&pair);
	}
	conntrack_close(ct);
	stateful_rig_down(rig);
}

static void test_conntrack_lists_finds_and_forgets(void **state)
{
	(void)state;
	inside(entries_body, NULL);
}

/* ---- address translation ---- */

/* A datagram to a port of fw's comes out at the server, and its answer comes back as from fw. */
static void nat_body(void *arg)
{
	bool masquerade = *(const bool *)arg;
	struct nat_forward forward = { 53, SERVER, LAB_PORT };
	struct nat nat = { FW, masquerade, false, &forward, 1 };
	struct lab lab = { 0 };
	struct lab_err err = { 0 };

	rig_one_cpu();
	lab_default(&lab);
	must_work(nat_create(lab.net, &lab.topo, &nat, 3, &err), &err);
	for (int fam = 0; fam < FAM_COUNT; fam++) {
		int from = lab_bound(&lab, CLIENT, fam, SOCK_DGRAM, 4711);
		int at = lab_bound(&lab, SERVER, fam, SOCK_DGRAM, LAB_PORT);
		union address fw = lab_address(&lab, CLIENT, FW, fam, 53), seen, back;
		socklen_t len = sizeof(seen);
		char text[16] = { 0 };
		int owner;

		must(sendto(from, "ask", 3, 0, &fw.any, address_len(fam)) == 3);
		must(ready_within(at, POLLIN, LAB_WAIT_MS));
		must_equal(recvfrom(at, text, sizeof(text), 0, &seen.any, &len), 3);
		owner = topology_owner(&lab.topo, fam,
				       fam == FAM6 ? (void *)&seen.in6.sin6_addr :
						     (void *)&seen.in.sin_addr);
		must_equal(owner, masquerade ? FW : CLIENT);
		must(sendto(at, "answer", 6, 0, &seen.any, len) == 6);
		must(ready_within(from, POLLIN, LAB_WAIT_MS));
		len = sizeof(back);
		must_equal(recvfrom(from, text, sizeof(text), 0, &back.any, &len), 6);
		owner = topology_owner(&lab.topo, fam,
				       fam == FAM6 ? (void *)&back.in6.sin6_addr :
						     (void *)&back.in.sin_addr);
		must_equal(owner, FW);
		close(from);
		close(at);
	}
	lab_down(&lab);
}

static void test_nat_forwards_datagrams_both_ways(void **state)
{
	static const bool masquerade[] = { false, true };

	(void)state;
	inside_each(nat_body, masquerade, sizeof(*masquerade), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stateful_writes_the_sysctls_of_its_host),
		cmocka_unit_test(test_stateful_judges_segments),
		cmocka_unit_test(test_stateful_switches_and_leaves_loopback_alone),
		cmocka_unit_test(test_conntrack_lists_finds_and_forgets),
		cmocka_unit_test(test_nat_forwards_datagrams_both_ways),
	};

	return TEST_MAIN("stateful", tests, NULL, NULL);
}
