// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/main.h"

#include <errno.h>
#include <string.h>

#include "netns/cleanup.h"
#include "netns/err.h"

static void test_err_set_records_what_failed(void **state)
{
	struct lab_err err = { .code = 1, .msg = "old", .extack = "old", .fix = "old" };

	(void)state;
	assert_int_equal(lab_err_set(&err, EPERM, "cannot open %s %d", "it", 7), -EPERM);
	assert_int_equal(err.code, EPERM);
	assert_string_equal(err.msg, "cannot open it 7");
	/* what an earlier failure said is no part of this one */
	assert_string_equal(err.extack, "");
	assert_string_equal(err.fix, "");
	assert_int_equal(lab_err_set(NULL, EPERM, "nobody %d", 1), -EPERM);
}

/* A failure is a failure, whatever errno was. */
static void test_err_set_never_returns_success(void **state)
{
	static const int codes[] = { 0, -1, -EPERM, INT32_MIN };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		struct lab_err err;

		assert_int_equal(lab_err_set(&err, codes[i], "x"), -EIO);
		assert_int_equal(err.code, EIO);
	}
}

static void test_err_wrap_goes_outside_in(void **state)
{
	struct lab_err err = { 0 };

	(void)state;
	lab_err_set(&err, ENOENT, "no file");
	snprintf(err.extack, sizeof(err.extack), "kernel");
	lab_err_fix(&err, "make one");
	assert_int_equal(lab_err_wrap(&err, "host %s", "a"), -ENOENT);
	assert_int_equal(lab_err_wrap(&err, "cannot build"), -ENOENT);
	assert_string_equal(err.msg, "cannot build: host a: no file");
	assert_int_equal(err.code, ENOENT);
	assert_string_equal(err.extack, "kernel");
	assert_string_equal(err.fix, "make one");
}

static void test_err_wrap_of_nothing_is_still_an_error(void **state)
{
	struct lab_err none = { 0 };

	(void)state;
	assert_int_equal(lab_err_wrap(NULL, "x"), -EIO);
	assert_int_equal(lab_err_wrap(&none, "x"), -EIO);
	assert_string_equal(none.msg, "");
}

/* The first fix is by whoever knew best; later ones do not replace it. */
static void test_err_fix_keeps_the_first(void **state)
{
	struct lab_err err = { 0 };

	(void)state;
	lab_err_fix(&err, "modprobe %s", "veth");
	lab_err_fix(&err, "reboot");
	assert_string_equal(err.fix, "modprobe veth");
	lab_err_fix(NULL, "x");
}

/* Everything too long is cut, and what lies behind it is untouched. */
static void test_err_cuts_what_is_too_long(void **state)
{
	struct {
		struct lab_err err;
		char guard[16];
	} box;
	char text[4096], small[10];

	(void)state;
	memset(&box, 0, sizeof(box));
	memset(box.guard, 'g', sizeof(box.guard));
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	lab_err_set(&box.err, EPERM, "%s", text);
	assert_int_equal(strlen(box.err.msg), sizeof(box.err.msg) - 1);
	lab_err_wrap(&box.err, "outer");
	assert_int_equal(strlen(box.err.msg), sizeof(box.err.msg) - 1);
	assert_memory_equal(box.err.msg, "outer: xxx", 10);
	lab_err_wrap(&box.err, "%s", text + 1000);
	assert_int_equal(strlen(box.err.msg), sizeof(box.err.msg) - 1);
	lab_err_fix(&box.err, "%s", text);
	assert_int_equal(strlen(box.err.fix), sizeof(box.err.fix) - 1);
	assert_memory_equal(box.guard, "gggggggggggggggg", 16);
	assert_ptr_equal(lab_err_text(&box.err, small, sizeof(small)), small);
	assert_int_equal(strlen(small), sizeof(small) - 1);
	/* all of it, with its longest parts, in a buffer of the sum of their sizes */
	memset(box.err.extack, 'e', sizeof(box.err.extack) - 1);
	lab_err_text(&box.err, text, sizeof(text));
	assert_non_null(strstr(text, "; the kernel says: eee"));
}

static void test_err_text_is_one_line(void **state)
{
	struct lab_err err = { 0 };
	char text[1100];

	(void)state;
	lab_err_set(&err, EEXIST, "cannot add it");
	assert_string_equal(lab_err_text(&err, text, sizeof(text)),
			    "cannot add it: EEXIST (File exists)");
	snprintf(err.extack, sizeof(err.extack), "already there");
	assert_string_equal(lab_err_text(&err, text, sizeof(text)),
			    "cannot add it: EEXIST (File exists); the kernel says: already there");
}

/* Every errno there is has a name, and the name leads back to it. */
static void test_errno_names_go_both_ways(void **state)
{
	static const struct {
		int code;
		const char *name;
	} known[] = {
		{ EPERM, "EPERM" },
		{ ECONNREFUSED, "ECONNREFUSED" },
		{ ETIMEDOUT, "ETIMEDOUT" },
		{ EHOSTUNREACH, "EHOSTUNREACH" },
		{ ENETUNREACH, "ENETUNREACH" },
		{ EADDRINUSE, "EADDRINUSE" },
		{ EPIPE, "EPIPE" },
		{ ECONNRESET, "ECONNRESET" },
		{ EBADF, "EBADF" },
		{ EAGAIN, "EAGAIN" },
	};
	int names = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		assert_string_equal(errno_name(known[i].code), known[i].name);
		assert_int_equal(errno_from_name(known[i].name), known[i].code);
	}
	for (int code = 1; code < 200; code++) {
		const char *name = errno_name(code);

		if (strncmp(name, "errno ", 6)) {
			assert_int_equal(errno_from_name(name), code);
			names++;
		}
	}
	assert_true(names > 120);
}

static void test_errno_names_of_unknown_ones(void **state)
{
	static const char *const bad[] = { "",	     "0",	 "EFOO", "eperm",
					   "EPERM ", "deadline", "none", "111" };

	(void)state;
	assert_string_equal(errno_name(4711), "errno 4711");
	assert_string_equal(errno_name(0), "errno 0");
	assert_string_equal(errno_name(-5), "errno -5");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(errno_from_name(bad[i]), 0);
	assert_int_equal(errno_from_name("EWOULDBLOCK"), EAGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_err_set_records_what_failed),
		cmocka_unit_test(test_err_set_never_returns_success),
		cmocka_unit_test(test_err_wrap_goes_outside_in),
		cmocka_unit_test(test_err_wrap_of_nothing_is_still_an_error),
		cmocka_unit_test(test_err_fix_keeps_the_first),
		cmocka_unit_test(test_err_cuts_what_is_too_long),
		cmocka_unit_test(test_err_text_is_one_line),
		cmocka_unit_test(test_errno_names_go_both_ways),
		cmocka_unit_test(test_errno_names_of_unknown_ones),
	};

	return TEST_MAIN("err", tests, NULL, NULL);
}
