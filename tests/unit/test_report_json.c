// SPDX-License-Identifier: GPL-2.0-or-later
/* The JSON report: its whole text, its schema, and that it holds the log, whatever the log is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>

#include "tests/unit/report_hostile.h"
#include "tests/unit/report_log.h"

static json_t *parse(const char *text)
{
	json_error_t error;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);

	if (!json)
		fail_msg("line %d: %s", error.line, error.text);
	return json;
}

/* ---- whole texts ---------------------------------------------------------------------------- */

static void feed_short(struct screen *screen)
{
	feed_note(screen, "a \"note\"");
	feed_expectation(screen, 7, -1, 3, "text", "1", "2");
	feed_end(screen, RESULT_FAILED, "why", 0, 1);
	feed_note(screen, "cut");
}

static void test_json_text(void **state)
{
	_cleanup_free_ char *text = report_of(&REPORT_JSON, feed_short);

	(void)state;
	assert_string_equal(
		text,
		"{\"format\":\"nslab-report\",\"version\":1,\"runs\":[\n"
		"{\"begin\":null,\"events\":[\n"
		"{\"type\":\"note\",\"t_ns\":0,\"text\":\"a \\\"note\\\"\"},\n"
		"{\"type\":\"expectation\",\"t_ns\":7,\"number\":1,\"line\":3,\"col\":0,"
		"\"text\":\"text\",\"expected\":\"1\",\"observed\":\"2\",\"met\":false}],\n"
		"\"end\":{\"type\":\"end\",\"t_ns\":2530000000,\"result\":\"failed\",\"text\":\"why\","
		"\"signal\":0,\"met\":0,\"unmet\":1,\"took_ns\":2530000000},\n"
		"\"result\":\"failed\",\"took_ns\":2530000000,\"met\":0,\"unmet\":1,"
		"\"unmet_expectations\":[\n"
		"{\"type\":\"expectation\",\"t_ns\":7,\"number\":1,\"line\":3,\"col\":0,"
		"\"text\":\"text\",\"expected\":\"1\",\"observed\":\"2\",\"met\":false}]},\n"
		"{\"begin\":null,\"events\":[\n"
		"{\"type\":\"note\",\"t_ns\":0,\"text\":\"cut\"}],\n"
		"\"end\":null,\n"
		"\"result\":\"unfinished\",\"took_ns\":0,\"met\":0,\"unmet\":0,"
		"\"unmet_expectations\":[]}],\n"
		"\"summary\":{\"runs\":2,\"passed\":0,\"failed\":1,\"error\":0,\"skipped\":0,"
		"\"interrupted\":0,\"unfinished\":1,\"took_ns\":2530000000}}\n");
}

static void test_json_empty(void **state)
{
	_cleanup_free_ char *text = report_of(&REPORT_JSON, NULL);

	(void)state;
	assert_string_equal(text,
			    "{\"format\":\"nslab-report\",\"version\":1,\"runs\":[],\n"
			    "\"summary\":{\"runs\":0,\"passed\":0,\"failed\":0,\"error\":0,"
			    "\"skipped\":0,\"interrupted\":0,\"unfinished\":0,\"took_ns\":0}}\n");
	json_decref(parse(text));
	REPORT_JSON.close(NULL);
}

static void assert_summary(const json_t *document, const char *name, json_int_t expected)
{
	const json_t *summary = json_object_get(document, "summary");

	if (json_integer_value(json_object_get(summary, name)) != expected)
		fail_msg("summary of %s", name);
}

static void test_json_log(void **state)
{
	_cleanup_free_ char *text = report_of(&REPORT_JSON, feed_log);
	json_t *document = parse(text), *run;

	(void)state;
	assert_summary(document, "runs", 8);
	assert_summary(document, "passed", 2);
	assert_summary(document, "failed", 2);
	assert_summary(document, "error", 1);
	assert_summary(document, "skipped", 1);
	assert_summary(document, "interrupted", 1);
	assert_summary(document, "unfinished", 1);
	assert_summary(document, "took_ns", 7 * MS(2530) + MS(0.8));
	run = json_array_get(json_object_get(document, "runs"), 1);
	assert_string_equal(json_string_value(json_object_get(run, "result")), "failed");
	assert_int_equal(json_integer_value(json_object_get(run, "met")), 2);
	assert_int_equal(json_array_size(json_object_get(run, "unmet_expectations")), 1);
	run = json_array_get(json_object_get(document, "runs"), 6);
	assert_string_equal(json_string_value(json_object_get(run, "result")), "unfinished");
	assert_int_equal(json_integer_value(json_object_get(run, "met")), 1);
	json_decref(document);
}

