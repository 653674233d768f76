// SPDX-License-Identifier: GPL-2.0-or-later
/* A scenario's ``needs:``, each found out by trying it. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/doctor/probe.h"
#include "netns/cleanup.h"
#include "netns/sysctl.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

/* In whatever network namespace we are: the keys are the same in all. */
static int try_sysctl(const char *key, struct lab_err *err)
{
	_cleanup_close_ int dir = sysctl_open_dir(err);
	char value[256];
	int ret = dir < 0 ? dir : sysctl_read(dir, key, value, sizeof(value), err);

	/* too long for us, or not to be read: it is there */
	return ret == -ENOENT ? ret : 0;
}

static int try_socket(int family, int protocol, const char *what, struct lab_err *err)
{
	_cleanup_close_ int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, protocol);

	return fd < 0 ? lab_err_set(err, errno, "cannot open a socket of %s", what) : 0;
}

static bool is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	       faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

/* As execvp(3) looks for it: an empty place in PATH is the working directory. */
static int try_program(const char *name)
{
	const char *path = getenv("PATH");
	char file[4096];

	if (strchr(name, '/'))
		return is_program(name) ? 0 : -ENOENT;
	for (path = path ?: "/bin:/usr/bin";; path++) {
		int len = (int)strcspn(path, ":");

		if ((size_t)snprintf(file, sizeof(file), "%.*s/%s", len ?: 1, len ? path : ".",
				     name) < sizeof(file) &&
		    is_program(file))
			return 0;
		path += len;
		if (!*path)
			return -ENOENT;
	}
}

/* those that are tried in a network */
static int (*const in_network[NEEDS_COUNT])(struct probe_env *env, struct lab_err *err) = {
	[NEEDS_CONNTRACK] = try_nft_conntrack,
	[NEEDS_QUEUE] = try_delayline,
	[NEEDS_NETEM] = try_netem,
};

static int attempt(struct probe_env *env, const struct need *need, struct lab_err *err)
{
	switch (need->kind) {
	case NEEDS_SYSCTL:
		return try_sysctl(need->key, err);
	case NEEDS_PROGRAM:
		return try_program(need->key);
	case NEEDS_IPV6:
		return try_socket(AF_INET6, 0, "IPv6", err);
	case NEEDS_MPTCP:
		return try_socket(AF_INET, IPPROTO_MPTCP, "Multipath TCP", err);
	default:
		return in_network[need->kind](env, err);
	}
}

int need_try(struct probe_env *env, const struct need_list *needs, struct lab_err *err)
{
	for (int i = 0; i < needs->n; i++) {
		const struct need *need = &needs->list[i];
		struct lab_err why = { 0 };
		char text[1024];

		if (attempt(env, need, &why) >= 0)
			continue;
		if (need->kind == NEEDS_SYSCTL)
			return lab_err_set(err, ENOENT, "this kernel has no sysctl %s", need->key);
		if (need->kind == NEEDS_PROGRAM)
			return lab_err_set(err, ENOENT, "there is no program %.200s along PATH",
					   need->key);
		lab_err_set(err, why.code ?: ENOSYS,
			    "this kernel has no %s, which the scenario needs: %s",
			    need_word(need->kind), lab_err_text(&why, text, sizeof(text)));
		return -err->code;
	}
	return 0;
}

int doctor_needs_met(const struct need_list *needs, struct lab_err *err)
{
	struct probe_env env = { 0 };
	bool network = false;
	int ret = 0;

	for (int i = 0; i < needs->n; i++)
		network |= in_network[needs->list[i].kind] != NULL;
	if (network)
		ret = env_init(&env) < 0 ? lab_err_set(err, ENOMEM, "cannot try what is needed") :
					   network_build(&env.topo, NULL, &env.net, err);
	if (!ret)
		ret = need_try(&env, needs, err) == 0;
	network_free(env.net);
	topology_free(&env.topo);
	return ret;
}
