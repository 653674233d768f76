/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How programs in a host come from a name to an address where they do not read /etc/hosts. */
#ifndef NSLAB_RUN_NAMES_H
#define NSLAB_RUN_NAMES_H

#include <stdbool.h>

#include "netns/err.h"

struct four_tuple;
struct run;

/**
 * names_open() - from now on a program in @host can resolve names; again, for the next program, is fine
 * @ret_resolv_conf: text of its /etc/resolv.conf, malloced. It names the scenario's own name servers (``serve:
 *                   dns`` on port 53), with what the host's first ``lookup`` step has as timeout and attempts; where
 *                   there are none, the one that is started here
 * Return: 0 or -errno
 */
int names_open(struct run *run, int host, char **ret_resolv_conf, struct lab_err *err);

/** names_close() - no more: the host dies, or the run is over. Fine if nothing was opened */
void names_close(struct run *run, int host);

/** names_own_socket() - is it a TCP socket of the name server that was started here? Nobody's who looks at @host */
bool names_own_socket(const struct run *run, int host, const struct four_tuple *tuple);

#endif
