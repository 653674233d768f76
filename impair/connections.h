/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to impair/: counts packets for each connection by itself. */
#ifndef NSLAB_IMPAIR_CONNECTIONS_H
#define NSLAB_IMPAIR_CONNECTIONS_H

#include <stddef.h>
#include <stdint.h>

struct connections;

/** connections_new() - NULL when memory is out */
struct connections *connections_new(void);
void connections_free(struct connections *c);

/**
 * connections_count() - one more packet of this connection
 * A connection is the two addresses and ports and the protocol, whichever way round; for what has no
 * ports, the two addresses and the protocol. A SYN with another initial sequence number than the last
 * begins a new one.
 * @packet, @len: from the IP header on
 * Return: its number within the connection, from 1; 0 when memory is out or this is no IP packet
 */
uint32_t connections_count(struct connections *c, const uint8_t *packet, size_t len);

#endif
