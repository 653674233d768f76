/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells what a router passes on from what it makes itself: packets that came in and have not gone out yet. */
#ifndef NSLAB_OBSERVE_PASSING_H
#define NSLAB_OBSERVE_PASSING_H

#include <stdbool.h>
#include <stdint.h>

#include "lab/event/packet.h"

struct passing;

/** passing_new() - for one host; NULL when memory is out. free() it */
struct passing *passing_new(void);

/**
 * passing_key() - what a router does not change in a packet that it passes on, as one number, never 0
 * @translates: it gives packets other addresses and ports
 */
uint64_t passing_key(bool translates, const struct packet *p);

/** passing_in() - a packet came in that is for somebody else */
void passing_in(struct passing *passing, uint64_t key);

/** passing_killed() - a fault ended its way here: what looks the same and goes out was made here */
void passing_killed(struct passing *passing, uint64_t key);

/** passing_out() - did this packet, which is leaving, come in before? */
bool passing_out(struct passing *passing, uint64_t key);

#endif
