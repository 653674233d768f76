/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The section of a pcapng file: its header, and the interfaces that packets of a run were seen on. */
#ifndef NSLAB_REPORT_PCAPNG_SECTION_H
#define NSLAB_REPORT_PCAPNG_SECTION_H

#include <stdbool.h>
#include <stdio.h>

#include "lab/event/event.h"
#include "lab/report/pcapng_block.h"

/* link types, draft-richardson-opsawg-pcaplinktype */
enum {
	LINKTYPE_IP = 101,	 /* LINKTYPE_RAW: an IP packet without a link's header */
	LINKTYPE_UPPER_PDU = 252 /* tags that name a dissector, then what it is to read */
};

/** enum pface_kind - what is seen at an interface */
enum pface_kind {
	PFACE_WIRE,    /* packets that come and leave: "fw:eth0" */
	PFACE_FAULTS,  /* packets that a fault acted on and that no wire has shown: "fw:faults" */
	PFACE_PROGRAM, /* what programs and sockets did, as text: "client (program)" */
	PFACE_OTHER,   /* wires beyond the most that are kept apart: "other" */
};

enum { PFACES_MOST = 512 }; /* of a run */

/**
 * struct pface - an interface
 * @host: -1 for the lab's own
 * @ifname: owned, NULL but for PFACE_WIRE
 * @written: its block is, and @id is its number in the file
 */
struct pface {
	enum pface_kind kind;
	int host;
	char *ifname;
	bool written;
	uint32_t id;
};

/**
 * struct psection - the file's only section: readers look up interfaces in the first one only
 * @begin: of the run under way, of type EVENT_BEGIN; zeroed if there is none
 * @open: the section's header is written; @run_open: so are the run's first interfaces
 * @rebuilt: the run says that headers of its packets are rebuilt
 * @faces: of the run under way; each run has its own
 * @n_ids: interfaces whose blocks are written, of all runs
 */
struct psection {
	struct event begin;
	bool open, run_open, rebuilt;
	struct pface faces[PFACES_MOST];
	int n_faces, last;
	uint32_t n_ids;
	struct pblock block;
	FILE *out;
};

/** psection_begin() - the next run; @begin is copied, NULL if there is none */
void psection_begin(struct psection *section, const struct event *begin);

/** psection_record() - the run's begin record, NULL if there is none */
const struct event_begin *psection_record(const struct psection *section);

/** psection_host() - a host's name, "lab" for -1, "host 7" for one that is not known; returns @buf */
const char *psection_host(const struct psection *section, int host, char *buf, size_t size);

/**
 * psection_face() - the interface of that kind, made if there is none yet
 * @ifname: of PFACE_WIRE
 * Return: its index; -1 when memory is out
 */
int psection_face(struct psection *section, enum pface_kind kind, int host, const char *ifname);

/** psection_open() - write the section's header, if that was not done */
void psection_open(struct psection *section);

/**
 * psection_run_open() - the same, and write the run's own interface and those of all of its links
 * Return: that was not done before
 */
bool psection_run_open(struct psection *section, bool rebuilt);

/** psection_id() - the interface's number in the file; writes its block if it is new */
uint32_t psection_id(struct psection *section, int face);

/** psection_faces() - write the run's own interface and those of all links; _clear(): forget all */
void psection_faces(struct psection *section);
void psection_faces_clear(struct psection *section);

/** psection_release() - free what it owns */
void psection_release(struct psection *section);

#endif
