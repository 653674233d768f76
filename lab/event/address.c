// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/event/address.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { WORDS = 8 };

static char *decimal_put(char *at, uint8_t value)
{
	if (value >= 100)
		*at++ = (char)('0' + value / 100);
	if (value >= 10)
		*at++ = (char)('0' + value / 10 % 10);
	*at++ = (char)('0' + value % 10);
	return at;
}

static char *hex_put(char *at, unsigned word)
{
	bool begun = false;

	for (int shift = 12; shift >= 0; shift -= 4) {
		unsigned digit = word >> shift & 15;

		begun |= digit || !shift;
		if (begun)
			*at++ = "0123456789abcdef"[digit];
	}
	return at;
}

/* The first of the longest runs of zeros, which "::" stands for (RFC 5952 section 4.2); 0 if it is only one. */
static int zeros_find(const unsigned *words, int *ret_first)
{
	int longest = 0;

	for (int i = 0; i < WORDS; i++) {
		int n = 0;

		while (i + n < WORDS && !words[i + n])
			n++;
		if (n > longest) {
			longest = n;
			*ret_first = i;
		}
		i += n;
	}
	return longest > 1 ? longest : 0;
}

static char *ip6_put(char *at, const uint8_t *addr)
{
	unsigned words[WORDS];
	int first = -1, zeros;

	for (int i = 0; i < WORDS; i++)
		words[i] = (unsigned)addr[2 * i] << 8 | addr[2 * i + 1];
	zeros = zeros_find(words, &first);
	for (int i = 0; i < WORDS; i++) {
		if (zeros && i == first) {
			*at++ = ':';
			i += zeros - 1;
			if (i == WORDS - 1)
				*at++ = ':';
			continue;
		}
		if (i)
			*at++ = ':';
		at = hex_put(at, words[i]);
	}
	return at;
}

size_t address_write(int af, const void *addr, char ret[INET6_ADDRSTRLEN])
{
	static const uint8_t zeros[10];
	const uint8_t *bytes = addr;
	char *at = ret;

	if (af == AF_INET6 && memcmp(bytes, zeros, sizeof(zeros)) == 0) {
		/* some of these have an IPv4 address inside, and that is written in their way */
		return inet_ntop(AF_INET6, addr, ret, INET6_ADDRSTRLEN) ? strlen(ret) : 0;
	}
	if (af == AF_INET6) {
		at = ip6_put(at, bytes);
	} else {
		for (int i = 0; i < 4; i++) {
			if (i)
				*at++ = '.';
			at = decimal_put(at, bytes[i]);
		}
	}
	*at = '\0';
	return (size_t)(at - ret);
}

int address_read(const char *text, size_t len, void *ret)
{
	char copy[INET6_ADDRSTRLEN];
	int af;

	if (len >= sizeof(copy))
		return 0;
	memcpy(copy, text, len);
	copy[len] = '\0';
	af = memchr(copy, ':', len) ? AF_INET6 : AF_INET;
	return inet_pton(af, copy, ret) == 1 ? af : 0;
}
