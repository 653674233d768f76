// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as an event log, shown on a terminal. What can be read can be written and read again;
 * no control character reaches the output; no line but the one to be copied is wider than asked for.
 */
#include <stdlib.h>
#include <string.h>

#include "lab/report/report.h"
#include "lab/report/terminal_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void line_take(struct report *report, const char *line, size_t len)
{
	struct event event, again;
	const char *why;
	char *written;
	size_t written_len;

	if (event_read(line, len, &event, &why) < 0)
		return;
	REPORT_TERMINAL.event(report, &event);
	written = event_write(&event, &written_len);
	if (event_read(written, written_len - 1, &again, &why) < 0)
		abort();
	event_clear(&again);
	event_clear(&event);
	free(written);
}

static void output_check(char *text, size_t len, int columns)
{
	struct paper paper;
	char *rest = text, *line;

	for (size_t i = 0; i < len; i++) {
		if ((uint8_t)text[i] < 32 && text[i] != '\n')
			abort();
	}
	paper_init(&paper, columns, false, true);
	while ((line = strsep(&rest, "\n"))) {
		if (strncmp(line, "again: ", 7) && text_width(&paper, line) > columns)
			abort();
	}
	paper_release(&paper);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct report_options options = { .columns = 40 + (int)(len % 80),
					  .unicode = len & 1,
					  .verbose = len & 2 };
	const char *at = (const char *)data, *end = at + len;
	struct report *report;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	report = REPORT_TERMINAL.open(out, &options);
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((newline ?: end) - at);

		line_take(report, at, n);
		at += n + 1;
	}
	REPORT_TERMINAL.close(report);
	fclose(out);
	output_check(text, size, options.columns);
	free(text);
	return 0;
}
