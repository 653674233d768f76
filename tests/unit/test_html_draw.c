// SPDX-License-Identifier: GPL-2.0-or-later
/* The HTML report's ladder: is what it draws what the log says? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/html_page.h"

/* ---- packets, time, calls ---------------------------------------------------------------------------- */

/* Both SYNs are there, end in a cross at the host that dropped them, and say so. */
static void test_packets(void **state)
{
	struct page page;

	(void)state;
	page_of(&page, feed_passed);
	assert_int_equal(page_count(&page, "//g[@class='p dead']"), 2);
	assert_int_equal(page_count(&page, "//g/path[@class='x']"), 2);
	assert_page_text(&page, "//g[1]/@data-fate", "dropped at fw by syn-dropped");
	assert_page_text(&page, "//g[1]/@data-t", "0.000400 s");
	assert_page_text(&page, "//g[2]/@data-n", "2");
	assert_int_equal(page_count(&page, "//g[2][@data-c = //g[1]/@data-c]"), 1);
	assert_int_equal(page_count(&page, "//g[2][starts-with(@data-retry, '1, 1.03')]"), 1);
	assert_int_equal(page_count(&page,
				    "//text[contains(@class, 'k ')][. = 'SYN retry 1'][@data-n='2']"),
			 1);
	/* the cross is on fw's lifeline, which is where its name is */
	assert_int_equal(page_count(&page,
				    "//g[1]/path[@class='x'][number(substring-before(substring(@d, 2), ',')) + 5 = "
				    "//div[@class='heads']//text[. = 'fw']/@x]"),
			 1);
	page_close(&page);
}

/* Each time that is written is below the one before, and what is quiet is folded and said. */
static void test_time_axis(void **state)
{
	struct page page;

	(void)state;
	page_of(&page, feed_passed);
	/* what reads alike is written once */
	assert_int_equal(page_count(&page, "//text[@class='time']"), 4);
	assert_int_equal(
		page_count(&page,
			   "//text[@class='time'][@y <= preceding-sibling::text[@class='time']/@y]"),
		0);
	assert_int_equal(page_count(&page, "//text[@class='quiet']"), 2);
	assert_page_text(&page, "//text[@class='quiet'][1]", "1.03 s nothing");
	assert_page_text(&page, "//text[@class='quiet'][2]", "1.47 s nothing");
	page_close(&page);
}

/* Two notes, so far apart. */
static int64_t apart_ns;

static void feed_pause(struct screen *screen)
{
	feed_begin(screen);
	feed(screen,
	     (struct event){ .type = EVENT_NOTE, .host = -1, .t_ns = MS(1), .note = { S("one") } });
	feed(screen, (struct event){ .type = EVENT_NOTE,
				     .host = -1,
				     .t_ns = MS(1) + apart_ns,
				     .note = { S("two") } });
	feed_end(screen, RESULT_PASSED, "", 0, 0);
}

/* How far apart they are drawn. */
static int pause_drawn(struct page *page, int64_t ns)
{
	apart_ns = ns;
	page_of(page, feed_pause);
	return page_count(page, "//svg/text[. = 'note: two']/@y - //svg/text[. = 'note: one']/@y");
}

/* What is short is drawn to scale; quiet hours take as little room as quiet seconds. */
static void test_fold(void **state)
{
	static const int64_t quiet[] = { MS(200), MS(9000), MS(36000000) };
	struct page page;
	int to_scale = pause_drawn(&page, MS(30));

	(void)state;
	assert_in_range(to_scale, 100, 200);
	assert_int_equal(page_count(&page, "//rect[@class='fold']"), 0);
	page_close(&page);
	for (size_t i = 0; i < ARRAY_SIZE(quiet); i++) {
		assert_in_range(pause_drawn(&page, quiet[i]), 30, 80);
		assert_int_equal(page_count(&page, "//rect[@class='fold']"), 1);
		assert_int_equal(page_count(&page, "//text[@class='quiet']"), 1);
		/* between both, and clear of what stands there */
		assert_true(
			page_count(&page,
				   "//rect[@class='fold']/@y - //svg/text[. = 'note: one']/@y") >
			0);
		assert_true(
			page_count(&page,
				   "//svg/text[. = 'note: two']/@y - 10 - //rect[@class='fold']/@y - "
				   "//rect[@class='fold']/@height") > 0);
		/* a zigzag on each of three lifelines */
		assert_int_equal(page_count(&page,
					    "string-length(translate(//path[@class='zag']/@d, "
					    "translate(//path[@class='zag']/@d, 'M', ''), ''))"),
				 3);
		page_close(&page);
	}
}

/* A call is a box from when it begins to when it ends; a state is a band in its colour. */
static void test_calls_and_states(void **state)
{
	struct page page;

	(void)state;
	page_of(&page, feed_passed);
	assert_int_equal(page_count(&page,
				    "//rect[@class='call'][contains(title, 'dial server:8080')]"),
			 1);
	assert_int_equal(page_count(&page,
				    "//rect[@class='call'][contains(title, 'dial')][@height > 100]"),
			 1);
	assert_int_equal(page_count(&page, "//rect[@class='s-opening'][@height > 100]"), 1);
	assert_int_equal(page_count(&page, "//text[@class='state s-opening']"), 1);
	assert_int_equal(page_count(&page, "//text[@class='met']"), 3);
	page_close(&page);
}

