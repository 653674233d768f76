// SPDX-License-Identifier: GPL-2.0-or-later
/* TAP: whole texts, a YAML parser and perl's prove as second opinions. */
#include "tests/support/main.h"

#include <libfyaml.h>
#include <regex.h>
#include <sys/wait.h>

#include "tests/unit/report_hostile.h"
#include "tests/unit/report_log.h"

static void print_passed(FILE *out, int number)
{
	fprintf(out,
		"# Subtest: dial-syn-dropped[ip=4]\n"
		"    ok 1 - socket conn state SYN-SENT\n"
		"    ok 2 - dial server:8080 as conn\n"
		"    ok 3 - fault syn-dropped\n"
		"    1..3\n"
		"ok %d - dial-syn-dropped[ip=4]\n",
		number);
}

static void print_failed(FILE *out, int number)
{
	fprintf(out,
		"# Subtest: dial-syn-dropped[ip=4]\n"
		"    ok 1 - socket conn state SYN-SENT\n"
		"    ok 2 - dial server:8080 as conn\n"
		"    not ok 3 - fault syn-dropped\n"
		"      ---\n"
		"      message: \"expected 2 hits, observed 3 hits\"\n"
		"      severity: \"fail\"\n"
		"      at:\n"
		"        file: \"dial/syn-dropped.yaml\"\n"
		"        line: 19\n"
		"        column: 0\n"
		"      wanted: \"2 hits\"\n"
		"      found: \"3 hits\"\n"
		"      ...\n"
		"    1..3\n"
		"not ok %d - dial-syn-dropped[ip=4]\n"
		"  ---\n"
		"  message: \"1 of 3 expectations not met\"\n"
		"  severity: \"fail\"\n"
		"  result: \"failed\"\n"
		"  file: \"dial/syn-dropped.yaml\"\n"
		"  repeat: \"nslab run dial-syn-dropped --set ip=4 --seed 1\"\n"
		"  ladder: |\n"
		"    Time goes down, an arrow is a packet:\n",
		number);
	ladder_print(out, feed_failed, "    ");
	fputs("  ...\n", out);
}

static void print_ladder(FILE *out, void (*run)(struct screen *))
{
	fputs("  ladder: |\n    Time goes down, an arrow is a packet:\n", out);
	ladder_print(out, run, "    ");
	fputs("  ...\n", out);
}

static void print_others(FILE *out)
{
	fputs("# note: this kernel has no net.ipv4.x\n"
	      "not ok 3 - other\n"
	      "  ---\n"
	      "  message: \"cannot add rule: EPERM (not \\\"permitted\\\")\"\n"
	      "  severity: \"error\"\n"
	      "  result: \"error\"\n"
	      "  error: \"cannot add rule: EPERM (not \\\"permitted\\\")\"\n"
	      "  fix: \"modprobe nf_tables\"\n"
	      "  file: \"other.yaml\"\n"
	      "  repeat: \"nslab run other\"\n",
	      out);
	print_ladder(out, feed_broken);
	fputs("ok 4 - other # SKIP needs netem, item \\#1 of needs\n"
	      "not ok 5 - other\n"
	      "  ---\n"
	      "  message: \"interrupted by SIGINT\"\n"
	      "  severity: \"error\"\n"
	      "  result: \"interrupted\"\n"
	      "  file: \"other.yaml\"\n"
	      "  repeat: \"nslab run other\"\n",
	      out);
	print_ladder(out, feed_interrupted);
}

static void print_unfinished(FILE *out)
{
	fputs("not ok 6 - a run without a name\n"
	      "  ---\n"
	      "  message: \"the time ran out\"\n"
	      "  severity: \"fail\"\n"
	      "  result: \"failed\"\n",
	      out);
	print_ladder(out, feed_nameless);
	fputs("# Subtest: dial-syn-dropped[ip=4]\n"
	      "    ok 1 - socket conn state SYN-SENT\n"
	      "    1..1\n"
	      "not ok 7 - dial-syn-dropped[ip=4]\n"
	      "  ---\n"
	      "  message: \"the log ends before the run did: it was killed, or the log is cut\"\n"
	      "  severity: \"error\"\n"
	      "  result: \"unfinished\"\n"
	      "  file: \"dial/syn-dropped.yaml\"\n"
	      "  repeat: \"nslab run dial-syn-dropped --set ip=4 --seed 1\"\n",
	      out);
	print_ladder(out, feed_cut);
}

static void test_tap_log(void **state)
{
	_cleanup_free_ char *got = report_of(&REPORT_TAP, feed_log), *expected = NULL;
	size_t size;
	FILE *out = open_memstream(&expected, &size);

	(void)state;
	fputs("TAP version 14\n", out);
	print_passed(out, 1);
	print_failed(out, 2);
	print_others(out);
	print_unfinished(out);
	print_passed(out, 8);
	fputs("1..8\n", out);
	fclose(out);
	assert_string_equal(got, expected);
}

static void test_tap_empty(void **state)
{
	_cleanup_free_ char *got = report_of(&REPORT_TAP, NULL);

	(void)state;
	assert_string_equal(got, "TAP version 14\n1..0 # no runs\n");
	REPORT_TAP.close(NULL);
}

