/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command lines to be copied: what runs a case again. */
#ifndef NSLAB_CLI_COMMAND_LINE_H
#define NSLAB_CLI_COMMAND_LINE_H

#include <stdbool.h>
#include <stdio.h>

#include "lab/scenario/scenario.h"

/**
 * command_put() - write "nslab run NAME --set ip=6", quoted for a shell
 * @by_name: the catalogue is the one compiled in, so that a scenario of it can be given by its name;
 *           any other is given by its file
 */
void command_put(FILE *out, const struct scenario *scenario, const struct plan *plan, bool by_name);

#endif
