// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/report/track.h"

#include <stdlib.h>
#include <string.h>

enum {
	BUCKETS = 1 << 14,
	TRACKS_MOST = 1 << 16,
	ALIKE_MOST =
		256, /* that are compared: a log full of equal packets must not take for ever */
};

struct tracks {
	struct track *bucket[BUCKETS];
	struct track *newest, *oldest;
	int n;
	void (*forgotten)(struct track *track);
};

struct tracks *tracks_new(void)
{
	return calloc(1, sizeof(struct tracks));
}

void tracks_free(struct tracks *tracks)
{
	if (!tracks)
		return;
	while (tracks->newest)
		tracks_remove(tracks, tracks->newest);
	free(tracks);
}

void tracks_forgotten(struct tracks *tracks, void (*fn)(struct track *track))
{
	tracks->forgotten = fn;
}

/* What neither a router nor a translator changes. */
static uint64_t key_of(const struct packet *p)
{
	uint64_t words[] = {
		(uint64_t)p->protocol << 32 | p->id,
		(uint64_t)p->seq << 32 | p->ack,
		(uint64_t)p->flags << 56 | (uint64_t)p->window << 32 | p->payload,
		(uint64_t)p->icmp_type << 40 | (uint64_t)p->icmp_code << 32 | p->ip_len,
	};
	uint64_t h = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		h = (h ^ words[i]) * 0x9e3779b97f4a7c15;
		h ^= h >> 29;
	}
	return h;
}

bool track_same_names(const struct packet *a, const struct packet *b)
{
	size_t len = a->af == AF_INET6 ? 16 : 4;

	return a->af == b->af && a->sport == b->sport && a->dport == b->dport &&
	       !memcmp(a->src, b->src, len) && !memcmp(a->dst, b->dst, len);
}

static void order_remove(struct tracks *tracks, struct track *track)
{
	*(track->newer ? &track->newer->older : &tracks->newest) = track->older;
	*(track->older ? &track->older->newer : &tracks->oldest) = track->newer;
	track->newer = track->older = NULL;
}

static void order_add(struct tracks *tracks, struct track *track)
{
	track->older = tracks->newest;
	*(track->older ? &track->older->newer : &tracks->oldest) = track;
	tracks->newest = track;
}

/* Chains have the oldest last: whoever moved is put in front. */
static void chain_remove(struct tracks *tracks, struct track *track)
{
	struct track **at = &tracks->bucket[track->key % BUCKETS];

	while (*at != track)
		at = &(*at)->chain;
	*at = track->chain;
}

static void chain_add(struct tracks *tracks, struct track *track)
{
	struct track **bucket = &tracks->bucket[track->key % BUCKETS];

	track->chain = *bucket;
	*bucket = track;
}

struct track *tracks_find(const struct tracks *tracks, const struct packet *packet,
			  enum track_place place, int host, bool same_ttl)
{
	uint64_t key = key_of(packet);
	struct track *alike = NULL, *same = NULL;
	int looks = 0;

	for (struct track *t = tracks->bucket[key % BUCKETS]; t; t = t->chain) {
		if (t->key == key && looks++ == ALIKE_MOST)
			break;
		if (t->key != key || t->place != place || t->host != host ||
		    (same_ttl && t->packet.ttl != packet->ttl))
			continue;
		alike = t;
		if (track_same_names(&t->packet, packet))
			same = t;
	}
	return same ? same : alike;
}

struct track *tracks_add(struct tracks *tracks, const struct packet *packet)
{
	struct track *track = calloc(1, sizeof(*track));

	if (!track)
		return NULL;
	if (tracks->n >= TRACKS_MOST) {
		if (tracks->forgotten)
			tracks->forgotten(tracks->oldest);
		tracks_remove(tracks, tracks->oldest);
	}
	track->packet = *packet;
	track->key = key_of(packet);
	chain_add(tracks, track);
	order_add(tracks, track);
	tracks->n++;
	return track;
}

void tracks_moved(struct tracks *tracks, struct track *track)
{
	order_remove(tracks, track);
	order_add(tracks, track);
	chain_remove(tracks, track);
	chain_add(tracks, track);
}

void tracks_remove(struct tracks *tracks, struct track *track)
{
	order_remove(tracks, track);
	chain_remove(tracks, track);
	tracks->n--;
	free(track);
}
