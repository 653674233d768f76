// SPDX-License-Identifier: GPL-2.0-or-later
/* The capture: whole files, told by a reader of its own. */
#include "tests/support/main.h"

#include "tests/unit/pcapng_feed.h"

/* ---- whole files ------------------------------------------------------------------------------- */

static const char head_text[] =
	"section\n"
	"  comment: A run begins with a block on the interface \"lab (program)\": run: CASE - TITLE. "
	"It has interfaces of its own, whose descriptions begin with its case: "
	"frame.interface_description contains \"CASE: \".\n"
	"  comment: Stamps are wall-clock time in nanoseconds: the log's own time plus the wall "
	"clock's at its 0. What a link held is stamped, where it arrives, when it was let go.\n"
	"  hardware: network namespaces\n";

static const char made_text[] = "  os: Linux 6.18.0\n"
				"  program: nslab 0.1.0\n";

#define CASE "dial-syn-dropped[ip=4]: "
#define PROGRAM \
	"  text: " CASE "calls of the program, states of sockets, faults switched, expectations\n"

static const char faces_text[] = "interface 0, link type 252\n"
				 "  name: lab (program)\n" PROGRAM "interface 1, link type 101\n"
				 "  name: client:fw\n"
				 "  text: " CASE "link to fw:client\n"
				 "  addr: 10.0.1.1/255.255.255.255\n"
				 "interface 2, link type 101\n"
				 "  name: fw:client\n"
				 "  text: " CASE "link to client:fw\n"
				 "  addr: 10.0.1.2/255.255.255.255\n"
				 "interface 3, link type 101\n"
				 "  name: fw:server\n"
				 "  text: " CASE "link to server:fw\n"
				 "  addr: 10.0.2.1/255.255.255.255\n"
				 "interface 4, link type 101\n"
				 "  name: server:fw\n"
				 "  text: " CASE "link to fw:server\n"
				 "  addr: 10.0.2.2/255.255.255.255\n";

static const char run_text[] =
	"0 @1767225600000000000 53/53: run: dial-syn-dropped[ip=4] - A title\n"
	"  comment: run: dial-syn-dropped[ip=4] - A title\n"
	"  comment: again: nslab run dial-syn-dropped --set ip=4 --seed 1\n"
	"  comment: hosts: client, fw, server\n"
	"  comment: kernel: Linux 6.18.0\n"
	"  comment: made by: nslab 0.1.0\n";

static const char rebuilt_text[] =
	"  comment: Headers rebuilt from the log: no options, no payload; the log was saved "
	"without bytes.\n";

static void test_pcapng_short_log(void **state)
{
	struct screen screen;
	struct reader reader;
	char *text, *wanted;

	(void)state;
	capture_open(&screen);
	feed_walled_begin(&screen);
	feed_step(&screen, MS(0.3), CLIENT, "client: dial server:8080 as conn", NULL, 0);
	feed(&screen, sight(MS(0.4), CLIENT, true, syn()));
	feed(&screen, sight(MS(0.5), FW, false, syn()));
	feed(&screen, hit(MS(0.6), FW, "syn-dropped", "dropped", syn()));
	feed_state(&screen, MS(0.45), "", "SYN-SENT");
	feed_expectation(&screen, MS(2501.2), FW, 19, "fault syn-dropped", "2 hits", "3 hits");
	feed_end(&screen, RESULT_FAILED, "", 2, 1);
	text = capture_text(&screen, &reader);
	assert_true(
		asprintf(&wanted,
			 "%s%s%s%s"
			 "interface 5, link type 252\n"
			 "  name: client (program)\n" PROGRAM
			 "5 @1767225600000300000 40/40: dial server:8080 as conn\n"
			 "  comment: dial server:8080 as conn\n"
			 "1 @1767225600000400000 7/60: 45010203 040506\n"
			 "  out\n"
			 "5 @1767225600000450000 31/31: [conn SYN-SENT]\n"
			 "  comment: [conn SYN-SENT]\n"
			 "2 @1767225600000500000 7/60: 45010203 040506\n"
			 "  in\n"
			 "  comment: dropped by syn-dropped\n"
			 "interface 6, link type 252\n"
			 "  name: fw (program)\n" PROGRAM
			 "6 @1767225602501200000 75/75: FAILED: fault syn-dropped: expected 2 "
			 "hits, observed 3 hits\n"
			 "  comment: FAILED: fault syn-dropped: expected 2 hits, observed 3 hits\n"
			 "0 @1767225602530000000 38/38: failed: 2 met, 1 unmet\n"
			 "  comment: failed: 2 met, 1 unmet\n",
			 head_text, made_text, faces_text, run_text) > 0);
	assert_string_equal(text, wanted);
	free(wanted);
	free(text);
}

