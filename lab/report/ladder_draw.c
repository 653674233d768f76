// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: lifelines stand at fixed columns, as far apart as the paper allows. What
 * happens at a host is written beside its lifeline, at the last one in front of it, and may run over
 * other lifelines. A packet is drawn over what one moment of it shows: whole hops from lifeline to
 * lifeline; where it is on a wire at the end of the moment its arrow bends down, and where it comes
 * off a wire the arrow begins where that one bent.
 */
#include "lab/report/ladder_draw.h"

#include <stdlib.h>
#include <string.h>

#include "lab/report/terminal.h"
#include "netns/cleanup.h"

enum {
	LEFT = 11,	  /* the time stands left of it */
	PITCH_LEAST = 14, /* arrows that can carry a label */
	PITCH_MOST = 40,
	BESIDE_LEAST = 36, /* room that texts at the last host want beside it */
	NAME_HALF_MOST = 8,
	AFTER_LEAST = 12, /* room for what a fault did, behind the arrow */
};

static int name_half(const struct easel *e, int host)
{
	int half = (text_width(e->paper, e->begin->hosts[host]) + 1) / 2;

	return half < NAME_HALF_MOST ? half : NAME_HALF_MOST;
}

static void lifelines_place(struct easel *e)
{
	int n = e->begin ? e->begin->n_hosts : 0, first, last, pitch;

	if (n < 1 || n > LADDER_HOSTS_MOST)
		return;
	first = LEFT + name_half(e, 0);
	last = e->paper->columns - 1 - name_half(e, n - 1);
	pitch = n > 1 ? (last - first) / (n - 1) : 0;
	if (n > 1 && pitch < PITCH_LEAST)
		return;
	if (pitch > PITCH_MOST)
		pitch = PITCH_MOST;
	e->n = n;
	for (int i = 0; i < n; i++)
		e->life[i].col = first + i * pitch;
	e->right = n == 1 || e->paper->columns - e->life[n - 1].col > BESIDE_LEAST;
}

int easel_init(struct easel *e, const struct paper *paper, const struct event_begin *begin,
	       bool seq)
{
	*e = (struct easel){ .paper = paper, .begin = begin, .seq = seq };
	lifelines_place(e);
	return row_init(&e->row, paper);
}

void easel_release(struct easel *e)
{
	row_release(&e->row);
}

void easel_heads(struct easel *e, FILE *out)
{
	if (!e->n)
		return;
	row_clear(&e->row);
	for (int i = 0; i < e->n; i++) {
		int half = name_half(e, i), room = 2 * half + 1;

		row_text(&e->row, e->life[i].col - half, i + 1 < e->n ? room : e->paper->columns,
			 STYLE_BOLD, e->begin->hosts[i]);
	}
	row_print(&e->row, out);
}

static void lifelines_draw(struct easel *e)
{
	row_clear(&e->row);
	for (int i = 0; i < e->n; i++) {
		const struct life *life = &e->life[i];

		if (life->sockets > 0)
			row_sign(&e->row, life->col, "┃", '|', life->style);
		else
			row_sign(&e->row, life->col, "│", ':', STYLE_DIM);
		if (life->open > 0)
			row_sign(&e->row, life->col + (i + 1 < e->n || e->right ? 1 : -1), "│", '|',
				 STYLE_PLAIN);
	}
}

static void time_draw(struct easel *e, int64_t t_ns)
{
	char text[40];

	row_text(&e->row, 0, LEFT, STYLE_DIM, layout_time(t_ns, text, sizeof(text)));
}

void easel_fold(struct easel *e, int64_t ns, FILE *out)
{
	char took[40], text[64];

	snprintf(text, sizeof(text), "⋮ %s", duration_text(ns, took, sizeof(took)));
	row_clear(&e->row);
	for (int i = 0; i < e->n; i++)
		row_sign(&e->row, e->life[i].col, "┊", '.',
			 e->life[i].sockets > 0 ? e->life[i].style : STYLE_DIM);
	row_text(&e->row, 2, LEFT + 4, STYLE_DIM, text);
	row_print(&e->row, out);
}

/* In words, where there are no lifelines. */
static void told(struct easel *e, int64_t t_ns, int host, enum style style, const char *text,
		 FILE *out)
{
	const char *name =
		e->begin && host >= 0 && host < e->begin->n_hosts ? e->begin->hosts[host] : "";
	int col = LEFT;

	row_clear(&e->row);
	time_draw(e, t_ns);
	if (name[0]) {
		col += row_text(&e->row, col, e->paper->columns / 2, STYLE_PLAIN, name);
		col += row_text(&e->row, col, 2, STYLE_PLAIN, ": ");
	}
	row_text(&e->row, col, e->paper->columns, style, text);
	row_print(&e->row, out);
}

