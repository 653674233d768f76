// SPDX-License-Identifier: GPL-2.0-or-later
#include "impair/nfqueue.h"

#include <arpa/inet.h>
#include <endian.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "netns/cleanup.h"
#include "netns/extack.h"

enum { RECEIVE_BUFFER = 4 << 20 };

static const char doing_bind[] = "cannot take packets from the kernel (nfnetlink_queue)";

static struct nlmsghdr *message(char *buf, uint16_t type, uint16_t flags, uint16_t queue)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg;

	nlh->nlmsg_type = NFNL_SUBSYS_QUEUE << 8 | type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = AF_UNSPEC;
	nfg->version = NFNETLINK_V0;
	nfg->res_id = htons(queue);
	return nlh;
}

static int answer_once(int fd, struct nlmsghdr *request, struct lab_err *err)
{
	char buf[4096];
	ssize_t n;
	int ret;

	if (send(fd, request, request->nlmsg_len, 0) < 0)
		return lab_err_set(err, errno, "%s", doing_bind);
	n = recv(fd, buf, sizeof(buf), 0);
	if (n < 0)
		return lab_err_set(err, errno, "%s", doing_bind);
	request = (struct nlmsghdr *)buf;
	if (!mnl_nlmsg_ok(request, (int)n) || request->nlmsg_type != NLMSG_ERROR)
		return lab_err_set(err, EBADMSG, "%s: unexpected answer", doing_bind);
	ret = extack_read(request, err, doing_bind);
	if (ret == -EINVAL || ret == -EOPNOTSUPP)
		lab_err_fix(err, "modprobe nfnetlink_queue (CONFIG_NETFILTER_NETLINK_QUEUE)");
	return ret;
}

static int answer(int fd, struct nlmsghdr *request, struct lab_err *err)
{
	int tries = 0, ret;

	do
		ret = answer_once(fd, request, err);
	while (extack_again(ret, &tries));
	return ret;
}

int nfqueue_open(const struct network *net, int host, struct lab_err *err)
{
	int fd = network_socket(net, host, AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_NETFILTER,
				err);
	int size = RECEIVE_BUFFER, one = 1;

	if (fd < 0)
		return fd;
	extack_enable(fd);
	/* as soon as any socket asks for stamps, the kernel stamps all packets that come in: ours in their
	   queue, too (net_enable_timestamp()). Without, we would count from when we hear of them */
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return fd;
}

static struct nlmsghdr *params_message(char *buf, uint16_t flags, uint16_t queue, uint32_t copy,
				       bool whole)
{
	struct nfqnl_msg_config_params params = {
		.copy_range = htonl(copy),
		.copy_mode = copy ? NFQNL_COPY_PACKET : NFQNL_COPY_META,
	};
	struct nlmsghdr *nlh = message(buf, NFQNL_MSG_CONFIG, flags, queue);

	mnl_attr_put(nlh, NFQA_CFG_PARAMS, sizeof(params), &params);
	mnl_attr_put_u32(nlh, NFQA_CFG_FLAGS, whole ? 0 : htonl(NFQA_CFG_F_GSO));
	mnl_attr_put_u32(nlh, NFQA_CFG_MASK, htonl(NFQA_CFG_F_GSO));
	return nlh;
}

int nfqueue_bind(int fd, uint16_t queue, uint32_t copy, uint32_t maxlen, bool whole,
		 struct lab_err *err)
{
	struct nfqnl_msg_config_cmd cmd = { .command = NFQNL_CFG_CMD_BIND };
	char buf[256] = { 0 };
	struct nlmsghdr *nlh = message(buf, NFQNL_MSG_CONFIG, NLM_F_ACK, queue);
	int ret;

	mnl_attr_put(nlh, NFQA_CFG_CMD, sizeof(cmd), &cmd);
	ret = answer(fd, nlh, err);
	if (ret == -EPERM)
		lab_err_fix(err, "queue %u is taken: another program in this host listens to it",
			    queue);
	if (ret < 0)
		return ret;
	memset(buf, 0, sizeof(buf));
	nlh = params_message(buf, NLM_F_ACK, queue, copy, whole);
	mnl_attr_put_u32(nlh, NFQA_CFG_QUEUE_MAXLEN, htonl(maxlen));
	return answer(fd, nlh, err);
}

int nfqueue_copy_set(int fd, uint16_t queue, uint32_t copy, bool whole, struct lab_err *err)
{
	char buf[256] = { 0 };
	struct nlmsghdr *nlh = params_message(buf, 0, queue, copy, whole);

	if (send(fd, nlh, nlh->nlmsg_len, 0) < 0)
		return lab_err_set(err, errno, "%s", doing_bind);
	return 0;
}