/* ---- the schema ----------------------------------------------------------------------------- */

/**
 * struct walk - a document beside its schema
 * @why: what does not fit first, NULL if all does
 */
struct walk {
	const json_t *root;
	const char *why;
};

static void walk_at(struct walk *walk, const json_t *schema, const json_t *value);

static void walk_ref(struct walk *walk, const char *ref, const json_t *value)
{
	if (strcmp(ref, "nslab:events:1") == 0) {
		/* the log's own schema */
		if (!json_is_string(json_object_get(value, "type")))
			walk->why = "no record of the log";
	} else if (strncmp(ref, "#/$defs/", 8) == 0) {
		const json_t *def = json_object_get(json_object_get(walk->root, "$defs"), ref + 8);

		assert_non_null(def);
		walk_at(walk, def, value);
	} else {
		fail_msg("an unknown $ref: %s", ref);
	}
}

static void walk_type(struct walk *walk, const char *type, const json_t *value)
{
	bool fits = (!strcmp(type, "object") && json_is_object(value)) ||
		    (!strcmp(type, "array") && json_is_array(value)) ||
		    (!strcmp(type, "integer") && json_is_integer(value)) ||
		    (!strcmp(type, "null") && json_is_null(value));

	if (!fits)
		walk->why = "of another type";
}

/* The schema says each member that we write, although readers have to take more. */
static void walk_object(struct walk *walk, const json_t *schema, const json_t *value)
{
	const json_t *properties = json_object_get(schema, "properties"), *name, *member;
	const char *key;
	size_t i;

	json_array_foreach(json_object_get(schema, "required"), i, name)
		if (!json_object_get(value, json_string_value(name)))
			walk->why = "a member is missing";
	json_object_foreach((json_t *)properties, key, member)
		if (json_object_get(value, key))
			walk_at(walk, member, json_object_get(value, key));
	if (properties)
		json_object_foreach((json_t *)value, key, member)
			if (!json_object_get(properties, key))
				walk->why = "a member that the schema does not know";
}

static void walk_any(struct walk *walk, const json_t *list, const json_t *value)
{
	const json_t *schema;
	size_t i;

	json_array_foreach(list, i, schema) {
		struct walk one = { walk->root, NULL };

		walk_at(&one, schema, value);
		if (!one.why)
			return;
	}
	walk->why = "none of several";
}

static void walk_list(struct walk *walk, const json_t *items, const json_t *value)
{
	const json_t *element;
	size_t i;

	json_array_foreach(value, i, element)
		walk_at(walk, items, element);
}

static bool listed(const json_t *list, const json_t *value)
{
	const json_t *element;
	size_t i;

	json_array_foreach(list, i, element)
		if (json_equal(element, value))
			return true;
	return false;
}

/* As much of JSON Schema as ours uses; what is not known here fails the test. */
static void walk_at(struct walk *walk, const json_t *schema, const json_t *value)
{
	const char *key;
	const json_t *rule;

	walk_object(walk, schema, value);
	json_object_foreach((json_t *)schema, key, rule) {
		if (!strcmp(key, "$ref"))
			walk_ref(walk, json_string_value(rule), value);
		else if (!strcmp(key, "type"))
			walk_type(walk, json_string_value(rule), value);
		else if (!strcmp(key, "items"))
			walk_list(walk, rule, value);
		else if (!strcmp(key, "anyOf"))
			walk_any(walk, rule, value);
		else if (!strcmp(key, "const") && !json_equal(rule, value))
			walk->why = "not the constant";
		else if (!strcmp(key, "enum") && !listed(rule, value))
			walk->why = "none of the words";
		else if (!strcmp(key, "minimum") &&
			 json_integer_value(value) < json_integer_value(rule))
			walk->why = "too small";
		else if (!strstr(" $schema $id $defs title description required properties const "
				 "enum minimum ",
				 key))
			fail_msg("an unknown rule: %s", key);
	}
}

