// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/main.h"
#include "tests/unit/report_screen.h"

#include "lab/report/ladder.h"

/* clang-format off: pictures */
static const char golden_unicode[] =
	"dial-syn-dropped[ip=4]\n"
	"\n"
	"           client                           fw                           server\n"
	"  0.000 s     │                              │                 listen 8080  │\n"
	"  0.000 s     │┌ dial server:8080 as conn    │                              │\n"
	"  0.000 s     ├─ SYN ───────────────────────►✗ dropped by syn-dropped       │\n"
	"  0.000 s     ┃│ [conn SYN-SENT]             │                              │\n"
	"  0.000 s     ┃✓ line 16: socket conn state SYN-SENT: SYN-SENT within 500 ms│\n"
	"  ⋮ 1.03 s    ┊                              ┊                              ┊\n"
	"  1.031 s     ├─ SYN retry 1, +1.03 s ──────►✗ dropped by syn-dropped       │\n"
	"  ⋮ 1.47 s    ┊                              ┊                              ┊\n"
	"  2.500 s     ┃└ dial: deadline after 2.5 s  │                              │\n"
	"  2.501 s     │  [conn CLOSED]               │                              │\n"
	"  2.501 s     │✓ line 17: dial server:8080 as conn: deadline after 2.5 s    │\n"
	"  2.501 s     │✓ line 19: fault syn-dropped: 2 hits                         │\n"
	"[states of sockets are sampled, at least every 5 ms]\n"
	"passed after 2.53 s\n";

static const char golden_ascii[] =
	"dial-syn-dropped[ip=4]\n"
	"\n"
	"           client                           fw                           server\n"
	"  0.000 s     :                              :                 listen 8080  :\n"
	"  0.000 s     :. dial server:8080 as conn    :                              :\n"
	"  0.000 s     +- SYN ----------------------->x dropped by syn-dropped       :\n"
	"  0.000 s     || [conn SYN-SENT]             :                              :\n"
	"  0.000 s     |+ line 16: socket conn state SYN-SENT: SYN-SENT within 500 ms:\n"
	"  : 1.03 s    .                              .                              .\n"
	"  1.031 s     +- SYN retry 1, +1.03 s ------>x dropped by syn-dropped       :\n"
	"  : 1.47 s    .                              .                              .\n"
	"  2.500 s     |' dial: deadline after 2.5 s  :                              :\n"
	"  2.501 s     :  [conn CLOSED]               :                              :\n"
	"  2.501 s     :+ line 17: dial server:8080 as conn: deadline after 2.5 s    :\n"
	"  2.501 s     :+ line 19: fault syn-dropped: 2 hits                         :\n"
	"[states of sockets are sampled, at least every 5 ms]\n"
	"passed after 2.53 s\n";
/* clang-format on */

static char *run_drawn(struct report_options options)
{
	struct screen screen;

	screen_open_as(&screen, &REPORT_LADDER, options);
	feed_run(&screen, "2 hits");
	return screen_close(&screen);
}

static void test_ladder_golden_unicode(void **state)
{
	_cleanup_free_ char *text =
		run_drawn((struct report_options){ .columns = 80, .unicode = true });

	(void)state;
	assert_string_equal(text, golden_unicode);
}

static void test_ladder_golden_ascii(void **state)
{
	_cleanup_free_ char *text = run_drawn((struct report_options){ .columns = 80 });

	(void)state;
	assert_string_equal(text, golden_ascii);
}

/* With more room the last host's texts stand beside its lifeline, and nothing is cut. */
static void test_ladder_wide(void **state)
{
	_cleanup_free_ char *text =
		run_drawn((struct report_options){ .columns = 200, .unicode = true, .seq = true });

	(void)state;
	assert_non_null(strstr(text, "│  listen 8080\n"));
	assert_non_null(strstr(text, "├─ SYN seq 0 retry 1, +1.03 s ─────────►✗ dropped by"));
	assert_width(text, 200);
}

/* Without room for lifelines everything is told in words, and nothing is wider than the paper. */
static void test_ladder_narrow(void **state)
{
	_cleanup_free_ char *text =
		run_drawn((struct report_options){ .columns = 40, .unicode = true });

	(void)state;
	assert_non_null(strstr(text, "  0.000 s  client → fw  SYN  ✗ dropped …\n"));
	assert_non_null(strstr(text, "  0.000 s  server: listen 8080\n"));
	assert_width(text, 40);
}

/* Colours begin and end in the line. */
static void test_ladder_colour(void **state)
{
	_cleanup_free_ char *text = run_drawn(
		(struct report_options){ .columns = 80, .unicode = true, .colour = true });
	char *rest = text, *line;

	(void)state;
	assert_non_null(strstr(text, "\033[31m✗ dropped by syn-dropped"));
	while ((line = strsep(&rest, "\n"))) {
		const char *last = NULL;

		for (char *at = line; (at = strchr(at, '\033')); at++)
			last = at;
		assert_true(!last || !strncmp(last, "\033[0m", 4));
	}
}

