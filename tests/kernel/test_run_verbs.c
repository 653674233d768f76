// SPDX-License-Identifier: GPL-2.0-or-later
/* Every verb, with its options, as scenarios; where the log says more than the judge, it is asked. */
#include "tests/kernel/run_fixture.h"

#define SYN_DROPPED HEAD "faults:\n  gone: " DROP("syn") "\nsteps:\n"

/* ---- scenarios that pass ---- */

static const char *const quick[] = {
	/* dial: an address instead of a name; a port of its own; refused; unreachable */
	HEAD "steps:\n"
	     "  - server: {listen: 8080}\n"
	     "  - client: {dial: \"10.0.2.2:8080\", as: conn, deadline: 5s}\n"
	     "  - check: {socket: conn, state: ESTABLISHED}\n",
	HEAD "steps:\n" DIALLED
	     "  - client: {dial: \"server:8080\", as: own, local: 41234, deadline: 5s}\n"
	     "  - check: {seen: {segment: syn, sport: 41234}, at: server, count: 1}\n"
	     "  - client: {dial: \"server:8080\", as: again, local: 41234, deadline: 5s}\n"
	     "    expect: {error: EADDRINUSE}\n",
	HEAD "steps:\n"
	     "  - client: {dial: \"server:8080\", as: conn, deadline: 5s}\n"
	     "    expect: {error: ECONNREFUSED}\n"
	     "  - check: {socket: conn, state: CLOSED}\n"
	     "  - client: {send: conn, text: x}\n"
	     "    expect: {error: EBADF}\n",
	HEAD "steps:\n"
	     "  - client: {dial: \"203.0.113.1:80\", as: conn}\n"
	     "    expect: {error: ENETUNREACH}\n",
	/* send and recv: text, an exact number of bytes, whatever comes, an early end */
	HEAD
	"steps:\n" DIALLED "  - client: {send: conn, text: hello}\n    expect: {bytes: 5}\n"
	"  - server: {recv: peer, bytes: 3, deadline: 5s}\n    expect: {bytes: 3, eof: false}\n"
	"  - server: {recv: peer, deadline: 5s}\n    expect: {bytes: 2}\n"
	"  - client: {send: conn, text: ab}\n"
	"  - client: {shutdown: conn, how: write}\n"
	"  - server: {recv: peer, bytes: 3, deadline: 5s}\n    expect: {error: eof, bytes: 2, eof: true}\n"
	"  - server: {recv: peer, deadline: 5s}\n    expect: {bytes: 0, eof: true}\n"
	"  - server: {recv: peer, bytes: 1, deadline: 5s}\n    expect: {eof: true}\n",
	HEAD
	"steps:\n" DIALLED "  - client: {send: conn, bytes: 300kB, background: true, id: sending}\n"
	"  - server: {recv: peer, bytes: 200kB, deadline: 10s}\n    expect: {bytes: 200000}\n"
	"  - server: {recv: peer, bytes: 100kB, deadline: 10s}\n    expect: {bytes: 100000}\n"
	"  - await: sending\n    expect: {bytes: 300000}\n"
	"  - client: {close: conn}\n"
	"  - server: {recv: peer, until: eof, deadline: 5s}\n    expect: {bytes: 0, eof: true}\n",
	/* nobody reads: the kernel takes what it has room for, and then the deadline comes */
	HEAD "steps:\n" DIALLED "  - client: {send: conn, bytes: 100MB, deadline: 300ms}\n"
	     "    expect: {error: deadline, after: 300ms, bytes: \"> 10000\"}\n"
	     "  - client: {recv: conn, deadline: 50ms}\n    expect: {error: deadline}\n",
	/* shutdown, each way */
	HEAD "steps:\n" DIALLED "  - client: {shutdown: conn}\n"
	     "  - client: {send: conn, text: x}\n    expect: {error: EPIPE}\n"
	     "  - server: {send: peer, text: back}\n"
	     "  - client: {recv: conn, bytes: 4, deadline: 5s}\n"
	     "  - check: {socket: conn, state: FIN-WAIT-2, within: 5s}\n",
	HEAD
	"steps:\n" DIALLED "  - client: {shutdown: conn, how: read}\n"
	"  - client: {recv: conn, until: eof, deadline: 5s}\n    expect: {bytes: 0, eof: true}\n"
	"  - client: {send: conn, text: x}\n"
	"  - server: {recv: peer, bytes: 1, deadline: 5s}\n"
	"  - check: {seen: {segment: fin}, at: client, count: 0}\n",
	HEAD "steps:\n" DIALLED "  - client: {shutdown: conn, how: both}\n"
	     "  - client: {recv: conn, until: eof, deadline: 5s}\n    expect: {eof: true}\n"
	     "  - client: {send: conn, text: x}\n    expect: {error: EPIPE}\n"
	     "  - client: {close: conn}\n"
	     "  - client: {shutdown: conn}\n    expect: {error: EBADF}\n",
	/* close twice; abort; what the other side hears */
	HEAD "steps:\n" DIALLED "  - client: {close: conn}\n"
	     "  - client: {close: conn}\n    expect: {error: EBADF}\n"
	     "  - client: {abort: conn}\n    expect: {error: EBADF}\n"
	     "  - client: {recv: conn}\n    expect: {error: EBADF}\n"
	     "  - server: {recv: peer, until: eof, deadline: 5s}\n    expect: {eof: true}\n",
	HEAD "steps:\n" DIALLED "  - client: {abort: conn}\n"
	     "  - check: {socket: conn, state: CLOSED}\n"
	     "  - server: {recv: peer, deadline: 5s}\n    expect: {error: ECONNRESET}\n"
	     "  - server: {recv: peer, deadline: 5s}\n    expect: {bytes: 0, eof: true}\n"
	     "  - server: {send: peer, text: x}\n    expect: {error: EPIPE}\n",
	/* bind and listen on a port that is taken, and not */
	HEAD "steps:\n"
	     "  - server: {listen: 8080, as: door}\n"
	     "  - server: {listen: 8080, as: second}\n    expect: {error: EADDRINUSE}\n"
	     "  - server: {bind: \"8080\", as: third}\n    expect: {error: EADDRINUSE}\n"
	     "  - server: {close: door}\n"
	     "  - server: {bind: \"8080\", as: fourth}\n"
	     "  - server: {close: fourth}\n"
	     "  - server: {listen: 8080, as: fifth}\n",
	/* reuseaddr: a connection in TIME-WAIT holds the port */
	HEAD "steps:\n"
	     "  - server: {listen: 8080, as: door, options: {reuseaddr: true}}\n"
	     "  - client: {dial: \"server:8080\", as: conn, deadline: 5s}\n"
	     "  - server: {accept: door, as: peer, deadline: 5s}\n"
	     "  - server: {close: peer}\n"
	     "  - client: {recv: conn, until: eof, deadline: 5s}\n    expect: {eof: true}\n"
	     "  - client: {close: conn}\n"
	     "  - server: {close: door}\n"
	     "  - check: {socket: peer, state: TIME-WAIT, within: 5s}\n"
	     "  - server: {bind: \"8080\", as: no}\n    expect: {error: EADDRINUSE}\n"
	     "  - server: {bind: \"8080\", as: yes, options: {reuseaddr: true}}\n",
	/* accept: nobody comes; the listener is closed meanwhile */
	HEAD "steps:\n"
	     "  - server: {listen: 8080, as: door}\n"
	     "  - server: {accept: door, as: peer, deadline: 200ms}\n"
	     "    expect: {error: deadline, after: 200ms}\n"
	     "  - server: {accept: door, as: late, background: true}\n"
	     "  - server: {close: door}\n"
	     "  - await: late\n    expect: {error: EBADF}\n"
	     "  - server: {accept: door, as: never}\n    expect: {error: EBADF}\n"
	     "  - client: {dial: \"server:8080\", as: conn, deadline: 5s}\n"
	     "    expect: {error: ECONNREFUSED}\n",
	/* a read that waits when its socket is closed */
	HEAD "steps:\n" DIALLED "  - client: {recv: conn, background: true, id: reading}\n"
	     "  - client: {close: conn}\n"
	     "  - await: reading\n    expect: {error: EBADF}\n",
	/* a step cannot use what an earlier one failed to make */
	HEAD "steps:\n"
	     "  - server: {listen: 8080, as: door}\n"
	     "  - server: {accept: door, as: peer, deadline: 10ms}\n    expect: {error: deadline}\n"
	     "  - server: {send: peer, text: x}\n    expect: {error: EBADF}\n"
	     "  - server: {close: peer}\n    expect: {error: EBADF}\n"
	     "  - check: {socket: peer, state: CLOSED}\n",
	/* background and await; a deadline of await ends the waiting, not the step */
	HEAD
	"steps:\n" DIALLED "  - server: {recv: peer, bytes: 5, background: true, id: reading}\n"
	"  - await: reading\n    deadline: 100ms\n    expect: {error: deadline, after: 100ms}\n"
	"  - client: {send: conn, text: hello}\n"
	"  - await: reading\n    deadline: 5s\n    expect: {error: none, bytes: 5, eof: false}\n"
	"  - await: reading\n    expect: {bytes: 5}\n",
	/* the time counts from the step's own start, not from when it was awaited */
	SYN_DROPPED
	"  - client: {dial: \"server:8080\", as: conn, deadline: 900ms, background: true}\n"
	"  - wait: 600ms\n"
	"  - await: conn\n    expect: {error: deadline, after: 900ms}\n",
	/* faults, switched */
	HEAD "faults:\n"
	     "  a: {at: fw, match: {segment: data, from: client}, action: drop, active: false}\n"
	     "  b: {at: fw, match: {segment: data, from: server}, action: drop, active: false}\n"
	     "steps:\n" DIALLED "  - client: {send: conn, text: x}\n"
	     "  - server: {recv: peer, bytes: 1, deadline: 5s}\n"
	     "  - fault: {on: [a, b]}\n"
	     "  - client: {send: conn, text: y}\n"
	     "  - server: {send: peer, text: z}\n"
	     "  - server: {recv: peer, bytes: 1, deadline: 150ms}\n    expect: {error: deadline}\n"
	     "  - check: {fault: a, hits: \">= 1\"}\n"
	     "  - check: {fault: b, hits: \">= 1\"}\n"
	     "  - fault: {off: [b, a]}\n"
	     "  - server: {recv: peer, bytes: 1, deadline: 5s}\n    expect: {bytes: 1}\n"
	     "  - client: {recv: conn, bytes: 1, deadline: 5s}\n    expect: {bytes: 1}\n",
	/* sysctl: several at once, for one host */
	HEAD
	"faults:\n  gone: {at: fw, match: {segment: syn, dport: 8081}, action: drop}\nsteps:\n"
	"  - server: {listen: 8080, as: door}\n"
	"  - sysctl: {at: client, net.ipv4.tcp_syn_retries: 1, net.ipv4.tcp_timestamps: 0}\n"
	"  - sysctl: {at: client, net.ipv4.tcp_fin_timeout: soon}\n    expect: {error: EINVAL}\n"
	"  - client: {dial: \"server:8080\", as: plain, deadline: 5s}\n"
	"  - check: {socket: plain, snd_mss: \"1440..1460\"}\n"
	"  - client: {dial: \"server:8081\", as: conn}\n    expect: {error: ETIMEDOUT, after: 3s}\n"
	"  - check: {fault: gone, hits: 2}\n",
	/* the small servers, from the beginning and later */
	HEAD
	"steps:\n"
	"  - server: {listen: 7, as: echo, serve: echo}\n"
	"  - server: {listen: 80, as: web, serve: http}\n"
	"  - server: {listen: 9, as: sink}\n"
	"  - server: {serve: discard, on: sink}\n"
	"  - server: {listen: 19, as: noise}\n"
	"  - client: {dial: \"server:19\", as: early, deadline: 5s}\n"
	"  - server: {serve: chargen, on: noise}\n"
	"  - client: {dial: \"server:7\", as: a, deadline: 5s}\n"
	"  - client: {send: a, bytes: 200kB, background: true, id: sending}\n"
	"  - client: {recv: a, bytes: 200kB, deadline: 20s}\n    expect: {bytes: 200000}\n"
	"  - await: sending\n"
	"  - client: {shutdown: a}\n"
	"  - client: {recv: a, until: eof, deadline: 5s}\n    expect: {bytes: 0, eof: true}\n"
	"  - client: {dial: \"server:80\", as: b, deadline: 5s}\n"
	"  - client: {send: b, text: \"GET / HTTP/1.1\\r\\n\\r\\n\"}\n"
	"  - client: {recv: b, until: eof, deadline: 5s}\n    expect: {bytes: \"> 6\", eof: true}\n"
	"  - client: {dial: \"server:9\", as: c, deadline: 5s}\n"
	"  - client: {send: c, bytes: 100kB, deadline: 5s}\n    expect: {bytes: 100000}\n"
	"  - client: {recv: c, deadline: 50ms}\n    expect: {error: deadline}\n"
	"  - client: {recv: early, bytes: 300kB, deadline: 20s}\n    expect: {bytes: 300000}\n"
	"  - client: {abort: early}\n"
	"  - server: {close: echo}\n"
	"  - client: {dial: \"server:7\", deadline: 5s}\n    expect: {error: ECONNREFUSED}\n",
	/* serving and accepting at one listener: whoever comes first takes the connection */
	HEAD "steps:\n"
	     "  - server: {listen: 7, as: door, serve: echo}\n"
	     "  - server: {accept: door, as: mine, background: true, id: taking}\n"
	     "  - client: {dial: \"server:7\", as: one, deadline: 5s}\n"
	     "  - client: {dial: \"server:7\", as: two, deadline: 5s}\n"
	     "  - check: {socket: one, state: ESTABLISHED}\n"
	     "  - check: {socket: two, state: ESTABLISHED}\n",
	/* wait, and what it takes */
	HEAD "steps:\n  - wait: 200ms\n  - wait: 1ms\n",
};

