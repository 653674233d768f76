/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to lab/event/: the only header here that knows jansson. */
#ifndef NSLAB_EVENT_EVENT_JSON_H
#define NSLAB_EVENT_EVENT_JSON_H

#include <jansson.h>

#include "netns/cleanup.h"

static inline void cleanup_json(json_t **json)
{
	json_decref(*json);
}

#define _cleanup_json_ _cleanup_(cleanup_json)

#endif
