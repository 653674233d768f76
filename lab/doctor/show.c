// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The report, from top to bottom: where we are, what was found (a line each, and beneath what is
 * missing the fix), the limits that matter, and which scenarios can run.
 */
#include "lab/doctor/show.h"

#include <inttypes.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>

#include "lab/doctor/fix.h"
#include "lab/report/terminal_text.h"

enum { COL_STATE = 2, COL_NAME = 11, COL_TEXT = 24, COL_FIX = 16 };

struct sheet {
	FILE *out;
	struct paper paper;
	const struct doctor_options *options;
	const struct probe *(*at)(int i);
	const struct findings *findings;
	const struct system *sys;
	int64_t (*read_number)(const char *path);
};

static const struct {
	const char *word;
	enum style style;
} states[] = {
	[PROBE_UNTRIED] = { "untried", STYLE_DIM },
	[PROBE_OK] = { "ok", STYLE_GREEN },
	[PROBE_NOTE] = { "note", STYLE_YELLOW },
	[PROBE_MISSING] = { "missing", STYLE_RED },
};

static void show_heading(const struct sheet *sheet, const char *text)
{
	fputc('\n', sheet->out);
	text_put_styled(&sheet->paper, sheet->out, STYLE_BOLD, text, sheet->paper.columns);
	fputc('\n', sheet->out);
}

/* The state's word; returns the column behind it. */
static void show_state(const struct sheet *sheet, enum probe_state state, enum style style)
{
	int col = text_pad(sheet->out, 0, COL_STATE);

	col += text_put_styled(&sheet->paper, sheet->out, style, states[state].word, COL_NAME);
	text_pad(sheet->out, col, COL_NAME);
}

static void show_fix(const struct sheet *sheet, const char *fix)
{
	if (!fix[0])
		return;
	text_pad(sheet->out, 0, COL_NAME);
	style_begin(&sheet->paper, sheet->out, STYLE_BOLD);
	fputs("fix:", sheet->out);
	style_end(&sheet->paper, sheet->out, STYLE_BOLD);
	fputc(' ', sheet->out);
	text_wrap(&sheet->paper, sheet->out, fix, COL_FIX, COL_FIX);
}

static void show_probe(const struct sheet *sheet, const struct probe *probe,
		       const struct probe_result *result)
{
	bool optional = probe->group == GROUP_OPTIONAL;
	enum style style = optional && result->state == PROBE_MISSING ? STYLE_DIM :
									states[result->state].style;
	char text[1024], fix[512] = "";
	int col = COL_NAME;

	show_state(sheet, result->state, style);
	col += text_put(&sheet->paper, sheet->out, probe->name, COL_TEXT - COL_NAME - 2);
	col = text_pad(sheet->out, col, COL_TEXT);
	if (result->state == PROBE_MISSING)
		lab_err_text(&result->err, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "%s%s%s", probe->what, result->note[0] ? ": " : "",
			 result->note);
	text_wrap(&sheet->paper, sheet->out, text, col, COL_TEXT);
	if (result->state == PROBE_MISSING)
		fix_text(sheet->sys, probe, &result->err, fix, sizeof(fix));
	else if (result->state == PROBE_NOTE)
		snprintf(fix, sizeof(fix), "%s", result->err.fix);
	if (!optional || sheet->options->verbose)
		show_fix(sheet, fix);
}

/* What a row that was not tried waits for: the rows that are missing themselves. */
static void untried_reason(const struct sheet *sheet, int row, char *buf, size_t size)
{
	const struct findings *findings = sheet->findings;
	unsigned lacks = probe_closure(sheet->at, findings->n_probes, sheet->at(row)->after) &
			 ~findings_found(sheet->at, findings);
	size_t used = 0;

	snprintf(buf, size, "the time ran out");
	for (int i = 0; i < findings->n_probes && used < size; i++) {
		if (findings->probes[i].state == PROBE_MISSING && sheet->at(i)->bit & lacks)
			used += (size_t)snprintf(buf + used, size - used, "%s%s",
						 used ? ", " : "needs ", sheet->at(i)->name);
	}
}

