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

enum { QUERY_MAX = 4096 }; /* bytes; a longer one is cut off, and is then no query */

struct nameserver {
	struct op *op;
	struct dns_zone zone;
	struct source *source;
	struct server *tcp;
	int udp;
};

static void cleanup(struct op *op)
{
	struct nameserver *ns = op->state;

	source_drop(ns->source);
	server_stop(ns->tcp);
	close_fd(&ns->udp);
}

static void rebooted(struct op *op)
{
	struct nameserver *ns = op->state;

	if (ns->tcp)
		server_abort(ns->tcp);
	server_stop(TAKE_PTR(ns->tcp));
	source_drop(TAKE_PTR(ns->source));
	close_fd(&ns->udp);
}

static void udp_ready(void *arg, uint32_t events)
{
	struct nameserver *ns = arg;
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

	(void)events;
	if (n < 0)
		return;
	asker = sock_host(&from, ns->zone.topo);
	iov.iov_base = answer;
	iov.iov_len = dns_answer(query, (size_t)n, &ns->zone,
				 asker >= 0 ? asker : ns->op->step->host, false, answer);
	if (!iov.iov_len)
		return;
	/* the interface is the route's business */
	if (cmsg && cmsg->cmsg_level == IPPROTO_IPV6)
		((struct in6_pktinfo *)CMSG_DATA(cmsg))->ipi6_ifindex = 0;
	else if (cmsg)
		((struct in_pktinfo *)CMSG_DATA(cmsg))->ipi_ifindex = 0;
	/* what cannot be sent is lost, as with any UDP server: the client asks again */
	(void)!sendmsg(ns->udp, &msg, MSG_DONTWAIT);
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

void nameserver_hold(struct op *op, uint16_t port, const struct dns_record *records, int n)
{
	struct nameserver *ns = op_state(op, sizeof(*ns));
	const struct plan *plan = run_plan(op->run);
	struct lab_err err = { 0 };
	int tcp;

	*ns = (struct nameserver){
		.op = op,
		.zone = { .topo = &plan->topo, .families = plan->ip, .records = records, .n = n },
		.udp = -1,
	};
	op->cleanup = cleanup;
	op->rebooted = rebooted;
	ns->udp = socket_open(op, port, SOCK_DGRAM);
	if (ns->udp < 0)
		return;
	tcp = socket_open(op, port, SOCK_STREAM);
	if (tcp < 0)
		return;
	ns->tcp =
		server_start(op,
			     op_sock_new(op, op->step->host, sock_af(op->run), tcp, MAKES_LISTENER),
			     SERVER_DNS, &ns->zone);
	ns->source = source_add(run_loop(op->run), ns->udp, EPOLLIN, udp_ready, ns);
	if (!ns->source) {
		lab_err_set(&err, errno, "cannot serve");
		op_fail(op, &err);
	}
	op_errno(op, 0);
}
