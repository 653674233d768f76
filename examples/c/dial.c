// SPDX-License-Identifier: GPL-2.0-or-later
#include "dial.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* What has become of a connect() under way: 0 or a negative errno */
static int connect_wait(int fd, int timeout_ms)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLOUT };
	int n, error = 0;
	socklen_t len = sizeof(error);

	do
		n = poll(&pollfd, 1, timeout_ms);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return -ETIMEDOUT;
	if (n < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return -errno;
	return -error;
}

static int dial_address(const struct addrinfo *to, int timeout_ms)
{
	int fd = socket(to->ai_family, to->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
			to->ai_protocol);
	int r;

	if (fd < 0)
		return -errno;
	r = connect(fd, to->ai_addr, to->ai_addrlen) < 0 ? -errno : 0;
	if (r == -EINPROGRESS)
		r = connect_wait(fd, timeout_ms);
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

int dial_with_retry(const char *host, const char *port, int timeout_ms, int attempts)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list;
	int r = -ETIMEDOUT;

	if (getaddrinfo(host, port, &hints, &list))
		return -EHOSTUNREACH;
	while (r == -ETIMEDOUT && attempts-- > 0) {
		for (const struct addrinfo *to = list; to; to = to->ai_next) {
			r = dial_address(to, timeout_ms);
			if (r >= 0)
				break;
		}
	}
	freeaddrinfo(list);
	return r;
}