/* All of a group that wait for the same, in one line. */
static void show_untried(const struct sheet *sheet, enum probe_group group)
{
	const struct findings *findings = sheet->findings;
	char reason[256], other[256], last[256] = "";

	for (int i = 0; i < findings->n_probes; i++) {
		char text[1024];
		size_t used = 0;

		if (sheet->at(i)->group != group || findings->probes[i].state != PROBE_UNTRIED)
			continue;
		untried_reason(sheet, i, reason, sizeof(reason));
		if (!strcmp(reason, last))
			continue;
		snprintf(last, sizeof(last), "%s", reason);
		for (int j = i; j < findings->n_probes && used < sizeof(text); j++) {
			if (sheet->at(j)->group != group ||
			    findings->probes[j].state != PROBE_UNTRIED)
				continue;
			untried_reason(sheet, j, other, sizeof(other));
			if (strcmp(reason, other))
				break;
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s",
						 used ? ", " : "", sheet->at(j)->name);
		}
		show_state(sheet, PROBE_UNTRIED, states[PROBE_UNTRIED].style);
		if (used < sizeof(text))
			snprintf(text + used, sizeof(text) - used, " (%s)", reason);
		text_wrap(&sheet->paper, sheet->out, text, COL_NAME, COL_NAME);
	}
}

static void show_group(const struct sheet *sheet, enum probe_group group, const char *heading)
{
	show_heading(sheet, heading);
	for (int i = 0; i < sheet->findings->n_probes; i++) {
		const struct probe_result *result = &sheet->findings->probes[i];

		if (sheet->at(i)->group == group && result->state != PROBE_UNTRIED)
			show_probe(sheet, sheet->at(i), result);
	}
	show_untried(sheet, group);
}

/* Who we are, and what a root that has been stripped lacks. */
static void who_text(const struct system *sys, char *buf, size_t size)
{
	static const struct {
		int cap;
		const char *name;
	} wanted[] = { { CAP_SYS_ADMIN, "SYS_ADMIN" },
		       { CAP_NET_ADMIN, "NET_ADMIN" },
		       { CAP_NET_RAW, "NET_RAW" } };
	const char *before = " without ";
	size_t used;

	if (sys->uid != 0) {
		snprintf(buf, size, "as user %u", (unsigned)sys->uid);
		return;
	}
	used = (size_t)snprintf(buf, size, "as root%s", sys->nested ? " of a user namespace" : "");
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]) && used < size; i++) {
		if (sys->caps & 1ull << wanted[i].cap)
			continue;
		used += (size_t)snprintf(buf + used, size - used, "%s%s", before, wanted[i].name);
		before = ", ";
	}
}

static void show_where(const struct sheet *sheet)
{
	const struct system *sys = sheet->sys;
	char who[96], text[512];

	who_text(sys, who, sizeof(who));
	snprintf(text, sizeof(text), "Linux %s, %s%s%s%s%s%s%s", sys->kernel, who,
		 sys->container[0] ? ", in a container (" : "", sys->container,
		 sys->container[0] ? ")" : "", sys->seccomp == 2 ? ", under a seccomp filter" : "",
		 sys->profile[0] ? ", under AppArmor profile " : "", sys->profile);
	text_wrap(&sheet->paper, sheet->out, text, 0, 0);
	if (!sheet->options->verbose)
		return;
	snprintf(text, sizeof(text),
		 "effective capabilities %016" PRIx64 ", no_new_privs %s, modules %s", sys->caps,
		 sys->no_new_privs ? "on" : "off",
		 sys->takes_modules ? "can be loaded" : "are not supported");
	text_wrap(&sheet->paper, sheet->out, text, 0, 0);
}

static bool limit_is_wide(const struct limit *limit, int64_t now)
{
	return limit->exactly ? now == limit->enough : now >= limit->enough;
}

/* Those that are too small; with -v all of them. What this kernel does not have bounds nothing. */
static void show_limits(const struct sheet *sheet)
{
	const struct limit *limit;
	bool headed = false;

	for (int i = 0; (limit = limit_at(i)); i++) {
		int64_t now = sheet->read_number(limit->path);
		char key[96], text[256];
		bool wide = limit_is_wide(limit, now);

		if (now < 0 || (wide && !sheet->options->verbose))
			continue;
		if (!headed)
			show_heading(sheet, "Limits");
		headed = true;
		show_state(sheet, wide ? PROBE_OK : PROBE_NOTE,
			   states[wide ? PROBE_OK : PROBE_NOTE].style);
		limit_key(limit, key, sizeof(key));
		snprintf(text, sizeof(text), "%s is %" PRId64 ": %s", key, now, limit->cost);
		text_wrap(&sheet->paper, sheet->out, text, COL_NAME, COL_NAME);
		snprintf(text, sizeof(text), "sysctl -w %s=%" PRId64, key, limit->advice);
		if (!wide)
			show_fix(sheet, text);
	}
}

