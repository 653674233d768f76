// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: one sandbox goes through the table and writes what it finds into a pipe, a
 * struct for each row, in order. So the reader knows at any time which probe is under way: if the
 * pipe ends or stays silent for too long, it was that one. The sandbox is then killed, all that it
 * made goes with it, and another one goes on behind the culprit. A message is smaller than PIPE_BUF,
 * so it comes as a whole or not at all.
 */
#include "lab/doctor/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "lab/observe/axis.h"
#include "netns/cleanup.h"
#include "netns/sandbox.h"

static const struct worker_limits default_limits = { .probe_ms = 1000, .all_ms = 2000 };

/* What the sandbox writes: a row's result, or (@plan >= 0) a remark on a plan. */
struct report {
	int row;
	int plan;
	bool in_root;
	struct probe_result result;
};

_Static_assert(sizeof(struct report) <= PIPE_BUF, "a report must fit into one write");

struct job {
	const struct probe *(*at)(int i);
	const struct doctor_options *options;
	int first;
	unsigned found;
	int read_fd, write_fd;
};

unsigned findings_found(const struct probe *(*at)(int i), const struct findings *findings)
{
	unsigned found = 0;

	for (int i = 0; i < findings->n_probes; i++) {
		enum probe_state state = findings->probes[i].state;

		if (state == PROBE_OK || state == PROBE_NOTE)
			found |= at(i)->bit;
	}
	return found;
}

void findings_free(struct findings *findings)
{
	free(findings->probes);
	free(findings->remarks);
	memset(findings, 0, sizeof(*findings));
}

int env_init(struct probe_env *env)
{
	static const char *const names[PROBE_HOSTS] = { "client", "fw", "server" };
	struct topology *topo = &env->topo;

	topo->hosts = calloc(PROBE_HOSTS, sizeof(*topo->hosts));
	topo->links = calloc(PROBE_HOSTS - 1, sizeof(*topo->links));
	if (!topo->hosts || !topo->links)
		return -ENOMEM;
	for (; topo->n_hosts < PROBE_HOSTS; topo->n_hosts++) {
		topo->hosts[topo->n_hosts].name = strdup(names[topo->n_hosts]);
		if (!topo->hosts[topo->n_hosts].name)
			return -ENOMEM;
	}
	for (; topo->n_links < PROBE_HOSTS - 1; topo->n_links++) {
		topo->links[topo->n_links].host[0] = topo->n_links;
		topo->links[topo->n_links].host[1] = topo->n_links + 1;
	}
	return topology_complete(topo, NULL, NULL, NULL);
}

static void remark_write(struct probe_env *env, int plan, const struct lab_err *err)
{
	struct report report = { .row = -1, .plan = plan, .result = { .err = *err } };

	if (write(env->remark_fd, &report, sizeof(report)) != sizeof(report))
		_exit(1);
}

static void probe_try(const struct probe *probe, struct probe_env *env, struct probe_result *ret)
{
	int got;

	memset(ret, 0, sizeof(*ret));
	env->note[0] = '\0';
	got = probe->attempt(env, &ret->err);
	if (got < 0 && !ret->err.code)
		lab_err_set(&ret->err, -got, "%s does not work", probe->name);
	ret->state = got < 0 ? PROBE_MISSING : got ? PROBE_NOTE : PROBE_OK;
	if (got >= 0) {
		ret->err.code = 0; /* what was read on the way may have been refused */
		memcpy(ret->note, env->note, sizeof(ret->note));
	}
}

/* Inside the sandbox. */
static int sandbox_main(void *arg)
{
	struct job *job = arg;
	struct probe_env env = { .scenarios = job->options->scenarios,
				 .n_scenarios = job->options->n_scenarios,
				 .remark = remark_write,
				 .remark_fd = job->write_fd };
	const struct probe *probe;

	close(job->read_fd);
	if (env_init(&env) < 0)
		return 1;
	/* a second sandbox has to build its network again */
	if (job->first > 0 && job->found & NEED_NETWORK &&
	    network_build(&env.topo, NULL, &env.net, NULL) < 0)
		job->found &= ~(unsigned)NEED_NETWORK;
	for (int i = job->first; (probe = job->at(i)); i++) {
		struct report report = { .row = i, .plan = -1, .in_root = sandbox_in_root() };

		if ((job->found & probe->after) == probe->after)
			probe_try(probe, &env, &report.result);
		if (report.result.state == PROBE_OK || report.result.state == PROBE_NOTE)
			job->found |= probe->bit;
		if (write(job->write_fd, &report, sizeof(report)) != sizeof(report))
			return 1;
	}
	network_free(env.net);
	topology_free(&env.topo);
	return 0;
}

