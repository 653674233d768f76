// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/run/shaping.h"

#include <errno.h>
#include <string.h>

#include "impair/duration.h"
#include "lab/run/run_private.h"

static int shape_put(struct run *run, int link, int end, const struct shape *shape,
		     struct lab_err *err)
{
	struct delayline *line;
	int ret = 0;

	if (shaper_needs_line(run->shaper, shape)) {
		ret = run_line(run, &line, err);
		if (!ret)
			shaper_use_line(run->shaper, line);
	}
	ret = ret ?: shaper_set(run->shaper, link, end, shape, err);
	if (!ret)
		observer_shaped(run->observer, run->shaper);
	return ret;
}

static void clamp_note(struct run *run, int link, int end, struct shape shape)
{
	struct event note = { .type = EVENT_NOTE, .host = -1 };
	char name[80], text[256], jitter[32], delay[32];

	duration_words(shape.jitter_ns, jitter, sizeof(jitter));
	if (!shape_clamp(&shape))
		return;
	snprintf(text, sizeof(text),
		 "%s: a jitter of %s is more than the delay of %s, and was cut to it",
		 topology_direction(&run->plan->topo, link, end, name, sizeof(name)), jitter,
		 duration_words(shape.delay_ns, delay, sizeof(delay)));
	note.note.text = strdup(text);
	run_emit(run, &note);
}

int shaping_begin(struct run *run, struct lab_err *err)
{
	const struct plan *plan = run->plan;
	int ret;

	if (!plan->shaped)
		return 0;
	ret = shaper_open(run->net, &plan->topo, run->options->shape, run->options->seed,
			  &run->shaper, err);
	ret = ret ?: observer_links(run->observer, shaper_backend(run->shaper) == SHAPE_NETEM, err);
	for (int i = 0; !ret && i < 2 * plan->topo.n_links; i++)
		ret = shape_put(run, i / 2, i % 2, &plan->shapes[i / 2][i % 2], err);
	return ret;
}

void shaping_notes(struct run *run)
{
	for (int i = 0; run->shaper && i < 2 * run->plan->topo.n_links; i++)
		clamp_note(run, i / 2, i % 2, run->plan->shapes[i / 2][i % 2]);
}

int shaping_set(struct run *run, int link, int end, const struct shape *shape, struct lab_err *err)
{
	clamp_note(run, link, end, *shape);
	return shape_put(run, link, end, shape, err);
}

int shaping_host_anew(struct run *run, int host, struct lab_err *err)
{
	int ret = 0;

	if (!run->shaper)
		return 0;
	run->losses_unsure = true;
	ret = shaper_host_anew(run->shaper, host, err);
	if (!ret)
		observer_shaped(run->observer, run->shaper);
	return ret;
}

bool shaping_agrees(struct run *run, struct lab_err *err)
{
	const struct topology *topo = &run->plan->topo;
	char name[80];

	if (!run->shaper || run->losses_unsure)
		return true;
	for (int i = 0; i < 2 * topo->n_links; i++) {
		uint64_t lost, logged = observer_lost(run->observer, i / 2, i % 2);

		if (shaper_lost(run->shaper, i / 2, i % 2, &lost, err) < 0)
			return false;
		if (lost == logged)
			continue;
		lab_err_set(err, ENOBUFS, "%s lost %llu packets, but %llu were logged",
			    topology_direction(topo, i / 2, i % 2, name, sizeof(name)),
			    (unsigned long long)lost, (unsigned long long)logged);
		return false;
	}
	return true;
}

const char *shaping_name(const struct run *run)
{
	return run->shaper ? shape_backend_name(shaper_backend(run->shaper)) : "";
}
