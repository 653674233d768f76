// SPDX-License-Identifier: GPL-2.0-or-later
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lab/cli/command.h"
#include "lab/cli/remote.h"
#include "netns/cleanup.h"

enum { PATIENCE_MS = 5000 };

struct options {
	bool all;
};

static const struct option_row rows[] = {
	{ "all", 'a', NULL, "all labs of yours that stand", OPTION_FLAG,
	  offsetof(struct options, all) },
	{ 0 },
};

/* The process that holds the lab, as we know it; -1 if it is none of ours to see. */
static int holder(const struct remote *remote)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(remote->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 || peer.pid <= 0)
		return -1;
	return (int)syscall(SYS_pidfd_open, peer.pid, 0);
}

/* It does not answer, or does not end: it may have been stopped. What is in it dies with it. */
static int holder_kill(const struct remote *remote, int pidfd)
{
	struct pollfd pfd = { .fd = pidfd, .events = POLLIN };

	if (syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) == 0 &&
	    poll(&pfd, 1, PATIENCE_MS) > 0) {
		fprintf(stderr, "nslab down: %s did not end by itself, and was killed\n",
			remote->lab);
		return EXIT_OK;
	}
	fprintf(stderr, "nslab down: %s does not end\n", remote->lab);
	return EXIT_LAB;
}

/* The lab is gone when its process is: then all that was in it is, too. */
static int lab_down(const char *lab)
{
	struct remote remote;
	int code = remote_open("down", lab, &remote), pidfd;
	struct pollfd pfd = { .events = POLLIN };

	if (code)
		return code;
	pidfd = holder(&remote);
	pfd.fd = pidfd;
	remote.patience_ms = PATIENCE_MS;
	code = remote_ask(&remote, "down", NULL, NULL);
	if (pidfd >= 0 && (code == EXIT_LAB || poll(&pfd, 1, PATIENCE_MS) == 0))
		code = holder_kill(&remote, pidfd);
	close_fd(&pidfd);
	if (!code && remote.lab[0])
		lab_forget(remote.lab);
	remote_close(&remote);
	return code;
}

static int all_down(void)
{
	struct lab_err err = { 0 };
	struct lab_names names;
	char text[1024];
	int code = EXIT_OK;

	if (lab_names(&names, &err) < 0) {
		fprintf(stderr, "nslab down: %s\n", lab_err_text(&err, text, sizeof(text)));
		return EXIT_LAB;
	}
	for (int i = 0; i < names.n; i++)
		code = lab_down(names.list[i]) ?: code;
	free(names.list);
	return code;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct options options = { 0 };
	int code = EXIT_USAGE, first = command_options(command, argc, argv, &options, &code);

	if (first < 0)
		return code;
	if (options.all)
		return all_down();
	if (first == argc)
		return lab_down(NULL);
	code = EXIT_OK;
	for (int i = first; i < argc; i++)
		code = lab_down(argv[i]) ?: code;
	return code;
}

const struct command COMMAND_DOWN = {
	.name = "down",
	.usage = "[LAB…] | --all",
	.summary = "end a lab that stands, and all programs in it",
	.help = "Without a name the only lab there is. Returns when nothing is left of it.\n"
		"\n"
		"Exit status: 0 it is gone, 2 there is no such lab, 3 it did not end.\n",
	.options = rows,
	.run = run,
};
