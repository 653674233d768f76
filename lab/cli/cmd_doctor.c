// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/cli/command.h"
static const struct option_row no_options[] = { { 0 } };
static int run(const struct command *c, int argc, char **argv) { (void)c; (void)argc; (void)argv; return 0; }
const struct command COMMAND_DOCTOR = { "doctor", "", "tell what this system can run, and what stands in the way", NULL, no_options, run };
