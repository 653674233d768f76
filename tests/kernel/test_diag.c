// SPDX-License-Identifier: GPL-2.0-or-later
/* Every TCP state, reached with real sockets and faults, as inet_diag tells it; ss as second opinion. */
#include "tests/kernel/rig.h"

#include <linux/tcp.h>

#include "lab/observe/diag.h"

struct bench {
	struct rig *rig;
	struct diag *diags[3];
	int fam;
	int listener, client, server;
	struct four_tuple at_client, at_server;
};

/* A bench with one fault at fw, off for now; @action NULL for none. */
static struct bench bench_open(int fam, const char *action, int from, unsigned segments)
{
	struct bench b = { .rig = rig_new(), .fam = fam, .client = -1, .server = -1 };
	struct lab_err err = { 0 };

	if (action) {
		struct fault *fault = rig_fault(b.rig, "fault", FW, action);

		fault->match = (struct packet_match){ from, -1, IPPROTO_TCP, 0, 0, segments };
		fault->active = false;
	}
	rig_up(b.rig);
	for (int h = 0; h < 3; h++)
		must_work(diag_open(b.rig->lab.net, h, &b.diags[h], &err), &err);
	b.listener = lab_listen(&b.rig->lab, SERVER, fam, LAB_PORT);
	return b;
}

static void bench_close(struct bench *b)
{
	close_fd(&b->client);
	close_fd(&b->server);
	close_fd(&b->listener);
	for (int h = 0; h < 3; h++)
		diag_close(b->diags[h]);
	rig_down(b->rig);
}

/* Begin to connect; both four-tuples are known from then on. */
static void bench_dial(struct bench *b)
{
	const struct topology *topo = &b->rig->lab.topo;
	const struct topo_addr *from = topology_addr(topo, SERVER, CLIENT, b->fam);
	const struct topo_addr *to = topology_addr(topo, CLIENT, SERVER, b->fam);

	b->client = lab_connect(&b->rig->lab, CLIENT, SERVER, b->fam, LAB_PORT);
	b->at_client = (struct four_tuple){ .af = topo_af(b->fam), .rport = LAB_PORT };
	b->at_client.lport = port_of(b->client);
	memcpy(b->at_client.local, from->bytes, 16);
	memcpy(b->at_client.remote, to->bytes, 16);
	b->at_server = (struct four_tuple){ .af = topo_af(b->fam),
					    .lport = LAB_PORT,
					    .rport = b->at_client.lport };
	memcpy(b->at_server.local, to->bytes, 16);
	memcpy(b->at_server.remote, from->bytes, 16);
}

static void bench_connect(struct bench *b)
{
	bench_dial(b);
	must_equal(connect_result(b->client, LAB_WAIT_MS), 0);
	must(ready_within(b->listener, POLLIN, LAB_WAIT_MS));
	b->server = accept4(b->listener, NULL, NULL, SOCK_CLOEXEC);
	must(b->server >= 0);
}

static struct diag_socket look(struct bench *b, int host)
{
	struct diag_socket s;
	struct lab_err err = { 0 };

	must_work(diag_find(b->diags[host], host == CLIENT ? &b->at_client : &b->at_server, &s,
			    &err),
		  &err);
	return s;
}

/* As ss writes it, or "" where it shows none. Timewait sockets are shown only when asked for. */
static void must_be_seen_by_ss(struct bench *b, int host, const char *word)
{
	char command[160];
	_cleanup_free_ char *text = NULL;

	if (!has_tool("ss"))
		return;
	snprintf(command, sizeof(command),
		 "ss -Htan '( sport = :%u and dport = :%u )' | cut -d' ' -f1",
		 host == CLIENT ? b->at_client.lport : LAB_PORT,
		 host == CLIENT ? LAB_PORT : b->at_client.lport);
	text = lab_output(&b->rig->lab, host, command);
	text[strcspn(text, "\n")] = '\0';
	must_same(text, word);
}

/* Wait until a host's end is in a state. */
static struct diag_socket await_state(struct bench *b, int host, int state, const char *ss_word)
{
	int64_t until = now_ms() + LAB_WAIT_MS;
	struct diag_socket s;

	while ((s = look(b, host)).state != state) {
		if (now_ms() > until)
			INSIDE_FAIL("host %d is %s instead of %s", host, tcp_state_name(s.state),
				    tcp_state_name(state));
		poll(NULL, 0, 1); /* nothing tells of a change of state: look again */
	}
	must_be_seen_by_ss(b, host, ss_word);
	return s;
}

/* ---- one state after the other ---- */

