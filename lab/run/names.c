// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: many programs bring a resolver of their own, which reads /etc/resolv.conf and not
 * /etc/hosts. For them each host in which a program is started gets a name server: of its own, at a loopback
 * address, so that no packet of it is on a wire, in a capture or before a fault. Where the scenario has a name
 * server, programs ask that one instead: it is what the scenario is about, and it may be out of reach.
 *
 * 127.0.0.53 is where systemd-resolved would be, an address that programs leave alone. But who binds port
 * 53 of all addresses, as a name server does, would still find it taken. So ours listens at another port, and
 * packets are redirected there. Without nf_tables it has to be port 53.
 */
#include "lab/run/names.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "impair/redirect.h"
#include "lab/run/dns.h"
#include "lab/run/nameserver.h"
#include "lab/run/program.h"
#include "lab/run/run_private.h"
#include "lab/run/verb.h"
#include "netns/cleanup.h"

#define NAMES_ADDRESS "127.0.0.53"

enum {
	NAMES_PORT = 4,	  /* IANA has assigned it to nobody, and bindresvport(3) begins at 512 */
	CONNECTIONS = 32, /* at once, over TCP */
	NAME_SERVERS = 3, /* as resolv.conf(5) has it; the C library reads no more */
};

struct names {
	struct nameserver *server;
	uint16_t port;
	struct sock listener;
};

/* What every host is for itself: RFC 6761, 6.3. */
static char localhost[] = "localhost";
static const struct dns_record own_records[] = {
	{ .name = localhost, .host = -1, .fam = FAM4, .addr = { 127, 0, 0, 1 } },
	{ .name = localhost, .host = -1, .fam = FAM6, .addr = { [15] = 1 } },
};

/* The scenario's name servers, each once, in the order of their steps; returns how many */
static int servers_find(const struct plan *plan, int hosts[NAME_SERVERS])
{
	int n = 0;

	for (int i = 0; n < NAME_SERVERS && i < plan->n_steps; i++) {
		int host = step_serves_names(&plan->steps[i]), k = 0;

		while (k < n && hosts[k] != host)
			k++;
		if (host >= 0 && k == n)
			hosts[n++] = host;
	}
	return n;
}

static void options_print(const struct plan *plan, int host, FILE *f)
{
	int timeout_s, attempts;

	for (int i = 0; i < plan->n_steps; i++) {
		if (plan->steps[i].host != host ||
		    !step_resolver(&plan->steps[i], &timeout_s, &attempts))
			continue;
		fprintf(f, "options timeout:%d attempts:%d\n", timeout_s, attempts);
		return;
	}
}

static char *resolv_conf_text(const struct plan *plan, int host)
{
	int servers[NAME_SERVERS], n = servers_find(plan, servers);
	int fam = plan->ip & IP_6 ? FAM6 : FAM4;
	char *text = NULL, addr[INET6_ADDRSTRLEN];
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fprintf(f, "# made by nslab: %s\n",
		n ? "the scenario's name servers" : "it knows the hosts of the lab");
	for (int i = 0; i < n; i++) {
		const struct topo_addr *a = topology_addr(&plan->topo, host, servers[i], fam);

		if (a)
			fprintf(f, "nameserver %s\n", topo_addr_text(fam, a, addr));
	}
	if (n)
		options_print(plan, host, f);
	else
		fprintf(f, "nameserver %s\n", NAMES_ADDRESS);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

/* Where connections are tracked, a check may ask for all there are. */
static bool tracks(const struct plan *plan, int host)
{
	for (int i = 0; i < plan->n_faults; i++) {
		if (plan->faults[i].host == host && plan->faults[i].stateful)
			return true;
	}
	for (int i = 0; i < plan->n_nats; i++) {
		if (plan->nats[i].host == host)
			return true;
	}
	return false;
}

static void note_port_taken(struct run *run, int host, const struct lab_err *why)
{
	struct event note = { .type = EVENT_NOTE, .host = host };
	char text[768];

	if (asprintf(&note.note.text,
		     "no program can bind port %d of all addresses here, since nslab's name server has it: %s",
		     DNS_PORT, lab_err_text(why, text, sizeof(text))) < 0)
		return;
	run_emit(run, &note);
}

/* The port to listen at, after seeing to it that what is sent to port 53 comes there. */
static uint16_t port_prepare(struct run *run, int host)
{
	struct redirect redirect = { .port = DNS_PORT,
				     .to_port = NAMES_PORT,
				     .untracked = tracks(run->plan, host) };
	struct lab_err err = { 0 };

	inet_pton(AF_INET, NAMES_ADDRESS, redirect.addr);
	if (redirect_create(run->net, host, &redirect, &err) == 0)
		return NAMES_PORT;
	note_port_taken(run, host, &err);
	return DNS_PORT;
}

static int socket_open(struct run *run, int host, int type, uint16_t port, struct lab_err *err)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = network_socket(run->net, host, AF_INET, type | SOCK_NONBLOCK, 0, err);

	if (fd < 0)
		return fd;
	inet_pton(AF_INET, NAMES_ADDRESS, &at.sin_addr);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    (type == SOCK_STREAM && listen(fd, CONNECTIONS) < 0)) {
		lab_err_set(err, errno, "cannot serve names at %s, port %u", NAMES_ADDRESS, port);
		close(fd);
		return -err->code;
	}
	return fd;
}

