// SPDX-License-Identifier: GPL-2.0-or-later
/* The delay line against the kernel: what it promises, and that it owns up to what it could not keep. */
#include "tests/kernel/rig.h"

#include <dirent.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "impair/batch.h"
#include "impair/delayline.h"
#include "impair/expr.h"
#include "impair/nfqueue.h"
#include "netns/extack.h"

#define MS INT64_C(1000000)

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* ---- a rule that sends all that comes in to a queue, before routing ---- */

static struct nftnl_rule *rule_begin(void)
{
	struct nftnl_rule *rule = topo_need(nftnl_rule_alloc());

	nftnl_rule_set_u32(rule, NFTNL_RULE_FAMILY, NFPROTO_INET);
	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, "line");
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, "arrivals");
	return rule;
}

static void rule_end(struct batch *batch, struct nftnl_rule *rule, bool last)
{
	struct nlmsghdr *nlh = batch_message(batch, NFT_MSG_NEWRULE,
					     NLM_F_CREATE | NLM_F_APPEND | (last ? NLM_F_ACK : 0));

	nftnl_rule_nlmsg_build_payload(topo_need(nlh), rule);
	batch_message_end(batch, nlh);
	nftnl_rule_free(rule);
}

static void chain_make(struct batch *batch)
{
	struct nftnl_table *table = topo_need(nftnl_table_alloc());
	struct nftnl_chain *chain = topo_need(nftnl_chain_alloc());
	struct nlmsghdr *nlh = topo_need(batch_message(batch, NFT_MSG_NEWTABLE, NLM_F_CREATE));

	nftnl_table_set_str(table, NFTNL_TABLE_NAME, "line");
	nftnl_table_nlmsg_build_payload(nlh, table);
	batch_message_end(batch, nlh);
	nftnl_table_free(table);
	nlh = topo_need(batch_message(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE));
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, "line");
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, "arrivals");
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, NF_INET_PRE_ROUTING);
	nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, -300);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, "filter");
	nftnl_chain_nlmsg_build_payload(nlh, chain);
	batch_message_end(batch, nlh);
	nftnl_chain_free(chain);
}

/* All that comes in by wire @ifindex, but the kernel's multicast, and copies of what came that way. */
static void arrivals_queue(const struct lab *lab, int host, int ifindex, uint16_t queue,
			   bool compat)
{
	static const uint8_t copy[] = DELAYLINE_COPY_MAC;
	const uint8_t six = NFPROTO_IPV6, multicast = 0xff;
	uint32_t iif = (uint32_t)ifindex;
	struct nftnl_rule *rule = rule_begin();
	struct lab_err err = { 0 };
	struct batch batch = { 0 };
	int fd = lab_socket(lab, host, AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);

	extack_enable(fd);
	must_equal(batch_begin(&batch), 0);
	chain_make(&batch);
	must_equal(expr_payload(rule, NFT_PAYLOAD_LL_HEADER, 6, sizeof(copy)), 0);
	must_equal(expr_compare(rule, NFT_CMP_EQ, copy, sizeof(copy)), 0);
	must_equal(expr_verdict(rule, NF_ACCEPT, NULL), 0);
	rule_end(&batch, rule, false);
	rule = rule_begin();
	must_equal(expr_meta(rule, NFT_META_NFPROTO), 0);
	must_equal(expr_compare(rule, NFT_CMP_EQ, &six, 1), 0);
	must_equal(expr_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 24, 1), 0);
	must_equal(expr_compare(rule, NFT_CMP_EQ, &multicast, 1), 0);
	must_equal(expr_verdict(rule, NF_ACCEPT, NULL), 0);
	rule_end(&batch, rule, false);
	rule = rule_begin();
	must_equal(expr_meta(rule, NFT_META_IIF), 0);
	must_equal(expr_compare(rule, NFT_CMP_EQ, &iif, 4), 0);
	must_equal(expr_queue(rule, queue, compat), 0);
	rule_end(&batch, rule, true);
	must_work(batch_commit(&batch, fd, "cannot make the test's rules", &err), &err);
	batch_free(&batch);
	close(fd);
}

/* ---- a lab with one shaped wire ---- */

enum { FW_SERVER = 1, SERVER_END = 1, RELEASES = 12000 };

/* @releases: all so far, packets' bytes included */
struct line_rig {
	struct lab lab;
	struct delayline *line;
	int lane;
	struct {
		struct release r;
		uint8_t bytes[DELAYLINE_SNAPLEN];
	} releases[RELEASES];
	int n;
};

