// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "impair/action.h"

static int duplicate_parse(const char *rest, unsigned families, struct fault *fault,
			   struct lab_err *err)
{
	fault->families = families;
	if (*rest)
		return lab_err_set(err, EINVAL, "'duplicate' takes no argument, found '%s'", rest);
	return 0;
}

static bool duplicate_hold(const struct fault *fault, struct holding *ret_holding)
{
	(void)fault;
	*ret_holding = (struct holding){ .copies = 1 };
	return true;
}

const struct action ACTION_DUPLICATE = {
	.name = "duplicate",
	.syntax = "duplicate",
	.help = "The packet goes on, and once more. No fault of this host looks at the second one.",
	.past = "duplicated",
	.parse = duplicate_parse,
	.hold = duplicate_hold,
};
