/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables that say which keys a mapping may have, and the reader that goes by them. The parser,
 * the users' reference and the schema are all made from these tables; a verb, a check or a fault's
 * action brings its own.
 */
#ifndef NSLAB_SCENARIO_READER_H
#define NSLAB_SCENARIO_READER_H

#include "lab/scenario/node.h"
#include "lab/scenario/problem.h"
#include "lab/scenario/scenario.h"

struct reader;
struct step;

/**
 * struct value_type - how a value is read
 * @name: for the reference: "duration"
 * @expected: for messages: "a duration such as 250ms or 2.5s"
 * @read: writes to @out (the C type stands at each VALUE_ constant below); returns 0, or -EINVAL
 *        after it has called reader_problem() itself, or -EDOM to let the caller say "expected …"
 * @free: frees what @read left at @out; NULL if nothing
 */
struct value_type {
	const char *name;
	const char *expected;
	int (*read)(struct reader *r, const struct node *value, void *out);
	void (*free)(void *out);
};

extern const struct value_type VALUE_TEXT;	 /* char *: any scalar, owned */
extern const struct value_type VALUE_REGEX;	 /* char *: extended regular expression, owned */
extern const struct value_type VALUE_ARGV;	 /* struct text_list: a program and its arguments */
extern const struct value_type VALUE_BOOL;	 /* bool */
extern const struct value_type VALUE_DURATION;	 /* int64_t, ns */
extern const struct value_type VALUE_BYTES;	 /* int64_t */
extern const struct value_type VALUE_COUNT;	 /* int64_t, 1 … 2^32-2 */
extern const struct value_type VALUE_INT;	 /* int64_t, 0 … 2^31-1 */
extern const struct value_type VALUE_PORT;	 /* uint16_t, 1 … 65535 */
extern const struct value_type VALUE_COMPARE;	 /* struct compare, plain number */
extern const struct value_type VALUE_COMPARE_NS; /* struct compare, times */
extern const struct value_type VALUE_COMPARE_BYTES; /* struct compare, sizes */
extern const struct value_type VALUE_AFTER;	    /* struct compare, ns; see value_after() */
extern const struct value_type VALUE_HOST;	    /* int: index of a host of the topology */
extern const struct value_type VALUE_HOSTS_FAULT;   /* int: index of a fault; any host's */
extern const struct value_type VALUE_FAULTS;   /* struct int_list: one fault or a list of them */
extern const struct value_type VALUE_PROTOCOL; /* int: IPPROTO_… for tcp, udp, icmp */
extern const struct value_type VALUE_SEGMENTS; /* unsigned: SEG_ bits; a word or a list */
extern const struct value_type VALUE_ENDPOINT; /* struct endpoint: "server:8080", "[fd00::1]:80" */
extern const struct value_type
	VALUE_ADDRESS; /* struct endpoint without a port: "server", "fd00::1" */
extern const struct value_type VALUE_LISTENER; /* struct ref: a socket made by listen */
extern const struct value_type VALUE_CONN;     /* struct ref: made by dial or accept */
extern const struct value_type VALUE_SOCKET;   /* struct ref: any named socket */
extern const struct value_type VALUE_STEP;     /* struct ref: a background step, by as or id */

extern const struct value_type VALUE_LINK; /* struct link_ref: "client -- fw", "fw -> server" */
extern const struct value_type VALUE_MTU;  /* uint32_t, 68 … 65535, with IPv6 from 1280 */

/** struct text_list - ends with NULL, which @n does not count */
struct text_list {
	char **list;
	int n;
};

struct int_list {
	int *list;
	int n;
};

/**
 * struct ref - something that an earlier step made
 * @name: as written; owned
 * @step: index of the step that makes it
 */
struct ref {
	char *name;
	int step;
};

/**
 * struct endpoint - where to dial
 * @host: index of the host, -1 when @addr is given literally
 * @fam: FAM4 or FAM6 of @addr
 */
struct endpoint {
	int host;
	int fam;
	struct topo_addr addr;
	uint16_t port;
	char *text;
};

/**
 * struct link_ref - a link of the topology
 * @link: its index; set it to -1 before reading, to tell what was left out
 * @end: of the host that was named last
 * @one_way: it was "a -> b": the direction towards @end
 */
struct link_ref {
	int link;
	int end;
	bool one_way;
};

/**
 * struct key - a row of a key table; the table ends with a row whose @name is NULL
 * @offset: where in the struct the value goes. Fields not mentioned in the file keep what the
 *          struct's default says; where the type owns memory, a default has to be malloced, too
 * @required: leaving it out is a problem
 * @later: NULL; else the key is known but refused: "not available yet: LATER"
 * @def, @example, @help: for the reference. @def NULL: none
 * @words: NULL; else the scalar must be one of these (NULL-terminated) and an int index is stored
 */
struct key {
	const char *name;
	const struct value_type *type;
	size_t offset;
	bool required;
	const char *later;
	const char *def;
	const char *example;
	const char *help;
	const char *const *words;
};

