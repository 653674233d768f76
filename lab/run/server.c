// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: each connection has a buffer and a kind. What comes is put at the buffer's
 * end, and the kind's @take decides how much of its front is an answer, which goes out whenever the
 * socket takes it; once that is out, @take may find the next one in the rest. A connection ends
 * when its peer has closed and all answers are sent.
 */
#include "lab/run/server.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "lab/run/dns.h"
#include "lab/run/op.h"
#include "netns/cleanup.h"

enum {
	BUFFER = 64 * 1024,
	DNS_QUERY_MAX = 4096, /* bytes; nobody has asked for so much */
};

struct talk {
	struct server *server;
	struct talk *next;
	struct source *source;
	int fd;
	bool eof;  /* the peer has closed its direction */
	bool last; /* close as soon as the buffer is out */
	size_t len;
	size_t out;    /* the first bytes of the buffer, which are to be sent */
	uint64_t sent; /* bytes that have left the buffer */
	char buf[BUFFER + 2 + DNS_MAX];
};

struct server {
	struct loop *loop;
	struct source *source;
	struct sock *listener;
	const struct kind *kind;
	const struct dns_zone *zone;
	struct talk *talks; /* the youngest first */
	int n_talks;
	int most; /* 0: any number */
};

/**
 * struct kind - a row of the table of servers
 * @take: @n bytes came, behind @talk->len, or, with 0, all that was to be sent is; may answer by
 *        changing buffer, length and @talk->out
 * @fill: the buffer has room: make something up
 */
struct kind {
	void (*take)(struct talk *talk, size_t n);
	void (*fill)(struct talk *talk);
};

static void echo_take(struct talk *talk, size_t n)
{
	talk->len += n;
	talk->out = talk->len;
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
		talk->len = talk->out = sizeof(answer) - 1;
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
	talk->out = talk->len;
}

/* talk_peer() - the host that is connected; ourselves if it is none of the lab */
static int talk_peer(const struct talk *talk)
{
	struct sockaddr_storage peer = { 0 };
	socklen_t len = sizeof(peer);
	int host = -1;

	if (!getpeername(talk->fd, (struct sockaddr *)&peer, &len))
		host = sock_host(&peer, talk->server->zone->topo);
	return host >= 0 ? host : talk->server->listener->host;
}

/* RFC 1035, 4.2.2: before each message stands its length. They are answered one by one. */
static void dns_take(struct talk *talk, size_t n)
{
	uint8_t *buf = (uint8_t *)talk->buf, answer[DNS_MAX];
	const struct server *server = talk->server;
	size_t len, answer_len = 0;

	talk->len += n;
	if (talk->out || talk->last || talk->len < 2)
		return;
	len = 2 + ((size_t)buf[0] << 8 | buf[1]);
	if (len <= DNS_QUERY_MAX) {
		if (talk->len < len)
			return;
		answer_len =
			dns_answer(buf + 2, len - 2, server->zone, talk_peer(talk), true, answer);
	}
	if (!answer_len) { /* no query, or longer than any */
		talk->len = 0;
		talk->last = true;
		return;
	}
	memmove(buf + 2 + answer_len, buf + len, talk->len - len);
	buf[0] = (uint8_t)(answer_len >> 8);
	buf[1] = (uint8_t)answer_len;
	memcpy(buf + 2, answer, answer_len);
	talk->out = 2 + answer_len;
	talk->len += talk->out - len;
}

static const struct kind kinds[] = {
	[SERVER_ECHO] = { echo_take, NULL },
	[SERVER_HTTP] = { http_take, NULL },
	[SERVER_DISCARD] = { discard_take, NULL },
	[SERVER_CHARGEN] = { discard_take, chargen_fill },
	[SERVER_DNS] = { dns_take, NULL },
};

const char *const server_words[] = {
	[SERVER_ECHO] = "echo",	      [SERVER_HTTP] = "http", [SERVER_DISCARD] = "discard",
	[SERVER_CHARGEN] = "chargen", [SERVER_DNS] = "dns",   [SERVER_DNS + 1] = NULL,
};

static void talk_end(struct talk *talk)
{
	struct talk **at = &talk->server->talks;

	while (*at != talk)
		at = &(*at)->next;
	*at = talk->next;
	talk->server->n_talks--;
	source_drop(talk->source);
	close(talk->fd);
	free(talk);
}

/* Read what there is room for; false when the connection is broken. */
static bool talk_read(struct talk *talk)
{
	size_t room = talk->len < BUFFER ? BUFFER - talk->len : 0;
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
	if (!talk->out)
		return true;
	n = send(talk->fd, talk->buf, talk->out, MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	memmove(talk->buf, talk->buf + n, talk->len - (size_t)n);
	talk->len -= (size_t)n;
	talk->out -= (size_t)n;
	talk->sent += (uint64_t)n;
	if (!talk->out)
		talk->server->kind->take(talk, 0);
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
	if ((talk->eof || talk->last) && (!talk->out || talk->server->kind->fill)) {
		talk_end(talk);
		return;
	}
	wants_out = talk->server->kind->fill || talk->out;
	source_events(talk->source,
		      (talk->eof || (talk->len >= BUFFER && !talk->server->kind->fill) ?
			       0u :
			       (unsigned)EPOLLIN) |
			      (wants_out ? (unsigned)EPOLLOUT : 0u));
}

/* RFC 7766, 6.2.3: who runs short of resources may close what is idle; the oldest is the likeliest. */
static void talks_bound(struct server *server)
{
	while (server->most && server->n_talks > server->most) {
		struct talk *oldest = server->talks;

		while (oldest->next)
			oldest = oldest->next;
		talk_end(oldest);
	}
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
	server->n_talks++;
	talks_bound(server);
}

int server_start(struct loop *loop, struct sock *listener, enum server_kind kind,
		 const struct dns_zone *zone, struct server **ret, struct lab_err *err)
{
	struct server *server = calloc(1, sizeof(*server));

	if (server) {
		server->loop = loop;
		server->listener = listener;
		server->kind = &kinds[kind];
		server->zone = zone;
		server->source =
			source_add(server->loop, listener->fd, EPOLLIN, listener_ready, server);
	}
	if (!server || !server->source) {
		free(server);
		return lab_err_set(err, errno, "cannot serve");
	}
	*ret = server;
	return 0;
}

void server_bound(struct server *server, int most)
{
	server->most = most;
	talks_bound(server);
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

static void held_cleanup(struct op *op)
{
	server_stop(*(struct server **)op->state);
}

static void held_closing(struct op *op, struct sock *sock)
{
	server_deaf(*(struct server **)op->state, sock);
}

static void held_rebooted(struct op *op)
{
	server_abort(*(struct server **)op->state);
}

void server_hold(struct op *op, struct sock *listener, enum server_kind kind)
{
	struct server **held = op_state(op, sizeof(struct server *));
	struct lab_err err = { 0 };

	op->cleanup = held_cleanup;
	op->closing = held_closing;
	op->rebooted = held_rebooted;
	if (server_start(run_loop(op->run), listener, kind, NULL, held, &err) < 0)
		op_fail(op, &err);
}
