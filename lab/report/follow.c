// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: what a capture tells is where a packet was. A wire is a link and the end that
 * sends: number 2 * link + end. A packet that leaves a host is on a wire, one that comes is taken off
 * it, and one that goes on is the one that came. Records of different hosts may come in another
 * order than things happened: an arrival whose departure is yet to be told stands for both.
 */
#include <stdlib.h>
#include <string.h>

#include "lab/report/sequence_private.h"

/* An arrival that was told before its departure: by so much more than it was held. */
static const int64_t early_ns = 5000000;

static const struct event_link_info *wire_link(const struct sequence *s, int wire)
{
	return &s->begin->links[wire / 2];
}

/* The wire at an interface: the one that it sends on, or that it receives from. -1: none. */
static int wire_at(const struct sequence *s, int host, const char *ifname, bool sends)
{
	for (int i = 0; s->begin && i < s->begin->n_links; i++)
		for (int end = 0; end < 2; end++)
			if (s->begin->links[i].host[end] == host &&
			    !strcmp(s->begin->links[i].ifname[end], ifname))
				return 2 * i + (sends ? end : !end);
	return -1;
}

static bool same_hosts(const struct event_link_info *a, const struct event_link_info *b)
{
	return (a->host[0] == b->host[0] && a->host[1] == b->host[1]) ||
	       (a->host[0] == b->host[1] && a->host[1] == b->host[0]);
}

/* The wire that a loss names: "client -> fw", "client -> fw #2" for the second link of the two. */
static int wire_named(const struct sequence *s, const char *name)
{
	for (int i = 0; s->begin && i < s->begin->n_links; i++) {
		const struct event_link_info *link = &s->begin->links[i];
		int nth = 1;

		for (int k = 0; k < i; k++)
			nth += same_hosts(&s->begin->links[k], link);
		for (int end = 0; end < 2; end++) {
			char number[32] = "", text[512];

			if (nth > 1)
				snprintf(number, sizeof(number), " #%d", nth);
			snprintf(text, sizeof(text), "%.200s -> %.200s%s",
				 s->begin->hosts[link->host[end]],
				 s->begin->hosts[link->host[!end]], number);
			if (!strcmp(text, name))
				return 2 * i + end;
		}
	}
	return -1;
}

static int wire_from(const struct sequence *s, int wire)
{
	return wire_link(s, wire)->host[wire % 2];
}

static int wire_to(const struct sequence *s, int wire)
{
	return wire_link(s, wire)->host[!(wire % 2)];
}

/* Its entry grows no more. */
static void entry_let_go(struct track *track)
{
	if (track->entry)
		track->entry->track = NULL;
	track->entry = NULL;
}

static void track_end(struct sequence *s, struct track *track)
{
	entry_let_go(track);
	tracks_remove(s->tracks, track);
}

void follow_over(struct sequence *s, struct entry *entry)
{
	struct track *track = entry->track;

	if (!track)
		return;
	track->entry = NULL;
	entry->track = NULL;
	/* whoever it was for has it */
	if (entry->home && track->place == TRACK_AT_HOST)
		tracks_remove(s->tracks, track);
}

static struct track *track_new(struct sequence *s, const struct packet *packet)
{
	struct track *track = tracks_add(s->tracks, packet);

	if (!track)
		return NULL;
	track->number = ++s->n_packets;
	track->connection = pairs_of(s->pairs, packet);
	return track;
}

/* A new leg of that packet, to which the next hops belong. */
static struct leg *leg_begin(struct sequence *s, struct track *track, int64_t t_ns, int host,
			     const struct packet *packet)
{
	struct entry *entry = sequence_add(s, ITEM_LEG, t_ns, host);
	struct leg *leg;

	entry_let_go(track);
	if (!entry)
		return NULL;
	leg = &entry->item.leg;
	*leg = (struct leg){ .number = track->number,
			     .connection = track->connection,
			     .packet = *packet,
			     .retry = track->retry,
			     .since_ns = track->since_ns,
			     .at = host,
			     .fault = strdup(""),
			     .past = strdup(""),
			     .released_by = strdup("") };
	if (!leg->fault || !leg->past || !leg->released_by) {
		sequence_drop(s, entry);
		return NULL;
	}
	entry->track = track;
	track->entry = entry;
	pairs_relative(s->pairs, packet, &leg->seq, &leg->ack);
	return leg;
}

/* The packet's leg, if what happens at @t_ns is still of its moment and there is room; else NULL. */
static struct leg *leg_open(const struct track *track, int64_t t_ns)
{
	struct entry *entry = track->entry;
	int64_t age;

