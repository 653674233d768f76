// SPDX-License-Identifier: GPL-2.0-or-later
/* Value types that need only the scalar itself: numbers, times, comparisons, packet words. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "lab/scenario/reading.h"

static void text_free(void *out)
{
	free(*(char **)out);
	*(char **)out = NULL;
}

static int text_read(struct reader *r, const struct node *value, void *out)
{
	const char *text = reader_text(r, value);

	if (!text)
		return -EINVAL;
	*(char **)out = strdup(text);
	return *(char **)out ? 0 : reader_nomem(r);
}

static int regex_read(struct reader *r, const struct node *value, void *out)
{
	const char *text = reader_text(r, value);
	char why[120];
	regex_t regex;
	int code;

	if (!text)
		return -EINVAL;
	code = regcomp(&regex, text, REG_EXTENDED | REG_NEWLINE | REG_NOSUB);
	if (code) {
		regerror(code, &regex, why, sizeof(why));
		return reader_problem(r, value, NULL, "not an extended regular expression: %s",
				      why);
	}
	regfree(&regex);
	if (!*text)
		return reader_problem(r, value, NULL,
				      "an empty regular expression matches everything");
	return text_read(r, value, out);
}

const struct value_type VALUE_REGEX = { "regular expression",
					"a regular expression such as timed out", regex_read,
					text_free };

const struct value_type VALUE_TEXT = { "text", "a text", text_read, text_free };

static void argv_free(void *out)
{
	struct text_list *words = out;

	for (int i = 0; i < words->n; i++)
		free(words->list[i]);
	free(words->list);
	*words = (struct text_list){ 0 };
}

static int argv_read(struct reader *r, const struct node *value, void *out)
{
	struct text_list *words = out;

	if (value->kind != NODE_LIST || !value->n)
		return -EDOM;
	words->list = calloc((size_t)value->n + 1, sizeof(*words->list));
	if (!words->list)
		return reader_nomem(r);
	for (int i = 0; i < value->n; i++) {
		const char *text;

		if (value->items[i]->kind != NODE_SCALAR)
			return reader_problem(r, value->items[i], NULL, "expected a word, found %s",
					      node_kind_text(value->items[i]));
		text = reader_text(r, value->items[i]);
		words->list[i] = text ? strdup(text) : NULL;
		if (!words->list[i])
			return text ? reader_nomem(r) : -EINVAL;
		words->n++;
	}
	return words->list[0][0] ? 0 : -EDOM;
}

const struct value_type VALUE_ARGV = {
	"list of words",
	"a program and its arguments, such as [curl, -sS, \"http://server:8080/\"]", argv_read,
	argv_free
};

static int bool_read(struct reader *r, const struct node *value, void *out)
{
	const char *text = reader_text(r, value);

	if (!text)
		return -EINVAL;
	return value_bool(text, out) ? -EDOM : 0;
}

const struct value_type VALUE_BOOL = { "boolean", "true or false", bool_read, NULL };

static int duration_read(struct reader *r, const struct node *value, void *out)
{
	const char *text = reader_text(r, value);
	int64_t ns;
	int err;

	if (!text)
		return -EINVAL;
	err = value_duration(text, &ns);
	if (err == -ERANGE)
		return reader_problem(r, value, NULL, "%.100s is too long; at most 24h", text);
	if (err)
		return -EDOM;
	*(int64_t *)out = ns;
	reader_declare(r, ns);
	return 0;
}

const struct value_type VALUE_DURATION = { "duration", "a duration such as 250ms or 2.5s",
					   duration_read, NULL };

static int bytes_read(struct reader *r, const struct node *value, void *out)
{
	const char *text = reader_text(r, value);
	int err;

	if (!text)
		return -EINVAL;
	err = value_bytes(text, out);
	if (err == -ERANGE)
		return reader_problem(r, value, NULL, "%.100s is too much; at most 1GiB", text);
	return err ? -EDOM : 0;
}

const struct value_type VALUE_BYTES = { "size", "a size in bytes such as 4096, 100kB or 64KiB",
					bytes_read, NULL };

static int count_read(struct reader *r, const struct node *value, void *out)
{
	const char *text = reader_text(r, value);

	if (!text)
		return -EINVAL;
	return value_int(text, 1, (int64_t)UINT32_MAX - 1, out) ? -EDOM : 0;
}

const struct value_type VALUE_COUNT = { "count", "1 to 4294967294", count_read, NULL };

static int int_read(struct reader *r, const struct node *value, void *out)
{
	const char *text = reader_text(r, value);

	if (!text)
		return -EINVAL;
	return value_int(text, 0, INT32_MAX, out) ? -EDOM : 0;
}

const struct value_type VALUE_INT = { "whole number", "0 to 2147483647", int_read, NULL };

static int port_read(struct reader *r, const struct node *value, void *out)
{
	const char *text = reader_text(r, value);
	int64_t port;

	if (!text)
		return -EINVAL;
	if (value_int(text, 1, 65535, &port))
		return -EDOM;
	*(uint16_t *)out = (uint16_t)port;
	return 0;
}

const struct value_type VALUE_PORT = { "port", "1 to 65535", port_read, NULL };

static void compare_free(void *out)
{
	struct compare *cmp = out;

	free(cmp->text);
	*cmp = (struct compare){ 0 };
}

/* compare_done() - what all comparisons have in common once they are parsed */
static int compare_done(struct reader *r, const struct node *value, int err, struct compare *cmp)
{
	if (err == -ENOMEM)
		return reader_nomem(r);
	if (err)
		return -EDOM;
	cmp->line = value->line;
	cmp->col = value->col;
	return 0;
}

