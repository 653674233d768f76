// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How exact shaped links are, and what it costs: netem (where the kernel has it), the delay line, and the
 * wire alone, one after the other in each round, so that all of them meet the same machine. Everything
 * goes on in a sandbox. Prints Markdown.
 *
 *   bench_shape [ROUNDS] [rtt|jitter|loss|chance|rate|flow|packets]…     default: 3, all
 *
 * Exit status: 1 if the delay line did not do what it claims: a packet that came too early, an
 * overflow, a lost verdict; or if loss did not take the packets that the seed says.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "netns/cleanup.h"
#include "netns/sandbox.h"
#include "tests/bench/rig.h"
#include "tests/bench/stats.h"
#include "tests/bench/traffic.h"

#define MS INT64_C(1000000)

enum { TEXT = 64 };

static int rounds = 3;
static int64_t seed = 1; /* another one in each round */
static bool has_netem;
static bool lied;

static void complain(const char *what)
{
	fprintf(stderr, "bench_shape: %s\n", what);
	lied = true;
}

/* The ways that can be tried, of those asked for. */
static bool way_possible(enum way way)
{
	return way != WAY_NETEM || has_netem;
}

static void way_up(struct rig *rig, enum way way, const struct shape *shape, bool offload)
{
	if (rig_up(rig, way, shape, offload, seed) < 0)
		die("netem is gone", NULL);
}

static void way_down(struct rig *rig)
{
	if (rig_down(rig) < 0)
		lied = true;
}

/* ---- round trip ---- */

static const int delays_ms[] = { 0, 1, 10, 50, 100 };
static const enum way shapers[] = { WAY_NETEM, WAY_NOTED };

struct rtt_row {
	struct spread mean, p50, p99, least;
	int lost;
};

/* A delay of 0 is one of 1 ns here: the packets pass netem or the queue, which a wire without a shape has none of. */
static struct shape delay_of(int ms)
{
	return (struct shape){ .delay_ns = ms ? ms * MS : 1, .limit = RIG_LIMIT };
}

static void rtt_measure(enum way way, int ms, struct rtt_row *row)
{
	const struct shape shape = delay_of(ms);
	int n = ms > 10 ? 500 : 1000, got;
	_cleanup_free_ double *rtt = calloc((size_t)n, sizeof(*rtt));
	struct rig rig;

	if (!rtt)
		die("no memory", NULL);
	way_up(&rig, way, &shape, false);
	got = ping(&rig, n, 2 * MS, rtt);
	way_down(&rig);
	row->lost += n - got;
	for (int i = 0; i < got; i++)
		rtt[i] = (rtt[i] - 2.0 * (double)shape.delay_ns) / 1e6;
	sort(rtt, (size_t)got);
	spread_add(&row->mean, mean(rtt, (size_t)got));
	spread_add(&row->p50, quantile(rtt, (size_t)got, 0.5));
	spread_add(&row->p99, quantile(rtt, (size_t)got, 0.99));
	spread_add(&row->least, rtt[0]);
	if (rtt[0] < 0 && way != WAY_NETEM)
		complain("the delay line let a packet go too early");
	if (got < n && way != WAY_NETEM)
		complain("a ping was lost");
}

static void rtt_print(const char *name, const char *delay, const struct rtt_row *row)
{
	char t[4][TEXT];

	printf("| %s | %s | %s | %s | %s | %s |\n", delay, name,
	       spread_text(&row->mean, 3, t[0], TEXT), spread_text(&row->p50, 3, t[1], TEXT),
	       spread_text(&row->p99, 3, t[2], TEXT), spread_text(&row->least, 3, t[3], TEXT));
}

static void rtt_all(void)
{
	static struct rtt_row raw, rows[ARRAY_SIZE(delays_ms)][ARRAY_SIZE(shapers)];
	char delay[TEXT];

	for (int r = 0; r < rounds; r++) {
		seed = r + 1;
		rtt_measure(WAY_RAW, 0, &raw);
		for (size_t d = 0; d < ARRAY_SIZE(delays_ms); d++) {
			for (size_t w = 0; w < ARRAY_SIZE(shapers); w++) {
				if (way_possible(shapers[w]))
					rtt_measure(shapers[w], delays_ms[d], &rows[d][w]);
			}
		}
	}
	printf("\n**Round trip: what is more than twice the delay**, ms. UDP, about 500 a second, %d rounds of 1000 "
	       "(500 from 50 ms on).\n\n"
	       "| delay each way | | mean | p50 | p99 | least |\n|---|---|---|---|---|---|\n",
	       rounds);
	rtt_print(way_name(WAY_RAW), "–", &raw);
	for (size_t d = 0; d < ARRAY_SIZE(delays_ms); d++) {
		for (size_t w = 0; w < ARRAY_SIZE(shapers); w++) {
			if (!way_possible(shapers[w]))
				continue;
			snprintf(delay, sizeof(delay), "%d ms", delays_ms[d]);
			rtt_print(way_name(shapers[w]), delay, &rows[d][w]);
		}
	}
}

