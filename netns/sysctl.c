// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: /proc/sys/net shows the network namespace of whoever opens a file, so one
 * directory fd serves every namespace that the calling thread enters.
 */
#include "netns/sysctl.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>

#include "netns/cleanup.h"

#define V4	    "net.ipv4."
#define V6	    "net.ipv6.conf."
#define DEFAULT_618 "the default of Linux 6.18, so that every kernel behaves alike"

/*
 * The default is taken from Linux 6.18 (net/ipv4/tcp_ipv4.c tcp_sk_init(), net/ipv4/tcp.c
 * tcp_init()) where the reason does not say otherwise.
 */
static const struct sysctl_pin pins[] = {
	{ V4 "tcp_congestion_control", "reno",
	  "the only one that every kernel allows in a child namespace" },
	{ V4 "tcp_syn_linear_timeouts", "0",
	  "since 6.5 the first four SYN retries come every second; off, SYNs go at 0, 1, 3, 7 s on every kernel" },
	{ V4 "tcp_syn_retries", "6", DEFAULT_618 },
	{ V4 "tcp_synack_retries", "5", DEFAULT_618 },
	{ V4 "tcp_retries1", "3", DEFAULT_618 },
	{ V4 "tcp_retries2", "15", DEFAULT_618 },
	{ V4 "tcp_orphan_retries", "0", DEFAULT_618 " (0 stands for 8)" },
	{ V4 "tcp_fin_timeout", "60", DEFAULT_618 },
	{ V4 "tcp_keepalive_time", "7200", DEFAULT_618 },
	{ V4 "tcp_keepalive_intvl", "75", DEFAULT_618 },
	{ V4 "tcp_keepalive_probes", "9", DEFAULT_618 },
	{ V4 "tcp_rto_max_ms", "120000", DEFAULT_618 },
	{ V4 "tcp_rto_min_us", "200000", DEFAULT_618 },
	{ V4 "tcp_early_retrans", "3", DEFAULT_618 ": tail loss probes on" },
	{ V4 "tcp_recovery", "1", DEFAULT_618 },
	{ V4 "tcp_frto", "2", DEFAULT_618 },
	{ V4 "tcp_thin_linear_timeouts", "0", DEFAULT_618 },
	{ V4 "tcp_slow_start_after_idle", "1", DEFAULT_618 },
	{ V4 "tcp_ecn", "2", DEFAULT_618 ": answered, not asked for" },
	{ V4 "tcp_timestamps", "1", DEFAULT_618 },
	{ V4 "tcp_sack", "1", DEFAULT_618 },
	{ V4 "tcp_dsack", "1", DEFAULT_618 },
	{ V4 "tcp_window_scaling", "1", DEFAULT_618 },
	{ V4 "tcp_syncookies", "1", DEFAULT_618 },
	{ V4 "tcp_abort_on_overflow", "0", DEFAULT_618 },
	{ V4 "tcp_max_syn_backlog", "2048", "the default depends on the machine's memory" },
	{ V4 "tcp_tw_reuse", "2", DEFAULT_618 ": on loopback only" },
	{ V4 "tcp_tw_reuse_delay", "1000", DEFAULT_618 },
	{ V4 "tcp_rfc1337", "0", DEFAULT_618 },
	{ V4 "tcp_fastopen", "1", DEFAULT_618 },
	{ V4 "tcp_fastopen_blackhole_timeout_sec", "0", DEFAULT_618 },
	{ V4 "tcp_mtu_probing", "0", DEFAULT_618 },
	{ V4 "tcp_moderate_rcvbuf", "1", DEFAULT_618 },
	{ V4 "tcp_rmem", "4096 131072 33554432",
	  "the default's maximum depends on memory and kernel" },
	{ V4 "tcp_wmem", "4096 16384 4194304", "the default's maximum depends on memory" },
	{ V4 "tcp_no_metrics_save", "1",
	  "else a slow or lossy handshake is remembered and spoils the next connection" },
	{ V4 "tcp_invalid_ratelimit", "500", DEFAULT_618 },
	{ V4 "tcp_challenge_ack_limit", "2147483647",
	  DEFAULT_618 ": challenge ACKs are not limited" },
	{ V4 "ip_local_port_range", "32768 60999", DEFAULT_618 },
	{ V4 "ip_default_ttl", "64", DEFAULT_618 },
	{ V4 "icmp_ratelimit", "0", "else only the first few rejected packets are told so" },
	{ V4 "icmp_ratemask", "0", "takes every ICMP type out of the machine-wide limit, too" },
	{ V4 "icmp_msgs_per_sec", "2147483647",
	  "per namespace since 6.13, before that of the machine and out of reach; icmp_ratemask bypasses it" },
	{ "net.ipv6.icmp.ratelimit", "0", "as icmp_ratelimit" },
	{ "net.ipv6.icmp.ratemask", "", "as icmp_ratemask: no type is limited" },
	{ V4 "conf.all.rp_filter", "0",
	  "inherited from the machine; would drop what asymmetric routes bring" },
	{ V4 "conf.default.rp_filter", "0", "as conf.all.rp_filter" },
	{ V4 "conf.all.accept_redirects", "0", "routes are those of the topology" },
	{ V4 "conf.default.accept_redirects", "0", "as conf.all.accept_redirects" },
	{ V4 "conf.all.send_redirects", "0", "keeps captures clean" },
	{ V4 "conf.default.send_redirects", "0", "as conf.all.send_redirects" },
	{ V6 "default.accept_dad", "0", "no duplicate address detection: addresses work at once" },
	{ V6 "default.dad_transmits", "0", "as accept_dad: nobody is asked about an address" },
	{ V6 "default.accept_ra", "0", "no router talks in the lab but those of the topology" },
	{ V6 "default.autoconf", "0", "addresses are those of the topology" },
	{ V6 "default.router_solicitations", "0", "keeps captures clean" },
	{ V6 "default.addr_gen_mode", "1",
	  "no link-local addresses: addresses are those of the topology" },
	{ V6 "default.use_tempaddr", "0", "addresses are those of the topology" },
	{ V6 "default.accept_redirects", "0", "routes are those of the topology" },
	{ "net.ipv6.bindv6only", "0", DEFAULT_618 },
	{ "net.core.somaxconn", "4096", DEFAULT_618 },
};

