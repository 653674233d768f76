// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The event log: every record there and back, what hostile lines do, and that docs/events.md tells
 * the truth: its examples are the lines that event_write() makes of the samples here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lab/event/base64.h"
#include "lab/event/event.h"
#include "lab/event/event_field.h"
#include "lab/event/utf8.h"
#include "netns/cleanup.h"
#include "tests/support/event_samples.h"

/* Parse a whole string; the line is copied so that one byte too far is caught. */
static int read_line(const char *line, size_t len, struct event *ret)
{
	char *copy = malloc(len ? len : 1);
	const char *why = NULL;
	int r;

	assert_non_null(copy);
	memcpy(copy, line, len);
	r = event_read(copy, len, ret, &why);
	free(copy);
	assert_non_null(why);
	if (r < 0) {
		assert_int_equal(r, -EINVAL);
		assert_true(why[0]);
		assert_int_equal(ret->begin.n_hosts, 0);
	}
	return r;
}

static void assert_refused(const char *line, const char *why_part)
{
	const char *why;
	struct event e;

	assert_int_equal(event_read(line, strlen(line), &e, &why), -EINVAL);
	if (!strstr(why, why_part))
		fail_msg("\"%s\" is not in \"%s\"", why_part, why);
	event_clear(&e);
}

static void test_event_round_trip(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		struct event there, copy;
		size_t len;
		char *line = event_write(&samples[i], &len), *again;

		assert_non_null(line);
		assert_int_equal(strlen(line), len);
		assert_int_equal(line[len - 1], '\n');
		assert_null(memchr(line, '\n', len - 1));
		assert_int_equal(read_line(line, len, &there), 0);
		again = event_write(&there, NULL);
		assert_string_equal(again, line);
		free(again);

		assert_int_equal(event_copy(&there, &copy), 0);
		event_clear(&there);
		event_clear(&there);
		again = event_write(&copy, NULL);
		assert_string_equal(again, line);
		free(again);
		event_clear(&copy);
		free(line);
	}
	event_clear(NULL);
}

/* Values end up in the members that the struct means, not only in some pair that agrees. */
static void test_event_values(void **state)
{
	struct event e;
	char *line = event_write(&samples[6], NULL);

	(void)state;
	assert_int_equal(read_line(line, strlen(line), &e), 0);
	assert_int_equal(e.type, EVENT_PACKET);
	assert_int_equal(e.t_ns, 1031200000);
	assert_int_equal(e.host, 0);
	assert_string_equal(e.packet.ifname, "fw");
	assert_true(e.packet.out);
	assert_int_equal(e.packet.retry, 1);
	assert_int_equal(e.packet.since_ns, 1028500000);
	assert_memory_equal(&e.packet.packet, &samples[6].packet.packet, sizeof(struct packet));
	event_clear(&e);
	free(line);

	line = event_write(&samples[3], NULL);
	assert_int_equal(read_line(line, strlen(line), &e), 0);
	assert_string_equal(e.step.error, ""); /* does not apply, but is never NULL */
	assert_int_equal(e.step.bytes, -1);
	event_clear(&e);
	free(line);
}

static void test_event_names(void **state)
{
	(void)state;
	assert_string_equal(event_type_name(EVENT_STEP_BEGIN), "step-begin");
	assert_string_equal(event_type_name((enum event_type)99), "unknown");
	assert_string_equal(result_name(RESULT_INTERRUPTED), "interrupted");
	assert_string_equal(result_name((enum result)99), "unknown");
}