/* ---- jitter ---- */

struct jitter_case {
	const char *name;
	struct shape shape;
	double (*cdf)(double x, double a, double b);
};

static const struct jitter_case jitters[] = {
	{ "20 ms ± 10 ms, uniform",
	  { .delay_ns = 20 * MS, .jitter_ns = 10 * MS, .limit = RIG_LIMIT },
	  cdf_uniform },
	{ "20 ms ± 5 ms, normal",
	  { .delay_ns = 20 * MS,
	    .jitter_ns = 5 * MS,
	    .distribution = JITTER_NORMAL,
	    .limit = RIG_LIMIT },
	  cdf_normal },
};

struct jitter_row {
	struct spread mean, deviation, p1, p50, p99, distance;
};

enum { JITTER_PACKETS = 4000 };

/* One-way delays in ms, sorted; how many. */
static size_t one_way(const struct streamed *s, uint32_t n, double *ret)
{
	size_t got = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (s->came_ns[i])
			ret[got++] = (double)(s->came_ns[i] - s->sent_ns[i]) / 1e6;
	}
	sort(ret, got);
	return got;
}

static void jitter_measure(enum way way, const struct jitter_case *c, struct jitter_row *row)
{
	const struct stream stream = { JITTER_PACKETS, 100, 1, MS / 2, 0 };
	double ms[JITTER_PACKETS], a = (double)c->shape.delay_ns / 1e6,
				   b = (double)c->shape.jitter_ns / 1e6;
	struct streamed s;
	struct rig rig;
	size_t n;

	way_up(&rig, way, &c->shape, false);
	stream_run(&rig, &stream, &s);
	way_down(&rig);
	n = one_way(&s, stream.n, ms);
	if (n < stream.n && way != WAY_NETEM)
		complain("a packet was lost by jitter");
	spread_add(&row->mean, mean(ms, n));
	spread_add(&row->deviation, deviation(ms, n));
	spread_add(&row->p1, quantile(ms, n, 0.01));
	spread_add(&row->p50, quantile(ms, n, 0.5));
	spread_add(&row->p99, quantile(ms, n, 0.99));
	spread_add(&row->distance, kolmogorov(ms, n, c->cdf, a, b));
	streamed_free(&s);
}

static void jitter_print(const char *name, const struct jitter_row *row)
{
	char t[6][TEXT];

	printf("| %s | %s | %s | %s | %s | %s | %s |\n", name,
	       spread_text(&row->mean, 2, t[0], TEXT), spread_text(&row->deviation, 2, t[1], TEXT),
	       spread_text(&row->p1, 2, t[2], TEXT), spread_text(&row->p50, 2, t[3], TEXT),
	       spread_text(&row->p99, 2, t[4], TEXT), spread_text(&row->distance, 4, t[5], TEXT));
}

/* The row of what was asked for. */
static void jitter_asked(const struct jitter_case *c)
{
	double a = (double)c->shape.delay_ns / 1e6, b = (double)c->shape.jitter_ns / 1e6;
	bool normal = c->shape.distribution == JITTER_NORMAL;

	printf("| %s: asked | %.2f | %.2f | %.2f | %.2f | %.2f | at most %.4f |\n", c->name, a,
	       normal ? b : b / sqrt(3), a - b * (normal ? 2.326 : 0.98), a,
	       a + b * (normal ? 2.326 : 0.98), 1.358 / sqrt(JITTER_PACKETS));
}

