// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/report/row.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/**
 * struct cell - a column
 * @text: a character with its marks; "" for an empty one
 * @covered: the second half of a wide character in the cell before
 */
struct cell {
	char text[20];
	enum style style;
	bool covered;
};

int row_init(struct row *row, const struct paper *paper)
{
	*row = (struct row){ .paper = paper, .n = paper->columns };
	row->cells = calloc((size_t)row->n, sizeof(*row->cells));
	return row->cells ? 0 : -ENOMEM;
}

void row_release(struct row *row)
{
	free(row->cells);
	*row = (struct row){ 0 };
}

void row_clear(struct row *row)
{
	memset(row->cells, 0, (size_t)row->n * sizeof(*row->cells));
}

static void cell_set(struct row *row, int col, const char *text, size_t len, enum style style)
{
	struct cell *cell;

	if (col < 0 || col >= row->n || len >= sizeof(cell->text))
		return;
	cell = &row->cells[col];
	/* half of a wide character is none */
	if (cell->covered && col > 0)
		strcpy(row->cells[col - 1].text, " ");
	if (col + 1 < row->n)
		row->cells[col + 1].covered = false;
	memcpy(cell->text, text, len);
	cell->text[len] = '\0';
	cell->style = style;
	cell->covered = false;
}

void row_sign(struct row *row, int col, const char *sign, char ascii, enum style style)
{
	if (row->paper->unicode)
		cell_set(row, col, sign, strlen(sign), style);
	else
		cell_set(row, col, &ascii, 1, style);
}

/* Where the next sign of a text goes. */
struct pen {
	struct row *row;
	int col;
	enum style style;
};

static void sign_put(void *arg, const char *sign, int width)
{
	struct pen *pen = arg;
	struct row *row = pen->row;

	if (width == 0 && pen->col > 0 && pen->col <= row->n) {
		/* a mark belongs to the character before it */
		char *text = row->cells[pen->col - 1].text;

		if (strlen(text) + strlen(sign) < sizeof(row->cells->text))
			strcat(text, sign);
	} else if (width == 2 && strlen(sign) > 2) {
		cell_set(row, pen->col, sign, strlen(sign), pen->style);
		if (pen->col + 1 < row->n) {
			cell_set(row, pen->col + 1, "", 0, pen->style);
			row->cells[pen->col + 1].covered = true;
		}
	} else if (width == 1) {
		cell_set(row, pen->col, sign, strlen(sign), pen->style);
	} else {
		/* an escape, or ASCII's word for a sign: a cell for each character */
		for (int i = 0; sign[i]; i++)
			cell_set(row, pen->col + i, &sign[i], 1, pen->style);
	}
	pen->col += width;
}

int row_text(struct row *row, int col, int room, enum style style, const char *text)
{
	struct pen pen = { row, col, style };

	if (room > row->n - col)
		room = row->n - col;
	return room > 0 ? text_each(row->paper, text, room, sign_put, &pen) : 0;
}

int row_text_before(struct row *row, int col, int room, enum style style, const char *text)
{
	int width = text_width(row->paper, text);

	if (width > room)
		width = room;
	return width > 0 ? row_text(row, col - width, width, style, text) : 0;
}

void row_print(const struct row *row, FILE *out)
{
	enum style style = STYLE_PLAIN;
	int n = row->n;

	while (n > 0 && (!row->cells[n - 1].text[0] || !strcmp(row->cells[n - 1].text, " ")) &&
	       !row->cells[n - 1].covered)
		n--;
	for (int i = 0; i < n; i++) {
		const struct cell *cell = &row->cells[i];

		if (cell->covered)
			continue;
		if (cell->style != style && cell->text[0]) {
			style_end(row->paper, out, style);
			style_begin(row->paper, out, cell->style);
			style = cell->style;
		}
		fputs(cell->text[0] ? cell->text : " ", out);
	}
	style_end(row->paper, out, style);
	fputc('\n', out);
}
