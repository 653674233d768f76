// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A property: whatever faults there are, and whatever passes, each packet meets the fate that the words of
 * the scenario format give it.
 *
 * Raw sockets of client and server send thousands of packets of all sorts to each other. A capture at fw
 * says which came there, and in which order. A classifier that is written here, from the format's
 * description and without the product's code, says for each what has to become of it. That is compared,
 * packet by packet, with the hit log, with the counters, and with what arrived at either end. The only thing that is
 * taken from the product is chance_decide(), whose value is part of the contract.
 *
 * Faults without a queue get packets as fast as they can be sent. Where packets take the way through
 * user space, one is sent at a time, or their order behind it would be nobody's promise.
 *
 * NSLAB_TEST_SEED=N repeats a run.
 */
#include "tests/kernel/rig.h"

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <sys/random.h>

enum {
	PACKETS = 1500,
	DRAWN = 8,
	CONNECTIONS = 256,
	AT_ONCE = 16,
	FIN_ = 1,
	SYN_ = 2,
	RST_ = 4,
	ACK_ = 16,
};

/* an original, a RST that the firewall made of it, an ICMP error about it */
enum what { ORIGINAL, FORGED, ERROR, WHATS };

/* A packet, read by this file's own eyes. */
struct seen {
	int fam, from, to, protocol;
	uint16_t sport, dport;
	uint8_t flags;
	uint32_t payload, index, seq;
	enum what what;
	int code; /* of an ICMP error */
};

struct key {
	uint32_t index;
	enum what what;
};

struct keys {
	struct key list[4 * PACKETS];
	int n;
};

struct hit_key {
	int fault;
	struct key key;
};

struct conn {
	int fam, protocol;
	int host[2];
	uint16_t port[2];
	bool has_isn;
	uint32_t isn, n;
};

/* What the classifier remembers of a fault. */
struct memory {
	uint32_t n;
	struct conn conns[CONNECTIONS];
	int n_conns;
	struct seen held[PACKETS];
	int n_held;
	uint64_t hits;
};

struct run {
	struct rig *rig;
	bool queues, copies; /* are there faults that use queues; that send copies */
	uint32_t random;
	int raw[2][FAM_COUNT]; /* by sender: client, server */
	int tap[3];	       /* captures by host */
	struct memory memory[DRAWN];
	struct hit_key want_hits[4 * PACKETS], got_hits[4 * PACKETS];
	int n_want_hits, n_got_hits;
	struct keys want[3], got[3]; /* arrivals by host */
	int codes[PACKETS + 1];
};

struct setting {
	uint32_t seed;
	bool queues;
};

static uint32_t draw(struct run *run, uint32_t below)
{
	run->random = run->random * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)run->random * below >> 32);
}

/* ---- reading packets ---- */

static uint32_t be32_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int host_of(const struct run *run, int fam, const uint8_t *addr)
{
	const struct topology *topo = &run->rig->lab.topo;
	size_t len = fam == FAM6 ? 16 : 4;

	if (!memcmp(addr, topo->links[0].addr[0][fam].bytes, len))
		return CLIENT;
	return memcmp(addr, topo->links[1].addr[1][fam].bytes, len) ? FW : SERVER;
}

/*
 * Packets carry their number: in TCP's sequence and acknowledgement numbers, so that a RST made of one
 * (RFC 9293, 3.10.7.1) tells whose it is; behind the header in UDP and ICMP.
 */
static void read_tcp(const uint8_t *p, size_t len, struct seen *s)
{
	uint32_t seq = be32_at(p + 4), ack = be32_at(p + 8);

	s->sport = be16_at(p);
	s->dport = be16_at(p + 2);
	s->flags = p[13];
	s->payload = (uint32_t)len - (uint32_t)(p[12] >> 4) * 4;
	s->seq = seq;
	s->what = seq >> 31 || !seq ? FORGED : ORIGINAL;
	s->index = seq >> 31 ? seq & 0x7fffffff : (seq ?: ack) >> 12;
}

