// SPDX-License-Identifier: GPL-2.0-or-later
/* ``expect:`` behind a step: what the step is to come to. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/scenario/eai.h"
#include "lab/scenario/reading.h"

/* the errors that a scenario is likely to mean, for "did you mean"; any other name is fine too */
static const char *const COMMON_ERRORS[] = {
	"none",		 "deadline",	 "eof",	      "ECONNREFUSED", "ECONNRESET", "ECONNABORTED",
	"ETIMEDOUT",	 "EHOSTUNREACH", "EHOSTDOWN", "ENETUNREACH",  "ENETDOWN",   "EADDRINUSE",
	"EADDRNOTAVAIL", "EPIPE",	 "ENOTCONN",  "EISCONN",      "EALREADY",   "EINPROGRESS",
	"EAGAIN",	 "EACCES",	 "EPERM",     "EINVAL",	      "EPROTO",	    "ENOPROTOOPT",
	"EOPNOTSUPP",	 "EMSGSIZE",	 "ENOBUFS",   "EBADF",	      "EAI_AGAIN",  "EAI_NONAME",
	"EAI_NODATA",	 "EAI_FAIL",
};

enum { N_COMMON_ERRORS = sizeof(COMMON_ERRORS) / sizeof(COMMON_ERRORS[0]) };

static int unknown_error(struct reader *r, const struct node *at, const char *text)
{
	const char *near = nearest_word(text, COMMON_ERRORS, N_COMMON_ERRORS);
	char hint[64];

	if (near)
		snprintf(hint, sizeof(hint), "did you mean '%s'?", near);
	return reader_problem(r, at, near ? hint : NULL,
			      "unknown error '%.64s'; expected an errno name such as ECONNREFUSED, "
			      "getaddrinfo's such as EAI_AGAIN, or deadline, eof, none",
			      text);
}

/* The values below fill several fields each, so their rows stand for the whole struct expect. */

static int error_read(struct reader *r, const struct node *value, void *out)
{
	const char *text = reader_text(r, value);
	struct expect *expect = out;

	if (!text)
		return -EINVAL;
	expect->code = errno_from_name(text);
	if (!strcmp(text, "none"))
		expect->error = ERROR_NONE;
	else if (!strcmp(text, "deadline"))
		expect->error = ERROR_DEADLINE;
	else if (!strcmp(text, "eof"))
		expect->error = ERROR_EOF;
	else if (expect->code > 0)
		expect->error = ERROR_ERRNO;
	else if ((expect->code = eai_from_name(text)))
		expect->error = ERROR_LOOKUP;
	else
		return *text ? unknown_error(r, value, text) : -EDOM;
	expect->error_line = value->line;
	expect->error_col = value->col;
	expect->error_set = true;
	return 0;
}

static const struct value_type VALUE_ERROR = {
	"error", "an error such as ECONNREFUSED or EAI_AGAIN, or deadline, eof, none", error_read,
	NULL
};

static int eof_read(struct reader *r, const struct node *value, void *out)
{
	struct expect *expect = out;
	const char *text = reader_text(r, value);

	if (!text)
		return -EINVAL;
	if (value_bool(text, &expect->eof))
		return -EDOM;
	expect->eof_set = true;
	expect->eof_line = value->line;
	expect->eof_col = value->col;
	return 0;
}

static const struct value_type VALUE_EOF = { "boolean", "true or false", eof_read, NULL };

static void address_free(void *out)
{
	struct expect *expect = out;

	free(expect->address);
	expect->address = NULL;
}

static int address_read(struct reader *r, const struct node *value, void *out)
{
	struct endpoint address = { 0 };
	struct expect *expect = out;

	if (VALUE_ADDRESS.read(r, value, &address))
		return -EINVAL;
	expect->address = address.text;
	expect->address_host = address.host;
	expect->address_fam = address.fam;
	memcpy(expect->address_bytes, address.addr.bytes, sizeof(expect->address_bytes));
	expect->address_line = value->line;
	expect->address_col = value->col;
	return 0;
}

static const struct value_type VALUE_EXPECTED_ADDRESS = {
	"host or address", "a host's name, or an address such as fd00::1", address_read,
	address_free
};