static void test_run_verbs_pass(void **state)
{
	(void)state;
	must_pass_texts(quick, ARRAY_SIZE(quick), "4");
}

/* The same over IPv6, but for those that have IPv4 addresses in them. */
static void test_run_verbs_pass_over_ipv6(void **state)
{
	const char *texts[ARRAY_SIZE(quick)];
	int n = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(quick); i++) {
		if (!strstr(quick[i], "10.0.2.2") && !strstr(quick[i], "203.0.113.1"))
			texts[n++] = quick[i];
	}
	must_pass_texts(texts, n, "6");
}

static void test_run_dial_chooses_a_family_in_a_dual_case(void **state)
{
	(void)state;
	must_pass_text(HEAD
		       "ip: [dual]\nsteps:\n"
		       "  - server: {listen: 8080, as: door}\n"
		       "  - client: {dial: \"server:8080\", as: four, ip: 4, deadline: 5s}\n"
		       "  - client: {dial: \"server:8080\", as: six, ip: 6, deadline: 5s}\n"
		       "  - client: {dial: \"[fd00:0:0:2::2]:8080\", as: literal, deadline: 5s}\n"
		       "  - server: {accept: door, as: first, deadline: 5s}\n"
		       "  - server: {accept: door, as: second, deadline: 5s}\n"
		       "  - server: {accept: door, as: third, deadline: 5s}\n"
		       "  - check: {socket: four, state: ESTABLISHED}\n"
		       "  - check: {socket: first, state: ESTABLISHED}\n"
		       "  - client: {send: four, text: four}\n"
		       "  - server: {recv: first, bytes: 4, deadline: 5s}\n"
		       "    expect: {bytes: 4}\n"
		       "  - client: {send: six, text: sixsix}\n"
		       "  - server: {recv: second, bytes: 6, deadline: 5s}\n"
		       "    expect: {bytes: 6}\n",
		       NULL);
}

