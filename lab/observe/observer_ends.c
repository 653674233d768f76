// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: an end of a connection is watched by its four-tuple, which the kernel is asked for at each
 * look, so it does not matter whether a program holds the socket. Ends that a program of ours holds are told
 * from later ones with the same ports by their cookie. Those of strangers, other people's programs, make room
 * when they are over.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "lab/observe/observer_private.h"

enum { STRANGERS_MOST = 128 }; /* ends of programs' connections that are watched at a time */

const char *tuple_text(const struct four_tuple *t, bool remote, char *buf, size_t size)
{
	char addr[INET6_ADDRSTRLEN];

	inet_ntop(t->af, remote ? t->remote : t->local, addr, sizeof(addr));
	snprintf(buf, size, t->af == AF_INET6 ? "[%s]:%u" : "%s:%u", addr,
		 remote ? t->rport : t->lport);
	return buf;
}

static bool tuple_equal(const struct four_tuple *a, const struct four_tuple *b)
{
	size_t len = a->af == AF_INET6 ? 16 : 4;

	return a->af == b->af && a->lport == b->lport && a->rport == b->rport &&
	       !memcmp(a->local, b->local, len) && !memcmp(a->remote, b->remote, len);
}

/* The latest end with this tuple: new ones are put in front. */
static struct end *end_find(const struct observer *o, int host, const struct four_tuple *tuple)
{
	for (struct end *end = o->ends; end; end = end->next) {
		if (end->host == host && tuple_equal(&end->tuple, tuple))
			return end;
	}
	return NULL;
}

static struct end *end_add(struct observer *o, int host, const struct four_tuple *tuple,
			   struct end *earlier)
{
	struct end *end = calloc(1, sizeof(*end));

	if (!end)
		return NULL;
	end->host = host;
	end->tuple = *tuple;
	end->state = -1;
	end->is_later = earlier;
	end->next = o->ends;
	o->ends = end;
	if (earlier)
		earlier->later = end;
	return end;
}

struct end *observer_track(struct observer *o, int host, const struct four_tuple *tuple,
			   const char *name, uint64_t cookie, bool *ret_later)
{
	struct end *end = end_find(o, host, tuple);

	*ret_later = end && end->owned && end->cookie != cookie;
	if (!end || *ret_later)
		end = end_add(o, host, tuple, end);
	if (!end)
		return NULL;
	end->owned = cookie;
	end->cookie = cookie;
	snprintf(end->name, sizeof(end->name), "%s", name);
	return end;
}

struct end *observer_track_other(struct observer *o, int host, const struct four_tuple *tuple,
				 bool later)
{
	struct end *end = end_find(o, host, tuple);

	return end && !later ? end : end_add(o, host, tuple, end);
}

/* Whoever looked last found nothing; it may have been too short to be seen at all. */
static bool end_is_gone(const struct end *end)
{
	return end->sought && end->state <= STATE_CLOSED;
}

/* Its SYN was seen, so if neither end is there, it has been. */
static bool stranger_is_over(const struct end *end)
{
	return end->stranger && end_is_gone(end) && !end->later && !end->is_later &&
	       (!end->mate || end_is_gone(end->mate));
}

/* Forget those that are over; how many are left. */
static int strangers_sweep(struct observer *o)
{
	int n = 0;

	for (struct end **at = &o->ends; *at;) {
		struct end *end = *at;

		if (!stranger_is_over(end)) {
			n += end->stranger;
			at = &end->next;
			continue;
		}
		if (end->mate)
			end->mate->mate = NULL;
		*at = end->next;
		free(end);
	}
	return n;
}

static struct end *stranger_add(struct observer *o, int host, const struct four_tuple *tuple)
{
	struct end *end = end_find(o, host, tuple) ? NULL : end_add(o, host, tuple, NULL);

	if (!end)
		return NULL; /* it is watched already */
	end->stranger = true;
	o->strangers++;
	return end;
}

void observer_track_stranger(struct observer *o, int host, const struct four_tuple *tuple, int peer,
			     const struct four_tuple *other)
{
	struct end *end, *mate;

	if (o->strangers >= STRANGERS_MOST)
		o->strangers = strangers_sweep(o);
	if (o->strangers >= STRANGERS_MOST)
		return;
	end = stranger_add(o, host, tuple);
	mate = peer >= 0 ? stranger_add(o, peer, other) : NULL;
	if (end && mate) {
		end->mate = mate;
		mate->mate = end;
	}
}

bool observer_watches(const struct observer *o)
{
	return o->ends;
}

int end_look(struct observer *o, struct end *end, struct diag_socket *ret_socket,
	     struct lab_err *err)
{
	enum { TIMER_TIMEWAIT = 3 };
	int ret = diag_find(o->watches[end->host].diag, &end->tuple, ret_socket, err);

	if (ret < 0 || ret_socket->state == STATE_CLOSED)
		return ret;
	/*
	 * The kernel gives a TIME-WAIT socket a cookie of its own, so that one tells nothing. It is the
	 * later connection's if that has been seen alive, and else still the earlier one's.
	 */
	if (ret_socket->timer == TIMER_TIMEWAIT) {
		if ((end->later && end->later->state >= 0) || (end->is_later && end->state < 0))
			memset(ret_socket, 0, sizeof(*ret_socket));
		return 0;
	}
	if (end->owned && end->cookie && end->cookie != ret_socket->cookie)
		memset(ret_socket, 0, sizeof(*ret_socket));
	else if (!end->owned && end->later && end->later->state >= 0)
		memset(ret_socket, 0, sizeof(*ret_socket));
	else if (!end->owned)
		end->cookie = ret_socket->cookie;
	return 0;
}

static int end_sample(struct observer *o, struct end *end, struct lab_err *err)
{
	struct event event = { .type = EVENT_STATE, .host = end->host };
	struct diag_socket now;
	char text[80];
	int ret = end_look(o, end, &now, err);

	if (ret < 0)
		return ret;
	end->sought = true;
	if (!strcmp(tcp_state_name(now.state),
		    end->state < 0 ? "CLOSED" : tcp_state_name(end->state)))
		return 0;
	event.t_ns = axis_now(o->axis);
	event.state.socket = strdup(end->name);
	event.state.local = strdup(tuple_text(&end->tuple, false, text, sizeof(text)));
	event.state.remote = strdup(tuple_text(&end->tuple, true, text, sizeof(text)));
	event.state.old = strdup(end->state < 0 ? "" : tcp_state_name(end->state));
	event.state.new = strdup(tcp_state_name(now.state));
	event.state.sampled = true;
	end->state = now.state;
	o->emit(o->arg, &event);
	return 0;
}

int observer_sample(struct observer *o, struct lab_err *err)
{
	int ret = 0;

	for (struct end *end = o->ends; end && !ret; end = end->next)
		ret = end_sample(o, end, err);
	return ret;
}
