// SPDX-License-Identifier: GPL-2.0-or-later
/* Which members each record has: the tables that all the rest of the event layer follows. */
#include "lab/event/event_field.h"
#include "netns/cleanup.h"

/* clang-format off: macros in one form */
#define F_NAME(name_, type, member, kind_, text_)                    \
	.name = name_, .name_len = sizeof(name_) - 1, .kind = kind_, \
	.offset = offsetof(type, member), .text = text_
#define F(type, member, kind_, text_)                       \
	{                                                   \
		F_NAME(#member, type, member, kind_, text_) \
	}
#define F_NAMED(type, name_, member, kind_, text_)        \
	{                                                 \
		F_NAME(name_, type, member, kind_, text_) \
	}
#define F_WHEN(type, member, kind_, when_, text_)                          \
	{                                                                  \
		F_NAME(#member, type, member, kind_, text_), .when = when_ \
	}
#define F_MANY(type, member, kind_, of_, text_)                                                   \
	{                                                                                         \
		F_NAME(#member, type, member, kind_, text_), .count = offsetof(type, n_##member), \
							     .of = of_                            \
	}
#define F_OBJECT(type, member, of_, text_)                                    \
	{                                                                     \
		F_NAME(#member, type, member, FIELD_OBJECT, text_), .of = of_ \
	}
#define SCHEMA(name_, text_, type, fields_)                                    \
	.name = name_, .text = text_, .size = sizeof(type), .fields = fields_, \
	.n = ARRAY_SIZE(fields_)
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
	F(struct packet, protocol, FIELD_PROTOCOL,
	  "protocol, by its word or number; 44 for a fragment that is not the first, also on IPv4"),
	F(struct packet, src, FIELD_ADDRESS, "source address"),
	F(struct packet, dst, FIELD_ADDRESS, "destination address"),
	F(struct packet, ttl, FIELD_U8, "hops left: time to live, or IPv6's hop limit"),
	F(struct packet, id, FIELD_U16, "IPv4 identification; 0 for IPv6"),
	F(struct packet, ip_len, FIELD_U32, "bytes of the whole packet, from the IP header on"),
	F_WHEN(struct packet, icmp_type, FIELD_U8, HAS_ICMP, "ICMP's type"),
	F_WHEN(struct packet, icmp_code, FIELD_U8, HAS_ICMP, "ICMP's code"),
	F_WHEN(struct packet, inner, FIELD_BOOL, HAS_ICMP,
	       "an ICMP error that quotes a TCP or UDP packet"),
	F_WHEN(struct packet, inner_protocol, FIELD_PROTOCOL, HAS_QUOTE,
	       "protocol of the quoted packet"),
	F_WHEN(struct packet, sport, FIELD_U16, HAS_PORTS,
	       "source port; of the quoted packet if it quotes one"),
	F_WHEN(struct packet, dport, FIELD_U16, HAS_PORTS,
	       "destination port; of the quoted packet if it quotes one"),
	F_WHEN(struct packet, flags, FIELD_FLAGS, HAS_TCP,
	       "TCP flags that are set: FIN, SYN, RST, PSH, ACK, URG, ECE, CWR (W)"),
	F_WHEN(struct packet, seq, FIELD_U32, HAS_SEQ,
	       "sequence number as on the wire, not relative"),
	F_WHEN(struct packet, ack, FIELD_U32, HAS_TCP, "acknowledgement number as on the wire"),
	F_WHEN(struct packet, window, FIELD_U16, HAS_TCP, "window as on the wire, not scaled"),
	F_WHEN(struct packet, payload, FIELD_U32, HAS_PAYLOAD,
	       "bytes behind the TCP or UDP header; for other protocols behind the IP headers"),
};

static const struct schema packet_schema = {
	SCHEMA("headers", "headers of a packet", struct packet, packet_fields),
	.have_of = packet_has,
};

static const struct field fault_info_fields[] = {
	F(struct event_fault_info, name, FIELD_STRING, "as the scenario calls it"),
	F(struct event_fault_info, host, FIELD_INDEX,
	  "where it acts: index into hosts; absent for one that is at no host"),
	F(struct event_fault_info, text, FIELD_STRING, "what it does, for people"),
	F(struct event_fault_info, active, FIELD_BOOL, "whether it is on from the start"),
};

static const struct schema fault_info_schema = {
	SCHEMA("fault-info", "a fault of the scenario", struct event_fault_info, fault_info_fields),
};

static const struct field link_info_fields[] = {
	F_NAMED(struct event_link_info, "a_host", host[0], FIELD_INDEX,
		"host at end a: index into hosts"),
	F_NAMED(struct event_link_info, "a_ifname", ifname[0], FIELD_STRING, "its interface"),
	F_NAMED(struct event_link_info, "a_addr4", addr4[0], FIELD_STRING,
		"its IPv4 address, or empty"),
	F_NAMED(struct event_link_info, "a_addr6", addr6[0], FIELD_STRING,
		"its IPv6 address, or empty"),
	F_NAMED(struct event_link_info, "a_shape", shape[0], FIELD_STRING,
		"what happens to packets that leave end a, for people; empty if nothing"),
	F_NAMED(struct event_link_info, "b_host", host[1], FIELD_INDEX,
		"host at end b: index into hosts"),
	F_NAMED(struct event_link_info, "b_ifname", ifname[1], FIELD_STRING, "its interface"),
	F_NAMED(struct event_link_info, "b_addr4", addr4[1], FIELD_STRING,
		"its IPv4 address, or empty"),
	F_NAMED(struct event_link_info, "b_addr6", addr6[1], FIELD_STRING,
		"its IPv6 address, or empty"),
	F_NAMED(struct event_link_info, "b_shape", shape[1], FIELD_STRING,
		"what happens to packets that leave end b, for people; empty if nothing"),
};

static const struct schema link_info_schema = {
	SCHEMA("link-info", "a wire between two hosts, its ends a and b", struct event_link_info,
	       link_info_fields),
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
	F(struct event_begin, version, FIELD_VERSION,
	  "of this format; a reader refuses other versions"),
	F(struct event_begin, nslab, FIELD_STRING, "version of the program"),
	F(struct event_begin, kernel, FIELD_STRING, "as uname -r prints it"),
	F(struct event_begin, scenario, FIELD_STRING, "name of the scenario"),
	F(struct event_begin, name, FIELD_STRING,
	  "name of the case: the scenario, and in brackets the values that make the case"),
	F(struct event_begin, file, FIELD_STRING,
	  "the scenario's file; lines in other records are lines of it"),
	F(struct event_begin, title, FIELD_STRING, "one sentence"),
	F(struct event_begin, story, FIELD_STRING, "what happens"),
	F(struct event_begin, remedy, FIELD_STRING, "what to do about it"),
	F(struct event_begin, set, FIELD_STRING, "parameters of the case; empty if there are none"),
	F(struct event_begin, repeat, FIELD_STRING, "the command line that repeats the run"),
	F(struct event_begin, seed, FIELD_I64, "what probability and shaped links are decided by"),
	F(struct event_begin, disarmed, FIELD_BOOL, "--disarm: faults count, but let pass"),
	F(struct event_begin, inverted, FIELD_COUNT,
	  "--invert: number of the expectation that was turned round; 0 for none"),
	F(struct event_begin, shaper, FIELD_STRING,
	  "what shapes links: netem, queue; empty where no link has a shape"),
	F(struct event_begin, root, FIELD_BOOL,
	  "with the machine's root; else in a user namespace"),
	F(struct event_begin, wall_ns, FIELD_I64,
	  "time 0 as wall-clock time, in ns since 1970-01-01 UTC"),
	F_MANY(struct event_begin, hosts, FIELD_STRINGS, NULL,
	       "names; other records mean them by index, from 0"),
	F_MANY(struct event_begin, faults, FIELD_LIST, &fault_info_schema,
	       "what may go wrong with packets"),
	F_MANY(struct event_begin, links, FIELD_LIST, &link_info_schema, "the wires between hosts"),
};

static const struct field built_fields[] = {
	F(struct event_built, build_ns, FIELD_I64,
	  "how long it took, in ns: namespaces, links and faults"),
};

static const struct field note_fields[] = {
	F(struct event_note, text, FIELD_STRING, "the note"),
};

enum { HAS_ENDED = 1 << 0 };

static const struct field step_fields[] = {
	F(struct event_step, number, FIELD_COUNT, "of the step, from 1, in the order of the file"),
	F(struct event_step, line, FIELD_COUNT, "of the file"),
	F(struct event_step, text, FIELD_STRING, "the step, for people"),
	F(struct event_step, background, FIELD_BOOL, "the next step does not wait for this one"),
	F_WHEN(struct event_step, error, FIELD_STRING, HAS_ENDED,
	       "none, deadline (the program gave up), eof, or the name of the errno or of getaddrinfo's error"),
	F_WHEN(struct event_step, took_ns, FIELD_I64, HAS_ENDED,
	       "from the step's own begin to its own end, in ns"),
	F_WHEN(struct event_step, bytes, FIELD_I64_NONE, HAS_ENDED,
	       "bytes of payload that it moved; absent for a step that moves none"),
	F_WHEN(struct event_step, exit, FIELD_I64_NONE, HAS_ENDED,
	       "exit status of a program, 128 and the signal if one ended it; absent for a step that runs none"),
	F_WHEN(struct event_step, eof, FIELD_BOOL, HAS_ENDED,
	       "the other side's end of stream was read"),
	F_WHEN(struct event_step, detail, FIELD_STRING, HAS_ENDED, "more for the reader, or empty"),
};

static const struct field output_fields[] = {
	F(struct event_output, number, FIELD_COUNT, "of the step that runs the program"),
	F(struct event_output, stream, FIELD_STRING, "stdout or stderr"),
	F(struct event_output, text, FIELD_STRING,
	  "the line, without its end; one of more than 1000 bytes is cut into several"),
};

static const struct field event_packet_fields[] = {
	F(struct event_packet, ifname, FIELD_STRING, "interface of the host"),
	F(struct event_packet, out, FIELD_BOOL, "it left; else it arrived"),
	F(struct event_packet, made_here, FIELD_BOOL,
	  "it left, and the host itself made it: it did not pass it on"),
	F(struct event_packet, from, FIELD_INDEX,
	  "host that has the source address: index into hosts; absent if none has"),
	F(struct event_packet, to, FIELD_INDEX,
	  "host that has the destination address: index into hosts; absent if none has"),
	F(struct event_packet, retry, FIELD_COUNT,
	  "0 the first time, n for the n-th retransmission, by what this host sent before"),
	F(struct event_packet, since_ns, FIELD_I64,
	  "ns since the first transmission, 0 the first time"),
	F(struct event_packet, held_ns, FIELD_I64_NONE,
	  "how long the link held it, in ns; absent where nobody held it"),
	F_OBJECT(struct event_packet, packet, &packet_schema, "its headers"),
	F(struct event_packet, bytes, FIELD_BYTES,
	  "its first bytes, from the IP header on; absent if the run did not keep them"),
};

static const struct field hit_fields[] = {
	F(struct event_hit, fault, FIELD_STRING,
	  "its name; the direction where a link lost the packet"),
	F(struct event_hit, past, FIELD_STRING,
	  "what it did: dropped, rejected, lost; let pass under --disarm"),
	F(struct event_hit, from, FIELD_INDEX,
	  "host that has the source address: index into hosts; absent if none has"),
	F(struct event_hit, to, FIELD_INDEX,
	  "host that has the destination address: index into hosts; absent if none has"),
	F_OBJECT(struct event_hit, packet, &packet_schema, "its headers"),
	F(struct event_hit, bytes, FIELD_BYTES, "its first bytes, as in the record packet"),
};

static const struct field release_fields[] = {
	F(struct event_release, fault, FIELD_STRING, "its name"),
	F(struct event_release, past, FIELD_STRING,
	  "what it did: delayed, duplicated, reordered, lost with the link"),
	F(struct event_release, from, FIELD_INDEX,
	  "host that has the source address: index into hosts; absent if none has"),
	F(struct event_release, to, FIELD_INDEX,
	  "host that has the destination address: index into hosts; absent if none has"),
	F(struct event_release, asked_ns, FIELD_I64_NONE,
	  "how long it was to be held, in ns; absent where that is not a time"),
	F(struct event_release, waited_ns, FIELD_I64, "how long it was held, in ns"),
	F_OBJECT(struct event_release, packet, &packet_schema, "its headers"),
};

static const struct field state_fields[] = {
	F(struct event_state, socket, FIELD_STRING, "its name in the scenario, or empty"),
	F(struct event_state, local, FIELD_STRING, "local address and port"),
	F(struct event_state, remote, FIELD_STRING, "remote address and port"),
	F(struct event_state, old, FIELD_STRING, "state before; empty the first time"),
	F(struct event_state, new, FIELD_STRING, "state now, as RFC 9293 and ss write it"),
	F(struct event_state, sampled, FIELD_BOOL,
	  "seen by looking: the change may be up to 5 ms older than t_ns"),
};

static const struct field switch_fields[] = {
	F(struct event_switch, fault, FIELD_STRING, "its name"),
	F(struct event_switch, on, FIELD_BOOL, "on from now; else off"),
};

static const struct field expectation_fields[] = {
	F(struct event_expectation, number, FIELD_COUNT, "from 1, in the order of the file"),
	F(struct event_expectation, line, FIELD_COUNT, "of the file"),
	F(struct event_expectation, col, FIELD_COUNT, "of the file"),
	F(struct event_expectation, text, FIELD_STRING, "what it is about"),
	F(struct event_expectation, expected, FIELD_STRING, "what should be"),
	F(struct event_expectation, observed, FIELD_STRING, "what was"),
	F(struct event_expectation, met, FIELD_BOOL, "whether they agree"),
};

static const struct field error_fields[] = {
	F(struct event_error, text, FIELD_STRING,
	  "what was tried, the errno, and the kernel's own words"),
	F(struct event_error, fix, FIELD_STRING, "what to do about it, or empty"),
	F(struct event_error, code, FIELD_COUNT, "errno"),
};

static const struct field stands_fields[] = {
	F(struct event_stands, lab, FIELD_STRING,
	  "by which nslab shell, exec, fault, down and the others know it"),
};

static const struct field end_fields[] = {
	F(struct event_end, result, FIELD_RESULT, "what the run came to"),
	F(struct event_end, text, FIELD_STRING,
	  "why, if it was skipped, interrupted, ran out of time or went wrong; else empty"),
	F(struct event_end, signal, FIELD_COUNT, "that interrupted it: 2 or 15; else 0"),
	F(struct event_end, met, FIELD_COUNT, "number of expectations that were met"),
	F(struct event_end, unmet, FIELD_COUNT, "number of those that were not"),
	F(struct event_end, took_ns, FIELD_I64,
	  "from time 0, when the lab stood, to the end, in ns"),
};

static const struct schema schemas[EVENT_TYPE_COUNT] = {
	[EVENT_BEGIN] = { SCHEMA("begin", "what will be run, and on what; always the first record",
				 struct event_begin, begin_fields),
			  .check = begin_check },
	[EVENT_BUILT] = { SCHEMA("built", "the lab stands", struct event_built, built_fields) },
	[EVENT_NOTE] = { SCHEMA("note", "something the reader should know", struct event_note,
				note_fields) },
	[EVENT_STEP_BEGIN] = { SCHEMA("step-begin", "a step of the scenario begins",
				      struct event_step, step_fields) },
	[EVENT_STEP_END] = { SCHEMA("step-end", "a step ended", struct event_step, step_fields),
			     .have = HAS_ENDED },
	[EVENT_OUTPUT] = { SCHEMA("output", "a program printed a line", struct event_output,
				  output_fields) },
	[EVENT_PACKET] = { SCHEMA("packet", "a packet left a host or arrived at one",
				  struct event_packet, event_packet_fields) },
	[EVENT_HIT] = { SCHEMA("hit", "a fault acted on a packet", struct event_hit, hit_fields) },
	[EVENT_RELEASE] = { SCHEMA("release",
				   "a fault let a packet go on that it had held, or sent a second one",
				   struct event_release, release_fields) },
	[EVENT_STATE] = { SCHEMA("state", "a socket's TCP state was seen to have changed",
				 struct event_state, state_fields) },
	[EVENT_FAULT] = { SCHEMA("fault", "a fault was switched on or off", struct event_switch,
				 switch_fields) },
	[EVENT_EXPECTATION] = { SCHEMA("expectation", "an expectation was judged",
				       struct event_expectation, expectation_fields) },
	[EVENT_ERROR] = { SCHEMA("error", "the lab itself failed", struct event_error,
				 error_fields) },
	[EVENT_STANDS] = { SCHEMA("stands", "the lab stays, also when its run is over",
				  struct event_stands, stands_fields) },
	[EVENT_END] = { SCHEMA("end", "what the run came to; the last record unless it was killed",
			       struct event_end, end_fields) },
};

/* What all records have. */
static const struct field envelope_fields[] = {
	F(struct event, t_ns, FIELD_I64,
	  "ns since time 0 of the run; negative while the lab is built"),
	F(struct event, host, FIELD_INDEX,
	  "where it happened: index into hosts of the begin record; absent for the lab itself"),
};

static const struct schema envelope = {
	SCHEMA("event", "what all records have", struct event, envelope_fields),
};

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
