// SPDX-License-Identifier: GPL-2.0-or-later
/* Networks, built: do packets get through, from the first one on, and is nothing else sent? */
#include "tests/kernel/lab.h"

#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/stat.h>

#include "lab/event/packet.h"

enum { ROUNDS_AT_ONCE = 50, MANY = 30 };

/* ---- everybody reaches everybody ---- */

/* One datagram, sent once; it has to be there. */
static void must_hear(const struct lab *lab, int from, int to, int fam, int receiver)
{
	union address peer = lab_address(lab, from, to, fam, LAB_PORT), sender;
	int fd = lab_socket(lab, from, topo_af(fam), SOCK_DGRAM, 0);
	socklen_t len = sizeof(sender);
	char word[32], got[32] = "";

	snprintf(word, sizeof(word), "%d to %d over %d", from, to, fam);
	must_equal(sendto(fd, word, strlen(word), 0, &peer.any, address_len(fam)), strlen(word));
	if (!ready_within(receiver, POLLIN, LAB_WAIT_MS))
		INSIDE_FAIL("lost: from %s to %s, family %d", lab->topo.hosts[from].name,
			    lab->topo.hosts[to].name, topo_af(fam));
	must(recvfrom(receiver, got, sizeof(got) - 1, 0, &sender.any, &len) > 0);
	must_same(got, word);
	/* the answer finds back to the address from which the question came */
	must_equal(sendto(receiver, got, strlen(got), 0, &sender.any, len), strlen(got));
	if (!ready_within(fd, POLLIN, LAB_WAIT_MS))
		INSIDE_FAIL("no answer from %s to %s, family %d", lab->topo.hosts[to].name,
			    lab->topo.hosts[from].name, topo_af(fam));
	must_equal(recv(fd, got, sizeof(got), 0), strlen(word));
	close(fd);
}

static void all_hear_all(const struct lab *lab)
{
	for (int i = 0; i < 2 * lab->topo.n_hosts; i++) {
		int to = i / 2, fam = i % 2;
		int receiver = lab_bound(lab, to, fam, SOCK_DGRAM, LAB_PORT);

		for (int from = 0; from < lab->topo.n_hosts; from++) {
			if (from != to)
				must_hear(lab, from, to, fam, receiver);
		}
		close(receiver);
	}
}

/* Whatever is not IP, or is neighbour discovery: a lab has no need of it. */
struct witness {
	int *fds;
	int n;
};

static struct witness witness_open(const struct lab *lab)
{
	struct witness w = { .n = lab->topo.n_hosts };

