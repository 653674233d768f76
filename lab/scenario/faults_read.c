// SPDX-License-Identifier: GPL-2.0-or-later
/* ``faults:``: where, which packets, what is done with them. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "lab/scenario/reading.h"
#include "lab/scenario/shape_words.h"

static const struct value_type VALUE_MATCH = { "mapping, see match",
					       "a mapping such as {from: client, segment: syn}",
					       value_node_read, NULL };
static const struct value_type VALUE_ACTION = { "action",
						"an action such as drop or reject tcp-reset",
						value_node_read, NULL };
static const struct value_type VALUE_CONNTRACK = { "mapping, see conntrack",
						   "a mapping such as {established: 2s}",
						   value_node_read, NULL };

struct fault_args {
	int host;
	const struct node *match;
	const struct node *action;
	const struct node *conntrack;
	bool active;
};

const struct key FAULT_KEYS[] = {
	{ .name = "at",
	  .type = &VALUE_HOST,
	  .offset = offsetof(struct fault_args, host),
	  .required = true,
	  .example = "fw",
	  .help = "the host at which it acts" },
	{ .name = "match",
	  .type = &VALUE_MATCH,
	  .offset = offsetof(struct fault_args, match),
	  .def = "every packet",
	  .example = "{from: client, to: server, segment: syn}",
	  .help = "which packets are meant" },
	{ .name = "action",
	  .type = &VALUE_ACTION,
	  .offset = offsetof(struct fault_args, action),
	  .required = true,
	  .example = "\"reject host-unreachable\"",
	  .help = "what is done with them" },
	{ .name = "active",
	  .type = &VALUE_BOOL,
	  .offset = offsetof(struct fault_args, active),
	  .def = "true",
	  .example = "false",
	  .help = "whether it is on from the start; a step can switch it" },
	{ .name = "conntrack",
	  .type = &VALUE_CONNTRACK,
	  .offset = offsetof(struct fault_args, conntrack),
	  .def = "none",
	  .example = "{established: 2s, loose: false}",
	  .help = "a stateful firewall: the action hits only what is of no connection that it knows" },
	{ 0 },
};

struct match_args {
	int from, to;
	int protocol;
	uint16_t sport, dport;
	unsigned segments;
	int64_t nth, first, every;
	struct amount probability;
	char *per;
};

const struct key MATCH_KEYS[] = {
	{ .name = "from",
	  .type = &VALUE_HOST,
	  .offset = offsetof(struct match_args, from),
	  .def = "any",
	  .example = "client",
	  .help = "the packet's source is an address of this host, as seen where the fault acts" },
	{ .name = "to",
	  .type = &VALUE_HOST,
	  .offset = offsetof(struct match_args, to),
	  .def = "any",
	  .example = "server",
	  .help = "the packet's destination is an address of this host" },
	{ .name = "protocol",
	  .type = &VALUE_PROTOCOL,
	  .offset = offsetof(struct match_args, protocol),
	  .def = "tcp with segment, else any",
	  .example = "udp",
	  .help = "icmp means ICMPv6 on IPv6" },
	{ .name = "sport",
	  .type = &VALUE_PORT,
	  .offset = offsetof(struct match_args, sport),
	  .def = "any",
	  .example = "8080",
	  .help = "the source port" },
	{ .name = "dport",
	  .type = &VALUE_PORT,
	  .offset = offsetof(struct match_args, dport),
	  .def = "any",
	  .example = "8080",
	  .help = "the destination port" },
	{ .name = "segment",
	  .type = &VALUE_SEGMENTS,
	  .offset = offsetof(struct match_args, segments),
	  .def = "any packet",
	  .example = "[syn, syn-ack]",
	  .help = "the kind of TCP segment; of a list any one suffices" },
	{ .name = "nth",
	  .type = &VALUE_COUNT,
	  .offset = offsetof(struct match_args, nth),
	  .def = "all",
	  .example = "2",
	  .help = "only the n-th matching packet" },
	{ .name = "first",
	  .type = &VALUE_COUNT,
	  .offset = offsetof(struct match_args, first),
	  .def = "all",
	  .example = "3",
	  .help = "only the first n matching packets" },
	{ .name = "every",
	  .type = &VALUE_COUNT,
	  .offset = offsetof(struct match_args, every),
	  .def = "all",
	  .example = "10",
	  .help = "the n-th, 2n-th, 3n-th … matching packet" },
	{ .name = "probability",
	  .type = &VALUE_SHARE,
	  .offset = offsetof(struct match_args, probability),
	  .def = "all",
	  .example = "30%",
	  .help = "each matching packet with that probability; which, --seed decides" },
	{ .name = "per",
	  .type = &VALUE_TEXT,
	  .offset = offsetof(struct match_args, per),
	  .def = "over all",
	  .example = "connection",
	  .help = "connection: count for each connection by itself (addresses and ports, whichever "
		  "way round); with nth, first, every or probability. A SYN of the match with another "
		  "initial sequence number begins a new one on the same ports" },
	{ 0 },
};

void faults_free(struct plan *plan)
{
	for (int i = 0; i < plan->n_faults; i++) {
		free(plan->faults[i].name);
		free(plan->faults[i].stateful);
	}
	free(plan->faults);
	plan->faults = NULL;
	plan->n_faults = 0;
}

/* place_of() - the value under @key, where a problem with it is best shown */
static const struct node *place_of(const struct node *map, const char *key)
{
	const struct node *value = node_get(map, key);

	return value ? value : map;
}

