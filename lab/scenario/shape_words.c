// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/scenario/shape_words.h"

#include <errno.h>
#include <string.h>

#include "netns/cleanup.h"

enum { RATE_MIN = 8, LIMIT_MAX = 1000000 };

_Static_assert(offsetof(struct shape_words, spread) ==
		       offsetof(struct shape_words, delay) + sizeof(struct amount),
	       "VALUE_DELAY fills both");

/* the keys by name; spread is the jitter that delay names */
static const struct word {
	const char *name;
	size_t offset;
} words_of_shape[] = {
	{ "delay", offsetof(struct shape_words, delay) },
	{ "jitter", offsetof(struct shape_words, spread) },
	{ "jitter", offsetof(struct shape_words, jitter) },
	{ "distribution", offsetof(struct shape_words, distribution) },
	{ "loss", offsetof(struct shape_words, loss) },
	{ "duplicate", offsetof(struct shape_words, duplicate) },
	{ "reorder", offsetof(struct shape_words, reorder) },
	{ "corrupt", offsetof(struct shape_words, corrupt) },
	{ "rate", offsetof(struct shape_words, rate) },
	{ "limit", offsetof(struct shape_words, limit) },
};

static const struct amount *amount_at(const struct shape_words *words, size_t i)
{
	return (const struct amount *)((const char *)words + words_of_shape[i].offset);
}

static int time_check(struct reader *r, const struct node *value, const char *text, int64_t ns)
{
	if (ns <= SHAPE_DELAY_MAX)
		return 0;
	return reader_problem(r, value, NULL, "%.100s is too long; at most %ds", text,
			      (int)(SHAPE_DELAY_MAX / 1000000000));
}

static int delay_read(struct reader *r, const struct node *value, void *out)
{
	const char *text = reader_text(r, value);
	struct amount *delay = out, *spread = delay + 1;
	int64_t ns, jitter_ns;
	int err;

	if (!text)
		return -EINVAL;
	err = value_delay(text, &ns, &jitter_ns);
	if (err == -ERANGE)
		ns = INT64_MAX;
	else if (err)
		return -EDOM;
	if (time_check(r, value, text, ns > jitter_ns ? ns : jitter_ns))
		return -EINVAL;
	*delay = (struct amount){ true, ns };
	*spread = (struct amount){ jitter_ns >= 0, jitter_ns >= 0 ? jitter_ns : 0 };
	return 0;
}

const struct value_type VALUE_DELAY = {
	"delay", "a time of at most 60s such as 20ms, or with its jitter as in 20ms ± 5ms",
	delay_read, NULL
};

static int jitter_read(struct reader *r, const struct node *value, void *out)
{
	const char *text = reader_text(r, value);
	int64_t ns;
	int err;

	if (!text)
		return -EINVAL;
	err = value_duration(text, &ns);
	if (err == -ERANGE)
		ns = INT64_MAX;
	else if (err)
		return -EDOM;
	if (time_check(r, value, text, ns))
		return -EINVAL;
	*(struct amount *)out = (struct amount){ true, ns };
	return 0;
}

const struct value_type VALUE_JITTER = { "jitter", "a time of at most 60s such as 5ms", jitter_read,
					 NULL };

static int distribution_read(struct reader *r, const struct node *value, void *out)
{
	static const char *const names[] = {
		[JITTER_UNIFORM] = "uniform", [JITTER_NORMAL] = "normal"
	};
	const char *text = reader_text(r, value);

	if (!text)
		return -EINVAL;
	for (int i = 0; i < (int)ARRAY_SIZE(names); i++) {
		if (!strcmp(names[i], text)) {
			*(struct amount *)out = (struct amount){ true, i };
			return 0;
		}
	}
	return reader_unknown(r, value, "distribution", text, names, ARRAY_SIZE(names));
}

const struct value_type VALUE_DISTRIBUTION = { "distribution", "uniform or normal",
					       distribution_read, NULL };

static int share_read(struct reader *r, const struct node *value, void *out)
{
	const char *text = reader_text(r, value);
	uint32_t millionths;
	int err;

	if (!text)
		return -EINVAL;
	err = value_share(text, &millionths);
	if (err == -ERANGE)
		return reader_problem(r, value, NULL, "%.100s is too much; at most 100%%", text);
	if (err)
		return -EDOM;
	*(struct amount *)out = (struct amount){ true, millionths };
	return 0;
}

