// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A socket's state, timer and tcp_info. The kernel is asked for the four-tuple, so the answer does not
 * depend on whether a program still holds the socket, or holds it yet.
 */
#include <errno.h>
#include <linux/inet_diag.h>
#include <stdio.h>
#include <string.h>

#include "lab/run/check.h"
#include "netns/cleanup.h"

enum { MAX_FIELDS = 8, MAX_STATES = 6 };

/**
 * struct field - a number that can be compared: a row of the table below
 * @unit: what the kernel counts in, as ns; 1 for plain numbers
 */
struct field {
	const char *name;
	size_t offset;
	uint8_t size;
	int64_t unit;
};

enum { US = 1000, MS = 1000000 };

#define INFO(NAME, UNIT)                                                  \
	{                                                                 \
#NAME, offsetof(struct diag_socket, info.tcpi_##NAME),    \
			sizeof(((struct tcp_info *)0)->tcpi_##NAME), UNIT \
	}

/* linux/tcp.h struct tcp_info, without its bit fields */
static const struct field fields[] = {
	{ "recv_queue", offsetof(struct diag_socket, rqueue), 4, 1 },
	{ "send_queue", offsetof(struct diag_socket, wqueue), 4, 1 },
	INFO(ca_state, 1),
	INFO(retransmits, 1),
	INFO(probes, 1),
	INFO(backoff, 1),
	INFO(options, 1), /* bits: 1 timestamps, 2 SACK, 4 window scaling, 8 ECN, 16 ECN was seen */
	INFO(rto, US),
	INFO(ato, US),
	INFO(snd_mss, 1),
	INFO(rcv_mss, 1),
	INFO(unacked, 1),
	INFO(sacked, 1),
	INFO(lost, 1),
	INFO(retrans, 1),
	INFO(last_data_sent, MS),
	INFO(last_ack_sent, MS),
	INFO(last_data_recv, MS),
	INFO(last_ack_recv, MS),
	INFO(pmtu, 1),
	INFO(rcv_ssthresh, 1),
	INFO(rtt, US),
	INFO(rttvar, US),
	INFO(snd_ssthresh, 1),
	INFO(snd_cwnd, 1),
	INFO(advmss, 1),
	INFO(reordering, 1),
	INFO(rcv_rtt, US),
	INFO(rcv_space, 1),
	INFO(total_retrans, 1),
	INFO(pacing_rate, 1),
	INFO(max_pacing_rate, 1),
	INFO(bytes_acked, 1),
	INFO(bytes_received, 1),
	INFO(segs_out, 1),
	INFO(segs_in, 1),
	INFO(notsent_bytes, 1),
	INFO(min_rtt, US),
	INFO(data_segs_in, 1),
	INFO(data_segs_out, 1),
	INFO(delivery_rate, 1),
	INFO(busy_time, US),
	INFO(rwnd_limited, US),
	INFO(sndbuf_limited, US),
	INFO(delivered, 1),
	INFO(delivered_ce, 1),
	INFO(bytes_sent, 1),
	INFO(bytes_retrans, 1),
	INFO(dsack_dups, 1),
	INFO(reord_seen, 1),
	INFO(rcv_ooopack, 1),
	INFO(snd_wnd, 1),
};

struct asked {
	const struct field *field;
	struct compare compare;
};

struct target {
	struct ref ref;
	int at; /* the other end's host, -1: the socket itself */
};

struct args {
	struct target target;
	int states[MAX_STATES];
	int n_states;
	char state_text[96];
	int state_line, state_col;
	int timer; /* -1: left out */
	int timer_line, timer_col;
	struct compare left;
	struct asked asked[MAX_FIELDS];
	int n_asked;
};

_Static_assert(sizeof(struct args) <= CHECK_ARGS_MAX, "raise CHECK_ARGS_MAX");

static const struct key target_keys[] = {
	{ "of", &VALUE_SOCKET, offsetof(struct target, ref), .required = true, .example = "conn",
	  .help = "a socket, by its name" },
	{ "at", &VALUE_HOST, offsetof(struct target, at), .required = true, .example = "server",
	  .help = "the host at its other end" },
	{ 0 },
};

static int target_read(struct reader *r, const struct node *value, void *out)
{
	struct target *target = out;

	target->at = -1;
	if (value->kind == NODE_MAP)
		return reader_map(r, value, target_keys, target, NULL, NULL, NULL);
	return reader_value(r, value, &VALUE_SOCKET, &target->ref);
}

static void target_free(void *out)
{
	VALUE_SOCKET.free(&((struct target *)out)->ref);
}

static const struct value_type VALUE_TARGET = { "socket, or {of: socket, at: host}",
						"a socket's name, or {of: conn, at: server}",
						target_read, target_free };

static int state_one(struct reader *r, const struct node *value, struct args *args)
{
	const char *text = reader_text(r, value);
	const char *names[16];
	int state, n = 0;
	size_t used = strlen(args->state_text);

	if (!text)
		return -EINVAL;
	state = tcp_state_from_name(text);
	for (; tcp_state_name_at(n); n++)
		names[n] = tcp_state_name_at(n);
	if (state < 0)
		return reader_unknown(r, value, "TCP state", text, names, n);
	if (args->n_states == MAX_STATES)
		return reader_problem(r, value, NULL, "at most %d states", MAX_STATES);
	args->states[args->n_states++] = state;
	snprintf(args->state_text + used, sizeof(args->state_text) - used, "%s%s",
		 used ? " or " : "", tcp_state_name(state));
	return 0;
}

static int state_read(struct reader *r, const struct node *value, void *out)
{
	struct args *args = out;
	int ret = 0;

	args->state_line = value->line;
	args->state_col = value->col;
	if (value->kind != NODE_LIST)
		return state_one(r, value, args);
	for (int i = 0; i < value->n; i++)
		ret = state_one(r, value->items[i], args) ?: ret;
	return ret;
}

static const struct value_type VALUE_STATE = { "TCP state, or a list of them",
					       "a TCP state such as SYN-SENT", state_read, NULL };

static int timer_read(struct reader *r, const struct node *value, void *out)
{
	const char *text = reader_text(r, value);
	struct args *args = out;
	const char *names[8];
	int n = 0;

	if (!text)
		return -EINVAL;
	for (; tcp_timer_name_at(n); n++)
		names[n] = tcp_timer_name_at(n);
	args->timer = tcp_timer_from_name(text);
	args->timer_line = value->line;
	args->timer_col = value->col;
	if (args->timer < 0)
		return reader_unknown(r, value, "timer", text, names, n);
	return 0;
}

static const struct value_type VALUE_TIMER = { "none, retransmit, keepalive, timewait or persist",
					       "a timer such as timewait", timer_read, NULL };

static const struct key keys[] = {
	{ "socket", &VALUE_TARGET, offsetof(struct args, target), .required = true,
	  .example = "{of: conn, at: server}",
	  .help = "the socket; with at the one at the other end of the connection, which need not be accepted yet. Any field of tcp_info is a key too, without its tcpi_ (retransmits: \">= 2\"); so are recv_queue and send_queue, in bytes" },
	{ "state", &VALUE_STATE, 0, .def = "any", .example = "FIN-WAIT-1",
	  .help = "the kernel's word for this four-tuple; CLOSED if it has none" },
	{ "timer", &VALUE_TIMER, 0, .def = "any", .example = "timewait",
	  .help = "the timer that is running" },
	{ "left", &VALUE_COMPARE_NS, offsetof(struct args, left), .def = "any",
	  .example = "\">= 55s\"", .help = "time until that timer fires" },
	{ 0 },
};

static void init(void *p)
{
	struct args *args = p;

	args->timer = -1;
	args->target.at = -1;
}

static int other(struct reader *r, const struct node *key, const struct node *value, void *p)
{
	struct args *args = p;
	const struct field *field = NULL;
	struct asked *asked = &args->asked[args->n_asked];

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (!strcmp(fields[i].name, key->text))
			field = &fields[i];
	}
	if (!field)
		return 0;
	if (args->n_asked == MAX_FIELDS)
		return reader_problem(r, key, NULL, "at most %d fields in one check", MAX_FIELDS);
	asked->field = field;
	if (reader_value(r, value, field->unit == 1 ? &VALUE_COMPARE : &VALUE_COMPARE_NS,
			 &asked->compare) < 0)
		return -EINVAL;
	args->n_asked++;
	return 1;
}

