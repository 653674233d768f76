// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faults that need user space: packets go through the parsed-back rules, stage by stage, with a stand-in
 * for the delay line, and the outcome is compared with a walk through the faults in file order.
 */
#include "tests/support/main.h"

#include <errno.h>

#include "impair/action.h"
#include "impair/delayline.h"
#include "impair/lane.h"
#include "netns/cleanup.h"
#include "tests/unit/ruleset_model.h"

enum { FIN = 1, SYN = 2, ACK = 16, FAULTS = 6, TRACE = 64, PORTS = 4, HOLD = 2000, PICK = 3000 };

static struct topology topo;

static int setup(void **state)
{
	(void)state;
	topo_ready(&topo, "client fw server", "client-fw fw-server");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	topology_free(&topo);
	return 0;
}

static struct fault fault_make(const char *name, const char *action)
{
	struct fault fault = { .host = 1, .match = { .from = -1, .to = -1 }, .active = true };
	struct lab_err err = { 0 };

	fault.name = (char *)name;
	fault.n = 1;
	if (action_parse(action, 3, &fault, &err))
		fail_msg("%s", err.msg);
	return fault;
}

/* A segment from client to server; @port tells connections apart. */
static struct sample segment(int fam, uint8_t flags, uint16_t port)
{
	struct sample s = { .fam = fam, .protocol = IPPROTO_TCP, .iif = 2, .oif = 3 };
	size_t alen = (size_t)topo_addr_len(fam);

	s.network_len = fam == FAM6 ? 40 : 20;
	s.len = s.network_len + 20;
	s.bytes[0] = fam == FAM6 ? 0x60 : 0x45;
	s.bytes[fam == FAM6 ? 5 : 3] = fam == FAM6 ? 20 : 40;
	s.bytes[fam == FAM6 ? 6 : 9] = IPPROTO_TCP;
	memcpy(s.bytes + (fam == FAM6 ? 8 : 12), topo.links[0].addr[0][fam].bytes, alen);
	memcpy(s.bytes + (fam == FAM6 ? 24 : 16), topo.links[1].addr[1][fam].bytes, alen);
	s.bytes[s.network_len + 1] = (uint8_t)port;
	s.bytes[s.network_len + 3] = 80;
	s.bytes[s.network_len + 12] = 0x50;
	s.bytes[s.network_len + 13] = flags;
	return s;
}

/* ---- a stand-in for the delay line ---- */

/* Faults, their queues, and what has been seen there. */
struct line {
	struct fault faults[FAULTS];
	int n;
	uint16_t hold[FAULTS], pick[FAULTS];
	uint32_t counts[FAULTS][PORTS]; /* of the pick lanes, for each connection */
	struct {
		uint16_t queue;
		bool meant;
	} trace[TRACE];
	int n_trace;
	struct model *m;
};

static void line_model(struct line *line, bool compat, bool disarmed)
{
	for (int i = 0; i < line->n; i++) {
		line->hold[i] =
			!disarmed && fault_hold(&line->faults[i], NULL) ? (uint16_t)(HOLD + i) : 0;
		line->pick[i] = line->faults[i].per_connection ? (uint16_t)(PICK + i) : 0;
	}
	line->m = model_build_with(&topo, 1, line->faults, line->n,
				   &(struct ruleset_options){ .disarmed = disarmed,
							      .compat = compat,
							      .seed = 4,
							      .hold = line->hold,
							      .pick = line->pick });
}

static bool is_picked(const struct fault *f, uint32_t n)
{
	switch (f->pick) {
	case PICK_NTH:
		return n == f->n;
	case PICK_FIRST:
		return n <= f->n;
	case PICK_EVERY:
		return n % f->n == 0;
	case PICK_CHANCE:
		return chance_decide(chance_seed(4, f->name), n - 1, f->n);
	default:
		return true;
	}
}

static void line_takes(void *arg, uint16_t queue, struct sample *s)
{
	struct line *line = arg;
	int i = queue % 1000;

	assert_true(line->n_trace < TRACE);
	assert_true(i < line->n);
	line->trace[line->n_trace].queue = queue;
	if (queue >= PICK) {
		uint32_t n = ++line->counts[i][s->bytes[s->network_len + 1]];
		bool chosen = is_picked(&line->faults[i], n);

		s->mark = chosen ? mark_chosen(i) : mark_passed_over(i);
		line->trace[line->n_trace++].meant = chosen;
		return;
	}
	line->trace[line->n_trace++].meant = s->mark == mark_held(i);
}

static struct machine line_pass(struct line *line, uint32_t hook, const struct sample *s)
{
	line->n_trace = 0;
	return model_pass(line->m, hook, s, line_takes, line);
}

/* ---- one by one ---- */

