// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/doctor/verdict.h"

#include <errno.h>
#include <string.h>

#include "netns/cleanup.h"

/* The features that are missing themselves, or else those that could not be tried. */
static void reason_write(const struct probe *(*at)(int i), const struct findings *findings,
			 unsigned lacks, char *buf, size_t size)
{
	static const enum probe_state states[] = { PROBE_MISSING, PROBE_UNTRIED };
	size_t used = 0;

	buf[0] = '\0';
	for (size_t s = 0; s < ARRAY_SIZE(states) && !used; s++) {
		for (int i = 0; i < findings->n_probes && used < size; i++) {
			if (findings->probes[i].state == states[s] && at(i)->bit & lacks)
				used += (size_t)snprintf(buf + used, size - used, "%s%s",
							 used ? ", " : "no ", at(i)->name);
		}
	}
}

static int missing_count(const struct probe *(*at)(int i), const struct findings *findings,
			 unsigned lacks)
{
	int n = 0;

	for (int i = 0; i < findings->n_probes; i++)
		n += findings->probes[i].state == PROBE_MISSING && at(i)->bit & lacks;
	/* the time ran out before it could be tried */
	return n ?: lacks != 0;
}

static bool entries_alike(const struct verdict_entry *entries, int n)
{
	for (int i = 1; i < n; i++) {
		if (strcmp(entries[i].reason, entries[0].reason))
			return false;
	}
	return true;
}

static void scenario_judge(const struct scenario *scenario, struct verdict *verdict)
{
	struct verdict_entry *cases = &verdict->entries[verdict->n_entries];
	int n = scenario->n_plans, can = 0;

	for (int i = 0; i < n; i++)
		can += !cases[i].reason[0];
	verdict->whole += can == n;
	verdict->part += can > 0 && can < n;
	if (entries_alike(cases, n)) {
		cases[0].name = scenario->name;
		n = n ? 1 : 0;
	}
	verdict->n_entries += n;
}

int verdict_make(const struct probe *(*at)(int i), const struct findings *findings,
		 const struct doctor_options *options, struct verdict *ret)
{
	const struct plan nothing = { .ip = IP_4 };
	unsigned found = findings_found(at, findings), lacked = 0;
	bool refused = false;
	int plan = 0;

	memset(ret, 0, sizeof(*ret));
	ret->entries = calloc((size_t)findings->n_plans + 1, sizeof(*ret->entries));
	if (!ret->entries)
		return -ENOMEM;
	for (int s = 0; s < options->n_scenarios; s++) {
		const struct scenario *scenario = options->scenarios[s];

		for (int p = 0; p < scenario->n_plans; p++, plan++) {
			struct verdict_entry *entry = &ret->entries[ret->n_entries + p];
			unsigned needs = doctor_needs(&scenario->plans[p]);
			unsigned lacks = probe_closure(at, findings->n_probes, needs) & ~found;
			const struct lab_err *remark = &findings->remarks[plan];

			entry->name = scenario->plans[p].name;
			reason_write(at, findings, lacks, entry->reason, sizeof(entry->reason));
			if (!entry->reason[0] && remark->code)
				snprintf(entry->reason, sizeof(entry->reason), "%.255s",
					 remark->msg);
			lacked |= lacks;
			refused |= remark->code != 0;
		}
		scenario_judge(scenario, ret);
	}
	if (!options->n_scenarios)
		lacked = probe_closure(at, findings->n_probes, doctor_needs(&nothing)) & ~found;
	ret->missing = (lacked ? missing_count(at, findings, lacked) : 0) + refused;
	return 0;
}

void verdict_free(struct verdict *verdict)
{
	free(verdict->entries);
	memset(verdict, 0, sizeof(*verdict));
}
