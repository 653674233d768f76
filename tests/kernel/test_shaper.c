// SPDX-License-Identifier: GPL-2.0-or-later
/* The rules of shaped links: loss that can be foretold, packet by packet, with either backend. */
#include "tests/kernel/lab.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>

#include "impair/hitlog.h"
#include "impair/ruleset.h"
#include "impair/shaper_private.h"
#include "lab/event/packet.h"

enum { LINK, FROM_CLIENT = 0, FROM_FW = 1, SENT = 600, SEED = 7, PATIENCE_MS = 5000 };

/* Which backend's rules, in which family. */
struct variant {
	enum shape_backend backend;
	int fam;
};

static const struct variant variants[] = { { SHAPE_QUEUE, FAM4 },
					   { SHAPE_QUEUE, FAM6 },
					   { SHAPE_NETEM, FAM4 },
					   { SHAPE_NETEM, FAM6 } };

struct rig {
	struct lab lab;
	struct delayline *line;
	struct shaper *shaper;
};

/* Loss needs rules alone, so netem's can be tried on kernels that have no netem. */
static void rig_open(struct rig *rig, enum shape_backend backend)
{
	const struct delayline_options options = { .seed = SEED };
	struct lab_err err = { 0 };

	memset(rig, 0, sizeof(*rig));
	lab_default(&rig->lab);
	must_work(delayline_open(rig->lab.net, &rig->lab.topo, &options, &rig->line, &err), &err);
	must_work(shaper_open(rig->lab.net, &rig->lab.topo, SHAPE_QUEUE, SEED, &rig->shaper, &err),
		  &err);
	shaper_use_line(rig->shaper, rig->line);
	if (backend == SHAPE_NETEM)
		rig->shaper->backend = &BACKEND_NETEM;
	must_equal(shaper_backend(rig->shaper), backend);
}

static void rig_close(struct rig *rig)
{
	struct lab_err err = { 0 };

	/* a busy machine may let a packet go late, which is not what these tests are about */
	if (delayline_check(rig->line, &err) != -ETIME)
		must_equal(err.code, 0);
	delayline_close(rig->line);
	shaper_close(rig->shaper);
	lab_down(&rig->lab);
}

static void lose(struct shaper *shaper, int end, uint32_t millionths)
{
	const struct shape shape = { .loss = millionths };
	struct lab_err err = { 0 };

	must_work(shaper_set(shaper, LINK, end, &shape, &err), &err);
}

/* Two sockets that send numbers to each other over the first link. */
struct talkers {
	int fam;
	int fd[2];
	union address to[2];
};

static struct talkers talkers_open(const struct lab *lab, int fam)
{
	struct talkers t = { .fam = fam };
	int size = 1 << 20;

	for (int host = 0; host < 2; host++) {
		t.fd[host] = lab_bound(lab, host, fam, SOCK_DGRAM | SOCK_NONBLOCK, LAB_PORT);
		must(setsockopt(t.fd[host], SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) == 0);
		t.to[host] = lab_address(lab, host, !host, fam, LAB_PORT);
	}
	return t;
}

static void talkers_close(struct talkers *t)
{
	close(t->fd[0]);
	close(t->fd[1]);
}

/* Send one number; a loss at the sending end is told to the sender, or not, as the kernel likes. */
static void number_send(const struct talkers *t, int from, uint32_t n)
{
	const union address *to = &t->to[from];

	if (sendto(t->fd[from], &n, sizeof(n), 0, &to->any, address_len(t->fam)) < 0)
		must(errno == EPERM || errno == ENOBUFS || errno == ECONNREFUSED);
}

/* It comes, as the next that comes; what should have been lost before it did not come. */
static void number_comes(const struct talkers *t, int at, uint32_t n)
{
	uint32_t got = 0;

	must(ready_within(t->fd[at], POLLIN, PATIENCE_MS));
	must_equal(recv(t->fd[at], &got, sizeof(got), 0), sizeof(got));
	must_equal(got, n);
}

/* Send numbers, and hold what comes against chance_decide(). Returns how many were lost. */
static int foretell(const struct talkers *t, int from, const char *direction, uint32_t millionths)
{
	uint32_t seed = chance_seed(SEED, direction);
	int lost = 0;

	for (uint32_t n = 0; n < SENT; n++) {
		bool dies = chance_decide(seed, n, millionths);

		number_send(t, from, n);
		if (!dies)
			number_comes(t, !from, n);
		lost += dies;
	}
	return lost;
}

struct seen {
	int n;
	bool egress;
	struct packet last;
	char name[64];
};

static void hit_take(void *arg, const struct hit *hit)
{
	struct seen *seen = arg;

	seen->n++;
	seen->egress = hit->egress;
	snprintf(seen->name, sizeof(seen->name), "%s", hit->fault);
	must_equal(packet_decode(hit->packet, hit->len, 65535, &seen->last), 0);
}