static void test_ruleset_holds_and_then_goes_on(void **state)
{
	static const char *const actions[] = { "delay 1s", "duplicate", "reorder" };

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(actions); i++) {
		struct sample s = segment(i % 2, SYN, 1);
		struct line line = { .n = 1 };

		line.faults[0] = fault_make("holds", actions[i / 2]);
		line_model(&line, i % 3, false);
		assert_int_equal(line_pass(&line, NF_INET_FORWARD, &s).verdict, NF_ACCEPT);
		assert_int_equal(line.n_trace, 1);
		assert_int_equal(line.trace[0].queue, HOLD);
		assert_true(line.trace[0].meant);
		assert_int_equal(model_counter(line.m, "holds")->packets, 1);
		assert_int_equal(line.m->n_logged, 1);
		model_free(line.m);
	}
}

/*
 * Those that a reorder does not mean go the same way, or it would have nobody to be overtaken by; and
 * those that are not doubled, or they would overtake.
 */
static void test_ruleset_sends_the_others_along(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		int per = i % 2;
		struct sample syn = segment(FAM4, SYN, 1), ack = segment(FAM4, ACK, 1);
		struct line line = { .n = 1 };

		line.faults[0] = fault_make("swaps", i / 2 ? "reorder" : "duplicate");
		line.faults[0].match.segments = SEG_ACK;
		line.faults[0].match.protocol = IPPROTO_TCP;
		line.faults[0].pick = PICK_NTH;
		line.faults[0].n = 2;
		line.faults[0].per_connection = per;
		line_model(&line, true, false);
		for (int k = 1; k <= 4; k++) {
			assert_int_equal(line_pass(&line, NF_INET_FORWARD, &ack).verdict,
					 NF_ACCEPT);
			assert_int_equal(line.n_trace, 1 + per);
			assert_int_equal(line.trace[per].queue, HOLD);
			assert_int_equal(line.trace[per].meant, k == 2);
			assert_int_equal(line.m->n_logged, k == 2);
		}
		/* what does not match has nothing to do with it */
		assert_int_equal(line_pass(&line, NF_INET_FORWARD, &syn).verdict, NF_ACCEPT);
		assert_int_equal(line.n_trace, 0);
		model_free(line.m);
	}
}

/* From a wire by way of the queue; what the host makes itself is rejected where it stands. */
static void test_ruleset_rejects_by_way_of_the_queue(void **state)
{
	static const uint32_t hooks[] = { NF_INET_FORWARD, NF_INET_LOCAL_IN, NF_INET_LOCAL_OUT };

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(hooks); i++) {
		bool out = hooks[i / 2] == NF_INET_LOCAL_OUT;
		struct sample s = segment(i % 2, SYN, 1);
		struct line line = { .n = 2 };
		struct machine end;

		s.iif = out ? 0 : 2;
		line.faults[0] = fault_make("why", "reject port-unreachable");
		line.faults[1] = fault_make("never-reached", "drop");
		line_model(&line, true, false);
		end = line_pass(&line, hooks[i / 2], &s);
		assert_int_equal(end.verdict, VERDICT_REJECT);
		assert_int_equal(end.reject_type, NFT_REJECT_ICMP_UNREACH);
		assert_int_equal(end.reject_code, i % 2 ? 4 : 3);
		assert_int_equal(line.n_trace, !out);
		assert_int_equal(line.m->n_logged, 1);
		assert_int_equal(model_counter(line.m, "why")->packets, 1);
		assert_int_equal(model_counter(line.m, "never-reached")->packets, 0);
		model_free(line.m);
	}
}

/* A reset is heard without that, and there is no queue for it. */
static void test_ruleset_resets_without_a_queue(void **state)
{
	struct sample s = segment(FAM4, SYN, 1);
	struct line line = { .n = 1 };

	(void)state;
	line.faults[0] = fault_make("reset", "reject tcp-reset");
	line_model(&line, true, false);
	assert_int_equal(line_pass(&line, NF_INET_FORWARD, &s).verdict, VERDICT_REJECT);
	assert_int_equal(line.n_trace, 0);
	model_free(line.m);
}

/* Faults that count in user space, disarmed: counted as ever, and nothing happens to the packets. */
static void test_ruleset_disarmed_still_picks(void **state)
{
	struct sample s = segment(FAM6, SYN, 1);
	struct line line = { .n = 2 };

	(void)state;
	line.faults[0] = fault_make("second", "drop");
	line.faults[0].per_connection = true;
	line.faults[0].pick = PICK_NTH;
	line.faults[0].n = 2;
	line.faults[1] = fault_make("slowly", "delay 1s");
	line_model(&line, false, true);
	for (unsigned k = 1; k <= 4; k++) {
		assert_int_equal(line_pass(&line, NF_INET_FORWARD, &s).verdict, NF_ACCEPT);
		assert_int_equal(line.n_trace, 1);
		assert_int_equal(line.trace[0].queue, PICK);
		assert_int_equal(model_counter(line.m, "second")->packets, k >= 2);
		assert_int_equal(model_counter(line.m, "slowly")->packets, k);
	}
	model_free(line.m);
}

