// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The JSON Schema of the log says what the reader does: what it calls required is refused when it is
 * missing, and nothing else is. What validators make of it: tests/kernel/schema.sh.
 */
#include "tests/support/main.h"

#include <jansson.h>
#include <string.h>

#include "lab/event/event_schema.h"
#include "netns/cleanup.h"
#include "tests/support/event_samples.h"

static json_t *schema_make(void)
{
	_cleanup_free_ char *text = event_schema_text();
	json_t *schema;

	assert_non_null(text);
	schema = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(schema);
	return schema;
}

static json_t *at(json_t *json, const char *key)
{
	json_t *member = json_object_get(json, key);

	if (!member)
		fail_msg("there is no %s", key);
	return member;
}

static void test_event_schema_is_the_file(void **state)
{
	_cleanup_free_ char *text = event_schema_text();
	_cleanup_free_ char *there = NULL;
	size_t len = strlen(text);
	_cleanup_fclose_ FILE *file = fopen(NSLAB_SOURCE_DIR "/docs/events.schema.json", "re");

	(void)state;
	if (!file)
		fail_msg("mend it: nslab schema events > docs/events.schema.json");
	there = calloc(1, len + 2);
	assert_non_null(there);
	if (fread(there, 1, len + 1, file) != len || strcmp(there, text) != 0)
		fail_msg("mend it: nslab schema events > docs/events.schema.json");
}

static void test_event_schema_describes(void **state)
{
	json_t *schema = schema_make(), *def, *member;
	const char *name, *key;

	(void)state;
	assert_string_equal(json_string_value(at(schema, "$id")), "nslab:events:1");
	json_object_foreach(at(schema, "$defs"), name, def) {
		assert_true(json_string_length(at(def, "description")) > 0);
		assert_true(json_object_size(at(def, "properties")) > 0);
		json_object_foreach(at(def, "properties"), key, member) {
			if (!json_string_length(json_object_get(member, "description")))
				fail_msg("%s of %s has no description", key, name);
		}
	}
	json_decref(schema);
}

/* Does each "$ref" lead to something? */
static void refs_check(const json_t *schema, const json_t *json)
{
	static const char prefix[] = "#/$defs/";
	const char *ref = json_string_value(json_object_get(json, "$ref"));
	const char *key;
	json_t *value;
	size_t i;

	if (ref) {
		assert_memory_equal(ref, prefix, sizeof(prefix) - 1);
		assert_non_null(json_object_get(json_object_get(schema, "$defs"),
						ref + sizeof(prefix) - 1));
	}
	json_object_foreach((json_t *)json, key, value)
		refs_check(schema, value);
	json_array_foreach(json, i, value)
		refs_check(schema, value);
}

static void test_event_schema_refs(void **state)
{
	json_t *schema = schema_make();
	json_t *defs = at(schema, "$defs");

	(void)state;
	refs_check(schema, schema);
	for (int type = 0; type < EVENT_TYPE_COUNT; type++)
		assert_non_null(json_object_get(defs, event_type_name((enum event_type)type)));
	/* and what is in records: the headers of packets, faults, links */
	assert_int_equal(json_object_size(defs), EVENT_TYPE_COUNT + 3);
	json_decref(schema);
}

static bool names(const json_t *list, const char *key)
{
	json_t *name;
	size_t i;

	json_array_foreach(list, i, name) {
		if (!strcmp(json_string_value(name), key))
			return true;
	}
	return false;
}

/* Is the value one that a condition asks for? Of its rules we know those that are there. */
static bool value_fits(const json_t *rule, const json_t *value)
{
	const json_t *list = json_object_get(rule, "enum"), *is = json_object_get(rule, "const");

	if (list)
		return json_is_string(value) && names(list, json_string_value(value));
	if (is)
		return json_equal(is, value);
	assert_string_equal(json_string_value(json_object_get(rule, "type")), "integer");
	return json_is_integer(value);
}

