/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Resources that free themselves when they leave scope, and hand-over macros (the idiom of
 * systemd and crun). An fd that is owned by nobody is -1, a pointer that is owned by nobody NULL.
 */
#ifndef NSLAB_NETNS_CLEANUP_H
#define NSLAB_NETNS_CLEANUP_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0) {
		int saved = errno;

		close(*fd);
		errno = saved;
	}
}

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define _cleanup_(fn)	 __attribute__((cleanup(fn)))
#define _cleanup_close_	 _cleanup_(cleanup_close)
#define _cleanup_free_	 _cleanup_(cleanup_free)
#define _cleanup_fclose_ _cleanup_(cleanup_fclose)

#define TAKE_FD(fd)              \
	({                       \
		int *p_ = &(fd); \
		int v_ = *p_;    \
		*p_ = -1;        \
		v_;              \
	})

#define TAKE_PTR(ptr)                         \
	({                                    \
		__typeof__(ptr) *p_ = &(ptr); \
		__typeof__(ptr) v_ = *p_;     \
		*p_ = NULL;                   \
		v_;                           \
	})

/* close and forget: safe to call twice */
static inline void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
