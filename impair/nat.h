/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address translation at one host: masquerading and port forwards. */
#ifndef NSLAB_IMPAIR_NAT_H
#define NSLAB_IMPAIR_NAT_H

#include <stdbool.h>
#include <stdint.h>

#include "netns/network.h"

struct batch;

#define NAT_TABLE "nslab-nat"

/** struct nat_forward - what comes to @port of the translating host goes to @to_port of host number @to */
struct nat_forward {
	uint16_t port;
	int to;
	uint16_t to_port;
};

/**
 * struct nat - what one host translates
 * @host: index of the host
 * @masquerade: what it forwards gets its own address as source, on whichever link it leaves
 * @random_ports: and a random source port, also where the old one is free
 * @forwards, @n_forwards: owned. TCP and UDP, on all the host's addresses
 */
struct nat {
	int host;
	bool masquerade;
	bool random_ports;
	struct nat_forward *forwards;
	int n_forwards;
};

/**
 * nat_build() - append the host's table to @batch
 * @families: bit 0 IPv4, bit 1 IPv6
 * Return: 0 or -errno
 */
int nat_build(struct batch *batch, const struct topology *topo, const struct nat *nat,
	      unsigned families, struct lab_err *err);

/**
 * nat_create() - put it in force; it goes with the host's namespace
 * Return: 0, or -errno: with the modules that are missing
 */
int nat_create(const struct network *net, const struct topology *topo, const struct nat *nat,
	       unsigned families, struct lab_err *err);

#endif
