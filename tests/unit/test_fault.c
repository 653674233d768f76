// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/main.h"

#include <errno.h>
#include <string.h>

#include "impair/fault.h"
#include "netns/cleanup.h"

static const char *const words[] = {
	"syn", "syn-ack", "ack", "data", "fin", "rst", "ecn-syn", "any"
};
static const unsigned bits[] = { SEG_SYN, SEG_SYN_ACK, SEG_ACK,	    SEG_DATA,
				 SEG_FIN, SEG_RST,     SEG_ECN_SYN, SEG_ANY };

/*
 * The words of the scenario format, as patterns of the flags C E U A P R S F: 1 set, 0 not, - either.
 * Written down independently of the classifier, which works with bits.
 */
static const struct {
	unsigned kind;
	const char *pattern;
	bool bare, loaded; /* without payload, with payload */
} patterns[] = {
	{ SEG_SYN, "---0--1-", true, true },  { SEG_SYN_ACK, "---1--1-", true, true },
	{ SEG_ACK, "--010000", true, false }, { SEG_DATA, "-----00-", false, true },
	{ SEG_FIN, "-------1", true, true },  { SEG_RST, "-----1--", true, true },
	{ SEG_ANY, "--------", true, true },  { SEG_ECN_SYN, "11-0--1-", true, true },
};

static bool fits(const char *pattern, unsigned flags)
{
	for (int i = 0; i < 8; i++) {
		bool set = flags >> (7 - i) & 1;

		if ((pattern[i] == '1' && !set) || (pattern[i] == '0' && set))
			return false;
	}
	return true;
}

static void test_segment_classify_knows_every_flag_byte(void **state)
{
	static const uint32_t payloads[] = { 0, 1, 1460, 0xffffffff };

	(void)state;
	for (unsigned i = 0; i < 256 * ARRAY_SIZE(payloads); i++) {
		unsigned flags = i % 256, want = 0;
		uint32_t payload = payloads[i / 256];

		for (size_t k = 0; k < ARRAY_SIZE(patterns); k++) {
			if (fits(patterns[k].pattern, flags) &&
			    (payload ? patterns[k].loaded : patterns[k].bare))
				want |= patterns[k].kind;
		}
		if (segment_classify((uint8_t)flags, payload) != want)
			fail_msg("flags %02x with %u bytes are %02x instead of %02x", flags,
				 payload, segment_classify((uint8_t)flags, payload), want);
	}
}

