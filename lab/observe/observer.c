// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: every host has a capture, and every host with faults a hit log. They
 * are drained together whenever one of them is ready, and stamped by the kernel, so the order in
 * which we look at them does not matter: the journal sorts. There is no event for a change of TCP
 * state without root, so states are read after each packet, after each step, and every few
 * milliseconds.
 *
 * A forwarded packet shows twice at a router, coming in and going out. It is counted once: what
 * goes out and came in shortly before was passed on, anything else the host made itself, for
 * instance a RST that its firewall forged in the server's name.
 */
#include "lab/observe/observer.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <string.h>

#include "impair/hitlog.h"
#include "lab/observe/capture.h"
#include "lab/observe/flow.h"
#include "netns/cleanup.h"

enum { PACKET_MAX = 65575, PASSING_SLOTS = 4096 };

/**
 * struct passing - packets that came in and have not gone out yet
 * @n: how many of this kind; below 0 if one was killed whose coming in is yet to be read
 */
struct passing {
	uint64_t key;
	int n;
};

struct watch {
	struct observer *observer;
	int host;
	struct hitlog *hitlog;
	struct diag *diag;
	struct passing *passing; /* NULL where nothing is forwarded */
	bool translates;	 /* addresses and ports change in passing */
};

struct observer {
	const struct network *net;
	const struct topology *topo;
	const struct fault *faults;
	int n_faults;
	const char *hit_text;
	const struct axis *axis;
	void (*emit)(void *arg, struct event *event);
	void *arg;
	struct watch *watches;
	struct capture **captures; /* one for each host */
	struct flow_table *flows;
	struct end *ends;
	uint64_t *hits;
	struct sighting *sightings;
	size_t n_sightings, cap_sightings;
	bool broken;
};

static int watch_open(struct observer *o, int host, struct lab_err *err)
{
	struct watch *w = &o->watches[host];
	bool faulty = false;
	int ret;

	w->observer = o;
	w->host = host;
	for (int i = 0; i < o->n_faults; i++)
		faulty |= o->faults[i].host == host;
	if (o->topo->hosts[host].forward == FORWARD_YES) {
		w->passing = calloc(PASSING_SLOTS, sizeof(*w->passing));
		if (!w->passing)
			return lab_err_set(err, ENOMEM, "cannot watch the lab");
	}
	ret = capture_open(o->net, host, &o->captures[host], err);
	if (!ret)
		ret = diag_open(o->net, host, &w->diag, err);
	if (!ret && faulty)
		ret = hitlog_open(o->net, host, &w->hitlog, err);
	return ret < 0 ? lab_err_wrap(err, "host %s", o->topo->hosts[host].name) : 0;
}

int observer_open(const struct network *net, const struct topology *topo,
		  const struct fault *faults, int n_faults, const char *hit_text,
		  const struct axis *axis, void (*emit)(void *arg, struct event *event), void *arg,
		  struct observer **ret_obs, struct lab_err *err)
{
	struct observer *o = calloc(1, sizeof(*o));
	int ret = 0;

	if (!o)
		return lab_err_set(err, ENOMEM, "cannot watch the lab");
	*o = (struct observer){ .net = net,
				.topo = topo,
				.faults = faults,
				.n_faults = n_faults,
				.hit_text = hit_text,
				.axis = axis,
				.emit = emit,
				.arg = arg };
	o->watches = calloc((size_t)topo->n_hosts, sizeof(*o->watches));
	o->captures = calloc((size_t)topo->n_hosts, sizeof(*o->captures));
	o->hits = calloc((size_t)n_faults + 1, sizeof(*o->hits));
	o->flows = flow_table_new();
	if (!o->watches || !o->captures || !o->hits || !o->flows)
		ret = lab_err_set(err, ENOMEM, "cannot watch the lab");
	for (int h = 0; !ret && h < topo->n_hosts; h++)
		ret = watch_open(o, h, err);
	if (!ret)
		ret = capture_settle(o->captures[0], net, 0, err);
	if (ret < 0) {
		observer_close(o);
		return ret;
	}
	*ret_obs = o;
	return 0;
}

