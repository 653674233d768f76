// SPDX-License-Identifier: GPL-2.0-or-later
#include "lab/run/condition.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/run/names.h"
#include "lab/run/run_private.h"
#include "netns/cleanup.h"

enum { WORDS_MOST = 10 };

/** struct words - of a sentence; @list point into @copy */
struct words {
	char copy[CONDITION_TEXT];
	char *list[WORDS_MOST + 1];
	int n, at;
};

static int words_split(const char *text, struct words *words, struct lab_err *err)
{
	char *rest = words->copy, *word;

	if (strlen(text) >= sizeof(words->copy))
		return lab_err_set(err, EINVAL, "a condition has at most %d characters",
				   CONDITION_TEXT - 1);
	snprintf(words->copy, sizeof(words->copy), "%s", text);
	while ((word = strsep(&rest, " \t"))) {
		if (!*word)
			continue;
		if (words->n == WORDS_MOST)
			return lab_err_set(err, EINVAL, "'%s' is too long; expected %s", text,
					   CONDITION_FORMS);
		words->list[words->n++] = word;
	}
	return 0;
}

static bool word_is(struct words *words, const char *word)
{
	if (words->at >= words->n || strcmp(words->list[words->at], word) != 0)
		return false;
	words->at++;
	return true;
}

static char *word_next(struct words *words)
{
	return words->at < words->n ? words->list[words->at++] : NULL;
}

/* "server:8080", "server" */
static int place_parse(const struct plan *plan, char *word, int *ret_host, uint16_t *ret_port,
		       struct lab_err *err)
{
	char *colon = word ? strchr(word, ':') : NULL, *end;
	long port = 0;

	if (!word)
		return lab_err_set(err, EINVAL, "a host is missing; expected %s", CONDITION_FORMS);
	if (colon) {
		*colon = '\0';
		port = strtol(colon + 1, &end, 10);
		if (end == colon + 1 || *end || port < 1 || port > 65535)
			return lab_err_set(err, EINVAL,
					   "'%s' is no port; expected a number from 1 to 65535",
					   colon + 1);
	}
	*ret_host = topology_host(&plan->topo, word);
	*ret_port = (uint16_t)port;
	return *ret_host < 0 ? lab_err_set(err, ENOENT, "there is no host '%s'", word) : 0;
}

static int state_parse(const char *name, struct condition *ret, struct lab_err *err)
{
	int state = tcp_state_from_name(name);

	if (state < 0) {
		char list[160] = "";
		size_t used = 0;

		for (int i = 0; tcp_state_name_at(i); i++)
			used += (size_t)snprintf(list + used, sizeof(list) - used, " %s",
						 tcp_state_name_at(i));
		return lab_err_set(err, EINVAL, "'%s' is no TCP state; there are:%s", name, list);
	}
	/* several numbers have one name */
	for (int i = 0; i < STATE_COUNT; i++) {
		if (!strcmp(tcp_state_name(i), tcp_state_name(state)))
			ret->states |= 1u << i;
	}
	ret->none |= state == STATE_CLOSED;
	return 0;
}

/* "!= CLOSE-WAIT", "ESTABLISHED|FIN-WAIT-1" */
static int states_parse(struct words *words, struct condition *ret, struct lab_err *err)
{
	char *rest, *name;

	ret->negated = word_is(words, "!=");
	if (!ret->negated && !word_is(words, "="))
		word_is(words, "==");
	rest = word_next(words);
	if (!rest)
		return lab_err_set(err, EINVAL, "a TCP state is missing; expected %s",
				   CONDITION_FORMS);
	while ((name = strsep(&rest, "|"))) {
		int code = state_parse(name, ret, err);

		if (code < 0)
			return code;
	}
	return 0;
}

static int socket_parse(const struct plan *plan, struct words *words, struct condition *ret,
			struct lab_err *err)
{
	int code = place_parse(plan, word_next(words), &ret->host, &ret->port, err);

	if (!code && word_is(words, "to"))
		code = place_parse(plan, word_next(words), &ret->peer, &ret->peer_port, err);
	if (code)
		return code;
	if (!word_is(words, "state"))
		return lab_err_set(err, EINVAL, "'state' is missing; expected %s", CONDITION_FORMS);
	return states_parse(words, ret, err);
}

