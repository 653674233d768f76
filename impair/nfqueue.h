/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to impair/: an nfnetlink_queue queue on a socket of its own: packets, verdicts. Wraps libmnl. */
#ifndef NSLAB_IMPAIR_NFQUEUE_H
#define NSLAB_IMPAIR_NFQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netns/network.h"

enum {
	NFQUEUE_MAXLEN = 65536, /* packets that a queue holds: nothing is dropped below that */
	NFQUEUE_AT_ONCE =
		32, /* packets that nfqueue_read() takes, at most, if they are not whole */
	NFQUEUE_COPY_MAX = 0xffff,
	NFQUEUE_COPY_SMALL = 1024,
};

/**
 * struct queued - a packet that waits for a verdict
 * @queue, @id: what the verdict has to name
 * @hook: NF_INET_; @ifindex: where it came in, 0 if the host made it; @ifindex_out: where it leaves, 0 if
 *         that is not known; @mark: skb mark
 * @stamp_ns: CLOCK_REALTIME when the interface took it in, cut to microseconds; 0 if unknown
 * @packet, @len: from the IP header on, as many bytes as the queue copies; @wire_len: all of it, 0 if
 *                the queue copies nothing
 */
struct queued {
	uint16_t queue;
	uint32_t id;
	int hook;
	int ifindex, ifindex_out;
	uint32_t mark;
	int64_t stamp_ns;
	const uint8_t *packet;
	size_t len, wire_len;
};

/**
 * nfqueue_open() - a non-blocking socket inside @host, with the largest buffer that is to be had
 * Return: fd or -errno; -EOPNOTSUPP and the like with a fix if the kernel has no nfnetlink_queue
 */
int nfqueue_open(const struct network *net, int host, struct lab_err *err);

/**
 * nfqueue_bind() - take a queue; once for a socket, before any rule sends packets there
 * @copy: bytes of each packet to be copied to us, 0 for none
 * @whole: packets are changed or sent again, so they have to come one by one and with checksums;
 *         else large ones (GSO) come as they are
 * Return: 0; -EPERM if another program has it; -errno
 */
int nfqueue_bind(int fd, uint16_t queue, uint32_t copy, uint32_t maxlen, bool whole,
		 struct lab_err *err);

/** nfqueue_copy_set() - as @copy and @whole of nfqueue_bind(), for a queue in use; what the kernel says of it nfqueue_read() tells */
int nfqueue_copy_set(int fd, uint16_t queue, uint32_t copy, bool whole, struct lab_err *err);

struct nfqueue_reader;

/** nfqueue_reader_new() - room for nfqueue_read(), for any number of queues; NULL when memory is out */
struct nfqueue_reader *nfqueue_reader_new(void);
void nfqueue_reader_free(struct nfqueue_reader *reader);

/**
 * nfqueue_read() - hand what has come to @fn
 * @whole: the queue copies more than NFQUEUE_COPY_SMALL, or did so once: one message is read. Else up to
 *         NFQUEUE_AT_ONCE
 * Return: number of packets, 0 when nothing waits; -errno: -ENOBUFS if the kernel could not tell us of
 * a packet and dropped it; what it says of a lost verdict
 */
int nfqueue_read(struct nfqueue_reader *reader, int fd, bool whole,
		 void (*fn)(void *arg, const struct queued *q), void *arg);

/**
 * struct verdicts - messages to be sent in one go
 * Fixed size: verdicts_full() says when to send.
 */
struct verdicts {
	size_t len;
	_Alignas(8) char buf[8192];
};

bool verdicts_full(const struct verdicts *v);

/** verdicts_put() - @verdict is NF_ACCEPT or NF_DROP; @mark is set unless 0 */
void verdicts_put(struct verdicts *v, uint16_t queue, uint32_t id, uint32_t verdict, uint32_t mark);

/** verdicts_put_all() - accept everything in @queue up to and including @id */
void verdicts_put_all(struct verdicts *v, uint16_t queue, uint32_t id);

/** verdicts_send() - and empty it; 0 or -errno */
int verdicts_send(struct verdicts *v, int fd);

/** verdict_changed() - accept a packet with other bytes; 0 or -errno */
int verdict_changed(int fd, uint16_t queue, uint32_t id, const void *packet, size_t len);

/**
 * nfqueue_proc_open() - the kernel's counters of all queues of @host (nfnetlink_queue in its proc)
 * Return: fd or -errno
 */
int nfqueue_proc_open(const struct network *net, int host, struct lab_err *err);

/** nfqueue_dropped() - packets that the queues lost: they were full, or we were not told; 0 or -errno */
int nfqueue_dropped(int proc_fd, uint64_t *ret_full, uint64_t *ret_untold);

#endif