	if (!entry || __builtin_sub_overflow(t_ns, entry->item.t_ns, &age) ||
	    age > SEQUENCE_MOMENT_NS)
		return NULL;
	return entry->item.leg.n_hops < LEG_HOPS_MOST ? &entry->item.leg : NULL;
}

static void hop_add(struct sequence *s, struct leg *leg, int wire, int64_t left_ns, bool resumed)
{
	leg->hops[leg->n_hops++] = (struct hop){ .from = wire_from(s, wire),
						 .to = wire_to(s, wire),
						 .left_ns = left_ns,
						 .came_ns = -1,
						 .held_ns = -1,
						 .resumed = resumed };
	leg->at = wire_to(s, wire);
	leg->end = LEG_FLYING;
}

/* The arrival that was told before this departure, NULL if there was none. */
static struct track *arrival_told(struct sequence *s, const struct event *event, int wire)
{
	struct track *t = tracks_find(s->tracks, &event->packet.packet, TRACK_AT_HOST,
				      wire_to(s, wire), true);
	int64_t early;

	if (!t || !t->guessed || __builtin_sub_overflow(t->left_ns, event->t_ns, &early) ||
	    early > early_ns || early < -early_ns)
		return NULL;
	return t;
}

static struct track *departing(struct sequence *s, const struct event *event)
{
	const struct packet *packet = &event->packet.packet;
	struct track *track = tracks_find(s->tracks, packet, TRACK_AT_HOST, event->host, false);

	if (track && event->packet.made_here && !track->made)
		track = NULL;
	if (!track) {
		track = track_new(s, packet);
		if (track)
			track->made = true;
	} else if (!track_same_names(&track->packet, packet)) {
		pairs_alias(s->pairs, packet, track->connection);
	}
	return track;
}

static void leaves(struct sequence *s, const struct event *event, int wire)
{
	const struct event_packet *p = &event->packet;
	struct track *track = arrival_told(s, event, wire);
	struct leg *leg;

	if (track) {
		if (track->entry && track->entry->item.leg.n_hops)
			track->entry->item.leg.hops[0].left_ns = event->t_ns;
		track->guessed = false;
		return;
	}
	track = tracks_find(s->tracks, &p->packet, TRACK_LOST, wire, true);
	if (track) {
		track_end(s, track);
		return;
	}
	track = departing(s, event);
	if (!track)
		return;
	if (p->made_here) {
		track->retry = p->retry;
		track->since_ns = p->since_ns;
	}
	leg = leg_open(track, event->t_ns);
	if (!leg)
		leg = leg_begin(s, track, event->t_ns, event->host, &p->packet);
	if (leg) {
		hop_add(s, leg, wire, event->t_ns, false);
		leg->retry = track->retry;
		leg->since_ns = track->since_ns;
	}
	track->packet = p->packet;
	track->place = TRACK_ON_WIRE;
	track->host = wire;
	track->made = false;
	track->left_ns = event->t_ns;
	tracks_moved(s->tracks, track);
}

/* It comes from a wire on which nothing was seen: its departure will be told, or it is a copy. */
static struct track *unheralded(struct sequence *s, const struct event *event, int wire)
{
	struct track *track = track_new(s, &event->packet.packet);
	int64_t held = event->packet.held_ns > 0 ? event->packet.held_ns : 0;

	if (!track)
		return NULL;
	track->place = TRACK_ON_WIRE;
	track->host = wire;
	track->guessed = true;
	if (__builtin_sub_overflow(event->t_ns, held, &track->left_ns))
		track->left_ns = event->t_ns;
	return track;
}

static void comes(struct sequence *s, const struct event *event, int wire)
{
	const struct event_packet *p = &event->packet;
	struct track *track = tracks_find(s->tracks, &p->packet, TRACK_ON_WIRE, wire, true);
	struct leg *leg;

	if (!track)
		track = unheralded(s, event, wire);
	if (!track)
		return;
	leg = leg_open(track, event->t_ns);
	if (!leg || !leg->n_hops) {
		leg = leg_begin(s, track, event->t_ns, wire_from(s, wire), &p->packet);
		if (leg)
			hop_add(s, leg, wire, track->left_ns, !track->guessed);
	}
	if (leg) {
		leg->hops[leg->n_hops - 1].came_ns = event->t_ns;
		leg->hops[leg->n_hops - 1].held_ns = p->held_ns;
		leg->end = LEG_ARRIVED;
		track->entry->home = p->to == event->host;
	}
	track->packet = p->packet;
	track->place = TRACK_AT_HOST;
	track->host = event->host;
	track->came_ns = event->t_ns;
	tracks_moved(s->tracks, track);
}

