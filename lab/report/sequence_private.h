/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the sequence among themselves. */
#ifndef NSLAB_REPORT_SEQUENCE_PRIVATE_H
#define NSLAB_REPORT_SEQUENCE_PRIVATE_H

#include "lab/report/pair.h"
#include "lab/report/sequence.h"
#include "lab/report/track.h"

/**
 * struct entry - an item that waits for what belongs to it
 * @track: the packet whose leg it is, NULL if that is over or it is no leg
 * @home: the leg has brought it to the host it was for
 */
struct entry {
	struct item item;
	struct track *track;
	bool home;
	struct entry *prev, *next;
};

/**
 * struct sequence - one run
 * @first, @last: entries, in order of time
 * @n_waiting: how many there are
 * @now_ns: the latest time that was heard of
 * @n_packets: the last number given to a packet
 */
struct sequence {
	const struct event_begin *begin;
	void (*item)(void *arg, struct item *item);
	void *arg;
	struct entry *first, *last;
	int n_waiting;
	int64_t now_ns;
	struct tracks *tracks;
	struct pairs *pairs;
	unsigned long n_packets;
};

/** sequence_drop() - take an entry back */
void sequence_drop(struct sequence *sequence, struct entry *entry);

/** sequence_add() - a new entry at its place; NULL when memory is out */
struct entry *sequence_add(struct sequence *sequence, enum item_kind kind, int64_t t_ns, int host);

/** follow_packet(), follow_hit(), follow_release() - what became of a packet (follow.c) */
void follow_packet(struct sequence *sequence, const struct event *event);
void follow_hit(struct sequence *sequence, const struct event *event);
void follow_release(struct sequence *sequence, const struct event *event);

/** follow_over() - the entry goes out: its packet can no longer change it */
void follow_over(struct sequence *sequence, struct entry *entry);

#endif