static void listen_body(void *arg)
{
	struct bench b = bench_open(*(int *)arg, NULL, 0, 0);
	struct four_tuple tuple = { .af = topo_af(b.fam), .lport = LAB_PORT };
	struct lab_err err = { 0 };
	struct diag_socket s;

	must_work(diag_find(b.diags[SERVER], &tuple, &s, &err), &err);
	must_equal(s.state, STATE_LISTEN);
	must_equal(s.rqueue, 0);
	must_equal(s.wqueue, 64);
	must_equal(s.timer, 0);
	bench_dial(&b);
	must_equal(connect_result(b.client, LAB_WAIT_MS), 0);
	must(ready_within(b.listener, POLLIN, LAB_WAIT_MS));
	must_work(diag_find(b.diags[SERVER], &tuple, &s, &err), &err);
	must_equal(s.state, STATE_LISTEN);
	must_equal(s.rqueue, 1);
	/* another host's, another port's */
	must_work(diag_find(b.diags[CLIENT], &tuple, &s, &err), &err);
	must_equal(s.state, STATE_CLOSED);
	tuple.lport = LAB_PORT + 1;
	must_work(diag_find(b.diags[SERVER], &tuple, &s, &err), &err);
	must_equal(s.state, STATE_CLOSED);
	bench_close(&b);
}

static void syn_sent_body(void *arg)
{
	struct bench b = bench_open(*(int *)arg, "drop", CLIENT, SEG_SYN);
	struct diag_socket s;

	rig_switch(b.rig, 0, true);
	bench_dial(&b);
	s = await_state(&b, CLIENT, STATE_SYN_SENT, "SYN-SENT");
	must_equal(s.timer, 1);
	must(s.timer_left_ms > 0 && s.timer_left_ms <= 1100);
	must_equal(s.timer_retrans, 0);
	must(s.info_len > 0);
	must_equal(s.info.tcpi_state, STATE_SYN_SENT);
	/* a listener on the port is no answer to a question about a connection */
	must_equal(look(&b, SERVER).state, STATE_CLOSED);
	/* the repetition is counted */
	while (look(&b, CLIENT).timer_retrans == 0)
		poll(NULL, 0, 5);
	must_equal(look(&b, CLIENT).timer_retrans, 1);
	close_fd(&b.client);
	must_equal(look(&b, CLIENT).state, STATE_CLOSED);
	bench_close(&b);
}

static void syn_recv_body(void *arg)
{
	struct bench b = bench_open(*(int *)arg, "drop", CLIENT, SEG_ACK);
	struct diag_socket s;
	int state;

	rig_switch(b.rig, 0, true);
	bench_dial(&b);
	must_equal(connect_result(b.client, LAB_WAIT_MS), 0);
	await_state(&b, CLIENT, STATE_ESTABLISHED, "ESTAB");
	s = look(&b, SERVER);
	state = s.state;
	must_same(tcp_state_name(state), "SYN-RECV");
	must_be_seen_by_ss(&b, SERVER, "SYN-RECV");
	must_equal(s.timer, 1);
	must_equal(s.info_len, 0);
	must(!ready_within(b.listener, POLLIN, 0));
	bench_close(&b);
}

static void established_body(void *arg)
{
	struct bench b = bench_open(*(int *)arg, "drop", CLIENT, SEG_DATA);
	struct diag_socket s, again;

	bench_connect(&b);
	s = await_state(&b, CLIENT, STATE_ESTABLISHED, "ESTAB");
	must_equal(s.timer, 0);
	must_equal(s.rqueue, 0);
	must(s.cookie != 0 && s.cookie != UINT64_MAX);
	again = look(&b, CLIENT);
	must(again.cookie == s.cookie);
	must(look(&b, SERVER).cookie != s.cookie);
	must_equal(s.info.tcpi_state, STATE_ESTABLISHED);
	/* the queues of both ends, and the timer that repeats what is lost */
	must_equal(send(b.server, "hello", 5, 0), 5);
	must(ready_within(b.client, POLLIN, LAB_WAIT_MS));
	must_equal(look(&b, CLIENT).rqueue, 5);
	rig_switch(b.rig, 0, true);
	must_equal(send(b.client, "hi", 2, 0), 2);
	s = look(&b, CLIENT);
	must_equal(s.wqueue, 2);
	must_equal(s.timer, 1);
	must_equal(s.info.tcpi_unacked, 1);
	must_equal(look(&b, SERVER).rqueue, 0);
	bench_close(&b);
}

