// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/cli/remote.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lab/cli/command.h"
#include "lab/run/control.h"
#include "lab/scenario/problem.h"
#include "netns/cleanup.h"

enum { LINE_MOST = 64 << 20, READ_AT_ONCE = 65536 };

static int complain(const char *command, const char *what, const char *fix, int code)
{
	fprintf(stderr, "nslab %s: %s\n", command, what);
	if (fix && *fix)
		fprintf(stderr, "  %s\n", fix);
	return code;
}

int remote_open(const char *command, const char *lab, struct remote *ret)
{
	struct lab_err err = { 0 };
	char text[1024];

	*ret = (struct remote){ .command = command };
	ret->fd = lab_connect(lab, ret->lab, &err);
	if (ret->fd >= 0)
		return EXIT_OK;
	if (err.code == ENOENT || err.code == ENOTUNIQ || err.code == EINVAL)
		return complain(command, err.msg, err.fix, EXIT_USAGE);
	return complain(command, lab_err_text(&err, text, sizeof(text)), err.fix, EXIT_LAB);
}

static void fds_drop(struct remote *remote)
{
	for (int i = 0; i < remote->n_fds; i++)
		close(remote->fds[i]);
	remote->n_fds = 0;
}

void remote_close(struct remote *remote)
{
	fds_drop(remote);
	close_fd(&remote->fd);
	free(TAKE_PTR(remote->buf));
}

int remote_read(struct remote *remote)
{
	int fds[FDS_MOST], n_fds;
	ssize_t n;

	if (remote->cap - remote->len < READ_AT_ONCE) {
		size_t cap = 2 * remote->cap + READ_AT_ONCE;
		char *buf = cap > LINE_MOST ? NULL : realloc(remote->buf, cap);

		if (!buf)
			return -ENOMEM;
		remote->buf = buf;
		remote->cap = cap;
	}
	n = fds_recv(remote->fd, remote->buf + remote->len, READ_AT_ONCE, fds, &n_fds,
		     MSG_DONTWAIT);
	if (n_fds)
		fds_drop(remote);
	for (int i = 0; i < n_fds; i++)
		remote->fds[remote->n_fds++] = fds[i];
	if (n < 0)
		return errno == EINTR ? -EAGAIN : errno == ECONNRESET ? -EPIPE : -errno;
	if (n == 0)
		return -EPIPE;
	remote->len += (size_t)n;
	return 0;
}

int remote_line(struct remote *remote, char **ret, size_t *ret_len)
{
	char *newline = remote->len ? memchr(remote->buf, '\n', remote->len) : NULL;
	size_t len;
	char *line;

	if (!newline)
		return 0;
	len = (size_t)(newline - remote->buf);
	/* a copy: the rest moves up */
	line = malloc(len + 1);
	if (!line)
		return -ENOMEM;
	memcpy(line, remote->buf, len);
	line[len] = '\0';
	remote->len -= len + 1;
	memmove(remote->buf, newline + 1, remote->len);
	*ret = line;
	*ret_len = len;
	return 1;
}

static int send_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Wait for a line; the lab answers each request, late where it says so. */
static int line_wait(struct remote *remote, char **ret, size_t *ret_len)
{
	int code;

	while (!(code = remote_line(remote, ret, ret_len))) {
		struct pollfd pfd = { .fd = remote->fd, .events = POLLIN };

		code = poll(&pfd, 1, remote->patience_ms ?: -1);
		if (code == 0)
			return -ETIMEDOUT;
		if (code < 0 && errno != EINTR)
			return -errno;
		code = remote_read(remote);
		if (code < 0 && code != -EAGAIN)
			return code;
	}
	return code;
}

static json_t *answer_wait(struct remote *remote)
{
	json_t *answer = NULL;
	char *line;
	size_t len;

	if (line_wait(remote, &line, &len) <= 0)
		return NULL;
	answer = json_loadb(line, len, 0, NULL);
	free(line);
	return answer;
}

/* The lab's own words may have come from a file that somebody else wrote. */
static int refused(struct remote *remote, const json_t *answer)
{
	const char *name = json_string_value(json_object_get(answer, "errno")) ?: "EIO";
	const char *error = json_string_value(json_object_get(answer, "error")) ?: "refused";
	const char *fix = json_string_value(json_object_get(answer, "fix")) ?: "";
	int code = errno_from_name(name);
	char shown[2048], shown_fix[1024];

	complain(remote->command, text_escape(error, shown, sizeof(shown)),
		 text_escape(fix, shown_fix, sizeof(shown_fix)), 0);
	return code == ETIME					    ? EXIT_UNMET :
	       code == ENOENT || code == EINVAL || code == ENOTUNIQ ? EXIT_USAGE :
								      EXIT_LAB;
}

int remote_ask(struct remote *remote, const char *request, json_t *members, json_t **ret)
{
	json_t *object = json_pack("{s:i, s:s}", "v", CONTROL_VERSION, "request", request);
	_cleanup_free_ char *text = NULL;
	json_t *answer;
	int code;

	if (ret)
		*ret = NULL;
	if (object && members)
		json_object_update(object, members);
	json_decref(members);
	text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	/* what is no UTF-8 is no name of anything */
	if (!text)
		return complain(remote->command, "the request cannot be written as JSON", NULL,
				EXIT_USAGE);
	code = send_all(remote->fd, text, strlen(text));
	code = code ?: send_all(remote->fd, "\n", 1);
	/* who was turned away finds the reason there, even if the request could not be sent */
	answer = answer_wait(remote);
	if (!answer)
		return complain(remote->command, "the lab has hung up", NULL, EXIT_LAB);
	if (!json_is_true(json_object_get(answer, "ok")))
		code = refused(remote, answer);
	if (!code && ret)
		*ret = answer;
	else
		json_decref(answer);
	return code;
}
