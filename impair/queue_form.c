// SPDX-License-Identifier: GPL-2.0-or-later
#include <netinet/in.h>

#include <libnftnl/chain.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>

#include "impair/batch.h"
#include "impair/delayline.h"
#include "impair/expr.h"
#include "netns/cleanup.h"
#include "netns/extack.h"

static const char probe_name[] = "nslab_probe";

static int table_put(struct batch *batch, uint16_t type)
{
	struct nftnl_table *table = nftnl_table_alloc();
	struct nlmsghdr *nlh = table ? batch_message(batch, type, NLM_F_CREATE | NLM_F_ACK) : NULL;

	if (nlh) {
		nftnl_table_set_str(table, NFTNL_TABLE_NAME, probe_name);
		nftnl_table_nlmsg_build_payload(nlh, table);
		batch_message_end(batch, nlh);
	}
	if (table)
		nftnl_table_free(table);
	return nlh ? 0 : -ENOMEM;
}

/* No hook: no packet ever comes here. */
static int chain_put(struct batch *batch)
{
	struct nftnl_chain *chain = nftnl_chain_alloc();
	struct nlmsghdr *nlh = chain ? batch_message(batch, NFT_MSG_NEWCHAIN, NLM_F_CREATE) : NULL;

	if (nlh) {
		nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, probe_name);
		nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, probe_name);
		nftnl_chain_nlmsg_build_payload(nlh, chain);
		batch_message_end(batch, nlh);
	}
	if (chain)
		nftnl_chain_free(chain);
	return nlh ? 0 : -ENOMEM;
}

static int rule_put(struct batch *batch, bool compat)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	struct nlmsghdr *nlh;
	int ret;

	if (!rule)
		return -ENOMEM;
	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, probe_name);
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, probe_name);
	ret = expr_queue(rule, DELAYLINE_QUEUE_BASE, compat);
	nlh = ret ? NULL :
		    batch_message(batch, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND | NLM_F_ACK);
	if (nlh) {
		nftnl_rule_nlmsg_build_payload(nlh, rule);
		batch_message_end(batch, nlh);
	}
	nftnl_rule_free(rule);
	return nlh ? 0 : -ENOMEM;
}

static int form_try(int fd, bool compat, struct lab_err *err)
{
	static const char doing[] = "cannot send packets to a queue (nf_tables)";
	_cleanup_(batch_free) struct batch batch = { 0 };
	int ret = batch_begin(&batch);

	ret = ret ?: table_put(&batch, NFT_MSG_NEWTABLE);
	ret = ret ?: chain_put(&batch);
	ret = ret ?: rule_put(&batch, compat);
	return ret ? lab_err_set(err, -ret, "%s", doing) : batch_commit(&batch, fd, doing, err);
}

static int probe_remove(int fd, struct lab_err *err)
{
	_cleanup_(batch_free) struct batch batch = { 0 };

	if (batch_begin(&batch) < 0 || table_put(&batch, NFT_MSG_DELTABLE) < 0)
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
