/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes wrong with which packets, as plain data. Nothing here talks to the kernel. */
#ifndef NSLAB_IMPAIR_FAULT_H
#define NSLAB_IMPAIR_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "netns/err.h"

/*
 * Kinds of TCP segment, a bit each; they do not exclude each other (data with FIN is both).
 * SEG_ANY stands for all TCP segments. No bit set: the kind does not matter, nor the protocol.
 */
enum segment {
	SEG_SYN = 1 << 0,     /* SYN without ACK */
	SEG_SYN_ACK = 1 << 1, /* SYN with ACK */
	SEG_ACK = 1 << 2,     /* ACK and nothing else, no payload */
	SEG_DATA = 1 << 3,    /* payload, neither SYN nor RST */
	SEG_FIN = 1 << 4,
	SEG_RST = 1 << 5,     /* with or without ACK */
	SEG_ECN_SYN = 1 << 6, /* SYN without ACK that asks for ECN: ECE and CWR (RFC 3168, 6.1.1) */
	SEG_ANY = 1 << 7,
};

/** segment_from_name() - SEG_… for "syn", "syn-ack" …; 0 for an unknown word */
unsigned segment_from_name(const char *name);

/** segment_name() - the word for one SEG_ bit; segment_name_at() walks them all, NULL at the end */
const char *segment_name(unsigned bit);
const char *segment_name_at(int i);

/**
 * segment_classify() - which kinds a TCP segment is of
 * @flags: the TCP header's flag byte (FIN 0x01, SYN 0x02, RST 0x04, PSH 0x08, ACK 0x10, URG 0x20,
 *         ECE 0x40, CWR 0x80)
 * @payload: bytes behind the TCP header
 * Return: SEG_ bits; SEG_ANY is always among them
 */
unsigned segment_classify(uint8_t flags, uint32_t payload);

/**
 * struct packet_match - which packets are meant
 * @from, @to: index of the host that has the source (destination) address, -1 for any
 * @protocol: IPPROTO_TCP, _UDP, _ICMP (which means ICMPv6 on IPv6), 0 for any
 * @sport, @dport: host byte order, 0 for any; only with TCP and UDP
 * @segments: SEG_ bits, any one of them suffices; 0 where the kind does not matter
 */
struct packet_match {
	int from, to;
	int protocol;
	uint16_t sport, dport;
	unsigned segments;
};

/** enum fault_pick - which of the matching packets, counted while the fault is on, from 1 */
enum fault_pick {
	PICK_ALL,
	PICK_NTH,    /* the n-th only */
	PICK_FIRST,  /* the first n */
	PICK_EVERY,  /* the n-th, 2n-th, 3n-th … */
	PICK_CHANCE, /* each with a probability of n in a million, see chance_decide() */
};

struct action;
struct stateful;

/**
 * struct holding - what an action that holds packets asks for one of them
 * @delay_ns: how long it waits
 * @copies: how many more of it are sent behind it
 * @overtaken: it waits until the next packet of its lane has gone by, at most @delay_ns
 */
struct holding {
	int64_t delay_ns;
	unsigned copies;
	bool overtaken;
};

/**
 * struct fault - one thing that goes wrong at one host
 * @name: 1 to 63 of [A-Za-z0-9_.-], starting with a letter; also the name of its counter
 * @host: index of the host at which it acts
 * @n: for @pick, at least 1; for PICK_CHANCE millionths, at most 1000000
 * @per_connection: count for each connection by itself: the two addresses and ports, whichever way round
 * @action: what is done; @kind is the action's own (for reject the word's index)
 * @delay_ns: of actions that take a time
 * @families: bit 0 IPv4, bit 1 IPv6: where the action has a meaning; set by action_parse()
 * @active: whether it is on from the start
 * @stateful: what a stateful firewall lets pass is not hit, see impair/stateful.h; NULL for none; owned
 */
struct fault {
	char *name;
	int host;
	struct packet_match match;
	enum fault_pick pick;
	uint32_t n;
	bool per_connection;
	const struct action *action;
	int kind;
	int64_t delay_ns;
	unsigned families;
	bool active;
	struct stateful *stateful;
};

/**
 * chance_seed() - the 32-bit seed of everything that is left to chance under one name
 * @seed: of the run; @name: of the fault, or of a direction of a link
 */
uint32_t chance_seed(int64_t seed, const char *name);

/** chance_bits() - 32 bits of chance for the @n-th, all that chance_decide() is made of */
uint32_t chance_bits(uint32_t seed, uint32_t n);

/**
 * chance_decide() - is the @n-th one chosen? A function of its arguments, on every kernel
 * The same as nf_tables' "numgen inc | jhash mod 1000000": Bob Jenkins' lookup3 of @n, scaled.
 * @n: counts from 0; @millionths: the probability
 */
bool chance_decide(uint32_t seed, uint32_t n, uint32_t millionths);

struct nftnl_rule;

/**
 * struct action - a row of the table of things that can be done to a packet
 * @name: the first word of ``action:``
 * @syntax: what may follow, for messages: "reject tcp-reset|net-unreachable|…"
 * @help: one sentence
 * @later: NULL, or why it cannot be used yet
 * @past: what the timeline says of a packet: "dropped"
 * @parse: reads the rest of the text behind the name into @fault->kind and ->families. @families:
 *         bit 0 IPv4, bit 1 IPv6, those of the case. Returns 0, -EINVAL with a message, or
 *         -EAFNOSUPPORT if the word exists only in families that the case does not have
 * @text: writes "reject host-unreachable"; NULL where the name says it all
 * @hold: whether packets pass a queue in user space (delayline.h), and what becomes of them there; then
 *        they go on to the next fault, or meet @emit's verdict if there is one. NULL: they do not
 * @emit: appends the verdict to a rule for packets of family @fam (FAM4, FAM6); 0 or -errno; NULL
 *        for actions that only hold
 */
struct action {
	const char *name;
	const char *syntax;
	const char *help;
	const char *later;
	const char *past;
	int (*parse)(const char *rest, unsigned families, struct fault *fault, struct lab_err *err);
	const char *(*text)(const struct fault *fault, char *buf, unsigned long size);
	bool (*hold)(const struct fault *fault, struct holding *ret_holding);
	int (*emit)(struct nftnl_rule *rule, const struct fault *fault, int fam);
};

/** action_at() - the table's rows, NULL behind the last */
const struct action *action_at(int i);

/**
 * action_parse() - read "drop" or "reject host-unreachable" into @fault
 * Return: 0; -EINVAL (the message says what was found and what there is); -EAFNOSUPPORT (see
 * struct action); -ENOSYS for one that is known but not available yet
 */
int action_parse(const char *text, unsigned families, struct fault *fault, struct lab_err *err);

/**
 * fault_picks_number() - is the @n-th matching packet (from 1) one that the fault means?
 * @seed: chance_seed() of the fault
 * The rules of nf_tables decide the same.
 */
bool fault_picks_number(const struct fault *fault, uint32_t seed, uint32_t n);

/** fault_hold() - does the fault's action need a queue (see struct action)? @ret_holding may be NULL */
bool fault_hold(const struct fault *fault, struct holding *ret_holding);

/** action_rejects_with_reset() - whether the action answers with a TCP RST, so needs a TCP match */
bool action_rejects_with_reset(const struct fault *fault);

/** action_text() - "reject host-unreachable" again, for display; returns @buf */
const char *action_text(const struct fault *fault, char *buf, unsigned long size);

#endif
