// SPDX-License-Identifier: GPL-2.0-or-later
/* What cannot be kept because memory is out is left out: the report goes on without it. */
#include <stdlib.h>
#include <string.h>

#include "lab/report/terminal.h"

static void ring_clear(struct ring *ring)
{
	for (int i = 0; i < RING_LINES; i++)
		free(ring->line[i]);
	memset(ring, 0, sizeof(*ring));
}

void ring_add(struct ring *ring, char *line)
{
	char **slot = &ring->line[ring->n % RING_LINES];

	if (!line)
		return;
	free(*slot);
	*slot = line;
	ring->n++;
}

static void ring_copy(const struct ring *from, struct ring *to)
{
	memset(to, 0, sizeof(*to));
	for (unsigned long i = 0; i < RING_LINES; i++) {
		const char *line = from->line[(from->n + i) % RING_LINES];

		if (line)
			ring_add(to, strdup(line));
	}
}

void run_clear(struct run *run)
{
	for (int i = 0; i < run->n_judged; i++) {
		event_clear(&run->judged[i].event);
		ring_clear(&run->judged[i].before);
	}
	free(run->judged);
	for (int i = 0; i < run->n_notes; i++)
		free(run->notes[i]);
	free(run->notes);
	ring_clear(&run->ring);
	event_clear(&run->begin);
	event_clear(&run->error);
	memset(run, 0, sizeof(*run));
}

const struct event_begin *run_begin(const struct run *run)
{
	/* a zeroed event is no begin record: those have all strings */
	return run->begin.begin.name ? &run->begin.begin : NULL;
}

/* Room for one more element behind @n of them; doubles, so that many are cheap. */
static void *list_grow(void *list, int n, size_t size)
{
	if (n & (n - 1))
		return list;
	return realloc(list, (size_t)(n ? 2 * n : 1) * size);
}

void run_judge(struct run *run, const struct event *event)
{
	struct judged *list = list_grow(run->judged, run->n_judged, sizeof(*list));
	struct judged *judged;

	if (!list)
		return;
	run->judged = list;
	judged = &list[run->n_judged];
	if (event_copy(event, &judged->event) < 0)
		return;
	memset(&judged->before, 0, sizeof(judged->before));
	if (!event->expectation.met)
		ring_copy(&run->ring, &judged->before);
	run->n_judged++;
}

void run_note(struct run *run, const char *text)
{
	char **list = list_grow(run->notes, run->n_notes, sizeof(*list));

	if (!list)
		return;
	run->notes = list;
	list[run->n_notes] = strdup(text);
	if (list[run->n_notes])
		run->n_notes++;
}
