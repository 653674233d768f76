// SPDX-License-Identifier: GPL-2.0-or-later
/* Bands beside the lifelines: a lane for each socket that is not closed. */
#include <string.h>

#include "lab/report/html_draw.h"
#include "lab/report/markup.h"
#include "netns/cleanup.h"

enum { LANE_FIRST = 11, LANE_WIDTH = 5, LANE_PITCH = 7 };

const char *state_class(const char *state)
{
	static const struct {
		const char *state, *name;
	} classes[] = {
		{ "LISTEN", "s-listen" },     { "SYN-SENT", "s-opening" },
		{ "SYN-RECV", "s-opening" },  { "ESTABLISHED", "s-open" },
		{ "TIME-WAIT", "s-waiting" }, { "CLOSED", "s-closed" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		if (!strcmp(classes[i].state, state))
			return classes[i].name;
	return "s-closing";
}

/** struct lane - @mark: of the state that is in it, NULL if it is empty */
struct lane {
	const struct mark *mark;
};

static struct lane *lane_of(struct lane *lanes, const char *socket)
{
	for (int i = 0; i < DRAW_LANES; i++)
		if (lanes[i].mark && !strcmp(lanes[i].mark->socket, socket))
			return &lanes[i];
	for (int i = 0; i < DRAW_LANES; i++)
		if (!lanes[i].mark)
			return &lanes[i];
	return NULL;
}

static void band_put(const struct stage *stage, const struct mark *mark, int lane, int bottom)
{
	int x = stage_x(stage, mark->host) - LANE_FIRST - lane * LANE_PITCH;

	fprintf(stage->out,
		"<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"><title>",
		state_class(mark->state), x, mark->y, LANE_WIDTH,
		bottom > mark->y ? bottom - mark->y : 1);
	markup_text(stage->out, mark->more ? mark->more : mark->text);
	fputs("</title></rect>\n", stage->out);
}

static void state_changes(const struct stage *stage, struct lane *lanes, const struct mark *mark)
{
	struct lane *lane = lane_of(lanes, mark->socket);

	if (!lane)
		return;
	if (lane->mark)
		band_put(stage, lane->mark, (int)(lane - lanes), mark->y);
	lane->mark = strcmp(mark->state, "CLOSED") != 0 ? mark : NULL;
}

void draw_states(const struct stage *stage)
{
	struct lane lanes[DRAW_HOSTS_MOST][DRAW_LANES] = { 0 };

	for (int i = 0; i < stage->chart->n_marks; i++) {
		const struct mark *mark = stage->chart->marks[i];

		if (mark->kind == MARK_STATE && mark->host >= 0 && mark->host < stage->n &&
		    mark->socket && mark->state)
			state_changes(stage, lanes[mark->host], mark);
	}
	for (int host = 0; host < stage->n; host++)
		for (int i = 0; i < DRAW_LANES; i++)
			if (lanes[host][i].mark)
				band_put(stage, lanes[host][i].mark, i, stage->scale.height);
}
