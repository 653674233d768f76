/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the benchmarks say of many numbers. */
#ifndef NSLAB_BENCH_STATS_H
#define NSLAB_BENCH_STATS_H

#include <stddef.h>

enum { ROUNDS_MAX = 100 };

/** struct spread - one figure, measured in each round */
struct spread {
	double v[ROUNDS_MAX];
	int n;
};

void spread_add(struct spread *s, double v);

/** spread_median() - of the rounds; 0 without any; _least(), _most(): the extremes */
double spread_median(const struct spread *s);
double spread_least(const struct spread *s);
double spread_most(const struct spread *s);

/** spread_text() - "1.23 (1.20–1.31)" with @digits behind the point, "–" without any; returns @buf */
const char *spread_text(const struct spread *s, int digits, char *buf, size_t size);

/** sort() - ascending; quantile() - of sorted numbers, @q from 0 to 1; mean(), deviation() of any */
void sort(double *v, size_t n);
double quantile(const double *v, size_t n, double q);
double mean(const double *v, size_t n);
double deviation(const double *v, size_t n);

/**
 * kolmogorov() - the largest difference between what was drawn and a distribution
 * @v: sorted; @cdf: the share that is at most @x, with centre @a and width @b
 */
double kolmogorov(const double *v, size_t n, double (*cdf)(double x, double a, double b), double a,
		  double b);
double cdf_uniform(double x, double centre, double half_width);
double cdf_normal(double x, double centre, double deviation);

#endif