static int compare_read(struct reader *r, const struct node *value, enum unit unit, void *out)
{
	const char *text = reader_text(r, value);

	if (!text)
		return -EINVAL;
	return compare_done(r, value, value_compare(text, unit, out), out);
}

static int compare_number_read(struct reader *r, const struct node *value, void *out)
{
	return compare_read(r, value, UNIT_NONE, out);
}

const struct value_type VALUE_COMPARE = {
	"comparison", "a number or a comparison such as 2, \">= 2\", \"!= 0\" or 2..4",
	compare_number_read, compare_free
};

static int compare_ns_read(struct reader *r, const struct node *value, void *out)
{
	return compare_read(r, value, UNIT_NS, out);
}

const struct value_type VALUE_COMPARE_NS = {
	"comparison of durations", "a duration or a comparison such as \"< 50ms\" or 2.9s..3.2s",
	compare_ns_read, compare_free
};

static int compare_bytes_read(struct reader *r, const struct node *value, void *out)
{
	return compare_read(r, value, UNIT_BYTES, out);
}

const struct value_type VALUE_COMPARE_BYTES = {
	"comparison of sizes", "a size or a comparison such as 100kB or \"> 64KiB\"",
	compare_bytes_read, compare_free
};

static int after_read(struct reader *r, const struct node *value, void *out)
{
	const char *text = reader_text(r, value);
	struct compare *cmp = out;
	int err;

	if (!text)
		return -EINVAL;
	err = compare_done(r, value, value_after(text, cmp), cmp);
	if (!err)
		reader_declare(r, cmp->hi < INT64_MAX ? cmp->hi : cmp->lo);
	return err;
}

const struct value_type VALUE_AFTER = { "time", "a time such as 2500ms, 2.9s..3.2s or \"< 50ms\"",
					after_read, compare_free };

static int protocol_read(struct reader *r, const struct node *value, void *out)
{
	static const char *const names[] = { "tcp", "udp", "icmp" };
	static const int numbers[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP };
	const char *text = reader_text(r, value);

	if (!text)
		return -EINVAL;
	for (int i = 0; i < 3; i++) {
		if (!strcmp(names[i], text)) {
			*(int *)out = numbers[i];
			return 0;
		}
	}
	return reader_unknown(r, value, "protocol", text, names, 3);
}

const struct value_type VALUE_PROTOCOL = { "protocol", "tcp, udp or icmp", protocol_read, NULL };

static int segment_read(struct reader *r, const struct node *value, unsigned *bits)
{
	const char *text = reader_text(r, value), *names[16];
	unsigned bit;
	int n = 0;

	if (!text)
		return -EINVAL;
	bit = segment_from_name(text);
	if (bit) {
		*bits |= bit;
		return 0;
	}
	while (n < 16 && segment_name_at(n)) {
		names[n] = segment_name_at(n);
		n++;
	}
	return reader_unknown(r, value, "kind of segment", text, names, n);
}

