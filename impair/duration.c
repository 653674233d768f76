// SPDX-License-Identifier: GPL-2.0-or-later
#include "impair/duration.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

#define DURATION_MAX_NS (INT64_C(24) * 3600 * NS_PER_S)

/* struct suffix - a unit and what it stands for */
struct suffix {
	const char *text;
	int64_t factor;
};

static const struct suffix suffixes[] = {
	{ "us", NS_PER_US },	  { "µs", NS_PER_US }, /* micro sign, U+00B5 */
	{ "μs", NS_PER_US }, /* Greek mu, U+03BC: looks the same, and keyboards have it */
	{ "ms", NS_PER_MS },	  { "s", NS_PER_S },	    { "m", 60 * NS_PER_S },
	{ "min", 60 * NS_PER_S }, { "h", 3600 * NS_PER_S }, { NULL, 0 },
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int64_t suffix_factor(const char *text)
{
	for (const struct suffix *s = suffixes; s->text; s++)
		if (!strcmp(s->text, text))
			return s->factor;
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

int duration_parse(const char *text, int64_t *ret_ns)
{
	int64_t whole, fraction = 0, scale = 1, factor;

	if (!strcmp(text, "0")) {
		*ret_ns = 0;
		return 0;
	}
	if (!is_digit(*text))
		return -EINVAL;
	if (take_digits(&text, &whole))
		return -ERANGE;
	if (*text == '.') {
		text++;
		if (!is_digit(*text))
			return -EINVAL;
		for (int i = 0; is_digit(*text); text++, i++) {
			if (i == 6) /* more would overflow below, and no clock here is finer */
				return -EINVAL;
			fraction = fraction * 10 + (*text - '0');
			scale *= 10;
		}
	}
	factor = suffix_factor(text);
	if (!factor)
		return -EINVAL;
	if (whole > DURATION_MAX_NS / factor)
		return -ERANGE;
	*ret_ns = whole * factor + fraction * factor / scale;
	return *ret_ns > DURATION_MAX_NS ? -ERANGE : 0;
}

/* struct scale - a unit for display, and the least that is still better shown in the next one */
struct scale {
	const char *unit;
	double ns;
	double limit;
};

const char *duration_words(int64_t ns, char *buf, size_t size)
{
	static const struct scale SCALES[] = {
		{ "ns", 1, 1000 },   { "us", 1e3, 1000 },    { "ms", 1e6, 1000 },
		{ "s", 1e9, 10000 }, { "min", 60e9, 10000 }, { "h", 3600e9, 1e30 },
	};
	const struct scale *scale = SCALES;
	double magnitude = ns < 0 ? -(double)ns : (double)ns;
	char digits[32];

	/* %.4g rounds to four digits; the unit is chosen by what is then shown: 1 s, not 1000 ms */
	for (;; scale++) {
		snprintf(digits, sizeof(digits), "%.4g", magnitude / scale->ns);
		if (strtod(digits, NULL) < scale->limit)
			break;
	}
	snprintf(buf, size, "%s%s %s", ns < 0 ? "-" : "", ns ? digits : "0",
		 ns ? scale->unit : "s");
	return buf;
}
