// SPDX-License-Identifier: GPL-2.0-or-later
#include "impair/fault.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "impair/action.h"
#include "impair/duration.h"
#include "impair/shape.h"
#include "netns/cleanup.h"

static const struct {
	unsigned bit;
	const char *name;
} segments[] = {
	{ SEG_SYN, "syn" },	    { SEG_SYN_ACK, "syn-ack" }, { SEG_ACK, "ack" },
	{ SEG_DATA, "data" },	    { SEG_FIN, "fin" },		{ SEG_RST, "rst" },
	{ SEG_ECN_SYN, "ecn-syn" }, { SEG_ANY, "any" },
};

unsigned segment_from_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(segments); i++) {
		if (!strcmp(segments[i].name, name))
			return segments[i].bit;
	}
	return 0;
}

const char *segment_name(unsigned bit)
{
	for (size_t i = 0; i < ARRAY_SIZE(segments); i++) {
		if (segments[i].bit == bit)
			return segments[i].name;
	}
	return NULL;
}

const char *segment_name_at(int i)
{
	return i >= 0 && (size_t)i < ARRAY_SIZE(segments) ? segments[i].name : NULL;
}

unsigned segment_classify(uint8_t flags, uint32_t payload)
{
	bool fin = flags & 0x01, syn = flags & 0x02, rst = flags & 0x04, ack = flags & 0x10;
	unsigned kinds = SEG_ANY;

	if (syn)
		kinds |= ack ? SEG_SYN_ACK : SEG_SYN;
	if ((flags & 0xd2) == 0xc2)
		kinds |= SEG_ECN_SYN;
	if (fin)
		kinds |= SEG_FIN;
	if (rst)
		kinds |= SEG_RST;
	if (payload && !syn && !rst)
		kinds |= SEG_DATA;
	/* ECE and CWR (0xc0) ride on any segment and do not make it another kind */
	if ((flags & 0x3f) == 0x10 && !payload)
		kinds |= SEG_ACK;
	return kinds;
}

uint32_t chance_seed(int64_t seed, const char *name)
{
	uint32_t h = 0x811c9dc5; /* FNV-1a */

	for (int i = 0; i < 8; i++)
		h = (h ^ (uint8_t)((uint64_t)seed >> 8 * i)) * 0x01000193;
	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 0x01000193;
	return h;
}

static uint32_t rotate(uint32_t x, int bits)
{
	return x << bits | x >> (32 - bits);
}

/* lookup3's hash of one word, as the kernel's jhash(key, 4, seed) has it (include/linux/jhash.h). */
uint32_t chance_bits(uint32_t seed, uint32_t word)
{
	uint32_t a = 0xdeadbeef + 4 + seed, b = a, c = a;

	a += word;
	c = (c ^ b) - rotate(b, 14);
	a = (a ^ c) - rotate(c, 11);
	b = (b ^ a) - rotate(a, 25);
	c = (c ^ b) - rotate(b, 16);
	a = (a ^ c) - rotate(c, 4);
	b = (b ^ a) - rotate(a, 14);
	return (c ^ b) - rotate(b, 24);
}

bool chance_decide(uint32_t seed, uint32_t n, uint32_t millionths)
{
	/* the kernel's reciprocal_scale() */
	return ((uint64_t)chance_bits(seed, n) * 1000000 >> 32) < millionths;
}

bool fault_hold(const struct fault *fault, struct holding *ret_holding)
{
	struct holding holding = { 0 };

	return fault->action->hold && fault->action->hold(fault, ret_holding ?: &holding);
}

bool fault_picks_number(const struct fault *fault, uint32_t seed, uint32_t n)
{
	switch (fault->pick) {
	case PICK_ALL:
		return true;
	case PICK_NTH:
		return n == fault->n;
	case PICK_FIRST:
		return n <= fault->n;
	case PICK_EVERY:
		return n % fault->n == 0;
	case PICK_CHANCE:
		return chance_decide(seed, n - 1, fault->n);
	}
	return false;
}

static const struct action *const actions[] = {
	&ACTION_DROP, &ACTION_REJECT, &ACTION_DELAY, &ACTION_DUPLICATE, &ACTION_REORDER,
};

const struct action *action_at(int i)
{
	return i >= 0 && (size_t)i < ARRAY_SIZE(actions) ? actions[i] : NULL;
}

int action_duration(const char *word, const char *text, int64_t *ret_ns, struct lab_err *err)
{
	if (duration_parse(text, ret_ns) < 0)
		return lab_err_set(err, EINVAL,
				   "'%s %.60s': expected a time, such as 250ms or 4s, found '%.60s'",
				   word, text, text);
	if (*ret_ns <= 0 || *ret_ns > SHAPE_DELAY_MAX)
		return lab_err_set(err, EINVAL,
				   "'%s %.60s': the time must be more than 0 and at most a minute",
				   word, text);
	return 0;
}

int action_parse(const char *text, unsigned families, struct fault *fault, struct lab_err *err)
{
	size_t len = strcspn(text, " ");

	fault->action = NULL;
	fault->families = families;
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		const struct action *action = actions[i];

		if (strlen(action->name) == len && !strncmp(action->name, text, len)) {
			if (action->later)
				return lab_err_set(err, ENOSYS,
						   "action '%s' is not available yet: %s",
						   action->name, action->later);
			fault->action = action;
			text += len;
			text += strspn(text, " ");
			return action->parse(text, families, fault, err);
		}
	}
	return lab_err_set(
		err, EINVAL,
		"unknown action '%.*s'; expected drop, or reject and a word such as tcp-reset",
		(int)len, text);
}

const char *action_text(const struct fault *fault, char *buf, unsigned long size)
{
	if (!fault->action)
		snprintf(buf, size, "?");
	else if (fault->action->text)
		return fault->action->text(fault, buf, size);
	else
		snprintf(buf, size, "%s", fault->action->name);
	return buf;
}
