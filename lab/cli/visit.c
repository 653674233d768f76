// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: the lab hands out descriptors of its namespaces. We join the user and PID namespaces ourselves,
 * since only a child is born into a PID namespace; the child joins the host's others and becomes the
 * program. So it is our child, with our terminal and process group, and it dies with us; and it
 * lives in the lab's PID namespace, so it and whatever it leaves behind dies with the lab.
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

static void __attribute__((noreturn)) child_run(const struct session *s, const char *folder,
						uid_t uid, gid_t gid, int lifeline, int report)
{
	struct trouble trouble = { 0 };
	struct pollfd parent = { .fd = lifeline };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (host_enter(s, folder, &trouble.err) == 0 &&
	    program_become(s->user < 0, uid, gid, &trouble.err) == 0) {
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
	if (write(report, &trouble, sizeof(trouble)) != sizeof(trouble))
		_exit(EXIT_NO_EXEC);
	_exit(EXIT_NOT_FOUND);
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
	if (code == 0 && s->user >= 0 && setns(s->user, CLONE_NEWUSER) < 0)
		code = -errno;
	if (code == 0 && setns(s->pid, CLONE_NEWPID) < 0)
		code = -errno;
	if (code == 0)
		return EXIT_OK;
	fprintf(stderr, "nslab %s: cannot enter the lab's namespaces: %s (%s)\n", v->command,
		errno_name(-code), strerror(-code));
	return EXIT_NO_LAB;
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

/* Signals that only we got are passed on, which is all until it has ended. Exit status, or -1: overdue. */
static int program_follow(struct session *s, pid_t pid, int pidfd, int signals)
{
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
			while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
				;
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

/* Start it; its pidfd, or -1 with the exit status in @ret_code. */
static int program_begin(struct session *s, int lifeline[2], pid_t *ret_pid, int *ret_code)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char folder[PATH_MAX];
	struct trouble trouble = { 0 };
	int report[2], pidfd;
	ssize_t n;

	*ret_code = EXIT_NO_LAB;
	if (!getcwd(folder, sizeof(folder)))
		snprintf(folder, sizeof(folder), "/");
	*ret_code = lab_enter(s);
	if (*ret_code)
		return -1;
	*ret_code = EXIT_NO_LAB;
	if (pipe2(report, O_CLOEXEC) < 0)
		return -1;
	fflush(NULL);
	s->begun_ns = clock_now();
	*ret_pid = fork();
	if (!*ret_pid) {
		close(lifeline[1]);
		child_run(s, folder, uid, gid, lifeline[0], report[1]);
	}
	close(report[1]);
	if (*ret_pid < 0) {
		fprintf(stderr, "nslab %s: cannot start a process: %s\n", s->visit->command,
			errno == ENOMEM ? "the lab has ended" : errno_name(errno));
		close(report[0]);
		return -1;
	}
	pidfd = (int)syscall(SYS_pidfd_open, *ret_pid, 0);
	do
		n = read(report[0], &trouble, sizeof(trouble));
	while (n < 0 && errno == EINTR);
	close(report[0]);
	if (n != sizeof(trouble) && pidfd >= 0)
		return pidfd;
	if (n == sizeof(trouble))
		*ret_code = trouble_tell(s, &trouble);
	close_fd(&pidfd);
	kill(*ret_pid, SIGKILL);
	while (waitpid(*ret_pid, NULL, 0) < 0 && errno == EINTR)
		;
	return -1;
}

static int program_run(struct session *s)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, interrupt, quit;
	sigset_t mask, old;
	int lifeline[2], signals, pidfd, code;
	pid_t pid;

	if (pipe2(lifeline, O_CLOEXEC) < 0)
		return EXIT_NO_LAB;
	/* ^C is for the program, which has it from the terminal */
	sigaction(SIGINT, &ignore, &interrupt);
	sigaction(SIGQUIT, &ignore, &quit);
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &mask, &old);
	signals = signalfd(-1, &mask, SFD_CLOEXEC);
	pidfd = program_begin(s, lifeline, &pid, &code);
	if (pidfd >= 0) {
		code = program_follow(s, pid, pidfd, signals);
		watch_end(s, code);
		s->summary = NULL;
	}
	if (code == -1) {
		fprintf(stderr, "nslab: the program's time was over\n");
		code = EXIT_OVERDUE;
	}
	if (s->log_over)
		fprintf(stderr, "nslab: the lab has ended\n");
	close_fd(&pidfd);
	close_fd(&signals);
	close(lifeline[0]);
	close(lifeline[1]);
	sigprocmask(SIG_SETMASK, &old, NULL);
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGQUIT, &quit, NULL);
	return code;
}

int visit_run(const struct visit *visit)
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
	return code;
}