/* Read one report; 0, or -errno: -ENODATA if the pipe ended, -ETIMEDOUT. */
static int report_read(int fd, int64_t until_ns, struct report *ret)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	for (;;) {
		int64_t left_ns = until_ns - clock_now();
		int n = poll(&ready, 1, left_ns > 0 ? (int)(left_ns / 1000000) + 1 : 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ETIMEDOUT;
		return read(fd, ret, sizeof(*ret)) == sizeof(*ret) ? 0 : -ENODATA;
	}
}

/* Take in what one sandbox says; returns the row that it did not come past, or the table's end. */
static int reports_take(int fd, int first, const struct worker_limits *limits, int64_t end_ns,
			struct findings *findings)
{
	int next = first;

	while (next < findings->n_probes) {
		int64_t until = clock_now() + (int64_t)limits->probe_ms * 1000000;
		struct report report;
		int ret = report_read(fd, until < end_ns ? until : end_ns, &report);

		if (ret < 0) {
			struct probe_result *result = &findings->probes[next];

			result->state = PROBE_MISSING;
			if (ret == -ETIMEDOUT)
				lab_err_set(&result->err, ETIMEDOUT, "no answer within %d ms",
					    limits->probe_ms);
			else
				lab_err_set(&result->err, ECHILD,
					    "the worker died while it tried this");
			return next;
		}
		findings->in_root |= report.in_root;
		if (report.plan >= 0 && report.plan < findings->n_plans)
			findings->remarks[report.plan] = report.result.err;
		else if (report.row == next)
			findings->probes[next++] = report.result;
	}
	return next;
}

/* One sandbox, from row @first on; returns the row to go on with. */
static int sandbox_go(struct job *job, const struct worker_limits *limits, int64_t end_ns,
		      struct findings *findings)
{
	struct probe_result *result = &findings->probes[job->first];
	_cleanup_close_ int read_fd = -1, write_fd = -1;
	struct sandbox sandbox = { .pidfd = -1 };
	int pipes[2], next;

	result->state = PROBE_MISSING;
	if (pipe2(pipes, O_CLOEXEC) < 0) {
		lab_err_set(&result->err, errno, "cannot make a pipe");
		return findings->n_probes;
	}
	job->read_fd = read_fd = pipes[0];
	job->write_fd = write_fd = pipes[1];
	if (sandbox_spawn(sandbox_main, job, &sandbox, &result->err) < 0)
		return findings->n_probes;
	close_fd(&write_fd);
	next = reports_take(read_fd, job->first, limits, end_ns, findings);
	if (next < findings->n_probes)
		kill(sandbox.pid, SIGKILL);
	sandbox_wait(&sandbox);
	return next < findings->n_probes ? next + 1 : next;
}

int worker_run(const struct probe *(*at)(int i), const struct doctor_options *options,
	       const struct worker_limits *limits, struct findings *ret)
{
	struct job job = { .at = at, .options = options };
	int64_t end_ns;

	limits = limits ?: &default_limits;
	end_ns = clock_now() + (int64_t)limits->all_ms * 1000000;
	memset(ret, 0, sizeof(*ret));
	while (at(ret->n_probes))
		ret->n_probes++;
	for (int i = 0; i < options->n_scenarios; i++)
		ret->n_plans += options->scenarios[i]->n_plans;
	ret->probes = calloc((size_t)ret->n_probes + 1, sizeof(*ret->probes));
	ret->remarks = calloc((size_t)ret->n_plans + 1, sizeof(*ret->remarks));
	if (!ret->probes || !ret->remarks) {
		findings_free(ret);
		return -ENOMEM;
	}
	while (job.first < ret->n_probes && clock_now() < end_ns) {
		job.found = findings_found(at, ret);
		job.first = sandbox_go(&job, limits, end_ns, ret);
	}
	return 0;
}
