// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lab/report/escape.h"
#include "lab/report/junit.h"
#include "lab/report/xml.h"
#include "netns/cleanup.h"

/** struct totals - of a suite, or of all */
struct totals {
	long long tests, failures, errors, skipped;
	uint64_t ms;
};

/** struct writer - where the document goes, and the functions that write it */
struct writer {
	const struct xml *xml;
	xmlTextWriter *text;
};

/* Rounded to what is written, so that what is written adds up. */
static uint64_t run_ms(const struct collected *run)
{
	return ((uint64_t)collected_took_ns(run) + 500000) / 1000000;
}

static void run_count(struct totals *totals, const struct collected *run)
{
	enum outcome outcome = collected_outcome(run);

	totals->tests++;
	totals->failures += outcome == OUTCOME_FAILED;
	totals->skipped += outcome == OUTCOME_SKIPPED;
	totals->errors += outcome == OUTCOME_ERROR || outcome == OUTCOME_INTERRUPTED ||
			  outcome == OUTCOME_UNFINISHED;
	totals->ms += run_ms(run);
}

static void suite_count(struct totals *totals, const struct suite *suite)
{
	for (int i = 0; i < suite->n_runs; i++)
		run_count(totals, &suite->runs[i]);
}

static void element_begin(const struct writer *writer, const char *name)
{
	writer->xml->TextWriterStartElement(writer->text, BAD_CAST name);
}

static void attribute_put(const struct writer *writer, const char *name, const char *value)
{
	_cleanup_free_ char *text = escape_text(&ESCAPE_XML, value);

	if (text)
		writer->xml->TextWriterWriteAttribute(writer->text, BAD_CAST name, BAD_CAST text);
}

static void text_write(const struct writer *writer, const char *value)
{
	_cleanup_free_ char *text = escape_text(&ESCAPE_XML, value);

	if (text)
		writer->xml->TextWriterWriteString(writer->text, BAD_CAST text);
}

static void number_put(const struct writer *writer, const char *name, long long value)
{
	writer->xml->TextWriterWriteFormatAttribute(writer->text, BAD_CAST name, "%lld", value);
}

static void time_put(const struct writer *writer, uint64_t ms)
{
	writer->xml->TextWriterWriteFormatAttribute(writer->text, BAD_CAST "time",
						    "%" PRIu64 ".%03" PRIu64, ms / 1000, ms % 1000);
}

/* UTC, and without a zone: that is how the schemas of old have it, and what all readers take. */
static void timestamp_put(const struct writer *writer, int64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / 1000000000 - (wall_ns % 1000000000 < 0));
	char text[40];
	struct tm tm;

	if (gmtime_r(&seconds, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm))
		attribute_put(writer, "timestamp", text);
}

static void property_put(const struct writer *writer, const char *name, const char *value)
{
	element_begin(writer, "property");
	attribute_put(writer, "name", name);
	attribute_put(writer, "value", value);
	writer->xml->TextWriterEndElement(writer->text);
}

static void properties_put(const struct writer *writer, const struct event_begin *begin)
{
	char seed[24];

	snprintf(seed, sizeof(seed), "%" PRId64, begin->seed);
	element_begin(writer, "properties");
	property_put(writer, "kernel", begin->kernel);
	property_put(writer, "nslab", begin->nslab);
	property_put(writer, "seed", seed);
	property_put(writer, "backend", begin->shaper[0] ? begin->shaper : "none");
	property_put(writer, "root", begin->root ? "true" : "false");
	writer->xml->TextWriterEndElement(writer->text);
}

/* "scenarios/dial/ok.yaml:17:5: dial server:8080 as conn", and what was expected and observed */
static void unmet_print(FILE *text, const struct collected *run)
{
	const char *file = collected_file(run);

	for (int i = 0; i < run->n_unmet; i++) {
		const struct event_expectation *e = &run->unmet[i].expectation;

		fprintf(text, "%s:%d:%d: %s\n  expected: %s\n  observed: %s\n\n", file, e->line,
			e->col, e->text, e->expected, e->observed);
	}
}

/* The text of a failure or an error. */
static char *wrong_text(const struct collected *run)
{
	const struct event_error *error = collected_error(run);
	char *ret = NULL;
	size_t size;
	FILE *text = open_memstream(&ret, &size);

	if (!text)
		return NULL;
	fputc('\n', text);
	if (error)
		fprintf(text, "%s\n%s%s%s\n", error->text, error->fix[0] ? "fix: " : "", error->fix,
			error->fix[0] ? "\n" : "");
	unmet_print(text, run);
	if (run->ladder)
		fputs(run->ladder, text);
	if (fclose(text) != 0) {
		free(ret);
		return NULL;
	}
	return ret;
}

