// SPDX-License-Identifier: GPL-2.0-or-later
/* What a person sees: whole reports against golden text, and how special logs come out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/report_screen.h"

static char *twelve[] = { S("h1"), S("h2"), S("h3"), S("h4"),  S("h5"),	 S("h6"),
			  S("h7"), S("h8"), S("h9"), S("h10"), S("h11"), S("h12") };

#define HEADER                                                                              \
	"dial-syn-dropped[ip=4]\n"                                                          \
	"The firewall silently drops SYN, and dial hangs until the caller's own deadline\n" \
	"client -- fw -- server, IPv4\n"                                                    \
	"fault syn-dropped at fw: drop syn from client to server\n"

static const char golden_unicode[] = HEADER
	"\n"
	"           client            fw                server\n"
	"  0.000 s                                      listen 8080\n"
	"  0.000 s  dial server:8080 as conn\n"
	"  0.000 s  → SYN\n"
	"  0.000 s                    ✗ SYN dropped by syn-dropped\n"
	"  0.000 s  [conn SYN-SENT]\n"
	"  1.031 s  → SYN retry 1, +1.03 s\n"
	"  1.031 s                    ✗ SYN dropped by syn-dropped\n"
	"  2.500 s  dial: deadline after 2.5 s\n"
	"  2.501 s  [conn CLOSED]\n"
	"\n"
	"Expectations\n"
	"  ok      line 16: socket conn state SYN-SENT: SYN-SENT within 500 ms\n"
	"  ok      line 17: dial server:8080 as conn: deadline after 2.5 s\n"
	"  ok      line 19: fault syn-dropped: 2 hits\n"
	"\n"
	"What happened\n"
	"  The client's kernel sends a SYN, and the firewall throws it away without a\n"
	"  word. The client cannot tell that from a slow network, so it sends the SYN\n"
	"  again after 1, 3 and 7 s…\n"
	"\n"
	"  Only the program's own deadline ends the wait.\n"
	"\n"
	"What to do\n"
	"  Give every dial a deadline:\n"
	"\n"
	"      d := net.Dialer{Timeout: 5 * time.Second}\n"
	"\n"
	"  Ask whoever runs the firewall to reject rather than to drop.\n"
	"\n"
	"PASSED dial-syn-dropped[ip=4] in 2.53 s: 3 expectations met\n"
	"again: nslab run dial-syn-dropped --set ip=4 --seed 1\n";

static void test_terminal_golden_unicode(void **state)
{
	struct screen screen;

	(void)state;
	screen_open(&screen, (struct report_options){ .columns = 80, .unicode = true });
	feed_run(&screen, "2 hits");
	screen_close(&screen);
	assert_string_equal(screen.text, golden_unicode);
	assert_width(screen.text, 80);
	assert_harmless(screen.text, true);
	free(screen.text);
}

/* The failure in full; the story says what should happen, and stands in the first case only. */
static const char golden_ascii[] = HEADER
	"\n"
	"           client            fw                server\n"
	"  0.000 s                                      listen 8080\n"
	"  0.000 s  dial server:8080 as conn\n"
	"  0.000 s  -> SYN\n"
	"  0.000 s                    x SYN dropped by syn-dropped\n"
	"  0.000 s  [conn SYN-SENT]\n"
	"  1.031 s  -> SYN retry 1, +1.03 s\n"
	"  1.031 s                    x SYN dropped by syn-dropped\n"
	"  2.500 s  dial: deadline after 2.5 s\n"
	"  2.501 s  [conn CLOSED]\n"
	"  2.501 s                    FAILED: fault syn-dropped\n"
	"\n"
	"Expectations\n"
	"  ok      line 16: socket conn state SYN-SENT: SYN-SENT within 500 ms\n"
	"  ok      line 17: dial server:8080 as conn: deadline after 2.5 s\n"
	"  FAILED  dial/syn-dropped.yaml:19: fault syn-dropped\n"
	"          expected: 2 hits\n"
	"          observed: 3 hits\n"
	"          before it, in the timeline:\n"
	"  0.000 s                    x SYN dropped by syn-dropped\n"
	"  0.000 s  [conn SYN-SENT]\n"
	"  1.031 s  -> SYN retry 1, +1.03 s\n"
	"  1.031 s                    x SYN dropped by syn-dropped\n"
	"  2.500 s  dial: deadline after 2.5 s\n"
	"  2.501 s  [conn CLOSED]\n"
	"\n"
	"What should happen\n"
	"  The client's kernel sends a SYN, and the firewall throws it away without a\n"
	"  word. The client cannot tell that from a slow network, so it sends the SYN\n"
	"  again after 1, 3 and 7 s...\n"
	"\n"
	"  Only the program's own deadline ends the wait.\n"
	"\n"
	"What to do\n"
	"  Give every dial a deadline:\n"
	"\n"
	"      d := net.Dialer{Timeout: 5 * time.Second}\n"
	"\n"
	"  Ask whoever runs the firewall to reject rather than to drop.\n"
	"\n"
	"FAILED dial-syn-dropped[ip=4] after 2.53 s: 1 of 3 expectations not met\n"
	"again: nslab run dial-syn-dropped --set ip=4 --seed 1\n";

