// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/report/pcapng_write.h"

#include <stdlib.h>
#include <string.h>

#include "lab/report/pcapng_headers.h"
#include "lab/report/sheet.h"
#include "lab/report/terminal_text.h"
#include "netns/cleanup.h"

static const char rebuilt_text[] =
	"Headers rebuilt from the log: no options, no payload; the log was saved without bytes.";
static const char disarmed_text[] = "--disarm: faults matched and counted, but let packets pass.";

/* epb_flags */
enum { DIRECTION_IN = 1, DIRECTION_OUT = 2 };

/* tags of LINKTYPE_WIRESHARK_UPPER_PDU, big-endian: Wireshark's epan/exported_pdu.h */
static const uint8_t words_tags[] = {
	0, 12, 0, 8, 's', 'y', 's', 'l', 'o', 'g', 0, 0, /* the dissector's name */
	0, 0,  0, 0,					 /* no more tags */
};

/* Since 1970, as far as that can be said: a stamp has no sign. */
static uint64_t stamp_of(const struct psection *s, int64_t t_ns)
{
	const struct event_begin *begin = psection_record(s);
	int64_t ns;

	if (__builtin_add_overflow(begin ? begin->wall_ns : 0, t_ns, &ns))
		return t_ns > 0 ? INT64_MAX : 0;
	return ns > 0 ? (uint64_t)ns : 0;
}

/* All of a packet's block that comes before its data; lengths are set later. */
static void block_begin(struct psection *s, int64_t t_ns, int face)
{
	struct pblock *b = &s->block;
	uint32_t id = psection_id(s, face);
	uint64_t stamp = stamp_of(s, t_ns);

	pblock_begin(b, PBLOCK_PACKET);
	pblock_u32(b, id);
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

static void packet_data(struct psection *s, const struct pframe *frame)
{
	struct pblock *b = &s->block;
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

/* Where the run could not say that headers are rebuilt, the packet does. */
static void rebuilt_comment(struct psection *s, const struct pframe *frame)
{
	if (!frame->n_bytes && !s->rebuilt)
		pblock_text(&s->block, POPT_COMMENT, "headers rebuilt from the log: no options",
			    PTEXT_MOST);
}

static void packet_write(struct psection *s, const struct pframe *frame)
{
	struct pblock *b = &s->block;
	uint8_t flags[4] = { frame->out ? DIRECTION_OUT : DIRECTION_IN };

	if (frame->face < 0)
		return;
	block_begin(s, frame->t_ns, frame->face);
	packet_data(s, frame);
	pblock_option(b, POPT_PACKET_FLAGS, flags, sizeof(flags));
	packet_comments(b, frame);
	rebuilt_comment(s, frame);
	pblock_end(b, s->out);
}

/* No packet was found for it: it is shown by itself. */
static void mark_write(struct psection *s, const struct pframe *frame)
{
	struct pblock *b = &s->block;
	int face = psection_face(s, PFACE_FAULTS, frame->at, NULL);

	if (face < 0)
		return;
	block_begin(s, frame->t_ns, face);
	packet_data(s, frame);
	pblock_text(b, POPT_COMMENT, frame->text, PTEXT_MOST);
	rebuilt_comment(s, frame);
	pblock_end(b, s->out);
}

/* As data for those who look at the list, and as a comment for those who look for one. */
static bool words_begin(struct psection *s, int64_t t_ns, int host, const char *text)
{
	struct pblock *b = &s->block;
	int face = psection_face(s, PFACE_PROGRAM, host, NULL);

	if (face < 0)
		return false;
	block_begin(s, t_ns, face);
	pblock_bytes(b, words_tags, sizeof(words_tags));
	pblock_clean(b, text, PTEXT_MOST);
	block_data_end(b, 0);
	pblock_text(b, POPT_COMMENT, text, PTEXT_MOST);
	return true;
}

static void words_write(struct psection *s, const struct pframe *frame)
{
	if (words_begin(s, frame->t_ns, frame->host, frame->text))
		pblock_end(&s->block, s->out);
}

void pframe_write(struct psection *s, const struct pframe *frame)
{
	static void (*const writers[])(struct psection * s, const struct pframe *frame) = {
		[PFRAME_PACKET] = packet_write,
		[PFRAME_MARK] = mark_write,
		[PFRAME_WORDS] = words_write,
	};

	writers[frame->kind](s, frame);
}

/* ---- the first block of a run ---- */

/* "run: dial-ok[ip=4] - A dial that works" */
static char *run_text(const struct event_begin *begin)
{
	char *text = NULL;

	if (!begin)
		return strdup("run: the log has no begin record for it");
	if (asprintf(&text, "run: %s - %s", begin->name, begin->title) < 0)
		return NULL;
	return text;
}

/* "hosts: client, fw, server" */
static void hosts_comment(struct pblock *b, const struct event_begin *begin)
{
	struct sheet sheet;
	char *text;

	if (sheet_open(&sheet) < 0)
		return;
	for (int i = 0; i < begin->n_hosts; i++)
		fprintf(sheet.out, "%s%s", i ? ", " : "hosts: ", begin->hosts[i]);
	text = sheet_take(&sheet);
	pblock_text(b, POPT_COMMENT, text, PTEXT_MOST);
	free(text);
}

static void begin_comments(struct pblock *b, const struct event_begin *begin)
{
	if (begin->repeat[0])
		pblock_pair(b, POPT_COMMENT, "again: ", "", begin->repeat);
	hosts_comment(b, begin);
	pblock_pair(b, POPT_COMMENT, "kernel: ", "Linux ", begin->kernel);
	pblock_pair(b, POPT_COMMENT, "made by: ", "nslab ", begin->nslab);
	if (begin->disarmed)
		pblock_text(b, POPT_COMMENT, disarmed_text, PTEXT_MOST);
}

void prun_write(struct psection *s, int64_t t_ns)
{
	const struct event_begin *begin = psection_record(s);
	_cleanup_free_ char *text = run_text(begin);

	if (!text || !words_begin(s, t_ns, -1, text))
		return;
	if (begin)
		begin_comments(&s->block, begin);
	if (s->rebuilt)
		pblock_text(&s->block, POPT_COMMENT, rebuilt_text, PTEXT_MOST);
	pblock_end(&s->block, s->out);
}