static void active_close_body(void *arg)
{
	struct bench b = bench_open(*(int *)arg, "drop", CLIENT, SEG_FIN);
	struct diag_socket s;

	bench_connect(&b);
	rig_switch(b.rig, 0, true);
	close_fd(&b.client);
	/* nobody holds the socket any more; the kernel does */
	s = await_state(&b, CLIENT, STATE_FIN_WAIT_1, "FIN-WAIT-1");
	must_equal(s.timer, 1);
	must_equal(look(&b, SERVER).state, STATE_ESTABLISHED);
	rig_switch(b.rig, 0, false);
	await_state(&b, SERVER, STATE_CLOSE_WAIT, "CLOSE-WAIT");
	await_state(&b, CLIENT, STATE_FIN_WAIT_2, "FIN-WAIT-2");
	close_fd(&b.server);
	s = await_state(&b, CLIENT, STATE_TIME_WAIT, "TIME-WAIT");
	must_equal(s.timer, 3);
	/* TCP_TIMEWAIT_LEN: 60 s, of which little is over */
	must(s.timer_left_ms > 50000 && s.timer_left_ms <= 60000);
	must_equal(s.info_len, 0);
	await_state(&b, SERVER, STATE_CLOSED, "");
	bench_close(&b);
}

static void last_ack_body(void *arg)
{
	struct bench b = bench_open(*(int *)arg, "drop", SERVER, SEG_FIN);

	bench_connect(&b);
	must(shutdown(b.client, SHUT_WR) == 0);
	await_state(&b, SERVER, STATE_CLOSE_WAIT, "CLOSE-WAIT");
	rig_switch(b.rig, 0, true);
	close_fd(&b.server);
	must_equal(await_state(&b, SERVER, STATE_LAST_ACK, "LAST-ACK").timer, 1);
	await_state(&b, CLIENT, STATE_FIN_WAIT_2, "FIN-WAIT-2");
	bench_close(&b);
}

/*
 * CLOSING takes two FINs that cross: the server's is let through, the ACK of the client's is not. The
 * client's own FIN is lost, so that it stays unacknowledged.
 */
static void closing_body(void *arg)
{
	struct bench b = bench_open(*(int *)arg, "drop", CLIENT, SEG_FIN);

	bench_connect(&b);
	rig_switch(b.rig, 0, true);
	must(shutdown(b.client, SHUT_WR) == 0);
	await_state(&b, CLIENT, STATE_FIN_WAIT_1, "FIN-WAIT-1");
	must(shutdown(b.server, SHUT_WR) == 0);
	must_equal(await_state(&b, CLIENT, STATE_CLOSING, "CLOSING").timer, 1);
	/* the server's FIN has been acknowledged */
	await_state(&b, SERVER, STATE_FIN_WAIT_2, "FIN-WAIT-2");
	bench_close(&b);
}

static void closed_body(void *arg)
{
	struct bench b = bench_open(*(int *)arg, NULL, 0, 0);
	struct linger abortive = { .l_onoff = 1 };
	struct four_tuple tuple;
	struct lab_err err = { 0 };
	struct diag_socket s;

	bench_connect(&b);
	must(setsockopt(b.client, SOL_SOCKET, SO_LINGER, &abortive, sizeof(abortive)) == 0);
	close_fd(&b.client);
	s = await_state(&b, CLIENT, STATE_CLOSED, "");
	must_equal(s.timer, 0);
	must_equal(s.cookie, 0);
	await_state(&b, SERVER, STATE_CLOSED, "");
	/* one that never was: off by one port */
	tuple = b.at_server;
	tuple.rport++;
	must_work(diag_find(b.diags[SERVER], &tuple, &s, &err), &err);
	must_equal(s.state, STATE_CLOSED);
	bench_close(&b);
}

static void in_both_families(void (*fn)(void *arg))
{
	int fams[] = { FAM4, FAM6 };

	inside_each(fn, fams, sizeof(fams[0]), 2);
}

static void test_diag_finds_a_listener(void **state)
{
	(void)state;
	in_both_families(listen_body);
}

static void test_diag_finds_syn_sent(void **state)
{
	(void)state;
	in_both_families(syn_sent_body);
}

static void test_diag_finds_syn_recv_before_accept(void **state)
{
	(void)state;
	in_both_families(syn_recv_body);
}

static void test_diag_finds_established_and_its_queues(void **state)
{
	(void)state;
	in_both_families(established_body);
}

static void test_diag_finds_the_states_of_an_active_close(void **state)
{
	(void)state;
	in_both_families(active_close_body);
}

static void test_diag_finds_last_ack(void **state)
{
	(void)state;
	in_both_families(last_ack_body);
}

static void test_diag_finds_closing(void **state)
{
	(void)state;
	in_both_families(closing_body);
}

