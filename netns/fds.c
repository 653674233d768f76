// SPDX-License-Identifier: GPL-2.0-or-later
#include "netns/fds.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union room {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int) * FDS_MOST)];
};

ssize_t fds_send(int sock, const void *buf, size_t len, const int *fds, int n, int flags)
{
	union room room = { 0 };
	struct iovec iov = { (void *)buf, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (n > 0) {
		size_t size = sizeof(int) * (size_t)n;
		struct cmsghdr *cmsg;

		msg.msg_control = room.bytes;
		msg.msg_controllen = CMSG_SPACE(size);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(cmsg), fds, size);
	}
	return sendmsg(sock, &msg, flags);
}

ssize_t fds_recv(int sock, void *buf, size_t len, int *fds, int *ret_n, int flags)
{
	union room room = { 0 };
	struct iovec iov = { buf, len };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = room.bytes,
			      .msg_controllen = sizeof(room.bytes) };
	ssize_t n = recvmsg(sock, &msg, flags | MSG_CMSG_CLOEXEC);

	*ret_n = 0;
	for (struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		size_t size = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		memcpy(fds, CMSG_DATA(c), size);
		*ret_n = (int)(size / sizeof(int));
	}
	return n;
}