void observer_close(struct observer *o)
{
	if (!o)
		return;
	for (int h = 0; o->watches && h < o->topo->n_hosts; h++) {
		hitlog_close(o->watches[h].hitlog);
		diag_close(o->watches[h].diag);
		free(o->watches[h].passing);
	}
	if (o->captures)
		captures_close(o->captures, o->topo->n_hosts);
	while (o->ends) {
		struct end *end = o->ends;

		o->ends = end->next;
		free(end);
	}
	flow_table_free(o->flows);
	free(o->watches);
	free(o->captures);
	free(o->hits);
	free(o->sightings);
	free(o);
}

int observer_fd_at(const struct observer *o, int i)
{
	int host = i / 2;

	if (host >= o->topo->n_hosts)
		return -1;
	if (i % 2 == 0)
		return capture_fd(o->captures[host]);
	/* a host without faults has no hit log: its capture again, so that -1 stays the end */
	return o->watches[host].hitlog ? hitlog_fd(o->watches[host].hitlog) :
					 capture_fd(o->captures[host]);
}

struct diag *observer_diag(struct observer *o, int host)
{
	return o->watches[host].diag;
}

static uint64_t mix(uint64_t h, const void *data, size_t len)
{
	const uint8_t *p = data;

	while (len--)
		h = (h ^ *p++) * 0x100000001b3;
	return h;
}

void observer_translates(struct observer *o, int host)
{
	o->watches[host].translates = true;
}

/* What a router does not change in a packet that it passes on. */
static uint64_t passing_key(const struct watch *w, const struct packet *p)
{
	uint64_t h = 0xcbf29ce484222325;
	uint32_t words[] = { (uint32_t)p->protocol,
			     p->id,
			     w->translates ? 0 : (uint32_t)p->sport << 16 | p->dport,
			     p->seq,
			     p->ack,
			     (uint32_t)p->flags << 24 | p->window,
			     p->payload,
			     p->icmp_type,
			     p->icmp_code,
			     p->ip_len };

	h = mix(h, p->src, w->translates ? 0 : sizeof(p->src));
	h = mix(h, p->dst, w->translates ? 0 : sizeof(p->dst));
	return mix(h, words, sizeof(words)) ?: 1;
}

static void passing_in(struct watch *w, const struct packet *p)
{
	uint64_t key = passing_key(w, p);
	struct passing *slot = &w->passing[key % PASSING_SLOTS];

	slot->n = slot->key == key ? slot->n + 1 : 1;
	slot->key = key;
}

/* A fault ended its way here: what looks the same and goes out was made here. */
static void passing_killed(struct watch *w, const struct packet *p)
{
	uint64_t key = passing_key(w, p);
	struct passing *slot = &w->passing[key % PASSING_SLOTS];

	slot->n = slot->key == key ? slot->n - 1 : -1;
	slot->key = key;
}

/* Did this packet, which is leaving, come in before? */
static bool passing_out(struct watch *w, const struct packet *p)
{
	uint64_t key = passing_key(w, p);
	struct passing *slot = &w->passing[key % PASSING_SLOTS];

	if (slot->key != key || slot->n <= 0)
		return false;
	slot->n--;
	return true;
}

static int owner(const struct observer *o, const struct packet *p, const uint8_t *bytes)
{
	return topology_owner(o->topo, p->af == AF_INET6 ? FAM6 : FAM4, bytes);
}

static void sighting_add(struct observer *o, int host, int from, int to, const struct packet *p)
{
	if (o->n_sightings == o->cap_sightings) {
		size_t cap = o->cap_sightings ? 2 * o->cap_sightings : 256;
		struct sighting *list = realloc(o->sightings, cap * sizeof(*list));

		if (!list) {
			o->broken = true;
			return;
		}
		o->sightings = list;
		o->cap_sightings = cap;
	}
	o->sightings[o->n_sightings++] = (struct sighting){
		.host = host,
		.from = from,
		.to = to,
		.protocol = p->protocol == IPPROTO_ICMPV6 ? IPPROTO_ICMP : p->protocol,
		.sport = p->sport,
		.dport = p->dport,
		.segments = p->protocol == IPPROTO_TCP ? segment_classify(p->flags, p->payload) : 0,
	};
}

const struct sighting *observer_sighting(const struct observer *o, size_t i)
{
	return i < o->n_sightings ? &o->sightings[i] : NULL;
}

bool sighting_matches(const struct sighting *s, const struct packet_match *m)
{
	return (m->from < 0 || s->from == m->from) && (m->to < 0 || s->to == m->to) &&
	       (!m->protocol || s->protocol == m->protocol) &&
	       (!m->sport || s->sport == m->sport) && (!m->dport || s->dport == m->dport) &&
	       (!m->segments || s->segments & m->segments);
}