static void test_diag_says_closed_for_what_is_not_there(void **state)
{
	(void)state;
	in_both_families(closed_body);
}

/* ---- a socket of both families ---- */

/* An IPv4 connection to a listener of IPv6: the kernel knows it by its IPv4 addresses. */
static void mapped_body(void *arg)
{
	struct bench b = bench_open(FAM4, NULL, 0, 0);
	union address any = address_any(FAM6, LAB_PORT);
	int one = 1, off = 0;

	(void)arg;
	close_fd(&b.listener);
	b.listener = lab_socket(&b.rig->lab, SERVER, AF_INET6, SOCK_STREAM, 0);
	must(setsockopt(b.listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0);
	must(setsockopt(b.listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) == 0);
	must(bind(b.listener, &any.any, address_len(FAM6)) == 0);
	must(listen(b.listener, 8) == 0);
	bench_connect(&b);
	must_equal(look(&b, SERVER).state, STATE_ESTABLISHED);
	must_equal(look(&b, CLIENT).state, STATE_ESTABLISHED);
	close_fd(&b.client);
	await_state(&b, SERVER, STATE_CLOSE_WAIT, "CLOSE-WAIT");
	bench_close(&b);
}

static void test_diag_finds_ipv4_at_a_listener_of_both(void **state)
{
	(void)state;
	inside(mapped_body, NULL);
}

/* A listing, and what is looked for in it. */
struct listing {
	const struct four_tuple *tuple;
	int n, found, state;
};

static void listing_take(void *arg, const struct four_tuple *tuple, const struct diag_socket *s)
{
	struct listing *listing = arg;
	size_t len = tuple->af == AF_INET6 ? 16 : 4;

	listing->n++;
	if (tuple->af != listing->tuple->af || tuple->lport != listing->tuple->lport ||
	    tuple->rport != listing->tuple->rport ||
	    memcmp(tuple->local, listing->tuple->local, len) ||
	    memcmp(tuple->remote, listing->tuple->remote, len))
		return;
	listing->found++;
	listing->state = s->state;
}

static struct listing list(struct bench *b, int host, const struct four_tuple *tuple)
{
	struct listing listing = { .tuple = tuple };
	struct lab_err err = { 0 };

	must_work(diag_dump(b->diags[host], listing_take, &listing, &err), &err);
	return listing;
}

/* Both ends of a connection and the listener; then what the kernel alone still has; nothing else. */
static void listing_body(void *arg)
{
	struct bench b = bench_open(*(int *)arg, NULL, 0, 0);
	struct four_tuple listener = { .af = topo_af(b.fam), .lport = LAB_PORT };
	enum { MANY = 300 };
	struct listing l;

	must_equal(list(&b, SERVER, &listener).state, STATE_LISTEN);
	bench_connect(&b);
	l = list(&b, SERVER, &b.at_server);
	must_equal(l.n, 2);
	must_equal(l.found, 1);
	must_equal(l.state, STATE_ESTABLISHED);
	must_equal(list(&b, FW, &b.at_server).n, 0);
	close_fd(&b.client);
	close_fd(&b.server);
	await_state(&b, CLIENT, STATE_TIME_WAIT, "TIME-WAIT");
	l = list(&b, CLIENT, &b.at_client);
	must_equal(l.n, 1);
	must_equal(l.state, STATE_TIME_WAIT);
	/* more than fit into one answer */
	for (int i = 0; i < MANY; i++)
		must(lab_listen(&b.rig->lab, FW, b.fam, (uint16_t)(LAB_PORT + i)) >= 0);
	listener.lport = LAB_PORT + MANY - 1;
	l = list(&b, FW, &listener);
	must_equal(l.n, MANY);
	must_equal(l.found, 1);
	bench_close(&b);
}

static void test_diag_lists_all(void **state)
{
	int fams[] = { FAM4, FAM6 };

	(void)state;
	inside_each(listing_body, fams, sizeof(fams[0]), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_diag_finds_a_listener),
		cmocka_unit_test(test_diag_finds_syn_sent),
		cmocka_unit_test(test_diag_finds_syn_recv_before_accept),
		cmocka_unit_test(test_diag_finds_established_and_its_queues),
		cmocka_unit_test(test_diag_finds_the_states_of_an_active_close),
		cmocka_unit_test(test_diag_finds_last_ack),
		cmocka_unit_test(test_diag_finds_closing),
		cmocka_unit_test(test_diag_says_closed_for_what_is_not_there),
		cmocka_unit_test(test_diag_finds_ipv4_at_a_listener_of_both),
		cmocka_unit_test(test_diag_lists_all),
	};

	return TEST_MAIN("diag", tests, NULL, NULL);
}
