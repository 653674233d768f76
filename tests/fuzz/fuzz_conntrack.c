// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a message of ctnetlink: reading it must never overrun. */
#include <linux/netlink.h>
#include <string.h>

#include "lab/observe/conntrack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_Alignas(struct nlmsghdr) char buf[4096] = { 0 };
	struct nlmsghdr *nlh = (struct nlmsghdr *)buf;
	struct ct_entry entry;

	if (len > sizeof(buf) - NLMSG_HDRLEN)
		return 0;
	memcpy(buf + NLMSG_HDRLEN, data, len);
	nlh->nlmsg_len = (uint32_t)(NLMSG_HDRLEN + len);
	if (ct_entry_parse(nlh, &entry) == 0)
		ct_state_name(entry.tcp_state);
	return 0;
}
