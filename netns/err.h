/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The error object: what we were doing, the kernel's errno, and the kernel's own sentence. */
#ifndef NSLAB_NETNS_ERR_H
#define NSLAB_NETNS_ERR_H

#include <stddef.h>

/**
 * struct lab_err - why something failed
 * @code: errno of the kernel (positive), 0 when nothing failed
 * @msg: what was tried, outermost first: "cannot build the lab: cannot add link a--b"
 * @extack: the kernel's extended acknowledgement, empty when it gave none
 * @fix: what the reader can do about it, empty when we do not know
 *
 * The caller owns it, usually on the stack, so that reporting an error can never fail.
 * Too long a text is cut, never overrun.
 */
struct lab_err {
	int code;
	char msg[384];
	char extack[192];
	char fix[384];
};

/**
 * lab_err_set() - record a failure
 * @err: may be NULL
 * @code: positive errno
 * @fmt: what was tried, lower case, no full stop, no errno text
 * Return: -code, so that callers can write ``return lab_err_set(err, errno, …)``
 */
int lab_err_set(struct lab_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * lab_err_wrap() - put what the caller was doing in front of a recorded failure
 * Return: -err->code (or -EIO when @err is NULL or empty), to be returned on
 */
int lab_err_wrap(struct lab_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** lab_err_fix() - say what the reader can do; keeps the first fix that was given */
void lab_err_fix(struct lab_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * lab_err_text() - the whole error in one line
 * @buf: filled with "MSG: ERRNO (its text)[: kernel says: EXTACK]"
 * Return: @buf
 */
const char *lab_err_text(const struct lab_err *err, char *buf, size_t size);

/** errno_name() - "ECONNREFUSED" for 111; "errno 4711" in a static buffer for an unknown one */
const char *errno_name(int code);

/** errno_from_name() - 111 for "ECONNREFUSED", 0 when there is no such name */
int errno_from_name(const char *name);

#endif