static int check(struct reader *r, const struct node *at, int host, void *p)
{
	const struct args *args = p;

	if (!args->n_states && args->timer < 0 && !args->left.set && !args->n_asked)
		return reader_problem(
			r, at, NULL,
			"a check of a socket needs a state, a timer, left, or a field of tcp_info");
	if (args->target.at >= 0 &&
	    reader_plan(r)->steps[args->target.ref.step].verb->makes != MAKES_CONN)
		return reader_problem(r, at, NULL, "'%s' is no connection: it has no other end",
				      args->target.ref.name);
	if (host >= 0)
		return reader_problem(
			r, at, NULL,
			"a check of a socket is where the socket is; for its other end write socket: {of: NAME, at: HOST}");
	return 0;
}

static void args_free(void *p)
{
	struct args *args = p;

	for (int i = 0; i < args->n_asked; i++)
		VALUE_COMPARE.free(&args->asked[i].compare);
}

/* Expectations, in this order: state, timer, left, then the fields. */
enum item { ITEM_STATE, ITEM_TIMER, ITEM_LEFT, ITEM_FIELD };

static int count(const void *p)
{
	const struct args *args = p;

	return (args->n_states > 0) + (args->timer >= 0) + args->left.set + args->n_asked;
}

static enum item item_at(const struct args *args, int i, int *ret_field)
{
	if (args->n_states && i-- == 0)
		return ITEM_STATE;
	if (args->timer >= 0 && i-- == 0)
		return ITEM_TIMER;
	if (args->left.set && i-- == 0)
		return ITEM_LEFT;
	*ret_field = i;
	return ITEM_FIELD;
}

