/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Private to lab/event/: what the text of a member means, and what range its number has. Shared by both
 * ways of reading and by the writer, so that they cannot disagree.
 */
#ifndef NSLAB_EVENT_EVENT_VALUE_H
#define NSLAB_EVENT_EVENT_VALUE_H

#include "lab/event/event_field.h"

/* letters of the TCP flags, in the order of their bits */
#define EVENT_FLAG_LETTERS "FSRPAUEW"

/** number_range() - what a member of a kind that is an integer may hold */
void number_range(enum field_kind kind, int64_t *ret_min, int64_t *ret_max);

/** number_store() - narrow a number that is in range; @at: the member */
void number_store(enum field_kind kind, int64_t value, void *at);

/** protocol_word() - "tcp"; NULL for a protocol that the log knows by its number */
const char *protocol_word(int protocol);

/** protocol_parse() - IPPROTO_ number of a word, or -1 */
int protocol_parse(const char *word, size_t len);

/** result_parse() - enum result of a word, or -1 */
int result_parse(const char *word, size_t len);

/** flags_parse() - TCPF_ bits of letters, or -1 */
int flags_parse(const char *letters, size_t len);

/** event_type_parse() - enum event_type of a word, or -1 */
int event_type_parse(const char *word, size_t len);

/**
 * packet_address_parse() - an address into its packet; the first that is read decides about the family
 * Return: 0, -EINVAL if it is none, -EAFNOSUPPORT if it is of another family than the first
 */
int packet_address_parse(struct packet *packet, const struct field *field, const char *text,
			 size_t len);

/** field_optional() - may the member be left out, by what it holds? */
bool field_optional(const struct field *field);

/**
 * field_default() - what a member holds that is not there: -1 where that means none, never a NULL string
 * Return: 0 or -ENOMEM
 */
int field_default(const struct field *field, void *object);

#endif