static void jitter_all(void)
{
	static const enum way ways[] = { WAY_NETEM, WAY_NOTED };
	static struct jitter_row rows[ARRAY_SIZE(jitters)][ARRAY_SIZE(ways)];

	for (int r = 0; r < rounds; r++) {
		seed = r + 1;
		for (size_t i = 0; i < 2 * ARRAY_SIZE(jitters); i++) {
			if (way_possible(ways[i % 2]))
				jitter_measure(ways[i % 2], &jitters[i / 2], &rows[i / 2][i % 2]);
		}
	}
	printf("\n**Jitter**: one way, ms, %d rounds of %d packets. Distance: Kolmogorov's from what was asked for; "
	       "by chance it is larger than the figure in the first row in one of 20 rounds.\n\n"
	       "| | mean | deviation | p1 | p50 | p99 | distance |\n|---|---|---|---|---|---|---|\n",
	       rounds, JITTER_PACKETS);
	for (size_t i = 0; i < ARRAY_SIZE(jitters); i++) {
		jitter_asked(&jitters[i]);
		for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
			if (way_possible(ways[w]))
				jitter_print(way_name(ways[w]), &rows[i][w]);
		}
	}
}

/* ---- loss ---- */

enum { LOSS_PACKETS = 100000 };

static const uint32_t losses[] = { 10000, 100000, 300000 };

static void loss_run(enum way way, uint32_t millionths, int64_t of, bool *came)
{
	const struct shape shape = { .loss = millionths };
	struct rig rig;

	if (rig_up(&rig, way, &shape, false, of) < 0)
		die("netem is gone", NULL);
	numbers_send(&rig, LOSS_PACKETS, came);
	way_down(&rig); /* complains if the line was too slow */
}

static uint32_t differences(const bool *a, const bool *b)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < LOSS_PACKETS; i++)
		n += a[i] != b[i];
	return n;
}

static uint32_t lost_of(const bool *came)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < LOSS_PACKETS; i++)
		n += !came[i];
	return n;
}

static void loss_row(enum way way, uint32_t millionths, bool *came[4])
{
	uint32_t chance = chance_seed(1, "client -> server"), wrong;

	for (uint32_t i = 0; i < LOSS_PACKETS; i++)
		came[0][i] = !chance_decide(chance, i, millionths);
	loss_run(way, millionths, 1, came[1]);
	loss_run(way, millionths, 1, came[2]);
	loss_run(way, millionths, 2, came[3]);
	wrong = differences(came[0], came[1]) + differences(came[0], came[2]);
	printf("| %g %% | %s | %.3f %% | %u | %u | %u |\n", millionths / 1e4, way_name(way),
	       lost_of(came[1]) * 100.0 / LOSS_PACKETS, wrong, differences(came[1], came[2]),
	       differences(came[1], came[3]));
	if (wrong)
		complain("loss took other packets than the seed says");
}

static void loss_all(void)
{
	static const enum way ways[] = { WAY_NETEM, WAY_NOTED };
	bool *came[4];

	for (int i = 0; i < 4; i++) {
		came[i] = calloc(LOSS_PACKETS, sizeof(bool));
		if (!came[i])
			die("no memory", NULL);
	}
	printf("\n**Loss** of %d packets: the share, how many of two runs with one seed met another fate than "
	       "the seed foretells (`chance_decide()`), and in how many two runs differ, with one seed and with two.\n\n"
	       "| asked | rules as with | lost | not as foretold | same seed: differ | other seed: differ |\n"
	       "|---|---|---|---|---|---|\n",
	       LOSS_PACKETS);
	for (size_t i = 0; i < ARRAY_SIZE(losses); i++) {
		for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
			if (way_possible(ways[w]))
				loss_row(ways[w], losses[i], came);
		}
	}
	for (int i = 0; i < 4; i++)
		free(came[i]);
}

/* ---- duplicate, reorder, corrupt ---- */

enum { CHANCE_PACKETS = 20000 };

struct chance_case {
	const char *name;
	uint32_t millionths;
	size_t member; /* of struct shape */
};

static const struct chance_case chances[] = {
	{ "duplicate", 50000, offsetof(struct shape, duplicate) },
	{ "reorder", 50000, offsetof(struct shape, reorder) },
	{ "corrupt", 50000, offsetof(struct shape, corrupt) },
};

/* Of a million so many came twice, came without the delay, did not come (their checksum is wrong). */
static double chance_seen(const struct chance_case *c, const struct streamed *s)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->sent; i++) {
		if (c->member == offsetof(struct shape, duplicate))
			n += s->times[i] > 1;
		else if (c->member == offsetof(struct shape, reorder))
			n += s->came_ns[i] && s->came_ns[i] - s->sent_ns[i] < 5 * MS;
		else
			n += !s->times[i];
	}
	return 100.0 * n / s->sent;
}

