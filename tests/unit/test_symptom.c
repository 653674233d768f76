// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "lab/cli/builtin.h"
#include "lab/cli/symptom.h"
#include "lab/cli/tokens.h"
#include "netns/cleanup.h"
#include "tests/support/main.h"

/* a table of our own: what scenarios show may change, what is tested here does not */
static const char TABLE[] = "a\terror\tETIMEDOUT\tdial\n"
			    "a\terror\tETIMEDOUT\trecv\n"
			    "b\terror\tECANCELED\trun\n"
			    "b\tstate\tCLOSE-WAIT\tserver\n"
			    "b\tstate\tCLOSE-WAIT\tclient\n"
			    "c\toutput\tgave up after … tries\trun\n";

/* The first meaning as "KIND WORD WHERE", others behind "; " */
static void understood(const char *text, char *buf, size_t size)
{
	struct symptoms symptoms;
	struct meanings meanings;
	FILE *out = fmemopen(buf, size, "w");

	assert_non_null(out);
	assert_int_equal(symptoms_read(TABLE, &symptoms), 0);
	assert_int_equal(symptom_understand(text, &symptoms, &meanings), 0);
	for (int i = 0; i < meanings.n; i++) {
		const struct meaning *m = &meanings.list[i];

		fprintf(out, "%s%s %s %s", i ? "; " : "", symptom_kind_name(m->kind), m->word,
			m->where ?: "-");
	}
	fputc('\0', out);
	assert_int_equal(fclose(out), 0);
	symptoms_free(&symptoms);
}

struct example {
	const char *text, *meaning;
};

static void examples_check(const struct example *list, size_t n)
{
	char buf[2000];

	for (size_t i = 0; i < n; i++) {
		understood(list[i].text, buf, sizeof(buf));
		if (strcmp(buf, list[i].meaning) != 0)
			fail_msg("\"%s\" is \"%s\", not \"%s\"", list[i].text, buf,
				 list[i].meaning);
	}
}

static void test_symptom_lines(void **state)
{
	static const struct example list[] = {
		{ "connect: Connection timed out", "error ETIMEDOUT -" },
		{ "dial tcp 10.0.0.1:443: connect: connection timed out", "error ETIMEDOUT dial" },
		{ "dial tcp [fd00::1]:443: i/o timeout", "error deadline dial" },
		{ "2026/01/02 10:00:00 Get \"http://x/\": dial tcp 10.0.0.1:80: i/o timeout\n",
		  "error deadline dial" },
		{ "read tcp 10.0.0.1:43848->10.0.0.2:7001: read: connection reset by peer",
		  "error ECONNRESET recv" },
		{ "TimeoutError: [Errno 110] Connection timed out", "error ETIMEDOUT -" },
		{ "Traceback (most recent call last):\n  File \"x.py\", line 3\n"
		  "ConnectionRefusedError: [Errno 111] Connection refused",
		  "error ECONNREFUSED dial" },
		{ "BrokenPipeError: [Errno 32] Broken pipe", "error EPIPE send" },
		{ "socket.gaierror: [Errno -3] Temporary failure in name resolution",
		  "error EAI_AGAIN lookup" },
		{ "Caused by: java.net.SocketTimeoutException: connect timed out",
		  "error deadline dial" },
		{ "java.net.SocketTimeoutException: Read timed out", "error deadline recv" },
		{ "java.net.ConnectException: Connection timed out (Connection timed out)",
		  "error ETIMEDOUT dial" },
		{ "Error: connect ECONNREFUSED 127.0.0.1:80", "error ECONNREFUSED dial" },
		{ "Error: listen EADDRINUSE: address already in use :::80",
		  "error EADDRINUSE listen" },
		{ "curl: (28) Connection timed out after 3001 milliseconds",
		  "error deadline dial" },
		{ "curl: (28) Failed to connect to h.example port 443 after 130123 ms: "
		  "Couldn't connect to server",
		  "error ETIMEDOUT dial" },
		{ "(56) Recv failure: Connection reset by peer", "error ECONNRESET recv" },
		{ "curl: (52) Empty reply from server", "error eof recv" },
	};

	(void)state;
	examples_check(list, ARRAY_SIZE(list));
}

static void test_symptom_parts(void **state)
{
	static const struct example list[] = {
		{ "I/O Timeout", "error deadline -" },
		{ "timed out", "error deadline -; error ETIMEDOUT -" },
		{ "reset by peer", "error ECONNRESET -" },
		{ "no route", "error EHOSTUNREACH -" },
		{ "gave up after 7 tries", "output gave up after … tries -" },
		{ "BrokenPipeError", "error EPIPE send" },
		{ "ENOTFOUND", "error EAI_NONAME lookup" },
		{ "(52)", "error eof recv" },
		{ "curl 52", "error eof recv" },
		/* of a word that stands in many texts nothing follows */
		{ "connect", "" },
		{ "connection", "" },
		{ "failed", "" },
	};

	(void)state;
	examples_check(list, ARRAY_SIZE(list));
}

