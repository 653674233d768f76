// SPDX-License-Identifier: GPL-2.0-or-later
/* Events to JSON lines, along the tables of event_field.h. */
#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/event/base64.h"
#include "lab/event/event.h"
#include "lab/event/event_field.h"
#include "lab/event/event_json.h"
#include "lab/event/utf8.h"

static const struct protocol_word protocols[] = EVENT_PROTOCOLS;

static json_t *string_write(const char *text)
{
	_cleanup_free_ char *repaired = NULL;
	json_t *json;

	if (!text)
		text = "";
	json = json_string(text);
	if (json)
		return json;
	/* not UTF-8: a line comes out all the same */
	repaired = utf8_repair(text, NULL);
	return repaired ? json_string_nocheck(repaired) : NULL;
}

static json_t *protocol_write(int protocol)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (protocols[i].protocol == protocol)
			return json_string_nocheck(protocols[i].name);
	return json_integer(protocol & 0xff);
}

static json_t *flags_write(uint8_t flags)
{
	char text[sizeof(EVENT_FLAG_LETTERS)] = "";
	int n = 0;

	for (int bit = 0; EVENT_FLAG_LETTERS[bit]; bit++)
		if (flags & 1 << bit)
			text[n++] = EVENT_FLAG_LETTERS[bit];
	return json_string_nocheck(text);
}

static json_t *address_write(const struct packet *packet, const void *addr)
{
	char text[INET6_ADDRSTRLEN] = "";

	inet_ntop(packet->af == AF_INET6 ? AF_INET6 : AF_INET, addr, text, sizeof(text));
	return json_string_nocheck(text);
}

static json_t *bytes_write(const struct event_bytes *bytes)
{
	char text[BASE64_LEN(EVENT_BYTES_MOST)];
	int n = bytes->n < EVENT_BYTES_MOST ? bytes->n : EVENT_BYTES_MOST;

	return json_stringn_nocheck(text, base64_write(bytes->data, (size_t)n, text));
}

static int object_write(const struct schema *schema, const void *object, json_t *json);

static json_t *list_write(const struct field *f, const void *object)
{
	int n = *(const int *)((const char *)object + f->count);
	const char *list = *(char *const *)field_at_const(f, object);
	_cleanup_json_ json_t *array = json_array();

	for (int i = 0; i < n; i++) {
		json_t *json;

		if (f->kind == FIELD_STRINGS) {
			json = string_write(((char *const *)(const void *)list)[i]);
		} else {
			json = json_object();
			if (object_write(f->of, list + (size_t)i * f->of->size, json) < 0) {
				json_decref(json);
				return NULL;
			}
		}
		if (json_array_append_new(array, json) < 0)
			return NULL;
	}
	return TAKE_PTR(array);
}

/* A member's value; NULL only when memory is out. */
static json_t *field_write(const struct field *f, const void *object)
{
	const void *at = field_at_const(f, object);
	json_t *json;

	switch (f->kind) {
	case FIELD_STRING:
		return string_write(*(char *const *)at);
	case FIELD_BOOL:
		return json_boolean(*(const bool *)at);
	case FIELD_COUNT:
	case FIELD_INDEX:
	case FIELD_VERSION:
		return json_integer(*(const int *)at);
	case FIELD_I64:
	case FIELD_I64_NONE:
		return json_integer(*(const int64_t *)at);
	case FIELD_U8:
		return json_integer(*(const uint8_t *)at);
	case FIELD_U16:
		return json_integer(*(const uint16_t *)at);
	case FIELD_U32:
		return json_integer(*(const uint32_t *)at);
	case FIELD_RESULT:
		return json_string_nocheck(result_name(*(const enum result *)at));
	case FIELD_PROTOCOL:
		return protocol_write(*(const int *)at);
	case FIELD_FLAGS:
		return flags_write(*(const uint8_t *)at);
	case FIELD_ADDRESS:
		return address_write(object, at);
	case FIELD_BYTES:
		return bytes_write(at);
	case FIELD_STRINGS:
	case FIELD_LIST:
		return list_write(f, object);
	case FIELD_OBJECT:
		json = json_object();
		if (object_write(f->of, at, json) < 0) {
			json_decref(json);
			return NULL;
		}
		return json;
	}
	return NULL;
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

static int object_write(const struct schema *schema, const void *object, json_t *json)
{
	for (int i = 0; i < schema->n; i++) {
		const struct field *f = &schema->fields[i];

		if (!field_applies(schema, f, object) || field_absent(f, object))
			continue;
		if (json_object_set_new_nocheck(json, f->name, field_write(f, object)) < 0)
			return -ENOMEM;
	}
	return 0;
}

char *event_write(const struct event *event, size_t *ret_len)
{
	const struct schema *schema = event_schema((int)event->type);
	_cleanup_json_ json_t *json = json_object();
	_cleanup_free_ char *line = NULL;
	size_t len;
	char *grown;
	int r;

	assert(schema);
	r = json_object_set_new(json, "type", json_string_nocheck(event_type_name(event->type)));
	r |= json_object_set_new(json, "t_ns", json_integer(event->t_ns));
	if (event->host >= 0)
		r |= json_object_set_new(json, "host", json_integer(event->host));
	if (r || object_write(schema, &event->begin, json) < 0)
		return NULL;
	line = json_dumps(json, JSON_COMPACT);
	if (!line)
		return NULL;
	len = strlen(line);
	grown = realloc(line, len + 2);
	if (!grown)
		return NULL;
	line = grown;
	line[len] = '\n';
	line[len + 1] = '\0';
	if (ret_len)
		*ret_len = len + 1;
	return TAKE_PTR(line);
}
