// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: nearly all lines that are read were written by event_write(), a moment ago or in
 * another run. Of those the order of the members is known, from the tables of event_field.h, and so
 * nothing has to be looked up: the reader asks whether the next bytes are the next member's name, and
 * takes the value behind it. Whatever it does not expect, a space, a member of a later version, a rare
 * escape, a number out of range, makes it give up; event_read_any() then judges the line from its
 * beginning, and gives the reasons. So nothing is refused here, and what is accepted here must be
 * accepted there, with the same event: tests/unit/test_event_fast.c and tests/fuzz/fuzz_event.c compare.
 *
 * The begin record, with its arrays, comes once in a run and is left to the other way.
 */
#include <stdlib.h>
#include <string.h>

#include "lab/event/base64.h"
#include "lab/event/event_field.h"
#include "lab/event/event_read.h"
#include "lab/event/event_value.h"
#include "lab/event/utf8.h"
#include "netns/cleanup.h"

/** struct cursor - what is left of the line */
struct cursor {
	const char *at, *end;
};

static bool literal_take(struct cursor *c, const char *text, size_t len)
{
	if ((size_t)(c->end - c->at) < len || memcmp(c->at, text, len) != 0)
		return false;
	c->at += len;
	return true;
}

#define LITERAL_TAKE(c, text) literal_take(c, text, sizeof(text) - 1)

/* A member's name with what stands around it; nothing is taken if the next one is another. */
static bool name_take(struct cursor *c, bool first, const struct field *f)
{
	const char *at = c->at;
	size_t need = f->name_len + (first ? 3 : 4);

	if ((size_t)(c->end - at) < need || (!first && *at++ != ','))
		return false;
	if (*at != '"' || memcmp(at + 1, f->name, f->name_len) != 0 || at[f->name_len + 1] != '"' ||
	    at[f->name_len + 2] != ':')
		return false;
	c->at += need;
	return true;
}

