// SPDX-License-Identifier: GPL-2.0-or-later
/* Faults against the kernel's own TCP: what it really sends, and what it makes of each refusal. */
#include "tests/kernel/rig.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

/* ---- every reject word ---- */

struct word {
	const char *word;
	int fam;
	uint8_t type, code;
	int code_of_connect; /* errno; ip(7), icmp_err_convert[] in net/ipv4/icmp.c */
};

static const struct word words[] = {
	{ "net-unreachable", FAM4, 3, 0, ENETUNREACH },
	{ "host-unreachable", FAM4, 3, 1, EHOSTUNREACH },
	{ "prot-unreachable", FAM4, 3, 2, ENOPROTOOPT },
	{ "port-unreachable", FAM4, 3, 3, ECONNREFUSED },
	{ "net-prohibited", FAM4, 3, 9, ENETUNREACH },
	{ "host-prohibited", FAM4, 3, 10, EHOSTUNREACH },
	{ "admin-prohibited", FAM4, 3, 13, EHOSTUNREACH },
	{ "no-route", FAM6, 1, 0, ENETUNREACH },
	{ "admin-prohibited", FAM6, 1, 1, EACCES },
	{ "addr-unreachable", FAM6, 1, 3, EHOSTUNREACH },
	{ "port-unreachable", FAM6, 1, 4, ECONNREFUSED },
};

struct word_args {
	const struct word *word;
	int host;
};

