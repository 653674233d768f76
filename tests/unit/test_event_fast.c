// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events are written and read without jansson where that can be. Here jansson is the witness: what is
 * written is what it would have written, and what the fast way of reading accepts the other one accepts,
 * with the same event.
 */
#include "tests/support/main.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <string.h>

#include "lab/event/address.h"
#include "lab/event/event_field.h"
#include "lab/event/event_read.h"
#include "lab/event/line.h"
#include "lab/event/utf8.h"
#include "netns/cleanup.h"
#include "tests/support/event_samples.h"

/* Read in both ways, from memory that ends where the line does; true if the fast one accepted it. */
static bool both_read(const char *line, size_t len)
{
	_cleanup_free_ char *copy = malloc(len + !len);
	struct event fast, any;
	const char *why = "";
	bool accepted;
	int r;

	memcpy(copy, line, len);
	accepted = event_read_fast(copy, len, &fast);
	r = event_read_any(copy, len, &any, &why);
	if (accepted) {
		_cleanup_free_ char *a = event_write(&fast, NULL);
		_cleanup_free_ char *b = r ? NULL : event_write(&any, NULL);

		if (r)
			fail_msg("%s, but was read: %.*s", why, (int)len, line);
		assert_string_equal(a, b);
	}
	event_clear(&fast);
	event_clear(&any);
	return accepted;
}

static bool both_read_text(const char *line)
{
	return both_read(line, strlen(line));
}

static void test_event_fast_reads_what_is_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		size_t len;
		_cleanup_free_ char *line = event_write(&samples[i], &len);

		/* the begin record is left to the other way */
		assert_int_equal(both_read(line, len), samples[i].type != EVENT_BEGIN);
		assert_int_equal(both_read(line, len - 1), samples[i].type != EVENT_BEGIN);
		for (size_t cut = 0; cut + 1 < len; cut++)
			assert_false(both_read(line, cut));
	}
}

/* All that is in order but not as we write it: the other way takes it. */
static void test_event_fast_gives_up(void **state)
{
	static const char *const texts[] = {
		"{\"type\": \"built\",\"t_ns\":1,\"build_ns\":1}",
		"{\"t_ns\":1,\"type\":\"built\",\"build_ns\":1}",
		"{\"type\":\"built\",\"build_ns\":1,\"t_ns\":1}",
		"{\"type\":\"built\",\"t_ns\":1,\"build_ns\":1,\"later\":1}",
		"{\"type\":\"built\",\"t_ns\":1,\"later\":1,\"build_ns\":1}",
		"{\"type\":\"built\",\"t_ns\":-0,\"build_ns\":1}",
		"{\"type\":\"built\",\"t_ns\":1,\"build_ns\":1}  ",
		" {\"type\":\"built\",\"t_ns\":1,\"build_ns\":1}",
		"{\"type\":\"note\",\"t_ns\":1,\"text\":\"\\u0041\"}",
		"{\"type\":\"note\",\"t_ns\":1,\"text\":\"\\u001b\"}",
		"{\"type\":\"note\",\"t_ns\":1,\"text\":\"a\\/b\"}",
		"{\"type\":\"n\\u006fte\",\"t_ns\":1,\"text\":\"a\"}",
		"{\"type\":\"fault\",\"t_ns\":1,\"fault\":\"f\",\"on\":true,\"\":{}}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		const char *why = "";
		struct event e;

		if (both_read_text(texts[i]))
			fail_msg("the fast way has read %s", texts[i]);
		if (event_read(texts[i], strlen(texts[i]), &e, &why))
			fail_msg("%s: %s", why, texts[i]);
		event_clear(&e);
	}
}

