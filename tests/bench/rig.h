/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two hosts and a wire, with something in the way; for use inside a sandbox. */
#ifndef NSLAB_BENCH_RIG_H
#define NSLAB_BENCH_RIG_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

#include "impair/filter.h"
#include "impair/hitlog.h"
#include "impair/shaper.h"
#include "lab/observe/capture.h"

enum { CLIENT, SERVER, RIG_PORT = 9000, RIG_LIMIT = 100000 };

/** enum way - what stands in the way */
enum way {
	WAY_RAW,     /* nothing: a veth pair */
	WAY_FILTER,  /* a fault in force, that looks at each packet and acts on none */
	WAY_CAPTURE, /* both ends are captured */
	WAY_NETEM,   /* a shape, by netem */
	WAY_QUEUE,   /* a shape, by the delay line, which keeps no releases (quiet) */
	WAY_NOTED,   /* the same, and its releases are read, as in a run */
};

const char *way_name(enum way way);

/**
 * struct rig - the lab
 * @captured: frames that the captures saw; @noted: releases that were read
 */
struct rig {
	enum way way;
	struct topology topo;
	struct topo_host hosts[2];
	struct topo_link links[1];
	struct network *net;
	struct delayline *line;
	struct shaper *shaper;
	struct fault fault;
	struct hitlog *log;
	struct filter *filter;
	struct capture *captures[2];
	pthread_t reader;
	bool reading;
	atomic_bool stop;
	uint64_t captured, noted;
};

/**
 * rig_up() - build it
 * @shape: of both directions; NULL for none, and without meaning where nothing shapes
 * Dies of any failure, but returns -EOPNOTSUPP where the kernel has no netem.
 */
int rig_up(struct rig *rig, enum way way, const struct shape *shape, bool offload, int64_t seed);

/**
 * rig_down() - take it down
 * Return: 0, or -errno if the delay line did not do what it claims; said on stderr
 */
int rig_down(struct rig *rig);

/** rig_socket() - bound to RIG_PORT at @host, connected to nobody; large buffers; dies of failure */
int rig_socket(const struct rig *rig, int host, int type);
struct sockaddr_in rig_address(const struct rig *rig, int host);

void __attribute__((noreturn)) die(const char *what, const struct lab_err *err);
int64_t now_ns(void);
/** cpu_ns() - processor time of this process so far; line_cpu_ns() - of the delay line's thread, 0 for none */
int64_t cpu_ns(void);
int64_t line_cpu_ns(void);

#endif
