// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long it takes to build client -- fw -- server with one fault: by our own libraries in this
 * process, and by shell scripts, one after the other in each round, so that all of them meet the same
 * machine. Everything goes on in a sandbox, with a /run of its own. Also how long ``nslab run`` takes
 * beyond the scenario itself, and how much memory.
 *
 *   bench_build labs ROUNDS [SCRIPT…]    each called with "build" (timed) and "clean" (not timed);
 *                                        written SCRIPT+WORD, with that word in addition
 *   bench_build at-once COUNT            as many labs alive at the same time
 *   bench_build run ROUNDS NSLAB ARG…    nslab run ARG…
 *
 * Prints lines of words divided by tabs, for bench.sh.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "impair/filter.h"
#include "impair/hitlog.h"
#include "netns/cleanup.h"
#include "netns/network.h"
#include "netns/sandbox.h"

enum { PAUSE_MS = 60, MAX_SCRIPTS = 8 };

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* The kernel takes namespaces down in the background: let it finish before the next is timed. */
static void let_settle(void)
{
	struct timespec ts = { .tv_nsec = PAUSE_MS * 1000000L };

	nanosleep(&ts, NULL);
}

static void __attribute__((noreturn)) die(const char *what, const struct lab_err *err)
{
	char text[1024];

	fprintf(stderr, "bench_build: %s: %s\n", what,
		err ? lab_err_text(err, text, sizeof(text)) : strerror(errno));
	exit(1);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* One row: name, median, 10th and 90th percentile, count. */
static void row_print(const char *name, double *ms, int n)
{
	qsort(ms, (size_t)n, sizeof(*ms), compare);
	printf("%s\t%.2f\t%.2f\t%.2f\t%d\n", name, ms[n / 2], ms[n / 10], ms[n * 9 / 10], n);
	fflush(stdout);
}

/* ---- our own labs ---- */

struct lab {
	struct topology topo;
	struct topo_host hosts[3];
	struct topo_link links[2];
	struct fault fault;
	struct network *net;
	struct hitlog *log;
	struct filter *filter;
};

static char names[4][12] = { "client", "fw", "server", "syn-dropped" };

static void lab_build(struct lab *lab)
{
	struct network_options options = { 0 };
	struct lab_err err = { 0 };

	memset(lab, 0, sizeof(*lab));
	for (int h = 0; h < 3; h++)
		lab->hosts[h].name = names[h];
	for (int i = 0; i < 2; i++) {
		lab->links[i].host[0] = i;
		lab->links[i].host[1] = i + 1;
	}
	lab->topo = (struct topology){ lab->hosts, 3, lab->links, 2 };
	lab->fault = (struct fault){
		.name = names[3],
		.host = 1,
		.match = { .from = 0, .to = 2, .protocol = IPPROTO_TCP, .segments = SEG_SYN },
		.active = true
	};
	if (action_parse("drop", 3, &lab->fault, &err) < 0 ||
	    topology_complete(&lab->topo, NULL, NULL, &err) < 0 ||
	    network_build(&lab->topo, &options, &lab->net, &err) < 0 ||
	    hitlog_open(lab->net, 1, &lab->log, &err) < 0 ||
	    filter_create(lab->net, &lab->topo, 1, &lab->fault, 1, &(struct filter_options){ 0 },
			  &lab->filter, &err) < 0)
		die("cannot build", &err);
}

static void lab_free(struct lab *lab)
{
	filter_free(lab->filter);
	hitlog_close(lab->log);
	network_free(lab->net);
}

/* ---- scripts ---- */

static void script_run(const char *script, const char *word)
{
	const char *plus = strrchr(script, '+');
	_cleanup_free_ char *path = plus ? strndup(script, (size_t)(plus - script)) :
					   strdup(script);
	pid_t pid = path ? fork() : -1;
	int status;

	if (pid == 0) {
		execl(path, path, word, plus ? plus + 1 : NULL, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		die(script, NULL);
	if (status) {
		fprintf(stderr, "bench_build: '%s %s' failed\n", script, word);
		exit(1);
	}
}

struct args {
	int n;
	char **words;
};

static int side_by_side(void *p)
{
	const struct args *args = p;
	int scripts = args->n - 2, rounds = atoi(args->words[1]);
	_cleanup_free_ double *ms = calloc((size_t)rounds * MAX_SCRIPTS, sizeof(*ms));
	struct lab lab;

	if (!ms || rounds < 1 || scripts >= MAX_SCRIPTS)
		return 2;
	/* ip(8) keeps names there: not in the machine's */
	if (mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0 || mkdir("/run/netns", 0755) < 0)
		die("cannot mount a private /run", NULL);
	for (int r = -1; r < rounds; r++) { /* the first round warms up */
		double at = now_ms();

		lab_build(&lab);
		if (r >= 0)
			ms[r] = now_ms() - at;
		lab_free(&lab);
		let_settle();
		for (int s = 0; s < scripts; s++) {
			at = now_ms();
			script_run(args->words[2 + s], "build");
			if (r >= 0)
				ms[(s + 1) * rounds + r] = now_ms() - at;
			script_run(args->words[2 + s], "clean");
			let_settle();
		}
	}
	row_print("nslab", ms, rounds);
	for (int s = 0; s < scripts; s++)
		row_print(basename(args->words[2 + s]), ms + (s + 1) * rounds, rounds);
	return 0;
}

static double available_mb(void)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/meminfo", "re");
	char line[128];
	long kb = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "MemAvailable: %ld", &kb) == 1)
			break;
	}
	return (double)kb / 1024;
}