static void place(const void *p, int i, int *ret_line, int *ret_col)
{
	const struct args *args = p;
	int field = 0;

	switch (item_at(args, i, &field)) {
	case ITEM_STATE:
		*ret_line = args->state_line;
		*ret_col = args->state_col;
		break;
	case ITEM_TIMER:
		*ret_line = args->timer_line;
		*ret_col = args->timer_col;
		break;
	case ITEM_LEFT:
		*ret_line = args->left.line;
		*ret_col = args->left.col;
		break;
	case ITEM_FIELD:
		*ret_line = args->asked[field].compare.line;
		*ret_col = args->asked[field].compare.col;
		break;
	}
}

static int64_t field_get(const struct diag_socket *s, const struct field *field, bool *ret_known)
{
	const char *at = (const char *)s + field->offset;
	int64_t value = 0;
	uint32_t v32;

	/* a kernel that is older than the field does not send it */
	*ret_known = s->state == STATE_CLOSED ?
			     false :
			     field->offset < offsetof(struct diag_socket, info) ||
				     field->offset + field->size <=
					     offsetof(struct diag_socket, info) + s->info_len;
	if (field->size == 1)
		value = *(const uint8_t *)at;
	else if (field->size == 4)
		memcpy(&v32, at, 4), value = v32;
	else
		memcpy(&value, at, 8);
	return value * field->unit;
}

/* The socket as the kernel has it now; a socket that never came to be is CLOSED. */
static int socket_look(struct op *op, const struct args *args, struct diag_socket *ret,
		       struct lab_err *err)
{
	struct sock *sock = run_sock(op->run, args->target.ref.step);
	struct four_tuple tuple;

	memset(ret, 0, sizeof(*ret));
	if (!sock)
		return 0;
	if (sock->kind == MAKES_LISTENER) {
		tuple = (struct four_tuple){ .af = sock->af, .lport = sock->lport };
		return diag_find(observer_diag(run_observer(op->run), sock->host), &tuple, ret,
				 err);
	}
	if (!sock->end)
		return 0;
	if (args->target.at >= 0 && args->target.at != sock->host) {
		tuple = sock_far(sock);
		return diag_find(observer_diag(run_observer(op->run), args->target.at), &tuple, ret,
				 err);
	}
	return end_look(run_observer(op->run), sock->end, ret, err);
}