const struct sysctl_pin *sysctl_pin_at(int i)
{
	return i >= 0 && (size_t)i < ARRAY_SIZE(pins) ? &pins[i] : NULL;
}

int sysctl_path(const char *key, char *buf, size_t size)
{
	size_t len = strlen(key), first = strcspn(key, "./");
	bool dots = key[first] == '.';
	const char *part;

	if (len >= size || strncmp(key, "net", 3) || first != 3)
		return -EINVAL;
	for (size_t i = 0; i <= len; i++) {
		char c = key[i];

		if (c &&
		    !strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./",
			    c))
			return -EINVAL;
		buf[i] = c == '.' && dots ? '/' : c == '/' && dots ? '.' : c;
	}
	part = buf;
	while (part) {
		size_t n = strcspn(part, "/");

		if (!n || (n == 1 && part[0] == '.') || (n == 2 && !strncmp(part, "..", 2)))
			return -EINVAL;
		part = part[n] ? part + n + 1 : NULL;
	}
	return strchr(buf, '/') ? 0 : -EINVAL;
}

int sysctl_open_dir(struct lab_err *err)
{
	int fd = open("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		int ret = lab_err_set(err, errno, "cannot open /proc/sys");

		lab_err_fix(
			err,
			"nslab needs /proc mounted; in a container: --security-opt systempaths=unconfined");
		return ret;
	}
	return fd;
}

static int sysctl_open(int dir_fd, const char *key, int flags, struct lab_err *err)
{
	struct open_how how = { .flags = (unsigned)flags | O_CLOEXEC,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	char path[256];
	int fd, ret;

	if (sysctl_path(key, path, sizeof(path)) < 0)
		return lab_err_set(err, EINVAL, "'%s' is no sysctl beneath net", key);
	fd = (int)syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));
	if (fd >= 0)
		return fd;
	if (errno == ENOENT)
		return lab_err_set(err, ENOENT, "this kernel has no sysctl %s", key);
	ret = lab_err_set(err, errno, "cannot open sysctl %s", key);
	if (ret == -EROFS)
		lab_err_fix(
			err,
			"/proc/sys is mounted read-only, as containers do; run with --privileged or --security-opt systempaths=unconfined");
	return ret;
}

int sysctl_write(int dir_fd, const char *key, const char *value, struct lab_err *err)
{
	_cleanup_close_ int fd = sysctl_open(dir_fd, key, O_WRONLY, err);
	char line[256];
	int len;

	if (fd < 0)
		return fd;
	len = snprintf(line, sizeof(line), "%s\n", value);
	if (len >= (int)sizeof(line))
		return lab_err_set(err, E2BIG, "the value for sysctl %s is too long", key);
	if (write(fd, line, (size_t)len) != len)
		return lab_err_set(err, errno, "cannot set sysctl %s to '%s'", key, value);
	return 0;
}

int sysctl_read(int dir_fd, const char *key, char *buf, size_t size, struct lab_err *err)
{
	_cleanup_close_ int fd = sysctl_open(dir_fd, key, O_RDONLY, err);
	ssize_t len;

	if (fd < 0)
		return fd;
	len = read(fd, buf, size - 1);
	if (len < 0)
		return lab_err_set(err, errno, "cannot read sysctl %s", key);
	while (len > 0 && buf[len - 1] == '\n')
		len--;
	buf[len] = '\0';
	for (char *p = buf; *p; p++) {
		if (*p == '\t')
			*p = ' ';
	}
	return 0;
}