static void names_free(struct names *names)
{
	nameserver_close(names->server);
	close_fd(&names->listener.fd);
	free(names);
}

/* A name server of the host's own, unless it has one. */
static int own_server_start(struct run *run, int host, struct lab_err *err)
{
	const struct dns_zone zone = { .topo = &run->plan->topo,
				       .families = run->plan->ip,
				       .records = own_records,
				       .n = network_has_ipv6(run->net) ? 2 : 1 };
	struct names *names;
	int udp = -1, ret;
	uint16_t port;

	if (run->names[host])
		return 0;
	names = calloc(1, sizeof(*names));
	if (!names)
		return lab_err_set(err, ENOMEM, "cannot serve names");
	names->listener = (struct sock){ .host = host, .af = AF_INET };
	port = names->port = port_prepare(run, host);
	ret = names->listener.fd = socket_open(run, host, SOCK_STREAM, port, err);
	if (ret >= 0)
		ret = udp = socket_open(run, host, SOCK_DGRAM, port, err);
	if (ret >= 0)
		ret = nameserver_open(run->loop, udp, &names->listener, &zone, &names->server, err);
	if (ret < 0) {
		names_free(names);
		return ret;
	}
	nameserver_bound(names->server, CONNECTIONS);
	run->names[host] = names;
	return 0;
}

int names_open(struct run *run, int host, char **ret_resolv_conf, struct lab_err *err)
{
	_cleanup_free_ char *text = resolv_conf_text(run->plan, host);
	int servers[NAME_SERVERS], ret = 0;

	if (!text)
		return lab_err_set(err, ENOMEM, "cannot write a resolv.conf");
	if (!servers_find(run->plan, servers))
		ret = own_server_start(run, host, err);
	if (!ret)
		*ret_resolv_conf = TAKE_PTR(text);
	return ret;
}

void names_close(struct run *run, int host)
{
	struct names *names = TAKE_PTR(run->names[host]);

	if (names)
		names_free(names);
}

bool names_own_socket(const struct run *run, int host, const struct four_tuple *tuple)
{
	const struct names *names = run->names[host];
	struct in_addr addr;

	inet_pton(AF_INET, NAMES_ADDRESS, &addr);
	return names && tuple->af == AF_INET && tuple->lport == names->port &&
	       !memcmp(tuple->local, &addr, sizeof(addr));
}

int run_program_start(struct run *run, int host, char *const *argv, bool apart, struct program *ret,
		      int *ret_exec, struct lab_err *err)
{
	_cleanup_free_ char *resolv_conf = NULL;
	int code = names_open(run, host, &resolv_conf, err);
	struct program_place place = {
		.net = run->net, .host = host, .fams = run->plan->ip, .resolv_conf = resolv_conf
	};

	return code ?: program_start(&place, argv, apart, ret, ret_exec, err);
}
