// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: items wait in a queue that is sorted by time. An item goes out when the log
 * has come so far beyond it that nothing can belong to it any more: the moment that a leg may last,
 * and the time by which records may stand out of order. What comes later still gets items of its own.
 * follow.c knows the packets, this file the queue and everything else.
 */
#include "lab/report/sequence.h"

#include <stdlib.h>
#include <string.h>

#include "lab/report/sequence_private.h"
#include "netns/cleanup.h"

/* The journal sorts within 2 ms. */
static const int64_t patience_ns = SEQUENCE_MOMENT_NS + 2000000;

/* No more wait than happen in such a time; a log whose clock stands still must not take for ever. */
enum { WAITING_MOST = 2048 };

void item_clear(struct item *item)
{
	free(item->leg.fault);
	free(item->leg.past);
	free(item->leg.released_by);
	event_clear(&item->event);
	event_clear(&item->end);
	memset(item, 0, sizeof(*item));
}

struct entry *sequence_add(struct sequence *s, enum item_kind kind, int64_t t_ns, int host)
{
	struct entry *entry = calloc(1, sizeof(*entry)), *before = s->last;

	if (!entry)
		return NULL;
	entry->item.kind = kind;
	entry->item.t_ns = t_ns;
	entry->item.host = host;
	while (before && before->item.t_ns > t_ns)
		before = before->prev;
	entry->prev = before;
	entry->next = before ? before->next : s->first;
	*(entry->prev ? &entry->prev->next : &s->first) = entry;
	*(entry->next ? &entry->next->prev : &s->last) = entry;
	s->n_waiting++;
	return entry;
}

void sequence_drop(struct sequence *s, struct entry *entry)
{
	*(entry->prev ? &entry->prev->next : &s->first) = entry->next;
	*(entry->next ? &entry->next->prev : &s->last) = entry->prev;
	s->n_waiting--;
	item_clear(&entry->item);
	free(entry);
}

static void first_out(struct sequence *s)
{
	follow_over(s, s->first);
	s->item(s->arg, &s->first->item);
	sequence_drop(s, s->first);
}

/* a - b, and what does not fit is the largest there is */
static int64_t since(int64_t a, int64_t b)
{
	int64_t d;

	return __builtin_sub_overflow(a, b, &d) ? (a > b ? INT64_MAX : INT64_MIN) : d;
}

void sequence_until(struct sequence *s, int64_t t_ns)
{
	if (t_ns > s->now_ns)
		s->now_ns = t_ns;
	while (s->first &&
	       (s->n_waiting > WAITING_MOST || since(s->now_ns, s->first->item.t_ns) > patience_ns))
		first_out(s);
}

static struct entry *event_add(struct sequence *s, enum item_kind kind, const struct event *event)
{
	struct entry *entry = sequence_add(s, kind, event->t_ns, event->host);

	if (entry)
		event_copy(event, &entry->item.event);
	return entry;
}

/* The lab only looks, and what it sees is told by the expectation. */
static bool only_looks(const struct event *event)
{
	static const char *const verbs[] = { "check", "await" };
	size_t len = strcspn(event->step.text, " :");

	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strlen(verbs[i]) == len && !strncmp(event->step.text, verbs[i], len))
			return true;
	return false;
}

/* A step's end goes to its begin, if that is still here and hardly older. */
static void step_ended(struct sequence *s, const struct event *event)
{
	struct entry *entry = s->last;

	while (entry && (entry->item.kind != ITEM_CALL || entry->item.end.type == EVENT_STEP_END ||
			 entry->item.event.step.number != event->step.number))
		entry = entry->prev;
	if (entry && since(event->t_ns, entry->item.t_ns) <= SEQUENCE_MOMENT_NS)
		event_copy(event, &entry->item.end);
	else
		event_add(s, ITEM_RETURN, event);
}