/* The last run was interrupted, and nothing came behind it. */
static void test_tap_bail_out(void **state)
{
	_cleanup_free_ char *got = report_of(&REPORT_TAP, feed_interrupted);

	(void)state;
	assert_non_null(strstr(got, "\nnot ok 1 - other\n"));
	assert_non_null(strstr(got, "  ...\n1..1\nBail out! interrupted by SIGINT\n"));
}

/* The log ends where a run had not, or another's begin record stands in place of its end. */
static void test_tap_cut(void **state)
{
	_cleanup_free_ char *got = report_of(&REPORT_TAP, feed_cut);

	(void)state;
	assert_non_null(
		strstr(got, "    ok 1 - socket conn state SYN-SENT\n    1..1\nnot ok 1 - "));
	assert_non_null(strstr(got, "  result: \"unfinished\"\n"));
	assert_non_null(strstr(got, "  ...\n1..1\n"));
}

/* Written and flushed: a memory stream tells its size when it is. */
static void assert_out(const struct screen *screen, const char *expected)
{
	assert_int_equal(screen->size, strlen(expected));
	assert_string_equal(screen->text, expected);
}

/* What is known is written, without waiting for what comes. */
static void test_tap_streams(void **state)
{
	struct screen screen;

	(void)state;
	screen_open_as(&screen, &REPORT_TAP, (struct report_options){ 0 });
	assert_out(&screen, "TAP version 14\n");
	feed_note(&screen, "early");
	assert_out(&screen, "TAP version 14\n# note: early\n");
	feed_begin(&screen);
	feed_expectation(&screen, MS(1), CLIENT, 16, "one", "a", "a");
	assert_int_equal(screen.size, strlen(screen.text));
	feed_note(&screen, "late");
	assert_int_equal(screen.size, strlen(screen.text));
	assert_non_null(strstr(screen.text, "# Subtest: dial-syn-dropped[ip=4]\n"
					    "    ok 1 - one\n    # note: late\n"));
	feed_end(&screen, RESULT_PASSED, "", 1, 0);
	assert_int_equal(screen.size, strlen(screen.text));
	assert_non_null(strstr(screen.text, "    1..1\nok 2 - dial-syn-dropped[ip=4]\n"));
	free(screen_close(&screen));
}

/* Texts that look like something else. */
static void test_tap_escapes(void **state)
{
	_cleanup_free_ char *text = NULL;
	struct event begin = { .type = EVENT_BEGIN, .host = -1, .begin = begin_record };
	struct screen screen;

	(void)state;
	begin.begin.name = S("a # TODO \\b\nok 2");
	screen_open_as(&screen, &REPORT_TAP, (struct report_options){ 0 });
	feed(&screen, begin);
	feed_expectation(&screen, MS(1), CLIENT, 16, "t # SKIP", "x: \"1\"\n---", "\n  ...\n");
	feed_end(&screen, RESULT_SKIPPED, "no # reason\n1..9", 0, 1);
	text = screen_close(&screen);
	assert_string_equal(text,
			    "TAP version 14\n"
			    "# Subtest: a \\# TODO \\\\b\\\\x0aok 2\n"
			    "    not ok 1 - t \\# SKIP\n"
			    "      ---\n"
			    "      message: \"expected x: \\\"1\\\"\\n---, observed \\n  ...\\n\"\n"
			    "      severity: \"fail\"\n"
			    "      at:\n"
			    "        file: \"dial/syn-dropped.yaml\"\n"
			    "        line: 16\n"
			    "        column: 0\n"
			    "      wanted: \"x: \\\"1\\\"\\n---\"\n"
			    "      found: \"\\n  ...\\n\"\n"
			    "      ...\n"
			    "    1..1\n"
			    "ok 1 - a \\# TODO \\\\b\\\\x0aok 2 # SKIP no \\# reason\\\\x0a1..9\n"
			    "1..1\n");
}

/* ---- second opinions ------------------------------------------------------------------------ */

/* A block is YAML and has a message. */
static void assert_yaml(const char *block)
{
	struct fy_document *document = fy_document_build_from_string(NULL, block, FY_NT);

	if (!document)
		fail_msg("no YAML: %s", block);
	assert_non_null(
		fy_node_by_path(fy_document_root(document), "/message", FY_NT, FYNWF_DONT_FOLLOW));
	fy_document_destroy(document);
}

/**
 * struct tap - what a line-based consumer sees
 * @points: at the top; @plan: -1 until there was one
 * @block: indent of the YAML block that is open, NULL for none
 */
struct tap {
	regex_t line;
	int points, plan;
	const char *block;
	char *yaml;
	size_t size;
	FILE *out;
};

static void tap_block_line(struct tap *tap, const char *line)
{
	size_t indent = strlen(tap->block);

	assert_int_equal(strncmp(line, tap->block, indent), 0);
	line += indent;
	if (strcmp(line, "...") != 0) {
		fprintf(tap->out, "%s\n", line);
		return;
	}
	fclose(tap->out);
	assert_yaml(tap->yaml);
	free(tap->yaml);
	tap->block = NULL;
}

