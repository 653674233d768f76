// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The other end of a connection. Without translation on the way it has the mirrored four-tuple. Hosts
 * that translate are asked what they have made of it; their connection tracking finds an entry by
 * what goes in on either side. What was found once stays, also when the host forgets.
 */
#include <string.h>

#include "lab/observe/conntrack.h"
#include "lab/run/run_private.h"

static struct ct_tuple outgoing(const struct four_tuple *t)
{
	struct ct_tuple out = { .af = t->af, .sport = t->lport, .dport = t->rport };

	memcpy(out.src, t->local, sizeof(out.src));
	memcpy(out.dst, t->remote, sizeof(out.dst));
	return out;
}

/* The end that such packets come to. */
static struct four_tuple receiver(const struct ct_tuple *t)
{
	struct four_tuple end = { .af = t->af, .lport = t->dport, .rport = t->sport };

	memcpy(end.local, t->dst, sizeof(end.local));
	memcpy(end.remote, t->src, sizeof(end.remote));
	return end;
}

static bool ct_tuple_equal(const struct ct_tuple *a, const struct ct_tuple *b)
{
	size_t len = a->af == AF_INET6 ? 16 : 4;

	return a->af == b->af && a->sport == b->sport && a->dport == b->dport &&
	       !memcmp(a->src, b->src, len) && !memcmp(a->dst, b->dst, len);
}

/* What goes in as @t comes out as what the other direction's answers are answers to. */
static void translate(struct ct_tuple *t, const struct ct_entry *entry)
{
	const struct ct_tuple *back = ct_tuple_equal(t, &entry->orig) ? &entry->reply :
									&entry->orig;
	struct ct_tuple out = { .af = t->af, .sport = back->dport, .dport = back->sport };

	memcpy(out.src, back->dst, sizeof(out.src));
	memcpy(out.dst, back->src, sizeof(out.dst));
	*t = out;
}

/* @t as it arrives; 1 if a host on the way knows it, 0 if none does yet, or -errno */
static int follow(struct run *run, struct ct_tuple *t, struct lab_err *err)
{
	const struct plan *plan = run->plan;
	bool passed[TOPO_MAX_HOSTS] = { 0 };
	bool known = false;

	for (int i = 0; i < plan->n_nats; i++) {
		struct conntrack *ct = run_conntrack(run, plan->nats[i].host, err);
		struct ct_entry entry;
		int ret;

		if (passed[i])
			continue;
		ret = ct ? conntrack_find(ct, t, &entry, err) : -err->code;
		if (ret < 0)
			return ret;
		if (!ret)
			continue;
		translate(t, &entry);
		known = passed[i] = true;
		i = -1; /* what comes out goes in at the next one, in whichever order they stand */
	}
	return known;
}

struct four_tuple sock_far(const struct sock *sock)
{
	return sock->far_known ? sock->far : tuple_mirror(&sock->end->tuple);
}

bool sock_far_unknown(const struct run *run, const struct sock *sock)
{
	return run->plan->n_nats && !sock->far_known;
}

static int far_find(struct run *run, struct sock *sock, struct lab_err *err)
{
	struct ct_tuple t = outgoing(&sock->end->tuple);
	int ret = follow(run, &t, err), host;

	if (ret <= 0)
		return ret;
	sock->far = receiver(&t);
	sock->far_known = true;
	host = topology_owner(&run->plan->topo, t.af == AF_INET6 ? FAM6 : FAM4, sock->far.local);
	if (host >= 0)
		observer_track_other(run->observer, host, &sock->far, sock->end->is_later);
	return 0;
}

int run_far_find(struct run *run, struct lab_err *err)
{
	int ret = 0;

	for (int i = 0; !ret && i < run->plan->n_steps; i++) {
		struct sock *sock = run->socks ? run->socks[i] : NULL;

		if (sock && sock->end && sock_far_unknown(run, sock))
			ret = far_find(run, sock, err);
	}
	return ret;
}
