// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "impair/filter.h"
#include "lab/doctor/doctor.h"
#include "lab/scenario/reader.h"

/* What every run does, whatever the scenario says. */
#define NEEDS_OF_ALL                                                                               \
	(NEED_NAMESPACES | NEED_SYSCTLS | NEED_VETH | NEED_OFFLOAD | NEED_NETWORK | NEED_CAPTURE | \
	 NEED_DIAG)

static unsigned fault_needs(const struct fault *fault)
{
	unsigned needs = NEED_NFT | NEED_NFT_COUNTER | NEED_NFT_LOG | NEED_HITLOG;

	if (fault->match.from >= 0 || fault->match.to >= 0)
		needs |= NEED_NFT_SETS;
	if (fault->stateful)
		needs |= NEED_CONNTRACK;
	if (filter_needs_line(fault, false))
		needs |= NEED_LINE;
	if (fault->pick != PICK_ALL)
		needs |= NEED_NFT_NUMGEN;
	if (!fault->action || strcmp(fault->action->name, "reject"))
		return needs;
	needs |= NEED_NFT_REJECT;
	if (action_rejects_with_reset(fault))
		return needs | NEED_RESET;
	if (fault->families & IP_4)
		needs |= NEED_ICMP;
	if (fault->families & IP_6)
		needs |= NEED_ICMPV6;
	return needs;
}

unsigned doctor_needs(const struct plan *plan)
{
	unsigned needs = NEEDS_OF_ALL;

	if (plan->ip & IP_6)
		needs |= NEED_IPV6;
	if (plan->shaped)
		needs |= NEED_SHAPES;
	for (int i = 0; i < plan->n_faults; i++)
		needs |= fault_needs(&plan->faults[i]);
	if (plan->n_nats)
		needs |= NEED_NFT | NEED_CONNTRACK;
	for (int i = 0; i < plan->n_steps; i++) {
		const struct verb *verb = plan->steps[i].verb;

		if (verb && !strcmp(verb->name, "run"))
			needs |= NEED_HOSTS_FILE;
	}
	return needs;
}
