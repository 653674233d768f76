// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/report/pcapng_section.h"

#include <stdio.h>

static const uint32_t byte_order = 0x1a2b3c4d;
static const char stamps_text[] =
	"Stamps are wall-clock time in nanoseconds: the log's own time plus the wall clock's at its 0. "
	"What a link held is stamped, where it arrives, when it was let go.";
static const char runs_text[] =
	"A run begins with a block on the interface \"lab (program)\": run: CASE - TITLE. It has interfaces of "
	"its own, whose descriptions begin with its case: frame.interface_description contains \"CASE: \".";

const struct event_begin *psection_record(const struct psection *s)
{
	return s->begin.type == EVENT_BEGIN && s->begin.begin.name ? &s->begin.begin : NULL;
}

void psection_begin(struct psection *s, const struct event *begin)
{
	psection_faces_clear(s);
	event_clear(&s->begin);
	s->run_open = s->rebuilt = false;
	/* without memory it is a run without a begin record */
	if (begin)
		event_copy(begin, &s->begin);
}

void psection_release(struct psection *s)
{
	psection_faces_clear(s);
	event_clear(&s->begin);
	pblock_release(&s->block);
}

const char *psection_host(const struct psection *s, int host, char *buf, size_t size)
{
	const struct event_begin *begin = psection_record(s);

	if (host == -1)
		snprintf(buf, size, "lab");
	else if (begin && host >= 0 && host < begin->n_hosts)
		snprintf(buf, size, "%s", begin->hosts[host]);
	else
		snprintf(buf, size, "host %d", host);
	return buf;
}

/* What holds for all runs; nslab and the kernel are those of the first. */
static void header_texts(struct psection *s)
{
	const struct event_begin *begin = psection_record(s);
	struct pblock *b = &s->block;

	pblock_text(b, POPT_COMMENT, runs_text, PTEXT_MOST);
	pblock_text(b, POPT_COMMENT, stamps_text, PTEXT_MOST);
	pblock_text(b, POPT_SECTION_HARDWARE, "network namespaces", PTEXT_MOST);
	if (!begin)
		return;
	pblock_pair(b, POPT_SECTION_OS, "Linux", " ", begin->kernel);
	pblock_pair(b, POPT_SECTION_PROGRAM, "nslab", " ", begin->nslab);
}

void psection_open(struct psection *s)
{
	struct pblock *b = &s->block;

	if (s->open)
		return;
	s->open = true;
	pblock_begin(b, PBLOCK_SECTION);
	pblock_u32(b, byte_order);
	pblock_u16(b, 1); /* version 1.0 */
	pblock_u16(b, 0);
	pblock_u32(b, UINT32_MAX); /* its length is not known in advance */
	pblock_u32(b, UINT32_MAX);
	header_texts(s);
	pblock_end(b, s->out);
}

bool psection_run_open(struct psection *s, bool rebuilt)
{
	if (s->run_open)
		return false;
	psection_open(s);
	psection_faces(s);
	s->rebuilt = rebuilt;
	return s->run_open = true;
}