/* A frame at the client that is an ICMP error, decoded by hand. */
static bool error_seen(int capture, const struct word *w, uint16_t sport, const uint8_t *from)
{
	size_t ip = w->fam == FAM6 ? 40 : 20, alen = (size_t)topo_addr_len(w->fam);
	uint8_t buf[2048];
	ssize_t n;

	while ((n = recv(capture, buf, sizeof(buf), 0)) > 0) {
		const uint8_t *icmp = buf + ip, *inner = icmp + 8;

		if ((size_t)n < 2 * ip + 12 ||
		    buf[w->fam == FAM6 ? 6 : 9] != (w->fam == FAM6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
			continue;
		must_equal(icmp[0], w->type);
		must_equal(icmp[1], w->code);
		must(!memcmp(buf + (w->fam == FAM6 ? 8 : 12), from, alen));
		must_equal(be16_at(inner + ip), sport);
		must_equal(be16_at(inner + ip + 2), LAB_PORT);
		return true;
	}
	return false;
}

static void word_body(void *arg)
{
	const struct word_args *args = arg;
	const struct word *w = args->word;
	struct sockaddr_ll all = { .sll_family = AF_PACKET,
				   .sll_protocol = htons(w->fam == FAM6 ? ETH_P_IPV6 : ETH_P_IP) };
	struct rig *rig = rig_new();
	const struct topo_addr *from;
	char action[64];
	int capture, fd, listener;

	snprintf(action, sizeof(action), "reject %s", w->word);
	rig_segment(rig, "rejected", args->host, action, SEG_SYN);
	rig_up(rig);
	/* the host that rejects speaks for itself, by the address nearest to the client */
	from = topology_addr(&rig->lab.topo, CLIENT, args->host, w->fam);
	capture = lab_socket(&rig->lab, CLIENT, AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	must(bind(capture, (struct sockaddr *)&all, sizeof(all)) == 0);
	listener = lab_listen(&rig->lab, SERVER, w->fam, LAB_PORT);
	fd = lab_connect(&rig->lab, CLIENT, SERVER, w->fam, LAB_PORT);
	/* may come at the second SYN only, where the first answer finds the socket busy */
	must_equal(connect_result(fd, LAB_WAIT_MS), w->code_of_connect);
	must(error_seen(capture, w, port_of(fd), from->bytes));
	rig_read(rig);
	must(rig->n_hits >= 1 && rig->n_hits <= 2);
	must_equal(rig_hits(rig, 0), rig->n_hits);
	must_equal(rig->hits[0].packet.flags & ~(TCPF_ECE | TCPF_CWR), TCPF_SYN);
	must_equal(rig->hits[0].packet.sport, port_of(fd));
	close(fd);
	close(capture);
	close(listener);
	rig_down(rig);
}

static void test_filter_sends_every_icmp_error(void **state)
{
	struct word_args args[2 * ARRAY_SIZE(words)];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(args); i++)
		args[i] = (struct word_args){ &words[i / 2], i % 2 ? FW : SERVER };
	inside_each(word_body, args, sizeof(args[0]), ARRAY_SIZE(args));
}

/* A word that the other family does not have acts on its own only. */
static void one_family_body(void *arg)
{
	struct rig *rig = rig_new();

	(void)arg;
	rig_segment(rig, "four", FW, "reject net-unreachable", SEG_SYN);
	rig_up(rig);
	for (int fam = FAM_COUNT - 1; fam >= 0; fam--) {
		int listener = lab_listen(&rig->lab, SERVER, fam, LAB_PORT);
		int fd = lab_connect(&rig->lab, CLIENT, SERVER, fam, LAB_PORT);

		must_equal(connect_result(fd, LAB_WAIT_MS), fam == FAM6 ? 0 : ENETUNREACH);
		must_equal(rig_hits(rig, 0) > 0, fam == FAM4);
		close(fd);
		close(listener);
	}
	rig_down(rig);
}

static void test_filter_word_of_one_family_spares_the_other(void **state)
{
	(void)state;
	inside(one_family_body, NULL);
}

/* ---- the kernel's own segments ---- */

static void reset_body(void *arg)
{
	struct rig *rig = rig_new();

	(void)arg;
	rig_segment(rig, "reset", FW, "reject tcp-reset", SEG_SYN);
	rig_up(rig);
	for (int fam = 0; fam < FAM_COUNT; fam++) {
		int listener = lab_listen(&rig->lab, SERVER, fam, LAB_PORT);
		int fd = lab_connect(&rig->lab, CLIENT, SERVER, fam, LAB_PORT);

		must_equal(connect_result(fd, LAB_WAIT_MS), ECONNREFUSED);
		must(!ready_within(listener, POLLIN, 0));
		close(fd);
		close(listener);
	}
	must_equal(rig_hits(rig, 0), 2);
	rig_down(rig);
}

static void test_filter_reset_refuses_a_connection(void **state)
{
	(void)state;
	inside(reset_body, NULL);
}

/* The first SYN is dropped, its repetition connects. */
static void first_syn_body(void *arg)
{
	struct rig *rig = rig_new();
	struct fault *fault = rig_segment(rig, "first-syn", FW, "drop", SEG_SYN);
	int64_t begun;
	int listener, fd;

	(void)arg;
	fault->pick = PICK_NTH;
	fault->n = 1;
	rig_up(rig);
	listener = lab_listen(&rig->lab, SERVER, FAM4, LAB_PORT);
	begun = now_ms();
	fd = lab_connect(&rig->lab, CLIENT, SERVER, FAM4, LAB_PORT);
	must_equal(connect_result(fd, LAB_WAIT_MS), 0);
	/* the kernel's timer is never early */
	must(now_ms() - begun >= 990);
	rig_read(rig);
	must_equal(rig->n_hits, 1);
	must_equal(rig_hits(rig, 0), 1);
	close(fd);
	close(listener);
	rig_down(rig);
}

static void test_filter_nth_lets_the_repetition_through(void **state)
{
	(void)state;
	inside(first_syn_body, NULL);
}

/* ---- counting a whole conversation ---- */

enum { KINDS = 7 };

/* What the capture at fw says of segments that came in from either end. */
struct tally {
	int of[KINDS];
	int bare_with_options;
	int sacks;
	int data_and_fin;
};

/* Kind 5 of the TCP options (RFC 2018): this ACK tells of a hole. */
static bool has_sack(const uint8_t *tcp, size_t n)
{
	size_t len = (size_t)(tcp[12] >> 4) * 4;

	for (size_t i = 20; i < len && i < n && tcp[i]; i += tcp[i] == 1 ? 1 : tcp[i + 1]) {
		if (tcp[i] == 5)
			return true;
	}
	return false;
}

static void tally_frame(struct tally *t, const uint8_t *buf, size_t n, int fam)
{
	size_t ip = fam == FAM6 ? 40 : 20, header;
	const uint8_t *tcp = buf + ip;
	uint8_t flags;
	bool payload, kinds[KINDS];

	if (buf[fam == FAM6 ? 6 : 9] != IPPROTO_TCP)
		return;
	must(n >= ip + 20);
	header = (size_t)(tcp[12] >> 4) * 4;
	payload = n > ip + header;
	flags = tcp[13] & 0x3f;
	kinds[0] = (flags & 0x12) == 0x02;
	kinds[1] = (flags & 0x12) == 0x12;
	kinds[2] = flags == 0x10 && !payload;
	kinds[3] = payload && !(flags & 0x06);
	kinds[4] = flags & 0x01;
	kinds[5] = flags & 0x04;
	kinds[6] = true;
	for (int i = 0; i < KINDS; i++)
		t->of[i] += kinds[i];
	t->bare_with_options += kinds[2] && header > 20;
	t->sacks += has_sack(tcp, n - ip);
	t->data_and_fin += kinds[3] && kinds[4];
}

static void tally_read(struct tally *t, int capture, int fam)
{
	struct sockaddr_ll from;
	socklen_t len = sizeof(from);
	uint8_t buf[2048];
	ssize_t n;

	while ((n = recvfrom(capture, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len)) > 0) {
		if (from.sll_pkttype == PACKET_HOST)
			tally_frame(t, buf, (size_t)n, fam);
	}
}

/* Bytes that have yet to be sent for the first time. */
static int unsent(int fd)
{
	int n = 0;

	must(ioctl(fd, SIOCOUTQNSD, &n) == 0);
	return n;
}

/* Data one way until its reader has seen the end; the last of it carries the FIN. */
static void talk(const struct pair *p, struct tally *t, int capture, int fam)
{
	static char buf[4096];
	int on = 1, left = 400000;
	bool eof = false;

	must(setsockopt(p->client, IPPROTO_TCP, TCP_CORK, &on, sizeof(on)) == 0);
	while (!eof) {
		struct pollfd fds[] = { { .fd = p->client, .events = left ? POLLOUT : 0 },
					{ .fd = p->server, .events = POLLIN } };
		ssize_t n;

		must(poll(fds, 2, 20000) > 0);
		if (fds[0].revents & POLLOUT) {
			n = send(p->client, buf, left < 4096 ? (size_t)left : 4096, MSG_DONTWAIT);
			must(n > 0);
			left -= (int)n;
			/* the corked rest goes out together with the FIN; were it a full segment, it would be gone */
			if (!left && !unsent(p->client))
				must_equal(send(p->client, buf, 1, MSG_DONTWAIT), 1);
			if (!left)
				must(shutdown(p->client, SHUT_WR) == 0);
		}
		if (fds[1].revents & POLLIN) {
			n = recv(p->server, buf, sizeof(buf), MSG_DONTWAIT);
			must(n >= 0);
			eof = n == 0;
		}
		tally_read(t, capture, fam);
	}
}

struct conversation {
	int fam;
	bool timestamps;
};

/*
 * A connection from its SYN to its end, with losses in between, so that ACKs have all the options they
 * can have. One disarmed fault for each kind of segment counts; so does a capture, by itself.
 */
static void conversation_body(void *arg)
{
	static const char *const names[KINDS] = { "syn", "syn-ack", "ack", "data",
						  "fin", "rst",	    "any" };
	const struct conversation *c = arg;
	struct sockaddr_ll all = { .sll_family = AF_PACKET,
				   .sll_protocol = htons(c->fam == FAM6 ? ETH_P_IPV6 : ETH_P_IP) };
	struct rig *rig = rig_new();
	struct linger abortive = { .l_onoff = 1 };
	struct tally t = { 0 };
	struct fault *loss;
	int capture, size = 1 << 22;
	struct pair p;

	for (int i = 0; i < KINDS; i++)
		rig_fault(rig, names[i], FW, "drop")->match =
			(struct packet_match){ -1, -1, IPPROTO_TCP,
					       0,  0,  segment_from_name(names[i]) };
	loss = rig_segment(rig, "loss", SERVER, "drop", SEG_DATA);
	loss->pick = PICK_EVERY;
	loss->n = 9;
	topo_sysctl(&rig->lab.topo, CLIENT, "net.ipv4.tcp_timestamps", c->timestamps ? "1" : "0");
	lab_build(&rig->lab);
	/* fw counts and lets pass, server really drops */
	must_equal(filter_create(rig->lab.net, &rig->lab.topo, FW, rig->faults, rig->n,
				 &(struct filter_options){ .disarmed = true }, &rig->filters[FW],
				 NULL),
		   0);
	must_equal(filter_create(rig->lab.net, &rig->lab.topo, SERVER, rig->faults, rig->n,
				 &(struct filter_options){ 0 }, &rig->filters[SERVER], NULL),
		   0);
	capture = lab_socket(&rig->lab, FW, AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	must(setsockopt(capture, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) == 0);
	must(bind(capture, (struct sockaddr *)&all, sizeof(all)) == 0);
	p = lab_pair(&rig->lab, c->fam);
	talk(&p, &t, capture, c->fam);
	/* and a RST to end with */
	must(setsockopt(p.server, SOL_SOCKET, SO_LINGER, &abortive, sizeof(abortive)) == 0);
	close_fd(&p.server);
	must(ready_within(p.client, POLLHUP, LAB_WAIT_MS));
	tally_read(&t, capture, c->fam);
	for (int i = 0; i < KINDS; i++) {
		if (rig_hits(rig, i) != (uint64_t)t.of[i])
			INSIDE_FAIL("%s: counted %llu, captured %d", names[i],
				    (unsigned long long)rig_hits(rig, i), t.of[i]);
		must(t.of[i] > 0); /* each kind was there, or this has shown nothing */
	}
	if (t.of[2] <= 20 || t.sacks <= 5 || !t.data_and_fin)
		INSIDE_FAIL("too little to go by: %d ACKs, %d with SACK, %d data with FIN", t.of[2],
			    t.sacks, t.data_and_fin);
	must_equal(c->timestamps, t.bare_with_options == t.of[2]);
	must(rig_hits(rig, KINDS) > 5);
	pair_close(&p);
	close(capture);
	rig_down(rig);
}

static void test_filter_counts_a_conversation_as_a_capture_does(void **state)
{
	static const struct conversation list[] = {
		{ FAM4, false }, { FAM6, false }, { FAM4, true }, { FAM6, true }
	};

	(void)state;
	inside_each(conversation_body, list, sizeof(list[0]), ARRAY_SIZE(list));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filter_sends_every_icmp_error),
		cmocka_unit_test(test_filter_word_of_one_family_spares_the_other),
		cmocka_unit_test(test_filter_reset_refuses_a_connection),
		cmocka_unit_test(test_filter_nth_lets_the_repetition_through),
		cmocka_unit_test(test_filter_counts_a_conversation_as_a_capture_does),
	};

	return TEST_MAIN("filter real", tests, NULL, NULL);
}
