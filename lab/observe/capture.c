// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a plain AF_PACKET socket, read in batches. A memory-mapped ring would not be
 * bounded by net.core.rmem_max, but the kernel waits for an RCU grace period (10 to 20 ms here) when
 * it is set up and once more when it is closed, at every host: longer than all the rest of a lab
 * takes. The socket is made for no protocol and bound to all of them last, so that nothing is
 * captured half-way. SOCK_DGRAM strips the Ethernet header.
 *
 * Closing waits for a grace period all the same. Those that are waited for at the same time pass
 * together, so captures_close() closes all of them side by side.
 */
#include "lab/observe/capture.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "netns/cleanup.h"

enum { BATCH = 32, SNAPLEN = 256, IFINDEX_LO = 1, BATCHES_A_READ = 256, CLOSE_AT_ONCE = 32 };

struct capture {
	int fd;
	uint64_t lost;
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_ll from[BATCH];
	char control[BATCH][128];
	char data[BATCH][SNAPLEN];
};

static int options_set(int fd, struct lab_err *err)
{
	int size = 16 << 20, one = 1;

	/* an ordinary user gets what net.core.rmem_max allows */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one)) < 0)
		return lab_err_set(err, errno, "cannot have packets stamped");
	return 0;
}

int capture_open(const struct network *net, int host, struct capture **ret_capture,
		 struct lab_err *err)
{
	struct sockaddr_ll all = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	struct capture *c = calloc(1, sizeof(*c));
	int ret;

	if (!c)
		return lab_err_set(err, ENOMEM, "cannot capture");
	c->fd = network_socket(net, host, AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, 0, err);
	ret = c->fd;
	if (ret >= 0)
		ret = options_set(c->fd, err);
	if (ret >= 0 && bind(c->fd, (struct sockaddr *)&all, sizeof(all)) < 0)
		ret = lab_err_set(err, errno, "cannot bind the capture socket");
	if (ret < 0) {
		capture_close(c);
		return ret;
	}
	for (int i = 0; i < BATCH; i++)
		c->iov[i] = (struct iovec){ c->data[i], SNAPLEN };
	*ret_capture = c;
	return 0;
}

void capture_close(struct capture *c)
{
	if (!c)
		return;
	close_fd(&c->fd);
	free(c);
}

static void *close_body(void *arg)
{
	capture_close(arg);
	return NULL;
}

void captures_close(struct capture **captures, int n)
{
	pthread_t threads[CLOSE_AT_ONCE];

	for (int done = 0; done < n; done += CLOSE_AT_ONCE) {
		int batch = n - done < CLOSE_AT_ONCE ? n - done : CLOSE_AT_ONCE;
		int started = 0;

		while (started < batch && !pthread_create(&threads[started], NULL, close_body,
							  captures[done + started]))
			started++;
		for (int i = started; i < batch; i++)
			capture_close(captures[done + i]);
		for (int i = 0; i < started; i++)
			pthread_join(threads[i], NULL);
	}
}

int capture_fd(const struct capture *c)
{
	return c->fd;
}

static int64_t stamp_of(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		struct timespec ts;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&ts, CMSG_DATA(c), sizeof(ts));
		return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
	}
	return 0;
}

static int64_t realtime(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void batch_prepare(struct capture *c)
{
	for (int i = 0; i < BATCH; i++)
		c->msgs[i].msg_hdr = (struct msghdr){
			.msg_name = &c->from[i],
			.msg_namelen = sizeof(c->from[i]),
			.msg_iov = &c->iov[i],
			.msg_iovlen = 1,
			.msg_control = c->control[i],
			.msg_controllen = sizeof(c->control[i]),
		};
}

/* Send to ourselves over lo: has the packet been stamped by the time sendto() is back? */
static bool stamped_in_passing(struct capture *c, int fd, struct lab_err *err)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(9),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	bool stamped = false;
	int64_t sent;
	int n;

	/* port 9 is closed: what comes back is an ICMP error, which the next sendto() reports */
	if (sendto(fd, "", 1, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof(to)) < 0 &&
	    errno != ECONNREFUSED)
		lab_err_set(err, errno, "cannot send over lo");
	sent = realtime();
	batch_prepare(c);
	n = recvmmsg(c->fd, c->msgs, BATCH, MSG_DONTWAIT | MSG_TRUNC, NULL);
	for (int i = 0; i < n; i++) {
		int64_t stamp = stamp_of(&c->msgs[i].msg_hdr);

		stamped |= c->from[i].sll_ifindex == IFINDEX_LO && stamp && stamp <= sent;
	}
	return stamped;
}

int capture_settle(struct capture *c, const struct network *net, int host, struct lab_err *err)
{
	const struct timespec pause = { .tv_nsec = 100000 };
	struct timespec now;
	int64_t until;
	_cleanup_close_ int fd = network_socket(net, host, AF_INET, SOCK_DGRAM, 0, err);

	if (fd < 0)
		return fd;
	clock_gettime(CLOCK_MONOTONIC, &now);
	until = now.tv_sec + 2;
	err->code = 0;
	while (!stamped_in_passing(c, fd, err)) {
		if (err->code)
			return -err->code;
		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec > until)
			return lab_err_set(err, ETIMEDOUT, "the kernel does not stamp packets");
		/* there is nothing to be woken by: the kernel tells nobody when it is ready */
		nanosleep(&pause, NULL);
	}
	return 0;
}

static void frame_hand_over(struct capture *c, int i,
			    void (*fn)(void *arg, const struct frame *frame), void *arg)
{
	const struct sockaddr_ll *from = &c->from[i];
	uint16_t protocol = ntohs(from->sll_protocol);
	size_t wire_len = c->msgs[i].msg_len;
	struct frame frame = {
		.ifindex = from->sll_ifindex,
		.out = from->sll_pkttype == PACKET_OUTGOING,
		.stamp_ns = stamp_of(&c->msgs[i].msg_hdr),
		.data = c->data[i],
		.len = wire_len < SNAPLEN ? wire_len : SNAPLEN,
		.wire_len = wire_len,
	};

	/* what a shaped link loses is addressed to nobody (impair/shaper_rules.c) */
	if (from->sll_pkttype == PACKET_OTHERHOST)
		return;
	if (from->sll_ifindex != IFINDEX_LO && (protocol == ETH_P_IP || protocol == ETH_P_IPV6))
		fn(arg, &frame);
}

int capture_read(struct capture *c, void (*fn)(void *arg, const struct frame *frame), void *arg)
{
	int total = 0;

	/* not for ever, so that a flood cannot keep us here */
	for (int round = 0; round < BATCHES_A_READ; round++) {
		int n;

		batch_prepare(c);
		/* MSG_TRUNC: the length is that of the packet, also where it was cut */
		n = recvmmsg(c->fd, c->msgs, BATCH, MSG_DONTWAIT | MSG_TRUNC, NULL);
		for (int i = 0; i < n; i++)
			frame_hand_over(c, i, fn, arg);
		total += n > 0 ? n : 0;
		if (n < BATCH)
			break;
	}
	return total;
}

uint64_t capture_lost(struct capture *c)
{
	struct tpacket_stats stats;
	socklen_t len = sizeof(stats);

	/* reading resets the kernel's counter */
	if (!getsockopt(c->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &len))
		c->lost += stats.tp_drops;
	return c->lost;
}