/* A copy that a fault of this host had sent is none of its faults' business, at any stage. */
static void test_ruleset_lets_copies_pass(void **state)
{
	static const uint8_t here[] = DELAYLINE_COPY_MAC_HERE, link[] = DELAYLINE_COPY_MAC;
	struct sample in = segment(FAM4, SYN, 1), out = in;
	struct line line = { .n = 3 };

	(void)state;
	line.faults[0] = fault_make("all", "delay 1s");
	line.faults[1] = fault_make("twice", "duplicate");
	line.faults[2] = fault_make("end", "drop");
	line_model(&line, true, false);
	memcpy(in.ll + 6, here, sizeof(here));
	out.iif = 0;
	out.mark = MARK_COPY;
	assert_int_equal(line_pass(&line, NF_INET_LOCAL_IN, &in).verdict, NF_ACCEPT);
	assert_int_equal(line.n_trace + line.m->n_logged, 0);
	assert_int_equal(line_pass(&line, NF_INET_LOCAL_OUT, &out).verdict, NF_ACCEPT);
	assert_int_equal(line.n_trace + line.m->n_logged, 0);
	/* the copy that a link made is a packet like any other */
	memcpy(in.ll + 6, link, sizeof(link));
	assert_int_equal(line_pass(&line, NF_INET_LOCAL_IN, &in).verdict, NF_DROP);
	assert_int_equal(line.m->n_logged, 3);
	in.ll[8]++;
	out.mark = 0;
	assert_int_equal(line_pass(&line, NF_INET_LOCAL_IN, &in).verdict, NF_DROP);
	assert_int_equal(line_pass(&line, NF_INET_LOCAL_OUT, &out).verdict, NF_DROP);
	model_free(line.m);
}

/* Loopback and multicast are nobody's wire in the later stages, either. */
static void test_ruleset_leaves_alone_at_every_stage(void **state)
{
	struct sample s = segment(FAM6, SYN, 1);
	struct line line = { .n = 3 };

	(void)state;
	line.faults[0] = fault_make("slowly", "delay 1s");
	line.faults[1] = fault_make("some", "duplicate");
	line.faults[1].per_connection = true;
	line.faults[2] = fault_make("end", "drop");
	line_model(&line, true, false);
	s.iif = 1;
	assert_int_equal(line_pass(&line, NF_INET_LOCAL_IN, &s).verdict, NF_ACCEPT);
	s.iif = 0;
	s.oif = 1;
	assert_int_equal(line_pass(&line, NF_INET_LOCAL_OUT, &s).verdict, NF_ACCEPT);
	s.oif = 3;
	s.bytes[24] = 0xff;
	assert_int_equal(line_pass(&line, NF_INET_LOCAL_OUT, &s).verdict, NF_ACCEPT);
	s.iif = 2;
	assert_int_equal(line_pass(&line, NF_INET_LOCAL_IN, &s).verdict, NF_ACCEPT);
	for (int i = 0; i < line.n; i++)
		assert_int_equal(model_counter(line.m, line.faults[i].name)->packets, 0);
	model_free(line.m);
}

static void test_ruleset_chance_is_that_of_chance_decide(void **state)
{
	static const uint32_t rates[] = { 1, 1000, 300000, 500000, 999999, 1000000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		struct line line = { .n = 1 };
		uint32_t seed;

		line.faults[0] = fault_make("flaky", "drop");
		line.faults[0].pick = PICK_CHANCE;
		line.faults[0].n = rates[i];
		seed = chance_seed(4, "flaky");
		line_model(&line, true, false);
		for (uint32_t n = 0; n < 2000; n++) {
			struct sample s = segment((int)n / 3 % 2, SYN, 1);
			bool dropped = line_pass(&line, NF_INET_FORWARD, &s).verdict == NF_DROP;

			assert_int_equal(dropped, chance_decide(seed, n, rates[i]));
		}
		model_free(line.m);
	}
}

/* ---- any number of them, in file order ---- */

static uint32_t random_state;

static uint32_t random_below(uint32_t n)
{
	random_state = random_state * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)random_state * n >> 32);
}

