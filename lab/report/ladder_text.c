// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: the beginning is kept for good, of what follows the latest lines. Those are
 * in a second buffer, whose older half is thrown away whenever it is full.
 */
#include <stdlib.h>
#include <string.h>

#include "lab/report/ladder.h"
#include "netns/cleanup.h"

enum { COLUMNS = 80, HEAD_MOST = 128 << 10, TAIL_MOST = 128 << 10 };

struct ladder_text {
	struct paper paper;
	struct ladder *ladder;
	FILE *out;
	char *text;
	size_t size;
	size_t head; /* what was kept for good, 0 as long as there is room */
	bool cut;    /* something was thrown away */
};

struct ladder_text *ladder_text_new(const struct event_begin *begin)
{
	static const struct report_options options = { .columns = COLUMNS, .unicode = true };
	struct ladder_text *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	paper_init(&l->paper, COLUMNS, false, true);
	l->out = open_memstream(&l->text, &l->size);
	if (l->out)
		l->ladder = ladder_new(begin, &l->paper, &options, l->out);
	if (!l->ladder) {
		free(ladder_text_free(l));
		return NULL;
	}
	return l;
}

/* Throw the older half of what is not kept for good away; lines stay whole. */
static void tail_cut(struct ladder_text *l)
{
	char *from, *to;
	size_t left;

	fflush(l->out);
	if (l->size < HEAD_MOST + TAIL_MOST)
		return;
	if (!l->head) {
		to = memchr(l->text + HEAD_MOST, '\n', l->size - HEAD_MOST);
		l->head = to ? (size_t)(to - l->text) + 1 : l->size;
	}
	to = l->text + l->head;
	from = memchr(to + TAIL_MOST / 2, '\n', l->size - l->head - TAIL_MOST / 2);
	if (!from)
		return;
	from++;
	left = l->size - (size_t)(from - l->text);
	memmove(to, from, left);
	l->cut = true;
	/* a memory stream goes on where it is told to */
	fseeko(l->out, (off_t)(l->head + left), SEEK_SET);
}

void ladder_text_event(struct ladder_text *l, const struct event *event)
{
	ladder_event(l->ladder, event);
	tail_cut(l);
}

/* The whole, with a word where something is missing. */
static char *joined(struct ladder_text *l)
{
	static const char gap[] = "  … lines are left out here: the run is too long\n";
	char *text;

	if (!l->cut)
		return TAKE_PTR(l->text);
	return asprintf(&text, "%.*s%s%s", (int)l->head, l->text, gap, l->text + l->head) < 0 ?
		       NULL :
		       text;
}

char *ladder_text_free(struct ladder_text *l)
{
	char *text = NULL;

	if (!l)
		return NULL;
	ladder_free(l->ladder);
	if (l->out && fclose(l->out) == 0)
		text = joined(l);
	paper_release(&l->paper);
	free(l->text);
	free(l);
	return text;
}