/* Try @value in place of the member @key of @object, and without it; @root is the whole event. */
static void try_member(json_t *root, json_t *object, const char *key)
{
	static const char *const values[] = { "null", "\"\\u00e4\"", "1.5",	    "[1]",  "{}",
					      "-2",   "true",	     "99999999999", "[[]]", "[{}]" };
	static const char *const optional[] = {
		"host", "from", "to", "bytes", "held_ns", "asked_ns"
	};
	json_t *saved = json_incref(json_object_get(object, key));
	bool may_miss = false;
	struct event e;
	char *line;

	json_object_del(object, key);
	line = json_dumps(root, 0);
	for (size_t i = 0; i < ARRAY_SIZE(optional); i++)
		may_miss |= strcmp(key, optional[i]) == 0;
	assert_int_equal(read_line(line, strlen(line), &e), may_miss ? 0 : -EINVAL);
	event_clear(&e);
	free(line);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		json_t *value = json_loads(values[i], JSON_DECODE_ANY, NULL);

		assert_non_null(value);
		/* of the same kind it may be a good value; of another it never is */
		if (json_typeof(value) != json_typeof(saved) &&
		    !(json_is_boolean(value) && json_is_boolean(saved)) &&
		    !(json_is_integer(value) && strstr(key, "protocol"))) {
			json_object_set(object, key, value);
			line = json_dumps(root, 0);
			assert_int_equal(read_line(line, strlen(line), &e), -EINVAL);
			free(line);
		}
		json_decref(value);
	}
	json_object_set_new(object, key, saved);
}

static void test_event_members(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		char *line = event_write(&samples[i], NULL);
		json_t *root = json_loads(line, 0, NULL);
		json_t *inner = json_object_get(root, "packet");
		const char *key;
		json_t *value;
		void *tmp;

		free(line);
		json_object_set_new(root, "later", json_string("tolerated"));
		/* the safe walk: members are taken out and put back, at the end */
		json_t *keys = json_copy(root);

		json_object_foreach_safe(keys, tmp, key, value)
			if (strcmp(key, "later") != 0)
				try_member(root, root, key);
		json_decref(keys);
		keys = json_copy(inner);
		json_object_foreach_safe(keys, tmp, key, value)
			try_member(root, inner, key);
		json_decref(keys);
		json_decref(root);
	}
}

static void test_event_refused(void **state)
{
	(void)state;
	assert_refused("", "not JSON");
	assert_refused("[]", "not a JSON object");
	assert_refused("{}", "\"type\" is missing");
	assert_refused("{\"type\":\"built\"", "not JSON");
	assert_refused("{\"type\":7}", "\"type\" is missing");
	assert_refused("{\"type\":\"bilt\"}", "unknown word: bilt");
	assert_refused("{\"type\":\"built\",\"build_ns\":1}", "\"t_ns\" is missing");
	assert_refused("{\"type\":\"built\",\"t_ns\":1}", "\"build_ns\" is missing");
	assert_refused("{\"type\":\"built\",\"t_ns\":1,\"build_ns\":\"1\"}", "not an integer");
	assert_refused("{\"type\":\"built\",\"t_ns\":1,\"build_ns\":1e3}", "not an integer");
	assert_refused("{\"type\":\"built\",\"t_ns\":1,\"build_ns\":1e999}", "not JSON");
	assert_refused("{\"type\":\"built\",\"t_ns\":1,\"build_ns\":9223372036854775808}",
		       "not JSON");
	assert_refused("{\"type\":\"built\",\"t_ns\":1,\"t_ns\":2,\"build_ns\":1}", "not JSON");
	assert_refused("{\"type\":\"built\",\"t_ns\":1,\"host\":-1,\"build_ns\":1}",
		       "out of range");
	assert_refused("{\"type\":\"built\",\"t_ns\":1,\"host\":4294967296,\"build_ns\":1}",
		       "out of range");
	assert_refused("{\"type\":\"note\",\"t_ns\":1,\"text\":\"a\\u0000b\"}", "not JSON");
	assert_refused("{\"type\":\"note\",\"t_ns\":1,\"text\":\"\xff\"}", "not JSON");
	assert_refused("{\"type\":\"note\",\"t_ns\":1,\"text\":\"\\ud800\"}", "not JSON");
	assert_refused("{\"type\":\"note\",\"t_ns\":1,\"text\":\"a\"} x", "not JSON");
	assert_refused("{\"type\":\"begin\",\"t_ns\":1,\"version\":2}", "format 2");
	assert_refused("{\"type\":\"\x1b[31m\"}", "not JSON");
	assert_refused("{\"type\":\"\\u001b[31m\"}", "unknown word: ?[31m");
}