static void test_terminal_golden_ascii(void **state)
{
	struct screen screen;

	(void)state;
	screen_open(&screen, (struct report_options){ .columns = 80 });
	feed_run(&screen, "3 hits");
	screen_close(&screen);
	assert_string_equal(screen.text, golden_ascii);
	assert_width(screen.text, 80);
	assert_harmless(screen.text, false);
	free(screen.text);
}

/* Several cases of one scenario: an empty line between them, the story once. */
static void test_terminal_story_once(void **state)
{
	struct screen screen;
	char *story;

	(void)state;
	screen_open(&screen, (struct report_options){ .columns = 80, .unicode = true });
	feed_run(&screen, "2 hits");
	feed_run(&screen, "2 hits");
	screen_close(&screen);
	assert_memory_equal(screen.text, golden_unicode, strlen(golden_unicode));
	assert_non_null(strstr(screen.text, "--seed 1\n\ndial-syn-dropped[ip=4]\nThe firewall"));
	story = strstr(screen.text, "What happened");
	assert_non_null(story);
	assert_null(strstr(story + 1, "What happened"));
	free(screen.text);
}

/* Without the escapes it is the same text, and what is switched on is switched off. */
static void test_terminal_colour(void **state)
{
	struct screen screen;
	char *to, *from;
	bool on = false;

	(void)state;
	screen_open(&screen,
		    (struct report_options){ .columns = 80, .unicode = true, .colour = true });
	feed_run(&screen, "2 hits");
	screen_close(&screen);
	assert_non_null(strstr(screen.text, "\033[31m✗ SYN dropped by syn-dropped\033[0m\n"));
	assert_non_null(strstr(screen.text, "\033[33m→ SYN retry 1, +1.03 s\033[0m\n"));
	assert_non_null(strstr(screen.text, "\033[36m[conn SYN-SENT]\033[0m\n"));
	assert_non_null(strstr(screen.text, "\033[32mPASSED\033[0m "));
	for (to = from = screen.text; *from;) {
		if (*from != '\033') {
			*to++ = *from++;
			continue;
		}
		assert_int_equal(strncmp(from, "\033[0m", 4) == 0, on);
		on = !on;
		from = strchr(from, 'm') + 1;
	}
	*to = '\0';
	assert_false(on);
	assert_string_equal(screen.text, golden_unicode);
	free(screen.text);
}

