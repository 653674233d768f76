// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/report/pcapng_section.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "netns/cleanup.h"

static const uint32_t byte_order = 0x1a2b3c4d;
static const char stamps_text[] =
	"Stamps are wall-clock time in nanoseconds: the log's own time plus the wall clock's at its 0. "
	"What a link held is stamped, where it arrives, when it was let go.";
static const char rebuilt_text[] =
	"Headers rebuilt from the log: no options, no payload; the log was saved without bytes.";
static const char disarmed_text[] = "--disarm: faults matched and counted, but let packets pass.";

const struct event_begin *psection_record(const struct psection *s)
{
	return s->begin.type == EVENT_BEGIN && s->begin.begin.name ? &s->begin.begin : NULL;
}

static void faces_clear(struct psection *s)
{
	for (int i = 0; i < s->n_faces; i++)
		free(s->faces[i].ifname);
	s->n_faces = s->n_ids = s->last = 0;
}

void psection_begin(struct psection *s, const struct event *begin)
{
	faces_clear(s);
	event_clear(&s->begin);
	s->open = s->rebuilt = false;
	/* without memory it is a run without a begin record */
	if (begin)
		event_copy(begin, &s->begin);
}

void psection_release(struct psection *s)
{
	psection_begin(s, NULL);
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

/* ---- interfaces ---- */

static bool face_is(const struct pface *face, enum pface_kind kind, int host, const char *ifname)
{
	return face->host == host && face->kind == kind &&
	       (kind != PFACE_WIRE || !strcmp(face->ifname, ifname));
}

/* Packets tend to come in bunches, so the last one's is tried first. */
static int face_find(struct psection *s, enum pface_kind kind, int host, const char *ifname)
{
	if (s->last < s->n_faces && face_is(&s->faces[s->last], kind, host, ifname))
		return s->last;
	for (int i = 0; i < s->n_faces; i++)
		if (face_is(&s->faces[i], kind, host, ifname))
			return s->last = i;
	return -1;
}

static int face_add(struct psection *s, enum pface_kind kind, int host, const char *ifname)
{
	struct pface *face = &s->faces[s->n_faces];

	*face = (struct pface){ .kind = kind, .host = host, .id = -1 };
	if (kind == PFACE_WIRE) {
		face->ifname = strdup(ifname);
		if (!face->ifname)
			return -1;
	}
	return s->n_faces++;
}

int psection_face(struct psection *s, enum pface_kind kind, int host, const char *ifname)
{
	int i = face_find(s, kind, host, ifname);

	if (i >= 0)
		return i;
	/* the last places are kept for what takes all the rest: one of each link type */
	if (s->n_faces < PFACES_MOST - 2)
		return face_add(s, kind, host, ifname);
	kind = kind == PFACE_PROGRAM ? PFACE_PROGRAM : PFACE_OTHER;
	i = face_find(s, kind, -1, NULL);
	return i >= 0 || s->n_faces == PFACES_MOST ? i : face_add(s, kind, -1, NULL);
}

/* Which end of which link an interface is; NULL if it is none's. */
static const struct event_link_info *face_link(const struct psection *s, const struct pface *face,
					       int *ret_end)
{
	const struct event_begin *begin = psection_record(s);

	for (int i = 0; begin && face->kind == PFACE_WIRE && i < begin->n_links; i++)
		for (int end = 0; end < 2; end++)
			if (begin->links[i].host[end] == face->host &&
			    !strcmp(begin->links[i].ifname[end], face->ifname)) {
				*ret_end = end;
				return &begin->links[i];
			}
	return NULL;
}

/* The link's other end, what happens on it, and what the stamps are. */
static void face_link_text(struct psection *s, const struct event_link_info *link, int end,
			   char *buf, size_t size)
{
	const char *ours = link->shape[end], *theirs = link->shape[!end];
	char peer[PNAME_MOST];

	psection_host(s, link->host[!end], peer, sizeof(peer));
	snprintf(buf, size, "link to %s:%.250s%s%.500s%s%.500s%s", peer, link->ifname[!end],
		 ours[0] ? "; what leaves: " : "", ours, theirs[0] ? "; what arrives: " : "",
		 theirs, theirs[0] ? ", stamped when the link let it go" : "");
}

static void face_text(struct psection *s, const struct pface *face, char *buf, size_t size)
{
	static const char *const texts[] = {
		[PFACE_WIRE] = "of no link in the begin record",
		[PFACE_FAULTS] = "packets that faults acted on and that no interface has shown",
		[PFACE_PROGRAM] =
			"calls of the program, states of sockets, faults switched, expectations",
		[PFACE_OTHER] = "all further interfaces",
	};
	const struct event_link_info *link;
	int end;

	link = face_link(s, face, &end);
	if (link)
		face_link_text(s, link, end, buf, size);
	else
		snprintf(buf, size, "%s", texts[face->kind]);
}

static void face_name(struct psection *s, const struct pface *face, char *buf, size_t size)
{
	char host[PNAME_MOST];

	psection_host(s, face->host, host, sizeof(host));
	switch (face->kind) {
	case PFACE_WIRE:
		snprintf(buf, size, "%s:%s", host, face->ifname);
		break;
	case PFACE_FAULTS:
		snprintf(buf, size, "%s:faults", host);
		break;
	case PFACE_PROGRAM:
		snprintf(buf, size, "%s (program)", host);
		break;
	case PFACE_OTHER:
		snprintf(buf, size, "other");
		break;
	}
}

/*
 * An address option, of an address with or without "/N" behind it: IPv4's is followed by a mask, IPv6's
 * by the prefix's length. Without "/N" the log does not tell the network, and it is the address alone.
 */
static void face_addr(struct psection *s, const char *text, int af)
{
	size_t len = af == AF_INET6 ? 16 : 4, n = strcspn(text, "/");
	long most = (long)len * 8, prefix = most;
	uint8_t data[17] = { 0 };
	char addr[INET6_ADDRSTRLEN] = "", *rest;

	if (!n || n >= sizeof(addr))
		return;
	memcpy(addr, text, n);
	if (inet_pton(af, addr, data) != 1)
		return;
	if (text[n]) {
		prefix = strtol(text + n + 1, &rest, 10);
		if (*rest || prefix < 0 || prefix > most)
			return;
	}
	if (af == AF_INET6) {
		data[len] = (uint8_t)prefix;
		pblock_option(&s->block, POPT_INTERFACE_ADDR6, data, 17);
		return;
	}
	for (long i = 0; i < prefix; i++)
		data[4 + i / 8] |= (uint8_t)(0x80 >> i % 8);
	pblock_option(&s->block, POPT_INTERFACE_ADDR4, data, 8);
}

static void face_write(struct psection *s, struct pface *face)
{
	static const uint8_t nanoseconds = 9;
	const struct event_link_info *link;
	struct pblock *b = &s->block;
	bool program = face->kind == PFACE_PROGRAM;
	char text[2048];
	int end;

	pblock_begin(b, PBLOCK_INTERFACE);
	pblock_u16(b, program ? LINKTYPE_UPPER_PDU : LINKTYPE_IP);
	pblock_u16(b, 0);
	pblock_u32(b, program ? 0 : EVENT_BYTES_MOST);
	face_name(s, face, text, sizeof(text));
	pblock_text(b, POPT_INTERFACE_NAME, text, PNAME_MOST);
	face_text(s, face, text, sizeof(text));
	pblock_text(b, POPT_INTERFACE_TEXT, text, PTEXT_MOST);
	link = face_link(s, face, &end);
	if (link) {
		face_addr(s, link->addr4[end], AF_INET);
		face_addr(s, link->addr6[end], AF_INET6);
	}
	pblock_option(b, POPT_INTERFACE_RESOLUTION, &nanoseconds, 1);
	pblock_end(b, s->out);
	face->id = s->n_ids++;
}

int psection_id(struct psection *s, int face)
{
	struct pface *f = &s->faces[face];

	if (f->id < 0)
		face_write(s, f);
	return f->id;
}

/* ---- the header ---- */

/* An option made of two texts. */
static void pair_text(struct psection *s, uint16_t code, const char *front, const char *between,
		      const char *back)
{
	_cleanup_free_ char *text = NULL;

	if (asprintf(&text, "%s%s%s", front, between, back) < 0)
		text = NULL;
	pblock_text(&s->block, code, text, PTEXT_MOST);
}

/* "network namespaces: client, fw, server" */
static void hosts_text(struct psection *s, const struct event_begin *begin)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return;
	fputs("network namespaces", out);
	for (int i = 0; i < begin->n_hosts; i++)
		fprintf(out, "%s%s", i ? ", " : ": ", begin->hosts[i]);
	if (fclose(out) == 0)
		pblock_text(&s->block, POPT_SECTION_HARDWARE, text, PTEXT_MOST);
	free(text);
}