static void chance_measure(enum way way, const struct chance_case *c, struct spread *row)
{
	const struct stream stream = { CHANCE_PACKETS, 100, 20, MS, 0 };
	struct shape shape = delay_of(10);
	struct streamed s;
	struct rig rig;

	*(uint32_t *)((char *)&shape + c->member) = c->millionths;
	way_up(&rig, way, &shape, false);
	stream_run(&rig, &stream, &s);
	way_down(&rig);
	spread_add(row, chance_seen(c, &s));
	streamed_free(&s);
}

static void chance_all(void)
{
	static const enum way ways[] = { WAY_NETEM, WAY_NOTED };
	static struct spread rows[ARRAY_SIZE(chances)][ARRAY_SIZE(ways)];
	char t[TEXT];

	for (int r = 0; r < rounds; r++) {
		seed = r + 1;
		for (size_t i = 0; i < 2 * ARRAY_SIZE(chances); i++) {
			if (way_possible(ways[i % 2]))
				chance_measure(ways[i % 2], &chances[i / 2], &rows[i / 2][i % 2]);
		}
	}
	printf("\n**Duplicate, reorder, corrupt**: seen at the receiver, %% of %d packets, %d rounds, delay 10 ms; corrupt "
	       "packets fail their checksum. Of so many packets chance alone makes ± %.2f %% (two standard deviations).\n\n"
	       "| | asked | | seen |\n|---|---|---|---|\n",
	       CHANCE_PACKETS, rounds, 200 * sqrt(0.05 * 0.95 / CHANCE_PACKETS));
	for (size_t i = 0; i < ARRAY_SIZE(chances); i++) {
		for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
			if (way_possible(ways[w]))
				printf("| %s | %g %% | %s | %s |\n", chances[i].name,
				       chances[i].millionths / 1e4, way_name(ways[w]),
				       spread_text(&rows[i][w], 2, t, TEXT));
		}
	}
}

/* ---- rate ---- */

enum { RATE_SIZE = 1000 };

static const int rates_mbit[] = { 1, 10, 100 };

struct rate_row {
	struct spread share, gap;
};

/* In the order in which they came: the rate, and how far the p99 of gaps is from what it should be. */
static void rate_measure(enum way way, int mbit, struct rate_row *row)
{
	const struct shape shape = { .rate = mbit * INT64_C(1000000), .limit = RIG_LIMIT };
	const double gap_us = RATE_SIZE * 8.0 / mbit;
	const uint32_t n = (uint32_t)(mbit * (mbit < 100 ? 125 : 50));
	/* a third more than it takes */
	const struct stream stream = { n, RATE_SIZE, mbit < 100 ? 1 : 8,
				       (int64_t)(gap_us * 750 * (mbit < 100 ? 1 : 8)), 0 };
	_cleanup_free_ double *gaps = calloc(n, sizeof(*gaps));
	int64_t first = 0, last = 0;
	uint32_t got = 0;
	struct streamed s;
	struct rig rig;

	if (!gaps)
		die("no memory", NULL);
	way_up(&rig, way, &shape, false);
	stream_run(&rig, &stream, &s);
	way_down(&rig);
	for (uint32_t i = 0; i < n; i++) {
		if (!s.came_ns[i])
			continue;
		if (first)
			gaps[got++] = fabs((double)(s.came_ns[i] - last) / 1e3 - gap_us);
		else
			first = s.came_ns[i];
		last = s.came_ns[i];
	}
	sort(gaps, got);
	if (got)
		spread_add(&row->share,
			   got * RATE_SIZE * 8e9 / (double)(last - first) / (double)shape.rate);
	spread_add(&row->gap, quantile(gaps, got, 0.99));
	if (s.came < n && way != WAY_NETEM)
		complain("a packet was lost by a rate");
	streamed_free(&s);
}

