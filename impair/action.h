/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to impair/: the rows of the table of actions, one file each. */
#ifndef NSLAB_IMPAIR_ACTION_H
#define NSLAB_IMPAIR_ACTION_H

#include "impair/fault.h"

/** action_duration() - the time behind an action's word, above 0 and at most a minute; 0 or -EINVAL */
int action_duration(const char *word, const char *text, int64_t *ret_ns, struct lab_err *err);

extern const struct action ACTION_DROP;
extern const struct action ACTION_REJECT;
extern const struct action ACTION_DELAY;
extern const struct action ACTION_DUPLICATE;
extern const struct action ACTION_REORDER;

#endif
