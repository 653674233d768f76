// SPDX-License-Identifier: GPL-2.0-or-later
/* A program in a host: a client or a server that nslab did not write. */
#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lab/observe/diag.h"
#include "lab/run/program.h"
#include "lab/run/run_private.h"
#include "lab/run/verb.h"
#include "netns/cleanup.h"

enum {
	LINE_MOST = 1000,     /* bytes of a line in the log */
	LINES_MOST = 1000,    /* of a program in the log */
	OUTPUT_MOST = 1 << 20 /* bytes that are kept for output: and ready: */
};

/** struct ready - when a background program is ready; @port: 0 for none, @line: NULL for none */
struct ready {
	uint16_t port;
	char *line;
};

struct args {
	struct text_list argv;
	struct ready ready;
};

static const struct key ready_keys[] = {
	{ "port", &VALUE_PORT, offsetof(struct ready, port), .def = "none", .example = "8080",
	  .help = "it listens on this TCP port" },
	{ "line", &VALUE_REGEX, offsetof(struct ready, line), .def = "none", .example = "listening",
	  .help = "it has printed what contains this extended regular expression" },
	{ 0 },
};

static int ready_read(struct reader *r, const struct node *value, void *out)
{
	struct ready *ready = out;

	if (value->kind != NODE_MAP || !value->n)
		return -EDOM;
	return reader_map(r, value, ready_keys, ready, NULL, NULL, NULL);
}

static void ready_free(void *out)
{
	reader_free_map(ready_keys, out);
}

static const struct value_type VALUE_READY = {
	"mapping of port, line", "a mapping such as {port: 8080} or {line: listening}", ready_read,
	ready_free
};

static const struct key keys[] = {
	{ "run", &VALUE_ARGV, offsetof(struct args, argv), .required = true,
	  .example = "[curl, -sS, \"http://server:8080/\"]",
	  .help = "the program, found along PATH, and its arguments; no shell looks at them" },
	{ "ready", &VALUE_READY, offsetof(struct args, ready), .def = "at once",
	  .example = "{port: 8080}",
	  .help = "in the background: the next step waits until it listens on a TCP port (port), or has printed what matches (line)" },
	{ 0 },
};

static int check(struct reader *r, const struct node *at, struct step *step)
{
	const struct args *args = step->args;

	if ((args->ready.port || args->ready.line) && !step->background)
		return reader_problem(r, at, "add background: true",
				      "'ready' is for programs in the background; the next step "
				      "waits for the end of this one");
	return 0;
}

/**
 * struct stream - stdout or stderr
 * @line, @len: what has come of a line
 */
struct stream {
	struct op *op;
	int index;
	struct source *source;
	char line[LINE_MOST + 1];
	size_t len;
};

/**
 * struct state - a program under way
 * @output: all that it printed, at most OUTPUT_MOST bytes
 * @lines: in the log so far; @unlogged: bytes that no longer fitted
 * @diag: asks whether it listens
 */
struct state {
	struct program program;
	struct stream streams[2];
	char *output;
	size_t len;
	int lines;
	unsigned long long unlogged;
	struct diag *diag;
	regex_t ready;
	bool ready_compiled;
};

static void line_log(struct stream *stream)
{
	struct op *op = stream->op;
	struct state *state = op->state;
	struct event event = { .type = EVENT_OUTPUT, .host = op->step->host };

	stream->line[stream->len] = '\0';
	if (state->lines++ < LINES_MOST) {
		event.output.number = op->index + 1;
		event.output.stream = strdup(stream->index ? "stderr" : "stdout");
		event.output.text = strdup(stream->line);
		run_emit(op->run, &event);
	} else {
		state->unlogged += stream->len + 1;
	}
	stream->len = 0;
}

static void output_keep(struct state *state, const char *data, size_t n)
{
	if (!state->output)
		state->output = calloc(1, OUTPUT_MOST + 1);
	if (!state->output)
		return;
	if (n > OUTPUT_MOST - state->len)
		n = OUTPUT_MOST - state->len;
	/* a text ends at a NUL, and a regular expression's subject is a text */
	for (size_t i = 0; i < n; i++)
		state->output[state->len++] = data[i] ?: ' ';
}

static void bytes_take(struct stream *stream, const char *data, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (data[i] == '\n' || stream->len == LINE_MOST)
			line_log(stream);
		if (data[i] != '\n')
			stream->line[stream->len++] = data[i] ?: ' ';
	}
}

static void is_ready(struct op *op)
{
	if (!op->unready)
		return;
	op->unready = false;
	op_note(op, "ready: %.200s", op->step->text);
}

static void line_look(struct op *op)
{
	struct state *state = op->state;

	if (op->unready && state->ready_compiled && state->output &&
	    !regexec(&state->ready, state->output, 0, NULL, 0))
		is_ready(op);
}

/* Take what there is of a stream; false at its end. */
static bool stream_take(struct stream *stream)
{
	struct state *state = stream->op->state;
	char buf[16384];

	/* no more than this at a time: somebody may print without end */
	for (int i = 0; i < 16; i++) {
		ssize_t n = read(state->program.out[stream->index], buf, sizeof(buf));

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (n == 0)
			return false;
		output_keep(state, buf, (size_t)n);
		bytes_take(stream, buf, (size_t)n);
	}
	return true;
}

static void stream_ready(void *arg, uint32_t events)
{
	struct stream *stream = arg;

	(void)events;
	if (!stream_take(stream)) {
		if (stream->len)
			line_log(stream);
		source_drop(TAKE_PTR(stream->source));
	}
	line_look(stream->op);
}

