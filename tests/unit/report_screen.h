/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A report that is written into memory, and logs to feed it with. Behind cmocka.h. */
#ifndef NSLAB_TESTS_UNIT_REPORT_SCREEN_H
#define NSLAB_TESTS_UNIT_REPORT_SCREEN_H

#include <stdlib.h>
#include <string.h>

#include "lab/event/utf8.h"
#include "lab/report/report.h"
#include "lab/report/terminal_text.h"
#include "netns/cleanup.h"

#define S(text) ((char *)(text))
#define MS(ms)	((int64_t)((ms)*1e6))

enum { CLIENT, FW, SERVER };

static char *three[] = { S("client"), S("fw"), S("server") };
static struct event_fault_info faults[] = {
	{ S("syn-dropped"), FW, S("drop syn from client to server"), true },
};

static struct event_link_info links[] = {
	{ { CLIENT, FW },
	  { S("fw"), S("client") },
	  { S("10.0.1.1"), S("10.0.1.2") },
	  { S(""), S("") },
	  { S(""), S("") } },
	{ { FW, SERVER },
	  { S("server"), S("fw") },
	  { S("10.0.2.1"), S("10.0.2.2") },
	  { S(""), S("") },
	  { S(""), S("") } },
};

static const struct event_begin begin_record = {
	.version = EVENT_FORMAT_VERSION,
	.nslab = S("0.1.0"),
	.shaper = S(""),
	.kernel = S("6.18.0"),
	.scenario = S("dial-syn-dropped"),
	.name = S("dial-syn-dropped[ip=4]"),
	.file = S("dial/syn-dropped.yaml"),
	.title = S("The firewall silently drops SYN, and dial hangs until the caller's own "
		   "deadline"),
	.story = S("The client's kernel sends a SYN, and the firewall throws it away without a "
		   "word. The\nclient cannot tell that from a slow network, so it sends the SYN "
		   "again after 1, 3 and 7 s…\n\nOnly the program's own deadline ends the wait.\n"),
	.remedy = S("Give every dial a deadline:\n\n    d := net.Dialer{Timeout: 5 * time.Second}\n"
		    "\nAsk whoever runs the firewall to reject rather than to drop.\n"),
	.set = S("ip=4"),
	.repeat = S("nslab run dial-syn-dropped --set ip=4 --seed 1"),
	.seed = 1,
	.hosts = three,
	.n_hosts = 3,
	.faults = faults,
	.n_faults = 1,
	.links = links,
	.n_links = 2,
};

/* A report that is written into memory. */
struct screen {
	const struct report_type *type;
	struct report *report;
	FILE *out;
	char *text;
	size_t size;
};

static inline void screen_open_as(struct screen *screen, const struct report_type *type,
				  struct report_options options)
{
	memset(screen, 0, sizeof(*screen));
	screen->type = type;
	screen->out = open_memstream(&screen->text, &screen->size);
	assert_non_null(screen->out);
	screen->report = type->open(screen->out, &options);
	assert_non_null(screen->report);
}

static inline void screen_open(struct screen *screen, struct report_options options)
{
	screen_open_as(screen, &REPORT_TERMINAL, options);
}

/* Return: what was written, to be freed */
static inline char *screen_close(struct screen *screen)
{
	screen->type->close(screen->report);
	assert_int_equal(fclose(screen->out), 0);
	return screen->text;
}

static inline void feed(struct screen *screen, struct event event)
{
	screen->type->event(screen->report, &event);
}

static inline void feed_begin(struct screen *screen)
{
	feed(screen, (struct event){ .type = EVENT_BEGIN, .host = -1, .begin = begin_record });
}

/* The interface where it is seen: it has the name of the host behind it. */
static inline char *interface(int host, bool out, int from, int to)
{
	bool server_side = out ? to == SERVER : from == SERVER;

	if (host != FW)
		return S("fw");
	return server_side ? S("server") : S("client");
}

static inline void feed_packet(struct screen *screen, int64_t t_ns, int host, bool out, int from,
			       int to, uint8_t flags, uint32_t payload, int retry, int64_t since_ns)
{
	feed(screen, (struct event){ .type = EVENT_PACKET,
				     .t_ns = t_ns,
				     .host = host,
				     .packet = { .ifname = interface(host, out, from, to),
						 .out = out,
						 .made_here = out && host == from,
						 .from = from,
						 .to = to,
						 .retry = retry,
						 .since_ns = since_ns,
						 .held_ns = -1,
						 .packet = { .af = AF_INET,
							     .protocol = IPPROTO_TCP,
							     .src = { 10, 0, 1, 1 },
							     .dst = { 10, 0, 2, 2 },
							     .sport = 43210,
							     .dport = 8080,
							     .flags = flags,
							     .payload = payload } } });
}

static inline void feed_hit(struct screen *screen, int64_t t_ns)
{
	feed(screen,
	     (struct event){ .type = EVENT_HIT,
			     .t_ns = t_ns,
			     .host = FW,
			     .hit = { .fault = S("syn-dropped"),
				      .past = S("dropped"),
				      .from = CLIENT,
				      .to = SERVER,
				      .packet = { .protocol = IPPROTO_TCP, .flags = TCPF_SYN } } });
}

