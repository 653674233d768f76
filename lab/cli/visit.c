// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: the lab hands out descriptors of its namespaces. Only a child is born into a PID namespace
 * that was joined, so a go-between joins it, makes the child ours (CLONE_PARENT), and goes; the child
 * joins the host's other namespaces and becomes the program. So it is our child, with our terminal and
 * process group, and it dies with us; and it lives in the lab's PID namespace, so it and whatever it leaves
 * behind dies with the lab.
 *
 * What its connections came to is told from the lab's event log, which a second call watches.
 */
#include "lab/cli/visit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/cli/command.h"
#include "lab/cli/remote.h"
#include "lab/observe/axis.h"
#include "lab/report/report.h"
#include "lab/run/program.h"
#include "netns/cleanup.h"

enum {
	EXIT_OVERDUE = 124,
	EXIT_NO_LAB = 125,
	EXIT_NO_EXEC = 126,
	EXIT_NOT_FOUND = 127,
	QUIET_MS = 25, /* without an event: then nothing more comes of a program that has ended */
	QUIET_MOST = 40,
};

/** struct trouble - how far the child did not come; @exec: errno of execvp() */
struct trouble {
	int exec;
	struct lab_err err;
};

/**
 * struct session - a visit
 * @remote: for requests; @watch: its log, with @summary; @log_over: that has ended
 * @ns: descriptors of the lab's namespaces by name, -1 for none
 * @ran: see visit_run()
 * @host: its index; @last_ns: time of the last event; @begun_ns: of our own clock
 */
struct session {
	const struct visit *visit;
	struct remote remote, watch;
	struct report *summary;
	bool log_over;
	int user, pid, net, mnt;
	int host;
	int64_t last_ns, begun_ns;
	bool ran;
};

/**
 * struct birth - what a program is born with
 * @folder: where we are
 * @lifeline: hangs up when we are gone; @lifeline_ours: the end that does
 * @report: takes a struct trouble; @number: the program's process ID
 */
struct birth {
	uid_t uid;
	gid_t gid;
	char folder[PATH_MAX];
	int lifeline, lifeline_ours;
	int report, number;
};

bool visit_parse(char *word, bool bare, const char **ret_lab, const char **ret_host)
{
	char *colon = strchr(word, ':');

	if (!colon && !bare)
		return false;
	*ret_lab = NULL;
	*ret_host = colon ? colon + 1 : word;
	/* a file of that name is a scenario */
	if (!bare && access(word, F_OK) == 0)
		return false;
	if (!colon)
		return true;
	*colon = '\0';
	if (*word)
		*ret_lab = word;
	return true;
}

/* ---- the child ---- */

static int host_enter(const struct session *s, const char *folder, struct lab_err *err)
{
	if (setns(s->net, CLONE_NEWNET) < 0)
		return lab_err_set(err, errno, "cannot enter the host's network namespace");
	if (setns(s->mnt, CLONE_NEWNS) < 0)
		return lab_err_set(err, errno, "cannot enter the host's mount namespace");
	/* where we were, if it is there */
	if (chdir(folder) < 0 && chdir("/") < 0)
		return lab_err_set(err, errno, "cannot change to a folder");
	return 0;
}

static void __attribute__((noreturn)) give_up(int report, const struct trouble *trouble)
{
	_exit(write(report, trouble, sizeof(*trouble)) == sizeof(*trouble) ? EXIT_NOT_FOUND :
									     EXIT_NO_LAB);
}

static void __attribute__((noreturn)) child_run(const struct session *s, const struct birth *birth)
{
	struct trouble trouble = { 0 };
	struct pollfd parent = { .fd = birth->lifeline };
	int report = birth->report;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (host_enter(s, birth->folder, &trouble.err) == 0 &&
	    program_become(s->user < 0, birth->uid, birth->gid, &trouble.err) == 0) {
		/* our parent may have died before it could take us with it */
		if (poll(&parent, 1, 0) != 0)
			_exit(EXIT_NO_LAB);
		if ((report != 3 && dup2(report, 3) < 0) || fcntl(3, F_SETFD, FD_CLOEXEC) < 0 ||
		    close_range(4, ~0U, 0) < 0)
			_exit(EXIT_NO_LAB);
		report = 3;
		execvp(s->visit->argv[0], s->visit->argv);
		trouble.exec = errno;
	}
	give_up(report, &trouble);
}