/* What a run came to, where it did not pass. */
static void outcome_put(const struct writer *writer, const struct collected *run)
{
	static const struct {
		const char *element, *type;
	} elements[OUTCOME_COUNT] = {
		[OUTCOME_FAILED] = { "failure", "expectation" },
		[OUTCOME_ERROR] = { "error", "lab" },
		[OUTCOME_SKIPPED] = { "skipped", NULL },
		[OUTCOME_INTERRUPTED] = { "error", "interrupted" },
		[OUTCOME_UNFINISHED] = { "error", "unfinished" },
	};
	enum outcome outcome = collected_outcome(run);
	_cleanup_free_ char *why = collected_why(run), *text = NULL;
	const char *type = elements[outcome].type;

	if (!elements[outcome].element)
		return;
	if (outcome == OUTCOME_FAILED && !run->n_unmet)
		type = "time"; /* nothing was observed otherwise: the time ran out */
	element_begin(writer, elements[outcome].element);
	if (type)
		attribute_put(writer, "type", type);
	attribute_put(writer, "message", why ?: "");
	if (outcome != OUTCOME_SKIPPED)
		text = wrong_text(run);
	if (text)
		text_write(writer, text);
	writer->xml->TextWriterEndElement(writer->text);
}

/* How to repeat it, and what the run noted. */
static void output_put(const struct writer *writer, const struct collected *run)
{
	const struct event_begin *begin = collected_begin(run);

	if (!run->n_notes && !(begin && begin->repeat[0]))
		return;
	element_begin(writer, "system-out");
	if (begin && begin->repeat[0]) {
		text_write(writer, "again: ");
		text_write(writer, begin->repeat);
		text_write(writer, "\n");
	}
	for (int i = 0; i < run->n_notes; i++) {
		text_write(writer, "note: ");
		text_write(writer, run->notes[i]);
		text_write(writer, "\n");
	}
	writer->xml->TextWriterEndElement(writer->text);
}

static const char *run_scenario(const struct collected *run)
{
	const struct event_begin *begin = collected_begin(run);

	return begin ? begin->scenario : "a scenario without a name";
}

static void case_put(const struct writer *writer, const struct collected *run)
{
	element_begin(writer, "testcase");
	attribute_put(writer, "name", collected_name(run));
	attribute_put(writer, "classname", run_scenario(run));
	time_put(writer, run_ms(run));
	outcome_put(writer, run);
	output_put(writer, run);
	writer->xml->TextWriterEndElement(writer->text);
}

static void totals_put(const struct writer *writer, const struct totals *totals)
{
	number_put(writer, "tests", totals->tests);
	number_put(writer, "failures", totals->failures);
	number_put(writer, "errors", totals->errors);
	time_put(writer, totals->ms);
}

static void suite_put(const struct writer *writer, const struct suite *suite, int number)
{
	const struct event_begin *begin = collected_begin(&suite->runs[0]);
	struct totals totals = { 0 };

	suite_count(&totals, suite);
	element_begin(writer, "testsuite");
	number_put(writer, "id", number);
	attribute_put(writer, "name", run_scenario(&suite->runs[0]));
	totals_put(writer, &totals);
	number_put(writer, "skipped", totals.skipped);
	if (begin) {
		timestamp_put(writer, begin->wall_ns);
		attribute_put(writer, "file", begin->file);
		properties_put(writer, begin);
	}
	for (int i = 0; i < suite->n_runs; i++)
		case_put(writer, &suite->runs[i]);
	writer->xml->TextWriterEndElement(writer->text);
}

/* Never fails as far as libxml2 knows: it would say so on stderr. The stream keeps it in mind. */
static int out_write(void *context, const char *buffer, int len)
{
	fwrite(buffer, 1, (size_t)len, context);
	return len;
}

void junit_write(const struct suite *suites, int n, FILE *out)
{
	const struct xml *xml = xml_load(NULL);
	xmlOutputBuffer *buffer = xml ? xml->OutputBufferCreateIO(out_write, NULL, out, NULL) :
					NULL;
	struct writer writer = { xml, buffer ? xml->NewTextWriter(buffer) : NULL };
	struct totals totals = { 0 };

	if (!writer.text) {
		if (buffer)
			xml->OutputBufferClose(buffer);
		return;
	}
	for (int i = 0; i < n; i++)
		suite_count(&totals, &suites[i]);
	xml->TextWriterSetIndent(writer.text, 1);
	xml->TextWriterSetIndentString(writer.text, BAD_CAST "  ");
	xml->TextWriterStartDocument(writer.text, NULL, "UTF-8", NULL);
	element_begin(&writer, "testsuites");
	attribute_put(&writer, "name", "nslab");
	totals_put(&writer, &totals);
	for (int i = 0; i < n; i++)
		if (suites[i].n_runs)
			suite_put(&writer, &suites[i], i);
	xml->TextWriterEndElement(writer.text);
	xml->TextWriterEndDocument(writer.text);
	xml->FreeTextWriter(writer.text);
}
