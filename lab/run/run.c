// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: one thread, one loop. A turn waits until a descriptor is ready or a time has
 * come, takes in what was captured, looks at socket states, lets deadlines and waiting checks have
 * their say, and judges what is finished. Events go to the journal as they come to be known, and
 * from there to the log a moment later, in order of their time.
 */
#include "lab/run/run.h"

#include <signal.h>
#include <string.h>
#include <sys/epoll.h>

#include "lab/observe/conntrack.h"
#include "lab/run/children.h"
#include "lab/run/exec.h"
#include "lab/run/names.h"
#include "lab/run/run_private.h"
#include "lab/run/shaping.h"
#include "lab/run/stay.h"
#include "netns/cleanup.h"
#include "netns/fds.h"
#include "netns/prompt.h"

enum {
	SAMPLE_NS = 5 * 1000000,	/* states are looked at at least this often */
	SAMPLE_IDLE_NS = 250 * 1000000, /* of a lab that stays, while nobody looks at it */
	SETTLE_NS = 2 * 1000000,	/* by then a packet that was stamped has reached us */
	RETRY_NS = 1000000,		/* between two tries to interrupt a blocking call */
	FAREWELL_NS = 8 * 1000000,	/* for the last packets of a program that has ended */
	LAST_LOOK_NS = 200 * 1000000,	/* how long hits that were counted may take to be logged */
};

void run_emit(struct run *run, struct event *event)
{
	if (!event->t_ns)
		event->t_ns = axis_now(&run->axis);
	journal_add(run->journal, event);
}

static void emit_taken(void *arg, struct event *event)
{
	struct run *run = arg;

	if (run->programs)
		run_stranger(run, event);
	journal_add(run->journal, event);
}

void run_end(struct run *run, enum result result, const char *fmt, ...)
{
	va_list ap;

	if (run->over)
		return;
	run->over = true;
	run->result = result;
	va_start(ap, fmt);
	vsnprintf(run->why, sizeof(run->why), fmt, ap);
	va_end(ap);
}

void run_fail_lab(struct run *run, const struct lab_err *err)
{
	struct event event = { .type = EVENT_ERROR, .host = -1 };
	char text[1024];

	lab_err_text(err, text, sizeof(text));
	event.error.text = strdup(text);
	event.error.fix = strdup(err->fix);
	event.error.code = err->code;
	run_emit(run, &event);
	/* worse than a failed expectation: what was seen so far cannot be trusted */
	run->over = false;
	run_end(run, RESULT_ERROR, "%s", text);
}

int64_t run_timeout(const struct plan *plan)
{
	const int64_t s = 1000000000;
	int64_t declared = plan->declared_ns + 30 * s;

	return declared > 60 * s ? declared : 60 * s;
}

const struct plan *run_plan(const struct run *run)
{
	return run->plan;
}

const struct network *run_network(const struct run *run)
{
	return run->net;
}

struct observer *run_observer(struct run *run)
{
	return run->observer;
}

struct loop *run_loop(struct run *run)
{
	return run->loop;
}

int64_t run_now(const struct run *run)
{
	return axis_now(&run->axis);
}

struct op *run_op(struct run *run, int step)
{
	return run->ops[step].run ? &run->ops[step] : NULL;
}

void run_drain(struct run *run)
{
	struct lab_err err = { 0 };

	run->dirty = false;
	run->drained_ns = axis_now(&run->axis);
	axis_update(&run->axis);
	if (observer_drain(run->observer, &err) < 0 ||
	    (run->plan->n_nats && run_far_find(run, &err) < 0) ||
	    observer_sample(run->observer, &err) < 0)
		run_fail_lab(run, &err);
	run->sample_ns = clock_now() +
			 (run->stays && !control_attended(run->ctl) ? SAMPLE_IDLE_NS : SAMPLE_NS);
}

int run_fault_switch(struct run *run, int fault, bool on, struct lab_err *err)
{
	const struct fault *f = &run->plan->faults[fault];
	struct event event = { .type = EVENT_FAULT, .host = f->host };
	int ret = filter_switch(run->filters[f->host], f, on, err);

	if (ret < 0)
		return ret;
	run->fault_on[fault] = on;
	event.fault.fault = strdup(f->name);
	event.fault.on = on;
	run_emit(run, &event);
	return 0;
}

int run_fault_hits(struct run *run, int fault, uint64_t *ret_hits, struct lab_err *err)
{
	const struct fault *f = &run->plan->faults[fault];
	int ret = filter_hits(run->filters[f->host], f, ret_hits, err);

	if (!ret)
		*ret_hits += run->hits_before[fault];
	return ret;
}

