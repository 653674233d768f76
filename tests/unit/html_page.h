/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A page of the HTML report, parsed by an XML parser that forgives nothing. Behind cmocka.h. */
#ifndef NSLAB_TESTS_UNIT_HTML_PAGE_H
#define NSLAB_TESTS_UNIT_HTML_PAGE_H

#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>

#include "tests/unit/report_log.h"

struct page {
	char *text;
	xmlDoc *document;
	xmlXPathContext *context;
};

/* @text: taken over */
static inline void page_open(struct page *page, char *text)
{
	page->text = text;
	page->document = xmlReadMemory(text, (int)strlen(text), "page", NULL,
				       XML_PARSE_NONET | XML_PARSE_HUGE | XML_PARSE_NOERROR |
					       XML_PARSE_NOWARNING);
	if (!page->document)
		fail_msg("not well-formed, line %d: %s", xmlGetLastError()->line,
			 xmlGetLastError()->message);
	page->context = xmlXPathNewContext(page->document);
	assert_non_null(page->context);
}

static inline void page_of(struct page *page, void (*log)(struct screen *))
{
	page_open(page, report_of(&REPORT_HTML, log));
}

static inline void page_close(struct page *page)
{
	xmlXPathFreeContext(page->context);
	xmlFreeDoc(page->document);
	free(page->text);
}

static inline xmlXPathObject *page_ask(struct page *page, const char *path)
{
	xmlXPathObject *object = xmlXPathEval((const xmlChar *)path, page->context);

	if (!object)
		fail_msg("cannot ask %s", path);
	return object;
}

/* How many nodes there are, or a number that is asked for. */
static inline int page_count(struct page *page, const char *path)
{
	xmlXPathObject *object = page_ask(page, path);
	int n = object->type == XPATH_NODESET ? xmlXPathNodeSetGetLength(object->nodesetval) :
						(int)xmlXPathCastToNumber(object);

	xmlXPathFreeObject(object);
	return n;
}

/* The text of the first one: malloced */
static inline char *page_text(struct page *page, const char *path)
{
	xmlXPathObject *object = page_ask(page, path);
	xmlChar *text = xmlXPathCastToString(object);
	char *copy = strdup((const char *)text);

	xmlFree(text);
	xmlXPathFreeObject(object);
	return copy;
}

static inline void assert_page_text(struct page *page, const char *path, const char *expected)
{
	char *text = page_text(page, path);

	assert_string_equal(text, expected);
	free(text);
}

#endif