static void feed_long_name(struct screen *screen)
{
	feed_begin(screen);
	feed(screen, (struct event){ .type = EVENT_STATE,
				     .t_ns = MS(1),
				     .host = CLIENT,
				     .state = { .socket = S("a-socket-with-a-long-name"),
						.local = S("10.0.1.1:43210"),
						.remote = S("10.0.2.2:8080"),
						.old = S(""),
						.new = S("SYN-SENT") } });
	feed_end(screen, RESULT_PASSED, "", 0, 0);
}

/* Beside the first host's states stand the times. */
static void test_long_name(void **state)
{
	struct page page;

	(void)state;
	page_of(&page, feed_long_name);
	assert_page_text(&page, "//svg/text[@class='state s-opening']/text()", "SYN-SENT");
	assert_int_equal(page_count(&page, "//svg/text/title[contains(., 'long-name')]"), 1);
	page_close(&page);
}

/* ---- packets that wait ---------------------------------------------------------------------- */

static void feed_held(struct screen *screen, int64_t t_ns, int host, int64_t waited_ns,
		      struct packet packet)
{
	feed(screen,
	     (struct event){
		     .type = EVENT_HIT,
		     .t_ns = t_ns,
		     .host = host,
		     .hit = { .fault = S("slow"), .past = S("delayed"), .packet = packet } });
	feed(screen, (struct event){ .type = EVENT_RELEASE,
				     .t_ns = t_ns + waited_ns,
				     .host = host,
				     .release = { .fault = S("slow"),
						  .past = S("delayed"),
						  .from = -1,
						  .waited_ns = waited_ns,
						  .packet = packet } });
}

/* Sent by @from at @t_ns, and held where it comes to. */
static void feed_waits(struct screen *screen, int64_t t_ns, int from, int at, uint32_t seq)
{
	struct packet packet = { .af = AF_INET,
				 .protocol = IPPROTO_TCP,
				 .src = { 10, 0, 1, 1 },
				 .dst = { 10, 0, 2, 2 },
				 .sport = 43210,
				 .dport = 8080,
				 .ttl = 64,
				 .flags = TCPF_SYN,
				 .seq = seq };

	feed(screen, (struct event){ .type = EVENT_PACKET,
				     .t_ns = t_ns,
				     .host = from,
				     .packet = { .ifname = interface(from, true, CLIENT, SERVER),
						 .out = true,
						 .made_here = true,
						 .from = CLIENT,
						 .to = SERVER,
						 .held_ns = -1,
						 .packet = packet } });
	feed(screen, (struct event){ .type = EVENT_PACKET,
				     .t_ns = t_ns + 1000,
				     .host = at,
				     .packet = { .ifname = interface(at, false, CLIENT, SERVER),
						 .from = CLIENT,
						 .to = SERVER,
						 .held_ns = -1,
						 .packet = packet } });
	feed_held(screen, t_ns + 2000, at, MS(40), packet);
}

/* Two wait at fw, one at the server, all at the same time. */
static void feed_all_wait(struct screen *screen)
{
	feed_begin(screen);
	feed_waits(screen, MS(1), CLIENT, FW, 100);
	feed_waits(screen, MS(2), CLIENT, FW, 200);
	feed_waits(screen, MS(3), FW, SERVER, 300);
	feed_end(screen, RESULT_PASSED, "", 0, 0);
}

/* How far right of its host's lifeline the nth bar is. */
static int bar_offset(struct page *page, int nth, const char *host)
{
	char path[256];

	snprintf(path, sizeof(path),
		 "substring-before(substring((//path[@class='w'])[%d]/@d, 2), ',') - "
		 "//div[@class='heads']//text[. = '%s']/@x",
		 nth, host);
	return page_count(page, path);
}

/* They stand side by side at one host; another host has lanes of its own. */
static void test_waiting(void **state)
{
	struct page page;

	(void)state;
	page_of(&page, feed_all_wait);
	assert_int_equal(page_count(&page, "//path[@class='w']"), 3);
	assert_int_equal(bar_offset(&page, 2, "fw"), bar_offset(&page, 1, "fw") + 5);
	assert_int_equal(bar_offset(&page, 3, "server"), bar_offset(&page, 1, "fw"));
	page_close(&page);
}

/* ---- streams, delays ------------------------------------------------------------------------ */

static void feed_seen(struct screen *screen, int64_t t_ns, int host, bool out, struct packet packet,
		      int64_t held_ns)
{
	feed(screen, (struct event){ .type = EVENT_PACKET,
				     .t_ns = t_ns,
				     .host = host,
				     .packet = { .ifname = interface(host, out, CLIENT, SERVER),
						 .out = out,
						 .made_here = out && host == CLIENT,
						 .from = CLIENT,
						 .to = SERVER,
						 .held_ns = held_ns,
						 .packet = packet } });
}

