// SPDX-License-Identifier: GPL-2.0-or-later
/* JUnit's XML: whole texts, both schemas (tests/junit/README.md), and that its totals add up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libxml/parser.h>
#include <libxml/xmlschemas.h>

#include "tests/unit/report_hostile.h"
#include "tests/unit/report_log.h"

/* ---- the schemas ---------------------------------------------------------------------------- */

static const char *const schema_files[] = {
	NSLAB_SOURCE_DIR "/tests/junit/junit-10.xsd",
	NSLAB_SOURCE_DIR "/tests/junit/junit-10-2014.xsd",
};

static xmlSchema *schemas[ARRAY_SIZE(schema_files)];

/* Refusals are expected, too, and asserted: nothing to print. */
static void say_nothing(void *context, const char *format, ...)
{
	(void)context;
	(void)format;
}

static int setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(schemas); i++) {
		xmlSchemaParserCtxt *parser = xmlSchemaNewParserCtxt(schema_files[i]);

		schemas[i] = xmlSchemaParse(parser);
		xmlSchemaFreeParserCtxt(parser);
		if (!schemas[i])
			return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(schemas); i++)
		xmlSchemaFree(schemas[i]);
	xmlCleanupParser();
	return 0;
}

static bool schema_takes(xmlSchema *schema, xmlDoc *document)
{
	xmlSchemaValidCtxt *valid = xmlSchemaNewValidCtxt(schema);
	int r;

	xmlSchemaSetValidErrors(valid, say_nothing, say_nothing, NULL);
	r = xmlSchemaValidateDoc(valid, document);
	xmlSchemaFreeValidCtxt(valid);
	assert_true(r >= 0);
	return r == 0;
}

static xmlDoc *parse(const char *text)
{
	xmlDoc *document = xmlReadMemory(text, (int)strlen(text), "report.xml", NULL,
					 XML_PARSE_NONET | XML_PARSE_HUGE);

	if (!document)
		fail_msg("no XML: %s", text);
	return document;
}

/* ---- that it adds up ------------------------------------------------------------------------ */

struct totals {
	long long tests, failures, errors, skipped;
	uint64_t ms;
};

static long long number_of(xmlNode *node, const char *name)
{
	char *text = (char *)xmlGetProp(node, BAD_CAST name);
	long long ret;

	assert_non_null(text);
	ret = atoll(text);
	xmlFree(text);
	return ret;
}

/* "12.345" to 12345 */
static uint64_t ms_of(xmlNode *node)
{
	char *text = (char *)xmlGetProp(node, BAD_CAST "time"), *point;
	uint64_t ret;

	assert_non_null(text);
	point = strchr(text, '.');
	assert_true(point && strlen(point) == 4);
	memmove(point, point + 1, 4);
	ret = strtoull(text, NULL, 10);
	xmlFree(text);
	return ret;
}

static xmlNode *child_of(xmlNode *node, const char *name)
{
	for (node = node->children; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE && !strcmp((const char *)node->name, name))
			return node;
	return NULL;
}

static void suite_add(xmlNode *suite, struct totals *all)
{
	struct totals sum = { 0 };

	for (xmlNode *node = suite->children; node; node = node->next) {
		if (node->type != XML_ELEMENT_NODE ||
		    strcmp((const char *)node->name, "testcase") != 0)
			continue;
		sum.tests++;
		sum.failures += child_of(node, "failure") != NULL;
		sum.errors += child_of(node, "error") != NULL;
		sum.skipped += child_of(node, "skipped") != NULL;
		sum.ms += ms_of(node);
	}
	assert_true(sum.tests > 0);
	assert_int_equal(number_of(suite, "tests"), sum.tests);
	assert_int_equal(number_of(suite, "failures"), sum.failures);
	assert_int_equal(number_of(suite, "errors"), sum.errors);
	assert_int_equal(number_of(suite, "skipped"), sum.skipped);
	assert_true(ms_of(suite) == sum.ms);
	all->tests += sum.tests;
	all->failures += sum.failures;
	all->errors += sum.errors;
	all->ms += sum.ms;
}

