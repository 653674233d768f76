// SPDX-License-Identifier: GPL-2.0-or-later
/* Which packet a fault's hit becomes a comment of, and in which order frames come out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab/report/pcapng_window.h"

enum { CLIENT, FW, SERVER };
enum { MS = 1000000 };

static const struct packet syn = {
	.af = AF_INET,
	.src = { 10, 0, 1, 1 },
	.dst = { 10, 0, 2, 2 },
	.protocol = IPPROTO_TCP,
	.ttl = 64,
	.id = 4660,
	.ip_len = 60,
	.sport = 43210,
	.dport = 8080,
	.seq = 7,
	.flags = TCPF_SYN,
};

static const struct packet query = {
	.af = AF_INET6,
	.src = { 0xfd, [15] = 1 },
	.dst = { 0xfd, [15] = 2 },
	.protocol = IPPROTO_UDP,
	.ttl = 64,
	.ip_len = 69,
	.sport = 40000,
	.dport = 53,
	.payload = 21,
};

static struct pframe *frame_new(enum pframe_kind kind, int64_t t_ns, int host,
				const struct packet *packet)
{
	struct pframe *frame = calloc(1, sizeof(*frame));

	assert_non_null(frame);
	frame->kind = kind;
	frame->t_ns = t_ns;
	frame->host = frame->at = host;
	frame->packet = *packet;
	return frame;
}

static void packet_add(struct pwindow *w, int64_t t_ns, int host, bool out,
		       const struct packet *packet)
{
	struct pframe *frame = frame_new(PFRAME_PACKET, t_ns, host, packet);

	frame->out = out;
	pwindow_add(w, frame);
}

static void mark_add(struct pwindow *w, int64_t t_ns, int host, enum pmark_place place,
		     const char *text, const struct packet *packet)
{
	struct pframe *frame = frame_new(PFRAME_MARK, t_ns, host, packet);

	frame->place = place;
	frame->text = strdup(text);
	assert_non_null(frame->text);
	pwindow_add(w, frame);
}

/* The next frame is of that kind and time, and has that comment or none (NULL). */
static void assert_next(struct pwindow *w, bool all, enum pframe_kind kind, int64_t t_ns,
			const char *comment)
{
	struct pframe *frame = pwindow_next(w, all);

	assert_non_null(frame);
	assert_int_equal(frame->kind, kind);
	assert_int_equal(frame->t_ns, t_ns);
	assert_int_equal(frame->n_comments, comment != NULL);
	if (comment)
		assert_string_equal(frame->comment[0], comment);
	pframe_free(frame);
}

static struct pwindow *window_new(void)
{
	struct pwindow *w = pwindow_new();

	assert_non_null(w);
	return w;
}

/* The hit is told after the packet or before it; a router has changed the time to live. */
static void test_found(void **state)
{
	struct pwindow *w = window_new();
	struct packet passed = syn;

	(void)state;
	passed.ttl--;
	for (int64_t turn = 0; turn < 2; turn++) {
		int64_t t = turn * 100 * MS;

		if (turn)
			mark_add(w, t + 2, FW, PMARK_STOPPED, "dropped", &passed);
		packet_add(w, t, CLIENT, true, &syn);
		packet_add(w, t + 1, FW, false, &syn);
		if (!turn)
			mark_add(w, t + 2, FW, PMARK_STOPPED, "dropped", &passed);
		assert_null(pwindow_next(w, false));
		assert_next(w, true, PFRAME_PACKET, t, NULL);
		assert_next(w, true, PFRAME_PACKET, t + 1, "dropped");
		assert_null(pwindow_next(w, true));
	}
	pwindow_free(w);
}

/* A packet that was seen more than 5 ms ago has been handed out, or is another one. */
static void test_late(void **state)
{
	struct pwindow *w = window_new();

	(void)state;
	packet_add(w, 0, FW, false, &syn);
	mark_add(w, PWINDOW_NS + 1, FW, PMARK_STOPPED, "dropped", &syn);
	assert_next(w, false, PFRAME_PACKET, 0, NULL);
	assert_null(pwindow_next(w, false));
	assert_next(w, true, PFRAME_MARK, PWINDOW_NS + 1, NULL);
	pwindow_free(w);
}

/* Each run has a time of its own: what an earlier one came to makes nothing of a later one due. */
static void test_runs(void **state)
{
	struct pwindow *w = window_new();

	(void)state;
	packet_add(w, 12 * MS, FW, false, &syn);
	assert_next(w, true, PFRAME_PACKET, 12 * MS, NULL);
	assert_null(pwindow_next(w, true));

	packet_add(w, -MS, FW, false, &syn);
	assert_null(pwindow_next(w, false));
	mark_add(w, 0, FW, PMARK_STOPPED, "dropped", &syn);
	assert_next(w, true, PFRAME_PACKET, -MS, "dropped");
	assert_null(pwindow_next(w, true));
	pwindow_free(w);
}

