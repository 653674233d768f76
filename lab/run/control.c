// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Theory of operation: a lab has at most one socket with a path, which the front made in a directory of the
 * user's, and one in each host that runs a program, by an abstract name that is known nowhere
 * else. All are sources of the worker's loop. A caller has one request at a time; what it sends meanwhile stays in its
 * buffer. Nobody can keep the lab waiting: all descriptors are non-blocking, and who does not take
 * what he is sent is hung up on.
 */
#include "lab/run/control.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lab/observe/axis.h"
#include "lab/run/request.h"
#include "lab/scenario/problem.h"
#include "netns/cleanup.h"
#include "netns/fds.h"

enum {
	CALLERS_MOST = 64,	 /* from outside, and again from inside */
	BACKLOG_MOST = 16 << 20, /* bytes that wait for a caller to read them */
	READ_AT_ONCE = 16384,
};

static const struct request_kind *const kinds[] = {
	&REQUEST_LAB,  &REQUEST_STATE, &REQUEST_FAULT, &REQUEST_LINK,
	&REQUEST_WAIT, &REQUEST_WATCH, &REQUEST_ENTER, &REQUEST_DOWN,
};

/** struct door - a listening socket; @host: inside which, -1 for the one outside */
struct door {
	struct control *control;
	int host;
	int fd;
	struct source *source;
};

/**
 * struct caller - one who has connected
 * @kind: of the request under way, NULL for none; with @state, and its end at @until_ns
 * @fds: go with the next byte that is sent
 * @inside: came by a host's door, which may be gone
 * @gone: to be freed at the next turn
 */
struct caller {
	struct caller *next;
	struct control *control;
	struct door *door;
	int fd;
	struct source *source;
	char *in;
	size_t in_len;
	char *out;
	size_t out_len, out_cap;
	int fds[FDS_MOST];
	int n_fds;
	const struct request_kind *kind;
	void *state;
	int64_t until_ns;
	bool inside, watches, leaves, gone;
};

/**
 * struct control - see control.h
 * @outside, @inside: doors; of @inside one for each host, NULL while it has none
 * @begin: the log's first lines, for those who watch from later on
 */
struct control {
	struct run *run;
	struct door *outside;
	struct door **inside;
	struct caller *callers;
	int n_outside, n_inside;
	char *begin;
	size_t begin_len;
};

struct run *caller_run(struct caller *caller)
{
	return caller->control->run;
}

void *caller_state(struct caller *caller)
{
	return caller->state;
}

void caller_until(struct caller *caller, int64_t until_ns)
{
	caller->until_ns = until_ns;
}

/* ---- what goes out ---- */

static void fds_drop(struct caller *caller)
{
	for (int i = 0; i < caller->n_fds; i++)
		close(caller->fds[i]);
	caller->n_fds = 0;
}

static void hang_up(struct caller *caller)
{
	caller->gone = true;
	source_drop(TAKE_PTR(caller->source));
	close_fd(&caller->fd);
}

static ssize_t send_some(struct caller *caller)
{
	ssize_t n = fds_send(caller->fd, caller->out, caller->out_len, caller->fds, caller->n_fds,
			     MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n > 0)
		fds_drop(caller);
	return n;
}

/* Send what the caller takes; wait for room for the rest. */
static void out_flush(struct caller *caller)
{
	while (caller->out_len && !caller->gone) {
		ssize_t n = send_some(caller);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0) {
			hang_up(caller);
			return;
		}
		caller->out_len -= (size_t)n;
		memmove(caller->out, caller->out + n, caller->out_len);
	}
	if (caller->gone)
		return;
	if (!caller->out_len && caller->leaves)
		hang_up(caller);
	else
		source_events(caller->source, EPOLLIN | (caller->out_len ? EPOLLOUT : 0));
}

