// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: entries are asked for, not listened to. An entry that is not renewed stays in the
 * table until somebody stumbles over it or a worker sweeps the table, up to a minute later, so the
 * event of its end comes at any time; a dump leaves out what is expired at that moment.
 */
#include "lab/observe/conntrack.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <string.h>

#include "netns/cleanup.h"
#include "netns/extack.h"

enum { RECV_SIZE = 64 * 1024 };

static const char *const state_names[] = {
	"NONE",	      "SYN_SENT", "SYN_RECV",  "ESTABLISHED", "FIN_WAIT",
	"CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE",	      "SYN_SENT2",
};

const char *ct_state_name(int state)
{
	return state >= 0 && (size_t)state < ARRAY_SIZE(state_names) ? state_names[state] : NULL;
}

int ct_state_from_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(state_names); i++) {
		if (!strcmp(state_names[i], name))
			return (int)i;
	}
	return -1;
}

struct conntrack {
	int fd;
	uint32_t seq;
	char buf[RECV_SIZE];
};

int conntrack_open(const struct network *net, int host, struct conntrack **ret_ct,
		   struct lab_err *err)
{
	struct conntrack *ct = calloc(1, sizeof(*ct));
	int ret;

	if (!ct)
		return lab_err_set(err, ENOMEM, "cannot ask connection tracking");
	ct->fd = ret = network_socket(net, host, AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER, err);
	if (ret < 0) {
		conntrack_close(ct);
		return ret;
	}
	extack_enable(ct->fd);
	*ret_ct = ct;
	return 0;
}

void conntrack_close(struct conntrack *ct)
{
	if (!ct)
		return;
	close_fd(&ct->fd);
	free(ct);
}

/* The attributes of a nest by number, each at least @min bytes long (where that is given). */
struct attrs {
	const struct nlattr *at[CTA_MAX + 1];
	int max;
};

static int attr_store(const struct nlattr *attr, void *data)
{
	struct attrs *attrs = data;

	if (mnl_attr_get_type(attr) <= attrs->max)
		attrs->at[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

static void nest_read(const struct nlattr *nest, int max, struct attrs *ret)
{
	*ret = (struct attrs){ .max = max };
	if (nest)
		mnl_attr_parse_nested(nest, attr_store, ret);
}

static const void *attr_bytes(const struct nlattr *attr, size_t len)
{
	return attr && mnl_attr_get_payload_len(attr) >= len ? mnl_attr_get_payload(attr) : NULL;
}

static uint16_t attr_port(const struct nlattr *attr)
{
	const void *bytes = attr_bytes(attr, 2);
	uint16_t be = 0;

	if (bytes)
		memcpy(&be, bytes, 2);
	return ntohs(be);
}

/* @ret_protocol: -1 if it does not say */
static int tuple_read(const struct nlattr *nest, int af, struct ct_tuple *ret, int *ret_protocol)
{
	size_t len = af == AF_INET6 ? 16 : 4;
	const void *src, *dst, *protocol;
	struct attrs tuple, ip, proto;

	nest_read(nest, CTA_TUPLE_MAX, &tuple);
	nest_read(tuple.at[CTA_TUPLE_IP], CTA_IP_MAX, &ip);
	nest_read(tuple.at[CTA_TUPLE_PROTO], CTA_PROTO_MAX, &proto);
	src = attr_bytes(ip.at[af == AF_INET6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC], len);
	dst = attr_bytes(ip.at[af == AF_INET6 ? CTA_IP_V6_DST : CTA_IP_V4_DST], len);
	protocol = attr_bytes(proto.at[CTA_PROTO_NUM], 1);
	if (!src || !dst || !protocol)
		return -EBADMSG;
	*ret = (struct ct_tuple){ .af = af,
				  .sport = attr_port(proto.at[CTA_PROTO_SRC_PORT]),
				  .dport = attr_port(proto.at[CTA_PROTO_DST_PORT]) };
	memcpy(ret->src, src, len);
	memcpy(ret->dst, dst, len);
	*ret_protocol = *(const uint8_t *)protocol;
	return 0;
}

int ct_entry_parse(const struct nlmsghdr *nlh, struct ct_entry *ret)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	struct attrs top = { .max = CTA_MAX }, info, tcp;
	const void *bytes;
	uint32_t be = 0;
	int protocol;

	*ret = (struct ct_entry){ .tcp_state = -1 };
	/* the kernel pads its attributes; libmnl rounds up a length that is not padded, and reads on */
	if (nlh->nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(*nfg) || nlh->nlmsg_len % MNL_ALIGNTO ||
	    (nfg->nfgen_family != AF_INET && nfg->nfgen_family != AF_INET6))
		return -EBADMSG;
	mnl_attr_parse(nlh, sizeof(*nfg), attr_store, &top);
	if (tuple_read(top.at[CTA_TUPLE_ORIG], nfg->nfgen_family, &ret->orig, &ret->protocol) < 0 ||
	    tuple_read(top.at[CTA_TUPLE_REPLY], nfg->nfgen_family, &ret->reply, &protocol) < 0)
		return -EBADMSG;
	if (ret->protocol == IPPROTO_ICMPV6)
		ret->protocol = IPPROTO_ICMP;
	bytes = attr_bytes(top.at[CTA_TIMEOUT], 4);
	if (bytes)
		memcpy(&be, bytes, 4);
	ret->left_s = ntohl(be);
	nest_read(top.at[CTA_PROTOINFO], CTA_PROTOINFO_MAX, &info);
	nest_read(info.at[CTA_PROTOINFO_TCP], CTA_PROTOINFO_TCP_MAX, &tcp);
	bytes = attr_bytes(tcp.at[CTA_PROTOINFO_TCP_STATE], 1);
	if (bytes)
		ret->tcp_state = *(const uint8_t *)bytes;
	return 0;
}

static struct nlmsghdr *request(struct conntrack *ct, char *buf, int type, uint16_t flags, int af)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg;

	nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type);
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++ct->seq;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = (uint8_t)af;
	nfg->version = NFNETLINK_V0;
	return nlh;
}

