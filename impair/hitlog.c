// SPDX-License-Identifier: GPL-2.0-or-later
#include "impair/hitlog.h"

#include <arpa/inet.h>
#include <endian.h>
#include <libmnl/libmnl.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <string.h>

#include "impair/ruleset.h"
#include "netns/cleanup.h"
#include "netns/extack.h"

struct hitlog {
	int fd;
	char buf[65536];
};

/* A request to nfnetlink_log about our group; the caller adds attributes. */
static struct nlmsghdr *request(char *buf, uint16_t group)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg;

	nlh->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = AF_UNSPEC;
	nfg->version = NFNETLINK_V0;
	nfg->res_id = htons(group);
	return nlh;
}

static int talk_once(int fd, struct nlmsghdr *nlh, struct lab_err *err)
{
	static const char doing[] = "cannot listen to the firewall's log (nfnetlink_log)";
	char buf[4096];
	ssize_t n;
	int ret;

	if (send(fd, nlh, nlh->nlmsg_len, 0) < 0)
		return lab_err_set(err, errno, "%s", doing);
	n = recv(fd, buf, sizeof(buf), 0);
	if (n < 0)
		return lab_err_set(err, errno, "%s", doing);
	nlh = (struct nlmsghdr *)buf;
	if (!mnl_nlmsg_ok(nlh, (int)n) || nlh->nlmsg_type != NLMSG_ERROR)
		return lab_err_set(err, EBADMSG, "%s: unexpected answer", doing);
	ret = extack_read(nlh, err, doing);
	if (ret == -EINVAL || ret == -EOPNOTSUPP)
		lab_err_fix(err, "modprobe nfnetlink_log (CONFIG_NETFILTER_NETLINK_LOG)");
	return ret;
}

static int talk(int fd, struct nlmsghdr *nlh, struct lab_err *err)
{
	int tries = 0, ret;

	do
		ret = talk_once(fd, nlh, err);
	while (extack_again(ret, &tries));
	return ret;
}

static int configure(int fd, uint16_t group, struct lab_err *err)
{
	struct nfulnl_msg_config_cmd cmd = { .command = NFULNL_CFG_CMD_BIND };
	struct nfulnl_msg_config_mode mode = { .copy_mode = NFULNL_COPY_PACKET,
					       .copy_range = htonl(RULESET_SNAPLEN) };
	char buf[256] = { 0 };
	struct nlmsghdr *nlh = request(buf, group);
	int ret;

	mnl_attr_put(nlh, NFULA_CFG_CMD, sizeof(cmd), &cmd);
	ret = talk(fd, nlh, err);
	if (ret < 0)
		return ret;
	memset(buf, 0, sizeof(buf));
	nlh = request(buf, group);
	mnl_attr_put(nlh, NFULA_CFG_MODE, sizeof(mode), &mode);
	/* each packet by itself: by default the kernel waits a second for more */
	mnl_attr_put_u32(nlh, NFULA_CFG_QTHRESH, htonl(1));
	return talk(fd, nlh, err);
}

int hitlog_open_group(const struct network *net, int host, uint16_t group, struct hitlog **ret_log,
		      struct lab_err *err)
{
	struct hitlog *log = calloc(1, sizeof(*log));
	int ret, size = 4 << 20;

	if (!log)
		return lab_err_set(err, ENOMEM, "cannot listen to the firewall's log");
	log->fd = network_socket(net, host, AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_NETFILTER,
				 err);
	ret = log->fd;
	if (ret >= 0) {
		extack_enable(log->fd);
		if (setsockopt(log->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
			setsockopt(log->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
		ret = configure(log->fd, group, err);
	}
	if (ret < 0) {
		hitlog_close(log);
		return ret;
	}
	*ret_log = log;
	return 0;
}

int hitlog_open(const struct network *net, int host, struct hitlog **ret_log, struct lab_err *err)
{
	return hitlog_open_group(net, host, RULESET_LOG_GROUP, ret_log, err);
}

void hitlog_close(struct hitlog *log)
{
	if (!log)
		return;
	close_fd(&log->fd);
	free(log);
}

int hitlog_fd(const struct hitlog *log)
{
	return log->fd;
}

static int attr_store(const struct nlattr *attr, void *data)
{
	const struct nlattr **table = data;

	if (mnl_attr_type_valid(attr, NFULA_MAX) > 0)
		table[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

/* Read one message; false if it is no packet of ours. */
static bool hit_read(const struct nlmsghdr *nlh, struct hit *hit)
{
	const struct nlattr *table[NFULA_MAX + 1] = { 0 };
	const struct nfgenmsg *nfg;
	const struct nlattr *a;

	if (nlh->nlmsg_type != (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET) ||
	    mnl_attr_parse(nlh, sizeof(struct nfgenmsg), attr_store, table) < 0)
		return false;
	a = table[NFULA_PREFIX];
	if (!a || mnl_attr_validate(a, MNL_TYPE_NUL_STRING) < 0 || !table[NFULA_PAYLOAD])
		return false;
	hit->fault = mnl_attr_get_str(a);
	hit->packet = mnl_attr_get_payload(table[NFULA_PAYLOAD]);
	hit->len = mnl_attr_get_payload_len(table[NFULA_PAYLOAD]);
	/* what leaves an interface has its Ethernet header on already */
	nfg = mnl_nlmsg_get_payload(nlh);
	hit->egress = nfg->nfgen_family == NFPROTO_NETDEV;
	if (hit->egress && hit->len < ETH_HLEN)
		return false;
	if (hit->egress) {
		hit->packet = (const uint8_t *)hit->packet + ETH_HLEN;
		hit->len -= ETH_HLEN;
	}
	a = table[NFULA_PACKET_HDR];
	hit->hook = a && mnl_attr_get_payload_len(a) >= sizeof(struct nfulnl_msg_packet_hdr) ?
			    ((const struct nfulnl_msg_packet_hdr *)mnl_attr_get_payload(a))->hook :
			    -1;
	a = table[NFULA_IFINDEX_OUTDEV];
	hit->ifindex_out = a && mnl_attr_get_payload_len(a) >= 4 ? (int)ntohl(mnl_attr_get_u32(a)) :
								   0;
	a = table[NFULA_IFINDEX_INDEV];
	hit->ifindex = a && mnl_attr_get_payload_len(a) >= 4 ? (int)ntohl(mnl_attr_get_u32(a)) : 0;
	a = table[NFULA_TIMESTAMP];
	hit->stamp_ns = 0;
	if (a && mnl_attr_get_payload_len(a) >= sizeof(struct nfulnl_msg_packet_timestamp)) {
		struct nfulnl_msg_packet_timestamp ts;

		memcpy(&ts, mnl_attr_get_payload(a), sizeof(ts));
		hit->stamp_ns =
			(int64_t)be64toh(ts.sec) * 1000000000 + (int64_t)be64toh(ts.usec) * 1000;
	}
	return true;
}

int hitlog_read(struct hitlog *log, void (*fn)(void *arg, const struct hit *hit), void *arg,
		struct lab_err *err)
{
	int hits = 0;

	for (;;) {
		ssize_t n = recv(log->fd, log->buf, sizeof(log->buf), MSG_DONTWAIT);
		struct nlmsghdr *nlh = (struct nlmsghdr *)log->buf;
		int left = (int)n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return hits;
		if (n < 0)
			return lab_err_set(err, errno, "the firewall's log lost packets");
		for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
			struct hit hit;

			if (!hit_read(nlh, &hit))
				continue;
			fn(arg, &hit);
			hits++;
		}
	}
}
