// SPDX-License-Identifier: GPL-2.0-or-later
#include "impair/shaper.h"

#include <libmnl/libmnl.h>
#include <libnftnl/object.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <string.h>

#include "impair/shaper_private.h"
#include "netns/cleanup.h"
#include "netns/extack.h"

static const char *const
	names[] = { [SHAPE_AUTO] = "auto", [SHAPE_NETEM] = "netem", [SHAPE_QUEUE] = "queue" };

const char *shape_backend_name(enum shape_backend backend)
{
	return names[backend];
}

int shape_backend_from_name(const char *name, enum shape_backend *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(names[i], name)) {
			*ret = (enum shape_backend)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int backend_choose(struct shaper *shaper, enum shape_backend wanted, struct lab_err *err)
{
	struct lab_err why = { 0 };
	int ret;

	shaper->backend = &BACKEND_QUEUE;
	if (wanted == SHAPE_QUEUE)
		return 0;
	ret = netem_probe(shaper->net, &why);
	if (!ret)
		shaper->backend = &BACKEND_NETEM;
	if (wanted == SHAPE_AUTO || !ret)
		return 0;
	*(err ?: &why) = why;
	return ret;
}

int shaper_open(const struct network *net, const struct topology *topo, enum shape_backend wanted,
		int64_t seed, struct shaper **ret_shaper, struct lab_err *err)
{
	struct shaper *shaper = calloc(1, sizeof(*shaper));
	int ret = -ENOMEM;

	if (!shaper)
		return lab_err_set(err, ENOMEM, "cannot shape links");
	*shaper = (struct shaper){ .net = net, .topo = topo, .seed = seed };
	shaper->directions = calloc((size_t)topo->n_links + 1, sizeof(*shaper->directions));
	shaper->ruled = calloc((size_t)topo->n_hosts, sizeof(*shaper->ruled));
	shaper->talkers = calloc((size_t)topo->n_hosts, sizeof(*shaper->talkers));
	for (int h = 0; shaper->talkers && h < topo->n_hosts; h++)
		shaper->talkers[h] = -1;
	if (shaper->directions && shaper->ruled && shaper->talkers)
		ret = backend_choose(shaper, wanted, err);
	else
		lab_err_set(err, ENOMEM, "cannot shape links");
	if (ret < 0) {
		shaper_close(shaper);
		return ret;
	}
	for (int i = 0; i < 2 * topo->n_links; i++) {
		struct direction *d = &shaper->directions[i / 2][i % 2];

		d->lane = -1;
		topology_direction(topo, i / 2, i % 2, d->name, sizeof(d->name));
	}
	*ret_shaper = shaper;
	return 0;
}

void shaper_close(struct shaper *shaper)
{
	if (!shaper)
		return;
	for (int h = 0; shaper->talkers && h < shaper->topo->n_hosts; h++)
		close_fd(&shaper->talkers[h]);
	free(shaper->talkers);
	free(shaper->directions);
	free(shaper->ruled);
	free(shaper);
}

bool shaper_needs_line(const struct shaper *shaper, const struct shape *shape)
{
	return !shaper->line && !shaper->backend->sending && !shape_is_none(shape);
}

void shaper_use_line(struct shaper *shaper, struct delayline *line)
{
	shaper->line = line;
}

int shaper_end(const struct shaper *shaper, int link, int end, const struct direction *d,
	       struct shaped_end *ret)
{
	const struct topo_link *l = &shaper->topo->links[link];
	int at = shaper->backend->sending ? end : !end;

	*ret = (struct shaped_end){ .sending = shaper->backend->sending,
				    .ifname = l->ifname[at],
				    .ifindex = l->ifindex[at],
				    .name = d->name,
				    .seed = chance_seed(shaper->seed, d->name) };
	return l->host[at];
}

/*
 * One socket for each host, kept: when one is closed behind a change of rules, the kernel waits for what
 * was replaced to be gone (a grace period, some milliseconds).
 */
static int talker(const struct shaper *shaper, int host, struct lab_err *err)
{
	int *fd = &shaper->talkers[host];

	if (*fd >= 0)
		return *fd;
	*fd = network_socket(shaper->net, host, AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER, err);
	if (*fd >= 0)
		extack_enable(*fd);
	return *fd;
}

static int rules_build(struct shaper *shaper, struct batch *batch, const struct shaped_end *at,
		       int host, const struct direction *d, int queue)
{
	int ret = 0;

	if (!at->sending && !shaper->ruled[host])
		ret = shaper_rules_host(batch);
	if (!ret && !d->ruled)
		ret = shaper_rules_end(batch, at);
	if (!ret && d->lossy != d->shape.loss)
		ret = shaper_rules_loss(batch, at, d->shape.loss);
	if (!ret && queue >= 0)
		ret = shaper_rules_queue(batch, at, (uint16_t)queue,
					 delayline_compat(shaper->line));
	return ret;
}

int shaper_rules_commit(struct shaper *shaper, int link, int end, struct direction *d, int queue,
			struct lab_err *err)
{
	_cleanup_(batch_free) struct batch batch = { 0 };
	struct shaped_end at;
	int host = shaper_end(shaper, link, end, d, &at), fd, ret;
	char doing[160];

	if (d->ruled && d->lossy == d->shape.loss && queue < 0)
		return 0;
	snprintf(doing, sizeof(doing), "cannot write the rules of %s (nf_tables)", d->name);
	if (batch_begin(&batch) < 0 || rules_build(shaper, &batch, &at, host, d, queue) < 0)
		return lab_err_set(err, ENOMEM, "%s", doing);
	fd = talker(shaper, host, err);
	ret = fd < 0 ? fd : batch_commit(&batch, fd, doing, err);
	if (ret < 0)
		return ret;
	shaper->ruled[host] |= !at.sending;
	d->ruled = true;
	d->lossy = d->shape.loss;
	return 0;
}

int shaper_set(struct shaper *shaper, int link, int end, const struct shape *shape,
	       struct lab_err *err)
{
	struct direction *d = &shaper->directions[link][end];
	char text[128];

	/* a wire that was never shaped needs nothing in order not to be */
	if (shape_is_none(shape) && !d->ruled)
		return 0;
	d->shape = *shape;
	shape_clamp(&d->shape);
	if (shaper->backend->set(shaper, link, end, d, err) < 0)
		return lab_err_wrap(err, "cannot shape %s (%s)", d->name,
				    shape_text(shape, text, sizeof(text)));
	return 0;
}

/* The answer to a request for a counter. */
static int counter_read(struct nlmsghdr *nlh, uint64_t *ret, const char *doing, struct lab_err *err)
{
	struct nftnl_obj *obj;
	int code;

	if (nlh->nlmsg_type == NLMSG_ERROR)
		return extack_read(nlh, err, doing);
	obj = nftnl_obj_alloc();
	code = obj && nftnl_obj_nlmsg_parse(nlh, obj) >= 0 ? 0 : -1;
	if (!code)
		*ret = nftnl_obj_get_u64(obj, NFTNL_OBJ_CTR_PKTS);
	if (obj)
		nftnl_obj_free(obj);
	return code ? lab_err_set(err, EBADMSG, "%s: the answer is damaged", doing) : 0;
}

int shaper_lost(const struct shaper *shaper, int link, int end, uint64_t *ret_lost,
		struct lab_err *err)
{
	const struct direction *d = &shaper->directions[link][end];
	struct nftnl_obj *obj = nftnl_obj_alloc();
	struct shaped_end at;
	int host = shaper_end(shaper, link, end, d, &at), fd;
	char buf[8192] = { 0 }, table[64], counter[64], doing[160];
	struct nlmsghdr *nlh = nftnl_nlmsg_build_hdr(buf, NFT_MSG_GETOBJ,
						     at.sending ? NFPROTO_NETDEV : NFPROTO_INET, 0,
						     1);
	ssize_t n;

	*ret_lost = 0;
	snprintf(doing, sizeof(doing), "cannot read what %s lost", d->name);
	if (!obj)
		return lab_err_set(err, ENOMEM, "%s", doing);
	nftnl_obj_set_str(obj, NFTNL_OBJ_TABLE, shaped_end_table(&at, table, sizeof(table)));
	nftnl_obj_set_str(obj, NFTNL_OBJ_NAME, shaped_end_counter(&at, counter, sizeof(counter)));
	nftnl_obj_set_u32(obj, NFTNL_OBJ_TYPE, NFT_OBJECT_COUNTER);
	nftnl_obj_nlmsg_build_payload(nlh, obj);
	nftnl_obj_free(obj);
	if (!d->ruled)
		return 0;
	fd = talker(shaper, host, err);
	if (fd < 0)
		return fd;
	if (send(fd, nlh, nlh->nlmsg_len, 0) < 0)
		return lab_err_set(err, errno, "%s", doing);
	n = recv(fd, buf, sizeof(buf), 0);
	if (n < 0 || !mnl_nlmsg_ok(nlh, (int)n))
		return lab_err_set(err, n < 0 ? errno : EBADMSG, "%s", doing);
	return counter_read(nlh, ret_lost, doing, err);
}

int shaper_loss_host(const struct shaper *shaper, int link, int end)
{
	return shaper->topo->links[link].host[shaper->backend->sending ? end : !end];
}

int shaper_host_anew(struct shaper *shaper, int host, struct lab_err *err)
{
	int ret = 0;

	shaper->ruled[host] = false;
	close_fd(&shaper->talkers[host]);
	for (int i = 0; !ret && i < 2 * shaper->topo->n_links; i++) {
		struct direction *d = &shaper->directions[i / 2][i % 2];

		if (!d->ruled || shaper_loss_host(shaper, i / 2, i % 2) != host)
			continue;
		d->ruled = d->netem = d->tabled = false;
		d->lossy = 0;
		d->lane = -1;
		ret = shaper->backend->set(shaper, i / 2, i % 2, d, err);
		if (ret < 0)
			lab_err_wrap(err, "cannot shape %s again", d->name);
	}
	return ret;
}

enum shape_backend shaper_backend(const struct shaper *shaper)
{
	return shaper->backend->id;
}

bool shaper_held(const struct shaper *shaper, int link, int end)
{
	return !shaper->backend->sending && shaper->directions[link][!end].ruled;
}

bool shaper_departs(const struct shaper *shaper, int link, int end)
{
	return shaper->backend->sending && shaper->directions[link][end].ruled;
}