static void faults_draw(struct line *line, char names[FAULTS][13])
{
	static const char *const actions[] = {
		"drop",	    "reject tcp-reset", "reject admin-prohibited",
		"delay 1s", "duplicate",	"reorder",
	};
	static const enum fault_pick picks[] = { PICK_ALL, PICK_NTH, PICK_FIRST, PICK_EVERY,
						 PICK_CHANCE };
	static const unsigned segments[] = { 0, SEG_SYN, SEG_FIN, SEG_ACK, SEG_SYN | SEG_FIN };

	line->n = 1 + (int)random_below(FAULTS);
	for (int i = 0; i < line->n; i++) {
		struct fault *f = &line->faults[i];

		snprintf(names[i], sizeof(names[i]), "f%d", i);
		*f = fault_make(names[i], actions[random_below(ARRAY_SIZE(actions))]);
		f->match.segments = segments[random_below(ARRAY_SIZE(segments))];
		f->match.protocol = IPPROTO_TCP;
		f->pick = picks[random_below(ARRAY_SIZE(picks))];
		f->n = f->pick == PICK_CHANCE ? 400000 : 1 + random_below(4);
		f->per_connection = random_below(2);
		f->active = random_below(8);
		if (!random_below(8))
			f->host = 2;
	}
}

struct outcome {
	int verdict;
	const char *logged[FAULTS];
	int n_logged;
	struct {
		uint16_t queue;
		bool meant;
	} trace[TRACE];
	int n_trace;
};

static void goes_by(struct outcome *o, int queue, bool meant)
{
	o->trace[o->n_trace].queue = (uint16_t)queue;
	o->trace[o->n_trace++].meant = meant;
}

/* The words of the scenario format: in file order; the first drop or reject ends it. */
static struct outcome judge(const struct line *line, uint32_t counts[FAULTS][PORTS],
			    const struct sample *s)
{
	uint8_t flags = s->bytes[s->network_len + 13], port = s->bytes[s->network_len + 1];
	struct outcome o = { .verdict = NF_ACCEPT };

	for (int i = 0; i < line->n; i++) {
		const struct fault *f = &line->faults[i];
		const char *action = f->action->name;
		unsigned kind = flags == SYN ? SEG_SYN : flags == ACK ? SEG_ACK : SEG_FIN;
		bool all = !strcmp(action, "reorder") || !strcmp(action, "duplicate"), hit;

		if (f->host != 1 || !f->active ||
		    (f->match.segments && !(f->match.segments & kind)))
			continue;
		hit = is_picked(f, ++counts[i][f->per_connection ? port : 0]);
		if (f->per_connection)
			goes_by(&o, PICK + i, hit);
		if (hit)
			o.logged[o.n_logged++] = f->name;
		if (!strcmp(action, "drop") || !strcmp(action, "reject")) {
			if (!hit)
				continue;
			if (!action_rejects_with_reset(f) && *action == 'r')
				goes_by(&o, HOLD + i, true);
			o.verdict = *action == 'd' ? NF_DROP : VERDICT_REJECT;
			return o;
		}
		if (hit || all)
			goes_by(&o, HOLD + i, hit);
	}
	return o;
}

static void compare(const struct line *line, const struct outcome *want, const struct machine *got)
{
	assert_int_equal(got->verdict, want->verdict);
	assert_int_equal(line->m->n_logged, want->n_logged);
	for (int i = 0; i < want->n_logged; i++)
		assert_string_equal(line->m->logged[i], want->logged[i]);
	assert_int_equal(line->n_trace, want->n_trace);
	for (int i = 0; i < want->n_trace; i++) {
		assert_int_equal(line->trace[i].queue, want->trace[i].queue);
		assert_int_equal(line->trace[i].meant, want->trace[i].meant);
	}
}

static void test_ruleset_acts_in_file_order_across_stages(void **state)
{
	static const uint8_t flags[] = { SYN, ACK, FIN | ACK };

	(void)state;
	for (uint32_t seed = 1; seed <= 300; seed++) {
		uint32_t counts[FAULTS][PORTS] = { 0 };
		struct line line = { 0 };
		char names[FAULTS][13];

		random_state = seed;
		faults_draw(&line, names);
		line_model(&line, random_below(2), false);
		for (int k = 0; k < 60; k++) {
			struct sample s = segment((int)random_below(2), flags[random_below(3)],
						  (uint16_t)random_below(PORTS));
			struct outcome want = judge(&line, counts, &s);
			struct machine got = line_pass(&line, NF_INET_FORWARD, &s);

			compare(&line, &want, &got);
		}
		model_free(line.m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ruleset_holds_and_then_goes_on),
		cmocka_unit_test(test_ruleset_sends_the_others_along),
		cmocka_unit_test(test_ruleset_rejects_by_way_of_the_queue),
		cmocka_unit_test(test_ruleset_resets_without_a_queue),
		cmocka_unit_test(test_ruleset_disarmed_still_picks),
		cmocka_unit_test(test_ruleset_lets_copies_pass),
		cmocka_unit_test(test_ruleset_leaves_alone_at_every_stage),
		cmocka_unit_test(test_ruleset_chance_is_that_of_chance_decide),
		cmocka_unit_test(test_ruleset_acts_in_file_order_across_stages),
	};

	return TEST_MAIN("ruleset queue", tests, setup, teardown);
}
