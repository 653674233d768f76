// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: from the first host on, hosts are visited by their distance, so that branches are
 * short; whoever is found first over a link becomes a branch there. Every other link is a branch, too, to a
 * host that has its place elsewhere. Only where branches would be deeper than a reader can follow, they
 * begin anew at the margin.
 */
#include <string.h>

#include "lab/cli/picture_private.h"
#include "netns/cleanup.h"

enum { DEEPEST = 10, STEP = 3, PREFIX_SIZE = MARGIN + 3 * STEP * (DEEPEST + 2) };

/**
 * struct tree - who is whose branch
 * @parent: for each host, the link by which it is reached; -1 at the margin
 * @depth: for each host; -1 until it is reached
 * @drawn: for each host, whether it has come
 */
struct tree {
	const struct picture *p;
	int *parent, *depth, *queue;
	bool *drawn;
};

static int other_end(const struct topo_link *link, int host)
{
	return link->host[0] == host ? link->host[1] : link->host[0];
}

static bool joins(const struct topo_link *link, int host)
{
	return link->host[0] == host || link->host[1] == host;
}

/* All that can be reached from @root and is nobody's branch yet. */
static void grow(struct tree *t, int root)
{
	const struct topology *topo = &t->p->plan->topo;
	int n = 0;

	t->parent[root] = -1;
	t->depth[root] = 0;
	t->queue[n++] = root;
	for (int at = 0; at < n; at++) {
		int host = t->queue[at];

		for (int i = 0; i < topo->n_links; i++) {
			int next = joins(&topo->links[i], host) ? other_end(&topo->links[i], host) :
								  host;

			if (t->depth[next] >= 0 || t->depth[host] == DEEPEST)
				continue;
			t->parent[next] = i;
			t->depth[next] = t->depth[host] + 1;
			t->queue[n++] = next;
		}
	}
}

/* A link's addresses, this host's first: a line for each family, beside the name or beneath it. */
static void addresses_put(const struct tree *t, int link, int host, const char *prefix,
			  int name_end)
{
	const struct picture *p = t->p;
	int end = p->plan->topo.links[link].host[1] == host, n = 0;

	for (int fam = 0; fam < FAM_COUNT; fam++) {
		char near[INET6_ADDRSTRLEN], far[INET6_ADDRSTRLEN];

		picture_addr(p, link, end, fam, near);
		picture_addr(p, link, !end, fam, far);
		if (!(p->plan->ip & 1u << fam) || !near[0])
			continue;
		if (n++) {
			fprintf(p->out, "\n%s", prefix);
			text_pad(p->out, text_width(p->paper, prefix), name_end);
		}
		fprintf(p->out, "  %s%s%s", near, p->signs->wire, far);
	}
}

/* Is @link drawn at @host? A wire that closes a ring is, where it is nearer to the first host. */
static bool is_branch(const struct tree *t, int host, int i)
{
	const struct topo_link *link = &t->p->plan->topo.links[i];
	int next = other_end(link, host);

	if (!joins(link, host) || t->parent[host] == i)
		return false;
	if (t->parent[next] == i || t->depth[host] != t->depth[next])
		return t->parent[next] == i || t->depth[host] < t->depth[next];
	return link->host[0] == host;
}

static void host_put(struct tree *t, int host, char *prefix, int col);

/* One link of @host, to a host that has its place here or elsewhere. */
static void branch_put(struct tree *t, int host, int link, bool last, char *prefix, int col)
{
	const struct picture *p = t->p;
	const struct topology *topo = &p->plan->topo;
	int next = other_end(&topo->links[link], host);
	const char *name = topo->hosts[next].name;
	size_t len = strlen(prefix);

	fprintf(p->out, "%s%s%s", prefix, last ? p->signs->last_branch : p->signs->branch, name);
	strcpy(prefix + len, last ? "   " : p->signs->trunk);
	addresses_put(t, link, host, prefix, col + STEP + (int)strlen(name));
	if (t->parent[next] == link) {
		fputc('\n', p->out);
		host_put(t, next, prefix, col + STEP);
	} else {
		fputs(t->drawn[next] ? "  (above)\n" : "  (below)\n", p->out);
	}
	prefix[len] = '\0';
}

/* What sits at a host, and its branches. */
static void host_put(struct tree *t, int host, char *prefix, int col)
{
	const struct topology *topo = &t->p->plan->topo;
	int last = -1;

	t->drawn[host] = true;
	picture_notes(t->p, host, prefix, col);
	for (int i = 0; i < topo->n_links; i++) {
		if (is_branch(t, host, i))
			last = i;
	}
	for (int i = 0; i <= last; i++) {
		if (is_branch(t, host, i))
			branch_put(t, host, i, i == last, prefix, col);
	}
}

void picture_tree(const struct picture *p)
{
	const struct topology *topo = &p->plan->topo;
	size_t n = (size_t)topo->n_hosts;
	_cleanup_free_ int *parent = calloc(n, sizeof(int));
	_cleanup_free_ int *depth = calloc(n, sizeof(int));
	_cleanup_free_ int *queue = calloc(n, sizeof(int));
	_cleanup_free_ bool *drawn = calloc(n, sizeof(bool));
	struct tree tree = { p, parent, depth, queue, drawn };
	char prefix[PREFIX_SIZE];

	if (!parent || !depth || !queue || !drawn)
		return;
	for (size_t h = 0; h < n; h++)
		depth[h] = -1;
	for (int h = 0; h < topo->n_hosts; h++) {
		if (depth[h] < 0)
			grow(&tree, h);
	}
	for (int h = 0; h < topo->n_hosts; h++) {
		if (parent[h] >= 0)
			continue;
		snprintf(prefix, sizeof(prefix), "%*s", MARGIN, "");
		fprintf(p->out, "%s%s\n", prefix, topo->hosts[h].name);
		host_put(&tree, h, prefix, MARGIN);
	}
}