static void streams_end(struct op *op)
{
	struct state *state = op->state;

	for (int i = 0; i < 2; i++) {
		struct stream *stream = &state->streams[i];

		/* what it left in the pipe; its children may hold that open for long */
		if (stream->source)
			stream_take(stream);
		if (stream->len)
			line_log(stream);
	}
	if (state->unlogged)
		op_note(op, "%llu more bytes of its output are not in the log", state->unlogged);
}

static void streams_forget(struct state *state)
{
	for (int i = 0; i < 2; i++)
		source_drop(TAKE_PTR(state->streams[i].source));
}

static void ended(struct op *op, uint32_t events)
{
	struct state *state = op->state;

	(void)events;
	op->exit = program_status(&state->program);
	op_unwatch(op);
	streams_end(op);
	op->output = state->output ?: "";
	if (op->unready)
		run_end(op->run, RESULT_FAILED,
			"line %d: the program ended with status %d before it was ready",
			op->step->line, op->exit);
	op->unready = false;
	if (op->exit > 128 && op->exit <= 128 + 64)
		op_detail(op, "exit %d: %s", op->exit, strsignal(op->exit - 128));
	else
		op_detail(op, "exit %d", op->exit);
	op_finish(op, ERROR_NONE, 0);
}

/* Is anybody listening there, on whichever of the host's addresses? */
static bool listens(struct op *op, uint16_t port)
{
	const struct plan *plan = run_plan(op->run);
	struct state *state = op->state;
	struct lab_err err = { 0 };
	struct diag_socket found;

	for (int fam = 0; fam < FAM_COUNT; fam++) {
		const struct topo_addr *addr =
			topology_addr(&plan->topo, op->step->host, op->step->host, fam);
		struct four_tuple tuple = { .af = topo_af(fam), .lport = port };

		if (!addr || !(plan->ip & (1 << fam)))
			continue;
		memcpy(tuple.local, addr->bytes, sizeof(tuple.local));
		if (diag_find(state->diag, &tuple, &found, &err) < 0) {
			op_fail(op, &err);
			return false;
		}
		if (found.state == STATE_LISTEN)
			return true;
	}
	return false;
}

static void poll(struct op *op)
{
	const struct args *args = op->step->args;

	if (op->unready && args->ready.port && listens(op, args->ready.port))
		is_ready(op);
}

/* Its time is over; nobody is asked twice. */
static void expire(struct op *op)
{
	struct state *state = op->state;

	streams_end(op);
	streams_forget(state);
	op->output = state->output ?: "";
	op->unready = false;
	op_finish(op, ERROR_DEADLINE, 0);
	program_end(&state->program);
}

static void rebooted(struct op *op)
{
	struct state *state = op->state;

	streams_forget(state);
	op->unready = false;
	op_unwatch(op);
	program_end(&state->program);
}

static void cleanup(struct op *op)
{
	struct state *state = op->state;

	streams_forget(state);
	program_end(&state->program);
	diag_close(state->diag);
	if (state->ready_compiled)
		regfree(&state->ready);
	op->output = NULL;
	free(state->output);
}

static bool streams_watch(struct op *op)
{
	struct state *state = op->state;

	for (int i = 0; i < 2; i++) {
		struct stream *stream = &state->streams[i];

		stream->op = op;
		stream->index = i;
		stream->source = source_add(run_loop(op->run), state->program.out[i], EPOLLIN,
					    stream_ready, stream);
		if (!stream->source)
			return false;
	}
	return true;
}

static void start(struct op *op)
{
	const struct args *args = op->step->args;
	struct state *state = op_state(op, sizeof(*state));
	struct lab_err err = { 0 };
	int exec_code, ret = 0;

	op->run->programs = true;
	state->program = (struct program){ .pidfd = -1, .out = { -1, -1 } };
	op->cleanup = cleanup;
	op->ready = ended;
	op->poll = poll;
	op->expire = expire;
	op->rebooted = rebooted;
	ret = control_inside(op->run->ctl, op->step->host, &err);
	if (!ret && args->ready.port)
		ret = diag_open(run_network(op->run), op->step->host, &state->diag, &err);
	if (args->ready.line)
		state->ready_compiled = !regcomp(&state->ready, args->ready.line,
						 REG_EXTENDED | REG_NEWLINE | REG_NOSUB);
	op->unready = args->ready.port || args->ready.line;
	if (ret == 0)
		ret = program_start(run_network(op->run), op->step->host, run_plan(op->run)->ip,
				    args->argv.list, true, &state->program, &exec_code, &err);
	if (ret == 0 && exec_code) {
		op->unready = false;
		op_detail(op, "cannot run %.100s", args->argv.list[0]);
		op_errno(op, exec_code);
		return;
	}
	if (ret == 0 && !streams_watch(op))
		ret = lab_err_set(&err, errno, "cannot wait for a program's output");
	if (ret < 0)
		op_fail(op, &err);
	else
		op_watch(op, state->program.pidfd, EPOLLIN);
}

const struct verb VERB_RUN = {
	.name = "run",
	.on_host = true,
	.summary = "Run a program in the host, and wait for its end.",
	.keys = keys,
	.common = COMMON_ID | COMMON_BACKGROUND | COMMON_DEADLINE,
	.expects = EXPECT_ERROR | EXPECT_AFTER | EXPECT_EXIT | EXPECT_OUTPUT,
	.args_size = sizeof(struct args),
	.check = check,
	.start = start,
};