static void header_texts(struct psection *s, const struct event_begin *begin)
{
	struct pblock *b = &s->block;

	if (begin) {
		pair_text(s, POPT_COMMENT, begin->name, ": ", begin->title);
		if (begin->repeat[0])
			pair_text(s, POPT_COMMENT, "again: ", "", begin->repeat);
		if (begin->disarmed)
			pblock_text(b, POPT_COMMENT, disarmed_text, PTEXT_MOST);
	} else {
		pblock_text(b, POPT_COMMENT, "The log has no begin record for this run.",
			    PTEXT_MOST);
	}
	pblock_text(b, POPT_COMMENT, stamps_text, PTEXT_MOST);
	if (s->rebuilt)
		pblock_text(b, POPT_COMMENT, rebuilt_text, PTEXT_MOST);
	if (!begin)
		return;
	hosts_text(s, begin);
	pair_text(s, POPT_SECTION_OS, "Linux", " ", begin->kernel);
	pair_text(s, POPT_SECTION_PROGRAM, "nslab", " ", begin->nslab);
}

void psection_open(struct psection *s, bool rebuilt)
{
	const struct event_begin *begin = psection_record(s);
	struct pblock *b = &s->block;

	if (s->open)
		return;
	s->open = true;
	s->rebuilt = rebuilt;
	pblock_begin(b, PBLOCK_SECTION);
	pblock_u32(b, byte_order);
	pblock_u16(b, 1); /* version 1.0 */
	pblock_u16(b, 0);
	pblock_u32(b, UINT32_MAX); /* its length is not known in advance */
	pblock_u32(b, UINT32_MAX);
	header_texts(s, begin);
	pblock_end(b, s->out);
	for (int i = 0; begin && i < begin->n_links; i++)
		for (int end = 0; end < 2; end++) {
			int face = psection_face(s, PFACE_WIRE, begin->links[i].host[end],
						 begin->links[i].ifname[end]);

			if (face >= 0)
				psection_id(s, face);
		}
}
