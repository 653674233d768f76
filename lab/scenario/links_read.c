// SPDX-License-Identifier: GPL-2.0-or-later
/* The links of ``topology:``: "a -- b", alone or with properties. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/scenario/reading.h"

enum { MTU_MIN = 68, MTU_MIN_IPV6 = 1280, MTU_MAX = 65535 }; /* RFC 791, RFC 8200, IP's own limit */

static int mtu_read(struct reader *r, const struct node *value, void *out)
{
	const char *text = reader_text(r, value);
	int64_t mtu;

	if (!text)
		return -EINVAL;
	if (value_int(text, MTU_MIN, MTU_MAX, &mtu))
		return -EDOM;
	if (mtu < MTU_MIN_IPV6 && (r->plan->ip & IP_6))
		return reader_problem(r, value, NULL,
				      "an MTU of %d is too small: IPv6 needs at least 1280",
				      (int)mtu);
	*(uint32_t *)out = (uint32_t)mtu;
	return 0;
}

const struct value_type VALUE_MTU = { "MTU", "68 to 65535, with IPv6 1280 to 65535", mtu_read,
				      NULL };
static const struct value_type VALUE_ADDRESSES = { "mapping of addresses",
						   "a mapping of host names to addresses",
						   value_node_read, NULL };

struct link_args {
	uint32_t mtu;
	const struct node *addresses;
};

#define SHAPES_LATER "link shapes (delay, loss, rate …) come with a later version"

const struct key LINK_KEYS[] = {
	{ .name = "mtu",
	  .type = &VALUE_MTU,
	  .offset = offsetof(struct link_args, mtu),
	  .def = "1500",
	  .example = "1280",
	  .help = "the largest IP packet that fits, in bytes, at both ends" },
	{ .name = "addresses",
	  .type = &VALUE_ADDRESSES,
	  .offset = offsetof(struct link_args, addresses),
	  .def = "10.0.N.1/24 and .2, fd00:0:0:N::1/64 and ::2 on the N-th link",
	  .example = "{client: 192.0.2.1/24, fw: [192.0.2.2/24, \"2001:db8::2/64\"]}",
	  .help = "an end's address with its prefix length, or a list with one for each family" },
	{ .name = "delay",
	  .type = &VALUE_DURATION,
	  .later = SHAPES_LATER,
	  .example = "20ms ± 5ms",
	  .help = "hold each packet that long, in each direction" },
	{ .name = "jitter",
	  .type = &VALUE_DURATION,
	  .later = SHAPES_LATER,
	  .example = "5ms",
	  .help = "vary the delay by up to that much" },
	{ .name = "loss",
	  .type = &VALUE_TEXT,
	  .later = SHAPES_LATER,
	  .example = "2%",
	  .help = "lose that share of the packets" },
	{ .name = "duplicate",
	  .type = &VALUE_TEXT,
	  .later = SHAPES_LATER,
	  .example = "1%",
	  .help = "send that share of the packets twice" },
	{ .name = "reorder",
	  .type = &VALUE_TEXT,
	  .later = SHAPES_LATER,
	  .example = "25%",
	  .help = "let that share of the packets overtake" },
	{ .name = "corrupt",
	  .type = &VALUE_TEXT,
	  .later = SHAPES_LATER,
	  .example = "0.1%",
	  .help = "flip a bit in that share of the packets" },
	{ .name = "rate",
	  .type = &VALUE_TEXT,
	  .later = SHAPES_LATER,
	  .example = "10mbit",
	  .help = "pass on at most that many bits in a second" },
	{ .name = "limit",
	  .type = &VALUE_COUNT,
	  .later = SHAPES_LATER,
	  .example = "100",
	  .help = "the queue's length in packets" },
	{ 0 },
};

/* take_word() - the next blank-separated word of *@text; NULL at the end, or if it is too long */
static const char *take_word(const char **text, char *buf, size_t size)
{
	size_t len;

	*text += strspn(*text, " ");
	len = strcspn(*text, " ");
	if (!len || len >= size)
		return NULL;
	memcpy(buf, *text, len);
	buf[len] = '\0';
	*text += len;
	return buf;
}

int link_line_read(struct reader *r, const struct node *node, struct link_line *line)
{
	const char *text = reader_text(r, node), *rest = text;
	char a[64], op[8], b[64];
	int err = 0;

	if (!text)
		return -EINVAL;
	if (!take_word(&rest, a, sizeof(a)) || !take_word(&rest, op, sizeof(op)) ||
	    !take_word(&rest, b, sizeof(b)) || rest[strspn(rest, " ")] ||
	    (strcmp(op, "--") && strcmp(op, "->")))
		return reader_problem(r, node, NULL,
				      "'%.100s' is no link; expected two hosts, as in client -- fw",
				      text);
	line->one_way = !strcmp(op, "->");
	if (host_find(r, node, a, &line->host[0]))
		err = -EINVAL;
	if (host_find(r, node, b, &line->host[1]))
		err = -EINVAL;
	return err;
}