static void hits_take(struct hitlog *log, struct seen *seen)
{
	struct lab_err err = { 0 };

	if (hitlog_read(log, hit_take, seen, &err) < 0)
		INSIDE_FAIL("%s", err.msg);
}

static uint64_t lost(const struct shaper *shaper, int end)
{
	struct lab_err err = { 0 };
	uint64_t n = UINT64_MAX;

	must_work(shaper_lost(shaper, LINK, end, &n, &err), &err);
	return n;
}

static void loss_is_foretold(void *arg)
{
	const struct variant *v = arg;
	struct rig rig;
	struct lab_err err = { 0 };
	struct hitlog *log = NULL;
	struct seen seen = { 0 };
	struct talkers t;
	int before;

	rig_open(&rig, v->backend);
	t = talkers_open(&rig.lab, v->fam);
	must_equal(lost(rig.shaper, FROM_CLIENT), 0);
	must_work(hitlog_open(rig.lab.net, shaper_loss_host(rig.shaper, LINK, FROM_CLIENT), &log,
			      &err),
		  &err);
	lose(rig.shaper, FROM_CLIENT, 100000);
	before = foretell(&t, CLIENT, "client -> fw", 100000);
	must(before > SENT / 20 && before < SENT / 5);
	must_equal(lost(rig.shaper, FROM_CLIENT), before);
	hits_take(log, &seen);
	must_equal(seen.n, before);
	must_same(seen.name, "client -> fw");
	must_equal(seen.egress, v->backend == SHAPE_NETEM);
	must_equal(seen.last.dport, LAB_PORT);
	/* the other direction has a chance of its own */
	must_equal(foretell(&t, FW, "fw -> client", 0), 0);
	/* another share: the count begins anew, and what was lost stays counted */
	lose(rig.shaper, FROM_CLIENT, 500000);
	before += foretell(&t, CLIENT, "client -> fw", 500000);
	must_equal(lost(rig.shaper, FROM_CLIENT), before);
	/* the same again changes nothing: the count goes on, so the first of the next is no longer number 0 */
	lose(rig.shaper, FROM_CLIENT, 0);
	must_equal(foretell(&t, CLIENT, "client -> fw", 0), 0);
	lose(rig.shaper, FROM_FW, 1000000);
	must_equal(foretell(&t, FW, "fw -> client", 1000000), SENT);
	must_equal(lost(rig.shaper, FROM_CLIENT), before);
	must_equal(lost(rig.shaper, FROM_FW), SENT);
	hitlog_close(log);
	talkers_close(&t);
	rig_close(&rig);
}

static void test_loss_is_a_function_of_seed_direction_and_number(void **state)
{
	(void)state;
	inside_each(loss_is_foretold, variants, sizeof(variants[0]), ARRAY_SIZE(variants));
}

/* The same shape again leaves the count where it was. */
static void same_loss_counts_on(void *arg)
{
	uint32_t seed = chance_seed(SEED, "client -> fw");
	const struct variant *v = arg;
	struct talkers t;
	struct rig rig;

	rig_open(&rig, v->backend);
	t = talkers_open(&rig.lab, v->fam);
	for (uint32_t n = 0; n < 100; n++) {
		lose(rig.shaper, FROM_CLIENT, 300000);
		number_send(&t, CLIENT, n);
		if (!chance_decide(seed, n, 300000))
			number_comes(&t, FW, n);
	}
	talkers_close(&t);
	rig_close(&rig);
}

static void test_the_same_loss_again_counts_on(void **state)
{
	(void)state;
	inside_each(same_loss_counts_on, variants, sizeof(variants[0]), ARRAY_SIZE(variants));
}

/* What the kernel says by itself passes, though all is lost. */
static void multicast_passes(void *arg)
{
	const struct variant *v = arg;
	struct sockaddr_in6 all = { .sin6_family = AF_INET6, .sin6_port = htons(LAB_PORT) };
	struct talkers t;
	struct rig rig;
	uint32_t n = 1;

	rig_open(&rig, v->backend);
	t = talkers_open(&rig.lab, FAM6);
	lose(rig.shaper, FROM_CLIENT, 1000000);
	must_equal(inet_pton(AF_INET6, "ff02::1", &all.sin6_addr), 1);
	all.sin6_scope_id = (uint32_t)rig.lab.topo.links[LINK].ifindex[0];
	must_equal(sendto(t.fd[CLIENT], &n, sizeof(n), 0, (struct sockaddr *)&all, sizeof(all)),
		   sizeof(n));
	number_comes(&t, FW, 1);
	number_send(&t, CLIENT, 2);
	must_equal(lost(rig.shaper, FROM_CLIENT), 1);
	talkers_close(&t);
	rig_close(&rig);
}

