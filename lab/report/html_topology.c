// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The hosts as boxes: in columns by how many links they are away from the first one, so that a link
 * goes to the next column or stays in its own. What each end of a link is called stands at that end,
 * what happens on it in its middle.
 */
#include <stdlib.h>
#include <string.h>

#include "lab/report/html_draw.h"
#include "lab/report/html_words.h"
#include "lab/report/markup.h"
#include "lab/report/terminal.h"

enum {
	BOX_W = 132,
	BOX_H = 36,
	PITCH_X = 370,
	ROW = 128, /* without faults */
	TWIN = 84, /* from a link to a second one of the same hosts */
	LINE = 14,
	MARGIN_X = 20,
	MARGIN_Y = 52,
	FAULT_CHARS = 40, /* in a line */
	FAULT_LINES = 3,
	LINKS_MOST = 256,
};

/**
 * struct plan - where everything is
 * @column, @row: of each host
 * @row_y: where each row begins
 */
struct plan {
	const struct event_begin *begin;
	int column[DRAW_HOSTS_MOST], row[DRAW_HOSTS_MOST];
	int row_y[DRAW_HOSTS_MOST + 1];
	int columns, rows;
};

static bool link_is_drawn(const struct event_begin *begin, const struct event_link_info *link)
{
	return link->host[0] >= 0 && link->host[0] < begin->n_hosts && link->host[1] >= 0 &&
	       link->host[1] < begin->n_hosts && link->host[0] != link->host[1];
}

/* The next one that is reached from a host which has its column; -1: none. */
static int host_reached(const struct plan *plan, int column)
{
	const struct event_begin *begin = plan->begin;

	for (int i = 0; i < begin->n_links; i++)
		for (int end = 0; end < 2; end++) {
			const struct event_link_info *link = &begin->links[i];

			if (link_is_drawn(begin, link) &&
			    plan->column[link->host[end]] == column - 1 &&
			    plan->column[link->host[!end]] < 0)
				return link->host[!end];
		}
	return -1;
}

static void columns_find(struct plan *plan)
{
	int used[DRAW_HOSTS_MOST + 1] = { 0 }, host;

	for (int i = 0; i < plan->begin->n_hosts; i++)
		plan->column[i] = -1;
	for (int i = 0; i < plan->begin->n_hosts; i++) {
		/* each part that no link leads to begins at the left again */
		if (plan->column[i] >= 0)
			continue;
		plan->column[i] = 0;
		plan->row[i] = used[0]++;
		for (int c = 1; c < plan->begin->n_hosts; c++)
			while ((host = host_reached(plan, c)) >= 0) {
				plan->column[host] = c;
				plan->row[host] = used[c]++;
			}
	}
	for (int c = 0; c < plan->begin->n_hosts; c++) {
		if (used[c])
			plan->columns = c + 1;
		if (used[c] > plan->rows)
			plan->rows = used[c];
	}
}

/* ---- faults --------------------------------------------------------------------------------- */

/* So many characters of @text as fit a line, better up to a space. */
static int line_length(const char *text)
{
	int n = (int)strlen(text), space = FAULT_CHARS;

	if (n <= FAULT_CHARS)
		return n;
	while (space > FAULT_CHARS / 2 && text[space] != ' ')
		space--;
	return text[space] == ' ' ? space : FAULT_CHARS;
}

static int fault_lines(const char *text)
{
	int lines = 0;

	for (; *text && lines < FAULT_LINES; lines++) {
		text += line_length(text);
		text += strspn(text, " ");
	}
	return 1 + lines;
}

static int faults_lines(const struct event_begin *begin, int host)
{
	int lines = 0;

	for (int i = 0; i < begin->n_faults; i++)
		if (begin->faults[i].host == host)
			lines += fault_lines(begin->faults[i].text);
	return lines;
}

