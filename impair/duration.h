/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Durations as people write them. */
#ifndef NSLAB_IMPAIR_DURATION_H
#define NSLAB_IMPAIR_DURATION_H

#include <stddef.h>
#include <stdint.h>

/**
 * duration_parse() - "250ms", "2.5s", "20us", "1m", "1min", "2h", "0" (the only one without a unit)
 * Return: 0; -EINVAL for anything else; -ERANGE beyond 24 h
 */
int duration_parse(const char *text, int64_t *ret_ns);

/** duration_words() - "2.5 s", "250 ms", "1.024 s", "16 us": at most 4 digits; returns @buf */
const char *duration_words(int64_t ns, char *buf, size_t size);

#endif
