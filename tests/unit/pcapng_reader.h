/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A reader of pcapng files, written from draft-ietf-opsawg-pcapng and not from what writes them: it
 * checks each length, padding and reference, and tells in lines of text what is in a file. Behind
 * cmocka.h.
 */
#ifndef NSLAB_TESTS_UNIT_PCAPNG_READER_H
#define NSLAB_TESTS_UNIT_PCAPNG_READER_H

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lab/event/utf8.h"

enum { READER_FACES_MOST = 8192, READER_TAGS = 16 };

/**
 * struct reader - how far a file was read
 * @link: link types of the section's interfaces; @snaplen: bytes they may have captured, 0: any
 * @packets: on wires; @words: texts; @sections: so far
 * @out: where the lines go, NULL if none are wanted
 */
struct reader {
	const uint8_t *data;
	size_t len;
	uint16_t link[READER_FACES_MOST];
	uint32_t snaplen[READER_FACES_MOST];
	uint32_t n_faces;
	int sections, packets, words, comments;
	FILE *out;
};

static inline uint32_t reader_u16(const uint8_t *at)
{
	return (uint32_t)(at[0] | at[1] << 8);
}

static inline uint32_t reader_u32(const uint8_t *at)
{
	return reader_u16(at) | reader_u16(at + 2) << 16;
}

static inline void reader_say(struct reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static inline void reader_say(struct reader *reader, const char *format, ...)
{
	va_list ap;

	if (!reader->out)
		return;
	va_start(ap, format);
	vfprintf(reader->out, format, ap);
	va_end(ap);
}

static inline void assert_zeros(const uint8_t *at, size_t n)
{
	while (n--)
		assert_int_equal(at[n], 0);
}

/* One line, nothing that is obeyed. */
static inline void assert_plain(const uint8_t *text, size_t len)
{
	for (size_t i = 0; i < len;) {
		uint32_t c = 0;
		int n = utf8_decode((const char *)text + i, len - i, &c);

		assert_true(n > 0);
		assert_true(c >= ' ' && !(c >= 0x7f && c < 0xa0));
		assert_false(c >= 0x200b && c <= 0x200f);
		assert_false(c >= 0x2028 && c <= 0x202e);
		assert_false(c >= 0x2060 && c <= 0x206f);
		i += (size_t)n;
	}
}

static inline void reader_text(struct reader *reader, const char *what, const uint8_t *at,
			       uint32_t n)
{
	assert_true(n > 0);
	assert_plain(at, n);
	reader_say(reader, "  %s: %.*s\n", what, (int)n, (const char *)at);
}

static inline void reader_addr(struct reader *reader, const uint8_t *at, uint32_t n)
{
	char addr[INET6_ADDRSTRLEN], mask[INET_ADDRSTRLEN];

	if (n == 17) {
		assert_true(at[16] <= 128);
		inet_ntop(AF_INET6, at, addr, sizeof(addr));
		reader_say(reader, "  addr: %s/%d\n", addr, at[16]);
		return;
	}
	assert_int_equal(n, 8);
	inet_ntop(AF_INET, at, addr, sizeof(addr));
	inet_ntop(AF_INET, at + 4, mask, sizeof(mask));
	reader_say(reader, "  addr: %s/%s\n", addr, mask);
}

/* One option; what it means depends on the block. */
static inline void reader_option(struct reader *reader, uint32_t type, uint32_t code,
				 const uint8_t *at, uint32_t n)
{
	static const struct {
		uint32_t type, code;
		const char *text;
	} texts[] = {
		{ 0x0a0d0d0a, 2, "hardware" },
		{ 0x0a0d0d0a, 3, "os" },
		{ 0x0a0d0d0a, 4, "program" },
		{ 1, 2, "name" },
		{ 1, 3, "text" },
	};

	if (code == 1) {
		reader->comments++;
		reader_text(reader, "comment", at, n);
		return;
	}
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].type == type && texts[i].code == code) {
			reader_text(reader, texts[i].text, at, n);
			return;
		}
	if (type == 1 && (code == 4 || code == 5)) {
		assert_int_equal(n, code == 4 ? 8 : 17);
		reader_addr(reader, at, n);
	} else if (type == 1 && code == 9) {
		assert_int_equal(n, 1);
		assert_int_equal(at[0], 9);
	} else if (type == 6 && code == 2) {
		assert_int_equal(n, 4);
		assert_in_range(reader_u32(at), 1, 2);
		reader_say(reader, "  %s\n", reader_u32(at) == 1 ? "in" : "out");
	} else {
		fail_msg("option %u in a block of type %u", code, type);
	}
}

