/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sees every packet that enters or leaves one host (AF_PACKET). */
#ifndef NSLAB_OBSERVE_CAPTURE_H
#define NSLAB_OBSERVE_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netns/network.h"

struct capture;

/**
 * struct frame - a captured packet
 * @ifindex: of the interface; @out: it leaves the host
 * @stamp_ns: CLOCK_REALTIME when the kernel took it
 * @data, @len: from the IP header on, cut to 256 bytes
 * @wire_len: bytes that it had, from the IP header on
 */
struct frame {
	int ifindex;
	bool out;
	int64_t stamp_ns;
	const void *data;
	size_t len;
	size_t wire_len;
};

/** capture_open() - begin to capture at all interfaces of @host but lo */
int capture_open(const struct network *net, int host, struct capture **ret, struct lab_err *err);
void capture_close(struct capture *capture);

/** captures_close() - close @n of them, in hardly more time than one takes; NULLs are fine */
void captures_close(struct capture **captures, int n);

/**
 * capture_settle() - wait until the kernel stamps packets when they pass
 * It begins to do so in deferred work, some time after the first socket asked for stamps; until then
 * a packet gets its stamp only when it is read. Sends a few bytes over lo of @host, which no capture
 * shows, until one comes back with a stamp that is older than its reading.
 * Return: 0, -ETIMEDOUT after 2 s, or -errno
 */
int capture_settle(struct capture *capture, const struct network *net, int host,
		   struct lab_err *err);

/** capture_fd() - to be polled for POLLIN */
int capture_fd(const struct capture *capture);

/**
 * capture_read() - hand all that has come so far to @fn; number of frames
 * In the order in which they were queued. A packet is stamped before that, so the stamps of two that
 * passed on different processors at once may be the other way round, by microseconds.
 */
int capture_read(struct capture *capture, void (*fn)(void *arg, const struct frame *frame),
		 void *arg);

/** capture_lost() - packets that did not fit into the socket buffer since it was opened */
uint64_t capture_lost(struct capture *capture);

#endif