/* What only holds together, or does not. */
static void test_event_refused_whole(void **state)
{
	struct event_begin *b = &samples[0].begin;
	char *line;

	(void)state;
	faults[0].host = 3;
	line = event_write(&samples[0], NULL);
	assert_refused(line, "a fault is at a host");
	free(line);
	faults[0].host = 1;
	links[1].host[1] = 3;
	line = event_write(&samples[0], NULL);
	assert_refused(line, "a link ends at");
	free(line);
	links[1].host[1] = -1;
	line = event_write(&samples[0], NULL);
	assert_refused(line, "a link ends at");
	free(line);
	links[1].host[1] = 2;
	b->n_hosts = 0;
	line = event_write(&samples[0], NULL);
	assert_refused(line, "a host that there is not");
	free(line);
	b->n_hosts = 3;
}

static void replace(char *line, const char *what, const char *by)
{
	char *at = strstr(line, what);

	assert_non_null(at);
	assert_int_equal(strlen(what), strlen(by));
	memcpy(at, by, strlen(by));
}

static void test_event_refused_packet(void **state)
{
	static const char *const changes[][3] = {
		{ "10.0.2.2", "fd00::12", "different families" },
		{ "10.0.2.2", "10.0.2.x", "not an address" },
		{ "\"flags\":\"S\"", "\"flags\":\"X\"", "letters other than" },
		{ "\"tcp\"", "\"tpc\"", "unknown word" },
		{ "\"tcp\"", "  256", "out of range" },
		{ "64240", "65536", "out of range" },
		{ "3735928559", "9735928559", "out of range" },
		{ "\"ttl\":64", "\"ttl\":-4", "out of range" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		char *line = event_write(&samples[6], NULL);

		replace(line, changes[i][0], changes[i][1]);
		assert_refused(line, changes[i][2]);
		free(line);
	}
}

/* The packet's own bytes: none is said by leaving them out, and only what is right is taken. */
static void test_event_bytes(void **state)
{
	/* other letters, bits behind the last byte, padding that is too much, a letter too few, no string */
	static const char *const changes[][3] = {
		{ "\"RQAAPB", "\"RQAA-B", "no base64" },
		{ "BAwMH\"", "BAwN=\"", "no base64" },
		{ "BAwMH\"", "Bw===\"", "no base64" },
		{ "BAwMH\"", "BAwM\" ", "no base64" },
		{ "\"RQAAPBI0QABABhGGCgABAQoAAgKoyh+Q3q2+7wAAAACgAvrwynkAAAIEBbQEAggKO5rKAAAAAAABAwMH\"",
		  "123456                                                                            ",
		  "not a string" },
	};
	uint8_t many[200] = { 0x60 };
	struct event e = samples[6], there;
	char *line;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		line = event_write(&samples[6], NULL);
		replace(line, changes[i][0], changes[i][1]);
		assert_refused(line, changes[i][2]);
		free(line);
	}
	line = event_write(&samples[6], NULL);
	assert_int_equal(read_line(line, strlen(line), &there), 0);
	assert_int_equal(there.packet.bytes.n, sizeof(syn_bytes));
	assert_memory_equal(there.packet.bytes.data, syn_bytes, sizeof(syn_bytes));
	event_clear(&there);
	free(line);

	/* no more are written than are read */
	e.packet.bytes = (struct event_bytes){ many, sizeof(many) };
	line = event_write(&e, NULL);
	assert_int_equal(read_line(line, strlen(line), &there), 0);
	assert_int_equal(there.packet.bytes.n, EVENT_BYTES_MOST);
	event_clear(&there);
	e.packet.bytes.n = 0;
	free(line);
	line = event_write(&e, NULL);
	assert_null(strstr(line, "bytes"));
	free(line);
}