static int attr_store(const struct nlattr *attr, void *data)
{
	const struct nlattr **table = data;

	if (mnl_attr_type_valid(attr, NFQA_MAX) > 0)
		table[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

static uint32_t attr_be32(const struct nlattr *attr)
{
	return attr && mnl_attr_get_payload_len(attr) >= 4 ? ntohl(mnl_attr_get_u32(attr)) : 0;
}

static bool packet_read(const struct nlmsghdr *nlh, struct queued *q)
{
	const struct nlattr *table[NFQA_MAX + 1] = { 0 };
	const struct nfqnl_msg_packet_hdr *hdr;
	const struct nlattr *a;

	if (nlh->nlmsg_type != (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET) ||
	    mnl_attr_parse(nlh, sizeof(struct nfgenmsg), attr_store, table) < 0)
		return false;
	a = table[NFQA_PACKET_HDR];
	if (!a || mnl_attr_get_payload_len(a) < sizeof(*hdr))
		return false;
	hdr = mnl_attr_get_payload(a);
	*q = (struct queued){
		.queue = ntohs(((const struct nfgenmsg *)mnl_nlmsg_get_payload(nlh))->res_id),
		.id = ntohl(hdr->packet_id),
		.hook = hdr->hook,
		.ifindex = (int)attr_be32(table[NFQA_IFINDEX_INDEV]),
		.ifindex_out = (int)attr_be32(table[NFQA_IFINDEX_OUTDEV]),
		.mark = attr_be32(table[NFQA_MARK]),
	};
	a = table[NFQA_PAYLOAD];
	if (a) {
		q->packet = mnl_attr_get_payload(a);
		q->len = q->wire_len = mnl_attr_get_payload_len(a);
	}
	if (table[NFQA_CAP_LEN])
		q->wire_len = attr_be32(table[NFQA_CAP_LEN]);
	a = table[NFQA_TIMESTAMP];
	if (a && mnl_attr_get_payload_len(a) >= sizeof(struct nfqnl_msg_packet_timestamp)) {
		struct nfqnl_msg_packet_timestamp ts;

		memcpy(&ts, mnl_attr_get_payload(a), sizeof(ts));
		q->stamp_ns =
			(int64_t)be64toh(ts.sec) * 1000000000 + (int64_t)be64toh(ts.usec) * 1000;
	}
	return true;
}

/*
 * The kernel sends a message for each packet. Small ones are read many at a time, each into a slot of its
 * own: the copy and what stands around it (well below 1 KiB). Large ones one by one, into all slots.
 */
enum { SLOT = 4096 };

struct nfqueue_reader {
	struct mmsghdr msgs[NFQUEUE_AT_ONCE];
	struct iovec iov[NFQUEUE_AT_ONCE];
	_Alignas(8) char slots[NFQUEUE_AT_ONCE][SLOT];
};
_Static_assert(sizeof(((struct nfqueue_reader *)0)->slots) >= NFQUEUE_COPY_MAX + SLOT,
	       "a whole packet fits");

struct nfqueue_reader *nfqueue_reader_new(void)
{
	struct nfqueue_reader *reader = calloc(1, sizeof(*reader));

	for (int i = 0; reader && i < NFQUEUE_AT_ONCE; i++) {
		reader->iov[i] = (struct iovec){ reader->slots[i], SLOT };
		reader->msgs[i].msg_hdr =
			(struct msghdr){ .msg_iov = &reader->iov[i], .msg_iovlen = 1 };
	}
	return reader;
}

void nfqueue_reader_free(struct nfqueue_reader *reader)
{
	free(reader);
}

static int messages_read(const void *buf, size_t len, void (*fn)(void *arg, const struct queued *q),
			 void *arg)
{
	const struct nlmsghdr *nlh = buf;
	int left = (int)len, packets = 0;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
		struct queued q;

		if (nlh->nlmsg_type == NLMSG_ERROR && mnl_nlmsg_get_payload_len(nlh) >= 4 &&
		    e->error)
			return e->error;
		if (!packet_read(nlh, &q))
			continue;
		fn(arg, &q);
		packets++;
	}
	return packets;
}

int nfqueue_read(struct nfqueue_reader *reader, int fd, bool whole,
		 void (*fn)(void *arg, const struct queued *q), void *arg)
{
	int n, packets = 0, failed = 0;

	if (whole) {
		ssize_t len = recv(fd, reader->slots, sizeof(reader->slots), MSG_DONTWAIT);

		if (len >= 0)
			return messages_read(reader->slots, (size_t)len, fn, arg);
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	}
	/* an error behind the first message comes with the next call */
	n = recvmmsg(fd, reader->msgs, NFQUEUE_AT_ONCE, MSG_DONTWAIT, NULL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		int ret = reader->msgs[i].msg_hdr.msg_flags & MSG_TRUNC ?
				  -EMSGSIZE :
				  messages_read(reader->slots[i], reader->msgs[i].msg_len, fn, arg);

		if (ret < 0)
			failed = failed ?: ret;
		else
			packets += ret;
	}
	return failed ?: packets;
}

bool verdicts_full(const struct verdicts *v)
{
	return v->len + 128 > sizeof(v->buf);
}

static void put(struct verdicts *v, uint16_t type, uint16_t queue, uint32_t id, uint32_t verdict,
		uint32_t mark)
{
	struct nfqnl_msg_verdict_hdr hdr = { .verdict = htonl(verdict), .id = htonl(id) };
	struct nlmsghdr *nlh = message(v->buf + v->len, type, 0, queue);

	mnl_attr_put(nlh, NFQA_VERDICT_HDR, sizeof(hdr), &hdr);
	if (mark)
		mnl_attr_put_u32(nlh, NFQA_MARK, htonl(mark));
	v->len += MNL_ALIGN(nlh->nlmsg_len);
}

void verdicts_put(struct verdicts *v, uint16_t queue, uint32_t id, uint32_t verdict, uint32_t mark)
{
	put(v, NFQNL_MSG_VERDICT, queue, id, verdict, mark);
}

void verdicts_put_all(struct verdicts *v, uint16_t queue, uint32_t id)
{
	put(v, NFQNL_MSG_VERDICT_BATCH, queue, id, NF_ACCEPT, 0);
}

int verdicts_send(struct verdicts *v, int fd)
{
	ssize_t n = v->len ? send(fd, v->buf, v->len, 0) : 0;

	v->len = 0;
	return n < 0 ? -errno : 0;
}

int verdict_changed(int fd, uint16_t queue, uint32_t id, const void *packet, size_t len)
{
	struct nfqnl_msg_verdict_hdr hdr = { .verdict = htonl(NF_ACCEPT), .id = htonl(id) };
	_cleanup_free_ char *buf = calloc(1, len + 256);
	struct nlmsghdr *nlh;

	if (!buf)
		return -ENOMEM;
	nlh = message(buf, NFQNL_MSG_VERDICT, 0, queue);
	mnl_attr_put(nlh, NFQA_VERDICT_HDR, sizeof(hdr), &hdr);
	mnl_attr_put(nlh, NFQA_PAYLOAD, len, packet);
	return send(fd, nlh, nlh->nlmsg_len, 0) < 0 ? -errno : 0;
}

int nfqueue_proc_open(const struct network *net, int host, struct lab_err *err)
{
	int ret = network_enter(net, host, err), fd;

	if (ret < 0)
		return ret;
	/* thread-self: our namespace for this moment, not that of the process */
	fd = open("/proc/thread-self/net/netfilter/nfnetlink_queue", O_RDONLY | O_CLOEXEC);
	ret = fd < 0 ? lab_err_set(err, errno, "cannot read the counters of nfnetlink_queue") : fd;
	if (network_enter(net, -1, ret < 0 ? NULL : err) < 0 && ret >= 0) {
		close(fd);
		return -EIO;
	}
	return ret;
}

/* Columns of the kernel's seq_show(): queue, portid, waiting, mode, range, dropped, untold, ids, 1. */
int nfqueue_dropped(int proc_fd, uint64_t *ret_full, uint64_t *ret_untold)
{
	char text[65536], *line = text;
	ssize_t n, len = 0;

	*ret_full = *ret_untold = 0;
	while ((n = pread(proc_fd, text + len, sizeof(text) - 1 - (size_t)len, len)) > 0)
		len += n;
	if (n < 0)
		return -errno;
	text[len] = '\0';
	for (char *end; (end = strchr(line, '\n')); line = end + 1) {
		unsigned long long v[7];

		if (sscanf(line, "%llu %llu %llu %llu %llu %llu %llu", &v[0], &v[1], &v[2], &v[3],
			   &v[4], &v[5], &v[6]) != 7)
			return -EBADMSG;
		*ret_full += v[5];
		*ret_untold += v[6];
	}
	return 0;
}
