// SPDX-License-Identifier: GPL-2.0-or-later
/* Shaped links in runs, by whichever backend there is: what the log says, and what steps change. */
#include "tests/kernel/run_fixture.h"

#define MS 1000000LL

#define TOPOLOGY(links) \
	HEAD "topology:\n  hosts: {client: {}, fw: {}, server: {}}\n  links:\n" links "steps:\n"

static const struct event_begin *begin_of(const struct running *r)
{
	assert_int_equal(r->events[0].type, EVENT_BEGIN);
	return &r->events[0].begin;
}

static bool is_lost(const struct event *e)
{
	return !strcmp(e->hit.past, "lost") && !strcmp(e->hit.fault, "client -> fw");
}

static bool is_jitter_note(const struct event *e)
{
	return strstr(e->note.text,
		      "client -> fw: a jitter of 50 ms is more than the delay of 5 ms");
}

/* Every packet that has crossed a link with a delay says how long it was held, and never too short a time. */
static int held(const struct running *r, int64_t least_ns)
{
	int n = 0;

	for (int i = 0; i < r->n; i++) {
		const struct event *e = &r->events[i];

		if (e->type != EVENT_PACKET || e->packet.held_ns < 0)
			continue;
		assert_false(e->packet.out);
		assert_true(e->packet.held_ns >= least_ns);
		n++;
	}
	return n;
}

static void test_run_shape_delays_both_ways(void **state)
{
	static const char *const ips[] = { "4", "6" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct running r = {
			.text = TOPOLOGY("    - client -- fw: {delay: 30ms}\n    - fw -- server\n")
				DIALLED,
			.ip = ips[i],
		};

		running_pass(&r);
		assert_true(step_end(&r, 2)->step.took_ns >= 60 * MS);
		assert_string_equal(begin_of(&r)->links[0].shape[0], "30 ms");
		assert_string_equal(begin_of(&r)->links[0].shape[1], "30 ms");
		assert_string_equal(begin_of(&r)->links[1].shape[0], "");
		assert_true(!strcmp(begin_of(&r)->shaper, "netem") ||
			    !strcmp(begin_of(&r)->shaper, "queue"));
		/* SYN, SYN-ACK, ACK */
		assert_true(held(&r, 30 * MS - 1000) >= 3);
		running_free(&r);
	}
}

static void test_run_shape_names_no_shaper_without_one(void **state)
{
	struct running r = { .text = HEAD "steps:\n" DIALLED };

	(void)state;
	running_pass(&r);
	assert_string_equal(begin_of(&r)->shaper, "");
	assert_int_equal(held(&r, 0), 0);
	running_free(&r);
}

/* A step changes what it names, and only that; both directions or one. */
static void test_run_shape_changes_by_steps(void **state)
{
	struct running r = {
		.text = TOPOLOGY("    - client -- fw: {delay: 20ms}\n    - fw -- server\n") DIALLED
		"  - link: {set: client -> fw, delay: 70ms}\n"
		"  - client: {dial: \"server:8080\", as: slow, deadline: 5s}\n"
		"    expect: {error: none, after: 90ms..2s}\n"
		"  - link: {set: fw -- client, loss: 100%}\n"
		"  - client: {dial: \"server:8080\", as: lost, deadline: 200ms}\n"
		"    expect: {error: deadline, after: 200ms}\n"
		"  - link: {set: client -- fw, loss: 0%}\n"
		"  - client: {dial: \"server:8080\", as: again, deadline: 5s}\n"
		"    expect: {error: none, after: 90ms..2s}\n"
		"  - link: {set: client -- fw, delay: 0}\n"
		"  - client: {dial: \"server:8080\", as: quick, deadline: 5s}\n"
		"    expect: {error: none, after: \"< 60ms\"}\n",
	};

	(void)state;
	running_pass(&r);
	assert_int_equal(events_of(&r, EVENT_HIT, is_lost), 1);
	running_free(&r);
}

/* A wire that was plain is shaped by a step alone. */
static void test_run_shape_begins_with_a_step(void **state)
{
	struct running r = {
		.text = HEAD "steps:\n" DIALLED "  - link: {set: fw -> server, delay: 200ms}\n"
			     "  - client: {send: conn, text: x}\n"
			     "  - server: {recv: peer, bytes: 1, deadline: 5s}\n"
			     "    expect: {bytes: 1, after: 100ms..3s}\n",
	};

	(void)state;
	running_pass(&r);
	assert_true(begin_of(&r)->shaper[0]);
	assert_string_equal(begin_of(&r)->links[1].shape[0], "");
	running_free(&r);
}

static void test_run_shape_says_that_a_jitter_was_cut(void **state)
{
	struct running r = {
		.text = TOPOLOGY("    - client -- fw\n    - client -> fw: {delay: 5ms ± 50ms}\n"
				 "    - fw -- server\n") DIALLED,
	};

	(void)state;
	running_pass(&r);
	assert_int_equal(events_of(&r, EVENT_NOTE, is_jitter_note), 1);
	assert_string_equal(begin_of(&r)->links[0].shape[0], "5 ms ± 5 ms");
	running_free(&r);
}

/* A host that comes back finds its links as they were. */
static void test_run_shape_survives_a_reboot(void **state)
{
	static const char *const hosts[] = { "client", "fw" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		char text[1200];
		struct running r = { .text = text };

		snprintf(text, sizeof(text),
			 TOPOLOGY(
				 "    - client -- fw: {delay: 30ms}\n    - fw -- server\n") "  - server: {listen: 8080, as: door}\n"
											    "  - host: {reboot: %s}\n"
											    "  - client: {dial: \"server:8080\", as: conn, deadline: 5s}\n"
											    "    expect: {error: none, after: 59ms..2s}\n",
			 hosts[i]);
		running_pass(&r);
		assert_true(held(&r, 30 * MS - 1000) >= 2);
		running_free(&r);
	}
}

static void test_run_shape_forced_is_taken_or_refused(void **state)
{
	struct running r = {
		.text = TOPOLOGY("    - client -- fw: {delay: 5ms}\n    - fw -- server\n") DIALLED,
		.options = { .shape = SHAPE_QUEUE },
	};
	const struct event *end;

	(void)state;
	running_pass(&r);
	assert_string_equal(begin_of(&r)->shaper, "queue");
	running_free(&r);
	r = (struct running){ .text = r.text, .options = { .shape = SHAPE_NETEM } };
	running_start(&r);
	running_finish(&r);
	running_check(&r);
	end = end_of(&r);
	if (end->end.result == RESULT_PASSED) {
		assert_string_equal(begin_of(&r)->shaper, "netem");
	} else {
		assert_int_equal(end->end.result, RESULT_ERROR);
		assert_non_null(strstr(end->end.text, "netem"));
	}
	running_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run_shape_delays_both_ways),
		cmocka_unit_test(test_run_shape_names_no_shaper_without_one),
		cmocka_unit_test(test_run_shape_changes_by_steps),
		cmocka_unit_test(test_run_shape_begins_with_a_step),
		cmocka_unit_test(test_run_shape_says_that_a_jitter_was_cut),
		cmocka_unit_test(test_run_shape_survives_a_reboot),
		cmocka_unit_test(test_run_shape_forced_is_taken_or_refused),
	};

	return TEST_MAIN("run shape", tests, NULL, NULL);
}
