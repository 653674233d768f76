// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nslab doctor on this system, and on ones that are broken in some way: does it find what there is,
 * name what is in the way, and leave nothing behind? As root and as an ordinary user.
 */
#include "tests/support/main.h"

#include <dirent.h>
#include <signal.h>
#include <time.h>

#include "lab/doctor/worker.h"
#include "lab/run/run.h"
#include "lab/scenario/problem.h"
#include "netns/sandbox.h"
#include "tests/kernel/doctor_broken.h"

#define HEAD  "name: %s\ntitle: t\nstory: s\nremedy: r\n"
#define PLAIN HEAD "steps:\n  - server: {listen: 8080}\n"
#define FAULTY                                                                                            \
	HEAD "faults:\n"                                                                                  \
	     "  f: {at: fw, match: {from: client, to: server, segment: syn}, action: reject tcp-reset}\n" \
	     "steps:\n  - server: {listen: 8080}\n  - client: {dial: \"server:8080\"}\n"                  \
	     "    expect: {error: ECONNREFUSED}\n"

enum { SCENARIOS = 2 };

static const struct scenario *scenarios[SCENARIOS];
static const struct doctor_options options = { .columns = 80,
					       .scenarios = scenarios,
					       .n_scenarios = SCENARIOS };

static struct scenario *scenario_of(const char *format, const char *name)
{
	struct scenario *scenario = NULL;
	struct problems problems = { 0 };
	char text[1024];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof(text), format, name);
#pragma GCC diagnostic pop
	if (scenario_parse("x.yaml", text, strlen(text), run_vocabulary(), NULL, 0, &scenario,
			   &problems))
		problems_print(&problems, stderr);
	problems_free(&problems);
	return scenario;
}

static int setup(void **state)
{
	(void)state;
	scenarios[0] = scenario_of(PLAIN, "plain");
	scenarios[1] = scenario_of(FAULTY, "faulty");
	return scenarios[0] && scenarios[1] ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	for (int i = 0; i < SCENARIOS; i++)
		scenario_free((struct scenario *)scenarios[i]);
	return 0;
}

static int nothing(void *arg)
{
	(void)arg;
	return 0;
}

/* Where no sandbox can be made there is nothing to be found. */
static bool sandboxes_work(void)
{
	struct sandbox sandbox;

	if (sandbox_spawn(nothing, NULL, &sandbox, NULL) < 0)
		return false;
	sandbox_wait(&sandbox);
	return true;
}

static int break_nothing(void)
{
	return 0;
}

/* Wherever the report breaks its lines: any white space is one blank. */
static char *flat(const char *text)
{
	char *copy = malloc(strlen(text) + 1), *to = copy;

	assert_non_null(copy);
	for (; *text; text++) {
		bool blank = *text == ' ' || *text == '\n';

		if (!blank || to == copy || to[-1] != ' ')
			*to++ = blank ? ' ' : *text;
	}
	*to = '\0';
	return copy;
}

static void assert_has(const char *text, const char *words)
{
	char *flat_text = flat(text), *flat_words = flat(words);
	bool found = strstr(flat_text, flat_words);

	free(flat_text);
	free(flat_words);
	if (!found)
		fail_msg("no '%s' in\n%s", words, text);
}

/* Every line at most 80 columns wide, and plain. */
static void assert_tidy(const char *text)
{
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		assert_true(strcspn(line, "\n") <= 80);
	for (const char *c = text; *c; c++)
		assert_true(*c == '\n' || (*c >= ' ' && *c < 0x7f));
}

