// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A packet: an arrow for each wire, as slanted as it took time; a bar where it waits at a host; a
 * cross where it ends before its time. All of it is one group that says in its data what is known.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lab/report/html_draw.h"
#include "lab/report/html_words.h"
#include "lab/report/markup.h"
#include "lab/report/terminal.h"
#include "netns/cleanup.h"

enum {
	HEAD = 8,	  /* of an arrow: its length */
	LABEL_RIGHT = 12, /* from the lifeline to a label, at each side */
	LABEL_LEFT = 40,  /* where the bands of states are */
	SLANT_MOST = 7,	  /* degrees; along steeper arrows labels would run into others */
	WAIT_X = 8,
	WAIT_PITCH = 5,
};

struct point {
	int x, y;
};

static bool is_on_stage(const struct stage *stage, const struct hop *hop)
{
	return hop->from >= 0 && hop->from < stage->n && hop->to >= 0 && hop->to < stage->n &&
	       hop->from != hop->to;
}

/* Where the flight ends before its time: below its label, if that is the same instant. */
static int end_y(const struct stage *stage, const struct mark *mark)
{
	int y = scale_y(&stage->scale, mark->flight.end_ns);

	return y > mark->y ? y : mark->y + SCALE_SLOT;
}

static void hop_ends(const struct stage *stage, const struct mark *mark, int i, struct point *a,
		     struct point *b)
{
	const struct hop *hop = &mark->flight.hops[i];

	a->x = stage_x(stage, hop->from);
	b->x = stage_x(stage, hop->to);
	a->y = scale_y(&stage->scale, hop->left_ns);
	if (hop->left_ns == mark->t_ns)
		a->y = mark->y;
	if (hop->came_ns != -1) {
		b->y = scale_y(&stage->scale, hop->came_ns);
		if (b->y < a->y)
			b->y = a->y; /* the clocks of a hostile log go back; so does no arrow */
		return;
	}
	b->x = (a->x + b->x) / 2;
	b->y = end_y(stage, mark);
}

/* From @b, where the line ends: to one barb, back, and to the other. */
static void head_put(FILE *out, struct point a, struct point b)
{
	double dx = b.x - a.x, dy = b.y - a.y, length = sqrt(dx * dx + dy * dy);
	double ux = dx / length * HEAD, uy = dy / length * HEAD;
	long x = lround(-ux - uy / 2), y = lround(-uy + ux / 2);

	fprintf(out, "m%ld,%ldl%ld,%ldl%ld,%ld", x, y, -x, -y, lround(-ux + uy / 2),
		lround(-uy - ux / 2));
}

static void arrow_put(const struct stage *stage, const struct mark *mark, int i)
{
	const struct hop *hop = &mark->flight.hops[i];
	struct point a, b;

	hop_ends(stage, mark, i, &a, &b);
	fprintf(stage->out, "<path class=\"a%s\" d=\"M%d,%dL%d,%d",
		hop->came_ns == -1 ? " cut" : "", a.x, a.y, b.x, b.y);
	if (hop->came_ns != -1)
		head_put(stage->out, a, b);
	fputs("\"/>", stage->out);
}

static void cross_put(const struct stage *stage, int x, int y)
{
	fprintf(stage->out, "<path class=\"x\" d=\"M%d,%dl10,10m0,-10l-10,10\"/>", x - 5, y - 5);
}

/* ---- labels --------------------------------------------------------------------------------- */

static const char *packet_class(const struct flight *f)
{
	const struct packet *p = &f->leg.packet;

	if (f->leg.end == LEG_STOPPED || f->leg.end == LEG_LOST || f->leg.end == LEG_FLYING)
		return " dead";
	if (f->leg.retry > 0)
		return " retry";
	if (p->protocol != IPPROTO_TCP)
		return p->protocol == IPPROTO_UDP ? " udp" : " icmp";
	if (p->flags & TCPF_RST)
		return " dead";
	if (p->flags & (TCPF_SYN | TCPF_FIN))
		return " ctl";
	return p->payload ? "" : " ack";
}

/* Does the flight end towards the left? Then what is said about its end stands there. */
static bool goes_left(const struct flight *f)
{
	const struct hop *last = f->n_hops ? &f->hops[f->n_hops - 1] : NULL;

	return last && last->to < last->from;
}

/* The group's name for whoever looks for it, and its colour. */
static void text_open(FILE *out, const struct mark *mark, const char *class)
{
	fprintf(out, "<text class=\"q %s%s\" data-n=\"%lu\" data-c=\"%lu\"", class,
		packet_class(&mark->flight), mark->flight.leg.number, mark->flight.leg.connection);
}

