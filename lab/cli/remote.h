/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A call to a lab: requests and answers of docs/control.md. Complains on stderr by itself. */
#ifndef NSLAB_CLI_REMOTE_H
#define NSLAB_CLI_REMOTE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "lab/cli/lab_dir.h"
#include "netns/fds.h"

/**
 * struct remote - a lab that listens
 * @lab: its name, "" from inside
 * @fds, @n_fds: came with the last answer; owned
 * @buf: what was read and is no whole line yet
 * @patience_ms: how long to wait for an answer; 0: for ever
 */
struct remote {
	const char *command;
	char lab[LAB_NAME_SIZE];
	int fd;
	int fds[FDS_MOST];
	int n_fds;
	char *buf;
	size_t len, cap;
	int patience_ms;
};

/**
 * remote_open() - call @lab (NULL: see lab_connect())
 * @command: for messages: "fault"
 * Return: EXIT_OK, or the exit code after a message
 */
int remote_open(const char *command, const char *lab, struct remote *ret);
void remote_close(struct remote *remote);

/**
 * remote_ask() - send a request, wait for the answer
 * @request: its name; @members: beside it, taken over, may be NULL
 * @ret: the answer, or NULL if it is of no interest
 * Return: EXIT_OK; EXIT_UNMET what was waited for did not come; EXIT_USAGE there is no such thing;
 * EXIT_LAB it failed
 */
int remote_ask(struct remote *remote, const char *request, json_t *members, json_t **ret);

/**
 * remote_line() - the next line that is there
 * @ret: without its end; malloced
 * Return: 1; 0 if there is none; -errno, -EPIPE: the lab has hung up
 */
int remote_line(struct remote *remote, char **ret, size_t *ret_len);

/** remote_read() - take what is there, without waiting; 0, -EAGAIN, -EPIPE, -errno */
int remote_read(struct remote *remote);

/** remote_lab_row() - option that chooses the lab, for tables */
#define REMOTE_LAB_ROW(type, field)                                                           \
	{                                                                                     \
		"lab", 'l', "LAB",                                                            \
			"which lab; default: the one we are in, or the only one that stands", \
			OPTION_TEXT, offsetof(type, field)                                    \
	}

#endif
