/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ``needs:`` of a scenario: what kernel and system must have, or its cases are skipped. */
#ifndef NSLAB_SCENARIO_NEED_H
#define NSLAB_SCENARIO_NEED_H

struct value_type;

/** enum need_kind - the words that ``needs:`` knows */
enum need_kind {
	NEEDS_SYSCTL, /* its key stands behind it */
	NEEDS_IPV6,
	NEEDS_MPTCP,
	NEEDS_CONNTRACK,
	NEEDS_QUEUE,
	NEEDS_NETEM,
	NEEDS_PROGRAM, /* its name stands behind it */
	NEEDS_COUNT,
};

/**
 * struct need - one of a scenario's needs
 * @key: of the sysctl, "net.ipv4.tcp_rto_max_ms"; the program, "curl"; else NULL
 */
struct need {
	enum need_kind kind;
	char *key;
};

/** struct need_list - @list is malloced */
struct need_list {
	struct need *list;
	int n;
};

/** VALUE_NEEDS - struct need_list: a need or a list of them */
extern const struct value_type VALUE_NEEDS;

/** need_word() - "netem"; need_help() - what it means, for the reference */
const char *need_word(enum need_kind kind);
const char *need_help(enum need_kind kind);

/** need_list_free() - what the list owns */
void need_list_free(struct need_list *needs);

#endif