static bool condition_holds(json_t *condition, const json_t *object)
{
	const char *key;
	json_t *rule;

	json_object_foreach(at(condition, "properties"), key, rule) {
		const json_t *value = json_object_get(object, key);

		assert_true(names(at(condition, "required"), key));
		if (!value || !value_fits(rule, value))
			return false;
	}
	return true;
}

static bool is_required(json_t *def, const json_t *object, const char *key)
{
	json_t *rule;
	size_t i;

	if (names(at(def, "required"), key))
		return true;
	json_array_foreach(json_object_get(def, "allOf"), i, rule) {
		if (condition_holds(at(rule, "if"), object) &&
		    names(at(at(rule, "then"), "required"), key))
			return true;
	}
	return false;
}

static bool is_read(const json_t *record)
{
	_cleanup_free_ char *line = json_dumps(record, JSON_COMPACT);
	struct event event;
	const char *why;
	int r;

	assert_non_null(line);
	r = event_read(line, strlen(line), &event, &why);
	event_clear(&event);
	return r == 0;
}

/* Take each member of @object away, which is @record or in it, and see what the reader says. */
static int missing_check(json_t *def, const json_t *record, json_t *object)
{
	json_t *before = json_copy(object), *value;
	const char *key;
	int n = 0;

	json_object_foreach(before, key, value) {
		bool required = is_required(def, object, key);

		if (!json_object_get(at(def, "properties"), key))
			fail_msg("the schema does not know %s", key);
		json_object_del(object, key);
		if (is_read(record) == required)
			fail_msg("%s is%s required, the reader does not agree", key,
				 required ? "" : " not");
		json_object_set(object, key, value);
		n++;
	}
	json_decref(before);
	return n;
}

static void test_event_schema_required_is_what_is_refused(void **state)
{
	json_t *schema = schema_make();
	json_t *defs = at(schema, "$defs");
	int n = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		_cleanup_free_ char *line = event_write(&samples[i], NULL);
		json_t *record = json_loads(line, 0, NULL);
		json_t *headers = json_object_get(record, "packet");

		assert_true(is_read(record));
		n += missing_check(at(defs, event_type_name(samples[i].type)), record, record);
		if (headers)
			n += missing_check(at(defs, "headers"), record, headers);
		json_decref(record);
	}
	assert_true(n > 150);
	json_decref(schema);
}

/* A number just in the schema's range is read, one just outside is not. */
static void test_event_schema_ranges_are_the_readers(void **state)
{
	static const char *const keys[] = { "ttl", "id", "ip_len", "sport", "seq", "payload" };
	json_t *schema = schema_make();
	json_t *rules = at(at(at(schema, "$defs"), "headers"), "properties");
	struct event event = {
		.type = EVENT_PACKET,
		.packet = { .ifname = (char *)"a", .held_ns = -1, .packet = SYN_PACKET }
	};
	_cleanup_free_ char *line = event_write(&event, NULL);
	json_t *record = json_loads(line, 0, NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		json_t *number = at(at(record, "packet"), keys[i]), *rule = at(rules, keys[i]);
		json_int_t before = json_integer_value(number);
		json_int_t max = json_integer_value(at(rule, "maximum"));
		json_int_t min = json_integer_value(at(rule, "minimum"));

		json_integer_set(number, max);
		assert_true(is_read(record));
		json_integer_set(number, max + 1);
		assert_false(is_read(record));
		json_integer_set(number, min);
		assert_true(is_read(record));
		json_integer_set(number, min - 1);
		assert_false(is_read(record));
		json_integer_set(number, before);
	}
	json_decref(record);
	json_decref(schema);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_event_schema_is_the_file),
		cmocka_unit_test(test_event_schema_describes),
		cmocka_unit_test(test_event_schema_refs),
		cmocka_unit_test(test_event_schema_required_is_what_is_refused),
		cmocka_unit_test(test_event_schema_ranges_are_the_readers),
	};

	return TEST_MAIN("event schema", tests, NULL, NULL);
}