/* Where it ends before its time; false if it does not, or that is nowhere to be seen. */
static bool end_at(const struct stage *stage, const struct mark *mark, struct point *ret)
{
	const struct flight *f = &mark->flight;
	const struct hop *last = f->n_hops ? &f->hops[f->n_hops - 1] : NULL;

	if (f->leg.end == LEG_ARRIVED || f->leg.end == LEG_HELD)
		return false;
	*ret = (struct point){ stage_x(stage, f->leg.at), end_y(stage, mark) };
	if (last && last->came_ns == -1)
		ret->x = (stage_x(stage, last->from) + stage_x(stage, last->to)) / 2;
	else if (f->leg.end != LEG_STOPPED)
		return false;
	else if (last)
		ret->y = scale_y(&stage->scale, last->came_ns);
	return true;
}

static void end_put(const struct stage *stage, const struct mark *mark)
{
	const struct flight *f = &mark->flight;
	bool on_wire = f->n_hops && f->hops[f->n_hops - 1].came_ns == -1, left = goes_left(f);
	struct point at;

	if (!end_at(stage, mark, &at))
		return;
	text_open(stage->out, mark, left ? "end r" : "end");
	fprintf(stage->out, " x=\"%d\" y=\"%d\">",
		left ? at.x - (on_wire ? LABEL_RIGHT : LABEL_LEFT) : at.x + LABEL_RIGHT, at.y + 4);
	if (f->leg.end == LEG_FLYING)
		fputs("not seen to arrive", stage->out);
	else
		markup_cut(stage->out, f->leg.past, 32);
	if (f->leg.end == LEG_STOPPED) {
		fputs(" by ", stage->out);
		markup_cut(stage->out, f->leg.fault, 40);
	}
	fputs("</text>", stage->out);
}

static int stay_x(const struct stage *stage, const struct stay *stay)
{
	return stage_x(stage, stay->host) + WAIT_X + stay->lane * WAIT_PITCH;
}

static void bar_put(const struct stage *stage, const struct stay *stay)
{
	int x = stay_x(stage, stay), y = scale_y(&stage->scale, stay->from_ns);
	int bottom = stay->to_ns == -1 ? stage->scale.height - 4 :
					 scale_y(&stage->scale, stay->to_ns);

	fprintf(stage->out, "<path class=\"w\" d=\"M%d,%dh6m-3,0V%dm-3,0h6\"/>", x - 3, y,
		bottom > y ? bottom : y + 4);
}

static void stay_put(const struct stage *stage, const struct mark *mark, const struct stay *stay)
{
	int64_t ns;
	char took[40];

	text_open(stage->out, mark, "held");
	fprintf(stage->out, " x=\"%d\" y=\"%d\">held", stay_x(stage, stay) + LABEL_RIGHT,
		scale_y(&stage->scale, stay->from_ns) + 14);
	if (stay->to_ns != -1 && !__builtin_sub_overflow(stay->to_ns, stay->from_ns, &ns))
		fprintf(stage->out, " %s", duration_text(ns, took, sizeof(took)));
	fputs(" by ", stage->out);
	markup_cut(stage->out, stay->fault ? stay->fault : "", 40);
	fputs("</text>", stage->out);
}

/* What a link did to it is no secret; what it does to all packets alike is the longest it did. */
static int64_t held_ns(const struct flight *f)
{
	int64_t most = -1;

	for (int i = 0; i < f->n_hops; i++)
		if (f->hops[i].held_ns > most)
			most = f->hops[i].held_ns;
	return most;
}

static void label_text(const struct stage *stage, const struct flight *f)
{
	char label[160], held[40];

	markup_text(stage->out, leg_label(&f->leg, false, label, sizeof(label)));
	if (held_ns(f) > 0)
		fprintf(stage->out, " · held %s", duration_text(held_ns(f), held, sizeof(held)));
	if (f->leg.fault[0] && f->leg.end == LEG_ARRIVED && !f->n_stays) {
		fputs(" · ", stage->out);
		markup_text(stage->out, f->leg.past);
		fputs(" by ", stage->out);
		markup_cut(stage->out, f->leg.fault, 32);
	}
}

/* Along an arrow, as far as that can be read; @hop: -1 for a packet that never left its host. */
static void label_put(const struct stage *stage, const struct mark *mark, int hop)
{
	struct point a = { stage_x(stage, mark->host), mark->y }, b = a;
	bool flies = hop >= 0, left;
	double slope = 0;
	int x, turn;

	if (flies) {
		hop_ends(stage, mark, hop, &a, &b);
		slope = (double)(b.y - a.y) / (b.x - a.x);
	}
	left = b.x < a.x;
	turn = (int)(atan(slope) * 180 / M_PI);
	x = left ? a.x - LABEL_LEFT : a.x + LABEL_RIGHT;
	text_open(stage->out, mark, hop > 0 ? left ? "again r" : "again" : left ? "k r" : "k");
	if (turn >= -SLANT_MOST && turn <= SLANT_MOST && turn)
		fprintf(stage->out, " transform=\"translate(%d,%.0f)rotate(%d)\">", x,
			a.y + (x - a.x) * slope - 4, turn);
	else
		fprintf(stage->out, " x=\"%d\" y=\"%d\">", x, a.y + (flies ? -3 : 4));
	label_text(stage, &mark->flight);
	fputs("</text>", stage->out);
}

