// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include "impair/action.h"
#include "impair/duration.h"

static int delay_parse(const char *rest, unsigned families, struct fault *fault,
		       struct lab_err *err)
{
	fault->families = families;
	if (!*rest)
		return lab_err_set(err, EINVAL, "'delay' needs a time, such as delay 250ms");
	return action_duration("delay", rest, &fault->delay_ns, err);
}

static bool delay_hold(const struct fault *fault, struct holding *ret_holding)
{
	*ret_holding = (struct holding){ .delay_ns = fault->delay_ns };
	return true;
}

static const char *delay_text(const struct fault *fault, char *buf, unsigned long size)
{
	char time[32];

	snprintf(buf, size, "delay %s", duration_words(fault->delay_ns, time, sizeof(time)));
	return buf;
}

const struct action ACTION_DELAY = {
	.name = "delay",
	.syntax = "delay DURATION",
	.help = "The packet is held that long, at most a minute, then goes on. Others of the same "
		"connection may overtake it.",
	.past = "delayed",
	.parse = delay_parse,
	.text = delay_text,
	.hold = delay_hold,
};
