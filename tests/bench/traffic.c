// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/bench/traffic.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include "impair/fault.h"
#include "netns/cleanup.h"
#include "netns/prompt.h"

enum {
	WARM_UP = 20,
	HEADERS = 28,	  /* IPv4 and UDP */
	SILENCE_MS = 400, /* nothing comes any more */
	BATCH = 64,
	CHUNK = 1 << 18,
};

/* what a datagram carries; filled up with zeros */
struct payload {
	uint32_t n;
	int64_t sent_ns;
};

static void prompt(void)
{
	prctl(PR_SET_TIMERSLACK, 1);
	thread_prompt(true);
}

static void sleep_until(int64_t ns)
{
	struct timespec ts = { ns / 1000000000, ns % 1000000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

static void timeout_set(int fd, int ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) < 0)
		die("cannot set a timeout", NULL);
}

static void peer_set(const struct rig *rig, int fd, int host)
{
	struct sockaddr_in to = rig_address(rig, host);

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		die("cannot connect", NULL);
}

static pthread_t begin(void *(*fn)(void *), void *arg)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, fn, arg);
	if (errno)
		die("cannot start a thread", NULL);
	return thread;
}

/* ---- ping ---- */

struct pinger {
	int fds[2];
	int n;
	int64_t interval_ns;
	double *rtt_ns;
	int got;
	atomic_bool done;
};

static void *echo_main(void *arg)
{
	struct pinger *p = arg;
	struct payload payload;

	prompt();
	while (!atomic_load(&p->done)) {
		if (recv(p->fds[SERVER], &payload, sizeof(payload), 0) == sizeof(payload) &&
		    send(p->fds[SERVER], &payload, sizeof(payload), 0) < 0)
			die("cannot send an echo", NULL);
	}
	return NULL;
}

static void *ping_main(void *arg)
{
	struct pinger *p = arg;
	int64_t at = now_ns();

	prompt();
	for (int i = -WARM_UP; i < p->n; i++) {
		struct payload payload = { .n = (uint32_t)i };

		/* not in step with any timer of the kernel */
		at += p->interval_ns / 2 +
		      (p->interval_ns * (int64_t)(chance_bits(1, (uint32_t)i) >> 12) >> 20);
		sleep_until(at);
		payload.sent_ns = now_ns();
		if (send(p->fds[CLIENT], &payload, sizeof(payload), 0) < 0)
			die("cannot send a ping", NULL);
	}
	return NULL;
}

static void *hear_main(void *arg)
{
	struct pinger *p = arg;
	struct payload payload;

	prompt();
	for (int seen = 0; seen < p->n + WARM_UP; seen++) {
		if (recv(p->fds[CLIENT], &payload, sizeof(payload), 0) != sizeof(payload))
			break;
		if ((int32_t)payload.n >= 0 && p->got < p->n)
			p->rtt_ns[p->got++] = (double)(now_ns() - payload.sent_ns);
	}
	return NULL;
}

int ping(const struct rig *rig, int n, int64_t interval_ns, double *rtt_ns)
{
	struct pinger p = { .n = n, .interval_ns = interval_ns, .rtt_ns = rtt_ns };
	pthread_t echo, hearer, sender;

	for (int host = 0; host < 2; host++) {
		p.fds[host] = rig_socket(rig, host, SOCK_DGRAM);
		timeout_set(p.fds[host], SILENCE_MS);
	}
	for (int host = 0; host < 2; host++)
		peer_set(rig, p.fds[host], !host);
	echo = begin(echo_main, &p);
	hearer = begin(hear_main, &p);
	sender = begin(ping_main, &p);
	pthread_join(sender, NULL);
	pthread_join(hearer, NULL);
	atomic_store(&p.done, true);
	pthread_join(echo, NULL);
	close(p.fds[0]);
	close(p.fds[1]);
	return p.got;
}

/* ---- a stream ---- */

struct streamer {
	const struct stream *stream;
	struct streamed *ret;
	int fds[2];
	atomic_bool done;
};

struct bag {
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];
	char bytes[BATCH][2048];
};

static struct bag *bag_new(size_t size)
{
	struct bag *bag = calloc(1, sizeof(*bag));

	if (!bag || size > sizeof(bag->bytes[0]))
		die("no memory", NULL);
	for (int i = 0; i < BATCH; i++) {
		bag->iov[i] = (struct iovec){ bag->bytes[i], size };
		bag->msgs[i].msg_hdr = (struct msghdr){ .msg_iov = &bag->iov[i], .msg_iovlen = 1 };
	}
	return bag;
}

