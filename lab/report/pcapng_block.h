/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocks of a pcapng file (draft-ietf-opsawg-pcapng): put together in memory, written at once. Always
 * little-endian, whatever the machine is, so that a log gives the same file everywhere.
 */
#ifndef NSLAB_REPORT_PCAPNG_BLOCK_H
#define NSLAB_REPORT_PCAPNG_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* types of blocks */
enum {
	PBLOCK_SECTION = 0x0a0d0d0a,
	PBLOCK_INTERFACE = 1,
	PBLOCK_PACKET = 6,
};

/* codes of options; from 2 on they depend on the type of the block */
enum {
	POPT_END = 0,
	POPT_COMMENT = 1,
	POPT_SECTION_HARDWARE = 2,
	POPT_SECTION_OS = 3,
	POPT_SECTION_PROGRAM = 4,
	POPT_INTERFACE_NAME = 2,
	POPT_INTERFACE_TEXT = 3,
	POPT_INTERFACE_ADDR4 = 4,
	POPT_INTERFACE_ADDR6 = 5,
	POPT_INTERFACE_RESOLUTION = 9,
	POPT_PACKET_FLAGS = 2,
};

enum { PTEXT_MOST = 8000, PNAME_MOST = 250 }; /* bytes of a text, of a name */

/**
 * struct pblock - a block in the making
 * @data, @len, @size: its bytes
 * @options: it has one, so that their list needs an end
 * @failed: memory was out; the block will not be written
 */
struct pblock {
	uint8_t *data;
	size_t len, size;
	bool options, failed;
};

/** pblock_begin() - begin anew, with the same memory */
void pblock_begin(struct pblock *block, uint32_t type);

void pblock_u16(struct pblock *block, uint16_t value);
void pblock_u32(struct pblock *block, uint32_t value);

/** pblock_set32() - overwrite what is at @at */
void pblock_set32(struct pblock *block, size_t at, uint32_t value);

void pblock_bytes(struct pblock *block, const void *data, size_t n);

/** pblock_pad() - zeros up to the next multiple of four */
void pblock_pad(struct pblock *block);

/**
 * pblock_clean() - a text in one line, without an end
 * What is no UTF-8, and characters that are obeyed rather than shown, become U+FFFD; line breaks and
 * tabulators become spaces. What is longer than @most bytes ends in an ellipsis.
 * Return: bytes that it took
 */
size_t pblock_clean(struct pblock *block, const char *text, size_t most);

/** pblock_option() - at most 65535 bytes; options come last in a block */
void pblock_option(struct pblock *block, uint16_t code, const void *data, uint16_t n);

/** pblock_text() - an option with a text, cleaned; none if it is empty or NULL */
void pblock_text(struct pblock *block, uint16_t code, const char *text, size_t most);

/** pblock_pair() - the same with a text that is put together */
void pblock_pair(struct pblock *block, uint16_t code, const char *front, const char *between,
		 const char *back);

/** pblock_end() - write it */
void pblock_end(struct pblock *block, FILE *out);

/** pblock_release() - free its memory */
void pblock_release(struct pblock *block);

#endif
