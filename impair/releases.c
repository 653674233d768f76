// SPDX-License-Identifier: GPL-2.0-or-later
#include "impair/releases.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "netns/cleanup.h"

/* a release with its bytes behind it; @next is the one put before */
struct release_note {
	struct release_note *next;
	struct release release;
	uint8_t bytes[];
};

int releases_open(struct releases *releases)
{
	atomic_init(&releases->latest, NULL);
	releases->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return releases->fd < 0 ? -errno : 0;
}

void releases_close(struct releases *releases)
{
	for (struct release_note *note = atomic_load(&releases->latest), *next; note; note = next) {
		next = note->next;
		free(note);
	}
	close_fd(&releases->fd);
}

void releases_wake(struct releases *releases)
{
	uint64_t one = 1;

	/* can only fail when the counter is full, and then the reader wakes anyway */
	if (write(releases->fd, &one, sizeof(one)) < 0)
		return;
}

bool releases_put(struct releases *releases, const struct release *release)
{
	struct release_note *note = malloc(sizeof(*note) + release->len), *earlier;

	if (!note)
		return false;
	note->release = *release;
	note->release.packet = note->bytes;
	memcpy(note->bytes, release->packet, release->len);
	/* once it is handed over it is the reader's, who may have freed it by now */
	earlier = atomic_load(&releases->latest);
	do
		note->next = earlier;
	while (!atomic_compare_exchange_weak(&releases->latest, &earlier, note));
	if (!earlier)
		releases_wake(releases);
	return true;
}

int releases_read(struct releases *releases, void (*fn)(void *arg, const struct release *release),
		  void *arg)
{
	struct release_note *latest, *first = NULL;
	uint64_t count;
	int n = 0;

	/* before the notes are taken: whoever puts one behind them wakes us again */
	if (read(releases->fd, &count, sizeof(count)) < 0)
		count = 0;
	latest = atomic_exchange(&releases->latest, NULL);
	while (latest) {
		struct release_note *next = latest->next;

		latest->next = first;
		first = latest;
		latest = next;
	}
	for (; first; n++) {
		struct release_note *next = first->next;

		fn(arg, &first->release);
		free(first);
		first = next;
	}
	return n;
}
