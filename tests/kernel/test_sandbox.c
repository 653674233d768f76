// SPDX-License-Identifier: GPL-2.0-or-later
/* The process that holds a lab: what it is inside, and that nothing of it outlives anybody. */
#include "tests/kernel/inside.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum { PATIENCE_MS = 10000 };

static ino_t ns_of(const char *kind)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/ns/%s", kind);
	must(stat(path, &st) == 0);
	return st.st_ino;
}

static int fds_open(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static bool hangs_up(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	char c;

	return poll(&pfd, 1, PATIENCE_MS) == 1 && read(fd, &c, 1) == 0;
}

/* Spawn, or skip the test where there are no namespaces. */
static void spawn(struct sandbox *box, int (*fn)(void *arg), void *arg)
{
	struct lab_err err = { 0 };
	int ret = sandbox_spawn(fn, arg, box, &err);

	if (ret < 0 && inside_refused())
		skip();
	if (ret < 0)
		fail_msg("%s", err.msg);
}

/* ---- inside ---- */

struct outside {
	ino_t user, net, pid, mnt;
	uid_t uid;
	gid_t gid;
	bool privileged;
	int fds;
};

static void world_body(void *arg)
{
	const struct outside *out = arg;
	_cleanup_free_ char *first = output_of("cut -d' ' -f1,4 /proc/1/stat");
	/* the shell that counts, and we; a pattern makes no further process */
	_cleanup_free_ char *count = output_of("set -- /proc/[0-9]*; echo $#");

	must_equal(getpid(), 1);
	must_equal(geteuid(), 0);
	must_equal(getegid(), 0);
	must(ns_of("net") != out->net);
	must(ns_of("pid") != out->pid);
	must(ns_of("mnt") != out->mnt);
	/* root of the machine stays that; anybody else gets a user namespace */
	must_equal(ns_of("user") == out->user, out->privileged);
	must_equal(sandbox_in_root(), out->privileged);
	must(sandbox_privileged());
	/* /proc is that of these processes: 1 is ourselves, and there is no other but the reader */
	must_same(first, "1 0\n");
	must_equal(atoi(count), 2);
}

static void must_read(const char *command, const char *want)
{
	_cleanup_free_ char *text = output_of(command);

	must_same(text, want);
}

static void maps_body(void *arg)
{
	const struct outside *out = arg;
	char want[64];

	if (out->privileged)
		return;
	snprintf(want, sizeof(want), "0 %u 1\n", out->uid);
	must_read("tr -s ' ' </proc/self/uid_map | sed 's/^ //'", want);
	snprintf(want, sizeof(want), "0 %u 1\n", out->gid);
	must_read("tr -s ' ' </proc/self/gid_map | sed 's/^ //'", want);
	must_read("cat /proc/self/setgroups", "deny\n");
}

static struct outside outside(void)
{
	return (struct outside){ ns_of("user"), ns_of("net"), ns_of("pid"),	    ns_of("mnt"),
				 geteuid(),	getegid(),    sandbox_privileged(), fds_open() };
}

static void test_sandbox_is_a_world_of_its_own(void **state)
{
	struct outside out = outside();

	(void)state;
	inside(world_body, &out);
}

static void test_sandbox_maps_one_user(void **state)
{
	struct outside out = outside();

	(void)state;
	inside(maps_body, &out);
	/* we ourselves have not moved */
	assert_int_equal(ns_of("net"), out.net);
	assert_int_equal(ns_of("user"), out.user);
	assert_int_equal(geteuid(), out.uid);
}

/* The network: nothing but a loopback, and all that a lab needs may be done with it. */
static void network_body(void *arg)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	(void)arg;
	must(fd >= 0);
	close(fd);
	must_read("tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '", "lo\n");
	must(unshare(CLONE_NEWNET) == 0);
	/* the hosts of a lab inherit a small hash table, where the kernel knows of it */
	must_read("f=/proc/sys/net/ipv4/tcp_ehash_entries; [ ! -e $f ] || [ \"$(cat $f)\" -le 256 ]",
		  "");
}

