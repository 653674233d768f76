// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a section for each run, an interface for each of the hosts' own. Records become
 * frames, which wait in a window of 100 ms of the log's time (pcapng_window.c): hits that are told after
 * their packet become its comments, and frames come out in order. The section's header says whether
 * headers were rebuilt, so it is not written before the first packet is known, or too much waits.
 */
#include <stdlib.h>
#include <string.h>

#include "lab/report/pcapng_headers.h"
#include "lab/report/pcapng_section.h"
#include "lab/report/pcapng_window.h"
#include "lab/report/report.h"
#include "lab/report/terminal.h"
#include "netns/cleanup.h"

/* epb_flags */
enum { DIRECTION_IN = 1, DIRECTION_OUT = 2 };

/* tags of LINKTYPE_WIRESHARK_UPPER_PDU, big-endian: Wireshark's epan/exported_pdu.h */
static const uint8_t words_tags[] = {
	0, 12, 0, 8, 's', 'y', 's', 'l', 'o', 'g', 0, 0, /* the dissector's name */
	0, 0,  0, 0,					 /* no more tags */
};

/**
 * struct report - the file
 * @run: a section is under way, though its header may not be written yet
 * @packets: it has a packet, whose bytes are @rebuilt
 */
struct report {
	struct psection section;
	struct pwindow *window;
	bool run, packets, rebuilt;
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

/* ---- frames to blocks ---- */

/* Since 1970, as far as that can be said: a stamp has no sign. */
static uint64_t stamp_of(const struct report *report, int64_t t_ns)
{
	const struct event_begin *begin = psection_record(&report->section);
	int64_t ns;

	if (__builtin_add_overflow(begin ? begin->wall_ns : 0, t_ns, &ns))
		return t_ns > 0 ? INT64_MAX : 0;
	return ns > 0 ? (uint64_t)ns : 0;
}

/* All of a packet's block that comes before its data; lengths are set later. */
static void block_begin(struct report *report, const struct pframe *frame, int face)
{
	struct pblock *b = &report->section.block;
	int id = psection_id(&report->section, face);
	uint64_t stamp = stamp_of(report, frame->t_ns);

	pblock_begin(b, PBLOCK_PACKET);
	pblock_u32(b, (uint32_t)id);
	pblock_u32(b, (uint32_t)(stamp >> 32));
	pblock_u32(b, (uint32_t)stamp);
	pblock_u32(b, 0);
	pblock_u32(b, 0);
}

enum { AT_CAPTURED = 20, AT_ORIGINAL = 24, AT_DATA = 28 };

/* Its data is there; @original: bytes that it had, if that is more. */
static void block_data_end(struct pblock *b, uint32_t original)
{
	uint32_t captured = (uint32_t)(b->len - AT_DATA);

	pblock_set32(b, AT_CAPTURED, captured);
	pblock_set32(b, AT_ORIGINAL, original > captured ? original : captured);
	pblock_pad(b);
}

static void packet_data(struct report *report, const struct pframe *frame)
{
	struct pblock *b = &report->section.block;
	uint8_t headers[HEADERS_MOST];

	if (frame->n_bytes)
		pblock_bytes(b, frame->bytes, (size_t)frame->n_bytes);
	else
		pblock_bytes(b, headers, headers_build(&frame->packet, headers));
	block_data_end(b, frame->packet.ip_len);
}

/* What the record itself tells about the packet's way. */
static void packet_comments(struct pblock *b, const struct pframe *frame)
{
	char text[120], time[40];

	if (frame->retry > 0) {
		snprintf(text, sizeof(text), "retry %d, %s after the first", frame->retry,
			 duration_text(frame->since_ns, time, sizeof(time)));
		pblock_text(b, POPT_COMMENT, text, PTEXT_MOST);
	}
	if (frame->held_ns >= 0) {
		snprintf(text, sizeof(text), "held %s on the link; stamped %s",
			 duration_text(frame->held_ns, time, sizeof(time)),
			 frame->out ? "when that began" : "when it was let go");
		pblock_text(b, POPT_COMMENT, text, PTEXT_MOST);
	}
	for (int i = 0; i < frame->n_comments; i++)
		pblock_text(b, POPT_COMMENT, frame->comment[i], PTEXT_MOST);
}

/* Where the header could not say that headers are rebuilt, the packet does. */
static void rebuilt_comment(struct report *report, const struct pframe *frame)
{
	if (!frame->n_bytes && !report->section.rebuilt)
		pblock_text(&report->section.block, POPT_COMMENT,
			    "headers rebuilt from the log: no options", PTEXT_MOST);
}

static void packet_write(struct report *report, const struct pframe *frame)
{
	struct pblock *b = &report->section.block;
	uint8_t flags[4] = { frame->out ? DIRECTION_OUT : DIRECTION_IN };

	if (frame->face < 0)
		return;
	block_begin(report, frame, frame->face);
	packet_data(report, frame);
	pblock_option(b, POPT_PACKET_FLAGS, flags, sizeof(flags));
	packet_comments(b, frame);
	rebuilt_comment(report, frame);
	pblock_end(b, report->section.out);
}

/* No packet was found for it: it is shown by itself. */
static void mark_write(struct report *report, const struct pframe *frame)
{
	struct pblock *b = &report->section.block;
	int face = psection_face(&report->section, PFACE_FAULTS, frame->at, NULL);

	if (face < 0)
		return;
	block_begin(report, frame, face);
	packet_data(report, frame);
	pblock_text(b, POPT_COMMENT, frame->text, PTEXT_MOST);
	rebuilt_comment(report, frame);
	pblock_end(b, report->section.out);
}

/* As data for those who look at the list, and as a comment for those who look for one. */
static void words_write(struct report *report, const struct pframe *frame)
{
	struct pblock *b = &report->section.block;
	int face = psection_face(&report->section, PFACE_PROGRAM, frame->host, NULL);

	if (face < 0)
		return;
	block_begin(report, frame, face);
	pblock_bytes(b, words_tags, sizeof(words_tags));
	pblock_clean(b, frame->text, PTEXT_MOST);
	block_data_end(b, 0);
	pblock_text(b, POPT_COMMENT, frame->text, PTEXT_MOST);
	pblock_end(b, report->section.out);
}

static void frame_write(struct report *report, const struct pframe *frame)
{
	static void (*const writers[])(struct report * report, const struct pframe *frame) = {
		[PFRAME_PACKET] = packet_write,
		[PFRAME_MARK] = mark_write,
		[PFRAME_WORDS] = words_write,
	};

	writers[frame->kind](report, frame);
}

/* Write what is due; @all: and the rest, because the run is over. */
static void frames_write(struct report *report, bool all)
{
	struct pframe *frame;

	if (!report->packets && !all && !pwindow_full(report->window))
		return;
	psection_open(&report->section, report->packets && report->rebuilt);
	while ((frame = pwindow_next(report->window, all))) {
		frame_write(report, frame);
		pframe_free(frame);
	}
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

static void run_begin_record(struct report *report, const struct event *begin)
{
	run_end(report);
	psection_begin(&report->section, begin);
	report->run = true;
}

static void pcapng_event(struct report *report, const struct event *event)
{
	if (event->type == EVENT_BEGIN) {
		run_begin_record(report, event);
		return;
	}
	if (!report->run)
		run_begin_record(report, NULL);
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
	psection_open(&report->section, false);
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
