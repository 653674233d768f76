// SPDX-License-Identifier: GPL-2.0-or-later
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>

#include "impair/batch.h"
#include "impair/delayline.h"
#include "impair/expr.h"
#include "impair/rule.h"
#include "netns/cleanup.h"
#include "netns/extack.h"

static const char probe_name[] = "nslab_probe";

static int rule_put(struct batch *batch, bool compat)
{
	struct nftnl_rule *rule = nft_rule_new(probe_name, probe_name);
	int ret = rule ? expr_queue(rule, DELAYLINE_QUEUE_BASE, compat) : -ENOMEM;

	return nft_rule_put(batch, rule, ret);
}

static int form_try(int fd, bool compat, struct lab_err *err)
{
	static const char doing[] = "cannot send packets to a queue (nf_tables)";
	_cleanup_(batch_free) struct batch batch = { 0 };
	int ret = batch_begin(&batch);

	ret = ret ?: nft_table_put(&batch, NFT_MSG_NEWTABLE, probe_name);
	/* no hook: no packet ever comes here */
	ret = ret ?: nft_chain_put(&batch, probe_name, probe_name, NULL);
	ret = ret ?: rule_put(&batch, compat);
	return ret ? lab_err_set(err, -ret, "%s", doing) : batch_commit(&batch, fd, doing, err);
}

static int probe_remove(int fd, struct lab_err *err)
{
	_cleanup_(batch_free) struct batch batch = { 0 };

	if (batch_begin(&batch) < 0 || nft_table_put(&batch, NFT_MSG_DELTABLE, probe_name) < 0)
		return lab_err_set(err, ENOMEM, "cannot remove a table");
	return batch_commit(&batch, fd, "cannot remove a table (nf_tables)", err);
}

int queue_form(const struct network *net, int host, struct lab_err *err)
{
	_cleanup_close_ int fd =
		network_socket(net, host, AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER, err);
	int ret = fd, form = QUEUE_NATIVE;
	struct lab_err first = { 0 };

	if (fd < 0)
		return ret;
	extack_enable(fd);
	ret = form_try(fd, false, &first);
	if (ret == -ENOENT) {
		form = QUEUE_COMPAT;
		ret = form_try(fd, true, err);
	} else if (err) {
		*err = first;
	}
	if (ret < 0) {
		lab_err_fix(err, "modprobe nft_queue, or nft_compat and xt_NFQUEUE");
		return ret;
	}
	ret = probe_remove(fd, err);
	return ret < 0 ? ret : form;
}