/* Read a hit with these bytes; the answer, and how many there were. */
static int hit_read(const char *bytes, int *ret_n)
{
	char line[1024];
	struct event e;
	int r;

	snprintf(line, sizeof(line),
		 "{\"type\":\"hit\",\"t_ns\":1,\"fault\":\"f\",\"past\":\"p\",\"packet\":"
		 "{\"protocol\":1,\"src\":\"1.1.1.1\",\"dst\":\"1.1.1.2\",\"ttl\":1,\"id\":1,"
		 "\"ip_len\":1,\"icmp_type\":1,\"icmp_code\":1,\"inner\":false},\"bytes\":\"%s\"}",
		 bytes);
	r = read_line(line, strlen(line), &e);
	*ret_n = r ? 0 : e.hit.bytes.n;
	event_clear(&e);
	return r;
}

static void test_event_bytes_too_many(void **state)
{
	char text[BASE64_LEN(EVENT_BYTES_MOST + 1) + 1] = "";
	uint8_t many[EVENT_BYTES_MOST + 1] = { 0 };
	int n;

	(void)state;
	base64_write(many, EVENT_BYTES_MOST + 1, text);
	assert_int_equal(hit_read(text, &n), -EINVAL);
	text[base64_write(many, EVENT_BYTES_MOST, text)] = '\0';
	assert_int_equal(hit_read(text, &n), 0);
	assert_int_equal(n, EVENT_BYTES_MOST);
	assert_int_equal(hit_read("", &n), 0);
	assert_int_equal(n, 0);
}

static void test_event_nesting(void **state)
{
	enum { DEPTH = 200000 };
	char *line = malloc(DEPTH * 5 + 100);
	struct event e;
	size_t n;

	(void)state;
	memset(line, '[', DEPTH);
	assert_int_equal(read_line(line, DEPTH, &e), -EINVAL);
	n = (size_t)sprintf(line, "{\"type\":\"built\",\"t_ns\":1,\"build_ns\":1,\"x\":");
	for (int i = 0; i < DEPTH; i++)
		n += (size_t)sprintf(line + n, "{\"\":");
	assert_int_equal(read_line(line, n, &e), -EINVAL);
	free(line);
}

/* A line always comes out, and can be read: bad bytes become U+FFFD, control bytes stay escaped. */
static void test_event_bad_strings(void **state)
{
	static const char *const cases[][2] = {
		{ "a\xff\xfe"
		  "b",
		  "a\xef\xbf\xbd\xef\xbf\xbd"
		  "b" },
		{ "cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\x1b[31m\n\r\x7f", "\x1b[31m\n\r\x7f" },
		{ "5 ± 1 €", "5 ± 1 €" },
		{ NULL, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct event e = { .type = EVENT_NOTE,
				   .host = -1,
				   .note.text = (char *)cases[i][0] };
		struct event there;
		size_t len;
		char *line = event_write(&e, &len);

		assert_non_null(line);
		for (size_t k = 0; k + 1 < len; k++)
			assert_true((uint8_t)line[k] >= ' ');
		assert_int_equal(read_line(line, len, &there), 0);
		assert_string_equal(there.note.text, cases[i][1]);
		event_clear(&there);
		free(line);
	}
}

static void test_event_utf8(void **state)
{
	uint32_t c;

	(void)state;
	assert_int_equal(utf8_decode("a", 1, &c), 1);
	assert_int_equal(utf8_decode("\xf0\x9f\x98\x80", 4, &c), 4);
	assert_int_equal(c, 0x1f600);
	assert_int_equal(utf8_decode("\xf0\x9f\x98\x80", 3, &c), 0);
	assert_int_equal(utf8_decode("\xf4\x90\x80\x80", 4, &c), 0);
	assert_int_equal(utf8_decode("\xe0\x80\x80", 3, &c), 0);
	assert_int_equal(utf8_decode("\x80", 1, &c), 0);
	assert_int_equal(utf8_decode("\xf8\x88\x80\x80", 4, &c), 0);
}

/* Damage every line at random; what is still read must be whole enough to be written and read. */
static void test_event_mutations(void **state)
{
	static const char bits[] = "{}[]\",:0-9e.\\u\x01\xff";
	unsigned seed = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		size_t len;
		char *line = event_write(&samples[i], &len);

		for (size_t cut = 0; cut + 1 < len; cut++) {
			struct event e;

			assert_int_equal(read_line(line, cut, &e), -EINVAL);
		}
		for (int k = 0; k < 3000; k++) {
			char *bad = malloc(len);
			struct event e, again;

			memcpy(bad, line, len);
			for (int m = rand_r(&seed) % 3; m >= 0; m--)
				bad[(size_t)rand_r(&seed) % len] =
					bits[(size_t)rand_r(&seed) % (sizeof(bits) - 1)];
			if (read_line(bad, len, &e) == 0) {
				size_t n;
				char *written = event_write(&e, &n);

				assert_int_equal(read_line(written, n, &again), 0);
				event_clear(&again);
				free(written);
			}
			event_clear(&e);
			free(bad);
		}
		free(line);
	}
}

