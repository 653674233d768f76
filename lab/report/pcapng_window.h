/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was told within the last 100 ms of a log, in order of time. A fault's hit finds the packet it
 * belongs to here, whichever of the two was told first.
 */
#ifndef NSLAB_REPORT_PCAPNG_WINDOW_H
#define NSLAB_REPORT_PCAPNG_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lab/event/event.h"

enum {
	PWINDOW_NS = 100000000,
	PWINDOW_MOST = 4096,	 /* frames that wait */
	PFRAME_COMMENTS_MOST = 8 /* of a frame; further ones are not kept */
};

enum pframe_kind {
	PFRAME_PACKET, /* seen on an interface */
	PFRAME_MARK,   /* something was done to a packet */
	PFRAME_WORDS,  /* a text */
};

/** enum pmark_place - where the packet of a mark is to be looked for */
enum pmark_place {
	PMARK_STOPPED, /* it came to the host, and no further */
	PMARK_HERE,    /* it came to the host, or was made there */
	PMARK_LOST,    /* it left @host, or any if that is -1, and was lost on the wire */
	PMARK_LEAVING, /* it leaves the host */
};

/**
 * struct pframe - what is going to be a block
 * @face: interface of a packet
 * @packet, @bytes, @n_bytes: of a packet and a mark
 * @out, @made_here, @retry, @since_ns, @held_ns: of a packet, as in struct event_packet
 * @place, @host: of a mark: where to look. @at: host that it was told of
 * @text: owned; of a mark and of words
 * @comment: owned; marks that found their packet
 */
struct pframe {
	enum pframe_kind kind;
	int64_t t_ns;
	int host, at;
	int face;
	struct packet packet;
	uint8_t bytes[EVENT_BYTES_MOST];
	int n_bytes;
	bool out, made_here;
	int retry;
	int64_t since_ns, held_ns;
	enum pmark_place place;
	char *text;
	char *comment[PFRAME_COMMENTS_MOST];
	int n_comments;
	/* the window's own */
	uint64_t order, key;
	bool found;
	struct pframe *newer, *older;
};

/** pframe_free() - takes NULL */
void pframe_free(struct pframe *frame);

struct pwindow;

/** pwindow_new() - NULL when memory is out */
struct pwindow *pwindow_new(void);

/** pwindow_add() - @frame is taken over; a mark becomes its packet's comment as soon as both are there */
void pwindow_add(struct pwindow *window, struct pframe *frame);

/** pwindow_full() - are there more frames than may wait? */
bool pwindow_full(const struct pwindow *window);

/**
 * pwindow_next() - the earliest frame, if nothing can change it any more
 * @all: if there is one at all; behind the last, the window is as new, for the next run
 * Return: now the caller's; NULL if there is none
 */
struct pframe *pwindow_next(struct pwindow *window, bool all);

/** pwindow_free() - with all that is in it; takes NULL */
void pwindow_free(struct pwindow *window);

#endif
