// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: one section, and for each run interfaces of its own. Records become frames,
 * which wait in a window of 100 ms of the log's time (pcapng_window.c): hits that are told after their
 * packet become its comments, and frames come out in order. A run's first block says whether headers
 * were rebuilt, so it is not written before the first packet is known, or too much waits.
 */
#include <stdlib.h>
#include <string.h>

#include "lab/report/pcapng_section.h"
#include "lab/report/pcapng_window.h"
#include "lab/report/pcapng_write.h"
#include "lab/report/report.h"
#include "lab/report/terminal.h"
#include "netns/cleanup.h"

/**
 * struct report - the file
 * @run: a section is under way, though its header may not be written yet
 * @packets: it has a packet, whose bytes are @rebuilt
 * @begun_ns: when its first record was
 */
struct report {
	struct psection section;
	struct pwindow *window;
	bool run, packets, rebuilt;
	int64_t begun_ns;
};

static struct report *pcapng_open(FILE *out, const struct report_options *options)
{
	struct report *report = calloc(1, sizeof(*report));

	(void)options;
	if (!report)
		return NULL;
	report->section.out = out;
	report->window = pwindow_new();
	if (!report->window) {
		free(report);
		return NULL;
	}
	return report;
}

/* The first block's stamp is that of the run's first record, and not later than what comes behind it. */
static void run_open(struct report *report, int64_t first_ns)
{
	if (!psection_run_open(&report->section, report->packets && report->rebuilt))
		return;
	prun_write(&report->section, first_ns < report->begun_ns ? first_ns : report->begun_ns);
}

/* Write what is due; @all: and the rest, because the run is over. */
static void frames_write(struct report *report, bool all)
{
	struct pframe *frame;

	if (!report->packets && !all && !pwindow_full(report->window))
		return;
	while ((frame = pwindow_next(report->window, all))) {
		run_open(report, frame->t_ns);
		pframe_write(&report->section, frame);
		pframe_free(frame);
	}
	if (all)
		run_open(report, report->begun_ns);
}

/* ---- records to frames ---- */

static struct pframe *frame_new(const struct event *event, enum pframe_kind kind)
{
	struct pframe *frame = calloc(1, sizeof(*frame));

	if (!frame)
		return NULL;
	frame->kind = kind;
	frame->t_ns = event->t_ns;
	frame->host = frame->at = event->host;
	return frame;
}

/* @bytes: NULL for a record that has none in any log */
static void frame_packet(struct report *report, struct pframe *frame, const struct packet *packet,
			 const struct event_bytes *bytes)
{
	frame->packet = *packet;
	if (!bytes)
		return;
	if (bytes->data && bytes->n > 0) {
		frame->n_bytes = bytes->n < EVENT_BYTES_MOST ? bytes->n : EVENT_BYTES_MOST;
		memcpy(frame->bytes, bytes->data, (size_t)frame->n_bytes);
	}
	if (!report->packets)
		report->rebuilt = !frame->n_bytes;
	report->packets = true;
}

static void frame_add(struct report *report, struct pframe *frame)
{
	pwindow_add(report->window, frame);
	frames_write(report, false);
}

/* A frame with a text; without memory there is none. */
static void text_frame_add(struct report *report, struct pframe *frame, char *text)
{
	if (frame && text) {
		frame->text = text;
		frame_add(report, frame);
		return;
	}
	free(text);
	pframe_free(frame);
}

static void packet_take(struct report *report, const struct event *event)
{
	const struct event_packet *p = &event->packet;
	struct pframe *frame = frame_new(event, PFRAME_PACKET);

	if (!frame)
		return;
	frame->face = psection_face(&report->section, PFACE_WIRE, event->host, p->ifname);
	frame->out = p->out;
	frame->made_here = p->made_here;
	frame->retry = p->retry;
	frame->since_ns = p->since_ns;
	frame->held_ns = p->held_ns;
	frame_packet(report, frame, &p->packet, &p->bytes);
	frame_add(report, frame);
}

/* The host that a wire begins at, which a loss names: "client -> fw", "client -> fw #2". -1: unknown */
static int wire_sender(const struct report *report, const char *name)
{
	const struct event_begin *begin = psection_record(&report->section);

	for (int i = 0; begin && i < begin->n_hosts; i++) {
		size_t n = strlen(begin->hosts[i]);

		if (!strncmp(name, begin->hosts[i], n) && !strncmp(name + n, " -> ", 4))
			return i;
	}
	return -1;
}