static void test_sandbox_may_do_what_a_lab_needs(void **state)
{
	(void)state;
	inside(network_body, NULL);
}

/* ---- signals and descriptors ---- */

static int signals_fn(void *arg)
{
	sigset_t mask, empty;
	struct sigaction sa;

	(void)arg;
	sigemptyset(&empty);
	must(sigprocmask(SIG_SETMASK, NULL, &mask) == 0);
	for (int sig = 1; sig < 32; sig++) {
		must(!sigismember(&mask, sig));
		if (sigaction(sig, NULL, &sa) == 0)
			must(sa.sa_handler == SIG_DFL);
	}
	return 0;
}

static void test_sandbox_begins_with_signals_as_by_default(void **state)
{
	struct sandbox box;
	sigset_t mask, old;
	int ret;

	(void)state;
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGUSR1);
	sigprocmask(SIG_BLOCK, &mask, &old);
	signal(SIGPIPE, SIG_IGN);
	spawn(&box, signals_fn, NULL);
	ret = sandbox_wait(&box);
	sigprocmask(SIG_SETMASK, &old, NULL);
	signal(SIGPIPE, SIG_DFL);
	assert_int_equal(ret, 0);
}

static int count_fn(void *arg)
{
	must_equal(fds_open(), *(int *)arg);
	return 0;
}

/* Neither side keeps a pipe; the parent has one pidfd for as long as the process lives. */
static void test_sandbox_leaks_no_descriptor(void **state)
{
	int before = fds_open();

	(void)state;
	for (int round = 0; round < 20; round++) {
		struct sandbox box;

		spawn(&box, count_fn, &before);
		assert_int_equal(fds_open(), before + 1);
		assert_true(fcntl(box.pidfd, F_GETFD) & FD_CLOEXEC);
		assert_int_equal(sandbox_wait(&box), 0);
		assert_int_equal(box.pidfd, -1);
		assert_int_equal(fds_open(), before);
	}
}

/* ---- how it ends ---- */

static int return_arg(void *arg)
{
	return *(int *)arg;
}

static int die(void *arg)
{
	(void)arg;
	kill(getpid(), SIGKILL); /* process 1 can be killed only from outside: nothing happens */
	return 3;
}

static void test_sandbox_exit_status_is_what_fn_returned(void **state)
{
	static int codes[] = { 0, 1, 7, 255 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		struct sandbox box;
		struct pollfd pfd;
		int status;

		spawn(&box, return_arg, &codes[i]);
		pfd = (struct pollfd){ .fd = box.pidfd, .events = POLLIN };
		assert_int_equal(poll(&pfd, 1, PATIENCE_MS), 1);
		status = sandbox_wait(&box);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), codes[i]);
		/* reaped: waiting for it again is an error */
		box.pid = 1 << 22;
		assert_int_equal(sandbox_wait(&box), -ECHILD);
	}
}

static void test_sandbox_cannot_kill_its_own_first_process(void **state)
{
	struct sandbox box;

	(void)state;
	spawn(&box, die, NULL);
	assert_int_equal(sandbox_wait(&box), 3 << 8);
}

static int __attribute__((noreturn)) wait_for_ever(void *arg)
{
	(void)arg;
	inside_bound(60);
	for (;;)
		pause();
}

