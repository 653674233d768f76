// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of sysctls and the table of pinned ones; writing them is tests/kernel/test_network_config.c's. */
#include "tests/support/main.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "netns/cleanup.h"
#include "netns/sysctl.h"

static void test_sysctl_path_takes_both_spellings(void **state)
{
	static const struct {
		const char *key, *path;
	} good[] = {
		{ "net.ipv4.tcp_retries2", "net/ipv4/tcp_retries2" },
		{ "net/ipv4/tcp_retries2", "net/ipv4/tcp_retries2" },
		{ "net.ipv4.conf.eth0.rp_filter", "net/ipv4/conf/eth0/rp_filter" },
		/* as sysctl(8): behind a first dot a slash is a dot, and the other way round */
		{ "net.ipv4.conf.eth0/100.mtu", "net/ipv4/conf/eth0.100/mtu" },
		{ "net/ipv4/conf/eth0.100/mtu", "net/ipv4/conf/eth0.100/mtu" },
		{ "net.x", "net/x" },
		{ "net.ipv4.conf.a-b_C9.x", "net/ipv4/conf/a-b_C9/x" },
		{ "net/ipv4/conf/a..b/x", "net/ipv4/conf/a..b/x" },
		{ "net/ipv4/...", "net/ipv4/..." },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		char path[128];

		assert_int_equal(sysctl_path(good[i].key, path, sizeof(path)), 0);
		assert_string_equal(path, good[i].path);
	}
}

static void test_sysctl_path_refuses_what_leads_elsewhere(void **state)
{
	static const char *const bad[] = {
		"",
		"net",
		"net.",
		"net/",
		".net.ipv4.x",
		"/net/ipv4/x",
		"kernel.hostname",
		"kernel/hostname",
		"network.x",
		"ne.t",
		"Net.ipv4.x",
		"net.ipv4.",
		"net.ipv4..x",
		"net//ipv4",
		"net/ipv4/..",
		"net/../kernel/hostname",
		"net/ipv4/../../kernel/x",
		"net/./x",
		"net.ipv4.//.x",
		"net.//.//.kernel.hostname",
		"net./.x",
		"net.//",
		"net.ipv4.x y",
		"net.ipv4.x\n",
		"net.ipv4.x=1",
		"net.ipv4.\xc3\xa4",
		"net.ipv4.x\\y",
		"net.ipv4.*",
		"net.ipv4.x;y",
		" net.ipv4.x",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char path[128];

		if (sysctl_path(bad[i], path, sizeof(path)) != -EINVAL)
			fail_msg("took '%s' as '%s'", bad[i], path);
	}
}

/* The path, or nothing: a name that does not fit is refused, not cut. */
static void test_sysctl_path_refuses_what_does_not_fit(void **state)
{
	static const char key[] = "net.ipv4.tcp_retries2";
	char path[sizeof(key) + 1];

	(void)state;
	for (size_t size = 0; size < sizeof(key); size++) {
		memset(path, '#', sizeof(path));
		assert_int_equal(sysctl_path(key, path, size), -EINVAL);
		assert_int_equal(path[size], '#');
	}
	memset(path, '#', sizeof(path));
	assert_int_equal(sysctl_path(key, path, sizeof(key)), 0);
	assert_int_equal(path[sizeof(key)], '#');
}

static void test_sysctl_pins_are_well_formed(void **state)
{
	const struct sysctl_pin *pin, *other;
	int n = 0;

	(void)state;
	for (; (pin = sysctl_pin_at(n)); n++) {
		char path[128];

		if (sysctl_path(pin->key, path, sizeof(path)))
			fail_msg("'%s' is no key", pin->key);
		assert_int_equal(strncmp(pin->key, "net.", 4), 0);
		assert_non_null(pin->value);
		assert_null(strpbrk(pin->value, "\n\t"));
		/* a sentence, for the reader of the table */
		assert_true(pin->reason && strlen(pin->reason) >= 10);
		for (int k = 0; k < n; k++) {
			other = sysctl_pin_at(k);
			if (!strcmp(other->key, pin->key))
				fail_msg("'%s' stands there twice", pin->key);
		}
	}
	assert_true(n > 40);
	assert_null(sysctl_pin_at(n));
	assert_null(sysctl_pin_at(-1));
}

