// SPDX-License-Identifier: GPL-2.0-or-later
/* Actions that the format knows and this version cannot do yet. */
#include "impair/action.h"

#define LATER "it comes with the delay line"

const struct action ACTION_DELAY = {
	.name = "delay",
	.syntax = "delay DURATION",
	.help = "Hold the packet that long, then let it go on.",
	.later = LATER,
};

const struct action ACTION_DUPLICATE = {
	.name = "duplicate",
	.syntax = "duplicate",
	.help = "Send the packet twice.",
	.later = LATER,
};

const struct action ACTION_REORDER = {
	.name = "reorder",
	.syntax = "reorder",
	.help = "Let the next packet overtake this one.",
	.later = LATER,
};
