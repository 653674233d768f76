// SPDX-License-Identifier: GPL-2.0-or-later
/* The hosts of ``topology:``, and the topology as a whole; its links are in links_read.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/scenario/control.h"
#include "lab/scenario/reading.h"
#include "lab/scenario/sysctl_key.h"

static const struct value_type VALUE_HOSTS = { "mapping of hosts", "a mapping of host names",
					       value_node_read, NULL };
static const struct value_type VALUE_LINKS = { "list of links",
					       "a list of links such as client -- fw",
					       value_node_read, NULL };
static const struct value_type VALUE_SYSCTLS = { "mapping of sysctls", "a mapping of sysctls",
						 value_node_read, NULL };

static const struct value_type VALUE_NAT = {
	"masquerade, or a mapping, see nat",
	"masquerade or a mapping such as {8080: \"server:80\"}", value_node_read, NULL
};

struct topology_args {
	const struct node *hosts;
	const struct node *links;
};

const struct key TOPOLOGY_KEYS[] = {
	{ .name = "hosts",
	  .type = &VALUE_HOSTS,
	  .offset = offsetof(struct topology_args, hosts),
	  .required = true,
	  .example = "{client: {}, fw: {forward: true}, server: {}}",
	  .help = "the hosts by name, each with its own keys, or {}" },
	{ .name = "links",
	  .type = &VALUE_LINKS,
	  .offset = offsetof(struct topology_args, links),
	  .required = true,
	  .example = "[client -- fw, fw -- server]",
	  .help = "the wires between them; each is a network of its own" },
	{ 0 },
};

struct host_args {
	bool forward;
	const struct node *sysctl;
	const struct node *nat;
};

const struct key HOST_KEYS[] = {
	{ .name = "forward",
	  .type = &VALUE_BOOL,
	  .offset = offsetof(struct host_args, forward),
	  .def = "true with more than one link, else false",
	  .example = "true",
	  .help = "whether it passes on packets that are not its own" },
	{ .name = "sysctl",
	  .type = &VALUE_SYSCTLS,
	  .offset = offsetof(struct host_args, sysctl),
	  .example = "{net.ipv4.tcp_syncookies: 0}",
	  .help = "settings of the host's namespace, net.* only; they win over the pinned ones" },
	{ .name = "nat",
	  .type = &VALUE_NAT,
	  .offset = offsetof(struct host_args, nat),
	  .def = "none",
	  .example = "masquerade",
	  .help = "translate addresses: masquerade, or a mapping such as {8080: \"server:80\"}" },
	{ 0 },
};

/* is_reserved() - words that mean something else where a step begins */
static bool is_reserved(const struct reader *r, const char *name)
{
	static const char *const words[] = { "expect", "id", "lab" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(words[i], name))
			return true;
	for (const struct verb *const *verb = r->vocabulary->verbs; *verb; verb++)
		if (!(*verb)->on_host && !strcmp((*verb)->name, name))
			return true;
	return false;
}

