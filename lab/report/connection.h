/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which packets belong together: connections, numbered as they appear. */
#ifndef NSLAB_REPORT_CONNECTION_H
#define NSLAB_REPORT_CONNECTION_H

#include <stdint.h>

#include "lab/event/packet.h"

struct connections;

/** connections_new() - NULL when memory is out */
struct connections *connections_new(void);
void connections_free(struct connections *connections);

/**
 * connections_of() - the connection that @packet belongs to, made if it is the first of its ports
 * TCP and UDP have one; an ICMP error has that of the packet it quotes, if that was seen.
 * Return: its number, from 1; 0 if it has none, or memory is out
 */
unsigned long connections_of(struct connections *connections, const struct packet *packet);

/** connections_alias() - @packet's addresses and ports are another name of connection @number: NAT */
void connections_alias(struct connections *connections, const struct packet *packet,
		       unsigned long number);

/**
 * connections_relative() - @packet's numbers, counted from the first that was seen of its direction
 * @ret_seq, @ret_ack: 0 for what has none
 */
void connections_relative(struct connections *connections, const struct packet *packet,
			  uint32_t *ret_seq, uint32_t *ret_ack);

#endif
