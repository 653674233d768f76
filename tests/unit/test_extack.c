// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * NLMSG_ERROR messages built by hand, in all the shapes that kernels send them, and damaged. Each
 * stands at the end of memory of its own size, so that the sanitizer sees a byte read too far.
 */
#include "tests/support/main.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "netns/cleanup.h"
#include "netns/extack.h"

/**
 * struct shape - of an answer
 * @request: bytes of the request that are echoed behind its header, -1 when capped
 * @attrs, @attrs_len: behind that
 */
struct shape {
	int error;
	int request;
	uint16_t flags;
	const void *attrs;
	size_t attrs_len;
};

static struct nlmsghdr *message(const struct shape *s)
{
	size_t echo = s->request > 0 ? (size_t)s->request : 0;
	size_t body = NLMSG_HDRLEN + sizeof(struct nlmsgerr) + NLMSG_ALIGN(echo);
	size_t len = body + s->attrs_len;
	struct nlmsghdr *nlh = calloc(1, len);
	struct nlmsgerr *e;

	assert_non_null(nlh);
	nlh->nlmsg_len = (uint32_t)len;
	nlh->nlmsg_type = NLMSG_ERROR;
	nlh->nlmsg_flags = s->flags | (s->request < 0 ? NLM_F_CAPPED : 0);
	e = NLMSG_DATA(nlh);
	e->error = s->error;
	/* the header of the request is echoed in any case, with the length that it had */
	e->msg.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + (s->request < 0 ? 500 : echo));
	if (s->attrs_len)
		memcpy((char *)nlh + body, s->attrs, s->attrs_len);
	return nlh;
}

static void expect(const struct shape *s, int ret, const char *text)
{
	_cleanup_free_ struct nlmsghdr *nlh = message(s);
	struct lab_err err = { 0 };

	assert_int_equal(extack_read(nlh, &err, "cannot do it"), ret);
	assert_int_equal(err.code, -ret);
	assert_string_equal(err.msg, ret ? "cannot do it" : "");
	assert_string_equal(err.extack, text);
	/* whoever does not ask for the text gets the errno all the same */
	assert_int_equal(extack_read(nlh, NULL, "cannot do it"), ret);
}

/* NLMSGERR_ATTR_OFFS (2), then NLMSGERR_ATTR_MSG (1) "no such thing" */
static const uint8_t both[] = { 8,   0,	  2,   0,   1,	 2,   3,   4,	18,  0,	  1,   0, 'n', 'o',
				' ', 's', 'u', 'c', 'h', ' ', 't', 'h', 'i', 'n', 'g', 0, 0,   0 };
static const uint8_t only[] = { 8, 0, 1, 0, 'a', 'b', 'c', 0 };

static void test_extack_reads_an_acknowledgement(void **state)
{
	(void)state;
	expect(&(struct shape){ 0, -1, 0, NULL, 0 }, 0, "");
	expect(&(struct shape){ 0, 20, 0, NULL, 0 }, 0, "");
	/* a warning that comes with success is no error */
	expect(&(struct shape){ 0, -1, NLM_F_ACK_TLVS, only, sizeof(only) }, 0, "");
}

static void test_extack_reads_an_error_without_text(void **state)
{
	(void)state;
	expect(&(struct shape){ -EPERM, -1, 0, NULL, 0 }, -EPERM, "");
	expect(&(struct shape){ -EEXIST, 0, 0, NULL, 0 }, -EEXIST, "");
	expect(&(struct shape){ -ENOENT, 37, 0, NULL, 0 }, -ENOENT, "");
	expect(&(struct shape){ -ENOENT, 37, NLM_F_ACK_TLVS, NULL, 0 }, -ENOENT, "");
}

static void test_extack_finds_the_text(void **state)
{
	(void)state;
	for (int request = -1; request < 70; request++) {
		expect(&(struct shape){ -EINVAL, request, NLM_F_ACK_TLVS, both, sizeof(both) },
		       -EINVAL, "no such thing");
		expect(&(struct shape){ -EINVAL, request, NLM_F_ACK_TLVS, only, sizeof(only) },
		       -EINVAL, "abc");
	}
}

/* The flag says whether there are attributes; what looks like some without it is the request. */
static void test_extack_believes_the_flag(void **state)
{
	(void)state;
	expect(&(struct shape){ -EINVAL, -1, 0, both, sizeof(both) }, -EINVAL, "");
	expect(&(struct shape){ -EINVAL, 12, 0, only, sizeof(only) }, -EINVAL, "");
}

/* Nesting and byte order flags in the type are not part of the type. */
static void test_extack_ignores_flags_of_the_type(void **state)
{
	static const uint8_t nested[] = { 8, 0, 1, 0x80, 'a', 'b', 'c', 0 };

	(void)state;
	expect(&(struct shape){ -EINVAL, -1, NLM_F_ACK_TLVS, nested, sizeof(nested) }, -EINVAL,
	       "abc");
}

static void test_extack_takes_a_text_without_its_end(void **state)
{
	static const uint8_t unterminated[] = { 7, 0, 1, 0, 'a', 'b', 'c' };
	static const uint8_t empty[] = { 4, 0, 1, 0 };

	(void)state;
	expect(&(struct shape){ -EINVAL, -1, NLM_F_ACK_TLVS, unterminated, sizeof(unterminated) },
	       -EINVAL, "abc");
	expect(&(struct shape){ -EINVAL, -1, NLM_F_ACK_TLVS, empty, sizeof(empty) }, -EINVAL, "");
}