static bool read_packet(const struct run *run, const uint8_t *p, size_t len, struct seen *s);

static bool read_icmp(const struct run *run, const uint8_t *p, size_t len, struct seen *s)
{
	struct seen inner = { 0 };

	if (p[0] == (s->fam == FAM6 ? 129 : 0)) {
		s->index = be32_at(p + 4);
		return true;
	}
	if (p[0] != (s->fam == FAM6 ? 1 : 3) || !read_packet(run, p + 8, len - 8, &inner))
		return false;
	s->what = ERROR;
	s->index = inner.index;
	s->code = p[1];
	/* an error about a RST that the firewall itself has made goes to whom it did not come from */
	return inner.what == ORIGINAL;
}

/* @len counts all of the packet; false for one that is none of ours */
static bool read_packet(const struct run *run, const uint8_t *p, size_t len, struct seen *s)
{
	bool six = p[0] >> 4 == 6;
	size_t header = six ? 40 : 20;

	*s = (struct seen){ .fam = six ? FAM6 : FAM4 };
	if (len < header + 8 || (!six && p[0] != 0x45))
		return false;
	len = six ? 40u + be16_at(p + 4) : be16_at(p + 2);
	s->protocol = p[six ? 6 : 9];
	s->from = host_of(run, s->fam, p + (six ? 8 : 12));
	s->to = host_of(run, s->fam, p + (six ? 24 : 16));
	p += header;
	len -= header;
	switch (s->protocol) {
	case IPPROTO_TCP:
		read_tcp(p, len, s);
		return true;
	case IPPROTO_UDP:
		s->sport = be16_at(p);
		s->dport = be16_at(p + 2);
		s->index = be32_at(p + 8);
		return true;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return read_icmp(run, p, len, s);
	}
	return false;
}

/* ---- the classifier: the words of the scenario format ---- */

static bool is_kind(unsigned word, const struct seen *s)
{
	bool fin = s->flags & FIN_, syn = s->flags & SYN_, rst = s->flags & RST_,
	     ack = s->flags & ACK_;

	switch (word) {
	case SEG_SYN:
		return syn && !ack;
	case SEG_SYN_ACK:
		return syn && ack;
	case SEG_ECN_SYN:
		return syn && !ack && (s->flags & 0xc0) == 0xc0;
	case SEG_FIN:
		return fin;
	case SEG_RST:
		return rst;
	case SEG_DATA:
		return s->payload && !syn && !rst;
	case SEG_ACK:
		return (s->flags & 0x3f) == ACK_ && !s->payload;
	}
	return true;
}

