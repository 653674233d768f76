/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which packets belong together: connections, numbered as they appear. */
#ifndef NSLAB_REPORT_PAIR_H
#define NSLAB_REPORT_PAIR_H

#include <stdint.h>

#include "lab/event/packet.h"

struct pairs;

/** pairs_new() - NULL when memory is out */
struct pairs *pairs_new(void);
void pairs_free(struct pairs *pairs);

/**
 * pairs_of() - the connection that @packet belongs to, made if it is the first of its ports
 * TCP and UDP have one; an ICMP error has that of the packet it quotes, if that was seen.
 * Return: its number, from 1; 0 if it has none, or memory is out
 */
unsigned long pairs_of(struct pairs *pairs, const struct packet *packet);

/** pairs_alias() - @packet's addresses and ports are another name of connection @number: NAT */
void pairs_alias(struct pairs *pairs, const struct packet *packet, unsigned long number);

/**
 * pairs_relative() - @packet's numbers, counted from the first that was seen of its direction
 * @ret_seq, @ret_ack: 0 for what has none
 */
void pairs_relative(struct pairs *pairs, const struct packet *packet, uint32_t *ret_seq,
		    uint32_t *ret_ack);

#endif
