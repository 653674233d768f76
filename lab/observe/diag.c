// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a request for one exact socket is answered out of the kernel's hash table in
 * a few microseconds, where a dump walks all of it. The look-up finds established sockets, those in
 * TIME-WAIT, those that wait for the third packet of the handshake (SYN-RECV), and last, where
 * there is nothing else, a listener on the local port: that is no answer to a question about a
 * connection, so it counts as none.
 */
#include "lab/observe/diag.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <string.h>

#include "netns/cleanup.h"
#include "netns/extack.h"

static const char *const state_names[STATE_COUNT] = {
	"CLOSED", "ESTABLISHED", "SYN-SENT", "SYN-RECV", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT",
	"CLOSED", "CLOSE-WAIT",	 "LAST-ACK", "LISTEN",	 "CLOSING",    "SYN-RECV",
};

static const char *const timer_names[] = { "none", "retransmit", "keepalive", "timewait",
					   "persist" };

const char *tcp_state_name(int state)
{
	return state >= 0 && state < STATE_COUNT ? state_names[state] : "?";
}

const char *tcp_state_name_at(int i)
{
	static const int distinct[] = { STATE_CLOSED,	  STATE_LISTEN,	     STATE_SYN_SENT,
					STATE_SYN_RECV,	  STATE_ESTABLISHED, STATE_FIN_WAIT_1,
					STATE_FIN_WAIT_2, STATE_CLOSE_WAIT,  STATE_CLOSING,
					STATE_LAST_ACK,	  STATE_TIME_WAIT };

	return i >= 0 && (size_t)i < ARRAY_SIZE(distinct) ? state_names[distinct[i]] : NULL;
}

int tcp_state_from_name(const char *name)
{
	static const struct {
		const char *name;
		int state;
	} also[] = { { "SYN-RECEIVED", STATE_SYN_RECV },
		     { "ESTAB", STATE_ESTABLISHED },
		     { "UNCONN", STATE_CLOSED },
		     { "CLOSE", STATE_CLOSED } };

	for (int i = 0; i < STATE_COUNT; i++) {
		if (!strcmp(state_names[i], name))
			return i;
	}
	for (size_t i = 0; i < ARRAY_SIZE(also); i++) {
		if (!strcmp(also[i].name, name))
			return also[i].state;
	}
	return -1;
}

const char *tcp_timer_name(int timer)
{
	return timer >= 0 && (size_t)timer < ARRAY_SIZE(timer_names) ? timer_names[timer] :
								       "unknown";
}

const char *tcp_timer_name_at(int i)
{
	return i >= 0 && (size_t)i < ARRAY_SIZE(timer_names) ? timer_names[i] : NULL;
}

int tcp_timer_from_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(timer_names); i++) {
		if (!strcmp(timer_names[i], name))
			return (int)i;
	}
	/* the words of ss */
	return !strcmp(name, "on") ? 1 : !strcmp(name, "off") ? 0 : -1;
}

struct diag {
	int fd;
	uint32_t seq;
};

int diag_open(const struct network *net, int host, struct diag **ret_diag, struct lab_err *err)
{
	struct diag *diag = calloc(1, sizeof(*diag));
	int ret;

	if (!diag)
		return lab_err_set(err, ENOMEM, "cannot ask for socket states");
	diag->fd = network_socket(net, host, AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG, err);
	if (diag->fd < 0) {
		ret = diag->fd;
		diag_close(diag);
		return ret;
	}
	extack_enable(diag->fd);
	*ret_diag = diag;
	return 0;
}

void diag_close(struct diag *diag)
{
	if (!diag)
		return;
	close_fd(&diag->fd);
	free(diag);
}

