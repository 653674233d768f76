// SPDX-License-Identifier: GPL-2.0-or-later
#include "netns/extack.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

bool extack_again(int code, int *tries)
{
	struct timespec pause = { .tv_nsec = 10000000L << *tries };

	if (code != -EINVAL || *tries == 5)
		return false;
	++*tries;
	nanosleep(&pause, NULL);
	return true;
}

void extack_enable(int netlink_fd)
{
	int one = 1;

	/* kernels before 4.12 know neither: then errors come without a text, which is all right */
	setsockopt(netlink_fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(netlink_fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
}

/* Find attribute @type in the attributes at @p; NULL if it is not there or the list is damaged. */
static const struct nlattr *attr_find(const char *p, size_t left, int type)
{
	while (left >= sizeof(struct nlattr)) {
		const struct nlattr *attr = (const struct nlattr *)p;
		size_t step;

		if (attr->nla_len < sizeof(*attr) || attr->nla_len > left)
			return NULL;
		if ((attr->nla_type & NLA_TYPE_MASK) == type)
			return attr;
		step = NLA_ALIGN(attr->nla_len);
		if (step >= left)
			return NULL;
		p += step;
		left -= step;
	}
	return NULL;
}

int extack_read(const struct nlmsghdr *nlh, struct lab_err *err, const char *doing)
{
	const struct nlmsgerr *e = (const struct nlmsgerr *)((const char *)nlh + NLMSG_HDRLEN);
	size_t skip = sizeof(*e);
	const struct nlattr *msg;
	int ret;

	if (nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(*e))
		return lab_err_set(err, EBADMSG, "%s: the kernel's answer is too short", doing);
	if (!e->error)
		return 0;
	ret = lab_err_set(err, -e->error, "%s", doing);
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED)) {
		if (e->msg.nlmsg_len < NLMSG_HDRLEN || e->msg.nlmsg_len > nlh->nlmsg_len)
			return ret; /* damaged: the errno is all there is */
		skip += e->msg.nlmsg_len - NLMSG_HDRLEN;
	}
	if (!err || !(nlh->nlmsg_flags & NLM_F_ACK_TLVS) ||
	    nlh->nlmsg_len < NLMSG_HDRLEN + NLMSG_ALIGN(skip))
		return ret;
	msg = attr_find((const char *)nlh + NLMSG_HDRLEN + NLMSG_ALIGN(skip),
			nlh->nlmsg_len - NLMSG_HDRLEN - NLMSG_ALIGN(skip), NLMSGERR_ATTR_MSG);
	if (msg)
		snprintf(err->extack, sizeof(err->extack), "%.*s",
			 (int)(msg->nla_len - sizeof(*msg)), (const char *)(msg + 1));
	return ret;
}