void easel_text(struct easel *e, int64_t t_ns, int host, enum style style, const char *mark,
		char ascii, const char *text, FILE *out)
{
	bool placed = host >= 0 && host < e->n, before;
	int col = e->n ? e->life[placed ? host : 0].col : 0;

	if (!e->n) {
		told(e, t_ns, host, style, text, out);
		return;
	}
	lifelines_draw(e);
	time_draw(e, t_ns);
	before = placed && host + 1 == e->n && !e->right;
	/* of two sides that with room for all of it, or else the larger one */
	if (placed && !before && text_width(e->paper, text) > e->paper->columns - col - 3)
		before = col - 2 - LEFT > e->paper->columns - col - 3;
	if (before) {
		if (mark[0])
			row_sign(&e->row, col - 1, mark, ascii, style);
		row_text_before(&e->row, col - 2, col - 2 - LEFT, style, text);
	} else {
		if (mark[0])
			row_sign(&e->row, col + 1, mark, ascii, style);
		row_text(&e->row, col + 3, e->paper->columns, style, text);
	}
	row_print(&e->row, out);
}

/* ---- packets ---- */

/**
 * struct stroke - a hop as it is drawn
 * @a, @b: first and last column of its line, @step: 1 or -1
 */
struct stroke {
	int a, b, step;
	bool head, bend_down, bend_up, cross;
};

static bool stroke_of(const struct easel *e, const struct leg *leg, int i, struct stroke *ret)
{
	const struct hop *hop = &leg->hops[i];
	int from = e->life[hop->from].col, to = e->life[hop->to].col, middle = (from + to) / 2;

	if (from == to)
		return false;
	*ret = (struct stroke){ .a = from, .b = to, .step = to > from ? 1 : -1 };
	if (hop->resumed && leg->n_hops == 1 + i && hop->came_ns == -1) {
		/* it was on its way, and got lost */
		ret->a = ret->b = middle;
		ret->cross = true;
		return true;
	}
	ret->bend_up = hop->resumed;
	ret->a = hop->resumed ? middle : from + ret->step;
	ret->b = to - ret->step;
	ret->head = hop->came_ns != -1;
	if (!ret->head) {
		ret->b = middle;
		ret->cross = leg->end == LEG_LOST;
		ret->bend_down = !ret->cross;
	}
	return true;
}

static void stroke_draw(struct easel *e, const struct stroke *s, enum style style)
{
	bool right = s->step > 0;

	for (int col = s->a; col != s->b + s->step; col += s->step)
		row_sign(&e->row, col, "─", '-', style);
	for (int i = 0; i < e->n; i++) {
		int col = e->life[i].col;

		if (right ? col > s->a && col < s->b : col < s->a && col > s->b)
			row_sign(&e->row, col, "┼", '+', style);
	}
	if (s->bend_up)
		row_sign(&e->row, s->a, right ? "╰" : "╯", '\'', style);
	if (s->bend_down)
		row_sign(&e->row, s->b, right ? "╮" : "╭", '.', style);
	if (s->head)
		row_sign(&e->row, s->b, right ? "►" : "◄", right ? '>' : '<', style);
	if (s->cross)
		row_sign(&e->row, s->b, "✗", 'x', STYLE_RED);
}

static enum style leg_style(const struct leg *leg)
{
	if (leg->end == LEG_STOPPED || leg->end == LEG_LOST)
		return STYLE_RED;
	if (leg->retry || leg->fault[0] || leg->released_by[0])
		return STYLE_YELLOW;
	return STYLE_PLAIN;
}

/* "dropped by syn-dropped", "lost"; nothing for most */
static void fate_text(const struct leg *leg, char *buf, size_t size)
{
	char label[160];

	buf[0] = '\0';

	if (leg->end == LEG_LOST && leg->n_hops && leg->hops[0].resumed)
		/* there is no arrow that could carry it */
		snprintf(buf, size, "%s %.60s", leg_label(leg, false, label, sizeof(label)),
			 leg->past);
	else if (leg->end == LEG_LOST)
		snprintf(buf, size, "%s", leg->past);
	else if (leg->fault[0])
		snprintf(buf, size, "%.60s by %.200s", leg->past, leg->fault);
}

/* "SYN retry 1, +1.02 s", "SYN-ACK held 1.5 s", "ACK after 20 ms"; without the times if @brief */
static void label_text(const struct easel *e, const struct leg *leg, bool brief, char *buf,
		       size_t size)
{
	const struct hop *first = leg->n_hops ? &leg->hops[0] : NULL;
	char label[160], took[40];
	int64_t wire;

	leg_label(leg, e->seq, label, sizeof(label));
	snprintf(buf, size, "%s", label);
	if (brief)
		return;
	if (first && first->resumed && first->came_ns != -1 &&
	    !__builtin_sub_overflow(first->came_ns, first->left_ns, &wire))
		snprintf(buf, size, "%s after %s", label, duration_text(wire, took, sizeof(took)));
	else if (leg->released_by[0] && leg->waited_ns > 0)
		snprintf(buf, size, "%s held %s", label,
			 duration_text(leg->waited_ns, took, sizeof(took)));
	else if (leg->retry > 0)
		snprintf(buf, size, "%s, +%s", label,
			 duration_text(leg->since_ns, took, sizeof(took)));
}