struct conntrack *run_conntrack(struct run *run, int host, struct lab_err *err)
{
	struct conntrack **ct = &run->conntracks[host];

	if (!*ct)
		conntrack_open(run->net, host, ct, err);
	return *ct;
}

static void watch_ready(void *arg, uint32_t events)
{
	(void)events;
	((struct run *)arg)->dirty = true;
}

int run_line(struct run *run, struct delayline **ret_line, struct lab_err *err)
{
	const struct delayline_options options = { .seed = run->options->seed };
	int ret;

	*ret_line = run->line;
	if (run->line)
		return 0;
	ret = delayline_open(run->net, &run->plan->topo, &options, &run->line, err);
	if (ret < 0)
		return ret;
	run->line_source =
		source_add(run->loop, delayline_fd(run->line), EPOLLIN, watch_ready, run);
	if (!run->line_source)
		return lab_err_set(err, errno, "cannot watch the delay line");
	observer_line(run->observer, run->line);
	*ret_line = run->line;
	return 0;
}

/* It may be a pipe, by which no socket can come. */
static ssize_t front_read(int fd, unsigned char *byte, int *fds, int *ret_n)
{
	ssize_t n = fds_recv(fd, byte, 1, fds, ret_n, 0);

	return n < 0 && errno == ENOTSOCK ? read(fd, byte, 1) : n;
}

static void control_ready(void *arg, uint32_t events)
{
	struct run *run = arg;
	unsigned char sig = SIGTERM;
	int fds[FDS_MOST], n;

	(void)events;
	if (front_read(run->control_fd, &sig, fds, &n) <= 0)
		sig = SIGTERM;
	source_drop(run->control);
	run->control = NULL;
	if (n > 0) {
		stay_answered(run, fds[0]);
		return;
	}
	run->left = true;
	if (!sig)
		return;
	run->signal = sig;
	/* a program is told, and decides itself */
	if (run->options->exec && exec_op(run)->run && !exec_over(run)) {
		program_signal(exec_op(run), sig);
		return;
	}
	run_end(run, RESULT_INTERRUPTED, "%s", "");
}

int run_watch(struct run *run, struct lab_err *err)
{
	int n = 0, last = -1;

	while (observer_fd_at(run->observer, n) >= 0)
		n++;
	run->watches = calloc((size_t)n, sizeof(*run->watches));
	if (!run->watches)
		return lab_err_set(err, ENOMEM, "cannot watch the lab");
	for (int i = 0; i < n; i++) {
		int fd = observer_fd_at(run->observer, i);

		if (fd == last)
			continue;
		last = fd;
		run->watches[run->n_watches] = source_add(run->loop, fd, EPOLLIN, watch_ready, run);
		if (!run->watches[run->n_watches++])
			return lab_err_set(err, errno, "cannot watch the lab");
	}
	return 0;
}

static void note_no_line(struct run *run, const struct lab_err *why)
{
	struct event note = { .type = EVENT_NOTE, .host = -1 };
	char text[768], *words;

	if (asprintf(&words,
		     "an ICMP reject is heard by a connect() only at its next SYN, a second later: %s",
		     lab_err_text(why, text, sizeof(text))) < 0)
		return;
	note.note.text = words;
	run_emit(run, &note);
}

static int filters_create(struct run *run, struct lab_err *err)
{
	struct lab_err why = { 0 };
	const struct plan *plan = run->plan;
	struct filter_options options = { .disarmed = run->options->disarmed,
					  .seed = run->options->seed };
	int ret = 0;

	for (int i = 0; !ret && i < plan->n_faults; i++) {
		if (filter_needs_line(&plan->faults[i], options.disarmed))
			ret = run_line(run, &options.line, err);
	}
	/* rejects can do without: filter_create() tells of faults that cannot */
	if (options.line && !ret && delayline_probe(options.line, 0, &why) < 0) {
		options.line = NULL;
		note_no_line(run, &why);
	}
	run->filter_line = options.line;
	for (int i = 0; !ret && i < plan->n_faults; i++) {
		int host = plan->faults[i].host;

		if (run->filters[host])
			continue;
		ret = filter_create(run->net, &plan->topo, host, plan->faults, plan->n_faults,
				    &options, &run->filters[host], err);
	}
	return ret;
}

void run_unwatch(struct run *run)
{
	for (int i = 0; i < run->n_watches; i++)
		source_drop(run->watches[i]);
	free(run->watches);
	run->watches = NULL;
	run->n_watches = 0;
}