static bool is_meant(const struct fault *f, const struct seen *s)
{
	const struct packet_match *m = &f->match;
	bool kind = !m->segments;

	if (!(f->families >> s->fam & 1))
		return false;
	if ((m->from >= 0 && m->from != s->from) || (m->to >= 0 && m->to != s->to))
		return false;
	if (m->protocol == IPPROTO_ICMP) {
		if (s->protocol != (s->fam == FAM6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
			return false;
	} else if (m->protocol && m->protocol != s->protocol) {
		return false;
	}
	if ((m->sport && m->sport != s->sport) || (m->dport && m->dport != s->dport))
		return false;
	for (unsigned word = SEG_SYN; word <= SEG_ANY; word <<= 1)
		kind |= m->segments & word && is_kind(word, s);
	return kind;
}

/* Two addresses and ports, whichever way round; a SYN with a new number begins a new one. */
static uint32_t number_in_connection(struct memory *memory, const struct seen *s)
{
	bool ports = s->protocol == IPPROTO_TCP || s->protocol == IPPROTO_UDP;
	struct conn *c = memory->conns, *end = c + memory->n_conns;
	uint16_t sport = ports ? s->sport : 0, dport = ports ? s->dport : 0;

	for (; c < end; c++) {
		if (c->fam != s->fam || c->protocol != s->protocol)
			continue;
		if (c->host[0] == s->from && c->host[1] == s->to && c->port[0] == sport &&
		    c->port[1] == dport)
			break;
		if (c->host[1] == s->from && c->host[0] == s->to && c->port[1] == sport &&
		    c->port[0] == dport)
			break;
	}
	if (c == end) {
		must(memory->n_conns++ < CONNECTIONS);
		*c = (struct conn){ .fam = s->fam,
				    .protocol = s->protocol,
				    .host = { s->from, s->to },
				    .port = { sport, dport } };
	}
	if (s->protocol == IPPROTO_TCP && is_kind(SEG_SYN, s)) {
		if (c->has_isn && c->isn != s->seq)
			c->n = 0;
		c->has_isn = true;
		c->isn = s->seq;
	}
	return ++c->n;
}

static bool is_picked(const struct run *run, const struct fault *f, uint32_t n)
{
	switch (f->pick) {
	case PICK_ALL:
		return true;
	case PICK_NTH:
		return n == f->n;
	case PICK_FIRST:
		return n <= f->n;
	case PICK_EVERY:
		return n % f->n == 0;
	case PICK_CHANCE:
		return chance_decide(chance_seed(run->rig->seed, f->name), n - 1, f->n);
	}
	return false;
}

static void expect_arrival(struct run *run, const struct seen *s)
{
	struct keys *keys = &run->want[s->to];

	must(keys->n < (int)ARRAY_SIZE(keys->list));
	keys->list[keys->n++] = (struct key){ s->index, s->what };
}

static void classify(struct run *run, const struct seen *s);

/* The packet's way ends here, and its sender may be told. */
static void expect_reject(struct run *run, const struct fault *f, const struct seen *s)
{
	struct seen answer = { .fam = s->fam,
			       .from = s->to,
			       .to = s->from,
			       .protocol = s->protocol,
			       .sport = s->dport,
			       .dport = s->sport,
			       .index = s->index };

	if (action_rejects_with_reset(f)) {
		if (s->flags & RST_)
			return; /* a RST is never answered by one */
		answer.what = FORGED;
		answer.flags = s->flags & ACK_ ? RST_ : RST_ | ACK_;
		classify(run, &answer); /* it leaves through the firewall's own rules */
		return;
	}
	if (s->what != ORIGINAL)
		return;
	answer.what = ERROR;
	run->codes[s->index] = s->fam == FAM6 ? 1 : 13;
	expect_arrival(run, &answer);
}

/* Returns whether the packet goes on to the next fault. */
static bool meet(struct run *run, int number, const struct seen *s)
{
	const struct fault *f = &run->rig->faults[number];
	struct memory *memory = &run->memory[number];
	const char *action = f->action->name;
	uint32_t n;
	bool hit;

	if (!is_meant(f, s))
		return true;
	n = f->per_connection ? number_in_connection(memory, s) : ++memory->n;
	hit = is_picked(run, f, n);
	if (hit) {
		memory->hits++;
		must(run->n_want_hits < (int)ARRAY_SIZE(run->want_hits));
		run->want_hits[run->n_want_hits++] =
			(struct hit_key){ number, { s->index, s->what } };
	}
	if (!strcmp(action, "reorder")) {
		/* always the last of the faults: what goes by arrives, and those that waited behind it */
		if (hit) {
			memory->held[memory->n_held++] = *s;
			return false;
		}
		expect_arrival(run, s);
		for (int i = 0; i < memory->n_held; i++)
			expect_arrival(run, &memory->held[i]);
		memory->n_held = 0;
		return false;
	}
	if (hit && !strcmp(action, "duplicate"))
		expect_arrival(run, s);
	if (hit && !strcmp(action, "reject"))
		expect_reject(run, f, s);
	return !hit || (strcmp(action, "drop") && strcmp(action, "reject"));
}

static void classify(struct run *run, const struct seen *s)
{
	for (int i = 0; i < DRAWN; i++) {
		if (!meet(run, i, s))
			return;
	}
	expect_arrival(run, s);
}

/* ---- what there is ---- */

static const uint16_t ports[] = { 80, 443, 8080, 40001, 40002 };

static void draw_match(struct run *run, struct fault *f)
{
	struct packet_match *m = &f->match;
	bool reset = action_rejects_with_reset(f);

	m->from = draw(run, 2) ? CLIENT : SERVER;
	m->to = draw(run, 2) ? -1 : m->from == CLIENT ? SERVER : CLIENT;
	switch (reset ? 0 : draw(run, 5)) {
	case 0:
	case 1:
		m->protocol = IPPROTO_TCP;
		m->segments = draw(run, 3) ? 1 + draw(run, 2 * SEG_ANY - 1) : 1u << draw(run, 8);
		break;
	case 2:
		m->protocol = IPPROTO_UDP;
		break;
	case 3:
		m->protocol = IPPROTO_ICMP;
		break;
	}
	if (m->protocol == IPPROTO_TCP || m->protocol == IPPROTO_UDP) {
		m->sport = draw(run, 3) ? 0 : ports[draw(run, ARRAY_SIZE(ports))];
		m->dport = draw(run, 3) ? 0 : ports[draw(run, ARRAY_SIZE(ports))];
		/* from nobody in particular: not with ICMP, where the firewall has its own to say */
		if (!draw(run, 4))
			m->from = -1;
	}
}

static void draw_faults(struct run *run)
{
	static const char *const plain[] = { "drop", "drop", "reject tcp-reset" };
	static const char *const held[] = { "drop",	 "reject tcp-reset",
					    "delay 2ms", "reject admin-prohibited",
					    "duplicate", "delay 1ms" };
	static const enum fault_pick picks[] = { PICK_NTH, PICK_FIRST, PICK_EVERY, PICK_CHANCE,
						 PICK_EVERY };

	for (int i = 0; i < DRAWN; i++) {
		const char *action = run->queues ? held[draw(run, ARRAY_SIZE(held))] :
						   plain[draw(run, ARRAY_SIZE(plain))];
		char name[16];
		struct fault *f;

		if (run->queues && i == DRAWN - 1 && draw(run, 3))
			action = "reorder 60s"; /* longer than the test: only a packet lets it go */
		snprintf(name, sizeof(name), "fault-%d", i);
		f = rig_fault(run->rig, name, FW, action);
		run->copies |= !strcmp(action, "duplicate");
		draw_match(run, f);
		f->pick = picks[draw(run, ARRAY_SIZE(picks))];
		f->n = f->pick == PICK_CHANCE ? 50000 + draw(run, 400000) : 1 + draw(run, 5);
		f->per_connection = run->queues && draw(run, 2);
	}
	/* the kernels at both ends have nothing to say to what we send */
	for (int i = 0; i < 4; i++) {
		static const char *const names[] = { "deaf-1", "deaf-2", "deaf-3", "deaf-4" };
		int host = i < 2 ? CLIENT : SERVER;

		rig_fault(run->rig, names[i], host, "drop")->match = (struct packet_match){
			-1, host, i % 2 ? IPPROTO_UDP : IPPROTO_TCP, 0, 0, 0
		};
	}
}

/* ---- sending ---- */

static void checksum_put(uint8_t *p, size_t len, size_t at, const uint8_t *addresses, size_t alen,
			 uint8_t protocol)
{
	uint32_t sum = addresses ? sum_of(addresses, 2 * alen, protocol + (uint32_t)len) : 0;
	uint16_t v = sum_fold(sum_of(p, len, sum));

	memcpy(p + at, &v, 2);
}

static size_t options_put(struct run *run, uint8_t *p)
{
	/* none; MSS; SACK with two blocks; timestamps; both; 40 bytes of nothing */
	static const struct {
		uint8_t bytes[40];
		size_t len;
	} all[] = {
		{ { 0 }, 0 },
		{ { 2, 4, 5, 180 }, 4 },
		{ { 1, 1, 5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4 }, 20 },
		{ { 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2 }, 12 },
		{ { 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 2 },
		  24 },
		{ { 1, 1, 1, 1 }, 40 },
	};
	uint32_t i = draw(run, ARRAY_SIZE(all));

	memcpy(p, all[i].bytes, all[i].len);
	return all[i].len;
}

static size_t tcp_put(struct run *run, uint8_t *p, uint32_t index)
{
	static const uint8_t usual[] = {
		0x02, 0x12, 0x10, 0x10, 0x18, 0x18, 0x11, 0x19, 0x04, 0x14
	};
	uint8_t flags = draw(run, 2) ? usual[draw(run, sizeof(usual))] : (uint8_t)draw(run, 256);
	size_t header = 20 + options_put(run, p + 20);
	uint32_t payload = draw(run, 2) ? 0 : draw(run, 3) ? draw(run, 1000) : 1;
	uint32_t seq = htonl(index << 12), ack = htonl(0x80000000 | index);

	memcpy(p + 4, &seq, 4);
	memcpy(p + 8, &ack, 4);
	p[12] = (uint8_t)(header / 4 << 4);
	p[13] = flags;
	memset(p + header, 'x', payload);
	return header + payload;
}

static void send_one(struct run *run, uint32_t index)
{
	const struct lab *lab = &run->rig->lab;
	int fam = (int)draw(run, 2), from = draw(run, 2) ? CLIENT : SERVER;
	const struct topo_addr *src =
		topology_addr(&lab->topo, from == CLIENT ? SERVER : CLIENT, from, fam);
	const struct topo_addr *dst =
		topology_addr(&lab->topo, from, from == CLIENT ? SERVER : CLIENT, fam);
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_TCP, IPPROTO_TCP, IPPROTO_UDP,
					     IPPROTO_ICMP };
	uint8_t protocol = protocols[draw(run, sizeof(protocols))], buf[2048] = { 0 };
	size_t header = fam == FAM6 ? 40 : 20, alen = (size_t)topo_addr_len(fam), len = 12;
	uint8_t *p = buf + header, *addresses = buf + (fam == FAM6 ? 8 : 12);
	union address to = address_of(fam, dst, 0);
	uint16_t sport = htons(ports[draw(run, ARRAY_SIZE(ports))]), v;
	uint16_t dport = htons(ports[draw(run, ARRAY_SIZE(ports))]);
	uint32_t number = htonl(index);

	memcpy(addresses, src->bytes, alen);
	memcpy(addresses + alen, dst->bytes, alen);
	if (protocol != IPPROTO_ICMP) {
		memcpy(p, &sport, 2);
		memcpy(p + 2, &dport, 2);
	}
	if (protocol == IPPROTO_TCP) {
		len = tcp_put(run, p, index);
		checksum_put(p, len, 16, addresses, alen, protocol);
	} else if (protocol == IPPROTO_UDP) {
		p[5] = (uint8_t)len;
		memcpy(p + 8, &number, 4);
		checksum_put(p, len, 6, addresses, alen, protocol);
	} else {
		/* an echo reply: nobody answers it */
		protocol = fam == FAM6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
		p[0] = fam == FAM6 ? 129 : 0;
		memcpy(p + 4, &number, 4);
		checksum_put(p, len, 2, fam == FAM6 ? addresses : NULL, alen, protocol);
	}
	buf[0] = fam == FAM6 ? 0x60 : 0x45;
	v = htons((uint16_t)(len + (fam == FAM6 ? 0 : 20)));
	memcpy(buf + (fam == FAM6 ? 4 : 2), &v, 2);
	buf[fam == FAM6 ? 6 : 9] = protocol;
	buf[fam == FAM6 ? 7 : 8] = 64;
	must_equal(sendto(run->raw[from != CLIENT][fam], buf, header + len, 0, &to.any,
			  address_len(fam)),
		   header + len);
}

/* ---- listening ---- */

static int tap_open(const struct lab *lab, int host)
{
	int fd = lab_socket(lab, host, AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	struct sockaddr_ll all = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };

	must(bind(fd, (struct sockaddr *)&all, sizeof(all)) == 0);
	return fd;
}

/* The next packet that came in at @host; false if there is none by now. */
static bool tap_next(struct run *run, int host, struct seen *s)
{
	struct sockaddr_ll ll;
	uint8_t buf[2048];
	ssize_t n;

	for (;;) {
		socklen_t len = sizeof(ll);

		n = recvfrom(run->tap[host], buf, sizeof(buf), 0, (struct sockaddr *)&ll, &len);
		if (n < 0) {
			must_equal(errno, EAGAIN);
			return false;
		}
		if (ll.sll_pkttype != PACKET_OUTGOING && read_packet(run, buf, (size_t)n, s))
			return true;
	}
}

static void hit_take(void *arg, const struct hit *hit)
{
	struct run *run = arg;
	struct hit_key *k = &run->got_hits[run->n_got_hits];
	struct seen s;

	must(run->n_got_hits++ < (int)ARRAY_SIZE(run->got_hits));
	must(read_packet(run, hit->packet, hit->len, &s));
	must_equal(sscanf(hit->fault, "fault-%d", &k->fault), 1);
	k->key = (struct key){ s.index, s.what };
}

static void listen_once(struct run *run)
{
	static const int ends[] = { CLIENT, SERVER };
	struct lab_err err = { 0 };
	struct seen s;

	if (hitlog_read(run->rig->logs[FW], hit_take, run, &err) < 0)
		INSIDE_FAIL("%s", err.msg);
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		struct keys *keys = &run->got[ends[i]];

		while (tap_next(run, ends[i], &s)) {
			must(keys->n < (int)ARRAY_SIZE(keys->list));
			keys->list[keys->n++] = (struct key){ s.index, s.what };
			must_equal(s.to, ends[i]);
			if (s.what == ERROR)
				must_equal(s.code, run->codes[s.index]);
		}
	}
}

