// SPDX-License-Identifier: GPL-2.0-or-later
/* What a host's capture sees: each packet once each way, when it passed, and how long it was. */
#include "tests/kernel/rig.h"

#include <linux/filter.h>
#include <linux/if_ether.h>

#include "lab/observe/capture.h"

enum { FRAMES = 4096, HOSTS = 3 };

struct seen {
	int host;
	int ifindex;
	bool out;
	int64_t stamp_ns;
	size_t len, wire_len;
	struct packet packet;
	uint8_t first[64];
};

struct bench {
	struct rig *rig;
	struct capture *captures[HOSTS];
	struct seen seen[FRAMES];
	int n;
	int reading; /* the host whose capture is being read */
};

static int64_t wall_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* Faults are added to the rig before. */
static struct bench *bench_open(struct rig *rig)
{
	struct bench *b = topo_need(calloc(1, sizeof(*b)));
	struct lab_err err = { 0 };

	b->rig = rig;
	rig_up(rig);
	for (int h = 0; h < HOSTS; h++)
		must_work(capture_open(rig->lab.net, h, &b->captures[h], &err), &err);
	must_work(capture_settle(b->captures[0], rig->lab.net, 0, &err), &err);
	return b;
}

static void bench_close(struct bench *b)
{
	captures_close(b->captures, HOSTS);
	rig_down(b->rig);
	free(b);
}

static void take(void *arg, const struct frame *frame)
{
	struct bench *b = arg;
	struct seen *s = &b->seen[b->n];

	must(b->n < FRAMES);
	must(frame->len <= 256 && frame->len <= frame->wire_len);
	*s = (struct seen){ b->reading, frame->ifindex,	 frame->out, frame->stamp_ns,
			    frame->len, frame->wire_len, { 0 },	     { 0 } };
	memcpy(s->first, frame->data, frame->len < 64 ? frame->len : 64);
	must_equal(packet_decode(frame->data, frame->len, frame->wire_len, &s->packet), 0);
	/* multicast is the kernel's own business */
	if (s->packet.af == AF_INET6 && s->packet.dst[0] == 0xff)
		return;
	b->n++;
}

/* Take in all that has been captured. */
static void read_all(struct bench *b)
{
	for (b->reading = 0; b->reading < HOSTS; b->reading++) {
		capture_read(b->captures[b->reading], take, b);
		must_equal(capture_lost(b->captures[b->reading]), 0);
	}
}

static int count(const struct bench *b, int host, bool out, int protocol)
{
	int n = 0;

	for (int i = 0; i < b->n; i++)
		n += b->seen[i].host == host && b->seen[i].out == out &&
		     b->seen[i].packet.protocol == protocol;
	return n;
}

/* A datagram of @size bytes from client to server, and its arrival. */
static void send_one(const struct lab *lab, int fam, size_t size)
{
	static char data[2000];
	union address peer = lab_address(lab, CLIENT, SERVER, fam, LAB_PORT);
	int to = lab_bound(lab, SERVER, fam, SOCK_DGRAM, LAB_PORT);
	int from = lab_socket(lab, CLIENT, topo_af(fam), SOCK_DGRAM, 0);

	must_equal(sendto(from, data, size, 0, &peer.any, address_len(fam)), size);
	must(ready_within(to, POLLIN, LAB_WAIT_MS));
	close(from);
	close(to);
}

/* ---- where and when ---- */

