/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logs for the capture, and what it made of them as text. Behind cmocka.h. */
#ifndef NSLAB_TESTS_UNIT_PCAPNG_FEED_H
#define NSLAB_TESTS_UNIT_PCAPNG_FEED_H

#include "tests/unit/pcapng_reader.h"
#include "tests/unit/report_hostile.h"
#include "tests/unit/report_log.h"

#define WALL INT64_C(1767225600000000000)

static inline void capture_open(struct screen *screen)
{
	screen_open_as(screen, &REPORT_PCAPNG, (struct report_options){ .columns = 80 });
}

/* Close the report, check the file, and tell what is in it; to be freed. */
static inline char *capture_text(struct screen *screen, struct reader *ret)
{
	char *text = NULL;
	size_t size;

	screen_close(screen);
	*ret = (struct reader){ .data = (const uint8_t *)screen->text, .len = screen->size };
	ret->out = open_memstream(&text, &size);
	assert_non_null(ret->out);
	reader_read(ret);
	assert_int_equal(fclose(ret->out), 0);
	free(screen->text);
	return text;
}

/* The part of @text that begins with the first packet or text behind the run's first block. */
static const char *blocks_of(const char *text)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (*line >= '0' && *line <= '9' && strncmp(strchr(line, ':'), ": run: ", 7) != 0)
			return line;
	}
	return "";
}

static inline void assert_capture(struct screen *screen, const char *wanted)
{
	struct reader reader;
	char *text = capture_text(screen, &reader);

	assert_string_equal(blocks_of(text), wanted);
	free(text);
}

static inline int count(const char *text, const char *word)
{
	int n = 0;

	for (; (text = strstr(text, word)); text += strlen(word))
		n++;
	return n;
}

static inline void feed_walled_begin(struct screen *screen)
{
	struct event event = { .type = EVENT_BEGIN, .host = -1, .begin = begin_record };

	event.begin.wall_ns = WALL;
	event.begin.title = S("A title");
	feed(screen, event);
}

static inline struct packet syn(void)
{
	return (struct packet){
		.af = AF_INET,
		.src = { 10, 0, 1, 1 },
		.dst = { 10, 0, 2, 2 },
		.protocol = IPPROTO_TCP,
		.ttl = 64,
		.id = 0x1234,
		.ip_len = 60,
		.sport = 43210,
		.dport = 8080,
		.seq = 0xdeadbeef,
		.window = 64240,
		.flags = TCPF_SYN,
	};
}

static const uint8_t some_bytes[] = { 0x45, 1, 2, 3, 4, 5, 6 };

static inline struct event sight(int64_t t_ns, int host, bool out, struct packet packet)
{
	return (struct event){ .type = EVENT_PACKET,
			       .t_ns = t_ns,
			       .host = host,
			       .packet = { .ifname = interface(host, out, CLIENT, SERVER),
					   .out = out,
					   .made_here = out && host == CLIENT,
					   .from = CLIENT,
					   .to = SERVER,
					   .held_ns = -1,
					   .packet = packet,
					   .bytes = { (uint8_t *)(uintptr_t)some_bytes,
						      sizeof(some_bytes) } } };
}

static inline struct event hit(int64_t t_ns, int host, const char *fault, const char *past,
			       struct packet packet)
{
	return (struct event){ .type = EVENT_HIT,
			       .t_ns = t_ns,
			       .host = host,
			       .hit = { .fault = S(fault),
					.past = S(past),
					.from = CLIENT,
					.to = SERVER,
					.packet = packet,
					.bytes = { (uint8_t *)(uintptr_t)some_bytes,
						   sizeof(some_bytes) } } };
}

#endif
