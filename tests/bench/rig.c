// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/bench/rig.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "netns/cleanup.h"

static char names[2][8] = { "client", "server" };
static char fault_name[] = "resets";

const char *way_name(enum way way)
{
	static const char *const text[] = {
		[WAY_RAW] = "veth alone",
		[WAY_FILTER] = "a fault in force",
		[WAY_CAPTURE] = "capture at both ends",
		[WAY_NETEM] = "netem",
		[WAY_QUEUE] = "delay line, nothing noted",
		[WAY_NOTED] = "delay line",
	};

	return text[way];
}

void die(const char *what, const struct lab_err *err)
{
	char text[1024];

	fprintf(stderr, "bench_shape: %s: %s\n", what,
		err ? lab_err_text(err, text, sizeof(text)) : strerror(errno));
	exit(1);
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

int64_t cpu_ns(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

static bool file_read(const char *task, const char *name, char *buf, size_t size)
{
	char path[300];
	_cleanup_fclose_ FILE *f = NULL;

	snprintf(path, sizeof(path), "/proc/self/task/%s/%s", task, name);
	f = fopen(path, "re");
	return f && fgets(buf, (int)size, f);
}

int64_t line_cpu_ns(void)
{
	DIR *dir = opendir("/proc/self/task");
	long long ns = 0;
	struct dirent *d;
	char text[128];

	while (dir && (d = readdir(dir))) {
		if (d->d_name[0] != '.' && file_read(d->d_name, "comm", text, sizeof(text)) &&
		    !strcmp(text, "delay line\n") &&
		    file_read(d->d_name, "schedstat", text, sizeof(text)))
			ns = strtoll(text, NULL, 10);
	}
	if (dir)
		closedir(dir);
	return ns;
}

/* ---- what reads along ---- */

static void frame_take(void *arg, const struct frame *frame)
{
	struct rig *rig = arg;

	(void)frame;
	rig->captured++;
}

static void release_take(void *arg, const struct release *release)
{
	struct rig *rig = arg;

	(void)release;
	rig->noted++;
}

static void *reader_main(void *arg)
{
	struct rig *rig = arg;
	struct pollfd fds[2] = { { .fd = -1, .events = POLLIN }, { .fd = -1, .events = POLLIN } };
	struct lab_err err;

	for (int i = 0; rig->way == WAY_CAPTURE && i < 2; i++)
		fds[i].fd = capture_fd(rig->captures[i]);
	if (rig->way == WAY_NOTED)
		fds[0].fd = delayline_fd(rig->line);
	while (!atomic_load(&rig->stop)) {
		poll(fds, 2, 20);
		for (int i = 0; rig->way == WAY_CAPTURE && i < 2; i++)
			capture_read(rig->captures[i], frame_take, rig);
		/* what went wrong it says again in the end */
		if (rig->way == WAY_NOTED && delayline_read(rig->line, release_take, rig, &err) < 0)
			break;
	}
	return NULL;
}

/* ---- building ---- */

static void filter_up(struct rig *rig)
{
	struct lab_err err = { 0 };

	rig->fault = (struct fault){ .name = fault_name,
				     .host = SERVER,
				     .match = { .from = CLIENT,
						.to = SERVER,
						.protocol = IPPROTO_TCP,
						.dport = RIG_PORT,
						.segments = SEG_RST | SEG_FIN },
				     .active = true };
	if (action_parse("drop", 3, &rig->fault, &err) < 0 ||
	    hitlog_open(rig->net, SERVER, &rig->log, &err) < 0 ||
	    filter_create(rig->net, &rig->topo, SERVER, &rig->fault, 1,
			  &(struct filter_options){ 0 }, &rig->filter, &err) < 0)
		die("cannot put a fault in force", &err);
}

static int shape_up(struct rig *rig, const struct shape *shape, int64_t seed)
{
	const struct delayline_options options = { .seed = seed, .quiet = rig->way == WAY_QUEUE };
	enum shape_backend wanted = rig->way == WAY_NETEM ? SHAPE_NETEM : SHAPE_QUEUE;
	struct lab_err err = { 0 };
	int ret = shaper_open(rig->net, &rig->topo, wanted, seed, &rig->shaper, &err);

	if (ret == -EOPNOTSUPP && rig->way == WAY_NETEM)
		return ret;
	if (ret < 0)
		die("cannot shape", &err);
	if (shaper_needs_line(rig->shaper, shape)) {
		if (delayline_open(rig->net, &rig->topo, &options, &rig->line, &err) < 0)
			die("cannot start the delay line", &err);
		shaper_use_line(rig->shaper, rig->line);
	}
	for (int end = 0; end < 2; end++) {
		if (shaper_set(rig->shaper, 0, end, shape, &err) < 0)
			die("cannot shape", &err);
	}
	return 0;
}

/* TCP's own windows must not be what bounds it: 10 ms each way are 30 MB under way. */
static void windows_widen(const struct rig *rig)
{
	struct lab_err err = { 0 };

	for (int host = 0; host < 2; host++) {
		if (network_sysctl_set(rig->net, host, "net.ipv4.tcp_rmem",
				       "4096 1048576 134217728", &err) < 0 ||
		    network_sysctl_set(rig->net, host, "net.ipv4.tcp_wmem",
				       "4096 1048576 134217728", &err) < 0)
			die("cannot widen TCP's windows", &err);
	}
}

int rig_up(struct rig *rig, enum way way, const struct shape *shape, bool offload, int64_t seed)
{
	const struct network_options options = { .offload = offload };
	struct lab_err err = { 0 };

	memset(rig, 0, sizeof(*rig));
	rig->way = way;
	for (int h = 0; h < 2; h++)
		rig->hosts[h].name = names[h];
	rig->links[0].host[1] = SERVER;
	rig->topo = (struct topology){ rig->hosts, 2, rig->links, 1 };
	if (topology_complete(&rig->topo, NULL, NULL, &err) < 0 ||
	    network_build(&rig->topo, &options, &rig->net, &err) < 0)
		die("cannot build", &err);
	windows_widen(rig);
	if (way == WAY_FILTER)
		filter_up(rig);
	for (int h = 0; way == WAY_CAPTURE && h < 2; h++) {
		if (capture_open(rig->net, h, &rig->captures[h], &err) < 0)
			die("cannot capture", &err);
	}
	if (way >= WAY_NETEM && shape_up(rig, shape, seed) < 0) {
		rig_down(rig);
		return -EOPNOTSUPP;
	}
	if (way == WAY_CAPTURE || (way == WAY_NOTED && rig->line))
		rig->reading = !pthread_create(&rig->reader, NULL, reader_main, rig);
	return 0;
}

int rig_down(struct rig *rig)
{
	struct lab_err err = { 0 };
	char text[1024];
	int ret = 0;

	if (rig->reading) {
		atomic_store(&rig->stop, true);
		pthread_join(rig->reader, NULL);
	}
	if (rig->line) {
		ret = delayline_read(rig->line, release_take, rig, &err);
		if (ret >= 0)
			ret = delayline_check(rig->line, &err);
		if (ret < 0)
			fprintf(stderr, "bench_shape: %s\n",
				lab_err_text(&err, text, sizeof(text)));
	}
	captures_close(rig->captures, 2);
	shaper_close(rig->shaper);
	delayline_close(rig->line);
	filter_free(rig->filter);
	hitlog_close(rig->log);
	network_free(rig->net);
	return ret < 0 ? ret : 0;
}

/* ---- sockets ---- */

struct sockaddr_in rig_address(const struct rig *rig, int host)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(RIG_PORT) };

	memcpy(&in.sin_addr, rig->topo.links[0].addr[host][FAM4].bytes, 4);
	return in;
}

int rig_socket(const struct rig *rig, int host, int type)
{
	struct sockaddr_in at = rig_address(rig, host);
	struct lab_err err = { 0 };
	int fd = network_socket(rig->net, host, AF_INET, type, 0, &err), size = 64 << 20;

	if (fd < 0)
		die("cannot make a socket", &err);
	if (type == SOCK_DGRAM) {
		/* an ordinary user gets what net.core.rmem_max allows */
		if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
			setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
		if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
			setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	}
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		die("cannot bind", NULL);
	return fd;
}
