/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The drawn ladder's contents: what sequence.h tells, gathered so that it can be drawn. A packet's
 * legs become one flight, streams are folded, and of runs that are too long the middle is left out.
 */
#ifndef NSLAB_REPORT_HTML_CHART_H
#define NSLAB_REPORT_HTML_CHART_H

#include <stdbool.h>
#include <stdint.h>

#include "lab/event/event.h"
#include "lab/report/sequence.h"

enum mark_kind {
	MARK_PACKET,
	MARK_CALL,   /* a step: begins and, if @over, ends at once */
	MARK_RETURN, /* it ends */
	MARK_STATE,
	MARK_SWITCH,
	MARK_VERDICT,
	MARK_REMARK,
	MARK_STREAM, /* segments that are only counted */
	MARK_GAP,    /* what is left out */
};

/**
 * struct stay - a packet waits at a host
 * @to_ns: -1 where it was never let go
 * @hop: the one that comes next, -1 as long as it waits
 * @lane: of those that wait at the same host at the same time, from 0, filled in by stays_place()
 */
struct stay {
	int host, hop, lane;
	int64_t from_ns, to_ns;
	char *fault;
};

/**
 * struct flight - a packet from its first host to its last
 * @leg: of the first leg what does not change; of the last one how it ended: @end, @at, @fault, @past
 * @end_ns: when that was
 * @hops, @stays: in order
 */
struct flight {
	struct leg leg;
	int64_t end_ns;
	struct hop *hops;
	int n_hops;
	struct stay *stays;
	int n_stays;
	bool bulk;
};

/**
 * struct mark - something in the picture that has a label, and so a slot on the time axis
 * @t_ns: of the slot; @y: there, filled in by scale_new()
 * @host: -1 for the lab's own
 * @text: the label; @more: the whole of it where the label is short, or NULL
 * @step, @over: of calls and returns
 * @socket: of states: which one; @state: the new one
 * @met: of verdicts; @bad: of remarks: an error
 * @count, @bytes: of streams and gaps
 */
struct mark {
	enum mark_kind kind;
	int64_t t_ns;
	int y;
	int host;
	char *text, *more;
	struct flight flight;
	int step;
	bool over;
	char *socket, *state;
	bool met, bad;
	unsigned long count;
	uint64_t bytes;
};

/** struct chart - @marks: in order of time once chart_end() was called */
struct chart {
	const struct event_begin *begin;
	struct sequence *sequence;
	struct mark **marks;
	int n_marks;
	bool unfold;
	/* the stream under way: see html_chart.c */
	int run_from, run_n;
	int64_t run_ns;
	struct mark *stream;
	struct mark *gap;
	struct mark **by_number;
};

/**
 * chart_new() - gather one run
 * @begin: borrowed, NULL if there is none; @unfold: streams, too
 * Return: NULL when memory is out
 */
struct chart *chart_new(const struct event_begin *begin, bool unfold);

void chart_event(struct chart *chart, const struct event *event);

/** chart_end() - no more events: from now on its marks can be used */
void chart_end(struct chart *chart);

/** chart_free() - takes NULL */
void chart_free(struct chart *chart);

#endif
