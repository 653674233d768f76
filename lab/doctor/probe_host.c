// SPDX-License-Identifier: GPL-2.0-or-later
/* Probes of what hosts and wires are made of. Each makes its own, so that none spoils another. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "lab/doctor/probe.h"
#include "netns/cleanup.h"
#include "netns/ns.h"
#include "netns/offload.h"
#include "netns/rt.h"
#include "netns/sandbox.h"
#include "netns/sysctl.h"

/* That the sandbox could be made is already the answer; what is left is whether it also ends. */
int try_namespaces(struct probe_env *env, struct lab_err *err)
{
	int sig = 0;

	if (getpid() != 1)
		return lab_err_set(err, ENOTSUP, "the worker is not process 1 of a PID namespace");
	if (prctl(PR_GET_PDEATHSIG, &sig) < 0 || sig != SIGKILL)
		return lab_err_set(err, ENOTSUP,
				   "the worker would outlive nslab (PR_SET_PDEATHSIG)");
	return env_note(env, "%s", sandbox_in_root() ? "made directly" : "in a user namespace");
}

int try_proc(struct probe_env *env, struct lab_err *err)
{
	char self[16] = "";

	(void)err;
	if (readlink("/proc/self", self, sizeof(self) - 1) == 1 && self[0] == '1')
		return 0;
	env_note(env,
		 "the old one stays, because parts of it are masked, as containers do; it will do");
	return 1;
}

/* Two namespaces with a wire between them. */
struct pair {
	int home, ns[2];
	struct rt *home_rt, *rt[2];
};

static void pair_close(struct pair *pair)
{
	for (int i = 0; i < 2; i++) {
		rt_close(pair->rt[i]);
		close_fd(&pair->ns[i]);
	}
	rt_close(pair->home_rt);
	if (pair->home >= 0)
		ns_enter(pair->home, NULL);
	close_fd(&pair->home);
}

static int pair_open(struct pair *pair, struct lab_err *err)
{
	struct rt_veth_end end[2];
	int ret;

	*pair = (struct pair){ .home = -1, .ns = { -1, -1 } };
	ret = pair->home = ns_current(err);
	if (ret >= 0)
		ret = rt_open(&pair->home_rt, err);
	for (int i = 0; ret >= 0 && i < 2; i++) {
		ret = pair->ns[i] = ns_create(err);
		if (ret >= 0)
			ret = rt_open(&pair->rt[i], err);
		end[i] = (struct rt_veth_end){ .ns_fd = pair->ns[i],
					       .ifname = "eth0",
					       .ifindex = 2,
					       .mac = { 2, 0, 0, 0, 0, (uint8_t)(i + 1) } };
	}
	if (ret >= 0)
		ret = ns_enter(pair->home, err);
	return ret < 0 ? ret : rt_veth_add(pair->home_rt, &end[0], &end[1], 0, err);
}

int try_veth(struct probe_env *env, struct lab_err *err)
{
	const uint8_t addr[2][4] = { { 10, 0, 1, 1 }, { 10, 0, 1, 2 } };
	const uint8_t mac[6] = { 2, 0, 0, 0, 0, 2 };
	_cleanup_(pair_close) struct pair pair;
	int ret = pair_open(&pair, err);

	(void)env;
	for (int i = 0; !ret && i < 2; i++)
		ret = rt_addr_add(pair.rt[i], 2, AF_INET, addr[i], 24, err) ?:
			      rt_link_set(pair.rt[i], 2, 1, err);
	return ret ?: rt_neigh_add(pair.rt[0], 2, AF_INET, addr[1], mac, err);
}

int try_ipv6(struct probe_env *env, struct lab_err *err)
{
	const uint8_t addr[16] = { 0xfd, [15] = 1 };
	_cleanup_close_ int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	_cleanup_(pair_close) struct pair pair;
	int ret = pair_open(&pair, err);

	(void)env;
	if (!ret && fd < 0)
		return lab_err_set(err, EAFNOSUPPORT, "cannot open a socket of IPv6");
	return ret ?: rt_addr_add(pair.rt[0], 2, AF_INET6, addr, 64, err);
}

int try_offload(struct probe_env *env, struct lab_err *err)
{
	_cleanup_(pair_close) struct pair pair;
	struct offload *offload = NULL;
	int ret = pair_open(&pair, err);

	(void)env;
	ret = ret ?: ns_enter(pair.ns[0], err) ?: offload_open(&offload, err);
	ret = ret ?: offload_disable(offload, 2, err);
	offload_close(offload);
	return ret;
}

