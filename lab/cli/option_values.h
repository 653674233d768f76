/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of options that several commands have. Each complains on stderr by itself; 0 or -EINVAL. */
#ifndef NSLAB_CLI_OPTION_VALUES_H
#define NSLAB_CLI_OPTION_VALUES_H

#include <stdint.h>

#include "impair/shape.h"
#include "impair/shaper.h"

/**
 * option_number() - a number from @min to @max
 * @command, @option: for messages: "run", "seed"
 * @text: NULL: it was not given, and @ret stays as it is; so for all of them
 */
int option_number(const char *command, const char *option, const char *text, int64_t min,
		  int64_t max, int64_t *ret);

/** option_duration() - a duration above 0, in ns */
int option_duration(const char *command, const char *option, const char *text, int64_t *ret_ns);

/** option_shape() - who shapes links: netem, queue, auto */
int option_shape(const char *command, const char *text, enum shape_backend *ret);

#endif
