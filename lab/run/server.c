// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: each connection has a buffer and a kind. The kind's @take moves bytes from
 * the socket to the buffer and decides what to answer; what is in the buffer goes out whenever the
 * socket takes it. A connection ends when its peer has closed and everything is sent.
 */
#include "lab/run/server.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "lab/run/op.h"
#include "netns/cleanup.h"

enum { BUFFER = 64 * 1024 };

struct talk {
	struct server *server;
	struct talk *next;
	struct source *source;
	int fd;
	bool eof;  /* the peer has closed its direction */
	bool last; /* close as soon as the buffer is out */
	size_t len;
	uint64_t sent; /* bytes that have left the buffer */
	char buf[BUFFER];
};

struct server {
	struct loop *loop;
	struct source *source;
	struct sock *listener;
	const struct kind *kind;
	struct talk *talks;
};

/**
 * struct kind - a row of the table of servers
 * @take: bytes came, @n of them behind @talk->len; may answer by changing buffer and length
 * @fill: the buffer has room: make something up
 */
struct kind {
	const char *name;
	void (*take)(struct talk *talk, size_t n);
	void (*fill)(struct talk *talk);
};

static void echo_take(struct talk *talk, size_t n)
{
	talk->len += n;
}

static void discard_take(struct talk *talk, size_t n)
{
	(void)talk;
	(void)n;
}

static void http_take(struct talk *talk, size_t n)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
				     "Content-Length: 6\r\nConnection: close\r\n\r\nhello\n";

	talk->len += n;
	if (memmem(talk->buf, talk->len, "\r\n\r\n", 4)) {
		memcpy(talk->buf, answer, sizeof(answer) - 1);
		talk->len = sizeof(answer) - 1;
		talk->last = true;
	} else if (talk->len == BUFFER) {
		talk->len = 0;
		talk->last = true; /* no request is that long */
	}
}

/* RFC 864: lines of 72 printable characters, each begins one further on */
static void chargen_fill(struct talk *talk)
{
	while (talk->len < BUFFER) {
		uint64_t n = talk->sent + talk->len, line = n / 74, at = n % 74;

		talk->buf[talk->len++] = at == 72 ? '\r' :
					 at == 73 ? '\n' :
						    (char)(' ' + (line + at) % 95);
	}
}

static const struct kind kinds[] = {
	{ "echo", echo_take, NULL },
	{ "http", http_take, NULL },
	{ "discard", discard_take, NULL },
	{ "chargen", discard_take, chargen_fill },
};

const char *const server_words[] = { "echo", "http", "discard", "chargen", NULL };

static void talk_end(struct talk *talk)
{
	struct talk **at = &talk->server->talks;

	while (*at != talk)
		at = &(*at)->next;
	*at = talk->next;
	source_drop(talk->source);
	close(talk->fd);
	free(talk);
}

/* Read what there is room for; false when the connection is broken. */
static bool talk_read(struct talk *talk)
{
	size_t room = BUFFER - talk->len;
	ssize_t n;

	/* chargen keeps its buffer full, and still has to see the peer close */
	if (talk->server->kind->fill) {
		char bin[4096];

		n = recv(talk->fd, bin, sizeof(bin), 0);
	} else if (!room || talk->last) {
		return true;
	} else {
		n = recv(talk->fd, talk->buf + talk->len, room, 0);
	}
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		talk->eof = true;
	else
		talk->server->kind->take(talk, (size_t)n);
	return true;
}

static bool talk_write(struct talk *talk)
{
	ssize_t n;

	if (talk->server->kind->fill && !talk->eof)
		talk->server->kind->fill(talk);
	/* http waits for the whole request before it answers */
	if (!talk->len || (talk->server->kind->take == http_take && !talk->last))
		return true;
	n = send(talk->fd, talk->buf, talk->len, MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	memmove(talk->buf, talk->buf + n, talk->len - (size_t)n);
	talk->len -= (size_t)n;
	talk->sent += (uint64_t)n;
	return true;
}

static void talk_ready(void *arg, uint32_t events)
{
	struct talk *talk = arg;
	bool wants_out, gone = talk->eof && events & (EPOLLERR | EPOLLHUP);

	if (gone || (events & (EPOLLIN | EPOLLHUP | EPOLLERR) && !talk->eof && !talk_read(talk)) ||
	    !talk_write(talk)) {
		talk_end(talk);
		return;
	}
	/* also a request that will never be complete */
	if ((talk->eof || talk->last) && (!talk->len || talk->server->kind->fill ||
					  (talk->server->kind->take == http_take && !talk->last))) {
		talk_end(talk);
		return;
	}
	wants_out = talk->server->kind->fill ||
		    (talk->len && !(talk->server->kind->take == http_take && !talk->last));
	source_events(talk->source,
		      (talk->eof || (talk->len == BUFFER && !talk->server->kind->fill) ?
			       0u :
			       (unsigned)EPOLLIN) |
			      (wants_out ? (unsigned)EPOLLOUT : 0u));
}

static void listener_ready(void *arg, uint32_t events)
{
	struct server *server = arg;
	struct talk *talk;
	int fd = accept4(server->listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (fd < 0)
		return;
	talk = calloc(1, sizeof(*talk));
	if (!talk) {
		close(fd);
		return;
	}
	talk->server = server;
	talk->fd = fd;
	talk->source = source_add(server->loop, fd, EPOLLIN | (server->kind->fill ? EPOLLOUT : 0u),
				  talk_ready, talk);
	if (!talk->source) {
		close(fd);
		free(talk);
		return;
	}
	talk->next = server->talks;
	server->talks = talk;
}

struct server *server_start(struct op *op, struct sock *listener, int kind)
{
	struct server *server = calloc(1, sizeof(*server));
	struct lab_err err = { 0 };

	if (server) {
		server->loop = run_loop(op->run);
		server->listener = listener;
		server->kind = &kinds[kind];
		server->source =
			source_add(server->loop, listener->fd, EPOLLIN, listener_ready, server);
	}
	if (!server || !server->source) {
		free(server);
		lab_err_set(&err, errno, "cannot serve");
		op_fail(op, &err);
		return NULL;
	}
	return server;
}

void server_deaf(struct server *server, const struct sock *listener)
{
	if (!server || server->listener != listener)
		return;
	source_drop(server->source);
	server->source = NULL;
}

void server_abort(struct server *server)
{
	const struct linger linger = { .l_onoff = 1 };

	while (server && server->talks) {
		setsockopt(server->talks->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
		talk_end(server->talks);
	}
}

void server_stop(struct server *server)
{
	if (!server)
		return;
	while (server->talks)
		talk_end(server->talks);
	source_drop(server->source);
	free(server);
}
