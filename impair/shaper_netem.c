// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's netem as backend: the root qdisc of the sending end. It keeps the rate, too: one qdisc,
 * whose limit counts packets as the delay line's does. Loss is ours, because netem's cannot be
 * repeated on every kernel, and is not logged.
 */
#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include "impair/shaper_private.h"
#include "netns/cleanup.h"
#include "netns/extack.h"
#include "netns/qdisc.h"

enum { LOOPBACK = 1, HOME = -1 };

/* A netem that was told of a distribution once keeps it until it is told another one. */
static enum qdisc_spread spread(struct direction *d)
{
	if (!d->shape.jitter_ns)
		return QDISC_SPREAD_DEFAULT;
	if (d->shape.distribution == JITTER_NORMAL) {
		d->tabled = true;
		return QDISC_SPREAD_NORMAL;
	}
	return d->tabled ? QDISC_SPREAD_UNIFORM : QDISC_SPREAD_DEFAULT;
}

static int netem_set(struct shaper *shaper, int link, int end, struct direction *d,
		     struct lab_err *err)
{
	const struct topo_link *l = &shaper->topo->links[link];
	const struct shape *s = &d->shape;
	bool begins = shape_holds(s) && !d->netem;
	struct qdisc_netem netem = {
		.delay_ns = s->delay_ns,
		.jitter_ns = s->jitter_ns,
		.spread = spread(d),
		.duplicate = s->duplicate,
		.reorder = s->reorder,
		.corrupt = s->corrupt,
		.rate_bps = s->rate,
		.overhead = -ETH_HLEN,
		.limit = (uint32_t)(s->limit ?: SHAPE_LIMIT),
		.seed = (uint64_t)shaper->seed << 32 ^ chance_seed(shaper->seed, d->name),
	};
	int ret = 0;

	/* departures are logged before any packet can be held */
	ret = shaper_rules_commit(shaper, link, end, d, -1, err);
	if (!ret && (begins || d->netem))
		ret = qdisc_netem_set(shaper->net, l->host[end], l->ifindex[end], &netem, err);
	d->netem |= !ret && begins;
	return ret;
}

const struct backend BACKEND_NETEM = { .id = SHAPE_NETEM, .sending = true, .set = netem_set };

/* An egress chain at our own loopback, for a moment. */
static int egress_probe(struct lab_err *err)
{
	static const char doing[] = "cannot see what leaves an interface (netfilter egress)";
	_cleanup_(batch_free) struct batch batch = { 0 };
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	int ret;

	if (fd < 0)
		return lab_err_set(err, errno, "%s", doing);
	extack_enable(fd);
	if (batch_begin(&batch) < 0 || shaper_rules_probe(&batch, "lo", true) < 0)
		return lab_err_set(err, ENOMEM, "%s", doing);
	ret = batch_commit(&batch, fd, doing, err);
	if (ret < 0)
		return ret;
	if (batch_begin(&batch) < 0 || shaper_rules_probe(&batch, "lo", false) < 0)
		return lab_err_set(err, ENOMEM, "%s", doing);
	return batch_commit(&batch, fd, doing, err);
}

int netem_probe(const struct network *net, struct lab_err *err)
{
	const struct qdisc_netem nothing = { .limit = 1 };
	int ret = qdisc_netem_set(net, HOME, LOOPBACK, &nothing, err);

	if (ret == -ENOENT) {
		lab_err_wrap(err, "cannot shape links by netem: this kernel has no sch_netem");
		lab_err_fix(
			err,
			"modprobe sch_netem (CONFIG_NET_SCH_NETEM; package linux-image-* on Debian, linux-modules-extra-$(uname -r) on Ubuntu, kernel-modules-extra on Fedora), or --shape queue");
		return -EOPNOTSUPP;
	}
	if (ret < 0)
		return lab_err_wrap(err, "cannot shape links by netem");
	ret = qdisc_delete(net, HOME, LOOPBACK, err);
	if (ret < 0)
		return ret;
	ret = egress_probe(err);
	if (ret < 0) {
		if (err)
			err->fix[0] = '\0';
		/* without it nobody could tell when a packet left, nor lose it repeatably */
		lab_err_wrap(err, "cannot shape links by netem");
		lab_err_fix(err, "boot Linux 5.16 or later with CONFIG_NETFILTER_EGRESS, or "
				 "--shape queue");
		return -EOPNOTSUPP;
	}
	return 0;
}
