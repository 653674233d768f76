// SPDX-License-Identifier: GPL-2.0-or-later
/* A link as steps name it: "client -- fw", or one direction of it, "client -> fw". */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lab/scenario/reading.h"
#include "netns/cleanup.h"

enum { LINK_TEXT = 80 };

/* unknown_link() - name those that there are */
static int unknown_link(struct reader *r, const struct node *value, const struct link_line *line)
{
	const struct topology *topo = &r->plan->topo;
	size_t n = (size_t)topo->n_links;
	_cleanup_free_ char(*texts)[LINK_TEXT] = calloc(n + 1, sizeof(*texts));
	_cleanup_free_ const char **names = calloc(n + 1, sizeof(*names));
	char found[LINK_TEXT];

	if (!texts || !names)
		return reader_nomem(r);
	for (size_t i = 0; i < n; i++) {
		snprintf(texts[i], LINK_TEXT, "%s -- %s", topo->hosts[topo->links[i].host[0]].name,
			 topo->hosts[topo->links[i].host[1]].name);
		names[i] = texts[i];
	}
	snprintf(found, sizeof(found), "%s %s %s", topo->hosts[line->host[0]].name,
		 line->one_way ? "->" : "--", topo->hosts[line->host[1]].name);
	return reader_unknown(r, value, "link", found, names, (int)n);
}

static int link_read(struct reader *r, const struct node *value, void *out)
{
	const struct topology *topo = &r->plan->topo;
	struct link_ref ref = { .link = -1 };
	struct link_line line;

	if (r->no_hosts || link_line_read(r, value, &line))
		return -EINVAL;
	for (int i = 0; i < topo->n_links; i++) {
		const int *host = topo->links[i].host;
		bool same = host[0] == line.host[0] && host[1] == line.host[1];

		if (!same && !(host[0] == line.host[1] && host[1] == line.host[0]))
			continue;
		if (ref.link >= 0)
			return reader_problem(r, value, NULL,
					      "there is more than one link between %s and %s, and a step "
					      "cannot tell them apart",
					      topo->hosts[line.host[0]].name,
					      topo->hosts[line.host[1]].name);
		ref = (struct link_ref){ .link = i, .end = same, .one_way = line.one_way };
	}
	if (ref.link < 0)
		return unknown_link(r, value, &line);
	*(struct link_ref *)out = ref;
	return 0;
}

const struct value_type VALUE_LINK = { "link", "a link of the topology, as in client -- fw",
				       link_read, NULL };
