// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/scenario/control.h"

#include <string.h>

#include "lab/event/utf8.h"

bool control_is(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 ||
	       (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

bool control_in(const char *text)
{
	size_t len = strlen(text);

	while (len) {
		uint32_t c;
		size_t n = (size_t)utf8_decode(text, len, &c);

		if (!n || control_is(c))
			return true;
		text += n;
		len -= n;
	}
	return false;
}
