/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Knows what each host has sent already, so that a retransmission is told from a first time. */
#ifndef NSLAB_OBSERVE_FLOW_H
#define NSLAB_OBSERVE_FLOW_H

#include <stdint.h>

#include "lab/event/packet.h"

struct flow_table;

struct flow_table *flow_table_new(void);
void flow_table_free(struct flow_table *table);

/**
 * flow_sent() - note that a TCP segment was sent
 * @t_ns: when
 * @ret_retry: 0 if its sequence space is sent for the first time, else how often before
 * @ret_since_ns: time since that first time
 * Segments that take no sequence space (pure ACK, RST) are never retransmissions. Only the last 64
 * segments of a direction are remembered: enough to number timer-driven retries, which come one at
 * a time; a retransmission of something older counts as the first retry.
 */
void flow_sent(struct flow_table *table, const struct packet *packet, int64_t t_ns, int *ret_retry,
	       int64_t *ret_since_ns);

#endif