/* From @at to the trailing length at @end; there may be none at all. */
static inline void reader_options(struct reader *reader, uint32_t type, size_t at, size_t end)
{
	bool ended = at == end;

	while (at < end) {
		uint32_t code, n, room;

		assert_false(ended);
		assert_true(end - at >= 4);
		code = reader_u16(reader->data + at);
		n = reader_u16(reader->data + at + 2);
		room = (n + 3) & ~3U;
		at += 4;
		assert_true(room <= end - at);
		assert_zeros(reader->data + at + n, room - n);
		ended = code == 0;
		if (ended)
			assert_int_equal(n, 0);
		else
			reader_option(reader, type, code, reader->data + at, n);
		at += room;
	}
	assert_true(ended);
}

static inline void reader_section(struct reader *reader, size_t at, size_t end)
{
	assert_true(end - at >= 16);
	assert_int_equal(reader_u32(reader->data + at), 0x1a2b3c4d);
	assert_int_equal(reader_u16(reader->data + at + 4), 1);
	assert_int_equal(reader_u16(reader->data + at + 6), 0);
	/* -1: its length is not told */
	assert_int_equal(reader_u32(reader->data + at + 8), UINT32_MAX);
	assert_int_equal(reader_u32(reader->data + at + 12), UINT32_MAX);
	reader->sections++;
	reader->n_faces = 0;
	reader_say(reader, "section\n");
	reader_options(reader, 0x0a0d0d0a, at + 16, end);
}

static inline void reader_interface(struct reader *reader, size_t at, size_t end)
{
	uint32_t id = reader->n_faces++;

	assert_true(id < READER_FACES_MOST && end - at >= 8);
	reader->link[id] = (uint16_t)reader_u16(reader->data + at);
	assert_true(reader->link[id] == 101 || reader->link[id] == 252);
	assert_int_equal(reader_u16(reader->data + at + 2), 0);
	reader->snaplen[id] = reader_u32(reader->data + at + 4);
	reader_say(reader, "interface %u, link type %u\n", id, reader->link[id]);
	reader_options(reader, 1, at + 8, end);
}

/* The tags say who reads the text behind them. */
static inline void reader_words(struct reader *reader, const uint8_t *at, uint32_t n)
{
	static const uint8_t tags[READER_TAGS] = "\0\x0c\0\x08syslog\0\0\0\0\0";

	assert_true(n >= READER_TAGS);
	assert_memory_equal(at, tags, READER_TAGS);
	assert_plain(at + READER_TAGS, n - READER_TAGS);
	reader->words++;
	reader_say(reader, ": %.*s\n", (int)(n - READER_TAGS), (const char *)at + READER_TAGS);
}

static inline void reader_packet(struct reader *reader, size_t at, size_t end)
{
	const uint8_t *head = reader->data + at;
	uint32_t id, captured, original, room;

	assert_true(end - at >= 20);
	id = reader_u32(head);
	captured = reader_u32(head + 12);
	original = reader_u32(head + 16);
	room = (captured + 3) & ~3U;
	assert_true(id < reader->n_faces);
	assert_true(captured <= original && room <= end - at - 20);
	assert_true(!reader->snaplen[id] || captured <= reader->snaplen[id]);
	assert_zeros(head + 20 + captured, room - captured);
	reader_say(reader, "%u @%" PRIu64 " %u/%u", id,
		   (uint64_t)reader_u32(head + 4) << 32 | reader_u32(head + 8), captured, original);
	if (reader->link[id] == 252) {
		reader_words(reader, head + 20, captured);
	} else {
		reader->packets++;
		reader_say(reader, ":");
		for (uint32_t i = 0; i < captured; i++)
			reader_say(reader, "%s%02x", i % 4 ? "" : " ", head[20 + i]);
		reader_say(reader, "\n");
	}
	reader_options(reader, 6, at + 20 + room, end);
}

static inline void reader_block(struct reader *reader, size_t at, size_t len)
{
	uint32_t type = reader_u32(reader->data + at);
	size_t from = at + 8, end = at + len - 4;

	assert_int_equal(reader_u32(reader->data + end), len);
	if (type == 0x0a0d0d0a) {
		reader_section(reader, from, end);
		return;
	}
	assert_true(reader->sections > 0);
	if (type == 1)
		reader_interface(reader, from, end);
	else if (type == 6)
		reader_packet(reader, from, end);
	else
		fail_msg("a block of type %u", type);
}

/* Read a whole file. */
static inline void reader_read(struct reader *reader)
{
	for (size_t at = 0; at < reader->len;) {
		uint32_t len;

		assert_true(reader->len - at >= 12);
		len = reader_u32(reader->data + at + 4);
		assert_true(len >= 12 && len % 4 == 0 && len <= reader->len - at);
		reader_block(reader, at, len);
		at += len;
	}
}

#endif
