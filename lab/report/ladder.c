// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/report/ladder.h"

#include <stdlib.h>
#include <string.h>

#include "lab/report/ladder_draw.h"
#include "lab/report/sequence.h"
#include "lab/report/terminal.h"
#include "netns/cleanup.h"

enum {
	QUIET_NS = 100000000,	/* what is longer gets a line of its own */
	BULK_SHOWN = 8,		/* segments of a stream before the rest is only counted */
	BULK_GAP_NS = 50000000, /* after a pause it is no longer a stream */
};

/**
 * struct bulk - a stream's segments in a row
 * @shown: lines that were drawn of it
 * @more, @bytes: segments beyond, and their payload
 * @t_ns: when the last of them came
 */
struct bulk {
	int shown;
	unsigned long more;
	uint64_t bytes;
	int64_t t_ns;
};

struct ladder {
	struct easel easel;
	struct sequence *sequence;
	FILE *out;
	bool unfold;
	bool any, states;
	int64_t last_ns;
	struct bulk bulk;
};

static int64_t gap(int64_t from, int64_t to)
{
	int64_t d;

	return __builtin_sub_overflow(to, from, &d) ? INT64_MAX : d;
}

/* The next line is of @t_ns: say so if nothing happened for long. */
static void line_begin(struct ladder *l, int64_t t_ns)
{
	int64_t quiet = l->any && t_ns > l->last_ns ? gap(l->last_ns, t_ns) : 0;

	if (quiet >= QUIET_NS)
		easel_fold(&l->easel, quiet, l->out);
	if (!l->any || t_ns > l->last_ns)
		l->last_ns = t_ns;
	l->any = true;
}

static void text_line(struct ladder *l, int64_t t_ns, int host, enum style style, const char *mark,
		      char ascii, const char *text)
{
	line_begin(l, t_ns);
	easel_text(&l->easel, t_ns, host, style, mark, ascii, text, l->out);
}

static void bulk_end(struct ladder *l)
{
	struct bulk bulk = l->bulk;
	char text[120];

	l->bulk = (struct bulk){ 0 };
	if (!bulk.more)
		return;
	snprintf(text, sizeof(text), "… %lu more segment%s, %llu B", bulk.more,
		 bulk.more == 1 ? "" : "s", (unsigned long long)bulk.bytes);
	text_line(l, bulk.t_ns, -1, STYLE_DIM, "", ' ', text);
}

/* Is this one line too many of a stream? */
static bool bulk_folds(struct ladder *l, const struct item *item)
{
	struct bulk *bulk = &l->bulk;
	const struct leg *leg = &item->leg;

	if (l->unfold || item->kind != ITEM_LEG || !leg_is_bulk(leg)) {
		bulk_end(l);
		return false;
	}
	if (bulk->shown && gap(bulk->t_ns, item->t_ns) > BULK_GAP_NS)
		bulk_end(l);
	bulk->t_ns = item->t_ns;
	if (bulk->shown < BULK_SHOWN) {
		bulk->shown++;
		return false;
	}
	/* the second half of an arrow is no other packet */
	if (!leg->n_hops || !leg->hops[0].resumed) {
		bulk->more++;
		bulk->bytes += leg->packet.payload;
	}
	return true;
}

static struct life *life_of(struct ladder *l, int host)
{
	return host >= 0 && host < l->easel.n ? &l->easel.life[host] : NULL;
}

/* The words that the timeline has for it, too; NULL if it has none. */
static char *words(const struct ladder *l, const struct event *event, bool verbose)
{
	struct entry entry = { 0 };

	return entry_make(event, l->easel.begin, verbose, &entry) ? entry.text : NULL;
}

/* "dial server:8080", or with its end "send conn bytes 5: ok, 5 B after 20 us" */
static void call_draw(struct ladder *l, const struct item *item)
{
	bool ended = item->end.type == EVENT_STEP_END;
	_cleanup_free_ char *begin = words(l, &item->event, true);
	_cleanup_free_ char *end = ended ? words(l, &item->end, false) : NULL;
	_cleanup_free_ char *text = NULL;
	const char *result = end ? strstr(end, ": ") : NULL;
	struct life *life = life_of(l, item->host);

	if (!begin || asprintf(&text, "%s%s", begin, result ? result : "") < 0)
		return;
	text_line(l, item->t_ns, item->host, STYLE_PLAIN, ended ? "" : "┌", '.', text);
	if (!ended && life)
		life->open++;
}

static void return_draw(struct ladder *l, const struct item *item)
{
	_cleanup_free_ char *text = words(l, &item->event, true);
	struct life *life = life_of(l, item->host);

	if (life && life->open > 0)
		life->open--;
	if (text)
		text_line(l, item->t_ns, item->host, STYLE_PLAIN, "└", '\'', text);
}

