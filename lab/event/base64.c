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

/* A letter's six bits plus 1, 0 for what is none: by the byte. */
static const uint8_t values[256] = {
	['A'] = 1,  ['B'] = 2,	['C'] = 3,  ['D'] = 4,	['E'] = 5,  ['F'] = 6,	['G'] = 7,
	['H'] = 8,  ['I'] = 9,	['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14,
	['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21,
	['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28,
	['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35,
	['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42,
	['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49,
	['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
	['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63,
	['/'] = 64,
};

/* A letter's six bits, or -1. */
static int letter_read(char c)
{
	return values[(uint8_t)c] - 1;
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
