// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: for each host unshare(2) makes a namespace and moves us into it; while we
 * are there its sysctls are written and its netlink sockets opened, which stay in it for ever. Back
 * home, veth pairs are born with either end in its place already, under an interface number and a
 * MAC address of our choice, so that nothing has to be looked up and neighbours are known before
 * the first packet. Nothing is sent to learn anything: the first packet of a lab is the user's.
 */
#include "netns/network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>

#include "netns/cleanup.h"
#include "netns/network_private.h"
#include "netns/ns.h"
#include "netns/offload.h"
#include "netns/rt.h"
#include "netns/sysctl.h"

/*
 * A new namespace has most pinned values already. The first host's are read and compared; what
 * differs there differs in its siblings, and only that is written there.
 */
static int pins_learn(struct network *net, struct lab_err *err)
{
	const struct sysctl_pin *pin;
	int n = 0;

	while (sysctl_pin_at(n))
		n++;
	net->missing = calloc((size_t)n + 1, sizeof(*net->missing));
	net->needed = calloc((size_t)n + 1, sizeof(*net->needed));
	if (!net->missing || !net->needed)
		return lab_err_set(err, ENOMEM, "cannot pin sysctls");
	for (int i = 0; (pin = sysctl_pin_at(i)); i++) {
		char now[256];
		int ret = sysctl_read(net->sysctl_dir, pin->key, now, sizeof(now), err);

		if (ret == -ENOENT && !net->has_ipv6 && !strncmp(pin->key, "net.ipv6.", 9))
			continue; /* one thing that is missing, not a dozen: network_has_ipv6() */
		if (ret == -ENOENT)
			net->missing[net->n_missing++] = pin->key;
		else if (ret < 0)
			return ret;
		else if (strcmp(now, pin->value))
			net->needed[net->n_needed++] = pin;
	}
	net->needed_known = true;
	return 0;
}

/* Is a sysctl one of this folder, "net/ipv6/conf/eth0/"? */
static bool is_beneath(const char *key, const char *folder)
{
	char path[256];

	return !sysctl_path(key, path, sizeof(path)) && !strncmp(path, folder, strlen(folder));
}

/*
 * What the topology asks for. Before the links are made, so that "default" values reach the
 * interfaces; and again behind them, for keys that name an interface. In the calling thread's namespace.
 * @folder: only those beneath it; NULL for all
 * @missing_ok: what is not there (yet) is left out
 */
static int scenario_sysctls(struct network *net, int host, const char *folder, bool missing_ok,
			    struct lab_err *err)
{
	const struct topo_host *spec = &net->topo->hosts[host];
	int ret = 0;

	for (int i = 0; !ret && i < spec->n_sysctls; i++) {
		if (folder && !is_beneath(spec->sysctls[i].key, folder))
			continue;
		ret = sysctl_write(net->sysctl_dir, spec->sysctls[i].key, spec->sysctls[i].value,
				   err);
		if (ret == -ENOENT && missing_ok)
			ret = 0;
	}
	return ret;
}

static int host_sysctls(struct network *net, int host, struct lab_err *err)
{
	const struct topo_host *spec = &net->topo->hosts[host];
	const char *forward = spec->forward == FORWARD_YES ? "1" : "0";
	int dir = net->sysctl_dir, ret = 0;

	if (!net->options.unpinned) {
		if (!net->needed_known)
			ret = pins_learn(net, err);
		for (int i = 0; !ret && i < net->n_needed; i++)
			ret = sysctl_write(dir, net->needed[i]->key, net->needed[i]->value, err);
	}
	/* inherited from the machine, so it is written either way */
	if (!ret)
		ret = sysctl_write(dir, "net.ipv4.ip_forward", forward, err);
	if (!ret && net->has_ipv6)
		ret = sysctl_write(dir, "net.ipv6.conf.all.forwarding", forward, err);
	return ret ?: scenario_sysctls(net, host, NULL, true, err);
}

int network_host_create(struct network *net, int host, struct lab_err *err)
{
	struct net_host *h = &net->hosts[host];
	int ret;

	h->ns = ns_create(err);
	if (h->ns < 0)
		return h->ns;
	ret = host_sysctls(net, host, err);
	return ret < 0 ? ret : rt_open(&h->rt, err);
}

void network_mac(int host, int ifindex, uint8_t mac[6])
{
	/* 02: locally administered, unicast */
	mac[0] = 0x02;
	mac[1] = 0x00;
	mac[2] = (uint8_t)(host >> 8);
	mac[3] = (uint8_t)host;
	mac[4] = (uint8_t)(ifindex >> 8);
	mac[5] = (uint8_t)ifindex;
}