static struct packet segment(int i)
{
	return (struct packet){ .af = AF_INET,
				.protocol = IPPROTO_TCP,
				.src = { 10, 0, 1, 1 },
				.dst = { 10, 0, 2, 2 },
				.sport = 43210,
				.dport = 8080,
				.ttl = 64,
				.seq = 1000 + (uint32_t)i * 1000,
				.ack = 1,
				.flags = TCPF_ACK,
				.payload = 1000,
				.ip_len = 1052 };
}

/* @n segments to the server, one each @pause_ns */
static void feed_segments(struct screen *screen, int n, int64_t pause_ns)
{
	feed_begin(screen);
	for (int i = 0; i < n; i++) {
		struct packet packet = segment(i);
		int64_t t = MS(10) + i * pause_ns;

		feed_seen(screen, t, CLIENT, true, packet, -1);
		feed_seen(screen, t + 10000, FW, false, packet, -1);
		packet.ttl--;
		feed_seen(screen, t + 20000, FW, true, packet, -1);
		feed_seen(screen, t + 30000, SERVER, false, packet, -1);
	}
	feed_end(screen, RESULT_PASSED, "", 0, 0);
}

static void feed_stream(struct screen *screen)
{
	feed_segments(screen, 1000, 100000);
}

static void feed_few(struct screen *screen)
{
	feed_segments(screen, 30, 100000);
}

static void test_stream_is_folded(void **state)
{
	struct page page;
	int shown;

	(void)state;
	page_of(&page, feed_stream);
	shown = page_count(&page, "//g[starts-with(@class, 'p')]");
	assert_in_range(shown, 1, 40);
	assert_page_text(&page, "//text[@class='note']", "… 992 more segments, 992 kB");
	assert_int_equal(shown, 8);
	page_close(&page);
	page_of(&page, feed_few);
	assert_int_equal(page_count(&page, "//g[starts-with(@class, 'p')]"), 30);
	/* each a chain of two arrows */
	assert_int_equal(page_count(&page, "//g/path[@class='a']"), 60);
	page_close(&page);
}

static void test_unfold(void **state)
{
	struct screen screen;
	struct page page;

	(void)state;
	screen_open_as(&screen, &REPORT_HTML,
		       (struct report_options){ .columns = 80, .unfold = true });
	feed_stream(&screen);
	page_open(&page, screen_close(&screen));
	assert_int_equal(page_count(&page, "//g[starts-with(@class, 'p')]"), 1000);
	page_close(&page);
}

/* An arrow on a slow wire is slanted by what it took, not so a fast one. */
static void feed_slow(struct screen *screen)
{
	struct packet packet = segment(0);

	feed_begin(screen);
	feed_seen(screen, MS(1), CLIENT, true, packet, -1);
	feed_seen(screen, MS(41), FW, false, packet, MS(40));
	packet.ttl--;
	feed_seen(screen, MS(41.01), FW, true, packet, -1);
	feed_seen(screen, MS(41.02), SERVER, false, packet, -1);
	feed_end(screen, RESULT_PASSED, "", 0, 0);
}

static void test_slant(void **state)
{
	int x[2][2], y[2][2];
	struct page page;

	(void)state;
	page_of(&page, feed_slow);
	assert_int_equal(page_count(&page, "//g[@data-n='1']/path[@class='a']"), 2);
	for (int i = 0; i < 2; i++) {
		char path[64], *d;

		snprintf(path, sizeof(path), "//g/path[@class='a'][%d]/@d", i + 1);
		d = page_text(&page, path);
		assert_int_equal(sscanf(d, "M%d,%dL%d,%d", &x[i][0], &y[i][0], &x[i][1], &y[i][1]),
				 4);
		free(d);
	}
	assert_int_equal(x[0][1], x[1][0]);
	assert_int_equal(x[1][1] - x[1][0], x[0][1] - x[0][0]);
	assert_true(y[0][1] - y[0][0] > 100);
	assert_in_range(y[1][1] - y[1][0], 0, 30);
	assert_in_range(y[1][0] - y[0][1], 0, 30);
	assert_int_equal(page_count(&page, "//text[contains(., 'held 40 ms')]"), 1);
	page_close(&page);
}

/* A run too long to be drawn: the page stays small, and says how much it leaves out. */
static void feed_long(struct screen *screen)
{
	feed_begin(screen);
	for (int i = 0; i < 20000; i++)
		feed_note(screen, "one of many");
	feed_end(screen, RESULT_PASSED, "", 0, 0);
}

static void test_long(void **state)
{
	struct page page;
	int left_out, drawn;
	char *text;

	(void)state;
	page_of(&page, feed_long);
	text = page_text(&page, "//svg/text[contains(., 'things are left out')]");
	assert_int_equal(sscanf(text, "… %d things", &left_out), 1);
	drawn = page_count(&page, "//svg/text[contains(., 'one of many')]");
	assert_int_equal(drawn + left_out, 20000);
	free(text);
	page_close(&page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packets),
		cmocka_unit_test(test_time_axis),
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_calls_and_states),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_stream_is_folded),
		cmocka_unit_test(test_unfold),
		cmocka_unit_test(test_slant),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests_name("html_draw", tests, NULL, NULL);
}