static void test_terminal_quiet(void **state)
{
	static const char expected[] = HEADER
		"\n"
		"Expectations\n"
		"  FAILED  dial/syn-dropped.yaml:19: fault syn-dropped\n"
		"          expected: 2 hits\n"
		"          observed: 3 hits\n"
		"          before it, in the timeline:\n"
		"  0.000 s                    ✗ SYN dropped by syn-dropped\n"
		"  0.000 s  [conn SYN-SENT]\n"
		"  1.031 s  → SYN retry 1, +1.03 s\n"
		"  1.031 s                    ✗ SYN dropped by syn-dropped\n"
		"  2.500 s  dial: deadline after 2.5 s\n"
		"  2.501 s  [conn CLOSED]\n"
		"\n"
		"What should happen\n"
		"  The client's kernel sends a SYN, and the firewall throws it away without a\n"
		"  word. The client cannot tell that from a slow network, so it sends the SYN\n"
		"  again after 1, 3 and 7 s…\n"
		"\n"
		"  Only the program's own deadline ends the wait.\n"
		"\n"
		"What to do\n"
		"  Give every dial a deadline:\n"
		"\n"
		"      d := net.Dialer{Timeout: 5 * time.Second}\n"
		"\n"
		"  Ask whoever runs the firewall to reject rather than to drop.\n"
		"\n"
		"FAILED dial-syn-dropped[ip=4] after 2.53 s: 1 of 3 expectations not met\n"
		"again: nslab run dial-syn-dropped --set ip=4 --seed 1\n";
	struct screen screen;

	(void)state;
	screen_open(&screen,
		    (struct report_options){ .columns = 80, .unicode = true, .quiet = true });
	feed_run(&screen, "2 hits");
	fflush(screen.out);
	assert_string_equal(screen.text, "");
	feed_run(&screen, "3 hits");
	feed_run(&screen, "2 hits");
	screen_close(&screen);
	assert_string_equal(screen.text, expected);
	free(screen.text);
}

/* A run of nothing, which ends like that. */
static char *ended(enum result result, const char *text, bool error, bool quiet)
{
	struct screen screen;
	struct event e = { .type = EVENT_ERROR,
			   .t_ns = MS(1),
			   .host = -1,
			   .error = { .text = S("cannot make a user namespace: EPERM"),
				      .fix = S("run it as root") } };

	screen_open(&screen, (struct report_options){ .columns = 80, .quiet = quiet });
	feed_begin(&screen);
	if (error)
		feed(&screen, e);
	feed_end(&screen, result, text, 0, 0);
	return screen_close(&screen);
}

static void assert_ends(char *text, const char *end)
{
	size_t len = strlen(text), want = strlen(end);

	if (len < want || strcmp(text + len - want, end) != 0)
		fail_msg("\"%s\" does not end in \"%s\"", text, end);
	free(text);
}

#define AGAIN "again: nslab run dial-syn-dropped --set ip=4 --seed 1\n"

static void test_terminal_results(void **state)
{
	char *text;

	(void)state;
	assert_ends(ended(RESULT_ERROR, "", true, false),
		    "ERROR dial-syn-dropped[ip=4] after 2.53 s: cannot make a user namespace: "
		    "EPERM\n  fix: run it as root\n" AGAIN);
	assert_ends(ended(RESULT_ERROR, "the lab could not be built", true, true),
		    "ERROR dial-syn-dropped[ip=4] after 2.53 s: the lab could not be built\n"
		    "  cannot make a user namespace: EPERM\n  fix: run it as root\n" AGAIN);
	assert_ends(ended(RESULT_SKIPPED, "this kernel has no netem", false, false),
		    "\nSKIPPED dial-syn-dropped[ip=4]: this kernel has no netem\n" AGAIN);
	assert_ends(ended(RESULT_INTERRUPTED, "", false, false),
		    "\nINTERRUPTED dial-syn-dropped[ip=4] by SIGINT after 2.53 s\n" AGAIN);
	assert_ends(ended(RESULT_FAILED, "the run took longer than 60 s", false, false),
		    "\nFAILED dial-syn-dropped[ip=4] after 2.53 s: the run took longer than "
		    "60 s\n" AGAIN);
	text = ended(RESULT_SKIPPED, "why", false, true);
	assert_string_equal(text, "SKIPPED dial-syn-dropped[ip=4]: why\n" AGAIN);
	free(text);
}

/* A killed worker leaves no end; the next run begins all the same. */
static void test_terminal_no_end(void **state)
{
	struct screen screen;
	char *killed;

	(void)state;
	screen_open(&screen, (struct report_options){ .columns = 80 });
	feed_begin(&screen);
	feed_syn(&screen, MS(1), 0, 0);
	feed_begin(&screen);
	screen_close(&screen);
	killed = strstr(screen.text, "\nERROR dial-syn-dropped[ip=4]: the log ends before");
	assert_non_null(killed);
	assert_non_null(strstr(killed + 1, "\nERROR dial-syn-dropped[ip=4]: the log ends before"));
	free(screen.text);

	screen_open(&screen, (struct report_options){ .columns = 80 });
	screen_close(&screen);
	assert_string_equal(screen.text, "");
	free(screen.text);
}