static int link_create(struct network *net, struct rt *home_rt, int i, struct lab_err *err)
{
	const struct topo_link *link = &net->topo->links[i];
	struct rt_veth_end end[2];

	for (int e = 0; e < 2; e++) {
		end[e] = (struct rt_veth_end){ .ns_fd = net->hosts[link->host[e]].ns,
					       .ifname = link->ifname[e],
					       .ifindex = link->ifindex[e] };
		network_mac(link->host[e], link->ifindex[e], end[e].mac);
	}
	return rt_veth_add(home_rt, &end[0], &end[1], link->mtu, err);
}

/* IPv6 needs an MTU of 1280: below that the kernel takes it away from the interface. */
bool network_link_has(const struct network *net, int link, int fam)
{
	uint32_t mtu = net->links[link].mtu;

	return fam == FAM4 || (net->has_ipv6 && (!mtu || mtu >= 1280));
}

/* What is put back may partly be there still. */
static int unless_there(int ret, bool again, struct lab_err *err)
{
	if (ret != -EEXIST || !again)
		return ret;
	if (err)
		*err = (struct lab_err){ 0 };
	return 0;
}

int network_end_configure(struct network *net, int i, int e, bool again, struct lab_err *err)
{
	const struct topo_link *link = &net->topo->links[i];
	struct rt *rt = net->hosts[link->host[e]].rt;
	uint8_t mac[6];
	int ret = 0;

	network_mac(link->host[!e], link->ifindex[!e], mac);
	for (int fam = 0; !ret && fam < FAM_COUNT; fam++) {
		if (!network_link_has(net, i, fam))
			continue;
		ret = rt_addr_add(rt, link->ifindex[e], topo_af(fam), link->addr[e][fam].bytes,
				  link->addr[e][fam].prefix, err);
		ret = unless_there(ret, again, err);
	}
	if (!ret)
		ret = rt_link_set(rt, link->ifindex[e], 1, err);
	for (int fam = 0; !ret && fam < FAM_COUNT; fam++) {
		if (!network_link_has(net, i, fam) || net->links[i].silent[!e])
			continue;
		ret = rt_neigh_add(rt, link->ifindex[e], topo_af(fam), link->addr[!e][fam].bytes,
				   mac, err);
	}
	return ret;
}

static int host_offloads(struct network *net, int host, struct lab_err *err)
{
	struct offload *offload = NULL;
	int ret = network_enter(net, host, err);

	if (!ret)
		ret = offload_open(&offload, err);
	for (int i = 0; !ret && i < net->topo->n_links; i++) {
		for (int e = 0; !ret && e < 2; e++) {
			if (net->topo->links[i].host[e] == host)
				ret = offload_disable(offload, net->topo->links[i].ifindex[e], err);
		}
	}
	offload_close(offload);
	return ret;
}

static void prefix_mask(const struct topo_addr *addr, int fam, uint8_t bytes[16])
{
	memset(bytes, 0, 16);
	for (int i = 0; i < topo_addr_len(fam); i++) {
		int bits = addr->prefix - 8 * i;

		if (bits > 0)
			bytes[i] = addr->bytes[i] &
				   (uint8_t)(bits >= 8 ? 0xff : 0xff << (8 - bits));
	}
}

int network_host_routes(struct network *net, int host, bool again, struct topo_hop *hops,
			struct lab_err *err)
{
	const struct topology *topo = net->topo;
	int ret = topology_routes(topo, host, hops, err);

	for (int i = 0; !ret && i < topo->n_links; i++) {
		const struct topo_link *out;

		if (hops[i].link < 0 || hops[i].link == i)
			continue;
		if (net->links[hops[i].link].down == hops[i].end)
			continue; /* they come when it is raised */
		out = &topo->links[hops[i].link];
		for (int fam = 0; !ret && fam < FAM_COUNT; fam++) {
			uint8_t dst[16];

			if (!network_link_has(net, hops[i].link, fam) ||
			    !network_link_has(net, i, fam))
				continue;
			prefix_mask(&topo->links[i].addr[0][fam], fam, dst);
			ret = rt_route_add(net->hosts[host].rt, topo_af(fam), dst,
					   topo->links[i].addr[0][fam].prefix,
					   out->addr[!hops[i].end][fam].bytes,
					   out->ifindex[hops[i].end], err);
			ret = unless_there(ret, again, err);
		}
	}
	return ret;
}

int network_host_late_sysctls(struct network *net, int host, const char *folder, bool missing_ok,
			      struct lab_err *err)
{
	int ret;

	if (!net->topo->hosts[host].n_sysctls)
		return 0;
	ret = network_enter(net, host, err) ?: scenario_sysctls(net, host, folder, missing_ok, err);
	if (ns_enter(net->home, ret ? NULL : err) < 0 && !ret)
		ret = -EIO;
	return ret < 0 ? lab_err_wrap(err, "host %s", net->topo->hosts[host].name) : 0;
}