/* A slow wire bends the arrow; the way back does the same the other way round. */
static void test_ladder_slow_wire(void **state)
{
	struct screen screen;

	(void)state;
	screen_open_as(&screen, &REPORT_LADDER,
		       (struct report_options){ .columns = 80, .unicode = true });
	feed_begin(&screen);
	feed_packet(&screen, MS(1), CLIENT, true, CLIENT, SERVER, TCPF_SYN, 0, 0, 0);
	feed_packet(&screen, MS(21), FW, false, CLIENT, SERVER, TCPF_SYN, 0, 0, 0);
	feed_packet(&screen, MS(21.1), FW, true, CLIENT, SERVER, TCPF_SYN, 0, 0, 0);
	feed_packet(&screen, MS(31), SERVER, false, CLIENT, SERVER, TCPF_SYN, 0, 0, 0);
	feed_packet(&screen, MS(32), SERVER, true, SERVER, CLIENT, TCPF_SYN | TCPF_ACK, 0, 0, 0);
	feed_packet(&screen, MS(42), FW, false, SERVER, CLIENT, TCPF_SYN | TCPF_ACK, 0, 0, 0);
	screen_close(&screen);
	assert_non_null(strstr(
		screen.text,
		"  0.001 s     ├─ SYN ────────╮               │                              │\n"
		"  0.021 s     │              ╰─ SYN ────────►┼──────────────╮               │\n"
		"  0.031 s     │                              │              ╰─ SYN ────────►│\n"
		"  0.032 s     │                              │              ╭───── SYN-ACK ─┤\n"
		"  0.042 s     │                              │◄─── SYN-ACK ─╯               │\n"));
	free(screen.text);
}

static void test_ladder_stream(void **state)
{
	struct screen screen;

	(void)state;
	for (int unfold = 0; unfold < 2; unfold++) {
		int shown = 0;

		screen_open_as(&screen, &REPORT_LADDER,
			       (struct report_options){
				       .columns = 80, .unicode = true, .unfold = unfold });
		feed_begin(&screen);
		for (int i = 0; i < 100; i++)
			feed_packet(&screen, MS(1) + i * 100000, CLIENT, true, CLIENT, SERVER,
				    TCPF_ACK, 1000, 0, 0);
		screen_close(&screen);
		for (char *at = screen.text; (at = strstr(at, "1000 B")); at++)
			shown++;
		assert_int_equal(shown, unfold ? 100 : 8);
		assert_true(!strstr(screen.text, "… 92 more segments, 92000 B") == !!unfold);
		free(screen.text);
	}
}

/* A log that breaks off, one without a begin, and one after the other. */
static void test_ladder_cut(void **state)
{
	struct screen screen;

	(void)state;
	screen_open_as(&screen, &REPORT_LADDER, (struct report_options){ .columns = 80 });
	feed_syn(&screen, MS(1), 0, 0);
	feed_step(&screen, MS(1), CLIENT, "client: dial", NULL, 0);
	feed_begin(&screen);
	feed_syn(&screen, MS(1), 0, 0);
	screen_close(&screen);
	assert_non_null(strstr(screen.text, "  0.001 s  SYN  x dropped by syn-dropped\n"
					    "the log ends before the run did\n\n"
					    "dial-syn-dropped[ip=4]\n\n"));
	assert_non_null(strstr(screen.text, "x dropped by syn-dropped"));
	free(screen.text);
}

static void test_ladder_hostile(void **state)
{
	static char evil[] = "\033[31m\xff<b>\xe2\x80\xae\n\t";
	char *names[] = { evil, evil, evil };
	struct event_begin begin = begin_record;
	struct screen screen;

	(void)state;
	begin.hosts = names;
	for (int i = 0; i < 8; i++) {
		bool unicode = i & 1;

		screen_open_as(&screen, &REPORT_LADDER,
			       (struct report_options){
				       .columns = 30 + 40 * i, .unicode = unicode, .seq = i & 2 });
		feed(&screen, (struct event){ .type = EVENT_BEGIN, .host = -1, .begin = begin });
		feed_syn(&screen, INT64_MIN, 1, INT64_MIN);
		feed_syn(&screen, MS(1), 1, INT64_MAX);
		feed_step(&screen, MS(2), 77, evil, NULL, 0);
		feed_step(&screen, MS(2), CLIENT, evil, evil, INT64_MAX);
		feed_state(&screen, MS(3), evil, evil);
		feed_expectation(&screen, INT64_MAX, -1, 3, evil, evil, "x");
		feed_end(&screen, RESULT_FAILED, evil, 0, 1);
		screen_close(&screen);
		assert_harmless(screen.text, unicode);
		assert_width(screen.text, 30 + 40 * i > 40 ? 30 + 40 * i : 40);
		free(screen.text);
	}
}

/* For other reports: as text, and not without end. */
static void test_ladder_text_bounded(void **state)
{
	struct ladder_text *ladder = ladder_text_new(&begin_record);
	struct event event = { .type = EVENT_STEP_BEGIN, .host = CLIENT };
	_cleanup_free_ char *text = NULL;
	char word[40];

	(void)state;
	assert_non_null(ladder);
	event.step.text = word;
	for (int i = 0; i < 20000; i++) {
		snprintf(word, sizeof(word), "step %d of many", i);
		event.step.number = i;
		event.t_ns = i * 1000000LL;
		ladder_text_event(ladder, &event);
	}
	text = ladder_text_free(ladder);
	assert_non_null(text);
	assert_true(strlen(text) < 400000);
	assert_non_null(strstr(text, "step 0 of many"));
	assert_non_null(strstr(text, "step 19999 of many"));
	assert_non_null(strstr(text, "\n  … lines are left out here: the run is too long\n"));
	assert_null(strstr(text, "step 10000 of many"));
	assert_width(text, 80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ladder_golden_unicode),
		cmocka_unit_test(test_ladder_golden_ascii),
		cmocka_unit_test(test_ladder_wide),
		cmocka_unit_test(test_ladder_narrow),
		cmocka_unit_test(test_ladder_colour),
		cmocka_unit_test(test_ladder_slow_wire),
		cmocka_unit_test(test_ladder_stream),
		cmocka_unit_test(test_ladder_cut),
		cmocka_unit_test(test_ladder_hostile),
		cmocka_unit_test(test_ladder_text_bounded),
	};

	return TEST_MAIN("ladder", tests, NULL, NULL);
}