static void rate_all(void)
{
	static const enum way ways[] = { WAY_NETEM, WAY_NOTED };
	static struct rate_row rows[ARRAY_SIZE(rates_mbit)][ARRAY_SIZE(ways)];
	char t[2][TEXT];

	for (int r = 0; r < rounds; r++) {
		seed = r + 1;
		for (size_t i = 0; i < 2 * ARRAY_SIZE(rates_mbit); i++) {
			if (way_possible(ways[i % 2]))
				rate_measure(ways[i % 2], rates_mbit[i / 2], &rows[i / 2][i % 2]);
		}
	}
	printf("\n**Rate**: UDP packets of %d bytes, sent a third faster than the rate, %d rounds.\n\n"
	       "| asked | | measured, share of it | time between two packets, p99 of the error, µs |\n|---|---|---|---|\n",
	       RATE_SIZE, rounds);
	for (size_t i = 0; i < ARRAY_SIZE(rates_mbit); i++) {
		for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
			if (way_possible(ways[w]))
				printf("| %d Mbit/s | %s | %s | %s |\n", rates_mbit[i],
				       way_name(ways[w]),
				       spread_text(&rows[i][w].share, 4, t[0], TEXT),
				       spread_text(&rows[i][w].gap, 0, t[1], TEXT));
		}
	}
}

/* ---- one TCP flow ---- */

struct flow_case {
	enum way way;
	int delay_ms;
};

static const struct flow_case flows[] = {
	{ WAY_RAW, 0 },	   { WAY_FILTER, 0 }, { WAY_CAPTURE, 0 }, { WAY_NETEM, 0 },
	{ WAY_NETEM, 1 },  { WAY_NETEM, 10 }, { WAY_NOTED, 0 },	  { WAY_NOTED, 1 },
	{ WAY_NOTED, 10 }, { WAY_QUEUE, 1 },
};

struct flow_row {
	struct spread gbps, share, cpus, resent;
};

static void flow_all(void)
{
	static struct flow_row rows[ARRAY_SIZE(flows)];
	char t[4][TEXT], delay[TEXT];

	for (int r = 0; r < rounds; r++) {
		seed = r + 1;
		double raw = 0;

		for (size_t i = 0; i < ARRAY_SIZE(flows); i++) {
			const struct shape shape = delay_of(flows[i].delay_ms);
			struct flowed f;
			struct rig rig;

			if (!way_possible(flows[i].way))
				continue;
			way_up(&rig, flows[i].way, &shape, true);
			flow_run(&rig, 500, 1000, &f);
			way_down(&rig);
			if (!i)
				raw = f.bps;
			spread_add(&rows[i].gbps, f.bps / 1e9);
			spread_add(&rows[i].share, f.bps / raw);
			spread_add(&rows[i].cpus, f.cpus);
			spread_add(&rows[i].resent, f.resent);
		}
	}
	printf("\n**One TCP flow**, offload on, reno, %d rounds of 1 s; share: of the veth alone in the same round. "
	       "Processors: kept busy by sender, receiver and the delay line's thread together.\n\n"
	       "| | delay each way | Gbit/s | share | processors | segments resent |\n|---|---|---|---|---|---|\n",
	       rounds);
	for (size_t i = 0; i < ARRAY_SIZE(flows); i++) {
		if (!way_possible(flows[i].way))
			continue;
		snprintf(delay, sizeof(delay), "%d ms", flows[i].delay_ms);
		printf("| %s | %s | %s | %s | %s | %s |\n", way_name(flows[i].way),
		       flows[i].way < WAY_NETEM ? "–" : delay,
		       spread_text(&rows[i].gbps, 1, t[0], TEXT),
		       spread_text(&rows[i].share, 2, t[1], TEXT),
		       spread_text(&rows[i].cpus, 2, t[2], TEXT),
		       spread_text(&rows[i].resent, 0, t[3], TEXT));
	}
}

/* ---- small packets ---- */

static const int rates_kpps[] = { 70, 100, 150, 200, 300, 400 };
static const enum way packet_ways[] = { WAY_RAW, WAY_NETEM, WAY_QUEUE, WAY_NOTED };

struct packets_row {
	struct spread lost, cpu_us, line_us, most;
};

/* One second of packets of 64 bytes: how many thousand a second it really were, -1 if one was lost. */
static double packets_measure(enum way way, int kpps, struct packets_row *row)
{
	const uint32_t n = (uint32_t)kpps * 1000;
	const struct stream stream = { n, 64, (unsigned)kpps / 2, MS / 2, 1000 * MS };
	const struct shape shape = delay_of(1);
	struct streamed s;
	struct rig rig;
	double lost, rate;

	way_up(&rig, way, &shape, false);
	stream_run(&rig, &stream, &s);
	/* what was too much for the line it says: no lie */
	if (rig_down(&rig) < 0)
		fprintf(stderr, "bench_shape: (at %d k packets/s)\n", kpps);
	lost = 1 - (double)s.came / s.sent;
	rate = (double)s.sent / ((double)s.took_ns / 1e6);
	if (kpps == rates_kpps[0]) {
		spread_add(&row->lost, 100 * lost);
		spread_add(&row->cpu_us, (double)s.cpu_ns / 1e3 / s.sent);
		spread_add(&row->line_us, (double)s.line_cpu_ns / 1e3 / s.sent);
	}
	streamed_free(&s);
	return lost > 0 ? -1 : rate;
}

