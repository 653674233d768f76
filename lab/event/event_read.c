// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events from JSON lines, along the tables of event_field.h. Nothing is trusted: a log may come
 * from anywhere, and a worker that was killed leaves half a line.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lab/event/base64.h"
#include "lab/event/event.h"
#include "lab/event/event_field.h"
#include "lab/event/event_json.h"

static const struct protocol_word protocols[] = EVENT_PROTOCOLS;

static __thread char reason[192];

/* Keep the reason for event_read()'s caller; parts of the line that are in it are made harmless. */
static int refuse(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static int refuse(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	for (char *p = reason; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return -EINVAL;
}

static int integer_read(const struct field *f, const json_t *json, int64_t min, int64_t max,
			int64_t *ret)
{
	*ret = json_integer_value(json);
	if (!json_is_integer(json))
		return refuse("\"%s\" is not an integer", f->name);
	if (*ret < min || *ret > max)
		return refuse("\"%s\" is out of range: %lld", f->name, (long long)*ret);
	return 0;
}

/* A string's text, or NULL if it is none. */
static const char *text_read(const char *name, const json_t *json)
{
	if (json_is_string(json))
		return json_string_value(json);
	refuse("\"%s\" is not a string", name);
	return NULL;
}

static int string_read(const char *name, const json_t *json, char **ret)
{
	const char *text = text_read(name, json);

	if (!text)
		return -EINVAL;
	*ret = strdup(text);
	return *ret ? 0 : refuse("memory is out");
}

static int version_read(const struct field *f, const json_t *json, int *ret)
{
	int64_t version;
	int r = integer_read(f, json, 0, INT_MAX, &version);

	if (r < 0)
		return r;
	if (version != EVENT_FORMAT_VERSION)
		return refuse("the log has format %lld, this nslab reads format %d",
			      (long long)version, EVENT_FORMAT_VERSION);
	*ret = (int)version;
	return 0;
}

static int result_read(const struct field *f, const json_t *json, enum result *ret)
{
	const char *text = text_read(f->name, json);

	if (!text)
		return -EINVAL;
	for (int i = 0; i < RESULT_COUNT; i++) {
		if (strcmp(text, result_name((enum result)i)) == 0) {
			*ret = (enum result)i;
			return 0;
		}
	}
	return refuse("\"%s\" is an unknown word: %.40s", f->name, text);
}

static int protocol_read(const struct field *f, const json_t *json, int *ret)
{
	int64_t number;
	int r;

	if (json_is_string(json)) {
		for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
			if (strcmp(json_string_value(json), protocols[i].name) == 0) {
				*ret = protocols[i].protocol;
				return 0;
			}
		}
		return refuse("\"%s\" is an unknown word: %.40s", f->name, json_string_value(json));
	}
	r = integer_read(f, json, 0, 255, &number);
	if (r < 0)
		return r;
	*ret = (int)number;
	return 0;
}

static int flags_read(const struct field *f, const json_t *json, uint8_t *ret)
{
	static const char letters[] = EVENT_FLAG_LETTERS;
	const char *text = text_read(f->name, json);

	if (!text)
		return -EINVAL;
	for (; *text; text++) {
		const char *letter = strchr(letters, *text);

		if (!letter)
			return refuse("\"%s\" has letters other than %s", f->name, letters);
		*ret |= (uint8_t)(1 << (letter - letters));
	}
	return 0;
}

/* The first address that is read decides about the packet's family. */
static int address_read(const struct field *f, const json_t *json, struct packet *packet)
{
	const char *text = text_read(f->name, json);
	int af;

	if (!text)
		return -EINVAL;
	af = strchr(text, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(af, text, field_at(f, packet)) != 1)
		return refuse("\"%s\" is not an address: %.50s", f->name, text);
	if (packet->af && packet->af != af)
		return refuse("\"src\" and \"dst\" are of different families");
	packet->af = af;
	return 0;
}

static int bytes_read(const struct field *f, const json_t *json, struct event_bytes *ret)
{
	const char *text = text_read(f->name, json);
	uint8_t bytes[EVENT_BYTES_MOST];
	int n;

	if (!text)
		return -EINVAL;
	n = base64_read(text, json_string_length(json), bytes, sizeof(bytes));
	if (n < 0)
		return refuse("\"%s\" is no base64 of at most %zu bytes", f->name, sizeof(bytes));
	return event_bytes_set(ret, bytes, (size_t)n) ? refuse("memory is out") : 0;
}

static int object_read(const struct schema *schema, const json_t *json, void *object);

static int list_read(const struct field *f, const json_t *json, void *object)
{
	size_t size = f->kind == FIELD_LIST ? f->of->size : sizeof(char *);
	size_t n = json_array_size(json);
	char *list;

	if (!json_is_array(json))
		return refuse("\"%s\" is not an array", f->name);
	if (n > INT_MAX / 2)
		return refuse("\"%s\" is too long", f->name);
	if (!n)
		return 0;
	list = calloc(n, size);
	if (!list)
		return refuse("memory is out");
	/* from here on the event owns it, filled or not */
	*(char **)field_at(f, object) = list;
	*(int *)((char *)object + f->count) = (int)n;
	for (size_t i = 0; i < n; i++) {
		const json_t *element = json_array_get(json, i);
		void *at = list + i * size;
		int r;

		if (f->kind == FIELD_STRINGS)
			r = string_read(f->name, element, at);
		else if (!json_is_object(element))
			r = refuse("\"%s\" holds something that is not an object", f->name);
		else
			r = object_read(f->of, element, at);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Integers of all sizes: check the range, then narrow. */
static int number_read(const struct field *f, const json_t *json, void *at)
{
	int64_t min = 0, max = INT_MAX, value;
	int r;

	if (f->kind == FIELD_I64)
		min = INT64_MIN;
	if (f->kind == FIELD_I64 || f->kind == FIELD_I64_NONE)
		max = INT64_MAX;
	else if (f->kind == FIELD_U8)
		max = UINT8_MAX;
	else if (f->kind == FIELD_U16)
		max = UINT16_MAX;
	else if (f->kind == FIELD_U32)
		max = UINT32_MAX;
	r = integer_read(f, json, min, max, &value);
	if (r < 0)
		return r;
	if (f->kind == FIELD_I64 || f->kind == FIELD_I64_NONE)
		*(int64_t *)at = value;
	else if (f->kind == FIELD_U8)
		*(uint8_t *)at = (uint8_t)value;
	else if (f->kind == FIELD_U16)
		*(uint16_t *)at = (uint16_t)value;
	else if (f->kind == FIELD_U32)
		*(uint32_t *)at = (uint32_t)value;
	else
		*(int *)at = (int)value;
	return 0;
}

static int field_read(const struct field *f, const json_t *json, void *object)
{
	void *at = field_at(f, object);

	switch (f->kind) {
	case FIELD_STRING:
		return string_read(f->name, json, at);
	case FIELD_BOOL:
		if (!json_is_boolean(json))
			return refuse("\"%s\" is neither true nor false", f->name);
		*(bool *)at = json_boolean_value(json);
		return 0;
	case FIELD_VERSION:
		return version_read(f, json, at);
	case FIELD_RESULT:
		return result_read(f, json, at);
	case FIELD_PROTOCOL:
		return protocol_read(f, json, at);
	case FIELD_FLAGS:
		return flags_read(f, json, at);
	case FIELD_ADDRESS:
		return address_read(f, json, object);
	case FIELD_BYTES:
		return bytes_read(f, json, at);
	case FIELD_STRINGS:
	case FIELD_LIST:
		return list_read(f, json, object);
	case FIELD_OBJECT:
		if (!json_is_object(json))
			return refuse("\"%s\" is not an object", f->name);
		return object_read(f->of, json, at);
	default:
		return number_read(f, json, at);
	}
}

/* What a member holds that is not there: -1 where that means none, and never a NULL string. */
static int field_default(const struct field *f, void *object)
{
	void *at = field_at(f, object);

	if (f->kind == FIELD_INDEX)
		*(int *)at = -1;
	else if (f->kind == FIELD_I64_NONE)
		*(int64_t *)at = -1;
	else if (f->kind == FIELD_STRING)
		*(char **)at = strdup("");
	if (f->kind == FIELD_STRING && !*(char **)at)
		return refuse("memory is out");
	return 0;
}

/* @object is zeroed; on failure it is half filled, and safe to clear. */
static int object_read(const struct schema *schema, const json_t *json, void *object)
{
	const char *why;
	int r;

	for (int i = 0; i < schema->n; i++) {
		const struct field *f = &schema->fields[i];
		const json_t *member = NULL;

		if (field_applies(schema, f, object))
			member = json_object_get(json, f->name);
		if (member)
			r = field_read(f, member, object);
		else if (f->kind == FIELD_INDEX || f->kind == FIELD_I64_NONE ||
			 f->kind == FIELD_BYTES || !field_applies(schema, f, object))
			r = field_default(f, object);
		else
			r = refuse("\"%s\" is missing", f->name);
		if (r < 0)
			return r;
	}
	why = schema->check ? schema->check(object) : NULL;
	return why ? refuse("%s", why) : 0;
}

static int type_read(const json_t *json, enum event_type *ret)
{
	const char *text = json_string_value(json_object_get(json, "type"));

	if (!text)
		return refuse("\"type\" is missing or not a string");
	for (int i = 0; i < EVENT_TYPE_COUNT; i++) {
		if (strcmp(text, event_schema(i)->name) == 0) {
			*ret = (enum event_type)i;
			return 0;
		}
	}
	return refuse("\"type\" is an unknown word: %.40s", text);
}

/* What all records have. */
static const struct field envelope_fields[] = {
	{ .name = "t_ns", .kind = FIELD_I64, .offset = offsetof(struct event, t_ns) },
	{ .name = "host", .kind = FIELD_INDEX, .offset = offsetof(struct event, host) },
};

static const struct schema envelope = {
	.name = "event",
	.size = sizeof(struct event),
	.fields = envelope_fields,
	.n = ARRAY_SIZE(envelope_fields),
};

int event_read(const char *line, size_t len, struct event *ret, const char **ret_why)
{
	_cleanup_json_ json_t *json = NULL;
	json_error_t error;
	int r;

	memset(ret, 0, sizeof(*ret));
	*ret_why = "";
	json = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	if (!json) {
		r = refuse("not JSON: %s", error.text);
	} else if (!json_is_object(json)) {
		r = refuse("not a JSON object");
	} else {
		r = type_read(json, &ret->type);
		if (!r)
			r = object_read(&envelope, json, ret);
		if (!r)
			r = object_read(event_schema((int)ret->type), json, &ret->begin);
	}
	if (r < 0) {
		event_clear(ret);
		*ret_why = reason;
	}
	return r;
}
