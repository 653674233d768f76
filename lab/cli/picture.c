// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/cli/picture.h"

#include <string.h>

#include "lab/run/run.h"
#include "netns/cleanup.h"

enum { MARGIN = 2, WIRE = 3, WIDTH = 78 };

/* The link between two hosts, if there is exactly one; else -1. */
static int link_between(const struct topology *topo, int a, int b)
{
	int found = -1;

	for (int i = 0; i < topo->n_links; i++) {
		const int *h = topo->links[i].host;

		if ((h[0] == a && h[1] == b) || (h[0] == b && h[1] == a)) {
			if (found >= 0)
				return -1;
			found = i;
		}
	}
	return found;
}

static const char *addr_at(const struct plan *plan, int link, int host, char buf[INET6_ADDRSTRLEN])
{
	const struct topo_link *l = &plan->topo.links[link];
	int fam = plan->ip & IP_4 ? FAM4 : FAM6;

	return topo_addr_text(fam, &l->addr[l->host[0] == host ? 0 : 1][fam], buf);
}

/* Width of the wire between host @i and the next: both addresses fit beneath it. */
static int wire_width(const struct plan *plan, int i)
{
	char a[INET6_ADDRSTRLEN], b[INET6_ADDRSTRLEN];
	int link = link_between(&plan->topo, i, i + 1);

	addr_at(plan, link, i, a);
	addr_at(plan, link, i + 1, b);
	return WIRE + (int)strlen(a) + (int)strlen(b);
}

static bool is_row(const struct plan *plan)
{
	const struct topology *topo = &plan->topo;
	int width = MARGIN;

	if (topo->n_links != topo->n_hosts - 1)
		return false;
	for (int i = 0; i + 1 < topo->n_hosts; i++) {
		if (link_between(topo, i, i + 1) < 0)
			return false;
		width += (int)strlen(topo->hosts[i].name) + 4 + wire_width(plan, i);
	}
	return width + (int)strlen(topo->hosts[topo->n_hosts - 1].name) + 4 <= WIDTH;
}

static void repeat(FILE *out, char c, int n)
{
	while (n-- > 0)
		fputc(c, out);
}

static void box_edges(const struct plan *plan, FILE *out)
{
	repeat(out, ' ', MARGIN);
	for (int i = 0; i < plan->topo.n_hosts; i++) {
		fputc('+', out);
		repeat(out, '-', (int)strlen(plan->topo.hosts[i].name) + 2);
		fputc('+', out);
		if (i + 1 < plan->topo.n_hosts)
			repeat(out, ' ', wire_width(plan, i));
	}
	fputc('\n', out);
}

static void fault_put(const struct plan *plan, int i, int column, FILE *out)
{
	_cleanup_free_ char *text = fault_text(plan, &plan->faults[i]);

	repeat(out, ' ', column);
	fprintf(out, "x %s: %s%s\n", plan->faults[i].name, text ?: "",
		plan->faults[i].active ? "" : " (off at first)");
}

/* "~ client -> fw: 20 ms"; once where both directions are shaped alike. */
static void shapes_put(const struct plan *plan, FILE *out)
{
	char text[2][160], name[80];

	for (int i = 0; i < plan->topo.n_links; i++) {
		const int *host = plan->topo.links[i].host;
		bool alike;

		for (int end = 0; end < 2; end++)
			shape_text(&plan->shapes[i][end], text[end], sizeof(text[end]));
		alike = !strcmp(text[0], text[1]);
		for (int end = 0; end < 2; end++) {
			if (!text[end][0] || (alike && end))
				continue;
			if (alike)
				snprintf(name, sizeof(name), "%s -- %s",
					 plan->topo.hosts[host[0]].name,
					 plan->topo.hosts[host[1]].name);
			else
				topology_direction(&plan->topo, i, end, name, sizeof(name));
			fprintf(out, "  ~ %s: %s\n", name, text[end]);
		}
	}
}

static void row_print(const struct plan *plan, FILE *out)
{
	const struct topology *topo = &plan->topo;
	char a[INET6_ADDRSTRLEN], b[INET6_ADDRSTRLEN];
	int column = MARGIN;

	box_edges(plan, out);
	repeat(out, ' ', MARGIN);
	for (int i = 0; i < topo->n_hosts; i++) {
		fprintf(out, "| %s |", topo->hosts[i].name);
		if (i + 1 < topo->n_hosts)
			repeat(out, '-', wire_width(plan, i));
	}
	fputc('\n', out);
	box_edges(plan, out);
	repeat(out, ' ', MARGIN);
	for (int i = 0; i + 1 < topo->n_hosts; i++) {
		int link = link_between(topo, i, i + 1);

		repeat(out, ' ', (int)strlen(topo->hosts[i].name) + 4);
		fprintf(out, "%s%*s%s", addr_at(plan, link, i, a), WIRE, "",
			addr_at(plan, link, i + 1, b));
	}
	fputc('\n', out);
	for (int h = 0; h < topo->n_hosts; h++) {
		for (int i = 0; i < plan->n_faults; i++) {
			if (plan->faults[i].host == h)
				fault_put(plan, i, column, out);
		}
		column += (int)strlen(topo->hosts[h].name) + 4;
		if (h + 1 < topo->n_hosts)
			column += wire_width(plan, h);
	}
}

static void links_print(const struct plan *plan, FILE *out)
{
	const struct topology *topo = &plan->topo;
	char a[INET6_ADDRSTRLEN], b[INET6_ADDRSTRLEN];

	for (int i = 0; i < topo->n_links; i++) {
		const struct topo_link *l = &topo->links[i];

		fprintf(out, "  %s (%s) -- (%s) %s\n", topo->hosts[l->host[0]].name,
			addr_at(plan, i, l->host[0], a), addr_at(plan, i, l->host[1], b),
			topo->hosts[l->host[1]].name);
	}
	for (int h = 0; h < topo->n_hosts; h++) {
		bool named = false;

		for (int i = 0; i < plan->n_faults; i++) {
			if (plan->faults[i].host != h)
				continue;
			if (!named)
				fprintf(out, "  at %s\n", topo->hosts[h].name);
			named = true;
			fault_put(plan, i, 4, out);
		}
	}
}

void picture_print(const struct plan *plan, FILE *out)
{
	if (is_row(plan))
		row_print(plan, out);
	else
		links_print(plan, out);
	shapes_put(plan, out);
}
