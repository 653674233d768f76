/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ladder's lines: where lifelines stand, and how one moment is drawn. */
#ifndef NSLAB_REPORT_LADDER_DRAW_H
#define NSLAB_REPORT_LADDER_DRAW_H

#include "lab/report/row.h"
#include "lab/report/sequence.h"

enum { LADDER_HOSTS_MOST = 64 };

/**
 * struct life - a lifeline
 * @col: its column
 * @open: calls under way
 * @sockets: that are not CLOSED, @style: of the state that was seen last
 */
struct life {
	int col;
	int open;
	int sockets;
	enum style style;
};

/**
 * struct easel - what is drawn on
 * @n: lifelines; 0: no room for any, lines are told in words
 * @right: where texts at the last host go: 1 beside it, 0 in front of it
 */
struct easel {
	struct row row;
	const struct paper *paper;
	const struct event_begin *begin;
	struct life life[LADDER_HOSTS_MOST];
	int n;
	bool right;
	bool seq;
};

/** easel_init() - 0, -ENOMEM */
int easel_init(struct easel *easel, const struct paper *paper, const struct event_begin *begin,
	       bool seq);
void easel_release(struct easel *easel);

/** easel_heads() - the hosts' names above their lifelines */
void easel_heads(struct easel *easel, FILE *out);

/** easel_fold() - a line that stands for a quiet time */
void easel_fold(struct easel *easel, int64_t ns, FILE *out);

/** easel_leg() - a packet */
void easel_leg(struct easel *easel, const struct leg *leg, int64_t t_ns, FILE *out);

/**
 * easel_text() - something that happens at a host
 * @host: -1 for the lab's own
 * @mark: "" or one sign between lifeline and text, @ascii: what ASCII has for it
 */
void easel_text(struct easel *easel, int64_t t_ns, int host, enum style style, const char *mark,
		char ascii, const char *text, FILE *out);

#endif
