/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The C library's resolver in a process of its own, inside a host. */
#ifndef NSLAB_RUN_RESOLVER_H
#define NSLAB_RUN_RESOLVER_H

#include <stdbool.h>
#include <sys/socket.h>

#include "netns/err.h"

struct network;
struct resolver;

/* what resolv.conf(5) allows; the C library silently cuts off more */
enum { RESOLVER_TIMEOUT_MAX = 30, RESOLVER_ATTEMPTS_MAX = 5 };

/**
 * struct resolver_query - a call of getaddrinfo(3), and the resolv.conf(5) to go with it
 * @name: taken as it is: there are no search domains
 * @family: AF_INET, AF_INET6, AF_UNSPEC for both
 * @server: the only ``nameserver``, with its port
 * @timeout_s, @attempts: ``options timeout:N attempts:N``
 */
struct resolver_query {
	const char *name;
	int family;
	struct sockaddr_storage server;
	int timeout_s;
	int attempts;
};

/**
 * struct resolver_result - what it returned
 * @eai: 0 or EAI_…
 * @error: errno, for EAI_SYSTEM
 * @addresses: in the order returned, with ", " between them; as many as there is room for
 */
struct resolver_result {
	int eai;
	int error;
	char addresses[1024];
};

/**
 * resolver_start() - look a name up, in the network of @host and nowhere else
 * The machine's hosts file, resolv.conf, nsswitch.conf and name service daemons are not asked.
 * @ret: resolver_end() it
 * Return: 0 or -errno
 */
int resolver_start(const struct network *net, int host, const struct resolver_query *query,
		   struct resolver **ret, struct lab_err *err);

/** resolver_fd() - readable once there is a result */
int resolver_fd(const struct resolver *resolver);

/** resolver_result() - 0, or -errno: it came to its end without a result; call it when readable */
int resolver_result(struct resolver *resolver, struct resolver_result *ret, struct lab_err *err);

/** resolver_end() - end the process if it is not over, and free; NULL is fine */
void resolver_end(struct resolver *resolver);

#endif
