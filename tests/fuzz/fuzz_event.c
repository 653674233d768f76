// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as a record: what the fast way of reading accepts the other one accepts, with the same event,
 * and it is written as a line that both read again.
 */
#include <stdlib.h>
#include <string.h>

#include "lab/event/event_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *line = (const char *)data, *why;
	struct event fast, any;
	bool accepted = event_read_fast(line, len, &fast);
	int r = event_read_any(line, len, &any, &why);
	char *text = NULL, *again = NULL;
	size_t n;

	if (accepted && r < 0)
		abort();
	if (r == 0) {
		text = event_write(&any, &n);
		if (accepted)
			again = event_write(&fast, NULL);
		if (accepted && strcmp(text, again))
			abort();
		event_clear(&any);
		event_clear(&fast);
		if (event_read_any(text, n, &any, &why) < 0)
			abort();
		if (event_read_fast(text, n, &fast) != (any.type != EVENT_BEGIN))
			abort();
	}
	free(text);
	free(again);
	event_clear(&fast);
	event_clear(&any);
	return 0;
}