static int segments_read(struct reader *r, const struct node *value, void *out)
{
	unsigned bits = 0;
	int err = 0;

	if (value->kind == NODE_SCALAR)
		err = segment_read(r, value, &bits);
	else if (value->kind == NODE_MAP || !value->n)
		return -EDOM;
	for (int i = 0; value->kind == NODE_LIST && i < value->n; i++)
		if (segment_read(r, value->items[i], &bits))
			err = -EINVAL;
	if (!err)
		*(unsigned *)out = bits;
	return err;
}

const struct value_type VALUE_SEGMENTS = { "segments",
					   "a kind of segment such as syn, or a list of them",
					   segments_read, NULL };

static void endpoint_free(void *out)
{
	struct endpoint *ep = out;

	free(ep->text);
	*ep = (struct endpoint){ 0 };
}

/*
 * endpoint_split() - "HOST:PORT" or "[ADDRESS]:PORT"
 * @host: filled
 * Return: the port's text, or NULL if there is none
 */
static const char *endpoint_split(const char *text, char *host, size_t size)
{
	bool bracket = *text == '[';
	const char *end = bracket ? strchr(text, ']') : strrchr(text, ':');
	const char *port = end ? end + bracket : NULL;
	size_t len;

	text += bracket;
	if (!port || *port != ':' || end <= text || (size_t)(end - text) >= size)
		return NULL;
	len = (size_t)(end - text);
	memcpy(host, text, len);
	host[len] = '\0';
	/* fd00::1:80 could be read in two ways; brackets make it one */
	return !bracket && strchr(host, ':') ? NULL : port + 1;
}

/* endpoint_addr() - a literal address; 1 if it is one, 0 if not, -EINVAL after reporting */
static int endpoint_addr(struct reader *r, const struct node *value, const char *host,
			 struct endpoint *ep)
{
	static const char *const names[] = { "IPv4", "IPv6" };

	if (inet_pton(AF_INET, host, ep->addr.bytes) == 1)
		ep->fam = FAM4;
	else if (inet_pton(AF_INET6, host, ep->addr.bytes) == 1)
		ep->fam = FAM6;
	else
		return 0;
	ep->host = -1;
	ep->addr.set = true;
	ep->addr.prefix = ep->fam == FAM6 ? 128 : 32;
	if (!(r->plan->ip & (ep->fam == FAM6 ? IP_6 : IP_4)))
		return reader_problem(r, value, "a host's name stands for its address in either",
				      "%.64s is an %s address, and this case runs on %s", host,
				      names[ep->fam], names[!ep->fam]);
	return 1;
}

static int endpoint_read(struct reader *r, const struct node *value, void *out)
{
	const char *text = reader_text(r, value), *port_text;
	struct endpoint ep = { .host = -1 };
	char host[INET6_ADDRSTRLEN + 1];
	int64_t port;
	int err;

	if (!text)
		return -EINVAL;
	port_text = endpoint_split(text, host, sizeof(host));
	if (!port_text)
		return -EDOM;
	if (value_int(port_text, 1, 65535, &port))
		return reader_problem(r, value, NULL, "%.64s is no port; expected 1 to 65535",
				      *port_text ? port_text : "''");
	err = endpoint_addr(r, value, host, &ep);
	if (!err)
		err = host_find(r, value, host, &ep.host);
	if (err < 0)
		return err;
	ep.port = (uint16_t)port;
	ep.text = strdup(text);
	if (!ep.text)
		return reader_nomem(r);
	*(struct endpoint *)out = ep;
	return 0;
}

static int address_read(struct reader *r, const struct node *value, void *out)
{
	const char *text = reader_text(r, value);
	struct endpoint ep = { .host = -1 };
	int err;

	if (!text)
		return -EINVAL;
	err = endpoint_addr(r, value, text, &ep);
	if (!err)
		err = host_find(r, value, text, &ep.host);
	if (err < 0)
		return err;
	ep.text = strdup(text);
	if (!ep.text)
		return reader_nomem(r);
	*(struct endpoint *)out = ep;
	return 0;
}

const struct value_type VALUE_ADDRESS = { "host or address",
					  "a host's name, or an address such as fd00::1",
					  address_read, endpoint_free };

const struct value_type VALUE_ENDPOINT = {
	"endpoint", "HOST:PORT such as \"server:8080\", or an address as in \"[fd00::1]:80\"",
	endpoint_read, endpoint_free
};
