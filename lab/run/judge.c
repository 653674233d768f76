// SPDX-License-Identifier: GPL-2.0-or-later
/* Compares what a step came to with what its file expects. */
#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "lab/run/run_private.h"
#include "lab/scenario/eai.h"

const char *error_text(enum error_kind error, int code)
{
	switch (error) {
	case ERROR_NONE:
		return "none";
	case ERROR_DEADLINE:
		return "deadline";
	case ERROR_EOF:
		return "eof";
	case ERROR_ERRNO:
		return errno_name(code);
	case ERROR_LOOKUP:
		return eai_name(code);
	}
	return "?";
}

const char *expect_error_text(const struct expect *expect)
{
	return error_text(expect->error, expect->code);
}

void judge_note(struct run *run, int number, int line, int col, const struct step *step, bool met,
		const char *expected, const char *observed)
{
	struct event event = { .type = EVENT_EXPECTATION, .host = step->host };
	bool turned = number && run->options->invert == number;
	char text[320];

	if (turned)
		met = !met;
	met ? run->met++ : run->unmet++;
	event.expectation.number = number;
	event.expectation.line = line;
	event.expectation.col = col;
	event.expectation.text = strdup(step->text);
	snprintf(text, sizeof(text), "%s%s", turned ? "not: " : "", expected);
	event.expectation.expected = strdup(text);
	event.expectation.observed = strdup(observed);
	event.expectation.met = met;
	run_emit(run, &event);
	if (!met)
		run_end(run, RESULT_FAILED, "%s", "");
}

static void range_text(const struct compare *cmp, char *buf, size_t size)
{
	char lo[32], hi[32];

	value_text_duration(cmp->lo, lo, sizeof(lo));
	value_text_duration(cmp->hi, hi, sizeof(hi));
	if (cmp->hi == INT64_MAX || cmp->lo == INT64_MIN || cmp->negate)
		snprintf(buf, size, "after %s", cmp->text);
	else
		snprintf(buf, size, "after %s (%s to %s)", cmp->text, lo, hi);
}

static void judge_error(struct op *op, int number)
{
	const struct expect *e = &op->step->expect;
	enum error_kind want = e->error_set ? e->error : ERROR_NONE;
	enum error_kind got = op->error;
	char expected[64], observed[256], took[32];
	bool met;

	/* an end of the stream that was asked for is no error */
	if (got == ERROR_EOF && e->eof_set && e->eof && !(e->error_set && want == ERROR_EOF))
		got = ERROR_NONE;
	/* a program that fails without being expected to has failed, as any other step */
	if (got == ERROR_NONE && want == ERROR_NONE && !e->exit.set && op->exit > 0) {
		snprintf(expected, sizeof(expected), "exit 0");
		snprintf(observed, sizeof(observed), "%.150s", op->detail);
		judge_note(op->run, number, op->step->line, op->step->col, op->step, false,
			   expected, observed);
		return;
	}
	met = got == want && ((got != ERROR_ERRNO && got != ERROR_LOOKUP) || op->code == e->code);
	snprintf(expected, sizeof(expected), "error %s", error_text(want, e->code));
	value_text_duration(op->ended_ns - op->begun_ns, took, sizeof(took));
	/* the time stands in the next expectation, if there is one */
	snprintf(observed, sizeof(observed), "error %s%s%s%s%.150s", error_text(got, op->code),
		 met && e->after.set ? "" : " after ", met && e->after.set ? "" : took,
		 op->detail[0] ? ": " : "", op->detail);
	judge_note(op->run, number, e->error_set ? e->error_line : op->step->line,
		   e->error_set ? e->error_col : op->step->col, op->step, met, expected, observed);
}

/* says() - is @word one of the words of @list, which has ", " between them? */
static bool says(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (; list; list = strstr(list, ", ") ? strstr(list, ", ") + 2 : NULL)
		if (!strncmp(list, word, len) && (!list[len] || list[len] == ','))
			return true;
	return false;
}