static void test_sandbox_can_be_killed_from_outside(void **state)
{
	struct sandbox box;
	int status;

	(void)state;
	spawn(&box, wait_for_ever, NULL);
	assert_int_equal(kill(box.pid, SIGKILL), 0);
	status = sandbox_wait(&box);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

/* What was written but not flushed before is written once, not once for each process. */
static void test_sandbox_does_not_write_twice(void **state)
{
	static int zero;
	char text[64] = "";
	int fds[2];
	FILE *out;
	struct sandbox box;
	ssize_t n;

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	out = fdopen(fds[1], "w");
	assert_non_null(out);
	fputs("once", out);
	spawn(&box, return_arg, &zero);
	assert_int_equal(sandbox_wait(&box), 0);
	fclose(out);
	while ((n = read(fds[0], text + strlen(text), 63 - strlen(text))) > 0)
		;
	close(fds[0]);
	assert_string_equal(text, "once");
}

/* ---- nobody is left ---- */

struct family {
	int w; /* whoever lives holds this end of a pipe */
	bool stay;
};

/* Children and grandchildren, in sessions of their own and deaf to everything they can be deaf to. */
static int breed(void *arg)
{
	const struct family *family = arg;

	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();

		must(pid >= 0);
		if (pid)
			continue;
		setsid();
		inside_bound(60);
		for (int sig = 1; sig < 32; sig++) {
			if (sig != SIGALRM)
				signal(sig, SIG_IGN);
		}
		if (fork() < 0)
			_exit(1);
		for (;;)
			pause();
	}
	if (write(family->w, "r", 1) != 1)
		return 1;
	if (family->stay)
		wait_for_ever(NULL);
	return 0;
}

static void family_dies(bool by_signal)
{
	struct family family = { .stay = by_signal };
	struct sandbox box;
	int fds[2];
	char ready;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	family.w = fds[1];
	spawn(&box, breed, &family);
	close(fds[1]);
	assert_int_equal(read(fds[0], &ready, 1), 1);
	if (by_signal)
		assert_int_equal(kill(box.pid, SIGKILL), 0);
	assert_true(hangs_up(fds[0])); /* nobody holds the other end any more */
	close(fds[0]);
	assert_int_equal(sandbox_wait(&box), by_signal ? SIGKILL : 0);
}

static void test_sandbox_end_is_the_end_of_all_its_processes(void **state)
{
	(void)state;
	family_dies(false);
}

static void test_sandbox_killed_takes_all_its_processes_with_it(void **state)
{
	(void)state;
	family_dies(true);
}

/* A process of ours that spawns a sandbox, says so, and waits to be killed. */
static pid_t middle_start(const int fds[2], struct family *family)
{
	struct lab_err err = { 0 };
	struct sandbox box;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid)
		return pid;
	inside_bound(60);
	close(fds[0]);
	if (sandbox_spawn(breed, family, &box, &err) < 0)
		_exit(1);
	for (;;)
		pause();
}

