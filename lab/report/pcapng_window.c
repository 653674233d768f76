// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a heap has the earliest frame on top, and a hash table has those that belong
 * to a packet, by what neither a router nor a translator changes. Of several packets that look like a
 * mark's, one with its addresses and ports is better than one without, and one that had come before is
 * better than one that came later; then the nearest counts. Marks that found their packet stay in the
 * heap, empty, until it is their turn.
 */
#include "lab/report/pcapng_window.h"

#include <stdlib.h>
#include <string.h>

#include "netns/cleanup.h"

enum {
	BUCKETS = 1 << 12,
	LOOKS_MOST =
		256, /* at frames that look alike: a log full of equal packets must not take for ever */
};

struct pwindow {
	struct pframe *heap[PWINDOW_MOST + 1];
	int n;
	struct pframe *bucket[BUCKETS];
	uint64_t order;
	int64_t newest_ns;
};

void pframe_free(struct pframe *frame)
{
	if (!frame)
		return;
	for (int i = 0; i < frame->n_comments; i++)
		free(frame->comment[i]);
	free(frame->text);
	free(frame);
}

struct pwindow *pwindow_new(void)
{
	struct pwindow *w = calloc(1, sizeof(*w));

	if (w)
		w->newest_ns = INT64_MIN;
	return w;
}

void pwindow_free(struct pwindow *w)
{
	struct pframe *frame;

	if (!w)
		return;
	while ((frame = pwindow_next(w, true)))
		pframe_free(frame);
	free(w);
}

/* How far apart two times are, whatever they are. */
static uint64_t apart(int64_t a, int64_t b)
{
	return a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
}

/* ---- the heap ---- */

static bool earlier(const struct pframe *a, const struct pframe *b)
{
	return a->t_ns != b->t_ns ? a->t_ns < b->t_ns : a->order < b->order;
}

static void heap_add(struct pwindow *w, struct pframe *frame)
{
	int i = w->n++;

	while (i > 0 && earlier(frame, w->heap[(i - 1) / 2])) {
		w->heap[i] = w->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	w->heap[i] = frame;
}

static struct pframe *heap_take(struct pwindow *w)
{
	struct pframe *top = w->heap[0], *last = w->heap[--w->n];
	int i = 0;

	for (int child; (child = 2 * i + 1) < w->n; i = child) {
		if (child + 1 < w->n && earlier(w->heap[child + 1], w->heap[child]))
			child++;
		if (!earlier(w->heap[child], last))
			break;
		w->heap[i] = w->heap[child];
	}
	w->heap[i] = last;
	return top;
}

/* ---- the table ---- */

static uint64_t key_of(const struct packet *p)
{
	uint64_t words[] = {
		(uint64_t)p->protocol << 32 | p->id,
		(uint64_t)p->seq << 32 | p->ack,
		(uint64_t)p->flags << 56 | (uint64_t)p->window << 32 | p->payload,
		(uint64_t)p->icmp_type << 40 | (uint64_t)p->icmp_code << 32 | p->ip_len,
	};
	uint64_t h = 0;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		h = (h ^ words[i]) * 0x9e3779b97f4a7c15;
		h ^= h >> 29;
	}
	return h;
}

static void table_add(struct pwindow *w, struct pframe *frame)
{
	struct pframe **bucket = &w->bucket[frame->key % BUCKETS];

	frame->older = *bucket;
	if (*bucket)
		(*bucket)->newer = frame;
	*bucket = frame;
}

static void table_remove(struct pwindow *w, struct pframe *frame)
{
	*(frame->newer ? &frame->newer->older : &w->bucket[frame->key % BUCKETS]) = frame->older;
	if (frame->older)
		frame->older->newer = frame->newer;
	frame->newer = frame->older = NULL;
}

/* ---- which mark belongs to which packet ---- */

static bool same_end(const struct packet *a, const struct packet *b, bool src)
{
	size_t len = a->af == AF_INET6 ? 16 : 4;

	return src ? a->sport == b->sport && !memcmp(a->src, b->src, len) :
		     a->dport == b->dport && !memcmp(a->dst, b->dst, len);
}

/*
 * How many of their two ends are the same. A translator may have changed both on the way; TCP's numbers
 * are enough to know a packet again all the same, for others at least one end must be left.
 */
static int same_ends(const struct packet *a, const struct packet *b)
{
	return same_end(a, b, true) + same_end(a, b, false);
}

