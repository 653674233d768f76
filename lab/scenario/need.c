// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/scenario/need.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/scenario/reading.h"
#include "lab/scenario/sysctl_key.h"

static const struct {
	const char *word;
	const char *help;
} rows[NEEDS_COUNT] = {
	[NEEDS_SYSCTL] = { "sysctl",
			   "that key in a network namespace: `sysctl net.ipv4.tcp_rto_max_ms`" },
	[NEEDS_IPV6] = { "ipv6", "IPv6" },
	[NEEDS_MPTCP] = { "mptcp", "sockets of Multipath TCP" },
	[NEEDS_CONNTRACK] = { "conntrack", "firewalls that remember connections (nf_conntrack)" },
	[NEEDS_QUEUE] = { "queue", "packets held for user space (nfnetlink_queue)" },
	[NEEDS_NETEM] = { "netem", "delay and loss made by the kernel (sch_netem)" },
	[NEEDS_PROGRAM] = { "program", "that program, found along PATH: `program curl`" },
};

const char *need_word(enum need_kind kind)
{
	return rows[kind].word;
}

const char *need_help(enum need_kind kind)
{
	return rows[kind].help;
}

void need_list_free(struct need_list *needs)
{
	for (int i = 0; i < needs->n; i++)
		free(needs->list[i].key);
	free(needs->list);
	*needs = (struct need_list){ 0 };
}

static int word_unknown(struct reader *r, const struct node *at, const char *word)
{
	const char *words[NEEDS_COUNT];

	for (int i = 0; i < NEEDS_COUNT; i++)
		words[i] = rows[i].word;
	return reader_unknown(r, at, "need", word, words, NEEDS_COUNT);
}

/* A key that can only be read will do, since nobody writes it. */
static int sysctl_read_key(struct reader *r, const struct node *at, const char *key,
			   struct need *ret)
{
	if (!*key)
		return reader_problem(r, at, NULL,
				      "which sysctl? expected a key behind it, such as sysctl "
				      "net.ipv4.tcp_rto_max_ms");
	switch (sysctl_key_verdict(key)) {
	case SYSCTL_MALFORMED:
		return reader_problem(r, at, NULL,
				      "'%.200s' is no sysctl of a network namespace; expected a key "
				      "such as net.ipv4.tcp_rto_max_ms",
				      key);
	case SYSCTL_GLOBAL:
		return reader_problem(r, at, NULL,
				      "%s is global to the machine, not to a namespace", key);
	default:
		ret->key = strdup(key);
		return ret->key ? 0 : reader_nomem(r);
	}
}

/* What `run` has as its first word. */
static int program_read_name(struct reader *r, const struct node *at, const char *name,
			     struct need *ret)
{
	if (!*name)
		return reader_problem(r, at, NULL,
				      "which program? expected its name behind it, such as program "
				      "curl");
	if (strchr(name, ' '))
		return reader_problem(r, at, NULL,
				      "'%.200s' is more than a program; its arguments stand in the "
				      "step that runs it",
				      name);
	ret->key = strdup(name);
	return ret->key ? 0 : reader_nomem(r);
}

static int need_read(struct reader *r, const struct node *at, struct need *ret)
{
	size_t len = strcspn(at->text, " ");
	const char *rest = at->text + len + strspn(at->text + len, " ");
	char word[128];

	snprintf(word, sizeof(word), "%.*s", (int)len, at->text);
	for (ret->kind = 0; ret->kind < NEEDS_COUNT; ret->kind++) {
		if (!strcmp(word, rows[ret->kind].word))
			break;
	}
	if (ret->kind == NEEDS_COUNT)
		return word_unknown(r, at, word);
	if (ret->kind == NEEDS_SYSCTL)
		return sysctl_read_key(r, at, rest, ret);
	if (ret->kind == NEEDS_PROGRAM)
		return program_read_name(r, at, rest, ret);
	if (*rest)
		return reader_problem(r, at, NULL, "nothing stands behind '%s', found '%.100s'",
				      word, rest);
	return 0;
}

static int needs_read(struct reader *r, const struct node *value, void *out)
{
	struct node *const one[] = { (struct node *)value };
	struct node *const *items = value->kind == NODE_LIST ? value->items : one;
	int n = value->kind == NODE_LIST ? value->n : 1, err = 0;
	struct need_list *needs = out;

	if (value->kind == NODE_MAP)
		return -EDOM;
	needs->list = calloc((size_t)n + 1, sizeof(*needs->list));
	if (!needs->list)
		return reader_nomem(r);
	for (int i = 0; i < n; i++) {
		if (items[i]->kind != NODE_SCALAR)
			err = reader_problem(r, items[i], NULL, "expected a need, found %s",
					     node_kind_text(items[i]));
		else if (need_read(r, items[i], &needs->list[needs->n]))
			err = -EINVAL;
		else
			needs->n++;
	}
	return err;
}

static void needs_free(void *out)
{
	need_list_free(out);
}

const struct value_type VALUE_NEEDS = {
	"list of needs, see needs", "a list such as [conntrack, sysctl net.ipv4.tcp_syn_retries]",
	needs_read, needs_free
};