/* One fault below the other; returns where the next goes. */
static int fault_put(FILE *out, const struct event_fault_info *fault, int x, int y)
{
	const char *text = fault->text;

	fprintf(out, "<text class=\"fault\" x=\"%d\" y=\"%d\">⚡ ", x, y);
	markup_cut(out, fault->name, FAULT_CHARS - 16);
	fputs(fault->active ? "</text>" : " (off at first)</text>", out);
	for (int i = 0; i < FAULT_LINES && *text; i++) {
		int n = line_length(text);
		/* the last line takes what is left, cut */
		char *line = i + 1 == FAULT_LINES ? strdup(text) : strndup(text, (size_t)n);

		y += LINE;
		fprintf(out, "<text class=\"what\" x=\"%d\" y=\"%d\">", x, y);
		if (line)
			markup_cut(out, line, FAULT_CHARS + 2);
		free(line);
		fputs("</text>", out);
		text += n;
		text += strspn(text, " ");
	}
	return y + LINE;
}

static void faults_put(FILE *out, const struct event_begin *begin, int host, int x, int y)
{
	for (int i = 0; i < begin->n_faults; i++)
		if (begin->faults[i].host == host)
			y = fault_put(out, &begin->faults[i], x, y);
}

/* ---- hosts ---------------------------------------------------------------------------------- */

static int box_x(const struct plan *plan, int host)
{
	return MARGIN_X + plan->column[host] * PITCH_X;
}

static int box_y(const struct plan *plan, int host)
{
	return plan->row_y[plan->row[host]];
}

static int twins_most(const struct plan *plan);

static void rows_place(struct plan *plan)
{
	int twins = twins_most(plan);

	plan->row_y[0] = MARGIN_Y;
	for (int row = 0; row < plan->rows; row++) {
		int lines = 0;

		for (int i = 0; i < plan->begin->n_hosts; i++)
			if (plan->row[i] == row && faults_lines(plan->begin, i) > lines)
				lines = faults_lines(plan->begin, i);
		plan->row_y[row + 1] = plan->row_y[row] + (lines > 1 ? (lines - 1) * LINE : 0) +
				       (row + 1 < plan->rows || twins ? ROW : BOX_H + 30) +
				       twins * TWIN;
	}
}

static void host_put(FILE *out, const struct plan *plan, int host)
{
	int x = box_x(plan, host), y = box_y(plan, host);

	fprintf(out,
		"<rect class=\"box\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\"/>"
		"<text class=\"host\" x=\"%d\" y=\"%d\">",
		x, y, BOX_W, BOX_H, x + BOX_W / 2, y + BOX_H / 2 + 5);
	markup_cut(out, plan->begin->hosts[host], 16);
	fputs("</text>\n", out);
	faults_put(out, plan->begin, host, x, y + BOX_H + 18);
}

/* ---- links ---------------------------------------------------------------------------------- */

/* How many links before this one have the same two hosts? */
static int link_nth(const struct event_begin *begin, int link)
{
	const int *h = begin->links[link].host;
	int nth = 0;

	for (int i = 0; i < link; i++) {
		const int *o = begin->links[i].host;

		nth += (o[0] == h[0] && o[1] == h[1]) || (o[0] == h[1] && o[1] == h[0]);
	}
	return nth;
}

static int twins_most(const struct plan *plan)
{
	int most = 0;

	for (int i = 0; i < plan->begin->n_links; i++)
		if (link_nth(plan->begin, i) > most)
			most = link_nth(plan->begin, i);
	return most < 16 ? most : 16;
}

/* The name and the addresses of one end: the name above the line, the addresses below. */
static void end_put(FILE *out, const struct event_link_info *link, int end, int x, int y,
		    const char *class)
{
	fprintf(out, "<text class=\"if%s\" x=\"%d\" y=\"%d\">", class, x, y - 6);
	markup_cut(out, link->ifname[end], 16);
	fputs("</text>", out);
	y += LINE;
	for (int six = 0; six < 2; six++) {
		const char *addr = six ? link->addr6[end] : link->addr4[end];

		if (!addr[0])
			continue;
		fprintf(out, "<text class=\"addr%s\" x=\"%d\" y=\"%d\">", class, x, y);
		markup_cut(out, addr, 40);
		fputs("</text>", out);
		y += LINE;
	}
}

static void shape_put(FILE *out, const char *shape, const char *arrow, int x, int y)
{
	if (!shape[0])
		return;
	fprintf(out, "<text class=\"shape\" x=\"%d\" y=\"%d\">%s ", x, y, arrow);
	markup_cut(out, shape, 44);
	fputs("</text>", out);
}

/* How far below its end a slanting link's words stand: clear of it, and of a level one beside it. */
static int aside(int y, int other_y)
{
	return y < other_y ? 46 : y > other_y ? 22 : 0;
}

