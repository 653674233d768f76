/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The delay line: packets wait in the kernel (nfnetlink_queue), a thread of ours lets them go when
 * their time has come. One for a whole lab. Works without netem and without root.
 */
#ifndef NSLAB_IMPAIR_DELAYLINE_H
#define NSLAB_IMPAIR_DELAYLINE_H

#include <stddef.h>
#include <stdint.h>

#include "impair/fault.h"
#include "impair/shape.h"
#include "netns/network.h"

struct delayline;

/* clang-format off */
/* Source addresses of copies that are sent over a wire: of a link, and of a fault where they arrive. */
#define DELAYLINE_COPY_MAC      { 0x02, 0x6e, 0x73, 0x00, 0x00, 0x01 }
#define DELAYLINE_COPY_MAC_HERE { 0x02, 0x6e, 0x73, 0x00, 0x00, 0x02 }
/* clang-format on */

/* A release later than this after its due time is a lie about the delay: the run is a lab error. */
#define DELAYLINE_LATE_NS INT64_C(50000000)

enum {
	DELAYLINE_SNAPLEN = 256, /* bytes of each packet that a release carries */
	DELAYLINE_QUEUE_BASE = 1000,
};

/**
 * struct lane - one nfnetlink_queue queue, and what is done with the packets in it
 * @host: where the packets are held
 * @fault: what the fault's action, or its pick, says (action->hold, per_connection); borrowed. NULL
 *         for a direction of a link
 * @number: index of the fault, for its marks
 * @picks: of a fault with per_connection: this lane only chooses, and passes everything on at once;
 *         what was chosen carries the fault's mark
 * @shape: for a link (fault is NULL): all but loss, which is the rules' business
 * @link, @end: the link whose packets come in at this end; for copies, which are sent from the
 *              other end. -1 for faults: they are found from the interface
 */
struct lane {
	int host;
	const struct fault *fault;
	int number;
	bool picks;
	struct shape shape;
	int link, end;
};

/**
 * enum release_what - how a packet left a lane
 */
enum release_what {
	RELEASE_ON,	  /* it went on */
	RELEASE_COPY,	  /* a copy of it followed (duplicate) */
	RELEASE_OVERFLOW, /* it was dropped: the lane's limit was reached */
	RELEASE_LOST,	  /* it was lost: its interface went down, and the kernel threw it away */
};

/**
 * struct release - a packet left a lane
 * @lane: as delayline_add() numbered it; @spec: what was added
 * @hook: NF_INET_; @ifindex: where it came in, 0 for packets that the host made
 * @came_ns, @due_ns, @went_ns: CLOCK_MONOTONIC: it came, was to leave, left
 * @picked: the fault meant it; else it only came by to overtake
 * @corrupted: a bit of it was flipped
 * @packet, @len: from the IP header on, cut to DELAYLINE_SNAPLEN; @wire_len: its whole length
 */
struct release {
	int lane;
	const struct lane *spec;
	enum release_what what;
	int hook;
	int ifindex;
	int64_t came_ns, due_ns, went_ns;
	bool picked;
	bool corrupted;
	const void *packet;
	size_t len, wire_len;
};

/** struct delayline_options - @seed: of all chance; @quiet: keep no releases (for measuring speed) */
struct delayline_options {
	int64_t seed;
	bool quiet;
};

/**
 * delayline_open() - start the thread
 * @net, @topo: borrowed
 * @ret: free with delayline_close(): what is still held is dropped
 * Return: 0 or -errno
 */
int delayline_open(const struct network *net, const struct topology *topo,
		   const struct delayline_options *options, struct delayline **ret,
		   struct lab_err *err);
void delayline_close(struct delayline *line);

/**
 * delayline_add() - one more lane; its queue is bound when this returns
 * @lane: copied
 * @ret_queue: the queue number in that host's namespace, for the rule that sends packets to it
 * Return: the lane's number, or -errno: -EPERM if another program has the queue, -EINVAL or
 * -EOPNOTSUPP with a fix if the kernel has no nfnetlink_queue
 */
int delayline_add(struct delayline *line, const struct lane *lane, uint16_t *ret_queue,
		  struct lab_err *err);

/** delayline_shape() - another shape for a link's lane from now on; packets under way keep theirs */
int delayline_shape(struct delayline *line, int lane, const struct shape *shape,
		    struct lab_err *err);

/** delayline_fd() - to be polled for POLLIN: releases are there, or the line failed */
int delayline_fd(const struct delayline *line);

/**
 * delayline_read() - hand all releases so far to @fn, in order
 * A release is noted before its packet moves on, so whoever has seen the packet further on and then
 * calls this finds it.
 * Return: number of releases, or -errno when the line did not do what it claims: a queue overflowed,
 * a verdict was lost, a packet was released later than DELAYLINE_LATE_NS
 */
int delayline_read(struct delayline *line, void (*fn)(void *arg, const struct release *release),
		   void *arg, struct lab_err *err);

/** delayline_check() - the same judgement at the end of a run: when the thread has looked once more, and from the kernel's counters */
int delayline_check(struct delayline *line, struct lab_err *err);

/**
 * delayline_link_down() - an interface goes down: what is held from it or for it is lost
 * The kernel throws such packets away itself (nfqnl_dev_drop()). Call it before, and again behind it.
 */
void delayline_link_down(struct delayline *line, int host, int ifindex);

/** delayline_host_anew() - a host has a new namespace: copies that come from there are sent from the new one; 0 or -errno */
int delayline_host_anew(struct delayline *line, struct lab_err *err);

/** delayline_host_gone() - a host's namespace is about to end: forget its lanes (they can be added anew) */
void delayline_host_gone(struct delayline *line, int host);

/** enum queue_form - how nf_tables sends packets to a queue: its own expression, or xt_NFQUEUE */
enum queue_form { QUEUE_NATIVE = 1, QUEUE_COMPAT };

/**
 * queue_form() - which of them this kernel has, found by trying in a host's namespace
 * Return: an enum queue_form, or -errno: -ENOENT if it has neither
 */
int queue_form(const struct network *net, int host, struct lab_err *err);

/**
 * delayline_probe() - can this kernel send packets to the line?
 * @host: any host
 * Return: 0, or -errno with a fix
 */
int delayline_probe(struct delayline *line, int host, struct lab_err *err);

/** delayline_compat() - whether it is QUEUE_COMPAT; known once a lane was added, or delayline_probe() was called */
bool delayline_compat(const struct delayline *line);

#endif
