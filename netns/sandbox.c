// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: one clone(2) makes the user, PID and mount namespaces, so that the child is
 * process 1 from its first instruction and nothing it starts can outlive it. The child then writes
 * its own id maps (one id is allowed without any helper), and only after that makes its network
 * namespace. It tells its parent through a pipe how far it came.
 *
 * The parent may be killed between clone() and the child's prctl(PR_SET_PDEATHSIG). So the child
 * holds the reading end of a second pipe, whose writing end only the parent has: if that reports a
 * hang-up after prctl() returned, the parent died in between.
 */
#include "netns/sandbox.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "netns/cleanup.h"
#include "netns/sysctl.h"

bool sandbox_privileged(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	unsigned need = 1u << CAP_SYS_ADMIN | 1u << CAP_NET_ADMIN | 1u << CAP_NET_RAW;

	if (geteuid() != 0 || syscall(SYS_capget, &header, data) < 0)
		return false;
	return (data[0].effective & need) == need;
}

/* First line of a small file, or "" */
static void file_line(const char *path, char *buf, size_t size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, buf, size - 1);

	buf[n > 0 ? n : 0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
}

static bool file_says(const char *path, const char *value)
{
	char line[64];

	file_line(path, line, sizeof(line));
	return !strcmp(line, value);
}

static bool seccomp_filtered(void)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/self/status", "re");
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "Seccomp:\t2", 10))
			return true;
	}
	return false;
}

/*
 * Name of the AppArmor profile that confines us, or "". The one that Ubuntu puts on whoever makes a
 * user namespace without permission is not meant: it is a consequence, not the reason.
 */
static void confined_by(char *buf, size_t size)
{
	char *mode;

	file_line("/proc/self/attr/current", buf, size);
	mode = strstr(buf, " (");
	if (mode)
		*mode = '\0';
	if (!mode || !strcmp(buf, "unprivileged_userns"))
		buf[0] = '\0'; /* "unconfined", or the label of another security module */
}

static void limit_blocker(char *buf, size_t size)
{
	static const char *const kinds[] = { "net", "pid", "mnt", "user" };
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		snprintf(path, sizeof(path), "/proc/sys/user/max_%s_namespaces", kinds[i]);
		if (!file_says(path, "0"))
			continue;
		snprintf(buf, size,
			 "%s namespaces are switched off: sysctl -w user.max_%s_namespaces=10000",
			 kinds[i], kinds[i]);
		return;
	}
	snprintf(buf, size,
		 "a limit on namespaces is reached (user.max_user_namespaces, user.max_net_namespaces, user.max_pid_namespaces or 32 levels of nesting)");
}

/*
 * Several may apply at once: in a container on Ubuntu there are a seccomp filter, a profile, and the
 * machine's restriction. seccomp comes first in the kernel and says EPERM; profiles say EACCES; the
 * restriction is for those that no profile confines.
 */
static void refusal_blocker(int code, char *buf, size_t size)
{
	bool restricted = file_says("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1");
	bool filtered = seccomp_filtered();
	char profile[96];

	confined_by(profile, sizeof(profile));
	if (file_says("/proc/sys/kernel/unprivileged_userns_clone", "0"))
		snprintf(buf, size,
			 "user namespaces are for root only here: sysctl -w kernel.unprivileged_userns_clone=1, or run nslab as root");
	else if (filtered && code == EPERM && (profile[0] || !restricted))
		snprintf(buf, size,
			 "a seccomp profile is active, as in a container, and refuses namespaces: docker run --privileged, or --security-opt seccomp=unconfined --security-opt apparmor=unconfined --cap-add SYS_ADMIN --cap-add NET_ADMIN");
	else if (profile[0])
		snprintf(buf, size,
			 "the AppArmor profile %s confines this process: docker run --security-opt apparmor=unconfined, or outside of a container a profile that allows it",
			 profile);
	else if (restricted)
		snprintf(buf, size,
			 "AppArmor restricts user namespaces (Ubuntu 23.10 and later): sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for nslab with 'userns,', or run nslab as root");
	else
		snprintf(buf, size,
			 "the system refuses it (a security module, a chroot, or a container without CAP_SYS_ADMIN); 'nslab doctor' tells more");
}

void sandbox_blocker(int code, char *buf, size_t size)
{
	buf[0] = '\0';
	if (code == ENOSPC)
		limit_blocker(buf, size);
	else if (code == EPERM || code == EACCES)
		refusal_blocker(code, buf, size);
	else if (code == EROFS)
		snprintf(buf, size,
			 "/proc is mounted read-only, as containers do; run with --privileged or --security-opt systempaths=unconfined");
	else if (code == EINVAL)
		snprintf(buf, size,
			 "the kernel was built without user, PID or network namespaces (CONFIG_USER_NS, CONFIG_PID_NS, CONFIG_NET_NS)");
}

static int file_put(const char *path, const char *text, struct lab_err *err)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return lab_err_set(err, errno, "cannot write %s", path);
	return 0;
}

int sandbox_map_ids(uid_t uid, uid_t uid_above, gid_t gid, gid_t gid_above, struct lab_err *err)
{
	char map[48];
	int ret;

	ret = file_put("/proc/self/setgroups", "deny", err);
	if (ret < 0)
		return ret;
	snprintf(map, sizeof(map), "%u %u 1", uid, uid_above);
	ret = file_put("/proc/self/uid_map", map, err);
	if (ret < 0)
		return ret;
	snprintf(map, sizeof(map), "%u %u 1", gid, gid_above);
	return file_put("/proc/self/gid_map", map, err);
}