static void judge_address(struct op *op, int number)
{
	const struct plan *plan = op->run->plan;
	const struct expect *e = &op->step->expect;
	int awaited = step_awaits(op->step);
	int asker = awaited >= 0 ? plan->steps[awaited].host : op->step->host;
	char expected[160], observed[200], text[INET6_ADDRSTRLEN];
	bool met = false;

	snprintf(expected, sizeof(expected), "address %.64s", e->address);
	for (int fam = 0; fam < FAM_COUNT; fam++) {
		struct topo_addr literal = { .set = true };
		const struct topo_addr *addr = &literal;
		size_t used = strlen(expected);

		memcpy(literal.bytes, e->address_bytes, sizeof(literal.bytes));
		if (e->address_host >= 0)
			addr = topology_addr(&plan->topo, asker, e->address_host, fam);
		if (!addr || (e->address_host < 0 && fam != e->address_fam))
			continue;
		topo_addr_text(fam, addr, text);
		met = met || says(op->answers, text);
		if (e->address_host >= 0 && plan->ip & (1 << fam))
			snprintf(expected + used, sizeof(expected) - used, ", %s", text);
	}
	snprintf(observed, sizeof(observed), "%s%.180s", op->answers ? "address " : "no address",
		 op->answers ?: "");
	judge_note(op->run, number, e->address_line, e->address_col, op->step, met, expected,
		   observed);
}

static void judge_exit(struct op *op, int number)
{
	const struct compare *exit = &op->step->expect.exit;
	char expected[80], observed[32];

	snprintf(expected, sizeof(expected), "exit %.60s", exit->text);
	snprintf(observed, sizeof(observed), op->exit < 0 ? "no exit" : "exit %d", op->exit);
	judge_note(op->run, number, exit->line, exit->col, op->step,
		   op->exit >= 0 && compare_met(exit, op->exit), expected, observed);
}

/* The last line of an output that is not empty. */
static const char *last_line(const char *text, int *ret_len)
{
	const char *end = text + strlen(text), *at;

	while (end > text && end[-1] == '\n')
		end--;
	for (at = end; at > text && at[-1] != '\n'; at--)
		;
	*ret_len = (int)(end - at);
	return at;
}

static void judge_output(struct op *op, int number)
{
	const struct expect *e = &op->step->expect;
	const char *output = op->output ?: "", *line;
	char expected[300], observed[300];
	regmatch_t at[1];
	regex_t regex;
	bool met = false;
	int len;

	line = last_line(output, &len);
	if (!regcomp(&regex, e->output, REG_EXTENDED | REG_NEWLINE)) {
		met = !regexec(&regex, output, 1, at, 0);
		regfree(&regex);
	}
	if (met) {
		for (line = output + at[0].rm_so; line > output && line[-1] != '\n'; line--)
			;
		len = (int)strcspn(line, "\n");
	}
	snprintf(expected, sizeof(expected), "output '%.250s'", e->output);
	snprintf(observed, sizeof(observed), len ? "output '%.*s'" : "no output",
		 len < 250 ? len : 250, line);
	judge_note(op->run, number, e->output_line, e->output_col, op->step, met, expected,
		   observed);
}

void judge_failure(struct op *op)
{
	judge_error(op, 0);
}

void judge_unfinished(struct op *op)
{
	const struct step *step = op->step;

	for (int i = 0; i < step->n_expectations; i++)
		judge_note(op->run, step->first_expectation + i, step->expect.line, step->col, step,
			   false, "to be over by the end of the run", "still under way");
}

void judge_op(struct op *op)
{
	const struct step *step = op->step;
	const struct expect *e = &step->expect;
	bool judges_error = (step->verb->expects & EXPECT_ERROR) && (!step->background || e->line);
	int number = step->first_expectation;
	char expected[160], observed[64];
	int64_t took = op->ended_ns - op->begun_ns;

	op->judged = true;
	/* from its start on, what a program of the user's makes of it is its own business */
	if (op->run->program_begun)
		return;
	if (judges_error)
		judge_error(op, number++);
	if (e->after.set) {
		range_text(&e->after, expected, sizeof(expected));
		memcpy(observed, "after ", 6);
		value_text_duration(took, observed + 6, sizeof(observed) - 6);
		judge_note(op->run, number++, e->after.line, e->after.col, step,
			   compare_met(&e->after, took), expected, observed);
	}
	if (e->bytes.set) {
		snprintf(expected, sizeof(expected), "bytes %s", e->bytes.text);
		snprintf(observed, sizeof(observed), "bytes %lld", (long long)op->bytes);
		judge_note(op->run, number++, e->bytes.line, e->bytes.col, step,
			   compare_met(&e->bytes, op->bytes), expected, observed);
	}
	if (e->eof_set)
		judge_note(op->run, number++, e->eof_line, e->eof_col, step, op->eof == e->eof,
			   e->eof ? "end of stream" : "no end of stream",
			   op->eof ? "end of stream" : "no end of stream");
	if (e->exit.set)
		judge_exit(op, number++);
	if (e->output)
		judge_output(op, number++);
	if (e->address)
		judge_address(op, number);
}
