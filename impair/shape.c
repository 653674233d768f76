// SPDX-License-Identifier: GPL-2.0-or-later
#include "impair/shape.h"

#include <stdio.h>

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

static const struct scale times[] = { { "s", 1e9 }, { "ms", 1e6 }, { "us", 1e3 }, { "ns", 1 } };
static const struct scale rates[] = { { "Gbit/s", 1e9 },
				      { "Mbit/s", 1e6 },
				      { "kbit/s", 1e3 },
				      { "bit/s", 1 } };

/* The largest unit of which there is at least one. */
static void amount_put(FILE *out, const struct scale scales[4], int64_t n)
{
	int i = 0;

	while (i < 3 && (double)n < scales[i].one)
		i++;
	fprintf(out, "%.6g %s", (double)n / scales[i].one, scales[i].unit);
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
		amount_put(out, times, shape->delay_ns);
	}
	if (shape->jitter_ns) {
		fputs(" ± ", out);
		amount_put(out, times, shape->jitter_ns);
		if (shape->distribution == JITTER_NORMAL)
			fputs(" (normal)", out);
	}
	share_put(out, &n, "loss", shape->loss);
	share_put(out, &n, "duplicate", shape->duplicate);
	share_put(out, &n, "reorder", shape->reorder);
	share_put(out, &n, "corrupt", shape->corrupt);
	if (shape->rate) {
		fputs(comma(&n), out);
		amount_put(out, rates, shape->rate);
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
