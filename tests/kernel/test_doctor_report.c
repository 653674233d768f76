// SPDX-License-Identifier: GPL-2.0-or-later
/* What nslab doctor makes of what it found: needs, verdict, fixes, and the report. No privilege. */
#include "tests/support/main.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/doctor/fix.h"
#include "lab/doctor/show.h"
#include "lab/run/run.h"
#include "lab/scenario/problem.h"

#define HEAD   "title: t\nstory: s\nremedy: r\n"
#define LISTEN "steps:\n  - server: {listen: 8080}\n"

#define NEED_RUN                                                                                   \
	(NEED_NAMESPACES | NEED_SYSCTLS | NEED_VETH | NEED_OFFLOAD | NEED_NETWORK | NEED_CAPTURE | \
	 NEED_DIAG)
#define NEED_FAULT (NEED_NFT | NEED_NFT_COUNTER | NEED_NFT_LOG | NEED_HITLOG)

static struct scenario *parse(const char *text)
{
	struct scenario *scenario = NULL;
	struct problems problems = { 0 };

	if (scenario_parse("x.yaml", text, strlen(text), run_vocabulary(), NULL, 0, &scenario,
			   &problems))
		problems_print(&problems, stderr);
	problems_free(&problems);
	assert_non_null(scenario);
	return scenario;
}

static void assert_needs(const char *text, unsigned needs)
{
	struct scenario *scenario = parse(text);

	assert_int_equal(doctor_needs(&scenario->plans[0]), needs);
	scenario_free(scenario);
}

static void test_doctor_needs_of_plans(void **state)
{
	(void)state;
	assert_needs("name: a\nip: 4\n" HEAD LISTEN, NEED_RUN);
	assert_needs("name: a\nip: 6\n" HEAD LISTEN, NEED_RUN | NEED_IPV6);
	assert_needs("name: a\nip: dual\n" HEAD LISTEN, NEED_RUN | NEED_IPV6);
	assert_needs("name: a\nip: 4\n" HEAD
		     "faults:\n  f: {at: fw, match: {protocol: udp}, action: drop}\n" LISTEN,
		     NEED_RUN | NEED_FAULT);
	assert_needs(
		"name: a\nip: 4\n" HEAD
		"faults:\n  f: {at: fw, match: {to: server, segment: syn, first: 2}, action: drop}\n" LISTEN,
		NEED_RUN | NEED_FAULT | NEED_NFT_SETS | NEED_NFT_NUMGEN);
	assert_needs("name: a\nip: 4\n" HEAD
		     "faults:\n  f: {at: fw, match: {segment: syn}, action: reject tcp-reset}\n" LISTEN,
		     NEED_RUN | NEED_FAULT | NEED_NFT_REJECT | NEED_RESET);
	assert_needs(
		"name: a\nip: 4\n" HEAD
		"faults:\n  f: {at: fw, match: {segment: syn}, action: reject port-unreachable}\n" LISTEN,
		NEED_RUN | NEED_FAULT | NEED_NFT_REJECT | NEED_ICMP | NEED_LINE);
	assert_needs(
		"name: a\nip: dual\n" HEAD
		"faults:\n  f: {at: fw, match: {segment: syn}, action: reject port-unreachable}\n" LISTEN,
		NEED_RUN | NEED_IPV6 | NEED_FAULT | NEED_NFT_REJECT | NEED_ICMP | NEED_ICMPV6 |
			NEED_LINE);
	assert_needs("name: a\nip: 4\n" HEAD
		     "faults:\n  f: {at: fw, match: {segment: syn}, action: delay 1s}\n" LISTEN,
		     NEED_RUN | NEED_FAULT | NEED_LINE);
	assert_needs("name: a\nip: 4\n" HEAD LISTEN "  - link: {set: client -- fw, loss: 1%}\n",
		     NEED_RUN | NEED_SHAPES);
}

/* Each row stands behind those that it comes after, and no bit is there twice. */
static void test_doctor_table_is_sound(void **state)
{
	unsigned before = 0;

	(void)state;
	for (int i = 0; probe_at(i); i++) {
		assert_int_equal(probe_at(i)->after & ~before, 0);
		assert_int_equal(probe_at(i)->bit & before, 0);
		assert_true(strlen(probe_at(i)->name) <= 11);
		assert_non_null(probe_at(i)->attempt);
		before |= probe_at(i)->bit;
	}
	/* every need has its row */
	assert_int_equal(before, 2 * (unsigned)NEED_SHAPES - 1);
}

