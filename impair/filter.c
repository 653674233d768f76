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

bool filter_needs_line(const struct fault *fault, bool disarmed)
{
	return fault->per_connection || (!disarmed && fault_hold(fault, NULL));
}

/* Queue numbers of this host's faults, 0 where they need none. */
struct queues {
	uint16_t *hold, *pick;
};

static void queues_free(struct queues *queues)
{
	free(queues->hold);
	free(queues->pick);
}

static int lanes_add(struct queues *queues, int host, const struct fault *faults, int n,
		     const struct filter_options *options, struct lab_err *err)
{
	int ret = 0;

	queues->hold = calloc((size_t)n + 1, sizeof(uint16_t));
	queues->pick = calloc((size_t)n + 1, sizeof(uint16_t));
	if (!queues->hold || !queues->pick)
		return lab_err_set(err, ENOMEM, "cannot make a firewall");
	for (int i = 0; ret >= 0 && i < n; i++) {
		struct lane lane = { .host = host, .fault = &faults[i], .number = i, .link = -1 };

		if (faults[i].host != host || !filter_needs_line(&faults[i], options->disarmed))
			continue;
		/* without it a reject is sent at once, which a connect() under way does not hear */
		if (!options->line && !faults[i].per_connection && faults[i].action->emit)
			continue;
		if (!options->line) {
			ret = lab_err_set(err, EOPNOTSUPP, "fault %s needs the delay line",
					  faults[i].name);
			lab_err_fix(
				err,
				"modprobe nfnetlink_queue nft_queue (CONFIG_NETFILTER_NETLINK_QUEUE, CONFIG_NFT_QUEUE)");
			return ret;
		}
		if (!options->disarmed && fault_hold(&faults[i], NULL))
			ret = delayline_add(options->line, &lane, &queues->hold[i], err);
		lane.picks = true;
		if (ret >= 0 && faults[i].per_connection)
			ret = delayline_add(options->line, &lane, &queues->pick[i], err);
	}
	return ret < 0 ? ret : 0;
}

int filter_create(const struct network *net, const struct topology *topo, int host,
		  const struct fault *faults, int n, const struct filter_options *options,
		  struct filter **ret_filter, struct lab_err *err)
{
	struct filter *filter = calloc(1, sizeof(*filter));
	_cleanup_(batch_free) struct batch batch = { 0 };
	_cleanup_(queues_free) struct queues queues = { 0 };
	struct ruleset_options how = { .disarmed = options->disarmed, .seed = options->seed };
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
	ret = lanes_add(&queues, host, faults, n, options, err);
	if (ret < 0)
		goto fail;
	how.hold = queues.hold;
	how.pick = queues.pick;
	how.compat = options->line && delayline_compat(options->line);
	ret = batch_begin(&batch);
	if (ret < 0)
		lab_err_set(err, ENOMEM, "cannot make a firewall");
	else
		ret = ruleset_build(&batch, topo, host, faults, n, &how, err);
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
