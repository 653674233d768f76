// SPDX-License-Identifier: GPL-2.0-or-later
#include "impair/batch.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "netns/cleanup.h"
#include "netns/extack.h"

enum { ROOM = 64 * 1024 };

/* Make sure that a message of any size fits behind what is there. */
static int room_make(struct batch *batch)
{
	size_t cap = batch->len + 2 * ROOM;
	char *buf;

	if (batch->cap - batch->len >= ROOM)
		return 0;
	/* fresh pages are zero already, and most of the room is never touched */
	buf = calloc(1, cap);
	if (!buf)
		return -ENOMEM;
	if (batch->len)
		memcpy(buf, batch->buf, batch->len);
	free(batch->buf);
	batch->buf = buf;
	batch->cap = cap;
	return 0;
}

int batch_begin(struct batch *batch)
{
	batch->len = 0;
	batch->seq = 1;
	if (room_make(batch) < 0)
		return -ENOMEM;
	batch->len += nftnl_batch_begin(batch->buf, batch->seq)->nlmsg_len;
	return 0;
}

struct nlmsghdr *batch_message(struct batch *batch, uint16_t type, uint16_t flags)
{
	if (room_make(batch) < 0)
		return NULL;
	return nftnl_nlmsg_build_hdr(batch->buf + batch->len, type, batch->family ?: NFPROTO_INET,
				     flags, ++batch->seq);
}

void batch_message_end(struct batch *batch, struct nlmsghdr *nlh)
{
	batch->last = batch->len;
	batch->len += MNL_ALIGN(nlh->nlmsg_len);
}

/*
 * The kernel works on the batch inside sendmsg, so all its answers wait for us: the refusals, and
 * the acknowledgement that the last message asked for. Returns the first refusal.
 */
static int answers_read(int fd, uint32_t last, const char *doing, struct lab_err *err)
{
	char buf[16384];
	bool acked = false;
	int ret = 0;

	for (;;) {
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		struct nlmsghdr *nlh = (struct nlmsghdr *)buf;
		int left = (int)n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			return lab_err_set(err, errno, "%s: cannot read the kernel's answer",
					   doing);
		for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
			if (nlh->nlmsg_type != NLMSG_ERROR)
				continue;
			if (!ret)
				ret = extack_read(nlh, err, doing);
			acked |= nlh->nlmsg_seq == last;
		}
	}
	if (!ret && !acked)
		return lab_err_set(err, EPROTO, "%s: the kernel did not answer", doing);
	return ret;
}

int batch_commit(struct batch *batch, int fd, const char *doing, struct lab_err *err)
{
	uint32_t last = batch->seq;
	int ret;

	if (room_make(batch) < 0)
		return lab_err_set(err, ENOMEM, "%s", doing);
	/* so that there is always an answer */
	((struct nlmsghdr *)(batch->buf + batch->last))->nlmsg_flags |= NLM_F_ACK;
	batch->len += nftnl_batch_end(batch->buf + batch->len, ++batch->seq)->nlmsg_len;
	if (send(fd, batch->buf, batch->len, 0) < 0) {
		ret = lab_err_set(err, errno, "%s: cannot send %zu bytes to the kernel", doing,
				  batch->len);
		if (ret == -EMSGSIZE)
			lab_err_fix(
				err,
				"too many faults for one transaction here: raise net.core.wmem_max");
		return ret;
	}
	ret = answers_read(fd, last, doing, err);
	if (ret == -EOPNOTSUPP || ret == -EPROTONOSUPPORT)
		lab_err_fix(
			err,
			"the kernel has no nf_tables: modprobe nf_tables (CONFIG_NF_TABLES, CONFIG_NF_TABLES_INET)");
	else if (ret == -ENOENT)
		lab_err_fix(
			err,
			"an nf_tables module is missing: modprobe -a nft_numgen nft_log nft_reject_inet nfnetlink_log nf_log_syslog");
	return ret;
}

void batch_free(struct batch *batch)
{
	free(batch->buf);
	memset(batch, 0, sizeof(*batch));
}
