/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to impair/: sends a packet a second time, from inside a host or over the wire that it came by. */
#ifndef NSLAB_IMPAIR_COPY_H
#define NSLAB_IMPAIR_COPY_H

#include <stddef.h>
#include <stdint.h>

#include "netns/network.h"

struct copier;

/**
 * copier_open() - sockets for copies of packets that are held at @host
 * @topo: where the wires are
 * @link: the only wire by which copies are to come; -1 for any wire, and for those that leave the host
 */
int copier_open(const struct network *net, const struct topology *topo, int host, int link,
		struct copier **ret, struct lab_err *err);
void copier_close(struct copier *copier);

/**
 * copier_send() - send @packet once more
 * One that came in and is held before routing, or because it is for this host (@hook is PRE_ROUTING or
 * LOCAL_IN), comes again by the wire from interface @ifindex, with the source address
 * DELAYLINE_COPY_MAC or _HERE, by which rules let it pass. Any other goes out again with the mark MARK_COPY.
 * @packet, @len: the whole packet from the IP header on
 * Return: 0 or -errno
 */
int copier_send(struct copier *copier, int hook, int ifindex, const uint8_t *packet, size_t len);

#endif
