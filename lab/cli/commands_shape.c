// SPDX-License-Identifier: GPL-2.0-or-later
/* Shapes of links: what impair/shaper_netem.c asks of the kernel, and netem's own loss. */
#include "lab/cli/commands.h"

enum { ETHERNET = 14 };

static void time_put(FILE *out, int64_t ns)
{
	if (ns % 1000000 == 0)
		fprintf(out, " %lldms", (long long)(ns / 1000000));
	else if (ns % 1000 == 0)
		fprintf(out, " %lldus", (long long)(ns / 1000));
	else
		fprintf(out, " %lldns", (long long)ns);
}

static void share_put(FILE *out, const char *word, uint32_t millionths)
{
	if (millionths)
		fprintf(out, " %s %.6g%%", word, millionths / 1e4);
}

void script_netem(const struct script *s, const struct shape *shape)
{
	fprintf(s->out, "netem limit %lld", (long long)(shape->limit ?: SHAPE_LIMIT));
	if (shape->delay_ns) {
		fputs(" delay", s->out);
		time_put(s->out, shape->delay_ns);
		if (shape->jitter_ns)
			time_put(s->out, shape->jitter_ns);
		if (shape->jitter_ns && shape->distribution == JITTER_NORMAL)
			fputs(" distribution normal", s->out);
	}
	share_put(s->out, "loss", shape->loss);
	share_put(s->out, "duplicate", shape->duplicate);
	share_put(s->out, "reorder", shape->reorder);
	share_put(s->out, "corrupt", shape->corrupt);
	/* counted from the IP header on, without the header of Ethernet */
	if (shape->rate)
		fprintf(s->out, " rate %lldbit -%d", (long long)shape->rate, ETHERNET);
}

static void direction_put(const struct script *s, int link, int end)
{
	const struct topo_link *l = &s->plan->topo.links[link];
	struct shape shape = s->plan->shapes[link][end];
	char name[80], text[160];

	shape_clamp(&shape);
	fprintf(s->out,
		"# %s: ", topology_direction(&s->plan->topo, link, end, name, sizeof(name)));
	text_put(s->paper, s->out, shape_text(&shape, text, sizeof(text)), sizeof(text));
	fprintf(s->out, "\ntc -n %s qdisc add dev %s root ", s->plan->topo.hosts[l->host[end]].name,
		l->ifname[end]);
	script_netem(s, &shape);
	fputc('\n', s->out);
}

void commands_shape(const struct script *s)
{
	bool any = false;

	for (int i = 0; i < 2 * s->plan->topo.n_links; i++) {
		const struct shape *shape = &s->plan->shapes[i / 2][i % 2];

		if (shape_is_none(shape))
			continue;
		if (!any) {
			script_chapter(s, "shapes of wires, each at the end that sends");
			fputs("# Which packets netem loses is its own dice; nslab's are those of "
			      "--seed.\n",
			      s->out);
		}
		any = true;
		direction_put(s, i / 2, i % 2);
	}
}
