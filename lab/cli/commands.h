/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A case's lab as a shell script of ip, sysctl, ethtool, nft and tc, to be read and to be run. */
#ifndef NSLAB_CLI_COMMANDS_H
#define NSLAB_CLI_COMMANDS_H

#include <stdio.h>

#include "lab/report/terminal_text.h"
#include "lab/scenario/scenario.h"

/**
 * struct script - what is written while it is written
 * @paper: for what people wrote, so that it stays in its comment, whatever it holds
 */
struct script {
	const struct plan *plan;
	const struct paper *paper;
	FILE *out;
};

/**
 * commands_print() - the whole script: what the lab of @plan is before its first step
 * It builds on the machine that runs it: its namespaces have the hosts' names. The steps stand in
 * comments at its end, and so does the line that removes all.
 */
void commands_print(const struct plan *plan, const struct paper *paper, FILE *out);

/** script_chapter() - the heading of the next part */
void script_chapter(const struct script *s, const char *title);

/** script_netem() - "netem limit 1000 delay 20ms …", one direction of a link in tc's words */
void script_netem(const struct script *s, const struct shape *shape);

/** commands_net() - namespaces, sysctls, wires, offloads, addresses, neighbours, routes */
void commands_net(const struct script *s);

/** commands_fault() - what hosts do to packets: address translation and faults, by nft */
void commands_fault(const struct script *s);

/** commands_shape() - what wires do to packets, by tc */
void commands_shape(const struct script *s);

#endif
