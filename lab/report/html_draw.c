// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: each mark has a slot of its own on the time axis, so that labels never lie on
 * each other, whatever stands at their left or right. Calls are written at the right of their
 * lifeline, states at the left; packets carry their label where they leave.
 */
#include "lab/report/html_draw.h"

#include <stdlib.h>
#include <string.h>

#include "lab/report/html_words.h"
#include "lab/report/markup.h"
#include "lab/report/terminal.h"
#include "netns/cleanup.h"

enum {
	LEFT = 250,  /* times, and states of the first host */
	RIGHT = 400, /* calls of the last host, and verdicts */
	PITCH = 250, /* of few hosts */
	PITCH_SMALL = 200,
	HEAD_HEIGHT = 30,
	BOX_WIDTH = 8,
	TEXT_MOST = 62,
	STATE_MOST = 24, /* so that it does not reach the times */
	BESIDE = 12,	 /* from a lifeline to its texts */
	BOXES_MOST = 8,
};

int stage_x(const struct stage *stage, int host)
{
	return LEFT + (host > 0 && host < stage->n ? host : 0) * stage->pitch;
}

static void stage_init(struct stage *stage, struct chart *chart, FILE *out)
{
	*stage = (struct stage){
		.out = out, .begin = chart->begin, .chart = chart, .n = chart->begin->n_hosts
	};
	stage->pitch = stage->n <= 4 ? PITCH : PITCH_SMALL;
	stage->width = LEFT + (stage->n - 1) * stage->pitch + RIGHT;
}

/* ---- the frame ------------------------------------------------------------------------------ */

/* In a picture of its own, so that it can stay when the ladder scrolls. */
static void heads_put(const struct stage *stage)
{
	fprintf(stage->out,
		"<div class=\"heads\"><svg aria-hidden=\"true\" style=\"--w:%d\" viewBox=\"0 0 %d %d\">\n",
		stage->width, stage->width, HEAD_HEIGHT);
	for (int i = 0; i < stage->n; i++) {
		fprintf(stage->out, "<text class=\"host\" x=\"%d\" y=\"20\">", stage_x(stage, i));
		markup_cut(stage->out, stage->begin->hosts[i], stage->pitch / 9);
		fputs("</text>\n", stage->out);
	}
	fputs("</svg></div>\n", stage->out);
}

static void lifelines_put(const struct stage *stage)
{
	fputs("<path class=\"life\" d=\"", stage->out);
	for (int i = 0; i < stage->n; i++)
		fprintf(stage->out, "M%d,0V%d", stage_x(stage, i), stage->scale.height);
	fputs("\"/>\n", stage->out);
}

/* A quiet stretch: a band across, and a zigzag on each lifeline. */
static void fold_put(const struct stage *stage, const struct knot *knot)
{
	int y = knot->y - SCALE_FOLD / 2 - 4;
	char took[40];

	fprintf(stage->out,
		"<rect class=\"fold\" x=\"0\" y=\"%d\" width=\"%d\" height=\"20\"/><path class=\"zag\" d=\"",
		y - 10, stage->width);
	for (int i = 0; i < stage->n; i++)
		fprintf(stage->out, "M%d,%dv3l-6,3l12,4l-12,4l6,3v3", stage_x(stage, i), y - 10);
	fprintf(stage->out, "\"/><text class=\"quiet\" x=\"8\" y=\"%d\">%s nothing</text>\n", y + 4,
		duration_text(knot->fold_ns, took, sizeof(took)));
}

static void folds_put(const struct stage *stage)
{
	for (int i = 0; i < stage->scale.n; i++)
		if (stage->scale.knots[i].fold_ns)
			fold_put(stage, &stage->scale.knots[i]);
}

/* Where the same words stand already they are not said again. */
static void times_put(const struct stage *stage)
{
	char said[40] = "";

	for (int i = 0; i < stage->scale.n; i++) {
		const struct knot *knot = &stage->scale.knots[i];
		char text[40];

		if (!knot->labels)
			continue;
		layout_time(knot->t_ns, text, sizeof(text));
		if (strcmp(text, said) != 0)
			fprintf(stage->out, "<text class=\"time\" x=\"66\" y=\"%d\">%s</text>\n",
				knot->y + 4, text + strspn(text, " "));
		memcpy(said, text, sizeof(said));
	}
}

/* ---- calls ---------------------------------------------------------------------------------- */

/** struct box - a call under way; @mark is NULL for a free one */
struct box {
	const struct mark *mark;
};

static void box_put(const struct stage *stage, const struct mark *mark, int lane, int bottom)
{
	fprintf(stage->out,
		"<rect class=\"call\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"2\"><title>",
		stage_x(stage, mark->host) - BOX_WIDTH / 2 + lane * 5, mark->y, BOX_WIDTH,
		bottom - mark->y > 6 ? bottom - mark->y : 6);
	markup_text(stage->out, mark->text);
	fputs("</title></rect>\n", stage->out);
}

static void call_begins(const struct stage *stage, struct box *boxes, const struct mark *mark)
{
	if (mark->over) {
		box_put(stage, mark, 0, mark->y);
		return;
	}
	for (int i = 0; i < BOXES_MOST; i++) {
		if (boxes[i].mark)
			continue;
		boxes[i].mark = mark;
		return;
	}
}

static void call_ends(const struct stage *stage, struct box *boxes, const struct mark *mark)
{
	for (int i = 0; i < BOXES_MOST; i++) {
		if (!boxes[i].mark || boxes[i].mark->step != mark->step)
			continue;
		box_put(stage, boxes[i].mark, i, mark->y);
		boxes[i].mark = NULL;
		return;
	}
}

