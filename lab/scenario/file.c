// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/scenario/problem.h"
#include "lab/scenario/reading.h"
#include "lab/scenario/scenario.h"
#include "netns/cleanup.h"

static int refuse(struct problems *problems, int code, const char *found)
{
	problem_add(problems, 0, 0, NULL, "cannot read the scenario: %s (%s)", found,
		    errno_name(code));
	return -code;
}

/* open_text() - why a file cannot be opened, in plain words */
static const char *open_text(int code)
{
	switch (code) {
	case ENOENT:
		return "there is no such file";
	case EACCES:
		return "permission denied";
	case ENXIO:
		return "it is a socket or a device without a driver, expected a regular file";
	default:
		return strerror(code);
	}
}

static const char *type_text(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return "it is a directory, expected a regular file";
	case S_IFIFO:
		return "it is a fifo, expected a regular file";
	case S_IFCHR:
	case S_IFBLK:
		return "it is a device, expected a regular file";
	default:
		return "it is no regular file";
	}
}

static int refuse_size(struct problems *problems, long long size)
{
	problem_add(problems, 0, 0, NULL,
		    "cannot read the scenario: it has %lld bytes, at most %d are allowed (EFBIG)",
		    size, SOURCE_MAX);
	return -EFBIG;
}

/* read_all() - up to SOURCE_MAX bytes: the file may have grown since it was looked at */
static int read_all(int fd, char *text, size_t *ret_len, struct problems *problems)
{
	size_t len = 0;

	for (;;) {
		ssize_t n = read(fd, text + len, SOURCE_MAX + 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return refuse(problems, errno, strerror(errno));
		if (!n)
			break;
		len += (size_t)n;
		if (len > SOURCE_MAX)
			return refuse_size(problems, (long long)len);
	}
	text[len] = '\0';
	*ret_len = len;
	return 0;
}

int scenario_read_file(const char *path, char **ret_text, size_t *ret_len,
		       struct problems *problems)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *text = NULL;
	struct stat st;
	int err;

	*ret_text = NULL;
	*ret_len = 0;
	if (!problems->file)
		problems->file = path;
	/* O_NONBLOCK: opening a fifo must not wait for somebody who writes to it */
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return refuse(problems, errno, open_text(errno));
	if (fstat(fd, &st))
		return refuse(problems, errno, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return refuse(problems, S_ISDIR(st.st_mode) ? EISDIR : EINVAL,
			      type_text(st.st_mode));
	if (st.st_size > SOURCE_MAX)
		return refuse_size(problems, (long long)st.st_size);
	text = malloc(SOURCE_MAX + 2);
	if (!text) {
		problems->nomem = true;
		return -ENOMEM;
	}
	err = read_all(fd, text, ret_len, problems);
	if (!err)
		*ret_text = TAKE_PTR(text);
	return err;
}
