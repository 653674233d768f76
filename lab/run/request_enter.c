// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The way into a host for a process from outside: descriptors of its namespaces. The mount namespace, in
 * which names are the lab's, is made by a child, because making it is joining it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/run/children.h"
#include "lab/run/names.h"
#include "lab/run/request.h"
#include "netns/cleanup.h"
#include "netns/fds.h"
#include "netns/sandbox.h"

static const struct request_member members[] = {
	{ "host", JSON_STRING, true },
	{ 0 },
};

/** struct report - of the child, with the descriptor if @err.code is 0 */
struct report {
	struct lab_err err;
};

static int report_recv(int fd, struct report *report, int *ret_ns)
{
	int fds[FDS_MOST], n_fds;
	ssize_t n;

	do
		n = fds_recv(fd, report, sizeof(*report), fds, &n_fds, 0);
	while (n < 0 && errno == EINTR);
	if (n_fds)
		*ret_ns = fds[0];
	return n == sizeof(*report) ? 0 : -ECHILD;
}

static void __attribute__((noreturn))
child_run(struct run *run, int host, const char *resolv_conf, int fd)
{
	struct report report = { 0 };
	int ns = -1;

	if (network_host_join(run->net, host, run->plan->ip, resolv_conf, &report.err) == 0) {
		ns = open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC);
		if (ns < 0)
			lab_err_set(&report.err, errno, "cannot open a mount namespace");
	}
	_exit(fds_send(fd, &report, sizeof(report), &ns, ns >= 0, MSG_NOSIGNAL) != sizeof(report));
}

/* A mount namespace for programs in @host; a descriptor or -errno. */
static int mounts_make(struct run *run, int host, struct lab_err *err)
{
	_cleanup_free_ char *resolv_conf = NULL;
	struct report report = { 0 };
	int pair[2], ns = -1, ret;
	pid_t pid;

	ret = names_open(run, host, &resolv_conf, err);
	if (ret < 0)
		return ret;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return lab_err_set(err, errno, "cannot make a pair of sockets");
	pid = fork();
	if (!pid)
		child_run(run, host, resolv_conf, pair[1]);
	if (pid > 0)
		children_add(pid);
	close(pair[1]);
	ret = pid < 0 ? -errno : report_recv(pair[0], &report, &ns);
	close(pair[0]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	children_drop(pid);
	if (ret < 0)
		return lab_err_set(err, -ret, "cannot make a mount namespace");
	if (report.err.code) {
		*err = report.err;
		close_fd(&ns);
		return -err->code;
	}
	return ns;
}

static void start(struct caller *caller, const json_t *request)
{
	static const char *const names[] = { "user", "pid", "net", "mnt" };
	struct run *run = caller_run(caller);
	int host = host_named(caller, json_string_value(json_object_get(request, "host")));
	int first = sandbox_in_root() ? 1 : 0, fds[4] = { -1, -1, -1, -1 };
	struct lab_err err = { 0 };
	json_t *list;

	if (host < 0)
		return;
	if (!first)
		fds[0] = open("/proc/thread-self/ns/user", O_RDONLY | O_CLOEXEC);
	fds[1] = open("/proc/thread-self/ns/pid", O_RDONLY | O_CLOEXEC);
	fds[2] = fcntl(network_ns(run->net, host), F_DUPFD_CLOEXEC, 3);
	if (control_inside(run->ctl, host, &err) == 0)
		fds[3] = mounts_make(run, host, &err);
	for (int i = first; i < 4 && !err.code; i++) {
		if (fds[i] < 0)
			lab_err_set(&err, EBADF, "cannot open the lab's %s namespace", names[i]);
	}
	if (err.code) {
		for (int i = 0; i < 4; i++)
			close_fd(&fds[i]);
		caller_fail(caller, &err);
		return;
	}
	/* its connections are to be followed from now on */
	run->programs = true;
	list = json_array();
	for (int i = first; i < 4; i++)
		json_array_append_new(list, json_string(names[i]));
	caller_hand(caller, fds + first, 4 - first);
	caller_answer(caller, json_pack("{s:o}", "namespaces", list));
}

const struct request_kind REQUEST_ENTER = {
	.name = "enter",
	.members = members,
	.outside = true,
	.start = start,
};