/* A state's colour: opening, open, closing, and what only waits. */
static enum style state_style(const char *state)
{
	if (!strncmp(state, "SYN", 3))
		return STYLE_YELLOW;
	if (!strcmp(state, "ESTABLISHED"))
		return STYLE_GREEN;
	return strcmp(state, "TIME-WAIT") != 0 ? STYLE_MAGENTA : STYLE_CYAN;
}

static bool is_open(const char *state)
{
	return state[0] && strcmp(state, "CLOSED") != 0;
}

static void state_draw(struct ladder *l, const struct item *item)
{
	const struct event_state *state = &item->event.state;
	_cleanup_free_ char *text = words(l, &item->event, false);
	struct life *life = life_of(l, item->host);

	if (life) {
		life->sockets += is_open(state->new) - is_open(state->old);
		if (is_open(state->new))
			life->style = state_style(state->new);
	}
	if (text)
		text_line(l, item->t_ns, item->host,
			  is_open(state->new) ? state_style(state->new) : STYLE_DIM, "", ' ', text);
	l->states = true;
}

/* What was not met is told in full: it is what one looks for. */
static void unmet_draw(struct ladder *l, const struct item *item)
{
	const struct event_expectation *e = &item->event.expectation;
	const struct {
		const char *word, *text, *mark;
	} lines[] = {
		{ "", e->text, "✗" },
		{ "expected ", e->expected, "" },
		{ "observed ", e->observed, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		_cleanup_free_ char *text = NULL;
		char line[32] = "  ";

		if (i == 0)
			snprintf(line, sizeof(line), "line %d: ", e->line);
		if (asprintf(&text, "%s%s%s", line, lines[i].word, lines[i].text) >= 0)
			text_line(l, item->t_ns, -1, STYLE_RED, lines[i].mark, 'x', text);
	}
}

static void verdict_draw(struct ladder *l, const struct item *item)
{
	const struct event_expectation *e = &item->event.expectation;
	bool check = !strncmp(e->text, "check ", 6); /* it says itself what it saw */
	_cleanup_free_ char *text = NULL;

	if (!e->met)
		unmet_draw(l, item);
	else if (asprintf(&text, "line %d: %s%s%s", e->line, e->text, check ? "" : ": ",
			  check ? "" : e->observed) >= 0)
		text_line(l, item->t_ns, -1, STYLE_DIM, "✓", '+', text);
}

static void other_draw(struct ladder *l, const struct item *item)
{
	_cleanup_free_ char *text = words(l, &item->event, true);
	enum style style = item->event.type == EVENT_ERROR ? STYLE_RED :
			   item->event.type == EVENT_FAULT ? STYLE_YELLOW :
							     STYLE_DIM;

	if (text)
		text_line(l, item->t_ns, item->host, style, "", ' ', text);
}

static void item_draw(void *arg, struct item *item)
{
	struct ladder *l = arg;

	if (bulk_folds(l, item))
		return;
	switch (item->kind) {
	case ITEM_LEG:
		line_begin(l, item->t_ns);
		easel_leg(&l->easel, &item->leg, item->t_ns, l->out);
		break;
	case ITEM_CALL:
		call_draw(l, item);
		break;
	case ITEM_RETURN:
		return_draw(l, item);
		break;
	case ITEM_STATE:
		state_draw(l, item);
		break;
	case ITEM_VERDICT:
		verdict_draw(l, item);
		break;
	case ITEM_SWITCH:
	case ITEM_REMARK:
		other_draw(l, item);
		break;
	}
}

struct ladder *ladder_new(const struct event_begin *begin, const struct paper *paper,
			  const struct report_options *options, FILE *out)
{
	struct ladder *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->out = out;
	l->unfold = options->unfold;
	l->sequence = sequence_new(begin, item_draw, l);
	if (!l->sequence || easel_init(&l->easel, paper, begin, options->seq) < 0) {
		sequence_free(l->sequence);
		free(l);
		return NULL;
	}
	easel_heads(&l->easel, out);
	return l;
}

void ladder_event(struct ladder *l, const struct event *event)
{
	sequence_event(l->sequence, event);
}

void ladder_until(struct ladder *l, int64_t t_ns)
{
	sequence_until(l->sequence, t_ns);
}

void ladder_free(struct ladder *l)
{
	if (!l)
		return;
	sequence_free(l->sequence);
	bulk_end(l);
	if (l->states) {
		style_begin(l->easel.paper, l->out, STYLE_DIM);
		text_put(l->easel.paper, l->out,
			 "[states of sockets are sampled, at least every 5 ms]",
			 l->easel.paper->columns);
		style_end(l->easel.paper, l->out, STYLE_DIM);
		fputc('\n', l->out);
	}
	easel_release(&l->easel);
	free(l);
}