static void tap_line(struct tap *tap, const char *line)
{
	if (tap->block) {
		tap_block_line(tap, line);
		return;
	}
	if (!strcmp(line, "  ---") || !strcmp(line, "      ---")) {
		tap->block = line[2] == '-' ? "  " : "      ";
		tap->out = open_memstream(&tap->yaml, &tap->size);
		return;
	}
	if (regexec(&tap->line, line, 0, NULL, 0) != 0)
		fail_msg("no line of TAP: %s", line);
	tap->points += strncmp(line, "ok ", 3) == 0 || strncmp(line, "not ok ", 7) == 0;
	if (strncmp(line, "1..", 3) == 0) {
		assert_int_equal(tap->plan, -1);
		tap->plan = atoi(line + 3);
	}
}

static void assert_tap(const char *text, int runs)
{
	_cleanup_free_ char *copy = strdup(text);
	struct tap tap = { .plan = -1 };
	char *rest = copy, *line;

	assert_int_equal(regcomp(&tap.line,
				 "^TAP version 14$|^(    )?1\\.\\.[0-9]+( # no runs)?$|"
				 "^(    )?(not )?ok [0-9]+ - ([^#\\\\]|\\\\[#\\\\])*"
				 "( # SKIP ([^#\\\\]|\\\\[#\\\\])*)?$|"
				 "^# Subtest: |^(    )?# note: |^Bail out! interrupted by ",
				 REG_EXTENDED | REG_NOSUB),
			 0);
	while ((line = strsep(&rest, "\n")) && rest)
		tap_line(&tap, line);
	regfree(&tap.line);
	assert_null(tap.block);
	assert_int_equal(tap.points, runs);
	assert_int_equal(tap.plan, runs);
}

static void test_tap_lines(void **state)
{
	_cleanup_free_ char *text = report_of(&REPORT_TAP, feed_log);

	(void)state;
	assert_tap(text, 8);
}

static void test_tap_hostile(void **state)
{
	unsigned seed = 5;

	(void)state;
	for (int i = 0; i < 60; i++) {
		struct run_count count = { 0 };
		struct screen screen;

		screen_open_as(&screen, &REPORT_TAP, (struct report_options){ 0 });
		for (int k = 0; k < 60; k++)
			run_count(&count, feed_hostile(&screen, &seed));
		screen_close(&screen);
		assert_harmless(screen.text, true);
		assert_tap(screen.text, count.runs);
		free(screen.text);
	}
}

/* What prove says of a report. It knows version 13 only, and what we write is that, too. */
static char *prove(const char *text, int *ret_status)
{
	char path[] = "/tmp/nslab-tap.XXXXXX", command[100];
	int fd = mkstemp(path);
	char *said = NULL;
	size_t size = 0;
	FILE *pipe;

	assert_true(fd >= 0);
	assert_int_equal(strncmp(text, "TAP version 14\n", 15), 0);
	dprintf(fd, "TAP version 13\n%s", text + 15);
	close(fd);
	snprintf(command, sizeof(command), "prove --norc -e cat %s 2>&1", path);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_true(getdelim(&said, &size, '\0', pipe) > 0);
	*ret_status = pclose(pipe);
	unlink(path);
	return said;
}

static void test_tap_prove(void **state)
{
	_cleanup_free_ char *passed = report_of(&REPORT_TAP, feed_passed), *says_passed = NULL;
	_cleanup_free_ char *log = report_of(&REPORT_TAP, feed_log), *says_log = NULL;
	_cleanup_free_ char *bail = report_of(&REPORT_TAP, feed_interrupted), *says_bail = NULL;
	int status;

	(void)state;
	if (system("command -v prove >/dev/null") != 0) {
		printf("skipped: there is no prove\n");
		skip();
	}
	says_passed = prove(passed, &status);
	assert_int_equal(status, 0);
	assert_non_null(strstr(says_passed, "Result: PASS"));
	says_log = prove(log, &status);
	assert_int_not_equal(status, 0);
	assert_null(strstr(says_log, "Parse errors"));
	assert_non_null(strstr(says_log, "Failed 5/8 subtests"));
	assert_non_null(strstr(says_log, "(less 1 skipped subtest: 2 okay)"));
	assert_non_null(strstr(says_log, "Failed tests:  2-3, 5-7"));
	says_bail = prove(bail, &status);
	assert_int_not_equal(status, 0);
	assert_non_null(strstr(says_bail, "interrupted by SIGINT"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tap_log),	     cmocka_unit_test(test_tap_empty),
		cmocka_unit_test(test_tap_bail_out), cmocka_unit_test(test_tap_cut),
		cmocka_unit_test(test_tap_streams),  cmocka_unit_test(test_tap_escapes),
		cmocka_unit_test(test_tap_lines),    cmocka_unit_test(test_tap_hostile),
		cmocka_unit_test(test_tap_prove),
	};

	return TEST_MAIN("report_tap", tests, NULL, NULL);
}