/* Names with commas between them, of all entries with that reason. */
static void show_names(const struct sheet *sheet, const struct verdict *verdict, const char *reason,
		       const char *before)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	bool first = true;

	if (!f)
		return;
	fputs(before, f);
	for (int i = 0; i < verdict->n_entries; i++) {
		if (strcmp(verdict->entries[i].reason, reason))
			continue;
		fprintf(f, "%s%s", first ? "" : ", ", verdict->entries[i].name);
		first = false;
	}
	if (!fclose(f))
		text_wrap(&sheet->paper, sheet->out, text, 0, 2);
	free(text);
}

/* Each reason once, with all that it keeps from running. */
static void show_reasons(const struct sheet *sheet, const struct verdict *verdict)
{
	for (int i = 0; i < verdict->n_entries; i++) {
		const char *reason = verdict->entries[i].reason;
		char before[300];
		bool seen = !reason[0];

		for (int j = 0; j < i && !seen; j++)
			seen = !strcmp(verdict->entries[j].reason, reason);
		if (seen)
			continue;
		snprintf(before, sizeof(before), "%s: ", reason);
		show_names(sheet, verdict, reason, before);
	}
}

static void verdict_text(const struct sheet *sheet, const struct verdict *verdict, char *buf,
			 size_t size)
{
	const char *how = !sheet->findings->in_root ? "without root" :
			  sheet->sys->nested	    ? "as root of this user namespace" :
						      "as root";
	int n = sheet->options->n_scenarios;
	char part[48] = "";

	if (verdict->part)
		snprintf(part, sizeof(part), " and %d in part", verdict->part);
	if (verdict->whole == n && n == 1)
		snprintf(buf, size, "The scenario can run here, %s.", how);
	else if (verdict->whole == n)
		snprintf(buf, size, "All %d scenarios can run here, %s.", n, how);
	else if (verdict->whole || verdict->part)
		snprintf(buf, size, "%d of %d scenarios can run here%s, %s:", verdict->whole, n,
			 part, how);
	else if (n == 1)
		snprintf(buf, size, "The scenario cannot run here:");
	else
		snprintf(buf, size, "None of the %d scenarios can run here:", n);
}

static void show_end(const struct sheet *sheet, const struct verdict *verdict)
{
	char text[160];

	if (!sheet->options->n_scenarios)
		return;
	verdict_text(sheet, verdict, text, sizeof(text));
	fputc('\n', sheet->out);
	style_begin(&sheet->paper, sheet->out, STYLE_BOLD);
	text_wrap(&sheet->paper, sheet->out, text, 0, 0);
	style_end(&sheet->paper, sheet->out, STYLE_BOLD);
	if (verdict->whole == sheet->options->n_scenarios)
		return;
	if (verdict->whole || verdict->part) {
		show_names(sheet, verdict, "", "");
		fputs("These cannot:\n", sheet->out);
	}
	show_reasons(sheet, verdict);
}

void show_all(FILE *out, const struct doctor_options *options, const struct probe *(*at)(int i),
	      const struct findings *findings, const struct verdict *verdict,
	      const struct system *sys, int64_t (*read_number)(const char *path))
{
	struct sheet sheet = { .out = out,
			       .options = options,
			       .at = at,
			       .findings = findings,
			       .sys = sys,
			       .read_number = read_number };

	paper_init(&sheet.paper, options->columns, options->colour, options->unicode);
	show_where(&sheet);
	show_group(&sheet, GROUP_LAB, "What the lab uses");
	show_group(&sheet, GROUP_OPTIONAL, "Not needed: something else stands in for it");
	show_limits(&sheet);
	show_end(&sheet, verdict);
	paper_release(&sheet.paper);
}