static int link_lane(struct line_rig *rig, const struct shape *shape)
{
	const struct topo_link *link = &rig->lab.topo.links[FW_SERVER];
	struct lane lane = { .host = SERVER, .shape = *shape, .link = FW_SERVER, .end = SERVER_END };
	struct lab_err err = { 0 };
	uint16_t queue;
	int n = delayline_add(rig->line, &lane, &queue, &err);

	if (n < 0)
		INSIDE_FAIL("%s", err.msg);
	arrivals_queue(&rig->lab, SERVER, link->ifindex[SERVER_END], queue,
		       delayline_compat(rig->line));
	return n;
}

static void line_open(struct line_rig *rig)
{
	struct lab_err err = { 0 };

	must_work(delayline_open(rig->lab.net, &rig->lab.topo,
				 &(struct delayline_options){ .seed = 1 }, &rig->line, &err),
		  &err);
}

/* All that comes to the server by its wire is held as @shape says. */
static struct line_rig *line_rig_new(const struct shape *shape)
{
	struct line_rig *rig = topo_need(calloc(1, sizeof(*rig)));

	lab_default(&rig->lab);
	line_open(rig);
	rig->lane = link_lane(rig, shape);
	return rig;
}

static void line_rig_free(struct line_rig *rig)
{
	delayline_close(rig->line);
	lab_down(&rig->lab);
	free(rig);
}

static void release_take(void *arg, const struct release *r)
{
	struct line_rig *rig = arg;

	must(rig->n < RELEASES);
	must(r->len <= DELAYLINE_SNAPLEN);
	rig->releases[rig->n].r = *r;
	memcpy(rig->releases[rig->n].bytes, r->packet, r->len);
	rig->releases[rig->n++].r.packet = NULL;
}

/* A machine that is too busy for the delay line: it has said so, as it should, and nothing else is known. */
enum { INSIDE_LATE = 4 };

static void must_not_be_late(int ret, const struct lab_err *err)
{
	if (ret == -ETIME) {
		fprintf(stderr, "once more: %s\n", err->msg);
		fflush(NULL);
		_exit(INSIDE_LATE);
	}
	if (ret < 0)
		INSIDE_FAIL("%s", err->msg);
}

/* As inside(), again where the machine was too busy. */
static void inside_in_time(void (*fn)(void *arg), void *arg)
{
	enum { TRIES = 20 };
	int status = INSIDE_LATE << 8;

	for (int i = 0; i < TRIES && status == INSIDE_LATE << 8; i++) {
		struct sandbox box;

		inside_start(&box, fn, arg);
		status = sandbox_wait(&box);
	}
	if (status)
		fail_msg("the process inside ended with status 0x%x", status);
}

static void line_read(struct line_rig *rig)
{
	struct lab_err err = { 0 };

	must_not_be_late(delayline_read(rig->line, release_take, rig, &err), &err);
}

static void line_sound(struct line_rig *rig)
{
	struct lab_err err = { 0 };

	line_read(rig);
	must_work(delayline_check(rig->line, &err), &err);
}

/* ---- numbered datagrams to the server ---- */

struct stream {
	union address peer;
	int fam, from, to;
	uint32_t sent, got;
};

static struct stream stream_open(struct lab *lab, int fam)
{
	struct stream s = { .fam = fam, .peer = lab_address(lab, CLIENT, SERVER, fam, LAB_PORT) };

	s.from = lab_bound(lab, CLIENT, fam, SOCK_DGRAM, 0);
	s.to = lab_bound(lab, SERVER, fam, SOCK_DGRAM | SOCK_NONBLOCK, LAB_PORT);
	return s;
}

static void stream_close(struct stream *s)
{
	close(s->from);
	close(s->to);
}

static void stream_send(struct stream *s, size_t size)
{
	uint8_t buf[1500] = { 0 };

	memcpy(buf, &s->sent, 4);
	s->sent++;
	must_equal(sendto(s->from, buf, size, 0, &s->peer.any, address_len(s->fam)), size);
}

/* The number of the next datagram; false if none comes within @ms. */
static bool stream_next(struct stream *s, int ms, uint32_t *ret)
{
	uint8_t buf[1500];

	if (!ready_within(s->to, POLLIN, ms))
		return false;
	must(recv(s->to, buf, sizeof(buf), 0) >= 4);
	memcpy(ret, buf, 4);
	s->got++;
	return true;
}

