/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The drawn ladder, as SVG; what its elements look like is in lab/report/html/style.css. */
#ifndef NSLAB_REPORT_HTML_DRAW_H
#define NSLAB_REPORT_HTML_DRAW_H

#include <stdio.h>

#include "lab/report/html_chart.h"
#include "lab/report/html_scale.h"

enum { DRAW_HOSTS_MOST = 64, DRAW_LANES = 4 };

/**
 * struct stage - what is drawn on
 * @n: lifelines
 * @pitch: from one to the next
 */
struct stage {
	FILE *out;
	const struct event_begin *begin;
	struct chart *chart;
	struct scale scale;
	int n, pitch, width;
};

/**
 * draw_ladder() - one run
 * @chart: after chart_end()
 * @id: of the run: ids in the markup begin with it
 * Nothing is written for a run without hosts, or with more than DRAW_HOSTS_MOST of them.
 * Return: whether it was drawn
 */
bool draw_ladder(struct chart *chart, const char *id, FILE *out);

/** draw_topology() - hosts, links and faults; nothing without hosts. Returns whether it was drawn */
bool draw_topology(const struct event_begin *begin, const char *id, FILE *out);

/* ---- among themselves ------------------------------------------------------------------------ */

/** stage_x() - where a host's lifeline is; the lab's own things are at the first one */
int stage_x(const struct stage *stage, int host);

/** draw_packet() - html_draw_packet.c: its arrows; draw_packet_words(): what stands above all arrows */
void draw_packet(const struct stage *stage, const struct mark *mark);
void draw_packet_words(const struct stage *stage, const struct mark *mark);

/** stays_place() - html_draw_stay.c: a lane for each packet that waits at a host */
void stays_place(const struct stage *stage);

/** draw_states() - html_draw_state.c: the bands beside the lifelines */
void draw_states(const struct stage *stage);

/** state_class() - "s-open", as in style.css */
const char *state_class(const char *state);

#endif
