/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the terminal report among themselves. */
#ifndef NSLAB_REPORT_TERMINAL_H
#define NSLAB_REPORT_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lab/event/event.h"
#include "lab/report/report.h"
#include "lab/report/terminal_text.h"

/* ---- terminal_entry.c: what an event says --------------------------------------------------- */

/**
 * struct entry - a line of the timeline
 * @host: whose column, -1 for the lab's own
 * @text: owned; as it came, not yet made harmless
 */
struct entry {
	int64_t t_ns;
	int host;
	enum style style;
	char *text;
};

/**
 * entry_make() - put an event in words
 * @begin: of its run, NULL if it is not known
 * Return: whether there is something to show; @ret->text is NULL when memory is out
 */
bool entry_make(const struct event *event, const struct event_begin *begin, bool verbose,
		struct entry *ret);

/** entry_is_bulk() - data or its acknowledgement, one among many: nothing that tells a story */
bool entry_is_bulk(const struct event *event);

/* ---- terminal_layout.c: where it stands ------------------------------------------------------ */

/**
 * struct layout - time at the left, then a column for each host
 * @pitch: from one column to the next; 0: too many hosts, their names stand in the lines
 */
struct layout {
	int pitch;
};

/** layout_init() - for so many hosts on that paper */
void layout_init(struct layout *layout, const struct paper *paper, int n_hosts);

/** layout_heads() - the hosts' names above their columns; nothing without columns */
void layout_heads(const struct layout *layout, const struct paper *paper,
		  const struct event_begin *begin, FILE *out);

/**
 * layout_line() - one line of the timeline, never wider than the paper
 * Return: whether its text had to be cut
 */
bool layout_line(const struct layout *layout, const struct paper *paper,
		 const struct event_begin *begin, const struct entry *entry, FILE *out);

/**
 * layout_time() - "  1.031 s"; cut, not rounded, so that nothing is said to have happened later than
 * it did. Returns @buf
 */
const char *layout_time(int64_t t_ns, char *buf, size_t size);

/** layout_topology() - "client -- fw -- server, IPv4", malloced, NULL when memory is out */
char *layout_topology(const struct event_begin *begin);

/* ---- terminal_run.c: what is remembered until the end ---------------------------------------- */

enum { RING_LINES = 6 };

/**
 * struct ring - the last lines of the timeline, finished
 * @n: lines ever added; the last of them is at (n - 1) % RING_LINES
 */
struct ring {
	char *line[RING_LINES];
	unsigned long n;
};

/** struct judged - an expectation, and the timeline before it if it was not met */
struct judged {
	struct event event;
	struct ring before;
};

/**
 * struct run - one run of a log
 * @open: it has begun and not ended
 * @begin: EVENT_BEGIN, zeroed if there was none
 * @error: the first EVENT_ERROR, zeroed if there was none
 * @notes: texts too long for their line
 */
struct run {
	bool open;
	struct event begin;
	struct event error;
	struct layout layout;
	struct ring ring;
	struct judged *judged;
	int n_judged;
	char **notes;
	int n_notes;
};

void run_clear(struct run *run);

/** run_begin() - the begin record, NULL if there was none */
const struct event_begin *run_begin(const struct run *run);

/** ring_add() - @line is taken over; NULL is ignored */
void ring_add(struct ring *ring, char *line);

/** run_judge() - keep an expectation, with the ring as it is now if it was not met */
void run_judge(struct run *run, const struct event *event);

/** run_note() - keep a note for the end */
void run_note(struct run *run, const char *text);

/* ---- terminal_end.c: how it ended ------------------------------------------------------------ */

/**
 * end_print() - expectations, story and remedy, result, how to repeat
 * @end: NULL if the log ends before the run did
 * @told: story and remedy were already printed for this scenario
 * @options: quiet: only what was not met; verbose: also what was observed where it was
 */
void end_print(const struct run *run, const struct paper *paper, const struct event_end *end,
	       bool told, const struct report_options *options, FILE *out);

#endif