static int host_name_check(struct reader *r, const struct node *key, const char *name)
{
	size_t len = strlen(name);

	if (!len || len > 31 || name[0] == '-' ||
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")])
		return reader_problem(r, key, NULL,
				      "'%.64s' is no host name; expected a-z, 0-9 and '-', at most 31",
				      name);
	if (is_reserved(r, name))
		return reader_problem(r, key, NULL,
				      "a host cannot be named '%s': a step that begins with this word "
				      "means something else",
				      name);
	return 0;
}

static int sysctl_read(struct reader *r, const struct node *key, const struct node *value,
		       struct topo_host *host)
{
	struct topo_sysctl *sysctls, entry = { 0 };
	const char *text;

	if (sysctl_key_check(r, key))
		return -EINVAL;
	r->expected = "a sysctl's value";
	text = reader_text(r, value);
	r->expected = NULL;
	if (!text)
		return -EINVAL;
	if (!*text || control_in(text))
		return reader_problem(r, value, NULL, "expected a sysctl's value on one line");
	sysctls = realloc(host->sysctls, sizeof(*sysctls) * (size_t)(host->n_sysctls + 1));
	if (!sysctls)
		return reader_nomem(r);
	host->sysctls = sysctls;
	entry.key = strdup(reader_text(r, key));
	entry.value = strdup(text);
	sysctls[host->n_sysctls++] = entry;
	return entry.key && entry.value ? 0 : reader_nomem(r);
}

static int sysctls_read(struct reader *r, const struct node *map, struct topo_host *host)
{
	int err = 0;

	if (map->kind != NODE_MAP)
		return reader_problem(r, map, NULL, "expected a mapping of sysctls, found %s",
				      node_kind_text(map));
	for (int i = 0; i < map->n; i++)
		if (sysctl_read(r, map->keys[i], map->items[i], host))
			err = -EINVAL;
	return err;
}

static int host_read(struct reader *r, const struct node *key, const struct node *value,
		     struct topo_host *host)
{
	const char *name = reader_text(r, key);
	struct host_args args = { 0 };
	int err;

	if (!name)
		return -EINVAL;
	err = host_name_check(r, key, name);
	if (topology_host(&r->plan->topo, name) >= 0) {
		if (name != key->text) /* else it is a duplicate key, which has been reported */
			reader_problem(r, key, NULL, "a second host named '%s'", name);
		return -EINVAL;
	}
	host->name = strdup(name);
	if (!host->name)
		return reader_nomem(r);
	r->plan->topo.n_hosts++; /* from here on others can name it, whatever is wrong with it */
	if (value->kind == NODE_SCALAR && !*value->text && !value->quoted)
		return err;
	if (reader_map(r, value, HOST_KEYS, &args, NULL, NULL, NULL))
		err = -EINVAL;
	else if (node_get(value, "forward"))
		host->forward = args.forward ? FORWARD_YES : FORWARD_NO;
	if (args.sysctl && sysctls_read(r, args.sysctl, host))
		err = -EINVAL;
	return err;
}

static int hosts_read(struct reader *r, const struct node *hosts)
{
	struct topology *topo = &r->plan->topo;
	int err = 0;

	if (hosts->kind != NODE_MAP || !hosts->n)
		return reader_problem(r, hosts, NULL, "expected a mapping of host names, found %s",
				      node_kind_text(hosts));
	if (hosts->n > TOPO_MAX_HOSTS)
		return reader_problem(r, hosts, NULL, "%d hosts; there can be %d", hosts->n,
				      TOPO_MAX_HOSTS);
	topo->hosts = calloc((size_t)hosts->n, sizeof(*topo->hosts));
	if (!topo->hosts)
		return reader_nomem(r);
	for (int i = 0; i < hosts->n; i++)
		if (host_read(r, hosts->keys[i], hosts->items[i], &topo->hosts[topo->n_hosts]))
			err = -EINVAL;
	return err;
}

/* nats_read() - they name other hosts, and need to know who forwards: when all that is settled */
static int nats_read(struct reader *r, const struct node *hosts)
{
	int err = 0;

	r->plan->nats = calloc((size_t)hosts->n, sizeof(*r->plan->nats));
	if (!r->plan->nats)
		return reader_nomem(r);
	for (int i = 0; i < hosts->n; i++) {
		const struct node *nat =
			hosts->items[i]->kind == NODE_MAP ? node_get(hosts->items[i], "nat") : NULL;

		if (nat && nat_read(r, i, nat))
			err = -EINVAL;
	}
	return err;
}

/* topology_default() - what a scenario that says nothing gets: client -- fw -- server */
static int topology_default(struct reader *r)
{
	static const char *const names[] = { "client", "fw", "server" };
	struct topology *topo = &r->plan->topo;
	struct lab_err err = { 0 };

	topo->hosts = calloc(3, sizeof(*topo->hosts));
	topo->links = calloc(2, sizeof(*topo->links));
	r->plan->shapes = calloc(2, sizeof(*r->plan->shapes));
	if (!topo->hosts || !topo->links || !r->plan->shapes)
		return reader_nomem(r);
	for (int i = 0; i < 3; i++) {
		topo->hosts[i].name = strdup(names[i]);
		if (!topo->hosts[i].name)
			return reader_nomem(r);
		topo->n_hosts++;
	}
	topo->hosts[1].forward = FORWARD_YES;
	for (int i = 0; i < 2; i++) {
		topo->links[i].host[0] = i;
		topo->links[i].host[1] = i + 1;
	}
	topo->n_links = 2;
	if (topology_complete(topo, NULL, NULL, &err))
		return reader_problem(r, NULL, NULL, "%s", err.msg);
	return 0;
}

/* complete() - choose what was left open; a problem of the whole gets the place of its culprit */
static int complete(struct reader *r, const struct node *topology, const struct topology_args *args,
		    const struct node *const *places)
{
	const struct node *at = topology;
	struct lab_err err = { 0 };
	int host, link;

	if (!topology_complete(&r->plan->topo, &host, &link, &err))
		return 0;
	if (link >= 0)
		at = places[link];
	else if (host >= 0)
		at = args->hosts->keys[host];
	return reader_problem(r, at, NULL, "%s", err.msg[0] ? err.msg : "impossible topology");
}

int topology_read(struct reader *r, const struct node *topology)
{
	const struct node **places = NULL;
	struct topology_args args = { 0 };
	int err;

	if (!topology)
		return topology_default(r);
	err = reader_map(r, topology, TOPOLOGY_KEYS, &args, NULL, NULL, NULL);
	if (!args.hosts || hosts_read(r, args.hosts))
		err = -EINVAL;
	r->no_hosts = !r->plan->topo.n_hosts;
	if (args.links && links_read(r, args.links, &places))
		err = -EINVAL;
	if (!err)
		err = complete(r, topology, &args, places);
	if (!err)
		err = nats_read(r, args.hosts);
	free(places);
	return err;
}