static int lab_build(struct run *run, struct lab_err *err)
{
	const struct plan *plan = run->plan;
	struct network_options options = { .unpinned = run->options->unpinned };
	struct event event = { .type = EVENT_BUILT, .host = -1 };
	int64_t begun = clock_now();
	int ret;

	ret = network_build(&plan->topo, &options, &run->net, err);
	if (!ret)
		ret = observer_open(run->net, &plan->topo, plan->faults, plan->n_faults,
				    run->options->disarmed ? "let pass" : NULL, &run->axis,
				    emit_taken, run, &run->observer, err);
	if (!ret)
		observer_keep_bytes(run->observer, run->options->bytes);
	ret = ret ?: filters_create(run, err);
	ret = ret ?: shaping_begin(run, err);
	for (int i = 0; !ret && i < plan->n_nats; i++) {
		ret = nat_create(run->net, &plan->topo, &plan->nats[i], plan->ip, err);
		observer_translates(run->observer, plan->nats[i].host);
	}
	if (!ret)
		ret = run_watch(run, err);
	if (ret < 0)
		return ret;
	run->built = true;
	event.built.build_ns = clock_now() - begun;
	/* time 0 of the axis: the lab stands, nothing has happened yet */
	axis_start(&run->axis);
	run_begin_event(run, begun);
	run_emit(run, &event);
	shaping_notes(run);
	for (int i = 0; network_missing(run->net, i); i++) {
		struct event note = { .type = EVENT_NOTE, .host = -1 };
		char text[160];

		snprintf(text, sizeof(text), "this kernel has no sysctl %s; it was not pinned",
			 network_missing(run->net, i));
		note.note.text = strdup(text);
		run_emit(run, &note);
	}
	return 0;
}

static int ops_count(const struct run *run)
{
	return run->plan->n_steps + (run->options->exec ? 1 : 0);
}

/* The next moment at which something has to be done even if nothing happens. */
static int64_t wake_at(const struct run *run)
{
	int64_t at = run->end_ns < run->sample_ns ? run->end_ns : run->sample_ns;
	int64_t called = control_wake_ns(run->ctl);

	at = called < at ? called : at;
	for (int i = 0; i < ops_count(run) && !run->looks_only; i++) {
		const struct op *op = &run->ops[i];

		if (!op->run || op->done)
			continue;
		if (op->expired && op->blocking)
			at = at < clock_now() + RETRY_NS ? at : clock_now() + RETRY_NS;
		else if (op->deadline_ns < at)
			at = op->deadline_ns;
	}
	return at;
}

static void ops_poll(struct run *run)
{
	for (int i = 0; i < ops_count(run); i++) {
		struct op *op = &run->ops[i];

		if (!op->run)
			continue;
		if (!op->done && op->poll)
			op->poll(op);
		if (!op->done && op->deadline_ns <= clock_now())
			op_deadline(op);
		if (op->done && !op->judged)
			judge_op(op);
	}
}

static void time_out(struct run *run)
{
	const struct step *step = &run->plan->steps[run->current];
	int64_t timeout = run->options->timeout_ns ?: run_timeout(run->plan);
	char text[32];

	run_end(run, RESULT_FAILED,
		"the run's time of %s ran out in step %d, line %d: %.200s; if it needs longer, give --timeout",
		value_text_duration(timeout, text, sizeof(text)), run->current + 1, step->line,
		step->text);
}

void run_turn(struct run *run)
{
	struct lab_err err = { 0 };

	if (loop_turn(run->loop, wake_at(run), &err) < 0) {
		run_fail_lab(run, &err);
		return;
	}
	if (run->dirty || clock_now() >= run->sample_ns)
		run_drain(run);
	if (!run->looks_only)
		ops_poll(run);
	control_turn(run->ctl);
	if (run->stays)
		children_reap();
	if (clock_now() >= run->end_ns)
		time_out(run);
	/* not beyond the last look: what was stamped after it has yet to be read */
	journal_flush(run->journal, run->drained_ns - SETTLE_NS);
	if (journal_broken(run->journal))
		run_end(run, RESULT_ERROR, "the event log cannot be written");
}

/* All steps are done: what is left is the program, and what its kernel has to say when it has ended. */
static void program_run(struct run *run)
{
	size_t first = 0;
	int64_t until;

	if (!run->over)
		exec_start(run);
	while (!run->over && !exec_over(run))
		run_turn(run);
	/* where no packet has been seen, none is on its way */
	run_drain(run);
	if (!observer_sighting(run->observer, &first))
		return;
	until = clock_now() + FAREWELL_NS;
	run->sample_ns = 0;
	while (!run->over && clock_now() < until) {
		run->sample_ns = run->sample_ns < until ? run->sample_ns : until;
		run_turn(run);
	}
}