/* What is not in order: neither way takes it. */
static void test_event_fast_refuses_nothing_less(void **state)
{
	static const char *const values[] = {
		"01",
		"-",
		"1.0",
		"1e3",
		"+1",
		"9223372036854775808",
		"-9223372036854775809",
		"0x1",
		"99999999999999999999",
		"00",
		"",
		"true",
		"\"1\"",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		char line[200];
		const char *why;
		struct event e;

		snprintf(line, sizeof(line), "{\"type\":\"built\",\"t_ns\":1,\"build_ns\":%s}",
			 values[i]);
		assert_false(both_read_text(line));
		assert_int_equal(event_read(line, strlen(line), &e, &why), -EINVAL);
	}
}

static void test_event_fast_integers(void **state)
{
	static const int64_t values[] = { 0,
					  1,
					  -1,
					  9,
					  10,
					  -10,
					  INT64_MAX,
					  INT64_MIN,
					  INT64_MIN + 1,
					  INT64_MAX - 1,
					  999999999999999999,
					  1000000000000000000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct event e = { .type = EVENT_BUILT, .t_ns = values[i], .host = -1 }, there;
		size_t len;
		_cleanup_free_ char *line = NULL;
		char expected[200];

		e.built.build_ns = values[i];
		line = event_write(&e, &len);
		snprintf(expected, sizeof(expected),
			 "{\"type\":\"built\",\"t_ns\":%lld,\"build_ns\":%lld}\n",
			 (long long)values[i], (long long)values[i]);
		assert_string_equal(line, expected);
		assert_true(event_read_fast(line, len, &there));
		assert_true(there.t_ns == values[i] && there.built.build_ns == values[i]);
	}
}

/* As json_dumps() writes them, in the order of our members. */
static void test_event_lines_are_janssons(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		size_t len;
		_cleanup_free_ char *line = event_write(&samples[i], &len);
		_cleanup_free_ char *dumped = NULL;
		json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

		assert_non_null(json);
		dumped = json_dumps(json, JSON_COMPACT);
		json_decref(json);
		assert_int_equal(strlen(dumped), len - 1);
		assert_memory_equal(dumped, line, len - 1);
	}
}

/* What jansson makes of a text, repaired where it does not take it. */
static void string_check(const char *text)
{
	_cleanup_free_ char *repaired = NULL, *expected = NULL;
	struct line line = { 0 };
	json_t *json = json_string(text);

	if (!json) {
		repaired = utf8_repair(text, NULL);
		json = json_string(repaired);
	}
	expected = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(json);
	line_string(&line, text);
	assert_false(line.failed);
	line_put(&line, "", 1);
	assert_string_equal(line.text, expected);
	free(line.text);
}

/* A note with this text, there and back in both ways. */
static void note_check(const char *text)
{
	struct event e = { .type = EVENT_NOTE, .host = -1, .note.text = (char *)text };
	size_t len;
	_cleanup_free_ char *line = event_write(&e, &len);

	assert_true(both_read(line, len));
}

static void test_event_strings_are_janssons(void **state)
{
	char text[12] = "";
	unsigned seed = 11;

	(void)state;
	for (int a = 1; a < 256; a++) {
		for (int b = 0; b < 256; b++) {
			text[0] = (char)a;
			text[1] = (char)b;
			text[2] = '\0';
			string_check(text);
			note_check(text);
		}
	}
	for (int i = 0; i < 30000; i++) {
		size_t n = (size_t)rand_r(&seed) % (sizeof(text) - 1);

		/* half of them above 0x7f, so that many are nearly UTF-8 */
		for (size_t k = 0; k < n; k++)
			text[k] = (char)(rand_r(&seed) % 2 ? 0x80 + rand_r(&seed) % 0x80 :
							     1 + rand_r(&seed) % 0xff);
		text[n] = '\0';
		string_check(text);
		note_check(text);
	}
	string_check("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\xef\xbf\xbf\xc2\x80\x7f");
	string_check(
		"\xed\xa0\x80\xf4\x90\x80\x80\xf5\x80\x80\x80\xc1\xbf\xe0\x9f\xbf\xf0\x8f\xbf\xbf");
}