static bool is_lost(const char *past)
{
	return !strncmp(past, "lost", 4);
}

static void hit_take(struct report *report, const struct event *event)
{
	const struct event_hit *hit = &event->hit;
	struct pframe *frame = frame_new(event, PFRAME_MARK);
	bool lost = is_lost(hit->past), pass = !strcmp(hit->past, "let pass");
	char *text = NULL;

	if (!frame)
		return;
	frame->place = PMARK_HERE;
	if (!strcmp(hit->past, "dropped") || !strcmp(hit->past, "rejected"))
		frame->place = PMARK_STOPPED;
	if (lost) {
		frame->place = PMARK_LOST;
		frame->host = wire_sender(report, hit->fault);
	}
	frame_packet(report, frame, &hit->packet, &hit->bytes);
	if (asprintf(&text, "%s %s %s%s", hit->past, lost ? "on" : "by", hit->fault,
		     pass ? " (disarmed)" : "") < 0)
		text = NULL;
	text_frame_add(report, frame, text);
}

static void release_take(struct report *report, const struct event *event)
{
	const struct event_release *r = &event->release;
	struct pframe *frame = frame_new(event, PFRAME_MARK);
	char *text = NULL, time[40];

	if (!frame)
		return;
	frame->place = PMARK_LEAVING;
	frame_packet(report, frame, &r->packet, NULL);
	if (asprintf(&text, "%s %s %s, held %s", r->past, is_lost(r->past) ? "on" : "by", r->fault,
		     duration_text(r->waited_ns, time, sizeof(time))) < 0)
		text = NULL;
	text_frame_add(report, frame, text);
}

/* "met: socket conn state SYN-SENT (SYN-SENT after 1 ms)" */
static char *expectation_text(const struct event_expectation *e)
{
	char *text = NULL;
	int r;

	if (e->met)
		r = asprintf(&text, "met: %s (%s)", e->text, e->observed);
	else
		r = asprintf(&text, "FAILED: %s: expected %s, observed %s", e->text, e->expected,
			     e->observed);
	return r < 0 ? NULL : text;
}

/* "passed: 10 met, 0 unmet" */
static char *end_text(const struct event_end *end)
{
	char *text = NULL;

	if (asprintf(&text, "%s: %d met, %d unmet%s%s", result_name(end->result), end->met,
		     end->unmet, end->text[0] ? "; " : "", end->text) < 0)
		return NULL;
	return text;
}

/* All other records, in the terminal's words where it has some. */
static void words_take(struct report *report, const struct event *event)
{
	struct entry entry;
	char *text = NULL;

	if (event->type == EVENT_EXPECTATION)
		text = expectation_text(&event->expectation);
	else if (event->type == EVENT_END)
		text = end_text(&event->end);
	else if (entry_make(event, psection_record(&report->section), false, &entry))
		text = entry.text;
	if (text)
		text_frame_add(report, frame_new(event, PFRAME_WORDS), text);
}

static void run_end(struct report *report)
{
	if (report->run)
		frames_write(report, true);
	report->run = report->packets = report->rebuilt = false;
}

/* @first: the run's first record, which should be its begin record */
static void run_start(struct report *report, const struct event *first)
{
	run_end(report);
	psection_begin(&report->section, first->type == EVENT_BEGIN ? first : NULL);
	report->begun_ns = first->t_ns;
	report->run = true;
}

static void pcapng_event(struct report *report, const struct event *event)
{
	if (event->type == EVENT_BEGIN) {
		run_start(report, event);
		return;
	}
	if (!report->run)
		run_start(report, event);
	if (event->type == EVENT_PACKET)
		packet_take(report, event);
	else if (event->type == EVENT_HIT)
		hit_take(report, event);
	else if (event->type == EVENT_RELEASE)
		release_take(report, event);
	else
		words_take(report, event);
	if (event->type == EVENT_END)
		run_end(report);
}

/* A file without a section would be none, so there is one even if the log was empty. */
static void pcapng_close(struct report *report)
{
	if (!report)
		return;
	run_end(report);
	psection_open(&report->section);
	pwindow_free(report->window);
	psection_release(&report->section);
	fflush(report->section.out);
	free(report);
}

const struct report_type REPORT_PCAPNG = {
	.name = "pcapng",
	.help = "write the packets of all hosts, for Wireshark: faults and calls as comments",
	.option = "pcapng",
	.takes_file = true,
	.whole = true,
	.open = pcapng_open,
	.event = pcapng_event,
	.close = pcapng_close,
};
