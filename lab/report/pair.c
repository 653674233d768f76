// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a hash table of pairs of endpoints, whichever of the two sends. Translation
 * gives a connection a second pair, so that a pair knows its connection's number, and the first
 * sequence numbers belong to the pair: seen from either side of the translator they are the same.
 */
#include "lab/report/pair.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS_FIRST = 64, QUOTE_LOOKS_BACK = 256 };

struct endpoint {
	uint8_t addr[16];
	uint16_t port;
};

/**
 * struct pair - two endpoints
 * @end: the lesser one first
 * @first: sequence number that was seen first from each, if @has
 * @chain: the next in the bucket; @before: the pair that was made before this one
 */
struct pair {
	struct endpoint end[2];
	int protocol;
	unsigned long number;
	uint32_t first[2];
	bool has[2];
	struct pair *chain, *before;
};

struct pairs {
	struct pair **buckets;
	size_t n_buckets, n_pairs;
	unsigned long n; /* connections: the last number given */
	struct pair *last;
};

struct pairs *pairs_new(void)
{
	struct pairs *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->n_buckets = BUCKETS_FIRST;
	c->buckets = calloc(c->n_buckets, sizeof(*c->buckets));
	if (!c->buckets) {
		free(c);
		return NULL;
	}
	return c;
}

void pairs_free(struct pairs *c)
{
	if (!c)
		return;
	while (c->last) {
		struct pair *pair = c->last;

		c->last = pair->before;
		free(pair);
	}
	free(c->buckets);
	free(c);
}

static int endpoint_compare(const struct endpoint *a, const struct endpoint *b)
{
	int r = memcmp(a->addr, b->addr, sizeof(a->addr));

	return r ? r : (int)a->port - (int)b->port;
}

static bool has_ports(const struct packet *p)
{
	return p->protocol == IPPROTO_TCP || p->protocol == IPPROTO_UDP;
}

/* The packet's endpoints in order. Returns which of them sends: 0 or 1. */
static int ends_of(const struct packet *p, struct endpoint ret[2])
{
	size_t len = p->af == AF_INET6 ? 16 : 4;
	struct endpoint from = { .port = p->sport }, to = { .port = p->dport };

	memcpy(from.addr, p->src, len);
	memcpy(to.addr, p->dst, len);
	if (endpoint_compare(&from, &to) <= 0) {
		ret[0] = from;
		ret[1] = to;
		return 0;
	}
	ret[0] = to;
	ret[1] = from;
	return 1;
}

static size_t hash(const struct endpoint end[2], int protocol)
{
	uint64_t h = 0xcbf29ce484222325 ^ (uint64_t)protocol;

	for (int e = 0; e < 2; e++) {
		for (size_t i = 0; i < sizeof(end[e].addr); i++)
			h = (h ^ end[e].addr[i]) * 0x100000001b3;
		h = (h ^ end[e].port) * 0x100000001b3;
	}
	return (size_t)(h ^ h >> 32);
}

static struct pair *pair_find(const struct pairs *c, const struct endpoint end[2], int protocol)
{
	struct pair *pair = c->buckets[hash(end, protocol) % c->n_buckets];

	for (; pair; pair = pair->chain)
		if (pair->protocol == protocol && !endpoint_compare(&pair->end[0], &end[0]) &&
		    !endpoint_compare(&pair->end[1], &end[1]))
			return pair;
	return NULL;
}

/* Twice as many buckets; if memory is out, chains grow instead. */
static void buckets_grow(struct pairs *c)
{
	size_t n = 2 * c->n_buckets;
	struct pair **buckets = calloc(n, sizeof(*buckets));

	if (!buckets)
		return;
	for (struct pair *pair = c->last; pair; pair = pair->before) {
		struct pair **bucket = &buckets[hash(pair->end, pair->protocol) % n];

		pair->chain = *bucket;
		*bucket = pair;
	}
	free(c->buckets);
	c->buckets = buckets;
	c->n_buckets = n;
}

static struct pair *pair_add(struct pairs *c, const struct endpoint end[2], int protocol,
			     unsigned long number)
{
	struct pair *pair = calloc(1, sizeof(*pair)), **bucket;

	if (!pair)
		return NULL;
	if (c->n_pairs >= 2 * c->n_buckets)
		buckets_grow(c);
	pair->end[0] = end[0];
	pair->end[1] = end[1];
	pair->protocol = protocol;
	pair->number = number;
	bucket = &c->buckets[hash(end, protocol) % c->n_buckets];
	pair->chain = *bucket;
	*bucket = pair;
	pair->before = c->last;
	c->last = pair;
	c->n_pairs++;
	return pair;
}

/* The pair of a TCP or UDP packet, made if there is none; NULL when memory is out. */
static struct pair *pair_of(struct pairs *c, const struct packet *p, int *ret_sender)
{
	struct endpoint end[2];
	struct pair *pair;

	*ret_sender = ends_of(p, end);
	pair = pair_find(c, end, p->protocol);
	if (!pair) {
		pair = pair_add(c, end, p->protocol, c->n + 1);
		c->n += pair != NULL;
	}
	return pair;
}

/*
 * An error goes to whoever sent the packet that it quotes, so its destination is one end; of the
 * other the log knows only the port.
 */
static const struct pair *pair_quoted(const struct pairs *c, const struct packet *p)
{
	const struct pair *pair = c->last;
	struct endpoint to = { .port = p->sport };

	memcpy(to.addr, p->dst, p->af == AF_INET6 ? 16 : 4);
	for (int i = 0; pair && i < QUOTE_LOOKS_BACK; i++, pair = pair->before) {
		for (int e = 0; e < 2; e++)
			if (pair->protocol == p->inner_protocol &&
			    !endpoint_compare(&pair->end[e], &to) && pair->end[!e].port == p->dport)
				return pair;
	}
	return NULL;
}

unsigned long pairs_of(struct pairs *c, const struct packet *p)
{
	const struct pair *pair = NULL;
	int sender;

	if (has_ports(p))
		pair = pair_of(c, p, &sender);
	else if ((p->protocol == IPPROTO_ICMP || p->protocol == IPPROTO_ICMPV6) && p->inner)
		pair = pair_quoted(c, p);
	return pair ? pair->number : 0;
}

void pairs_alias(struct pairs *c, const struct packet *p, unsigned long number)
{
	struct endpoint end[2];
	struct pair *pair;

	if (!has_ports(p) || !number)
		return;
	ends_of(p, end);
	pair = pair_find(c, end, p->protocol);
	if (pair)
		pair->number = number;
	else
		pair_add(c, end, p->protocol, number);
}

void pairs_relative(struct pairs *c, const struct packet *p, uint32_t *ret_seq, uint32_t *ret_ack)
{
	struct pair *pair;
	int sender;

	*ret_seq = *ret_ack = 0;
	if (p->protocol != IPPROTO_TCP)
		return;
	pair = pair_of(c, p, &sender);
	if (!pair)
		return;
	/* a SYN on ports that were used before begins anew */
	if (!pair->has[sender] || p->flags & TCPF_SYN) {
		pair->first[sender] = p->seq;
		pair->has[sender] = true;
	}
	*ret_seq = p->seq - pair->first[sender];
	if (!(p->flags & TCPF_ACK))
		return;
	if (!pair->has[!sender]) {
		/* the other side was not heard yet: what it has sent begins one before */
		pair->first[!sender] = p->ack - 1;
		pair->has[!sender] = true;
	}
	*ret_ack = p->ack - pair->first[!sender];
}
