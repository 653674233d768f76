/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Watches a lab: packets at every host, what faults did, states of sockets. Writes events. */
#ifndef NSLAB_OBSERVE_OBSERVER_H
#define NSLAB_OBSERVE_OBSERVER_H

#include "impair/delayline.h"
#include "impair/fault.h"
#include "impair/shaper.h"
#include "lab/event/event.h"
#include "lab/observe/axis.h"
#include "lab/observe/diag.h"
#include "netns/network.h"

struct observer;

/**
 * struct sighting - a packet as the check ``seen`` counts it: once per host, where it was received,
 * or sent if the host made it
 */
struct sighting {
	int host;
	int from, to;
	int protocol; /* ICMPv6 counts as ICMP */
	uint16_t sport, dport;
	unsigned segments;
};

/** struct end - one end of a connection that is being watched */
struct end {
	struct end *next;
	int host;
	struct four_tuple tuple;
	char name[64];	 /* what the scenario calls it, "" if it has no name for it */
	uint64_t cookie; /* 0 until known */
	bool owned;	 /* a program of ours holds it: another socket with this tuple is not it */
	int state;	 /* last seen, -1 never */
	struct end *later; /* the end of a later connection with the same four-tuple */
	bool is_later;
	bool sought;	  /* it was looked for */
	bool stranger;	  /* of a connection that somebody else's program opened */
	struct end *mate; /* its other end, if that is a stranger's too */
};

/**
 * observer_open() - begin to watch all hosts, before anything is in force
 * @emit: takes each event over; called with @arg
 * Everything else is borrowed.
 */
int observer_open(const struct network *net, const struct topology *topo,
		  const struct fault *faults, int n_faults, const char *hit_text,
		  const struct axis *axis, void (*emit)(void *arg, struct event *event), void *arg,
		  struct observer **ret, struct lab_err *err);
void observer_close(struct observer *observer);

/**
 * observer_line() - take in what the lab's delay line tells
 * @line: polled by the caller, who then calls observer_drain(); borrowed
 */
void observer_line(struct observer *observer, struct delayline *line);

/**
 * observer_shaped() - take note of which interfaces are shaped by now, after each shaper_set()
 * Packets that the delay line holds arrive when it lets them go; what the capture sees is only that they
 * came to wait. Packets that netem holds leave when they are given to it; what the capture sees is that
 * netem lets them go, which is when they arrive at the other end.
 */
void observer_shaped(struct observer *observer, const struct shaper *shaper);

/**
 * observer_host_anew() - a host has a new namespace (network_reboot()): go on in that one
 * Call observer_drain() before, and take the host's descriptors of observer_fd_at() out of use: it has
 * others afterwards. Hits, sightings and watched ends stay.
 * Return: 0 or -errno
 */
int observer_host_anew(struct observer *observer, int host, struct lab_err *err);

/**
 * observer_links() - hear also of packets that shaped links lose, and of departures
 * Before observer_fd_at() is asked, and before the first shaper_set().
 * @departures: netem shapes: it logs what it is given
 * Return: 0 or -errno
 */
int observer_links(struct observer *observer, bool departures, struct lab_err *err);

/** observer_lost() - losses of one direction that were logged; @end: the sending end */
uint64_t observer_lost(const struct observer *observer, int link, int end);

/** observer_keep_bytes() - events of packets have their first bytes from now on, or no longer */
void observer_keep_bytes(struct observer *observer, bool keep);

/** observer_translates() - this host gives what it forwards other addresses and ports */
void observer_translates(struct observer *observer, int host);

/** observer_fd_at() - descriptors to poll for POLLIN, the same one perhaps several times; -1 behind the last */
int observer_fd_at(const struct observer *observer, int i);

/**
 * observer_drain() - take in all that has happened so far
 * Return: number of packets, or -errno if something was lost (it is then a lab error)
 */
int observer_drain(struct observer *observer, struct lab_err *err);

/**
 * observer_endure() - from now on what is lost is told as a note, and is no reason to give up; and what was
 * seen is forgotten when it gets too much
 * For a lab that stays, with traffic that nobody has foreseen.
 */
void observer_endure(struct observer *observer);

/** observer_sample() - look at the state of every watched end; 0 or -errno */
int observer_sample(struct observer *observer, struct lab_err *err);

/**
 * observer_track() - watch a program's own end of a connection
 * @cookie: the socket's SO_COOKIE. The latest end with this tuple is meant, unless another socket
 *          of ours holds that: then this is a later connection with the same ports
 * @ret_later: whether it is that
 * Return: NULL if memory is out
 */
struct end *observer_track(struct observer *observer, int host, const struct four_tuple *tuple,
			   const char *name, uint64_t cookie, bool *ret_later);

/**
 * observer_track_other() - watch the end that we do not hold, or not yet
 * @later: it is that of a later connection
 */
struct end *observer_track_other(struct observer *observer, int host,
				 const struct four_tuple *tuple, bool later);

/**
 * observer_track_stranger() - watch both ends of a connection that a program at @host opens
 * @peer: host that has its remote address, -1 if none has
 * Each look at an end costs, so not more than 128 ends are watched at a time; those that are over
 * make room.
 */
void observer_track_stranger(struct observer *observer, int host, const struct four_tuple *tuple,
			     int peer, const struct four_tuple *other);

/** observer_watches() - whether there is any end to be sampled */
bool observer_watches(const struct observer *observer);

/** end_look() - ask the kernel about an end now; STATE_CLOSED if it is gone. 0 or -errno */
int end_look(struct observer *observer, struct end *end, struct diag_socket *ret,
	     struct lab_err *err);

/** observer_diag() - the inet_diag socket of a host */
struct diag *observer_diag(struct observer *observer, int host);

/** observer_sighting() - the sighting number *@next, from 0, which is then the next one's; NULL behind the last */
const struct sighting *observer_sighting(const struct observer *observer, size_t *next);

/** sighting_matches() - is it one of those that @match means? */
bool sighting_matches(const struct sighting *s, const struct packet_match *match);

/** observer_hits() - how often fault number @fault was logged */
uint64_t observer_hits(const struct observer *observer, int fault);

/** tuple_text() - "10.0.1.1:43210"; @remote chooses the end; returns @buf */
const char *tuple_text(const struct four_tuple *tuple, bool remote, char *buf, size_t size);

#endif
