// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a connection begins with a SYN that leaves or reaches the program's host, and is known by its
 * addresses and ports from then on. What it did is counted from packets, what became of it are the states that the
 * run saw at that end.
 */
#include "lab/report/program_connections.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool program_step(const char *text)
{
	return !strncmp(text, "program ", 8);
}

/* "10.0.1.1:43210", as state records have it */
static const char *end_text(const struct packet *p, bool remote, char *buf, size_t size)
{
	char addr[INET6_ADDRSTRLEN];

	inet_ntop(p->af, remote ? p->dst : p->src, addr, sizeof(addr));
	snprintf(buf, size, p->af == AF_INET6 ? "[%s]:%u" : "%s:%u", addr,
		 remote ? p->dport : p->sport);
	return buf;
}

const char *program_connection_text(const struct program_connection *c, char *buf, size_t size)
{
	char local[INET6_ADDRSTRLEN + 16], remote[INET6_ADDRSTRLEN + 16];

	snprintf(buf, size, "%s %s %s", end_text(&c->key, false, local, sizeof(local)),
		 c->opened ? "→" : "←", end_text(&c->key, true, remote, sizeof(remote)));
	return buf;
}

/* The same connection, seen from either side. */
static bool same(const struct program_connection *c, const struct packet *p, bool out)
{
	const uint8_t *local = out ? p->src : p->dst, *remote = out ? p->dst : p->src;

	return c->key.af == p->af && c->key.sport == (out ? p->sport : p->dport) &&
	       c->key.dport == (out ? p->dport : p->sport) &&
	       !memcmp(c->key.src, local, sizeof(c->key.src)) &&
	       !memcmp(c->key.dst, remote, sizeof(c->key.dst));
}

static struct program_connection *find(struct program_connections *pc, const struct packet *p,
				       bool out)
{
	for (int i = pc->n - 1; i >= 0; i--)
		if (same(&pc->list[i], p, out))
			return &pc->list[i];
	return NULL;
}

static struct program_connection *add(struct program_connections *pc, const struct event *event)
{
	const struct event_packet *e = &event->packet;
	struct program_connection *c;

	if (!pc->list)
		pc->list = calloc(PROGRAM_CONNECTIONS_MOST, sizeof(*pc->list));
	if (!pc->list || pc->n == PROGRAM_CONNECTIONS_MOST) {
		pc->more++;
		return NULL;
	}
	c = &pc->list[pc->n++];
	*c = (struct program_connection){ .key = e->packet,
					  .opened = e->out,
					  .begun_ns = event->t_ns,
					  .up_ns = -1,
					  .rst_ns = -1 };
	if (!e->out) {
		memcpy(c->key.src, e->packet.dst, sizeof(c->key.src));
		memcpy(c->key.dst, e->packet.src, sizeof(c->key.dst));
		c->key.sport = e->packet.dport;
		c->key.dport = e->packet.sport;
	}
	return c;
}

static void packet_take(struct program_connections *pc, const struct event *event)
{
	enum { SYN = 0x02, RST = 0x04, ACK = 0x10 };
	const struct event_packet *e = &event->packet;
	const struct packet *p = &e->packet;
	struct program_connection *c;
	bool opens;

	if (event->host != pc->host || p->protocol != IPPROTO_TCP || (e->out && !e->made_here))
		return;
	opens = (p->flags & (SYN | ACK)) == SYN;
	c = find(pc, p, e->out);
	if (!c || (opens && !e->retry && !strcmp(c->state, "CLOSED")))
		c = opens ? add(pc, event) : c;
	if (!c)
		return;
	if (e->out && opens)
		c->syns++;
	else if (e->out && e->retry)
		c->retries++;
	if (e->out && !e->retry)
		c->sent += p->payload;
	if (!e->out)
		c->received += p->payload;
	/* the answer to our SYN, or to our SYN-ACK */
	if (!e->out && c->up_ns < 0 &&
	    (p->flags & (SYN | RST | ACK)) == (c->opened ? SYN | ACK : ACK))
		c->up_ns = event->t_ns;
	if (!e->out && (p->flags & RST))
		c->rst_ns = event->t_ns;
}

static void stay_begin(struct program_connection *c, const char *state, int64_t t_ns)
{
	if (c->n_stays)
		c->stays[c->n_stays - 1].until_ns = t_ns;
	if (c->n_stays == PROGRAM_STAYS_MOST)
		memmove(c->stays, c->stays + 1, sizeof(c->stays[0]) * (size_t)--c->n_stays);
	c->stays[c->n_stays] = (struct stay){ .since_ns = t_ns, .until_ns = INT64_MAX };
	snprintf(c->stays[c->n_stays++].state, sizeof(c->stays[0].state), "%s", state);
}

static void state_take(struct program_connections *pc, const struct event *event)
{
	char text[INET6_ADDRSTRLEN + 16];

	if (event->host != pc->host)
		return;
	for (int i = pc->n - 1; i >= 0; i--) {
		struct program_connection *c = &pc->list[i];

		if (strcmp(end_text(&c->key, false, text, sizeof(text)), event->state.local) ||
		    strcmp(end_text(&c->key, true, text, sizeof(text)), event->state.remote))
			continue;
		snprintf(c->state, sizeof(c->state), "%s", event->state.new);
		if (!pc->ended)
			stay_begin(c, event->state.new, event->t_ns);
		return;
	}
}

void program_connections_event(struct program_connections *pc, const struct event *event)
{
	switch (event->type) {
	case EVENT_STEP_BEGIN:
		if (program_step(event->step.text)) {
			pc->started = true;
			pc->host = event->host;
		}
		break;
	case EVENT_STEP_END:
		if (program_step(event->step.text)) {
			pc->ended = true;
			pc->overdue = !strcmp(event->step.error, "deadline");
			pc->ended_ns = event->t_ns;
		}
		break;
	case EVENT_PACKET:
		if (pc->started)
			packet_take(pc, event);
		break;
	case EVENT_STATE:
		if (pc->started)
			state_take(pc, event);
		break;
	default:
		break;
	}
}

void program_connections_release(struct program_connections *pc)
{
	free(pc->list);
	*pc = (struct program_connections){ 0 };
}
