// SPDX-License-Identifier: GPL-2.0-or-later
#include "netns/ns.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>

#include "netns/cleanup.h"

int ns_current(struct lab_err *err)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		int ret = lab_err_set(err, errno, "cannot open /proc/thread-self/ns/net");

		if (ret == -ENOENT)
			lab_err_fix(err, "nslab needs /proc mounted");
		return ret;
	}
	return fd;
}

int ns_create(struct lab_err *err)
{
	if (unshare(CLONE_NEWNET) < 0) {
		int code = errno;

		lab_err_set(err, code, "cannot make a network namespace (unshare CLONE_NEWNET)");
		if (code == ENOSPC)
			lab_err_fix(
				err,
				"raise user.max_net_namespaces: sysctl -w user.max_net_namespaces=65536");
		return -code;
	}
	return ns_current(err);
}

int ns_enter(int ns_fd, struct lab_err *err)
{
	if (setns(ns_fd, CLONE_NEWNET) < 0)
		return lab_err_set(err, errno, "cannot enter a network namespace (setns)");
	return 0;
}

int ns_socket(int ns_fd, int home_fd, int family, int type, int protocol, struct lab_err *err)
{
	int fd, ret, code;

	ret = ns_enter(ns_fd, err);
	if (ret < 0)
		return ret;
	fd = socket(family, type | SOCK_CLOEXEC, protocol);
	code = errno;
	ret = ns_enter(home_fd, err);
	if (ret < 0) {
		if (fd >= 0)
			close(fd);
		return ret;
	}
	if (fd < 0) {
		lab_err_set(err, code, "cannot open a socket (family %d, type %d, protocol %d)",
			    family, type, protocol);
		if (code == EMFILE || code == ENFILE)
			lab_err_fix(
				err,
				"raise the limit on open files: ulimit -n 65536 (each host takes five)");
		return -code;
	}
	return fd;
}
