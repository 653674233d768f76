/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of a link's shape, wherever they stand: delay, jitter, loss, rate … */
#ifndef NSLAB_SCENARIO_SHAPE_WORDS_H
#define NSLAB_SCENARIO_SHAPE_WORDS_H

#include "lab/scenario/reader.h"

/** struct amount - a number that may have been left out */
struct amount {
	bool set;
	int64_t n;
};

/**
 * struct shape_words - what the keys say
 * @spread: the jitter that ``delay: 20ms ± 5ms`` names; @jitter is the key's own
 */
struct shape_words {
	struct amount delay, spread, jitter, distribution;
	struct amount loss, duplicate, reorder, corrupt;
	struct amount rate, limit;
};

extern const struct value_type VALUE_DELAY;	   /* struct amount [2]: delay and spread, ns */
extern const struct value_type VALUE_JITTER;	   /* struct amount, ns */
extern const struct value_type VALUE_DISTRIBUTION; /* struct amount: enum jitter */
extern const struct value_type VALUE_SHARE;	   /* struct amount, millionths */
extern const struct value_type VALUE_RATE;	   /* struct amount, bits per second */
extern const struct value_type VALUE_LIMIT;	   /* struct amount */

/* what a row says where the key is left out: the value itself, or that nothing changes */
#define SHAPE_IS(value_)    value_
#define SHAPE_STAYS(value_) "stays"

/* clang-format off */
#define SHAPE_ROW(name_, type_, struct_, field_, def_, example_, help_) \
	{ .name = #name_, .type = &(type_), .offset = offsetof(struct_, field_.name_), \
	  .def = def_, .example = example_, .help = help_ }

/* rows of a key table; @struct_ has a struct shape_words called @field_, @def_ is one of the two above */
#define SHAPE_ROWS(struct_, field_, def_) \
	SHAPE_ROW(delay, VALUE_DELAY, struct_, field_, def_("0"), "20ms ± 5ms", \
		  "hold each packet that long; with a jitter behind ± or +-"), \
	SHAPE_ROW(jitter, VALUE_JITTER, struct_, field_, def_("0"), "5ms", \
		  "vary the delay around its mean; cut to the delay if it is more"), \
	SHAPE_ROW(distribution, VALUE_DISTRIBUTION, struct_, field_, def_("uniform"), "normal", \
		  "of the jitter: uniform (delay ± jitter, each as likely) or normal " \
		  "(jitter is the standard deviation)"), \
	SHAPE_ROW(loss, VALUE_SHARE, struct_, field_, def_("0%"), "2%", \
		  "lose that share of the packets; which, --seed decides"), \
	SHAPE_ROW(duplicate, VALUE_SHARE, struct_, field_, def_("0%"), "1%", \
		  "send that share of the packets twice"), \
	SHAPE_ROW(reorder, VALUE_SHARE, struct_, field_, def_("0%"), "25%", \
		  "let that share of the packets go without the delay, so that they overtake; " \
		  "needs a delay"), \
	SHAPE_ROW(corrupt, VALUE_SHARE, struct_, field_, def_("0%"), "0.1%", \
		  "flip a bit in that share of the packets"), \
	SHAPE_ROW(rate, VALUE_RATE, struct_, field_, def_("none"), "10mbit", \
		  "pass on at most that many bits in a second, counted from the IP header on; " \
		  "none for no bound"), \
	SHAPE_ROW(limit, VALUE_LIMIT, struct_, field_, def_("1000"), "100", \
		  "packets that delay and rate hold at a time; what comes beyond is dropped")
/* clang-format on */

/** shape_words_any() - is any of the keys there? */
bool shape_words_any(const struct shape_words *words);

/** shape_words_twice() - the first key that both have, NULL if there is none */
const char *shape_words_twice(const struct shape_words *a, const struct shape_words *b);

/** shape_words_add() - put what @more has into @words */
void shape_words_add(struct shape_words *words, const struct shape_words *more);

/**
 * shape_words_check() - what the keys make of a shape; and what no single key can tell: a jitter without
 * a delay …
 * @at: where to report
 * @before: what the words do not name stays as it is there; NULL for a plain wire
 * @ret: filled, unless something is wrong
 * Return: 0, or -EINVAL after reporting
 */
int shape_words_check(struct reader *r, const struct node *at, const struct shape_words *words,
		      const struct shape *before, struct shape *ret);

#endif
