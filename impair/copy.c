// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a packet cannot be given back to the kernel twice. Where it leaves the host, a
 * raw socket sends it again. Where it comes in, the far end of its wire does, past the queueing
 * disciplines and the captures there (PACKET_QDISC_BYPASS): nobody sees it leave a second time, as
 * nobody would if the wire itself had doubled it.
 */
#include "impair/copy.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netfilter.h>
#include <string.h>
#include <sys/uio.h>

#include "impair/delayline.h"
#include "impair/lane.h"
#include "netns/cleanup.h"

/* the far end of a wire that ends at interface @ifindex of the host */
struct far_end {
	int ifindex;
	int fd;
	int peer_ifindex;
	uint8_t mac[ETH_ALEN];
};

struct copier {
	int ip_fd[FAM_COUNT];
	struct far_end *ends;
	int n_ends;
};

static int ip_open(struct copier *copier, const struct network *net, int host, int fam,
		   struct lab_err *err)
{
	const int one = 1;
	const uint32_t mark = MARK_COPY;
	int fd =
		network_socket(net, host, topo_af(fam), SOCK_RAW | SOCK_NONBLOCK, IPPROTO_RAW, err);

	if (fd < 0)
		return fam == FAM6 && !network_has_ipv6(net) ? 0 : fd;
	copier->ip_fd[fam] = fd;
	if (setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) < 0)
		return lab_err_set(err, errno, "cannot mark copies (SO_MARK)");
	if (fam == FAM6 && setsockopt(fd, IPPROTO_IPV6, IPV6_HDRINCL, &one, sizeof(one)) < 0)
		return lab_err_set(err, errno, "cannot send copies (IPV6_HDRINCL)");
	return 0;
}

static int far_open(struct copier *copier, const struct network *net, const struct topo_link *link,
		    int end, struct lab_err *err)
{
	struct far_end *far = &copier->ends[copier->n_ends];
	const int one = 1;

	far->ifindex = link->ifindex[end];
	far->peer_ifindex = link->ifindex[!end];
	network_mac(link->host[end], link->ifindex[end], far->mac);
	far->fd =
		network_socket(net, link->host[!end], AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0, err);
	if (far->fd < 0)
		return far->fd;
	copier->n_ends++;
	if (setsockopt(far->fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)) < 0)
		return lab_err_set(err, errno, "cannot send copies (PACKET_QDISC_BYPASS)");
	return 0;
}

int copier_open(const struct network *net, const struct topology *topo, int host, int link,
		struct copier **ret_copier, struct lab_err *err)
{
	struct copier *copier = calloc(1, sizeof(*copier));
	int ret = 0;

	if (!copier)
		return lab_err_set(err, ENOMEM, "cannot send copies");
	copier->ip_fd[FAM4] = copier->ip_fd[FAM6] = -1;
	copier->ends = calloc(2 * (size_t)topo->n_links + 1, sizeof(*copier->ends));
	if (!copier->ends)
		ret = lab_err_set(err, ENOMEM, "cannot send copies");
	for (int fam = 0; !ret && link < 0 && fam < FAM_COUNT; fam++)
		ret = ip_open(copier, net, host, fam, err);
	for (int i = 0; !ret && i < 2 * topo->n_links; i++) {
		if (topo->links[i / 2].host[i % 2] == host && (link < 0 || link == i / 2))
			ret = far_open(copier, net, &topo->links[i / 2], i % 2, err);
	}
	if (ret < 0) {
		copier_close(copier);
		return ret;
	}
	*ret_copier = copier;
	return 0;
}

void copier_close(struct copier *copier)
{
	if (!copier)
		return;
	for (int fam = 0; fam < FAM_COUNT; fam++)
		close_fd(&copier->ip_fd[fam]);
	for (int i = 0; i < copier->n_ends; i++)
		close_fd(&copier->ends[i].fd);
	free(copier->ends);
	free(copier);
}

static int send_wire(const struct far_end *far, bool here, bool six, const uint8_t *packet,
		     size_t len)
{
	static const uint8_t source[2][ETH_ALEN] = { DELAYLINE_COPY_MAC, DELAYLINE_COPY_MAC_HERE };
	struct ethhdr eth = { .h_proto = htons(six ? ETH_P_IPV6 : ETH_P_IP) };
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_protocol = eth.h_proto,
				  .sll_ifindex = far->peer_ifindex,
				  .sll_halen = ETH_ALEN };
	struct iovec parts[2] = { { &eth, sizeof(eth) }, { (void *)packet, len } };
	struct msghdr msg = {
		.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = parts, .msg_iovlen = 2
	};

	memcpy(eth.h_dest, far->mac, ETH_ALEN);
	memcpy(eth.h_source, source[here], ETH_ALEN);
	return sendmsg(far->fd, &msg, 0) < 0 ? -errno : 0;
}

static int send_ip(const struct copier *copier, bool six, const uint8_t *packet, size_t len)
{
	struct sockaddr_in to4 = { .sin_family = AF_INET };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6 };
	ssize_t n;

	if (six) {
		memcpy(&to6.sin6_addr, packet + 24, 16);
		n = sendto(copier->ip_fd[FAM6], packet, len, 0, (struct sockaddr *)&to6,
			   sizeof(to6));
	} else {
		memcpy(&to4.sin_addr, packet + 16, 4);
		n = sendto(copier->ip_fd[FAM4], packet, len, 0, (struct sockaddr *)&to4,
			   sizeof(to4));
	}
	return n < 0 ? -errno : 0;
}

int copier_send(struct copier *copier, int hook, int ifindex, const uint8_t *packet, size_t len)
{
	bool six = len >= 40 && packet[0] >> 4 == 6;

	if (!six && len < 20)
		return -EINVAL;
	if (hook != NF_INET_PRE_ROUTING && hook != NF_INET_LOCAL_IN)
		return send_ip(copier, six, packet, len);
	for (int i = 0; i < copier->n_ends; i++) {
		if (copier->ends[i].ifindex == ifindex)
			return send_wire(&copier->ends[i], hook == NF_INET_LOCAL_IN, six, packet,
					 len);
	}
	return -ENODEV;
}
