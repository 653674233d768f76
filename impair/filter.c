// SPDX-License-Identifier: GPL-2.0-or-later
#include "impair/filter.h"

#include <libmnl/libmnl.h>
#include <libnftnl/object.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include "impair/ruleset.h"
#include "impair/stateful.h"
#include "netns/cleanup.h"
#include "netns/extack.h"

struct filter {
	int fd;
	const char *host;
};

int filter_create(const struct network *net, const struct topology *topo, int host,
		  const struct fault *faults, int n, bool disarmed, struct filter **ret_filter,
		  struct lab_err *err)
{
	struct filter *filter = calloc(1, sizeof(*filter));
	_cleanup_(batch_free) struct batch batch = { 0 };
	char doing[96];
	int ret, size = 8 << 20;

	if (!filter)
		return lab_err_set(err, ENOMEM, "cannot make a firewall");
	filter->host = topo->hosts[host].name;
	filter->fd = network_socket(net, host, AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER, err);
	ret = filter->fd;
	if (ret < 0)
		goto fail;
	extack_enable(filter->fd);
	/* without root the kernel cuts it to twice net.core.wmem_max: 40 faults of the largest kind */
	if (setsockopt(filter->fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(filter->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	ret = batch_begin(&batch);
	if (ret < 0)
		lab_err_set(err, ENOMEM, "cannot make a firewall");
	else
		ret = ruleset_build(&batch, topo, host, faults, n, disarmed, err);
	snprintf(doing, sizeof(doing), "cannot put the faults of host %s in force (nf_tables)",
		 filter->host);
	if (!ret)
		ret = batch_commit(&batch, filter->fd, doing, err);
	if (ret == -ENOENT)
		stateful_missing(host, faults, n, err);
	if (!ret)
		ret = stateful_apply(net, host, faults, n, err);
	if (ret < 0)
		goto fail;
	*ret_filter = filter;
	return 0;
fail:
	filter_free(filter);
	return ret;
}

void filter_free(struct filter *filter)
{
	if (!filter)
		return;
	close_fd(&filter->fd);
	free(filter);
}

int filter_switch(struct filter *filter, const struct fault *fault, bool on, struct lab_err *err)
{
	_cleanup_(batch_free) struct batch batch = { 0 };
	char doing[128];
	int ret;

	snprintf(doing, sizeof(doing), "cannot switch fault %s %s", fault->name, on ? "on" : "off");
	if (batch_begin(&batch) < 0)
		return lab_err_set(err, ENOMEM, "%s", doing);
	ret = ruleset_switch(&batch, fault, on, err);
	return ret < 0 ? ret : batch_commit(&batch, filter->fd, doing, err);
}

static int hits_read(const struct nlmsghdr *nlh, uint64_t *ret_hits)
{
	struct nftnl_obj *obj = nftnl_obj_alloc();
	int ret = -ENOMEM;

	if (obj && nftnl_obj_nlmsg_parse(nlh, obj) >= 0) {
		*ret_hits = nftnl_obj_get_u64(obj, NFTNL_OBJ_CTR_PKTS);
		ret = 0;
	}
	if (obj)
		nftnl_obj_free(obj);
	return ret;
}

int filter_hits(struct filter *filter, const struct fault *fault, uint64_t *ret_hits,
		struct lab_err *err)
{
	struct nftnl_obj *obj = nftnl_obj_alloc();
	char buf[8192] = { 0 }, doing[128];
	struct nlmsghdr *nlh = nftnl_nlmsg_build_hdr(buf, NFT_MSG_GETOBJ, NFPROTO_INET, 0, 1);
	ssize_t n;

	snprintf(doing, sizeof(doing), "cannot read the counter of fault %s", fault->name);
	if (!obj)
		return lab_err_set(err, ENOMEM, "%s", doing);
	nftnl_obj_set_str(obj, NFTNL_OBJ_TABLE, RULESET_TABLE);
	nftnl_obj_set_str(obj, NFTNL_OBJ_NAME, fault->name);
	nftnl_obj_set_u32(obj, NFTNL_OBJ_TYPE, NFT_OBJECT_COUNTER);
	nftnl_obj_nlmsg_build_payload(nlh, obj);
	nftnl_obj_free(obj);
	if (send(filter->fd, nlh, nlh->nlmsg_len, 0) < 0)
		return lab_err_set(err, errno, "%s", doing);
	n = recv(filter->fd, buf, sizeof(buf), 0);
	if (n < 0)
		return lab_err_set(err, errno, "%s", doing);
	if (!mnl_nlmsg_ok(nlh, (int)n))
		return lab_err_set(err, EBADMSG, "%s", doing);
	if (nlh->nlmsg_type == NLMSG_ERROR)
		return extack_read(nlh, err, doing);
	if (hits_read(nlh, ret_hits) < 0)
		return lab_err_set(err, EBADMSG, "%s: the answer is damaged", doing);
	return 0;
}
