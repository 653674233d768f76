/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A step under way. Verbs see the run through this header only. */
#ifndef NSLAB_RUN_OP_H
#define NSLAB_RUN_OP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "lab/observe/observer.h"
#include "lab/run/loop.h"
#include "lab/scenario/reader.h"

struct run;
struct blocking;
struct sockopts;

/**
 * struct sock - a socket that a step made
 * @name: what the scenario calls it, "" if nothing
 * @fd: -1 once it is closed
 * @end: how the observer knows it; NULL for listeners
 * @far: its other end, once that has been found out (@far_known); see sock_far()
 */
struct sock {
	char name[64];
	int host;
	int af;
	int fd;
	enum makes kind;
	uint16_t lport;
	struct end *end;
	bool far_known;
	struct four_tuple far;
};

/**
 * struct op - a step that has begun
 * @begun_ns, @ended_ns: CLOCK_MONOTONIC
 * @deadline_ns: CLOCK_MONOTONIC, INT64_MAX for none
 * @error, @code, @bytes, @eof: its result; @bytes is -1 where it moves none
 * @detail: more for the reader
 * @exit: a program's, as shells say it; -1 where none has ended. @output: all that it printed
 * @unready: in the background: the next step has to wait until this is false
 * @beside: the next step starts at once, as behind one in the background
 * @state: the verb's own, from op_state(); freed with the op
 * @answers: addresses that a lookup came to, with ", " between them; NULL for none
 * @dial_addr, @dial_port: whom the step calls, which a dial's socket does not tell before it is connected
 * @blocking, @unblocked, @expired: of op_block()
 * @own_fd: of op_hold()
 *
 * Callbacks, all optional, set by the verb's start():
 * @ready: its descriptor is ready (op_watch())
 * @poll: called after every turn of the loop, when something may have changed
 * @expire: the deadline has come; left out, it ends with ERROR_DEADLINE
 * @closing: a socket is about to be closed by another step; also called when the op is done
 * @rebooted: the step's host died: what @state holds in it goes without a word; also when the op is done
 * @cleanup: frees what @state owns
 */
struct op {
	struct run *run;
	const struct step *step;
	int index;
	bool done;
	bool judged;
	bool cancelled;
	int64_t begun_ns, ended_ns, deadline_ns;
	enum error_kind error;
	int code;
	int64_t bytes;
	bool eof;
	char detail[160];
	const char *answers;
	int exit;
	const char *output;
	bool unready;
	bool beside;
	void *state;
	struct source *source;
	int watched_fd;
	int own_fd;
	struct blocking *blocking;
	uint8_t dial_addr[16];
	uint16_t dial_port;
	void (*unblocked)(struct op *op, int code);
	bool expired;
	void (*ready)(struct op *op, uint32_t events);
	void (*poll)(struct op *op);
	void (*expire)(struct op *op);
	void (*closing)(struct op *op, struct sock *sock);
	void (*rebooted)(struct op *op);
	void (*cleanup)(struct op *op);
};

/** op_state() - @size zeroed bytes as op->state; never NULL: ends the run when memory is out */
void *op_state(struct op *op, size_t size);

/** op_finish() - the step is over; the first call counts */
void op_finish(struct op *op, enum error_kind error, int code);

/** op_errno() - it is over with this errno, or without an error if @code is 0 */
void op_errno(struct op *op, int code);

