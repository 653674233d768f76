// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/observe/flow.h"

#include <stdlib.h>
#include <string.h>

enum { REMEMBERED = 64, BUCKETS = 1024 };

struct sent {
	uint32_t seq;
	uint32_t len; /* sequence space: payload, and one each for SYN and FIN */
	int times;
	int64_t first_ns;
};

struct flow {
	struct flow *next;
	uint8_t src[16], dst[16];
	uint16_t sport, dport;
	uint32_t end; /* highest sequence number sent, plus one */
	uint32_t isn;
	struct sent sent[REMEMBERED];
	unsigned n; /* ever put into @sent, a ring */
};

struct flow_table {
	struct flow *buckets[BUCKETS];
};

struct flow_table *flow_table_new(void)
{
	return calloc(1, sizeof(struct flow_table));
}

void flow_table_free(struct flow_table *table)
{
	if (!table)
		return;
	for (int i = 0; i < BUCKETS; i++) {
		while (table->buckets[i]) {
			struct flow *flow = table->buckets[i];

			table->buckets[i] = flow->next;
			free(flow);
		}
	}
	free(table);
}

static unsigned hash(const struct packet *p)
{
	uint32_t h = 2166136261u;

	for (int i = 0; i < 16; i++)
		h = ((h ^ p->src[i]) * 16777619u ^ p->dst[i]) * 16777619u;
	h = (h ^ p->sport) * 16777619u;
	h = (h ^ p->dport) * 16777619u;
	return (h ^ h >> 15) % BUCKETS;
}

static struct flow *flow_find(struct flow_table *table, const struct packet *p)
{
	struct flow **at = &table->buckets[hash(p)];
	struct flow *flow;

	for (flow = *at; flow; flow = flow->next) {
		if (flow->sport == p->sport && flow->dport == p->dport &&
		    !memcmp(flow->src, p->src, 16) && !memcmp(flow->dst, p->dst, 16))
			return flow;
	}
	flow = calloc(1, sizeof(*flow));
	if (!flow)
		return NULL;
	memcpy(flow->src, p->src, 16);
	memcpy(flow->dst, p->dst, 16);
	flow->sport = p->sport;
	flow->dport = p->dport;
	flow->end = flow->isn = p->seq;
	flow->next = *at;
	*at = flow;
	return flow;
}

void flow_sent(struct flow_table *table, const struct packet *p, int64_t t_ns, int *ret_retry,
	       int64_t *ret_since_ns)
{
	uint32_t len = p->payload + !!(p->flags & TCPF_SYN) + !!(p->flags & TCPF_FIN);
	struct flow *flow;
	unsigned kept;

	*ret_retry = 0;
	*ret_since_ns = 0;
	if (p->protocol != IPPROTO_TCP || !len || p->flags & TCPF_RST)
		return;
	flow = flow_find(table, p);
	if (!flow)
		return;
	/* a SYN with another initial number: the ports are used again, by another connection */
	if (p->flags & TCPF_SYN && p->seq != flow->isn) {
		flow->isn = flow->end = p->seq;
		flow->n = 0;
	}
	kept = flow->n < REMEMBERED ? flow->n : REMEMBERED;
	for (unsigned i = 0; i < kept; i++) {
		struct sent *sent = &flow->sent[i];

		if (sent->seq != p->seq)
			continue;
		/* the same start, perhaps longer or shorter than then: sent again all the same */
		*ret_retry = sent->times++;
		*ret_since_ns = t_ns - sent->first_ns;
		break;
	}
	if (!*ret_retry) {
		if (flow->n && (int32_t)(p->seq - flow->end) < 0)
			*ret_retry = 1;
		flow->sent[flow->n++ % REMEMBERED] =
			(struct sent){ p->seq, len, 1 + *ret_retry, t_ns };
	}
	if ((int32_t)(p->seq + len - flow->end) > 0)
		flow->end = p->seq + len;
}
