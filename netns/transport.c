// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: libnl and libnl-route build every message; we send it and read the answer's
 * raw header ourselves (extack.h says why). One request is one sendmsg and one recvmsg: the kernel
 * works on these families inside sendmsg, so the acknowledgement is there before we look.
 */
#include "netns/transport.h"

#include <errno.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <string.h>

#include "netns/extack.h"

enum { ANSWER_MAX = 16384 };

static int answer_read(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct transport *t = arg;

	if (nlh->nlmsg_type != NLMSG_ERROR) {
		if (t->take)
			t->take(nlh, t->take_arg);
		return NL_SKIP;
	}
	t->answer = extack_read(nlh, t->err, t->doing);
	t->answered = true;
	return NL_STOP;
}

int transport_open(struct transport *t, int protocol, struct lab_err *err)
{
	int one = 1;

	memset(t, 0, sizeof(*t));
	t->sk = nl_socket_alloc();
	if (!t->sk || nl_connect(t->sk, protocol) < 0) {
		int ret = lab_err_set(err, errno ?: ENOMEM,
				      "cannot open a netlink socket (protocol %d)", protocol);

		transport_close(t);
		return ret;
	}
	/* answers are small; looking at each one's length first would double the number of calls */
	nl_socket_disable_msg_peek(t->sk);
	nl_socket_set_msg_buf_size(t->sk, ANSWER_MAX);
	extack_enable(nl_socket_get_fd(t->sk));
	/* unknown before 4.20, and then the kernel is only less strict with us */
	setsockopt(nl_socket_get_fd(t->sk), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	return 0;
}

void transport_close(struct transport *t)
{
	nl_socket_free(t->sk);
	t->sk = NULL;
}

int transport_talk(struct transport *t, int built, struct nl_msg *msg, struct lab_err *err,
		   const char *doing)
{
	int ret;

	if (built < 0 || !msg)
		return lab_err_set(err, ENOMEM, "%s: %s", doing, nl_geterror(built));
	if (!t->armed)
		nl_socket_modify_cb(t->sk, NL_CB_MSG_IN, NL_CB_CUSTOM, answer_read, t);
	t->armed = true;
	t->err = err;
	t->doing = doing;
	t->answered = false;
	t->answer = 0;
	ret = nl_send_auto(t->sk, msg);
	if (ret < 0)
		return lab_err_set(err, errno ?: EIO, "%s: cannot send to the kernel", doing);
	while (!t->answered) {
		ret = nl_recvmsgs_default(t->sk);
		if (ret < 0 && !t->answered)
			return lab_err_set(err, errno ?: EIO, "%s: no answer from the kernel",
					   doing);
	}
	return t->answer;
}