void follow_packet(struct sequence *s, const struct event *event)
{
	int wire = wire_at(s, event->host, event->packet.ifname, event->packet.out);

	if (wire < 0)
		return;
	if (event->packet.out)
		leaves(s, event, wire);
	else
		comes(s, event, wire);
}

/* What was there stays if memory is out. */
static void text_set(char **text, const char *new)
{
	char *copy = strdup(new);

	if (!copy)
		return;
	free(*text);
	*text = copy;
}

/* Note what acted on the packet; after another fault did, both are named. */
static void fault_note(struct leg *leg, const char *fault, const char *past)
{
	char *both;

	if (!leg->fault[0]) {
		text_set(&leg->fault, fault);
	} else if (asprintf(&both, "%s, %s", leg->fault, fault) >= 0) {
		free(leg->fault);
		leg->fault = both;
	}
	text_set(&leg->past, past);
}

/* A link has lost it: on its way, or before it was seen to leave. */
static void lost(struct sequence *s, const struct event *event, int wire)
{
	const struct event_hit *hit = &event->hit;
	struct track *track = tracks_find(s->tracks, &hit->packet, TRACK_ON_WIRE, wire, true);
	bool left = track;
	struct leg *leg;

	if (!track)
		track = track_new(s, &hit->packet);
	if (!track)
		return;
	leg = leg_open(track, event->t_ns);
	if (!leg || !leg->n_hops) {
		leg = leg_begin(s, track, event->t_ns, wire_from(s, wire), &hit->packet);
		if (leg)
			hop_add(s, leg, wire, left ? track->left_ns : event->t_ns, left);
	}
	if (leg) {
		leg->end = LEG_LOST;
		fault_note(leg, hit->fault, hit->past);
	}
	if (left) {
		track_end(s, track);
		return;
	}
	track->place = TRACK_LOST;
	track->host = wire;
}

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(word, *words))
			return true;
	return false;
}

void follow_hit(struct sequence *s, const struct event *event)
{
	static const char *const stops[] = { "dropped", "rejected", NULL };
	static const char *const holds[] = { "delayed", "reordered", NULL };
	const struct event_hit *hit = &event->hit;
	int wire = strncmp(hit->past, "lost", 4) ? -1 : wire_named(s, hit->fault);
	struct track *track;
	struct leg *leg;

	if (wire >= 0) {
		lost(s, event, wire);
		return;
	}
	if (event->host < 0)
		return;
	track = tracks_find(s->tracks, &hit->packet, TRACK_AT_HOST, event->host, false);
	if (!track) {
		/* on its way out: it was not seen yet */
		track = track_new(s, &hit->packet);
		if (!track)
			return;
		track->place = TRACK_AT_HOST;
		track->host = event->host;
		track->made = true;
	}
	leg = leg_open(track, event->t_ns);
	if (!leg)
		leg = leg_begin(s, track, event->t_ns, event->host, &hit->packet);
	if (leg)
		fault_note(leg, hit->fault, hit->past);
	if (is_one_of(hit->past, stops)) {
		if (leg)
			leg->end = LEG_STOPPED;
		track_end(s, track);
	} else if (is_one_of(hit->past, holds)) {
		if (leg)
			leg->end = LEG_HELD;
		track->place = TRACK_HELD;
	}
}

void follow_release(struct sequence *s, const struct event *event)
{
	const struct event_release *r = &event->release;
	bool gone = !strncmp(r->past, "lost", 4);
	struct track *track;
	struct leg *leg;

	if (event->host < 0)
		return;
	track = tracks_find(s->tracks, &r->packet, TRACK_HELD, event->host, false);
	if (!track) {
		/* a copy, or one whose coming was not seen */
		track = track_new(s, &r->packet);
		if (!track)
			return;
		track->host = event->host;
	}
	track->place = TRACK_AT_HOST;
	track->made = r->from == event->host;
	leg = leg_begin(s, track, event->t_ns, event->host, &r->packet);
	if (leg) {
		text_set(&leg->released_by, r->fault);
		leg->waited_ns = r->waited_ns;
	}
	if (leg && gone) {
		leg->end = LEG_STOPPED;
		fault_note(leg, r->fault, r->past);
	}
	if (gone)
		track_end(s, track);
}
