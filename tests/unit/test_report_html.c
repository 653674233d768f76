// SPDX-License-Identifier: GPL-2.0-or-later
/* The HTML page: it is XML, too, so libxml2 tells whether every mark is closed and every text stays in its place. */
#include "tests/support/main.h"

#include <libxml/parser.h>
#include <libxml/xpath.h>

#include "lab/report/html.h"
#include "lab/report/html_files.h"
#include "lab/report/markup.h"
#include "lab/report/sheet.h"
#include "lab/report/template.h"
#include "tests/unit/report_hostile.h"

static void html_open(struct screen *screen)
{
	screen_open_as(screen, &REPORT_HTML, (struct report_options){ .columns = 80 });
}

/* Parsed, or the test fails. */
static xmlDoc *parsed(const char *text, size_t size)
{
	xmlDoc *doc = xmlReadMemory(text, (int)size, "page.html", "UTF-8",
				    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_HUGE);

	if (!doc)
		fail_msg("line %d: %s", xmlGetLastError()->line, xmlGetLastError()->message);
	return doc;
}

/* How many nodes an XPath finds. */
static int count(xmlDoc *doc, const char *path)
{
	xmlXPathContext *context = xmlXPathNewContext(doc);
	xmlXPathObject *found = xmlXPathEval((const xmlChar *)path, context);
	int n;

	assert_non_null(found);
	n = found->nodesetval ? found->nodesetval->nodeNr : 0;
	xmlXPathFreeObject(found);
	xmlXPathFreeContext(context);
	return n;
}

static void test_html_a_run(void **state)
{
	struct screen screen;
	xmlDoc *doc;

	(void)state;
	html_open(&screen);
	feed_run(&screen, "3 hits");
	screen_close(&screen);
	doc = parsed(screen.text, screen.size);
	assert_int_equal(count(doc, "//*[@id='table']/tbody/tr[@class='failed']"), 1);
	assert_int_equal(count(doc, "//details[contains(@class,'run')][@open]"), 1);
	/* two SYNs, an arrow each, and both say who dropped them */
	assert_int_equal(count(doc, "//*[contains(concat(' ',@class,' '),' p ')]"), 2);
	assert_int_equal(count(doc, "//*[@data-fate][contains(@data-fate,'syn-dropped')]"), 2);
	assert_int_equal(count(doc, "//table[@class='checks']/tbody/tr"), 3);
	assert_int_equal(count(doc, "//table[@class='checks']//td[text()='3 hits']"), 1);
	assert_int_equal(count(doc, "//pre[contains(text(),'dropped by syn-dropped')]"), 1);
	assert_int_equal(count(doc, "//*[@role='img'][not(*[local-name()='title'])]"), 0);
	/* nothing comes from elsewhere */
	assert_int_equal(count(doc, "//@src | //link | //@href[not(starts-with(.,'#'))]"), 0);
	xmlFreeDoc(doc);
	free(screen.text);
}

/* Of many runs those are open that went wrong. */
static void test_html_many_runs(void **state)
{
	struct screen screen;
	xmlDoc *doc;

	(void)state;
	html_open(&screen);
	feed_run(&screen, "2 hits");
	feed_run(&screen, "3 hits");
	feed_begin(&screen); /* cut off by the next one */
	feed_run(&screen, "2 hits");
	feed_begin(&screen); /* cut off by the end */
	screen_close(&screen);
	doc = parsed(screen.text, screen.size);
	assert_int_equal(count(doc, "//*[@id='table']/tbody/tr"), 5);
	assert_int_equal(count(doc, "//*[@id='table']/tbody/tr[@class='passed']"), 2);
	assert_int_equal(count(doc, "//details[contains(@class,'run')]"), 5);
	assert_int_equal(count(doc, "//details[contains(@class,'run')][@open]"), 3);
	xmlFreeDoc(doc);
	free(screen.text);
}

static void test_html_nothing(void **state)
{
	struct screen screen;

	(void)state;
	html_open(&screen);
	screen_close(&screen);
	xmlFreeDoc(parsed(screen.text, screen.size));
	free(screen.text);
}

