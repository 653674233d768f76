/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The topology as an ASCII picture, with where each fault sits. */
#ifndef NSLAB_CLI_PICTURE_H
#define NSLAB_CLI_PICTURE_H

#include <stdio.h>

#include "lab/scenario/scenario.h"

/**
 * picture_print() - hosts in a row where each is linked to the next, else a line for each link
 * Addresses are those of the plan's family. Plain ASCII.
 */
void picture_print(const struct plan *plan, FILE *out);

#endif
