// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/report/sheet.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "netns/cleanup.h"

int sheet_open(struct sheet *sheet)
{
	*sheet = (struct sheet){ 0 };
	sheet->out = open_memstream(&sheet->text, &sheet->size);
	return sheet->out ? 0 : -ENOMEM;
}

char *sheet_take(struct sheet *sheet)
{
	bool whole = sheet->out && fclose(sheet->out) == 0;
	char *text = TAKE_PTR(sheet->text);

	*sheet = (struct sheet){ 0 };
	if (whole)
		return text;
	free(text);
	return NULL;
}

void sheet_clear(struct sheet *sheet)
{
	free(sheet_take(sheet));
}
