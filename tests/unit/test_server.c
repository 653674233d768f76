// SPDX-License-Identifier: GPL-2.0-or-later
/* The small servers, byte by byte, over loopback sockets of this process. */
#include "tests/support/main.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "lab/observe/axis.h"
#include "lab/run/dns.h"
#include "lab/run/loop.h"
#include "lab/run/op.h"
#include "lab/run/server.h"
#include "netns/cleanup.h"

enum { PATIENCE_TURNS = 20000 };

struct rig {
	struct dns_zone zone;
	struct topology topo;
	struct dns_record record;
	struct loop *loop;
	struct sock listener;
	struct server *server;
	int client;
};

static int kind_of(const char *word)
{
	for (int i = 0; server_words[i]; i++) {
		if (!strcmp(server_words[i], word))
			return i;
	}
	fail_msg("no server '%s'", word);
	return -1;
}

static int dial(const struct rig *rig)
{
	struct sockaddr_in to;
	socklen_t len = sizeof(to);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(getsockname(rig->listener.fd, (struct sockaddr *)&to, &len), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void rig_open(struct rig *rig, const char *word)
{
	struct sockaddr_in any = { .sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct lab_err err = { 0 };

	memset(rig, 0, sizeof(*rig));
	assert_int_equal(loop_open(&rig->loop, &err), 0);
	rig->listener.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(rig->listener.fd, (struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(listen(rig->listener.fd, 16), 0);
	rig->record =
		(struct dns_record){ .name = (char *)"www", .host = -1, .addr = { 10, 0, 2, 2 } };
	rig->zone = (struct dns_zone){
		.topo = &rig->topo, .families = 1, .records = &rig->record, .n = 1
	};
	assert_int_equal(server_start(rig->loop, &rig->listener, (enum server_kind)kind_of(word),
				      &rig->zone, &rig->server, &err),
			 0);
	rig->client = dial(rig);
}

static void rig_close(struct rig *rig)
{
	server_stop(rig->server);
	loop_close(rig->loop);
	close_fd(&rig->listener.fd);
	close_fd(&rig->client);
}

/* One turn of the server's loop, at most a millisecond long. */
static void turn(struct rig *rig)
{
	struct lab_err err = { 0 };

	assert_int_equal(loop_turn(rig->loop, clock_now() + 1000000, &err), 0);
}

/* How many of @limit turns do something rather than wait for their millisecond. */
static int busy_turns(struct rig *rig, int limit)
{
	int busy = 0;

	for (int i = 0; i < limit; i++) {
		int64_t begun = clock_now();

		turn(rig);
		busy += clock_now() - begun < 500000;
	}
	return busy;
}

/* Receive up to @size bytes while the server turns; what recv() said last: 0 at the end of the stream. */
static ssize_t take(struct rig *rig, int fd, char *buf, size_t size, size_t *ret_len)
{
	*ret_len = 0;
	for (int i = 0; i < PATIENCE_TURNS; i++) {
		ssize_t n = recv(fd, buf + *ret_len, size - *ret_len, MSG_DONTWAIT);

		if (n >= 0)
			*ret_len += (size_t)n;
		if (n == 0 || *ret_len == size)
			return n;
		if (n < 0 && errno != EAGAIN)
			return -errno;
		turn(rig);
	}
	fail_msg("the server does not come to its point");
	return -1;
}

static void put(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void expect_end(struct rig *rig, int fd)
{
	char c;
	size_t len;

	assert_int_equal(take(rig, fd, &c, 1, &len), 0);
	assert_int_equal(len, 0);
}

/* ---- echo ---- */

static void test_server_echo_sends_back_what_comes(void **state)
{
	enum { TOTAL = 3 << 20 };
	static char out[65537], in[65537];
	struct rig rig;
	size_t sent = 0, got = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 7 + i / 251);
	rig_open(&rig, "echo");
	for (int i = 0; got < TOTAL; i++) {
		size_t at = sent % sizeof(out), want = sizeof(out) - at;
		ssize_t n = 0;

		assert_true(i < PATIENCE_TURNS);
		if (sent < TOTAL)
			n = send(rig.client, out + at, want < TOTAL - sent ? want : TOTAL - sent,
				 MSG_DONTWAIT | MSG_NOSIGNAL);
		sent += n > 0 ? (size_t)n : 0;
		turn(&rig);
		n = recv(rig.client, in, sizeof(in), MSG_DONTWAIT);
		for (ssize_t k = 0; k < n; k++, got++) {
			if (in[k] != out[got % sizeof(out)])
				fail_msg("byte %zu came back as another", got);
		}
	}
	/* half-closed with something still to come back */
	put(rig.client, "last words");
	shutdown(rig.client, SHUT_WR);
	assert_int_equal(take(&rig, rig.client, in, 10, &got), 10);
	assert_memory_equal(in, "last words", 10);
	expect_end(&rig, rig.client);
	rig_close(&rig);
}

/* A client that sends and never reads: the server holds a bounded amount, and then it waits. */
static void test_server_echo_waits_for_a_client_that_does_not_read(void **state)
{
	static char out[65536];
	struct rig rig;
	int64_t sent = 0;
	int stuck = 0;

	(void)state;
	rig_open(&rig, "echo");
	for (int i = 0; i < PATIENCE_TURNS && stuck < 20; i++) {
		ssize_t n = send(rig.client, out, sizeof(out), MSG_DONTWAIT | MSG_NOSIGNAL);

		sent += n > 0 ? n : 0;
		stuck = n > 0 ? 0 : stuck + 1;
		turn(&rig);
	}
	assert_int_equal(stuck, 20);
	assert_true(sent > 100000);
	/* it waits, rather than asking again and again */
	assert_true(busy_turns(&rig, 20) <= 2);
	rig_close(&rig);
}

/* ---- http ---- */

static void test_server_http_answers_a_request_in_pieces(void **state)
{
	static const char *const pieces[] = { "GET / HT", "TP/1.1\r\nHost: server\r", "\n", "\r",
					      "\n" };
	char buf[512];
	struct rig rig;
	size_t len;

	(void)state;
	rig_open(&rig, "http");
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		for (int k = 0; k < 3; k++)
			turn(&rig);
		/* not a byte before the request is complete */
		assert_int_equal(recv(rig.client, buf, 1, MSG_DONTWAIT | MSG_PEEK), -1);
		put(rig.client, pieces[i]);
	}
	assert_int_equal(take(&rig, rig.client, buf, sizeof(buf) - 1, &len), 0);
	buf[len] = '\0';
	assert_int_equal(strncmp(buf, "HTTP/1.1 200 OK\r\n", 17), 0);
	assert_non_null(strstr(buf, "\r\nContent-Length: 6\r\n"));
	assert_non_null(strstr(buf, "\r\nConnection: close\r\n"));
	assert_string_equal(strstr(buf, "\r\n\r\n"), "\r\n\r\nhello\n");
	rig_close(&rig);
}

static void test_server_http_closes_on_a_request_that_ends_early(void **state)
{
	struct rig rig;

	(void)state;
	rig_open(&rig, "http");
	put(rig.client, "GET / HTTP/1.1\r\n");
	shutdown(rig.client, SHUT_WR);
	expect_end(&rig, rig.client);
	rig_close(&rig);
}

static void test_server_http_closes_on_a_request_without_end(void **state)
{
	static char junk[65536];
	struct rig rig;
	char c;
	size_t len;
	ssize_t n;

	(void)state;
	memset(junk, 'x', sizeof(junk));
	rig_open(&rig, "http");
	assert_int_equal(send(rig.client, junk, sizeof(junk), MSG_NOSIGNAL), sizeof(junk));
	n = take(&rig, rig.client, &c, 1, &len);
	assert_true(n == 0 || n == -ECONNRESET);
	rig_close(&rig);
}

/* ---- discard and chargen ---- */

static void test_server_discard_says_nothing(void **state)
{
	static char junk[100000];
	struct rig rig;
	size_t sent = 0;
	char c;

	(void)state;
	rig_open(&rig, "discard");
	for (int i = 0; sent < 3 << 20; i++) {
		ssize_t n = send(rig.client, junk, sizeof(junk), MSG_DONTWAIT | MSG_NOSIGNAL);

		assert_true(i < PATIENCE_TURNS);
		sent += n > 0 ? (size_t)n : 0;
		turn(&rig);
		assert_int_equal(recv(rig.client, &c, 1, MSG_DONTWAIT), -1);
	}
	shutdown(rig.client, SHUT_WR);
	expect_end(&rig, rig.client);
	rig_close(&rig);
}

/* RFC 864: lines of 72 of the 95 printable characters, each begins one further on. */
static void test_server_chargen_follows_the_pattern(void **state)
{
	enum { TOTAL = 1 << 20 };
	char *buf = malloc(TOTAL);
	struct rig rig;
	size_t len;

	(void)state;
	assert_non_null(buf);
	rig_open(&rig, "chargen");
	assert_true(take(&rig, rig.client, buf, TOTAL, &len) > 0);
	for (size_t i = 0; i < len; i++) {
		size_t line = i / 74, at = i % 74;
		char want = at == 72 ? '\r' : at == 73 ? '\n' : (char)(' ' + (line + at) % 95);

		if (buf[i] != want)
			fail_msg("byte %zu is %02x instead of %02x", i, buf[i], want);
	}
	free(buf);
	rig_close(&rig);
}

/* It stops when its client has closed, whether that reads or not. */
static void test_server_chargen_sees_a_client_that_closes(void **state)
{
	static char buf[1 << 20];
	struct rig rig;
	size_t len;
	int rounds = 0;

	(void)state;
	rig_open(&rig, "chargen");
	/* until both buffers are full */
	while (busy_turns(&rig, 5) > 1)
		assert_true(++rounds < 1000);
	shutdown(rig.client, SHUT_WR);
	for (int i = 0; i < 20; i++)
		turn(&rig);
	for (rounds = 0; take(&rig, rig.client, buf, sizeof(buf), &len); rounds++)
		assert_true(rounds < 100); /* what is in the buffers, and then the end */
	rig_close(&rig);
}

/* ---- dns ---- */

/* "www", A; with its length before it */
static const char query[] = "\0\x15\x12\x34\x01\0\0\x01\0\0\0\0\0\0\3www\0\0\x01\0\x01";
static const char reply[] = "\0\x25\x12\x34\x85\x80\0\x01\0\x01\0\0\0\0\3www\0\0\x01\0\x01"
			    "\xc0\x0c\0\x01\0\x01\0\0\0<\0\4\x0a\0\2\2";

enum { QUERY = sizeof(query) - 1, REPLY = sizeof(reply) - 1 };

static void test_server_dns_answers_a_query_in_pieces(void **state)
{
	char buf[REPLY];
	struct rig rig;
	size_t len;

	(void)state;
	rig_open(&rig, "dns");
	for (int i = 0; i < QUERY; i++) {
		for (int k = 0; k < 3; k++)
			turn(&rig);
		assert_int_equal(recv(rig.client, buf, 1, MSG_DONTWAIT | MSG_PEEK), -1);
		assert_int_equal(send(rig.client, query + i, 1, MSG_NOSIGNAL), 1);
	}
	take(&rig, rig.client, buf, REPLY, &len);
	assert_memory_equal(buf, reply, REPLY);
	/* the connection stays, for another query: RFC 7766, 6.2.1 */
	assert_int_equal(send(rig.client, query, QUERY, MSG_NOSIGNAL), QUERY);
	take(&rig, rig.client, buf, REPLY, &len);
	assert_memory_equal(buf, reply, REPLY);
	rig_close(&rig);
}

/* Thousands in one piece, more than the buffer takes, and the last one is cut off. */
static void test_server_dns_answers_many_queries(void **state)
{
	enum { MANY = 6000 };
	char *out = malloc(MANY * QUERY), *in = malloc(MANY * REPLY);
	size_t sent = 0, got = 0;
	struct rig rig;

	(void)state;
	assert_true(out && in);
	for (int i = 0; i < MANY; i++)
		memcpy(out + (size_t)i * QUERY, query, QUERY);
	rig_open(&rig, "dns");
	for (int i = 0; got < (MANY - 1) * REPLY; i++) {
		ssize_t n = 0;

		assert_true(i < 20 * PATIENCE_TURNS);
		if (sent < MANY * QUERY - 1)
			n = send(rig.client, out + sent, MANY * QUERY - 1 - sent,
				 MSG_DONTWAIT | MSG_NOSIGNAL);
		sent += n > 0 ? (size_t)n : 0;
		turn(&rig);
		n = recv(rig.client, in + got, MANY * REPLY - got, MSG_DONTWAIT);
		got += n > 0 ? (size_t)n : 0;
	}
	for (int i = 0; i < MANY - 1; i++)
		assert_memory_equal(in + (size_t)i * REPLY, reply, REPLY);
	shutdown(rig.client, SHUT_WR);
	expect_end(&rig, rig.client);
	assert_int_equal(got, (MANY - 1) * REPLY);
	rig_close(&rig);
	free(out);
	free(in);
}

/* No query, no length that fits: it hangs up, after what it was asked before. */
static void test_server_dns_hangs_up_on_rubbish(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} table[] = { { "\0\0", 2 },
		      { "\xff\xff", 2 },
		      { "GET / HTTP/1.1\r\n", 16 },
		      { "\0\x0c\0\0\x80\0\0\0\0\0\0\0\0\0", 14 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		char buf[REPLY];
		struct rig rig;
		size_t len;

		rig_open(&rig, "dns");
		assert_int_equal(send(rig.client, query, QUERY, MSG_NOSIGNAL), QUERY);
		assert_int_equal(send(rig.client, table[i].bytes, table[i].n, MSG_NOSIGNAL),
				 table[i].n);
		take(&rig, rig.client, buf, REPLY, &len);
		assert_memory_equal(buf, reply, REPLY);
		expect_end(&rig, rig.client);
		rig_close(&rig);
	}
}

/* ---- all of them ---- */

/* A client that resets at any moment leaves nothing that keeps the loop busy. */
static void test_server_forgets_a_client_that_resets(void **state)
{
	static const char *const begun[] = { "", "x", "GET / HTTP/1.1\r\n",
					     "GET / HTTP/1.1\r\n\r\n" };
	struct linger abortive = { .l_onoff = 1 };

	(void)state;
	for (int i = 0; i < 5 * 4 * 2; i++) {
		struct rig rig;

		rig_open(&rig, server_words[i % 5]);
		put(rig.client, begun[i / 5 % 4]);
		for (int k = 0; k < 4; k++)
			turn(&rig);
		if (i / 20) {
			shutdown(rig.client, SHUT_WR);
			for (int k = 0; k < 4; k++)
				turn(&rig);
		}
		setsockopt(rig.client, SOL_SOCKET, SO_LINGER, &abortive, sizeof(abortive));
		close_fd(&rig.client);
		for (int k = 0; k < 6; k++)
			turn(&rig);
		if (busy_turns(&rig, 10) > 2)
			fail_msg("%s, '%s': the loop is busy", server_words[i % 5],
				 begun[i / 5 % 4]);
		/* and it serves the next one */
		rig.client = dial(&rig);
		shutdown(rig.client, SHUT_WR);
		for (int k = 0; k < 10; k++)
			turn(&rig);
		rig_close(&rig);
	}
}

static void test_server_serves_many_at_once(void **state)
{
	int clients[12];
	struct rig rig;

	(void)state;
	rig_open(&rig, "echo");
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
		clients[i] = dial(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		char word[16], got[16];
		size_t len;

		snprintf(word, sizeof(word), "client %zu", i);
		put(clients[i], word);
		assert_int_equal(take(&rig, clients[i], got, strlen(word), &len), strlen(word));
		assert_memory_equal(got, word, strlen(word));
	}
	/* stopped with all of them open: they are closed */
	server_stop(TAKE_PTR(rig.server));
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		char c;

		assert_int_equal(recv(clients[i], &c, 1, 0), 0);
		close(clients[i]);
	}
	rig_close(&rig);
}

/* Bounded: one more ends the oldest, and nobody else. */
static void test_server_bound_ends_the_oldest(void **state)
{
	enum { MOST = 3 };
	int clients[2 * MOST];
	char buf[REPLY];
	struct rig rig;
	size_t len;

	(void)state;
	rig_open(&rig, "dns");
	server_bound(rig.server, MOST);
	for (int i = 0; i < 2 * MOST; i++) {
		clients[i] = dial(&rig);
		for (int k = 0; k < 4; k++)
			turn(&rig);
	}
	expect_end(&rig, rig.client);
	for (int i = 0; i < MOST; i++)
		expect_end(&rig, clients[i]);
	for (int i = MOST; i < 2 * MOST; i++) {
		assert_int_equal(send(clients[i], query, QUERY, MSG_NOSIGNAL), QUERY);
		take(&rig, clients[i], buf, REPLY, &len);
		assert_memory_equal(buf, reply, REPLY);
	}
	/* fewer are allowed: at once */
	server_bound(rig.server, 1);
	expect_end(&rig, clients[MOST]);
	expect_end(&rig, clients[MOST + 1]);
	assert_int_equal(recv(clients[MOST + 2], buf, 1, MSG_DONTWAIT), -1);
	for (int i = 0; i < 2 * MOST; i++)
		close(clients[i]);
	rig_close(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_server_echo_sends_back_what_comes),
		cmocka_unit_test(test_server_echo_waits_for_a_client_that_does_not_read),
		cmocka_unit_test(test_server_http_answers_a_request_in_pieces),
		cmocka_unit_test(test_server_http_closes_on_a_request_that_ends_early),
		cmocka_unit_test(test_server_http_closes_on_a_request_without_end),
		cmocka_unit_test(test_server_discard_says_nothing),
		cmocka_unit_test(test_server_chargen_follows_the_pattern),
		cmocka_unit_test(test_server_chargen_sees_a_client_that_closes),
		cmocka_unit_test(test_server_dns_answers_a_query_in_pieces),
		cmocka_unit_test(test_server_dns_answers_many_queries),
		cmocka_unit_test(test_server_dns_hangs_up_on_rubbish),
		cmocka_unit_test(test_server_forgets_a_client_that_resets),
		cmocka_unit_test(test_server_serves_many_at_once),
		cmocka_unit_test(test_server_bound_ends_the_oldest),
	};

	return TEST_MAIN("server", tests, NULL, NULL);
}