/* Until both ends can send and receive. */
static int links_wait(struct network *net, struct lab_err *err)
{
	int ret = 0;

	for (int i = 0; !ret && i < 2 * net->topo->n_links; i++) {
		const struct topo_link *link = &net->topo->links[i / 2];
		const struct net_host *host = &net->hosts[link->host[i % 2]];
		const struct rt_place place = { host->ns, net->home };

		ret = rt_link_wait(host->rt, link->ifindex[i % 2], &place, err);
		if (!ret && network_link_has(net, i / 2, FAM6))
			ret = rt_addr_wait(host->rt, link->addr[i % 2][FAM6].bytes, &place, err);
	}
	return ret;
}

static int build(struct network *net, struct lab_err *err)
{
	const struct topology *topo = net->topo;
	_cleanup_free_ struct topo_hop *hops = calloc((size_t)topo->n_links + 1, sizeof(*hops));
	struct rt *home_rt = NULL;
	int ret;

	if (!hops)
		return lab_err_set(err, ENOMEM, "out of memory");
	ret = rt_open(&home_rt, err);
	for (int h = 0; !ret && h < topo->n_hosts; h++) {
		ret = network_host_create(net, h, err);
		if (ret < 0)
			lab_err_wrap(err, "host %s", topo->hosts[h].name);
	}
	if (ns_enter(net->home, ret ? NULL : err) < 0 && !ret)
		ret = -err->code;
	for (int i = 0; !ret && i < topo->n_links; i++)
		ret = link_create(net, home_rt, i, err);
	rt_close(home_rt);
	for (int h = 0; !ret && h < topo->n_hosts; h++)
		ret = rt_link_set(net->hosts[h].rt, 1, 1, err);
	for (int h = 0; !ret && !net->options.offload && h < topo->n_hosts; h++)
		ret = host_offloads(net, h, err);
	if (!net->options.offload && ns_enter(net->home, ret ? NULL : err) < 0 && !ret)
		ret = -err->code;
	for (int i = 0; !ret && i < 2 * topo->n_links; i++)
		ret = network_end_configure(net, i / 2, i % 2, false, err);
	for (int h = 0; !ret && h < topo->n_hosts; h++)
		ret = network_host_routes(net, h, false, hops, err);
	ret = ret ?: links_wait(net, err);
	for (int h = 0; !ret && h < topo->n_hosts; h++)
		ret = network_host_late_sysctls(net, h, NULL, false, err);
	return ret;
}

int network_build(const struct topology *topo, const struct network_options *options,
		  struct network **ret_net, struct lab_err *err)
{
	struct network *net = calloc(1, sizeof(*net));
	struct lab_err local;
	int ret;

	err = err ?: &local;
	if (!net)
		return lab_err_set(err, ENOMEM, "cannot build the network");
	net->topo = topo;
	if (options)
		net->options = *options;
	net->home = net->sysctl_dir = -1;
	net->hosts = calloc((size_t)topo->n_hosts, sizeof(*net->hosts));
	net->links = calloc((size_t)topo->n_links + 1, sizeof(*net->links));
	if (!net->hosts || !net->links) {
		free(net->hosts);
		free(net->links);
		free(net);
		return lab_err_set(err, ENOMEM, "cannot build the network");
	}
	for (int h = 0; h < topo->n_hosts; h++)
		net->hosts[h].ns = -1;
	for (int i = 0; i < topo->n_links; i++)
		net->links[i] = (struct net_link){ .mtu = topo->links[i].mtu, .down = -1 };
	ret = net->home = ns_current(err);
	if (ret >= 0)
		ret = net->sysctl_dir = sysctl_open_dir(err);
	/* absent where the kernel was built or booted without it (ipv6.disable=1) */
	net->has_ipv6 = ret >= 0 && faccessat(net->sysctl_dir, "net/ipv6", F_OK, 0) == 0;
	if (ret >= 0)
		ret = build(net, err);
	if (ret < 0) {
		network_free(net);
		return lab_err_wrap(err, "cannot build the network");
	}
	*ret_net = net;
	return 0;
}

void network_free(struct network *net)
{
	if (!net)
		return;
	for (int h = 0; h < net->topo->n_hosts; h++) {
		rt_close(net->hosts[h].rt);
		close_fd(&net->hosts[h].ns);
	}
	close_fd(&net->home);
	close_fd(&net->sysctl_dir);
	free(net->hosts);
	free(net->links);
	free(net->missing);
	free(net->needed);
	free(net);
}

