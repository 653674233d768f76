// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/run/op.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "lab/run/blocking.h"
#include "lab/run/exec.h"
#include "lab/run/run_private.h"
#include "netns/cleanup.h"

static void op_ready(void *arg, uint32_t events)
{
	struct op *op = arg;

	if (!op->done && op->ready)
		op->ready(op, events);
}

void *op_state(struct op *op, size_t size)
{
	op->state = calloc(1, size);
	if (!op->state)
		abort(); /* a few bytes, at the start of a step: there is nobody left to tell */
	return op->state;
}

void op_detail(struct op *op, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(op->detail, sizeof(op->detail), fmt, ap);
	va_end(ap);
}

void op_unwatch(struct op *op)
{
	source_drop(op->source);
	op->source = NULL;
}

void op_finish(struct op *op, enum error_kind error, int code)
{
	struct event event = { .type = EVENT_STEP_END, .host = op->step->host };

	if (op->done)
		return;
	op->done = true;
	op->error = error;
	op->code = code;
	op_unwatch(op);
	close_fd(&op->own_fd);
	if (!op->ended_ns)
		op->ended_ns = clock_now();
	event.step.number = op->index + 1;
	event.step.line = op->step->line;
	event.step.text = strdup(op->step->text);
	event.step.background = op->step->background;
	event.step.error = strdup(error_text(error, code));
	event.step.took_ns = op->ended_ns - op->begun_ns;
	event.step.bytes = op->bytes;
	event.step.exit = op->exit;
	event.step.eof = op->eof;
	event.step.detail = strdup(op->detail);
	run_emit(op->run, &event);
}

void op_errno(struct op *op, int code)
{
	op_finish(op, code ? ERROR_ERRNO : ERROR_NONE, code);
}

void op_watch(struct op *op, int fd, uint32_t events)
{
	struct lab_err err = { 0 };

	if (op->source) {
		if (source_events(op->source, events) < 0) {
			lab_err_set(&err, errno, "cannot wait for a socket");
			op_fail(op, &err);
		}
		return;
	}
	op->watched_fd = fd;
	op->source = source_add(op->run->loop, fd, events, op_ready, op);
	if (!op->source) {
		lab_err_set(&err, errno, "cannot wait for a socket");
		op_fail(op, &err);
	}
}

static void block_ready(void *arg, uint32_t events)
{
	struct op *op = arg;
	int code;

	(void)events;
	if (op->done || !blocking_done(op->blocking, &code))
		return;
	op_unwatch(op);
	blocking_end(TAKE_PTR(op->blocking));
	/* nobody but the deadline sends the thread signals */
	if (code == EINTR && op->expired && op->expire)
		op->expire(op);
	else if (code == EINTR && op->expired)
		op_finish(op, ERROR_DEADLINE, 0);
	else
		op->unblocked(op, code);
}

void op_block(struct op *op, int (*fn)(void *state), void (*done)(struct op *op, int code))
{
	struct lab_err err = { 0 };

	op->unblocked = done;
	if (blocking_start(fn, op->state, &op->blocking, &err) < 0) {
		op_fail(op, &err);
		return;
	}
	op->source = source_add(op->run->loop, blocking_fd(op->blocking), EPOLLIN, block_ready, op);
	if (!op->source) {
		lab_err_set(&err, errno, "cannot wait for a thread");
		op_fail(op, &err);
	}
}

int op_hold(struct op *op, int fd)
{
	op->own_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (op->own_fd < 0)
		op_errno(op, errno);
	return op->own_fd;
}

void op_deadline(struct op *op)
{
	op->expired = true;
	if (op->blocking)
		blocking_interrupt(op->blocking); /* again at the next turn, until it is done */
	else if (op->expire)
		op->expire(op);
	else
		op_finish(op, ERROR_DEADLINE, 0);
}

void op_begin(struct run *run, int index)
{
	const struct step *step = index < run->plan->n_steps ? &run->plan->steps[index] :
							       &run->exec_step;
	struct event event = { .type = EVENT_STEP_BEGIN, .host = step->host };
	struct op *op = &run->ops[index];

	*op = (struct op){ .run = run,
			   .step = step,
			   .index = index,
			   .bytes = -1,
			   .exit = -1,
			   .begun_ns = clock_now(),
			   .deadline_ns = INT64_MAX,
			   .own_fd = -1 };
	/* beside a program nobody knows when it does its part */
	if (step->deadline_ns >= 0 && !exec_beside(run, index))
		op->deadline_ns = op->begun_ns + step->deadline_ns;
	event.step.number = index + 1;
	event.step.line = step->line;
	event.step.text = strdup(step->text);
	event.step.background = step->background;
	event.step.bytes = event.step.exit = -1;
	event.t_ns = op->begun_ns - run->axis.t0_ns;
	run_emit(run, &event);
	step->verb->start(op);
}

void op_release(struct op *op)
{
	if (!op->run)
		return;
	if (!op->done)
		op->cancelled = true;
	op_unwatch(op);
	blocking_end(TAKE_PTR(op->blocking));
	close_fd(&op->own_fd);
	if (op->cleanup)
		op->cleanup(op);
	free(TAKE_PTR(op->state));
}

void op_gone(struct op *op, const char *why)
{
	if (op->rebooted)
		op->rebooted(op);
	if (op->done)
		return;
	op_unwatch(op);
	blocking_end(TAKE_PTR(op->blocking));
	op->unready = false;
	op_detail(op, "%s", why);
	op_errno(op, EBADF);
}

void op_fail(struct op *op, const struct lab_err *err)
{
	run_fail_lab(op->run, err);
	op_errno(op, err->code);
}

void op_skip(struct op *op, const char *why)
{
	op->judged = true;
	run_end(op->run, RESULT_SKIPPED, "%s", why);
}

void op_note(struct op *op, const char *fmt, ...)
{
	struct event event = { .type = EVENT_NOTE, .host = op->step->host };
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	event.note.text = strdup(text);
	run_emit(op->run, &event);
}

void op_expect(struct op *op, int i, int line, int col, bool met, const char *expected,
	       const char *observed)
{
	const struct step *step = op->step;
	int own = step->n_expectations -
		  (step->verb->expectations ? step->verb->expectations(step->args) : 0);

	judge_note(op->run, step->first_expectation + own + i, line ?: step->line, col ?: step->col,
		   step, met, expected, observed);
}
