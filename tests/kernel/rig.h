/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A lab with faults, their log, and packets of our own making; for use inside a sandbox. */
#ifndef NSLAB_TESTS_RIG_H
#define NSLAB_TESTS_RIG_H

#include "tests/kernel/lab.h"

#include <sched.h>

#include "impair/filter.h"
#include "impair/hitlog.h"
#include "lab/event/packet.h"

enum { RIG_FAULTS = 128, RIG_HITS = 2048, RIG_HOSTS = 4 };

struct logged {
	char fault[64];
	int hook;
	int64_t stamp_ns;
	struct packet packet;
};

/**
 * struct rig - what a test of faults needs
 * @filters, @logs: by host, NULL where there are no faults
 * @hits: all that was logged so far, in order
 */
struct rig {
	struct lab lab;
	struct fault faults[RIG_FAULTS];
	char names[RIG_FAULTS][64];
	int n;
	struct filter *filters[RIG_HOSTS];
	struct hitlog *logs[RIG_HOSTS];
	struct logged hits[RIG_HITS];
	int n_hits;
	bool disarmed;
	bool with_line; /* set before rig_up(): there is a delay line */
	int64_t seed;
	struct delayline *line;
};

/*
 * Everything on one processor: each has its own queue of packets that came through a veth, so a
 * sender that wanders between processors overtakes itself.
 */
static inline void rig_one_cpu(void)
{
	cpu_set_t set;
	int cpu = sched_getcpu();

	CPU_ZERO(&set);
	CPU_SET(cpu < 0 ? 0 : cpu, &set);
	must(sched_setaffinity(0, sizeof(set), &set) == 0);
}

static inline struct rig *rig_new(void)
{
	struct rig *rig = topo_need(calloc(1, sizeof(*rig)));

	rig_one_cpu();
	topo_make(&rig->lab.topo, "client fw server", "client-fw fw-server");
	return rig;
}

/* Add a fault at @host; what it matches is the caller's to set, in the struct that is returned. */
static inline struct fault *rig_fault(struct rig *rig, const char *name, int host,
				      const char *action)
{
	struct fault *fault = &rig->faults[rig->n];
	struct lab_err err = { 0 };

	must(rig->n < RIG_FAULTS);
	snprintf(rig->names[rig->n], sizeof(rig->names[0]), "%s", name);
	*fault = (struct fault){ .name = rig->names[rig->n],
				 .host = host,
				 .match = { .from = -1, .to = -1 },
				 .active = true };
	must_work(action_parse(action, 3, fault, &err), &err);
	rig->n++;
	return fault;
}

/* Segments of TCP from client to server's port. */
static inline struct fault *rig_segment(struct rig *rig, const char *name, int host,
					const char *action, unsigned segments)
{
	struct fault *fault = rig_fault(rig, name, host, action);

	fault->match = (struct packet_match){ CLIENT, SERVER, IPPROTO_TCP, 0, LAB_PORT, segments };
	return fault;
}

static inline void rig_up_disarmed(struct rig *rig, bool disarmed)
{
	struct lab_err err = { 0 };

	rig->disarmed = disarmed;
	lab_build(&rig->lab);
	if (rig->with_line)
		must_work(delayline_open(rig->lab.net, &rig->lab.topo,
					 &(struct delayline_options){ .seed = rig->seed },
					 &rig->line, &err),
			  &err);
	for (int i = 0; i < rig->n; i++) {
		int host = rig->faults[i].host;

		if (rig->filters[host])
			continue;
		must_work(hitlog_open(rig->lab.net, host, &rig->logs[host], &err), &err);
		must_work(filter_create(rig->lab.net, &rig->lab.topo, host, rig->faults, rig->n,
					&(struct filter_options){ .disarmed = disarmed,
								  .seed = rig->seed,
								  .line = rig->line },
					&rig->filters[host], &err),
			  &err);
	}
}

static inline void rig_up(struct rig *rig)
{
	rig_up_disarmed(rig, false);
}

static inline void rig_down(struct rig *rig)
{
	delayline_close(rig->line);
	for (int h = 0; h < RIG_HOSTS; h++) {
		filter_free(rig->filters[h]);
		hitlog_close(rig->logs[h]);
	}
	lab_down(&rig->lab);
	free(rig);
}

static inline void rig_take(void *arg, const struct hit *hit)
{
	struct rig *rig = arg;
	struct logged *logged = &rig->hits[rig->n_hits];

	must(rig->n_hits < RIG_HITS);
	rig->n_hits++;
	snprintf(logged->fault, sizeof(logged->fault), "%s", hit->fault);
	logged->hook = hit->hook;
	logged->stamp_ns = hit->stamp_ns;
	must(hit->len <= 256);
	must_equal(packet_decode(hit->packet, hit->len, 65535, &logged->packet), 0);
}

/* Take in what was logged so far. */
static inline void rig_read(struct rig *rig)
{
	struct lab_err err = { 0 };

	for (int h = 0; h < RIG_HOSTS; h++) {
		if (rig->logs[h] && hitlog_read(rig->logs[h], rig_take, rig, &err) < 0)
			INSIDE_FAIL("%s", err.msg);
	}
}

