// SPDX-License-Identifier: GPL-2.0-or-later
/* The capture: what was done to a packet stands on that packet. */
#include "tests/support/main.h"

#include "tests/unit/pcapng_feed.h"

static void test_pcapng_comments(void **state)
{
	struct event event = sight(MS(20.1), FW, false, syn());
	struct screen screen;

	(void)state;
	capture_open(&screen);
	event.packet.retry = 2;
	event.packet.since_ns = MS(3100);
	event.packet.held_ns = 20080000;
	feed(&screen, event);
	feed(&screen, hit(MS(20.2), FW, "a", "let pass", syn()));
	feed(&screen, hit(MS(20.3), FW, "b", "delayed", syn()));
	assert_capture(&screen, "1 @20100000 7/60: 45010203 040506\n"
				"  in\n"
				"  comment: retry 2, 3.1 s after the first\n"
				"  comment: held 20 ms on the link; stamped when it was let go\n"
				"  comment: let pass by a (disarmed)\n"
				"  comment: delayed by b\n");
}

/* The hit is told first, the packet is stamped earlier. */
static void test_pcapng_hit_first(void **state)
{
	struct screen screen;

	(void)state;
	capture_open(&screen);
	feed(&screen, hit(MS(1.1), FW, "f", "rejected", syn()));
	feed(&screen, sight(MS(1), FW, false, syn()));
	assert_capture(&screen, "1 @1000000 7/60: 45010203 040506\n"
				"  in\n"
				"  comment: rejected by f\n");
}

/* Translated on the way; of two the one with the same ends is better. */
static void test_pcapng_translated(void **state)
{
	struct packet outside = syn(), other = syn();
	struct screen screen;

	(void)state;
	outside.src[3] = 99;
	outside.sport = 1024;
	outside.ttl = 63;
	capture_open(&screen);
	feed(&screen, sight(MS(1), FW, false, outside));
	feed(&screen, hit(MS(1.1), FW, "f", "dropped", syn()));
	feed(&screen, sight(MS(210), FW, false, syn()));
	feed(&screen, sight(MS(210.1), FW, false, outside));
	feed(&screen, hit(MS(210.2), FW, "f", "dropped", syn()));
	other.seq++;
	feed(&screen, sight(MS(420), FW, false, other));
	feed(&screen, hit(MS(420.1), FW, "f", "dropped", syn()));
	assert_capture(&screen,
		       "1 @1000000 7/60: 45010203 040506\n"
		       "  in\n"
		       "  comment: dropped by f\n"
		       "1 @210000000 7/60: 45010203 040506\n"
		       "  in\n"
		       "  comment: dropped by f\n"
		       "1 @210100000 7/60: 45010203 040506\n"
		       "  in\n"
		       "1 @420000000 7/60: 45010203 040506\n"
		       "  in\n"
		       "interface 2, link type 101\n"
		       "  name: host 1:faults\n"
		       "  text: packets that faults acted on and that no interface has shown\n"
		       "2 @420100000 7/60: 45010203 040506\n"
		       "  comment: dropped by f\n");
}

/* The same packet twice: each has its own hit, whichever is told first. */
static void test_pcapng_hit_each(void **state)
{
	struct screen screen;

	(void)state;
	capture_open(&screen);
	feed(&screen, sight(MS(1), FW, false, syn()));
	feed(&screen, sight(MS(1.1), FW, false, syn()));
	feed(&screen, hit(MS(1.2), FW, "f", "dropped", syn()));
	feed(&screen, hit(MS(1.3), FW, "f", "dropped", syn()));
	feed(&screen, hit(MS(8.2), FW, "f", "dropped", syn()));
	feed(&screen, hit(MS(8.3), FW, "f", "dropped", syn()));
	feed(&screen, sight(MS(8), FW, false, syn()));
	feed(&screen, sight(MS(8.1), FW, false, syn()));
	assert_capture(&screen, "1 @1000000 7/60: 45010203 040506\n"
				"  in\n"
				"  comment: dropped by f\n"
				"1 @1100000 7/60: 45010203 040506\n"
				"  in\n"
				"  comment: dropped by f\n"
				"1 @8000000 7/60: 45010203 040506\n"
				"  in\n"
				"  comment: dropped by f\n"
				"1 @8100000 7/60: 45010203 040506\n"
				"  in\n"
				"  comment: dropped by f\n");
}

