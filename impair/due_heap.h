/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to impair/: what is due, the first of all at hand. */
#ifndef NSLAB_IMPAIR_DUE_HEAP_H
#define NSLAB_IMPAIR_DUE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct due - a part of whatever waits
 * @at_ns: when it is due
 * @place, @order: which of those that are due at the same time is first: by @place, then by @order
 * @index: where it is in the heap
 */
struct due {
	int64_t at_ns;
	uint64_t place, order;
	size_t index;
};

/** struct due_heap - a binary heap; zeroed it is empty. Free @list in the end */
struct due_heap {
	struct due **list;
	size_t n, cap;
};

/** due_first() - the one that is due first, NULL if there is none */
struct due *due_first(const struct due_heap *heap);

/** due_push() - false when memory is out */
bool due_push(struct due_heap *heap, struct due *due);

/** due_remove() - @due is in the heap */
void due_remove(struct due_heap *heap, struct due *due);

/** due_sooner() - to be called when @due has become due sooner than it was */
void due_sooner(struct due_heap *heap, struct due *due);

#endif
