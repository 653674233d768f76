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

enum {
	SHAPER_DEPART_GROUP = 2, /* nfnetlink_log group of packets that a netem is given */
	SHAPER_NAME_SIZE = 80,	 /* for topology_direction() */
};

struct shaper;

/**
 * shaper_open() - choose the backend
 * @net, @topo: borrowed; the calling thread is in the namespace that @net was built from
 * @seed: decides loss, the same for both backends: a function of seed, direction and n
 * Return: 0; -EOPNOTSUPP if @wanted is not to be had here (the message names the kernel module, the fix
 * its package); -errno
 */
int shaper_open(const struct network *net, const struct topology *topo, enum shape_backend wanted,
		int64_t seed, struct shaper **ret, struct lab_err *err);
void shaper_close(struct shaper *shaper);

/** shaper_needs_line() - is the lab's delay line needed for this shape? */
bool shaper_needs_line(const struct shaper *shaper, const struct shape *shape);

/** shaper_use_line() - the line; borrowed. Before the first shape that needs it */
void shaper_use_line(struct shaper *shaper, struct delayline *line);

/**
 * shaper_set() - shape one direction of a link from now on
 * @end: the sending end, 0 or 1
 * A packet that is under way keeps what it got. The count by which loss decides begins anew when the
 * share that is lost changes.
 * Return: 0 or -errno
 */
int shaper_set(struct shaper *shaper, int link, int end, const struct shape *shape,
	       struct lab_err *err);

/**
 * shaper_lost() - how many packets loss has taken from one direction so far
 * @end: the sending end
 * Each is logged to RULESET_LOG_GROUP at shaper_loss_host(), with the direction's name.
 */
int shaper_lost(const struct shaper *shaper, int link, int end, uint64_t *ret_lost,
		struct lab_err *err);

/** shaper_loss_host() - at which host one direction's packets are lost: the receiver's with the delay line */
int shaper_loss_host(const struct shaper *shaper, int link, int end);

/**
 * shaper_host_anew() - put the shapes in force again where a host's namespace was made anew
 * Before the links are raised, and behind delayline_host_gone(). Counts of losses at that host begin anew;
 * what stands at the other ends of its links stays.
 */
int shaper_host_anew(struct shaper *shaper, int host, struct lab_err *err);

/** shaper_backend() - SHAPE_NETEM or SHAPE_QUEUE; shape_backend_name() - "netem", "queue", "auto" */
enum shape_backend shaper_backend(const struct shaper *shaper);
const char *shape_backend_name(enum shape_backend backend);

/** shape_backend_from_name() - the reverse; 0 or -EINVAL */
int shape_backend_from_name(const char *name, enum shape_backend *ret);

/** shaper_held() - does the delay line hold what comes in at this end of a link? */
bool shaper_held(const struct shaper *shaper, int link, int end);

/**
 * shaper_departs() - is what leaves at this end of a link logged because netem holds or rules lose it?
 * Each packet is logged to SHAPER_DEPART_GROUP inside the end's host, with the direction's name, before it
 * may be lost and before netem holds it; the interface's capture sees it only when netem lets it go, and
 * what is lost never.
 */
bool shaper_departs(const struct shaper *shaper, int link, int end);

#endif
