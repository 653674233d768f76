// SPDX-License-Identifier: GPL-2.0-or-later
/* The JSON Schema of the log, along the tables of event_field.h. */
#include "lab/event/event_schema.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/event/base64.h"
#include "lab/event/event_field.h"
#include "lab/event/event_json.h"
#include "lab/event/event_value.h"
#include "netns/cleanup.h"

/* Four letters for three bytes; in the last four one or two may be padding (RFC 4648 section 4). */
#define BASE64_LETTER  "[A-Za-z0-9+/]"
#define BASE64_PATTERN "^(" BASE64_LETTER "{4})*(" BASE64_LETTER "{2}==|" BASE64_LETTER "{3}=)?$"

/**
 * struct packet_case - packets that have the same members
 * @protocols: any of these; 0: one that is written as a number
 * @inner, @inner_protocol: if set, only those that quote such a packet
 */
struct packet_case {
	int protocols[2];
	bool inner;
	int inner_protocol;
};

static const struct packet_case packet_cases[] = {
	{ { IPPROTO_TCP }, false, 0 },
	{ { IPPROTO_UDP }, false, 0 },
	{ { IPPROTO_ICMP, IPPROTO_ICMPV6 }, false, 0 },
	{ { IPPROTO_ICMP, IPPROTO_ICMPV6 }, true, 0 },
	{ { IPPROTO_ICMP, IPPROTO_ICMPV6 }, true, IPPROTO_TCP },
	{ { 0 }, false, 0 },
};

/* Memory was out somewhere: what comes of it is not complete. */
static __thread bool failed;

static void set(json_t *object, const char *key, json_t *value)
{
	failed |= json_object_set_new(object, key, value) < 0;
}

static void add(json_t *array, json_t *value)
{
	failed |= json_array_append_new(array, value) < 0;
}

static json_t *ref_json(const char *name)
{
	return json_pack("{s:s+}", "$ref", "#/$defs/", name);
}

static json_t *words_json(const char *(*word)(int value), int n)
{
	json_t *words = json_array();

	for (int i = 0; i < n; i++)
		if (word(i))
			add(words, json_string(word(i)));
	return json_pack("{s:o}", "enum", words);
}

static const char *result_word(int value)
{
	return result_name((enum result)value);
}

static const char *type_word(int value)
{
	return event_type_name((enum event_type)value);
}

static json_t *integer_json(enum field_kind kind)
{
	json_t *json = json_pack("{s:s}", "type", "integer");
	int64_t min, max;

	number_range(kind, &min, &max);
	/* what 64 bits hold is said by nobody who has less */
	if (min != INT64_MIN)
		set(json, "minimum", json_integer(min));
	if (max != INT64_MAX)
		set(json, "maximum", json_integer(max));
	return json;
}

/* What may stand in a member. */
static json_t *value_json(const struct field *f)
{
	switch (f->kind) {
	case FIELD_STRING:
		return json_pack("{s:s}", "type", "string");
	case FIELD_BOOL:
		return json_pack("{s:s}", "type", "boolean");
	case FIELD_VERSION:
		return json_pack("{s:i}", "const", EVENT_FORMAT_VERSION);
	case FIELD_RESULT:
		return words_json(result_word, RESULT_COUNT);
	case FIELD_PROTOCOL:
		return json_pack("{s:[o,o]}", "anyOf", words_json(protocol_word, UINT8_MAX + 1),
				 integer_json(f->kind));
	case FIELD_FLAGS:
		return json_pack("{s:s,s:s}", "type", "string", "pattern",
				 "^[" EVENT_FLAG_LETTERS "]*$");
	case FIELD_ADDRESS:
		return json_pack("{s:s,s:[{s:s},{s:s}]}", "type", "string", "anyOf", "format",
				 "ipv4", "format", "ipv6");
	case FIELD_BYTES:
		return json_pack("{s:s,s:s,s:i,s:s}", "type", "string", "contentEncoding", "base64",
				 "maxLength", (int)(BASE64_LEN(EVENT_BYTES_MOST)), "pattern",
				 BASE64_PATTERN);
	case FIELD_STRINGS:
		return json_pack("{s:s,s:{s:s}}", "type", "array", "items", "type", "string");
	case FIELD_LIST:
		return json_pack("{s:s,s:o}", "type", "array", "items", ref_json(f->of->name));
	case FIELD_OBJECT:
		return ref_json(f->of->name);
	default:
		return integer_json(f->kind);
	}
}

/* The members of a table; @properties and @required grow. */
static void members_add(const struct schema *schema, json_t *properties, json_t *required)
{
	for (int i = 0; i < schema->n; i++) {
		const struct field *f = &schema->fields[i];
		json_t *member;

		/* with have_of it is up to the object */
		if (!schema->have_of && !field_applies(schema, f, NULL))
			continue;
		member = json_pack("{s:s}", "description", f->text);
		failed |= json_object_update_new(member, value_json(f)) < 0;
		set(properties, f->name, member);
		if (!field_optional(f) && !(schema->have_of && f->when))
			add(required, json_string(f->name));
	}
}