static void test_sandbox_dies_with_its_parent(void **state)
{
	struct family family = { .stay = true };
	struct sandbox probe;
	static int zero;
	int fds[2], status;
	char ready;
	pid_t pid;

	(void)state;
	spawn(&probe, return_arg, &zero);
	assert_int_equal(sandbox_wait(&probe), 0);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	family.w = fds[1];
	pid = middle_start(fds, &family);
	close(fds[1]);
	assert_int_equal(read(fds[0], &ready, 1), 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(hangs_up(fds[0]));
	close(fds[0]);
}

/*
 * The parent is killed at any moment, also between the birth of the process and its asking to die with
 * its parent. Nobody may be left; orphans would become children of ours.
 */
static void test_sandbox_dies_with_its_parent_at_any_moment(void **state)
{
	struct sandbox probe;
	static int zero;

	(void)state;
	spawn(&probe, return_arg, &zero);
	assert_int_equal(sandbox_wait(&probe), 0);
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	for (int round = 0; round < 150; round++) {
		struct timespec moment = { .tv_nsec = round * 20000L };
		struct family family = { .stay = true };
		int fds[2];
		pid_t pid;

		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
		family.w = fds[1];
		pid = middle_start(fds, &family);
		close(fds[1]);
		nanosleep(&moment, NULL);
		assert_int_equal(kill(pid, SIGKILL), 0);
		/* whatever it managed to write, then the end */
		for (;;) {
			struct pollfd pfd = { .fd = fds[0], .events = POLLIN };
			char c;

			assert_int_equal(poll(&pfd, 1, PATIENCE_MS), 1);
			if (read(fds[0], &c, 1) == 0)
				break;
		}
		close(fds[0]);
	}
	/* all of them are dead: there is nobody to wait for who does not come at once or soon */
	alarm(60);
	while (waitpid(-1, NULL, 0) > 0)
		;
	alarm(0);
	assert_int_equal(errno, ECHILD);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
}

/*
 * The same, at the one moment that matters, caught with ptrace(2): the process is born and has not run
 * yet when its parent dies, so that it asks too late to be told.
 */
static void test_sandbox_notices_a_parent_that_died_at_once(void **state)
{
	struct family family = { .stay = true };
	unsigned long born = 0;
	int fds[2], go[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	family.w = fds[1];
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		struct lab_err err = { 0 };
		struct sandbox box;
		char c;

		inside_bound(60);
		close(fds[0]);
		/* not before we are traced */
		if (read(go[0], &c, 1) == 1)
			sandbox_spawn(breed, &family, &box, &err);
		_exit(0);
	}
	close(fds[1]);
	if (ptrace(PTRACE_SEIZE, pid, NULL,
		   (void *)(PTRACE_O_TRACEFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEVFORK)) < 0) {
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		skip(); /* a container may forbid it */
	}
	assert_int_equal(write(go[1], "g", 1), 1);
	assert_int_equal(waitpid(pid, &status, __WALL), pid);
	if (WIFEXITED(status))
		skip(); /* no namespaces here */
	assert_true(WIFSTOPPED(status) && status >> 16);
	assert_int_equal(ptrace(PTRACE_GETEVENTMSG, pid, NULL, &born), 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, __WALL), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(waitpid((pid_t)born, &status, __WALL), (pid_t)born);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(ptrace(PTRACE_DETACH, (pid_t)born, NULL, NULL), 0);
	assert_true(hangs_up(fds[0]));
	close(fds[0]);
	close(go[0]);
	close(go[1]);
}

/* ---- mounts ---- */

struct mounts {
	int up[2], down[2];
};

static int mount_fn(void *arg)
{
	struct mounts *m = arg;
	char c;

	must(mount("nslab-test", "/mnt", "tmpfs", 0, NULL) == 0);
	must(mount("nslab-test", "/tmp", "tmpfs", 0, NULL) == 0);
	must(write(m->up[1], "m", 1) == 1);
	must(read(m->down[0], &c, 1) == 1);
	must(access("/tmp/outside", F_OK) < 0);
	return 0;
}

/* Where mounts are shared, as systemd has them: what is mounted in there must not come out. */
static void mounts_body(void *arg)
{
	_cleanup_free_ char *before = NULL, *during = NULL;
	struct lab_err err = { 0 };
	struct mounts m;
	struct sandbox box;
	char c;

	(void)arg;
	must(mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL) == 0);
	before = output_of("cat /proc/self/mountinfo");
	must(strstr(before, " shared:"));
	must(pipe2(m.up, O_CLOEXEC) == 0);
	must(pipe2(m.down, O_CLOEXEC) == 0);
	must_work(sandbox_spawn(mount_fn, &m, &box, &err), &err);
	must(read(m.up[0], &c, 1) == 1);
	during = output_of("cat /proc/self/mountinfo");
	must_same(during, before);
	must(write(m.down[1], "g", 1) == 1);
	must_equal(sandbox_wait(&box), 0);
	for (int i = 0; i < 2; i++) {
		close(m.up[i]);
		close(m.down[i]);
	}
}

static void test_sandbox_mounts_are_private(void **state)
{
	(void)state;
	inside(mounts_body, NULL);
}

/* ---- refused ---- */

