// SPDX-License-Identifier: GPL-2.0-or-later
#include "netns/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int lab_err_set(struct lab_err *err, int code, const char *fmt, ...)
{
	if (code <= 0)
		code = EIO;
	if (err) {
		va_list ap;

		memset(err, 0, sizeof(*err));
		err->code = code;
		va_start(ap, fmt);
		vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
		va_end(ap);
	}
	return -code;
}

int lab_err_wrap(struct lab_err *err, const char *fmt, ...)
{
	char inner[sizeof(err->msg)];
	va_list ap;
	size_t used;

	if (!err || !err->code)
		return -EIO;
	memcpy(inner, err->msg, sizeof(inner));
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	used = strlen(err->msg);
	snprintf(err->msg + used, sizeof(err->msg) - used, ": %s", inner);
	return -err->code;
}

void lab_err_fix(struct lab_err *err, const char *fmt, ...)
{
	va_list ap;

	if (!err || err->fix[0])
		return;
	va_start(ap, fmt);
	vsnprintf(err->fix, sizeof(err->fix), fmt, ap);
	va_end(ap);
}

const char *lab_err_text(const struct lab_err *err, char *buf, size_t size)
{
	snprintf(buf, size, "%s: %s (%s)%s%s", err->msg, errno_name(err->code), strerror(err->code),
		 err->extack[0] ? "; the kernel says: " : "", err->extack);
	return buf;
}

const char *errno_name(int code)
{
	static _Thread_local char unknown[24];
	const char *name = strerrorname_np(code);

	if (name && code)
		return name;
	snprintf(unknown, sizeof(unknown), "errno %d", code);
	return unknown;
}

int errno_from_name(const char *name)
{
	/* the highest errno of any architecture is far below 4096, the kernel's MAX_ERRNO */
	for (int code = 1; code < 4096; code++) {
		const char *known = strerrorname_np(code);

		if (known && !strcmp(known, name))
			return code;
	}
	if (!strcmp(name, "EWOULDBLOCK"))
		return EWOULDBLOCK;
	return 0;
}