/* ---- what it promises ---- */

/* Asked again and again, the socket has nothing until the time is over. */
static void early_body(void *arg)
{
	const struct shape shape = { .delay_ns = 7 * MS };
	struct line_rig *rig = line_rig_new(&shape);
	int fam = *(int *)arg;
	struct stream s = stream_open(&rig->lab, fam);

	for (int i = 0; i < 100; i++) {
		int64_t before = now_ns(), after, arrived;
		const struct release *r = &rig->releases[i].r;
		uint8_t buf[64];

		stream_send(&s, 32);
		after = now_ns();
		while (recv(s.to, buf, sizeof(buf), 0) < 0)
			must(now_ns() < after + LAB_WAIT_MS * MS);
		arrived = now_ns();
		must(arrived - before >= shape.delay_ns);
		/* and what is told of it is true */
		line_read(rig);
		must_equal(rig->n, i + 1);
		must_equal(r->what, RELEASE_ON);
		must_equal(r->lane, rig->lane);
		must_equal(r->hook, NF_INET_PRE_ROUTING);
		must_equal(r->ifindex, rig->lab.topo.links[FW_SERVER].ifindex[SERVER_END]);
		must_equal(r->wire_len, 32 + 8 + (fam == FAM6 ? 40 : 20));
		must(r->came_ns >= before && r->came_ns <= after + DELAYLINE_LATE_NS);
		must_equal(r->due_ns, r->came_ns + shape.delay_ns);
		must(r->went_ns >= r->due_ns && r->went_ns <= arrived);
		must(r->went_ns <= r->due_ns + DELAYLINE_LATE_NS);
	}
	line_sound(rig);
	stream_close(&s);
	line_rig_free(rig);
}

static void test_delayline_is_never_early(void **state)
{
	(void)state;
	for (int fam = 0; fam < FAM_COUNT; fam++)
		inside_in_time(early_body, &fam);
}

static void order_body(void *arg)
{
	enum { N = 5000 };
	const struct shape shape = { .delay_ns = 3 * MS, .limit = N };
	struct line_rig *rig = line_rig_new(&shape);
	struct stream s = stream_open(&rig->lab, FAM4);
	int64_t last_went = 0;

	(void)arg;
	while (s.got < N) {
		uint32_t number;

		/* never more under way than a socket of an ordinary user has room for */
		while (s.sent < N && s.sent - s.got < 100)
			stream_send(&s, 32);
		must(stream_next(&s, LAB_WAIT_MS, &number));
		must_equal(number, s.got - 1);
	}
	line_sound(rig);
	must_equal(rig->n, N);
	for (int i = 0; i < N; i++) {
		const struct release *r = &rig->releases[i].r;

		must(r->went_ns >= last_went);
		must(r->went_ns - r->came_ns >= shape.delay_ns);
		last_went = r->went_ns;
	}
	stream_close(&s);
	line_rig_free(rig);
}

static void test_delayline_keeps_order_and_loses_nothing(void **state)
{
	(void)state;
	inside_in_time(order_body, NULL);
}

/* Packets overtake each other, each has its own verdict: every one arrives, once. */
static void jitter_body(void *arg)
{
	enum { N = 5000 };
	const struct shape shape = { .delay_ns = 2 * MS, .jitter_ns = 2 * MS, .limit = N };
	struct line_rig *rig = line_rig_new(&shape);
	struct stream s = stream_open(&rig->lab, FAM6);
	bool *seen = topo_need(calloc(N, sizeof(bool)));
	int overtaken = 0;
	uint32_t last = 0;

	(void)arg;
	while (s.got < N) {
		uint32_t number;

		while (s.sent < N && s.sent - s.got < 100)
			stream_send(&s, 32);
		must(stream_next(&s, LAB_WAIT_MS, &number));
		must(number < N && !seen[number]);
		seen[number] = true;
		overtaken += number < last;
		last = number;
	}
	must(overtaken > N / 10);
	line_sound(rig);
	for (int i = 0; i < rig->n; i++) {
		const struct release *r = &rig->releases[i].r;

		must(r->due_ns >= r->came_ns && r->due_ns <= r->came_ns + 4 * MS);
		must(r->went_ns >= r->due_ns);
	}
	free(seen);
	stream_close(&s);
	line_rig_free(rig);
}

static void test_delayline_jitters_and_loses_nothing(void **state)
{
	(void)state;
	inside_in_time(jitter_body, NULL);
}