static bool side_fits(const struct pframe *mark, const struct pframe *frame)
{
	if (mark->host != frame->host && !(mark->place == PMARK_LOST && mark->host == -1))
		return false;
	switch (mark->place) {
	case PMARK_STOPPED:
		return !frame->out;
	case PMARK_HERE:
		return !frame->out || frame->made_here;
	case PMARK_LOST: /* a wire does not change the time to live */
		return frame->out && frame->packet.ttl == mark->packet.ttl;
	case PMARK_LEAVING:
		return frame->out;
	}
	return false;
}

static bool has_comment(const struct pframe *frame, const char *text)
{
	for (int i = 0; i < frame->n_comments; i++)
		if (!strcmp(frame->comment[i], text))
			return true;
	return false;
}

static bool fits(const struct pframe *mark, const struct pframe *frame)
{
	const struct packet *a = &mark->packet, *b = &frame->packet;

	return side_fits(mark, frame) && a->af == b->af && a->protocol == b->protocol &&
	       a->ip_len == b->ip_len && apart(mark->t_ns, frame->t_ns) <= PWINDOW_NS &&
	       (a->protocol == IPPROTO_TCP || same_ends(a, b)) && !has_comment(frame, mark->text);
}

/* Less is better: ends that differ, then whether it came in the wrong order, then how far apart. */
static uint64_t distance(const struct pframe *mark, const struct pframe *frame)
{
	bool after = frame->t_ns > mark->t_ns;
	bool wrong = mark->place == PMARK_LEAVING ? !after : after;
	int differ = 2 - same_ends(&mark->packet, &frame->packet);

	return (uint64_t)differ << 33 | (uint64_t)wrong << 32 | apart(mark->t_ns, frame->t_ns);
}

static struct pframe *packet_find(const struct pwindow *w, const struct pframe *mark)
{
	struct pframe *best = NULL;
	int looks = 0;

	for (struct pframe *f = w->bucket[mark->key % BUCKETS]; f; f = f->older) {
		if (f->key != mark->key)
			continue;
		if (looks++ == LOOKS_MOST)
			break;
		if (f->kind == PFRAME_PACKET && fits(mark, f) &&
		    (!best || distance(mark, f) < distance(mark, best)))
			best = f;
	}
	return best;
}

/* The mark's text becomes the packet's. */
static void comment_give(struct pframe *mark, struct pframe *frame)
{
	mark->found = true;
	if (frame->n_comments < PFRAME_COMMENTS_MOST)
		frame->comment[frame->n_comments++] = TAKE_PTR(mark->text);
}

/* A packet comes, and marks have waited for it. The oldest is the last in its chain. */
static void marks_find(struct pwindow *w, struct pframe *frame)
{
	struct pframe *waiting[PFRAME_COMMENTS_MOST];
	int looks = 0, n = 0;

	for (struct pframe *f = w->bucket[frame->key % BUCKETS]; f; f = f->older) {
		if (f->key != frame->key)
			continue;
		if (looks++ == LOOKS_MOST || n == PFRAME_COMMENTS_MOST)
			break;
		if (f->kind == PFRAME_MARK && fits(f, frame))
			waiting[n++] = f;
	}
	while (n--) {
		/* a second one of the same fault waits for a packet of its own */
		if (has_comment(frame, waiting[n]->text))
			continue;
		table_remove(w, waiting[n]);
		comment_give(waiting[n], frame);
	}
}

void pwindow_add(struct pwindow *w, struct pframe *frame)
{
	struct pframe *packet;

	if (frame->t_ns > w->newest_ns)
		w->newest_ns = frame->t_ns;
	frame->order = w->order++;
	if (frame->kind != PFRAME_WORDS) {
		frame->key = key_of(&frame->packet);
		if (frame->kind == PFRAME_PACKET) {
			marks_find(w, frame);
		} else if ((packet = packet_find(w, frame))) {
			comment_give(frame, packet);
			pframe_free(frame);
			return;
		}
		table_add(w, frame);
	}
	heap_add(w, frame);
}

bool pwindow_full(const struct pwindow *w)
{
	return w->n >= PWINDOW_MOST;
}

struct pframe *pwindow_next(struct pwindow *w, bool all)
{
	while (w->n > 0) {
		struct pframe *frame = w->heap[0];

		if (!all && !pwindow_full(w) && apart(w->newest_ns, frame->t_ns) <= PWINDOW_NS)
			return NULL;
		heap_take(w);
		if (!frame->found) {
			if (frame->kind != PFRAME_WORDS)
				table_remove(w, frame);
			return frame;
		}
		pframe_free(frame);
	}
	/* the next run's time begins anew */
	if (all)
		w->newest_ns = INT64_MIN;
	return NULL;
}
