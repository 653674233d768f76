/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to doctor/: the table of what is tried, and what came of it. */
#ifndef NSLAB_DOCTOR_PROBE_H
#define NSLAB_DOCTOR_PROBE_H

#include <stdint.h>

#include "lab/doctor/doctor.h"
#include "netns/network.h"

/* the hosts of the network that probes are tried in: client -- fw -- server */
enum { PROBE_CLIENT, PROBE_FW, PROBE_SERVER, PROBE_HOSTS };

enum { PROBE_NOTE_SIZE = 400 };

/**
 * struct probe_env - what a probe can use; lives inside the sandbox
 * @topo: completed
 * @net: of @topo; built by the probe of NEED_NETWORK, NULL before
 * @note: the probe may say something about what it found
 * @scenarios, @n_scenarios: those that are asked for
 * @remark: to be called for each plan that cannot run here for a reason of its own
 */
struct probe_env {
	struct topology topo;
	struct network *net;
	char note[PROBE_NOTE_SIZE];
	const struct scenario *const *scenarios;
	int n_scenarios;
	void (*remark)(struct probe_env *env, int plan, const struct lab_err *err);
	int remark_fd;
};

/** env_note() - say something about what was found; returns 0 */
int env_note(struct probe_env *env, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

enum { ROOM_ENOUGH = 1000 };

/**
 * room_judge() - note how many @what ("packets") a socket has room for
 * Without root net.core.rmem_max bounds it, and a burst of more than that makes a run a lab error.
 * Return: 0; 1 if they are few, with a fix; @room 0 means unknown
 */
int room_judge(struct probe_env *env, int room, const char *what, struct lab_err *err);

/** env_init() - the topology, without a network; 0 or -ENOMEM */
int env_init(struct probe_env *env);

/**
 * need_try() - try what a scenario needs
 * @env: with a network
 * Return: 0; -errno with what is missing in @err
 */
int need_try(struct probe_env *env, const struct need_list *needs, struct lab_err *err);

/** enum probe_group - in which part of the report it stands */
enum probe_group { GROUP_LAB, GROUP_OPTIONAL };

/**
 * struct probe - something that the lab uses, and how to find out whether it is there
 * @name: at most 11 columns
 * @what: what the lab does with it, a few words
 * @bit: NEED_ bit, 0 if no scenario depends on it
 * @after: NEED_ bits without which it cannot be tried
 * @attempt: really tries it. 0: there; 1: there, but the note should be read; -errno: missing
 * @modules, @config: the kernel's modules (blank between them) and the options they come with, or NULL
 * @fix: what helps where it is no module, or NULL
 */
struct probe {
	const char *name;
	const char *what;
	enum probe_group group;
	unsigned bit;
	unsigned after;
	int (*attempt)(struct probe_env *env, struct lab_err *err);
	const char *modules;
	const char *config;
	const char *fix;
};

/** probe_at() - the table's rows, NULL behind the last */
const struct probe *probe_at(int i);

/**
 * probe_closure() - @needs and all that has to be there before it can be tried
 * @at, @n: the table
 */
unsigned probe_closure(const struct probe *(*at)(int i), int n, unsigned needs);

enum probe_state { PROBE_UNTRIED, PROBE_OK, PROBE_NOTE, PROBE_MISSING };

/** struct probe_result - what came of a probe; @err says why it is missing or untried */
struct probe_result {
	enum probe_state state;
	struct lab_err err;
	char note[PROBE_NOTE_SIZE];
};

/* probe_host.c */
int try_namespaces(struct probe_env *env, struct lab_err *err);
int try_proc(struct probe_env *env, struct lab_err *err);
int try_sysctls(struct probe_env *env, struct lab_err *err);
int try_pins(struct probe_env *env, struct lab_err *err);
int try_veth(struct probe_env *env, struct lab_err *err);
int try_ipv6(struct probe_env *env, struct lab_err *err);
int try_offload(struct probe_env *env, struct lab_err *err);
int try_network(struct probe_env *env, struct lab_err *err);
int try_hosts_file(struct probe_env *env, struct lab_err *err);
int try_scenario_sysctls(struct probe_env *env, struct lab_err *err);

/* probe_traffic.c */
int try_capture(struct probe_env *env, struct lab_err *err);
int try_diag(struct probe_env *env, struct lab_err *err);
int try_hitlog(struct probe_env *env, struct lab_err *err);
int try_reset(struct probe_env *env, struct lab_err *err);
int try_icmp(struct probe_env *env, struct lab_err *err);
int try_icmpv6(struct probe_env *env, struct lab_err *err);

/* probe_nft.c */
int try_nft(struct probe_env *env, struct lab_err *err);
int try_nft_counter(struct probe_env *env, struct lab_err *err);
int try_nft_log(struct probe_env *env, struct lab_err *err);
int try_nft_sets(struct probe_env *env, struct lab_err *err);
int try_nft_numgen(struct probe_env *env, struct lab_err *err);
int try_nft_reject(struct probe_env *env, struct lab_err *err);
int try_nft_conntrack(struct probe_env *env, struct lab_err *err);

/* probe_shape.c */
int try_delayline(struct probe_env *env, struct lab_err *err);
int try_shapes(struct probe_env *env, struct lab_err *err);
int try_netem(struct probe_env *env, struct lab_err *err);

#endif
