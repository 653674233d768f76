// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An answer over UDP leaves from the very address that was asked, whatever the route back: a client
 * whose socket is connected hears nobody else. The kernel tells that address with each message
 * (ip(7), IP_PKTINFO; RFC 3542, 6.1) and takes it back in the same form.
 */
#include "lab/run/nameserver.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lab/run/dns.h"
#include "lab/run/op.h"
#include "lab/run/server.h"
#include "lab/run/sockopt.h"
#include "netns/cleanup.h"

enum {
	QUERY_MAX = 4096, /* bytes; a longer one is cut off, and is then no query */
	A_TURN = 32,	  /* queries; others want their turn, too */
};

struct nameserver {
	struct dns_zone zone;
	struct source *source;
	struct server *tcp;
	int host;
	int udp;
};

/* Answer one query; false if there is none. */
static bool udp_answer(struct nameserver *ns)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control;
	uint8_t query[QUERY_MAX], answer[DNS_MAX];
	struct sockaddr_storage from;
	struct iovec iov = { .iov_base = query, .iov_len = sizeof(query) };
	struct msghdr msg = { .msg_name = &from,
			      .msg_namelen = sizeof(from),
			      .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(ns->udp, &msg, MSG_DONTWAIT);
	struct cmsghdr *cmsg = n < 0 ? NULL : CMSG_FIRSTHDR(&msg);
	int asker;

	if (n < 0)
		return false;
	asker = sock_host(&from, ns->zone.topo);
	iov.iov_base = answer;
	iov.iov_len = dns_answer(query, (size_t)n, &ns->zone, asker >= 0 ? asker : ns->host, false,
				 answer);
	if (!iov.iov_len)
		return true;
	/* the interface is the route's business */
	if (cmsg && cmsg->cmsg_level == IPPROTO_IPV6)
		((struct in6_pktinfo *)CMSG_DATA(cmsg))->ipi6_ifindex = 0;
	else if (cmsg)
		((struct in_pktinfo *)CMSG_DATA(cmsg))->ipi_ifindex = 0;
	/* what cannot be sent is lost, as with any UDP server: the client asks again */
	(void)!sendmsg(ns->udp, &msg, MSG_DONTWAIT);
	return true;
}

static void udp_ready(void *arg, uint32_t events)
{
	(void)events;
	for (int i = 0; i < A_TURN && udp_answer(arg); i++)
		;
}

int nameserver_open(struct loop *loop, int udp, struct sock *listener, const struct dns_zone *zone,
		    struct nameserver **ret, struct lab_err *err)
{
	struct nameserver *ns = calloc(1, sizeof(*ns));
	int code;

	if (!ns) {
		close(udp);
		return lab_err_set(err, ENOMEM, "cannot serve");
	}
	*ns = (struct nameserver){ .zone = *zone, .host = listener->host, .udp = udp };
	code = server_start(loop, listener, SERVER_DNS, &ns->zone, &ns->tcp, err);
	if (!code) {
		ns->source = source_add(loop, udp, EPOLLIN, udp_ready, ns);
		if (!ns->source)
			code = lab_err_set(err, errno, "cannot serve");
	}
	if (code < 0) {
		nameserver_close(ns);
		return code;
	}
	*ret = ns;
	return 0;
}

void nameserver_bound(struct nameserver *ns, int most)
{
	server_bound(ns->tcp, most);
}

void nameserver_abort(struct nameserver *ns)
{
	if (ns)
		server_abort(ns->tcp);
}

void nameserver_close(struct nameserver *ns)
{
	if (!ns)
		return;
	source_drop(ns->source);
	server_stop(ns->tcp);
	close_fd(&ns->udp);
	free(ns);
}

/* socket_open() - a socket on @port, ready to serve; -1: the op is over */
static int socket_open(struct op *op, uint16_t port, int type)
{
	int af = sock_af(op->run), one = 1, code;
	struct sockopts none;
	int fd;

	sockopts_none(&none);
	fd = sock_open_family(op, &none, port, type | SOCK_NONBLOCK, af);
	if (fd < 0)
		return -1;
	if (type == SOCK_STREAM)
		code = listen(fd, 128);
	else if (af == AF_INET6)
		code = setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one));
	else
		code = setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one));
	if (!code)
		return fd;
	op_errno(op, errno);
	close(fd);
	return -1;
}

static void held_cleanup(struct op *op)
{
	nameserver_close(*(struct nameserver **)op->state);
}

static void held_rebooted(struct op *op)
{
	struct nameserver **held = op->state;

	nameserver_abort(*held);
	nameserver_close(TAKE_PTR(*held));
}

void nameserver_hold(struct op *op, uint16_t port, const struct dns_record *records, int n)
{
	struct nameserver **held = op_state(op, sizeof(struct nameserver *));
	const struct plan *plan = run_plan(op->run);
	struct dns_zone zone = {
		.topo = &plan->topo, .families = plan->ip, .records = records, .n = n
	};
	_cleanup_close_ int udp = -1;
	struct lab_err err = { 0 };
	int af = sock_af(op->run), tcp;

	op->cleanup = held_cleanup;
	op->rebooted = held_rebooted;
	udp = socket_open(op, port, SOCK_DGRAM);
	if (udp < 0)
		return;
	tcp = socket_open(op, port, SOCK_STREAM);
	if (tcp < 0)
		return;
	if (nameserver_open(run_loop(op->run), TAKE_FD(udp),
			    op_sock_new(op, op->step->host, af, tcp, MAKES_LISTENER), &zone, held,
			    &err) < 0)
		op_fail(op, &err);
	op_errno(op, 0);
}
