// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/cli/commands.h"

enum { LINE = 1000 };

void script_chapter(const struct script *s, const char *title)
{
	fprintf(s->out, "\n# ---- %s ----\n\n", title);
}

static void addresses_put(const struct script *s, int host)
{
	const struct topology *topo = &s->plan->topo;
	char text[INET6_ADDRSTRLEN];

	fprintf(s->out, "#   %s:", topo->hosts[host].name);
	for (int i = 0; i < 2 * topo->n_links; i++) {
		const struct topo_link *link = &topo->links[i / 2];

		for (int fam = 0; fam < FAM_COUNT; fam++) {
			if (link->host[i % 2] == host && s->plan->ip & 1u << fam)
				fprintf(s->out, " %s",
					topo_addr_text(fam, &link->addr[i % 2][fam], text));
		}
	}
	fputc('\n', s->out);
}

static void head_put(const struct script *s)
{
	fputs("#!/bin/sh\n# ", s->out);
	text_put(s->paper, s->out, s->plan->name, LINE);
	fputs("\n# ", s->out);
	text_put(s->paper, s->out, s->plan->title, LINE);
	fputs("\n#\n"
	      "# The lab of this scenario by hand. Run it as root; it needs iproute2, procps, ethtool "
	      "and nftables.\n"
	      "# Unlike nslab it builds on this machine: namespaces stay until they are removed, see "
	      "the end.\n#\n"
	      "# Hosts, and by which addresses they are known:\n",
	      s->out);
	for (int h = 0; h < s->plan->topo.n_hosts; h++)
		addresses_put(s, h);
	fputs("set -eu\n", s->out);
}

static void steps_put(const struct script *s)
{
	const struct plan *plan = s->plan;

	script_chapter(s, "what to do next: the scenario's steps");
	fputs("# A program runs at a host by: ip netns exec HOST PROGRAM\n"
	      "# A new wire may take a second until it carries packets: ip -n HOST link shows state "
	      "UP then.\n#\n",
	      s->out);
	for (int i = 0; i < plan->n_steps; i++) {
		const struct step *step = &plan->steps[i];

		fprintf(s->out, "# %2d. %s%s", i + 1,
			step->host >= 0 ? plan->topo.hosts[step->host].name : "",
			step->host >= 0 ? ": " : "");
		text_put(s->paper, s->out, step->text, LINE);
		fputs(step->background ? " (in background)\n" : "\n", s->out);
	}
}

static void tail_put(const struct script *s)
{
	script_chapter(s, "to remove all of it");
	fputs("# for host in", s->out);
	for (int h = 0; h < s->plan->topo.n_hosts; h++)
		fprintf(s->out, " %s", s->plan->topo.hosts[h].name);
	fputs("; do ip netns del \"$host\"; done\n", s->out);
}

void commands_print(const struct plan *plan, const struct paper *paper, FILE *out)
{
	const struct script s = { plan, paper, out };

	head_put(&s);
	commands_net(&s);
	commands_fault(&s);
	commands_shape(&s);
	steps_put(&s);
	tail_put(&s);
}