static inline void feed_step(struct screen *screen, int64_t t_ns, int host, const char *text,
			     const char *error, int64_t took_ns)
{
	feed(screen, (struct event){ .type = error ? EVENT_STEP_END : EVENT_STEP_BEGIN,
				     .t_ns = t_ns,
				     .host = host,
				     .step = { .text = S(text),
					       .error = S(error ? error : ""),
					       .took_ns = took_ns,
					       .bytes = -1,
					       .exit = -1,
					       .detail = S("") } });
}

static inline void feed_state(struct screen *screen, int64_t t_ns, const char *old, const char *new)
{
	feed(screen, (struct event){ .type = EVENT_STATE,
				     .t_ns = t_ns,
				     .host = CLIENT,
				     .state = { .socket = S("conn"),
						.local = S("10.0.1.1:43210"),
						.remote = S("10.0.2.2:8080"),
						.old = S(old),
						.new = S(new) } });
}

static inline void feed_expectation(struct screen *screen, int64_t t_ns, int host, int line,
				    const char *text, const char *expected, const char *observed)
{
	feed(screen, (struct event){ .type = EVENT_EXPECTATION,
				     .t_ns = t_ns,
				     .host = host,
				     .expectation = { .number = 1,
						      .line = line,
						      .text = S(text),
						      .expected = S(expected),
						      .observed = S(observed),
						      .met = strcmp(expected, observed) == 0 } });
}

static inline void feed_end(struct screen *screen, enum result result, const char *text, int met,
			    int unmet)
{
	feed(screen, (struct event){ .type = EVENT_END,
				     .t_ns = MS(2530),
				     .host = -1,
				     .end = { .result = result,
					      .text = S(text),
					      .signal = result == RESULT_INTERRUPTED ? 2 : 0,
					      .met = met,
					      .unmet = unmet,
					      .took_ns = MS(2530) } });
}

/* One SYN on its way: it leaves the client, arrives at fw, and that is all. */
static inline void feed_syn(struct screen *screen, int64_t t_ns, int retry, int64_t since_ns)
{
	feed_packet(screen, t_ns, CLIENT, true, CLIENT, SERVER, TCPF_SYN, 0, retry, since_ns);
	feed_packet(screen, t_ns + 20000, FW, false, CLIENT, SERVER, TCPF_SYN, 0, 0, 0);
	feed_hit(screen, t_ns + 30000);
}

/* A run as the scenario dial-syn-dropped makes it; @hits: what the check of the fault sees. */
static inline void feed_run(struct screen *screen, const char *hits)
{
	bool passed = strcmp(hits, "2 hits") == 0;

	feed_begin(screen);
	feed(screen, (struct event){ .type = EVENT_BUILT, .host = -1 });
	feed_step(screen, MS(0.1), SERVER, "server: listen 8080", NULL, 0);
	feed_step(screen, MS(0.2), SERVER, "server: listen 8080", "none", 60000);
	feed_step(screen, MS(0.3), CLIENT, "client: dial server:8080 as conn", NULL, 0);
	feed_syn(screen, MS(0.4), 0, 0);
	feed_state(screen, MS(0.6), "", "SYN-SENT");
	feed_step(screen, MS(0.7), -1, "check socket conn state SYN-SENT", NULL, 0);
	feed_expectation(screen, MS(0.8), CLIENT, 16, "socket conn state SYN-SENT",
			 "SYN-SENT within 500 ms", "SYN-SENT within 500 ms");
	feed_step(screen, MS(0.8), -1, "await conn", NULL, 0);
	feed_syn(screen, MS(1031.2), 1, MS(1030.8));
	feed_step(screen, MS(2500.9), CLIENT, "client: dial server:8080 as conn", "deadline",
		  MS(2500.6));
	feed_state(screen, MS(2501), "SYN-SENT", "CLOSED");
	feed_expectation(screen, MS(2501.1), CLIENT, 17, "dial server:8080 as conn",
			 "deadline after 2.5 s", "deadline after 2.5 s");
	feed_expectation(screen, MS(2501.2), FW, 19, "fault syn-dropped", "2 hits", hits);
	feed_end(screen, passed ? RESULT_PASSED : RESULT_FAILED, "", passed ? 3 : 2, !passed);
}

/* Every line is at most @columns wide, but for the one that is there to be copied. */
static inline void assert_width(const char *text, int columns)
{
	struct paper paper;
	char *copy = strdup(text), *rest = copy, *line;

	paper_init(&paper, columns, false, true);
	while ((line = strsep(&rest, "\n"))) {
		if (strncmp(line, "again: ", 7) != 0 && text_width(&paper, line) > columns)
			fail_msg("wider than %d: %s", columns, line);
	}
	paper_release(&paper);
	free(copy);
}

/* Nothing that a terminal would obey, and nothing but UTF-8 (or ASCII). */
static inline void assert_harmless(const char *text, bool unicode)
{
	uint32_t c;

	for (size_t i = 0, len = strlen(text); i < len;) {
		int n = utf8_decode(text + i, len - i, &c);

		assert_true(n > 0);
		assert_true(c >= ' ' || c == '\n');
		assert_false(c >= 0x7f && c < 0xa0);
		assert_false(c >= 0x200b && c <= 0x200f);
		assert_false(c >= 0x202a && c <= 0x202e);
		assert_false(c >= 0x2066 && c <= 0x2069);
		assert_true(unicode || c < 0x7f);
		i += (size_t)n;
	}
}

#endif
