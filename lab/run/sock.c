// SPDX-License-Identifier: GPL-2.0-or-later
/* The sockets that steps make, under the names that the scenario gives them. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "lab/run/run_private.h"
#include "lab/run/sockopt.h"
#include "netns/cleanup.h"

struct sock *op_sock_new(struct op *op, int host, int af, int fd, enum makes kind)
{
	struct sock *sock = calloc(1, sizeof(*sock));

	if (!sock)
		abort(); /* some bytes, see op_state() */
	*sock = (struct sock){ .host = host, .af = af, .fd = fd, .kind = kind };
	snprintf(sock->name, sizeof(sock->name), "%s", op->step->as ?: "");
	op->run->socks[op->index] = sock;
	return sock;
}

struct sock *run_sock(struct run *run, int step)
{
	return run->socks[step];
}

struct sock *op_sock(struct op *op, const struct ref *ref)
{
	struct sock *sock = op->run->socks[ref->step];

	if (sock)
		return sock;
	op_detail(op, "there is no socket '%s': step %d (line %d) has not made one", ref->name,
		  ref->step + 1, op->run->plan->steps[ref->step].line);
	op_errno(op, EBADF);
	return NULL;
}

int sock_af(const struct run *run)
{
	return run->plan->ip & IP_6 ? AF_INET6 : AF_INET;
}

static int bind_any(int fd, int af, uint16_t port)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };

	if (!port)
		return 0;
	if (af == AF_INET6)
		return bind(fd, (struct sockaddr *)&in6, sizeof(in6)) < 0 ? errno : 0;
	return bind(fd, (struct sockaddr *)&in, sizeof(in)) < 0 ? errno : 0;
}

int sock_open_family(struct op *op, const struct sockopts *options, uint16_t port, int type, int af)
{
	struct lab_err err = { 0 };
	const char *name;
	int fd = network_socket(op->run->net, op->step->host, af, type, 0, &err);
	int code;

	if (fd < 0) {
		op_fail(op, &err);
		return -1;
	}
	code = -sockopts_apply(fd, options, op->step->verb->makes == MAKES_LISTENER, &name);
	if (code)
		op_detail(op, "setting option %s", name);
	else
		code = bind_any(fd, af, port);
	if (!code)
		return fd;
	close(fd);
	op_errno(op, code);
	return -1;
}

static bool address_split(const struct sockaddr_storage *ss, int *af, uint8_t bytes[16],
			  uint16_t *port)
{
	const struct sockaddr_in6 *in6 = (const void *)ss;
	const struct sockaddr_in *in = (const void *)ss;

	memset(bytes, 0, 16);
	if (ss->ss_family == AF_INET) {
		*af = AF_INET;
		memcpy(bytes, &in->sin_addr, 4);
		*port = ntohs(in->sin_port);
		return true;
	}
	*port = ntohs(in6->sin6_port);
	*af = AF_INET6;
	if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		*af = AF_INET;
		memcpy(bytes, in6->sin6_addr.s6_addr + 12, 4);
	} else {
		memcpy(bytes, &in6->sin6_addr, 16);
	}
	return ss->ss_family == AF_INET6;
}

int sock_host(const struct sockaddr_storage *ss, const struct topology *topo)
{
	uint8_t bytes[16];
	uint16_t port;
	int af;

	if (!address_split(ss, &af, bytes, &port))
		return -1;
	return topology_owner(topo, af == AF_INET6 ? FAM6 : FAM4, bytes);
}

bool sock_address(struct op *op, const struct endpoint *to, int fam, uint16_t port,
		  struct sockaddr_storage *ret, socklen_t *ret_len)
{
	struct sockaddr_in6 *in6 = (void *)ret;
	struct sockaddr_in *in = (void *)ret;
	const struct topo_addr *addr = &to->addr;

	if (to->host >= 0)
		addr = topology_addr(&op->run->plan->topo, op->step->host, to->host, fam);
	else
		fam = to->fam;
	if (!addr) {
		op_detail(op, "%s has no address", to->text);
		op_errno(op, EADDRNOTAVAIL);
		return false;
	}
	memset(ret, 0, sizeof(*ret));
	if (fam == FAM6) {
		*in6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
		memcpy(&in6->sin6_addr, addr->bytes, 16);
		*ret_len = sizeof(*in6);
	} else {
		*in = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
		memcpy(&in->sin_addr, addr->bytes, 4);
		*ret_len = sizeof(*in);
	}
	memcpy(op->dial_addr, addr->bytes, sizeof(op->dial_addr));
	op->dial_port = port;
	return true;
}

struct four_tuple tuple_mirror(const struct four_tuple *t)
{
	struct four_tuple m = { .af = t->af, .lport = t->rport, .rport = t->lport };

	memcpy(m.local, t->remote, sizeof(m.local));
	memcpy(m.remote, t->local, sizeof(m.remote));
	return m;
}

void sock_track(struct op *op, struct sock *sock)
{
	struct sockaddr_storage local, remote;
	socklen_t local_len = sizeof(local), remote_len = sizeof(remote), len = sizeof(uint64_t);
	struct run *run = op->run;
	struct four_tuple tuple, other;
	uint64_t cookie = 0;
	bool later;
	int peer, af;

	if (sock->end || getsockname(sock->fd, (struct sockaddr *)&local, &local_len) < 0 ||
	    !address_split(&local, &tuple.af, tuple.local, &tuple.lport) || !tuple.lport)
		return;
	if (getpeername(sock->fd, (struct sockaddr *)&remote, &remote_len) == 0)
		address_split(&remote, &af, tuple.remote, &tuple.rport);
	else if (!op->dial_port)
		return;
	else {
		/* not connected yet: the kernel knows whom it calls, but tells it only later */
		memcpy(tuple.remote, op->dial_addr, sizeof(tuple.remote));
		tuple.rport = op->dial_port;
	}
	sock->lport = tuple.lport;
	if (getsockopt(sock->fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) < 0)
		return;
	sock->end = observer_track(run->observer, sock->host, &tuple, sock->name, cookie, &later);
	other = tuple_mirror(&tuple);
	peer = topology_owner(&run->plan->topo, tuple.af == AF_INET6 ? FAM6 : FAM4, tuple.remote);
	if (peer >= 0)
		observer_track_other(run->observer, peer, &other, later);
}

bool sock_blocking(struct op *op, struct sock *sock)
{
	int flags = fcntl(sock->fd, F_GETFL);

	if (flags >= 0 && fcntl(sock->fd, F_SETFL, flags & ~O_NONBLOCK) >= 0)
		return true;
	op_errno(op, errno);
	return false;
}

int sock_close(struct op *op, struct sock *sock)
{
	int fd = TAKE_FD(sock->fd);

	for (int i = 0; i < op->run->plan->n_steps; i++) {
		struct op *other = &op->run->ops[i];

		if (other == op || !other->run)
			continue;
		if (other->closing)
			other->closing(other, sock);
		if (!other->done && other->source && !other->blocking && other->watched_fd == fd)
			op_errno(other, EBADF);
	}
	return close(fd) < 0 ? errno : 0;
}
