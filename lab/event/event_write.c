// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events to JSON lines, along the tables of event_field.h. A run writes thousands of records while it
 * measures times, so no tree of values is built: text is put straight into the line.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lab/event/address.h"
#include "lab/event/base64.h"
#include "lab/event/event.h"
#include "lab/event/event_field.h"
#include "lab/event/event_value.h"
#include "lab/event/line.h"
#include "netns/cleanup.h"

static void cleanup_line(struct line *line)
{
	free(line->text);
}

/* A string that needs no escapes, in quotes. */
static void quoted_put(struct line *line, const char *text, size_t len)
{
	char *at = line_room(line, len + 2);

	if (!at)
		return;
	at[0] = '"';
	memcpy(at + 1, text, len);
	at[len + 1] = '"';
	line->len += len + 2;
}

static void protocol_put(struct line *line, int protocol)
{
	const char *word = protocol_word(protocol);

	if (word)
		quoted_put(line, word, strlen(word));
	else
		line_integer(line, protocol & 0xff);
}

static void flags_put(struct line *line, uint8_t flags)
{
	char text[sizeof(EVENT_FLAG_LETTERS)];
	size_t n = 0;

	for (int bit = 0; EVENT_FLAG_LETTERS[bit]; bit++)
		if (flags & 1 << bit)
			text[n++] = EVENT_FLAG_LETTERS[bit];
	quoted_put(line, text, n);
}

static void address_put(struct line *line, const struct packet *packet, const void *addr)
{
	char text[INET6_ADDRSTRLEN];

	quoted_put(line, text, address_write(packet->af, addr, text));
}

static void bytes_put(struct line *line, const struct event_bytes *bytes)
{
	int n = bytes->n < EVENT_BYTES_MOST ? bytes->n : EVENT_BYTES_MOST;
	char text[BASE64_LEN(EVENT_BYTES_MOST)];

	quoted_put(line, text, base64_write(bytes->data, (size_t)n, text));
}

static void bool_put(struct line *line, bool value)
{
	if (value)
		line_put(line, "true", 4);
	else
		line_put(line, "false", 5);
}

static void object_put(struct line *line, const struct schema *schema, const void *object);

static void list_put(struct line *line, const struct field *f, const void *object)
{
	int n = *(const int *)((const char *)object + f->count);
	const char *list = *(char *const *)field_at_const(f, object);

	line_put(line, "[", 1);
	for (int i = 0; i < n; i++) {
		if (i)
			line_put(line, ",", 1);
		if (f->kind == FIELD_STRINGS)
			line_string(line, ((char *const *)(const void *)list)[i]);
		else
			object_put(line, f->of, list + (size_t)i * f->of->size);
	}
	line_put(line, "]", 1);
}

static void value_put(struct line *line, const struct field *f, const void *object)
{
	const void *at = field_at_const(f, object);
	const char *word;

	switch (f->kind) {
	case FIELD_STRING:
		return line_string(line, *(char *const *)at);
	case FIELD_BOOL:
		return bool_put(line, *(const bool *)at);
	case FIELD_COUNT:
	case FIELD_INDEX:
	case FIELD_VERSION:
		return line_integer(line, *(const int *)at);
	case FIELD_I64:
	case FIELD_I64_NONE:
		return line_integer(line, *(const int64_t *)at);
	case FIELD_U8:
		return line_integer(line, *(const uint8_t *)at);
	case FIELD_U16:
		return line_integer(line, *(const uint16_t *)at);
	case FIELD_U32:
		return line_integer(line, *(const uint32_t *)at);
	case FIELD_RESULT:
		word = result_name(*(const enum result *)at);
		return quoted_put(line, word, strlen(word));
	case FIELD_PROTOCOL:
		return protocol_put(line, *(const int *)at);
	case FIELD_FLAGS:
		return flags_put(line, *(const uint8_t *)at);
	case FIELD_ADDRESS:
		return address_put(line, object, at);
	case FIELD_BYTES:
		return bytes_put(line, at);
	case FIELD_STRINGS:
	case FIELD_LIST:
		return list_put(line, f, object);
	case FIELD_OBJECT:
		return object_put(line, f->of, at);
	}
}

/* "Has none" is said by leaving the member out. */
static bool field_absent(const struct field *f, const void *object)
{
	const void *at = field_at_const(f, object);

	if (f->kind == FIELD_INDEX)
		return *(const int *)at < 0;
	if (f->kind == FIELD_I64_NONE)
		return *(const int64_t *)at < 0;
	if (f->kind == FIELD_BYTES)
		return ((const struct event_bytes *)at)->n <= 0;
	return false;
}

static void name_put(struct line *line, bool first, const char *name, size_t len)
{
	char *at = line_room(line, len + 4);
	char *begin = at;

	if (!at)
		return;
	if (!first)
		*at++ = ',';
	*at++ = '"';
	memcpy(at, name, len);
	at += len;
	*at++ = '"';
	*at++ = ':';
	line->len += (size_t)(at - begin);
}

static void members_put(struct line *line, bool first, const struct schema *schema,
			const void *object)
{
	for (int i = 0; i < schema->n; i++) {
		const struct field *f = &schema->fields[i];

		if (!field_applies(schema, f, object) || field_absent(f, object))
			continue;
		name_put(line, first, f->name, f->name_len);
		value_put(line, f, object);
		first = false;
	}
}

static void object_put(struct line *line, const struct schema *schema, const void *object)
{
	line_put(line, "{", 1);
	members_put(line, true, schema, object);
	line_put(line, "}", 1);
}

char *event_write(const struct event *event, size_t *ret_len)
{
	const struct schema *schema = event_schema((int)event->type);
	_cleanup_(cleanup_line) struct line line = { 0 };

	assert(schema);
	line_put(&line, "{\"type\":", 8);
	quoted_put(&line, schema->name, strlen(schema->name));
	members_put(&line, false, event_envelope(), event);
	members_put(&line, false, schema, &event->begin);
	line_put(&line, "}\n", 3); /* with the NUL */
	if (line.failed)
		return NULL;
	if (ret_len)
		*ret_len = line.len - 1;
	return TAKE_PTR(line.text);
}
