// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Probes with packets: what a run watches, and what its faults do. Each one with a fault builds a
 * network of its own, in the way a run does, so that a rule which is refused spoils no other probe.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "impair/filter.h"
#include "impair/hitlog.h"
#include "lab/doctor/probe.h"
#include "lab/observe/axis.h"
#include "lab/observe/capture.h"
#include "lab/observe/diag.h"
#include "netns/cleanup.h"

enum {
	PORT = 4242,
	WAIT_MS = 500,
	LATE_NS = 300 * 1000000, /* by default the kernel sits on a log message for 1 s */
	BURST = 32,
	FULL_SIZE = 1400,
};

static socklen_t server_address(const struct topology *topo, int fam, struct sockaddr_storage *ret)
{
	const struct topo_addr *addr = topology_addr(topo, PROBE_CLIENT, PROBE_SERVER, fam);

	memset(ret, 0, sizeof(*ret));
	ret->ss_family = (sa_family_t)topo_af(fam);
	if (fam == FAM6) {
		struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;

		in6->sin6_port = htons(PORT);
		memcpy(&in6->sin6_addr, addr->bytes, 16);
		return sizeof(*in6);
	}
	((struct sockaddr_in *)ret)->sin_port = htons(PORT);
	memcpy(&((struct sockaddr_in *)ret)->sin_addr, addr->bytes, 4);
	return sizeof(struct sockaddr_in);
}

/* A socket of the client that is connected, or begins to connect, to the server. */
static int client_socket(const struct network *net, const struct topology *topo, int fam, int type,
			 struct lab_err *err)
{
	struct sockaddr_storage to;
	socklen_t len = server_address(topo, fam, &to);
	int fd = network_socket(net, PROBE_CLIENT, topo_af(fam), type | SOCK_NONBLOCK, 0, err);

	/* a refusal is told later: the kernel holds the socket for as long as we are in connect() */
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, len) < 0 && errno != EINPROGRESS) {
		lab_err_set(err, errno, "cannot connect the client's socket");
		close(fd);
		return -err->code;
	}
	return fd;
}

static int listener(const struct network *net, const struct topology *topo, struct lab_err *err)
{
	struct sockaddr_storage at;
	socklen_t len = server_address(topo, FAM4, &at);
	int fd = network_socket(net, PROBE_SERVER, AF_INET, SOCK_STREAM, 0, err);

	if (fd >= 0 && (bind(fd, (struct sockaddr *)&at, len) < 0 || listen(fd, 1) < 0)) {
		lab_err_set(err, errno, "cannot listen at the server");
		close(fd);
		return -err->code;
	}
	return fd;
}

/*
 * How many packets of that size, or what tells of them, a socket keeps until they are read; 0 if that
 * cannot be found out. @reader has been read empty.
 */
