// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/scenario/reading.h"
#include "lab/scenario/reference.h"
#include "tests/unit/fake_vocabulary.h"

static char *print(void)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	reference_print(&fake_vocabulary, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* the rows of a table that the text has to have */
static void assert_rows(const char *text, const struct key *keys)
{
	char row[128];

	for (; keys->name; keys++) {
		snprintf(row, sizeof(row), "\n| `%s` | ", keys->name);
		if (!strstr(text, row))
			fail_msg("no row for %s", keys->name);
	}
}

static void test_reference_has_every_key(void **state)
{
	char *text = print();

	(void)state;
	assert_rows(text, SCENARIO_KEYS);
	assert_rows(text, TOPOLOGY_KEYS);
	assert_rows(text, HOST_KEYS);
	assert_rows(text, LINK_KEYS);
	assert_rows(text, FAULT_KEYS);
	assert_rows(text, MATCH_KEYS);
	assert_rows(text, CONNTRACK_KEYS);
	assert_rows(text, NAT_KEYS);
	assert_rows(text, COMMON_KEYS);
	assert_rows(text, EXPECT_KEYS);
	for (const struct verb *const *verb = fake_verbs; *verb; verb++)
		if (!(*verb)->later)
			assert_rows(text, (*verb)->keys);
	free(text);
}

static void test_reference_has_every_verb_and_action(void **state)
{
	char *text = print(), head[64];

	(void)state;
	for (const struct verb *const *verb = fake_verbs; *verb; verb++) {
		snprintf(head, sizeof(head), "\n#### %s\n", (*verb)->name);
		assert_non_null(strstr(text, head));
	}
	for (int i = 0; action_at(i); i++)
		assert_non_null(strstr(text, action_at(i)->name));
	assert_non_null(strstr(text, "Not available yet: it comes with nslab exec."));
	free(text);
}

/* a row with the wrong number of cells would break the table */
static void test_reference_tables_are_whole(void **state)
{
	char *text = print(), *save = NULL;

	(void)state;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		int bars = 0;

		if (line[0] != '|')
			continue;
		for (char *c = line; *c; c++)
			bars += *c == '|' && (c == line || c[-1] != '\\');
		if (bars != 6)
			fail_msg("%d bars in %s", bars, line);
	}
	free(text);
}

/* a key that nobody explains would be an empty cell */
static void test_reference_explains_every_key(void **state)
{
	static const struct key *const tables[] = { SCENARIO_KEYS, TOPOLOGY_KEYS, HOST_KEYS,
						    LINK_KEYS,	   FAULT_KEYS,	  MATCH_KEYS,
						    COMMON_KEYS,   EXPECT_KEYS,	  CONNTRACK_KEYS,
						    NAT_KEYS };

	(void)state;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct key *key = tables[i]; key->name; key++) {
			assert_non_null(key->help);
			assert_non_null(key->example);
			assert_true(key->type || key->words);
			assert_true(key->required || key->def || key->later ||
				    !strcmp(key->name, "sysctl") || !strcmp(key->name, "as"));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reference_has_every_key),
		cmocka_unit_test(test_reference_has_every_verb_and_action),
		cmocka_unit_test(test_reference_tables_are_whole),
		cmocka_unit_test(test_reference_explains_every_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
