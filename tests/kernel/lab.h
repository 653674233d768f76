/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A network in one line, and sockets in its hosts; for use inside a sandbox. */
#ifndef NSLAB_TESTS_LAB_H
#define NSLAB_TESTS_LAB_H

#include "tests/kernel/inside.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "netns/network.h"
#include "tests/unit/topo_fixture.h"

enum { LAB_PORT = 8080, LAB_WAIT_MS = 5000 };

struct lab {
	struct topology topo;
	struct network *net;
};

/* Build what topo_make() has made. */
static inline void lab_build(struct lab *lab)
{
	struct lab_err err = { 0 };

	must_work(topology_complete(&lab->topo, NULL, NULL, &err), &err);
	must_work(network_build(&lab->topo, NULL, &lab->net, &err), &err);
}

static inline void lab_up(struct lab *lab, const char *hosts, const char *links)
{
	topo_make(&lab->topo, hosts, links);
	lab_build(lab);
}

static inline void lab_down(struct lab *lab)
{
	network_free(lab->net);
	topology_free(&lab->topo);
}

enum { CLIENT, FW, SERVER };

/* client -- fw -- server */
static inline void lab_default(struct lab *lab)
{
	lab_up(lab, "client fw server", "client-fw fw-server");
}

/* Go into a host, or back out with -1. */
static inline void lab_enter(const struct lab *lab, int host)
{
	struct lab_err err = { 0 };

	must_work(network_enter(lab->net, host, &err), &err);
}

static inline int lab_socket(const struct lab *lab, int host, int family, int type, int protocol)
{
	struct lab_err err = { 0 };
	int fd = network_socket(lab->net, host, family, type, protocol, &err);

	if (fd < 0)
		INSIDE_FAIL("%s", err.msg);
	return fd;
}

/* What a shell command prints inside a host, malloced. */
static inline char *lab_output(const struct lab *lab, int host, const char *command)
{
	char *text;

	lab_enter(lab, host);
	text = output_of(command);
	lab_enter(lab, -1);
	return text;
}

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static inline socklen_t address_len(int fam)
{
	return fam == FAM6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

/* All addresses of a host, and a port. */
static inline union address address_any(int fam, uint16_t port)
{
	union address a = { 0 };

	a.any.sa_family = (sa_family_t)topo_af(fam);
	if (fam == FAM6)
		a.in6.sin6_port = htons(port);
	else
		a.in.sin_port = htons(port);
	return a;
}

static inline union address address_of(int fam, const struct topo_addr *addr, uint16_t port)
{
	union address a = address_any(fam, port);

	if (fam == FAM6)
		memcpy(&a.in6.sin6_addr, addr->bytes, 16);
	else
		memcpy(&a.in.sin_addr, addr->bytes, 4);
	return a;
}

/* By which @asker knows @host. */
static inline union address lab_address(const struct lab *lab, int asker, int host, int fam,
					uint16_t port)
{
	const struct topo_addr *addr = topology_addr(&lab->topo, asker, host, fam);

	must(addr);
	return address_of(fam, addr, port);
}

/* A socket of @host, bound to a port of all its addresses; 0 leaves the port open. */
static inline int lab_bound(const struct lab *lab, int host, int fam, int type, uint16_t port)
{
	union address any = address_any(fam, port);
	int fd = lab_socket(lab, host, topo_af(fam), type, 0), one = 1;

	must(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0);
	if (fam == FAM6)
		must(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) == 0);
	must(bind(fd, &any.any, address_len(fam)) == 0);
	return fd;
}

static inline int lab_listen(const struct lab *lab, int host, int fam, uint16_t port)
{
	int fd = lab_bound(lab, host, fam, SOCK_STREAM, port);

	must(listen(fd, 64) == 0);
	return fd;
}

/* Is @fd ready for @events by then? */
static inline bool ready_within(int fd, short events, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = events };
	int64_t until = now_ms() + ms;
	int n;

	do
		n = poll(&pfd, 1, (int)(until > now_ms() ? until - now_ms() : 0));
	while (n < 0 && errno == EINTR);
	return n > 0;
}

/*
 * Begin to connect, without waiting. Bound before, so that the port is known even while the answer is
 * still out.
 */
static inline int lab_connect(const struct lab *lab, int from, int to, int fam, uint16_t port)
{
	union address peer = lab_address(lab, from, to, fam, port);
	int fd = lab_bound(lab, from, fam, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (connect(fd, &peer.any, address_len(fam)) < 0 && errno != EINPROGRESS)
		INSIDE_FAIL("connect: errno %d", errno);
	return fd;
}

/* How a connect came out: 0, an errno, or -1 if it does not end within @ms. */
static inline int connect_result(int fd, int ms)
{
	int code = 0;
	socklen_t len = sizeof(code);

	if (!ready_within(fd, POLLOUT, ms))
		return -1;
	must(getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) == 0);
	return code;
}

static inline uint16_t port_of(int fd)
{
	union address a = { 0 };
	socklen_t len = sizeof(a);

	must(getsockname(fd, &a.any, &len) == 0);
	return ntohs(a.any.sa_family == AF_INET6 ? a.in6.sin6_port : a.in.sin_port);
}

struct pair {
	int listener, client, server;
};

/* A connection from client to server, accepted. */
static inline struct pair lab_pair(const struct lab *lab, int fam)
{
	struct pair p = { .listener = lab_listen(lab, SERVER, fam, LAB_PORT) };

	p.client = lab_connect(lab, CLIENT, SERVER, fam, LAB_PORT);
	must_equal(connect_result(p.client, LAB_WAIT_MS), 0);
	must(ready_within(p.listener, POLLIN, LAB_WAIT_MS));
	p.server = accept4(p.listener, NULL, NULL, SOCK_CLOEXEC);
	must(p.server >= 0);
	return p;
}

static inline void pair_close(struct pair *p)
{
	close_fd(&p->client);
	close_fd(&p->server);
	close_fd(&p->listener);
}

/* Send text and see it arrive. */
static inline void must_pass(int from, int to, const char *text)
{
	char buf[256];

	must_equal(send(from, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	must(ready_within(to, POLLIN, LAB_WAIT_MS));
	must_equal(recv(to, buf, sizeof(buf), 0), strlen(text));
	must(!memcmp(buf, text, strlen(text)));
}

#endif