static void test_ipv6_multicast_is_never_lost(void **state)
{
	(void)state;
	inside_each(multicast_passes, &variants[1], 2 * sizeof(variants[0]), 2);
}

/* Put a copy of a datagram on the wire as the delay line does: the source address tells it. */
static void copies_pass(void *arg)
{
	static const uint8_t copy_mac[] = DELAYLINE_COPY_MAC;
	struct talkers t;
	struct rig rig;
	uint8_t frame[256];
	ssize_t len;
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP) };
	int tap;

	(void)arg;
	rig_open(&rig, SHAPE_QUEUE);
	t = talkers_open(&rig.lab, FAM4);
	tap = lab_socket(&rig.lab, FW, AF_PACKET, SOCK_RAW, htons(ETH_P_IP));
	at.sll_ifindex = rig.lab.topo.links[LINK].ifindex[1];
	must(bind(tap, (struct sockaddr *)&at, sizeof(at)) == 0);
	lose(rig.shaper, FROM_CLIENT, 1000000);
	number_send(&t, CLIENT, 5);
	must(ready_within(tap, POLLIN, PATIENCE_MS));
	len = recv(tap, frame, sizeof(frame), 0);
	must(len > ETH_HLEN);
	close(tap);
	tap = lab_socket(&rig.lab, CLIENT, AF_PACKET, SOCK_RAW, 0);
	at.sll_ifindex = rig.lab.topo.links[LINK].ifindex[0];
	must_equal(sendto(tap, frame, (size_t)len, 0, (struct sockaddr *)&at, sizeof(at)), len);
	must_equal(lost(rig.shaper, FROM_CLIENT), 2);
	memcpy(frame + ETH_ALEN, copy_mac, sizeof(copy_mac));
	must_equal(sendto(tap, frame, (size_t)len, 0, (struct sockaddr *)&at, sizeof(at)), len);
	number_comes(&t, FW, 5);
	must_equal(lost(rig.shaper, FROM_CLIENT), 2);
	close(tap);
	talkers_close(&t);
	rig_close(&rig);
}

static void test_copies_pass_the_rules(void **state)
{
	(void)state;
	inside(copies_pass, NULL);
}

/* Each packet that leaves is logged, from its IP header on, also what is lost then. */
static void departures_are_logged(void *arg)
{
	const struct variant *v = arg;
	struct lab_err err = { 0 };
	struct seen seen = { 0 };
	struct hitlog *log = NULL;
	struct talkers t;
	struct rig rig;

	rig_open(&rig, SHAPE_NETEM);
	t = talkers_open(&rig.lab, v->fam);
	must_work(hitlog_open_group(rig.lab.net, CLIENT, SHAPER_DEPART_GROUP, &log, &err), &err);
	lose(rig.shaper, FROM_CLIENT, 200000);
	foretell(&t, CLIENT, "client -> fw", 200000);
	foretell(&t, FW, "fw -> client", 0);
	hits_take(log, &seen);
	must_equal(seen.n, SENT);
	must(seen.egress);
	must_same(seen.name, "client -> fw");
	must_equal(seen.last.protocol, IPPROTO_UDP);
	must_equal(seen.last.dport, LAB_PORT);
	must_equal(seen.last.payload, sizeof(uint32_t));
	hitlog_close(log);
	talkers_close(&t);
	rig_close(&rig);
}

static void test_departures_are_logged(void **state)
{
	(void)state;
	inside_each(departures_are_logged, &variants[2], sizeof(variants[0]), 2);
}

static void plain_needs_nothing(void *arg)
{
	const struct shape none = { .limit = 5 };
	struct lab_err err = { 0 };
	struct rig rig;
	char *text;

	(void)arg;
	rig_open(&rig, SHAPE_QUEUE);
	must_work(shaper_set(rig.shaper, LINK, 0, &none, &err), &err);
	if (has_tool("nft")) {
		text = lab_output(&rig.lab, FW, "nft list tables");
		must_same(text, "");
		free(text);
	}
	lose(rig.shaper, FROM_CLIENT, 1);
	if (has_tool("nft")) {
		text = lab_output(&rig.lab, FW, "nft list tables");
		must_same(text, "table inet nslab_link\n");
		free(text);
	}
	rig_close(&rig);
}

static void test_a_plain_wire_needs_no_rules(void **state)
{
	(void)state;
	inside(plain_needs_nothing, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loss_is_a_function_of_seed_direction_and_number),
		cmocka_unit_test(test_the_same_loss_again_counts_on),
		cmocka_unit_test(test_ipv6_multicast_is_never_lost),
		cmocka_unit_test(test_copies_pass_the_rules),
		cmocka_unit_test(test_departures_are_logged),
		cmocka_unit_test(test_a_plain_wire_needs_no_rules),
	};

	return TEST_MAIN("shaper", tests, NULL, NULL);
}