static const struct system ubuntu = { .kernel = "6.8.0-31-generic",
				      .distro = "ubuntu debian ",
				      .uid = 1000,
				      .takes_modules = true,
				      .has_modules = true };

static const struct probe *probe_named(const char *name)
{
	for (int i = 0; probe_at(i); i++) {
		if (!strcmp(probe_at(i)->name, name))
			return probe_at(i);
	}
	fail_msg("no probe %s", name);
	return NULL;
}

static void assert_fix(const struct system *sys, const char *probe, int code, const char *fix)
{
	struct lab_err err = { .code = code };
	char buf[512];

	fix_text(sys, probe_named(probe), &err, buf, sizeof(buf));
	if (strcmp(buf, fix))
		fail_msg("'%s' is not '%s'", buf, fix);
}

static void test_doctor_fix_names_the_command(void **state)
{
	struct system sys = ubuntu;

	(void)state;
	assert_fix(&sys, "nft numgen", ENOENT,
		   "modprobe -a nft_numgen (CONFIG_NFT_NUMGEN); if it is not found: apt install linux-modules-extra-$(uname -r)");
	sys.has_modules = false;
	snprintf(sys.distro, sizeof(sys.distro), "arch ");
	assert_fix(&sys, "veth", EOPNOTSUPP,
		   "modprobe -a veth (CONFIG_VETH); /lib/modules/6.8.0-31-generic is not there: if the kernel was updated, reboot first");
	snprintf(sys.distro, sizeof(sys.distro), "fedora ");
	sys.has_modules = true;
	assert_fix(&sys, "netem", ENOENT,
		   "modprobe -a sch_netem (CONFIG_NET_SCH_NETEM); if it is not found: dnf install kernel-modules-$(uname -r) kernel-modules-extra-$(uname -r)");
	snprintf(sys.container, sizeof(sys.container), "docker");
	assert_fix(&sys, "netem", ENOENT,
		   "on the host of the container: modprobe -a sch_netem (CONFIG_NET_SCH_NETEM)");
	sys.takes_modules = false;
	assert_fix(&sys, "netem", ENOENT,
		   "this kernel takes no modules: boot one that is built with CONFIG_NET_SCH_NETEM");
	assert_fix(&sys, "capture", ENODATA, "");
	assert_fix(&sys, "hosts file", ENOENT,
		   "the file /etc/hosts and the directory /mnt must exist, and mounting must be allowed");
}

static void test_doctor_notes_small_buffers(void **state)
{
	struct probe_env env = { .note = "" };
	struct lab_err err = { 0 };

	(void)state;
	assert_int_equal(room_judge(&env, ROOM_ENOUGH, "hits", &err), 0);
	assert_string_equal(env.note, "room for 1000 hits");
	assert_string_equal(err.fix, "");
	assert_int_equal(room_judge(&env, 512, "hits", &err), 1);
	assert_string_equal(env.note, "room for 512 hits; a burst of more makes a run a lab error");
	assert_non_null(strstr(err.fix, "sysctl -w net.core.rmem_max="));
}

/* A system with small limits. */
static int64_t small_number(const char *path)
{
	return !strcmp(path, "user/max_net_namespaces")			     ? 10 :
	       !strcmp(path, "kernel/apparmor_restrict_unprivileged_userns") ? 1 :
									       -1;
}

/* Findings in which everything is there, and then some is not. */
static void all_found(struct findings *f, struct probe_result *probes, struct lab_err *remarks,
		      int n_plans)
{
	*f = (struct findings){ .probes = probes, .remarks = remarks, .n_plans = n_plans };
	for (; probe_at(f->n_probes); f->n_probes++)
		probes[f->n_probes] = (struct probe_result){ .state = PROBE_OK };
}

static struct probe_result *result_of(struct findings *f, const char *name)
{
	for (int i = 0; i < f->n_probes; i++) {
		if (!strcmp(probe_at(i)->name, name))
			return &f->probes[i];
	}
	return NULL;
}

static char *report_of(const struct findings *f, const struct doctor_options *options,
		       const struct system *sys, struct verdict *verdict)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(verdict_make(probe_at, f, options, verdict), 0);
	show_all(out, options, probe_at, f, verdict, sys, small_number);
	fclose(out);
	return text;
}