static void out_put(struct caller *caller, const char *text, size_t len)
{
	if (caller->gone)
		return;
	if (caller->out_len + len > BACKLOG_MOST) {
		hang_up(caller);
		return;
	}
	if (caller->out_cap - caller->out_len < len) {
		size_t cap = 2 * caller->out_cap + len;
		char *out = realloc(caller->out, cap);

		if (!out) {
			hang_up(caller);
			return;
		}
		caller->out = out;
		caller->out_cap = cap;
	}
	memcpy(caller->out + caller->out_len, text, len);
	caller->out_len += len;
	out_flush(caller);
}

static void json_put(struct caller *caller, json_t *object)
{
	_cleanup_free_ char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	size_t len = text ? strlen(text) : 0;

	json_decref(object);
	if (!text) {
		hang_up(caller);
		return;
	}
	text[len] = '\n'; /* in place of the NUL */
	out_put(caller, text, len + 1);
}

static void request_over(struct caller *caller)
{
	caller->kind = NULL;
	free(TAKE_PTR(caller->state));
	caller->until_ns = INT64_MAX;
}

void caller_answer(struct caller *caller, json_t *members)
{
	json_t *answer = json_pack("{s:i, s:b}", "v", CONTROL_VERSION, "ok", 1);

	if (answer && members)
		json_object_update(answer, members);
	json_decref(members);
	request_over(caller);
	json_put(caller, answer);
}

static void refuse(struct caller *caller, int code, const char *text, const char *fix)
{
	json_t *answer = json_pack("{s:i, s:b, s:s, s:s}", "v", CONTROL_VERSION, "ok", 0, "errno",
				   errno_name(code), "error", text);

	if (answer && fix[0])
		json_object_set_new(answer, "fix", json_string(fix));
	fds_drop(caller);
	request_over(caller);
	json_put(caller, answer);
}

void caller_refuse(struct caller *caller, int code, const char *fmt, ...)
{
	char text[1024], shown[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* what it quotes may have been cut amid a character */
	refuse(caller, code, text_escape(text, shown, sizeof(shown)), "");
}

void caller_fail(struct caller *caller, const struct lab_err *err)
{
	char text[1024];

	refuse(caller, err->code ?: EIO, lab_err_text(err, text, sizeof(text)), err->fix);
}

void caller_hand(struct caller *caller, const int *fds, int n)
{
	fds_drop(caller);
	for (int i = 0; i < n; i++)
		caller->fds[caller->n_fds++] = fds[i];
}

void caller_watch(struct caller *caller)
{
	caller_answer(caller, NULL);
	caller->watches = true;
	if (caller->control->begin_len)
		out_put(caller, caller->control->begin, caller->control->begin_len);
}

/* ---- names ---- */

int host_named(struct caller *caller, const char *name)
{
	const struct topology *topo = &caller_run(caller)->plan->topo;
	int host = topology_host(topo, name);
	char list[600] = "";
	size_t used = 0;

	for (int i = 0; host < 0 && i < topo->n_hosts && used < sizeof(list) - 80; i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, " %.64s",
					 topo->hosts[i].name);
	if (host < 0)
		caller_refuse(caller, ENOENT, "there is no host '%.100s'; there are:%s", name,
			      list);
	return host;
}

int fault_named(struct caller *caller, const char *name)
{
	const struct plan *plan = caller_run(caller)->plan;
	char list[600] = "";
	size_t used = 0;

	for (int i = 0; i < plan->n_faults; i++) {
		if (!strcmp(plan->faults[i].name, name))
			return i;
	}
	for (int i = 0; i < plan->n_faults && used < sizeof(list) - 80; i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, " %.64s",
					 plan->faults[i].name);
	caller_refuse(caller, ENOENT, "there is no fault '%.100s'; there %s%s", name,
		      plan->n_faults == 1 ? "is:" :
		      plan->n_faults	  ? "are:" :
					    "are none in this scenario",
		      list);
	return -1;
}

json_t *faults_json(struct run *run, struct lab_err *err)
{
	const struct plan *plan = run->plan;
	json_t *list = json_array();

	for (int i = 0; i < plan->n_faults; i++) {
		const struct fault *f = &plan->faults[i];
		_cleanup_free_ char *text = fault_text(plan, f);
		uint64_t hits = 0;

		if (run_fault_hits(run, i, &hits, err) < 0) {
			json_decref(list);
			return NULL;
		}
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b, s:I}", "name", f->name,
						      "host", plan->topo.hosts[f->host].name,
						      "does", text ?: "", "on", run->fault_on[i],
						      "hits", (json_int_t)hits));
	}
	return list;
}