/* Valid by both schemas, adds up; returns how many test cases there are. */
static long long assert_junit(const char *text)
{
	xmlDoc *document = parse(text);
	xmlNode *root = xmlDocGetRootElement(document);
	struct totals all = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(schemas); i++)
		if (!schema_takes(schemas[i], document))
			fail_msg("%s refuses: %s", schema_files[i], text);
	for (xmlNode *node = root->children; node; node = node->next)
		if (node->type == XML_ELEMENT_NODE)
			suite_add(node, &all);
	assert_int_equal(number_of(root, "tests"), all.tests);
	assert_int_equal(number_of(root, "failures"), all.failures);
	assert_int_equal(number_of(root, "errors"), all.errors);
	assert_true(ms_of(root) == all.ms);
	xmlFreeDoc(document);
	return all.tests;
}

/* ---- whole texts ---------------------------------------------------------------------------- */

static void print_properties(FILE *out, const char *backend)
{
	fprintf(out,
		"    <properties>\n"
		"      <property name=\"kernel\" value=\"6.18.0\"/>\n"
		"      <property name=\"nslab\" value=\"0.1.0\"/>\n"
		"      <property name=\"seed\" value=\"1\"/>\n"
		"      <property name=\"backend\" value=\"%s\"/>\n"
		"      <property name=\"root\" value=\"false\"/>\n"
		"    </properties>\n",
		backend);
}

/* A run's ladder as XML has it. */
static void print_ladder(FILE *out, void (*run)(struct screen *))
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *plain = open_memstream(&text, &size);
	xmlChar *escaped;

	ladder_print(plain, run, "");
	fclose(plain);
	escaped = xmlEncodeSpecialChars(NULL, BAD_CAST text);
	fputs((char *)escaped, out);
	xmlFree(escaped);
}

static void print_dial(FILE *out)
{
	fputs("    <testcase name=\"dial-syn-dropped[ip=4]\" classname=\"dial-syn-dropped\" "
	      "time=\"2.530\">\n",
	      out);
}

static void print_dial_again(FILE *out)
{
	fputs("      <system-out>again: nslab run dial-syn-dropped --set ip=4 --seed 1\n"
	      "</system-out>\n"
	      "    </testcase>\n",
	      out);
}

static void print_other_again(FILE *out, const char *note)
{
	fprintf(out,
		"      <system-out>again: nslab run other\n"
		"%s</system-out>\n"
		"    </testcase>\n",
		note);
}

static void print_dials(FILE *out)
{
	fputs("  <testsuite id=\"0\" name=\"dial-syn-dropped\" tests=\"2\" failures=\"1\" "
	      "errors=\"0\" time=\"5.060\" skipped=\"0\" timestamp=\"1970-01-01T00:00:00\" "
	      "file=\"dial/syn-dropped.yaml\">\n",
	      out);
	print_properties(out, "none");
	print_dial(out);
	print_dial_again(out);
	print_dial(out);
	fputs("      <failure type=\"expectation\" message=\"1 of 3 expectations not met\">\n"
	      "dial/syn-dropped.yaml:19:0: fault syn-dropped\n"
	      "  expected: 2 hits\n"
	      "  observed: 3 hits\n\n",
	      out);
	print_ladder(out, feed_failed);
	fputs("</failure>\n", out);
	print_dial_again(out);
	fputs("  </testsuite>\n", out);
}

static void print_others(FILE *out)
{
	static const char test_case[] =
		"    <testcase name=\"other\" classname=\"other\" time=\"2.530\">\n";

	fputs("  <testsuite id=\"1\" name=\"other\" tests=\"3\" failures=\"0\" errors=\"2\" "
	      "time=\"7.590\" skipped=\"1\" timestamp=\"2026-01-01T00:00:00\" "
	      "file=\"other.yaml\">\n",
	      out);
	print_properties(out, "none");
	fprintf(out,
		"%s      <error type=\"lab\" message=\"cannot add rule: EPERM (not "
		"&quot;permitted&quot;)\">\n"
		"cannot add rule: EPERM (not &quot;permitted&quot;)\nfix: modprobe nf_tables\n\n",
		test_case);
	print_ladder(out, feed_broken);
	fputs("</error>\n", out);
	print_other_again(out, "note: this kernel has no net.ipv4.x\n");
	fprintf(out, "%s      <skipped message=\"needs netem, item #1 of needs\"/>\n", test_case);
	print_other_again(out, "");
	fprintf(out, "%s      <error type=\"interrupted\" message=\"interrupted by SIGINT\">\n",
		test_case);
	print_ladder(out, feed_interrupted);
	fputs("</error>\n", out);
	print_other_again(out, "");
	fputs("  </testsuite>\n", out);
}

