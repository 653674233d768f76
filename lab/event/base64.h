/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Base64 as RFC 4648 section 4 defines it: padded, and only one text for the same bytes. */
#ifndef NSLAB_EVENT_BASE64_H
#define NSLAB_EVENT_BASE64_H

#include <stddef.h>
#include <stdint.h>

/** BASE64_LEN() - letters that @n bytes take */
#define BASE64_LEN(n) (((size_t)(n) + 2) / 3 * 4)

/**
 * base64_write() - bytes to text
 * @ret: room for BASE64_LEN(@n) letters; no NUL is put behind them
 * Return: BASE64_LEN(@n)
 */
size_t base64_write(const uint8_t *data, size_t n, char *ret);

/**
 * base64_read() - text to bytes
 * Refuses other letters, missing padding, and bits behind the last byte that are not 0 (RFC 4648
 * section 3.5), so that what was read is written as it was.
 * @ret: room for @max bytes
 * Return: how many bytes, or -1: bad, or more than @max
 */
int base64_read(const char *text, size_t len, uint8_t *ret, size_t max);

#endif
