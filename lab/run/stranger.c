// SPDX-License-Identifier: GPL-2.0-or-later
/* Connections that somebody else's program opens. */
#include <string.h>

#include "lab/run/run_private.h"

/* A program dials, and nobody tells: watch both ends of what its SYN wants to open. */
void run_stranger(struct run *run, const struct event *event)
{
	const struct packet *p = &event->packet.packet;
	struct four_tuple tuple = { .af = p->af, .lport = p->sport, .rport = p->dport };
	struct four_tuple other;
	int peer;

	if (event->type != EVENT_PACKET || !event->packet.out || !event->packet.made_here ||
	    event->packet.retry || p->protocol != IPPROTO_TCP || p->inner ||
	    !(segment_classify(p->flags, p->payload) & SEG_SYN))
		return;
	memcpy(tuple.local, p->src, sizeof(tuple.local));
	memcpy(tuple.remote, p->dst, sizeof(tuple.remote));
	other = tuple_mirror(&tuple);
	peer = topology_owner(&run->plan->topo, p->af == AF_INET6 ? FAM6 : FAM4, tuple.remote);
	observer_track_stranger(run->observer, event->host, &tuple, peer, &other);
}
