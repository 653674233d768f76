// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "lab/scenario/node.h"
#include "lab/scenario/problem.h"
#include "netns/cleanup.h"

static struct node *parse(const char *text)
{
	struct problems p = { .source = text, .source_len = strlen(text) };
	struct node *node = node_parse(text, strlen(text), &p);

	if (!node)
		fail_msg("refused: %s", p.n ? p.list[0].text : "?");
	assert_int_equal(p.n, 0);
	problems_free(&p);
	return node;
}

static void assert_scalar(const struct node *node, const char *text, int line, int col)
{
	assert_non_null(node);
	assert_int_equal(node->kind, NODE_SCALAR);
	assert_string_equal(node->text, text);
	assert_int_equal(node->line, line);
	assert_int_equal(node->col, col);
}

static void assert_refused(const char *text, size_t len, int line, int col, const char *words)
{
	struct problems p = { .source = text, .source_len = len };
	struct node *node = node_parse(text, len, &p);

	assert_null(node);
	assert_true(p.n >= 1);
	if (!strstr(p.list[0].text, words))
		fail_msg("'%s' instead of '%s'", p.list[0].text, words);
	assert_int_equal(p.list[0].line, line);
	assert_int_equal(p.list[0].col, col);
	problems_free(&p);
}

static void test_node_knows_every_place(void **state)
{
	struct node *root = parse("name: x\n"
				  "steps:\n"
				  "  - server: {listen: 8080, é: [a, \"b\"]}\n"
				  "  - a -- b\n");
	const struct node *steps = node_get(root, "steps"), *map;

	(void)state;
	assert_int_equal(root->kind, NODE_MAP);
	assert_scalar(node_get(root, "name"), "x", 1, 7);
	assert_int_equal(steps->kind, NODE_LIST);
	assert_int_equal(steps->n, 2);
	assert_scalar(steps->items[0]->keys[0], "server", 3, 5);
	map = steps->items[0]->items[0];
	assert_int_equal(map->line, 3);
	assert_int_equal(map->col, 13);
	assert_scalar(node_get(map, "listen"), "8080", 3, 22);
	assert_scalar(map->keys[1], "é", 3, 28);
	assert_scalar(map->items[1]->items[1], "b", 3, 35); /* columns are characters */
	assert_true(map->items[1]->items[1]->quoted);
	assert_false(map->items[1]->items[0]->quoted);
	assert_scalar(steps->items[1], "a -- b", 4, 5);
	assert_null(node_get(root, "nothing"));
	assert_null(node_get(steps, "name"));
	node_free(root);
}

static void test_node_reads_nulls_blocks_and_flow(void **state)
{
	struct node *root = parse("a:\nb: ~\nc: null\nd: \"\"\ne: |\n  x\n  y\nf: >-\n  x\n  y\n"
				  "g: [p: q]\nh: {}\ni: []\nj: 'null'\n");

	(void)state;
	assert_string_equal(node_get(root, "a")->text, "");
	assert_false(node_get(root, "a")->quoted);
	assert_string_equal(node_get(root, "b")->text, "");
	assert_string_equal(node_get(root, "c")->text, "");
	assert_true(node_get(root, "d")->quoted);
	assert_string_equal(node_get(root, "e")->text, "x\ny\n");
	assert_true(node_get(root, "e")->quoted);
	assert_string_equal(node_get(root, "f")->text, "x y");
	assert_scalar(node_get(node_get(root, "g")->items[0], "p"), "q", 11, 8);
	assert_int_equal(node_get(root, "g")->items[0]->col, 5);
	assert_int_equal(node_get(root, "h")->n, 0);
	assert_int_equal(node_get(root, "i")->kind, NODE_LIST);
	assert_string_equal(node_get(root, "j")->text, "null");
	node_free(root);
}

