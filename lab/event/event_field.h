/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables behind the event log. One table per type says which members its record has, where
 * they are in the struct and of which kind; writing, reading, copying and freeing all follow it.
 * A new event type is one more table in event.c.
 */
#ifndef NSLAB_EVENT_EVENT_FIELD_H
#define NSLAB_EVENT_EVENT_FIELD_H

#include <stddef.h>

#include "lab/event/event.h"

/** enum field_kind - the C type of a member, and its form in JSON */
enum field_kind {
	FIELD_STRING,	/* char *; string */
	FIELD_BOOL,	/* bool; true, false */
	FIELD_COUNT,	/* int, not negative; integer */
	FIELD_INDEX,	/* int; integer, absent for -1 */
	FIELD_I64,	/* int64_t; integer */
	FIELD_I64_NONE, /* int64_t; integer, absent for -1 */
	FIELD_U8,	/* uint8_t; integer */
	FIELD_U16,	/* uint16_t; integer */
	FIELD_U32,	/* uint32_t; integer */
	FIELD_VERSION,	/* int; integer, EVENT_FORMAT_VERSION and no other */
	FIELD_RESULT,	/* enum result; its name */
	FIELD_PROTOCOL, /* int; "tcp", "udp", "icmp", "icmpv6" or 0 to 255 */
	FIELD_FLAGS,	/* uint8_t; letters out of "FSRPAUEW" */
	FIELD_ADDRESS,	/* of struct packet, whose af goes with it; address as text */
	FIELD_BYTES,	/* struct event_bytes; base64, absent for none */
	FIELD_STRINGS,	/* char **, its length at @count; array of strings */
	FIELD_LIST,	/* array of @of, its length at @count; array of objects */
	FIELD_OBJECT,	/* a struct of @of in place; object */
};

struct schema;

/**
 * struct field - a member
 * @name, @name_len: in JSON; needs no escapes
 * @offset: in the struct
 * @when: 0, or the member is there only if the struct has one of these bits (schema's have)
 * @count: FIELD_STRINGS and FIELD_LIST: offset of the int that tells how many
 * @of: FIELD_LIST and FIELD_OBJECT: what the elements are
 * @text: what it means, with its unit, in a few words, for the JSON Schema; docs/events.md has more
 */
struct field {
	const char *name;
	size_t name_len;
	enum field_kind kind;
	unsigned when;
	size_t offset;
	size_t count;
	const struct schema *of;
	const char *text;
};

/**
 * struct schema - the members of a struct, in the order in which they are written and read
 * @name: of the event type, or of what is in one: no two have the same
 * @text: what it is, in a few words
 * @size: of the struct
 * @have: bits for struct field's when; if @have_of is set, it tells them from the members that
 *        stand before
 * @check: NULL, or what no single member can tell; returns a reason for refusal or NULL
 */
struct schema {
	const char *name;
	const char *text;
	size_t size;
	const struct field *fields;
	int n;
	unsigned have;
	unsigned (*have_of)(const void *object);
	const char *(*check)(const void *object);
};

/** event_schema() - the table for @type, NULL if there is no such type */
const struct schema *event_schema(int type);

/** event_envelope() - what all records have, behind their type; of struct event */
const struct schema *event_envelope(void);

/** field_applies() - does @object have the member? */
bool field_applies(const struct schema *schema, const struct field *field, const void *object);

/** field_at() - where the member is in @object */
static inline void *field_at(const struct field *field, void *object)
{
	return (char *)object + field->offset;
}

static inline const void *field_at_const(const struct field *field, const void *object)
{
	return (const char *)object + field->offset;
}

#endif
