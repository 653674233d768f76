/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The connections of a program under nslab exec, from the events of the run. */
#ifndef NSLAB_REPORT_PROGRAM_CONNECTIONS_H
#define NSLAB_REPORT_PROGRAM_CONNECTIONS_H

#include <netinet/in.h>

#include "lab/event/event.h"

enum { PROGRAM_CONNECTIONS_MOST = 200, PROGRAM_STAYS_MOST = 8 };

/** struct stay - a state that a socket was in; @until_ns is INT64_MAX for the last */
struct stay {
	char state[24];
	int64_t since_ns, until_ns;
};

/**
 * struct program_connection - one of the program's host
 * @opened: it sent the first SYN; else it was called
 * @syns, @retries: SYNs sent in all; other segments sent again
 * @up_ns: when the packet came that made it ESTABLISHED, -1 never; @rst_ns: when a RST came, -1 never
 * @sent, @received: bytes of payload, without repetitions on the sending side
 * @state: the last that was seen, also after the program's end
 * @stays: the last states before the program's end
 */
struct program_connection {
	struct packet key;
	bool opened;
	int64_t begun_ns, up_ns, rst_ns;
	int syns, retries;
	uint64_t sent, received;
	char state[24];
	struct stay stays[PROGRAM_STAYS_MOST];
	int n_stays;
};

/**
 * struct program_connections - to be zeroed before the first event, and released
 * @started, @ended: the program has; @ended_ns: when; @overdue: it was ended, its time was over
 * @more: connections beyond the list's
 */
struct program_connections {
	bool started, ended, overdue;
	int host;
	int64_t ended_ns;
	struct program_connection *list;
	int n, more;
};

/** program_step() - is this step's text the program's? */
bool program_step(const char *text);

/** program_connections_event() - take in an event of the run, of whatever type */
void program_connections_event(struct program_connections *pc, const struct event *event);

/** program_connection_text() - "10.0.1.1:43210 → 10.0.2.2:8080", with ← where it was called */
const char *program_connection_text(const struct program_connection *c, char *buf, size_t size);

enum { PROGRAM_CONNECTION_TEXT = 2 * (INET6_ADDRSTRLEN + 16) + 8 };

void program_connections_release(struct program_connections *pc);

#endif
