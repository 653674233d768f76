/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the HTML report says beside the marks of its ladder. */
#ifndef NSLAB_REPORT_HTML_WORDS_H
#define NSLAB_REPORT_HTML_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "lab/report/html_chart.h"

/** words_of() - the label of what is no packet; malloced, NULL for nothing, or when memory is out */
char *words_of(const struct item *item, const struct event_begin *begin);

/** words_more() - the same in full, for whoever asks; malloced, NULL if the label says it all */
char *words_more(const struct item *item, const struct event_begin *begin);

/** words_bytes() - "120 B", "1.2 MB"; returns @buf */
const char *words_bytes(uint64_t bytes, char *buf, size_t size);

/** words_fate() - what became of a packet: "arrived at server"; malloced, NULL when memory is out */
char *words_fate(const struct flight *flight, const struct event_begin *begin);

/** words_host() - its name, or "host 7" for one that nobody named; returns @buf or the name */
const char *words_host(const struct event_begin *begin, int host, char *buf, size_t size);

#endif
