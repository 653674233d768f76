/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sequence that is fed with made-up events, and keeps the items it gives. Behind cmocka.h. */
#ifndef NSLAB_TESTS_UNIT_SEQUENCE_FEED_H
#define NSLAB_TESTS_UNIT_SEQUENCE_FEED_H

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "lab/report/sequence.h"

#define S(text) ((char *)(text))
#define US(us)	((int64_t)((us)*1e3))
#define MS(ms)	((int64_t)((ms)*1e6))

enum { CLIENT, FW, SERVER };

static char *hosts[] = { S("client"), S("fw"), S("server") };

/* client eth0 -- eth0 fw eth1 -- eth0 server */
static struct event_link_info links[] = {
	{ .host = { CLIENT, FW }, .ifname = { S("eth0"), S("eth0") } },
	{ .host = { FW, SERVER }, .ifname = { S("eth1"), S("eth0") } },
};

static const struct event_begin begin = {
	.hosts = hosts,
	.n_hosts = 3,
	.links = links,
	.n_links = 2,
};

enum { ITEMS_MOST = 64 };

struct feed {
	struct sequence *sequence;
	struct item items[ITEMS_MOST];
	int n;
};

static inline void feed_take(void *arg, struct item *item)
{
	struct feed *f = arg;

	assert_true(f->n < ITEMS_MOST);
	f->items[f->n++] = *item;
	memset(item, 0, sizeof(*item));
}

static inline void feed_open(struct feed *f, const struct event_begin *b)
{
	memset(f, 0, sizeof(*f));
	f->sequence = sequence_new(b, feed_take, f);
	assert_non_null(f->sequence);
}

/* No more events: what is left comes out. */
static inline void feed_end(struct feed *f)
{
	sequence_free(f->sequence);
	f->sequence = NULL;
}

static inline void feed_close(struct feed *f)
{
	feed_end(f);
	for (int i = 0; i < f->n; i++)
		item_clear(&f->items[i]);
}

/* A TCP packet from client to server, or back. */
static inline struct packet tcp(bool back, uint8_t flags, uint32_t seq, uint32_t ack,
				uint32_t payload, uint8_t ttl)
{
	struct packet p = { .af = AF_INET,
			    .protocol = IPPROTO_TCP,
			    .ttl = ttl,
			    .sport = back ? 8080 : 40000,
			    .dport = back ? 40000 : 8080,
			    .seq = seq,
			    .ack = ack,
			    .flags = flags,
			    .payload = payload,
			    .ip_len = 40 + payload };

	assert_int_equal(inet_pton(AF_INET, back ? "10.0.2.2" : "10.0.1.1", p.src), 1);
	assert_int_equal(inet_pton(AF_INET, back ? "10.0.1.1" : "10.0.2.2", p.dst), 1);
	return p;
}

/* It is seen at an interface; @made: by that host itself. */
static inline void feed_packet(struct feed *f, int64_t t_ns, int host, const char *ifname, bool out,
			       bool made, struct packet packet)
{
	bool back = packet.sport == 8080;

	sequence_event(f->sequence, &(struct event){ .type = EVENT_PACKET,
						     .t_ns = t_ns,
						     .host = host,
						     .packet = { .ifname = S(ifname),
								 .out = out,
								 .made_here = made,
								 .from = back ? SERVER : CLIENT,
								 .to = back ? CLIENT : SERVER,
								 .held_ns = -1,
								 .packet = packet } });
}

static inline void feed_hit(struct feed *f, int64_t t_ns, int host, const char *fault,
			    const char *past, struct packet packet)
{
	sequence_event(f->sequence,
		       &(struct event){
			       .type = EVENT_HIT,
			       .t_ns = t_ns,
			       .host = host,
			       .hit = { .fault = S(fault), .past = S(past), .packet = packet } });
}

static inline void feed_release(struct feed *f, int64_t t_ns, int host, const char *fault,
				const char *past, int64_t waited_ns, struct packet packet)
{
	sequence_event(f->sequence, &(struct event){ .type = EVENT_RELEASE,
						     .t_ns = t_ns,
						     .host = host,
						     .release = { .fault = S(fault),
								  .past = S(past),
								  .from = -1,
								  .waited_ns = waited_ns,
								  .packet = packet } });
}

/* The way from client to server, 10 us a step, beginning at @t_ns. */
static inline void feed_way(struct feed *f, int64_t t_ns, struct packet packet)
{
	feed_packet(f, t_ns, CLIENT, "eth0", true, true, packet);
	feed_packet(f, t_ns + US(10), FW, "eth0", false, false, packet);
	packet.ttl--;
	feed_packet(f, t_ns + US(20), FW, "eth1", true, false, packet);
	feed_packet(f, t_ns + US(30), SERVER, "eth0", false, false, packet);
}

static inline void feed_step(struct feed *f, int64_t t_ns, int host, int number, const char *text,
			     const char *error)
{
	sequence_event(f->sequence,
		       &(struct event){ .type = error ? EVENT_STEP_END : EVENT_STEP_BEGIN,
					.t_ns = t_ns,
					.host = host,
					.step = { .number = number,
						  .text = S(text),
						  .error = S(error ? error : ""),
						  .bytes = -1,
						  .exit = -1,
						  .detail = S("") } });
}

static inline void feed_verdict(struct feed *f, int64_t t_ns, int line, const char *text,
				const char *expected, const char *observed, bool met)
{
	sequence_event(f->sequence, &(struct event){ .type = EVENT_EXPECTATION,
						     .t_ns = t_ns,
						     .host = -1,
						     .expectation = { .line = line,
								      .text = S(text),
								      .expected = S(expected),
								      .observed = S(observed),
								      .met = met } });
}

#endif
