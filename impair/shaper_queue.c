// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The delay line as backend: at the receiving end, before anything else there looks at the packets,
 * so that also RST and ICMP that a firewall makes itself pass it like all that crosses the link. A
 * direction that does nothing but lose packets has a lane, too: a packet arrives when the lane lets it
 * go, and what was lost never does, whatever the interface's capture saw.
 */
#include "impair/shaper_private.h"

static int queue_set(struct shaper *shaper, int link, int end, struct direction *d,
		     struct lab_err *err)
{
	const struct lane lane = { .host = shaper->topo->links[link].host[!end],
				   .shape = d->shape,
				   .link = link,
				   .end = !end };
	bool begins = d->lane < 0;
	uint16_t number = 0;
	int ret;

	if (begins) {
		ret = delayline_add(shaper->line, &lane, &number, err);
		if (ret < 0)
			return ret;
		d->lane = ret;
	} else {
		ret = delayline_shape(shaper->line, d->lane, &d->shape, err);
		if (ret < 0)
			return ret;
	}
	return shaper_rules_commit(shaper, link, end, d, begins ? number : -1, err);
}

const struct backend BACKEND_QUEUE = { .id = SHAPE_QUEUE, .sending = false, .set = queue_set };