static void packets_all(void)
{
	static struct packets_row rows[ARRAY_SIZE(packet_ways)];
	char t[4][TEXT];

	for (int r = 0; r < rounds; r++) {
		seed = r + 1;
		for (size_t w = 0; w < ARRAY_SIZE(packet_ways); w++) {
			double most = 0;

			if (!way_possible(packet_ways[w]))
				continue;
			for (size_t i = 0; i < ARRAY_SIZE(rates_kpps); i++) {
				double rate =
					packets_measure(packet_ways[w], rates_kpps[i], &rows[w]);

				most = fmax(most, rate);
				/* it lost some, or the sender cannot do more */
				if (rate < 0.95 * rates_kpps[i])
					break;
			}
			spread_add(&rows[w].most, most);
		}
	}
	printf("\n**Small packets**: UDP, 64 bytes, in bursts every 0.5 ms, delay 1 ms, %d rounds of 1 s. Processor time per "
	       "packet: all of it, sender and receiver included, and of the delay line's thread. Most: the "
	       "largest of about %d, %d, %d, %d, %d, %d thousand packets a second of which none was lost, as it really was; where "
	       "it is less than the last of them, more was lost or the sender could not do more.\n\n"
	       "| | lost of 70 k/s, %% | processor, µs | delay line's, µs | most, k/s |\n|---|---|---|---|---|\n",
	       rounds, rates_kpps[0], rates_kpps[1], rates_kpps[2], rates_kpps[3], rates_kpps[4],
	       rates_kpps[5]);
	for (size_t w = 0; w < ARRAY_SIZE(packet_ways); w++) {
		if (way_possible(packet_ways[w]))
			printf("| %s | %s | %s | %s | %s |\n", way_name(packet_ways[w]),
			       spread_text(&rows[w].lost, 3, t[0], TEXT),
			       spread_text(&rows[w].cpu_us, 2, t[1], TEXT),
			       spread_text(&rows[w].line_us, 2, t[2], TEXT),
			       spread_text(&rows[w].most, 0, t[3], TEXT));
	}
}

/* ---- all of it ---- */

struct part {
	const char *name;
	void (*run)(void);
	bool wanted;
};

static struct part parts[] = {
	{ "rtt", rtt_all, false },	   { "jitter", jitter_all, false },
	{ "loss", loss_all, false },	   { "chance", chance_all, false },
	{ "rate", rate_all, false },	   { "flow", flow_all, false },
	{ "packets", packets_all, false },
};

static int inside(void *arg)
{
	const struct shape shape = delay_of(1);
	struct rig rig;

	(void)arg;
	has_netem = rig_up(&rig, WAY_NETEM, &shape, false, 1) == 0;
	if (has_netem)
		rig_down(&rig);
	else
		printf("\nNo netem on this kernel: what is said of shapes is about the delay line.\n");
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!parts[i].wanted)
			continue;
		fprintf(stderr, "%s …\n", parts[i].name);
		parts[i].run();
		fflush(stdout);
	}
	return lied;
}

static int usage(void)
{
	fprintf(stderr, "usage: bench_shape [ROUNDS]");
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		fprintf(stderr, " [%s]", parts[i].name);
	fprintf(stderr, "\n");
	return 2;
}

static bool part_want(const char *name)
{
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!name || !strcmp(parts[i].name, name))
			found = parts[i].wanted = true;
	}
	return found;
}

int main(int argc, char **argv)
{
	struct lab_err err = { 0 };
	struct sandbox box;
	int i = 1, status;

	if (i < argc && argv[i][0] >= '0' && argv[i][0] <= '9') {
		rounds = atoi(argv[i++]);
		if (rounds < 1 || rounds > ROUNDS_MAX)
			return usage();
	}
	if (i == argc)
		part_want(NULL);
	for (; i < argc; i++) {
		if (!part_want(argv[i]))
			return usage();
	}
	if (sandbox_spawn(inside, NULL, &box, &err) < 0)
		die("cannot make a sandbox", &err);
	status = sandbox_wait(&box);
	return status == 0 ? 0 : WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