/**
 * reader_map() - read a mapping by one or two key tables
 * Reports unknown keys (with the nearest known one), duplicates, missing required ones, and bad
 * values. @more (may be NULL) is a second table whose offsets count from @more_out.
 * @other: called for keys in no table; returns 1 if it took the key, 0 if it is unknown, -EINVAL
 *         after reporting; may be NULL
 * Return: 0, or -EINVAL after all problems of the mapping were reported
 */
int reader_map(struct reader *r, const struct node *map, const struct key *keys, void *out,
	       const struct key *more, void *more_out,
	       int (*other)(struct reader *r, const struct node *key, const struct node *value,
			    void *out));

/** reader_free_map() - free every field that the table's types own */
void reader_free_map(const struct key *keys, void *out);

/** reader_problem() - note a problem at a node; @hint may be NULL. Returns -EINVAL */
int reader_problem(struct reader *r, const struct node *at, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/** reader_text() - a scalar's text with ${param} put in; NULL (reported) for a non-scalar. Lives as long as the reader */
const char *reader_text(struct reader *r, const struct node *scalar);

/** reader_plan() - the plan under construction: topology and faults are complete when steps are read */
struct plan *reader_plan(struct reader *r);

/** reader_step() - the step under construction, or NULL */
struct step *reader_step(struct reader *r);

/** reader_step_map() - the whole mapping of which a lab verb's ``other`` gets one key */
const struct node *reader_step_map(struct reader *r);

/** reader_value() - read one value by type; reports. 0 or -EINVAL */
int reader_value(struct reader *r, const struct node *value, const struct value_type *type,
		 void *out);

/** reader_row() - read one value by a row of a key table into the struct at @out; 0 or -EINVAL */
int reader_row(struct reader *r, const struct node *key, const struct node *value,
	       const struct key *row, void *out);

/**
 * reader_unknown() - "unknown KIND 'WORD'; expected one of: …" with the nearest of @words
 * Return: -EINVAL
 */
int reader_unknown(struct reader *r, const struct node *at, const char *kind, const char *word,
		   const char *const *words, int n);

/** reader_match() - a mapping of from, to, protocol, sport, dport, segment; 0 or -EINVAL */
int reader_match(struct reader *r, const struct node *map, struct packet_match *ret_match);

/** reader_declare() - add to the plan's declared time */
void reader_declare(struct reader *r, int64_t ns);

/* which keys ``expect`` may have behind a verb, a bit each */
enum {
	EXPECT_ERROR = 1,
	EXPECT_AFTER = 2,
	EXPECT_BYTES = 4,
	EXPECT_EOF = 8,
	EXPECT_EXIT = 16,
	EXPECT_OUTPUT = 32,
	EXPECT_ADDRESS = 64,
};

/* what a verb's ``as:`` names */
enum makes { MAKES_NOTHING, MAKES_LISTENER, MAKES_CONN, MAKES_BOUND };

struct op;

/**
 * struct verb - a row of the table of verbs
 * @name: as in the file. On a host: the key that tells the verb, in ``- HOST: {NAME: …}``; the first
 *        row of @keys describes it. Of the lab: ``- NAME: …``
 * @on_host: which of the two
 * @summary: one sentence for the reference
 * @later: NULL, or the verb is known but refused: "not available yet: LATER"
 * @keys: the mapping's keys. For a verb of the lab whose value is no mapping, the first key's
 *        type reads the value itself (``- wait: 1500ms``, ``- await: conn``); @plain says so
 * @common: bits COMMON_…: which of as, id, background, deadline, blocking it takes
 * @expects: EXPECT_ bits
 * @makes: what ``as`` names
 * @args_size: bytes of its args struct, zeroed before reading; @init sets other defaults; may be NULL
 * @other: for open-ended keys, see reader_map(); may be NULL
 * @check: after all of the step has been read without a problem: what no table can say. Its @at is
 *         the verb's mapping, or the value of a @plain verb; 0 or -EINVAL after reporting; may be NULL
 * @free: frees what the table's types do not; may be NULL
 * @expectations: how many expectations the args themselves hold (a check's); may be NULL
 * @start: begins the step. The runner's business; NULL in the parser's tests
 */
struct verb {
	const char *name;
	bool on_host;
	const char *summary;
	const char *later;
	const struct key *keys;
	bool plain;
	unsigned common;
	unsigned expects;
	enum makes makes;
	size_t args_size;
	void (*init)(void *args);
	int (*other)(struct reader *r, const struct node *key, const struct node *value,
		     void *args);
	int (*check)(struct reader *r, const struct node *at, struct step *step);
	void (*free)(void *args);
	int (*expectations)(const void *args);
	void (*start)(struct op *op);
};

enum {
	COMMON_AS = 1,
	COMMON_ID = 2,
	COMMON_BACKGROUND = 4,
	COMMON_DEADLINE = 8,
	COMMON_BLOCKING = 16,
};

/** struct vocabulary - all the verbs; the list ends with NULL */
struct vocabulary {
	const struct verb *const *verbs;
};

#endif
