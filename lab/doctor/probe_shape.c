// SPDX-License-Identifier: GPL-2.0-or-later
/* Probes of who holds packets: nslab's own delay line, and the kernel's netem. */
#include <errno.h>
#include <sys/socket.h>

#include "impair/nfqueue.h"
#include "impair/shaper.h"
#include "lab/doctor/probe.h"
#include "netns/cleanup.h"

enum { ROOM_WANTED = 4 << 20, ROOM_EACH = 1000 };

/* How much the kernel lets us have for packets that wait to be told: about 1 kB each. */
static int room_read(struct probe_env *env, struct lab_err *err)
{
	_cleanup_close_ int fd = nfqueue_open(env->net, PROBE_FW, err);
	socklen_t len = sizeof(int);
	int room = 0;

	if (fd < 0)
		return fd;
	if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, &len) < 0)
		return lab_err_set(err, errno, "cannot read the size of a buffer");
	return room;
}

/* A line with one lane, as a link has it. */
static int line_try(struct probe_env *env, bool *ret_compat, struct lab_err *err)
{
	const struct delayline_options options = { .quiet = true };
	const struct lane lane = { .host = PROBE_FW, .shape = { .delay_ns = 1 }, .end = 1 };
	struct delayline *line = NULL;
	uint16_t queue;
	int ret = delayline_open(env->net, &env->topo, &options, &line, err);

	if (ret < 0)
		return ret;
	ret = delayline_add(line, &lane, &queue, err);
	*ret_compat = ret >= 0 && delayline_compat(line);
	delayline_close(line);
	return ret < 0 ? ret : 0;
}

int try_delayline(struct probe_env *env, struct lab_err *err)
{
	bool compat = false;
	int ret = line_try(env, &compat, err), room;
	const char *form = compat ? "by the old NFQUEUE target" : "by nf_tables' own queue";

	if (ret < 0)
		return ret;
	room = room_read(env, err);
	if (room < 0)
		return room;
	if (room >= ROOM_WANTED)
		return env_note(env, "%s, room for %d packets at once", form, room / ROOM_EACH);
	env_note(env,
		 "%s, room for only about %d packets at once; a burst of more makes a run a "
		 "lab error",
		 form, room / ROOM_EACH);
	lab_err_fix(err, "sysctl -w net.core.rmem_max=16777216 (or run nslab as root)");
	return 1;
}

int try_netem(struct probe_env *env, struct lab_err *err)
{
	struct shaper *shaper = NULL;
	int ret = shaper_open(env->net, &env->topo, SHAPE_NETEM, 1, &shaper, err);

	shaper_close(shaper);
	return ret;
}

int try_shapes(struct probe_env *env, struct lab_err *err)
{
	struct lab_err netem = { 0 };
	bool compat;
	int ret;

	if (!try_netem(env, &netem))
		return env_note(env, "by netem; --shape queue takes the delay line");
	ret = line_try(env, &compat, err);
	return ret < 0 ? ret : env_note(env, "by the delay line; there is no netem here");
}
