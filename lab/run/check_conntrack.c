// SPDX-License-Identifier: GPL-2.0-or-later
/* What a host's connection tracking remembers. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "lab/observe/conntrack.h"
#include "lab/run/check.h"
#include "netns/cleanup.h"

struct args {
	struct packet_match match;
	int state; /* -1 for any */
	struct compare left;
	struct compare count;
};

static int entries_read(struct reader *r, const struct node *value, void *out)
{
	struct packet_match *match = out;

	if (reader_match(r, value, match) < 0)
		return -EINVAL;
	if (match->segments)
		return reader_problem(r, node_get(value, "segment") ?: value, NULL,
				      "an entry is about a connection, not about a kind of segment");
	return 0;
}

static const struct value_type VALUE_ENTRIES = { "mapping of from, to, protocol, sport, dport",
						 "a mapping such as {from: client, to: server}",
						 entries_read, NULL };

static int state_read(struct reader *r, const struct node *value, void *out)
{
	const char *text = reader_text(r, value), *names[16];
	int n = 0, state;

	if (!text)
		return -EINVAL;
	state = ct_state_from_name(text);
	if (state >= 0) {
		*(int *)out = state;
		return 0;
	}
	for (; n < 16 && ct_state_name(n); n++)
		names[n] = ct_state_name(n);
	return reader_unknown(r, value, "state of connection tracking", text, names, n);
}

static const struct value_type VALUE_CT_STATE = { "state of connection tracking",
						  "a state such as ESTABLISHED or SYN_SENT",
						  state_read, NULL };

static const struct key keys[] = {
	{ "conntrack", &VALUE_ENTRIES, offsetof(struct args, match), .required = true,
	  .example = "{from: client, to: server, protocol: tcp, dport: 8080}",
	  .help = "which entries, by the packet that opened the connection, before any translation; at is the host that remembers" },
	{ "state", &VALUE_CT_STATE, offsetof(struct args, state), .def = "any",
	  .example = "ESTABLISHED",
	  .help = "only TCP connections that connection tracking has in this state; its words have '_'" },
	{ "left", &VALUE_COMPARE_NS, offsetof(struct args, left), .def = "any",
	  .example = "\"<= 2s\"",
	  .help = "only those that are forgotten after this time, if no packet comes; the kernel tells whole seconds" },
	{ "count", &VALUE_COMPARE, offsetof(struct args, count), .def = ">= 1", .example = "0",
	  .help = "how many there are" },
	{ 0 },
};

static void init(void *p)
{
	struct args *args = p;

	args->match = (struct packet_match){ .from = -1, .to = -1 };
	args->state = -1;
	args->count = (struct compare){ .lo = 1, .hi = INT64_MAX };
}

static int check(struct reader *r, const struct node *at, int host, void *p)
{
	const struct plan *plan = reader_plan(r);

	(void)p;
	if (host < 0)
		return reader_problem(r, at, NULL,
				      "'at' is missing: the host whose connection tracking is meant");
	if (!plan_tracks(plan, host))
		return reader_problem(r, node_get(at, "at") ?: at,
				      "give it nat, or a fault with conntrack",
				      "%s tracks no connections", plan->topo.hosts[host].name);
	return 0;
}

static int count(const void *p)
{
	(void)p;
	return 1;
}

static void place(const void *p, int i, int *ret_line, int *ret_col)
{
	const struct args *args = p;

	(void)i;
	*ret_line = args->count.line;
	*ret_col = args->count.col;
}

/*
 * A dump walks a table of the whole machine, which takes 3 ms, and a hundred times that where many do it
 * at once. So a waiting check pauses for a multiple of that, and never for long.
 */
enum { PAUSE_TIMES = 8, PAUSE_NS = 100 * 1000000 };

/* What the last dump has shown. */

struct seen {
	int64_t next_ns;
	int64_t n, others;
	int state; /* of an entry that fits but for its state, or of one that fits */
	int left_s;
};

_Static_assert(sizeof(struct seen) <= CHECK_STATE, "raise CHECK_STATE");

struct counting {
	const struct args *args;
	const struct topology *topo;
	struct seen *seen;
};

static void entry_count(void *arg, const struct ct_entry *e)
{
	struct counting *c = arg;
	const struct packet_match *m = &c->args->match;
	int fam = e->orig.af == AF_INET6 ? FAM6 : FAM4;

	if ((m->protocol && m->protocol != e->protocol) ||
	    (m->sport && m->sport != e->orig.sport) || (m->dport && m->dport != e->orig.dport) ||
	    (m->from >= 0 && m->from != topology_owner(c->topo, fam, e->orig.src)) ||
	    (m->to >= 0 && m->to != topology_owner(c->topo, fam, e->orig.dst)))
		return;
	c->seen->state = e->tcp_state;
	c->seen->left_s = (int)e->left_s;
	if ((c->args->state >= 0 && c->args->state != e->tcp_state) ||
	    (c->args->left.set && !compare_met(&c->args->left, (int64_t)e->left_s * 1000000000)))
		c->seen->others++;
	else
		c->seen->n++;
}

static int entries_look(struct op *op, const struct args *args, int at, struct seen *seen,
			struct lab_err *err)
{
	struct counting counting = { args, &run_plan(op->run)->topo, seen };
	struct conntrack *ct = run_conntrack(op->run, at, err);
	int64_t begun = clock_now(), took;
	int ret;

	if (!ct)
		return -err->code;
	if (begun < seen->next_ns && begun < op->deadline_ns)
		return 0;
	*seen = (struct seen){ .state = -1, .left_s = -1 };
	ret = conntrack_dump(ct, entry_count, &counting, err);
	took = clock_now() - begun;
	seen->next_ns =
		begun + took + (PAUSE_TIMES * took < PAUSE_NS ? PAUSE_TIMES * took : PAUSE_NS);
	return ret;
}

static void seen_text(const struct seen *seen, char *buf)
{
	int used = snprintf(buf, CHECK_TEXT, "count %lld", (long long)seen->n);
	const char *state = ct_state_name(seen->state);

	if (!seen->n && !seen->others)
		return;
	used += snprintf(buf + used, (size_t)(CHECK_TEXT - used), " (%s%s%s%d s left",
			 seen->n ? "" : "there is one with ", state ?: "", state ? ", " : "",
			 seen->left_s);
	snprintf(buf + used, (size_t)(CHECK_TEXT - used), ")");
}

static int look(struct op *op, const void *p, int at, int i, void *state, char *expected,
		char *observed, struct lab_err *err)
{
	const struct args *args = p;
	struct seen *seen = state;
	int ret = entries_look(op, args, at, seen, err);

	(void)i;
	if (ret < 0)
		return ret;
	snprintf(expected, CHECK_TEXT, "count %s", args->count.text ?: ">= 1");
	seen_text(seen, observed);
	return compare_met(&args->count, seen->n);
}

const struct check_kind CHECK_CONNTRACK = {
	.name = "conntrack",
	.help = "The connections that a host's connection tracking remembers.",
	.keys = keys,
	.args_size = sizeof(struct args),
	.init = init,
	.check = check,
	.count = count,
	.place = place,
	.look = look,
};