const struct value_type VALUE_SHARE = { "share",
					"a percentage from 0% to 100% such as 2% or 0.1%, with at "
					"most four decimals",
					share_read, NULL };

static int rate_read(struct reader *r, const struct node *value, void *out)
{
	const char *text = reader_text(r, value);
	int64_t bits;
	int err;

	if (!text)
		return -EINVAL;
	if (!strcmp(text, "none")) {
		*(struct amount *)out = (struct amount){ true, 0 };
		return 0;
	}
	err = value_rate(text, &bits);
	if (err == -ERANGE)
		return reader_problem(r, value, NULL, "%.100s is too much; at most 1tbit", text);
	if (err)
		return -EDOM;
	if (!bits)
		return reader_problem(r, value,
				      "rate: none is no bound; to let nothing pass, loss: 100%",
				      "a rate of %.100s would never pass anything on", text);
	if (bits < RATE_MIN)
		return reader_problem(r, value, NULL, "%.100s is too little; at least %dbit", text,
				      RATE_MIN);
	*(struct amount *)out = (struct amount){ true, bits };
	return 0;
}

const struct value_type VALUE_RATE = { "rate",
				       "bits per second such as 10mbit, 500kbit or 1gbit, or none",
				       rate_read, NULL };

static int limit_read(struct reader *r, const struct node *value, void *out)
{
	const char *text = reader_text(r, value);
	int64_t n;

	if (!text)
		return -EINVAL;
	if (value_int(text, 1, LIMIT_MAX, &n))
		return -EDOM;
	*(struct amount *)out = (struct amount){ true, n };
	return 0;
}

const struct value_type VALUE_LIMIT = { "number of packets", "1 to 1000000", limit_read, NULL };

bool shape_words_any(const struct shape_words *words)
{
	return shape_words_twice(words, words);
}

const char *shape_words_twice(const struct shape_words *a, const struct shape_words *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(words_of_shape); i++) {
		if (amount_at(a, i)->set && amount_at(b, i)->set)
			return words_of_shape[i].name;
	}
	return NULL;
}

void shape_words_add(struct shape_words *words, const struct shape_words *more)
{
	for (size_t i = 0; i < ARRAY_SIZE(words_of_shape); i++) {
		if (amount_at(more, i)->set)
			*(struct amount *)amount_at(words, i) = *amount_at(more, i);
	}
}

static void number_put(const struct amount *amount, int64_t *ret)
{
	if (amount->set)
		*ret = amount->n;
}

static void share_put(const struct amount *amount, uint32_t *ret)
{
	if (amount->set)
		*ret = (uint32_t)amount->n;
}

/* What is named changes, what is not stays. */
static void words_put(const struct shape_words *words, struct shape *shape)
{
	number_put(&words->delay, &shape->delay_ns);
	number_put(&words->spread, &shape->jitter_ns);
	number_put(&words->jitter, &shape->jitter_ns);
	if (words->distribution.set)
		shape->distribution = (enum jitter)words->distribution.n;
	share_put(&words->loss, &shape->loss);
	share_put(&words->duplicate, &shape->duplicate);
	share_put(&words->reorder, &shape->reorder);
	share_put(&words->corrupt, &shape->corrupt);
	number_put(&words->rate, &shape->rate);
	number_put(&words->limit, &shape->limit);
}

int shape_words_check(struct reader *r, const struct node *at, const struct shape_words *words,
		      const struct shape *before, struct shape *ret)
{
	struct shape shape = before ? *before : (struct shape){ 0 };

	words_put(words, &shape);
	if (words->jitter.set && words->spread.set)
		return reader_problem(r, at, NULL,
				      "jitter is given twice: by itself and behind the delay's ±");
	if (words->jitter.n && !words->delay.set && !shape.delay_ns)
		return reader_problem(r, at, NULL, "jitter needs a delay that it can vary");
	if (words->distribution.set && !shape.jitter_ns)
		return reader_problem(r, at, NULL, "distribution needs a jitter");
	if (shape.reorder && !shape.delay_ns)
		return reader_problem(r, at, NULL,
				      "reorder needs a delay: without one there is nobody to overtake");
	if (words->limit.set && !shape.delay_ns && !shape.rate)
		return reader_problem(r, at, NULL,
				      "limit needs a delay or a rate: without, no packet is held");
	*ret = shape;
	return 0;
}