static void steps_run(struct run *run)
{
	for (int i = 0; i < run->plan->n_steps && !run->over && !exec_over(run); i++) {
		run->current = i;
		if (exec_starts(run, i))
			exec_start(run);
		if (exec_skips(run, i))
			continue;
		op_begin(run, i);
		run_drain(run);
		ops_poll(run);
		while (!run->over && !run->ops[i].done && !exec_over(run) &&
		       (!run->plan->steps[i].background || run->ops[i].unready))
			run_turn(run);
	}
	if (run->options->exec)
		program_run(run);
}

static bool is_awaited(const struct run *run, int index)
{
	for (int i = index + 1; i < run->plan->n_steps; i++) {
		if (step_awaits(&run->plan->steps[i]) == index)
			return true;
	}
	return false;
}

/*
 * Steps in the background that nobody awaits. One that has failed by now counts as a failure. One that
 * says what it expects and has not come to an end has not come to that either; one that does not is
 * cancelled.
 */
static void unawaited_judge(struct run *run)
{
	for (int i = 0; i < run->plan->n_steps && !run->over; i++) {
		struct op *op = &run->ops[i];

		if (!op->run || !op->step->background)
			continue;
		if (!op->done && op->step->expect.line)
			judge_unfinished(op);
		else if (op->done && (op->error != ERROR_NONE || op->exit > 0) &&
			 !op->step->expect.line && !is_awaited(run, i))
			judge_failure(op);
	}
}

/* What the counters say and what was logged must agree, or we do not know what was dropped. */
static bool hits_agree(struct run *run, struct lab_err *err)
{
	/* a lab that stays does not end because a packet more or less was noted */
	if (run->stays)
		return true;
	for (int i = 0; i < run->plan->n_faults; i++) {
		uint64_t hits;

		if (run_fault_hits(run, i, &hits, err) < 0)
			return false;
		if (hits == observer_hits(run->observer, i))
			continue;
		lab_err_set(err, ENOBUFS, "fault %s acted on %llu packets, but %llu were logged",
			    run->plan->faults[i].name, (unsigned long long)hits,
			    (unsigned long long)observer_hits(run->observer, i));
		return false;
	}
	return shaping_agrees(run, err);
}

static void last_look(struct run *run)
{
	int64_t until = clock_now() + LAST_LOOK_NS;
	struct lab_err err = { 0 };

	run_drain(run);
	if (run->line && delayline_check(run->line, &err) < 0) {
		run_fail_lab(run, &err);
		return;
	}
	while (!hits_agree(run, &err)) {
		if (clock_now() > until) {
			run_fail_lab(run, &err);
			return;
		}
		if (loop_turn(run->loop, clock_now() + RETRY_NS, &err) < 0)
			return;
		run_drain(run);
	}
}

static void line_written(void *arg, const struct event *event, const char *line, size_t len)
{
	control_note(((struct run *)arg)->ctl, event, line, len);
}

static void end_event(struct run *run)
{
	struct event event = { .type = EVENT_END, .host = -1 };
	int left = run->plan->n_expectations - run->met - run->unmet;
	size_t used = strlen(run->why);

	if (run->over && left > 0 && run->result != RESULT_ERROR)
		snprintf(run->why + used, sizeof(run->why) - used, "%s%d more %s not reached",
			 used ? "; " : "", left, left == 1 ? "was" : "were");
	event.end.result = run->result;
	event.end.text = strdup(run->why);
	event.end.signal = run->signal;
	event.end.met = run->met;
	event.end.unmet = run->unmet;
	event.end.took_ns = axis_now(&run->axis);
	run_emit(run, &event);
}

static void run_release(struct run *run)
{
	for (int i = 0; run->ops && i < ops_count(run); i++)
		op_release(&run->ops[i]);
	for (int i = 0; run->socks && i < run->plan->n_steps; i++) {
		if (run->socks[i])
			close_fd(&run->socks[i]->fd);
		free(run->socks[i]);
	}
	for (int i = 0; run->names && i < run->plan->topo.n_hosts; i++)
		names_close(run, i);
	run_unwatch(run);
	source_drop(run->control);
	source_drop(run->line_source);
	delayline_close(run->line);
	shaper_close(run->shaper);
	for (int i = 0; run->filters && i < run->plan->topo.n_hosts; i++)
		filter_free(run->filters[i]);
	for (int i = 0; run->conntracks && i < run->plan->topo.n_hosts; i++)
		conntrack_close(run->conntracks[i]);
	observer_close(run->observer);
	network_free(run->net);
	loop_close(run->loop);
	free(run->filters);
	free(run->hits_before);
	free(run->fault_on);
	free(run->conntracks);
	free(run->names);
	free(run->ops);
	free(run->exec_step.text);
	free(run->socks);
}