static void test_node_takes_json_crlf_and_a_byte_order_mark(void **state)
{
	struct node *root = parse("{\"a\": {\"b\": [1, true]}, \"c\": \"x\\ty\"}");

	(void)state;
	assert_string_equal(node_get(root, "c")->text, "x\ty");
	node_free(root);
	root = parse("\xef\xbb\xbf"
		     "a: 1\r\nb: |\r\n  x\r\n  y\r\n");
	assert_scalar(node_get(root, "a"), "1", 1, 4);
	assert_string_equal(node_get(root, "b")->text, "x\ny\n");
	node_free(root);
}

static void test_node_leaves_duplicates_in(void **state)
{
	struct node *root = parse("a: 1\na: 2\n");

	(void)state;
	assert_int_equal(root->n, 2);
	node_free(root);
}

static void test_node_refuses_with_place(void **state)
{
	static const struct {
		const char *text;
		int line, col;
		const char *words;
	} bad[] = {
		{ "", 1, 1, "empty" },
		{ "# only a comment\n", 1, 1, "empty" },
		{ "a:\n\tb: 1\n", 2, 1, "tabs cannot indent YAML; use spaces" },
		{ "a:\n  - b: 1\n\t- c\n", 3, 2, "tabs cannot indent" },
		{ "a: {b: 1,\n\tc: 2}\n", 2, 1, "tabs cannot indent" },
		{ "a: 1\nb: \x1b[31m\n", 2, 4, "control characters" },
		{ "a: \"\\x1b\"\n", 1, 4, "control characters" },
		{ "a: \"\\0\"\n", 1, 4, "control characters" },
		{ "a: \"\\u202e\"\n", 1, 4, "control characters" },
		{ "a: x\ry\n", 1, 5, "control characters" },
		{ "a: \xff\n", 1, 4, "not UTF-8" },
		{ "a: \xc0\xaf\n", 1, 4, "not UTF-8" },
		{ "a: \xed\xa0\x80\n", 1, 4, "not UTF-8" },
		{ "a: &x 1\n", 1, 4, "anchors and aliases" },
		{ "a: 1\nb: *x\n", 2, 4, "anchors and aliases" },
		{ "a: &x {b: 1}\n", 1, 4, "anchors and aliases" },
		{ "a: !!str 3\n", 1, 4, "tags are not part" },
		{ "a: 1\n---\nb: 2\n", 2, 1, "second document" },
		{ "? [a, b]\n: c\n", 1, 3, "a key must be a plain word" },
		{ "? {a: b}\n: c\n", 1, 3, "a key must be a plain word" },
		{ "a: {b: 1\n", 1, 9, "not YAML" },
		{ "a: \"x\n", 1, 5, "not YAML" },
		{ "a: b: c\n", 1, 5, "not YAML" },
		{ "a: [1, 2\nb: 3\n", 2, 5, "not YAML" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_refused(bad[i].text, strlen(bad[i].text), bad[i].line, bad[i].col,
			       bad[i].words);
	assert_refused("a: 1\n\0b", 7, 2, 1, "NUL byte");
	assert_refused("\x7f"
		       "ELF\2\1\1\0",
		       8, 1, 1, "control characters");
}

static void test_node_reports_all_that_yaml_allows(void **state)
{
	static const char text[] = "a: &x 1\nb: *x\nc: !t 3\n";
	struct problems p = { .source = text, .source_len = sizeof(text) - 1 };

	(void)state;
	assert_null(node_parse(text, sizeof(text) - 1, &p));
	assert_int_equal(p.n, 3);
	problems_free(&p);
}

static void test_node_hints_at_quotes(void **state)
{
	static const char *const texts[] = { "a: {b: ${kind}}\n", "a: {b: >= 2}\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct problems p = { 0 };

		assert_null(node_parse(texts[i], strlen(texts[i]), &p));
		assert_non_null(p.list[0].hint);
		assert_non_null(strstr(p.list[0].hint, "in quotes"));
		problems_free(&p);
	}
}

static void test_node_refuses_deep_nesting(void **state)
{
	char text[256];

	(void)state;
	memset(text, '[', 33);
	memset(text + 33, ']', 33);
	assert_refused(text, 66, 1, 33, "nested too deeply");
	memset(text, '[', 32);
	memset(text + 32, ']', 32);
	text[64] = '\0';
	node_free(parse(text));
	for (int i = 0; i < 100; i++)
		memcpy(text + 2 * i, "- ", 2);
	assert_refused(text, 200, 1, 65, "nested too deeply");
}

static void test_node_reads_long_single_quotes(void **state)
{
	char text[4096] = "a: '", expected[2048] = "";
	struct node *root;

	(void)state;
	for (int i = 0; i < 300; i++) { /* more than libfyaml reads at once */
		strcat(text, "it''s ");
		strcat(expected, "it's ");
	}
	strcat(text, "\n\n  folded\n  ''é'''\n");
	strcpy(expected + strlen(expected) - 1, "\nfolded 'é'");
	root = parse(text);
	assert_string_equal(node_get(root, "a")->text, expected);
	node_free(root);
}

static void test_node_refuses_what_takes_too_long(void **state)
{
	char *text = malloc(20001);

	(void)state;
	memset(text, '\n', 20000);
	memcpy(text, "a: |", 4);
	assert_refused(text, 20000, 10001, 1, "too long; at most 10000 lines");
	memset(text, '%', 20000);
	assert_refused(text, 20000, 1, 1, "directives are not part of the format");
	free(text);
}

/* whatever comes, there is a tree or a problem with a place */
static void check_any(const char *text, size_t len)
{
	struct problems p = { .source = text, .source_len = len };
	struct node *node = node_parse(text, len, &p);

	assert_true(node ? p.n == 0 : p.n > 0);
	for (int i = 0; i < p.n; i++)
		assert_true(p.list[i].line >= 1 && p.list[i].col >= 1);
	node_free(node);
	problems_free(&p);
}

static const char GOOD[] = "name: dial-ok\n"
			   "story: |\n  What happens,\n  in a paragraph.\n"
			   "list: [a, \"b\\n\", 'c', {d: e, f}, g: h]\n"
			   "steps: # a comment\n"
			   "  - client: {dial: \"server:8080\", as: conn,\n"
			   "             deadline: 2s}\n"
			   "    expect: {error: none}\n"
			   "  - ? x\n    : >-\n      folded\n\n      text\n"
			   "  - é: ±\n";

static void test_node_survives_truncation(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof(GOOD); len++) {
		char *copy = malloc(len + 1); /* of the exact size, so that an overrun shows */

		memcpy(copy, GOOD, len);
		check_any(copy, len);
		free(copy);
	}
}

static void test_node_survives_mutation(void **state)
{
	static const char bytes[] = "\0\t\n\r \"'#%&*-:,>?@[]{}|!`~\x01\x80\xc3\xff\\";
	char text[sizeof(GOOD)];

	(void)state;
	for (size_t at = 0; at + 1 < sizeof(GOOD); at++) {
		for (size_t i = 0; i + 1 < sizeof(bytes); i++) {
			memcpy(text, GOOD, sizeof(text));
			text[at] = bytes[i];
			check_any(text, sizeof(GOOD) - 1);
		}
		/* and a byte taken out */
		memcpy(text, GOOD, sizeof(text));
		memmove(text + at, text + at + 1, sizeof(text) - at - 1);
		check_any(text, sizeof(GOOD) - 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_node_knows_every_place),
		cmocka_unit_test(test_node_reads_nulls_blocks_and_flow),
		cmocka_unit_test(test_node_takes_json_crlf_and_a_byte_order_mark),
		cmocka_unit_test(test_node_leaves_duplicates_in),
		cmocka_unit_test(test_node_refuses_with_place),
		cmocka_unit_test(test_node_reports_all_that_yaml_allows),
		cmocka_unit_test(test_node_hints_at_quotes),
		cmocka_unit_test(test_node_refuses_deep_nesting),
		cmocka_unit_test(test_node_reads_long_single_quotes),
		cmocka_unit_test(test_node_refuses_what_takes_too_long),
		cmocka_unit_test(test_node_survives_truncation),
		cmocka_unit_test(test_node_survives_mutation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