static int room_measure(int sender, size_t size, int reader)
{
	static const char packet[FULL_SIZE];
	uint32_t mem[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(mem);
	uint32_t each;

	for (int i = 0; i < BURST; i++)
		send(sender, packet, size, 0);
	if (getsockopt(reader, SOL_SOCKET, SO_MEMINFO, mem, &len) < 0)
		return 0;
	each = mem[SK_MEMINFO_RMEM_ALLOC] / BURST;
	return each ? (int)(mem[SK_MEMINFO_RCVBUF] / each) : 0;
}

static void frame_count(void *arg, const struct frame *frame)
{
	if (!frame->out && frame->wire_len == 20 + 8 + 1)
		(*(int *)arg)++;
}

int try_capture(struct probe_env *env, struct lab_err *err)
{
	_cleanup_close_ int fd = client_socket(env->net, &env->topo, FAM4, SOCK_DGRAM, err);
	struct capture *capture = NULL;
	struct pollfd ready;
	int ret = fd < 0 ? fd : capture_open(env->net, PROBE_SERVER, &capture, err), seen = 0;

	if (ret < 0)
		return ret;
	ready = (struct pollfd){ .fd = capture_fd(capture), .events = POLLIN };
	if (send(fd, "x", 1, 0) != 1)
		ret = lab_err_set(err, errno, "cannot send a packet");
	while (!ret && !seen && poll(&ready, 1, WAIT_MS) > 0)
		capture_read(capture, frame_count, &seen);
	if (!ret && !seen)
		ret = lab_err_set(err, ENODATA,
				  "a packet crossed the wire, and the capture did not see it");
	else if (!ret && capture_lost(capture))
		ret = lab_err_set(err, ENOBUFS, "the capture lost packets");
	else if (!ret)
		ret = room_judge(env, room_measure(fd, FULL_SIZE, capture_fd(capture)), "packets",
				 err);
	capture_close(capture);
	return ret;
}

int try_diag(struct probe_env *env, struct lab_err *err)
{
	const struct topo_addr *addr = topology_addr(&env->topo, PROBE_CLIENT, PROBE_SERVER, FAM4);
	_cleanup_close_ int fd = listener(env->net, &env->topo, err);
	struct four_tuple tuple = { .af = AF_INET, .lport = PORT };
	struct diag_socket found;
	struct diag *diag = NULL;
	int ret = fd < 0 ? fd : diag_open(env->net, PROBE_SERVER, &diag, err);

	memcpy(tuple.local, addr->bytes, 4);
	if (!ret)
		ret = diag_find(diag, &tuple, &found, err);
	diag_close(diag);
	if (!ret && found.state != STATE_LISTEN)
		return lab_err_set(err, ENOENT,
				   "there is a listening socket, and the kernel does not show it");
	return ret;
}

struct faulty {
	struct network *net;
	struct hitlog *log;
	struct filter *filter;
	struct fault fault;
};

static void faulty_close(struct faulty *f)
{
	filter_free(f->filter);
	hitlog_close(f->log);
	network_free(f->net);
}

/* A lab whose firewall does @action to what the client sends. */
static int faulty_open(struct faulty *f, const struct topology *topo, const char *action,
		       int protocol, int fam, struct lab_err *err)
{
	static char name[] = "probe";
	int ret;

	*f = (struct faulty){ .fault = { .name = name, .host = PROBE_FW, .n = 1, .active = true } };
	f->fault.match =
		(struct packet_match){ .from = -1, .to = -1, .protocol = protocol, .dport = PORT };
	f->fault.families = 1u << fam;
	ret = action_parse(action, 1u << fam, &f->fault, err);
	ret = ret ?: network_build(topo, NULL, &f->net, err);
	ret = ret ?: hitlog_open(f->net, PROBE_FW, &f->log, err);
	return ret   ?:
		       filter_create(f->net, topo, PROBE_FW, &f->fault, 1,
				     &(struct filter_options){ 0 }, &f->filter, err);
}

static void hit_count(void *arg, const struct hit *hit)
{
	*(int *)arg += !strcmp(hit->fault, "probe");
}

static int hitlog_judge(struct probe_env *env, const struct faulty *f, int fd, int64_t took_ns,
			struct lab_err *err)
{
	if (took_ns > LATE_NS) {
		env_note(env, "only after %.0f ms: hits are shown that much too late",
			 (double)took_ns / 1e6);
		return 1;
	}
	return room_judge(env, room_measure(fd, 1, hitlog_fd(f->log)), "hits", err);
}

int try_hitlog(struct probe_env *env, struct lab_err *err)
{
	_cleanup_(faulty_close) struct faulty f;
	int ret = faulty_open(&f, &env->topo, "drop", IPPROTO_UDP, FAM4, err), hits = 0;
	_cleanup_close_ int fd = ret ? -1 : client_socket(f.net, &env->topo, FAM4, SOCK_DGRAM, err);
	struct pollfd ready = { .fd = fd < 0 ? -1 : hitlog_fd(f.log), .events = POLLIN };
	int64_t took_ns = clock_now();
	uint64_t counted = 0;

	if (ret < 0 || fd < 0)
		return -err->code;
	if (send(fd, "x", 1, 0) != 1)
		return lab_err_set(err, errno, "cannot send a packet");
	ret = poll(&ready, 1, WAIT_MS);
	took_ns = clock_now() - took_ns;
	if (ret > 0 && hitlog_read(f.log, hit_count, &hits, err) < 0)
		return -err->code;
	if (filter_hits(f.filter, &f.fault, &counted, err) < 0)
		return -err->code;
	if (counted != 1)
		return lab_err_set(err, ENODATA, "one packet was to be dropped, and %llu were",
				   (unsigned long long)counted);
	if (!hits)
		return lab_err_set(err, ENODATA, "a packet was dropped, and the log did not tell");
	return hitlog_judge(env, &f, fd, took_ns, err);
}

/* What the client's socket is told within a moment: an errno, 0 for nothing. */
static int told(int fd)
{
	struct pollfd ready = { .fd = fd }; /* POLLERR is always told */
	int64_t until = clock_now() + (int64_t)WAIT_MS * 1000000;
	int code = 0;
	socklen_t len = sizeof(code);

	do {
		poll(&ready, 1, 1);
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len);
	} while (!code && clock_now() < until);
	return code;
}

static int rejected(const struct faulty *f, int fd, int expected, struct lab_err *err)
{
	uint64_t counted = 0;
	int code = told(fd);

	if (code == expected)
		return 0;
	if (filter_hits(f->filter, &f->fault, &counted, err) < 0)
		return -err->code;
	return lab_err_set(err, ENODATA, "a packet was to be rejected; %s, and its sender heard %s",
			   counted ? "that was done" : "that was not done",
			   code ? errno_name(code) : "nothing");
}

int try_reset(struct probe_env *env, struct lab_err *err)
{
	_cleanup_(faulty_close) struct faulty f;
	int ret = faulty_open(&f, &env->topo, "reject tcp-reset", IPPROTO_TCP, FAM4, err);
	/* with a listener nobody but the firewall refuses */
	_cleanup_close_ int door = ret ? -1 : listener(f.net, &env->topo, err);
	_cleanup_close_ int fd = -1;

	if (ret || door < 0)
		return -err->code;
	fd = client_socket(f.net, &env->topo, FAM4, SOCK_STREAM, err);
	return fd < 0 ? fd : rejected(&f, fd, ECONNREFUSED, err);
}

/* With a word that no host without a firewall would say. */
static int icmp_try(struct probe_env *env, int fam, int expected, struct lab_err *err)
{
	_cleanup_(faulty_close) struct faulty f;
	int ret = faulty_open(&f, &env->topo, "reject admin-prohibited", IPPROTO_UDP, fam, err);
	_cleanup_close_ int fd = ret ? -1 : client_socket(f.net, &env->topo, fam, SOCK_DGRAM, err);

	if (ret || fd < 0)
		return -err->code;
	if (send(fd, "x", 1, 0) != 1)
		return lab_err_set(err, errno, "cannot send a packet");
	return rejected(&f, fd, expected, err);
}

int try_icmp(struct probe_env *env, struct lab_err *err)
{
	return icmp_try(env, FAM4, EHOSTUNREACH, err);
}

int try_icmpv6(struct probe_env *env, struct lab_err *err)
{
	return icmp_try(env, FAM6, EACCES, err);
}