/* ---- dial and its deadline ---- */

static bool is_syn(const struct event *e)
{
	return e->packet.made_here && e->packet.packet.flags == TCPF_SYN;
}

/* As Go: the socket is closed when the deadline comes, and no more SYNs go out. */
static const char *const deadlines[] = {
	SYN_DROPPED "  - client: {dial: \"server:8080\", as: conn, deadline: 300ms}\n"
		    "    expect: {error: deadline, after: 300ms}\n"
		    "  - check: {socket: conn, state: CLOSED}\n"
		    "  - wait: 1s\n"
		    "  - check: {fault: gone, hits: 1}\n"
		    "  - client: {close: conn}\n    expect: {error: EBADF}\n",
	/* blocking or not */
	SYN_DROPPED
	"  - client: {dial: \"server:8080\", as: conn, deadline: 300ms, blocking: true}\n"
	"    expect: {error: deadline, after: 300ms}\n"
	"  - check: {socket: conn, state: CLOSED}\n"
	"  - wait: 1s\n"
	"  - check: {fault: gone, hits: 1}\n"
	"  - client: {close: conn}\n    expect: {error: EBADF}\n",
	/* keep: true leaves it to the kernel, which goes on */
	SYN_DROPPED "  - client: {dial: \"server:8080\", as: conn, deadline: 300ms, keep: true}\n"
		    "    expect: {error: deadline, after: 300ms}\n"
		    "  - check: {socket: conn, state: SYN-SENT}\n"
		    "  - check: {fault: gone, hits: 2, within: 3s}\n"
		    "  - client: {close: conn}\n"
		    "  - check: {socket: conn, state: CLOSED}\n",
	SYN_DROPPED
	"  - client: {dial: \"server:8080\", as: conn, deadline: 300ms, keep: true, blocking: true}\n"
	"    expect: {error: deadline, after: 300ms}\n"
	"  - check: {socket: conn, state: SYN-SENT}\n"
	"  - check: {fault: gone, hits: 2, within: 3s}\n",
};

