// SPDX-License-Identifier: GPL-2.0-or-later
/* What a program's connections came to. */
#include "tests/support/main.h"
#include "tests/unit/report_screen.h"

static void begin(struct screen *screen)
{
	screen_open_as(screen, &REPORT_PROGRAM,
		       (struct report_options){ .columns = 200, .unicode = true });
	feed_begin(screen);
	feed_step(screen, MS(0.1), CLIENT, "program curl http://server:8080/", NULL, 0);
}

static void ends(struct screen *screen, const char *error, const char *detail, int exit)
{
	feed(screen, (struct event){ .type = EVENT_STEP_END,
				     .t_ns = MS(2000),
				     .host = CLIENT,
				     .step = { .text = S("program curl http://server:8080/"),
					       .error = S(error),
					       .took_ns = MS(2000),
					       .bytes = -1,
					       .exit = exit,
					       .detail = S(detail) } });
	screen_close(screen);
}

/* What comes back from the server. */
static void feed_answer(struct screen *screen, int64_t t_ns, uint8_t flags, uint32_t payload)
{
	feed(screen, (struct event){ .type = EVENT_PACKET,
				     .t_ns = t_ns,
				     .host = CLIENT,
				     .packet = { .ifname = S("fw"),
						 .from = SERVER,
						 .to = CLIENT,
						 .held_ns = -1,
						 .packet = { .af = AF_INET,
							     .protocol = IPPROTO_TCP,
							     .src = { 10, 0, 2, 2 },
							     .dst = { 10, 0, 1, 1 },
							     .sport = 8080,
							     .dport = 43210,
							     .flags = flags,
							     .payload = payload } } });
}

static void test_program_never_connected(void **state)
{
	struct screen screen;

	(void)state;
	begin(&screen);
	feed_syn(&screen, MS(1), 0, 0);
	feed_state(&screen, MS(1.2), "", "SYN-SENT");
	feed_syn(&screen, MS(1031), 1, MS(1030));
	ends(&screen, "none", "exit 28", 28);
	assert_string_equal(screen.text,
			    "nslab: the program ended with exit 28 after 2 s\n"
			    "  10.0.1.1:43210 → 10.0.2.2:8080: never connected, 2 SYNs; left in SYN-SENT\n"
			    "  syn-dropped dropped 2 packets\n");
	free(screen.text);
}

static void test_program_refused(void **state)
{
	struct screen screen;

	(void)state;
	begin(&screen);
	feed_packet(&screen, MS(1), CLIENT, true, CLIENT, SERVER, TCPF_SYN, 0, 0, 0);
	feed_answer(&screen, MS(1.5), TCPF_RST | TCPF_ACK, 0);
	ends(&screen, "none", "exit 7", 7);
	assert_non_null(strstr(screen.text, "10.0.2.2:8080: refused after 0.5 ms\n"));
	free(screen.text);
}

/* Bytes sent again count once, and so does a connection. */
static void test_program_connected(void **state)
{
	struct screen screen;

	(void)state;
	begin(&screen);
	feed_packet(&screen, MS(1), CLIENT, true, CLIENT, SERVER, TCPF_SYN, 0, 0, 0);
	feed_answer(&screen, MS(3), TCPF_SYN | TCPF_ACK, 0);
	feed_packet(&screen, MS(4), CLIENT, true, CLIENT, SERVER, TCPF_ACK, 100, 0, 0);
	feed_packet(&screen, MS(204), CLIENT, true, CLIENT, SERVER, TCPF_ACK, 100, 1, MS(200));
	feed_answer(&screen, MS(205), TCPF_ACK, 2000);
	feed_state(&screen, MS(206), "ESTABLISHED", "CLOSE-WAIT");
	ends(&screen, "none", "exit 0", 0);
	assert_non_null(strstr(
		screen.text,
		"10.0.2.2:8080: connected after 2 ms, 1 segment sent again, 100 B sent, 2000 B received; left in CLOSE-WAIT\n"));
	free(screen.text);
}

static void test_program_ended_otherwise(void **state)
{
	struct screen screen;

	(void)state;
	begin(&screen);
	ends(&screen, "deadline", "", -1);
	assert_string_equal(screen.text,
			    "nslab: the program was ended after 2 s: its time was over\n");
	free(screen.text);
	begin(&screen);
	ends(&screen, "ENOENT", "cannot run curl", -1);
	assert_string_equal(screen.text, "nslab: the program cannot run curl: ENOENT\n");
	free(screen.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_program_never_connected),
		cmocka_unit_test(test_program_refused),
		cmocka_unit_test(test_program_connected),
		cmocka_unit_test(test_program_ended_otherwise),
	};

	return TEST_MAIN("report_program", tests, NULL, NULL);
}