/* "If it is such a packet" */
static json_t *case_condition(const struct packet_case *c)
{
	json_t *words = json_array();
	json_t *json;

	for (size_t i = 0; i < ARRAY_SIZE(c->protocols) && c->protocols[i]; i++)
		add(words, json_string(protocol_word(c->protocols[i])));
	if (json_array_size(words) > 0) {
		json = json_pack("{s:{s:{s:o}},s:[s]}", "properties", "protocol", "enum", words,
				 "required", "protocol");
	} else {
		json_decref(words);
		json = json_pack("{s:{s:{s:s}},s:[s]}", "properties", "protocol", "type", "integer",
				 "required", "protocol");
	}
	/* a member that is not there would meet any rule about what is in it */
	if (c->inner) {
		set(json_object_get(json, "properties"), "inner", json_pack("{s:b}", "const", 1));
		add(json_object_get(json, "required"), json_string("inner"));
	}
	if (c->inner_protocol) {
		set(json_object_get(json, "properties"), "inner_protocol",
		    json_pack("{s:s}", "const", protocol_word(c->inner_protocol)));
		add(json_object_get(json, "required"), json_string("inner_protocol"));
	}
	return json;
}

/* Which members a packet has depends on others: an if and then for each case. */
static json_t *cases_json(const struct schema *schema)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(packet_cases); i++) {
		const struct packet_case *c = &packet_cases[i];
		struct packet packet = { .protocol = c->protocols[0],
					 .inner = c->inner,
					 .inner_protocol = c->inner_protocol };
		json_t *required = json_array();

		for (int k = 0; k < schema->n; k++) {
			const struct field *f = &schema->fields[k];

			if (f->when && field_applies(schema, f, &packet))
				add(required, json_string(f->name));
		}
		add(list, json_pack("{s:o,s:{s:o}}", "if", case_condition(c), "then", "required",
				    required));
	}
	return list;
}

/* An object along one table, and, for a record, along that of all records. */
static json_t *object_json(const struct schema *schema, bool record)
{
	json_t *properties = json_object(), *required = json_array(), *json;

	if (record) {
		set(properties, "type",
		    json_pack("{s:s,s:s}", "description", "which record it is", "const",
			      schema->name));
		add(required, json_string("type"));
		members_add(event_envelope(), properties, required);
	}
	members_add(schema, properties, required);
	json = json_pack("{s:s,s:s,s:o,s:o}", "description", schema->text, "type", "object",
			 "required", required, "properties", properties);
	if (schema->have_of)
		set(json, "allOf", cases_json(schema));
	return json;
}

/* All records, and behind them what is in them. */
static json_t *defs_json(void)
{
	json_t *defs = json_object();

	for (int type = 0; type < EVENT_TYPE_COUNT; type++)
		set(defs, event_schema(type)->name, object_json(event_schema(type), true));
	for (int type = 0; type < EVENT_TYPE_COUNT; type++) {
		const struct schema *schema = event_schema(type);

		for (int i = 0; i < schema->n; i++) {
			const struct schema *of = schema->fields[i].of;

			if (of && !json_object_get(defs, of->name))
				set(defs, of->name, object_json(of, false));
		}
	}
	return defs;
}

/* By type: rather than "one of these", so that a validator can say which member is wrong. */
static json_t *choice_json(void)
{
	json_t *list = json_array();

	for (int type = 0; type < EVENT_TYPE_COUNT; type++) {
		const char *name = event_schema(type)->name;

		add(list, json_pack("{s:{s:{s:{s:s}}},s:o}", "if", "properties", "type", "const",
				    name, "then", ref_json(name)));
	}
	return list;
}

char *event_schema_text(void)
{
	_cleanup_json_ json_t *json = NULL;
	_cleanup_free_ char *text = NULL;
	char id[40], *ret = NULL;

	failed = false;
	snprintf(id, sizeof(id), "nslab:events:%d", EVENT_FORMAT_VERSION);
	json = json_pack("{s:s,s:s,s:s,s:s,s:s,s:[s],s:{s:o},s:o,s:o}", "$schema",
			 "https://json-schema.org/draft/2020-12/schema", "$id", id, "title",
			 "nslab's event log", "description",
			 "A record: one line of the log. Readers ignore members that they do not "
			 "know.",
			 "type", "object", "required", "type", "properties", "type",
			 words_json(type_word, EVENT_TYPE_COUNT), "allOf", choice_json(), "$defs",
			 defs_json());
	text = json && !failed ? json_dumps(json, JSON_INDENT(2)) : NULL;
	if (!text || asprintf(&ret, "%s\n", text) < 0)
		return NULL;
	return ret;
}
