// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "lab/report/terminal.h"
#include "netns/cleanup.h"

static bool text_is(const char *text, const char *word)
{
	return text && strcmp(text, word) == 0;
}

/* A step's text without "HOST: " in front: its column says that. */
static const char *step_text(const struct event *event, const struct event_begin *begin)
{
	const char *text = event->step.text, *name;
	size_t len;

	if (!begin || event->host < 0 || event->host >= begin->n_hosts)
		return text;
	name = begin->hosts[event->host];
	len = strlen(name);
	if (strncmp(text, name, len) == 0 && text[len] == ':' && text[len + 1] == ' ')
		return text + len + 2;
	return text;
}

/* Is the step's verb among the @n @words? */
static bool step_verb_in(const char *text, const char *const *words, size_t n)
{
	size_t len = strcspn(text, " :");

	for (size_t i = 0; i < n; i++)
		if (strlen(words[i]) == len && strncmp(text, words[i], len) == 0)
			return true;
	return false;
}

/* These only look, and what they found is told elsewhere. */
static bool step_only_looks(const char *text)
{
	static const char *const verbs[] = { "check", "await" };

	return step_verb_in(text, verbs, ARRAY_SIZE(verbs));
}

/* These end at once unless something is wrong, so that their end says nothing. */
static bool step_is_instant(const char *text)
{
	static const char *const verbs[] = { "listen", "bind",	"close", "shutdown", "abort",
					     "serve",  "fault", "link",	 "sysctl",   "wait" };

	return step_verb_in(text, verbs, ARRAY_SIZE(verbs));
}

static bool step_begin_entry(const struct event *event, const struct event_begin *begin,
			     bool verbose, FILE *out)
{
	const char *text = step_text(event, begin);

	if (!verbose && step_only_looks(text))
		return false;
	fputs(text, out);
	return true;
}

/* "dial: deadline after 2.5 s", "recv: ok, 100000 B, end of stream, after 1.2 ms" */
static bool step_end_entry(const struct event *event, const struct event_begin *begin, bool verbose,
			   FILE *out)
{
	const struct event_step *step = &event->step;
	const char *text = step_text(event, begin);
	bool ok = text_is(step->error, "none");
	bool more = false;
	char took[40];

	if (!verbose && (step_only_looks(text) || (ok && step_is_instant(text))))
		return false;
	fprintf(out, "%.*s: %s", (int)strcspn(text, " :"), text, ok ? "ok" : step->error);
	if (step->bytes >= 0 && (ok || step->bytes > 0)) {
		fprintf(out, ", %lld B", (long long)step->bytes);
		more = true;
	}
	if (step->eof) {
		fputs(", end of stream", out);
		more = true;
	}
	fprintf(out, "%s after %s", more ? "," : "",
		duration_text(step->took_ns, took, sizeof(took)));
	if (step->detail[0])
		fprintf(out, " (%s)", step->detail);
	return true;
}

/* An arrow to the side where the other host's column is; one with a bar where it arrives. */
static const char *packet_arrow(const struct event *event)
{
	const struct event_packet *p = &event->packet;

	if (p->out)
		return p->to >= 0 && p->to < event->host ? "←" : "→";
	return p->from > event->host ? "⇤" : "⇥";
}

/*
 * A packet tells something new where it is made and where it belongs; in between it only passes,
 * unless nobody here is its maker or owner.
 */
static bool packet_entry(const struct event *event, bool verbose, FILE *out, enum style *ret_style)
{
	const struct event_packet *p = &event->packet;
	bool ends_here = p->out ? p->made_here : p->to == event->host;
	char buf[128], since[40];

	if (!ends_here && !verbose)
		return false;
	if (!ends_here)
		*ret_style = STYLE_DIM;
	fprintf(out, "%s %s", packet_arrow(event), packet_label(&p->packet, buf, sizeof(buf)));
	if (p->retry > 0) {
		*ret_style = STYLE_YELLOW;
		fprintf(out, " retry %d, +%s", p->retry,
			duration_text(p->since_ns, since, sizeof(since)));
	}
	if (verbose) {
		if (!ends_here)
			fprintf(out, " %s", p->out ? "passed on" : "passing");
		fprintf(out, "  %s", packet_flow_label(&p->packet, buf, sizeof(buf)));
	}
	return true;
}