/* Two that look alike: each mark goes to the one that came just before it. */
static void test_alike(void **state)
{
	struct pwindow *w = window_new();

	(void)state;
	packet_add(w, 0, FW, false, &syn);
	packet_add(w, 100, FW, false, &syn);
	packet_add(w, 200, FW, false, &syn);
	mark_add(w, 110, FW, PMARK_HERE, "delayed", &syn);
	mark_add(w, 120, FW, PMARK_HERE, "delayed", &syn);
	assert_next(w, true, PFRAME_PACKET, 0, "delayed");
	assert_next(w, true, PFRAME_PACKET, 100, "delayed");
	assert_next(w, true, PFRAME_PACKET, 200, NULL);
	pwindow_free(w);
}

/* Which side of a host: what was dropped came in, what was lost or released went out. */
static void test_places(void **state)
{
	static const struct {
		enum pmark_place place;
		int host;
		bool out, made_here, found;
	} rows[] = {
		{ PMARK_STOPPED, FW, false, false, true },
		{ PMARK_STOPPED, FW, true, true, false },
		{ PMARK_STOPPED, SERVER, false, false, false },
		{ PMARK_HERE, FW, false, false, true },
		{ PMARK_HERE, FW, true, true, true },
		{ PMARK_HERE, FW, true, false, false },
		{ PMARK_LEAVING, FW, true, false, true },
		{ PMARK_LEAVING, FW, false, false, false },
		{ PMARK_LOST, FW, true, false, true },
		{ PMARK_LOST, FW, false, false, false },
		{ PMARK_LOST, -1, true, false, true },
		{ PMARK_LOST, CLIENT, true, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pwindow *w = window_new();
		struct pframe *frame = frame_new(PFRAME_PACKET, 0, FW, &syn);

		frame->out = rows[i].out;
		frame->made_here = rows[i].made_here;
		pwindow_add(w, frame);
		mark_add(w, 1, rows[i].host, rows[i].place, "mark", &syn);
		assert_next(w, true, PFRAME_PACKET, 0, rows[i].found ? "mark" : NULL);
		if (!rows[i].found)
			assert_next(w, true, PFRAME_MARK, 1, NULL);
		assert_null(pwindow_next(w, true));
		pwindow_free(w);
	}
}

/* A wire does not change the time to live: what was lost on one wire is not the packet on the next. */
static void test_wire(void **state)
{
	struct pwindow *w = window_new();
	struct packet passed = syn;

	(void)state;
	passed.ttl--;
	packet_add(w, 0, CLIENT, true, &syn);
	packet_add(w, 1, FW, true, &passed);
	mark_add(w, 2, -1, PMARK_LOST, "lost", &syn);
	assert_next(w, true, PFRAME_PACKET, 0, "lost");
	assert_next(w, true, PFRAME_PACKET, 1, NULL);
	pwindow_free(w);
}

/* TCP is known by its numbers, whatever a translator did; of UDP one end must be left. */
static void test_translated(void **state)
{
	struct pwindow *w = window_new();
	struct packet tcp = syn, one = query, both = query;

	(void)state;
	tcp.src[3] = tcp.dst[3] = 99;
	tcp.sport = tcp.dport = 1;
	one.sport = both.sport = both.dport = 1;

	packet_add(w, 0, FW, false, &syn);
	mark_add(w, 1, FW, PMARK_HERE, "mark", &tcp);
	packet_add(w, 2, FW, false, &query);
	mark_add(w, 3, FW, PMARK_HERE, "other", &both);
	mark_add(w, 4, FW, PMARK_HERE, "mark", &one);
	assert_next(w, true, PFRAME_PACKET, 0, "mark");
	assert_next(w, true, PFRAME_PACKET, 2, "mark");
	assert_next(w, true, PFRAME_MARK, 3, NULL);
	pwindow_free(w);
}

/* Frames of one time keep the log's order; times of any size neither overflow nor get stuck. */
static void test_order(void **state)
{
	static const int64_t times[] = { 0, INT64_MAX, 5, INT64_MIN, 5, 0 };
	struct pwindow *w = window_new();

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		packet_add(w, times[i], (int)i, false, &syn);
	for (int i = 0; i < 6; i++) {
		static const int order[] = { 3, 0, 5, 2, 4, 1 };
		struct pframe *frame = pwindow_next(w, true);

		assert_non_null(frame);
		assert_int_equal(frame->host, order[i]);
		pframe_free(frame);
	}
	assert_null(pwindow_next(w, true));
	pwindow_free(w);
}

/* However many come at one moment, no more wait than may. */
static void test_full(void **state)
{
	struct pwindow *w = window_new();
	int n = 0;

	(void)state;
	for (int i = 0; i < 3 * PWINDOW_MOST; i++) {
		struct pframe *frame;

		packet_add(w, 0, FW, false, &syn);
		while ((frame = pwindow_next(w, false))) {
			pframe_free(frame);
			n++;
		}
		assert_false(pwindow_full(w));
	}
	assert_int_equal(n, 2 * PWINDOW_MOST + 1);
	pwindow_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found),	   cmocka_unit_test(test_late),
		cmocka_unit_test(test_runs),	   cmocka_unit_test(test_alike),
		cmocka_unit_test(test_places),	   cmocka_unit_test(test_wire),
		cmocka_unit_test(test_translated), cmocka_unit_test(test_order),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests_name("pcapng_window", tests, NULL, NULL);
}