static bool is_complete(const struct run *run)
{
	return run->n_got_hits >= run->n_want_hits && run->got[CLIENT].n >= run->want[CLIENT].n &&
	       run->got[SERVER].n >= run->want[SERVER].n;
}

/* Take in @n packets at fw, say what must become of them, and wait for it. */
static void follow(struct run *run, int n)
{
	int64_t until = now_ms() + LAB_WAIT_MS;
	struct seen s;

	while (n) {
		must(now_ms() < until);
		if (!tap_next(run, FW, &s)) {
			ready_within(run->tap[FW], POLLIN, 10);
			continue;
		}
		must_equal(s.what, ORIGINAL);
		classify(run, &s);
		n--;
	}
	for (;;) {
		struct pollfd fds[] = { { hitlog_fd(run->rig->logs[FW]), POLLIN, 0 },
					{ run->tap[CLIENT], POLLIN, 0 },
					{ run->tap[SERVER], POLLIN, 0 } };

		listen_once(run);
		if (is_complete(run))
			return;
		if (now_ms() > until)
			INSIDE_FAIL("hits %d of %d, at client %d of %d, at server %d of %d",
				    run->n_got_hits, run->n_want_hits, run->got[CLIENT].n,
				    run->want[CLIENT].n, run->got[SERVER].n, run->want[SERVER].n);
		poll(fds, ARRAY_SIZE(fds), 10);
	}
}

