// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/bench/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void sort(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), compare);
}

double quantile(const double *v, size_t n, double q)
{
	size_t i = (size_t)(q * (double)n);

	return n ? v[i < n ? i : n - 1] : 0;
}

double mean(const double *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += v[i];
	return n ? sum / (double)n : 0;
}

double deviation(const double *v, size_t n)
{
	double m = mean(v, n), sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (v[i] - m) * (v[i] - m);
	return n > 1 ? sqrt(sum / (double)(n - 1)) : 0;
}

double kolmogorov(const double *v, size_t n, double (*cdf)(double x, double a, double b), double a,
		  double b)
{
	double most = 0;

	for (size_t i = 0; i < n; i++) {
		double f = cdf(v[i], a, b);

		most = fmax(most, fabs(f - (double)i / (double)n));
		most = fmax(most, fabs(f - (double)(i + 1) / (double)n));
	}
	return most;
}

double cdf_uniform(double x, double centre, double half_width)
{
	return fmin(1, fmax(0, (x - centre + half_width) / (2 * half_width)));
}

double cdf_normal(double x, double centre, double deviation_)
{
	return erfc((centre - x) / (deviation_ * M_SQRT2)) / 2;
}

void spread_add(struct spread *s, double v)
{
	if (s->n < ROUNDS_MAX)
		s->v[s->n++] = v;
}

static double at(const struct spread *s, double q)
{
	double v[ROUNDS_MAX];

	memcpy(v, s->v, sizeof(v));
	sort(v, (size_t)s->n);
	return quantile(v, (size_t)s->n, q);
}

double spread_median(const struct spread *s)
{
	double v[ROUNDS_MAX];

	memcpy(v, s->v, sizeof(v));
	sort(v, (size_t)s->n);
	return s->n ? (v[(s->n - 1) / 2] + v[s->n / 2]) / 2 : 0;
}

double spread_least(const struct spread *s)
{
	return at(s, 0);
}

double spread_most(const struct spread *s)
{
	return at(s, 1);
}

const char *spread_text(const struct spread *s, int digits, char *buf, size_t size)
{
	if (!s->n)
		snprintf(buf, size, "–");
	else if (s->n == 1)
		snprintf(buf, size, "%.*f", digits, s->v[0]);
	else
		snprintf(buf, size, "%.*f (%.*f–%.*f)", digits, spread_median(s), digits,
			 spread_least(s), digits, spread_most(s));
	return buf;
}
