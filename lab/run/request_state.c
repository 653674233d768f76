// SPDX-License-Identifier: GPL-2.0-or-later
/* The TCP sockets of all hosts, or of one, and what the faults have done. */
#include "lab/run/names.h"
#include "lab/run/request.h"

static const struct request_member members[] = {
	{ "host", JSON_STRING, false },
	{ 0 },
};

/** struct look - at the sockets of @host */
struct look {
	const struct run *run;
	int host;
	json_t *sockets;
};

static void socket_take(void *arg, const struct four_tuple *tuple, const struct diag_socket *s)
{
	const struct look *look = arg;
	char local[80], remote[80];

	if (names_own_socket(look->run, look->host, tuple))
		return;
	json_array_append_new(look->sockets,
			      json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:I, s:i}", "state",
					tcp_state_name(s->state), "local",
					tuple_text(tuple, false, local, sizeof(local)), "remote",
					tuple_text(tuple, true, remote, sizeof(remote)),
					"recv_queue", (json_int_t)s->rqueue, "send_queue",
					(json_int_t)s->wqueue, "timer", tcp_timer_name(s->timer),
					"left_ms", (json_int_t)s->timer_left_ms, "retries",
					s->timer_retrans));
}

static void start(struct caller *caller, const json_t *request)
{
	struct run *run = caller_run(caller);
	const char *only = json_string_value(json_object_get(request, "host"));
	int chosen = only ? host_named(caller, only) : -1;
	struct lab_err err = { 0 };
	json_t *hosts, *faults;

	if (only && chosen < 0)
		return;
	hosts = json_array();
	for (int h = 0; h < run->plan->topo.n_hosts && !err.code; h++) {
		json_t *sockets = json_array();
		struct look look = { run, h, sockets };

		if (chosen < 0 || chosen == h) {
			diag_dump(observer_diag(run->observer, h), socket_take, &look, &err);
			json_array_append_new(hosts, json_pack("{s:s, s:O}", "name",
							       run->plan->topo.hosts[h].name,
							       "sockets", sockets));
		}
		json_decref(sockets);
	}
	faults = err.code ? NULL : faults_json(run, &err);
	if (faults)
		caller_answer(caller, json_pack("{s:O, s:o}", "hosts", hosts, "faults", faults));
	else
		caller_fail(caller, &err);
	json_decref(hosts);
}

const struct request_kind REQUEST_STATE = {
	.name = "state",
	.members = members,
	.start = start,
};