static int attr_store(const struct nlattr *attr, void *data)
{
	const struct nlattr **table = data;

	if (mnl_attr_type_valid(attr, INET_DIAG_MAX) > 0)
		table[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

static void answer_read(const struct nlmsghdr *nlh, struct diag_socket *ret)
{
	const struct inet_diag_msg *msg = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *table[INET_DIAG_MAX + 1] = { 0 };
	const struct nlattr *a;

	ret->state = msg->idiag_state;
	ret->timer = msg->idiag_timer;
	ret->timer_left_ms = msg->idiag_expires;
	ret->timer_retrans = msg->idiag_retrans;
	ret->cookie = msg->id.idiag_cookie[0] | (uint64_t)msg->id.idiag_cookie[1] << 32;
	ret->rqueue = msg->idiag_rqueue;
	ret->wqueue = msg->idiag_wqueue;
	mnl_attr_parse(nlh, sizeof(*msg), attr_store, table);
	a = table[INET_DIAG_INFO];
	if (a) {
		uint32_t len = mnl_attr_get_payload_len(a);

		ret->info_len = len < sizeof(ret->info) ? len : (uint32_t)sizeof(ret->info);
		memcpy(&ret->info, mnl_attr_get_payload(a), ret->info_len);
	}
}

static struct inet_diag_req_v2 *request_put(struct diag *diag, char *buf, int af, int flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct inet_diag_req_v2 *req;

	nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	nlh->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	nlh->nlmsg_seq = ++diag->seq;
	req = mnl_nlmsg_put_extra_header(nlh, sizeof(*req));
	req->sdiag_family = (uint8_t)af;
	req->sdiag_protocol = IPPROTO_TCP;
	req->idiag_ext = 1 << (INET_DIAG_INFO - 1);
	req->idiag_states = ~0u;
	return req;
}

int diag_find(struct diag *diag, const struct four_tuple *tuple, struct diag_socket *ret_socket,
	      struct lab_err *err)
{
	static const char doing[] = "cannot ask for a socket's state (inet_diag)";
	char buf[8192] = { 0 };
	struct nlmsghdr *nlh = (struct nlmsghdr *)buf;
	struct inet_diag_req_v2 *req = request_put(diag, buf, tuple->af, 0);
	const struct inet_diag_msg *msg;
	size_t alen = tuple->af == AF_INET6 ? 16 : 4;
	ssize_t n;

	memset(ret_socket, 0, sizeof(*ret_socket));
	req->id.idiag_sport = htons(tuple->lport);
	req->id.idiag_dport = htons(tuple->rport);
	memcpy(req->id.idiag_src, tuple->local, alen);
	memcpy(req->id.idiag_dst, tuple->remote, alen);
	req->id.idiag_cookie[0] = req->id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	if (send(diag->fd, nlh, nlh->nlmsg_len, 0) < 0)
		return lab_err_set(err, errno, "%s", doing);
	n = recv(diag->fd, buf, sizeof(buf), 0);
	if (n < 0)
		return lab_err_set(err, errno, "%s", doing);
	if (!mnl_nlmsg_ok(nlh, (int)n))
		return lab_err_set(err, EBADMSG, "%s", doing);
	if (nlh->nlmsg_type == NLMSG_ERROR) {
		int ret = extack_read(nlh, err, doing);

		if (ret == -EOPNOTSUPP || ret == -EINVAL)
			lab_err_fix(err, "modprobe tcp_diag (CONFIG_INET_TCP_DIAG)");
		return ret == -ENOENT ? 0 : ret;
	}
	msg = mnl_nlmsg_get_payload(nlh);
	if (nlh->nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(*msg))
		return lab_err_set(err, EBADMSG, "%s", doing);
	if (msg->idiag_state == STATE_LISTEN && tuple->rport)
		return 0;
	answer_read(nlh, ret_socket);
	return 0;
}

/* A listing of all sockets. */

struct dump {
	void (*fn)(void *arg, const struct four_tuple *tuple, const struct diag_socket *socket);
	void *arg;
};

static int dump_take(const struct nlmsghdr *nlh, void *data)
{
	const struct dump *dump = data;
	const struct inet_diag_msg *msg = mnl_nlmsg_get_payload(nlh);
	struct diag_socket socket = { 0 };
	struct four_tuple tuple = { 0 };
	size_t skip = 0;

	if (nlh->nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(*msg))
		return MNL_CB_OK;
	tuple.af = msg->idiag_family;
	tuple.lport = ntohs(msg->id.idiag_sport);
	tuple.rport = ntohs(msg->id.idiag_dport);
	/* "::ffff:10.0.1.1" */
	if (tuple.af == AF_INET6 &&
	    IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)msg->id.idiag_src)) {
		tuple.af = AF_INET;
		skip = 12;
	}
	memcpy(tuple.local, (const char *)msg->id.idiag_src + skip, 16 - skip);
	memcpy(tuple.remote, (const char *)msg->id.idiag_dst + skip, 16 - skip);
	answer_read(nlh, &socket);
	if (socket.state >= STATE_COUNT) /* bound, since Linux 6.8 */
		socket.state = STATE_CLOSE;
	dump->fn(dump->arg, &tuple, &socket);
	return MNL_CB_OK;
}

static int family_dump(struct diag *diag, int af, struct dump *dump, struct lab_err *err)
{
	static const char doing[] = "cannot ask for a host's sockets (inet_diag)";
	char buf[32768] = { 0 };
	struct nlmsghdr *nlh = (struct nlmsghdr *)buf;
	int ret = MNL_CB_OK;

	request_put(diag, buf, af, NLM_F_DUMP);
	if (send(diag->fd, nlh, nlh->nlmsg_len, 0) < 0)
		return lab_err_set(err, errno, "%s", doing);
	while (ret > MNL_CB_STOP) {
		ssize_t n = recv(diag->fd, buf, sizeof(buf), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return lab_err_set(err, errno, "%s", doing);
		ret = mnl_cb_run(buf, (size_t)n, diag->seq, 0, dump_take, dump);
	}
	/* no such family in this kernel: no such sockets; and a listing that changed meanwhile is good enough */
	if (ret < 0 && errno != ENOENT && errno != EINTR)
		return lab_err_set(err, errno, "%s", doing);
	return 0;
}

int diag_dump(struct diag *diag,
	      void (*fn)(void *arg, const struct four_tuple *tuple,
			 const struct diag_socket *socket),
	      void *arg, struct lab_err *err)
{
	struct dump dump = { fn, arg };
	int ret = family_dump(diag, AF_INET, &dump, err);

	return ret ?: family_dump(diag, AF_INET6, &dump, err);
}
