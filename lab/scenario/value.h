/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The small languages inside scalars: durations, sizes, comparisons, endpoints. Pure functions. */
#ifndef NSLAB_SCENARIO_VALUE_H
#define NSLAB_SCENARIO_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * value_duration() - "250ms", "2.5s", "20us", "1m", "1min", "2h", "0" (the only one without a unit)
 * @ret_ns: nanoseconds, 0 to 24 h
 * Return: 0, -EINVAL (no number, no unit, an unknown unit), -ERANGE
 */
int value_duration(const char *text, int64_t *ret_ns);

/**
 * value_delay() - "20ms", "20ms ± 5ms", "20ms +- 5ms"
 * @ret_jitter_ns: what stands behind the sign, -1 if there is none
 * Return: 0, -EINVAL, -ERANGE; bounds are the caller's business
 */
int value_delay(const char *text, int64_t *ret_ns, int64_t *ret_jitter_ns);

/** value_share() - "2%", "0.1%", "0.0001%": of a million so many; 0, -EINVAL, -ERANGE above 100% */
int value_share(const char *text, uint32_t *ret_millionths);

/**
 * value_rate() - "10mbit", "1.5gbit", "64kbit", "9600bit": bits per second, as tc writes them
 * Decimal, in upper case or lower, at most 1tbit. Return: 0, -EINVAL, -ERANGE
 */
int value_rate(const char *text, int64_t *ret_bits);

/** value_bytes() - "100", "100kB", "64KiB", "1MB", "1MiB", 0 to 1 GiB; 0, -EINVAL, -ERANGE */
int value_bytes(const char *text, int64_t *ret_bytes);

/** value_int() - a decimal integer between @min and @max; 0, -EINVAL, -ERANGE */
int value_int(const char *text, int64_t min, int64_t max, int64_t *ret);

/** value_bool() - true or false; 0 or -EINVAL */
int value_bool(const char *text, bool *ret);

/**
 * struct compare - a comparison with a number: met if (@lo <= x && x <= @hi) != @negate
 * @text: as written, for messages; owned
 */
struct compare {
	bool set;
	bool negate;
	int64_t lo, hi;
	char *text;
	int line, col;
};

/** enum unit - what a comparison's numbers are: plain, nanoseconds, bytes */
enum unit { UNIT_NONE, UNIT_NS, UNIT_BYTES };

/**
 * value_compare() - "2", ">= 2", "< 5", "!= 0", "== 3", "2..4", for times "< 50ms", "2.9s..3.2s"
 * Return: 0 or -EINVAL
 */
int value_compare(const char *text, enum unit unit, struct compare *ret);
bool compare_met(const struct compare *cmp, int64_t x);

/**
 * value_after() - the ``after:`` of an expectation
 * A range or a comparison is taken as it is. A plain time T means T - 1 % … T + max(60 ms, 13 %):
 * the kernel's timer wheel makes timeouts late, by at most one eighth, never early.
 */
int value_after(const char *text, struct compare *ret);

/** value_text_duration() - "2.5 s", "250 ms", "1.024 s", "16 us": at most 4 digits; returns @buf */
const char *value_text_duration(int64_t ns, char *buf, size_t size);

#endif