static void output_free(void *out)
{
	struct expect *expect = out;

	free(expect->output);
	expect->output = NULL;
}

static int output_read(struct reader *r, const struct node *value, void *out)
{
	struct expect *expect = out;

	expect->output_line = value->line;
	expect->output_col = value->col;
	return VALUE_REGEX.read(r, value, &expect->output);
}

static const struct value_type VALUE_OUTPUT = { "regular expression",
						"a regular expression such as timed out",
						output_read, output_free };

const struct key EXPECT_KEYS[] = {
	{ .name = "error",
	  .type = &VALUE_ERROR,
	  .def = "none",
	  .example = "ECONNREFUSED",
	  .help = "how it ends: an errno's name; that of an error of getaddrinfo(), such as "
		  "EAI_AGAIN; deadline, when its own deadline ran out; eof, "
		  "when the peer ended the stream too early; or none" },
	{ .name = "after",
	  .type = &VALUE_AFTER,
	  .offset = offsetof(struct expect, after),
	  .def = "not judged",
	  .example = "2.9s..3.2s",
	  .help = "the time from the step's own start to its own end" },
	{ .name = "bytes",
	  .type = &VALUE_COMPARE_BYTES,
	  .offset = offsetof(struct expect, bytes),
	  .def = "not judged",
	  .example = "100kB",
	  .help = "how many bytes were sent or received" },
	{ .name = "eof",
	  .type = &VALUE_EOF,
	  .def = "not judged",
	  .example = "true",
	  .help = "whether the peer ended the stream; with true, an early end is no error" },
	{ .name = "exit",
	  .type = &VALUE_COMPARE,
	  .offset = offsetof(struct expect, exit),
	  .def = "0",
	  .example = "28",
	  .help = "the program's exit status; 128 and the signal if one ended it" },
	{ .name = "output",
	  .type = &VALUE_OUTPUT,
	  .def = "not judged",
	  .example = "timed out",
	  .help = "what the program printed, stdout and stderr, contains this extended regular expression; ^ and $ are a line's. The first MiB is looked at" },
	{ .name = "address",
	  .type = &VALUE_EXPECTED_ADDRESS,
	  .def = "not judged",
	  .example = "server",
	  .help = "one of the addresses that were found" },
	{ 0 },
};

/* allowed_check() - only what the verb can come to can be expected of it */
static int allowed_check(struct reader *r, const struct node *map, const struct verb *verb)
{
	char list[128] = "";
	int err = 0;

	for (int bit = 0; EXPECT_KEYS[bit].name; bit++) {
		size_t used = strlen(list);

		if (verb->expects & (1u << bit))
			snprintf(list + used, sizeof(list) - used, "%s%s", used ? ", " : "",
				 EXPECT_KEYS[bit].name);
	}
	for (int i = 0; i < map->n; i++)
		for (int bit = 0; EXPECT_KEYS[bit].name; bit++)
			if (!strcmp(map->keys[i]->text, EXPECT_KEYS[bit].name) &&
			    !EXPECT_KEYS[bit].later && !(verb->expects & (1u << bit)))
				err = reader_problem(r, map->keys[i], NULL,
						     "'%s' cannot be expected of '%s'; expected "
						     "one of: %s",
						     EXPECT_KEYS[bit].name, verb->name, list);
	return err;
}

int expect_read(struct reader *r, const struct node *expect, struct step *step)
{
	int err;

	if (expect->kind != NODE_MAP || !expect->n)
		return reader_problem(r, expect, NULL,
				      "expected a mapping such as {error: ECONNREFUSED}, found %s",
				      expect->kind == NODE_MAP ? "an empty one" :
								 node_kind_text(expect));
	if (!step->verb->expects)
		return reader_problem(r, expect, NULL, "nothing can be expected of '%s'",
				      step->verb->name);
	step->expect.line = expect->line;
	err = reader_map(r, expect, EXPECT_KEYS, &step->expect, NULL, NULL, NULL);
	if (allowed_check(r, expect, step->verb))
		err = -EINVAL;
	return err;
}