/* A log without bytes: headers whose checksums another program computed, and the run says so. */
static void test_pcapng_rebuilt(void **state)
{
	struct event event = sight(MS(0.4), CLIENT, true, syn());
	struct screen screen;
	struct reader reader;
	char *text, *wanted;

	(void)state;
	capture_open(&screen);
	feed_walled_begin(&screen);
	event.packet.bytes.n = 0;
	feed(&screen, event);
	text = capture_text(&screen, &reader);
	assert_true(asprintf(&wanted,
			     "%s%s%s%s%s"
			     "1 @1767225600000400000 60/60: 4500003c 12340000 40065186 0a000101 "
			     "0a000202 a8ca1f90 deadbeef 00000000 a002faf0 e7e20000 00000000 "
			     "00000000 00000000 00000000 00000000\n"
			     "  out\n",
			     head_text, made_text, faces_text, run_text, rebuilt_text) > 0);
	assert_string_equal(text, wanted);
	free(wanted);
	free(text);
}

/* Bytes are missing in the middle only: the packet itself says it. */
static void test_pcapng_rebuilt_later(void **state)
{
	struct event event = sight(MS(0.5), FW, false, syn());
	struct screen screen;
	struct reader reader;
	char *text;

	(void)state;
	capture_open(&screen);
	feed_walled_begin(&screen);
	feed(&screen, sight(MS(0.4), CLIENT, true, syn()));
	event.packet.bytes.n = 0;
	feed(&screen, event);
	text = capture_text(&screen, &reader);
	assert_int_equal(count(text, "Headers rebuilt"), 0);
	assert_non_null(
		strstr(text, "  in\n  comment: headers rebuilt from the log: no options\n"));
	assert_int_equal(count(text, "headers rebuilt"), 1);
	free(text);
}

static void test_pcapng_interfaces(void **state)
{
	struct event_link_info shaped = { { CLIENT, FW },
					  { S("eth0"), S("eth7") },
					  { S("10.0.1.1/24"), S("no address") },
					  { S("fd00::1/64"), S("fd00::2") },
					  { S("20 ms"), S("5 ms, loss 2 %") } };
	struct event begin = { .type = EVENT_BEGIN, .host = -1, .begin = begin_record };
	struct event event = sight(MS(1), SERVER, false, syn());
	struct screen screen;
	struct reader reader;
	char *text;

	(void)state;
	capture_open(&screen);
	begin.begin.links = &shaped;
	begin.begin.n_links = 1;
	feed(&screen, begin);
	feed(&screen, event);
	event.host = 17;
	feed(&screen, event);
	text = capture_text(&screen, &reader);
	assert_non_null(strstr(text, "interface 1, link type 101\n"
				     "  name: client:eth0\n"
				     "  text: " CASE
				     "link to fw:eth7; what leaves: 20 ms; what arrives: 5 "
				     "ms, loss 2 %, stamped when the link let it go\n"
				     "  addr: 10.0.1.1/255.255.255.0\n"
				     "  addr: fd00::1/64\n"
				     "interface 2, link type 101\n"
				     "  name: fw:eth7\n"
				     "  text: " CASE
				     "link to client:eth0; what leaves: 5 ms, loss 2 %; what "
				     "arrives: 20 ms, stamped when the link let it go\n"
				     "  addr: fd00::2/128\n"));
	assert_non_null(strstr(text, "interface 3, link type 101\n"
				     "  name: server:fw\n"
				     "  text: " CASE "of no link in the begin record\n"));
	assert_non_null(strstr(text, "interface 4, link type 101\n  name: host 17:fw\n"));
	free(text);
}

/* ---- order, and what is kept ------------------------------------------------------------------- */

static void test_pcapng_sorted(void **state)
{
	static const double at[] = { 4, 1, 3, 2, 9.5, 5, 4.6 };
	struct screen screen;
	struct reader reader;
	char *text, *rest, *line;
	uint64_t before = 0, stamp;
	int n = 0;

	(void)state;
	capture_open(&screen);
	for (size_t i = 0; i < ARRAY_SIZE(at); i++)
		feed(&screen, sight(MS(at[i]), FW, false, syn()));
	text = capture_text(&screen, &reader);
	rest = text;
	while ((line = strsep(&rest, "\n")))
		if (sscanf(line, "1 @%" SCNu64, &stamp) == 1) {
			assert_true(stamp > before);
			before = stamp;
			n++;
		}
	assert_int_equal(n, ARRAY_SIZE(at));
	free(text);
}

/* More at one moment than may wait: nothing is lost, nothing written twice. */
static void test_pcapng_burst(void **state)
{
	enum { N = 10000 };
	struct packet packet = syn();
	struct screen screen;
	struct reader reader;
	char *text;

	(void)state;
	capture_open(&screen);
	for (int i = 0; i < N; i++) {
		packet.seq = (uint32_t)i;
		feed(&screen, sight(MS(1), FW, false, packet));
		feed(&screen, hit(MS(1), FW, "f", "dropped", packet));
	}
	for (int i = 0; i < N; i++)
		feed_state(&screen, MS(1), "", "X");
	text = capture_text(&screen, &reader);
	assert_int_equal(reader.packets, N);
	assert_int_equal(reader.words, 1 + N);
	assert_int_equal(count(text, "comment: dropped by f\n"), N);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pcapng_short_log),
		cmocka_unit_test(test_pcapng_rebuilt),
		cmocka_unit_test(test_pcapng_rebuilt_later),
		cmocka_unit_test(test_pcapng_interfaces),
		cmocka_unit_test(test_pcapng_sorted),
		cmocka_unit_test(test_pcapng_burst),
	};

	return TEST_MAIN("pcapng", tests, NULL, NULL);
}
