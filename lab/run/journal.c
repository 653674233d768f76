// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/run/journal.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>

#include "netns/cleanup.h"

struct entry {
	struct event event;
	uint64_t seq;
};

struct journal {
	int fd;
	struct entry *entries;
	size_t n, cap;
	uint64_t seq;
	char *out;
	size_t out_len, out_cap;
	bool broken;
	void (*listener)(void *arg, const struct event *event, const char *line, size_t len);
	void *listener_arg;
};

struct journal *journal_new(int fd)
{
	struct journal *j = calloc(1, sizeof(*j));
	int flags = fcntl(fd, F_GETFL);

	if (!j)
		return NULL;
	j->fd = fd;
	if (flags >= 0)
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	return j;
}

void journal_listen(struct journal *j,
		    void (*fn)(void *arg, const struct event *event, const char *line, size_t len),
		    void *arg)
{
	j->listener = fn;
	j->listener_arg = arg;
}

void journal_detach(struct journal *j)
{
	j->fd = -1;
	j->out_len = 0;
}

void journal_free(struct journal *j)
{
	if (!j)
		return;
	for (size_t i = 0; i < j->n; i++)
		event_clear(&j->entries[i].event);
	free(j->entries);
	free(j->out);
	free(j);
}

bool journal_broken(const struct journal *j)
{
	return j->broken;
}

void journal_add(struct journal *j, struct event *event)
{
	if (j->n == j->cap) {
		size_t cap = j->cap ? 2 * j->cap : 256;
		struct entry *entries = realloc(j->entries, cap * sizeof(*entries));

		if (!entries) {
			j->broken = true;
			event_clear(event);
			return;
		}
		j->entries = entries;
		j->cap = cap;
	}
	j->entries[j->n].event = *event;
	j->entries[j->n++].seq = j->seq++;
	memset(event, 0, sizeof(*event));
}

static int entry_order(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->event.t_ns != y->event.t_ns)
		return x->event.t_ns < y->event.t_ns ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static void out_append(struct journal *j, const char *line, size_t len)
{
	if (j->out_cap - j->out_len < len) {
		size_t cap = 2 * j->out_cap + len;
		char *out = realloc(j->out, cap);

		if (!out) {
			j->broken = true;
			return;
		}
		j->out = out;
		j->out_cap = cap;
	}
	memcpy(j->out + j->out_len, line, len);
	j->out_len += len;
}

/* Give the reader what it takes without waiting; 0, -EAGAIN if there is a rest, or -errno. */
static int out_write(struct journal *j)
{
	size_t done = 0;
	int ret = 0;

	while (done < j->out_len) {
		ssize_t n = write(j->fd, j->out + done, j->out_len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			ret = -errno;
			break;
		}
		done += (size_t)n;
	}
	if (done) {
		memmove(j->out, j->out + done, j->out_len - done);
		j->out_len -= done;
	}
	if (ret && ret != -EAGAIN) {
		j->broken = true;
		j->out_len = 0;
	}
	return ret;
}

void journal_flush(struct journal *j, int64_t before_ns)
{
	size_t n = 0;

	if (j->n)
		qsort(j->entries, j->n, sizeof(*j->entries), entry_order);
	for (; n < j->n && j->entries[n].event.t_ns < before_ns; n++) {
		size_t len;
		_cleanup_free_ char *line = event_write(&j->entries[n].event, &len);

		if (!line)
			j->broken = true;
		else if (j->fd >= 0)
			out_append(j, line, len);
		if (line && j->listener)
			j->listener(j->listener_arg, &j->entries[n].event, line, len);
		event_clear(&j->entries[n].event);
	}
	if (n) {
		memmove(j->entries, j->entries + n, (j->n - n) * sizeof(*j->entries));
		j->n -= n;
	}
	out_write(j);
}

int journal_finish(struct journal *j)
{
	int ret;

	journal_flush(j, INT64_MAX);
	while ((ret = out_write(j)) == -EAGAIN) {
		struct pollfd pfd = { .fd = j->fd, .events = POLLOUT };

		if (poll(&pfd, 1, -1) < 0 && errno != EINTR)
			return -errno;
	}
	return j->broken ? -EIO : ret;
}