/* From one column to the next. Links beyond the first of two hosts hang below it. */
static void link_across(FILE *out, const struct plan *plan, const struct event_link_info *link,
			int nth)
{
	int l = plan->column[link->host[0]] < plan->column[link->host[1]] ? 0 : 1, r = !l;
	int xa = box_x(plan, link->host[l]) + BOX_W, xb = box_x(plan, link->host[r]);
	int ya = box_y(plan, link->host[l]) + BOX_H / 2,
	    yb = box_y(plan, link->host[r]) + BOX_H / 2;
	int drop = nth * TWIN;

	if (drop)
		fprintf(out, "<path class=\"link\" d=\"M%d,%dV%dH%dV%d\"/>", xa - 16,
			ya + BOX_H / 2, ya + drop, xb + 16, yb + BOX_H / 2);
	else
		fprintf(out, "<path class=\"link\" d=\"M%d,%dL%d,%d\"/>", xa, ya, xb, yb);
	if (drop)
		yb = ya;
	end_put(out, link, l, xa + 6, ya + drop + aside(ya, yb), "");
	end_put(out, link, r, xb - 6, yb + drop + aside(yb, ya), " r");
	shape_put(out, link->shape[l], "→", (xa + xb) / 2, (ya + yb) / 2 + drop - 22);
	shape_put(out, link->shape[r], "←", (xa + xb) / 2, (ya + yb) / 2 + drop - 36);
	fputc('\n', out);
}

/* Two hosts of one column: a bow at their right. */
static void link_beside(FILE *out, const struct plan *plan, const struct event_link_info *link,
			int nth)
{
	int u = plan->row[link->host[0]] < plan->row[link->host[1]] ? 0 : 1, d = !u;
	int x = box_x(plan, link->host[u]) + BOX_W, bow = 60 + nth * 40;
	int ya = box_y(plan, link->host[u]) + BOX_H - 6, yb = box_y(plan, link->host[d]) + 6;

	fprintf(out, "<path class=\"link\" d=\"M%d,%dC%d,%d %d,%d %d,%d\"/>", x, ya, x + bow, ya,
		x + bow, yb, x, yb);
	end_put(out, link, u, x + 12, ya + 4, "");
	end_put(out, link, d, x + 12, yb - 24, "");
	shape_put(out, link->shape[u], "↓", x + bow + 40, (ya + yb) / 2 - 7);
	shape_put(out, link->shape[d], "↑", x + bow + 40, (ya + yb) / 2 + 8);
	fputc('\n', out);
}

static void links_put(FILE *out, const struct plan *plan)
{
	const struct event_begin *begin = plan->begin;

	for (int i = 0; i < begin->n_links; i++) {
		const struct event_link_info *link = &begin->links[i];
		int nth = link_nth(begin, i);

		if (!link_is_drawn(begin, link))
			continue;
		if (plan->column[link->host[0]] == plan->column[link->host[1]])
			link_beside(out, plan, link, nth < 16 ? nth : 16);
		else
			link_across(out, plan, link, nth < 16 ? nth : 16);
	}
}

bool draw_topology(const struct event_begin *begin, const char *id, FILE *out)
{
	struct plan plan = { .begin = begin };
	int width, height;

	if (!begin || begin->n_hosts < 1 || begin->n_hosts > DRAW_HOSTS_MOST ||
	    begin->n_links > LINKS_MOST)
		return false;
	columns_find(&plan);
	rows_place(&plan);
	/* faults of the last column may be wider than its boxes */
	width = 2 * MARGIN_X + (plan.columns - 1) * PITCH_X + BOX_W + (begin->n_faults ? 130 : 0);
	height = plan.row_y[plan.rows] + 10;
	fprintf(out,
		"<svg class=\"net\" role=\"img\" aria-labelledby=\"%s-nt\" style=\"--w:%d\" "
		"viewBox=\"0 0 %d %d\">\n<title id=\"%s-nt\">Hosts and links of ",
		id, width, width, height, id);
	markup_text(out, begin->name);
	fputs("</title>\n", out);
	links_put(out, &plan);
	for (int i = 0; i < begin->n_hosts; i++)
		host_put(out, &plan, i);
	fputs("</svg>\n", out);
	return true;
}