	w.fds = topo_need(calloc((size_t)w.n, sizeof(*w.fds)));
	for (int h = 0; h < w.n; h++) {
		struct sockaddr_ll all = { .sll_family = AF_PACKET,
					   .sll_protocol = htons(ETH_P_ALL) };

		w.fds[h] = lab_socket(lab, h, AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		must(bind(w.fds[h], (struct sockaddr *)&all, sizeof(all)) == 0);
	}
	return w;
}

/* Neighbour solicitation and advertisement, RFC 4861. */
static bool is_discovery(const uint8_t *buf, size_t n)
{
	struct packet p;

	return packet_decode(buf, n, n, &p) == 0 && p.protocol == IPPROTO_ICMPV6 &&
	       (p.icmp_type == 135 || p.icmp_type == 136);
}

/* Returns how many frames there were: a witness that saw nothing proves nothing. */
static int witness_close(struct witness *w)
{
	int seen = 0;

	for (int h = 0; h < w->n; h++) {
		for (;;) {
			struct sockaddr_ll from;
			socklen_t len = sizeof(from);
			uint8_t buf[2048];
			ssize_t n = recvfrom(w->fds[h], buf, sizeof(buf), 0,
					     (struct sockaddr *)&from, &len);

			if (n < 0)
				break;
			seen++;
			if (ntohs(from.sll_protocol) == ETH_P_ARP)
				INSIDE_FAIL("ARP at host %d", h);
			if (is_discovery(buf, (size_t)n))
				INSIDE_FAIL("neighbour discovery at host %d", h);
		}
		close(w->fds[h]);
	}
	free(w->fds);
	return seen;
}

struct shape {
	const char *hosts, *links;
};

static void shape_body(void *arg)
{
	const struct shape *shape = arg;
	struct lab lab;
	struct witness witness;

	lab_up(&lab, shape->hosts, shape->links);
	witness = witness_open(&lab);
	all_hear_all(&lab);
	must(witness_close(&witness) >= 4);
	lab_down(&lab);
}

static void test_network_default_reaches_all(void **state)
{
	(void)state;
	inside(shape_body, &(struct shape){ "client fw server", "client-fw fw-server" });
}

static void test_network_chain_reaches_all(void **state)
{
	(void)state;
	inside(shape_body, &(struct shape){ "a r1 r2 r3 r4 b", "a-r1 r1-r2 r2-r3 r3-r4 r4-b" });
}

static void test_network_ring_reaches_all(void **state)
{
	(void)state;
	inside(shape_body, &(struct shape){ "a b c d e", "a-b b-c c-d d-e e-a" });
}

static void test_network_multihomed_host_reaches_all(void **state)
{
	(void)state;
	inside(shape_body, &(struct shape){ "h l r s", "h-l h-r l-s r-s" });
}

static void test_network_parallel_links_reach_all(void **state)
{
	(void)state;
	inside(shape_body, &(struct shape){ "a b c", "a-b b-a a-b b-c" });
}

static void many_body(void *arg)
{
	char hosts[MANY * 8] = "hub", links[MANY * 16] = "", word[24];
	struct lab lab;

	(void)arg;
	for (int i = 1; i < MANY; i++) {
		snprintf(word, sizeof(word), " h%d", i);
		strcat(hosts, word);
		snprintf(word, sizeof(word), "hub-h%d ", i);
		strcat(links, word);
	}
	lab_up(&lab, hosts, links);
	all_hear_all(&lab);
	lab_down(&lab);
}

static void test_network_of_thirty_hosts_reaches_all(void **state)
{
	(void)state;
	inside(many_body, NULL);
}

/* ---- the first packet ---- */

/* Nothing between building and sending but what sending takes; each wire's ends in turn. */
static bool first_packet_arrives(int round)
{
	int fam = round % 2, from = round & 2 ? CLIENT : SERVER, to = CLIENT + SERVER - from;
	int fd, receiver;
	union address peer;
	struct lab lab;
	bool arrived;
	char c = 'x';

	lab_default(&lab);
	peer = lab_address(&lab, from, to, fam, LAB_PORT);
	fd = lab_socket(&lab, from, topo_af(fam), SOCK_DGRAM, 0);
	receiver = lab_bound(&lab, to, fam, SOCK_DGRAM, LAB_PORT);
	must_equal(sendto(fd, &c, 1, 0, &peer.any, address_len(fam)), 1);
	arrived = ready_within(receiver, POLLIN, 1000);
	close(receiver);
	close(fd);
	lab_down(&lab);
	return arrived;
}

static void first_packet_body(void *arg)
{
	int lost = 0;

	(void)arg;
	for (int round = 0; round < ROUNDS_AT_ONCE; round++)
		lost += !first_packet_arrives(round);
	must_equal(lost, 0);
}

/*
 * The kernel may throw away what the first end of a veth pair sends, for as long as its link watch
 * has not looked at the second one. A lab whose first SYN is lost now and then is of no use.
 */
static void test_network_loses_no_first_packet(void **state)
{
	(void)state;
	inside(first_packet_body, NULL);
}

/* ---- TCP ---- */

static void bulk(const struct pair *p)
{
	enum { TOTAL = 3 << 20 };
	static char out[65536], in[65536];
	int64_t sent = 0, got = 0;

	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 31 >> 3);
	while (got < TOTAL) {
		struct pollfd fds[] = { { .fd = p->client, .events = sent < TOTAL ? POLLOUT : 0 },
					{ .fd = p->server, .events = POLLIN } };
		ssize_t n;

		must(poll(fds, 2, LAB_WAIT_MS) > 0);
		if (fds[0].revents & POLLOUT) {
			size_t at = (size_t)sent % sizeof(out);

			n = send(p->client, out + at, sizeof(out) - at, MSG_DONTWAIT);
			must(n > 0);
			sent += n;
		}
		if (fds[1].revents & POLLIN) {
			n = recv(p->server, in, sizeof(in), MSG_DONTWAIT);
			must(n > 0);
			for (ssize_t i = 0; i < n; i++)
				must_equal(in[i], out[(size_t)(got + i) % sizeof(out)]);
			got += n;
		}
	}
}

/* A segment is a segment: with offloads off no captured frame is larger than the wire takes. */
static void must_be_small(int capture)
{
	size_t largest = 0;
	uint8_t byte;
	ssize_t n;

	while ((n = recv(capture, &byte, 1, MSG_TRUNC)) >= 0)
		largest = (size_t)n > largest ? (size_t)n : largest;
	must_equal(largest, 1500);
}