/* ---- comparing ---- */

static int key_order(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	if (x->index != y->index)
		return x->index < y->index ? -1 : 1;
	return (int)x->what - (int)y->what;
}

/* A copy goes when its packet has gone on, which may be waiting for another fault by then. */
static void compare_arrivals(struct run *run, int host)
{
	struct keys *want = &run->want[host], *got = &run->got[host];

	must_equal(got->n, want->n);
	if (run->copies) {
		qsort(want->list, (size_t)want->n, sizeof(want->list[0]), key_order);
		qsort(got->list, (size_t)got->n, sizeof(got->list[0]), key_order);
	}
	for (int i = 0; i < want->n; i++) {
		if (key_order(&want->list[i], &got->list[i]))
			INSIDE_FAIL("arrival %d at host %d: packet %u (%d) instead of %u (%d)", i,
				    host, got->list[i].index, got->list[i].what,
				    want->list[i].index, want->list[i].what);
	}
}

static void compare(struct run *run)
{
	must_equal(run->n_got_hits, run->n_want_hits);
	for (int i = 0; i < run->n_want_hits; i++) {
		const struct hit_key *want = &run->want_hits[i], *got = &run->got_hits[i];

		if (want->fault != got->fault || key_order(&want->key, &got->key))
			INSIDE_FAIL("hit %d: fault %d on packet %u (%d) instead of %d on %u (%d)",
				    i, got->fault, got->key.index, got->key.what, want->fault,
				    want->key.index, want->key.what);
	}
	for (int i = 0; i < DRAWN; i++)
		must_equal(rig_hits(run->rig, i), run->memory[i].hits);
	compare_arrivals(run, CLIENT);
	compare_arrivals(run, SERVER);
}