/* ---- what comes in ---- */

static bool member_fits(const struct request_member *member, const json_t *value)
{
	return member->type == JSON_TRUE ? json_is_boolean(value) :
					   json_typeof(value) == member->type;
}

static const char *type_text(json_type type)
{
	return type == JSON_STRING  ? "a string" :
	       type == JSON_INTEGER ? "an integer" :
				      "true or false";
}

/* Are all members there, of their types, and no others? If not, the caller has been told. */
static bool members_fit(struct caller *caller, const struct request_kind *kind,
			const json_t *request)
{
	const char *name;
	json_t *value;

	for (const struct request_member *m = kind->members; m->name; m++) {
		value = json_object_get(request, m->name);
		if ((!value && m->required) || (value && !member_fits(m, value))) {
			caller_refuse(caller, EINVAL, "%s: '%s' must be %s%s", kind->name, m->name,
				      type_text(m->type), value ? "" : ", and is missing");
			return false;
		}
	}
	json_object_foreach((json_t *)request, name, value) {
		const struct request_member *m = kind->members;

		if (!strcmp(name, "v") || !strcmp(name, "request"))
			continue;
		while (m->name && strcmp(m->name, name))
			m++;
		if (!m->name) {
			caller_refuse(caller, EINVAL, "%s knows no member '%.100s'", kind->name,
				      name);
			return false;
		}
	}
	return true;
}

static const struct request_kind *kind_find(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(kinds); i++) {
		if (!strcmp(kinds[i]->name, name))
			return kinds[i];
	}
	return NULL;
}

static void unknown_refuse(struct caller *caller, const char *name)
{
	char list[200] = "";
	size_t used = 0;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		used += (size_t)snprintf(list + used, sizeof(list) - used, " %s", kinds[i]->name);
	if (name)
		caller_refuse(caller, EINVAL, "there is no request '%.100s'; there are:%s", name,
			      list);
	else
		caller_refuse(caller, EINVAL, "'request' must be one of:%s", list);
}

static void request_take(struct caller *caller, const char *line, size_t len)
{
	json_error_t error;
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	const json_t *version = json_object_get(request, "v");
	const char *name = json_string_value(json_object_get(request, "request"));
	const struct request_kind *kind = kind_find(name);

	if (!request) {
		caller_refuse(caller, EINVAL, "a request is a JSON object on a line: %.200s",
			      error.text);
	} else if (!json_is_integer(version) || json_integer_value(version) != CONTROL_VERSION) {
		caller_refuse(caller, EPROTONOSUPPORT,
			      "'v' must be %d, the version of the protocol", CONTROL_VERSION);
	} else if (!kind) {
		unknown_refuse(caller, name);
	} else if (kind->outside && caller->door->host >= 0) {
		caller_refuse(caller, EPERM, "%s is not for programs inside the lab", kind->name);
	} else if (members_fit(caller, kind, request)) {
		caller->kind = kind;
		caller->state = calloc(1, kind->state_size ?: 1);
		if (caller->state)
			kind->start(caller, request);
		else
			hang_up(caller);
	}
	json_decref(request);
}