static int per_read(struct reader *r, const struct node *map, const struct match_args *args,
		    struct fault *fault)
{
	static const char *const words[] = { "connection" };

	if (!args->per)
		return 0;
	if (strcmp(args->per, words[0]))
		return reader_unknown(r, place_of(map, "per"), "word behind per", args->per, words,
				      1);
	if (fault->pick == PICK_ALL)
		return reader_problem(r, place_of(map, "per"),
				      "add one of nth, first, every and probability",
				      "'per: connection' counts, but nothing here is chosen by number");
	fault->per_connection = true;
	return 0;
}

static int pick_read(struct reader *r, const struct node *map, const struct match_args *args,
		     struct fault *fault)
{
	const char *said = NULL;
	int n = 0;

	for (int i = 0; i < map->n; i++) {
		const char *key = map->keys[i]->text;

		if (strcmp(key, "nth") && strcmp(key, "first") && strcmp(key, "every") &&
		    strcmp(key, "probability"))
			continue;
		if (n++)
			return reader_problem(r, map->keys[i], NULL,
					      "'%s' beside '%s'; only one of nth, first, every "
					      "and probability",
					      key, said);
		said = key;
	}
	fault->pick = args->nth		    ? PICK_NTH :
		      args->first	    ? PICK_FIRST :
		      args->every	    ? PICK_EVERY :
		      args->probability.set ? PICK_CHANCE :
					      PICK_ALL;
	fault->n = (uint32_t)(args->nth + args->first + args->every + args->probability.n);
	if (args->probability.set && !fault->n)
		return reader_problem(r, place_of(map, "probability"), NULL,
				      "a probability of 0 never happens; expected more, up to 100%%");
	return per_read(r, map, args, fault);
}

/* match_check() - what goes together: segments and TCP, ports and TCP or UDP */
static int match_check(struct reader *r, const struct node *map, struct match_args *args)
{
	const struct node *protocol = node_get(map, "protocol"),
			  *segment = node_get(map, "segment");
	const struct node *port = node_get(map, "sport");

	if (!port)
		port = node_get(map, "dport");
	if (segment && !protocol)
		args->protocol = IPPROTO_TCP;
	if (segment && args->protocol != IPPROTO_TCP)
		return reader_problem(r, protocol, NULL,
				      "'segment' is about TCP; it cannot be with another protocol");
	if (port && !protocol && !segment)
		return reader_problem(r, port, NULL, "ports need protocol: tcp or udp");
	if (port && args->protocol == IPPROTO_ICMP)
		return reader_problem(r, port, NULL, "icmp has no ports");
	return 0;
}

static int match_read(struct reader *r, const struct node *map, struct fault *fault)
{
	struct match_args args = { .from = -1, .to = -1 };
	int err;

	fault->match = (struct packet_match){ .from = -1, .to = -1 };
	if (!map || (map->kind == NODE_SCALAR && !*map->text && !map->quoted))
		return 0;
	err = reader_map(r, map, MATCH_KEYS, &args, NULL, NULL, NULL);
	if (map->kind == NODE_MAP && pick_read(r, map, &args, fault))
		err = -EINVAL;
	free(args.per);
	if (!err)
		err = match_check(r, map, &args);
	fault->match = (struct packet_match){ .from = args.from,
					      .to = args.to,
					      .protocol = args.protocol,
					      .sport = args.sport,
					      .dport = args.dport,
					      .segments = args.segments };
	return err;
}

int reader_match(struct reader *r, const struct node *map, struct packet_match *ret_match)
{
	struct fault fault = { 0 };
	int err = match_read(r, map, &fault);

	*ret_match = fault.match;
	if (!err && fault.pick != PICK_ALL)
		return reader_problem(r, map, NULL,
				      "nth, first, every and probability choose packets for a fault; "
				      "here they are only counted");
	return err;
}

/*
 * nearest_reject() - the reject word nearest to @word
 * The words here serve only as candidates; whether one is right, the action itself decides.
 */
static const char *nearest_reject(const char *word, unsigned families)
{
	static const char *const words[] = { "tcp-reset",	 "net-unreachable",
					     "host-unreachable", "prot-unreachable",
					     "port-unreachable", "net-prohibited",
					     "host-prohibited",	 "admin-prohibited",
					     "no-route",	 "addr-unreachable" };
	const char *candidates[sizeof(words) / sizeof(words[0])];
	struct fault probe = { 0 };
	struct lab_err err = { 0 };
	char text[80];
	int n = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		snprintf(text, sizeof(text), "reject %s", words[i]);
		if (!action_parse(text, families, &probe, &err))
			candidates[n++] = words[i];
	}
	return nearest_word(word, candidates, n);
}