static void print_rest(FILE *out)
{
	fputs("  <testsuite id=\"2\" name=\"a scenario without a name\" tests=\"1\" failures=\"1\" "
	      "errors=\"0\" time=\"2.530\" skipped=\"0\">\n"
	      "    <testcase name=\"a run without a name\" classname=\"a scenario without a name\" "
	      "time=\"2.530\">\n"
	      "      <failure type=\"time\" message=\"the time ran out\">\n",
	      out);
	print_ladder(out, feed_nameless);
	fputs("</failure>\n"
	      "    </testcase>\n"
	      "  </testsuite>\n"
	      "  <testsuite id=\"3\" name=\"dial-syn-dropped\" tests=\"2\" failures=\"0\" "
	      "errors=\"1\" time=\"2.531\" skipped=\"0\" timestamp=\"1970-01-01T00:00:00\" "
	      "file=\"dial/syn-dropped.yaml\">\n",
	      out);
	print_properties(out, "none");
	fputs("    <testcase name=\"dial-syn-dropped[ip=4]\" classname=\"dial-syn-dropped\" "
	      "time=\"0.001\">\n"
	      "      <error type=\"unfinished\" message=\"the log ends before the run did: it was "
	      "killed, or the log is cut\">\n",
	      out);
	print_ladder(out, feed_cut);
	fputs("</error>\n", out);
	print_dial_again(out);
	print_dial(out);
	print_dial_again(out);
	fputs("  </testsuite>\n", out);
}

static void test_junit_log(void **state)
{
	_cleanup_free_ char *got = report_of(&REPORT_JUNIT, feed_log), *expected = NULL;
	size_t size;
	FILE *out = open_memstream(&expected, &size);

	(void)state;
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	      "<testsuites name=\"nslab\" tests=\"8\" failures=\"2\" errors=\"3\" "
	      "time=\"17.711\">\n",
	      out);
	print_dials(out);
	print_others(out);
	print_rest(out);
	fputs("</testsuites>\n", out);
	fclose(out);
	assert_string_equal(got, expected);
	assert_int_equal(assert_junit(got), 8);
}

static void test_junit_empty(void **state)
{
	_cleanup_free_ char *got = report_of(&REPORT_JUNIT, NULL);

	(void)state;
	assert_string_equal(got,
			    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			    "<testsuites name=\"nslab\" tests=\"0\" failures=\"0\" errors=\"0\" "
			    "time=\"0.000\"/>\n");
	assert_int_equal(assert_junit(got), 0);
	REPORT_JUNIT.close(NULL);
}

/* Each kind of run by itself. */
static void test_junit_each(void **state)
{
	static void (*const logs[])(
		struct screen *) = { feed_passed,      feed_failed, feed_broken,  feed_skipped,
				     feed_interrupted, feed_cut,    feed_nameless };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(logs); i++) {
		_cleanup_free_ char *text = report_of(&REPORT_JUNIT, logs[i]);

		assert_int_equal(assert_junit(text), 1);
	}
}

/* Before 1970, in whole seconds downwards. */
static void feed_early(struct screen *screen)
{
	struct event event = { .type = EVENT_BEGIN, .host = -1, .begin = begin_record };

	event.begin.wall_ns = -1;
	event.begin.shaper = S("netem");
	event.begin.seed = INT64_MIN;
	feed(screen, event);
	feed_end(screen, RESULT_PASSED, "", 0, 0);
}

static void test_junit_properties(void **state)
{
	_cleanup_free_ char *text = report_of(&REPORT_JUNIT, feed_early);

	(void)state;
	assert_int_equal(assert_junit(text), 1);
	assert_non_null(strstr(text, "timestamp=\"1969-12-31T23:59:59\""));
	assert_non_null(strstr(text, "name=\"backend\" value=\"netem\""));
	assert_non_null(strstr(text, "name=\"seed\" value=\"-9223372036854775808\""));
}

