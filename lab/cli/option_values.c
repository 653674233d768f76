// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/cli/option_values.h"

#include <errno.h>
#include <stdio.h>

#include "lab/scenario/problem.h"
#include "lab/scenario/value.h"

int option_number(const char *command, const char *option, const char *text, int64_t min,
		  int64_t max, int64_t *ret)
{
	char shown[100];

	if (!text || value_int(text, min, max, ret) == 0)
		return 0;
	fprintf(stderr, "nslab %s: --%s '%s': expected a number from %lld to %lld\n", command,
		option, text_escape(text, shown, sizeof(shown)), (long long)min, (long long)max);
	return -EINVAL;
}

int option_duration(const char *command, const char *option, const char *text, int64_t *ret_ns)
{
	char shown[100];

	if (!text || (value_duration(text, ret_ns) == 0 && *ret_ns))
		return 0;
	fprintf(stderr, "nslab %s: --%s '%s': expected a duration such as 90s or 2min\n", command,
		option, text_escape(text, shown, sizeof(shown)));
	return -EINVAL;
}

int option_shape(const char *command, const char *text, enum shape_backend *ret)
{
	char shown[100];

	if (!text || shape_backend_from_name(text, ret) == 0)
		return 0;
	fprintf(stderr, "nslab %s: --shape '%s': expected netem, queue or auto\n", command,
		text_escape(text, shown, sizeof(shown)));
	return -EINVAL;
}
