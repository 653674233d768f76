// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Not a test: how long it takes to write and to read a record. A Markdown table; the median of ROUNDS.
 * usage: bench_events [ROUNDS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lab/event/event.h"
#include "lab/event/event_read.h"
#include "netns/cleanup.h"
#include "tests/support/event_samples.h"

enum { TIMES = 200000, ROUNDS = 5, ROUNDS_MOST = 100 };

/* Ends the program: what cannot be written or read is not worth measuring. */
static void must(bool ok)
{
	if (ok)
		return;
	fprintf(stderr, "bench_events: a record could not be written or read\n");
	exit(1);
}

static void write_one(const struct event *event, const char *line, size_t len)
{
	size_t written;
	char *text = event_write(event, &written);

	must(text && written == len && line);
	free(text);
}

static void read_one(const struct event *event, const char *line, size_t len)
{
	const char *why;
	struct event there;

	must(event_read(line, len, &there, &why) == 0 && there.type == event->type);
	event_clear(&there);
}

static void read_any_one(const struct event *event, const char *line, size_t len)
{
	const char *why;
	struct event there;

	must(event_read_any(line, len, &there, &why) == 0 && there.type == event->type);
	event_clear(&there);
}

static int order(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Microseconds for one, the median of the rounds. */
static double measure(void (*one)(const struct event *event, const char *line, size_t len),
		      const struct event *event, int rounds)
{
	double took[ROUNDS_MOST];
	size_t len;
	_cleanup_free_ char *line = event_write(event, &len);

	must(line);
	for (int round = 0; round < rounds; round++) {
		struct timespec begin, end;

		clock_gettime(CLOCK_MONOTONIC, &begin);
		for (int i = 0; i < TIMES; i++)
			one(event, line, len);
		clock_gettime(CLOCK_MONOTONIC, &end);
		took[round] = ((double)(end.tv_sec - begin.tv_sec) * 1e9 +
			       (double)(end.tv_nsec - begin.tv_nsec)) /
			      TIMES / 1000;
	}
	qsort(took, (size_t)rounds, sizeof(*took), order);
	return took[rounds / 2];
}

static void row(const char *name, const struct event *event, int rounds)
{
	size_t len;
	_cleanup_free_ char *line = event_write(event, &len);

	must(line);
	printf("| %s | %zu | %.2f | %.2f | %.2f |\n", name, len, measure(write_one, event, rounds),
	       measure(read_one, event, rounds), measure(read_any_one, event, rounds));
	fflush(stdout);
}

/* The first record of a kind. */
static struct event sample(enum event_type type)
{
	size_t i = 0;

	while (samples[i].type != type)
		i++;
	return samples[i];
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : ROUNDS;
	struct event packet = sample(EVENT_PACKET), six = packet, plain = packet;
	struct event state = sample(EVENT_STATE);

	if (argc > 2 || rounds < 1 || rounds > ROUNDS_MOST) {
		fprintf(stderr, "usage: bench_events [ROUNDS], 1 to %d\n", ROUNDS_MOST);
		return 2;
	}
	plain.packet.bytes = (struct event_bytes){ 0 };
	six.packet.packet.af = AF_INET6;
	memset(six.packet.packet.src, 0xfd, sizeof(six.packet.packet.src));
	memset(six.packet.packet.dst, 0xfe, sizeof(six.packet.packet.dst));
	printf("| record | bytes | write µs | read µs | read by jansson, µs |\n"
	       "|---|---|---|---|---|\n");
	row("`packet`, IPv4", &plain, rounds);
	row("`packet`, IPv4, with its bytes", &packet, rounds);
	row("`packet`, IPv6, with its bytes", &six, rounds);
	row("`state`", &state, rounds);
	return 0;
}
