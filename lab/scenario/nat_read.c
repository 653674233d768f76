// SPDX-License-Identifier: GPL-2.0-or-later
/* ``nat:`` of a host. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/scenario/reading.h"

enum { PORTS_KEEP, PORTS_RANDOM, FORWARDS_MAX = 64 };

static const char *const ports_words[] = { "keep", "random", NULL };

struct args {
	bool masquerade;
	int ports;
	struct nat *nat;
};

const struct key NAT_KEYS[] = {
	{ .name = "masquerade",
	  .type = &VALUE_BOOL,
	  .offset = offsetof(struct args, masquerade),
	  .def = "false",
	  .example = "true",
	  .help = "each connection that the host forwards, in whichever direction, comes from the host's own address on the link where it leaves" },
	{ .name = "ports",
	  .words = ports_words,
	  .offset = offsetof(struct args, ports),
	  .def = "keep",
	  .example = "random",
	  .help = "of masquerade: keep the source port if it is free, or take a random one" },
	{ 0 },
};

void nats_free(struct plan *plan)
{
	for (int i = 0; i < plan->n_nats; i++)
		free(plan->nats[i].forwards);
	free(plan->nats);
	plan->nats = NULL;
	plan->n_nats = 0;
}

bool plan_tracks(const struct plan *plan, int host)
{
	for (int i = 0; i < plan->n_nats; i++) {
		if (plan->nats[i].host == host)
			return true;
	}
	for (int i = 0; i < plan->n_faults; i++) {
		if (plan->faults[i].host == host && plan->faults[i].stateful)
			return true;
	}
	return false;
}

/* forward_read() - a key that is a port */
static int forward_read(struct reader *r, const struct node *key, const struct node *value,
			void *out)
{
	struct nat *nat = ((struct args *)out)->nat;
	struct nat_forward forward = { 0 }, *list;
	struct endpoint to = { 0 };
	int64_t port;

	if (!*key->text || key->text[strspn(key->text, "0123456789")])
		return 0;
	if (value_int(key->text, 1, 65535, &port))
		return reader_problem(r, key, NULL, "%.32s is no port; expected 1 to 65535",
				      key->text);
	if (reader_value(r, value, &VALUE_ENDPOINT, &to))
		return -EINVAL;
	forward = (struct nat_forward){ (uint16_t)port, to.host, to.port };
	VALUE_ENDPOINT.free(&to);
	if (forward.to < 0)
		return reader_problem(r, value, NULL,
				      "a port is forwarded to a host of the topology, by its name");
	if (forward.to == nat->host)
		return reader_problem(r, value, "forward it to a host behind this one",
				      "%s cannot forward a port to itself",
				      r->plan->topo.hosts[nat->host].name);
	for (int i = 0; i < nat->n_forwards; i++) {
		if (nat->forwards[i].port == forward.port)
			return reader_problem(r, key, NULL, "port %u is forwarded twice",
					      forward.port);
	}
	if (nat->n_forwards == FORWARDS_MAX)
		return reader_problem(r, key, NULL, "at most %d ports can be forwarded",
				      FORWARDS_MAX);
	list = realloc(nat->forwards, ((size_t)nat->n_forwards + 1) * sizeof(*list));
	if (!list)
		return reader_nomem(r);
	nat->forwards = list;
	list[nat->n_forwards++] = forward;
	return 1;
}

static int word_read(struct reader *r, const struct node *value, struct args *args)
{
	static const char *const words[] = { "masquerade" };
	const char *text = reader_text(r, value);

	if (!text)
		return -EINVAL;
	if (!*text)
		return reader_problem(
			r, value, NULL,
			"a value is missing; expected masquerade or a mapping such as {8080: \"server:80\"}");
	if (strcmp(text, words[0]))
		return reader_unknown(r, value, "translation", text, words, 1);
	args->masquerade = true;
	return 0;
}

int nat_read(struct reader *r, int host, const struct node *value)
{
	struct nat *nat = &r->plan->nats[r->plan->n_nats++];
	struct args args = { .nat = nat };
	int ret;

	nat->host = host;
	ret = value->kind == NODE_SCALAR ?
		      word_read(r, value, &args) :
		      reader_map(r, value, NAT_KEYS, &args, NULL, NULL, forward_read);
	if (ret < 0)
		return ret;
	nat->masquerade = args.masquerade;
	nat->random_ports = args.ports == PORTS_RANDOM;
	if (nat->random_ports && !nat->masquerade)
		return reader_problem(r, node_get(value, "ports"), "add masquerade: true",
				      "'ports' is about masquerade, and there is none");
	if (!nat->masquerade && !nat->n_forwards)
		return reader_problem(
			r, value, NULL,
			"nat translates nothing; expected masquerade: true or a port such as 8080: \"server:80\"");
	if (r->plan->topo.hosts[host].forward != FORWARD_YES)
		return reader_problem(r, value, "add forward: true",
				      "%s does not forward, so it has nothing to translate",
				      r->plan->topo.hosts[host].name);
	return 0;
}