/*
 * The parent of all hosts' namespaces: theirs inherit a small hash table of TCP sockets from it,
 * which makes one inet_diag request five times faster. Kernels before 6.2 do not know it.
 */
static void small_hash_table(void)
{
	_cleanup_close_ int dir = sysctl_open_dir(NULL);

	if (dir >= 0)
		sysctl_write(dir, "net.ipv4.tcp_child_ehash_entries", "256", NULL);
}

static int sandbox_enter(bool user_ns, uid_t uid, gid_t gid, struct lab_err *err)
{
	int ret = user_ns ? sandbox_map_ids(0, uid, 0, gid, err) : 0;

	if (ret < 0)
		return lab_err_wrap(err, "cannot map user %u into a user namespace", uid);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return lab_err_set(err, errno, "cannot make the mounts private");
	/*
	 * A /proc that shows our own PID namespace. Where a container masks parts of /proc the kernel
	 * refuses it; the old one serves as well for all that the lab itself needs.
	 */
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0 &&
	    access("/proc/thread-self/ns/net", F_OK) < 0)
		return lab_err_set(err, errno, "cannot mount /proc");
	if (unshare(CLONE_NEWNET) < 0)
		return lab_err_set(err, errno, "cannot make a network namespace");
	small_hash_table();
	return 0;
}

static bool in_root;
static uid_t caller_uid;
static gid_t caller_gid;

uid_t sandbox_uid(void)
{
	return caller_uid;
}

gid_t sandbox_gid(void)
{
	return caller_gid;
}

bool sandbox_in_root(void)
{
	return in_root;
}

struct child_args {
	int (*fn)(void *arg);
	void *arg;
	bool user_ns;
	uid_t uid;
	gid_t gid;
	int lifeline;
	int report;
};

static void __attribute__((noreturn)) child_run(struct child_args *args)
{
	struct pollfd lifeline = { .fd = args->lifeline };
	struct lab_err err = { 0 };
	sigset_t none;
	int ret;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || poll(&lifeline, 1, 0) != 0)
		_exit(1);
	close(args->lifeline);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int sig = 1; sig < 32; sig++)
		signal(sig, SIG_DFL); /* process 1 ignores what it does not handle */
	ret = sandbox_enter(args->user_ns, args->uid, args->gid, &err);
	if (ret < 0 && (ret == -EPERM || ret == -EACCES || ret == -ENOSPC || ret == -EROFS)) {
		char fix[sizeof(err.fix)];

		sandbox_blocker(-ret, fix, sizeof(fix));
		lab_err_fix(&err, "%s", fix);
	}
	if (write(args->report, &err, sizeof(err)) != sizeof(err) || ret < 0)
		_exit(1);
	close(args->report);
	in_root = !args->user_ns;
	caller_uid = args->uid;
	caller_gid = args->gid;
	exit(args->fn(args->arg));
}

/* Read what the child reports; EOF means that it died on the way. */
static int report_read(int fd, struct lab_err *err)
{
	struct lab_err told;
	ssize_t n;

	do
		n = read(fd, &told, sizeof(told));
	while (n < 0 && errno == EINTR);
	if (n != sizeof(told))
		return lab_err_set(err, ECHILD, "the worker process died while it set itself up");
	if (told.code && err)
		*err = told;
	return -told.code;
}

int sandbox_spawn(int (*fn)(void *arg), void *arg, struct sandbox *ret, struct lab_err *err)
{
	_cleanup_close_ int lifeline_r = -1, lifeline_w = -1, report_r = -1, report_w = -1;
	struct child_args args = { .fn = fn,
				   .arg = arg,
				   .user_ns = !sandbox_privileged(),
				   .uid = geteuid(),
				   .gid = getegid() };
	unsigned long flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_PIDFD | SIGCHLD;
	int pipes[2], pidfd = -1, code;
	long pid;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return lab_err_set(err, errno, "cannot make a pipe");
	lifeline_r = pipes[0];
	lifeline_w = pipes[1];
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return lab_err_set(err, errno, "cannot make a pipe");
	report_r = pipes[0];
	report_w = pipes[1];
	args.lifeline = lifeline_r;
	args.report = report_w;
	fflush(NULL); /* or the child's exit() would write it a second time */
	pid = syscall(SYS_clone, flags | (args.user_ns ? CLONE_NEWUSER : 0), 0, &pidfd, 0, 0);
	if (pid == 0) {
		close(lifeline_w);
		close(report_r);
		child_run(&args);
	}
	if (pid < 0) {
		char fix[384];

		code = errno;
		sandbox_blocker(code, fix, sizeof(fix));
		lab_err_set(err, code, "cannot make %s namespaces (clone)",
			    args.user_ns ? "user, PID and mount" : "PID and mount");
		if (fix[0])
			lab_err_fix(err, "%s", fix);
		return -code;
	}
	close_fd(&report_w);
	ret->pid = (pid_t)pid;
	ret->pidfd = pidfd;
	code = report_read(report_r, err);
	if (code < 0)
		sandbox_wait(ret);
	return code;
}

int sandbox_wait(struct sandbox *sandbox)
{
	int status, ret;

	do
		ret = waitpid(sandbox->pid, &status, 0);
	while (ret < 0 && errno == EINTR);
	ret = ret < 0 ? -errno : status;
	close_fd(&sandbox->pidfd);
	sandbox->pid = 0;
	return ret;
}