static void test_doctor_finds_all(void **state)
{
	struct broken_run run;
	struct timespec begun, end;
	char *later;

	(void)state;
	if (!sandboxes_work())
		skip();
	clock_gettime(CLOCK_MONOTONIC, &begun);
	run = doctor_in(break_nothing, &options);
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true(end.tv_sec - begun.tv_sec <= 3);
	assert_tidy(run.text);
	assert_has(run.text, "All 2 scenarios can run here, ");
	assert_has(run.text, geteuid() ? "without root." : "as ");
	assert_int_equal(run.missing, 0);
	assert_int_equal(run.runnable, 2);
	later = strstr(run.text, "For later");
	assert_non_null(later);
	*later = '\0';
	assert_null(strstr(run.text, "  missing  "));
	assert_null(strstr(run.text, "  untried  "));
	assert_has(run.text, "  ok       nf_tables    ");
	assert_has(run.text, "  ok       tcp-reset    ");
	free(run.text);
}

/* The text of a file, and the number of entries in a directory. */
static char *file_text(const char *path)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	if (getdelim(&text, &size, '\0', f) < 0)
		fail();
	fclose(f);
	return text;
}

static int entries(const char *path)
{
	DIR *dir = opendir(path);
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void test_doctor_leaves_nothing(void **state)
{
	static const char *const files[] = { "/proc/self/mountinfo", "/etc/hosts",
					     "/proc/sys/net/ipv4/tcp_retries2",
					     "/proc/sys/net/ipv4/ip_forward" };
	char *before[ARRAY_SIZE(files)], ns[2][64] = { "", "" };
	int fds = entries("/proc/self/fd"), links = entries("/sys/class/net");
	_cleanup_fclose_ FILE *out = fopen("/dev/null", "we");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		before[i] = file_text(files[i]);
	assert_true(readlink("/proc/self/ns/net", ns[0], sizeof(ns[0]) - 1) > 0);
	assert_true(doctor_run(out, &options, NULL) >= 0);
	assert_true(readlink("/proc/self/ns/net", ns[1], sizeof(ns[1]) - 1) > 0);
	assert_string_equal(ns[0], ns[1]);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char *after = file_text(files[i]);

		assert_string_equal(before[i], after);
		free(after);
		free(before[i]);
	}
	assert_int_equal(entries("/proc/self/fd"), fds + 1); /* /dev/null */
	assert_int_equal(entries("/sys/class/net"), links);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static const uint32_t all_namespaces = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET;

static int break_seccomp(void)
{
	const struct refusal list[] = { { SYS_clone, 0, all_namespaces, 0, EPERM },
					{ SYS_unshare, 0, all_namespaces, 0, EPERM } };

	return refuse(list, 2);
}

static void test_doctor_names_seccomp(void **state)
{
	struct broken_run run = doctor_in(break_seccomp, &options);

	(void)state;
	if (!run.text)
		skip();
	assert_has(run.text, "under a seccomp filter");
	assert_has(run.text, "  missing  namespaces   cannot make ");
	assert_has(run.text, "fix: a seccomp profile is active, as in a container");
	assert_has(run.text, "seccomp=unconfined");
	assert_has(run.text, "  untried  /proc, sysctls");
	assert_has(run.text,
		   "None of the 2 scenarios can run here:\n  no namespaces: plain, faulty\n");
	assert_int_equal(run.missing, 1);
	assert_int_equal(run.runnable, 0);
	assert_tidy(run.text);
	free(run.text);
}

/* What a kernel without nfnetlink says. */
static int break_netfilter(void)
{
	const struct refusal list[] = { { SYS_socket, 2, 0, 12, EPROTONOSUPPORT } };

	return refuse(list, 1);
}

static void test_doctor_names_nf_tables(void **state)
{
	struct broken_run run;

	(void)state;
	if (!sandboxes_work())
		skip();
	run = doctor_in(break_netfilter, &options);
	if (!run.text)
		skip();
	assert_has(run.text, " capture packets at both ends"); /* ok, or with little room */
	assert_has(run.text, "  missing  nf_tables    cannot make a rule with 'meta' (nf_tables)");
	assert_has(run.text, "EPROTONOSUPPORT");
	assert_has(run.text, "CONFIG_NF_TABLES");
	assert_has(run.text, "1 of 2 scenarios can run here, ");
	assert_has(run.text, ":\n  plain\nThese cannot:\n  no nf_tables: faulty\n");
	assert_int_equal(run.missing, 1);
	assert_int_equal(run.runnable, 1);
	assert_tidy(run.text);
	free(run.text);
}

static int break_capture(void)
{
	const struct refusal list[] = { { SYS_socket, 0, 0, 17, EPERM } };

	return refuse(list, 1);
}

static void test_doctor_names_capture(void **state)
{
	struct broken_run run;

	(void)state;
	if (!sandboxes_work())
		skip();
	run = doctor_in(break_capture, &options);
	if (!run.text)
		skip();
	assert_has(run.text, "  missing  capture ");
	assert_has(run.text, "  ok       nf_tables ");
	assert_has(run.text,
		   "None of the 2 scenarios can run here:\n  no capture: plain, faulty\n");
	free(run.text);
}

static int break_user_limit(void)
{
	return limit_namespaces("/proc/sys/user/max_user_namespaces", "0", false);
}

static void test_doctor_names_user_limit(void **state)
{
	struct broken_run run = doctor_in(break_user_limit, &options);

	(void)state;
	if (!run.text)
		skip();
	assert_has(run.text, "ENOSPC");
	assert_has(run.text, "fix: user namespaces are switched off: sysctl -w");
	assert_has(run.text, "user.max_user_namespaces=10000");
	assert_has(run.text, "root of a user namespace without SYS_ADMIN, NET_ADMIN, NET_RAW");
	assert_int_equal(run.runnable, 0);
	free(run.text);
}

static int break_net_limit(void)
{
	return limit_namespaces("/proc/sys/user/max_net_namespaces", "3", true);
}

static void test_doctor_names_net_limit(void **state)
{
	struct broken_run run = doctor_in(break_net_limit, &options);

	(void)state;
	if (!run.text)
		skip();
	assert_has(run.text, "user.max_net_namespaces=65536");
	assert_has(run.text, "  note     user.max_net_namespaces is 3: ");
	assert_int_equal(run.runnable, 0);
	free(run.text);
}

static void test_doctor_names_read_only_sysctls(void **state)
{
	struct broken_run run = doctor_in(proc_sys_read_only, &options);

	(void)state;
	if (!run.text) /* only root can build that */
		skip();
	assert_has(run.text,
		   "  note     /proc        a view of the lab's own processes: the old one");
	assert_has(run.text, "  missing  sysctls ");
	assert_has(run.text, "EROFS");
	assert_has(run.text, "systempaths=unconfined");
	assert_has(run.text, "  no sysctls: plain, faulty\n");
	free(run.text);
}

static int break_caps(void)
{
	return geteuid() ? -EPERM : caps_drop(UINT64_MAX);
}

static void test_doctor_names_bare_root(void **state)
{
	struct broken_run run = doctor_in(break_caps, &options);

	(void)state;
	if (!run.text)
		skip();
	assert_has(run.text, "as root without SYS_ADMIN, NET_ADMIN, NET_RAW");
	assert_has(run.text, "root without CAP_SETFCAP may not be mapped");
	free(run.text);
}

static int break_net_admin(void)
{
	return geteuid() ? -EPERM : caps_drop(1ull << CAP_NET_ADMIN);
}

/* Then it goes the way of an ordinary user. */
static void test_doctor_without_net_admin(void **state)
{
	struct broken_run run = doctor_in(break_net_admin, &options);

	(void)state;
	if (!run.text || strstr(run.text, "missing  namespaces"))
		skip();
	assert_has(run.text, "as root without NET_ADMIN");
	assert_has(run.text, "All 2 scenarios can run here, without root.");
	free(run.text);
}

static int attempt_fine(struct probe_env *env, struct lab_err *err)
{
	(void)err;
	return env_note(env, "fine");
}

static int attempt_die(struct probe_env *env, struct lab_err *err)
{
	(void)env;
	(void)err;
	_exit(3);
}

static int attempt_hang(struct probe_env *env, struct lab_err *err)
{
	(void)env;
	(void)err;
	while (pause() < 0)
		;
	return 0;
}

static const struct probe bad_probes[] = {
	{ "first", "w", GROUP_LAB, NEED_NAMESPACES, 0, attempt_fine, NULL, NULL, NULL },
	{ "dies", "w", GROUP_LAB, NEED_VETH, 0, attempt_die, NULL, NULL, NULL },
	{ "between", "w", GROUP_LAB, NEED_DIAG, NEED_NAMESPACES, attempt_fine, NULL, NULL, NULL },
	{ "hangs", "w", GROUP_LAB, NEED_NFT, 0, attempt_hang, NULL, NULL, NULL },
	{ "waits", "w", GROUP_LAB, NEED_HITLOG, NEED_NFT, attempt_fine, NULL, NULL, NULL },
	{ "last", "w", GROUP_LAB, NEED_NFT_LOG, NEED_DIAG, attempt_fine, NULL, NULL, NULL },
};

static const struct probe *bad_probe_at(int i)
{
	return i >= 0 && (size_t)i < ARRAY_SIZE(bad_probes) ? &bad_probes[i] : NULL;
}

static void test_doctor_survives_its_probes(void **state)
{
	static const struct worker_limits limits = { .probe_ms = 200, .all_ms = 2000 };
	struct findings f;

	(void)state;
	if (!sandboxes_work())
		skip();
	assert_int_equal(worker_run(bad_probe_at, &options, &limits, &f), 0);
	assert_int_equal(f.n_probes, ARRAY_SIZE(bad_probes));
	assert_int_equal(f.probes[0].state, PROBE_OK);
	assert_string_equal(f.probes[0].note, "fine");
	assert_int_equal(f.probes[1].state, PROBE_MISSING);
	assert_int_equal(f.probes[1].err.code, ECHILD);
	assert_int_equal(f.probes[2].state, PROBE_OK);
	assert_int_equal(f.probes[3].state, PROBE_MISSING);
	assert_int_equal(f.probes[3].err.code, ETIMEDOUT);
	assert_int_equal(f.probes[4].state, PROBE_UNTRIED);
	assert_int_equal(f.probes[5].state, PROBE_OK);
	assert_int_equal(findings_found(bad_probe_at, &f),
			 NEED_NAMESPACES | NEED_DIAG | NEED_NFT_LOG);
	findings_free(&f);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void test_doctor_stops_in_time(void **state)
{
	static const struct worker_limits limits = { .probe_ms = 5000, .all_ms = 100 };
	struct findings f;

	(void)state;
	if (!sandboxes_work())
		skip();
	assert_int_equal(worker_run(bad_probe_at, &options, &limits, &f), 0);
	assert_int_equal(f.probes[3].state, PROBE_MISSING);
	assert_int_equal(f.probes[5].state, PROBE_UNTRIED);
	findings_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doctor_finds_all),
		cmocka_unit_test(test_doctor_leaves_nothing),
		cmocka_unit_test(test_doctor_names_seccomp),
		cmocka_unit_test(test_doctor_names_nf_tables),
		cmocka_unit_test(test_doctor_names_capture),
		cmocka_unit_test(test_doctor_names_user_limit),
		cmocka_unit_test(test_doctor_names_net_limit),
		cmocka_unit_test(test_doctor_names_read_only_sysctls),
		cmocka_unit_test(test_doctor_names_bare_root),
		cmocka_unit_test(test_doctor_without_net_admin),
		cmocka_unit_test(test_doctor_survives_its_probes),
		cmocka_unit_test(test_doctor_stops_in_time),
	};

	return TEST_MAIN("doctor", tests, setup, teardown);
}
