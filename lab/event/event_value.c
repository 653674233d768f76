// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/event/event_value.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lab/event/address.h"
#include "netns/cleanup.h"

/* protocols that have a word in the log; others are numbers */
static const struct {
	int protocol;
	const char *word;
} protocols[] = {
	{ IPPROTO_TCP, "tcp" },
	{ IPPROTO_UDP, "udp" },
	{ IPPROTO_ICMP, "icmp" },
	{ IPPROTO_ICMPV6, "icmpv6" },
};

void number_range(enum field_kind kind, int64_t *ret_min, int64_t *ret_max)
{
	static const int64_t most[] = {
		[FIELD_COUNT] = INT_MAX,      [FIELD_INDEX] = INT_MAX,
		[FIELD_I64] = INT64_MAX,      [FIELD_I64_NONE] = INT64_MAX,
		[FIELD_U8] = UINT8_MAX,	      [FIELD_U16] = UINT16_MAX,
		[FIELD_U32] = UINT32_MAX,     [FIELD_VERSION] = INT_MAX,
		[FIELD_PROTOCOL] = UINT8_MAX,
	};

	*ret_min = kind == FIELD_I64 ? INT64_MIN : 0;
	*ret_max = kind < ARRAY_SIZE(most) ? most[kind] : 0;
}

void number_store(enum field_kind kind, int64_t value, void *at)
{
	switch (kind) {
	case FIELD_I64:
	case FIELD_I64_NONE:
		*(int64_t *)at = value;
		break;
	case FIELD_U8:
		*(uint8_t *)at = (uint8_t)value;
		break;
	case FIELD_U16:
		*(uint16_t *)at = (uint16_t)value;
		break;
	case FIELD_U32:
		*(uint32_t *)at = (uint32_t)value;
		break;
	default:
		*(int *)at = (int)value;
		break;
	}
}

/* Is a text that need not be terminated this word? */
static bool is_word(const char *text, size_t len, const char *word)
{
	return strlen(word) == len && memcmp(text, word, len) == 0;
}

const char *protocol_word(int protocol)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (protocols[i].protocol == protocol)
			return protocols[i].word;
	return NULL;
}

int protocol_parse(const char *word, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (is_word(word, len, protocols[i].word))
			return protocols[i].protocol;
	return -1;
}

int result_parse(const char *word, size_t len)
{
	for (int i = 0; i < RESULT_COUNT; i++)
		if (is_word(word, len, result_name((enum result)i)))
			return i;
	return -1;
}

int event_type_parse(const char *word, size_t len)
{
	for (int i = 0; i < EVENT_TYPE_COUNT; i++)
		if (is_word(word, len, event_schema(i)->name))
			return i;
	return -1;
}

int flags_parse(const char *letters, size_t len)
{
	static const char known[] = EVENT_FLAG_LETTERS;
	int flags = 0;

	for (size_t i = 0; i < len; i++) {
		const char *letter = memchr(known, letters[i], sizeof(known) - 1);

		if (!letter)
			return -1;
		flags |= 1 << (letter - known);
	}
	return flags;
}

int packet_address_parse(struct packet *packet, const struct field *f, const char *text, size_t len)
{
	int af = address_read(text, len, field_at(f, packet));

	if (!af)
		return -EINVAL;
	if (packet->af && packet->af != af)
		return -EAFNOSUPPORT;
	packet->af = af;
	return 0;
}

bool field_optional(const struct field *f)
{
	return f->kind == FIELD_INDEX || f->kind == FIELD_I64_NONE || f->kind == FIELD_BYTES;
}

int field_default(const struct field *f, void *object)
{
	void *at = field_at(f, object);

	if (f->kind == FIELD_INDEX)
		*(int *)at = -1;
	else if (f->kind == FIELD_I64_NONE)
		*(int64_t *)at = -1;
	else if (f->kind == FIELD_STRING)
		*(char **)at = strdup("");
	return f->kind == FIELD_STRING && !*(char **)at ? -ENOMEM : 0;
}