/* "state SYN-SENT after 9 ms, timer retransmit after 9 ms": what one step saw is one item. */
static bool verdict_joins(struct sequence *s, const struct event *event)
{
	struct entry *entry = s->last;
	struct event_expectation *e;
	char *both;

	while (entry && entry->item.kind != ITEM_VERDICT)
		entry = entry->prev;
	if (!entry)
		return false;
	e = &entry->item.event.expectation;
	if (!e->met || !event->expectation.met || e->line != event->expectation.line ||
	    strcmp(e->text, event->expectation.text) != 0)
		return false;
	if (asprintf(&both, "%s, %s", e->observed, event->expectation.observed) < 0)
		return true;
	free(e->observed);
	e->observed = both;
	return true;
}

static void verdict_take(struct sequence *s, const struct event *event)
{
	/* that nothing went wrong is what the end of the call already says */
	if (event->expectation.met && !strcmp(event->expectation.expected, "error none"))
		return;
	if (!verdict_joins(s, event))
		event_add(s, ITEM_VERDICT, event);
}

static void event_take(struct sequence *s, const struct event *event)
{
	switch (event->type) {
	case EVENT_PACKET:
		follow_packet(s, event);
		break;
	case EVENT_HIT:
		follow_hit(s, event);
		break;
	case EVENT_RELEASE:
		follow_release(s, event);
		break;
	case EVENT_STEP_BEGIN:
		if (!only_looks(event))
			event_add(s, ITEM_CALL, event);
		break;
	case EVENT_STEP_END:
		if (!only_looks(event))
			step_ended(s, event);
		break;
	case EVENT_STATE:
		event_add(s, ITEM_STATE, event);
		break;
	case EVENT_FAULT:
		event_add(s, ITEM_SWITCH, event);
		break;
	case EVENT_EXPECTATION:
		verdict_take(s, event);
		break;
	case EVENT_NOTE:
	case EVENT_OUTPUT:
	case EVENT_ERROR:
		event_add(s, ITEM_REMARK, event);
		break;
	case EVENT_BEGIN:
	case EVENT_BUILT:
	case EVENT_STANDS:
	case EVENT_END:
	case EVENT_TYPE_COUNT:
		break;
	}
}

void sequence_event(struct sequence *s, const struct event *event)
{
	event_take(s, event);
	sequence_until(s, event->t_ns);
}

static void track_forgotten(struct track *track)
{
	if (track->entry)
		track->entry->track = NULL;
}

struct sequence *sequence_new(const struct event_begin *begin,
			      void (*item)(void *arg, struct item *item), void *arg)
{
	struct sequence *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->begin = begin;
	s->item = item;
	s->arg = arg;
	s->now_ns = INT64_MIN;
	s->tracks = tracks_new();
	s->pairs = pairs_new();
	if (!s->tracks || !s->pairs) {
		sequence_free(s);
		return NULL;
	}
	tracks_forgotten(s->tracks, track_forgotten);
	return s;
}

void sequence_free(struct sequence *s)
{
	if (!s)
		return;
	while (s->first)
		first_out(s);
	tracks_free(s->tracks);
	pairs_free(s->pairs);
	free(s);
}

const char *leg_label(const struct leg *leg, bool seq, char *buf, size_t size)
{
	char label[96], more[64] = "", retry[32] = "";

	packet_label(&leg->packet, label, sizeof(label));
	if (seq && leg->packet.protocol == IPPROTO_TCP)
		snprintf(more, sizeof(more),
			 leg->packet.flags & TCPF_ACK ? " seq %u ack %u" : " seq %u", leg->seq,
			 leg->ack);
	if (leg->retry > 0)
		snprintf(retry, sizeof(retry), " retry %d", leg->retry);
	snprintf(buf, size, "%s%s%s", label, more, retry);
	return buf;
}

bool leg_is_bulk(const struct leg *leg)
{
	return leg->packet.protocol == IPPROTO_TCP && !leg->retry && !leg->released_by[0] &&
	       !leg->fault[0] && (leg->end == LEG_ARRIVED || leg->end == LEG_FLYING) &&
	       !(leg->packet.flags & (TCPF_SYN | TCPF_FIN | TCPF_RST));
}
