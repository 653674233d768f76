// SPDX-License-Identifier: GPL-2.0-or-later
/* ``conntrack:`` of a fault: what a stateful firewall remembers, and how much it lets in. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "impair/stateful.h"
#include "lab/scenario/reading.h"
#include "netns/cleanup.h"

enum { RATE_MAX = 1000000, NS_PER_S = 1000000000 };

static int seconds_read(struct reader *r, const struct node *value, void *out)
{
	const char *text = reader_text(r, value);
	int64_t ns;
	int ret;

	if (!text)
		return -EINVAL;
	ret = value_duration(text, &ns);
	if (ret == -ERANGE)
		return reader_problem(r, value, NULL, "%.100s is too long; at most 24h", text);
	if (ret)
		return -EDOM;
	if (ns < NS_PER_S || ns % NS_PER_S)
		return reader_problem(
			r, value, NULL,
			"connection tracking knows whole seconds only, and %.100s is not one; expected 1s, 2s …",
			text);
	*(int32_t *)out = (int32_t)(ns / NS_PER_S);
	return 0;
}

static const struct value_type VALUE_SECONDS = { "whole seconds", "whole seconds such as 2s",
						 seconds_read, NULL };

/* an int: 1, 0, and -1 where it is left out */
static int switch_read(struct reader *r, const struct node *value, void *out)
{
	bool on;
	int ret = VALUE_BOOL.read(r, value, &on);

	if (!ret)
		*(int *)out = on;
	return ret;
}

static const struct value_type VALUE_SWITCH = { "boolean", "true or false", switch_read, NULL };

struct rate {
	uint32_t n, per_s;
};

static int rate_read(struct reader *r, const struct node *value, void *out)
{
	static const struct {
		const char *unit;
		uint32_t per_s;
	} units[] = { { "s", 1 }, { "m", 60 }, { "min", 60 }, { "h", 3600 } };
	const char *text = reader_text(r, value), *slash = text ? strchr(text, '/') : NULL;
	struct rate *rate = out;
	char number[16];
	int64_t n;

	if (!text)
		return -EINVAL;
	if (!slash || (size_t)(slash - text) >= sizeof(number))
		return -EDOM;
	snprintf(number, sizeof(number), "%.*s", (int)(slash - text), text);
	if (value_int(number, 1, RATE_MAX, &n))
		return -EDOM;
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(units[i].unit, slash + 1))
			continue;
		*rate = (struct rate){ (uint32_t)n, units[i].per_s };
		return 0;
	}
	return -EDOM;
}

static const struct value_type VALUE_RATE = { "rate", "1 to 1000000 in s, m or h, such as 5/s",
					      rate_read, NULL };

enum { BURST_MAX = 1000000 };

struct args {
	struct stateful s;
	int64_t limit, burst;
	struct rate rate;
};

#define TIMEOUT(NAME, I, HELP)                                                              \
	{                                                                                   \
		.name = NAME, .type = &VALUE_SECONDS,                                       \
		.offset = offsetof(struct args, s) + offsetof(struct stateful, timeout_s) + \
			  sizeof(int32_t) * (size_t)(I),                                    \
		.def = "the kernel's own", .example = "2s", .help = HELP                    \
	}

/* the timeouts first, in the order of stateful_timeout_at() */
const struct key CONNTRACK_KEYS[] = {
	TIMEOUT("syn_sent", 0, "a SYN was seen, and no answer"),
	TIMEOUT("syn_recv", 1, "the SYN-ACK was seen"),
	TIMEOUT("established", 2, "the handshake is over"),
	TIMEOUT("fin_wait", 3, "one side has sent its FIN"),
	TIMEOUT("close_wait", 4, "that FIN is acknowledged"),
	TIMEOUT("last_ack", 5, "both have sent their FIN"),
	TIMEOUT("time_wait", 6, "both FINs are acknowledged"),
	TIMEOUT("close", 7, "a RST was seen"),
	TIMEOUT("max_retrans", 8,
		"a segment was sent again three times (nf_conntrack_tcp_max_retrans) without an answer"),
	TIMEOUT("unacknowledged", 9, "data is not acknowledged yet"),
	TIMEOUT("udp", 10, "UDP was seen in one direction only"),
	TIMEOUT("udp_stream", 11, "UDP was seen in both directions, for a while"),
	TIMEOUT("icmp", 12, "an echo request was seen, of ICMP or ICMPv6"),
	{ .name = "loose",
	  .type = &VALUE_SWITCH,
	  .offset = offsetof(struct args, s) + offsetof(struct stateful, loose),
	  .def = "false",
	  .example = "true",
	  .help = "pick a connection up in the middle (nf_conntrack_tcp_loose; on where nobody switched it off)" },
	{ .name = "liberal",
	  .type = &VALUE_SWITCH,
	  .offset = offsetof(struct args, s) + offsetof(struct stateful, liberal),
	  .def = "false",
	  .example = "true",
	  .help = "segments outside of the window are not invalid (nf_conntrack_tcp_be_liberal)" },
	{ .name = "limit",
	  .type = &VALUE_COUNT,
	  .offset = offsetof(struct args, limit),
	  .def = "none",
	  .example = "2",
	  .help = "how many connections may be open at once; the action hits what would open one more" },
	{ .name = "rate",
	  .type = &VALUE_RATE,
	  .offset = offsetof(struct args, rate),
	  .def = "none",
	  .example = "5/s",
	  .help = "how many may be opened in that time, by s, m or h; the action hits what would open one more" },
	{ .name = "burst",
	  .type = &VALUE_COUNT,
	  .offset = offsetof(struct args, burst),
	  .def = "5",
	  .example = "1",
	  .help = "of rate: how many may be opened at once after a pause" },
	{ 0 },
};