static void line_check(struct rig *rig)
{
	struct lab_err err = { 0 };

	if (rig->line)
		must_work(delayline_check(rig->line, &err), &err);
}

static void selectors_body(void *arg)
{
	const struct setting *setting = arg;
	struct run *run = topo_need(calloc(1, sizeof(*run)));
	int at_once = setting->queues ? 1 : AT_ONCE;

	run->rig = rig_new();
	run->random = setting->seed;
	run->queues = setting->queues;
	run->rig->with_line = setting->queues;
	run->rig->seed = setting->seed;
	draw_faults(run);
	rig_up(run->rig);
	for (int fam = 0; fam < FAM_COUNT; fam++) {
		run->raw[0][fam] = segment_socket(&run->rig->lab, fam);
		run->raw[1][fam] =
			lab_socket(&run->rig->lab, SERVER, topo_af(fam), SOCK_RAW, IPPROTO_RAW);
	}
	for (int host = 0; host < 3; host++)
		run->tap[host] = tap_open(&run->rig->lab, host);
	for (uint32_t i = 1; i <= PACKETS; i += (uint32_t)at_once) {
		int n = 0;

		for (; n < at_once && i + (uint32_t)n <= PACKETS; n++)
			send_one(run, i + (uint32_t)n);
		follow(run, n);
	}
	listen_once(run); /* nothing that nobody expects */
	compare(run);
	line_check(run->rig);
	for (int i = 0; i < 4; i++)
		close(run->raw[i / 2][i % 2]);
	for (int host = 0; host < 3; host++)
		close(run->tap[host]);
	rig_down(run->rig);
	free(run);
}

static void run_all(bool queues)
{
	enum { RUNS = 6 };
	const char *wanted = getenv("NSLAB_TEST_SEED");
	struct setting setting = { .queues = queues };

	for (int i = 0; i < RUNS; i++) {
		if (getrandom(&setting.seed, sizeof(setting.seed), 0) < 0)
			setting.seed = (uint32_t)now_ms();
		if (wanted)
			setting.seed = (uint32_t)strtoul(wanted, NULL, 10);
		print_message("NSLAB_TEST_SEED=%u\n", setting.seed);
		inside(selectors_body, &setting);
	}
}

static void test_selectors_decide_as_described(void **state)
{
	(void)state;
	run_all(false);
}

static void test_selectors_decide_as_described_by_way_of_queues(void **state)
{
	(void)state;
	run_all(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_selectors_decide_as_described),
		cmocka_unit_test(test_selectors_decide_as_described_by_way_of_queues),
	};

	return TEST_MAIN("selectors", tests, NULL, NULL);
}