static void rate_body(void *arg)
{
	/* 125 bytes from the IP header on take 1 ms */
	const struct shape shape = { .rate = 1000000 };
	struct line_rig *rig = line_rig_new(&shape);
	struct stream s = stream_open(&rig->lab, FAM4);
	int64_t before = now_ns();

	(void)arg;
	for (int i = 0; i < 50; i++)
		stream_send(&s, 125 - 28);
	for (uint32_t i = 0, number; i < 50; i++) {
		must(stream_next(&s, LAB_WAIT_MS, &number));
		must_equal(number, i);
		must(now_ns() - before >= (i + 1) * MS);
	}
	line_sound(rig);
	for (int i = 1; i < 50; i++)
		must(rig->releases[i].r.due_ns - rig->releases[i - 1].r.due_ns >= MS);
	/* they waited for each other, and for nothing else */
	must_equal(rig->releases[0].r.due_ns - rig->releases[0].r.came_ns, MS);
	stream_close(&s);
	line_rig_free(rig);
}

static void test_delayline_keeps_a_rate(void **state)
{
	(void)state;
	inside_in_time(rate_body, NULL);
}

static void limit_body(void *arg)
{
	enum { ROOM = 5, N = 20 };
	const struct shape shape = { .delay_ns = 300 * MS, .limit = ROOM };
	struct line_rig *rig = line_rig_new(&shape);
	struct stream s = stream_open(&rig->lab, FAM4);
	int on = 0, over = 0;
	uint32_t number;

	(void)arg;
	for (int i = 0; i < N; i++)
		stream_send(&s, 32);
	for (uint32_t i = 0; i < ROOM; i++) {
		must(stream_next(&s, LAB_WAIT_MS, &number));
		must_equal(number, i);
	}
	/* room again */
	stream_send(&s, 32);
	must(stream_next(&s, LAB_WAIT_MS, &number));
	must_equal(number, N);
	line_sound(rig);
	for (int i = 0; i < rig->n; i++) {
		on += rig->releases[i].r.what == RELEASE_ON;
		over += rig->releases[i].r.what == RELEASE_OVERFLOW;
	}
	must_equal(on, ROOM + 1);
	must_equal(over, N - ROOM);
	stream_close(&s);
	line_rig_free(rig);
}

static void test_delayline_drops_beyond_the_limit_and_says_so(void **state)
{
	(void)state;
	inside_in_time(limit_body, NULL);
}

/* From 200 ms to nothing: who is under way keeps the time that was promised, who comes now overtakes. */
static void shape_body(void *arg)
{
	const struct shape slow = { .delay_ns = 200 * MS };
	const struct shape quick = { .duplicate = CHANCE_ALL };
	struct line_rig *rig = line_rig_new(&slow);
	struct stream s = stream_open(&rig->lab, FAM4);
	struct lab_err err = { 0 };
	int64_t before = now_ns();
	uint32_t number;

	(void)arg;
	stream_send(&s, 32);
	/* known to be held when the next one, sent with it, is */
	must_work(delayline_shape(rig->line, rig->lane, &(struct shape){ 0 }, &err), &err);
	stream_send(&s, 32);
	must(stream_next(&s, LAB_WAIT_MS, &number));
	if (number == 1) {
		must(stream_next(&s, LAB_WAIT_MS, &number));
		must_equal(number, 0);
		must(now_ns() - before >= slow.delay_ns);
	} else {
		/* the first was still on its way to us when the shape changed */
		must(stream_next(&s, LAB_WAIT_MS, &number));
		must_equal(number, 1);
	}
	/* to a shape that needs packets whole, which they were not before */
	must_work(delayline_shape(rig->line, rig->lane, &quick, &err), &err);
	stream_send(&s, 1400);
	for (int i = 0; i < 2; i++) {
		must(stream_next(&s, LAB_WAIT_MS, &number));
		must_equal(number, 2);
	}
	line_sound(rig);
	stream_close(&s);
	line_rig_free(rig);
}

static void test_delayline_changes_shape_under_way(void **state)
{
	(void)state;
	inside_in_time(shape_body, NULL);
}

/* ---- copies ---- */

