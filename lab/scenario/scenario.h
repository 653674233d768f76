/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A scenario file, and the plan for each of its cases: plain data, ready to be run. */
#ifndef NSLAB_SCENARIO_SCENARIO_H
#define NSLAB_SCENARIO_SCENARIO_H

#include <stdbool.h>
#include <stdint.h>

#include "impair/fault.h"
#include "impair/nat.h"
#include "impair/shape.h"
#include "lab/scenario/need.h"
#include "lab/scenario/value.h"
#include "netns/topology.h"

struct node;
struct problems;
struct verb;
struct vocabulary;

/** struct param - a name and its text; @line is where the file declares it, 0 for --set */
struct param {
	char *key;
	char *value;
	int line, col;
};

/** enum error_kind - how a verb ended, in the words of ``expect: {error: …}`` */
enum error_kind {
	ERROR_NONE,
	ERROR_DEADLINE, /* our own deadline ran out: the program gave up */
	ERROR_ERRNO,	/* the kernel's errno, also ETIMEDOUT: the kernel gave up */
	ERROR_LOOKUP,	/* getaddrinfo()'s EAI_…: the name has no address, or nobody says which */
	ERROR_EOF,	/* the peer ended the stream before the asked bytes had come */
};

/**
 * struct expect - what a step is expected to come to; what is left out is not judged, but for
 * the error, which is then none
 * @error_set: whether the file says it (@error_line, @error_col)
 * @code: errno for ERROR_ERRNO, EAI_… for ERROR_LOOKUP
 * @output: regular expression (POSIX, extended), or NULL; owned
 * @address: as written, or NULL; owned. @address_host: the host of that name; else @address_bytes of
 *           @address_fam
 */
struct expect {
	bool error_set;
	enum error_kind error;
	int code;
	int error_line, error_col;
	struct compare after; /* ns */
	struct compare bytes;
	bool eof_set, eof;
	int eof_line, eof_col;
	struct compare exit;
	char *output;
	int output_line, output_col;
	char *address;
	int address_host;
	int address_fam;
	uint8_t address_bytes[16];
	int address_line, address_col;
	int line;
};

/**
 * struct step - one step of a case
 * @verb: what it does
 * @host: index of the host it happens on, -1 for a step of the lab itself
 * @line, @col: its place in the file
 * @text: as one line, for people, without the host: "dial server:8080 as conn"
 * @as: name of what it makes, or NULL. @id: name for await; same as @as unless given
 * @deadline_ns: -1 for none
 * @args: the verb's own struct, filled by its key table
 * @first_expectation: number of its first expectation, from 1, in order of the file
 * @n_expectations: how many it has (see step_expectations())
 */
struct step {
	const struct verb *verb;
	int host;
	int line, col;
	char *text;
	char *as;
	char *id;
	bool background;
	bool blocking;
	int64_t deadline_ns;
	struct expect expect;
	void *args;
	int first_expectation;
	int n_expectations;
};

/** enum ip - the address families of a case */
enum ip { IP_4 = 1, IP_6 = 2, IP_DUAL = 3 };

/**
 * struct plan - a case: a scenario with its parameters put in
 * @name: "dial-ok", or with what tells cases apart: "dial-ok[ip=6]", "x[kind=net-unreachable,ip=4]"
 * @title: the scenario's title with this case's parameters put in
 * @set: the --set words that select this case again, "kind=net-unreachable ip=6", or ""; a word
 *       with unusual characters is quoted for the shell
 * @ip: bit 0 IPv4, bit 1 IPv6
 * @shapes: one for each link: of what leaves either end. A jitter may be larger than its delay here
 * @shaped: some link is shaped, from the start or by a step
 * @nats: hosts that translate addresses
 * @n_expectations: over all steps
 * @declared_ns: sum of the times that the file declares (waits, deadlines, afters, withins)
 */
struct plan {
	char *name;
	char *title;
	char *set;
	enum ip ip;
	struct topology topo;
	struct shape (*shapes)[2];
	bool shaped;
	struct fault *faults;
	int n_faults;
	struct nat *nats;
	int n_nats;
	struct step *steps;
	int n_steps;
	int n_expectations;
	int64_t declared_ns;
};

/** plan_tracks() - does this host remember connections: has it nat, or a fault with conntrack? */
bool plan_tracks(const struct plan *plan, int host);

/**
 * struct scenario - what a file says, once for all of its cases
 * @title: as in the file with its params put in; where the matrix decides, ${name} stays
 * @needs: what the kernel must have, or all cases are skipped
 * @params: the file's params; where --set gave the value, the line is 0
 * @file: where it came from, for messages
 * @source: the file's text
 * @plans: one for each case; each matrix value, family, and --set already applied
 */
struct scenario {
	char *file;
	char *source;
	size_t source_len;
	char *name;
	char *title;
	char *story;
	char *remedy;
	char **tags;
	int n_tags;
	char **claims;
	int n_claims;
	struct need_list needs;
	struct param *params;
	int n_params;
	struct plan *plans;
	int n_plans;
};

/**
 * scenario_parse() - parse and validate a scenario
 * @file: name for messages; @source, @len: the text, copied
 * @vocabulary: the verbs and checks there are
 * @set, @n_set: --set key=value: a parameter's value; a matrix key's single value; "ip" (4, 6 or
 *               dual): only that family
 * @problems: empty; gets everything that is wrong. On success it borrows the scenario's text
 * Return: 0; -EINVAL when there are problems (*ret_scenario is then NULL and @problems keeps a copy
 * of what it needs to print)
 */
int scenario_parse(const char *file, const char *source, size_t len,
		   const struct vocabulary *vocabulary, const struct param *set, int n_set,
		   struct scenario **ret_scenario, struct problems *problems);

/**
 * scenario_parse_topology() - the same for a file that has no scenario
 * It has topology, faults, params, matrix, ip and needs, as a scenario has them; its cases have no steps.
 */
int scenario_parse_topology(const char *file, const char *source, size_t len,
			    const struct vocabulary *vocabulary, const struct param *set, int n_set,
			    struct scenario **ret_scenario, struct problems *problems);

/**
 * scenario_read_file() - read a scenario file's text
 * Refuses what is no regular file (a fifo never blocks us) and more than 1 MiB.
 * @ret_text: malloced, NUL behind the end
 * Return: 0, or -errno with a message in @problems
 */
int scenario_read_file(const char *path, char **ret_text, size_t *ret_len,
		       struct problems *problems);

void scenario_free(struct scenario *scenario);

#endif
