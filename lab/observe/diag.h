/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks the kernel about one TCP socket (inet_diag), also one that no program holds any more. */
#ifndef NSLAB_OBSERVE_DIAG_H
#define NSLAB_OBSERVE_DIAG_H

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "netns/network.h"

struct diag;

/** struct four_tuple - one end of a connection, as that end sees it; ports in host byte order */
struct four_tuple {
	int af;
	uint8_t local[16], remote[16];
	uint16_t lport, rport;
};

/** enum tcp_state - the kernel's numbers (include/net/tcp_states.h), 0 for "there is none" */
enum tcp_state {
	STATE_CLOSED = 0,
	STATE_ESTABLISHED = 1,
	STATE_SYN_SENT,
	STATE_SYN_RECV,
	STATE_FIN_WAIT_1,
	STATE_FIN_WAIT_2,
	STATE_TIME_WAIT,
	STATE_CLOSE, /* a socket that is bound or unconnected */
	STATE_CLOSE_WAIT,
	STATE_LAST_ACK,
	STATE_LISTEN,
	STATE_CLOSING,
	STATE_NEW_SYN_RECV, /* reported as SYN-RECV */
	STATE_COUNT,
};

/**
 * struct diag_socket - what the kernel says
 * @state: STATE_
 * @timer: 0 none, 1 retransmission, 2 keepalive, 3 time-wait, 4 persist (the kernel's numbers)
 * @timer_left_ms: until that timer fires; @timer_retrans: how often it fired
 * @cookie: identifies the socket for as long as the kernel has it
 * @rqueue, @wqueue: bytes not yet read, not yet acknowledged; for a listener: connections waiting
 *                   to be accepted, and the backlog
 * @info, @info_len: tcp_info as far as this kernel fills it; 0 for TIME-WAIT and SYN-RECV
 */
struct diag_socket {
	int state;
	int timer;
	uint32_t timer_left_ms;
	int timer_retrans;
	uint64_t cookie;
	uint32_t rqueue, wqueue;
	struct tcp_info info;
	uint32_t info_len;
};

/** diag_open() - a NETLINK_SOCK_DIAG socket inside @host */
int diag_open(const struct network *net, int host, struct diag **ret, struct lab_err *err);
void diag_close(struct diag *diag);

/**
 * diag_find() - ask for the socket with this four-tuple
 * A listener is asked for with @rport 0.
 * Return: 0; with state STATE_CLOSED if the kernel has none; -errno if asking failed
 */
int diag_find(struct diag *diag, const struct four_tuple *tuple, struct diag_socket *ret,
	      struct lab_err *err);

/**
 * diag_dump() - hand each TCP socket of the host to @fn, in the kernel's order
 * A socket that is bound or unconnected is among them, as CLOSED. IPv4 by way of an IPv6 socket is
 * shown as IPv4.
 * Return: 0 or -errno
 */
int diag_dump(struct diag *diag,
	      void (*fn)(void *arg, const struct four_tuple *tuple,
			 const struct diag_socket *socket),
	      void *arg, struct lab_err *err);

/** tcp_state_name() - "SYN-SENT"; tcp_state_from_name() - also RFC 9293's and ss's words, -1 if unknown */
const char *tcp_state_name(int state);
int tcp_state_from_name(const char *name);

/** tcp_state_name_at() - all the names, NULL behind the last */
const char *tcp_state_name_at(int i);

/** tcp_timer_name() - "none", "retransmit", "keepalive", "timewait", "persist" */
const char *tcp_timer_name(int timer);
int tcp_timer_from_name(const char *name);
const char *tcp_timer_name_at(int i);

#endif
