// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events from JSON lines, along the tables of event_field.h. Nothing is trusted: a log may come
 * from anywhere, and a worker that was killed leaves half a line. Lines that are just as event_write()
 * writes them are read by event_fast.c; here is what reads any JSON, and says what is wrong.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "lab/event/base64.h"
#include "lab/event/event.h"
#include "lab/event/event_field.h"
#include "lab/event/event_json.h"
#include "lab/event/event_read.h"
#include "lab/event/event_value.h"

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

static int integer_read(const struct field *f, const json_t *json, int64_t *ret)
{
	int64_t min, max;

	number_range(f->kind, &min, &max);
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
	int r = integer_read(f, json, &version);

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
	int result = text ? result_parse(text, json_string_length(json)) : -1;

	if (!text)
		return -EINVAL;
	if (result < 0)
		return refuse("\"%s\" is an unknown word: %.40s", f->name, text);
	*ret = (enum result)result;
	return 0;
}

static int protocol_read(const struct field *f, const json_t *json, int *ret)
{
	int64_t number;
	int r;

	if (json_is_string(json)) {
		*ret = protocol_parse(json_string_value(json), json_string_length(json));
		return *ret >= 0 ? 0 :
				   refuse("\"%s\" is an unknown word: %.40s", f->name,
					  json_string_value(json));
	}
	r = integer_read(f, json, &number);
	if (r < 0)
		return r;
	*ret = (int)number;
	return 0;
}

static int flags_read(const struct field *f, const json_t *json, uint8_t *ret)
{
	const char *text = text_read(f->name, json);
	int flags = text ? flags_parse(text, json_string_length(json)) : -1;

	if (!text)
		return -EINVAL;
	if (flags < 0)
		return refuse("\"%s\" has letters other than %s", f->name, EVENT_FLAG_LETTERS);
	*ret = (uint8_t)flags;
	return 0;
}

static int address_read_json(const struct field *f, const json_t *json, struct packet *packet)
{
	const char *text = text_read(f->name, json);
	int r = text ? packet_address_parse(packet, f, text, json_string_length(json)) : -EINVAL;

	if (!text)
		return -EINVAL;
	if (r == -EAFNOSUPPORT)
		return refuse("\"src\" and \"dst\" are of different families");
	return r < 0 ? refuse("\"%s\" is not an address: %.50s", f->name, text) : 0;
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

static int number_read(const struct field *f, const json_t *json, void *at)
{
	int64_t value;
	int r = integer_read(f, json, &value);

	if (r == 0)
		number_store(f->kind, value, at);
	return r;
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
		return address_read_json(f, json, object);
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
		else if (field_optional(f) || !field_applies(schema, f, object))
			r = field_default(f, object) ? refuse("memory is out") : 0;
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
	const json_t *word = json_object_get(json, "type");
	int type;

	if (!json_is_string(word))
		return refuse("\"type\" is missing or not a string");
	type = event_type_parse(json_string_value(word), json_string_length(word));
	if (type < 0)
		return refuse("\"type\" is an unknown word: %.40s", json_string_value(word));
	*ret = (enum event_type)type;
	return 0;
}

int event_read_any(const char *line, size_t len, struct event *ret, const char **ret_why)
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
			r = object_read(event_envelope(), json, ret);
		if (!r)
			r = object_read(event_schema((int)ret->type), json, &ret->begin);
	}
	if (r < 0) {
		event_clear(ret);
		*ret_why = reason;
	}
	return r;
}

int event_read(const char *line, size_t len, struct event *ret, const char **ret_why)
{
	*ret_why = "";
	if (event_read_fast(line, len, ret))
		return 0;
	return event_read_any(line, len, ret, ret_why);
}