/* A refusal; where the kernel does not know the question at all, what is missing. */
static int refused(const struct nlmsghdr *nlh, struct lab_err *err, const char *doing)
{
	int ret = extack_read(nlh, err, doing);

	if (ret == -EINVAL || ret == -EOPNOTSUPP)
		lab_err_fix(err, "modprobe nf_conntrack_netlink (CONFIG_NF_CT_NETLINK)");
	return ret;
}

/*
 * Read the answers to the last request up to the end of a dump or an acknowledgement; for a request
 * for a single entry, that one.
 */
static int answers_read(struct conntrack *ct, bool one,
			void (*fn)(void *arg, const struct ct_entry *entry), void *arg,
			const char *doing, struct lab_err *err)
{
	for (;;) {
		ssize_t n = recv(ct->fd, ct->buf, sizeof(ct->buf), 0);
		struct nlmsghdr *nlh = (struct nlmsghdr *)ct->buf;
		int left = (int)n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return lab_err_set(err, errno, "%s", doing);
		for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
			struct ct_entry entry;

			if (nlh->nlmsg_seq != ct->seq)
				continue;
			if (nlh->nlmsg_type == NLMSG_DONE)
				return 0;
			if (nlh->nlmsg_type == NLMSG_ERROR)
				return refused(nlh, err, doing);
			if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
				continue;
			if (fn && ct_entry_parse(nlh, &entry) == 0)
				fn(arg, &entry);
			if (one)
				return 0;
		}
	}
}

int conntrack_dump(struct conntrack *ct, void (*fn)(void *arg, const struct ct_entry *entry),
		   void *arg, struct lab_err *err)
{
	static const char doing[] = "cannot list what is tracked (ctnetlink)";
	char buf[256] = { 0 };
	struct nlmsghdr *nlh = request(ct, buf, IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC);

	if (send(ct->fd, nlh, nlh->nlmsg_len, 0) < 0)
		return lab_err_set(err, errno, "%s", doing);
	return answers_read(ct, false, fn, arg, doing, err);
}

static void tuple_put(struct nlmsghdr *nlh, const struct ct_tuple *t)
{
	struct nlattr *tuple = mnl_attr_nest_start(nlh, CTA_TUPLE_ORIG), *nest;
	bool six = t->af == AF_INET6;
	size_t len = six ? 16 : 4;

	nest = mnl_attr_nest_start(nlh, CTA_TUPLE_IP);
	mnl_attr_put(nlh, six ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, len, t->src);
	mnl_attr_put(nlh, six ? CTA_IP_V6_DST : CTA_IP_V4_DST, len, t->dst);
	mnl_attr_nest_end(nlh, nest);
	nest = mnl_attr_nest_start(nlh, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(nlh, CTA_PROTO_NUM, IPPROTO_TCP);
	mnl_attr_put_u16(nlh, CTA_PROTO_SRC_PORT, htons(t->sport));
	mnl_attr_put_u16(nlh, CTA_PROTO_DST_PORT, htons(t->dport));
	mnl_attr_nest_end(nlh, nest);
	mnl_attr_nest_end(nlh, tuple);
}

static void keep(void *arg, const struct ct_entry *entry)
{
	*(struct ct_entry *)arg = *entry;
}

int conntrack_find(struct conntrack *ct, const struct ct_tuple *orig, struct ct_entry *ret_entry,
		   struct lab_err *err)
{
	static const char doing[] = "cannot ask for what is tracked (ctnetlink)";
	char buf[512] = { 0 };
	struct nlmsghdr *nlh = request(ct, buf, IPCTNL_MSG_CT_GET, 0, orig->af);
	int ret;

	*ret_entry = (struct ct_entry){ 0 };
	tuple_put(nlh, orig);
	if (send(ct->fd, nlh, nlh->nlmsg_len, 0) < 0)
		return lab_err_set(err, errno, "%s", doing);
	ret = answers_read(ct, true, keep, ret_entry, doing, err);
	if (ret == -ENOENT)
		return 0;
	return ret < 0 ? ret : ret_entry->protocol == IPPROTO_TCP;
}

int conntrack_flush(struct conntrack *ct, struct lab_err *err)
{
	static const char doing[] = "cannot make connection tracking forget (ctnetlink)";
	char buf[256] = { 0 };
	struct nlmsghdr *nlh = request(ct, buf, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, AF_UNSPEC);

	if (send(ct->fd, nlh, nlh->nlmsg_len, 0) < 0)
		return lab_err_set(err, errno, "%s", doing);
	return answers_read(ct, false, NULL, NULL, doing, err);
}
