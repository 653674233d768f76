// SPDX-License-Identifier: GPL-2.0-or-later
#include "impair/connections.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "netns/cleanup.h"

enum { SLOTS = 1024, IP6_HEADER = 40 };

/* one end: address (IPv4 in the first 4 bytes), then the port; compared and hashed as bytes */
struct point {
	uint8_t bytes[18];
};

struct key {
	struct point low, high;
	uint8_t family, protocol;
};

struct connection {
	struct connection *next;
	struct key key;
	uint32_t isn;
	bool isn_known;
	uint32_t n;
};

struct connections {
	struct connection *slots[SLOTS];
};

struct connections *connections_new(void)
{
	return calloc(1, sizeof(struct connections));
}

void connections_free(struct connections *c)
{
	for (int i = 0; c && i < SLOTS; i++) {
		while (c->slots[i]) {
			struct connection *one = c->slots[i];

			c->slots[i] = one->next;
			free(one);
		}
	}
	free(c);
}

static bool is_extension(uint8_t protocol)
{
	return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING ||
	       protocol == IPPROTO_DSTOPTS || protocol == IPPROTO_FRAGMENT;
}

/* Where the transport header is; @len if it is not there, as in all fragments but the first. */
static size_t transport_find(const uint8_t *p, size_t len, uint8_t *ret_protocol)
{
	size_t at = IP6_HEADER;

	if (p[0] >> 4 == 4) {
		*ret_protocol = p[9];
		return p[6] & 0x1f || p[7] ? len : (size_t)(p[0] & 0xf) * 4;
	}
	*ret_protocol = p[6];
	while (is_extension(*ret_protocol) && at + 8 <= len) {
		bool fragment = *ret_protocol == IPPROTO_FRAGMENT;
		size_t size = fragment ? 8 : 8 + 8 * (size_t)p[at + 1];

		*ret_protocol = p[at];
		if (fragment && (p[at + 2] || p[at + 3] & 0xf8))
			return len;
		at += size;
	}
	return at;
}

/* Fill the key; @ret_tcp points to the TCP header if there is a whole one. */
static bool key_read(const uint8_t *p, size_t len, struct key *key, const uint8_t **ret_tcp)
{
	bool six = len >= IP6_HEADER && p[0] >> 4 == 6;
	struct point from = { 0 }, to = { 0 };
	size_t at;

	memset(key, 0, sizeof(*key));
	*ret_tcp = NULL;
	if (!six && (len < 20 || p[0] >> 4 != 4))
		return false;
	key->family = six ? 6 : 4;
	memcpy(from.bytes, p + (six ? 8 : 12), six ? 16 : 4);
	memcpy(to.bytes, p + (six ? 24 : 16), six ? 16 : 4);
	at = transport_find(p, len, &key->protocol);
	if ((key->protocol == IPPROTO_TCP || key->protocol == IPPROTO_UDP) && at + 4 <= len) {
		memcpy(from.bytes + 16, p + at, 2);
		memcpy(to.bytes + 16, p + at + 2, 2);
	}
	if (key->protocol == IPPROTO_TCP && at + 20 <= len)
		*ret_tcp = p + at;
	if (memcmp(&from, &to, sizeof(from)) < 0) {
		key->low = from;
		key->high = to;
	} else {
		key->low = to;
		key->high = from;
	}
	return true;
}

static size_t slot_of(const struct key *key)
{
	const uint8_t *p = (const uint8_t *)key;
	uint32_t h = 0x811c9dc5;

	for (size_t i = 0; i < sizeof(*key); i++)
		h = (h ^ p[i]) * 0x01000193;
	return (h ^ h >> 16) % SLOTS;
}

static struct connection *connection_get(struct connections *c, const struct key *key)
{
	struct connection **slot = &c->slots[slot_of(key)], *one;

	for (one = *slot; one; one = one->next) {
		if (!memcmp(&one->key, key, sizeof(*key)))
			return one;
	}
	one = calloc(1, sizeof(*one));
	if (!one)
		return NULL;
	one->key = *key;
	one->next = *slot;
	*slot = one;
	return one;
}

uint32_t connections_count(struct connections *c, const uint8_t *packet, size_t len)
{
	struct connection *one;
	const uint8_t *tcp;
	struct key key;

	if (!key_read(packet, len, &key, &tcp))
		return 0;
	one = connection_get(c, &key);
	if (!one)
		return 0;
	if (tcp && (tcp[13] & 0x12) == 0x02) {
		uint32_t isn = (uint32_t)tcp[4] << 24 | (uint32_t)tcp[5] << 16 |
			       (uint32_t)tcp[6] << 8 | tcp[7];

		if (one->isn_known && one->isn != isn)
			one->n = 0;
		one->isn = isn;
		one->isn_known = true;
	}
	return ++one->n;
}
