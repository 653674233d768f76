// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/event/utf8.h"

#include <stdlib.h>
#include <string.h>

int utf8_decode(const char *s, size_t len, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t first = (uint8_t)s[0];
	uint32_t c;
	int n;

	if (first < 0x80) {
		*ret = first;
		return 1;
	}
	if (first >= 0xf0 && first < 0xf8)
		n = 4, c = first & 0x07;
	else if (first >= 0xe0 && first < 0xf0)
		n = 3, c = first & 0x0f;
	else if (first >= 0xc0 && first < 0xe0)
		n = 2, c = first & 0x1f;
	else
		return 0;
	if ((size_t)n > len)
		return 0;
	for (int i = 1; i < n; i++) {
		uint8_t byte = (uint8_t)s[i];

		if ((byte & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (byte & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return n;
}

char *utf8_repair(const char *text, size_t *ret_len)
{
	static const char replacement[] = "\xef\xbf\xbd";
	size_t len = strlen(text), used = 0;
	char *ret = malloc(3 * len + 1);
	uint32_t c;

	if (!ret)
		return NULL;
	for (size_t i = 0; i < len;) {
		int n = utf8_decode(text + i, len - i, &c);

		if (n) {
			memcpy(ret + used, text + i, (size_t)n);
			used += (size_t)n;
			i += (size_t)n;
		} else {
			memcpy(ret + used, replacement, 3);
			used += 3;
			i++;
		}
	}
	ret[used] = '\0';
	if (ret_len)
		*ret_len = used;
	return ret;
}
