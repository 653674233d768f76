// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/report/report.h"
#include "lab/report/terminal_text.h"

void prose_print(const char *text, int indent, const struct report_options *options, FILE *out)
{
	struct paper paper;

	paper_init(&paper, options->columns, options->colour, options->unicode);
	text_wrap(&paper, out, text, 0, indent);
	paper_release(&paper);
}
