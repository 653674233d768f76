// SPDX-License-Identifier: GPL-2.0-or-later
/* Packets that wait at a host at the same time stand side by side. */
#include "lab/report/html_draw.h"

enum { STAY_LANES = 6 };

static bool is_over(const struct stay *stay, int64_t t_ns)
{
	return stay->to_ns != -1 && stay->to_ns <= t_ns;
}

/* The first lane that is free when it comes; what comes when all are taken shares the last one. */
static void stay_place(struct stay *stay, const struct stay **waiting)
{
	stay->lane = 0;
	while (stay->lane + 1 < STAY_LANES && waiting[stay->lane] &&
	       !is_over(waiting[stay->lane], stay->from_ns))
		stay->lane++;
	waiting[stay->lane] = stay;
}

void stays_place(const struct stage *stage)
{
	const struct stay *waiting[DRAW_HOSTS_MOST][STAY_LANES] = { 0 };

	for (int i = 0; i < stage->chart->n_marks; i++) {
		struct flight *f = &stage->chart->marks[i]->flight;

		for (int k = 0; k < f->n_stays; k++) {
			struct stay *stay = &f->stays[k];
			/* like stage_x(): a host that is not there is the first one */
			bool there = stay->host > 0 && stay->host < stage->n;

			stay_place(stay, waiting[there ? stay->host : 0]);
		}
	}
}
