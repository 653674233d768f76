/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of this system the lab can use, what is in its way, and which scenarios can run here. */
#ifndef NSLAB_DOCTOR_DOCTOR_H
#define NSLAB_DOCTOR_DOCTOR_H

#include <stdbool.h>
#include <stdio.h>

#include "lab/scenario/scenario.h"

/** enum doctor_need - a feature of the system that a plan may need, a bit each */
enum doctor_need {
	NEED_NAMESPACES = 1 << 0,
	NEED_SYSCTLS = 1 << 1, /* that a host's can be written */
	NEED_VETH = 1 << 2,
	NEED_IPV6 = 1 << 3,
	NEED_OFFLOAD = 1 << 4, /* that it can be switched off */
	NEED_NETWORK = 1 << 5, /* all of the above in one piece, as a run builds it */
	NEED_CAPTURE = 1 << 6,
	NEED_DIAG = 1 << 7,
	NEED_NFT = 1 << 8,
	NEED_NFT_COUNTER = 1 << 9,
	NEED_NFT_LOG = 1 << 10,
	NEED_NFT_SETS = 1 << 11,
	NEED_NFT_NUMGEN = 1 << 12,
	NEED_NFT_REJECT = 1 << 13,
	NEED_HITLOG = 1 << 14,
	NEED_RESET = 1 << 15,
	NEED_ICMP = 1 << 16,
	NEED_ICMPV6 = 1 << 17,
	NEED_HOSTS_FILE = 1 << 18, /* for programs inside a host */
	NEED_CONNTRACK = 1 << 19,  /* for faults with conntrack, and for nat */
	NEED_LINE = 1 << 20,	   /* the delay line, for faults that hold packets */
	NEED_SHAPES = 1 << 21,	   /* for shaped links: netem or the delay line */
};

/**
 * struct doctor_options - how to show it, and for which scenarios
 * @columns: width to aim at, 0 for 80
 * @colour, @unicode: what the output can show
 * @verbose: also the limits that are wide enough
 * @scenarios, @n_scenarios: borrowed; without any, only the features are shown
 */
struct doctor_options {
	int columns;
	bool colour;
	bool unicode;
	bool verbose;
	const struct scenario *const *scenarios;
	int n_scenarios;
};

/** doctor_needs() - which features a run of @plan uses: NEED_ bits */
unsigned doctor_needs(const struct plan *plan);

/**
 * doctor_needs_met() - whether this kernel and system have what a scenario asks for by ``needs:``
 * To be called in a sandbox, with a network namespace of its own. Tries no more than what is named.
 * Return: 1 if they have, 0 if not, with what they lack in @err, -errno if that cannot be tried
 */
int doctor_needs_met(const struct need_list *needs, struct lab_err *err);

/**
 * doctor_run() - try everything, and write down what was found
 * @out: gets the report
 * @ret_runnable: number of scenarios of which at least one case can run here; may be NULL
 *
 * Everything is tried in a throw-away sandbox: nothing of the machine is changed and nothing is left
 * behind. Takes some 50 ms, and 2 s at the most, whatever hangs.
 * Return: number of missing features that at least one of the scenarios needs (without scenarios:
 * that every scenario needs), 0 if all can run; -errno if the report could not be written
 */
int doctor_run(FILE *out, const struct doctor_options *options, int *ret_runnable);

#endif