int network_ns(const struct network *net, int host)
{
	return net->hosts[host].ns;
}

int network_enter(const struct network *net, int host, struct lab_err *err)
{
	return ns_enter(host < 0 ? net->home : net->hosts[host].ns, err);
}

int network_socket(const struct network *net, int host, int family, int type, int protocol,
		   struct lab_err *err)
{
	return ns_socket(net->hosts[host].ns, net->home, family, type, protocol, err);
}

int network_sysctl_set(const struct network *net, int host, const char *key, const char *value,
		       struct lab_err *err)
{
	int ret = network_enter(net, host, err);

	if (ret < 0)
		return ret;
	ret = sysctl_write(net->sysctl_dir, key, value, err);
	if (network_enter(net, -1, ret ? NULL : err) < 0 && !ret)
		return -EIO;
	return ret;
}

bool network_has_ipv6(const struct network *net)
{
	return net->has_ipv6;
}

const char *network_missing(const struct network *net, int i)
{
	return i < net->n_missing ? net->missing[i] : NULL;
}

char *network_hosts_file(const struct topology *topo, int host, unsigned fams)
{
	char *text = NULL, addr[INET6_ADDRSTRLEN];
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fprintf(f, "127.0.0.1 localhost\n::1 localhost\n");
	for (int fam = 0; fam < FAM_COUNT; fam++) {
		for (int h = 0; fams & 1U << fam && h < topo->n_hosts; h++) {
			const struct topo_addr *a = topology_addr(topo, host, h, fam);

			if (a)
				fprintf(f, "%s %s\n", topo_addr_text(fam, a, addr),
					topo->hosts[h].name);
		}
	}
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

static int file_create(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	size_t len = strlen(text);

	return fd < 0 || write(fd, text, len) != (ssize_t)len ? -errno : 0;
}

/* The name service's own files; no daemon of the machine is to be asked. */
static const struct etc_file {
	const char *path, *tmp;
	bool needed; /* a system may do without the others; where it has none, there is nothing to hide */
} etc_files[] = {
	{ "/etc/hosts", "/mnt/hosts", true },
	{ "/etc/resolv.conf", "/mnt/resolv.conf", false },
	{ "/etc/nsswitch.conf", "/mnt/nsswitch.conf", false },
};

static const char no_resolv_conf[] = "# made by nslab: this host has no name server\n";
static const char nsswitch_conf[] =
	"passwd: files\ngroup: files\nhosts: files dns\nnetworks: files\nservices: files\nprotocols: files\n";

static int etc_file_bind(const struct etc_file *file, const char *text, struct lab_err *err)
{
	if (!file->needed && access(file->path, F_OK) < 0)
		return 0;
	if (file_create(file->tmp, text) < 0)
		return lab_err_set(err, errno, "cannot write %s for a host", file->path);
	if (mount(file->tmp, file->path, NULL, MS_BIND, NULL) < 0)
		return lab_err_set(err, errno, "cannot bind a host's own file to %s", file->path);
	return 0;
}

/* nscd answers before nsswitch.conf is looked at. */
static void nscd_hide(void)
{
	mount("/mnt", "/run/nscd", NULL, MS_BIND, NULL);
}

/*
 * The files live on a tmpfs that is attached to /mnt of this mount namespace just long enough to
 * bind them from it; the bind mounts then keep the tmpfs alive, and no path leads to it.
 */
int network_host_join(const struct network *net, int host, unsigned fams, const char *resolv_conf,
		      struct lab_err *err)
{
	_cleanup_free_ char *hosts = network_hosts_file(net->topo, host, fams);
	const char *const texts[] = { hosts, resolv_conf ?: no_resolv_conf, nsswitch_conf };
	int ret;

	if (!hosts)
		return lab_err_set(err, ENOMEM, "cannot write a hosts file");
	ret = network_enter(net, host, err);
	if (ret < 0)
		return ret;
	if (unshare(CLONE_NEWNS) < 0)
		return lab_err_set(err, errno, "cannot make a mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return lab_err_set(err, errno, "cannot make the mounts private");
	if (mount("nslab", "/mnt", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755,size=1m") <
	    0)
		return lab_err_set(err, errno, "cannot mount a tmpfs");
	_Static_assert(ARRAY_SIZE(etc_files) == ARRAY_SIZE(texts), "a text for each file");
	for (size_t i = 0; i < ARRAY_SIZE(etc_files); i++) {
		ret = etc_file_bind(&etc_files[i], texts[i], err);
		if (ret < 0)
			return ret;
	}
	nscd_hide();
	if (umount2("/mnt", MNT_DETACH) < 0)
		return lab_err_set(err, errno, "cannot detach the tmpfs");
	return 0;
}
