// SPDX-License-Identifier: GPL-2.0-or-later
/* The links of ``topology:``: "a -- b", alone or with properties. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lab/scenario/reading.h"
#include "lab/scenario/shape_words.h"
#include "netns/cleanup.h"

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
	struct shape_words shape;
};

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
	SHAPE_ROWS(struct link_args, shape, SHAPE_IS),
	{ 0 },
};

/**
 * struct direction - what has been said of one direction of a link so far
 * @wire: by the line that made the link, which speaks of both directions
 * @arrow: by a line "a -> b"; @arrow_at: it, NULL if there is none
 */
struct direction {
	struct shape_words wire, arrow;
	const struct node *arrow_at;
};

/**
 * struct links - the list under construction
 * @places: the line that makes each link
 * @directions: [link][sending end]
 */
struct links {
	const struct node **places;
	struct direction (*directions)[2];
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

/*
 * properties_read() - of the line that makes a link
 * @link, @directions: NULL if its ends are unknown; then only the keys can be checked
 */
static int properties_read(struct reader *r, const struct node *value, struct topo_link *link,
			   struct direction *directions)
{
	struct link_args args = { 0 };
	int err;

	if (!value || (value->kind == NODE_SCALAR && !*value->text))
		return 0;
	err = reader_map(r, value, LINK_KEYS, &args, NULL, NULL, NULL);
	if (!link)
		return err;
	link->mtu = args.mtu;
	directions[0].wire = directions[1].wire = args.shape;
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

/*
 * link_find() - the link between two hosts
 * @ret_end: the end at which the first of them is
 * Return: its index, -1 if there is none, -2 if there are several
 */
static int link_find(const struct topology *topo, const int host[2], int *ret_end)
{
	int found = -1;

	for (int i = 0; i < topo->n_links; i++) {
		const int *h = topo->links[i].host;

		if ((h[0] != host[0] || h[1] != host[1]) && (h[0] != host[1] || h[1] != host[0]))
			continue;
		*ret_end = h[0] != host[0];
		found = found == -1 ? i : -2;
	}
	return found;
}

/* arrow_refuse() - keys that are no shape belong to the wire, not to one direction of it */
static int arrow_refuse(struct reader *r, const struct node *map)
{
	static const char *const names[] = { "mtu", "addresses" };
	int err = 0;

	for (size_t i = 0; map->kind == NODE_MAP && i < ARRAY_SIZE(names); i++) {
		const struct node *value = node_get(map, names[i]);

		if (value)
			err = reader_problem(r, value, NULL,
					     "%s is of the whole link: give it on the line a -- b",
					     names[i]);
	}
	return err;
}

/* arrow_add() - one direction's own keys; nothing is said twice */
static int arrow_add(struct reader *r, const struct node *at, const char *name,
		     const struct node *place, struct direction *d, const struct shape_words *words)
{
	const char *twice = shape_words_twice(&d->wire, words);

	if (d->arrow_at)
		return reader_problem(r, at, NULL,
				      "two shapes on one direction: %s is shaped in line %d already",
				      name, d->arrow_at->line);
	d->arrow_at = at;
	if (twice)
		return reader_problem(r, at, NULL,
				      "two shapes on one direction: %s of %s is given in line %d "
				      "already",
				      twice, name, place->line);
	d->arrow = *words;
	return 0;
}

/* arrow_read() - "a -> b" shapes one direction of a link that another line makes */
static int arrow_read(struct reader *r, const struct node *at, const struct node *properties,
		      const struct link_line *line, struct links *links)
{
	const struct topo_host *hosts = r->plan->topo.hosts;
	const char *from = hosts[line->host[0]].name, *to = hosts[line->host[1]].name;
	struct link_args args = { 0 };
	char name[80];
	int end = 0, link = link_find(&r->plan->topo, line->host, &end);
	int err = 0;

	snprintf(name, sizeof(name), "%s -> %s", from, to);
	if (link == -1)
		return reader_problem(r, at, NULL,
				      "there is no link %s -- %s whose direction this could shape",
				      from, to);
	if (link == -2)
		return reader_problem(r, at,
				      "give the shape on the line that makes the link, for both "
				      "directions",
				      "there are several links %s -- %s; which one is meant?", from,
				      to);
	if (properties && properties->kind == NODE_MAP) {
		err = reader_map(r, properties, LINK_KEYS, &args, NULL, NULL, NULL);
		if (arrow_refuse(r, properties))
			err = -EINVAL;
	}
	if (!err && !shape_words_any(&args.shape))
		err = reader_problem(r, at, NULL,
				     "%s shapes nothing; expected a shape such as "
				     "{delay: 20ms}",
				     name);
	return err   ?:
		       arrow_add(r, at, name, links->places[link], &links->directions[link][end],
				 &args.shape);
}

static int link_read(struct reader *r, const struct node *item, bool one_way, struct links *links)
{
	const struct node *text = is_pair(item) ? item->keys[0] : item;
	const struct node *properties = is_pair(item) ? item->items[0] : NULL;
	struct topology *topo = &r->plan->topo;
	struct link_line line = { 0 };
	struct topo_link *link;

	if (item->kind != NODE_SCALAR && !is_pair(item))
		return one_way ? 0 :
				 reader_problem(r, item, NULL,
						"expected a link such as client -- fw, found %s",
						item->kind == NODE_MAP ? "a mapping of several" :
									 node_kind_text(item));
	if (link_line_read(r, text, &line)) {
		if (!one_way && !line.one_way)
			properties_read(r, properties, NULL, NULL);
		return -EINVAL;
	}
	if (line.one_way != one_way)
		return 0;
	if (one_way)
		return arrow_read(r, text, properties, &line, links);
	link = &topo->links[topo->n_links];
	links->places[topo->n_links] = item;
	link->host[0] = line.host[0];
	link->host[1] = line.host[1];
	return properties_read(r, properties, link, links->directions[topo->n_links++]);
}

/* shapes_check() - what the lines come to together; a mistake in a wire's is told once */
static int shapes_check(struct reader *r, const struct links *links)
{
	struct plan *plan = r->plan;
	int err = 0;

	for (int i = 0; i < 2 * plan->topo.n_links; i++) {
		const struct direction *d = &links->directions[i / 2][i % 2];
		const struct node *at = d->arrow_at ?: links->places[i / 2];
		struct shape_words words = d->wire;
		struct shape *shape = &plan->shapes[i / 2][i % 2];

		shape_words_add(&words, &d->arrow);
		if (shape_words_check(r, at, &words, NULL, shape)) {
			err = -EINVAL;
			i |= !d->arrow_at;
		}
		plan->shaped |= !shape_is_none(shape);
	}
	return err;
}

int links_read(struct reader *r, const struct node *list, const struct node ***ret_places)
{
	struct topology *topo = &r->plan->topo;
	struct links links;
	int err = 0;

	if (list->kind != NODE_LIST)
		return reader_problem(r, list, NULL, "expected a list of links, found %s",
				      node_kind_text(list));
	if (list->n > TOPO_MAX_LINKS)
		return reader_problem(r, list, NULL, "%d links; there can be %d", list->n,
				      TOPO_MAX_LINKS);
	topo->links = calloc((size_t)list->n + 1, sizeof(*topo->links));
	r->plan->shapes = calloc((size_t)list->n + 1, sizeof(*r->plan->shapes));
	*ret_places = links.places = calloc((size_t)list->n + 1, sizeof(*links.places));
	links.directions = calloc((size_t)list->n + 1, sizeof(*links.directions));
	if (!topo->links || !links.places || !links.directions || !r->plan->shapes) {
		free(links.directions);
		return reader_nomem(r);
	}
	for (int one_way = 0; one_way < 2; one_way++) {
		for (int i = 0; i < list->n; i++) {
			if (link_read(r, list->items[i], one_way, &links))
				err = -EINVAL;
		}
	}
	if (!err)
		err = shapes_check(r, &links);
	free(links.directions);
	return err;
}