static const char golden[] =
	"Linux 6.8.0-31-generic, as user 1000\n"
	"\n"
	"What the lab uses\n"
	"  ok       namespaces   processes, mounts, networks of its own\n"
	"  ok       /proc        a view of the lab's own processes\n"
	"  ok       sysctls      each host's can be written\n"
	"  note     pins         all sysctls that the lab pins are there: this kernel\n"
	"                        lacks net.ipv4.tcp_rto_max_ms\n"
	"  ok       veth         wires between hosts\n"
	"  ok       IPv6         addresses on a wire\n"
	"  ok       offload      can be switched off: a segment is a segment\n"
	"  ok       network      client, firewall, server, built as for a run\n"
	"  ok       capture      packets at both ends (AF_PACKET)\n"
	"  ok       inet_diag    states of sockets\n"
	"  ok       nf_tables    tables, chains, rules\n"
	"  ok       nft counter  counts what a fault hits\n"
	"  missing  nft log      cannot make a rule with 'log' (nf_tables): ENOENT (No\n"
	"                        such file or directory)\n"
	"           fix: modprobe -a nft_log nfnetlink_log (CONFIG_NFT_LOG,\n"
	"                CONFIG_NETFILTER_NETLINK_LOG); if it is not found: apt install\n"
	"                linux-modules-extra-$(uname -r)\n"
	"  ok       nft sets     faults with 'from' or 'to'\n"
	"  ok       nft numgen   faults for the n-th or first n packets\n"
	"  ok       nft reject   faults that reject\n"
	"  ok       conntrack    firewalls that remember, and nat\n"
	"  ok       delay line   packets held by nslab, for faults and links\n"
	"  ok       hosts file   programs know the hosts by name\n"
	"  ok       scenarios    the sysctls that they ask for\n"
	"  untried  hit log, tcp-reset, icmp, icmpv6, link shapes (needs nft log)\n"
	"\n"
	"Not needed: something else stands in for it\n"
	"  missing  netem        cannot delay packets (netem): ENOENT (No such file or\n"
	"                        directory)\n"
	"\n"
	"Limits\n"
	"  note     user.max_net_namespaces is 10: each host takes one, and each running\n"
	"           scenario\n"
	"           fix: sysctl -w user.max_net_namespaces=10000\n"
	"  note     kernel.apparmor_restrict_unprivileged_userns is 1: without root, or a\n"
	"           profile with 'userns,', a user namespace is of no use\n"
	"           fix: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0\n"
	"\n"
	"1 of 3 scenarios can run here and 1 in part, without root:\n"
	"  plain, tuned[ip=4]\n"
	"These cannot:\n"
	"  no nft log: faulty\n"
	"  this kernel has no sysctl net.ipv4.new: tuned[ip=6]\n";

/* whole scenarios, one of which cannot run, and one of which cannot run in part */
static void test_doctor_report_golden(void **state)
{
	struct scenario *scenarios[] = {
		parse("name: plain\nip: [4, 6]\n" HEAD LISTEN),
		parse("name: faulty\n" HEAD
		      "faults:\n  f: {at: fw, match: {protocol: udp}, action: drop}\n" LISTEN),
		parse("name: tuned\nip: [4, 6]\n" HEAD LISTEN),
	};
	const struct doctor_options options = {
		.scenarios = (const struct scenario *const *)scenarios, .n_scenarios = 3
	};
	struct probe_result probes[64];
	struct lab_err remarks[8] = { 0 };
	struct findings f;
	struct verdict verdict;
	char *text;

	(void)state;
	all_found(&f, probes, remarks, 5);
	result_of(&f, "pins")->state = PROBE_NOTE;
	snprintf(result_of(&f, "pins")->note, PROBE_NOTE_SIZE,
		 "this kernel lacks net.ipv4.tcp_rto_max_ms");
	result_of(&f, "nft log")->state = PROBE_MISSING;
	lab_err_set(&result_of(&f, "nft log")->err, ENOENT,
		    "cannot make a rule with 'log' (nf_tables)");
	result_of(&f, "netem")->state = PROBE_MISSING;
	lab_err_set(&result_of(&f, "netem")->err, ENOENT, "cannot delay packets (netem)");
	for (int i = 0; i < f.n_probes; i++) {
		if (probe_at(i)->after & NEED_NFT_LOG)
			probes[i].state = PROBE_UNTRIED;
	}
	lab_err_set(&remarks[4], ENOENT, "this kernel has no sysctl net.ipv4.new");
	text = report_of(&f, &options, &ubuntu, &verdict);
	assert_string_equal(text, golden);
	assert_int_equal(verdict.whole, 1);
	assert_int_equal(verdict.part, 1);
	assert_int_equal(verdict.missing, 2); /* the log, and a sysctl */
	verdict_free(&verdict);
	free(text);
	for (size_t i = 0; i < 3; i++)
		scenario_free(scenarios[i]);
}

