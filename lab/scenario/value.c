// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/scenario/value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "impair/duration.h"

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

#define BYTES_MAX (INT64_C(1) << 30)
#define RATE_MAX  INT64_C(1000000000000)

/* struct suffix - a unit and what it stands for */
struct suffix {
	const char *text;
	int64_t factor;
};

static const struct suffix BYTES_SUFFIXES[] = {
	{ "", 1 },
	{ "B", 1 },
	{ "kB", 1000 },
	{ "KiB", 1024 },
	{ "MB", 1000 * 1000 },
	{ "MiB", 1024 * 1024 },
	{ "GB", 1000 * 1000 * 1000 },
	{ "GiB", 1024 * 1024 * 1024 },
	{ NULL, 0 },
};

static const struct suffix RATE_SUFFIXES[] = {
	{ "bit", 1 },
	{ "kbit", 1000 },
	{ "mbit", 1000 * 1000 },
	{ "gbit", 1000 * 1000 * 1000 },
	{ "tbit", INT64_C(1000) * 1000 * 1000 * 1000 },
	{ NULL, 0 },
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int64_t suffix_factor(const struct suffix *suffixes, const char *text)
{
	for (; suffixes->text; suffixes++)
		if (!strcmp(suffixes->text, text))
			return suffixes->factor;
	return 0;
}

/* take_digits() - an unsigned number at *@text; moves *@text behind it; 0 or -ERANGE */
static int take_digits(const char **text, int64_t *ret)
{
	int64_t n = 0;

	for (; is_digit(**text); (*text)++) {
		if (n > (INT64_MAX - 9) / 10)
			return -ERANGE;
		n = n * 10 + (**text - '0');
	}
	*ret = n;
	return 0;
}

/**
 * struct decimal - a number with at most @digits decimals
 * @scale: 1, 10, 100 …: what @fraction is a part of
 */
struct decimal {
	int64_t whole, fraction, scale;
};

/* take_decimal() - "2", "2.5" at *@text; moves *@text behind it; 0, -EINVAL or -ERANGE */
static int take_decimal(const char **text, int digits, struct decimal *ret)
{
	*ret = (struct decimal){ .scale = 1 };
	if (!is_digit(**text))
		return -EINVAL;
	if (take_digits(text, &ret->whole))
		return -ERANGE;
	if (**text != '.')
		return 0;
	++*text;
	if (!is_digit(**text))
		return -EINVAL;
	for (int i = 0; is_digit(**text); ++*text, i++) {
		if (i == digits) /* more would overflow below, and nothing here is finer */
			return -EINVAL;
		ret->fraction = ret->fraction * 10 + (**text - '0');
		ret->scale *= 10;
	}
	return 0;
}

/* decimal_times() - @max is a multiple of 1; 0 or -ERANGE */
static int decimal_times(const struct decimal *n, int64_t factor, int64_t max, int64_t *ret)
{
	if (n->whole > max / factor)
		return -ERANGE;
	*ret = n->whole * factor + n->fraction * factor / n->scale;
	return *ret > max ? -ERANGE : 0;
}

int value_duration(const char *text, int64_t *ret_ns)
{
	return duration_parse(text, ret_ns);
}

int value_delay(const char *text, int64_t *ret_ns, int64_t *ret_jitter_ns)
{
	static const char *const signs[] = { "±", "+-" };
	const char *sign = NULL;
	size_t len = 0, before;
	char mean[64];
	int err;

	*ret_jitter_ns = -1;
	for (int i = 0; i < 2 && !sign; i++) {
		sign = strstr(text, signs[i]);
		len = strlen(signs[i]);
	}
	if (!sign)
		return value_duration(text, ret_ns);
	for (before = (size_t)(sign - text); before && text[before - 1] == ' ';)
		before--;
	if (before >= sizeof(mean))
		return -EINVAL;
	memcpy(mean, text, before);
	mean[before] = '\0';
	sign += len;
	err = value_duration(mean, ret_ns);
	return err ?: value_duration(sign + strspn(sign, " "), ret_jitter_ns);
}

int value_share(const char *text, uint32_t *ret_millionths)
{
	struct decimal n;
	int64_t millionths;
	int err = take_decimal(&text, 4, &n);

	if (err)
		return err;
	if (strcmp(text, "%"))
		return -EINVAL;
	err = decimal_times(&n, 10000, 1000000, &millionths);
	if (!err)
		*ret_millionths = (uint32_t)millionths;
	return err;
}

int value_rate(const char *text, int64_t *ret_bits)
{
	struct decimal n;
	int err = take_decimal(&text, 6, &n);

	if (err)
		return err;
	for (const struct suffix *unit = RATE_SUFFIXES; unit->text; unit++) {
		if (!strcasecmp(unit->text, text))
			return decimal_times(&n, unit->factor, RATE_MAX, ret_bits);
	}
	return -EINVAL;
}

int value_bytes(const char *text, int64_t *ret_bytes)
{
	int64_t n, factor;

	if (!is_digit(*text))
		return -EINVAL;
	if (take_digits(&text, &n))
		return -ERANGE;
	factor = suffix_factor(BYTES_SUFFIXES, text);
	if (!factor)
		return -EINVAL;
	if (n > BYTES_MAX / factor)
		return -ERANGE;
	*ret_bytes = n * factor;
	return 0;
}

int value_int(const char *text, int64_t min, int64_t max, int64_t *ret)
{
	bool negative = *text == '-';
	int64_t n;

	text += negative;
	if (!is_digit(*text))
		return -EINVAL;
	if (take_digits(&text, &n)) {
		text += strspn(text, "0123456789");
		return *text ? -EINVAL : -ERANGE;
	}
	if (*text)
		return -EINVAL;
	if (negative)
		n = -n;
	if (n < min || n > max)
		return -ERANGE;
	*ret = n;
	return 0;
}

int value_bool(const char *text, bool *ret)
{
	if (!strcmp(text, "true"))
		*ret = true;
	else if (!strcmp(text, "false"))
		*ret = false;
	else
		return -EINVAL;
	return 0;
}

static int value_unit(const char *text, enum unit unit, int64_t *ret)
{
	switch (unit) {
	case UNIT_NS:
		return value_duration(text, ret) ? -EINVAL : 0;
	case UNIT_BYTES:
		return value_bytes(text, ret) ? -EINVAL : 0;
	default:
		return value_int(text, 0, INT64_MAX, ret) ? -EINVAL : 0;
	}
}

/* compare_range() - "2..4": @dots is where the dots are */
static int compare_range(const char *text, const char *dots, enum unit unit, struct compare *ret)
{
	char low[64];
	size_t len = (size_t)(dots - text);

	if (len >= sizeof(low))
		return -EINVAL;
	memcpy(low, text, len);
	low[len] = '\0';
	if (value_unit(low, unit, &ret->lo) || value_unit(dots + 2, unit, &ret->hi))
		return -EINVAL;
	return ret->lo <= ret->hi ? 0 : -EINVAL;
}

/* compare_operator() - the bounds that "< 5" means; @len: bytes of the operator */
static int compare_operator(const char *text, size_t len, enum unit unit, struct compare *ret)
{
	int64_t n;

	if (value_unit(text + len + strspn(text + len, " "), unit, &n))
		return -EINVAL;
	ret->lo = ret->hi = n;
	switch (*text) {
	case '<':
		ret->lo = INT64_MIN;
		ret->hi = len == 2 ? n : n - 1;
		return 0;
	case '>':
		ret->lo = len == 2 ? n : n + 1;
		ret->hi = INT64_MAX;
		return 0;
	case '!':
		ret->negate = true;
		return len == 2 ? 0 : -EINVAL;
	default:
		return 0;
	}
}

int value_compare(const char *text, enum unit unit, struct compare *ret)
{
	struct compare cmp = { .set = true };
	const char *dots = strstr(text, "..");
	size_t op = strspn(text, "<>=!");
	int err;

	if (op > 2 || (op == 2 && text[1] != '='))
		return -EINVAL;
	if (op)
		err = compare_operator(text, op, unit, &cmp);
	else if (dots)
		err = compare_range(text, dots, unit, &cmp);
	else if (!(err = value_unit(text, unit, &cmp.lo)))
		cmp.hi = cmp.lo;
	if (err)
		return err;
	cmp.text = strdup(text);
	if (!cmp.text)
		return -ENOMEM;
	*ret = cmp;
	return 0;
}

bool compare_met(const struct compare *cmp, int64_t x)
{
	return (cmp->lo <= x && x <= cmp->hi) != cmp->negate;
}

int value_after(const char *text, struct compare *ret)
{
	int64_t ns, late;
	int err;

	err = value_compare(text, UNIT_NS, ret);
	if (err || value_duration(text, &ns))
		return err;
	/* up to 12.5 % late: the wheel gets coarser with the distance (kernel/time/timer.c) */
	late = ns / 100 * 13;
	if (late < 60 * NS_PER_MS)
		late = 60 * NS_PER_MS;
	ret->lo = ns - ns / 100;
	ret->hi = ns + late;
	return 0;
}

const char *value_text_duration(int64_t ns, char *buf, size_t size)
{
	return duration_words(ns, buf, size);
}
