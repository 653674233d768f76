// SPDX-License-Identifier: GPL-2.0-or-later
/* The first record of a log: what is run, on what, and with which faults. */
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "impair/stateful.h"
#include "lab/run/run_private.h"
#include "lab/run/shaping.h"
#include "lab/version.h"
#include "netns/cleanup.h"
#include "netns/sandbox.h"

static const char *pick_text(const struct fault *fault, char *buf, size_t size)
{
	static const char *const words[] = {
		[PICK_NTH] = "number", [PICK_FIRST] = "first", [PICK_EVERY] = "every"
	};

	const char *per = fault->per_connection ? " per connection" : "";

	buf[0] = '\0';
	if (fault->pick == PICK_CHANCE)
		snprintf(buf, size, " (%g %%%s)", fault->n / 1e4, per);
	else if (fault->pick != PICK_ALL)
		snprintf(buf, size, " (%s %u%s)", words[fault->pick], fault->n, per);
	return buf;
}

static void stateful_text(const struct stateful *s, FILE *f)
{
	fputs(" of no known connection", f);
	if (s->limit)
		fprintf(f, ", or beyond %u at once", s->limit);
	if (s->rate)
		fprintf(f, ", or beyond %u new in %u s", s->rate, s->per_s);
}

char *fault_text(const struct plan *plan, const struct fault *fault)
{
	const struct packet_match *m = &fault->match;
	char *text = NULL, action[64], pick[48];
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fputs(action_text(fault, action, sizeof(action)), f);
	for (int i = 0, n = 0; segment_name_at(i); i++) {
		if (m->segments & segment_from_name(segment_name_at(i)))
			fprintf(f, "%s%s", n++ ? ", " : " ", segment_name_at(i));
	}
	if (!m->segments)
		fprintf(f, " %s",
			m->protocol == IPPROTO_TCP  ? "tcp" :
			m->protocol == IPPROTO_UDP  ? "udp" :
			m->protocol == IPPROTO_ICMP ? "icmp" :
						      "all");
	fputs(pick_text(fault, pick, sizeof(pick)), f);
	if (fault->stateful)
		stateful_text(fault->stateful, f);
	if (m->from >= 0)
		fprintf(f, " from %s", plan->topo.hosts[m->from].name);
	if (m->sport)
		fprintf(f, " port %u", m->sport);
	if (m->to >= 0)
		fprintf(f, " to %s", plan->topo.hosts[m->to].name);
	if (m->dport)
		fprintf(f, " port %u", m->dport);
	return fclose(f) ? NULL : text;
}

static void hosts_fill(struct event_begin *b, const struct topology *topo)
{
	b->hosts = calloc((size_t)topo->n_hosts + 1, sizeof(*b->hosts));
	for (int i = 0; b->hosts && i < topo->n_hosts; i++)
		b->hosts[b->n_hosts++] = strdup(topo->hosts[i].name);
}

static void faults_fill(struct event_begin *b, const struct plan *plan)
{
	b->faults = calloc((size_t)plan->n_faults + 1, sizeof(*b->faults));
	for (int i = 0; b->faults && i < plan->n_faults; i++)
		b->faults[b->n_faults++] = (struct event_fault_info){
			.name = strdup(plan->faults[i].name),
			.host = plan->faults[i].host,
			.text = fault_text(plan, &plan->faults[i]),
			.active = plan->faults[i].active,
		};
}

static void links_fill(struct event_begin *b, const struct plan *plan, enum ip ip)
{
	const struct topology *topo = &plan->topo;
	char text[INET6_ADDRSTRLEN], words[160];

	b->links = calloc((size_t)topo->n_links + 1, sizeof(*b->links));
	for (int i = 0; b->links && i < topo->n_links; i++) {
		struct event_link_info *info = &b->links[b->n_links++];
		const struct topo_link *link = &topo->links[i];
		struct shape shape;

		for (int end = 0; end < 2; end++) {
			info->host[end] = link->host[end];
			info->ifname[end] = strdup(link->ifname[end]);
			shape = plan->shapes[i][end];
			shape_clamp(&shape);
			info->shape[end] = strdup(shape_text(&shape, words, sizeof(words)));
			info->addr4[end] = strdup(
				ip & IP_4 ? topo_addr_text(FAM4, &link->addr[end][FAM4], text) :
					    "");
			info->addr6[end] = strdup(
				ip & IP_6 ? topo_addr_text(FAM6, &link->addr[end][FAM6], text) :
					    "");
		}
	}
}

void run_begin_event(struct run *run, int64_t begun_ns)
{
	struct event event = { .type = EVENT_BEGIN, .host = -1 };
	const struct scenario *s = run->scenario;
	struct event_begin *b = &event.begin;
	struct utsname uts;
	struct timespec now;

	uname(&uts);
	clock_gettime(CLOCK_REALTIME, &now);
	b->version = EVENT_FORMAT_VERSION;
	b->nslab = strdup(NSLAB_VERSION);
	b->kernel = strdup(uts.release);
	b->scenario = strdup(s->name);
	b->name = strdup(run->plan->name);
	b->file = strdup(s->file);
	b->title = strdup(run->plan->title);
	b->story = strdup(s->story);
	b->remedy = strdup(s->remedy);
	b->set = strdup(run->plan->set);
	b->repeat = strdup(run->options->repeat ?: "");
	b->seed = run->options->seed;
	b->disarmed = run->options->disarmed;
	b->inverted = run->options->invert;
	b->shaper = strdup(shaping_name(run));
	b->root = sandbox_in_root();
	b->wall_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec - axis_now(&run->axis);
	hosts_fill(b, &run->plan->topo);
	faults_fill(b, run->plan);
	links_fill(b, run->plan, run->plan->ip);
	event.t_ns = begun_ns - run->axis.t0_ns;
	journal_add(run->journal, &event);
}
