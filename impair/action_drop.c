// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>

#include "impair/action.h"
#include "impair/expr.h"

static int drop_parse(const char *rest, unsigned families, struct fault *fault, struct lab_err *err)
{
	fault->families = families;
	if (*rest)
		return lab_err_set(err, EINVAL, "'drop' takes no argument, found '%s'", rest);
	return 0;
}

static int drop_emit(struct nftnl_rule *rule, const struct fault *fault, int fam)
{
	(void)fault;
	(void)fam;
	return expr_drop(rule);
}

const struct action ACTION_DROP = {
	.name = "drop",
	.syntax = "drop",
	.help = "The packet vanishes; nobody is told.",
	.past = "dropped",
	.parse = drop_parse,
	.emit = drop_emit,
};