static void hit_entry(const struct event *event, FILE *out, enum style *ret_style)
{
	const struct event_hit *hit = &event->hit;
	const char *sign = "•";
	char label[128];
	bool lost = strncmp(hit->past, "lost", 4) == 0; /* by a link, not by a fault */

	*ret_style = STYLE_YELLOW;
	if (lost || text_is(hit->past, "dropped") || text_is(hit->past, "rejected")) {
		sign = "✗";
		*ret_style = STYLE_RED;
	} else if (text_is(hit->past, "let pass")) {
		sign = "○";
	}
	fprintf(out, "%s %s %s %s %s", sign, packet_label(&hit->packet, label, sizeof(label)),
		hit->past, lost ? "on" : "by", hit->fault);
}

static void release_entry(const struct event *event, FILE *out, enum style *ret_style)
{
	const struct event_release *r = &event->release;
	char label[128], held[40];

	*ret_style = STYLE_YELLOW;
	fprintf(out, "» %s %s by %s", packet_label(&r->packet, label, sizeof(label)), r->past,
		r->fault);
	if (r->waited_ns > 0)
		fprintf(out, ", held %s", duration_text(r->waited_ns, held, sizeof(held)));
}

/* A socket without a name is told by its port: the column already says whose it is. */
static void state_entry(const struct event *event, bool verbose, FILE *out)
{
	const struct event_state *s = &event->state;
	const char *colon = strrchr(s->local, ':');

	fprintf(out, "[%s ", s->socket[0] ? s->socket : colon ? colon : s->local);
	if (verbose && s->old[0])
		fprintf(out, "%s → ", s->old);
	fprintf(out, "%s]", s->new);
	if (verbose)
		fprintf(out, "  %s > %s%s", s->local, s->remote, s->sampled ? ", sampled" : "");
}

/* The words; returns whether there are any. */
static bool entry_words(const struct event *event, const struct event_begin *begin, bool verbose,
			FILE *out, enum style *ret_style)
{
	switch (event->type) {
	case EVENT_BUILT:
		return false;
	case EVENT_NOTE:
		*ret_style = STYLE_DIM;
		fprintf(out, "note: %s", event->note.text);
		return true;
	case EVENT_OUTPUT:
		*ret_style = STYLE_DIM;
		fprintf(out, "| %s", event->output.text);
		return true;
	case EVENT_STEP_BEGIN:
		return step_begin_entry(event, begin, verbose, out);
	case EVENT_STEP_END:
		return step_end_entry(event, begin, verbose, out);
	case EVENT_PACKET:
		return packet_entry(event, verbose, out, ret_style);
	case EVENT_HIT:
		hit_entry(event, out, ret_style);
		return true;
	case EVENT_RELEASE:
		release_entry(event, out, ret_style);
		return true;
	case EVENT_STATE:
		*ret_style = STYLE_CYAN;
		state_entry(event, verbose, out);
		return true;
	case EVENT_FAULT:
		*ret_style = STYLE_YELLOW;
		fprintf(out, "• %s is %s", event->fault.fault, event->fault.on ? "on" : "off");
		return true;
	case EVENT_EXPECTATION:
		if (event->expectation.met)
			return false;
		*ret_style = STYLE_RED;
		fprintf(out, "FAILED: %s", event->expectation.text);
		return true;
	case EVENT_ERROR:
		*ret_style = STYLE_RED;
		fprintf(out, "error: %s", event->error.text);
		return true;
	case EVENT_STANDS:
		*ret_style = STYLE_YELLOW;
		fprintf(out, "the lab stays: nslab shell %s:HOST, nslab down %s", event->stands.lab,
			event->stands.lab);
		return true;
	case EVENT_BEGIN:
	case EVENT_END:
	case EVENT_TYPE_COUNT:
		break;
	}
	return false;
}

bool entry_make(const struct event *event, const struct event_begin *begin, bool verbose,
		struct entry *ret)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	bool any;

	*ret = (struct entry){ .t_ns = event->t_ns, .host = event->host };
	if (!out)
		return false;
	any = entry_words(event, begin, verbose, out, &ret->style);
	if (fclose(out) != 0 || !any) {
		free(text);
		return false;
	}
	ret->text = text;
	return true;
}

bool entry_is_bulk(const struct event *event)
{
	const struct event_packet *p = &event->packet;

	return event->type == EVENT_PACKET && p->packet.protocol == IPPROTO_TCP && !p->retry &&
	       !(p->packet.flags & (TCPF_SYN | TCPF_FIN | TCPF_RST));
}