/* What no scenario needs is no failure; and colour only where it is asked for. */
static void test_doctor_report_of_what_is_not_needed(void **state)
{
	struct scenario *plain = parse("name: plain\nip: 4\n" HEAD LISTEN);
	const struct scenario *const list[] = { plain };
	struct doctor_options options = { .scenarios = list, .n_scenarios = 1 };
	struct probe_result probes[64];
	struct lab_err remarks[8] = { 0 };
	struct findings f;
	struct verdict verdict;
	char *text;

	(void)state;
	all_found(&f, probes, remarks, 1);
	result_of(&f, "IPv6")->state = PROBE_MISSING;
	lab_err_set(&result_of(&f, "IPv6")->err, EAFNOSUPPORT, "cannot open a socket of IPv6");
	text = report_of(&f, &options, &ubuntu, &verdict);
	assert_int_equal(verdict.missing, 0);
	assert_non_null(strstr(text, "  missing  IPv6 "));
	assert_non_null(strstr(text, "The scenario can run here, without root.\n"));
	assert_null(strchr(text, '\033'));
	verdict_free(&verdict);
	free(text);

	options.colour = true;
	text = report_of(&f, &options, &ubuntu, &verdict);
	assert_non_null(strstr(text, "\033[31mmissing\033[0m"));
	verdict_free(&verdict);
	free(text);
	scenario_free(plain);
}

/* Without scenarios all that every scenario needs counts. */
static void test_doctor_without_scenarios(void **state)
{
	const struct doctor_options options = { .columns = 80 };
	struct probe_result probes[64];
	struct lab_err remarks[1] = { 0 };
	struct findings f;
	struct verdict verdict;

	(void)state;
	all_found(&f, probes, remarks, 0);
	result_of(&f, "nf_tables")->state = PROBE_MISSING;
	assert_int_equal(verdict_make(probe_at, &f, &options, &verdict), 0);
	assert_int_equal(verdict.missing, 0);
	verdict_free(&verdict);
	result_of(&f, "inet_diag")->state = PROBE_MISSING;
	result_of(&f, "veth")->state = PROBE_MISSING;
	assert_int_equal(verdict_make(probe_at, &f, &options, &verdict), 0);
	assert_int_equal(verdict.missing, 2);
	verdict_free(&verdict);
}

/* @path NULL: without PATH */
static bool program_is_met(const char *path, const char *name)
{
	struct need need = { .kind = NEEDS_PROGRAM, .key = (char *)name };
	struct need_list needs = { .list = &need, .n = 1 };
	char *before = strdup(getenv("PATH") ?: "");
	struct lab_err err = { 0 };
	char why[200];
	int met;

	if (path)
		setenv("PATH", path, 1);
	else
		unsetenv("PATH");
	met = doctor_needs_met(&needs, &err);
	setenv("PATH", before, 1);
	free(before);
	snprintf(why, sizeof(why), "there is no program %s along PATH", name);
	if (!met)
		assert_string_equal(err.msg, why);
	assert_in_range(met, 0, 1);
	return met;
}

/* As execvp() would find it. */
static void test_doctor_looks_for_programs_along_path(void **state)
{
	(void)state;
	assert_true(program_is_met("/bin", "sh"));
	assert_true(program_is_met(NULL, "sh"));
	assert_true(program_is_met("/nowhere:/bin", "sh"));
	assert_true(program_is_met("/bin:/nowhere", "sh"));
	assert_true(program_is_met("/nowhere", "/bin/sh"));
	assert_false(program_is_met("/nowhere", "sh"));
	assert_false(program_is_met("", "sh"));
	assert_false(program_is_met("/bin", "/nowhere/sh"));
	/* neither a folder nor a file that nobody may execute */
	assert_false(program_is_met("/", "bin"));
	assert_false(program_is_met("/etc", "passwd"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doctor_looks_for_programs_along_path),
		cmocka_unit_test(test_doctor_needs_of_plans),
		cmocka_unit_test(test_doctor_table_is_sound),
		cmocka_unit_test(test_doctor_fix_names_the_command),
		cmocka_unit_test(test_doctor_notes_small_buffers),
		cmocka_unit_test(test_doctor_report_golden),
		cmocka_unit_test(test_doctor_report_of_what_is_not_needed),
		cmocka_unit_test(test_doctor_without_scenarios),
	};

	return TEST_MAIN("doctor_report", tests, NULL, NULL);
}