static bool at_neither_end(struct op *op, const struct args *args)
{
	struct sock *sock = run_sock(op->run, args->target.ref.step);
	struct four_tuple far;

	if (!sock || !sock->end || args->target.at < 0 || args->target.at == sock->host ||
	    sock_far_unknown(op->run, sock))
		return false;
	far = sock_far(sock);
	return args->target.at != topology_owner(&run_plan(op->run)->topo,
						 far.af == AF_INET6 ? FAM6 : FAM4, far.local);
}

static bool state_in(const struct args *args, int state)
{
	for (int i = 0; i < args->n_states; i++) {
		if (!strcmp(tcp_state_name(args->states[i]), tcp_state_name(state)))
			return true;
	}
	return false;
}

static int compare_show(const char *name, const struct compare *cmp, int64_t value, int64_t unit,
			char *expected, char *observed)
{
	char text[32];

	snprintf(expected, CHECK_TEXT, "%s %s", name, cmp->text);
	if (unit == 1)
		snprintf(observed, CHECK_TEXT, "%s %lld", name, (long long)value);
	else
		snprintf(observed, CHECK_TEXT, "%s %s", name,
			 value_text_duration(value, text, sizeof(text)));
	return compare_met(cmp, value);
}

static int look(struct op *op, const void *p, int at, int i, void *state, char *expected,
		char *observed, struct lab_err *err)
{
	const struct args *args = p;
	const struct asked *asked;
	struct diag_socket now;
	int field = 0, ret = socket_look(op, args, &now, err);
	bool known;
	int64_t value;

	(void)at;
	(void)state;
	if (ret < 0)
		return ret;
	if (at_neither_end(op, args)) {
		snprintf(expected, CHECK_TEXT, "a socket at %s",
			 run_plan(op->run)->topo.hosts[args->target.at].name);
		snprintf(observed, CHECK_TEXT, "this connection has no end there");
		return 0;
	}
	switch (item_at(args, i, &field)) {
	case ITEM_STATE:
		snprintf(expected, CHECK_TEXT, "state %s", args->state_text);
		snprintf(observed, CHECK_TEXT, "state %s", tcp_state_name(now.state));
		return state_in(args, now.state);
	case ITEM_TIMER:
		snprintf(expected, CHECK_TEXT, "timer %s", tcp_timer_name(args->timer));
		snprintf(observed, CHECK_TEXT, "timer %s", tcp_timer_name(now.timer));
		return args->timer == now.timer;
	case ITEM_LEFT:
		if (!now.timer) {
			snprintf(expected, CHECK_TEXT, "left %s", args->left.text);
			snprintf(observed, CHECK_TEXT, "no timer is running");
			return 0;
		}
		return compare_show("left", &args->left, (int64_t)now.timer_left_ms * MS, MS,
				    expected, observed);
	case ITEM_FIELD:
		break;
	}
	asked = &args->asked[field];
	value = field_get(&now, asked->field, &known);
	ret = compare_show(asked->field->name, &asked->compare, value, asked->field->unit, expected,
			   observed);
	if (known)
		return ret;
	snprintf(observed, CHECK_TEXT, "%s is not known: %s%s", asked->field->name,
		 now.state == STATE_CLOSED ? "there is no such socket" :
		 now.info_len		   ? "this kernel does not tell it" :
					     "the kernel keeps none in ",
		 now.state == STATE_CLOSED || now.info_len ? "" : tcp_state_name(now.state));
	return 0;
}

int check_socket_maker(const void *p)
{
	return ((const struct args *)p)->target.ref.step;
}

const struct check_kind CHECK_SOCKET = {
	.name = "socket",
	.help = "A socket's TCP state, timer and counters, at either end of its connection.",
	.keys = keys,
	.args_size = sizeof(struct args),
	.init = init,
	.other = other,
	.check = check,
	.free = args_free,
	.count = count,
	.place = place,
	.look = look,
};