/** op_detail() - a note for the reader behind the result */
void op_detail(struct op *op, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** op_watch() - call op->ready when @fd is ready for @events; again for other events */
void op_watch(struct op *op, int fd, uint32_t events);

/** op_unwatch() - no more */
void op_unwatch(struct op *op);

/**
 * op_block() - make a blocking call on a thread of its own
 * @fn: makes the call on op->state and returns 0 or an errno; it is interrupted with a signal
 *      (EINTR) when the deadline comes or the run ends
 * @done: called on the loop with what @fn returned; shall call op_finish()
 */
void op_block(struct op *op, int (*fn)(void *state), void (*done)(struct op *op, int code));

/**
 * op_hold() - a duplicate of @fd for a blocking call, closed when the op is over
 * A call that blocks holds on to its socket in the kernel, whoever closes the descriptor meanwhile; so
 * does this, and the number cannot come to mean another socket. -1: the op is over
 */
int op_hold(struct op *op, int fd);

/** op_fail() - the lab itself failed: ends the run with an error, not with a failed expectation */
void op_fail(struct op *op, const struct lab_err *err);

/** op_skip() - this kernel lacks what the scenario needs: the case is skipped, and says why */
void op_skip(struct op *op, const char *why);

/** op_note() - say something in the timeline */
void op_note(struct op *op, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** op_expect() - report expectation @i (from 0) of those the step's args hold, see verb->expectations */
void op_expect(struct op *op, int i, int line, int col, bool met, const char *expected,
	       const char *observed);

/* what there is in the run */
const struct plan *run_plan(const struct run *run);
const struct network *run_network(const struct run *run);
struct observer *run_observer(struct run *run);
struct loop *run_loop(struct run *run);

/** run_now() - on the axis */
int64_t run_now(const struct run *run);

/** run_drain() - take in all packets and hits up to now, and look at all states */
void run_drain(struct run *run);

/** run_fault_switch() - 0 or -errno; writes the event */
int run_fault_switch(struct run *run, int fault, bool on, struct lab_err *err);

/** run_fault_hits() - from the kernel's counter; 0 or -errno */
int run_fault_hits(struct run *run, int fault, uint64_t *ret_hits, struct lab_err *err);

/** run_conntrack() - a host's connection tracking, to be asked; NULL: @err says why */
struct conntrack *run_conntrack(struct run *run, int host, struct lab_err *err);

/** program_signal() - signal the program of this step, a ``program:`` */
void program_signal(struct op *op, int sig);

/** run_op() - the op of step number @step (from 0), NULL if it has not begun */
struct op *run_op(struct run *run, int step);

/** op_sock_new() - the socket that this step makes; the run closes it at its end */
struct sock *op_sock_new(struct op *op, int host, int af, int fd, enum makes kind);

/** run_sock() - the socket that step number @step made, NULL if it has not */
struct sock *run_sock(struct run *run, int step);

/** op_sock() - what a reference means; NULL if that step failed to make it (the op is then over) */
struct sock *op_sock(struct op *op, const struct ref *ref);

/**
 * sock_open_family() - a socket of this step's host
 * @options: set before all else; @port: bound to on all addresses, 0 for none
 * @type: SOCK_STREAM, with SOCK_NONBLOCK or without
 * Return: its fd, or -1: the op is over
 */
int sock_open_family(struct op *op, const struct sockopts *options, uint16_t port, int type,
		     int af);

/**
 * sock_address() - the address of @to as @op's host knows it
 * @fam: which of them, where @to is a host's name
 * @ret, @ret_len: with @port; also in @op's dial_addr and dial_port
 * Return: false: there is none, and the op is over
 */
bool sock_address(struct op *op, const struct endpoint *to, int fam, uint16_t port,
		  struct sockaddr_storage *ret, socklen_t *ret_len);

/** sock_host() - index of the host of @topo that has this address, or -1 */
int sock_host(const struct sockaddr_storage *ss, const struct topology *topo);

/** sock_blocking() - make calls on this socket block, for op_block(); false: the op is over */
bool sock_blocking(struct op *op, struct sock *sock);

/** sock_af() - the family that sockets of the lab have: AF_INET6 where the case has IPv6 */
int sock_af(const struct run *run);

/** sock_track() - tell the observer of a connected socket; both its ends are watched from now on */
void sock_track(struct op *op, struct sock *sock);

/** sock_far() - the four-tuple of its other end; without translation the mirrored one */
struct four_tuple sock_far(const struct sock *sock);

/** sock_far_unknown() - addresses are translated in this lab, and nobody has seen this connection yet */
bool sock_far_unknown(const struct run *run, const struct sock *sock);

/** tuple_mirror() - the same connection as its other end sees it */
struct four_tuple tuple_mirror(const struct four_tuple *tuple);

/**
 * sock_close() - close the descriptor; steps that wait for it end with EBADF, as in Go
 * Return: 0 or errno
 */
int sock_close(struct op *op, struct sock *sock);

#endif
