/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A port of one of a host's loopback addresses that is answered at another one. */
#ifndef NSLAB_IMPAIR_REDIRECT_H
#define NSLAB_IMPAIR_REDIRECT_H

#include <stdbool.h>
#include <stdint.h>

#include "netns/network.h"

#define REDIRECT_TABLE "nslab-redirect"

/**
 * struct redirect - UDP and TCP to @port of @addr come to @to_port, and the answers from @port
 * Whoever binds @port of all addresses does not meet who listens at @to_port.
 * @addr: IPv4, of the loopback network
 * @untracked: connection tracking of the host is to know nothing of it. Needs nft_ct
 */
struct redirect {
	uint8_t addr[4];
	uint16_t port, to_port;
	bool untracked;
};

/**
 * redirect_create() - put it in force at @host; it goes with the host's namespace
 * Return: 0 or -errno
 */
int redirect_create(const struct network *net, int host, const struct redirect *redirect,
		    struct lab_err *err);

#endif