static const char *host_name(const struct reader *r, const struct fault *fault)
{
	return r->plan->topo.hosts[fault->host].name;
}

/* The key whose setting of the namespace differs from @other's, or NULL. */
static const char *differs(const struct stateful *s, const struct stateful *other)
{
	for (int i = 0; stateful_timeout_at(i); i++) {
		if (s->timeout_s[i] && other->timeout_s[i] &&
		    s->timeout_s[i] != other->timeout_s[i])
			return stateful_timeout_at(i)->name;
	}
	if (s->loose >= 0 && other->loose >= 0 && s->loose != other->loose)
		return "loose";
	return s->liberal >= 0 && other->liberal >= 0 && s->liberal != other->liberal ? "liberal" :
											NULL;
}

/* The host's own sysctl that one of the fault's settings would overwrite, or NULL. */
static const char *overwrites(const struct topo_host *host, const struct stateful *s)
{
	for (int i = 0; i < host->n_sysctls; i++) {
		const char *key = host->sysctls[i].key;

		if (!strcmp(key, "net.netfilter.nf_conntrack_tcp_loose") ||
		    !strcmp(key, "net.netfilter.nf_conntrack_tcp_be_liberal"))
			return key;
		for (int t = 0; stateful_timeout_at(t); t++) {
			const struct stateful_timeout *row = stateful_timeout_at(t);

			if (s->timeout_s[t] &&
			    (!strcmp(key, row->key) || (row->also && !strcmp(key, row->also))))
				return key;
		}
	}
	return NULL;
}

int conntrack_check(struct reader *r, const struct node *map, const struct fault *fault)
{
	const struct plan *plan = r->plan;
	const char *key;

	if (fault->host < 0 || fault->host >= plan->topo.n_hosts)
		return 0;
	key = overwrites(&plan->topo.hosts[fault->host], fault->stateful);
	if (key)
		return reader_problem(r, map, NULL,
				      "%s is set by the host's sysctl and by this fault; give one",
				      key);
	for (const struct fault *other = plan->faults; other != fault; other++) {
		if (!other->stateful || other->host != fault->host)
			continue;
		key = differs(fault->stateful, other->stateful);
		if (key)
			return reader_problem(
				r, node_get(map, key) ?: map,
				"give it in one of the two, or use two hosts",
				"fault '%s' at %s has another '%s'; a host remembers connections in one way for all its faults",
				other->name, host_name(r, fault), key);
	}
	return 0;
}

int conntrack_read(struct reader *r, const struct node *map, struct fault *fault)
{
	struct args args = { .s = { .loose = -1, .liberal = -1 } };
	int ret = reader_map(r, map, CONNTRACK_KEYS, &args, NULL, NULL, NULL);

	if (ret < 0)
		return ret;
	if (args.burst > BURST_MAX)
		return reader_problem(r, node_get(map, "burst"), NULL,
				      "a burst of %lld is more than any firewall takes; at most %d",
				      (long long)args.burst, BURST_MAX);
	if (args.burst && !args.rate.n)
		return reader_problem(r, node_get(map, "burst"), "add rate, such as rate: 5/s",
				      "'burst' is about 'rate', and there is none");
	args.s.limit = (uint32_t)args.limit;
	args.s.rate = args.rate.n;
	args.s.per_s = args.rate.per_s;
	args.s.burst = args.burst ? (uint32_t)args.burst : 5;
	fault->stateful = malloc(sizeof(*fault->stateful));
	if (!fault->stateful)
		return reader_nomem(r);
	*fault->stateful = args.s;
	return 0;
}
