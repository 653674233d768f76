/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A name server: DNS over UDP and TCP, for as long as the run lasts. */
#ifndef NSLAB_RUN_NAMESERVER_H
#define NSLAB_RUN_NAMESERVER_H

#include <stdint.h>

#include "netns/err.h"

struct dns_record;
struct dns_zone;
struct loop;
struct nameserver;
struct op;
struct sock;

/**
 * nameserver_open() - answer what comes to two sockets from now on
 * @udp: bound; one of all addresses has IP_PKTINFO or IPV6_RECVPKTINFO set. The name server's from here on,
 *       also on failure
 * @listener: listens; borrowed. Who is no host of the topology asks as its host does
 * @zone: copied; what it points to is borrowed
 * @ret: nameserver_close() it
 * Return: 0 or -errno
 */
int nameserver_open(struct loop *loop, int udp, struct sock *listener, const struct dns_zone *zone,
		    struct nameserver **ret, struct lab_err *err);

/** nameserver_bound() - no more than @most connections at once, see server_bound() */
void nameserver_bound(struct nameserver *ns, int most);

/** nameserver_abort() - drop its connections without a word: its host died. NULL is fine */
void nameserver_abort(struct nameserver *ns);

/** nameserver_close() - NULL is fine; the listener stays */
void nameserver_close(struct nameserver *ns);

/**
 * nameserver_hold() - all that the step @op has to do: it serves until the run is over
 * @port: on all addresses of the step's host
 * @records, @n: names beside those of the hosts; borrowed
 */
void nameserver_hold(struct op *op, uint16_t port, const struct dns_record *records, int n);

#endif