static void test_terminal_no_begin(void **state)
{
	struct screen screen;

	(void)state;
	screen_open(&screen, (struct report_options){ .columns = 80 });
	feed_syn(&screen, MS(1), 0, 0);
	feed_end(&screen, RESULT_PASSED, "", 0, 0);
	screen_close(&screen);
	assert_string_equal(screen.text,
			    "  0.001 s  host 0: -> SYN\n"
			    "  0.001 s  host 1: x SYN dropped by syn-dropped\n"
			    "\n"
			    "PASSED a run without a name in 2.53 s: 0 expectations met\n");
	free(screen.text);
}

static void feed_hosts(struct screen *screen, char **hosts, int n)
{
	struct event_begin b = begin_record;

	b.hosts = hosts;
	b.n_hosts = n;
	b.n_faults = b.n_links = 0;
	feed(screen, (struct event){ .type = EVENT_BEGIN, .host = -1, .begin = b });
}

static void test_terminal_one_host(void **state)
{
	struct screen screen;

	(void)state;
	screen_open(&screen, (struct report_options){ .columns = 80 });
	feed_hosts(&screen, three, 1);
	feed_packet(&screen, MS(1), 0, true, 0, 0, TCPF_SYN, 0, 0, 0);
	feed_packet(&screen, MS(1), 0, false, 0, 0, TCPF_SYN, 0, 0, 0);
	feed_step(&screen, MS(12345), 0, "client: recv conn bytes 5", "none", MS(0.3));
	feed_end(&screen, RESULT_PASSED, "", 1, 0);
	screen_close(&screen);
	assert_non_null(strstr(screen.text, "\nclient\n\n"
					    "           client\n"
					    "  0.001 s  -> SYN\n"
					    "  0.001 s  ->| SYN\n"
					    " 12.345 s  recv: ok after 0.3 ms\n"));
	assert_non_null(strstr(screen.text, ": 1 expectation met\n"));
	free(screen.text);
}

/* Too many for columns: their names stand in the lines. */
static void test_terminal_twelve_hosts(void **state)
{
	struct screen screen;

	(void)state;
	screen_open(&screen, (struct report_options){ .columns = 80 });
	feed_hosts(&screen, twelve, 12);
	feed_packet(&screen, MS(1), 0, true, 0, 11, TCPF_SYN, 0, 0, 0);
	feed_packet(&screen, MS(2), 11, true, 11, 0, TCPF_SYN | TCPF_ACK, 0, 0, 0);
	feed_packet(&screen, MS(3), 0, false, 11, 0, TCPF_SYN | TCPF_ACK, 0, 0, 0);
	screen_close(&screen);
	assert_non_null(strstr(screen.text, "h10, h11, h12\n\n"
					    "  0.001 s  h1: -> SYN\n"
					    "  0.002 s  h12: <- SYN-ACK\n"
					    "  0.003 s  h1: |<- SYN-ACK\n"));
	assert_width(screen.text, 80);
	free(screen.text);
}

/* A stream's segments are counted once there are many; retransmissions are always shown. */
static void test_terminal_stream(void **state)
{
	struct screen screen;
	int shown = 0;

	(void)state;
	screen_open(&screen, (struct report_options){ .columns = 80 });
	feed_begin(&screen);
	for (int i = 0; i < 100; i++)
		feed_packet(&screen, MS(1) + i * 1000, CLIENT, true, CLIENT, SERVER, TCPF_ACK, 1448,
			    0, 0);
	feed_packet(&screen, MS(300), CLIENT, true, CLIENT, SERVER, TCPF_ACK, 1448, 1, MS(299));
	screen_close(&screen);
	for (char *at = screen.text; (at = strstr(at, "-> ACK 1448 B")); at++)
		shown++;
	assert_int_equal(shown, 11);
	assert_non_null(strstr(screen.text, "  0.001 s  ... 90 more of these segments\n"
					    "  0.300 s  -> ACK 1448 B retry 1, +299 ms\n"));
	free(screen.text);
}

