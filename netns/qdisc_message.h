/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to netns/: the request by which netem is set. */
#ifndef NSLAB_NETNS_QDISC_MESSAGE_H
#define NSLAB_NETNS_QDISC_MESSAGE_H

#include "netns/qdisc.h"

struct nl_msg;

/*
 * libnl's encoder of netem knows neither 64-bit delays nor a rate nor a seed, so the attributes are
 * written by hand (struct netem_sched_data and netem_change() in net/sched/sch_netem.c read them).
 */

/** qdisc_netem_message() - the whole request; the caller frees it. 0 or a libnl code below 0 */
int qdisc_netem_message(int ifindex, const struct qdisc_netem *netem, struct nl_msg **ret);

enum { QDISC_TABLE_SIZE = 4096, QDISC_TABLE_ONE = 8192 };

/**
 * qdisc_table() - a table of deviations as netem draws from: each entry as likely as any other, in units
 * of a QDISC_TABLE_ONE-th of the jitter
 */
void qdisc_table(enum qdisc_spread spread, int16_t table[QDISC_TABLE_SIZE]);

#endif