/* ---- what is known -------------------------------------------------------------------------- */

static void way_put(const struct stage *stage, const struct mark *mark)
{
	const struct flight *f = &mark->flight;
	char buf[24];

	fputs(" data-way=\"", stage->out);
	markup_text(stage->out, words_host(stage->begin, f->n_hops ? f->hops[0].from : f->leg.at,
					   buf, sizeof(buf)));
	for (int i = 0; i < f->n_hops; i++) {
		fputs(" → ", stage->out);
		markup_text(stage->out, words_host(stage->begin, f->hops[i].to, buf, sizeof(buf)));
	}
	fputc('"', stage->out);
}

static void headers_put(FILE *out, const struct leg *leg)
{
	const struct packet *p = &leg->packet;
	char buf[160];

	fputs(" data-flow=\"", out);
	markup_text(out, packet_flow_label(p, buf, sizeof(buf)));
	fputc('"', out);
	if (p->protocol == IPPROTO_TCP) {
		fprintf(out, " data-seq=\"seq %u", leg->seq);
		if (p->flags & TCPF_ACK)
			fprintf(out, " ack %u", leg->ack);
		fprintf(out, "\" data-win=\"%u\"", p->window);
	}
	fprintf(out, " data-len=\"%u B", p->ip_len);
	if (p->payload)
		fprintf(out, ", payload %u B", p->payload);
	fprintf(out, "\" data-ttl=\"%u\"", p->ttl);
}

/* From its first host to its last, and of that what links and faults held it. */
static void delay_put(const struct stage *stage, const struct mark *mark)
{
	const struct flight *f = &mark->flight;
	int64_t took, held = held_ns(f);
	char text[40];

	if (!f->n_hops || f->leg.end != LEG_ARRIVED ||
	    __builtin_sub_overflow(f->end_ns, f->hops[0].left_ns, &took) || took < 0)
		return;
	fprintf(stage->out, " data-delay=\"%s", duration_text(took, text, sizeof(text)));
	if (held > 0)
		fprintf(stage->out, ", on a link %s", duration_text(held, text, sizeof(text)));
	fputc('"', stage->out);
}

static void facts_put(const struct stage *stage, const struct mark *mark)
{
	const struct flight *f = &mark->flight;
	_cleanup_free_ char *fate = words_fate(f, stage->begin);
	char text[40];

	fprintf(stage->out, " data-n=\"%lu\" data-c=\"%lu\" data-t=\"%.6f s\"", f->leg.number,
		f->leg.connection, (double)mark->t_ns / 1e9);
	way_put(stage, mark);
	headers_put(stage->out, &f->leg);
	if (f->leg.retry > 0)
		fprintf(stage->out, " data-retry=\"%d, %s after the first\"", f->leg.retry,
			duration_text(f->leg.since_ns, text, sizeof(text)));
	delay_put(stage, mark);
	fputs(" data-fate=\"", stage->out);
	markup_text(stage->out, fate);
	fputc('"', stage->out);
}

void draw_packet(const struct stage *stage, const struct mark *mark)
{
	const struct flight *f = &mark->flight;
	struct point at;

	fprintf(stage->out, "<g class=\"p%s\"", packet_class(f));
	facts_put(stage, mark);
	fputc('>', stage->out);
	for (int i = 0; i < f->n_hops; i++)
		if (is_on_stage(stage, &f->hops[i]))
			arrow_put(stage, mark, i);
	for (int i = 0; i < f->n_stays; i++)
		bar_put(stage, &f->stays[i]);
	if (f->leg.end != LEG_FLYING && end_at(stage, mark, &at))
		cross_put(stage, at.x, at.y);
	fputs("</g>\n", stage->out);
}

void draw_packet_words(const struct stage *stage, const struct mark *mark)
{
	const struct flight *f = &mark->flight;

	label_put(stage, mark, f->n_hops && is_on_stage(stage, &f->hops[0]) ? 0 : -1);
	for (int i = 0; i < f->n_stays; i++) {
		int hop = f->stays[i].hop;

		stay_put(stage, mark, &f->stays[i]);
		if (hop > 0 && hop < f->n_hops && is_on_stage(stage, &f->hops[hop]))
			label_put(stage, mark, hop);
	}
	end_put(stage, mark);
	fputc('\n', stage->out);
}