static void path_body(void *arg)
{
	static const struct {
		int host, ifindex;
		bool out;
	} path[] = { { CLIENT, 2, true }, { FW, 3, false }, { FW, 4, true }, { SERVER, 5, false } };
	struct bench *b = bench_open(rig_new());

	(void)arg;
	for (int fam = 0; fam < FAM_COUNT; fam++) {
		int64_t before = wall_ns(), after, last = 0;

		b->n = 0;
		send_one(&b->rig->lab, fam, 100);
		after = wall_ns();
		read_all(b);
		must_equal(b->n, ARRAY_SIZE(path));
		/* in order of hosts, and so of the path, and so of time */
		for (int i = 0; i < b->n; i++) {
			const struct seen *s = &b->seen[i];

			must_equal(s->host, path[i].host);
			must_equal(s->ifindex, path[i].ifindex);
			must_equal(s->out, path[i].out);
			must_equal(s->packet.dport, LAB_PORT);
			must_equal(s->packet.payload, 100);
			must_equal(s->wire_len, 100 + 8 + (fam == FAM6 ? 40 : 20));
			must_equal(s->len, s->wire_len);
			must_equal(s->first[0] >> 4, fam == FAM6 ? 6 : 4);
			must(s->stamp_ns >= before && s->stamp_ns <= after);
			must(s->stamp_ns >= last);
			last = s->stamp_ns;
		}
		/* fw has taken one hop off */
		must_equal(b->seen[2].packet.ttl, b->seen[1].packet.ttl - 1);
	}
	bench_close(b);
}

static void test_capture_sees_a_packet_at_every_step_of_its_way(void **state)
{
	(void)state;
	inside(path_body, NULL);
}

/* What is forwarded, what fw itself sends and receives, and what stays within a host. */
static void directions_body(void *arg)
{
	struct bench *b = bench_open(rig_new());
	const struct lab *lab = &b->rig->lab;
	union address peer = lab_address(lab, FW, SERVER, FAM4, LAB_PORT);
	int to = lab_bound(lab, SERVER, FAM4, SOCK_DGRAM, LAB_PORT);
	int from = lab_socket(lab, FW, AF_INET, SOCK_DGRAM, 0);
	int own = lab_socket(lab, SERVER, AF_INET, SOCK_DGRAM, 0);

	(void)arg;
	must_equal(sendto(from, "x", 1, 0, &peer.any, address_len(FAM4)), 1);
	must(ready_within(to, POLLIN, LAB_WAIT_MS));
	read_all(b);
	must_equal(count(b, CLIENT, true, IPPROTO_UDP) + count(b, CLIENT, false, IPPROTO_UDP), 0);
	must_equal(count(b, FW, true, IPPROTO_UDP), 1);
	must_equal(count(b, FW, false, IPPROTO_UDP), 0);
	must_equal(count(b, SERVER, false, IPPROTO_UDP), 1);
	/* the server to itself, by its own address: that goes over lo, which no capture shows */
	b->n = 0;
	must_equal(sendto(own, "y", 1, 0, &peer.any, address_len(FAM4)), 1);
	must(ready_within(to, POLLIN, LAB_WAIT_MS));
	read_all(b);
	must_equal(b->n, 0);
	close(from);
	close(to);
	close(own);
	bench_close(b);
}

static void test_capture_knows_directions_and_leaves_out_lo(void **state)
{
	(void)state;
	inside(directions_body, NULL);
}

/* ---- how much ---- */

static void cut_body(void *arg)
{
	static const size_t sizes[] = { 0, 1, 200, 227, 228, 229, 300, 1000, 1452 };
	struct bench *b = bench_open(rig_new());

	(void)arg;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(sizes); i++) {
		int fam = (int)i % 2;
		size_t size = sizes[i / 2], wire = size + 8 + (fam == FAM6 ? 40 : 20);

		b->n = 0;
		send_one(&b->rig->lab, fam, size);
		read_all(b);
		must_equal(b->n, 4);
		for (int k = 0; k < b->n; k++) {
			must_equal(b->seen[k].wire_len, wire);
			must_equal(b->seen[k].len, wire < 256 ? wire : 256);
			/* the length that the packet had is decoded, not the one that is left of it */
			must_equal(b->seen[k].packet.ip_len, wire);
			must_equal(b->seen[k].packet.payload, size);
		}
	}
	bench_close(b);
}

static void test_capture_keeps_the_length_of_what_it_cuts(void **state)
{
	(void)state;
	inside(cut_body, NULL);
}

