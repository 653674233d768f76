// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/scenario/sysctl_key.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "lab/scenario/reading.h"

/*
 * net.core is the machine's, but for these (net/core/sysctl_net_core.c, netns_core_table, and
 * net/xfrm/xfrm_sysctl.c).
 */
static const char *const CORE_OF_NAMESPACE[] = {
	"net.core.somaxconn",	      "net.core.optmem_max",
	"net.core.txrehash",	      "net.core.tstamp_allow_data",
	"net.core.rps_default_mask",  "net.core.xfrm_acq_expires",
	"net.core.xfrm_aevent_etime", "net.core.xfrm_aevent_rseqth",
	"net.core.xfrm_larval_drop",  NULL,
};

/*
 * Elsewhere most keys belong to the namespace. These are the ones that are registered for the
 * first namespace only: a child namespace does not have them. A "*" at the end stands for anything.
 */
static const char *const GLOBAL[] = {
	"net.ipv4.tcp_mem",
	"net.ipv4.udp_mem",
	"net.ipv4.tcp_max_orphans",
	"net.ipv4.tcp_low_latency",
	"net.ipv4.tcp_available_ulp",
	"net.ipv4.tcp_allowed_congestion_control",
	"net.ipv4.tcp_available_congestion_control",
	"net.ipv4.inet_peer_*",
	"net.ipv4.cipso_*",
	"net.ipv4.fib_sync_mem",
	"net.ipv4.ipfrag_secret_interval",
	"net.ipv4.route.error_burst",
	"net.ipv4.route.error_cost",
	"net.ipv4.route.gc_*",
	"net.ipv4.route.max_size",
	"net.ipv4.route.redirect_*",
	"net.ipv6.calipso_*",
	"net.ipv6.ip6frag_secret_interval",
	"net.ipv6.mld_max_msf",
	"net.ipv6.mld_qrv",
	"net.netfilter.nf_log_all_netns",
	"net.netfilter.nf_conntrack_max",
	"net.netfilter.nf_conntrack_buckets",
	"net.netfilter.nf_conntrack_expect_max",
	"net.nf_conntrack_max",
	NULL,
};

static const char *const READ_ONLY[] = {
	"net.ipv4.tcp_ehash_entries",
	"net.ipv4.udp_hash_entries",
	"net.netfilter.nf_conntrack_count",
	"net.mptcp.available_*",
	NULL,
};

static bool is_listed(const char *const *list, const char *key)
{
	for (; *list; list++) {
		size_t len = strlen(*list);

		if ((*list)[len - 1] == '*' ? !strncmp(*list, key, len - 1) : !strcmp(*list, key))
			return true;
	}
	return false;
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

/*
 * is_well_formed() - "net.", then names parted by single dots or slashes
 * A dot or slash always stands between two letters. So no name is empty, and none is ".." or
 * begins with a dot, whichever way dots and slashes are exchanged for the path.
 */
static bool is_well_formed(const char *key)
{
	size_t len = strlen(key);
	int dots = 0;

	if (strncmp(key, "net.", 4) || len > 200)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (is_name_char(key[i]))
			continue;
		if ((key[i] != '.' && key[i] != '/') || !i || !is_name_char(key[i - 1]) ||
		    !is_name_char(key[i + 1]))
			return false;
		dots += key[i] == '.';
	}
	return dots >= 2 || !strcmp(key, "net.nf_conntrack_max");
}

enum sysctl_verdict sysctl_key_verdict(const char *key)
{
	if (!is_well_formed(key))
		return SYSCTL_MALFORMED;
	if (!strncmp(key, "net.core.", 9) && !is_listed(CORE_OF_NAMESPACE, key))
		return SYSCTL_GLOBAL;
	if (is_listed(GLOBAL, key))
		return SYSCTL_GLOBAL;
	return is_listed(READ_ONLY, key) ? SYSCTL_READ_ONLY : SYSCTL_OK;
}

int sysctl_key_check(struct reader *r, const struct node *key)
{
	const char *text = reader_text(r, key);

	if (!text)
		return -EINVAL;
	switch (sysctl_key_verdict(text)) {
	case SYSCTL_MALFORMED:
		return reader_problem(r, key, NULL,
				      "'%.200s' is no sysctl of a network namespace; expected a key "
				      "such as net.ipv4.tcp_syn_retries",
				      text);
	case SYSCTL_GLOBAL:
		return reader_problem(r, key, NULL,
				      "%s is global to the machine, not to a namespace", text);
	case SYSCTL_READ_ONLY:
		return reader_problem(r, key, NULL, "%s can only be read", text);
	default:
		return 0;
	}
}