/* An integer as it is written: no leading zeros, no -0. What stands behind it is seen by the next one. */
static bool integer_take(struct cursor *c, int64_t *ret)
{
	const char *at = c->at;
	bool negative = at < c->end && *at == '-';
	uint64_t most = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX, value = 0;
	const char *first;

	at += negative;
	first = at;
	for (; at < c->end && *at >= '0' && *at <= '9'; at++) {
		unsigned digit = (unsigned)(*at - '0');

		if (value > (most - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	if (at == first || (*first == '0' && (negative || at - first > 1)))
		return false;
	*ret = negative ? (int64_t)-value : (int64_t)value;
	c->at = at;
	return true;
}

/* The text between quotes, where no escape stands in it: words, addresses, base64. */
static bool word_take(struct cursor *c, const char **ret, size_t *ret_len)
{
	const char *begin = c->at + 1, *at = begin;

	if (c->at == c->end || *c->at != '"')
		return false;
	while (at<c->end && * at> ' ' && *at <= '~' && *at != '"' && *at != '\\')
		at++;
	if (at == c->end || *at != '"')
		return false;
	*ret = begin;
	*ret_len = (size_t)(at - begin);
	c->at = at + 1;
	return true;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/*
 * The character that an escape at @at means, of those that event_write() makes: short ones, and control
 * characters by number. Returns how long it is, 0 for any other.
 */
static int unescape(const char *at, const char *end, char *ret)
{
	static const char pairs[][2] = { { '"', '"' },	{ '\\', '\\' }, { 'n', '\n' },
					 { 't', '\t' }, { 'r', '\r' },	{ 'b', '\b' },
					 { 'f', '\f' } };

	if (end - at < 2)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		if (pairs[i][0] != at[1])
			continue;
		*ret = pairs[i][1];
		return 2;
	}
	if (end - at < 6 || memcmp(at, "\\u00", 4) != 0 || (at[4] != '0' && at[4] != '1') ||
	    hex_digit(at[5]) < 0)
		return 0;
	*ret = (char)((at[4] - '0') << 4 | hex_digit(at[5]));
	return *ret ? 6 : 0;
}

/*
 * Look where the string ends that begins at @at, and whether all in it is known: UTF-8 and our
 * escapes. Returns its closing quote, NULL if it is not known.
 */
static const char *string_end(const char *at, const char *end, bool *ret_escaped)
{
	uint32_t c;
	char meant;

	*ret_escaped = false;
	while (at < end && *at != '"') {
		int n = 1;

		if ((uint8_t)*at >= 0x80) {
			n = utf8_decode(at, (size_t)(end - at), &c);
		} else if (*at == '\\') {
			n = unescape(at, end, &meant);
			*ret_escaped = true;
		} else if ((uint8_t)*at < ' ') {
			n = 0;
		}
		if (!n)
			return NULL;
		at += n;
	}
	return at < end ? at : NULL;
}

static bool string_take(struct cursor *c, char **ret)
{
	const char *at = c->at + 1, *end;
	bool escaped;
	char *to;

	if (c->at == c->end || *c->at != '"')
		return false;
	end = string_end(at, c->end, &escaped);
	*ret = to = end ? malloc((size_t)(end - at) + 1) : NULL;
	if (!to)
		return false;
	c->at = end + 1;
	if (!escaped) {
		memcpy(to, at, (size_t)(end - at));
		to[end - at] = '\0';
		return true;
	}
	while (at < end) {
		if (*at == '\\')
			at += unescape(at, end, to);
		else
			*to = *at++;
		to++;
	}
	*to = '\0';
	return true;
}

static bool number_take(struct cursor *c, enum field_kind kind, void *at)
{
	int64_t min, max, value;

	number_range(kind, &min, &max);
	if (!integer_take(c, &value) || value < min || value > max)
		return false;
	number_store(kind, value, at);
	return true;
}

static bool bool_take(struct cursor *c, bool *ret)
{
	*ret = LITERAL_TAKE(c, "true");
	return *ret || LITERAL_TAKE(c, "false");
}

static bool bytes_store(const char *text, size_t len, struct event_bytes *ret)
{
	uint8_t bytes[EVENT_BYTES_MOST];
	int n = base64_read(text, len, bytes, sizeof(bytes));

	return n >= 0 && event_bytes_set(ret, bytes, (size_t)n) == 0;
}

/* A member that is written as one word in quotes. */
static bool word_store(const struct field *f, const char *word, size_t len, void *object)
{
	void *at = field_at(f, object);
	int value;

	switch (f->kind) {
	case FIELD_RESULT:
		value = result_parse(word, len);
		*(enum result *)at = (enum result)value;
		return value >= 0;
	case FIELD_PROTOCOL:
		value = protocol_parse(word, len);
		*(int *)at = value;
		return value >= 0;
	case FIELD_FLAGS:
		value = flags_parse(word, len);
		*(uint8_t *)at = (uint8_t)value;
		return value >= 0;
	case FIELD_ADDRESS:
		return packet_address_parse(object, f, word, len) == 0;
	case FIELD_BYTES:
		return bytes_store(word, len, at);
	default:
		return false;
	}
}

static bool object_take(struct cursor *c, const struct schema *schema, void *object);

static bool value_take(struct cursor *c, const struct field *f, void *object)
{
	void *at = field_at(f, object);
	const char *word;
	size_t len;

	switch (f->kind) {
	case FIELD_STRING:
		return string_take(c, at);
	case FIELD_BOOL:
		return bool_take(c, at);
	case FIELD_OBJECT:
		return object_take(c, f->of, at);
	case FIELD_PROTOCOL:
		if (c->at < c->end && *c->at != '"')
			return number_take(c, f->kind, at);
		/* fallthrough */
	case FIELD_RESULT:
	case FIELD_FLAGS:
	case FIELD_ADDRESS:
	case FIELD_BYTES:
		return word_take(c, &word, &len) && word_store(f, word, len, object);
	case FIELD_VERSION:
	case FIELD_STRINGS:
	case FIELD_LIST:
		return false;
	default:
		return number_take(c, f->kind, at);
	}
}

/* @object is zeroed; what it holds on failure is for event_clear(). */
static bool members_take(struct cursor *c, bool first, const struct schema *schema, void *object)
{
	for (int i = 0; i < schema->n; i++) {
		const struct field *f = &schema->fields[i];
		bool applies = field_applies(schema, f, object);

		if (applies && name_take(c, first, f)) {
			if (!value_take(c, f, object))
				return false;
			first = false;
		} else if ((applies && !field_optional(f)) || field_default(f, object) < 0) {
			return false;
		}
	}
	return !schema->check || !schema->check(object);
}

static bool object_take(struct cursor *c, const struct schema *schema, void *object)
{
	return LITERAL_TAKE(c, "{") && members_take(c, true, schema, object) &&
	       LITERAL_TAKE(c, "}");
}

static bool event_take(struct cursor *c, struct event *event)
{
	const char *word;
	size_t len;
	int type;

	if (!LITERAL_TAKE(c, "{\"type\":") || !word_take(c, &word, &len))
		return false;
	type = event_type_parse(word, len);
	if (type < 0 || type == EVENT_BEGIN)
		return false;
	event->type = (enum event_type)type;
	if (!members_take(c, false, event_envelope(), event) ||
	    !members_take(c, false, event_schema(type), &event->begin) || !LITERAL_TAKE(c, "}"))
		return false;
	LITERAL_TAKE(c, "\n");
	return c->at == c->end;
}

bool event_read_fast(const char *line, size_t len, struct event *ret)
{
	struct cursor c = { line, line + len };

	memset(ret, 0, sizeof(*ret));
	if (event_take(&c, ret))
		return true;
	event_clear(ret);
	return false;
}
