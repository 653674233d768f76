/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traffic over a rig, by sockets of our own, and what became of it. */
#ifndef NSLAB_BENCH_TRAFFIC_H
#define NSLAB_BENCH_TRAFFIC_H

#include "tests/bench/rig.h"

/**
 * ping() - send small datagrams and have them echoed, one every @interval_ns ± half of that
 * The next does not wait for the last one's echo. The three threads run as soon as they are woken
 * (thread_prompt()), so that what is measured is the way, not the waiting for a processor.
 * @rtt_ns: filled, @n of them; the first 20 are sent in addition and not counted
 * Return: how many came back
 */
int ping(const struct rig *rig, int n, int64_t interval_ns, double *rtt_ns);

/**
 * struct stream - datagrams from client to server
 * @n: how many; @size: bytes from the IP header on, at least 44
 * @burst: so many at once, every @interval_ns; 0 for no pause
 * @limit_ns: the sender stops then, however many are left; 0: never
 */
struct stream {
	uint32_t n;
	size_t size;
	unsigned burst;
	int64_t interval_ns;
	int64_t limit_ns;
};

/**
 * struct streamed - what became of them, by their number
 * @sent_ns: 0 if it was not sent; @came_ns: the first time, 0 if it did not come
 * @times: how often it came
 * @sent, @came: how many, @came without repetitions; @copies: repetitions
 * @took_ns: sending; @cpu_ns, @line_cpu_ns: processor time of all, and of the delay line's thread
 */
struct streamed {
	int64_t *sent_ns, *came_ns;
	uint8_t *times;
	uint32_t sent, came, copies;
	int64_t took_ns, cpu_ns, line_cpu_ns;
};

void stream_run(const struct rig *rig, const struct stream *stream, struct streamed *ret);
void streamed_free(struct streamed *streamed);

/**
 * numbers_send() - send @n datagrams, some at a time, and see which arrive; for wires that take no time
 * @came: filled: did the i-th arrive?
 */
void numbers_send(const struct rig *rig, uint32_t n, bool *came);

/** struct flowed - one TCP flow: bits per second; @cpus: processors kept busy; @resent: segments, from the beginning */
struct flowed {
	double bps;
	double cpus;
	uint32_t resent;
};

/** flow_run() - as fast as it goes; @warm_ms before the measurement begins, which takes @run_ms */
void flow_run(const struct rig *rig, int warm_ms, int run_ms, struct flowed *ret);

#endif
