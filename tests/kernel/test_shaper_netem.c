// SPDX-License-Identifier: GPL-2.0-or-later
/* netem as backend, with tc as the second opinion; on kernels that have it. */
#include "tests/kernel/lab.h"

#include <jansson.h>

#include "impair/shaper_private.h"

#define MS INT64_C(1000000)

enum { LINK, SEED = 7, PATIENCE_MS = 10000, INSIDE_SKIPPED = 77 };

static void netem_ask(void *arg)
{
	struct lab_err err = { 0 };
	struct lab lab;
	char text[1100];
	int ret;

	(void)arg;
	lab_default(&lab);
	ret = netem_probe(lab.net, &err);
	if (ret == -EOPNOTSUPP) {
		printf("%s\n", lab_err_text(&err, text, sizeof(text)));
		must(err.fix[0]);
		fflush(NULL);
		_exit(INSIDE_SKIPPED);
	}
	must_work(ret, &err);
	lab_down(&lab);
}

/* Asked in a sandbox of its own, once. */
static bool has_netem(void)
{
	static int known = -1;
	struct sandbox box;

	if (known < 0) {
		inside_start(&box, netem_ask, NULL);
		known = sandbox_wait(&box) == 0;
	}
	return known;
}

#define NEEDS_NETEM()             \
	do {                      \
		if (!has_netem()) \
			skip();   \
	} while (0)

struct rig {
	struct lab lab;
	struct shaper *shaper;
};

static void rig_open(struct rig *rig)
{
	struct lab_err err = { 0 };

	memset(rig, 0, sizeof(*rig));
	lab_default(&rig->lab);
	must_work(shaper_open(rig->lab.net, &rig->lab.topo, SHAPE_AUTO, SEED, &rig->shaper, &err),
		  &err);
	must_equal(shaper_backend(rig->shaper), SHAPE_NETEM);
}

static void rig_close(struct rig *rig)
{
	shaper_close(rig->shaper);
	lab_down(&rig->lab);
}

static void set(struct rig *rig, int end, const struct shape *shape)
{
	struct lab_err err = { 0 };

	must_work(shaper_set(rig->shaper, LINK, end, shape, &err), &err);
}

/* What tc says of an interface's root qdisc: its options, NULL if it is no netem. */
static json_t *tc_options(const struct rig *rig, int host)
{
	char *text = lab_output(&rig->lab, host, "tc -j qdisc show dev eth0");
	json_t *list = json_loads(text, 0, NULL), *options = NULL;

	must(list);
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *qdisc = json_array_get(list, i);

		if (!strcmp(json_string_value(json_object_get(qdisc, "kind")), "netem"))
			options = json_incref(json_object_get(qdisc, "options"));
	}
	json_decref(list);
	free(text);
	return options;
}

static double number_at(const json_t *options, const char *group, const char *name)
{
	const json_t *in = group ? json_object_get(options, group) : options;

	return json_number_value(json_object_get(in, name));
}

static bool near(double a, double b)
{
	return a > b - 1e-6 && a < b + 1e-6;
}

static void tc_agrees(void *arg)
{
	const struct shape shape = { .delay_ns = 1500 * MS,
				     .jitter_ns = 20 * MS,
				     .distribution = JITTER_NORMAL,
				     .loss = 10000,
				     .duplicate = 10000,
				     .reorder = 250000,
				     .corrupt = 1000,
				     .rate = 10000000,
				     .limit = 77 };
	const struct shape next = { .delay_ns = 3 * MS }, none = { 0 };
	struct rig rig;
	json_t *o;

	(void)arg;
	rig_open(&rig);
	must(!shaper_departs(rig.shaper, LINK, 0));
	set(&rig, 0, &shape);
	must(shaper_departs(rig.shaper, LINK, 0) && !shaper_departs(rig.shaper, LINK, 1));
	must(!shaper_held(rig.shaper, LINK, 1));
	o = tc_options(&rig, CLIENT);
	must(o && !tc_options(&rig, FW));
	must_equal(number_at(o, NULL, "limit"), 77);
	must(near(number_at(o, "delay", "delay"), 1.5));
	must(near(number_at(o, "delay", "jitter"), 0.02));
	must(near(number_at(o, "duplicate", "duplicate"), 0.01));
	must(near(number_at(o, "reorder", "reorder"), 0.25));
	must(near(number_at(o, "corrupt", "corrupt"), 0.001));
	must(near(number_at(o, "rate", "rate"), 1250000));
	must(near(number_at(o, "rate", "packetoverhead"), -14));
	must_equal(number_at(o, NULL, "gap"), 1);
	must(!json_object_get(o, "loss-random"));
	json_decref(o);
	/* a change leaves nothing of what was there before */
	set(&rig, 0, &next);
	o = tc_options(&rig, CLIENT);
	must_equal(number_at(o, NULL, "limit"), SHAPE_LIMIT);
	must(near(number_at(o, "delay", "delay"), 0.003));
	must(near(number_at(o, "delay", "jitter"), 0));
	must(!json_object_get(o, "duplicate") && !json_object_get(o, "reorder"));
	must(!json_object_get(o, "corrupt") && !json_object_get(o, "rate"));
	json_decref(o);
	set(&rig, 0, &none);
	o = tc_options(&rig, CLIENT);
	must(o && !json_object_get(o, "delay"));
	json_decref(o);
	rig_close(&rig);
}