static void test_run_dial_gives_up_at_its_deadline(void **state)
{
	(void)state;
	must_pass_texts(deadlines, ARRAY_SIZE(deadlines), NULL);
}

/* ---- blocking ---- */

static const char *const blocking[] = {
	HEAD
	"steps:\n"
	"  - server: {listen: 8080, as: door}\n"
	"  - server: {accept: door, as: peer, blocking: true, background: true, deadline: 5s}\n"
	"  - client: {dial: \"server:8080\", as: conn, blocking: true, deadline: 5s}\n"
	"  - await: peer\n    expect: {error: none}\n"
	"  - server: {recv: peer, bytes: 5, blocking: true, background: true, id: reading}\n"
	"  - client: {send: conn, text: hello, blocking: true}\n    expect: {bytes: 5}\n"
	"  - await: reading\n    expect: {error: none, bytes: 5}\n"
	"  - check: {socket: conn, state: ESTABLISHED}\n"
	"  - check: {socket: peer, state: ESTABLISHED}\n",
	HEAD "steps:\n" DIALLED "  - server: {recv: peer, blocking: true, deadline: 200ms}\n"
	     "    expect: {error: deadline, after: 200ms, bytes: 0}\n"
	     "  - server: {accept: door, as: none, blocking: true, deadline: 200ms}\n"
	     "    expect: {error: deadline, after: 200ms}\n"
	     "  - client: {send: conn, bytes: 100MB, blocking: true, deadline: 300ms}\n"
	     "    expect: {error: deadline, after: 300ms, bytes: \"> 10000\"}\n",
	HEAD "steps:\n" DIALLED
	     "  - server: {recv: peer, until: eof, blocking: true, background: true, id: reading}\n"
	     "  - client: {send: conn, bytes: 1MB, blocking: true, deadline: 20s}\n"
	     "    expect: {bytes: 1000000}\n"
	     "  - client: {close: conn}\n"
	     "  - await: reading\n    deadline: 20s\n"
	     "    expect: {error: none, bytes: 1000000, eof: true}\n",
	HEAD "steps:\n"
	     "  - client: {dial: \"server:8080\", as: conn, blocking: true, deadline: 5s}\n"
	     "    expect: {error: ECONNREFUSED}\n",
	SYN_DROPPED
	"  - sysctl: {at: client, net.ipv4.tcp_syn_retries: 1}\n"
	"  - client: {dial: \"server:8080\", as: conn, blocking: true, background: true}\n"
	"  - check: {socket: conn, state: SYN-SENT, within: 1s}\n"
	"  - await: conn\n    expect: {error: ETIMEDOUT, after: 3s}\n",
};

