/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The queueing discipline netem at an interface, by rtnetlink. */
#ifndef NSLAB_NETNS_QDISC_H
#define NSLAB_NETNS_QDISC_H

#include <stdint.h>

#include "netns/network.h"

/** enum qdisc_spread - how netem draws the delay around its mean */
enum qdisc_spread {
	QDISC_SPREAD_DEFAULT, /* netem's own: uniform, or the table that it was given before */
	QDISC_SPREAD_UNIFORM, /* uniform by a table, which replaces an earlier one */
	QDISC_SPREAD_NORMAL,  /* normal by a table, jitter is the standard deviation */
};

/**
 * struct qdisc_netem - all that netem is told; all zero but the limit lets packets pass
 * @delay_ns, @jitter_ns: what each packet waits
 * @duplicate, @reorder, @corrupt: of a million packets so many
 * @rate_bps: bits per second, 0 for no bound. Kept in bytes, so rounded up to a multiple of 8
 * @overhead: bytes that each packet counts more, for the rate: -14 to leave out the Ethernet header
 * @limit: packets, at least 1
 * @seed: of netem's chance, where the kernel takes one (since 6.6), else unused
 */
struct qdisc_netem {
	int64_t delay_ns, jitter_ns;
	enum qdisc_spread spread;
	uint32_t duplicate, reorder, corrupt;
	int64_t rate_bps;
	int32_t overhead;
	uint32_t limit;
	uint64_t seed;
};

/**
 * qdisc_netem_set() - make netem the root qdisc of an interface, or change it if it is
 * A change is for packets that come from now on; those that are held keep their time.
 * @host: -1 for the namespace that the network was built from
 * Return: 0; -ENOENT if the kernel has no netem; -errno
 */
int qdisc_netem_set(const struct network *net, int host, int ifindex,
		    const struct qdisc_netem *netem, struct lab_err *err);

/** qdisc_delete() - take an interface's root qdisc away, with what it holds */
int qdisc_delete(const struct network *net, int host, int ifindex, struct lab_err *err);

#endif
