/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which sysctls a scenario may set: those of a network namespace. */
#ifndef NSLAB_SCENARIO_SYSCTL_KEY_H
#define NSLAB_SCENARIO_SYSCTL_KEY_H

struct node;
struct reader;

/** enum sysctl_verdict - what a key is */
enum sysctl_verdict {
	SYSCTL_OK,
	SYSCTL_MALFORMED, /* not net.*, or something that would lead out of /proc/sys/net */
	SYSCTL_GLOBAL,	  /* belongs to the machine, not to a namespace */
	SYSCTL_READ_ONLY, /* a namespace can look at it, no more */
};

/**
 * sysctl_key_verdict() - judge a key such as "net.ipv4.conf.eth0/100.rp_filter"
 * The form is sysctl(8)'s: dots part the names, and "/" stands for a dot within a name.
 */
enum sysctl_verdict sysctl_key_verdict(const char *key);

/** sysctl_key_check() - the same for a key in a file; 0, or -EINVAL after reporting */
int sysctl_key_check(struct reader *r, const struct node *key);

#endif