static void calls_put(const struct stage *stage)
{
	struct box boxes[DRAW_HOSTS_MOST][BOXES_MOST] = { 0 };

	for (int i = 0; i < stage->chart->n_marks; i++) {
		const struct mark *mark = stage->chart->marks[i];

		if (mark->host < 0 || mark->host >= stage->n)
			continue;
		if (mark->kind == MARK_CALL)
			call_begins(stage, boxes[mark->host], mark);
		else if (mark->kind == MARK_RETURN)
			call_ends(stage, boxes[mark->host], mark);
	}
	for (int host = 0; host < stage->n; host++)
		for (int i = 0; i < BOXES_MOST; i++)
			if (boxes[host][i].mark)
				box_put(stage, boxes[host][i].mark, i, stage->scale.height);
}

/* ---- labels --------------------------------------------------------------------------------- */

static const char *text_class(const struct mark *mark)
{
	switch (mark->kind) {
	case MARK_VERDICT:
		return mark->met ? "met" : "unmet";
	case MARK_REMARK:
		return mark->bad ? "unmet" : "note";
	case MARK_SWITCH:
		return "switch";
	case MARK_STREAM:
	case MARK_GAP:
		return "note";
	case MARK_STATE:
		return "state";
	case MARK_PACKET:
	case MARK_CALL:
	case MARK_RETURN:
		break;
	}
	return "step";
}

/* Verdicts and what nobody in particular did stand at the right, where nothing else crosses. */
static int text_x(const struct stage *stage, const struct mark *mark)
{
	if (mark->kind == MARK_STREAM)
		return stage_x(stage, 0) + BESIDE;
	if (mark->kind == MARK_VERDICT || mark->host < 0 || mark->host >= stage->n)
		return stage_x(stage, stage->n - 1) + BESIDE;
	if (mark->kind == MARK_STATE)
		return stage_x(stage, mark->host) - BESIDE - 4 - DRAW_LANES * 5;
	return stage_x(stage, mark->host) + BESIDE + (mark->kind == MARK_SWITCH ? 4 : 0);
}

/* Of a state with a long name only what it is; all of it is in its title. */
static void words_put(const struct stage *stage, const struct mark *mark)
{
	bool is_long = mark->kind == MARK_STATE && strlen(mark->text) > STATE_MOST;

	if (is_long && mark->state)
		markup_cut(stage->out, mark->state, STATE_MOST);
	else
		markup_cut(stage->out, mark->text, is_long ? STATE_MOST : TEXT_MOST);
}

static void label_put(const struct stage *stage, const struct mark *mark)
{
	if (!mark->text)
		return;
	if (mark->kind == MARK_SWITCH && mark->host >= 0 && mark->host < stage->n)
		fprintf(stage->out, "<path class=\"switch\" d=\"M%d,%dl5,5l-5,5l-5,-5z\"/>",
			stage_x(stage, mark->host), mark->y - 5);
	fprintf(stage->out, "<text class=\"%s%s%s\" x=\"%d\" y=\"%d\">", text_class(mark),
		mark->kind == MARK_STATE && mark->state ? " " : "",
		mark->kind == MARK_STATE && mark->state ? state_class(mark->state) : "",
		text_x(stage, mark), mark->y + 4);
	if (mark->more || strlen(mark->text) > TEXT_MOST) {
		fputs("<title>", stage->out);
		markup_text(stage->out, mark->more ? mark->more : mark->text);
		fputs("</title>", stage->out);
	}
	words_put(stage, mark);
	fputs("</text>\n", stage->out);
}

static void marks_put(const struct stage *stage)
{
	for (int i = 0; i < stage->chart->n_marks; i++)
		if (stage->chart->marks[i]->kind == MARK_PACKET)
			draw_packet(stage, stage->chart->marks[i]);
	for (int i = 0; i < stage->chart->n_marks; i++)
		if (stage->chart->marks[i]->kind == MARK_PACKET)
			draw_packet_words(stage, stage->chart->marks[i]);
		else
			label_put(stage, stage->chart->marks[i]);
}

static void desc_put(const struct stage *stage)
{
	const struct chart *chart = stage->chart;
	int packets = 0;

	for (int i = 0; i < chart->n_marks; i++)
		packets += chart->marks[i]->kind == MARK_PACKET;
	fprintf(stage->out,
		"Time goes down, a line for each of %d hosts, %d packets drawn as arrows from host to "
		"host. The same as text follows below the picture.",
		stage->n, packets);
}

bool draw_ladder(struct chart *chart, const char *id, FILE *out)
{
	struct stage stage;

	if (!chart->begin || chart->begin->n_hosts < 1 || chart->begin->n_hosts > DRAW_HOSTS_MOST)
		return false;
	stage_init(&stage, chart, out);
	if (scale_init(&stage.scale, chart) < 0)
		return false;
	stays_place(&stage);
	heads_put(&stage);
	fprintf(out,
		"<svg class=\"chart\" role=\"img\" aria-labelledby=\"%s-t %s-d\" style=\"--w:%d\" "
		"viewBox=\"0 0 %d %d\">\n<title id=\"%s-t\">Packets of ",
		id, id, stage.width, stage.width, stage.scale.height, id);
	markup_text(out, chart->begin->name);
	fprintf(out, "</title>\n<desc id=\"%s-d\">", id);
	desc_put(&stage);
	fputs("</desc>\n", out);
	lifelines_put(&stage);
	folds_put(&stage);
	times_put(&stage);
	draw_states(&stage);
	calls_put(&stage);
	marks_put(&stage);
	fputs("</svg>\n", out);
	scale_release(&stage.scale);
	return true;
}
