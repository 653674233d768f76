// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lab/report/terminal.h"
#include "netns/cleanup.h"

enum {
	TIME_WIDTH = 9, /* "999.999 s" */
	COLUMNS_START = TIME_WIDTH + 2,
	PITCH_LEAST = 14, /* below, columns no longer help */
	PITCH_MOST = 24,
	LAST_COLUMN = 32, /* texts run over the columns at their right; the last has none */
	NAME_MOST = 20,	  /* of a host's name in front of a line */
};

void layout_init(struct layout *layout, const struct paper *paper, int n_hosts)
{
	int room = paper->columns - COLUMNS_START;

	if (n_hosts < 1 || room / n_hosts < PITCH_LEAST)
		layout->pitch = 0;
	else if (n_hosts == 1)
		layout->pitch = room;
	else
		layout->pitch = (room - LAST_COLUMN) / (n_hosts - 1);
	if (layout->pitch > PITCH_MOST)
		layout->pitch = PITCH_MOST;
	else if (n_hosts > 0 && layout->pitch < PITCH_LEAST && room / n_hosts >= PITCH_LEAST)
		layout->pitch = PITCH_LEAST;
}

void layout_heads(const struct layout *layout, const struct paper *paper,
		  const struct event_begin *begin, FILE *out)
{
	int col = 0;

	if (!layout->pitch)
		return;
	style_begin(paper, out, STYLE_DIM);
	for (int i = 0; i < begin->n_hosts; i++) {
		col = text_pad(out, col, COLUMNS_START + i * layout->pitch);
		col += text_put(paper, out, begin->hosts[i],
				i + 1 < begin->n_hosts ? layout->pitch - 1 : paper->columns - col);
	}
	style_end(paper, out, STYLE_DIM);
	fputc('\n', out);
}

const char *layout_time(int64_t t_ns, char *buf, size_t size)
{
	uint64_t ms = (t_ns < 0 ? 0 - (uint64_t)t_ns : (uint64_t)t_ns) / 1000000;
	char text[40];

	snprintf(text, sizeof(text), "%s%" PRIu64 ".%03" PRIu64 " s", t_ns < 0 && ms ? "-" : "",
		 ms / 1000, ms % 1000);
	snprintf(buf, size, "%*s", TIME_WIDTH, text);
	return buf;
}

static int time_put(const struct paper *paper, FILE *out, int64_t t_ns)
{
	char cell[40];

	return text_put_styled(paper, out, STYLE_DIM, layout_time(t_ns, cell, sizeof(cell)),
			       paper->columns);
}

/* The name in front of a line where there are no columns; "host 3" for one that nobody named. */
static int host_put(const struct paper *paper, const struct event_begin *begin, int host, FILE *out)
{
	char number[32];
	int width;

	if (host < 0)
		return 0;
	snprintf(number, sizeof(number), "host %d", host);
	width = text_put(paper, out, begin && host < begin->n_hosts ? begin->hosts[host] : number,
			 NAME_MOST);
	fputs(": ", out);
	return width + 2;
}

bool layout_line(const struct layout *layout, const struct paper *paper,
		 const struct event_begin *begin, const struct entry *entry, FILE *out)
{
	bool column = layout->pitch && begin && entry->host >= 0 && entry->host < begin->n_hosts;
	int col = time_put(paper, out, entry->t_ns);

	fputc(' ', out);
	col = text_pad(out, col + 1, COLUMNS_START);
	if (column)
		col = text_pad(out, col, COLUMNS_START + entry->host * layout->pitch);
	else
		col += host_put(paper, begin, entry->host, out);
	text_put_styled(paper, out, entry->style, entry->text, paper->columns - col);
	fputc('\n', out);
	return text_width(paper, entry->text) > paper->columns - col;
}

/* Do the links make one chain through all hosts, each going on where the last one ended? */
static bool links_are_chain(const struct event_begin *begin)
{
	for (int i = 1; i < begin->n_links; i++)
		if (begin->links[i].host[0] != begin->links[i - 1].host[1])
			return false;
	return begin->n_links > 0;
}

static void families_put(const struct event_begin *begin, FILE *out)
{
	bool four = false, six = false;

	for (int i = 0; i < begin->n_links; i++) {
		four |= begin->links[i].addr4[0][0] || begin->links[i].addr4[1][0];
		six |= begin->links[i].addr6[0][0] || begin->links[i].addr6[1][0];
	}
	if (four || six)
		fprintf(out, ", %s", four && six ? "IPv4 and IPv6" : four ? "IPv4" : "IPv6");
}

char *layout_topology(const struct event_begin *begin)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	if (links_are_chain(begin)) {
		fputs(begin->hosts[begin->links[0].host[0]], out);
		for (int i = 0; i < begin->n_links; i++)
			fprintf(out, " -- %s", begin->hosts[begin->links[i].host[1]]);
	} else if (begin->n_links) {
		for (int i = 0; i < begin->n_links; i++)
			fprintf(out, "%s%s -- %s", i ? ", " : "",
				begin->hosts[begin->links[i].host[0]],
				begin->hosts[begin->links[i].host[1]]);
	} else {
		for (int i = 0; i < begin->n_hosts; i++)
			fprintf(out, "%s%s", i ? ", " : "", begin->hosts[i]);
	}
	families_put(begin, out);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