/* What stands on the arrow: as much as there is room for. */
static void label_draw(struct easel *e, const struct leg *leg, const struct stroke *s,
		       const char *more, enum style style)
{
	int room = abs(s->b - s->a) - 2 - s->bend_down - s->cross - s->bend_up;
	int start = s->a + s->step * (1 + s->bend_up);
	char text[640], padded[644];

	label_text(e, leg, false, text, sizeof(text));
	if (more[0])
		snprintf(text + strlen(text), sizeof(text) - strlen(text), ", %s", more);
	if (text_width(e->paper, text) + 2 > room)
		label_text(e, leg, true, text, sizeof(text));
	if (text_width(e->paper, text) + 2 > room && leg->packet.payload && !e->seq)
		snprintf(text, sizeof(text), "%u B", leg->packet.payload);
	snprintf(padded, sizeof(padded), " %s ", text);
	if (s->step > 0)
		row_text(&e->row, start, room, style, padded);
	else
		row_text_before(&e->row, start + 1, room, style, padded);
}

/* What became of it at its end: behind the arrow if there is room. Returns whether it was drawn. */
static bool fate_draw(struct easel *e, const struct leg *leg, const struct stroke *s,
		      const char *text)
{
	int end = s->cross ? s->b : e->life[leg->at].col;
	int room = s->step > 0 ? e->paper->columns - end - 2 : end - 2 - LEFT;

	if (leg->end == LEG_STOPPED)
		row_sign(&e->row, end, "✗", 'x', STYLE_RED);
	else if (leg->end == LEG_HELD)
		row_sign(&e->row, end, "■", '#', STYLE_YELLOW);
	else if (leg->end != LEG_LOST)
		return false;
	if (room < AFTER_LEAST)
		return false;
	if (s->step > 0)
		row_text(&e->row, end + 2, room, leg_style(leg), text);
	else
		row_text_before(&e->row, end - 1, room, leg_style(leg), text);
	return true;
}

/* A packet that did not leave: stopped on its way out, or just released. */
static void stay_draw(struct easel *e, const struct leg *leg, int64_t t_ns, FILE *out)
{
	char label[160], fate[280], text[600];

	label_text(e, leg, false, label, sizeof(label));
	fate_text(leg, fate, sizeof(fate));
	snprintf(text, sizeof(text), "%s%s%s%s%s", label, leg->released_by[0] ? " let go by " : "",
		 leg->released_by, fate[0] ? " " : "", fate);
	if (leg->end == LEG_STOPPED)
		easel_text(e, t_ns, leg->at, STYLE_RED, "✗", 'x', text, out);
	else if (leg->end == LEG_HELD)
		easel_text(e, t_ns, leg->at, STYLE_YELLOW, "■", '#', text, out);
	else
		easel_text(e, t_ns, leg->at, leg_style(leg), "»", '>', text, out);
}

/* "client → fw → server SYN dropped by syn-dropped" */
static void leg_told(struct easel *e, const struct leg *leg, int64_t t_ns, FILE *out)
{
	_cleanup_free_ char *text = NULL;
	char label[160], fate[280];
	size_t size;
	FILE *line = open_memstream(&text, &size);

	if (!line)
		return;
	for (int i = 0; e->begin && i < leg->n_hops; i++) {
		if (i == 0)
			fputs(e->begin->hosts[leg->hops[i].from], line);
		fprintf(line, " → %s%s", leg->hops[i].came_ns == -1 ? "…" : "",
			e->begin->hosts[leg->hops[i].to]);
	}
	label_text(e, leg, false, label, sizeof(label));
	fate_text(leg, fate, sizeof(fate));
	fprintf(line, "%s%s%s%s", leg->n_hops ? "  " : "", label, fate[0] ? "  ✗ " : "", fate);
	if (fclose(line) == 0)
		told(e, t_ns, leg->n_hops ? -1 : leg->at, leg_style(leg), text, out);
}

void easel_leg(struct easel *e, const struct leg *leg, int64_t t_ns, FILE *out)
{
	enum style style = leg_style(leg), line = style == STYLE_RED ? STYLE_PLAIN : style;
	struct stroke first = { 0 }, last = { 0 };
	char fate[280];
	bool any = false, told_fate;

	if (!e->n) {
		leg_told(e, leg, t_ns, out);
		return;
	}
	if (!leg->n_hops) {
		stay_draw(e, leg, t_ns, out);
		return;
	}
	lifelines_draw(e);
	time_draw(e, t_ns);
	for (int i = 0; i < leg->n_hops; i++) {
		struct stroke stroke;

		if (!stroke_of(e, leg, i, &stroke))
			continue;
		if (!stroke.bend_up && !(stroke.cross && stroke.a == stroke.b))
			row_sign(&e->row, e->life[leg->hops[i].from].col,
				 any && stroke.step == last.step ? "┼" :
				 stroke.step > 0		 ? "├" :
								   "┤",
				 '+', line);
		stroke_draw(e, &stroke, line);
		first = any ? first : stroke;
		last = stroke;
		any = true;
	}
	fate_text(leg, fate, sizeof(fate));
	told_fate = any && fate_draw(e, leg, &last, fate);
	if (any)
		label_draw(e, leg, &first, told_fate ? "" : fate, style);
	row_print(&e->row, out);
}
