/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts events of all sources in order of their time and writes them as JSON lines. */
#ifndef NSLAB_RUN_JOURNAL_H
#define NSLAB_RUN_JOURNAL_H

#include "lab/event/event.h"

struct journal;

/**
 * journal_new() - write to @fd, which becomes non-blocking and stays the caller's
 * A reader that is slow (a paused terminal) never stops the run: what it does not take waits here.
 */
struct journal *journal_new(int fd);

/**
 * journal_listen() - hand each line that is written to @fn, too
 * @event: what it says; both are the journal's
 */
void journal_listen(struct journal *journal,
		    void (*fn)(void *arg, const struct event *event, const char *line, size_t len),
		    void *arg);

/** journal_detach() - write no more to the descriptor; whoever listens goes on hearing */
void journal_detach(struct journal *journal);

/** journal_free() - drops what was not written */
void journal_free(struct journal *journal);

/** journal_add() - take over @event and what it owns; zeroes it */
void journal_add(struct journal *journal, struct event *event);

/**
 * journal_flush() - write what happened before @before_ns on the axis, in order
 * Later ones stay: a packet that came before them may still be on its way to us.
 */
void journal_flush(struct journal *journal, int64_t before_ns);

/** journal_finish() - write all there is, waiting for the reader; 0, or -errno if it is gone */
int journal_finish(struct journal *journal);

/** journal_broken() - memory ran out or the reader is gone: the log is not complete */
bool journal_broken(const struct journal *journal);

#endif