/* One burst; the number of the next datagram. */
static uint32_t burst_send(struct streamer *s, struct bag *bag, uint32_t n, unsigned burst)
{
	while (burst) {
		int some = 0, sent;

		for (; some < BATCH && (unsigned)some < burst; some++) {
			struct payload payload = { n + (uint32_t)some, now_ns() };

			memcpy(bag->bytes[some], &payload, sizeof(payload));
			s->ret->sent_ns[n + (uint32_t)some] = payload.sent_ns;
		}
		sent = sendmmsg(s->fds[CLIENT], bag->msgs, (unsigned)some, 0);
		/* netem that is full says so */
		if (sent < 0 && errno != ENOBUFS)
			die("cannot send", NULL);
		n += (uint32_t)some;
		burst -= (unsigned)some;
	}
	return n;
}

static void *stream_send(void *arg)
{
	struct streamer *s = arg;
	const struct stream *stream = s->stream;
	struct bag *bag = bag_new(stream->size - HEADERS);
	int64_t began, at;
	uint32_t n = 0;

	if (stream->burst)
		prctl(PR_SET_TIMERSLACK, 1);
	at = began = now_ns();
	while (n < stream->n && (!stream->limit_ns || now_ns() - began < stream->limit_ns)) {
		unsigned burst = stream->burst ?: BATCH;

		if (burst > stream->n - n)
			burst = stream->n - n;
		n = burst_send(s, bag, n, burst);
		at += stream->interval_ns;
		if (stream->burst)
			sleep_until(at);
	}
	s->ret->took_ns = now_ns() - began;
	s->ret->sent = n;
	free(bag);
	return NULL;
}

static void arrival_note(struct streamer *s, const char *bytes, size_t len)
{
	struct payload payload;

	if (len < sizeof(payload))
		return;
	memcpy(&payload, bytes, sizeof(payload));
	if (payload.n >= s->stream->n)
		return;
	if (s->ret->times[payload.n]++) {
		s->ret->copies++;
	} else {
		s->ret->came_ns[payload.n] = now_ns();
		s->ret->came++;
	}
}

static void *stream_receive(void *arg)
{
	struct streamer *s = arg;
	struct bag *bag = bag_new(s->stream->size - HEADERS);

	prompt();
	for (;;) {
		bool done = atomic_load(&s->done);
		int n = recvmmsg(s->fds[SERVER], bag->msgs, BATCH, MSG_WAITFORONE, NULL);

		for (int i = 0; i < n; i++)
			arrival_note(s, bag->bytes[i], bag->msgs[i].msg_len);
		/* silence after the sender had ended */
		if (n <= 0 && done)
			break;
	}
	free(bag);
	return NULL;
}

void stream_run(const struct rig *rig, const struct stream *stream, struct streamed *ret)
{
	struct streamer s = { .stream = stream, .ret = ret };
	int64_t cpu = cpu_ns(), line_cpu = line_cpu_ns();
	pthread_t sender, receiver;

	*ret = (struct streamed){ .sent_ns = calloc(stream->n, sizeof(int64_t)),
				  .came_ns = calloc(stream->n, sizeof(int64_t)),
				  .times = calloc(stream->n, 1) };
	if (!ret->sent_ns || !ret->came_ns || !ret->times)
		die("no memory", NULL);
	for (int host = 0; host < 2; host++)
		s.fds[host] = rig_socket(rig, host, SOCK_DGRAM);
	timeout_set(s.fds[SERVER], SILENCE_MS);
	peer_set(rig, s.fds[CLIENT], SERVER);
	receiver = begin(stream_receive, &s);
	sender = begin(stream_send, &s);
	pthread_join(sender, NULL);
	atomic_store(&s.done, true);
	pthread_join(receiver, NULL);
	ret->cpu_ns = cpu_ns() - cpu;
	ret->line_cpu_ns = line_cpu_ns() - line_cpu;
	close(s.fds[0]);
	close(s.fds[1]);
}

void streamed_free(struct streamed *streamed)
{
	free(streamed->sent_ns);
	free(streamed->came_ns);
	free(streamed->times);
}