static void test_run_blocking_calls_block(void **state)
{
	(void)state;
	must_pass_texts(blocking, ARRAY_SIZE(blocking), NULL);
}

/* ---- two steps on one socket ---- */

/* Each direction of a connection by itself, as two goroutines do. */
static void test_run_sends_while_a_read_of_the_same_socket_waits(void **state)
{
	(void)state;
	must_pass_text(HEAD "steps:\n" DIALLED
			    "  - client: {recv: conn, bytes: 2, background: true, id: reading}\n"
			    "  - client: {send: conn, bytes: 6MB, background: true, id: sending}\n"
			    "  - wait: 100ms\n"
			    "  - server: {recv: peer, bytes: 6MB, deadline: 30s}\n"
			    "    expect: {bytes: 6000000}\n"
			    "  - await: sending\n    expect: {bytes: 6000000}\n"
			    "  - server: {send: peer, text: ok}\n"
			    "  - await: reading\n    deadline: 5s\n    expect: {bytes: 2}\n",
		       NULL);
}

static void test_run_accepts_twice_at_one_listener(void **state)
{
	(void)state;
	must_pass_text(HEAD "steps:\n"
			    "  - server: {listen: 8080, as: door}\n"
			    "  - server: {accept: door, as: one, background: true, deadline: 5s}\n"
			    "  - server: {accept: door, as: two, background: true, deadline: 5s}\n"
			    "  - client: {dial: \"server:8080\", as: a, deadline: 5s}\n"
			    "  - client: {dial: \"server:8080\", as: b, deadline: 5s}\n"
			    "  - await: one\n    expect: {error: none}\n"
			    "  - await: two\n    expect: {error: none}\n"
			    "  - check: {socket: one, state: ESTABLISHED}\n"
			    "  - check: {socket: two, state: ESTABLISHED}\n",
		       NULL);
}

