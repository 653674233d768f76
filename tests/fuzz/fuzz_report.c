// SPDX-License-Identifier: GPL-2.0-or-later
/* A hostile log, through each report there is. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct open {
	const struct report_type *type;
	struct report *report;
};

/* The first byte chooses how they are shown. */
static int reports_open(struct open *list, int most, uint8_t how, FILE *out)
{
	const struct report_options options = {
		.columns = 30 + 10 * (how & 15),
		.unicode = how & 16,
		.colour = how & 32,
		.verbose = how & 64,
		.seq = how & 128,
		.unfold = how & 1,
		.total = how & 8,
	};
	const struct report_type *type;
	int n = 0;

	for (int i = 0; (type = report_at(i)) && n < most; i++) {
		list[n] = (struct open){ type, type->open(out, &options) };
		n += list[n].report != NULL;
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct open list[16];
	FILE *out;
	int n;

	if (size < 1)
		return 0;
	out = fopen("/dev/null", "we");
	if (!out)
		abort();
	n = reports_open(list, 16, data[0], out);
	for (size_t at = 1; at < size;) {
		const uint8_t *end = memchr(data + at, '\n', size - at);
		size_t len = end ? (size_t)(end - data) - at : size - at;
		struct event event;
		const char *why;

		if (event_read((const char *)data + at, len, &event, &why) == 0)
			for (int i = 0; i < n; i++)
				list[i].type->event(list[i].report, &event);
		event_clear(&event);
		at += len + 1;
	}
	for (int i = 0; i < n; i++)
		list[i].type->close(list[i].report);
	fclose(out);
	return 0;
}