static const char *pinned(const char *key)
{
	for (int i = 0; sysctl_pin_at(i); i++) {
		if (!strcmp(sysctl_pin_at(i)->key, key))
			return sysctl_pin_at(i)->value;
	}
	return "not pinned";
}

/* What other parts of the program, and the scenarios' times, rest on. */
static void test_sysctl_pins_what_scenarios_rest_on(void **state)
{
	static const struct {
		const char *key, *value;
	} needed[] = {
		{ "net.ipv4.tcp_congestion_control", "reno" },
		{ "net.ipv4.tcp_syn_linear_timeouts", "0" },
		{ "net.ipv4.tcp_syn_retries", "6" },
		{ "net.ipv4.tcp_no_metrics_save", "1" },
		{ "net.ipv4.icmp_ratelimit", "0" },
		{ "net.ipv6.icmp.ratelimit", "0" },
		{ "net.ipv6.conf.default.accept_dad", "0" },
		{ "net.ipv4.conf.all.rp_filter", "0" },
		{ "net.ipv4.conf.default.rp_filter", "0" },
		/* one socket serves both families, as listeners here rely on */
		{ "net.ipv6.bindv6only", "0" },
		/* forwarding is the topology's business */
		{ "net.ipv4.ip_forward", "not pinned" },
		{ "net.ipv6.conf.all.forwarding", "not pinned" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		assert_string_equal(pinned(needed[i].key), needed[i].value);
}

/* Reading needs no privilege; what is not beneath net is not read either. */
static void test_sysctl_read_reads_one_line(void **state)
{
	_cleanup_close_ int dir = sysctl_open_dir(NULL);
	struct lab_err err = { 0 };
	char text[256], small[3];

	(void)state;
	assert_true(dir >= 0);
	assert_true(fcntl(dir, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(sysctl_read(dir, "net.ipv4.tcp_rmem", text, sizeof(text), &err), 0);
	/* three numbers, and blanks between them where the kernel has tabs */
	assert_int_equal(strspn(text, "0123456789 "), strlen(text));
	assert_non_null(strchr(strchr(text, ' ') + 1, ' '));
	assert_int_equal(sysctl_read(dir, "net.ipv4.tcp_rmem", small, sizeof(small), &err), 0);
	assert_int_equal(strlen(small), 2);
	assert_memory_equal(small, text, 2);
	assert_int_equal(sysctl_read(dir, "net.ipv4.no_such_key", text, sizeof(text), &err),
			 -ENOENT);
	assert_non_null(strstr(err.msg, "net.ipv4.no_such_key"));
	assert_int_equal(sysctl_read(dir, "kernel.hostname", text, sizeof(text), &err), -EINVAL);
	assert_int_equal(sysctl_read(dir, "net/../kernel/hostname", text, sizeof(text), &err),
			 -EINVAL);
}

static void test_sysctl_write_refuses_what_cannot_be(void **state)
{
	_cleanup_close_ int dir = sysctl_open_dir(NULL);
	struct lab_err err = { 0 };
	char text[512];

	(void)state;
	assert_int_equal(sysctl_write(dir, "kernel.hostname", "x", &err), -EINVAL);
	assert_int_equal(sysctl_write(dir, "net.ipv4.no_such_key", "x", &err), -ENOENT);
	/* a directory */
	assert_true(sysctl_write(dir, "net.ipv4.conf", "x", &err) < 0);
	memset(text, '1', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_true(sysctl_write(dir, "net.ipv4.no_such_key", text, &err) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sysctl_path_takes_both_spellings),
		cmocka_unit_test(test_sysctl_path_refuses_what_leads_elsewhere),
		cmocka_unit_test(test_sysctl_path_refuses_what_does_not_fit),
		cmocka_unit_test(test_sysctl_pins_are_well_formed),
		cmocka_unit_test(test_sysctl_pins_what_scenarios_rest_on),
		cmocka_unit_test(test_sysctl_read_reads_one_line),
		cmocka_unit_test(test_sysctl_write_refuses_what_cannot_be),
	};

	return TEST_MAIN("sysctl", tests, NULL, NULL);
}
