/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event log: a typed record for each thing that happened in a run, on one monotonic clock. The
 * runner only writes events, every report only reads them, and between the two stands nothing but
 * this. As JSON lines it is also the file that --events writes and the pipe between the worker and
 * the front.
 */
#ifndef NSLAB_EVENT_EVENT_H
#define NSLAB_EVENT_EVENT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lab/event/packet.h"

enum event_type {
	EVENT_BEGIN, /* always the first */
	EVENT_BUILT, /* the lab stands; time 0 of the axis is just before */
	EVENT_NOTE,  /* something the reader should know, for instance a sysctl that was skipped */
	EVENT_STEP_BEGIN,
	EVENT_STEP_END,
	EVENT_OUTPUT, /* a program printed a line */
	EVENT_PACKET,
	EVENT_HIT,	   /* a fault acted on a packet */
	EVENT_RELEASE,	   /* a fault let a packet go on that it had held, or sent a copy of it */
	EVENT_STATE,	   /* a socket's TCP state was seen to have changed */
	EVENT_FAULT,	   /* a fault was switched */
	EVENT_EXPECTATION, /* met or not */
	EVENT_ERROR,	   /* the lab itself failed */
	EVENT_STANDS,	   /* the lab stays, for whoever wants to look into it */
	EVENT_END,	   /* always the last of a run that was not killed */
	EVENT_TYPE_COUNT,
};

enum { EVENT_FORMAT_VERSION = 1 };

/** enum result - what a case came to */
enum result {
	RESULT_PASSED,
	RESULT_FAILED,	    /* an expectation was not met, or the time ran out */
	RESULT_ERROR,	    /* the lab could not be built, or did not do what it claims */
	RESULT_SKIPPED,	    /* could not run here; the reason is in the end's text */
	RESULT_INTERRUPTED, /* by a signal */
	RESULT_COUNT,
};

/** struct event_bytes - the first bytes of a packet, from its IP header on; none: n is 0 */
struct event_bytes {
	uint8_t *data;
	int n;
};

enum { EVENT_BYTES_MOST = 128 };

struct event_fault_info {
	char *name;
	int host;
	char *text; /* "drop syn from client to server" */
	bool active;
};

/** struct event_link_info - a link; addresses as text, "" if there is none */
struct event_link_info {
	int host[2];
	char *ifname[2];
	char *addr4[2];
	char *addr6[2];
	char *shape[2]; /* of what leaves this end: "20 ms ± 5 ms, loss 2 %", or "" */
};

struct event_begin {
	int version;	/* EVENT_FORMAT_VERSION */
	char *nslab;	/* version of the program */
	char *kernel;	/* uname -r */
	char *scenario; /* its name */
	char *name;	/* the case: "dial-ok[ip=6]" */
	char *file;
	char *title;
	char *story;
	char *remedy;
	char *set;    /* "ip=6 kind=x", or "" */
	char *repeat; /* the command line that repeats the run */
	int64_t seed;
	bool disarmed;	 /* faults count but let pass (--disarm) */
	int inverted;	 /* expectation turned round (--invert), 0 for none */
	char *shaper;	 /* what shapes links: "netem", "queue", or "" where none is shaped */
	bool root;	 /* with the machine's root, or in a user namespace */
	int64_t wall_ns; /* CLOCK_REALTIME at time 0 */
	char **hosts;
	int n_hosts;
	struct event_fault_info *faults;
	int n_faults;
	struct event_link_info *links;
	int n_links;
};

struct event_built {
	int64_t build_ns; /* namespaces, links and faults, until all stood */
};

struct event_note {
	char *text;
};

struct event_step {
	int number; /* from 1, in order of the file */
	int line;
	char *text; /* "dial server:8080 as conn" */
	bool background;
	/* of EVENT_STEP_END only */
	char *error; /* "none", "deadline", "eof", or the errno's name */
	int64_t took_ns;
	int64_t bytes; /* -1: the step moves none */
	int64_t exit;  /* a program's exit status, 128 and the signal if one ended it; -1: none */
	bool eof;
	char *detail; /* more for the reader, or "" */
};

struct event_output {
	int number;   /* of the step, from 1 */
	char *stream; /* "stdout", "stderr" */
	char *text;   /* the line, without its end; a long one is cut into several */
};

