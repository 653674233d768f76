// SPDX-License-Identifier: GPL-2.0-or-later
/* Base64 there and back: RFC 4648's own examples, every length, and what is refused. */
#include "tests/support/main.h"

#include <string.h>

#include "lab/event/base64.h"
#include "netns/cleanup.h"

enum { MOST = 128 };

static void test_base64_examples(void **state)
{
	/* RFC 4648 section 10, and bytes that need the letters behind the digits */
	static const char *const examples[][2] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
		{ "\xfb\xff\xbf\xff\xfe", "+/+//"
					  "/4=" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		const char *bytes = examples[i][0], *text = examples[i][1];
		char written[16];
		uint8_t read[16];

		assert_int_equal(base64_write((const uint8_t *)bytes, strlen(bytes), written),
				 strlen(text));
		assert_memory_equal(written, text, strlen(text));
		assert_int_equal(base64_read(text, strlen(text), read, sizeof(read)),
				 strlen(bytes));
		assert_memory_equal(read, bytes, strlen(bytes));
	}
}

/* Every length, in memory that is exactly as large as promised, so that one byte more is caught. */
static void test_base64_lengths(void **state)
{
	(void)state;
	for (size_t n = 0; n <= MOST; n++) {
		_cleanup_free_ uint8_t *bytes = malloc(n + !n), *again = malloc(n + !n);
		_cleanup_free_ char *text = malloc(BASE64_LEN(n) + !n);

		for (size_t i = 0; i < n; i++)
			bytes[i] = (uint8_t)(i * 83 + n);
		assert_int_equal(base64_write(bytes, n, text), BASE64_LEN(n));
		assert_int_equal(base64_read(text, BASE64_LEN(n), again, n), n);
		assert_memory_equal(again, bytes, n);
		if (n)
			assert_int_equal(base64_read(text, BASE64_LEN(n), again, n - 1), -1);
	}
}

static void test_base64_refuses(void **state)
{
	static const char *const bad[] = {
		"A",	  "AA",	      "AAA",  "====",	 "A===",  "AAA=AAAA", "AA==AAAA", "AA=A",
		"AAA ",	  "AA\nA",    "AA-_", "AAA\xc3", "AAAAA", "=AAA",     "Zh==",	  "Zm9=",
		"AAAAAA", "AAAA====", "AAA.", "AA@A",	 "A[AA",  "A`AA",     "{AAA",	  "AAA:",
	};
	uint8_t bytes[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (base64_read(bad[i], strlen(bad[i]), bytes, sizeof(bytes)) != -1)
			fail_msg("\"%s\" was read", bad[i]);
	/* also where there are NULs among the letters */
	assert_int_equal(base64_read("AA\0A", 4, bytes, sizeof(bytes)), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64_examples),
		cmocka_unit_test(test_base64_lengths),
		cmocka_unit_test(test_base64_refuses),
	};

	return TEST_MAIN("base64", tests, NULL, NULL);
}