static int hits_parse(struct words *words, struct condition *ret, struct lab_err *err)
{
	const char *op = word_next(words), *number = word_next(words);
	struct compare compare;
	char text[64];

	if (!op)
		return lab_err_set(err, EINVAL, "a number is missing; expected %s",
				   CONDITION_FORMS);
	snprintf(text, sizeof(text), "%s%s%s", op, number ? " " : "", number ?: "");
	if (value_compare(text, UNIT_NONE, &compare) < 0)
		return lab_err_set(err, EINVAL,
				   "'%s' is no comparison; expected one such as 2, >= 2 or 1..3",
				   text);
	ret->lo = compare.lo;
	ret->hi = compare.hi;
	ret->hits_negated = compare.negate;
	free(compare.text);
	return 0;
}

static int fault_parse(const struct plan *plan, struct words *words, struct condition *ret,
		       struct lab_err *err)
{
	const char *name = word_next(words);

	for (int i = 0; name && i < plan->n_faults; i++) {
		if (!strcmp(plan->faults[i].name, name))
			ret->fault = i;
	}
	if (ret->fault < 0)
		return lab_err_set(err, name ? ENOENT : EINVAL, "there is no fault '%s'",
				   name ?: "");
	if (word_is(words, "hits"))
		return hits_parse(words, ret, err);
	return lab_err_set(err, EINVAL, "'hits' is missing; expected %s", CONDITION_FORMS);
}

int condition_parse(const struct plan *plan, const char *text, struct condition *ret,
		    struct lab_err *err)
{
	struct words words = { 0 };
	int code;

	*ret = (struct condition){ .fault = -1, .peer = -1 };
	code = words_split(text, &words, err);
	if (code < 0)
		return code;
	if (word_is(&words, "socket"))
		code = socket_parse(plan, &words, ret, err);
	else if (word_is(&words, "fault"))
		code = fault_parse(plan, &words, ret, err);
	else
		return lab_err_set(err, EINVAL, "'%s' is no condition; expected %s", text,
				   CONDITION_FORMS);
	if (!code && words.at < words.n)
		code = lab_err_set(err, EINVAL, "'%s' is more than was expected: %s",
				   words.list[words.at], CONDITION_FORMS);
	snprintf(ret->text, sizeof(ret->text), "%s", text);
	return code;
}

/* ---- does it hold? ---- */

/** struct search - @matching: sockets that are meant; @found: those of them in the states */
struct search {
	const struct run *run;
	const struct plan *plan;
	const struct condition *condition;
	int matching, found;
	char text[CONDITION_TEXT / 2];
};

static bool is_meant(const struct search *search, const struct four_tuple *t)
{
	const struct condition *c = search->condition;
	int fam = t->af == AF_INET6 ? FAM6 : FAM4;

	if ((c->port && c->port != t->lport) || (c->peer_port && c->peer_port != t->rport))
		return false;
	return c->peer < 0 || topology_owner(&search->plan->topo, fam, t->remote) == c->peer;
}

static void socket_take(void *arg, const struct four_tuple *tuple, const struct diag_socket *s)
{
	struct search *search = arg;
	size_t used = strlen(search->text);
	char local[80], remote[80];
	bool in = s->state >= 0 && s->state < STATE_COUNT &&
		  search->condition->states & 1u << s->state;

	if (names_own_socket(search->run, search->condition->host, tuple) ||
	    !is_meant(search, tuple))
		return;
	search->matching++;
	search->found += in;
	/* of many it is enough to name some, those first that decide */
	if (search->condition->negated && !in)
		return;
	snprintf(search->text + used, sizeof(search->text) - used, "%s%s to %s %s",
		 used ? ", " : "", tuple_text(tuple, false, local, sizeof(local)),
		 tuple_text(tuple, true, remote, sizeof(remote)), tcp_state_name(s->state));
}

static int sockets_look(struct run *run, const struct condition *c, char *observed,
			struct lab_err *err)
{
	struct search search = { .run = run, .plan = run->plan, .condition = c };
	bool in;
	int ret = diag_dump(observer_diag(run->observer, c->host), socket_take, &search, err);

	if (ret < 0)
		return ret;
	in = search.found || (c->none && !search.matching);
	snprintf(observed, CONDITION_TEXT, "%s",
		 search.text[0]	 ? search.text :
		 search.matching ? "none in that state" :
				   "no such socket");
	return in != c->negated;
}

int condition_look(struct run *run, const struct condition *c, char *observed, struct lab_err *err)
{
	uint64_t hits = 0;
	int ret;

	if (c->fault < 0)
		return sockets_look(run, c, observed, err);
	ret = run_fault_hits(run, c->fault, &hits, err);
	if (ret < 0)
		return ret;
	snprintf(observed, CONDITION_TEXT, "hits %llu", (unsigned long long)hits);
	return (c->lo <= (int64_t)hits && (int64_t)hits <= c->hi) != c->hits_negated;
}