/* On request the ladder stands where the timeline stood, and all the rest is there, too. */
static void test_terminal_verbose(void **state)
{
	struct screen screen;

	(void)state;
	screen_open(&screen,
		    (struct report_options){ .columns = 80, .unicode = true, .verbose = true });
	feed_run(&screen, "3 hits");
	screen_close(&screen);
	assert_non_null(strstr(
		screen.text,
		"  0.000 s     ├─ SYN ───────────────────────►✗ dropped by syn-dropped       │\n"));
	assert_non_null(strstr(screen.text, "in a user namespace, seed 1, ip=4\n"));
	/* what stands before a failure is told in the timeline's words */
	assert_non_null(strstr(screen.text, "before it, in the timeline:\n"));
	assert_non_null(strstr(screen.text, "✗ SYN dropped by syn-dropped\n"));
	assert_non_null(strstr(screen.text, "\nFAILED dial-syn-dropped[ip=4] after 2.53 s"));
	assert_width(screen.text, 80);
	free(screen.text);
}

/* Somebody watches: a line comes when it is old enough, not only with the next event. */
static void test_terminal_tick(void **state)
{
	struct screen screen;

	(void)state;
	screen_open(&screen,
		    (struct report_options){ .columns = 80, .unicode = true, .verbose = true });
	feed_begin(&screen);
	feed_syn(&screen, MS(1), 0, 0);
	fflush(screen.out);
	assert_null(strstr(screen.text, "SYN ──"));
	REPORT_TERMINAL.tick(screen.report, &(struct report_now){ .t_ns = MS(100), .running = 1 });
	assert_null(strstr(screen.text, "SYN ──"));
	REPORT_TERMINAL.tick(screen.report, &(struct report_now){ .t_ns = MS(300), .running = 1 });
	assert_non_null(strstr(screen.text, "SYN ──"));
	free(screen_close(&screen));
}

/* A note that does not fit into its line is told again at the end. */
static void test_terminal_notes(void **state)
{
	struct event note = { .type = EVENT_NOTE, .host = SERVER };
	struct screen screen;

	(void)state;
	screen_open(&screen, (struct report_options){ .columns = 80 });
	feed_begin(&screen);
	note.note.text = S("short");
	feed(&screen, note);
	note.note.text = S("this kernel has no net.ipv4.tcp_syn_linear_timeouts");
	feed(&screen, note);
	screen_close(&screen);
	assert_non_null(strstr(screen.text, "note: this kernel has no net.i...\n"));
	assert_non_null(strstr(screen.text, "\nNotes\n  this kernel has no net.ipv4."
					    "tcp_syn_linear_timeouts\n\n"));
	assert_width(screen.text, 80);
	free(screen.text);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terminal_golden_unicode),
		cmocka_unit_test(test_terminal_golden_ascii),
		cmocka_unit_test(test_terminal_story_once),
		cmocka_unit_test(test_terminal_colour),
		cmocka_unit_test(test_terminal_quiet),
		cmocka_unit_test(test_terminal_results),
		cmocka_unit_test(test_terminal_no_end),
		cmocka_unit_test(test_terminal_no_begin),
		cmocka_unit_test(test_terminal_one_host),
		cmocka_unit_test(test_terminal_twelve_hosts),
		cmocka_unit_test(test_terminal_stream),
		cmocka_unit_test(test_terminal_verbose),
		cmocka_unit_test(test_terminal_tick),
		cmocka_unit_test(test_terminal_notes),
	};

	/* a live look: --show COLUMNS [colour] */
	if (argc > 2 && strcmp(argv[1], "--show") == 0) {
		struct report_options options = { .columns = atoi(argv[2]),
						  .unicode = true,
						  .colour = argc > 3 };
		struct screen screen;
		char *text;

		screen_open(&screen, options);
		feed_run(&screen, "2 hits");
		feed_run(&screen, "3 hits");
		text = screen_close(&screen);
		fputs(text, stdout);
		free(text);
		return 0;
	}
	return cmocka_run_group_tests_name("report_terminal", tests, NULL, NULL);
}
