// SPDX-License-Identifier: GPL-2.0-or-later
/* The capture: what no log may do to it. */
#include "tests/support/main.h"

#include "tests/unit/pcapng_feed.h"

static void test_pcapng_stamps(void **state)
{
	static const struct {
		int64_t wall, t;
		const char *stamp;
	} rows[] = {
		{ 0, INT64_MAX, "\n1 @9223372036854775807 " },
		{ WALL, INT64_MAX, "\n1 @9223372036854775807 " },
		{ INT64_MAX, INT64_MIN, "\n1 @0 " },
		{ INT64_MIN, INT64_MIN, "\n1 @0 " },
		{ 0, -1, "\n1 @0 " },
		{ WALL, -1, "\n1 @1767225599999999999 " },
		{ INT64_MAX, INT64_MAX, "\n1 @9223372036854775807 " },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct event begin = { .type = EVENT_BEGIN, .begin = begin_record };
		struct screen screen;
		struct reader reader;
		char *text;

		capture_open(&screen);
		begin.begin.wall_ns = rows[i].wall;
		feed(&screen, begin);
		feed(&screen, sight(rows[i].t, CLIENT, true, syn()));
		text = capture_text(&screen, &reader);
		assert_int_equal(count(text, rows[i].stamp), 1);
		free(text);
	}
}

static void test_pcapng_cleaned(void **state)
{
	struct screen screen;
	struct reader reader;
	char *text;

	(void)state;
	capture_open(&screen);
	feed_note(&screen, "a\nb\tc\x1b[1m\xff d\xe2\x80\xae"
			   "e \xc3\xa4");
	text = capture_text(&screen, &reader);
	assert_string_equal(blocks_of(text), "0 @0 45/45: note: a b c\xef\xbf\xbd[1m\xef\xbf\xbd d"
					     "\xef\xbf\xbd"
					     "e \xc3\xa4\n"
					     "  comment: note: a b c\xef\xbf\xbd[1m\xef\xbf\xbd d"
					     "\xef\xbf\xbd"
					     "e \xc3\xa4\n");
	free(text);
}

static void test_pcapng_long_text(void **state)
{
	static char longest[100001];
	struct event begin = { .type = EVENT_BEGIN, .begin = begin_record };
	struct screen screen;
	struct reader reader;

	(void)state;
	for (size_t i = 0; i < sizeof(longest) - 1; i++)
		longest[i] = "\xc3\xa4"[i % 2];
	capture_open(&screen);
	begin.begin.title = begin.begin.repeat = begin.begin.kernel = longest;
	begin.begin.hosts = (char *[]){ longest, longest, longest };
	feed(&screen, begin);
	feed(&screen, sight(0, CLIENT, true, syn()));
	feed_note(&screen, longest);
	free(capture_text(&screen, &reader));
	assert_int_equal(reader.words, 2);
	assert_in_range(reader.len, 8000 * 8, 8000 * 9);
}

/* More interfaces than are kept apart. */
static void test_pcapng_many_interfaces(void **state)
{
	struct screen screen;
	struct reader reader;
	char *text;

	(void)state;
	capture_open(&screen);
	for (int i = 0; i < 3000; i++) {
		struct event event = sight(i, i, true, syn());

		feed(&screen, event);
		feed_step(&screen, i, i, "x", NULL, 0);
	}
	text = capture_text(&screen, &reader);
	assert_int_equal(reader.packets, 3000);
	assert_int_equal(reader.words, 1 + 3000);
	assert_int_equal(reader.n_faces, 512);
	assert_int_equal(count(text, "  name: other\n"), 1);
	free(text);
}

/* Whatever a log holds: a file that can be read to its end, with all of its packets. */
static void test_pcapng_hostile(void **state)
{
	unsigned seed = 5;

	(void)state;
	for (int i = 0; i < 300; i++) {
		struct run_count runs = { 0 };
		struct screen screen;
		struct reader reader;
		int packets = 0;
		char *text;

		capture_open(&screen);
		for (int k = 0; k < 60; k++) {
			enum event_type type = feed_hostile(&screen, &seed);

			run_count(&runs, type);
			packets += type == EVENT_PACKET;
		}
		text = capture_text(&screen, &reader);
		assert_int_equal(reader.sections, 1);
		assert_int_equal(count(text, "  comment: run: "), runs.runs);
		free(text);
		assert_true(reader.packets >= packets);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pcapng_stamps),
		cmocka_unit_test(test_pcapng_cleaned),
		cmocka_unit_test(test_pcapng_long_text),
		cmocka_unit_test(test_pcapng_many_interfaces),
		cmocka_unit_test(test_pcapng_hostile),
	};

	return TEST_MAIN("pcapng_hostile", tests, NULL, NULL);
}
