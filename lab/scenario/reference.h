/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The users' reference of the scenario format, made from the tables that the parser goes by. */
#ifndef NSLAB_SCENARIO_REFERENCE_H
#define NSLAB_SCENARIO_REFERENCE_H

#include <stdio.h>

struct key;
struct vocabulary;

/** reference_print() - every key with type, default, example and meaning, in Markdown */
void reference_print(const struct vocabulary *vocabulary, FILE *out);

/** reference_keys() - one key table, in Markdown */
void reference_keys(const struct key *keys, FILE *out);

#endif
