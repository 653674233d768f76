/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ``options:`` of a socket: what can be set, how it is written, and setting it. */
#ifndef NSLAB_RUN_SOCKOPT_H
#define NSLAB_RUN_SOCKOPT_H

#include <stdint.h>

#include "lab/scenario/reader.h"

/** struct sockopts - -1 stands for "not given"; times in ns */
struct sockopts {
	int64_t values[12]; /* one for each row of the table */
	int64_t keepalive, keepalive_idle, keepalive_interval, keepalive_count;
};

/** VALUE_OPTIONS - struct sockopts; must have been set to sockopts_none() before */
extern const struct value_type VALUE_OPTIONS;

void sockopts_none(struct sockopts *options);

/**
 * sockopts_apply() - set them on a socket
 * @listener: it is to listen, which means another option for fastopen
 * @ret_name: on failure the option that was refused
 * Return: 0 or -errno
 */
int sockopts_apply(int fd, const struct sockopts *options, bool listener, const char **ret_name);

/** sockopt_keys() - the key table, for the reference */
const struct key *sockopt_keys(void);

#endif