/* Joins what a child has to be born into, and bears it for its own parent. */
static void __attribute__((noreturn)) go_between(const struct session *s, const struct birth *birth)
{
	struct trouble trouble = { 0 };
	long pid = -1;

	if (s->user >= 0 && setns(s->user, CLONE_NEWUSER) < 0)
		lab_err_set(&trouble.err, errno, "cannot enter the lab's user namespace");
	else if (setns(s->pid, CLONE_NEWPID) < 0)
		lab_err_set(&trouble.err, errno, "cannot enter the lab's PID namespace");
	else
		pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, NULL, 0, 0);
	if (pid == 0)
		child_run(s, birth);
	if (pid < 0 && !trouble.err.code)
		lab_err_set(&trouble.err, errno, "cannot start a process in the lab");
	if (trouble.err.code)
		give_up(birth->report, &trouble);
	_exit(write(birth->number, &pid, sizeof(pid)) != sizeof(pid));
}

/* ---- the way in ---- */

/* Descriptors came in the order of their names. */
static int namespaces_take(struct session *s, const json_t *answer)
{
	const json_t *list = json_object_get(answer, "namespaces"), *name;
	size_t i;

	json_array_foreach(list, i, name) {
		const char *text = json_string_value(name) ?: "";
		int *slot = !strcmp(text, "user") ? &s->user :
			    !strcmp(text, "pid")  ? &s->pid :
			    !strcmp(text, "net")  ? &s->net :
			    !strcmp(text, "mnt")  ? &s->mnt :
						    NULL;

		if (slot && i < (size_t)s->remote.n_fds)
			*slot = s->remote.fds[i];
	}
	return s->pid < 0 || s->net < 0 || s->mnt < 0 ? -EPROTO : 0;
}

static int lab_enter(struct session *s)
{
	const struct visit *v = s->visit;
	json_t *answer;
	int code = remote_ask(&s->remote, "enter", json_pack("{s:s}", "host", v->host), &answer);

	if (code)
		return code == EXIT_USAGE ? EXIT_USAGE : EXIT_NO_LAB;
	code = namespaces_take(s, answer);
	json_decref(answer);
	if (code < 0)
		fprintf(stderr, "nslab %s: the lab's answer has not all namespaces\n", v->command);
	return code < 0 ? EXIT_NO_LAB : EXIT_OK;
}

/* ---- what is told of it ---- */

static void event_take(struct session *s, const char *line, size_t len)
{
	struct event event = { 0 };
	const char *why;

	if (event_read(line, len, &event, &why) < 0)
		return;
	s->last_ns = event.t_ns;
	if (event.type == EVENT_BEGIN) {
		for (int i = 0; i < event.begin.n_hosts; i++)
			if (!strcmp(event.begin.hosts[i], s->visit->host))
				s->host = i;
	}
	if (s->summary)
		REPORT_PROGRAM.event(s->summary, &event);
	event_clear(&event);
}

/* Take what there is of the log. */
static void log_take(struct session *s)
{
	char *line;
	size_t len;
	int ret;

	if (s->log_over)
		return;
	ret = remote_read(&s->watch);
	s->log_over = ret < 0 && ret != -EAGAIN;
	while (remote_line(&s->watch, &line, &len) > 0) {
		event_take(s, line, len);
		free(line);
	}
}