static void bulk_body(void *arg)
{
	struct sockaddr_ll all = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };

	(void)arg;
	for (int fam = 0; fam < FAM_COUNT; fam++) {
		int captures[2];
		struct lab lab;
		struct pair p;

		lab_default(&lab);
		p = lab_pair(&lab, fam);
		for (int i = 0; i < 2; i++) {
			captures[i] = lab_socket(&lab, i ? SERVER : CLIENT, AF_PACKET,
						 SOCK_DGRAM | SOCK_NONBLOCK, 0);
			must(bind(captures[i], (struct sockaddr *)&all, sizeof(all)) == 0);
		}
		bulk(&p);
		for (int i = 0; i < 2; i++) {
			must_be_small(captures[i]);
			close(captures[i]);
		}
		pair_close(&p);
		lab_down(&lab);
	}
}

static void test_network_carries_a_stream_unharmed(void **state)
{
	(void)state;
	inside(bulk_body, NULL);
}

/* ---- what is left behind ---- */

static int fds_open(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void freed_body(void *arg)
{
	_cleanup_free_ char *before = output_of("ip -o link"), *after = NULL;
	struct stat home, now;
	int fds;

	(void)arg;
	must(stat("/proc/self/ns/net", &home) == 0);
	for (int round = 0; round < 3; round++) {
		struct lab lab;

		lab_default(&lab);
		must(stat("/proc/self/ns/net", &now) == 0);
		must_equal(now.st_ino, home.st_ino);
		lab_down(&lab);
		if (!round)
			fds = fds_open(); /* libraries may open something once */
	}
	must_equal(fds_open(), fds);
	after = output_of("ip -o link");
	must_same(after, before);
}

static void test_network_free_leaves_nothing(void **state)
{
	(void)state;
	if (!has_tool("ip"))
		skip();
	inside(freed_body, NULL);
}

/* A build that fails half-way leaves nothing either. */
static void failed_body(void *arg)
{
	_cleanup_free_ char *before = output_of("ip -o link"), *after = NULL;
	int fds = 0;

	(void)arg;
	for (int round = 0; round < 3; round++) {
		struct topology topo;
		struct network *net = NULL;
		struct lab_err err = { 0 };

		topo_make(&topo, "a b c", "a-b b-c");
		topo_sysctl(&topo, 2, "net.ipv4.tcp_fin_timeout", "no number");
		must_equal(topology_complete(&topo, NULL, NULL, NULL), 0);
		must_equal(network_build(&topo, NULL, &net, &err), -EINVAL);
		must(!net);
		must(strstr(err.msg, "tcp_fin_timeout"));
		must(strstr(err.msg, "host c"));
		must(strstr(err.msg, "no number"));
		topology_free(&topo);
		if (!round)
			fds = fds_open();
	}
	must_equal(fds_open(), fds);
	after = output_of("ip -o link");
	must_same(after, before);
}

static void test_network_build_that_fails_leaves_nothing(void **state)
{
	(void)state;
	if (!has_tool("ip"))
		skip();
	inside(failed_body, NULL);
}

static void outside_body(void *arg)
{
	struct lab lab;

	(void)arg;
	lab_default(&lab);
	all_hear_all(&lab);
	lab_down(&lab);
}

/* What this machine has is as it was: its interfaces, routes, forwarding, and its /etc/hosts. */
static void test_network_changes_nothing_outside(void **state)
{
	static const char look[] =
		"ip -o link | sed 's/ \\(qlen\\|state\\) [^ ]*//g'; ip -o addr | sed 's/valid_lft.*//';"
		"ip route; ip -6 route; cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/tcp_retries2;"
		"cat /proc/sys/net/ipv4/tcp_child_ehash_entries 2>/dev/null; cat /etc/hosts /proc/mounts";
	char *before, *after;

	(void)state;
	if (!has_tool("ip") || inside_refused())
		skip();
	before = output_of(look);
	inside(outside_body, NULL);
	after = output_of(look);
	assert_string_equal(before, after);
	free(before);
	free(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_network_default_reaches_all),
		cmocka_unit_test(test_network_chain_reaches_all),
		cmocka_unit_test(test_network_ring_reaches_all),
		cmocka_unit_test(test_network_multihomed_host_reaches_all),
		cmocka_unit_test(test_network_parallel_links_reach_all),
		cmocka_unit_test(test_network_of_thirty_hosts_reaches_all),
		cmocka_unit_test(test_network_loses_no_first_packet),
		cmocka_unit_test(test_network_carries_a_stream_unharmed),
		cmocka_unit_test(test_network_free_leaves_nothing),
		cmocka_unit_test(test_network_build_that_fails_leaves_nothing),
		cmocka_unit_test(test_network_changes_nothing_outside),
	};

	return TEST_MAIN("network", tests, NULL, NULL);
}
