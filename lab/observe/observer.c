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
#include "lab/observe/observer_private.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <string.h>

#include "impair/hitlog.h"
#include "netns/cleanup.h"

enum {
	PACKET_MAX = 65575,
	FLIGHT_SLOTS = 4096,
	FDS_PER_HOST = 3,
	SIGHTINGS_MOST = 1 << 20, /* of a lab that endures */
};

static const int64_t note_pause_ns = 1000000000;

static int watch_open(struct observer *o, int host, struct lab_err *err)
{
	struct watch *w = &o->watches[host];
	bool faulty = o->lost;
	int ret;

	w->observer = o;
	w->host = host;
	w->gates = calloc(2 * (size_t)o->topo->n_links + 2, sizeof(*w->gates));
	if (!w->gates)
		return lab_err_set(err, ENOMEM, "cannot watch the lab");
	for (int i = 0; i < o->n_faults; i++)
		faulty |= o->faults[i].host == host;
	if (o->topo->hosts[host].forward == FORWARD_YES) {
		w->passing = passing_new();
		if (!w->passing)
			return lab_err_set(err, ENOMEM, "cannot watch the lab");
	}
	ret = capture_open(o->net, host, &o->captures[host], err);
	if (!ret)
		ret = diag_open(o->net, host, &w->diag, err);
	if (!ret && faulty)
		ret = hitlog_open(o->net, host, &w->hitlog, err);
	if (!ret && o->flights)
		ret = hitlog_open_group(o->net, host, SHAPER_DEPART_GROUP, &w->departures, err);
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

static void watch_close(struct observer *o, int host)
{
	struct watch *w = &o->watches[host];

	hitlog_close(w->hitlog);
	diag_close(w->diag);
	free(w->passing);
	hitlog_close(w->departures);
	free(w->gates);
	*w = (struct watch){ 0 };
}

int observer_host_anew(struct observer *o, int host, struct lab_err *err)
{
	watch_close(o, host);
	capture_close(TAKE_PTR(o->captures[host]));
	return watch_open(o, host, err);
}

void observer_close(struct observer *o)
{
	if (!o)
		return;
	for (int h = 0; o->watches && h < o->topo->n_hosts; h++)
		watch_close(o, h);
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
	free(o->flights);
	for (size_t i = 0; i < o->n_departed; i++)
		event_clear(&o->departed[i].event);
	free(o->departed);
	free(o->lost);
	free(o->sightings);
	free(o);
}

int observer_fd_at(const struct observer *o, int i)
{
	int host = i / FDS_PER_HOST;
	const struct watch *w;

	if (host >= o->topo->n_hosts)
		return -1;
	w = &o->watches[host];
	if (i % FDS_PER_HOST == 1 && w->hitlog)
		return hitlog_fd(w->hitlog);
	if (i % FDS_PER_HOST == 2 && w->departures)
		return hitlog_fd(w->departures);
	/* also for the logs that there are not, so that -1 stays the end */
	return capture_fd(o->captures[host]);
}

struct diag *observer_diag(struct observer *o, int host)
{
	return o->watches[host].diag;
}

void observer_translates(struct observer *o, int host)
{
	o->watches[host].translates = true;
}

static uint64_t key_of(const struct watch *w, const struct packet *p)
{
	return passing_key(w->translates, p);
}

static int owner(const struct observer *o, const struct packet *p, const uint8_t *bytes)
{
	return topology_owner(o->topo, p->af == AF_INET6 ? FAM6 : FAM4, bytes);
}

static void sighting_add(struct observer *o, int host, int from, int to, const struct packet *p)
{
	if (o->endures && o->n_sightings == SIGHTINGS_MOST) {
		o->sightings_gone += o->n_sightings;
		o->n_sightings = 0;
	}
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

const struct sighting *observer_sighting(const struct observer *o, size_t *next)
{
	size_t i = *next > o->sightings_gone ? *next - o->sightings_gone : 0;

	if (i >= o->n_sightings)
		return NULL;
	*next = o->sightings_gone + i + 1;
	return &o->sightings[i];
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

void observer_keep_bytes(struct observer *o, bool keep)
{
	o->keeps_bytes = keep;
}

/* The packet's own first bytes: behind it may be the wire's padding. */
static void bytes_keep(struct observer *o, struct event_bytes *ret, const struct packet *p,
		       const void *data, size_t len)
{
	if (o->keeps_bytes && event_bytes_set(ret, data, len < p->ip_len ? len : p->ip_len) < 0)
		o->broken = true;
}

/* A packet has come to @w's host, or leaves it. */
static void packet_note(struct watch *w, struct event *event, int ifindex)
{
	struct observer *o = w->observer;
	struct event_packet *e = &event->packet;

	e->from = owner(o, &e->packet, e->packet.src);
	e->to = owner(o, &e->packet, e->packet.dst);
	if (e->out)
		/* masqueraded, it has the host's own address */
		e->made_here = (e->from == w->host && !w->translates) || !w->passing ||
			       !passing_out(w->passing, key_of(w, &e->packet));
	else if (w->passing && (e->to != w->host || w->translates))
		passing_in(w->passing, key_of(w, &e->packet));
	if (!e->out || e->made_here)
		sighting_add(o, w->host, e->from, e->to, &e->packet);
	if (e->made_here && w->copy_key && w->copy_key == key_of(w, &e->packet))
		w->copy_key = 0; /* a fault's copy is no retransmission */
	else if (e->made_here)
		flow_sent(o->flows, &e->packet, event->t_ns, &e->retry, &e->since_ns);
	e->ifname = strdup(ifname_of(o, w->host, ifindex));
	o->emit(o->arg, event);
}

/* The delay line has let a packet of a link go: that is when it arrives. */
static void link_release_take(struct watch *w, const struct release *r, const struct packet *p)
{
	struct observer *o = w->observer;
	struct event event = { .type = EVENT_PACKET,
			       .t_ns = axis_from_monotonic(o->axis, r->went_ns),
			       .host = w->host };
	char direction[160];

	if (r->what == RELEASE_ON || r->what == RELEASE_COPY) {
		event.packet.packet = *p;
		event.packet.held_ns = r->went_ns - r->came_ns;
		bytes_keep(o, &event.packet.bytes, p, r->packet, r->len);
		packet_note(w, &event, r->ifindex);
		return;
	}
	event.type = EVENT_HIT;
	event.hit.packet = *p;
	bytes_keep(o, &event.hit.bytes, p, r->packet, r->len);
	event.hit.from = owner(o, p, p->src);
	event.hit.to = owner(o, p, p->dst);
	event.hit.fault = strdup(topology_direction(o->topo, r->spec->link, !r->spec->end,
						    direction, sizeof(direction)));
	event.hit.past =
		strdup(r->what == RELEASE_LOST ? "lost with the link" : "lost for want of room");
	o->emit(o->arg, &event);
}

/* A fault has let a packet go, or sent a copy of it. */
static void fault_release_take(struct watch *w, const struct release *r, const struct packet *p)
{
	struct observer *o = w->observer;
	struct event event = { .type = EVENT_RELEASE,
			       .t_ns = axis_from_monotonic(o->axis, r->went_ns),
			       .host = w->host };
	const struct action *action = r->spec->fault->action;
	struct holding holding = { 0 };

	fault_hold(r->spec->fault, &holding);
	if (r->what == RELEASE_COPY && w->passing && r->hook == NF_INET_FORWARD)
		passing_in(w->passing, key_of(w, p));
	if (r->what == RELEASE_COPY && r->hook == NF_INET_LOCAL_OUT)
		w->copy_key = key_of(w, p);
	/* what only took the way round to its verdict, and what has its copy to tell of it */
	if (!r->picked || r->spec->picks || action->emit ||
	    (holding.copies && r->what == RELEASE_ON))
		return;
	event.release.packet = *p;
	event.release.fault = strdup(r->spec->fault->name);
	event.release.past = strdup(r->what == RELEASE_LOST ? "lost with the link" : action->past);
	event.release.from = owner(o, p, p->src);
	event.release.to = owner(o, p, p->dst);
	event.release.asked_ns = holding.delay_ns && !holding.overtaken ? holding.delay_ns : -1;
	event.release.waited_ns = r->went_ns - r->came_ns;
	o->emit(o->arg, &event);
}

static void release_take(void *arg, const struct release *r)
{
	struct observer *o = arg;
	struct watch *w = &o->watches[r->spec->host];
	struct packet p = { 0 };

	if (packet_decode(r->packet, r->len, r->wire_len, &p) < 0)
		return;
	if (r->spec->fault)
		fault_release_take(w, r, &p);
	else
		link_release_take(w, r, &p);
}

static void line_read(struct observer *o)
{
	if (o->line && !o->line_error.code)
		delayline_read(o->line, release_take, o, &o->line_error);
}

void observer_line(struct observer *o, struct delayline *line)
{
	o->line = line;
}

void observer_shaped(struct observer *o, const struct shaper *shaper)
{
	for (int i = 0; i < 2 * o->topo->n_links; i++) {
		const struct topo_link *link = &o->topo->links[i / 2];
		struct gate *gate = &o->watches[link->host[i % 2]].gates[link->ifindex[i % 2]];

		if (!gate->held_ns && shaper_held(shaper, i / 2, i % 2))
			gate->held_ns = clock_now();
		if (!gate->departs_ns && shaper_departs(shaper, i / 2, i % 2))
			gate->departs_ns = clock_now();
	}
}

/* The gate at an interface; NULL for one that is not a link's. */
static const struct gate *gate_at(const struct watch *w, int ifindex)
{
	return ifindex > 0 && ifindex < 2 * w->observer->topo->n_links + 2 ? &w->gates[ifindex] :
									     NULL;
}

static bool is_held(const struct watch *w, int ifindex, int64_t t_ns)
{
	const struct gate *gate = gate_at(w, ifindex);

	return gate && gate->held_ns && t_ns + w->observer->axis->t0_ns >= gate->held_ns;
}

static bool departs(const struct watch *w, int ifindex, int64_t t_ns)
{
	const struct gate *gate = gate_at(w, ifindex);

	return gate && gate->departs_ns && t_ns + w->observer->axis->t0_ns >= gate->departs_ns;
}

static struct flight *flight_of(const struct observer *o, const struct packet *p, uint64_t *ret_key)
{
	*ret_key = passing_key(false, p);
	return &o->flights[*ret_key % FLIGHT_SLOTS];
}

/* How long netem held a packet that arrives now, -1 if it did not. */
static int64_t flight_end(const struct observer *o, const struct packet *p, int64_t t_ns)
{
	uint64_t key;
	const struct flight *flight = o->flights ? flight_of(o, p, &key) : NULL;

	return flight && flight->key == key ? t_ns - flight->left_ns : -1;
}

/* A packet was given to netem. */
static void departure_take(void *arg, const struct hit *hit)
{
	struct watch *w = arg;
	struct observer *o = w->observer;
	struct event event = { .type = EVENT_PACKET, .host = w->host };
	struct packet *p = &event.packet.packet;
	struct flight *flight;
	uint64_t key;

	if (packet_decode(hit->packet, hit->len, PACKET_MAX, p) < 0 || housekeeping(p))
		return;
	event.t_ns = hit->stamp_ns ? axis_from_realtime(o->axis, hit->stamp_ns) : axis_now(o->axis);
	event.packet.out = true;
	event.packet.held_ns = -1;
	flight = flight_of(o, p, &key);
	*flight = (struct flight){ .key = key, .left_ns = event.t_ns };
	if (o->n_departed == o->cap_departed) {
		size_t cap = o->cap_departed ? 2 * o->cap_departed : 64;
		struct departed *list = realloc(o->departed, cap * sizeof(*list));

		if (!list) {
			o->broken = true;
			return;
		}
		o->departed = list;
		o->cap_departed = cap;
	}
	bytes_keep(o, &event.packet.bytes, p, hit->packet, hit->len);
	o->departed[o->n_departed++] = (struct departed){ w, event, hit->ifindex_out };
}

/* Told last: by then it is known what came in, so what is passed on is told from what is made here. */
static void departed_note(struct observer *o)
{
	for (size_t i = 0; i < o->n_departed; i++)
		packet_note(o->departed[i].watch, &o->departed[i].event, o->departed[i].ifindex);
	o->n_departed = 0;
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
	if (frame->out ? departs(w, frame->ifindex, event.t_ns) :
			 is_held(w, frame->ifindex, event.t_ns))
		return;
	/* what leaves may have been let go a moment ago: that is known by now, and has to be known first */
	if (frame->out)
		line_read(o);
	event.packet.out = frame->out;
	event.packet.held_ns = frame->out ? -1 : flight_end(o, p, event.t_ns);
	bytes_keep(o, &event.packet.bytes, p, frame->data, frame->len);
	packet_note(w, &event, frame->ifindex);
}

/* A packet that a link has lost: its log has the direction's name. */
static bool loss_take(struct observer *o, const char *name, struct event *event)
{
	char direction[160];

	for (int i = 0; o->lost && i < 2 * o->topo->n_links; i++) {
		if (strcmp(name,
			   topology_direction(o->topo, i / 2, i % 2, direction, sizeof(direction))))
			continue;
		o->lost[i / 2][i % 2]++;
		event->hit.past = strdup("lost");
		return true;
	}
	return false;
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
	if (!fault && !loss_take(o, hit->fault, &event))
		return;
	if (packet_decode(hit->packet, hit->len, PACKET_MAX, &event.hit.packet) < 0) {
		free(event.hit.past);
		return;
	}
	if (fault && w->passing && hit->hook == NF_INET_FORWARD && !o->hit_text &&
	    fault->action->emit)
		passing_killed(w->passing, key_of(w, &event.hit.packet));
	/* the kernel cuts the stamp to microseconds: the packet came in within that one */
	event.t_ns = axis_from_realtime(o->axis, hit->stamp_ns + 999);
	if (!hit->stamp_ns || is_held(w, hit->ifindex, event.t_ns))
		event.t_ns = axis_now(o->axis);
	event.hit.from = owner(o, &event.hit.packet, event.hit.packet.src);
	event.hit.to = owner(o, &event.hit.packet, event.hit.packet.dst);
	bytes_keep(o, &event.hit.bytes, &event.hit.packet, hit->packet, hit->len);
	event.hit.fault = strdup(hit->fault);
	if (fault)
		event.hit.past = strdup(o->hit_text ?: fault->action->past);
	o->emit(o->arg, &event);
}

/* Something was lost: an error; or, of a lab that endures, a note, not more than one a second. */
static int loss(struct observer *o, struct lab_err *err)
{
	struct event note = { .type = EVENT_NOTE, .host = -1 };
	int64_t now = clock_now();
	char text[1024];

	if (!o->endures)
		return -err->code;
	if (now - o->noted_ns >= note_pause_ns) {
		o->noted_ns = now;
		note.t_ns = axis_now(o->axis);
		note.note.text = strdup(lab_err_text(err, text, sizeof(text)));
		o->emit(o->arg, &note);
	}
	*err = (struct lab_err){ 0 };
	return 0;
}

static int log_read(struct observer *o, struct hitlog *log,
		    void (*fn)(void *arg, const struct hit *hit), struct watch *w,
		    struct lab_err *err)
{
	if (!log || hitlog_read(log, fn, w, err) >= 0)
		return 0;
	lab_err_wrap(err, "host %s", o->topo->hosts[w->host].name);
	return loss(o, err);
}

/* Packets that @host's capture has taken in, or -errno. */
static int capture_take(struct observer *o, int host, struct lab_err *err)
{
	int packets = capture_read(o->captures[host], frame_take, &o->watches[host]);
	uint64_t lost = capture_lost(o->captures[host]);

	if (lost == o->watches[host].told_lost)
		return packets;
	if (o->endures)
		o->watches[host].told_lost = lost;
	lab_err_set(err, ENOBUFS, "the capture at host %s lost %llu packets",
		    o->topo->hosts[host].name, (unsigned long long)lost);
	return loss(o, err) ?: packets;
}

int observer_drain(struct observer *o, struct lab_err *err)
{
	int packets = 0, ret;

	line_read(o);
	for (int h = 0; h < o->topo->n_hosts; h++) {
		struct watch *w = &o->watches[h];

		ret = log_read(o, w->departures, departure_take, w, err);
		if (ret < 0)
			return ret;
	}
	for (int h = 0; h < o->topo->n_hosts; h++) {
		struct watch *w = &o->watches[h];

		/* hits first: what was killed has to be known when what was captured is told apart */
		ret = log_read(o, w->hitlog, hit_take, w, err) ?: capture_take(o, h, err);
		if (ret < 0)
			return ret;
		packets += ret;
	}
	departed_note(o);
	line_read(o);
	if (o->line_error.code) {
		*err = o->line_error;
		ret = loss(o, err);
		if (ret < 0)
			return ret;
		o->line_error = (struct lab_err){ 0 };
	}
	if (o->broken)
		return lab_err_set(err, ENOMEM, "cannot note all packets");
	return packets;
}

void observer_endure(struct observer *o)
{
	o->endures = true;
}

int observer_links(struct observer *o, bool departures, struct lab_err *err)
{
	int ret = 0;

	o->lost = calloc((size_t)o->topo->n_links, sizeof(*o->lost));
	if (departures)
		o->flights = calloc(FLIGHT_SLOTS, sizeof(*o->flights));
	if (!o->lost || (departures && !o->flights))
		return lab_err_set(err, ENOMEM, "cannot watch the lab");
	for (int h = 0; !ret && h < o->topo->n_hosts; h++) {
		if (!o->watches[h].hitlog)
			ret = hitlog_open(o->net, h, &o->watches[h].hitlog, err);
		if (!ret && departures)
			ret = hitlog_open_group(o->net, h, SHAPER_DEPART_GROUP,
						&o->watches[h].departures, err);
	}
	return ret;
}

uint64_t observer_lost(const struct observer *o, int link, int end)
{
	return o->lost ? o->lost[link][end] : 0;
}

uint64_t observer_hits(const struct observer *o, int fault)
{
	return o->hits[fault];
}