static void test_extack_cuts_a_long_text(void **state)
{
	uint8_t attrs[604] = { 0x5c, 2, 1, 0 }; /* 604 */
	struct shape s = { -EINVAL, -1, NLM_F_ACK_TLVS, attrs, sizeof(attrs) };
	_cleanup_free_ struct nlmsghdr *nlh = NULL;
	struct lab_err err = { 0 };

	(void)state;
	memset(attrs + 4, 'x', 600);
	nlh = message(&s);
	assert_int_equal(extack_read(nlh, &err, "x"), -EINVAL);
	assert_int_equal(strlen(err.extack), sizeof(err.extack) - 1);
	assert_string_equal(err.fix, "");
}

/* ---- damaged ---- */

static void test_extack_refuses_what_is_too_short(void **state)
{
	struct shape s = { -EPERM, -1, 0, NULL, 0 };
	_cleanup_free_ struct nlmsghdr *nlh = message(&s);

	(void)state;
	for (uint32_t len = 0; len < NLMSG_HDRLEN + sizeof(struct nlmsgerr); len++) {
		struct lab_err err = { 0 };

		nlh->nlmsg_len = len;
		assert_int_equal(extack_read(nlh, &err, "cannot do it"), -EBADMSG);
		assert_int_equal(err.code, EBADMSG);
	}
}

/* Every length that an attribute can claim: the text, or none, and no byte too far. */
static void test_extack_survives_any_attribute_length(void **state)
{
	(void)state;
	for (unsigned len = 0; len < 65536; len += len < 64 ? 1 : 997) {
		uint8_t attrs[sizeof(both)];
		struct shape s = { -EINVAL, -1, NLM_F_ACK_TLVS, attrs, sizeof(attrs) };
		_cleanup_free_ struct nlmsghdr *nlh = NULL;
		struct lab_err err = { 0 };

		memcpy(attrs, both, sizeof(attrs));
		attrs[8] = (uint8_t)len;
		attrs[9] = (uint8_t)(len >> 8);
		nlh = message(&s);
		assert_int_equal(extack_read(nlh, &err, "x"), -EINVAL);
		if (len < 4 || len > 20)
			assert_string_equal(err.extack, "");
		else
			assert_memory_equal(err.extack, "no such thing", len < 17 ? len - 4 : 13);
	}
}

/* A first attribute of any length hides the second or not; it is never run past. */
static void test_extack_survives_any_first_length(void **state)
{
	(void)state;
	for (unsigned len = 0; len < 300; len++) {
		uint8_t attrs[sizeof(both)];
		struct shape s = { -EINVAL, -1, NLM_F_ACK_TLVS, attrs, sizeof(attrs) };
		_cleanup_free_ struct nlmsghdr *nlh = NULL;
		struct lab_err err = { 0 };

		memcpy(attrs, both, sizeof(attrs));
		attrs[0] = (uint8_t)len;
		attrs[1] = (uint8_t)(len >> 8);
		nlh = message(&s);
		assert_int_equal(extack_read(nlh, &err, "x"), -EINVAL);
		if (len >= 5 && len <= 8)
			assert_string_equal(err.extack, "no such thing");
		if (len < 4 || len > sizeof(both))
			assert_string_equal(err.extack, "");
	}
}

/*
 * The length that the echoed request claims may be anything. Where it is not what is there, there is
 * no text: above all, no part of the request is taken for one.
 */
static void test_extack_survives_any_request_length(void **state)
{
	static const uint32_t lens[] = { 0,	     1,		 4,	     8,
					 12,	     15,	 0x7fffffff, 0x80000000,
					 0xfffffff0, 0xfffffffc, 0xffffffff, 0x100000 };
	struct shape s = { -EINVAL, 0, NLM_F_ACK_TLVS, only, sizeof(only) };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		_cleanup_free_ struct nlmsghdr *nlh = message(&s);
		struct nlmsgerr *e = NLMSG_DATA(nlh);
		struct lab_err err = { 0 };

		e->msg.nlmsg_len = lens[i];
		/* what would read as an attribute with the text "QQQ" if the search began here */
		e->msg.nlmsg_seq = 1 << 16 | 8;
		e->msg.nlmsg_pid = 0x00515151;
		assert_int_equal(extack_read(nlh, &err, "x"), -EINVAL);
		assert_string_equal(err.extack, "");
	}
}

/* Only what can mean that a module is still on its way is asked again, and not for ever. */
static void test_extack_again_ends(void **state)
{
	int tries = 0, n = 0;

	(void)state;
	assert_false(extack_again(0, &tries));
	assert_false(extack_again(-EPERM, &tries));
	assert_int_equal(tries, 0);
	while (extack_again(-EINVAL, &tries))
		assert_true(++n <= 5);
	assert_int_equal(n, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_extack_reads_an_acknowledgement),
		cmocka_unit_test(test_extack_reads_an_error_without_text),
		cmocka_unit_test(test_extack_finds_the_text),
		cmocka_unit_test(test_extack_believes_the_flag),
		cmocka_unit_test(test_extack_ignores_flags_of_the_type),
		cmocka_unit_test(test_extack_takes_a_text_without_its_end),
		cmocka_unit_test(test_extack_cuts_a_long_text),
		cmocka_unit_test(test_extack_refuses_what_is_too_short),
		cmocka_unit_test(test_extack_survives_any_attribute_length),
		cmocka_unit_test(test_extack_survives_any_first_length),
		cmocka_unit_test(test_extack_survives_any_request_length),
		cmocka_unit_test(test_extack_again_ends),
	};

	return TEST_MAIN("extack", tests, NULL, NULL);
}