/* What came later is not what a fault saw, though it may be nearer. */
static void test_pcapng_hit_before(void **state)
{
	struct screen screen;

	(void)state;
	capture_open(&screen);
	feed(&screen, sight(MS(1), FW, false, syn()));
	feed(&screen, sight(MS(2.1), FW, false, syn()));
	feed(&screen, hit(MS(2), FW, "f", "dropped", syn()));
	assert_capture(&screen, "1 @1000000 7/60: 45010203 040506\n"
				"  in\n"
				"  comment: dropped by f\n"
				"1 @2100000 7/60: 45010203 040506\n"
				"  in\n");
}

/* Another host, the other direction, too late: a block of its own. */
static void test_pcapng_hit_alone(void **state)
{
	struct screen screen;
	struct reader reader;
	char *text;

	(void)state;
	capture_open(&screen);
	feed(&screen, sight(MS(1), CLIENT, true, syn()));
	feed(&screen, hit(MS(1.1), CLIENT, "output", "dropped", syn()));
	feed(&screen, hit(MS(1.2), FW, "elsewhere", "dropped", syn()));
	feed(&screen, sight(MS(2), FW, false, syn()));
	feed(&screen, hit(MS(2) + 100000001, FW, "late", "dropped", syn()));
	text = capture_text(&screen, &reader);
	assert_int_equal(reader.packets, 4);
	assert_non_null(strstr(text, "name: host 0:faults\n"));
	assert_non_null(
		strstr(text, "@1100000 7/60: 45010203 040506\n  comment: dropped by output\n"));
	assert_non_null(
		strstr(text, "@102000001 7/60: 45010203 040506\n  comment: dropped by late\n"));
	/* fw's packet came within 5 ms of a hit there, though in the wrong order */
	assert_non_null(strstr(text, "@2000000 7/60: 45010203 040506\n  in\n"
				     "  comment: dropped by elsewhere\n"));
	free(text);
}

static void test_pcapng_lost_and_released(void **state)
{
	struct event release = { .type = EVENT_RELEASE, .t_ns = MS(1500), .host = FW };
	struct screen screen;
	struct reader reader;
	struct packet passed_on = syn();
	char *text;

	(void)state;
	passed_on.ttl = 63;
	capture_open(&screen);
	feed_walled_begin(&screen);
	feed(&screen, sight(MS(1), CLIENT, true, syn()));
	/* another host's, and nearer */
	feed(&screen, sight(MS(1.05), FW, true, syn()));
	feed(&screen, hit(MS(1.1), FW, "client -> fw", "lost", syn()));
	release.release = (struct event_release){ S("slow"), S("delayed"), CLIENT, SERVER,
						  MS(1490),  MS(1498),	   syn() };
	feed(&screen, release);
	feed(&screen, sight(MS(1500.1), FW, true, passed_on));
	text = capture_text(&screen, &reader);
	assert_string_equal(blocks_of(text), "1 @1767225600001000000 7/60: 45010203 040506\n"
					     "  out\n"
					     "  comment: lost on client -> fw\n"
					     "3 @1767225600001050000 7/60: 45010203 040506\n"
					     "  out\n"
					     "3 @1767225601500100000 7/60: 45010203 040506\n"
					     "  out\n"
					     "  comment: delayed by slow, held 1.5 s\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pcapng_comments),
		cmocka_unit_test(test_pcapng_hit_first),
		cmocka_unit_test(test_pcapng_translated),
		cmocka_unit_test(test_pcapng_hit_each),
		cmocka_unit_test(test_pcapng_hit_before),
		cmocka_unit_test(test_pcapng_hit_alone),
		cmocka_unit_test(test_pcapng_lost_and_released),
	};

	return TEST_MAIN("pcapng_comments", tests, NULL, NULL);
}
