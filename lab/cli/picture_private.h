/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by picture.c, which draws rows, and picture_tree.c. */
#ifndef NSLAB_CLI_PICTURE_PRIVATE_H
#define NSLAB_CLI_PICTURE_PRIVATE_H

#include "lab/cli/picture.h"

enum { MARGIN = 2 };

/** struct signs - what boxes and branches are drawn with */
struct signs {
	const char *across, *cut;
	const char *top_left, *top_right, *bottom_left, *bottom_right;
	const char *side, *wire_right, *wire_left;
	const char *branch, *last_branch, *trunk, *wire;
};

struct picture {
	const struct plan *plan;
	const struct paper *paper;
	const struct signs *signs;
	FILE *out;
};

/** picture_addr() - the address at one end of a link, "" if it has none of that family; returns @buf */
const char *picture_addr(const struct picture *p, int link, int end, int fam,
			 char buf[INET6_ADDRSTRLEN]);

/** picture_has_notes() - is there something to say of the host? */
bool picture_has_notes(const struct picture *p, int host);

/**
 * picture_notes() - what sits at a host: translation, faults
 * @prefix: what stands before each line, @col columns wide
 */
void picture_notes(const struct picture *p, int host, const char *prefix, int col);

/** picture_tree() - hosts as branches of the first one; wires that close a ring lead to one that is drawn elsewhere */
void picture_tree(const struct picture *p);

#endif