/* The segments of a connection's life, by name. */
static void test_segment_classify_knows_the_common_ones(void **state)
{
	static const struct {
		uint8_t flags;
		uint32_t payload;
		unsigned kinds;
	} cases[] = {
		{ 0x02, 0, SEG_SYN },
		{ 0xc2, 0, SEG_SYN | SEG_ECN_SYN }, /* SYN that asks for ECN */
		{ 0x12, 0, SEG_SYN_ACK },
		{ 0x10, 0, SEG_ACK },
		{ 0x50, 0, SEG_ACK },
		/* with ECE */ { 0x18, 5, SEG_DATA },
		{ 0x10, 5, SEG_DATA },
		{ 0x11, 0, SEG_FIN },
		{ 0x19, 5, SEG_FIN | SEG_DATA },
		{ 0x14, 0, SEG_RST },
		{ 0x04, 0, SEG_RST },
		{ 0x02, 100, SEG_SYN }, /* fast open */
		{ 0x14, 9, SEG_RST },
		{ 0x18, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(segment_classify(cases[i].flags, cases[i].payload),
				 cases[i].kinds | SEG_ANY);
}

static void test_segment_names_go_both_ways(void **state)
{
	static const char *const bad[] = { "",	   "SYN", "synack", "syn_ack",
					   "ack ", "psh", "all",    "an" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		assert_int_equal(segment_from_name(words[i]), bits[i]);
		assert_string_equal(segment_name(bits[i]), words[i]);
		assert_string_equal(segment_name_at((int)i), words[i]);
	}
	assert_null(segment_name_at((int)ARRAY_SIZE(words)));
	assert_null(segment_name_at(-1));
	assert_null(segment_name(0));
	assert_null(segment_name(SEG_SYN | SEG_FIN));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(segment_from_name(bad[i]), 0);
}

/* ---- actions ---- */

enum { V4 = 1, V6 = 2, BOTH = 3 };

static void test_action_parse_knows_words_and_families(void **state)
{
	static const struct {
		const char *text;
		unsigned families;
	} actions[] = {
		{ "drop", BOTH },
		{ "reject tcp-reset", BOTH },
		{ "reject port-unreachable", BOTH },
		{ "reject admin-prohibited", BOTH },
		{ "reject net-unreachable", V4 },
		{ "reject host-unreachable", V4 },
		{ "reject prot-unreachable", V4 },
		{ "reject net-prohibited", V4 },
		{ "reject host-prohibited", V4 },
		{ "reject no-route", V6 },
		{ "reject addr-unreachable", V6 },
	};

	(void)state;
	for (size_t i = 0; i < 3 * ARRAY_SIZE(actions); i++) {
		unsigned asked = 1 + (unsigned)(i % 3), has = actions[i / 3].families;
		struct fault fault = { 0 };
		struct lab_err err = { 0 };
		int ret = action_parse(actions[i / 3].text, asked, &fault, &err);
		char text[64];

		assert_int_equal(ret, has & asked ? 0 : -EAFNOSUPPORT);
		if (ret) {
			assert_non_null(strstr(err.msg, has == V4 ? "IPv4" : "IPv6"));
			continue;
		}
		assert_int_equal(fault.families, has & asked);
		assert_string_equal(action_text(&fault, text, sizeof(text)), actions[i / 3].text);
		assert_int_equal(action_rejects_with_reset(&fault),
				 !strcmp(actions[i / 3].text, "reject tcp-reset"));
		assert_non_null(fault.action->emit);
	}
}

static void test_action_parse_takes_more_blanks(void **state)
{
	struct fault fault = { 0 };
	struct lab_err err = { 0 };

	(void)state;
	assert_int_equal(action_parse("reject    no-route", V6, &fault, &err), 0);
	assert_int_equal(action_parse("drop ", BOTH, &fault, &err), 0);
}

static void test_action_parse_refuses_the_rest(void **state)
{
	static const struct {
		const char *text;
		int ret;
		const char *words;
	} bad[] = {
		{ "", -EINVAL, "unknown action ''" },
		{ "dropp", -EINVAL, "unknown action 'dropp'" },
		{ "dro", -EINVAL, "unknown action 'dro'" },
		{ "Drop", -EINVAL, "unknown action" },
		{ "drop all", -EINVAL, "no argument, found 'all'" },
		{ " drop", -EINVAL, "unknown action ''" },
		{ "reject", -EINVAL, "needs a word" },
		{ "reject tcp", -EINVAL, "unknown reject word 'tcp'" },
		{ "reject tcp-reset now", -EINVAL, "unknown reject word 'tcp-reset now'" },
		{ "reject net-unreachable ", -EINVAL, "unknown reject word" },
		{ "delay", -EINVAL, "needs a time" },
		{ "delay soon", -EINVAL, "expected a time" },
		{ "delay 0s", -EINVAL, "at most a minute" },
		{ "delay 61s", -EINVAL, "at most a minute" },
		{ "delay -1ms", -EINVAL, "expected a time" },
		{ "duplicate 2", -EINVAL, "no argument" },
		{ "reorder 2h", -EINVAL, "at most a minute" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct fault fault = { 0 };
		struct lab_err err = { 0 };

		assert_int_equal(action_parse(bad[i].text, BOTH, &fault, &err), bad[i].ret);
		assert_int_equal(err.code, -bad[i].ret);
		if (!strstr(err.msg, bad[i].words))
			fail_msg("'%s' is not in '%s'", bad[i].words, err.msg);
	}
}

/* What a message says of the words there are is true. */
static void test_action_message_names_words_that_are_taken(void **state)
{
	static const char *const named[] = { "tcp-reset", "no-route", "addr-unreachable",
					     "port-unreachable", "admin-prohibited" };
	struct fault fault = { 0 };
	struct lab_err err = { 0 }, none = { 0 };
	char text[64];

	(void)state;
	assert_int_equal(action_parse("reject what", BOTH, &fault, &err), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(named); i++) {
		assert_non_null(strstr(err.msg, named[i]));
		snprintf(text, sizeof(text), "reject %s", named[i]);
		assert_int_equal(action_parse(text, BOTH, &fault, &none), 0);
	}
}

static void test_action_table_is_complete(void **state)
{
	int n = 0;

	(void)state;
	for (const struct action *a; (a = action_at(n)); n++) {
		assert_true(a->name && *a->name && a->syntax && a->help);
		assert_int_equal(strncmp(a->syntax, a->name, strlen(a->name)), 0);
		/* usable, or it says why not */
		assert_int_equal(a->later == NULL, a->parse && (a->emit || a->hold) && a->past);
	}
	assert_true(n >= 2);
	assert_null(action_at(n));
	assert_null(action_at(-1));
}

static void test_action_text_of_no_action(void **state)
{
	struct fault fault = { 0 };
	char text[8];

	(void)state;
	assert_string_equal(action_text(&fault, text, sizeof(text)), "?");
	assert_false(action_rejects_with_reset(&fault));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_segment_classify_knows_every_flag_byte),
		cmocka_unit_test(test_segment_classify_knows_the_common_ones),
		cmocka_unit_test(test_segment_names_go_both_ways),
		cmocka_unit_test(test_action_parse_knows_words_and_families),
		cmocka_unit_test(test_action_parse_takes_more_blanks),
		cmocka_unit_test(test_action_parse_refuses_the_rest),
		cmocka_unit_test(test_action_message_names_words_that_are_taken),
		cmocka_unit_test(test_action_table_is_complete),
		cmocka_unit_test(test_action_text_of_no_action),
	};

	return TEST_MAIN("fault", tests, NULL, NULL);
}
