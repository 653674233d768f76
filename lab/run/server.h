/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small servers that need no steps of their own: echo, discard, chargen, http, and DNS over TCP. */
#ifndef NSLAB_RUN_SERVER_H
#define NSLAB_RUN_SERVER_H

#include <stdint.h>

#include "netns/err.h"

struct dns_zone;
struct loop;
struct op;
struct server;
struct sock;

enum server_kind { SERVER_ECHO, SERVER_HTTP, SERVER_DISCARD, SERVER_CHARGEN, SERVER_DNS };

/** server_words - the kinds' names, NULL-terminated */
extern const char *const server_words[];

/**
 * server_start() - accept every connection of @listener from now on
 * @listener: borrowed
 * @zone: what a name server knows, borrowed; NULL for other kinds
 * @ret: server_stop() it
 * Return: 0 or -errno
 */
int server_start(struct loop *loop, struct sock *listener, enum server_kind kind,
		 const struct dns_zone *zone, struct server **ret, struct lab_err *err);

/** server_bound() - serve no more than @most connections at once: one too many ends the oldest */
void server_bound(struct server *server, int most);

/** server_hold() - the same as all that the step @op has to do: it stops with the run */
void server_hold(struct op *op, struct sock *listener, enum server_kind kind);

/** server_deaf() - if @listener is its own: accept no more, but go on with what was accepted */
void server_deaf(struct server *server, const struct sock *listener);

/** server_abort() - drop all its connections with SO_LINGER 0: their host died. NULL is fine */
void server_abort(struct server *server);

/** server_stop() - close all its connections and free it; NULL is fine. The listener stays */
void server_stop(struct server *server);

#endif
