/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to doctor/: facts about the system that explain a refusal, read without trying anything. */
#ifndef NSLAB_DOCTOR_SYSTEM_H
#define NSLAB_DOCTOR_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct system - where we are
 * @kernel: its release
 * @takes_modules: whether it can load any; @has_modules: whether theirs are on this disk
 * @distro: ID and ID_LIKE of os-release, "ubuntu debian"
 * @container: what kind of container we are in, "" if none
 * @profile: name of the AppArmor profile that confines us, "" if none
 * @uid: effective; @root_here: it is 0 and has what the lab needs
 * @nested: we are in a user namespace already
 * @caps: effective capabilities, a bit each
 * @seccomp: 0 none, 1 strict, 2 a filter
 */
struct system {
	char kernel[65];
	bool takes_modules, has_modules;
	char distro[96];
	char container[32];
	char profile[96];
	uid_t uid;
	bool root_here;
	bool nested;
	uint64_t caps;
	int seccomp;
	bool no_new_privs;
};

void system_read(struct system *ret);

/** system_number() - the number in a file beneath /proc/sys; -1 if it cannot be read */
int64_t system_number(const char *path);

/**
 * struct limit - a number of the system that bounds what the lab can do
 * @path: beneath /proc/sys
 * @enough: it should be at least that (with @exactly: that)
 * @advice: what to set it to
 * @cost: what a smaller one costs
 */
struct limit {
	const char *path;
	int64_t enough;
	bool exactly;
	int64_t advice;
	const char *cost;
};

/** limit_at() - the table's rows, NULL behind the last */
const struct limit *limit_at(int i);

/** limit_key() - its name with dots; returns @buf */
const char *limit_key(const struct limit *limit, char *buf, size_t size);

#endif
