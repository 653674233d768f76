/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The observer from the inside: shared by observer.c and observer_ends.c only. */
#ifndef NSLAB_OBSERVE_OBSERVER_PRIVATE_H
#define NSLAB_OBSERVE_OBSERVER_PRIVATE_H

#include "lab/observe/capture.h"
#include "lab/observe/flow.h"
#include "lab/observe/observer.h"
#include "lab/observe/passing.h"

struct hitlog;

/**
 * struct gate - an interface where packets are held
 * @held_ns: CLOCK_MONOTONIC since when the delay line holds what comes in, 0 never
 * @departs_ns: since when netem holds what goes out
 */
struct gate {
	int64_t held_ns, departs_ns;
};

struct watch;

/* A packet that was given to netem, until it is told. */
struct departed {
	struct watch *watch;
	struct event event;
	int ifindex;
};

/* A packet that was given to netem: when, by what passing_key() says of it. */
struct flight {
	uint64_t key;
	int64_t left_ns;
};

struct watch {
	struct observer *observer;
	int host;
	struct hitlog *hitlog;
	struct diag *diag;
	struct passing *passing;   /* NULL where nothing is forwarded */
	struct hitlog *departures; /* NULL where netem shapes nothing */
	struct gate *gates;	   /* by ifindex */
	uint64_t copy_key; /* passing_key() of a packet of its own that goes out twice, 0 for none */
	bool translates;   /* addresses and ports change in passing */
	uint64_t told_lost; /* packets that the capture has lost, and that are told already */
};

struct observer {
	const struct network *net;
	const struct topology *topo;
	const struct fault *faults;
	int n_faults;
	const char *hit_text;
	struct departed *departed;
	size_t n_departed, cap_departed;
	struct flight *flights; /* FLIGHT_SLOTS, NULL without netem */
	const struct axis *axis;
	void (*emit)(void *arg, struct event *event);
	void *arg;
	struct watch *watches;
	struct capture **captures; /* one for each host */
	struct flow_table *flows;
	struct end *ends;
	struct delayline *line;
	struct lab_err line_error;
	uint64_t *hits;
	uint64_t (*lost)[2]; /* [link][sending end] NULL where no link is shaped */
	struct sighting *sightings;
	size_t n_sightings, cap_sightings, sightings_gone;
	bool keeps_bytes;
	bool broken;
	bool endures;
	int strangers;	  /* ends of programs' connections that are watched */
	int64_t noted_ns; /* when a loss was told last */
};

#endif