static int address_read(struct reader *r, const struct node *value, struct topo_addr *addrs)
{
	static const char *const names[] = { "IPv4", "IPv6" };
	struct topo_addr addr = { 0 };
	const char *text;
	int fam;

	r->expected = "an address with its prefix length, such as 10.0.0.1/24";
	text = reader_text(r, value);
	r->expected = NULL;
	if (!text)
		return -EINVAL;
	fam = topo_addr_parse(text, &addr);
	if (fam < 0)
		return reader_problem(r, value, NULL,
				      "'%.100s' is no address; expected one with its prefix length, "
				      "such as 10.0.0.1/24 or fd00::1/64",
				      text);
	if (addrs[fam].set)
		return reader_problem(r, value, NULL, "a second %s address at one end of a link",
				      names[fam]);
	addrs[fam] = addr;
	return 0;
}

static int end_read(struct reader *r, const struct node *key, const struct node *value,
		    struct topo_link *link)
{
	const char *name = reader_text(r, key), *names[2];
	int end = -1, err = 0;

	if (!name)
		return -EINVAL;
	for (int i = 0; i < 2; i++) {
		names[i] = r->plan->topo.hosts[link->host[i]].name;
		if (end < 0 && !strcmp(names[i], name))
			end = i;
	}
	if (end < 0)
		return reader_unknown(r, key, "end of this link", name, names, 2);
	if (value->kind != NODE_LIST)
		return address_read(r, value, link->addr[end]);
	for (int i = 0; i < value->n; i++)
		if (address_read(r, value->items[i], link->addr[end]))
			err = -EINVAL;
	return err;
}

/* properties_read() - @link is NULL if its ends are unknown; then only the keys can be checked */
static int properties_read(struct reader *r, const struct node *value, struct topo_link *link)
{
	struct link_args args = { 0 };
	int err;

	if (!value || (value->kind == NODE_SCALAR && !*value->text))
		return 0;
	err = reader_map(r, value, LINK_KEYS, &args, NULL, NULL, NULL);
	if (!link)
		return err;
	link->mtu = args.mtu;
	if (!args.addresses)
		return err;
	if (args.addresses->kind != NODE_MAP)
		return reader_problem(r, args.addresses, NULL,
				      "expected a mapping of host names to addresses, found %s",
				      node_kind_text(args.addresses));
	for (int i = 0; i < args.addresses->n; i++)
		if (end_read(r, args.addresses->keys[i], args.addresses->items[i], link))
			err = -EINVAL;
	return err;
}

static bool is_pair(const struct node *item)
{
	return item->kind == NODE_MAP && item->n == 1;
}

static bool has_link(const struct topology *topo, const struct link_line *line)
{
	for (int i = 0; i < topo->n_links; i++) {
		const int *host = topo->links[i].host;

		if ((host[0] == line->host[0] && host[1] == line->host[1]) ||
		    (host[0] == line->host[1] && host[1] == line->host[0]))
			return true;
	}
	return false;
}

/* one_way_read() - "a -> b" shapes one direction of a link that another line makes */
static int one_way_read(struct reader *r, const struct node *at, const struct link_line *line)
{
	const struct topo_host *hosts = r->plan->topo.hosts;

	if (!has_link(&r->plan->topo, line))
		return reader_problem(r, at, NULL,
				      "there is no link %s -- %s whose direction this could shape",
				      hosts[line->host[0]].name, hosts[line->host[1]].name);
	return reader_problem(r, at, NULL, "a link's single direction is not available yet: %s",
			      SHAPES_LATER);
}

static int link_read(struct reader *r, const struct node *item, bool one_way,
		     struct topo_link *link)
{
	const struct node *text = is_pair(item) ? item->keys[0] : item;
	const struct node *properties = is_pair(item) ? item->items[0] : NULL;
	struct link_line line = { 0 };

	if (item->kind != NODE_SCALAR && !is_pair(item))
		return one_way ? 0 :
				 reader_problem(r, item, NULL,
						"expected a link such as client -- fw, found %s",
						item->kind == NODE_MAP ? "a mapping of several" :
									 node_kind_text(item));
	if (link_line_read(r, text, &line)) {
		if (!one_way && !line.one_way)
			properties_read(r, properties, NULL);
		return -EINVAL;
	}
	if (line.one_way != one_way)
		return 0;
	if (one_way)
		return one_way_read(r, text, &line);
	link->host[0] = line.host[0];
	link->host[1] = line.host[1];
	r->plan->topo.n_links++;
	return properties_read(r, properties, link);
}

int links_read(struct reader *r, const struct node *links, const struct node ***ret_places)
{
	struct topology *topo = &r->plan->topo;
	const struct node **places;
	int err = 0;

	if (links->kind != NODE_LIST)
		return reader_problem(r, links, NULL, "expected a list of links, found %s",
				      node_kind_text(links));
	if (links->n > TOPO_MAX_LINKS)
		return reader_problem(r, links, NULL, "%d links; there can be %d", links->n,
				      TOPO_MAX_LINKS);
	topo->links = calloc((size_t)links->n + 1, sizeof(*topo->links));
	*ret_places = places = calloc((size_t)links->n + 1, sizeof(*places));
	if (!topo->links || !places)
		return reader_nomem(r);
	for (int one_way = 0; one_way < 2; one_way++) {
		for (int i = 0; i < links->n; i++) {
			places[topo->n_links] = links->items[i];
			if (link_read(r, links->items[i], one_way, &topo->links[topo->n_links]))
				err = -EINVAL;
		}
	}
	return err;
}
