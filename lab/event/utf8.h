/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UTF-8, without the process's locale. */
#ifndef NSLAB_EVENT_UTF8_H
#define NSLAB_EVENT_UTF8_H

#include <stddef.h>
#include <stdint.h>

/**
 * utf8_decode() - read one code point
 * @s: @len bytes, at least one
 * @ret: the code point, untouched when there is none
 * Return: how many bytes it takes, 1 to 4; 0 if they are no UTF-8 as RFC 3629 defines it (overlong
 * forms, surrogates and what is cut are none)
 */
int utf8_decode(const char *s, size_t len, uint32_t *ret);

/**
 * utf8_repair() - @text with U+FFFD for each byte that is no UTF-8
 * @ret_len: may be NULL
 * Return: malloced, NULL when memory is out
 */
char *utf8_repair(const char *text, size_t *ret_len);

#endif