/* One run for each thing that parts suites, each different from the one before it in that only. */
static void feed_apart(struct screen *screen)
{
	struct event event = { .type = EVENT_BEGIN, .host = -1, .begin = begin_record };

	for (int i = 0; i < 8; i++) {
		if (i == 1)
			event.begin.scenario = S("another");
		else if (i == 2)
			event.begin.file = S("another.yaml");
		else if (i == 3)
			event.begin.kernel = S("6.1.0");
		else if (i == 4)
			event.begin.nslab = S("0.2.0");
		else if (i == 5)
			event.begin.shaper = S("netem");
		else if (i == 6)
			event.begin.seed = 2;
		else if (i == 7)
			event.begin.root = true;
		feed(screen, event);
		feed_end(screen, RESULT_PASSED, "", 0, 0);
		/* the case does not part them */
		event.begin.name = S("another[ip=6]");
		feed(screen, event);
		feed_end(screen, RESULT_PASSED, "", 0, 0);
	}
}

static void test_junit_suites(void **state)
{
	_cleanup_free_ char *text = report_of(&REPORT_JUNIT, feed_apart);
	const char *at = text;

	(void)state;
	assert_int_equal(assert_junit(text), 16);
	for (int i = 0; i < 8; i++) {
		at = strstr(at, "<testsuite id=");
		if (!at)
			fail_msg("%d suites", i);
		assert_int_equal(atoi(at + 15), i);
		at++;
	}
	assert_null(strstr(at, "<testsuite id="));
}

static void test_junit_hostile(void **state)
{
	unsigned seed = 13;

	(void)state;
	for (int i = 0; i < 60; i++) {
		struct run_count count = { 0 };
		struct screen screen;

		screen_open_as(&screen, &REPORT_JUNIT, (struct report_options){ 0 });
		for (int k = 0; k < 60; k++)
			run_count(&count, feed_hostile(&screen, &seed));
		screen_close(&screen);
		assert_int_equal(assert_junit(screen.text), count.runs);
		assert_null(strstr(screen.text, "<script"));
		free(screen.text);
	}
}

/* Signs that XML cannot hold are shown, and those that it can come back as they were. */
static void test_junit_escapes(void **state)
{
	_cleanup_free_ char *text = NULL;
	struct event begin = { .type = EVENT_BEGIN, .host = -1, .begin = begin_record };
	struct screen screen;
	xmlDoc *document;
	xmlNode *node;
	char *name;

	(void)state;
	begin.begin.name = S("<&>\"'\033[1m\n\t\xff ]]>");
	screen_open_as(&screen, &REPORT_JUNIT, (struct report_options){ 0 });
	feed(&screen, begin);
	feed_end(&screen, RESULT_PASSED, "", 0, 0);
	text = screen_close(&screen);
	document = parse(text);
	node = child_of(child_of(xmlDocGetRootElement(document), "testsuite"), "testcase");
	name = (char *)xmlGetProp(node, BAD_CAST "name");
	assert_string_equal(name, "<&>\"'\\x1b[1m\n\t\xef\xbf\xbd ]]>");
	xmlFree(name);
	xmlFreeDoc(document);
}

/* The schemas can say no. */
static void test_junit_refused(void **state)
{
	static const char *const wrong[] = {
		"<report/>",
		"<testsuites><testcase name=\"a\"/></testsuites>",
		"<testsuites><testsuite name=\"a\" failures=\"0\" errors=\"0\"/></testsuites>",
		"<testsuites><testsuite name=\"a\" tests=\"1\" failures=\"0\" errors=\"0\">"
		"<testcase classname=\"a\"/></testsuite></testsuites>",
		"<testsuites><testsuite name=\"a\" tests=\"1\" failures=\"0\" errors=\"0\">"
		"<testcase name=\"a\"><broken/></testcase></testsuite></testsuites>",
		"<testsuites tests=\"0\" skipped=\"0\"/>",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		xmlDoc *document = parse(wrong[i]);

		for (size_t k = 0; k < ARRAY_SIZE(schemas); k++)
			assert_false(schema_takes(schemas[k], document));
		xmlFreeDoc(document);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_junit_log),     cmocka_unit_test(test_junit_empty),
		cmocka_unit_test(test_junit_each),    cmocka_unit_test(test_junit_properties),
		cmocka_unit_test(test_junit_hostile), cmocka_unit_test(test_junit_escapes),
		cmocka_unit_test(test_junit_refused), cmocka_unit_test(test_junit_suites),
	};

	return cmocka_run_group_tests_name("report_junit", tests, setup, teardown);
}
