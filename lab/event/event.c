// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/event/event.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/event/event_field.h"
#include "netns/cleanup.h"

const char *event_type_name(enum event_type type)
{
	const struct schema *schema = event_schema((int)type);

	return schema ? schema->name : "unknown";
}

const char *result_name(enum result result)
{
	static const char *const names[RESULT_COUNT] = {
		[RESULT_PASSED] = "passed",
		[RESULT_FAILED] = "failed",
		[RESULT_ERROR] = "error",
		[RESULT_SKIPPED] = "skipped",
		[RESULT_INTERRUPTED] = "interrupted",
	};

	return (unsigned)result < RESULT_COUNT ? names[result] : "unknown";
}

/* Free what the members own, also those that do not apply: the struct may be half filled. */
static void object_clear(const struct schema *schema, void *object)
{
	for (int i = 0; i < schema->n; i++) {
		const struct field *f = &schema->fields[i];
		void *at = field_at(f, object);
		int n;

		switch (f->kind) {
		case FIELD_STRING:
			free(*(char **)at);
			break;
		case FIELD_BYTES:
			free(((struct event_bytes *)at)->data);
			break;
		case FIELD_STRINGS:
			n = *(int *)((char *)object + f->count);
			for (int k = 0; k < n; k++)
				free((*(char ***)at)[k]);
			free(*(char ***)at);
			break;
		case FIELD_LIST:
			n = *(int *)((char *)object + f->count);
			for (int k = 0; k < n; k++)
				object_clear(f->of, *(char **)at + (size_t)k * f->of->size);
			free(*(void **)at);
			break;
		case FIELD_OBJECT:
			object_clear(f->of, at);
			break;
		default:
			break;
		}
	}
	memset(object, 0, schema->size);
}

void event_clear(struct event *event)
{
	const struct schema *schema;

	if (!event)
		return;
	schema = event_schema((int)event->type);
	if (schema)
		object_clear(schema, &event->begin);
	memset(event, 0, sizeof(*event));
}

/* Forget what a bitwise copy shares with its original, so that clearing it is safe. */
static void object_disown(const struct schema *schema, void *object)
{
	for (int i = 0; i < schema->n; i++) {
		const struct field *f = &schema->fields[i];
		void *at = field_at(f, object);

		switch (f->kind) {
		case FIELD_STRING:
			*(char **)at = NULL;
			break;
		case FIELD_BYTES:
			*(struct event_bytes *)at = (struct event_bytes){ 0 };
			break;
		case FIELD_STRINGS:
		case FIELD_LIST:
			*(void **)at = NULL;
			*(int *)((char *)object + f->count) = 0;
			break;
		case FIELD_OBJECT:
			object_disown(f->of, at);
			break;
		default:
			break;
		}
	}
}

static int object_copy(const struct schema *schema, const void *from, void *to);

/* An array of strings or of structs; @to is empty. */
static int list_copy(const struct field *f, const void *from, void *to)
{
	int n = *(const int *)((const char *)from + f->count);
	size_t size = f->kind == FIELD_LIST ? f->of->size : sizeof(char *);
	const char *source = *(char *const *)field_at_const(f, from);
	char *list;

	if (!n)
		return 0;
	list = calloc((size_t)n, size);
	if (!list)
		return -ENOMEM;
	*(char **)field_at(f, to) = list;
	*(int *)((char *)to + f->count) = n;
	for (int k = 0; k < n; k++) {
		if (f->kind == FIELD_LIST) {
			if (object_copy(f->of, source + (size_t)k * size, list + (size_t)k * size))
				return -ENOMEM;
		} else {
			const char *s = ((char *const *)(const void *)source)[k];

			((char **)(void *)list)[k] = strdup(s ? s : "");
			if (!((char **)(void *)list)[k])
				return -ENOMEM;
		}
	}
	return 0;
}

int event_bytes_set(struct event_bytes *bytes, const void *data, size_t n)
{
	*bytes = (struct event_bytes){ 0 };
	if (n > EVENT_BYTES_MOST)
		n = EVENT_BYTES_MOST;
	if (!n)
		return 0;
	bytes->data = malloc(n);
	if (!bytes->data)
		return -ENOMEM;
	memcpy(bytes->data, data, n);
	bytes->n = (int)n;
	return 0;
}

/* On failure @to is half filled, and safe to clear. */
static int object_copy(const struct schema *schema, const void *from, void *to)
{
	memcpy(to, from, schema->size);
	object_disown(schema, to);
	for (int i = 0; i < schema->n; i++) {
		const struct field *f = &schema->fields[i];
		const void *source = field_at_const(f, from);
		int r = 0;

		if (f->kind == FIELD_STRING) {
			const char *s = *(char *const *)source;

			*(char **)field_at(f, to) = strdup(s ? s : "");
			r = *(char **)field_at(f, to) ? 0 : -ENOMEM;
		} else if (f->kind == FIELD_STRINGS || f->kind == FIELD_LIST) {
			r = list_copy(f, from, to);
		} else if (f->kind == FIELD_OBJECT) {
			r = object_copy(f->of, source, field_at(f, to));
		} else if (f->kind == FIELD_BYTES) {
			const struct event_bytes *b = source;

			r = event_bytes_set(field_at(f, to), b->data, b->n > 0 ? (size_t)b->n : 0);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

int event_copy(const struct event *event, struct event *ret)
{
	const struct schema *schema = event_schema((int)event->type);
	int r;

	*ret = (struct event){ .type = event->type, .t_ns = event->t_ns, .host = event->host };
	if (!schema)
		return -EINVAL;
	r = object_copy(schema, &event->begin, &ret->begin);
	if (r < 0)
		event_clear(ret);
	return r;
}
