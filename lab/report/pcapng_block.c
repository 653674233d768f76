// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/report/pcapng_block.h"

#include <stdlib.h>
#include <string.h>

#include "lab/event/utf8.h"
#include "netns/cleanup.h"

enum { SIZE_FIRST = 1024 };

static const char replacement[] = "\xef\xbf\xbd";
static const char ellipsis[] = "\xe2\x80\xa6";

/* Room for @n more bytes: where they go, NULL when memory is out. */
static uint8_t *room(struct pblock *b, size_t n)
{
	size_t size = b->size ?: SIZE_FIRST;
	uint8_t *data;

	if (b->failed)
		return NULL;
	while (size - b->len < n)
		size *= 2;
	if (size != b->size) {
		data = realloc(b->data, size);
		if (!data) {
			b->failed = true;
			return NULL;
		}
		b->data = data;
		b->size = size;
	}
	return b->data + b->len;
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, (uint16_t)value);
	put16(at + 2, (uint16_t)(value >> 16));
}

void pblock_begin(struct pblock *b, uint32_t type)
{
	b->len = 0;
	b->options = b->failed = false;
	pblock_u32(b, type);
	pblock_u32(b, 0); /* its length, which is not known yet */
}

void pblock_u16(struct pblock *b, uint16_t value)
{
	uint8_t *at = room(b, 2);

	if (!at)
		return;
	put16(at, value);
	b->len += 2;
}

void pblock_u32(struct pblock *b, uint32_t value)
{
	uint8_t *at = room(b, 4);

	if (!at)
		return;
	put32(at, value);
	b->len += 4;
}

void pblock_set32(struct pblock *b, size_t at, uint32_t value)
{
	if (!b->failed)
		put32(b->data + at, value);
}

void pblock_bytes(struct pblock *b, const void *data, size_t n)
{
	uint8_t *at = room(b, n);

	if (!at || !n)
		return;
	memcpy(at, data, n);
	b->len += n;
}

void pblock_pad(struct pblock *b)
{
	static const uint8_t zeros[4];

	pblock_bytes(b, zeros, -b->len & 3);
}

/* Controls, and signs that are not seen but change how others are: direction, joining, tags. */
static bool is_obeyed(uint32_t c)
{
	static const uint32_t ranges[][2] = {
		{ 0, 0x1f },	    { 0x7f, 0x9f },	{ 0xad, 0xad },	      { 0x61c, 0x61c },
		{ 0x180e, 0x180e }, { 0x200b, 0x200f }, { 0x2028, 0x202e },   { 0x2060, 0x206f },
		{ 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0xe0000, 0xe0fff },
	};

	if (c >= 0x20 && c < 0x7f)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
		if (c >= ranges[i][0] && c <= ranges[i][1])
			return true;
	return false;
}

size_t pblock_clean(struct pblock *b, const char *text, size_t most)
{
	size_t len = strlen(text), used = 0;

	for (size_t i = 0; i < len;) {
		uint32_t c = 0;
		int n = utf8_decode(text + i, len - i, &c);
		const char *put = text + i;
		size_t n_put = (size_t)n;

		i += n ? (size_t)n : 1;
		if (n && (c == '\n' || c == '\t' || c == '\r')) {
			put = " ";
		} else if (!n || is_obeyed(c)) {
			put = replacement;
			n_put = sizeof(replacement) - 1;
		}
		/* room for the ellipsis is kept free while more follows */
		if (used + n_put + (i < len ? sizeof(ellipsis) - 1 : 0) > most) {
			pblock_bytes(b, ellipsis, sizeof(ellipsis) - 1);
			return used + sizeof(ellipsis) - 1;
		}
		pblock_bytes(b, put, n_put);
		used += n_put;
	}
	return used;
}

void pblock_option(struct pblock *b, uint16_t code, const void *data, uint16_t n)
{
	b->options = true;
	pblock_u16(b, code);
	pblock_u16(b, n);
	pblock_bytes(b, data, n);
	pblock_pad(b);
}

void pblock_text(struct pblock *b, uint16_t code, const char *text, size_t most)
{
	size_t at = b->len, n;

	if (!text || !text[0])
		return;
	b->options = true;
	pblock_u32(b, 0);
	n = pblock_clean(b, text, most);
	pblock_set32(b, at, code | (uint32_t)n << 16);
	pblock_pad(b);
}

void pblock_pair(struct pblock *b, uint16_t code, const char *front, const char *between,
		 const char *back)
{
	_cleanup_free_ char *text = NULL;

	if (asprintf(&text, "%s%s%s", front, between, back) < 0)
		text = NULL;
	pblock_text(b, code, text, PTEXT_MOST);
}

void pblock_end(struct pblock *b, FILE *out)
{
	if (b->options)
		pblock_u32(b, POPT_END);
	pblock_u32(b, (uint32_t)b->len + 4);
	if (b->failed)
		return;
	put32(b->data + 4, (uint32_t)b->len);
	fwrite(b->data, 1, b->len, out);
}

void pblock_release(struct pblock *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}