static bool checksum_right(const struct lab *lab, int fam, const uint8_t *tcp, size_t len)
{
	size_t alen = (size_t)topo_addr_len(fam);
	uint32_t sum = sum_of(topology_addr(&lab->topo, SERVER, CLIENT, fam)->bytes, alen, 0);

	sum = sum_of(topology_addr(&lab->topo, CLIENT, SERVER, fam)->bytes, alen, sum);
	return !sum_fold(sum_of(tcp, len, sum + IPPROTO_TCP + (uint32_t)len));
}

/* A segment that a raw socket sends arrives twice, bit by bit the same. */
static void must_double_segments(const struct lab *lab, int fam)
{
	int raw = segment_socket(lab, fam), in = arrivals_open(lab, SERVER, fam, IPPROTO_TCP);

	for (uint32_t i = 0; i < 20; i++) {
		struct segment_spec spec = { .fam = fam,
					     .sport = 5000,
					     .dport = 6000,
					     .flags = 0x18,
					     .options = 4 * (i % 11),
					     .payload = i % 2 ? 70 * i + 1 : 0,
					     .seq = 1000 + i };
		uint8_t one[2048], two[2048];
		ssize_t n, m;

		segment_send(lab, raw, &spec);
		must(ready_within(in, POLLIN, LAB_WAIT_MS));
		n = arrivals_next(in, fam, one, sizeof(one));
		must(ready_within(in, POLLIN, LAB_WAIT_MS));
		m = arrivals_next(in, fam, two, sizeof(two));
		must_equal(n, 20 + spec.options + spec.payload);
		must_equal(n, m);
		must(!memcmp(one, two, (size_t)n));
		must(checksum_right(lab, fam, one, (size_t)n));
	}
	must(!ready_within(in, POLLIN, 20));
	close(raw);
	close(in);
}

/* Datagrams of a socket: their checksums are left to the device, but the copy needs one. */
static void must_double_datagrams(struct lab *lab, int fam)
{
	struct stream s = stream_open(lab, fam);

	for (uint32_t i = 0, number; i < 2 * 20; i++) {
		if (i % 2 == 0)
			stream_send(&s, 16 + 30 * i);
		must(stream_next(&s, LAB_WAIT_MS, &number));
		must_equal(number, i / 2);
	}
	must(!ready_within(s.to, POLLIN, 20));
	stream_close(&s);
}

static void twice_wire_body(void *arg)
{
	const struct shape shape = { .duplicate = CHANCE_ALL };
	struct line_rig *rig = line_rig_new(&shape);
	int fam = *(int *)arg;

	must_double_segments(&rig->lab, fam);
	must_double_datagrams(&rig->lab, fam);
	line_sound(rig);
	must_equal(rig->n, 2 * 40);
	for (int i = 0; i < rig->n; i++)
		must_equal(rig->releases[i].r.what, i % 2 ? RELEASE_COPY : RELEASE_ON);
	line_rig_free(rig);
}

struct twice {
	int host, fam;
};

static void twice_fault_body(void *arg)
{
	const struct twice *t = arg;
	struct rig *rig = rig_new();
	struct lab_err err = { 0 };

	rig->with_line = true;
	rig_fault(rig, "twice", t->host, "duplicate")->match.to = SERVER;
	/* does not count copies: they have been through the faults of this host */
	rig_fault(rig, "behind", t->host, "delay 1ms")->match.to = SERVER;
	rig_up(rig);
	must_double_segments(&rig->lab, t->fam);
	must_double_datagrams(&rig->lab, t->fam);
	must_equal(rig_hits(rig, 0), 40);
	must_equal(rig_hits(rig, 1), 40);
	must_work(delayline_check(rig->line, &err), &err);
	rig_down(rig);
}

static void test_delayline_doubles_at_every_hook(void **state)
{
	(void)state;
	for (int fam = 0; fam < FAM_COUNT; fam++) {
		inside_in_time(twice_wire_body, &fam);
		/* output, forward, input */
		for (int host = CLIENT; host <= SERVER; host++)
			inside_in_time(twice_fault_body, &(struct twice){ host, fam });
	}
}

/* ---- corruption ---- */