/* Take in what comes, until nothing has come for that long. */
static void numbers_take(int fd, int64_t silence_ns, uint32_t n, bool *came)
{
	const struct timespec silence = { silence_ns / 1000000000, silence_ns % 1000000000 };
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint32_t got;

	while (ppoll(&p, 1, &silence, NULL) > 0) {
		while (recv(fd, &got, sizeof(got), MSG_DONTWAIT) == sizeof(got)) {
			if (got < n)
				came[got] = true;
		}
	}
}

/* A few at a time, so that no buffer of an ordinary user is too small. */
void numbers_send(const struct rig *rig, uint32_t n, bool *came)
{
	int fds[2] = { rig_socket(rig, CLIENT, SOCK_DGRAM), rig_socket(rig, SERVER, SOCK_DGRAM) };

	peer_set(rig, fds[CLIENT], SERVER);
	memset(came, 0, n * sizeof(*came));
	for (uint32_t i = 0; i < n; i++) {
		/* a loss at the sending end may be told to the sender */
		if (send(fds[CLIENT], &i, sizeof(i), 0) < 0 && errno != EPERM && errno != ENOBUFS)
			die("cannot send", NULL);
		if (i % BATCH == BATCH - 1)
			numbers_take(fds[SERVER], 200000, n, came);
	}
	numbers_take(fds[SERVER], SILENCE_MS * INT64_C(1000000), n, came);
	close(fds[0]);
	close(fds[1]);
}

/* ---- a TCP flow ---- */

static void *flow_send(void *arg)
{
	int fd = *(int *)arg;
	_cleanup_free_ char *bytes = malloc(CHUNK);

	/* pages of its own, not the kernel's one page of zeros */
	if (bytes)
		memset(bytes, 'x', CHUNK);
	/* until the other side has had enough */
	while (bytes && send(fd, bytes, CHUNK, MSG_NOSIGNAL) > 0)
		;
	return NULL;
}

static void flow_receive(int fd, int warm_ms, int run_ms, struct flowed *ret)
{
	_cleanup_free_ char *bytes = malloc(CHUNK);
	int64_t begin_ns = now_ns() + warm_ms * INT64_C(1000000), began = 0, cpu = 0, t = 0;
	uint64_t sum = 0;
	ssize_t n;

	while (bytes && (n = recv(fd, bytes, CHUNK, 0)) > 0) {
		t = now_ns();
		sum += (uint64_t)n;
		if (began && t - began >= run_ms * INT64_C(1000000))
			break;
		if (!began && t >= begin_ns) {
			began = t;
			cpu = cpu_ns();
			sum = 0;
		}
	}
	if (!began || t <= began)
		die("the flow stands still", NULL);
	ret->bps = (double)sum * 8e9 / (double)(t - began);
	ret->cpus = (double)(cpu_ns() - cpu) / (double)(t - began);
}

void flow_run(const struct rig *rig, int warm_ms, int run_ms, struct flowed *ret)
{
	struct sockaddr_in to = rig_address(rig, SERVER);
	struct linger reset = { .l_onoff = 1 };
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);
	struct lab_err err = { 0 };
	int listener = rig_socket(rig, SERVER, SOCK_STREAM), fds[2];
	pthread_t sender;

	fds[CLIENT] = network_socket(rig->net, CLIENT, AF_INET, SOCK_STREAM, 0, &err);
	if (fds[CLIENT] < 0)
		die("cannot make a socket", &err);
	if (listen(listener, 1) < 0 || connect(fds[CLIENT], (struct sockaddr *)&to, sizeof(to)) < 0)
		die("cannot connect", NULL);
	fds[SERVER] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fds[SERVER] < 0)
		die("cannot accept", NULL);
	timeout_set(fds[SERVER], 5000);
	sender = begin(flow_send, &fds[CLIENT]);
	flow_receive(fds[SERVER], warm_ms, run_ms, ret);
	if (getsockopt(fds[CLIENT], IPPROTO_TCP, TCP_INFO, &info, &len) < 0)
		die("cannot ask for TCP_INFO", NULL);
	ret->resent = info.tcpi_total_retrans;
	setsockopt(fds[SERVER], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fds[SERVER]);
	/* the reset may have been lost on the way, or held */
	shutdown(fds[CLIENT], SHUT_RDWR);
	pthread_join(sender, NULL);
	/* and nothing is to live on in the namespace */
	setsockopt(fds[CLIENT], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fds[CLIENT]);
	close(listener);
}
