// SPDX-License-Identifier: GPL-2.0-or-later
#include "impair/shape.h"

#include <stdio.h>

#include "impair/duration.h"

bool shape_is_none(const struct shape *shape)
{
	return !shape->loss && !shape_holds(shape);
}

bool shape_holds(const struct shape *shape)
{
	return shape->delay_ns || shape->jitter_ns || shape->duplicate || shape->reorder ||
	       shape->corrupt || shape->rate;
}

bool shape_clamp(struct shape *shape)
{
	if (shape->jitter_ns <= shape->delay_ns)
		return false;
	shape->jitter_ns = shape->delay_ns;
	return true;
}

/* struct scale - a unit, and how much of the number it is */
struct scale {
	const char *unit;
	double one;
};

static const struct scale rates[] = { { "Gbit/s", 1e9 },
				      { "Mbit/s", 1e6 },
				      { "kbit/s", 1e3 },
				      { "bit/s", 1 } };

static void time_put(FILE *out, int64_t ns)
{
	char text[32];

	fputs(duration_words(ns, text, sizeof(text)), out);
}

/* In the largest unit of which there is at least one. */
static void rate_put(FILE *out, int64_t bits)
{
	int i = 0;

	while (i < 3 && (double)bits < rates[i].one)
		i++;
	fprintf(out, "%.6g %s", (double)bits / rates[i].one, rates[i].unit);
}

static const char *comma(int *n)
{
	return (*n)++ ? ", " : "";
}

static void share_put(FILE *out, int *n, const char *name, uint32_t millionths)
{
	if (millionths)
		fprintf(out, "%s%s %.6g %%", comma(n), name, millionths / 1e4);
}

static void shape_put(FILE *out, const struct shape *shape)
{
	int n = 0;

	if (shape->delay_ns || shape->jitter_ns) {
		fputs(comma(&n), out);
		time_put(out, shape->delay_ns);
	}
	if (shape->jitter_ns) {
		fputs(" ± ", out);
		time_put(out, shape->jitter_ns);
		if (shape->distribution == JITTER_NORMAL)
			fputs(" (normal)", out);
	}
	share_put(out, &n, "loss", shape->loss);
	share_put(out, &n, "duplicate", shape->duplicate);
	share_put(out, &n, "reorder", shape->reorder);
	share_put(out, &n, "corrupt", shape->corrupt);
	if (shape->rate) {
		fputs(comma(&n), out);
		rate_put(out, shape->rate);
	}
	if (shape->limit && shape_holds(shape))
		fprintf(out, "%slimit %lld", comma(&n), (long long)shape->limit);
}

const char *shape_text(const struct shape *shape, char *buf, size_t size)
{
	FILE *out;

	buf[0] = '\0';
	out = fmemopen(buf, size, "w");
	if (!out)
		return buf;
	shape_put(out, shape);
	fclose(out);
	buf[size - 1] = '\0';
	return buf;
}