/* Longer than the line's first room, and than twice that. */
static void test_event_lines_grow(void **state)
{
	(void)state;
	for (size_t n = 300; n < 5000; n += 61) {
		_cleanup_free_ char *text = malloc(n + 1);

		memset(text, 'x', n);
		text[n] = '\0';
		text[n / 2] = '\n';
		string_check(text);
		note_check(text);
	}
}

static void address_check(int af, const uint8_t *addr)
{
	char expected[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN];
	uint8_t again[16] = { 0 };
	size_t len = address_write(af, addr, text);

	assert_non_null(inet_ntop(af, addr, expected, sizeof(expected)));
	assert_string_equal(text, expected);
	assert_int_equal(strlen(text), len);
	assert_int_equal(address_read(text, len, again), af);
	assert_memory_equal(again, addr, af == AF_INET6 ? 16 : 4);
}

static void test_event_addresses_are_the_c_librarys(void **state)
{
	static const uint8_t bytes[] = { 0, 1, 9, 10, 99, 100, 199, 200, 255 };
	uint8_t addr[16];
	unsigned seed = 5;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bytes); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(bytes); k++) {
			memset(addr, bytes[i], 4);
			addr[k % 4] = bytes[k];
			address_check(AF_INET, addr);
		}
	}
	/* every pattern of words that are 0 and are not, twice with other words */
	for (unsigned zero = 0; zero < 256; zero++) {
		for (int k = 0; k < 20; k++) {
			for (int word = 0; word < 8; word++) {
				unsigned value = (unsigned)rand_r(&seed) >> rand_r(&seed) % 16;

				if (k % 5 == 0)
					value = 0xffff; /* ::ffff:10.0.0.1 is another form */
				value = zero & 1u << word ? 0 : value & 0xffff;
				addr[2 * word] = (uint8_t)(value >> 8);
				addr[2 * word + 1] = (uint8_t)value;
			}
			address_check(AF_INET6, addr);
		}
	}
	assert_int_equal(address_read("10.0.0.256", 10, addr), 0);
	assert_int_equal(address_read("", 0, addr), 0);
	assert_int_equal(address_read("10.0.0.1\0:", 10, addr), 0);
	assert_int_equal(address_read("0000:0000:0000:0000:0000:ffff:255.255.255.255x", 46, addr),
			 0);
	assert_int_equal(address_read("0000:0000:0000:0000:0000:ffff:255.255.255.255", 45, addr),
			 AF_INET6);
}

/* Damaged lines: whatever the fast way still takes, the other one takes, too. */
static void test_event_fast_mutations(void **state)
{
	static const char bits[] = "{}[]\",:0-9e.\\nutr=FSRPAUEW/\x01\x7f\xff\xc3\xa4";
	unsigned seed = 3;
	int accepted = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		size_t len;
		_cleanup_free_ char *line = event_write(&samples[i], &len);

		for (int k = 0; k < 4000; k++) {
			_cleanup_free_ char *bad = malloc(len);

			memcpy(bad, line, len);
			for (int m = rand_r(&seed) % 2; m >= 0; m--)
				bad[(size_t)rand_r(&seed) % len] =
					bits[(size_t)rand_r(&seed) % (sizeof(bits) - 1)];
			accepted += both_read(bad, len);
		}
	}
	/* else this would try nothing */
	assert_true(accepted > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_event_fast_reads_what_is_written),
		cmocka_unit_test(test_event_fast_gives_up),
		cmocka_unit_test(test_event_fast_refuses_nothing_less),
		cmocka_unit_test(test_event_fast_integers),
		cmocka_unit_test(test_event_lines_are_janssons),
		cmocka_unit_test(test_event_strings_are_janssons),
		cmocka_unit_test(test_event_lines_grow),
		cmocka_unit_test(test_event_addresses_are_the_c_librarys),
		cmocka_unit_test(test_event_fast_mutations),
	};

	return TEST_MAIN("event fast", tests, NULL, NULL);
}