static bool file_put(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* What sandbox_spawn() comes to where a limit is 0; the child's exit status tells. */
struct limit {
	const char *file;
	const char *msg, *fix;
};

static int never(void *arg)
{
	(void)arg;
	return 99;
}

static void refused_child(const struct limit *limit)
{
	struct lab_err err = { 0 };
	struct sandbox box;
	char map[48];
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int fds, ret;

	/* a user namespace of our own, in which we are nobody special, and may set its limits */
	if (unshare(CLONE_NEWUSER) < 0)
		_exit(TEST_EXIT_SKIPPED);
	must(file_put("/proc/self/setgroups", "deny"));
	snprintf(map, sizeof(map), "1000 %u 1", uid);
	must(file_put("/proc/self/uid_map", map));
	snprintf(map, sizeof(map), "1000 %u 1", gid);
	must(file_put("/proc/self/gid_map", map));
	must(file_put(limit->file, "0"));
	must(!sandbox_privileged());
	fds = fds_open();
	ret = sandbox_spawn(never, NULL, &box, &err);
	must_equal(ret, -ENOSPC);
	must_equal(err.code, ENOSPC);
	if (!strstr(err.msg, limit->msg))
		INSIDE_FAIL("'%s' is not in '%s'", limit->msg, err.msg);
	if (!strstr(err.fix, limit->fix))
		INSIDE_FAIL("'%s' is not in '%s'", limit->fix, err.fix);
	/* nobody and nothing is left */
	must(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
	must_equal(fds_open(), fds);
	_exit(0);
}

static void test_sandbox_refused_says_how_to_mend_it(void **state)
{
	static const struct limit limits[] = {
		{ "/proc/sys/user/max_user_namespaces", "user, PID and mount namespaces",
		  "sysctl -w user.max_user_namespaces=10000" },
		{ "/proc/sys/user/max_pid_namespaces", "user, PID and mount namespaces",
		  "user.max_pid_namespaces" },
		{ "/proc/sys/user/max_net_namespaces", "network namespace",
		  "user.max_net_namespaces" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		int status;
		pid_t pid;

		fflush(NULL);
		pid = fork();
		assert_true(pid >= 0);
		if (!pid) {
			inside_bound(20);
			refused_child(&limits[i]);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status) && WEXITSTATUS(status) == TEST_EXIT_SKIPPED)
			skip();
		assert_int_equal(status, 0);
	}
}

static void test_sandbox_blocker_of_an_unknown_cause_says_nothing(void **state)
{
	char text[384] = "old";

	(void)state;
	sandbox_blocker(EFAULT, text, sizeof(text));
	/* unless this very system has switched them off, which is then the cause of everything */
	if (text[0])
		skip();
	assert_string_equal(text, "");
	sandbox_blocker(EINVAL, text, sizeof(text));
	assert_non_null(strstr(text, "CONFIG_USER_NS"));
	sandbox_blocker(ENOSPC, text, sizeof(text));
	/* a limit that is reached, or one that is 0 */
	assert_non_null(strstr(text, "user.max_user_namespaces"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sandbox_is_a_world_of_its_own),
		cmocka_unit_test(test_sandbox_maps_one_user),
		cmocka_unit_test(test_sandbox_may_do_what_a_lab_needs),
		cmocka_unit_test(test_sandbox_begins_with_signals_as_by_default),
		cmocka_unit_test(test_sandbox_leaks_no_descriptor),
		cmocka_unit_test(test_sandbox_exit_status_is_what_fn_returned),
		cmocka_unit_test(test_sandbox_cannot_kill_its_own_first_process),
		cmocka_unit_test(test_sandbox_can_be_killed_from_outside),
		cmocka_unit_test(test_sandbox_does_not_write_twice),
		cmocka_unit_test(test_sandbox_end_is_the_end_of_all_its_processes),
		cmocka_unit_test(test_sandbox_killed_takes_all_its_processes_with_it),
		cmocka_unit_test(test_sandbox_dies_with_its_parent),
		cmocka_unit_test(test_sandbox_dies_with_its_parent_at_any_moment),
		cmocka_unit_test(test_sandbox_notices_a_parent_that_died_at_once),
		cmocka_unit_test(test_sandbox_mounts_are_private),
		cmocka_unit_test(test_sandbox_refused_says_how_to_mend_it),
		cmocka_unit_test(test_sandbox_blocker_of_an_unknown_cause_says_nothing),
	};

	return TEST_MAIN("sandbox", tests, NULL, NULL);
}