/* ---- options ---- */

static const char *const options[] = {
	/* the other end's segments are as small as asked for: 1000 less the timestamps */
	HEAD "steps:\n"
	     "  - server: {listen: 8080, as: door}\n"
	     "  - client: {dial: \"server:8080\", as: conn, options: {mss: 1000}, deadline: 5s}\n"
	     "  - server: {accept: door, as: peer, deadline: 5s}\n"
	     "  - check: {socket: peer, snd_mss: 988}\n"
	     "  - check: {socket: conn, rcv_mss: \"<= 1000\"}\n",
	/* also of a listener */
	HEAD "steps:\n"
	     "  - server: {listen: 8080, as: door, options: {mss: 700}}\n"
	     "  - client: {dial: \"server:8080\", as: conn, deadline: 5s}\n"
	     "  - check: {socket: conn, snd_mss: 688}\n",
	/* retries of the SYN: one, after a second; it is given up two seconds later */
	SYN_DROPPED "  - client: {dial: \"server:8080\", as: conn, options: {syncnt: 1}}\n"
		    "    expect: {error: ETIMEDOUT, after: 3s}\n"
		    "  - check: {fault: gone, hits: 2}\n",
	/* looked at when the timer fires that repeats the SYN */
	SYN_DROPPED
	"  - client: {dial: \"server:8080\", as: conn, options: {user_timeout: 500ms}}\n"
	"    expect: {error: ETIMEDOUT, after: \"0.45s..1.3s\"}\n"
	"  - check: {fault: gone, hits: \"1..2\"}\n",
	/* keepalive finds out that nobody is there any more */
	HEAD "faults:\n"
	     "  dead: {at: fw, match: {protocol: tcp}, action: drop, active: false}\n"
	     "steps:\n"
	     "  - server: {listen: 8080, as: door}\n"
	     "  - client: {dial: \"server:8080\", as: conn, deadline: 5s,\n"
	     "             options: {keepalive: {idle: 1s, interval: 1s, count: 2}}}\n"
	     "  - check: {socket: conn, timer: keepalive, left: \"<= 1100ms\"}\n"
	     "  - fault: {on: dead}\n"
	     "  - client: {recv: conn, deadline: 10s}\n"
	     "    expect: {error: ETIMEDOUT, after: \"2.8s..4s\"}\n"
	     "  - check: {fault: dead, hits: \">= 2\"}\n",
	HEAD
	"steps:\n"
	"  - server: {listen: 8080, as: door}\n"
	"  - client: {dial: \"server:8080\", as: on, deadline: 5s, options: {keepalive: true}}\n"
	"  - client: {dial: \"server:8080\", as: off, deadline: 5s, options: {keepalive: false}}\n"
	"  - check: {socket: on, timer: keepalive, left: \"7100s..7200s\"}\n"
	"  - check: {socket: off, timer: none}\n",
	/* a small send buffer holds little: the kernel takes it and blocks */
	HEAD
	"faults:\n  stuck: {at: fw, match: {from: client, segment: data}, action: drop}\n"
	"steps:\n"
	"  - server: {listen: 8080, as: door}\n"
	"  - client: {dial: \"server:8080\", as: small, deadline: 5s, options: {sndbuf: 8192}}\n"
	"  - client: {dial: \"server:8080\", as: large, deadline: 5s, options: {sndbuf: 200kB}}\n"
	"  - client: {send: small, bytes: 1MB, deadline: 100ms}\n"
	"    expect: {error: deadline, bytes: \"< 60000\"}\n"
	"  - client: {send: large, bytes: 1MB, deadline: 100ms}\n"
	"    expect: {error: deadline, bytes: \"> 150000\"}\n",
	/* Without Nagle the second small segment does not wait for the first one's ACK. A tail loss
	 * probe would repeat it as soon as after two jiffies. */
	HEAD
	"faults:\n"
	"  mute: {at: fw, match: {from: server, segment: ack}, action: drop, active: false}\n"
	"steps:\n"
	"  - server: {listen: 8080, as: door}\n"
	"  - sysctl: {at: client, net.ipv4.tcp_early_retrans: 0}\n"
	"  - client: {dial: \"server:8080\", as: quick, deadline: 5s, options: {nodelay: true}}\n"
	"  - fault: {on: mute}\n"
	"  - client: {send: quick, text: a}\n"
	"  - client: {send: quick, text: b}\n"
	"  - check: {seen: {from: client, segment: data}, at: client, count: 2}\n",
	HEAD
	"faults:\n"
	"  mute: {at: fw, match: {from: server, segment: ack}, action: drop, active: false}\n"
	"steps:\n"
	"  - server: {listen: 8080, as: door}\n"
	"  - sysctl: {at: client, net.ipv4.tcp_early_retrans: 0}\n"
	"  - client: {dial: \"server:8080\", as: slow, deadline: 5s, options: {nodelay: false}}\n"
	"  - fault: {on: mute}\n"
	"  - client: {send: slow, text: a}\n"
	"  - client: {send: slow, text: b}\n"
	"  - check: {seen: {from: client, segment: data}, at: client, count: 1}\n",
	/* what the kernel refuses is the step's error */
	HEAD "steps:\n"
	     "  - client: {dial: \"server:8080\", as: conn, options: {syncnt: 1000}}\n"
	     "    expect: {error: EINVAL}\n",
	/* a backlog of one holds two; then SYNs are no longer answered */
	HEAD "steps:\n"
	     "  - server: {listen: 8080, as: door, backlog: 1}\n"
	     "  - client: {dial: \"server:8080\", as: a, deadline: 5s}\n"
	     "  - client: {dial: \"server:8080\", as: b, deadline: 5s}\n"
	     "  - check: {socket: door, recv_queue: 2, send_queue: 1, within: 1s}\n"
	     "  - client: {dial: \"server:8080\", as: c, deadline: 300ms}\n"
	     "    expect: {error: deadline}\n",
};

