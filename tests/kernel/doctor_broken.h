/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Systems on which something is missing: made in a child process, in which nslab doctor is then run.
 * Nothing of the machine is touched. Behind tests/support/main.h.
 */
#ifndef NSLAB_TESTS_KERNEL_DOCTOR_BROKEN_H
#define NSLAB_TESTS_KERNEL_DOCTOR_BROKEN_H

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/doctor/doctor.h"
#include "netns/cleanup.h"

enum { CANNOT_BREAK = 99 };

/**
 * struct refusal - a system call that fails, as by a container's seccomp profile
 * @nr: its number; @arg: index of the argument that decides
 * @bits: refuse if any of these are set; 0: if the argument is @value
 * @code: errno
 */
struct refusal {
	int nr;
	int arg;
	uint32_t bits;
	uint32_t value;
	int code;
};

static inline int refuse(const struct refusal *list, int n)
{
	struct sock_filter filter[64];
	struct sock_fprog program = { .filter = filter };
	const uint32_t nr_at = offsetof(struct seccomp_data, nr);

	for (int i = 0; i < n; i++) {
		const struct refusal *r = &list[i];
		uint16_t test = r->bits ? BPF_JSET : BPF_JEQ;
		uint32_t arg_at =
			(uint32_t)(offsetof(struct seccomp_data, args) + 8 * (size_t)r->arg);
		struct sock_filter part[] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, nr_at),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)r->nr, 0, 3),
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, arg_at),
			BPF_JUMP((uint16_t)(BPF_JMP | BPF_K | test), r->bits ? r->bits : r->value,
				 0, 1),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)r->code),
		};

		memcpy(filter + program.len, part, sizeof(part));
		program.len = (uint16_t)(program.len + ARRAY_SIZE(part));
	}
	filter[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

static inline int text_to_file(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t len = (ssize_t)strlen(text);

	return fd < 0 || write(fd, text, (size_t)len) != len ? -errno : 0;
}

/* Take these capabilities away for good. */
static inline int caps_drop(uint64_t drop)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		uint32_t keep = ~(uint32_t)(drop >> 32 * i);

		data[i].effective &= keep;
		data[i].permitted &= keep;
		data[i].inheritable &= keep;
	}
	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

/* A user namespace in which the number of namespaces of a kind is limited, without capabilities. */
static inline int limit_namespaces(const char *path, const char *number, bool keep_caps)
{
	char map[48];
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWUSER) < 0)
		return -errno;
	if (text_to_file("/proc/self/setgroups", "deny") < 0)
		return -EPERM;
	snprintf(map, sizeof(map), "0 %u 1", (unsigned)uid);
	if (text_to_file("/proc/self/uid_map", map) < 0)
		return -EPERM;
	snprintf(map, sizeof(map), "0 %u 1", (unsigned)gid);
	if (text_to_file("/proc/self/gid_map", map) < 0 || text_to_file(path, number) < 0)
		return -EPERM;
	return keep_caps ? 0 : caps_drop(UINT64_MAX);
}

/* As containers do it; then an ordinary user, for whom the kernel lets no new /proc replace it. */
static inline int proc_sys_read_only(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("/proc/sys", "/proc/sys", NULL, MS_BIND, NULL) < 0 ||
	    mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0)
		return -errno;
	if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
		return -errno;
	/* changing the user makes us undumpable, and our files in /proc root's */
	return prctl(PR_SET_DUMPABLE, 1) < 0 ? -errno : 0;
}

/**
 * struct broken_run - what nslab doctor said there
 * @text: the report; owned. NULL if the system could not be broken that way here
 * @missing, @runnable: what doctor_run() returned
 */
struct broken_run {
	char *text;
	int missing;
	int runnable;
};

/* Run it in a child of which @break_it has first made a broken system. */
static inline struct broken_run doctor_in(int (*break_it)(void),
					  const struct doctor_options *options)
{
	struct broken_run run = { .missing = -1, .runnable = -1 };
	char *text = NULL, *end;
	size_t size = 0, got;
	int pipes[2], status;
	char buf[4096];
	FILE *f;
	pid_t pid;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		FILE *out = fdopen(pipes[1], "w");
		int runnable = -1, missing;

		if (!out || break_it() < 0)
			_exit(CANNOT_BREAK);
		missing = doctor_run(out, options, &runnable);
		fprintf(out, "\n%d %d\n", missing, runnable);
		fflush(out);
		_exit(0);
	}
	close(pipes[1]);
	f = open_memstream(&text, &size);
	assert_non_null(f);
	for (;;) {
		ssize_t n = read(pipes[0], buf, sizeof(buf));

		if (n <= 0)
			break;
		got = fwrite(buf, 1, (size_t)n, f);
		assert_int_equal(got, n);
	}
	fclose(f);
	close(pipes[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CANNOT_BREAK) {
		free(text);
		return run;
	}
	assert_int_equal(WEXITSTATUS(status), 0);
	end = strrchr(text, '\n');
	while (end > text && end[-1] != '\n')
		end--;
	assert_int_equal(sscanf(end, "%d %d", &run.missing, &run.runnable), 2);
	run.text = text;
	return run;
}

#endif