static void corrupt_body(void *arg)
{
	const struct shape shape = { .corrupt = CHANCE_ALL };
	struct line_rig *rig = line_rig_new(&shape);
	struct lab *lab = &rig->lab;
	int fam = *(int *)arg, raw = segment_socket(lab, fam);
	int in = arrivals_open(lab, SERVER, fam, IPPROTO_TCP);
	size_t header = fam == FAM6 ? 40 : 20;
	struct stream s = stream_open(lab, fam);
	uint8_t sent[2048], got[2048];

	for (uint32_t i = 0; i < 200; i++) {
		struct segment_spec spec = { .fam = fam,
					     .sport = 5000,
					     .dport = 6000,
					     .flags = 0x10,
					     .payload = i % 3 * 40,
					     .seq = i };
		size_t len = segment_write(sent, &spec,
					   topology_addr(&lab->topo, SERVER, CLIENT, fam)->bytes,
					   topology_addr(&lab->topo, CLIENT, SERVER, fam)->bytes);
		int bits = 0;

		segment_send(lab, raw, &spec);
		must(ready_within(in, POLLIN, LAB_WAIT_MS));
		must_equal(arrivals_next(in, fam, got, sizeof(got)), len - header);
		for (size_t k = 0; k < len - header; k++)
			bits += __builtin_popcount(got[k] ^ sent[header + k]);
		must_equal(bits, 1);
		must(!checksum_right(lab, fam, got, len - header));
		line_read(rig);
		must_equal(rig->n, i + 1);
		must(rig->releases[i].r.corrupted);
		/* its checksum is right, its addresses are: nothing there was touched on the way */
		if (fam == FAM4)
			must(!sum_fold(sum_of(rig->releases[i].bytes, 20, 0)));
		must(!memcmp(rig->releases[i].bytes + (fam == FAM6 ? 8 : 12),
			     sent + (fam == FAM6 ? 8 : 12), 2 * (size_t)topo_addr_len(fam)));
	}
	/* a program never sees one */
	for (int i = 0; i < 200; i++)
		stream_send(&s, 100);
	for (int64_t until = now_ms() + LAB_WAIT_MS; rig->n < 400; line_read(rig)) {
		must(now_ms() < until);
		ready_within(delayline_fd(rig->line), POLLIN, 10);
	}
	/* asked, the kernel looks at their checksums, and throws them away */
	must(recv(s.to, got, sizeof(got), 0) < 0 && errno == EAGAIN);
	line_sound(rig);
	close(raw);
	close(in);
	stream_close(&s);
	line_rig_free(rig);
}

static void test_delayline_corrupts_what_checksums_find(void **state)
{
	(void)state;
	for (int fam = 0; fam < FAM_COUNT; fam++)
		inside_in_time(corrupt_body, &fam);
}

/* ---- owning up ---- */

static void pause_ms(int ms)
{
	poll(NULL, 0, ms);
}

struct line_owner {
	pid_t pid;
	int ready, go;
};

/*
 * The delay line in a process that can be stopped; process 1 of a namespace cannot. It says when the lane
 * is there, and goes on to @then when it is told to.
 */
static struct line_owner owner_start(struct line_rig *rig, const struct shape *shape,
				     void (*then)(struct line_rig *rig))
{
	int ready[2], go[2];
	struct line_owner owner;
	char c = 'r';

	must(pipe2(ready, O_CLOEXEC) == 0 && pipe2(go, O_CLOEXEC) == 0);
	fflush(NULL);
	owner = (struct line_owner){ fork(), ready[0], go[1] };
	must(owner.pid >= 0);
	if (owner.pid) {
		close(ready[1]);
		close(go[0]);
		must(read(owner.ready, &c, 1) == 1);
		return owner;
	}
	close(ready[0]);
	close(go[1]);
	inside_bound(60);
	line_open(rig);
	rig->lane = link_lane(rig, shape);
	must(write(ready[1], &c, 1) == 1);
	must(read(go[0], &c, 1) == 1);
	then(rig);
	_exit(0);
}

static void owner_end(struct line_owner *owner)
{
	int status;

	must(write(owner->go, "g", 1) == 1);
	must_equal(waitpid(owner->pid, &status, 0), owner->pid);
	must_equal(status, 0);
	close(owner->ready);
	close(owner->go);
}

static void take_nothing(void *arg, const struct release *r)
{
	(void)arg;
	(void)r;
}

/* Wait for the line to say that it failed, and say how. */
static int line_failure(struct line_rig *rig, struct lab_err *err)
{
	int64_t until = now_ms() + LAB_WAIT_MS;
	int ret;

	while ((ret = delayline_read(rig->line, take_nothing, NULL, err)) >= 0) {
		must(now_ms() < until);
		ready_within(delayline_fd(rig->line), POLLIN, 100);
	}
	return ret;
}