struct event_packet {
	char *ifname;
	bool out;	/* it left the host; else it arrived */
	bool made_here; /* out only: the host itself sent it, it did not pass it on */
	int from, to;	/* hosts that have its addresses, -1 if none */
	int retry; /* 0 the first time; n: n-th retransmission, by what this host sent before */
	int64_t since_ns; /* since the first transmission, 0 the first time */
	int64_t held_ns;  /* the delay it really got on the link; -1 where nobody held it */
	struct packet packet;
	struct event_bytes bytes; /* none, unless the run was asked to keep them */
};

struct event_hit {
	char *fault;
	char *past; /* "dropped", "rejected"; "let pass" when disarmed */
	int from, to;
	struct packet packet;
	struct event_bytes bytes; /* as in struct event_packet */
};

struct event_release {
	char *fault;
	char *past; /* "delayed", "duplicated", "reordered" */
	int from, to;
	int64_t asked_ns;  /* how long it was to be held; -1 where that is not a time */
	int64_t waited_ns; /* how long it was */
	struct packet packet;
};

struct event_state {
	char *socket;	      /* its name, or "" */
	char *local, *remote; /* "10.0.1.1:43210" */
	char *old, *new;      /* "SYN-SENT"; old is "" the first time */
	bool sampled;	      /* seen by looking, so the change may be up to 5 ms older */
};

struct event_switch {
	char *fault;
	bool on;
};

struct event_expectation {
	int number; /* from 1 */
	int line, col;
	char *text;	/* "socket conn state SYN-SENT" */
	char *expected; /* "SYN-SENT within 500 ms" */
	char *observed; /* "SYN-SENT after 1 ms" */
	bool met;
};

struct event_error {
	char *text; /* what was tried, errno name and text, the kernel's words */
	char *fix;  /* or "" */
	int code;   /* errno */
};

struct event_stands {
	char *lab; /* its name, for nslab ps, shell, down … */
};

struct event_end {
	enum result result;
	char *text; /* why, for skipped, error, interrupted or timed out; else "" */
	int signal; /* of RESULT_INTERRUPTED: 2 or 15 */
	int met, unmet;
	int64_t took_ns;
};

/**
 * struct event - one record
 * @t_ns: since time 0 of the run, CLOCK_MONOTONIC
 * @host: index into the begin record's hosts, -1 for the lab itself
 * All strings are owned by the event and never NULL once it is complete.
 */
struct event {
	enum event_type type;
	int64_t t_ns;
	int host;
	union {
		struct event_begin begin;
		struct event_built built;
		struct event_note note;
		struct event_step step;
		struct event_output output;
		struct event_packet packet;
		struct event_hit hit;
		struct event_release release;
		struct event_state state;
		struct event_switch fault;
		struct event_expectation expectation;
		struct event_error error;
		struct event_stands stands;
		struct event_end end;
	};
};

/** event_clear() - free what the event owns and zero it */
void event_clear(struct event *event);

/**
 * event_copy() - a copy that owns its strings; NULL strings become empty ones
 * @ret: overwritten; to be cleared by the caller, empty on failure
 * Return: 0, -ENOMEM, -EINVAL for an unknown type
 */
int event_copy(const struct event *event, struct event *ret);

/**
 * event_bytes_set() - keep a copy of the first EVENT_BYTES_MOST of @n bytes
 * @bytes: overwritten; freed with its event by event_clear()
 * Return: 0, or -ENOMEM: there are none then
 */
int event_bytes_set(struct event_bytes *bytes, const void *data, size_t n);

/** event_type_name() - "step-begin", "packet" …, as in the log */
const char *event_type_name(enum event_type type);

/** result_name() - "passed", "failed", "error", "skipped", "interrupted" */
const char *result_name(enum result result);

/**
 * event_write() - one JSON object and a newline
 * Return: malloced line, NULL only when memory is out
 */
char *event_write(const struct event *event, size_t *ret_len);

/**
 * event_read() - parse what event_write() made
 * Tolerates unknown members; refuses what is missing, of the wrong type or out of range.
 * @ret: complete, to be cleared by the caller
 * @ret_why: on failure a static or thread-local sentence
 * Return: 0, -EINVAL
 */
int event_read(const char *line, size_t len, struct event *ret, const char **ret_why);

#endif