static void test_run_options_are_set(void **state)
{
	(void)state;
	must_pass_texts(options, ARRAY_SIZE(options), NULL);
}

/* A receive buffer shows in the window that the SYN offers. */
static void test_run_rcvbuf_shows_in_the_window(void **state)
{
	struct running r = {
		.text = HEAD
		"steps:\n"
		"  - server: {listen: 8080, as: door}\n"
		"  - client: {dial: \"server:8080\", as: a, deadline: 5s, options: {rcvbuf: 4096}}\n"
		"  - client: {dial: \"server:8080\", as: b, deadline: 5s}\n"
	};
	uint16_t windows[2] = { 0 };
	int n = 0;

	(void)state;
	running_pass(&r);
	for (int i = 0; i < r.n; i++) {
		if (r.events[i].type == EVENT_PACKET && is_syn(&r.events[i])) {
			assert_true(n < 2);
			windows[n++] = r.events[i].packet.packet.window;
		}
	}
	assert_int_equal(n, 2);
	assert_true(windows[0] > 0 && windows[0] <= 8192);
	assert_true(windows[1] > 20000);
	running_free(&r);
}

static bool is_syn_data(const struct event *e)
{
	return is_syn(e) && e->packet.packet.payload > 0;
}

/*
 * TCP Fast Open (RFC 7413): the second connection carries data in its SYN, which takes a listener that
 * hands out cookies and a client that asks for them.
 */