static json_t *schema_load(void)
{
	json_t *schema = json_load_file(NSLAB_SOURCE_DIR "/docs/report.schema.json",
					JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(schema);
	assert_string_equal(json_string_value(json_object_get(schema, "$id")), "nslab:report:1");
	return schema;
}

static const char *schema_refuses(const json_t *schema, const json_t *document)
{
	struct walk walk = { schema, NULL };

	walk_at(&walk, schema, document);
	return walk.why;
}

static void test_json_schema(void **state)
{
	_cleanup_free_ char *text = report_of(&REPORT_JSON, feed_log);
	json_t *schema = schema_load(), *document = parse(text), *run, *summary;

	(void)state;
	assert_null(schema_refuses(schema, document));
	run = json_array_get(json_object_get(document, "runs"), 2);
	summary = json_object_get(document, "summary");

	json_object_set_new(run, "result", json_string("fine"));
	assert_string_equal(schema_refuses(schema, document), "none of the words");
	json_object_set_new(run, "result", json_string("error"));
	json_object_set_new(summary, "runs", json_integer(-1));
	assert_string_equal(schema_refuses(schema, document), "too small");
	json_object_set_new(summary, "runs", json_string("8"));
	assert_string_equal(schema_refuses(schema, document), "of another type");
	json_object_set_new(summary, "runs", json_integer(8));
	json_object_set_new(run, "begin", json_integer(1));
	assert_string_equal(schema_refuses(schema, document), "none of several");
	json_object_set_new(run, "begin", json_null());
	json_object_set_new(run, "more", json_null());
	assert_string_equal(schema_refuses(schema, document),
			    "a member that the schema does not know");
	json_object_del(run, "more");
	assert_null(schema_refuses(schema, document));
	json_object_del(run, "end");
	assert_string_equal(schema_refuses(schema, document), "a member is missing");
	json_decref(document);
	json_decref(schema);
}

/* All words of the schema are ones that a report can have, and the other way round. */
static void test_json_outcomes(void **state)
{
	_cleanup_free_ char *text = report_of(&REPORT_JSON, feed_log);
	json_t *schema = schema_load(), *document = parse(text), *words, *summary, *word;
	size_t i;

	(void)state;
	words = json_object_get(json_object_get(json_object_get(schema, "$defs"), "outcome"),
				"enum");
	summary = json_object_get(document, "summary");
	json_array_foreach(words, i, word)
		assert_non_null(json_object_get(summary, json_string_value(word)));
	assert_int_equal(json_array_size(words) + 2, json_object_size(summary));
	json_decref(document);
	json_decref(schema);
}

/* ---- whatever the log is -------------------------------------------------------------------- */

/* The records of a document, one behind the other. */
static json_t *records_of(const json_t *document)
{
	json_t *ret = json_array(), *run, *begin, *end;
	size_t i;

	json_array_foreach(json_object_get(document, "runs"), i, run) {
		begin = json_object_get(run, "begin");
		end = json_object_get(run, "end");
		if (!json_is_null(begin))
			json_array_append(ret, begin);
		json_array_extend(ret, json_object_get(run, "events"));
		if (!json_is_null(end))
			json_array_append(ret, end);
	}
	return ret;
}

static void append_record(json_t *list, const struct event *event)
{
	_cleanup_free_ char *line = event_write(event, NULL);

	json_array_append_new(list, parse(line));
}

/* It holds every record as the log does, in its order, and counts right. */
static void test_json_hostile(void **state)
{
	unsigned seed = 7;

	(void)state;
	for (int i = 0; i < 60; i++) {
		json_t *log = json_array(), *document, *records;
		struct run_count count = { 0 };
		struct screen screen;

		screen_open_as(&screen, &REPORT_JSON, (struct report_options){ 0 });
		for (int k = 0; k < 60; k++) {
			struct event_fault_info fault;
			char *hosts[5];
			struct event event = hostile_event(&seed, hosts, &fault);

			append_record(log, &event);
			run_count(&count, event.type);
			feed(&screen, event);
		}
		document = parse(screen_close(&screen));
		records = records_of(document);
		assert_true(json_equal(records, log));
		assert_summary(document, "runs", count.runs);
		assert_summary(document, "unfinished", count.runs - count.ended);
		json_decref(records);
		json_decref(document);
		json_decref(log);
		free(screen.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_text),     cmocka_unit_test(test_json_empty),
		cmocka_unit_test(test_json_log),      cmocka_unit_test(test_json_schema),
		cmocka_unit_test(test_json_outcomes), cmocka_unit_test(test_json_hostile),
	};

	return cmocka_run_group_tests_name("report_json", tests, NULL, NULL);
}
