/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to doctor/: what the reader can do about a missing feature. */
#ifndef NSLAB_DOCTOR_FIX_H
#define NSLAB_DOCTOR_FIX_H

#include "lab/doctor/probe.h"
#include "lab/doctor/system.h"

/**
 * fix_text() - the command that helps, for this distribution and in this container
 * @err: why the probe failed
 * @buf: filled, "" if nothing is known to help
 * Return: @buf
 */
const char *fix_text(const struct system *sys, const struct probe *probe, const struct lab_err *err,
		     char *buf, size_t size);

#endif