static void test_tc_sees_what_was_asked(void **state)
{
	(void)state;
	NEEDS_NETEM();
	if (!has_tool("tc")) {
		print_message("no tc here\n");
		skip();
	}
	inside(tc_agrees, NULL);
}

/* A datagram there and back takes both delays, and never less. */
static void delays_are_kept(void *arg)
{
	const struct shape there = { .delay_ns = 60 * MS }, back = { .delay_ns = 30 * MS };
	struct rig rig;
	char c = 'x';

	(void)arg;
	rig_open(&rig);
	set(&rig, 0, &there);
	set(&rig, 1, &back);
	for (int fam = 0; fam < FAM_COUNT; fam++) {
		int client = lab_bound(&rig.lab, CLIENT, fam, SOCK_DGRAM, LAB_PORT);
		int fw = lab_bound(&rig.lab, FW, fam, SOCK_DGRAM, LAB_PORT);
		union address to_fw = lab_address(&rig.lab, CLIENT, FW, fam, LAB_PORT);
		union address to_client = lab_address(&rig.lab, FW, CLIENT, fam, LAB_PORT);
		int64_t begun = now_ms();

		must_equal(sendto(client, &c, 1, 0, &to_fw.any, address_len(fam)), 1);
		must(ready_within(fw, POLLIN, PATIENCE_MS));
		must(now_ms() - begun >= 59);
		must_equal(recv(fw, &c, 1, 0), 1);
		must_equal(sendto(fw, &c, 1, 0, &to_client.any, address_len(fam)), 1);
		must(ready_within(client, POLLIN, PATIENCE_MS));
		must(now_ms() - begun >= 89);
		close(client);
		close(fw);
	}
	rig_close(&rig);
}

static void test_delays_are_kept(void **state)
{
	(void)state;
	NEEDS_NETEM();
	inside(delays_are_kept, NULL);
}

/* Everything twice: as many come as were sent, times two. */
static void duplicates_come(void *arg)
{
	const struct shape twice = { .duplicate = 1000000 };
	struct rig rig;
	int client, fw;
	union address to;
	char c;

	(void)arg;
	rig_open(&rig);
	set(&rig, 0, &twice);
	client = lab_bound(&rig.lab, CLIENT, FAM4, SOCK_DGRAM, LAB_PORT);
	fw = lab_bound(&rig.lab, FW, FAM4, SOCK_DGRAM, LAB_PORT);
	to = lab_address(&rig.lab, CLIENT, FW, FAM4, LAB_PORT);
	for (c = 0; c < 50; c++)
		must_equal(sendto(client, &c, 1, 0, &to.any, address_len(FAM4)), 1);
	for (int i = 0; i < 100; i++) {
		must(ready_within(fw, POLLIN, PATIENCE_MS));
		must_equal(recv(fw, &c, 1, 0), 1);
	}
	must_equal(recv(fw, &c, 1, MSG_DONTWAIT), -1);
	close(client);
	close(fw);
	rig_close(&rig);
}

static void test_duplicates_come(void **state)
{
	(void)state;
	NEEDS_NETEM();
	inside(duplicates_come, NULL);
}

/* The error of a kernel without it names module and packages, and nothing is left behind. */
static void forced_or_refused(void *arg)
{
	struct lab_err err = { 0 };
	struct shaper *shaper = NULL;
	struct lab lab;
	int ret;
	char *text;

	(void)arg;
	lab_default(&lab);
	ret = shaper_open(lab.net, &lab.topo, SHAPE_NETEM, SEED, &shaper, &err);
	if (ret) {
		must_equal(ret, -EOPNOTSUPP);
		must(strstr(err.msg, "sch_netem") || strstr(err.msg, "egress"));
		must(strstr(err.fix, "linux-modules-extra") || strstr(err.fix, "5.16"));
		must(strstr(err.fix, "--shape queue"));
	}
	shaper_close(shaper);
	/* auto always finds one of the two */
	must_work(shaper_open(lab.net, &lab.topo, SHAPE_AUTO, SEED, &shaper, &err), &err);
	must_equal(shaper_backend(shaper), ret ? SHAPE_QUEUE : SHAPE_NETEM);
	shaper_close(shaper);
	if (has_tool("nft")) {
		text = output_of("nft list tables");
		must_same(text, "");
		free(text);
	}
	lab_down(&lab);
}

static void test_netem_is_forced_or_refused_by_name(void **state)
{
	(void)state;
	inside(forced_or_refused, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tc_sees_what_was_asked),
		cmocka_unit_test(test_delays_are_kept),
		cmocka_unit_test(test_duplicates_come),
		cmocka_unit_test(test_netem_is_forced_or_refused_by_name),
	};

	return TEST_MAIN("shaper_netem", tests, NULL, NULL);
}
