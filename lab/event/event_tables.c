// SPDX-License-Identifier: GPL-2.0-or-later
/* Which members each record has: the tables that all the rest of the event layer follows. */
#include "lab/event/event_field.h"
#include "netns/cleanup.h"

/* clang-format off: macros in one form */
#define F_NAME(name_, type, member, kind_)                           \
	.name = name_, .name_len = sizeof(name_) - 1, .kind = kind_, \
	.offset = offsetof(type, member)
#define F(type, member, kind_)                       \
	{                                            \
		F_NAME(#member, type, member, kind_) \
	}
#define F_NAMED(type, name_, member, kind_)        \
	{                                          \
		F_NAME(name_, type, member, kind_) \
	}
#define F_WHEN(type, member, kind_, when_)                          \
	{                                                           \
		F_NAME(#member, type, member, kind_), .when = when_ \
	}
#define F_MANY(type, member, kind_, of_)                                                   \
	{                                                                                  \
		F_NAME(#member, type, member, kind_), .count = offsetof(type, n_##member), \
						      .of = of_                            \
	}
#define F_OBJECT(type, member, of_)                                    \
	{                                                              \
		F_NAME(#member, type, member, FIELD_OBJECT), .of = of_ \
	}
#define SCHEMA(name_, type, fields_) \
	.name = name_, .size = sizeof(type), .fields = fields_, .n = ARRAY_SIZE(fields_)
/* clang-format on */

/* What a packet has, by its protocol. */
enum {
	HAS_TCP = 1 << 0,
	HAS_PORTS = 1 << 1, /* its own, or those of the packet that it quotes */
	HAS_SEQ = 1 << 2,
	HAS_PAYLOAD = 1 << 3,
	HAS_ICMP = 1 << 4,
	HAS_QUOTE = 1 << 5,
};

static unsigned packet_has(const void *object)
{
	const struct packet *p = object;
	unsigned has;

	switch (p->protocol) {
	case IPPROTO_TCP:
		return HAS_TCP | HAS_PORTS | HAS_SEQ | HAS_PAYLOAD;
	case IPPROTO_UDP:
		return HAS_PORTS | HAS_PAYLOAD;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		has = HAS_ICMP;
		if (p->inner)
			has |= HAS_QUOTE | HAS_PORTS;
		if (p->inner && p->inner_protocol == IPPROTO_TCP)
			has |= HAS_SEQ;
		return has;
	default:
		return HAS_PAYLOAD;
	}
}

/* protocol, inner and inner_protocol decide about others, so they stand before them. */
static const struct field packet_fields[] = {
	F(struct packet, protocol, FIELD_PROTOCOL),
	F(struct packet, src, FIELD_ADDRESS),
	F(struct packet, dst, FIELD_ADDRESS),
	F(struct packet, ttl, FIELD_U8),
	F(struct packet, id, FIELD_U16),
	F(struct packet, ip_len, FIELD_U32),
	F_WHEN(struct packet, icmp_type, FIELD_U8, HAS_ICMP),
	F_WHEN(struct packet, icmp_code, FIELD_U8, HAS_ICMP),
	F_WHEN(struct packet, inner, FIELD_BOOL, HAS_ICMP),
	F_WHEN(struct packet, inner_protocol, FIELD_PROTOCOL, HAS_QUOTE),
	F_WHEN(struct packet, sport, FIELD_U16, HAS_PORTS),
	F_WHEN(struct packet, dport, FIELD_U16, HAS_PORTS),
	F_WHEN(struct packet, flags, FIELD_FLAGS, HAS_TCP),
	F_WHEN(struct packet, seq, FIELD_U32, HAS_SEQ),
	F_WHEN(struct packet, ack, FIELD_U32, HAS_TCP),
	F_WHEN(struct packet, window, FIELD_U16, HAS_TCP),
	F_WHEN(struct packet, payload, FIELD_U32, HAS_PAYLOAD),
};

static const struct schema packet_schema = {
	SCHEMA("packet", struct packet, packet_fields),
	.have_of = packet_has,
};

static const struct field fault_info_fields[] = {
	F(struct event_fault_info, name, FIELD_STRING),
	F(struct event_fault_info, host, FIELD_INDEX),
	F(struct event_fault_info, text, FIELD_STRING),
	F(struct event_fault_info, active, FIELD_BOOL),
};

static const struct schema fault_info_schema = {
	SCHEMA("fault", struct event_fault_info, fault_info_fields),
};

static const struct field link_info_fields[] = {
	F_NAMED(struct event_link_info, "a_host", host[0], FIELD_INDEX),
	F_NAMED(struct event_link_info, "a_ifname", ifname[0], FIELD_STRING),
	F_NAMED(struct event_link_info, "a_addr4", addr4[0], FIELD_STRING),
	F_NAMED(struct event_link_info, "a_addr6", addr6[0], FIELD_STRING),
	F_NAMED(struct event_link_info, "a_shape", shape[0], FIELD_STRING),
	F_NAMED(struct event_link_info, "b_host", host[1], FIELD_INDEX),
	F_NAMED(struct event_link_info, "b_ifname", ifname[1], FIELD_STRING),
	F_NAMED(struct event_link_info, "b_addr4", addr4[1], FIELD_STRING),
	F_NAMED(struct event_link_info, "b_addr6", addr6[1], FIELD_STRING),
	F_NAMED(struct event_link_info, "b_shape", shape[1], FIELD_STRING),
};

static const struct schema link_info_schema = {
	SCHEMA("link", struct event_link_info, link_info_fields),
};

/* Everything that names a host in the begin record has to name one of its hosts. */
static const char *begin_check(const void *object)
{
	const struct event_begin *b = object;

	for (int i = 0; i < b->n_faults; i++)
		if (b->faults[i].host >= b->n_hosts)
			return "a fault is at a host that there is not";
	for (int i = 0; i < b->n_links; i++)
		for (int end = 0; end < 2; end++)
			if (b->links[i].host[end] < 0 || b->links[i].host[end] >= b->n_hosts)
				return "a link ends at a host that there is not";
	return NULL;
}

/* version comes first: of another format nothing else is known. */
static const struct field begin_fields[] = {
	F(struct event_begin, version, FIELD_VERSION),
	F(struct event_begin, nslab, FIELD_STRING),
	F(struct event_begin, kernel, FIELD_STRING),
	F(struct event_begin, scenario, FIELD_STRING),
	F(struct event_begin, name, FIELD_STRING),
	F(struct event_begin, file, FIELD_STRING),
	F(struct event_begin, title, FIELD_STRING),
	F(struct event_begin, story, FIELD_STRING),
	F(struct event_begin, remedy, FIELD_STRING),
	F(struct event_begin, set, FIELD_STRING),
	F(struct event_begin, repeat, FIELD_STRING),
	F(struct event_begin, seed, FIELD_I64),
	F(struct event_begin, disarmed, FIELD_BOOL),
	F(struct event_begin, inverted, FIELD_COUNT),
	F(struct event_begin, shaper, FIELD_STRING),
	F(struct event_begin, root, FIELD_BOOL),
	F(struct event_begin, wall_ns, FIELD_I64),
	F_MANY(struct event_begin, hosts, FIELD_STRINGS, NULL),
	F_MANY(struct event_begin, faults, FIELD_LIST, &fault_info_schema),
	F_MANY(struct event_begin, links, FIELD_LIST, &link_info_schema),
};

static const struct field built_fields[] = {
	F(struct event_built, build_ns, FIELD_I64),
};

static const struct field note_fields[] = {
	F(struct event_note, text, FIELD_STRING),
};

enum { HAS_ENDED = 1 << 0 };

static const struct field step_fields[] = {
	F(struct event_step, number, FIELD_COUNT),
	F(struct event_step, line, FIELD_COUNT),
	F(struct event_step, text, FIELD_STRING),
	F(struct event_step, background, FIELD_BOOL),
	F_WHEN(struct event_step, error, FIELD_STRING, HAS_ENDED),
	F_WHEN(struct event_step, took_ns, FIELD_I64, HAS_ENDED),
	F_WHEN(struct event_step, bytes, FIELD_I64_NONE, HAS_ENDED),
	F_WHEN(struct event_step, eof, FIELD_BOOL, HAS_ENDED),
	F_WHEN(struct event_step, detail, FIELD_STRING, HAS_ENDED),
};

static const struct field event_packet_fields[] = {
	F(struct event_packet, ifname, FIELD_STRING),
	F(struct event_packet, out, FIELD_BOOL),
	F(struct event_packet, made_here, FIELD_BOOL),
	F(struct event_packet, from, FIELD_INDEX),
	F(struct event_packet, to, FIELD_INDEX),
	F(struct event_packet, retry, FIELD_COUNT),
	F(struct event_packet, since_ns, FIELD_I64),
	F(struct event_packet, held_ns, FIELD_I64_NONE),
	F_OBJECT(struct event_packet, packet, &packet_schema),
	F(struct event_packet, bytes, FIELD_BYTES),
};

static const struct field hit_fields[] = {
	F(struct event_hit, fault, FIELD_STRING),
	F(struct event_hit, past, FIELD_STRING),
	F(struct event_hit, from, FIELD_INDEX),
	F(struct event_hit, to, FIELD_INDEX),
	F_OBJECT(struct event_hit, packet, &packet_schema),
	F(struct event_hit, bytes, FIELD_BYTES),
};

static const struct field release_fields[] = {
	F(struct event_release, fault, FIELD_STRING),
	F(struct event_release, past, FIELD_STRING),
	F(struct event_release, from, FIELD_INDEX),
	F(struct event_release, to, FIELD_INDEX),
	F(struct event_release, asked_ns, FIELD_I64_NONE),
	F(struct event_release, waited_ns, FIELD_I64),
	F_OBJECT(struct event_release, packet, &packet_schema),
};

/* clang-format off: a row for each member */
static const struct field state_fields[] = {
	F(struct event_state, socket, FIELD_STRING), F(struct event_state, local, FIELD_STRING),
	F(struct event_state, remote, FIELD_STRING), F(struct event_state, old, FIELD_STRING),
	F(struct event_state, new, FIELD_STRING),    F(struct event_state, sampled, FIELD_BOOL),
};

static const struct field switch_fields[] = {
	F(struct event_switch, fault, FIELD_STRING),
	F(struct event_switch, on, FIELD_BOOL),
};

static const struct field expectation_fields[] = {
	F(struct event_expectation, number, FIELD_COUNT),
	F(struct event_expectation, line, FIELD_COUNT),
	F(struct event_expectation, col, FIELD_COUNT),
	F(struct event_expectation, text, FIELD_STRING),
	F(struct event_expectation, expected, FIELD_STRING),
	F(struct event_expectation, observed, FIELD_STRING),
	F(struct event_expectation, met, FIELD_BOOL),
};

static const struct field error_fields[] = {
	F(struct event_error, text, FIELD_STRING),
	F(struct event_error, fix, FIELD_STRING),
	F(struct event_error, code, FIELD_COUNT),
};

static const struct field end_fields[] = {
	F(struct event_end, result, FIELD_RESULT), F(struct event_end, text, FIELD_STRING),
	F(struct event_end, signal, FIELD_COUNT),  F(struct event_end, met, FIELD_COUNT),
	F(struct event_end, unmet, FIELD_COUNT),   F(struct event_end, took_ns, FIELD_I64),
};

/* clang-format on */

static const struct schema schemas[EVENT_TYPE_COUNT] = {
	[EVENT_BEGIN] = { SCHEMA("begin", struct event_begin, begin_fields), .check = begin_check },
	[EVENT_BUILT] = { SCHEMA("built", struct event_built, built_fields) },
	[EVENT_NOTE] = { SCHEMA("note", struct event_note, note_fields) },
	[EVENT_STEP_BEGIN] = { SCHEMA("step-begin", struct event_step, step_fields) },
	[EVENT_STEP_END] = { SCHEMA("step-end", struct event_step, step_fields),
			     .have = HAS_ENDED },
	[EVENT_PACKET] = { SCHEMA("packet", struct event_packet, event_packet_fields) },
	[EVENT_HIT] = { SCHEMA("hit", struct event_hit, hit_fields) },
	[EVENT_RELEASE] = { SCHEMA("release", struct event_release, release_fields) },
	[EVENT_STATE] = { SCHEMA("state", struct event_state, state_fields) },
	[EVENT_FAULT] = { SCHEMA("fault", struct event_switch, switch_fields) },
	[EVENT_EXPECTATION] = { SCHEMA("expectation", struct event_expectation,
				       expectation_fields) },
	[EVENT_ERROR] = { SCHEMA("error", struct event_error, error_fields) },
	[EVENT_END] = { SCHEMA("end", struct event_end, end_fields) },
};

/* What all records have. */
static const struct field envelope_fields[] = {
	F(struct event, t_ns, FIELD_I64),
	F(struct event, host, FIELD_INDEX),
};

static const struct schema envelope = { SCHEMA("event", struct event, envelope_fields) };

const struct schema *event_envelope(void)
{
	return &envelope;
}

const struct schema *event_schema(int type)
{
	return type >= 0 && type < EVENT_TYPE_COUNT ? &schemas[type] : NULL;
}

bool field_applies(const struct schema *schema, const struct field *field, const void *object)
{
	if (!field->when)
		return true;
	return field->when & (schema->have_of ? schema->have_of(object) : schema->have);
}