static int by_time(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The stamps of TCP's packets at interface @ifindex that went @out, sorted; their number. */
static int stamps_at(const struct bench *b, int ifindex, bool out, int64_t *stamps)
{
	int n = 0;

	for (int i = 0; i < b->n; i++)
		if (b->seen[i].ifindex == ifindex && b->seen[i].out == out &&
		    b->seen[i].packet.protocol == IPPROTO_TCP)
			stamps[n++] = b->seen[i].stamp_ns;
	qsort(stamps, (size_t)n, sizeof(*stamps), by_time);
	return n;
}

/*
 * No packet comes before it left: then the k-th to come is not before the k-th to leave, whatever the
 * order is in which two processors queue them.
 */
static void in_causal_order(const struct bench *b)
{
	static const struct {
		int from, to;
	} wires[] = { { 2, 3 }, { 3, 2 }, { 4, 5 }, { 5, 4 } };
	static int64_t left[FRAMES], came[FRAMES];

	for (size_t w = 0; w < sizeof(wires) / sizeof(wires[0]); w++) {
		int n = stamps_at(b, wires[w].from, true, left);

		must(n > 100);
		must_equal(stamps_at(b, wires[w].to, false, came), n);
		for (int k = 0; k < n; k++)
			must(left[k] <= came[k]);
	}
}

/* A stream: no packet comes before it left, and as many packets as nf_tables has counted. */
static void stream_body(void *arg)
{
	enum { TOTAL = 500000 };
	static char data[65536];
	struct rig *rig = rig_new();
	struct bench *b;
	int64_t begun = wall_ns();
	struct pair p;
	int sent = 0, got = 0, fam = *(int *)arg;

	rig_fault(rig, "all", FW, "drop")->match.protocol = IPPROTO_TCP;
	rig_up_disarmed(rig, true);
	/* the rig is up already: only the captures are missing */
	b = topo_need(calloc(1, sizeof(*b)));
	b->rig = rig;
	for (int h = 0; h < HOSTS; h++)
		must_equal(capture_open(rig->lab.net, h, &b->captures[h], NULL), 0);
	must_equal(capture_settle(b->captures[0], rig->lab.net, 0, &(struct lab_err){ 0 }), 0);
	p = lab_pair(&rig->lab, fam);
	while (got < TOTAL) {
		struct pollfd fds[] = { { .fd = p.client, .events = sent < TOTAL ? POLLOUT : 0 },
					{ .fd = p.server, .events = POLLIN } };
		ssize_t n;

		must(poll(fds, 2, LAB_WAIT_MS) > 0);
		if (fds[0].revents & POLLOUT) {
			n = send(p.client, data,
				 TOTAL - sent < 20000 ? (size_t)(TOTAL - sent) : 20000,
				 MSG_DONTWAIT);
			must(n > 0);
			sent += (int)n;
		}
		if (fds[1].revents & POLLIN) {
			n = recv(p.server, data, sizeof(data), MSG_DONTWAIT);
			must(n > 0);
			got += (int)n;
		}
		read_all(b);
		rig_read(rig);
	}
	must(shutdown(p.client, SHUT_WR) == 0);
	must(ready_within(p.server, POLLIN, LAB_WAIT_MS));
	must_equal(recv(p.server, data, 1, 0), 0);
	/* the server's FIN carries the ACK that its kernel would delay; the last ACK may be on its way */
	close_fd(&p.server);
	must(ready_within(p.client, POLLIN, LAB_WAIT_MS));
	must_equal(recv(p.client, data, 1, 0), 0);
	read_all(b);
	while (count(b, CLIENT, false, IPPROTO_TCP) + count(b, SERVER, false, IPPROTO_TCP) <
	       count(b, CLIENT, true, IPPROTO_TCP) + count(b, SERVER, true, IPPROTO_TCP)) {
		must(wall_ns() - begun < INT64_C(60000000000));
		ready_within(capture_fd(b->captures[CLIENT]), POLLIN, 100);
		read_all(b);
	}
	rig_read(rig);
	for (int i = 0; i < b->n; i++)
		must(b->seen[i].stamp_ns >= begun && b->seen[i].stamp_ns <= wall_ns());
	must(b->n > 1000);
	in_causal_order(b);
	must_equal(count(b, FW, false, IPPROTO_TCP), rig_hits(rig, 0));
	must_equal(count(b, FW, true, IPPROTO_TCP), rig_hits(rig, 0));
	must_equal(count(b, CLIENT, true, IPPROTO_TCP) + count(b, SERVER, true, IPPROTO_TCP),
		   rig_hits(rig, 0));
	must_equal(rig->n_hits, rig_hits(rig, 0));
	pair_close(&p);
	bench_close(b);
}

static void test_capture_of_a_stream_is_what_nf_tables_counted(void **state)
{
	int fams[] = { FAM4, FAM6 };

	(void)state;
	inside_each(stream_body, fams, sizeof(fams[0]), 2);
}

/* ---- a second opinion ---- */

/* Wait for what tcpdump says on its standard error when it has begun. */
static void tcpdump_await(int fd)
{
	char text[1024];
	size_t len = 0;

	for (;;) {
		ssize_t n;

		must(ready_within(fd, POLLIN, 20000));
		n = read(fd, text + len, sizeof(text) - 1 - len);
		must(n > 0);
		len += (size_t)n;
		text[len] = '\0';
		if (strstr(text, "listening on"))
			return;
	}
}

static pid_t tcpdump_start(const struct lab *lab, const char *file, int *ret_fd)
{
	int fds[2];
	pid_t pid;

	must(pipe(fds) == 0);
	lab_enter(lab, FW);
	fflush(NULL);
	pid = fork();
	must(pid >= 0);
	if (!pid) {
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		close(fds[1]);
		/* -Z: there is no other user here that it could become */
		execlp("tcpdump", "tcpdump", "-i", "eth0", "-n", "-U", "--immediate-mode", "-Z",
		       "root", "-w", file, "tcp or udp", (char *)NULL);
		_exit(127);
	}
	lab_enter(lab, -1);
	close(fds[1]);
	tcpdump_await(fds[0]);
	*ret_fd = fds[0];
	return pid;
}

/* How many packets are in a pcap file so far: headers of 24 and 16 bytes, lengths in host order. */
static int pcap_packets(int file)
{
	off_t at = 24;
	uint32_t header[4];
	int n = 0;

	while (pread(file, header, sizeof(header), at) == sizeof(header)) {
		at += (off_t)sizeof(header) + header[2];
		n++;
	}
	return n;
}

/* Stop it as soon as it has written @n packets; the number that it says it captured is returned. */
static long tcpdump_stop(pid_t pid, int fd, int file, int n)
{
	int64_t until = now_ms() + LAB_WAIT_MS;
	char text[2048] = "", *line;
	size_t len = 0;
	ssize_t got;
	int status;

	while (pcap_packets(file) < n && now_ms() < until)
		ready_within(fd, POLLIN, 5);
	must(kill(pid, SIGINT) == 0);
	while (len < sizeof(text) - 1 && (got = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)got;
	text[len] = '\0';
	close(fd);
	must(waitpid(pid, &status, 0) == pid);
	must_equal(status, 0);
	line = strstr(text, " packets captured");
	must(line);
	while (line > text && line[-1] >= '0' && line[-1] <= '9')
		line--;
	return atol(line);
}

static void tcpdump_body(void *arg)
{
	struct bench *b = bench_open(rig_new());
	char file[] = "/tmp/nslab-test-XXXXXX";
	int fd, temporary = mkstemp(file), mine = 0;
	struct pair p;
	pid_t pid;
	long theirs;

	(void)arg;
	must(temporary >= 0);
	pid = tcpdump_start(&b->rig->lab, file, &fd);
	read_all(b);
	b->n = 0;
	p = lab_pair(&b->rig->lab, FAM4);
	for (int i = 0; i < 50; i++)
		must_pass(i % 2 ? p.client : p.server, i % 2 ? p.server : p.client, "to and fro");
	send_one(&b->rig->lab, FAM6, 700);
	pair_close(&p);
	read_all(b);
	for (int i = 0; i < b->n; i++)
		mine += b->seen[i].host == FW && b->seen[i].ifindex == 3;
	theirs = tcpdump_stop(pid, fd, temporary, mine);
	unlink(file);
	close(temporary);
	must(mine > 50);
	must_equal(theirs, mine);
	bench_close(b);
}

static void test_capture_agrees_with_tcpdump(void **state)
{
	(void)state;
	/* it drops to another user or group, which a namespace with a single user does not let it */
	if (!has_tool("tcpdump") || !sandbox_privileged())
		skip();
	inside(tcpdump_body, NULL);
}

/* ---- opening and closing ---- */

static void close_body(void *arg)
{
	enum { N = 70 };
	struct capture *list[N] = { 0 };
	struct lab_err err = { 0 };
	int before, after;
	struct lab lab;

	(void)arg;
	lab_default(&lab);
	captures_close(list, N); /* nothing but NULLs */
	captures_close(list, 0);
	capture_close(NULL);
	before = dup(0);
	close(before);
	for (int i = 0; i < N; i++) {
		if (i % 3) /* with gaps */
			must_work(capture_open(lab.net, i % HOSTS, &list[i], &err), &err);
	}
	captures_close(list, N);
	after = dup(0);
	close(after);
	must_equal(after, before);
	lab_down(&lab);
}

static void test_captures_close_closes_all(void **state)
{
	(void)state;
	inside(close_body, NULL);
}

/*
 * From now on nothing but IPv4 reaches @c. The kernel's own multicast (MLD, solicitations) comes when it
 * likes: read, it can be left out; among the lost it is only a number.
 */
static void only_ipv4(struct capture *c)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	must(setsockopt(capture_fd(c), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ==
	     0);
}

/* One that is not read loses packets in the end, and says how many; the others do not. */
static void lost_body(void *arg)
{
	struct bench *b = bench_open(rig_new());
	const struct lab *lab = &b->rig->lab;
	union address peer = lab_address(lab, CLIENT, SERVER, FAM4, LAB_PORT);
	int to = lab_bound(lab, SERVER, FAM4, SOCK_DGRAM, LAB_PORT), size = 2304;
	int from = lab_socket(lab, CLIENT, AF_INET, SOCK_DGRAM, 0);

	(void)arg;
	only_ipv4(b->captures[FW]);
	/* as small as a socket's buffer gets */
	must(setsockopt(capture_fd(b->captures[FW]), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) ==
	     0);
	for (int i = 0; i < 50; i++) {
		must_equal(sendto(from, "x", 1, 0, &peer.any, address_len(FAM4)), 1);
		must(ready_within(to, POLLIN, LAB_WAIT_MS));
		must_equal(recv(to, &size, sizeof(size), 0), 1);
	}
	b->reading = FW;
	capture_read(b->captures[FW], take, b);
	must(b->n < 100);
	must_equal(b->n + (int)capture_lost(b->captures[FW]), 100);
	/* asked again, it is the same number: not only what was lost since */
	must_equal(b->n + (int)capture_lost(b->captures[FW]), 100);
	must_equal(capture_lost(b->captures[CLIENT]), 0);
	close(from);
	close(to);
	bench_close(b);
}

static void test_capture_says_what_it_lost(void **state)
{
	(void)state;
	inside(lost_body, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_capture_sees_a_packet_at_every_step_of_its_way),
		cmocka_unit_test(test_capture_knows_directions_and_leaves_out_lo),
		cmocka_unit_test(test_capture_keeps_the_length_of_what_it_cuts),
		cmocka_unit_test(test_capture_of_a_stream_is_what_nf_tables_counted),
		cmocka_unit_test(test_capture_agrees_with_tcpdump),
		cmocka_unit_test(test_captures_close_closes_all),
		cmocka_unit_test(test_capture_says_what_it_lost),
	};

	return TEST_MAIN("capture", tests, NULL, NULL);
}
