// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: with its wires gone, nothing that the host's sockets still say when they are
 * closed reaches anybody, as on a machine that lost its power. The old namespace lives until
 * its hit log has been read to the end, so that hits which were counted are known; the counters of
 * the new rules begin at 0, and the old ones' last values are added to them from then on.
 */
#include "lab/run/reboot.h"

#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/observe/conntrack.h"
#include "lab/run/names.h"
#include "lab/run/run_private.h"
#include "lab/run/shaping.h"
#include "netns/cleanup.h"

/* Its programs' sockets: with SO_LINGER 0 the kernel forgets a connection at once. */
static void sock_forget(struct op *op, struct sock *sock)
{
	const struct linger linger = { .l_onoff = 1 };

	setsockopt(sock->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	sock_close(op, sock);
}

/* Is /proc of our own PID namespace? Else its numbers are of other processes, see sandbox_enter(). */
static bool proc_is_ours(void)
{
	char self[16];
	ssize_t n = readlink("/proc/self", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	return atoi(self) == getpid();
}

/* Kill the processes that live in the network namespace @ns; how many there were. */
static int processes_kill(const struct stat *ns)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	int n = 0;

	while (proc && (entry = readdir(proc))) {
		char path[300];
		struct stat st;
		pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? atoi(entry->d_name) : 0;

		if (pid <= 0 || pid == getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/%s/ns/net", entry->d_name);
		if (stat(path, &st) == 0 && st.st_ino == ns->st_ino && st.st_dev == ns->st_dev)
			n += kill(pid, SIGKILL) == 0;
	}
	if (proc)
		closedir(proc);
	return n;
}

/* A host's programs die with it, also those that a visitor runs, and what any of them left behind. */
static void programs_die(const struct stat *ns)
{
	enum { ROUNDS = 20 }; /* one may be forking */

	for (int i = 0; i < ROUNDS && proc_is_ours() && processes_kill(ns); i++)
		;
}

int run_host_cut(struct op *op, int host, struct lab_err *err)
{
	struct run *run = op->run;
	struct stat ns;
	int ret;

	/* what it holds is lost with it, before the kernel finds that out */
	if (run->line)
		delayline_host_gone(run->line, host);
	if (fstat(network_ns(run->net, host), &ns) < 0)
		return lab_err_set(err, errno, "cannot look at a host's namespace");
	ret = network_reboot(run->net, host, err);
	if (ret < 0)
		return ret;
	names_close(run, host);
	for (int i = 0; i < run->plan->n_steps; i++) {
		if (run->ops[i].run && run->ops[i].step->host == host)
			op_gone(&run->ops[i], "its host was rebooted");
	}
	for (int i = 0; i < run->plan->n_steps; i++) {
		struct sock *sock = run->socks[i];

		if (sock && sock->host == host && sock->fd >= 0)
			sock_forget(op, sock);
	}
	programs_die(&ns);
	return 0;
}

int run_host_told(struct run *run, int host, struct lab_err *err)
{
	run_drain(run);
	for (int i = 0; i < run->plan->n_faults; i++) {
		uint64_t hits;
		int ret;

		if (run->plan->faults[i].host != host)
			continue;
		ret = run_fault_hits(run, i, &hits, err);
		if (ret < 0)
			return ret;
		if (hits != observer_hits(run->observer, i))
			return 0;
	}
	return 1;
}

/* The rules as they were: a new table counts from 0, and knows only what is on from the start. */
static int faults_anew(struct run *run, int host, struct lab_err *err)
{
	const struct plan *plan = run->plan;
	int ret = 0;

	if (!run->filters[host])
		return 0;
	for (int i = 0; !ret && i < plan->n_faults; i++) {
		uint64_t hits;

		if (plan->faults[i].host != host)
			continue;
		ret = run_fault_hits(run, i, &hits, err);
		if (!ret)
			run->hits_before[i] = hits;
	}
	filter_free(run->filters[host]);
	run->filters[host] = NULL;
	ret = ret   ?:
		      filter_create(run->net, &plan->topo, host, plan->faults, plan->n_faults,
				    &(struct filter_options){ .disarmed = run->options->disarmed,
							      .seed = run->options->seed,
							      .line = run->filter_line },
				    &run->filters[host], err);
	for (int i = 0; !ret && i < plan->n_faults; i++) {
		const struct fault *f = &plan->faults[i];

		if (f->host == host && f->active != run->fault_on[i])
			ret = filter_switch(run->filters[host], f, run->fault_on[i], err);
	}
	return ret;
}

/* A new namespace translates nothing until it is told to. */
static int nats_anew(struct run *run, int host, struct lab_err *err)
{
	const struct plan *plan = run->plan;
	int ret = 0;

	for (int i = 0; !ret && i < plan->n_nats; i++) {
		if (plan->nats[i].host != host)
			continue;
		ret = nat_create(run->net, &plan->topo, &plan->nats[i], plan->ip, err);
		observer_translates(run->observer, host);
	}
	return ret;
}

int run_host_anew(struct run *run, int host, struct lab_err *err)
{
	int ret;

	run_unwatch(run);
	control_host_gone(run->ctl, host);
	conntrack_close(TAKE_PTR(run->conntracks[host]));
	ret = observer_host_anew(run->observer, host, err) ?: run_watch(run, err);
	if (!ret && run->line)
		ret = delayline_host_anew(run->line, err);
	ret = ret ?: faults_anew(run, host, err);
	ret = ret ?: nats_anew(run, host, err);
	ret = ret ?: shaping_host_anew(run, host, err);
	return ret ?: network_host_up(run->net, host, err);
}
