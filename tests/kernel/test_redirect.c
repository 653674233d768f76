// SPDX-License-Identifier: GPL-2.0-or-later
/* A redirected port: both ways, who is in nobody's way, and what connection tracking hears of it. */
#include "tests/kernel/rig.h"

#include "impair/redirect.h"
#include "impair/stateful.h"
#include "lab/observe/conntrack.h"

enum { PORT = 53, TO_PORT = 4, UDP_LEN = 8 };

#define ADDRESS "127.0.0.53"

static union address address_v4(const char *text, uint16_t port)
{
	union address a = address_any(FAM4, port);

	must(inet_pton(AF_INET, text, &a.in.sin_addr) == 1);
	return a;
}

/* A socket of the client's, bound to that; -1 with errno if it is taken. */
static int bound_at(const struct lab *lab, const char *text, int type, uint16_t port)
{
	union address at = address_v4(text, port);
	int fd = lab_socket(lab, CLIENT, AF_INET, type | SOCK_NONBLOCK, 0);

	if (bind(fd, &at.any, address_len(FAM4)) == 0 &&
	    (type != SOCK_STREAM || listen(fd, 8) == 0))
		return fd;
	close(fd);
	return -1;
}

static int connected_to(const struct lab *lab, const char *text, int type, uint16_t port)
{
	union address to = address_v4(text, port);
	int fd = lab_socket(lab, CLIENT, AF_INET, type, 0);

	if (connect(fd, &to.any, address_len(FAM4)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void redirect_at_client(const struct lab *lab, bool untracked)
{
	const struct redirect redirect = { { 127, 0, 0, 53 }, PORT, TO_PORT, untracked };
	struct lab_err err = { 0 };

	must_work(redirect_create(lab->net, CLIENT, &redirect, &err), &err);
}

/* A question and its answer; the socket is connected, so that an answer from elsewhere would be none. */
static void datagrams_pass(const struct lab *lab, int at)
{
	int from = connected_to(lab, ADDRESS, SOCK_DGRAM, PORT);
	union address seen;
	socklen_t len = sizeof(seen);
	char text[16];

	must(from >= 0 && send(from, "ask", 3, 0) == 3);
	must(ready_within(at, POLLIN, LAB_WAIT_MS));
	must_equal(recvfrom(at, text, sizeof(text), 0, &seen.any, &len), 3);
	must(sendto(at, "answer", 6, 0, &seen.any, len) == 6);
	must(ready_within(from, POLLIN, LAB_WAIT_MS));
	must_equal(recv(from, text, sizeof(text), 0), 6);
	close(from);
}

static void connection_passes(const struct lab *lab, int listener)
{
	int from = connected_to(lab, ADDRESS, SOCK_STREAM, PORT), to;

	must(from >= 0 && ready_within(listener, POLLIN, LAB_WAIT_MS));
	to = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	must(to >= 0);
	must_pass(from, to, "ask");
	must_pass(to, from, "answer");
	close(to);
	must(ready_within(from, POLLIN, LAB_WAIT_MS));
	close(from);
}

static uint16_t checksum(const uint8_t *bytes, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++)
		sum += (uint32_t)bytes[i] << (i % 2 ? 0 : 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* One that comes with its checksum, as a raw socket sends it: the checksum has to follow the port. */
static void raw_passes(const struct lab *lab, int at)
{
	uint8_t packet[20 + UDP_LEN + 4] = { 0x45, 0,		0,   sizeof(packet),
					     0,	   0,		0,   0,
					     64,   IPPROTO_UDP, 0,   0,
					     127,  0,		0,   1,
					     127,  0,		0,   53,
					     0x12, 0x34,	0,   PORT,
					     0,	   UDP_LEN + 4, 0,   0,
					     'r',  'a',		'w', '!' };
	union address to = address_v4(ADDRESS, 0);
	int raw = lab_socket(lab, CLIENT, AF_INET, SOCK_RAW, IPPROTO_RAW);
	uint16_t sum;
	char text[16];

	/* RFC 768: over the addresses, too, the protocol and the length */
	sum = checksum(packet + 12, sizeof(packet) - 12, IPPROTO_UDP + UDP_LEN + 4);
	packet[26] = (uint8_t)(sum >> 8);
	packet[27] = (uint8_t)sum;
	must_equal(sendto(raw, packet, sizeof(packet), 0, &to.any, address_len(FAM4)),
		   sizeof(packet));
	must(ready_within(at, POLLIN, LAB_WAIT_MS));
	must_equal(recv(at, text, sizeof(text), 0), 4);
	must(!memcmp(text, "raw!", 4));
	close(raw);
}

static void both_ways_body(void *arg)
{
	struct lab lab;
	int udp, tcp;

	(void)arg;
	lab_default(&lab);
	redirect_at_client(&lab, false);
	/* nobody is there: that comes back, too */
	must(connected_to(&lab, ADDRESS, SOCK_STREAM, PORT) < 0);
	must_equal(errno, ECONNREFUSED);
	udp = bound_at(&lab, ADDRESS, SOCK_DGRAM, TO_PORT);
	tcp = bound_at(&lab, ADDRESS, SOCK_STREAM, TO_PORT);
	must(udp >= 0 && tcp >= 0);
	for (int i = 0; i < 3; i++) {
		datagrams_pass(&lab, udp);
		connection_passes(&lab, tcp);
		raw_passes(&lab, udp);
	}
	close(udp);
	close(tcp);
	lab_down(&lab);
}

static void test_redirect_leads_both_ways(void **state)
{
	(void)state;
	inside(both_ways_body, NULL);
}

/* Port 53 stays everybody's, and what is sent to it elsewhere comes there. */
static void in_nobodys_way_body(void *arg)
{
	static const int types[] = { SOCK_DGRAM, SOCK_STREAM };
	struct lab lab;

	(void)arg;
	lab_default(&lab);
	redirect_at_client(&lab, false);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		int ours = bound_at(&lab, ADDRESS, types[i], TO_PORT);
		int any = bound_at(&lab, "0.0.0.0", types[i], PORT), from;

		must(ours >= 0 && any >= 0);
		from = connected_to(&lab, "127.0.0.1", types[i], PORT);
		must(from >= 0);
		if (types[i] == SOCK_DGRAM)
			must(send(from, "x", 1, 0) == 1);
		must(ready_within(any, POLLIN, LAB_WAIT_MS));
		must(!ready_within(ours, POLLIN, 0));
		close(from);
		close(any);
		close(ours);
	}
	lab_down(&lab);
}

static void test_redirect_is_in_nobodys_way(void **state)
{
	(void)state;
	inside(in_nobodys_way_body, NULL);
}

static void entry_count(void *arg, const struct ct_entry *entry)
{
	(void)entry;
	++*(int *)arg;
}

/* Where connections are tracked: untracked there is nothing, else there is something. */
static void tracking_body(void *arg)
{
	bool untracked = *(const bool *)arg;
	struct rig *rig = rig_new();
	struct fault *fault = rig_fault(rig, "wall1", CLIENT, "drop");
	struct stateful stateful = { .loose = -1, .liberal = -1 };
	struct conntrack *ct = NULL;
	struct lab_err err = { 0 };
	int udp, tcp, n = 0;

	fault->stateful = &stateful;
	rig_up(rig);
	redirect_at_client(&rig->lab, untracked);
	udp = bound_at(&rig->lab, ADDRESS, SOCK_DGRAM, TO_PORT);
	tcp = bound_at(&rig->lab, ADDRESS, SOCK_STREAM, TO_PORT);
	must(udp >= 0 && tcp >= 0);
	datagrams_pass(&rig->lab, udp);
	connection_passes(&rig->lab, tcp);
	must_work(conntrack_open(rig->lab.net, CLIENT, &ct, &err), &err);
	must_work(conntrack_dump(ct, entry_count, &n, &err), &err);
	must(untracked ? n == 0 : n > 0);
	conntrack_close(ct);
	close(udp);
	close(tcp);
	rig_down(rig);
}

static void test_redirect_is_tracked_or_not(void **state)
{
	static const bool untracked[] = { false, true };

	(void)state;
	inside_each(tracking_body, untracked, sizeof(*untracked), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_redirect_leads_both_ways),
		cmocka_unit_test(test_redirect_is_in_nobodys_way),
		cmocka_unit_test(test_redirect_is_tracked_or_not),
	};

	return TEST_MAIN("redirect", tests, NULL, NULL);
}