/* In a namespace of its own, which is left again. */
static int sysctls_in_ns(int dir, struct probe_env *env,
			 int (*fn)(int dir, struct probe_env *env, struct lab_err *err),
			 struct lab_err *err)
{
	_cleanup_close_ int home = ns_current(err);
	_cleanup_close_ int ns = home < 0 || dir < 0 ? -1 : ns_create(err);
	int ret;

	if (dir < 0 || home < 0 || ns < 0)
		return -err->code;
	ret = fn(dir, env, err);
	return ns_enter(home, ret < 0 ? NULL : err) < 0 ? -EIO : ret;
}

static int write_and_read(int dir, struct probe_env *env, struct lab_err *err)
{
	static const char key[] = "net.ipv4.tcp_retries2";
	char now[32];
	int ret = sysctl_write(dir, key, "7", err) ?: sysctl_read(dir, key, now, sizeof(now), err);

	(void)env;
	if (!ret && strcmp(now, "7"))
		return lab_err_set(err, EIO, "sysctl %s was set to 7 and reads %s", key, now);
	return ret;
}

int try_sysctls(struct probe_env *env, struct lab_err *err)
{
	_cleanup_close_ int dir = sysctl_open_dir(err);

	return sysctls_in_ns(dir, env, write_and_read, err);
}

static int pins_look(int dir, struct probe_env *env, struct lab_err *err)
{
	const struct sysctl_pin *pin;
	size_t used = 0;
	int n = 0;

	for (int i = 0; (pin = sysctl_pin_at(i)); i++) {
		char now[256];
		int ret = sysctl_read(dir, pin->key, now, sizeof(now), err);

		if (ret < 0 && ret != -ENOENT)
			return ret;
		if (ret == 0)
			continue;
		used += (size_t)snprintf(env->note + used, sizeof(env->note) - used, "%s%s",
					 n++ ? ", " : "this kernel lacks ", pin->key);
		if (used >= sizeof(env->note))
			used = sizeof(env->note) - 1;
	}
	memset(err, 0, sizeof(*err));
	return n > 0;
}

int try_pins(struct probe_env *env, struct lab_err *err)
{
	_cleanup_close_ int dir = sysctl_open_dir(err);

	return sysctls_in_ns(dir, env, pins_look, err);
}

int try_network(struct probe_env *env, struct lab_err *err)
{
	return network_build(&env->topo, NULL, &env->net, err);
}

int try_hosts_file(struct probe_env *env, struct lab_err *err)
{
	_cleanup_fclose_ FILE *f = NULL;
	char line[128];
	int ret = network_host_join(env->net, PROBE_CLIENT, 1 << FAM4 | 1 << FAM6, NULL, err);

	if (network_enter(env->net, -1, ret < 0 ? NULL : err) < 0 && !ret)
		ret = -EIO;
	if (ret < 0)
		return ret;
	f = fopen("/etc/hosts", "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (strstr(line, " server\n"))
			return 0;
	}
	return lab_err_set(err, ENOENT, "the host is not in its own /etc/hosts");
}

/* One of a certain interface may be missing just because our firewall has no such interface. */
static bool names_interface(const char *key)
{
	return strstr(key, ".eth") || strstr(key, "/eth");
}

static int plan_sysctls(struct probe_env *env, const struct plan *plan, struct lab_err *err)
{
	int ret = 0;

	for (int h = 0; !ret && h < plan->topo.n_hosts; h++) {
		const struct topo_host *host = &plan->topo.hosts[h];

		for (int i = 0; !ret && i < host->n_sysctls; i++) {
			ret = network_sysctl_set(env->net, PROBE_FW, host->sysctls[i].key,
						 host->sysctls[i].value, err);
			if (ret == -ENOENT && names_interface(host->sysctls[i].key))
				ret = 0;
		}
	}
	return ret;
}

int try_scenario_sysctls(struct probe_env *env, struct lab_err *err)
{
	int plan = 0, refused = 0;

	for (int s = 0; s < env->n_scenarios; s++) {
		struct lab_err unmet = { 0 };
		int met = need_try(env, &env->scenarios[s]->needs, &unmet);

		for (int p = 0; p < env->scenarios[s]->n_plans; p++, plan++) {
			struct lab_err why = unmet;

			if (met < 0 || plan_sysctls(env, &env->scenarios[s]->plans[p], &why) < 0) {
				env->remark(env, plan, &why);
				refused++;
			}
		}
	}
	(void)err;
	if (refused)
		env_note(env, "%d of %d cases ask for what this kernel refuses", refused, plan);
	return refused > 0;
}