static void late_then(struct line_rig *rig)
{
	struct lab_err err = { 0 };

	must_equal(line_failure(rig, &err), -ETIME);
	must(strstr(err.msg, "too late"));
	must(strstr(err.msg, "server"));
	/* it does not forget */
	must_equal(delayline_read(rig->line, take_nothing, NULL, &err), -ETIME);
	delayline_close(rig->line);
}

static void stopped_body(void *arg)
{
	const struct shape shape = { .delay_ns = 50 * MS };
	struct line_rig *rig = topo_need(calloc(1, sizeof(*rig)));
	struct line_owner owner;
	struct stream s;
	uint32_t number;

	(void)arg;
	lab_default(&rig->lab);
	s = stream_open(&rig->lab, FAM4);
	owner = owner_start(rig, &shape, late_then);
	stream_send(&s, 32);
	must(kill(owner.pid, SIGSTOP) == 0);
	/* the time that it is stopped is what this is about */
	pause_ms(1000);
	must(!ready_within(s.to, POLLIN, 0));
	must(kill(owner.pid, SIGCONT) == 0);
	must(stream_next(&s, LAB_WAIT_MS, &number));
	owner_end(&owner);
	stream_close(&s);
	lab_down(&rig->lab);
	free(rig);
}

static void test_delayline_that_was_stopped_says_so(void **state)
{
	(void)state;
	inside(stopped_body, NULL);
}

static void lost_then(struct line_rig *rig)
{
	struct lab_err err = { 0 };

	must_equal(line_failure(rig, &err), -ENOBUFS);
	must(strstr(err.msg, "lost"));
	must(strstr(err.msg, "rmem_max"));
	/* and the kernel's counters agree */
	memset(&err, 0, sizeof(err));
	must_equal(delayline_check(rig->line, &err), -ENOBUFS);
	must(strstr(err.msg, "server"));
	delayline_close(rig->line);
}

/* More than there is room to tell of, while nobody listens. */
static void lost_body(void *arg)
{
	const struct shape shape = { .delay_ns = MS, .limit = 30000 };
	struct line_rig *rig = topo_need(calloc(1, sizeof(*rig)));
	struct line_owner owner;
	struct stream s;

	(void)arg;
	lab_default(&rig->lab);
	s = stream_open(&rig->lab, FAM4);
	owner = owner_start(rig, &shape, lost_then);
	must(kill(owner.pid, SIGSTOP) == 0);
	must_equal(waitpid(owner.pid, &(int){ 0 }, WUNTRACED), owner.pid);
	for (int i = 0; i < 30000; i++)
		stream_send(&s, 300);
	must(kill(owner.pid, SIGCONT) == 0);
	owner_end(&owner);
	stream_close(&s);
	lab_down(&rig->lab);
	free(rig);
}

static void test_delayline_that_lost_packets_says_so(void **state)
{
	(void)state;
	inside(lost_body, NULL);
}

static void taken_body(void *arg)
{
	struct line_rig *rig = topo_need(calloc(1, sizeof(*rig)));
	struct lane lane = { .host = SERVER, .link = FW_SERVER, .end = SERVER_END };
	struct lab_err err = { 0 };
	char text[1100];
	uint16_t queue;
	int fd;

	(void)arg;
	lab_default(&rig->lab);
	fd = nfqueue_open(rig->lab.net, SERVER, &err);
	must(fd >= 0);
	must_work(nfqueue_bind(fd, DELAYLINE_QUEUE_BASE, 0, 10, false, &err), &err);
	line_open(rig);
	must_equal(delayline_add(rig->line, &lane, &queue, &err), -EPERM);
	lab_err_text(&err, text, sizeof(text));
	must(strstr(text, "EPERM"));
	must(strstr(text, "server"));
	must(strstr(err.fix, "queue 1000 is taken"));
	/* only there: another host has numbers of its own, and so has this one when the other is gone */
	lane.host = FW;
	lane.end = 0;
	must_equal(delayline_add(rig->line, &lane, &queue, &err), 0);
	must_equal(queue, DELAYLINE_QUEUE_BASE);
	close(fd);
	line_rig_free(rig);
}

static void test_delayline_names_a_queue_that_is_taken(void **state)
{
	(void)state;
	inside(taken_body, NULL);
}

/* ---- ending ---- */

