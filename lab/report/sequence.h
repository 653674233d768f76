/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A run as a sequence diagram: what the text ladder and the drawn one have in common. Events go in
 * as they come, items come out in order of time: packets that are followed from wire to wire, calls
 * of the program, states of sockets, faults that are switched, expectations that are judged. It
 * keeps no more of a run than what is on its way, so that a log of any length can be followed.
 */
#ifndef NSLAB_REPORT_SEQUENCE_H
#define NSLAB_REPORT_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "lab/event/event.h"

/* What happens within this time is one moment: one line of the text ladder. */
enum { SEQUENCE_MOMENT_NS = 1000000 };

enum item_kind {
	ITEM_LEG,     /* a packet crosses one or more wires without a stop */
	ITEM_CALL,    /* a step begins: @event, and its end in @end if that came at once */
	ITEM_RETURN,  /* a step that took its time ends: @event */
	ITEM_STATE,   /* @event: EVENT_STATE */
	ITEM_SWITCH,  /* @event: EVENT_FAULT */
	ITEM_VERDICT, /* @event: EVENT_EXPECTATION; what one step expected and met is one item */
	ITEM_REMARK,  /* @event: EVENT_NOTE or EVENT_ERROR */
};

/** struct hop - a packet crosses a wire */
struct hop {
	int from, to;	 /* hosts at its ends */
	int64_t left_ns; /* when it left @from */
	int64_t came_ns; /* when it came to @to; -1 where it did not, or not in this leg */
	int64_t held_ns; /* how long the link held it, -1 where nobody did */
	bool resumed;	 /* an earlier leg of this packet ended on this wire */
};

enum leg_end {
	LEG_ARRIVED, /* at @at, and nothing more was seen of it there in this leg */
	LEG_STOPPED, /* at @at, where a fault dropped or rejected it */
	LEG_HELD,    /* at @at, where a fault keeps it; another leg goes on */
	LEG_LOST,    /* on the last wire */
	LEG_FLYING,  /* on the last wire; another leg tells of its arrival, or none ever does */
};

enum { LEG_HOPS_MOST = 8 };

/**
 * struct leg - a packet's way within one moment
 * @number: of the packet in its run, from 1; legs of the same packet share it
 * @connection: its connection, from 1 in order of appearance; 0 for none (ICMP that quotes nothing)
 * @packet: its headers as it was seen first in this leg
 * @retry, @since_ns: as in struct event_packet
 * @seq, @ack: relative to the first sequence number that was seen in each direction
 * @hops, @n_hops: no hop: it never left @at (a fault stopped it on its way out, or released it into
 *                 a leg that is yet to come)
 * @at: host where the leg ends, for LEG_LOST and LEG_FLYING the one it was sent to
 * @fault, @past: what acted on it: "syn-dropped", "dropped"; "" if nothing did. Also for faults that
 *                let it pass (--disarm)
 * @released_by: fault that held it until this leg began, "" if none did; @waited_ns: how long
 */
struct leg {
	unsigned long number;
	unsigned long connection;
	struct packet packet;
	int retry;
	int64_t since_ns;
	uint32_t seq, ack;
	struct hop hops[LEG_HOPS_MOST];
	int n_hops;
	enum leg_end end;
	int at;
	char *fault, *past;
	char *released_by;
	int64_t waited_ns;
};

/**
 * struct item - something in the diagram
 * @t_ns: when it begins
 * @host: whose lifeline; -1 for the lab's own. Of a leg: where it begins
 * @leg: of ITEM_LEG only
 * @event, @end: of all others; @end.type is EVENT_STEP_END if there is one
 */
struct item {
	enum item_kind kind;
	int64_t t_ns;
	int host;
	struct leg leg;
	struct event event;
	struct event end;
};

/** item_clear() - free what it owns and zero it */
void item_clear(struct item *item);

/** leg_label() - "SYN retry 1", "PSH-ACK 100 B", with @seq "ACK seq 1 ack 101"; returns @buf */
const char *leg_label(const struct leg *leg, bool seq, char *buf, size_t size);

/** leg_is_bulk() - data or its acknowledgement that went its way, one among many */
bool leg_is_bulk(const struct leg *leg);

struct sequence;

/**
 * sequence_new() - follow one run
 * @begin: its begin record, borrowed for as long as the sequence lives; NULL if there is none
 * @item: gets each item, in order of time. It may take what the item owns by zeroing it; the rest is
 *        freed behind its back
 * Return: NULL when memory is out
 */
struct sequence *sequence_new(const struct event_begin *begin,
			      void (*item)(void *arg, struct item *item), void *arg);

/** sequence_event() - one more event of the run; all types are welcome */
void sequence_event(struct sequence *sequence, const struct event *event);

/**
 * sequence_until() - nothing that happened before @t_ns will be told any more
 * For a view that is alive: items need not wait for the next event.
 */
void sequence_until(struct sequence *sequence, int64_t t_ns);

/** sequence_free() - hand out what is left, and free it; takes NULL */
void sequence_free(struct sequence *sequence);

#endif