/* What the scenario asks for by ``needs:``. If the kernel lacks any of it, the run is over. */
static int needs_look(struct run *run, struct lab_err *err)
{
	const struct need_list *needs = &run->scenario->needs;
	int met = needs->n && run->options->needs_met ? run->options->needs_met(needs, err) : 1;

	if (met == 0)
		run_end(run, RESULT_SKIPPED, "%s", err->msg);
	return met < 0 ? met : 0;
}

static int run_prepare(struct run *run, int control_fd, struct lab_err *err)
{
	const struct plan *plan = run->plan;
	int64_t timeout = run->options->timeout_ns ?: run_timeout(plan);
	int ret = loop_open(&run->loop, err);

	if (ret < 0)
		return ret;
	run->filters = calloc((size_t)plan->topo.n_hosts, sizeof(*run->filters));
	run->hits_before = calloc((size_t)plan->n_faults + 1, sizeof(*run->hits_before));
	run->fault_on = calloc((size_t)plan->n_faults + 1, sizeof(*run->fault_on));
	run->conntracks = calloc((size_t)plan->topo.n_hosts, sizeof(struct conntrack *));
	run->names = calloc((size_t)plan->topo.n_hosts, sizeof(struct names *));
	run->ops = calloc((size_t)plan->n_steps + 1, sizeof(*run->ops));
	run->socks = calloc((size_t)plan->n_steps + 1, sizeof(*run->socks));
	run->control = source_add(run->loop, control_fd, EPOLLIN, control_ready, run);
	if (!run->filters || !run->hits_before || !run->fault_on || !run->conntracks ||
	    !run->names || !run->ops || !run->socks || !run->control)
		return lab_err_set(err, ENOMEM, "cannot prepare the run");
	for (int i = 0; i < plan->n_faults; i++)
		run->fault_on[i] = plan->faults[i].active;
	run->control_fd = control_fd;
	run->end_ns = clock_now() + timeout;
	run->sample_ns = clock_now() + SAMPLE_NS;
	ret = needs_look(run, err);
	if (!ret && run->options->exec)
		ret = exec_prepare(run, err);
	if (ret < 0 || run->over)
		return ret;
	ret = lab_build(run, err);
	return ret == 0 && run->options->exec ? exec_faults_off(run, err) : ret;
}

int run_case(const struct scenario *scenario, const struct plan *plan,
	     const struct run_options *options, int event_fd, int control_fd)
{
	struct run run = {
		.scenario = scenario, .plan = plan, .options = options, .event_fd = event_fd
	};
	struct lab_err err = { 0 };
	int ret;

	thread_prompt(false);
	signal(SIGPIPE, SIG_IGN);
	run.journal = journal_new(event_fd);
	run.ctl = control_new(&run);
	if (!run.journal || !run.ctl) {
		journal_free(run.journal);
		control_close(run.ctl);
		return -ENOMEM;
	}
	journal_listen(run.journal, line_written, &run);
	axis_start(&run.axis);
	ret = run_prepare(&run, control_fd, &err);
	if (!run.built)
		run_begin_event(&run, run.axis.t0_ns);
	if (!ret && run.over) {
		; /* skipped, and it has said why */
	} else if (ret == -ENOENT && !run.net) {
		/* the scenario names a sysctl that this kernel lacks */
		run_end(&run, RESULT_SKIPPED, "%s", err.msg);
	} else if (ret < 0) {
		run_fail_lab(&run, &err);
	} else if (plan->ip & IP_6 && !network_has_ipv6(run.net)) {
		run_end(&run, RESULT_SKIPPED, "this kernel has no IPv6");
	} else {
		steps_run(&run);
		if (!options->exec)
			unawaited_judge(&run);
		if (run.result != RESULT_ERROR)
			last_look(&run);
	}
	if (!run.stays)
		stay_failed(&run);
	end_event(&run);
	ret = journal_finish(run.journal);
	if (!ret)
		stay_on(&run);
	journal_free(run.journal);
	control_close(run.ctl);
	run_release(&run);
	return ret;
}
