/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A packet's headers, rebuilt from what the log tells of it: for logs that were saved without bytes. */
#ifndef NSLAB_REPORT_PCAPNG_HEADERS_H
#define NSLAB_REPORT_PCAPNG_HEADERS_H

#include <stddef.h>
#include <stdint.h>

#include "lab/event/packet.h"

enum { HEADERS_MOST = 128 };

/**
 * headers_build() - IP header and TCP, UDP or ICMP header, byte for byte as long as they were
 * Options are lost: their room is zeros, which for TCP is a list of none. Checksums are those of a
 * packet whose payload is zeros. An ICMP error quotes the packet that caused it as far as it is
 * known; where that one went is not, so its destination is 0.0.0.0 or ::. What a later fragment
 * holds and where it stands is not known either: IPv4's has protocol 255, offset 8 and so has
 * IPv6's.
 * @buf: HEADERS_MOST bytes
 * Return: how many were written
 */
size_t headers_build(const struct packet *packet, uint8_t *buf);

#endif
