/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts the shapes of a lab's links in force, with one of two backends behind the same calls. */
#ifndef NSLAB_IMPAIR_SHAPER_H
#define NSLAB_IMPAIR_SHAPER_H

#include "impair/delayline.h"
#include "impair/shape.h"
#include "netns/network.h"

/** enum shape_backend - who shapes */
enum shape_backend {
	SHAPE_AUTO,  /* netem where the kernel has it, else the delay line */
	SHAPE_NETEM, /* the kernel's netem, at the sending end */
	SHAPE_QUEUE, /* the delay line, at the receiving end */
};

struct shaper;

/**
 * shaper_open() - choose the backend
 * @line: the lab's delay line, for SHAPE_QUEUE; borrowed
 * @seed: decides loss, the same for both backends: a function of seed, direction and n
 * Return: 0; -EOPNOTSUPP if @wanted is not to be had here (the message names the kernel module, the fix
 * its package); -errno
 */
int shaper_open(const struct network *net, const struct topology *topo, enum shape_backend wanted,
		struct delayline *line, int64_t seed, struct shaper **ret, struct lab_err *err);
void shaper_close(struct shaper *shaper);

/**
 * shaper_set() - shape one direction of a link from now on
 * @end: the sending end, 0 or 1
 * Return: 0 or -errno
 */
int shaper_set(struct shaper *shaper, int link, int end, const struct shape *shape,
	       struct lab_err *err);

/** shaper_backend() - SHAPE_NETEM or SHAPE_QUEUE; shape_backend_name() - "netem", "queue", "auto" */
enum shape_backend shaper_backend(const struct shaper *shaper);
const char *shape_backend_name(enum shape_backend backend);

/** shaper_held() - does the delay line hold what comes in at this end of a link? */
bool shaper_held(const struct shaper *shaper, int link, int end);

#endif
