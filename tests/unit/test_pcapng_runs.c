// SPDX-License-Identifier: GPL-2.0-or-later
/* The capture: several runs in one file, or none. */
#include "tests/support/main.h"

#include "tests/unit/pcapng_feed.h"

static void test_pcapng_runs(void **state)
{
	struct screen screen;
	struct reader reader;
	char *text;

	(void)state;
	capture_open(&screen);
	feed_log(&screen);
	text = capture_text(&screen, &reader);
	assert_int_equal(reader.sections, 1);
	assert_int_equal(count(text, "  comment: run: "), 8);
	assert_int_equal(count(text, "  comment: run: the log has no begin record for it\n"), 1);
	/* three runs have two SYN at two hosts, and hits that tell no address; one was cut */
	assert_int_equal(reader.packets, 3 * 6 + 3);
	assert_non_null(strstr(text, "error: cannot add rule: EPERM (not \"permitted\")\n"));
	free(text);
}

/* How many packets and texts are on that interface. */
static int blocks_on(const char *text, uint32_t face)
{
	char line[20];

	snprintf(line, sizeof(line), "\n%u @", face);
	return count(text, line);
}

/* Each run has interfaces of its own, numbered through. */
static void test_pcapng_same_run_twice(void **state)
{
	struct screen screen;
	struct reader reader;
	uint32_t half;
	char *text;

	(void)state;
	capture_open(&screen);
	feed_passed(&screen);
	feed_passed(&screen);
	text = capture_text(&screen, &reader);
	half = reader.n_faces / 2;
	assert_int_equal(reader.sections, 1);
	assert_int_equal(reader.n_faces, 2 * half);
	assert_int_equal(count(text, "  name: lab (program)\n"), 2);
	assert_int_equal(count(text, "  name: client:fw\n"), 2);
	for (uint32_t i = 0; i < half; i++)
		assert_int_equal(blocks_on(text, i), blocks_on(text, half + i));
	assert_in_range(blocks_on(text, 1), 1, 100);
	free(text);
}

static const char other_text[] = "interface 2, link type 252\n"
				 "  name: lab (program)\n"
				 "  text: other[ip=6]: calls of the program, states of sockets, "
				 "faults switched, expectations\n"
				 "interface 3, link type 101\n"
				 "  name: a:eth0\n"
				 "  text: other[ip=6]: link to b:eth1\n"
				 "interface 4, link type 101\n"
				 "  name: b:eth1\n"
				 "  text: other[ip=6]: link to a:eth0\n"
				 "2 @5000000 48/48: run: other[ip=6] - Another title\n"
				 "  comment: run: other[ip=6] - Another title\n"
				 "  comment: hosts: a, b\n"
				 "  comment: kernel: Linux 7.0\n"
				 "  comment: made by: nslab 9\n"
				 "  comment: --disarm: faults matched and counted, but let packets "
				 "pass.\n"
				 "4 @6000000 7/60: 45010203 040506\n"
				 "  in\n"
				 "interface 5, link type 101\n"
				 "  name: b:client\n"
				 "  text: other[ip=6]: of no link in the begin record\n"
				 "5 @7000000 7/60: 45010203 040506\n"
				 "  in\n";

/* What is one run's is not said of another: hosts, links, kernel, version; the header has the first's. */
static void test_pcapng_different_runs(void **state)
{
	struct event_link_info link = { { 0, 1 },
					{ S("eth0"), S("eth1") },
					{ S(""), S("") },
					{ S(""), S("") },
					{ S(""), S("") } };
	struct event begin = { .type = EVENT_BEGIN, .t_ns = MS(5), .begin = begin_record };
	struct event event = sight(MS(6), 1, false, syn());
	struct event_begin *b = &begin.begin;
	struct screen screen;
	struct reader reader;
	char *text;

	(void)state;
	capture_open(&screen);
	feed(&screen, sight(MS(1), 1, false, syn()));
	b->name = S("other[ip=6]");
	b->title = S("Another title");
	b->repeat = S("");
	b->kernel = S("7.0");
	b->nslab = S("9");
	b->hosts = (char *[]){ S("a"), S("b") };
	b->n_hosts = 2;
	b->links = &link;
	b->n_links = 1;
	b->disarmed = true;
	feed(&screen, begin);
	event.packet.ifname = S("eth1");
	feed(&screen, event);
	feed(&screen, sight(MS(7), 1, false, syn()));
	text = capture_text(&screen, &reader);
	assert_int_equal(reader.sections, 1);
	assert_int_equal(count(text, "  os: "), 0);
	assert_non_null(strstr(text, other_text));
	free(text);
}

/* The first block is stamped no later than the others, though the log tells the later packet first. */
static void test_pcapng_first_stamp(void **state)
{
	struct screen screen;
	struct reader reader;
	char *text;

	(void)state;
	capture_open(&screen);
	feed(&screen, sight(MS(4), FW, false, syn()));
	feed(&screen, sight(MS(3), FW, false, syn()));
	text = capture_text(&screen, &reader);
	assert_non_null(strstr(text, "0 @3000000 55/55: run: "));
	free(text);
}

static void test_pcapng_empty(void **state)
{
	struct screen screen;
	struct reader reader;
	char *text;

	(void)state;
	capture_open(&screen);
	text = capture_text(&screen, &reader);
	assert_int_equal(reader.sections, 1);
	assert_int_equal(reader.n_faces, 0);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pcapng_runs),
		cmocka_unit_test(test_pcapng_same_run_twice),
		cmocka_unit_test(test_pcapng_different_runs),
		cmocka_unit_test(test_pcapng_first_stamp),
		cmocka_unit_test(test_pcapng_empty),
	};

	return TEST_MAIN("pcapng_runs", tests, NULL, NULL);
}
