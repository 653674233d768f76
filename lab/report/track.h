/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets that are on their way. A packet has no name: it is known again by what no hop changes. Of
 * several that look alike the one with the same addresses and ports is taken, and of those the
 * oldest: wires keep the order.
 */
#ifndef NSLAB_REPORT_TRACK_H
#define NSLAB_REPORT_TRACK_H

#include <stdbool.h>
#include <stdint.h>

#include "lab/event/packet.h"

/** enum track_place - where a packet is */
enum track_place {
	TRACK_AT_HOST, /* it came to @host, or was made there */
	TRACK_HELD,    /* a fault at @host keeps it */
	TRACK_ON_WIRE, /* on wire @host */
	TRACK_LOST,    /* it was lost on wire @host, and that was told before it left */
};

struct entry;

/**
 * struct track - a packet that is followed
 * @packet: as it was seen last
 * @place, @host: see enum track_place
 * @made: it was made at @host and has not left it
 * @guessed: it was seen to arrive before it was seen to leave
 * @retry, @since_ns: as whoever made it counts
 * @left_ns: when it went on the wire, @came_ns: when it came to the host
 * @entry: the leg that may still grow, NULL for none
 */
struct track {
	struct packet packet;
	unsigned long number, connection;
	enum track_place place;
	int host;
	bool made, guessed;
	int retry;
	int64_t since_ns;
	int64_t left_ns, came_ns;
	struct entry *entry;
	/* the table's own */
	uint64_t key;
	struct track *chain, *newer, *older;
};

struct tracks;

/** tracks_new() - NULL when memory is out */
struct tracks *tracks_new(void);
void tracks_free(struct tracks *tracks);

/**
 * tracks_find() - the packet at that place that looks like @packet
 * @same_ttl: on one wire it does not change
 * Return: NULL if there is none
 */
struct track *tracks_find(const struct tracks *tracks, const struct packet *packet,
			  enum track_place place, int host, bool same_ttl);

/**
 * tracks_add() - follow one more
 * So that a log cannot fill the memory, the one that has not moved for the longest is forgotten.
 * Return: NULL when memory is out
 */
struct track *tracks_add(struct tracks *tracks, const struct packet *packet);

/** tracks_moved() - it is the newest again */
void tracks_moved(struct tracks *tracks, struct track *track);

/** tracks_remove() - its way is over */
void tracks_remove(struct tracks *tracks, struct track *track);

/** track_same_names() - do both have the same addresses and ports? */
bool track_same_names(const struct packet *a, const struct packet *b);

/** tracks_forgotten() - what to do about a track that is forgotten because there are too many */
void tracks_forgotten(struct tracks *tracks, void (*fn)(struct track *track));

#endif
