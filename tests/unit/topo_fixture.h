/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Topologies in one line: topo_make(&topo, "a b c", "a-b b-c"). */
#ifndef NSLAB_TESTS_TOPO_FIXTURE_H
#define NSLAB_TESTS_TOPO_FIXTURE_H

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "netns/topology.h"

static inline void *topo_need(void *p)
{
	if (!p) {
		fprintf(stderr, "a fixture got no memory, or its text is wrong\n");
		abort();
	}
	return p;
}

/* Number of words, which blanks separate. */
static inline int topo_words(const char *text)
{
	int n = 0;

	for (const char *p = text; *p; p++)
		n += *p != ' ' && (p == text || p[-1] == ' ');
	return n;
}

static inline int topo_host_of(const struct topology *topo, const char *name)
{
	int host = topology_host(topo, name);

	if (host < 0)
		topo_need(NULL);
	return host;
}

/* @hosts: names; @links: pairs "a-b". Everything else is left to topology_complete(). */
static inline void topo_make(struct topology *topo, const char *hosts, const char *links)
{
	char *text, *save = NULL;

	memset(topo, 0, sizeof(*topo));
	topo->hosts = topo_need(calloc((size_t)topo_words(hosts) + 1, sizeof(*topo->hosts)));
	topo->links = topo_need(calloc((size_t)topo_words(links) + 1, sizeof(*topo->links)));
	text = topo_need(strdup(hosts));
	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save))
		topo->hosts[topo->n_hosts++].name = topo_need(strdup(w));
	free(text);
	text = topo_need(strdup(links));
	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		struct topo_link *link = &topo->links[topo->n_links++];
		char *dash = topo_need(strchr(w, '-'));

		*dash = '\0';
		link->host[0] = topo_host_of(topo, w);
		link->host[1] = topo_host_of(topo, dash + 1);
	}
	free(text);
}

/* topo_make(), completed; ends the program if the topology is refused */
static inline void topo_ready(struct topology *topo, const char *hosts, const char *links)
{
	struct lab_err err = { 0 };

	topo_make(topo, hosts, links);
	if (topology_complete(topo, NULL, NULL, &err) < 0) {
		fprintf(stderr, "topology: %s\n", err.msg);
		abort();
	}
}

/* Give one end of a link an address: "10.0.0.1/24". */
static inline void topo_address(struct topology *topo, int link, int end, const char *text)
{
	struct topo_addr addr;
	int fam = topo_addr_parse(text, &addr);

	if (fam < 0)
		topo_need(NULL);
	topo->links[link].addr[end][fam] = addr;
}

/* A sysctl that host number @host asks for. */
static inline void topo_sysctl(struct topology *topo, int host, const char *key, const char *value)
{
	struct topo_host *h = &topo->hosts[host];
	size_t size = ((size_t)h->n_sysctls + 1) * sizeof(*h->sysctls);

	h->sysctls = topo_need(realloc(h->sysctls, size));
	h->sysctls[h->n_sysctls++] =
		(struct topo_sysctl){ topo_need(strdup(key)), topo_need(strdup(value)) };
}

/* "10.0.0.1/24" of an end, for comparisons; in a static buffer */
static inline const char *topo_text(const struct topology *topo, int link, int end, int fam)
{
	static char text[INET6_ADDRSTRLEN + 8];
	const struct topo_addr *addr = &topo->links[link].addr[end][fam];
	char bytes[INET6_ADDRSTRLEN];

	snprintf(text, sizeof(text), "%s/%d", topo_addr_text(fam, addr, bytes), addr->prefix);
	return addr->set ? text : "none";
}

#endif