/* Take whole lines, as long as no request is under way. */
static void lines_take(struct caller *caller)
{
	char *newline;

	/* descriptors wait for their answer to be taken: the next answer might have others */
	while (!caller->gone && !caller->kind && !caller->leaves && !caller->n_fds &&
	       (newline = memchr(caller->in, '\n', caller->in_len))) {
		size_t len = (size_t)(newline - caller->in) + 1;

		if (len > 1)
			request_take(caller, caller->in, len - 1);
		caller->in_len -= len;
		memmove(caller->in, caller->in + len, caller->in_len);
	}
	if (!caller->gone && caller->in_len == CONTROL_REQUEST_MOST && !caller->kind) {
		caller->leaves = true;
		caller_refuse(caller, EMSGSIZE, "a request has at most %d bytes",
			      CONTROL_REQUEST_MOST);
	}
}

static void caller_ready(void *arg, uint32_t events)
{
	struct caller *caller = arg;
	size_t room = CONTROL_REQUEST_MOST - caller->in_len;
	ssize_t n;

	if (events & EPOLLOUT)
		out_flush(caller);
	if (caller->gone || !(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	/* who goes on sending during a request, or after its last, is heard no further */
	if (!room) {
		hang_up(caller);
		return;
	}
	n = recv(caller->fd, caller->in + caller->in_len, room < READ_AT_ONCE ? room : READ_AT_ONCE,
		 MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hang_up(caller);
		return;
	}
	caller->in_len += (size_t)n;
	lines_take(caller);
	/* something may have changed, and somebody may wait for it */
	caller->control->run->sample_ns = 0;
}

/* Programs inside, however many call, leave room for who wants to end the lab. */
static int *callers_count(struct control *control, bool inside)
{
	return inside ? &control->n_inside : &control->n_outside;
}

/* the last word to one too many */
static const char crowded[] =
	"{\"v\":1,\"ok\":false,\"errno\":\"EUSERS\",\"error\":\"too many callers at a time\"}\n";

static void door_ready(void *arg, uint32_t events)
{
	struct door *door = arg;
	struct control *control = door->control;
	_cleanup_close_ int fd = accept4(door->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int *count = callers_count(control, door->host >= 0);
	struct caller *caller;

	(void)events;
	if (fd >= 0 && *count == CALLERS_MOST)
		send(fd, crowded, sizeof(crowded) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (fd < 0 || *count == CALLERS_MOST)
		return;
	caller = calloc(1, sizeof(*caller));
	if (!caller)
		return;
	*caller = (struct caller){ .control = control,
				   .door = door,
				   .inside = door->host >= 0,
				   .fd = -1,
				   .in = malloc(CONTROL_REQUEST_MOST),
				   .until_ns = INT64_MAX };
	caller->source = caller->in ?
				 source_add(control->run->loop, fd, EPOLLIN, caller_ready, caller) :
				 NULL;
	if (!caller->source) {
		free(caller->in);
		free(caller);
		return;
	}
	caller->fd = TAKE_FD(fd);
	caller->next = control->callers;
	control->callers = caller;
	(*count)++;
}

static void caller_free(struct caller *caller)
{
	hang_up(caller);
	fds_drop(caller);
	request_over(caller);
	free(caller->in);
	free(caller->out);
	free(caller);
}

/* ---- doors ---- */

struct control *control_new(struct run *run)
{
	struct control *control = calloc(1, sizeof(*control));

	if (control)
		control->inside = calloc((size_t)run->plan->topo.n_hosts, sizeof(*control->inside));
	if (!control || !control->inside) {
		free(control);
		return NULL;
	}
	control->run = run;
	return control;
}

static void door_close(struct door *door)
{
	if (!door)
		return;
	source_drop(door->source);
	close_fd(&door->fd);
	free(door);
}

/* Listen at @fd, which becomes the door's. */
static int door_open(struct control *control, int host, int fd, struct door **ret,
		     struct lab_err *err)
{
	struct door *door = calloc(1, sizeof(*door));

	if (!door) {
		close(fd);
		return lab_err_set(err, ENOMEM, "cannot open a control socket");
	}
	*door = (struct door){ .control = control, .host = host, .fd = fd };
	if (listen(fd, CALLERS_MOST) == 0)
		door->source = source_add(control->run->loop, fd, EPOLLIN, door_ready, door);
	if (!door->source) {
		int code = errno;

		door_close(door);
		return lab_err_set(err, code, "cannot listen at the control socket");
	}
	*ret = door;
	return 0;
}

int control_listen(struct control *control, int fd, struct lab_err *err)
{
	return door_open(control, -1, fd, &control->outside, err);
}

int control_inside(struct control *control, int host, struct lab_err *err)
{
	struct run *run = control->run;
	struct sockaddr_un name = { .sun_family = AF_UNIX, .sun_path = CONTROL_INSIDE };
	int fd;

	if (control->inside[host])
		return 0;
	fd = network_socket(run->net, host, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, err);
	if (fd < 0)
		return fd;
	name.sun_path[0] = '\0';
	if (bind(fd, (struct sockaddr *)&name,
		 offsetof(struct sockaddr_un, sun_path) + sizeof(CONTROL_INSIDE) - 1) < 0) {
		int code = errno;

		close(fd);
		return lab_err_set(err, code, "cannot bind the control socket in host %s",
				   run->plan->topo.hosts[host].name);
	}
	return door_open(control, host, fd, &control->inside[host], err);
}

void control_host_gone(struct control *control, int host)
{
	if (!control->inside[host])
		return;
	for (struct caller *caller = control->callers; caller; caller = caller->next) {
		if (caller->door == control->inside[host])
			hang_up(caller);
	}
	door_close(TAKE_PTR(control->inside[host]));
}

void control_close(struct control *control)
{
	if (!control)
		return;
	while (control->callers) {
		struct caller *caller = control->callers;

		control->callers = caller->next;
		caller_free(caller);
	}
	for (int i = 0; i < control->run->plan->topo.n_hosts; i++)
		door_close(control->inside[i]);
	door_close(control->outside);
	free(control->inside);
	free(control->begin);
	free(control);
}

/* ---- turns ---- */

static void begin_keep(struct control *control, const char *line, size_t len)
{
	char *begin = realloc(control->begin, control->begin_len + len);

	if (!begin)
		return;
	memcpy(begin + control->begin_len, line, len);
	control->begin = begin;
	control->begin_len += len;
}

void control_note(struct control *control, const struct event *event, const char *line, size_t len)
{
	if (event->type == EVENT_BEGIN || event->type == EVENT_BUILT)
		begin_keep(control, line, len);
	for (struct caller *caller = control->callers; caller; caller = caller->next) {
		if (caller->watches)
			out_put(caller, line, len);
	}
}

static void callers_sweep(struct control *control)
{
	for (struct caller **at = &control->callers; *at;) {
		struct caller *caller = *at;

		if (!caller->gone) {
			at = &caller->next;
			continue;
		}
		*at = caller->next;
		--*callers_count(control, caller->inside);
		caller_free(caller);
	}
}

void control_turn(struct control *control)
{
	for (struct caller *caller = control->callers; caller; caller = caller->next) {
		if (caller->kind && caller->kind->poll && !caller->gone)
			caller->kind->poll(caller);
		if (caller->kind && caller->until_ns <= clock_now() && !caller->gone)
			caller->kind->expire(caller);
		if (!caller->kind && !caller->gone && caller->in_len)
			lines_take(caller);
	}
	callers_sweep(control);
}

int64_t control_wake_ns(const struct control *control)
{
	int64_t at = INT64_MAX;

	for (const struct caller *caller = control->callers; caller; caller = caller->next)
		at = caller->until_ns < at ? caller->until_ns : at;
	return at;
}

bool control_attended(const struct control *control)
{
	for (const struct caller *caller = control->callers; caller; caller = caller->next) {
		if (caller->watches || caller->kind)
			return true;
	}
	return false;
}