static int at_once(void *p)
{
	const struct args *args = p;
	int n = atoi(args->words[1]);
	_cleanup_free_ struct lab *all = calloc((size_t)n, sizeof(*all));
	_cleanup_free_ double *ms = calloc((size_t)n, sizeof(*ms));
	double before, after;

	if (!all || !ms || n < 1)
		return 2;
	before = available_mb();
	for (int i = 0; i < n; i++) {
		double at = now_ms();

		lab_build(&all[i]);
		ms[i] = now_ms() - at;
	}
	after = available_mb();
	row_print("nslab", ms, n);
	printf("memory\t%.2f\n", (before - after) / n);
	for (int i = 0; i < n; i++)
		lab_free(&all[i]);
	return 0;
}

/* ---- nslab run ---- */

/* What the log says the scenario itself took; see docs/events.md. */
static double scenario_ms(const char *file)
{
	_cleanup_fclose_ FILE *f = fopen(file, "re");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	double begun = -1, ended = -1;

	while (f && getline(&line, &size, f) > 0) {
		const char *at = strstr(line, "\"t_ns\":");

		if (!at)
			continue;
		if (begun < 0 && strstr(line, "\"type\":\"step-begin\""))
			begun = strtod(at + 7, NULL) / 1e6;
		if (strstr(line, "\"type\":\"step-end\""))
			ended = strtod(at + 7, NULL) / 1e6;
	}
	if (begun < 0 || ended < 0)
		die("the event log has no steps", NULL);
	return ended - begun;
}

static int nslab(int argc, char **argv)
{
	int rounds = atoi(argv[1]);
	_cleanup_free_ double *ms = calloc((size_t)rounds, sizeof(*ms));
	char events[] = "/tmp/nslab-bench.XXXXXX";
	char *words[32];
	long most_kb = 0;
	int n = 0, fd;

	if (!ms || rounds < 1 || argc > 24)
		return 2;
	fd = mkostemp(events, O_CLOEXEC);
	if (fd < 0)
		die("cannot make a temporary file", NULL);
	close(fd);
	words[n++] = argv[2];
	words[n++] = (char *)"run";
	for (int i = 3; i < argc; i++)
		words[n++] = argv[i];
	words[n++] = (char *)"--events";
	words[n++] = events;
	words[n] = NULL;
	for (int r = -1; r < rounds; r++) {
		struct rusage usage;
		double at = now_ms(), took;
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			execv(words[0], words);
			_exit(127);
		}
		if (pid < 0 || wait4(pid, &status, 0, &usage) < 0 || status) {
			unlink(events);
			die("nslab run failed", NULL);
		}
		took = now_ms() - at;
		if (r >= 0)
			ms[r] = took - scenario_ms(events);
		if (usage.ru_maxrss > most_kb)
			most_kb = usage.ru_maxrss; /* the larger one of the front and its worker */
		let_settle();
	}
	unlink(events);
	row_print("run", ms, rounds);
	printf("memory\t%.2f\n", (double)most_kb / 1024);
	return 0;
}

int main(int argc, char **argv)
{
	struct args args = { argc - 1, argv + 1 };
	struct lab_err err = { 0 };
	struct sandbox box;
	int (*fn)(void *) = NULL;
	int status;

	if (argc > 3 && !strcmp(argv[1], "run"))
		return nslab(argc - 1, argv + 1);
	if (argc > 2 && !strcmp(argv[1], "labs"))
		fn = side_by_side;
	else if (argc > 2 && !strcmp(argv[1], "at-once"))
		fn = at_once;
	if (!fn) {
		fprintf(stderr,
			"usage: bench_build labs ROUNDS [SCRIPT…] | at-once COUNT | run ROUNDS NSLAB ARG…\n");
		return 2;
	}
	if (sandbox_spawn(fn, &args, &box, &err) < 0)
		die("cannot make a sandbox", &err);
	status = sandbox_wait(&box);
	return status == 0 ? 0 : WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