/* For the summary the program is a step, which it is not for the lab. @status: -1 if its time was over */
static void step_tell(struct session *s, enum event_type type, int status)
{
	char text[100], detail[80] = "", error[16] = "none";
	struct event event = { .type = type,
			       .host = s->host,
			       .t_ns = s->last_ns,
			       .step = { .text = text,
					 .error = error,
					 .detail = detail,
					 .took_ns = clock_now() - s->begun_ns,
					 .bytes = -1,
					 .exit = status } };

	if (!s->summary)
		return;
	snprintf(text, sizeof(text), "program %.80s", s->visit->argv[0]);
	if (status < 0)
		snprintf(error, sizeof(error), "deadline");
	else if (status > 128 && status <= 128 + 64)
		snprintf(detail, sizeof(detail), "exit %d: %.60s", status, strsignal(status - 128));
	else
		snprintf(detail, sizeof(detail), "exit %d", status);
	REPORT_PROGRAM.event(s->summary, &event);
}

static int watch_begin(struct session *s)
{
	struct report_options how;
	int code;

	if (s->visit->quiet)
		return EXIT_OK;
	code = remote_open(s->visit->command, s->remote.lab, &s->watch);
	code = code ?: remote_ask(&s->watch, "watch", NULL, NULL);
	if (code)
		return code;
	report_options_detect(stderr, &how);
	s->summary = REPORT_PROGRAM.open(stderr, &how);
	/* its begin came with the answer, or comes right behind it */
	for (int i = 0; s->host < 0 && i < QUIET_MOST && !s->log_over; i++) {
		struct pollfd pfd = { .fd = s->watch.fd, .events = POLLIN };

		log_take(s);
		if (s->host < 0)
			poll(&pfd, 1, QUIET_MS);
	}
	step_tell(s, EVENT_STEP_BEGIN, 0);
	return EXIT_OK;
}

/* What the kernel still has to say of it. */
static void watch_end(struct session *s, int status)
{
	for (int i = 0; s->summary && i < QUIET_MOST && !s->log_over; i++) {
		struct pollfd pfd = { .fd = s->watch.fd, .events = POLLIN };

		if (poll(&pfd, 1, QUIET_MS) <= 0)
			break;
		log_take(s);
	}
	step_tell(s, EVENT_STEP_END, status);
	if (s->summary)
		REPORT_PROGRAM.close(s->summary);
}

/* ---- the program under way ---- */

