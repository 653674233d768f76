// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/run/sockopt.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "netns/cleanup.h"

enum { NS_PER_MS = 1000000, NS_PER_S = 1000000000 };

static int flag_read(struct reader *r, const struct node *value, void *out)
{
	bool flag = false;
	int ret = reader_value(r, value, &VALUE_BOOL, &flag);

	*(int64_t *)out = flag;
	return ret;
}

static const struct value_type VALUE_FLAG = { "boolean", "true or false", flag_read, NULL };

static int seconds_read(struct reader *r, const struct node *value, void *out)
{
	int64_t ns = 0;
	int ret = reader_value(r, value, &VALUE_DURATION, &ns);

	if (!ret && (ns % NS_PER_S || !ns))
		return reader_problem(r, value, NULL,
				      "the kernel takes whole seconds here, from 1s on");
	*(int64_t *)out = ns;
	return ret;
}

static const struct value_type VALUE_SECONDS = { "duration, whole seconds",
						 "a duration in whole seconds such as 2s",
						 seconds_read, NULL };

static int keepalive_read(struct reader *r, const struct node *value, void *out);

static const struct value_type VALUE_KEEPALIVE = {
	"boolean, or mapping of idle, interval, count",
	"true, or a mapping such as {idle: 1s, interval: 1s, count: 3}", keepalive_read, NULL
};

enum { FASTOPEN_QUEUE = 128 };

/*
 * How a row's number reaches the kernel: value / @divisor at @level, @name. A listener takes
 * @listener_name with @listener_value instead, where that is another option.
 */
static const struct row {
	int level, name;
	int64_t divisor;
	int listener_name, listener_value;
} rows[] = {
	{ SOL_SOCKET, SO_REUSEADDR, 1, 0, 0 },
	{ IPPROTO_TCP, TCP_NODELAY, 1, 0, 0 },
	{ IPPROTO_TCP, TCP_USER_TIMEOUT, NS_PER_MS, 0, 0 },
	{ IPPROTO_TCP, TCP_SYNCNT, 1, 0, 0 },
	{ IPPROTO_TCP, TCP_MAXSEG, 1, 0, 0 },
	{ SOL_SOCKET, SO_RCVBUF, 1, 0, 0 },
	{ SOL_SOCKET, SO_SNDBUF, 1, 0, 0 },
	{ IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1, TCP_FASTOPEN, FASTOPEN_QUEUE },
};

#define ROW(i) offsetof(struct sockopts, values) + (i) * sizeof(int64_t)

static const struct key keys[] = {
	{ "reuseaddr", &VALUE_FLAG, ROW(0), .def = "false", .example = "true",
	  .help = "SO_REUSEADDR" },
	{ "nodelay", &VALUE_FLAG, ROW(1), .def = "false", .example = "true",
	  .help = "TCP_NODELAY" },
	{ "user_timeout", &VALUE_DURATION, ROW(2), .def = "the kernel's", .example = "2s",
	  .help = "TCP_USER_TIMEOUT" },
	{ "syncnt", &VALUE_COUNT, ROW(3), .def = "the kernel's", .example = "3",
	  .help = "TCP_SYNCNT: retries of the SYN" },
	{ "mss", &VALUE_COUNT, ROW(4), .def = "the kernel's", .example = "1000",
	  .help = "TCP_MAXSEG, bytes" },
	{ "rcvbuf", &VALUE_BYTES, ROW(5), .def = "the kernel's", .example = "4096",
	  .help = "SO_RCVBUF; the kernel doubles it" },
	{ "sndbuf", &VALUE_BYTES, ROW(6), .def = "the kernel's", .example = "64KiB",
	  .help = "SO_SNDBUF; the kernel doubles it" },
	{ "fastopen", &VALUE_FLAG, ROW(7), .def = "false", .example = "true",
	  .help = "TCP_FASTOPEN_CONNECT on dial, TCP_FASTOPEN on listen" },
	{ "keepalive", &VALUE_KEEPALIVE, 0, .def = "false",
	  .example = "{idle: 1s, interval: 1s, count: 3}",
	  .help = "SO_KEEPALIVE, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT" },
	{ 0 },
};

static const struct key keepalive_keys[] = {
	{ "idle", &VALUE_SECONDS, offsetof(struct sockopts, keepalive_idle), .def = "the kernel's",
	  .example = "1s", .help = "TCP_KEEPIDLE" },
	{ "interval", &VALUE_SECONDS, offsetof(struct sockopts, keepalive_interval),
	  .def = "the kernel's", .example = "1s", .help = "TCP_KEEPINTVL" },
	{ "count", &VALUE_COUNT, offsetof(struct sockopts, keepalive_count), .def = "the kernel's",
	  .example = "3", .help = "TCP_KEEPCNT" },
	{ 0 },
};

static int keepalive_read(struct reader *r, const struct node *value, void *out)
{
	struct sockopts *options = out;

	if (value->kind == NODE_SCALAR)
		return flag_read(r, value, &options->keepalive);
	options->keepalive = 1;
	return reader_map(r, value, keepalive_keys, options, NULL, NULL, NULL);
}

static int options_read(struct reader *r, const struct node *value, void *out)
{
	return reader_map(r, value, keys, out, NULL, NULL, NULL);
}

const struct value_type VALUE_OPTIONS = { "mapping, see options",
					  "a mapping such as {reuseaddr: true}", options_read,
					  NULL };

const struct key *sockopt_keys(void)
{
	return keys;
}

void sockopts_none(struct sockopts *options)
{
	memset(options, 0xff, sizeof(*options));
}

static int put(int fd, int level, int name, int64_t value)
{
	int v = value > INT32_MAX ? INT32_MAX : (int)value;

	return setsockopt(fd, level, name, &v, sizeof(v)) < 0 ? -errno : 0;
}

int sockopts_apply(int fd, const struct sockopts *options, bool listener, const char **ret_name)
{
	const struct {
		const char *name;
		int level, option;
		int64_t value, divisor;
	} keepalive[] = {
		{ "keepalive", SOL_SOCKET, SO_KEEPALIVE, options->keepalive, 1 },
		{ "idle", IPPROTO_TCP, TCP_KEEPIDLE, options->keepalive_idle, NS_PER_S },
		{ "interval", IPPROTO_TCP, TCP_KEEPINTVL, options->keepalive_interval, NS_PER_S },
		{ "count", IPPROTO_TCP, TCP_KEEPCNT, options->keepalive_count, 1 },
	};
	int ret = 0;

	for (size_t i = 0; !ret && i < ARRAY_SIZE(rows); i++) {
		*ret_name = keys[i].name;
		if (options->values[i] > 0 && listener && rows[i].listener_name)
			ret = put(fd, rows[i].level, rows[i].listener_name, rows[i].listener_value);
		else if (options->values[i] >= 0)
			ret = put(fd, rows[i].level, rows[i].name,
				  options->values[i] / rows[i].divisor);
	}
	for (size_t i = 0; !ret && i < ARRAY_SIZE(keepalive); i++) {
		*ret_name = keepalive[i].name;
		if (keepalive[i].value >= 0)
			ret = put(fd, keepalive[i].level, keepalive[i].option,
				  keepalive[i].value / keepalive[i].divisor);
	}
	return ret;
}
