/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Releases on their way from the delay line's thread to who reads them. Handed over without a lock: on a
 * busy machine the real-time thread would wait for one until its owner gets a processor. (Locks that inherit
 * priority do not work here: glibc knows the worker, made by clone(), by its parent's thread id.)
 */
#ifndef NSLAB_IMPAIR_RELEASES_H
#define NSLAB_IMPAIR_RELEASES_H

#include "impair/delayline.h"

struct release_note;

/**
 * struct releases - one thread puts, one reads
 * @fd: an eventfd, ready to be read when there is something new
 */
struct releases {
	_Atomic(struct release_note *) latest;
	int fd;
};

/** releases_open() - 0 or -errno; free with releases_close() also if it failed */
int releases_open(struct releases *releases);
void releases_close(struct releases *releases);

/** releases_put() - @release: copied, with its packet's bytes; false when memory is out */
bool releases_put(struct releases *releases, const struct release *release);

/** releases_wake() - make @fd ready, for something else that the reader has to know */
void releases_wake(struct releases *releases);

/** releases_read() - all that are there, in the order in which they were put; returns how many */
int releases_read(struct releases *releases, void (*fn)(void *arg, const struct release *release),
		  void *arg);

#endif