static void reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Signals that only we got are passed on, which is all until it has ended. Exit status, or -1: overdue. */
static int program_follow(struct session *s, pid_t pid, int signals)
{
	_cleanup_close_ int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	int64_t until = s->visit->within_ns ? clock_now() + s->visit->within_ns : INT64_MAX;
	int status = 0;

	for (;;) {
		struct pollfd fds[] = { { .fd = pidfd, .events = POLLIN },
					{ .fd = signals, .events = POLLIN },
					{ .fd = s->summary && !s->log_over ? s->watch.fd : -1,
					  .events = POLLIN } };
		int64_t left = until == INT64_MAX ? 3600000 : (until - clock_now()) / 1000000 + 1;
		struct signalfd_siginfo info;

		if (left < 0 || poll(fds, 3, left > 3600000 ? 3600000 : (int)left) < 0)
			fds[0].revents = fds[1].revents = fds[2].revents = 0;
		if (fds[1].revents && read(signals, &info, sizeof(info)) == sizeof(info))
			kill(pid, (int)info.ssi_signo);
		if (fds[2].revents)
			log_take(s);
		if (fds[0].revents)
			break;
		if (clock_now() >= until) {
			kill(pid, SIGKILL);
			reap(pid);
			return -1;
		}
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int trouble_tell(const struct session *s, const struct trouble *trouble)
{
	char text[1024];

	if (trouble->exec) {
		fprintf(stderr, "nslab: cannot run %s: %s\n", s->visit->argv[0],
			trouble->exec == ENOENT ? "not found" : errno_name(trouble->exec));
		return trouble->exec == ENOENT ? EXIT_NOT_FOUND : EXIT_NO_EXEC;
	}
	fprintf(stderr, "nslab %s: %s\n", s->visit->command,
		lab_err_text(&trouble->err, text, sizeof(text)));
	return EXIT_NO_LAB;
}

static ssize_t pipe_read(int fd, void *buf, size_t size)
{
	ssize_t n;

	do
		n = read(fd, buf, size);
	while (n < 0 && errno == EINTR);
	close(fd);
	return n;
}

/* The program, or 0 with the exit status in @ret_code. */
static pid_t child_bear(struct session *s, struct birth *birth, int *ret_code)
{
	struct trouble trouble = { 0 };
	int report[2], number[2];
	long pid = 0;
	pid_t between;

	*ret_code = EXIT_NO_LAB;
	if (pipe2(report, O_CLOEXEC) < 0)
		return 0;
	if (pipe2(number, O_CLOEXEC) < 0) {
		close(report[0]);
		close(report[1]);
		return 0;
	}
	birth->report = report[1];
	birth->number = number[1];
	fflush(NULL);
	s->begun_ns = clock_now();
	between = fork();
	if (!between) {
		close(birth->lifeline_ours);
		go_between(s, birth);
	}
	close(report[1]);
	close(number[1]);
	if (pipe_read(number[0], &pid, sizeof(pid)) != sizeof(pid))
		pid = 0;
	if (between > 0)
		reap(between);
	if (pipe_read(report[0], &trouble, sizeof(trouble)) == sizeof(trouble)) {
		*ret_code = trouble_tell(s, &trouble);
		if (pid > 0)
			reap((pid_t)pid);
		return 0;
	}
	return (pid_t)pid;
}

/* The lab hangs up when it ends, before it takes along what is in it. */
static bool lab_gone(const struct session *s)
{
	struct pollfd pfd = { .fd = s->remote.fd };

	return poll(&pfd, 1, 0) > 0;
}

static int program_run(struct session *s)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, interrupt, quit;
	sigset_t mask, old;
	struct birth birth = { .uid = geteuid(), .gid = getegid() };
	int lifeline[2], signals, code = lab_enter(s);
	pid_t pid = 0;

	if (code)
		return code;
	if (pipe2(lifeline, O_CLOEXEC) < 0)
		return EXIT_NO_LAB;
	birth.lifeline = lifeline[0];
	birth.lifeline_ours = lifeline[1];
	if (!getcwd(birth.folder, sizeof(birth.folder)))
		snprintf(birth.folder, sizeof(birth.folder), "/");
	/* ^C is for the program, which has it from the terminal */
	sigaction(SIGINT, &ignore, &interrupt);
	sigaction(SIGQUIT, &ignore, &quit);
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &mask, &old);
	signals = signalfd(-1, &mask, SFD_CLOEXEC);
	pid = child_bear(s, &birth, &code);
	if (pid > 0) {
		code = program_follow(s, pid, signals);
		s->ran = !lab_gone(s);
		watch_end(s, code);
		s->summary = NULL;
	}
	if (code == -1) {
		fprintf(stderr, "nslab: the program's time was over\n");
		code = EXIT_OVERDUE;
	}
	if (s->log_over)
		fprintf(stderr, "nslab: the lab has ended\n");
	close_fd(&signals);
	close(lifeline[0]);
	close(lifeline[1]);
	sigprocmask(SIG_SETMASK, &old, NULL);
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGQUIT, &quit, NULL);
	return code;
}

int visit_run(const struct visit *visit, bool *ret_ran)
{
	struct session s = { .visit = visit,
			     .user = -1,
			     .pid = -1,
			     .net = -1,
			     .mnt = -1,
			     .host = -1,
			     .watch = { .fd = -1 } };
	int code = remote_open(visit->command, visit->lab, &s.remote);

	if (!code && !s.remote.lab[0]) {
		fprintf(stderr, "nslab %s: this is not for programs inside a lab\n",
			visit->command);
		code = EXIT_USAGE;
	}
	if (!code)
		code = watch_begin(&s);
	if (!code)
		code = program_run(&s);
	if (s.summary)
		REPORT_PROGRAM.close(s.summary);
	remote_close(&s.watch);
	remote_close(&s.remote);
	if (ret_ran)
		*ret_ran = s.ran;
	return code;
}
