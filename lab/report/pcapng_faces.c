// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "lab/report/pcapng_section.h"

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

	*face = (struct pface){ .kind = kind, .host = host };
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
	/* the last place is kept for what takes all further wires; what further programs do is the lab's */
	if (s->n_faces < PFACES_MOST - 1)
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

/* The case comes first, so that it selects the run. */
static void face_text(struct psection *s, const struct pface *face, char *buf, size_t size)
{
	static const char *const texts[] = {
		[PFACE_WIRE] = "of no link in the begin record",
		[PFACE_FAULTS] = "packets that faults acted on and that no interface has shown",
		[PFACE_PROGRAM] =
			"calls of the program, states of sockets, faults switched, expectations",
		[PFACE_OTHER] = "all further interfaces",
	};
	const struct event_begin *begin = psection_record(s);
	const struct event_link_info *link;
	int end;

	if (begin) {
		size_t n = (size_t)snprintf(buf, size, "%.*s: ", PNAME_MOST, begin->name);

		buf += n;
		size -= n;
	}
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
	face->written = true;
	face->id = s->n_ids++;
}

uint32_t psection_id(struct psection *s, int face)
{
	struct pface *f = &s->faces[face];

	if (!f->written)
		face_write(s, f);
	return f->id;
}

void psection_faces(struct psection *s)
{
	const struct event_begin *begin = psection_record(s);

	psection_id(s, psection_face(s, PFACE_PROGRAM, -1, NULL));
	for (int i = 0; begin && i < begin->n_links; i++)
		for (int end = 0; end < 2; end++) {
			int face = psection_face(s, PFACE_WIRE, begin->links[i].host[end],
						 begin->links[i].ifname[end]);

			if (face >= 0)
				psection_id(s, face);
		}
}

/* The lab's own remains: it is there from the start, and needs no memory. */
void psection_faces_clear(struct psection *s)
{
	for (int i = 0; i < s->n_faces; i++)
		free(s->faces[i].ifname);
	s->n_faces = s->last = 0;
	face_add(s, PFACE_PROGRAM, -1, NULL);
}
