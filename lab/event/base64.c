// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/event/base64.h"

#include <stdbool.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_write(const uint8_t *data, size_t n, char *ret)
{
	char *at = ret;

	for (; n >= 3; n -= 3, data += 3, at += 4) {
		at[0] = letters[data[0] >> 2];
		at[1] = letters[(data[0] & 3) << 4 | data[1] >> 4];
		at[2] = letters[(data[1] & 15) << 2 | data[2] >> 6];
		at[3] = letters[data[2] & 63];
	}
	if (!n)
		return (size_t)(at - ret);
	at[0] = letters[data[0] >> 2];
	at[1] = letters[(data[0] & 3) << 4 | (n > 1 ? data[1] >> 4 : 0)];
	at[2] = n > 1 ? letters[(data[1] & 15) << 2] : '=';
	at[3] = '=';
	return (size_t)(at + 4 - ret);
}

/* A letter's six bits, or -1. */
static int letter_read(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int base64_read(const char *text, size_t len, uint8_t *ret, size_t max)
{
	size_t pad = 0, n = 0;

	if (len % 4 || len > BASE64_LEN(max))
		return -1;
	if (len && text[len - 1] == '=')
		pad = text[len - 2] == '=' ? 2 : 1;
	if (len / 4 * 3 - pad > max)
		return -1;
	for (size_t i = 0; i < len; i += 4) {
		bool last = i + 4 == len;
		int a = letter_read(text[i]), b = letter_read(text[i + 1]);
		int c = last && pad == 2 ? 0 : letter_read(text[i + 2]);
		int d = last && pad ? 0 : letter_read(text[i + 3]);

		if (a < 0 || b < 0 || c < 0 || d < 0)
			return -1;
		if (last && ((pad == 2 && b & 15) || (pad == 1 && c & 3)))
			return -1;
		ret[n++] = (uint8_t)(a << 2 | b >> 4);
		if (!last || pad < 2)
			ret[n++] = (uint8_t)((b & 15) << 4 | c >> 2);
		if (!last || !pad)
			ret[n++] = (uint8_t)((c & 3) << 6 | d);
	}
	return (int)n;
}