static const char *ifname_of(const struct observer *o, int host, int ifindex)
{
	for (int i = 0; i < o->topo->n_links; i++) {
		for (int end = 0; end < 2; end++) {
			if (o->topo->links[i].host[end] == host &&
			    o->topo->links[i].ifindex[end] == ifindex)
				return o->topo->links[i].ifname[end];
		}
	}
	return "?";
}

/* The kernel's own housekeeping (multicast listener reports, neighbour discovery) is no traffic. */
static bool housekeeping(const struct packet *p)
{
	return p->af == AF_INET6 && p->dst[0] == 0xff;
}

static void frame_take(void *arg, const struct frame *frame)
{
	struct watch *w = arg;
	struct observer *o = w->observer;
	struct event event = { .type = EVENT_PACKET, .host = w->host };
	struct packet *p = &event.packet.packet;

	if (packet_decode(frame->data, frame->len, frame->wire_len, p) < 0 || housekeeping(p))
		return;
	event.t_ns = axis_from_realtime(o->axis, frame->stamp_ns);
	event.packet.from = owner(o, p, p->src);
	event.packet.to = owner(o, p, p->dst);
	event.packet.out = frame->out;
	event.packet.held_ns = -1;
	if (frame->out)
		/* masqueraded, it has the host's own address */
		event.packet.made_here = (event.packet.from == w->host && !w->translates) ||
					 !w->passing || !passing_out(w, p);
	else if (w->passing && (event.packet.to != w->host || w->translates))
		passing_in(w, p);
	if (!frame->out || event.packet.made_here)
		sighting_add(o, w->host, event.packet.from, event.packet.to, p);
	if (event.packet.made_here)
		flow_sent(o->flows, p, event.t_ns, &event.packet.retry, &event.packet.since_ns);
	event.packet.ifname = strdup(ifname_of(o, w->host, frame->ifindex));
	o->emit(o->arg, &event);
}

static void hit_take(void *arg, const struct hit *hit)
{
	struct watch *w = arg;
	struct observer *o = w->observer;
	struct event event = { .type = EVENT_HIT, .host = w->host };
	const struct fault *fault = NULL;

	for (int i = 0; i < o->n_faults; i++) {
		if (o->faults[i].host != w->host || strcmp(o->faults[i].name, hit->fault))
			continue;
		fault = &o->faults[i];
		o->hits[i]++;
	}
	if (!fault || packet_decode(hit->packet, hit->len, PACKET_MAX, &event.hit.packet) < 0)
		return;
	if (w->passing && hit->hook == NF_INET_FORWARD && !o->hit_text)
		passing_killed(w, &event.hit.packet);
	/* the kernel cuts the stamp to microseconds: the packet came in within that one */
	event.t_ns = hit->stamp_ns ? axis_from_realtime(o->axis, hit->stamp_ns + 999) :
				     axis_now(o->axis);
	event.hit.from = owner(o, &event.hit.packet, event.hit.packet.src);
	event.hit.to = owner(o, &event.hit.packet, event.hit.packet.dst);
	event.hit.fault = strdup(hit->fault);
	event.hit.past = strdup(o->hit_text ?: fault->action->past);
	o->emit(o->arg, &event);
}

int observer_drain(struct observer *o, struct lab_err *err)
{
	int packets = 0;

	for (int h = 0; h < o->topo->n_hosts; h++) {
		struct watch *w = &o->watches[h];

		/* hits first: what was killed has to be known when what was captured is told apart */
		if (w->hitlog && hitlog_read(w->hitlog, hit_take, w, err) < 0)
			return lab_err_wrap(err, "host %s", o->topo->hosts[h].name);
		packets += capture_read(o->captures[h], frame_take, w);
		if (capture_lost(o->captures[h]))
			return lab_err_set(err, ENOBUFS, "the capture at host %s lost %llu packets",
					   o->topo->hosts[h].name,
					   (unsigned long long)capture_lost(o->captures[h]));
	}
	if (o->broken)
		return lab_err_set(err, ENOMEM, "cannot note all packets");
	return packets;
}

uint64_t observer_hits(const struct observer *o, int fault)
{
	return o->hits[fault];
}

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
