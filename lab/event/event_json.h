/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What writing and reading of JSON lines share; the only header here that knows jansson. */
#ifndef NSLAB_EVENT_EVENT_JSON_H
#define NSLAB_EVENT_EVENT_JSON_H

#include <jansson.h>

#include "netns/cleanup.h"

/* letters of the TCP flags, in the order of their bits */
#define EVENT_FLAG_LETTERS "FSRPAUEW"

/** struct protocol_word - a protocol that has a word in the log; others are numbers */
struct protocol_word {
	int protocol;
	const char *name;
};

/* clang-format off: a row for each protocol */
#define EVENT_PROTOCOLS                                                                   \
	{                                                                                 \
		{ IPPROTO_TCP, "tcp" }, { IPPROTO_UDP, "udp" }, { IPPROTO_ICMP, "icmp" }, \
			{ IPPROTO_ICMPV6, "icmpv6" },                                     \
	}
/* clang-format on */

static inline void cleanup_json(json_t **json)
{
	json_decref(*json);
}

#define _cleanup_json_ _cleanup_(cleanup_json)

#endif
