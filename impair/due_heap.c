// SPDX-License-Identifier: GPL-2.0-or-later
#include "impair/due_heap.h"

#include <stdlib.h>

static bool earlier(const struct due *a, const struct due *b)
{
	if (a->at_ns != b->at_ns)
		return a->at_ns < b->at_ns;
	return a->place != b->place ? a->place < b->place : a->order < b->order;
}

static void place(struct due_heap *heap, size_t i, struct due *due)
{
	heap->list[i] = due;
	due->index = i;
}

static void down(struct due_heap *heap, struct due *due)
{
	size_t i = due->index, child;

	while ((child = 2 * i + 1) < heap->n) {
		if (child + 1 < heap->n && earlier(heap->list[child + 1], heap->list[child]))
			child++;
		if (!earlier(heap->list[child], due))
			break;
		place(heap, i, heap->list[child]);
		i = child;
	}
	place(heap, i, due);
}

void due_sooner(struct due_heap *heap, struct due *due)
{
	size_t i = due->index;

	for (; i && earlier(due, heap->list[(i - 1) / 2]); i = (i - 1) / 2)
		place(heap, i, heap->list[(i - 1) / 2]);
	place(heap, i, due);
}

struct due *due_first(const struct due_heap *heap)
{
	return heap->n ? heap->list[0] : NULL;
}

bool due_push(struct due_heap *heap, struct due *due)
{
	if (heap->n == heap->cap) {
		size_t cap = heap->cap ? 2 * heap->cap : 1024;
		struct due **list = realloc(heap->list, cap * sizeof(struct due *));

		if (!list)
			return false;
		heap->list = list;
		heap->cap = cap;
	}
	due->index = heap->n++;
	due_sooner(heap, due);
	return true;
}

void due_remove(struct due_heap *heap, struct due *due)
{
	struct due *last = heap->list[--heap->n];

	if (last == due)
		return;
	last->index = due->index;
	down(heap, last);
	due_sooner(heap, last);
}