static void test_html_hostile(void **state)
{
	unsigned seed = 7;

	(void)state;
	for (int i = 0; i < 60; i++) {
		struct screen screen;
		xmlDoc *doc;

		html_open(&screen);
		for (int k = 0; k < 60; k++)
			feed_hostile(&screen, &seed);
		screen_close(&screen);
		doc = parsed(screen.text, screen.size);
		assert_int_equal(count(doc, "//script[not(@type)]"), 1);
		assert_int_equal(count(doc, "//failure"), 0);
		assert_null(strstr(screen.text, "<script>alert"));
		xmlFreeDoc(doc);
		free(screen.text);
	}
}

static void feed_many(struct screen *screen, int packets)
{
	feed_begin(screen);
	for (int i = 0; i < packets; i++)
		feed_syn(screen, MS(i), i + 1, MS(i));
	feed_end(screen, RESULT_PASSED, "", 0, 0);
}

static xmlDoc *large_page(int runs, int packets)
{
	struct screen screen;
	xmlDoc *doc;

	html_open(&screen);
	for (int run = 0; run < runs; run++)
		feed_many(&screen, packets);
	screen_close(&screen);
	doc = parsed(screen.text, screen.size);
	free(screen.text);
	return doc;
}

/* Packets that would be too much for a browser at once wait; all else is there. */
static void test_html_large(void **state)
{
	xmlDoc *doc = large_page(16, 900);

	(void)state;
	assert_int_equal(count(doc, "//div[@class='later']/div[@class='packed'][@hidden]"), 16);
	assert_int_equal(count(doc, "//p[@class='unscripted'][contains(., '--ladder')]"), 16);
	assert_int_equal(count(doc, "//*[local-name()='svg'][@class='chart']"), 0);
	assert_int_equal(count(doc, "//details[@class='text']"), 0);
	assert_int_equal(count(doc, "//*[local-name()='svg'][@class='net']"), 16);
	/* markup, as text */
	assert_int_equal(count(doc, "//div[@class='packed'][contains(., '=<svg class=\"chart\"')]"),
			 16);
	xmlFreeDoc(doc);
}

/* A page of middling size needs no script. */
static void test_html_middling(void **state)
{
	xmlDoc *doc = large_page(4, 900);

	(void)state;
	assert_int_equal(count(doc, "//div[@class='later']"), 0);
	assert_int_equal(count(doc, "//*[local-name()='svg'][@class='chart']"), 4);
	assert_int_equal(count(doc, "//details[@class='text']"), 4);
	xmlFreeDoc(doc);
}

static void test_template_values(void **state)
{
	static const char text[] =
		"<!-- block a --><p title=\"{{x}}\">{{x}} {{{x}}}<!-- block b -->[{{y}}]<!-- end b --></p>"
		"<!-- end a -->";
	struct sheet sheet;
	_cleanup_free_ char *made = NULL;

	(void)state;
	assert_int_equal(sheet_open(&sheet), 0);
	template_put(sheet.out, text, "a",
		     (const struct value[]){ { "x", "<&\"" }, { "b", "B" }, { NULL, NULL } });
	template_put(sheet.out, text, "b", (const struct value[]){ { "y", "1" }, { NULL, NULL } });
	made = sheet_take(&sheet);
	assert_string_equal(made, "<p title=\"&lt;&amp;&quot;\">&lt;&amp;&quot; <&\"B</p>[1]");
}

/* The page's own template fits what fills it, and one that does not is found out. */
static void test_template_check(void **state)
{
	_cleanup_free_ char *wrong = template_check(html_template, html_blocks), *other = NULL;

	(void)state;
	assert_null(wrong);
	other = template_check("<!-- block page -->{{nobody}}<!-- end page -->", html_blocks);
	assert_non_null(other);
	assert_non_null(strstr(other, "nobody gives nobody to block page"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_html_a_run),	cmocka_unit_test(test_html_many_runs),
		cmocka_unit_test(test_html_nothing),	cmocka_unit_test(test_html_hostile),
		cmocka_unit_test(test_html_large),	cmocka_unit_test(test_html_middling),
		cmocka_unit_test(test_template_values), cmocka_unit_test(test_template_check),
	};
	int ret = TEST_MAIN("report_html", tests, NULL, NULL);

	xmlCleanupParser();
	return ret;
}
