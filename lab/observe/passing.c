// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/observe/passing.h"

#include <stddef.h>
#include <stdlib.h>

enum { SLOTS = 4096 };

/* @n: how many of this kind; below 0 if one was killed whose coming in is yet to be read */
struct slot {
	uint64_t key;
	int n;
};

struct passing {
	struct slot slots[SLOTS];
};

struct passing *passing_new(void)
{
	return calloc(1, sizeof(struct passing));
}

static uint64_t mix(uint64_t h, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len--)
		h = (h ^ *p++) * 0x100000001b3;
	return h;
}

uint64_t passing_key(bool translates, const struct packet *p)
{
	uint64_t h = 0xcbf29ce484222325;
	uint32_t words[] = { (uint32_t)p->protocol,
			     p->id,
			     translates ? 0 : (uint32_t)p->sport << 16 | p->dport,
			     p->seq,
			     p->ack,
			     (uint32_t)p->flags << 24 | p->window,
			     p->payload,
			     p->icmp_type,
			     p->icmp_code,
			     p->ip_len };

	h = mix(h, p->src, translates ? 0 : sizeof(p->src));
	h = mix(h, p->dst, translates ? 0 : sizeof(p->dst));
	h = mix(h, words, sizeof(words));
	return h ? h : 1;
}

/* The key's slot; one that is another's is taken over, and counts from 0. */
static struct slot *slot_of(struct passing *passing, uint64_t key)
{
	struct slot *slot = &passing->slots[key % SLOTS];

	if (slot->key != key)
		*slot = (struct slot){ .key = key };
	return slot;
}

void passing_in(struct passing *passing, uint64_t key)
{
	slot_of(passing, key)->n++;
}

void passing_killed(struct passing *passing, uint64_t key)
{
	slot_of(passing, key)->n--;
}

bool passing_out(struct passing *passing, uint64_t key)
{
	struct slot *slot = &passing->slots[key % SLOTS];

	if (slot->key != key || slot->n <= 0)
		return false;
	slot->n--;
	return true;
}
