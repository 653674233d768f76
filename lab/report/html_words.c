// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/report/html_words.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lab/report/terminal.h"
#include "netns/cleanup.h"

/* The words that the timeline has for it, too; NULL if it has none. */
static char *entry_words(const struct event *event, const struct event_begin *begin, bool verbose)
{
	struct entry entry = { 0 };

	return entry_make(event, begin, verbose, &entry) ? entry.text : NULL;
}

/* "dial server:8080", or with its end "send conn bytes 5: ok, 5 B after 20 us" */
static char *call_words(const struct item *item, const struct event_begin *begin)
{
	bool ended = item->end.type == EVENT_STEP_END;
	_cleanup_free_ char *first = entry_words(&item->event, begin, true);
	_cleanup_free_ char *end = ended ? entry_words(&item->end, begin, false) : NULL;
	const char *result = end ? strstr(end, ": ") : NULL;
	char *text;

	if (!first || asprintf(&text, "%s%s", first, result ? result : "") < 0)
		return NULL;
	return text;
}

static char *verdict_words(const struct item *item, bool full)
{
	const struct event_expectation *e = &item->event.expectation;
	char *text;
	int r;

	if (full)
		r = asprintf(&text, "line %d: %s: expected %s, observed %s", e->line, e->text,
			     e->expected, e->observed);
	else
		r = asprintf(&text, "%s line %d: %s", e->met ? "✓" : "✗", e->line, e->text);
	return r < 0 ? NULL : text;
}

/* Without the brackets in which the terminal has it. */
static char *state_words(const struct item *item, const struct event_begin *begin)
{
	char *text = entry_words(&item->event, begin, false);
	size_t len = text ? strlen(text) : 0;

	if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
		memmove(text, text + 1, len - 2);
		text[len - 2] = '\0';
	}
	return text;
}

char *words_of(const struct item *item, const struct event_begin *begin)
{
	switch (item->kind) {
	case ITEM_CALL:
		return call_words(item, begin);
	case ITEM_VERDICT:
		return verdict_words(item, false);
	case ITEM_STATE:
		return state_words(item, begin);
	case ITEM_LEG:
	case ITEM_RETURN:
	case ITEM_SWITCH:
	case ITEM_REMARK:
		break;
	}
	return entry_words(&item->event, begin, true);
}

char *words_more(const struct item *item, const struct event_begin *begin)
{
	if (item->kind == ITEM_VERDICT)
		return verdict_words(item, true);
	return item->kind == ITEM_STATE ? entry_words(&item->event, begin, true) : NULL;
}

const char *words_bytes(uint64_t bytes, char *buf, size_t size)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 999.5 && unit + 1 < ARRAY_SIZE(units)) {
		value /= 1000;
		unit++;
	}
	snprintf(buf, size, unit && value < 9.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
	return buf;
}

const char *words_host(const struct event_begin *begin, int host, char *buf, size_t size)
{
	if (begin && host >= 0 && host < begin->n_hosts)
		return begin->hosts[host];
	snprintf(buf, size, "host %d", host);
	return buf;
}

char *words_fate(const struct flight *f, const struct event_begin *begin)
{
	const struct leg *leg = &f->leg;
	char buf[24], *text = NULL;
	const char *at = words_host(begin, leg->at, buf, sizeof(buf));
	int r = -1;

	switch (leg->end) {
	case LEG_STOPPED:
		r = asprintf(&text, "%s at %s by %s", leg->past, at, leg->fault);
		break;
	case LEG_LOST:
		r = asprintf(&text, "%s on %s", leg->past, leg->fault);
		break;
	case LEG_HELD:
		r = asprintf(&text, "held at %s by %s, and not seen again", at, leg->fault);
		break;
	case LEG_FLYING:
		r = asprintf(&text, "sent to %s, and not seen to arrive", at);
		break;
	case LEG_ARRIVED:
		r = asprintf(&text, "arrived at %s%s%s%s%s", at, leg->fault[0] ? ", " : "",
			     leg->past, leg->fault[0] ? " by " : "", leg->fault);
		break;
	}
	return r < 0 ? NULL : text;
}
