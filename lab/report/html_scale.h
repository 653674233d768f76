/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The drawn ladder's time axis. It grows with time, the same for all hosts: as many pixels for a
 * millisecond as the run leaves room for, more where labels need it, and a fixed height, marked as
 * such, for what is long and quiet.
 */
#ifndef NSLAB_REPORT_HTML_SCALE_H
#define NSLAB_REPORT_HTML_SCALE_H

#include <stdbool.h>
#include <stdint.h>

#include "lab/report/html_chart.h"

enum {
	SCALE_TOP = 24,	 /* where time begins */
	SCALE_SLOT = 18, /* of a label */
	SCALE_FOLD = 46, /* of a quiet stretch */
};

/**
 * struct knot - an instant at which something happens
 * @labels: that stand there, one below the other; @packets: one of them is a packet's, and stands
 *          above its arrow
 * @fold_ns: the quiet time before it, 0 if that is drawn to scale
 */
struct knot {
	int64_t t_ns;
	int labels;
	bool packets;
	int y;
	int64_t fold_ns;
};

struct scale {
	struct knot *knots;
	int n;
	int height;
};

/**
 * scale_init() - the axis for these marks, and the place of each on it
 * Return: 0, -ENOMEM
 */
int scale_init(struct scale *scale, struct chart *chart);
void scale_release(struct scale *scale);

/** scale_y() - where @t_ns is; between two instants that are known, at the earlier one */
int scale_y(const struct scale *scale, int64_t t_ns);

#endif