/* docs/events.md beside this file's folder, NULL if the sources are not where they were. */
static char *docs_read(void)
{
	char path[4096];
	const char *slash = strrchr(__FILE__, '/');
	_cleanup_fclose_ FILE *f = NULL;
	char *text = NULL;
	size_t size = 0;

	snprintf(path, sizeof(path), "%.*s/../../docs/events.md",
		 slash ? (int)(slash - __FILE__) : 1, slash ? __FILE__ : ".");
	f = fopen(path, "re");
	if (!f || getdelim(&text, &size, '\0', f) < 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* Every member is in its record's section; those of nested objects may be in another one. */
static void assert_documented(const char *docs, const char *section, const struct schema *schema)
{
	for (int i = 0; i < schema->n; i++) {
		const struct field *f = &schema->fields[i];
		char row[64];

		if (f->when && !schema->have_of && !(f->when & schema->have))
			continue;
		snprintf(row, sizeof(row), "\n| `%s` |", f->name);
		if (!strstr(section, row))
			fail_msg("docs/events.md does not have %s of %s", row + 1, schema->name);
		if (f->of)
			assert_documented(docs, docs, f->of);
	}
}

static void test_event_docs(void **state)
{
	_cleanup_free_ char *docs = docs_read();

	(void)state;
	if (!docs)
		skip();
	for (int i = 0; i < EVENT_TYPE_COUNT; i++) {
		char head[64];
		char *section, *end;

		snprintf(head, sizeof(head), "\n## `%s`", event_schema(i)->name);
		section = strstr(docs, head);
		if (!section)
			fail_msg("docs/events.md has no section for %s", event_schema(i)->name);
		end = strstr(section + 1, "\n## ");
		if (end)
			*end = '\0';
		/* cut off behind, so that members are not found in a later section */
		section = strdup(section);
		if (end)
			*end = '\n';
		assert_documented(docs, section, event_schema(i));
		free(section);
	}
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		char *line = event_write(&samples[i], NULL);

		if (!strstr(docs, line))
			fail_msg("docs/events.md does not have the line: %s", line);
		free(line);
	}
}

/* With an argument: print the samples, for docs/events.md. */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_event_round_trip),
		cmocka_unit_test(test_event_values),
		cmocka_unit_test(test_event_names),
		cmocka_unit_test(test_event_members),
		cmocka_unit_test(test_event_refused),
		cmocka_unit_test(test_event_refused_whole),
		cmocka_unit_test(test_event_refused_packet),
		cmocka_unit_test(test_event_bytes),
		cmocka_unit_test(test_event_bytes_too_many),
		cmocka_unit_test(test_event_nesting),
		cmocka_unit_test(test_event_bad_strings),
		cmocka_unit_test(test_event_utf8),
		cmocka_unit_test(test_event_mutations),
		cmocka_unit_test(test_event_docs),
	};

	if (argc > 1 && strcmp(argv[1], "--print") == 0) {
		for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
			_cleanup_free_ char *line = event_write(&samples[i], NULL);

			fputs(line ? line : "", stdout);
		}
		return 0;
	}
	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
