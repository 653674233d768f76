// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include "impair/action.h"
#include "impair/duration.h"

/* Shorter than TCP's loss probe (2 RTT, at least 200 ms on Linux), so waiting in vain costs no retransmission. */
enum { WAIT_NS = 100000000 };

static int reorder_parse(const char *rest, unsigned families, struct fault *fault,
			 struct lab_err *err)
{
	fault->families = families;
	fault->delay_ns = WAIT_NS;
	return *rest ? action_duration("reorder", rest, &fault->delay_ns, err) : 0;
}

static bool reorder_hold(const struct fault *fault, struct holding *ret_holding)
{
	*ret_holding = (struct holding){ .delay_ns = fault->delay_ns, .overtaken = true };
	return true;
}

static const char *reorder_text(const struct fault *fault, char *buf, unsigned long size)
{
	char time[32];

	if (fault->delay_ns == WAIT_NS)
		snprintf(buf, size, "reorder");
	else
		snprintf(buf, size, "reorder %s",
			 duration_words(fault->delay_ns, time, sizeof(time)));
	return buf;
}

const struct action ACTION_REORDER = {
	.name = "reorder",
	.syntax = "reorder [DURATION]",
	.help = "The next packet of the match that does not wait itself overtakes this one; if none "
		"comes, it goes on after DURATION, by default 100 ms. Not at the host that sends: its "
		"TCP waits for the packet to leave before it sends more.",
	.past = "reordered",
	.parse = reorder_parse,
	.text = reorder_text,
	.hold = reorder_hold,
};