static void test_run_fastopen_sends_data_in_the_syn(void **state)
{
	struct running r = {
		.text = HEAD
		"steps:\n"
		"  - sysctl: {at: server, net.ipv4.tcp_fastopen: 3}\n"
		"  - server: {listen: 8080, as: door, options: {fastopen: true}}\n"
		"  - client: {dial: \"server:8080\", as: first, deadline: 5s, options: {fastopen: true}}\n"
		"  - client: {send: first, text: hello, deadline: 5s}\n"
		"  - server: {accept: door, as: one, deadline: 5s}\n"
		"  - server: {recv: one, bytes: 5, deadline: 5s}\n"
		"  - client: {dial: \"server:8080\", as: second, deadline: 5s, options: {fastopen: true}}\n"
		"  - client: {send: second, text: again, deadline: 5s}\n"
		"  - server: {accept: door, as: two, deadline: 5s}\n"
		"  - server: {recv: two, bytes: 5, deadline: 5s}\n"
		"    expect: {bytes: 5}\n"
	};

	(void)state;
	running_pass(&r);
	assert_int_equal(events_of(&r, EVENT_PACKET, is_syn_data), 1);
	running_free(&r);
}

/* ---- wait ---- */

static void test_run_wait_takes_its_time(void **state)
{
	struct running r = { .text = HEAD "steps:\n  - wait: 250ms\n" };

	(void)state;
	running_pass(&r);
	assert_true(step_end(&r, 1)->step.took_ns >= INT64_C(250000000));
	running_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run_verbs_pass),
		cmocka_unit_test(test_run_verbs_pass_over_ipv6),
		cmocka_unit_test(test_run_dial_chooses_a_family_in_a_dual_case),
		cmocka_unit_test(test_run_dial_gives_up_at_its_deadline),
		cmocka_unit_test(test_run_blocking_calls_block),
		cmocka_unit_test(test_run_sends_while_a_read_of_the_same_socket_waits),
		cmocka_unit_test(test_run_accepts_twice_at_one_listener),
		cmocka_unit_test(test_run_options_are_set),
		cmocka_unit_test(test_run_rcvbuf_shows_in_the_window),
		cmocka_unit_test(test_run_fastopen_sends_data_in_the_syn),
		cmocka_unit_test(test_run_wait_takes_its_time),
	};

	return TEST_MAIN("run verbs", tests, NULL, NULL);
}
