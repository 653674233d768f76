/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The topology as a picture, with where each fault sits. */
#ifndef NSLAB_CLI_PICTURE_H
#define NSLAB_CLI_PICTURE_H

#include <stdio.h>

#include "lab/report/terminal_text.h"
#include "lab/scenario/scenario.h"

/**
 * picture_print() - hosts as boxes in a row where each is linked to the next, else as a tree
 * A row that is wider than @paper goes on beneath. Addresses are those of the plan's families. What sits at a
 * host stands beneath it, what wires do beneath the whole.
 */
void picture_print(const struct plan *plan, const struct paper *paper, FILE *out);

#endif
