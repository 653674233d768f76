/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A firewall that remembers connections: what it lets pass, and how long it remembers. */
#ifndef NSLAB_IMPAIR_STATEFUL_H
#define NSLAB_IMPAIR_STATEFUL_H

#include <stdint.h>

#include "netns/err.h"
#include "netns/network.h"

struct batch;
struct fault;

enum { STATEFUL_TIMEOUTS = 13 };

/**
 * struct stateful - of a fault that hits what a stateful firewall does not let pass
 * @timeout_s: how long an entry lives after the last packet, by stateful_timeout_at(); 0 for the kernel's own
 * @loose: whether a connection may be picked up in the middle: 1, 0, -1 where it is left open (then not)
 * @liberal: whether segments outside of the window pass: 1, 0, -1 where it is left open (then not)
 * @limit: connections at once, 0 for any number; the action hits the packet that would open one more
 * @rate, @per_s, @burst: at most @burst new connections at once, and @rate in @per_s seconds; @rate 0: any
 *
 * Timeouts, @loose and @liberal belong to the host's namespace: faults of one host share them.
 */
struct stateful {
	int32_t timeout_s[STATEFUL_TIMEOUTS];
	int loose, liberal;
	uint32_t limit;
	uint32_t rate, per_s, burst;
};

/**
 * struct stateful_timeout - a kind of timeout
 * @name: "established"; @key: the sysctl; @also: a second one that gets the same value, or NULL
 */
struct stateful_timeout {
	const char *name;
	const char *key;
	const char *also;
};

/** stateful_timeout_at() - the rows, NULL behind the last; their order is that of struct stateful */
const struct stateful_timeout *stateful_timeout_at(int i);

/**
 * stateful_put() - append the chain "ct-NAME", which sends to "hit-NAME" what shall not pass
 * What it lets pass returns, so that the next fault is asked. What the host sends itself passes:
 * it is the firewall's, not the firewall's to judge.
 * Return: 0 or -ENOMEM
 */
int stateful_put(struct batch *batch, const struct fault *fault);

/** stateful_missing() - the kernel has refused the rules (ENOENT): what to do if a stateful one is among them */
void stateful_missing(int host, const struct fault *faults, int n, struct lab_err *err);

/**
 * stateful_apply() - write the timeouts and switches that the faults of @host ask for
 * After their rules are in force: these bring connection tracking along.
 * Return: 0, or -errno; the kernel has no connection tracking: with what to do about it
 */
int stateful_apply(const struct network *net, int host, const struct fault *faults, int n,
		   struct lab_err *err);

#endif
