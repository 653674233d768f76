// SPDX-License-Identifier: GPL-2.0-or-later
/* What lab this is. */
#include "lab/observe/axis.h"
#include "lab/run/request.h"
#include "lab/version.h"

static const struct request_member members[] = { { 0 } };

static json_t *addresses_json(const struct topology *topo, int host)
{
	json_t *list = json_array();
	char text[INET6_ADDRSTRLEN];

	for (int i = 0; i < 2 * topo->n_links; i++) {
		const struct topo_link *link = &topo->links[i / 2];

		for (int fam = 0; link->host[i % 2] == host && fam < FAM_COUNT; fam++)
			if (link->addr[i % 2][fam].set)
				json_array_append_new(list,
						      json_string(
							      topo_addr_text(fam,
									     &link->addr[i % 2][fam],
									     text)));
	}
	return list;
}

static json_t *hosts_json(const struct topology *topo)
{
	json_t *list = json_array();

	for (int i = 0; i < topo->n_hosts; i++)
		json_array_append_new(list, json_pack("{s:s, s:o}", "name", topo->hosts[i].name,
						      "addresses", addresses_json(topo, i)));
	return list;
}

static json_t *links_json(const struct topology *topo)
{
	json_t *list = json_array();

	for (int i = 0; i < topo->n_links; i++)
		json_array_append_new(list,
				      json_pack("[s, s]", topo->hosts[topo->links[i].host[0]].name,
						topo->hosts[topo->links[i].host[1]].name));
	return list;
}

static void start(struct caller *caller, const json_t *request)
{
	struct run *run = caller_run(caller);
	struct lab_err err = { 0 };
	json_t *faults = faults_json(run, &err);

	(void)request;
	if (!faults) {
		caller_fail(caller, &err);
		return;
	}
	caller_answer(caller, json_pack("{s:s, s:s, s:s, s:s, s:I, s:o, s:o, s:o}", "nslab",
					NSLAB_VERSION, "scenario", run->scenario->name, "case",
					run->plan->name, "title", run->plan->title, "age_ms",
					(json_int_t)(axis_now(&run->axis) / 1000000), "hosts",
					hosts_json(&run->plan->topo), "links",
					links_json(&run->plan->topo), "faults", faults));
}

const struct request_kind REQUEST_LAB = {
	.name = "lab",
	.members = members,
	.start = start,
};
