// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a child enters the host's network and a mount namespace of its own, takes back
 * the identity of whoever started nslab, and only then becomes the program. How far it came it says
 * through a pipe that execvp() closes: nothing but the end means that the program runs.
 */
#include "lab/run/program.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/run/children.h"
#include "netns/cleanup.h"
#include "netns/network.h"
#include "netns/sandbox.h"

/** struct trouble - what went wrong in the child; @exec: errno of execvp(), else it was the lab */
struct trouble {
	int exec;
	struct lab_err err;
};

/* In the child from here on. */

/* sudo_id() - a number that sudo has left in the environment, -1 if there is none */
static long sudo_id(const char *name)
{
	const char *text = getenv(name);
	char *end;
	long id;

	if (!text || !*text)
		return -1;
	errno = 0;
	id = strtol(text, &end, 10);
	return errno || *end || id < 0 ? -1 : id;
}

/* Under sudo: the user who called it. */
static int sudo_user_become(struct lab_err *err)
{
	long uid = sudo_id("SUDO_UID"), gid = sudo_id("SUDO_GID");
	const struct passwd *user;

	if (uid <= 0 || gid < 0)
		return 0;
	user = getpwuid((uid_t)uid);
	if (user ? initgroups(user->pw_name, (gid_t)gid) : setgroups(0, NULL))
		return lab_err_set(err, errno, "cannot take the groups of user %ld", uid);
	if (user) {
		setenv("HOME", user->pw_dir, 1);
		setenv("USER", user->pw_name, 1);
		setenv("LOGNAME", user->pw_name, 1);
	}
	if (setresgid((gid_t)gid, (gid_t)gid, (gid_t)gid) < 0 ||
	    setresuid((uid_t)uid, (uid_t)uid, (uid_t)uid) < 0)
		return lab_err_set(err, errno, "cannot become user %ld", uid);
	return 0;
}

/* Root is what the lab's user namespace makes of its owner; below it is a namespace that does not. */
static int own_user_become(uid_t uid, gid_t gid, struct lab_err *err)
{
	int ret;

	if (unshare(CLONE_NEWUSER) < 0)
		return lab_err_set(err, errno, "cannot make a user namespace for a program");
	ret = sandbox_map_ids(uid, 0, gid, 0, err);
	return ret < 0 ? lab_err_wrap(err, "cannot give a program its user back") : 0;
}

static void signals_reset(void)
{
	sigset_t none;

	for (int sig = 1; sig < 32; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* $NSLAB: by which the program can call us, to drive the lab that it is in */
static void nslab_name(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n <= 0)
		return;
	path[n] = '\0';
	setenv("NSLAB", path, 1);
}

int program_become(bool in_root, uid_t uid, gid_t gid, struct lab_err *err)
{
	int ret = in_root ? sudo_user_become(err) : own_user_become(uid, gid, err);

	if (ret < 0)
		return ret;
	/* who changes identity loses the death signal */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return lab_err_set(err, errno, "cannot renounce privileges (no_new_privs)");
	nslab_name();
	signals_reset();
	return 0;
}

static int child_prepare(const struct program_place *place, bool apart, struct lab_err *err)
{
	int ret;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (apart)
		setsid();
	ret = network_host_join(place->net, place->host, place->fams, place->resolv_conf, err);
	if (ret < 0)
		return ret;
	return program_become(sandbox_in_root(), sandbox_uid(), sandbox_gid(), err);
}

/* stdin reads nothing, stdout and stderr are @out and @err_fd, or all three are ours; there is no other but @report. */
static void fds_arrange(bool apart, int out, int err_fd, int report)
{
	int null = apart ? open("/dev/null", O_RDONLY) : -1;

	if (apart && (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(err_fd, 2) < 0))
		_exit(127);
	if ((report != 3 && dup2(report, 3) < 0) || fcntl(3, F_SETFD, FD_CLOEXEC) < 0 ||
	    close_range(4, ~0U, 0) < 0)
		_exit(127);
}

static void __attribute__((noreturn))
child_run(const struct program_place *place, char *const *argv, bool apart, int out, int err_fd,
	  int report)
{
	struct trouble trouble = { 0 };

	if (child_prepare(place, apart, &trouble.err) == 0) {
		fds_arrange(apart, out, err_fd, report);
		report = 3;
		execvp(argv[0], argv);
		trouble.exec = errno;
	}
	if (write(report, &trouble, sizeof(trouble)) != sizeof(trouble))
		_exit(126);
	_exit(127);
}

/* In the lab. */

static int pipes_make(int out[2], int err_pipe[2], int report[2])
{
	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err_pipe, O_CLOEXEC) < 0 ||
	    pipe2(report, O_CLOEXEC) < 0 || fcntl(out[0], F_SETFL, O_NONBLOCK) < 0 ||
	    fcntl(err_pipe[0], F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

static ssize_t trouble_read(int fd, struct trouble *trouble)
{
	ssize_t n;

	do
		n = read(fd, trouble, sizeof(*trouble));
	while (n < 0 && errno == EINTR);
	return n;
}

int program_start(const struct program_place *place, char *const *argv, bool apart,
		  struct program *ret, int *ret_exec, struct lab_err *err)
{
	int out[2] = { -1, -1 }, err_pipe[2] = { -1, -1 }, report[2] = { -1, -1 }, code;
	struct trouble trouble = { 0 };
	ssize_t n;

	*ret = (struct program){ .pidfd = -1, .out = { -1, -1 } };
	*ret_exec = 0;
	code = pipes_make(out, err_pipe, report);
	if (code == 0) {
		fflush(NULL);
		ret->pid = fork();
		code = ret->pid < 0 ? -errno : 0;
		if (!ret->pid)
			child_run(place, argv, apart, out[1], err_pipe[1], report[1]);
		if (ret->pid > 0)
			children_add(ret->pid);
	}
	close_fd(&out[1]);
	close_fd(&err_pipe[1]);
	close_fd(&report[1]);
	ret->out[0] = out[0];
	ret->out[1] = err_pipe[0];
	if (code == 0) {
		ret->pidfd = (int)syscall(SYS_pidfd_open, ret->pid, 0);
		code = ret->pidfd < 0 ? -errno : 0;
	}
	n = code == 0 ? trouble_read(report[0], &trouble) : 0;
	close_fd(&report[0]);
	if (code < 0) {
		program_end(ret);
		return lab_err_set(err, -code, "cannot start a process for a program");
	}
	if (n == 0)
		return 0;
	program_end(ret);
	if (n != sizeof(trouble))
		return lab_err_set(err, ECHILD, "the process of a program died on the way");
	if (!trouble.exec && err)
		*err = trouble.err;
	*ret_exec = trouble.exec;
	return trouble.exec ? 0 : -(trouble.err.code ?: EIO);
}

int program_status(struct program *program)
{
	int status = 0, ret;

	do
		ret = waitpid(program->pid, &status, 0);
	while (ret < 0 && errno == EINTR);
	program->reaped = true;
	children_drop(program->pid);
	return ret < 0 ? 255 : WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void program_end(struct program *program)
{
	if (program->pid > 0)
		kill(-program->pid, SIGKILL);
	if (program->pid > 0 && !program->reaped) {
		kill(program->pid, SIGKILL);
		while (waitpid(program->pid, NULL, 0) < 0 && errno == EINTR)
			;
		children_drop(program->pid);
	}
	close_fd(&program->pidfd);
	close_fd(&program->out[0]);
	close_fd(&program->out[1]);
	*program = (struct program){ .pidfd = -1, .out = { -1, -1 } };
}