static int open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	must(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void close_body(void *arg)
{
	struct line_rig *rig = topo_need(calloc(1, sizeof(*rig)));
	struct stream s;

	(void)arg;
	lab_default(&rig->lab);
	s = stream_open(&rig->lab, FAM4);
	for (int round = 0; round < 3; round++) {
		const struct shape shape = { .delay_ns = 60000 * MS, .duplicate = CHANCE_ALL };
		int before = open_fds(), after;
		char *text;

		line_open(rig);
		rig->lane = link_lane(rig, &shape);
		for (int i = 0; i < 100; i++)
			stream_send(&s, 32);
		for (int64_t until = now_ms() + LAB_WAIT_MS;;) {
			/* the kernel's own word for how many wait there */
			text = lab_output(&rig->lab, SERVER,
					  "awk '{ print $3 }' /proc/net/netfilter/nfnetlink_queue");
			must(now_ms() < until);
			if (!strcmp(text, "100\n"))
				break;
			free(text);
		}
		free(text);
		delayline_close(rig->line);
		after = open_fds();
		must_equal(after, before);
		text = lab_output(&rig->lab, SERVER,
				  "wc -l </proc/net/netfilter/nfnetlink_queue; "
				  "nft delete table inet line");
		must_same(text, "0\n");
		free(text);
		/* dropped, not let go */
		must(!ready_within(s.to, POLLIN, 0));
	}
	stream_close(&s);
	lab_down(&rig->lab);
	free(rig);
}

static void test_delayline_closes_over_what_it_holds(void **state)
{
	(void)state;
	if (!has_tool("nft"))
		skip();
	inside_in_time(close_body, NULL);
}

static void gone_body(void *arg)
{
	const struct shape slow = { .delay_ns = 60000 * MS };
	struct line_rig *rig = line_rig_new(&slow);
	struct topo_link *first = &rig->lab.topo.links[0];
	struct lane lane = { .host = FW, .shape = { .delay_ns = 30 * MS }, .link = 0, .end = 1 };
	struct stream s = stream_open(&rig->lab, FAM4);
	struct lab_err err = { 0 };
	uint16_t queue, again;
	int fw_lane = delayline_add(rig->line, &lane, &queue, &err), in_fw = 0;

	(void)arg;
	must(fw_lane >= 0);
	arrivals_queue(&rig->lab, FW, first->ifindex[1], queue, delayline_compat(rig->line));
	for (int i = 0; i < 20; i++)
		stream_send(&s, 32);
	delayline_host_gone(rig->line, SERVER);
	/* what waits at the other host goes on as if nothing had been */
	for (int64_t until = now_ms() + LAB_WAIT_MS; in_fw < 20;) {
		must(now_ms() < until);
		ready_within(delayline_fd(rig->line), POLLIN, 100);
		line_read(rig);
		in_fw = 0;
		for (int i = 0; i < rig->n; i++)
			in_fw += rig->releases[i].r.lane == fw_lane;
	}
	line_sound(rig);
	must(!ready_within(s.to, POLLIN, 0));
	/* a new lane there, with a number of its own; twice gone is gone */
	lane = (struct lane){ .host = SERVER, .link = FW_SERVER, .end = SERVER_END };
	must(delayline_add(rig->line, &lane, &again, &err) >= 0);
	must(again != queue);
	delayline_host_gone(rig->line, SERVER);
	delayline_host_gone(rig->line, SERVER);
	delayline_host_gone(rig->line, CLIENT);
	line_sound(rig);
	stream_close(&s);
	line_rig_free(rig);
}

static void test_delayline_forgets_a_host(void **state)
{
	(void)state;
	inside_in_time(gone_body, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delayline_is_never_early),
		cmocka_unit_test(test_delayline_keeps_order_and_loses_nothing),
		cmocka_unit_test(test_delayline_jitters_and_loses_nothing),
		cmocka_unit_test(test_delayline_keeps_a_rate),
		cmocka_unit_test(test_delayline_drops_beyond_the_limit_and_says_so),
		cmocka_unit_test(test_delayline_changes_shape_under_way),
		cmocka_unit_test(test_delayline_doubles_at_every_hook),
		cmocka_unit_test(test_delayline_corrupts_what_checksums_find),
		cmocka_unit_test(test_delayline_that_was_stopped_says_so),
		cmocka_unit_test(test_delayline_that_lost_packets_says_so),
		cmocka_unit_test(test_delayline_names_a_queue_that_is_taken),
		cmocka_unit_test(test_delayline_closes_over_what_it_holds),
		cmocka_unit_test(test_delayline_forgets_a_host),
	};

	return TEST_MAIN("delayline", tests, NULL, NULL);
}