static void test_symptom_names(void **state)
{
	static const struct example list[] = {
		{ "etimedout", "error ETIMEDOUT -" },
		{ "ETIMEDOUT at recv", "error ETIMEDOUT recv" },
		/* a verb where nothing shows it says nothing */
		{ "send: ETIMEDOUT", "error ETIMEDOUT -" },
		{ "eai_again", "error EAI_AGAIN -" },
		{ "ECANCELED", "error ECANCELED -" },
		{ "errno 110", "error ETIMEDOUT -" },
		{ "errno=104", "error ECONNRESET -" },
		{ "(os error 111)", "error ECONNREFUSED -" },
		{ "110", "error ETIMEDOUT -" },
		{ "errno 4711", "" },
		{ "port 110", "" },
		{ "deadline", "error deadline -" },
	};

	(void)state;
	examples_check(list, ARRAY_SIZE(list));
}

static void test_symptom_states(void **state)
{
	static const struct example list[] = {
		{ "CLOSE-WAIT", "state CLOSE-WAIT -" },
		{ "close_wait", "state CLOSE-WAIT -" },
		{ "CloseWait", "state CLOSE-WAIT -" },
		{ "tcp 0 0 10.0.0.1:80 10.0.0.2:1234 CLOSE_WAIT", "state CLOSE-WAIT -" },
		{ "close wait at the server", "state CLOSE-WAIT server" },
		{ "FIN_WAIT2", "state FIN-WAIT-2 -" },
		{ "FIN-WAIT-1", "state FIN-WAIT-1 -" },
		{ "SYN_RCVD", "state SYN-RECV -" },
		{ "estab", "state ESTABLISHED -" },
		{ "LISTEN", "state LISTEN -" },
		/* as an ordinary word */
		{ "listen tcp", "" },
	};

	(void)state;
	examples_check(list, ARRAY_SIZE(list));
}

static void test_symptom_nothing(void **state)
{
	static const struct example list[] = {
		{ "", "" },  { "xyzzy", "" },	 { "\x1b[31m\x07", "" },
		{ "…", "" }, { "\xff\xfe", "" }, { "10.0.0.1", "" },
	};

	(void)state;
	examples_check(list, ARRAY_SIZE(list));
}

/* Each text of the table means its own word, and of those that are longest nothing else. */
static void test_symptom_own_texts(void **state)
{
	const struct phrase *p;

	(void)state;
	for (int i = 0; (p = phrase_at(i)); i++) {
		char buf[2000], kind[80];

		understood(p->text, buf, sizeof(buf));
		snprintf(kind, sizeof(kind), "error %s ", p->word);
		if (!strstr(buf, kind))
			fail_msg("\"%s\" is \"%s\", not %s", p->text, buf, p->word);
	}
}

static void test_symptom_long(void **state)
{
	size_t size = 1 << 20;
	char *text = malloc(size);
	char buf[2000];

	(void)state;
	assert_non_null(text);
	memset(text, 'a', size);
	text[size - 1] = '\0';
	understood(text, buf, sizeof(buf));
	assert_string_equal(buf, "");
	for (size_t i = 0; i + 2 < size; i += 2)
		memcpy(text + i, "1 ", 2);
	strcpy(text + size - 20, " broken pipe");
	understood(text, buf, sizeof(buf));
	assert_string_equal(buf, "error EPIPE send");
	free(text);
}

static void test_symptom_table(void **state)
{
	struct symptoms symptoms;

	(void)state;
	assert_int_equal(symptoms_read("a\terror\tEPIPE\tsend\nb\tno such kind\tx\ty\nc\terror\n",
				       &symptoms),
			 0);
	assert_int_equal(symptoms.n, 1);
	assert_string_equal(symptoms.list[0].where, "send");
	symptoms_free(&symptoms);
	/* what is compiled in: every state is known, no line is broken */
	assert_int_equal(symptoms_read(builtin_symptoms, &symptoms), 0);
	assert_true(symptoms.n > 100);
	for (int i = 0; i < symptoms.n; i++) {
		const struct state_row *row = NULL;

		if (symptoms.list[i].kind != SYMPTOM_STATE)
			continue;
		for (int k = 0; (row = state_row_at(k)); k++) {
			if (!strcmp(row->word, symptoms.list[i].word))
				break;
		}
		if (!row)
			fail_msg("state %s has no row", symptoms.list[i].word);
	}
	symptoms_free(&symptoms);
}

static void test_tokens(void **state)
{
	struct tokens text, phrase;

	(void)state;
	assert_int_equal(tokens_make("Dial TCP [fd00::1]:80 … x", &text), 0);
	assert_int_equal(text.n, 7);
	assert_string_equal(text.list[1], "tcp");
	assert_string_equal(text.list[5], TOKEN_GAP);
	assert_int_equal(tokens_make("dial … x", &phrase), 0);
	assert_true(tokens_contain(&text, &phrase));
	assert_false(tokens_contain(&phrase, &text));
	tokens_strip(&text);
	assert_int_equal(text.n, 3);
	tokens_free(&phrase);
	tokens_free(&text);
	/* none at all stand nowhere */
	assert_int_equal(tokens_make("", &text), 0);
	assert_false(tokens_contain(&text, &text));
	tokens_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_symptom_lines),	cmocka_unit_test(test_symptom_parts),
		cmocka_unit_test(test_symptom_names),	cmocka_unit_test(test_symptom_states),
		cmocka_unit_test(test_symptom_nothing), cmocka_unit_test(test_symptom_own_texts),
		cmocka_unit_test(test_symptom_long),	cmocka_unit_test(test_symptom_table),
		cmocka_unit_test(test_tokens),
	};

	return TEST_MAIN("symptom", tests, NULL, NULL);
}