static inline uint64_t rig_hits(struct rig *rig, int fault)
{
	const struct fault *f = &rig->faults[fault];
	struct lab_err err = { 0 };
	uint64_t hits = UINT64_MAX;

	must_work(filter_hits(rig->filters[f->host], f, &hits, &err), &err);
	return hits;
}

static inline void rig_switch(struct rig *rig, int fault, bool on)
{
	const struct fault *f = &rig->faults[fault];
	struct lab_err err = { 0 };

	must_work(filter_switch(rig->filters[f->host], f, on, &err), &err);
}

/* ---- packets of our own making ---- */

/**
 * struct segment_spec - a TCP segment from client to server
 * @options: bytes of options, a multiple of 4: no-operation
 */
struct segment_spec {
	int fam;
	uint16_t sport, dport;
	uint8_t flags;
	uint32_t options, payload;
	uint32_t seq, ack;
};

static inline uint32_t sum_of(const uint8_t *p, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

static inline uint16_t sum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* Write a whole packet, headers and all, checksums right; returns its length. */
static inline size_t segment_write(uint8_t *buf, const struct segment_spec *s, const uint8_t *src,
				   const uint8_t *dst)
{
	size_t ip = s->fam == FAM6 ? 40 : 20, alen = (size_t)topo_addr_len(s->fam);
	size_t len = 20 + s->options + s->payload;
	uint8_t *tcp = buf + ip;
	uint16_t v16;
	uint32_t v32;

	memset(buf, 0, ip + len);
	buf[0] = s->fam == FAM6 ? 0x60 : 0x45;
	v16 = htons((uint16_t)(len + (s->fam == FAM6 ? 0 : 20)));
	memcpy(buf + (s->fam == FAM6 ? 4 : 2), &v16, 2);
	buf[s->fam == FAM6 ? 6 : 9] = IPPROTO_TCP;
	buf[s->fam == FAM6 ? 7 : 8] = 64;
	memcpy(buf + (s->fam == FAM6 ? 8 : 12), src, alen);
	memcpy(buf + (s->fam == FAM6 ? 24 : 16), dst, alen);
	v16 = htons(s->sport);
	memcpy(tcp, &v16, 2);
	v16 = htons(s->dport);
	memcpy(tcp + 2, &v16, 2);
	v32 = htonl(s->seq);
	memcpy(tcp + 4, &v32, 4);
	v32 = htonl(s->ack);
	memcpy(tcp + 8, &v32, 4);
	tcp[12] = (uint8_t)((20 + s->options) / 4 << 4);
	tcp[13] = s->flags;
	tcp[14] = 0x10;
	memset(tcp + 20, 1, s->options);
	memset(tcp + 20 + s->options, 'x', s->payload);
	v32 = sum_of(src, alen, 0);
	v32 = sum_of(dst, alen, v32);
	v16 = sum_fold(sum_of(tcp, len, v32 + IPPROTO_TCP + (uint32_t)len));
	memcpy(tcp + 16, &v16, 2);
	return ip + len;
}

/* A raw socket of the client, for segment_send() */
static inline int segment_socket(const struct lab *lab, int fam)
{
	return lab_socket(lab, CLIENT, topo_af(fam), SOCK_RAW, IPPROTO_RAW);
}

static inline void segment_send(const struct lab *lab, int fd, const struct segment_spec *s)
{
	const struct topo_addr *src = topology_addr(&lab->topo, SERVER, CLIENT, s->fam);
	const struct topo_addr *dst = topology_addr(&lab->topo, CLIENT, SERVER, s->fam);
	union address to = address_of(s->fam, dst, 0);
	uint8_t buf[2048];
	size_t len = segment_write(buf, s, src->bytes, dst->bytes);

	/* a packet that our own output hook drops is reported as EPERM */
	if (sendto(fd, buf, len, 0, &to.any, address_len(s->fam)) < 0)
		must_equal(errno, EPERM);
}

/* A raw socket that sees what has passed the input hook of @host. */
static inline int arrivals_open(const struct lab *lab, int host, int fam, int protocol)
{
	int fd = lab_socket(lab, host, topo_af(fam), SOCK_RAW | SOCK_NONBLOCK, protocol),
	    size = 1 << 20;

	must(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) == 0);
	return fd;
}

/*
 * The next packet that has arrived there, from its transport header on: IPv6 raw sockets give no more.
 * Returns its length, -1 if there is none.
 */
static inline ssize_t arrivals_next(int fd, int fam, uint8_t *buf, size_t size)
{
	ssize_t n = recv(fd, buf, size, 0);
	size_t skip = n > 0 && fam == FAM4 ? (size_t)(buf[0] & 15) * 4 : 0;

	if (n < 0)
		return -1;
	must((size_t)n >= skip);
	memmove(buf, buf + skip, (size_t)n - skip);
	return n - (ssize_t)skip;
}

static inline uint16_t be16_at(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

#endif