static const char *nearest_action(const char *word)
{
	const char *names[16], *near;
	int n = 0;

	for (; n < 16 && action_at(n); n++)
		names[n] = action_at(n)->name;
	near = nearest_word(word, names, n);
	return near && strcmp(near, word) ? near : NULL; /* else it is what follows that is wrong */
}

/* action_hint() - the nearest action, or behind "reject" the nearest word; NULL if none is near */
static const char *action_hint(const char *text, unsigned families, char *buf, size_t size)
{
	bool reject = !strncmp(text, "reject ", 7);
	const char *near;
	char word[80];

	snprintf(word, sizeof(word), "%.*s", (int)strcspn(text, " "), text);
	near = reject ? nearest_reject(text + 7 + strspn(text + 7, " "), families) :
			nearest_action(word);
	if (!near)
		return NULL;
	snprintf(buf, size, "did you mean '%s%s'?", reject ? "reject " : "", near);
	return buf;
}

static int action_read(struct reader *r, const struct node *node, struct fault *fault)
{
	struct lab_err err = { 0 };
	const char *text;
	char hint[128];
	int ret;

	r->expected = "an action such as drop or reject tcp-reset";
	text = reader_text(r, node);
	r->expected = NULL;
	if (!text)
		return -EINVAL;
	if (!*text)
		return reader_problem(r, node, NULL,
				      "an action is missing; expected drop, or reject "
				      "and a word such as tcp-reset");
	ret = action_parse(text, r->plan->ip, fault, &err);
	if (!ret)
		return 0;
	if (ret == -EAFNOSUPPORT && text_uses_matrix(r, node->text))
		return ret;
	if (ret == -ENOSYS || ret == -EAFNOSUPPORT)
		return reader_problem(r, node, NULL, "%s", err.msg);
	return reader_problem(r, node, action_hint(text, r->plan->ip, hint, sizeof(hint)), "%s",
			      err.msg[0] ? err.msg : "unknown action");
}

static int fault_body_read(struct reader *r, const struct node *map, struct fault *fault)
{
	struct fault_args args = { .active = true };
	int err = reader_map(r, map, FAULT_KEYS, &args, NULL, NULL, NULL), action_err = 0;

	if (map->kind != NODE_MAP)
		return err;
	if (match_read(r, args.match, fault))
		err = -EINVAL;
	if (args.action)
		action_err = action_read(r, args.action, fault);
	if (action_err == -EAFNOSUPPORT)
		return action_err;
	if (!err && !action_err && action_rejects_with_reset(fault) &&
	    fault->match.protocol != IPPROTO_TCP)
		err = reader_problem(r, place_of(map, "action"),
				     "add protocol: tcp or a segment to the match",
				     "only TCP can be rejected with tcp-reset");
	fault->host = args.host;
	fault->active = args.active;
	if (args.conntrack && conntrack_read(r, args.conntrack, fault))
		err = -EINVAL;
	else if (!err && args.conntrack)
		err = conntrack_check(r, args.conntrack, fault);
	return err ? err : action_err;
}

static int fault_read(struct reader *r, const struct node *key, const struct node *value)
{
	struct plan *plan = r->plan;
	struct fault *fault = &plan->faults[plan->n_faults];
	int err = 0, body_err;

	if (!text_is_name(key->text, "_.-"))
		err = reader_problem(r, key, NULL,
				     "'%.100s' is no name for a fault; expected a letter, then "
				     "letters, digits, '_', '.' and '-', at most 63",
				     key->text);
	for (int i = 0; i < plan->n_faults; i++)
		if (!strcmp(plan->faults[i].name, key->text))
			return -EINVAL; /* a duplicate key, which has been reported */
	fault->name = strdup(key->text);
	if (!fault->name)
		return reader_nomem(r);
	plan->n_faults++;
	body_err = fault_body_read(r, value, fault);
	return body_err ? body_err : err;
}

int faults_read(struct reader *r, const struct node *faults)
{
	struct plan *plan = r->plan;
	int err = 0, ret;

	if (!faults || (faults->kind == NODE_SCALAR && !*faults->text && !faults->quoted))
		return 0;
	r->no_faults = true;
	if (faults->kind != NODE_MAP)
		return reader_problem(r, faults, NULL,
				      "expected a mapping of fault names, found %s",
				      node_kind_text(faults));
	if (faults->n > FAULTS_MAX)
		return reader_problem(r, faults, NULL, "%d faults; there can be %d", faults->n,
				      FAULTS_MAX);
	plan->faults = calloc((size_t)faults->n + 1, sizeof(*plan->faults));
	if (!plan->faults)
		return reader_nomem(r);
	for (int i = 0; i < faults->n; i++) {
		ret = fault_read(r, faults->keys[i], faults->items[i]);
		if (ret == -EAFNOSUPPORT)
			return ret;
		if (ret)
			err = -EINVAL;
	}
	r->no_faults = false;
	return err;
}
