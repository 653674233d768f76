// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/doctor/system.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "netns/cleanup.h"
#include "netns/sandbox.h"

static const struct limit limits[] = {
	/* what a small one costs is measured, by the probes of capture and hit log */
	{ "net/core/rmem_max", 0, false, 16777216,
	  "bounds, without root, the room of capture and hit log" },
	{ "net/core/wmem_max", 128 << 10, false, 1048576,
	  "bounds how many faults a host can have: they are sent in one message" },
	{ "user/max_user_namespaces", 16, false, 10000,
	  "without root each running scenario takes one" },
	{ "user/max_pid_namespaces", 16, false, 10000, "each running scenario takes one" },
	{ "user/max_mnt_namespaces", 16, false, 10000,
	  "each running scenario takes one, and each program" },
	{ "user/max_net_namespaces", 64, false, 10000,
	  "each host takes one, and each running scenario" },
	{ "kernel/unprivileged_userns_clone", 1, true, 1,
	  "without root there are no user namespaces" },
	{ "kernel/apparmor_restrict_unprivileged_userns", 0, true, 0,
	  "without root, or a profile with 'userns,', a user namespace is of no use" },
};

const struct limit *limit_at(int i)
{
	return i >= 0 && (size_t)i < ARRAY_SIZE(limits) ? &limits[i] : NULL;
}

const char *limit_key(const struct limit *limit, char *buf, size_t size)
{
	snprintf(buf, size, "%s", limit->path);
	for (char *p = buf; *p; p++) {
		if (*p == '/')
			*p = '.';
	}
	return buf;
}

int64_t system_number(const char *path)
{
	_cleanup_fclose_ FILE *f = NULL;
	char full[128];
	int64_t n = -1;

	snprintf(full, sizeof(full), "/proc/sys/%s", path);
	f = fopen(full, "re");
	return f && fscanf(f, "%" SCNd64, &n) == 1 ? n : -1;
}

static void status_read(struct system *sys)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/self/status", "re");
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "CapEff:", 7))
			sys->caps = strtoull(line + 7, NULL, 16);
		else if (!strncmp(line, "Seccomp:", 8))
			sys->seccomp = atoi(line + 8);
		else if (!strncmp(line, "NoNewPrivs:", 11))
			sys->no_new_privs = atoi(line + 11) != 0;
	}
}

/* The first line of a file, or "". */
static void line_read(const char *path, char *buf, size_t size)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");

	if (!f || !fgets(buf, (int)size, f))
		buf[0] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
}

/* Outside of all user namespaces the map is the identity over all numbers. */
static bool ids_are_mapped(void)
{
	unsigned long inside = 0, outside = 0, count = UINT32_MAX;
	char line[96];

	line_read("/proc/self/uid_map", line, sizeof(line));
	return sscanf(line, "%lu %lu %lu", &inside, &outside, &count) == 3 &&
	       !(inside == 0 && outside == 0 && count == UINT32_MAX);
}

/*
 * The files that containers are known by also come along when an image is unpacked into a virtual
 * machine. There we are in the first PID namespace, whose number is fixed (PROC_PID_INIT_INO).
 */
static bool pids_are_first(void)
{
	char ns[32] = "";

	return readlink("/proc/self/ns/pid", ns, sizeof(ns) - 1) > 0 &&
	       !strcmp(ns, "pid:[4026531836]");
}

static void container_find(struct system *sys)
{
	static const char *const hints[] = { "docker", "kubepods", "libpod", "containerd", "lxc" };
	_cleanup_fclose_ FILE *f = NULL;
	const char *env = getenv("container"); /* systemd-nspawn, podman, lxc set it */
	char line[512];

	if (pids_are_first())
		return;
	if (access("/.dockerenv", F_OK) == 0)
		snprintf(sys->container, sizeof(sys->container), "docker");
	else if (access("/run/.containerenv", F_OK) == 0)
		snprintf(sys->container, sizeof(sys->container), "podman");
	else if (env && env[0] && strcmp(env, "oci"))
		snprintf(sys->container, sizeof(sys->container), "%.31s", env);
	if (sys->container[0])
		return;
	f = fopen("/proc/1/cgroup", "re");
	while (f && fgets(line, sizeof(line), f)) {
		for (size_t i = 0; i < ARRAY_SIZE(hints); i++) {
			if (strstr(line, hints[i]))
				snprintf(sys->container, sizeof(sys->container), "%s", hints[i]);
		}
	}
}

static void distro_read(struct system *sys)
{
	_cleanup_fclose_ FILE *f = fopen("/etc/os-release", "re");
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		size_t used = strlen(sys->distro);

		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "ID=", 3))
			snprintf(sys->distro + used, sizeof(sys->distro) - used, "%s ", line + 3);
		else if (!strncmp(line, "ID_LIKE=", 8))
			snprintf(sys->distro + used, sizeof(sys->distro) - used, "%s ", line + 8);
	}
}

/* "docker-default (enforce)"; a line without the word in brackets is another module's label */
static void profile_read(struct system *sys)
{
	char *mode;

	line_read("/proc/self/attr/current", sys->profile, sizeof(sys->profile));
	mode = strstr(sys->profile, " (");
	if (mode)
		*mode = '\0';
	else
		sys->profile[0] = '\0';
}

void system_read(struct system *ret)
{
	struct utsname uts;
	char dir[96];

	memset(ret, 0, sizeof(*ret));
	uname(&uts);
	snprintf(ret->kernel, sizeof(ret->kernel), "%s", uts.release);
	snprintf(dir, sizeof(dir), "/lib/modules/%s", ret->kernel);
	ret->takes_modules = access("/proc/modules", F_OK) == 0;
	ret->has_modules = access(dir, F_OK) == 0;
	ret->uid = geteuid();
	ret->root_here = sandbox_privileged();
	ret->nested = ids_are_mapped();
	status_read(ret);
	container_find(ret);
	distro_read(ret);
	profile_read(ret);
}
