// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: getaddrinfo(3) cannot be interrupted: glibc goes on waiting for the rest of
 * its time when poll() returns EINTR, and has no other way to call it off. And where it asks is the
 * process's own: _res, and what nsswitch.conf says. So it runs in a child, which can be killed at any
 * moment, and whose settings are nobody else's.
 *
 * The child holds none of our descriptors: a socket that the lab closes has to be closed. That is so
 * before resolver_start() returns.
 */
#include "lab/run/resolver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <nss.h>
#include <resolv.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/run/children.h"
#include "netns/cleanup.h"
#include "netns/network.h"

struct resolver {
	pid_t pid;
	int fd;
};

/* In the child from here on. */

/* name_server_set() - as if resolv.conf said this and no more */
static int name_server_set(const struct resolver_query *query)
{
	/* RES_OPTIONS, LOCALDOMAIN, HOSTALIASES and their like are for the machine's own lookups */
	if (clearenv() || __nss_configure_lookup("hosts", "dns") || res_init() < 0)
		return EAI_SYSTEM;
	_res.options = RES_INIT | RES_RECURSE;
	_res.retrans = query->timeout_s;
	_res.retry = query->attempts;
	_res.nscount = 1;
	if (query->server.ss_family == AF_INET) {
		memcpy(&_res.nsaddr_list[0], &query->server, sizeof(_res.nsaddr_list[0]));
		return 0;
	}
	/* an empty entry in the list means the address here, which is the library's to free */
	memset(&_res.nsaddr_list[0], 0, sizeof(_res.nsaddr_list[0]));
	if (!_res._u._ext.nsaddrs[0])
		_res._u._ext.nsaddrs[0] = malloc(sizeof(struct sockaddr_in6));
	if (!_res._u._ext.nsaddrs[0])
		return EAI_MEMORY;
	memcpy(_res._u._ext.nsaddrs[0], &query->server, sizeof(struct sockaddr_in6));
	return 0;
}

static void addresses_put(struct resolver_result *result, const struct addrinfo *list)
{
	size_t used = 0;

	for (const struct addrinfo *info = list; info; info = info->ai_next) {
		char text[INET6_ADDRSTRLEN];
		size_t len;

		if (getnameinfo(info->ai_addr, info->ai_addrlen, text, sizeof(text), NULL, 0,
				NI_NUMERICHOST))
			continue;
		len = strlen(text) + (used ? 2 : 0);
		if (used + len >= sizeof(result->addresses))
			break;
		snprintf(result->addresses + used, len + 1, "%s%s", used ? ", " : "", text);
		used += len;
	}
}

static void look_up(const struct resolver_query *query, struct resolver_result *result)
{
	struct addrinfo hints = { .ai_family = query->family, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;

	result->eai = name_server_set(query);
	if (!result->eai)
		result->eai = getaddrinfo(query->name, NULL, &hints, &list);
	result->error = errno;
	addresses_put(result, list);
}

__attribute__((noreturn)) static void child(const struct network *net, int host,
					    const struct resolver_query *query, int out)
{
	struct resolver_result result = { 0 };
	struct lab_err err = { 0 };
	ssize_t n;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (network_enter(net, host, &err) < 0) {
		result.eai = EAI_SYSTEM;
		result.error = err.code;
	}
	/* ours is 3, and there are no others but the standard ones; then say so */
	if ((out != 3 && dup2(out, 3) < 0) || close_range(4, ~0U, 0) < 0 || write(3, "", 1) != 1)
		_exit(1);
	if (!result.eai)
		look_up(query, &result);
	n = write(3, &result, sizeof(result));
	_exit(n == sizeof(result) ? 0 : 1);
}

/* In the lab. */

int resolver_start(const struct network *net, int host, const struct resolver_query *query,
		   struct resolver **ret, struct lab_err *err)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));
	int fds[2] = { -1, -1 }, code = ENOMEM;
	ssize_t n;
	char c;

	if (!resolver || pipe2(fds, O_CLOEXEC) < 0)
		goto failed;
	resolver->fd = fds[0];
	resolver->pid = fork();
	if (resolver->pid < 0)
		goto failed;
	if (!resolver->pid)
		child(net, host, query, fds[1]);
	children_add(resolver->pid);
	close(fds[1]);
	do
		n = read(resolver->fd, &c, 1);
	while (n < 0 && errno == EINTR);
	*ret = resolver;
	return 0;
failed:
	code = resolver ? errno : ENOMEM;
	close_fd(&fds[0]);
	close_fd(&fds[1]);
	free(resolver);
	return lab_err_set(err, code, "cannot start a process that looks a name up");
}

int resolver_fd(const struct resolver *resolver)
{
	return resolver->fd;
}

int resolver_result(struct resolver *resolver, struct resolver_result *ret, struct lab_err *err)
{
	ssize_t n;

	/* it is written in one piece, less than PIPE_BUF */
	do
		n = read(resolver->fd, ret, sizeof(*ret));
	while (n < 0 && errno == EINTR);
	if (n == sizeof(*ret))
		return 0;
	return lab_err_set(err, n < 0 ? errno : ECHILD,
			   "the process that looks a name up ended without a result");
}

void resolver_end(struct resolver *resolver)
{
	if (!resolver)
		return;
	kill(resolver->pid, SIGKILL);
	while (waitpid(resolver->pid, NULL, 0) < 0 && errno == EINTR)
		;
	children_drop(resolver->pid);
	close_fd(&resolver->fd);
	free(resolver);
}
