// SPDX-License-Identifier: GPL-2.0-or-later
/* The ways through a topology: chosen hop by hop, as routers do. */
#include "tests/support/main.h"

#include "netns/cleanup.h"
#include "tests/unit/topo_fixture.h"

enum { RANDOM_ROUNDS = 400, RANDOM_HOSTS = 14 };

/* The first hop of @host towards every link; malloced. */
static struct topo_hop *hops_of(const struct topology *topo, int host)
{
	struct topo_hop *hops = topo_need(calloc((size_t)topo->n_links + 1, sizeof(*hops)));
	struct lab_err err = { 0 };

	assert_int_equal(topology_routes(topo, host, hops, &err), 0);
	return hops;
}

/*
 * Carry a packet from host @at to an address on link @link at @host, each router by its own routes.
 * Return: hops taken, -1 if it is dropped or wanders about.
 */
static int walk(const struct topology *topo, int at, int host, int link)
{
	for (int hops = 0; hops <= topo->n_hosts; hops++) {
		_cleanup_free_ struct topo_hop *way = NULL;
		struct topo_hop hop;
		const struct topo_link *out;

		if (at == host)
			return hops;
		if (hops && topo->hosts[at].forward != FORWARD_YES)
			return -1;
		way = hops_of(topo, at);
		hop = way[link];
		if (hop.link < 0)
			return -1;
		out = &topo->links[hop.link];
		assert_int_equal(out->host[hop.end], at);
		at = out->host[!hop.end];
	}
	return -1;
}

/* Link on which the address is by which @asker knows @host. */
static int link_of_addr(const struct topology *topo, int asker, int host, int fam)
{
	const struct topo_addr *addr = topology_addr(topo, asker, host, fam);

	assert_non_null(addr);
	assert_int_equal(topology_owner(topo, fam, addr->bytes), host);
	for (int i = 0; i < topo->n_links; i++) {
		for (int end = 0; end < 2; end++) {
			if (addr == &topo->links[i].addr[end][fam])
				return i;
		}
	}
	fail_msg("an address of no link");
	return -1;
}

static void assert_hop(const struct topology *topo, const char *from, int link, int via_link,
		       const char *via)
{
	_cleanup_free_ struct topo_hop *hops = hops_of(topo, topo_host_of(topo, from));

	assert_int_equal(hops[link].link, via_link);
	assert_int_equal(topo->links[via_link].host[!hops[link].end], topo_host_of(topo, via));
}

static void test_routes_lead_along_a_chain(void **state)
{
	struct topology topo;

	(void)state;
	topo_ready(&topo, "c r1 r2 r3 r4 r5 s", "c-r1 r1-r2 r2-r3 r3-r4 r4-r5 r5-s");
	for (int link = 1; link < 6; link++)
		assert_hop(&topo, "c", link, 0, "r1");
	assert_hop(&topo, "r3", 0, 2, "r2");
	assert_hop(&topo, "r3", 5, 3, "r4");
	assert_int_equal(walk(&topo, 0, 6, 5), 6);
	assert_int_equal(walk(&topo, 6, 0, 0), 6);
	/* the far address of a router is no further than its near one */
	assert_int_equal(walk(&topo, 0, 3, 3), 3);
	assert_int_equal(link_of_addr(&topo, 0, 3, FAM4), 2);
	assert_int_equal(link_of_addr(&topo, 6, 3, FAM6), 3);
	topology_free(&topo);
}

static void test_routes_take_the_short_way_round_a_ring(void **state)
{
	struct topology topo;

	(void)state;
	topo_ready(&topo, "a b c d e", "a-b b-c c-d d-e e-a");
	assert_hop(&topo, "a", 1, 0, "b"); /* b-c */
	assert_hop(&topo, "a", 3, 4, "e"); /* d-e */
	assert_int_equal(walk(&topo, 0, 2, link_of_addr(&topo, 0, 2, FAM4)), 2);
	assert_int_equal(walk(&topo, 0, 3, link_of_addr(&topo, 0, 3, FAM4)), 2);
	for (int a = 0; a < 5; a++) {
		for (int b = 0; b < 5; b++)
			assert_true(walk(&topo, a, b, link_of_addr(&topo, a, b, FAM4)) <= 2);
	}
	topology_free(&topo);
}

static void test_routes_use_each_link_of_a_multihomed_host(void **state)
{
	struct topology topo;

	(void)state;
	topo_make(&topo, "h left right far", "h-left h-right left-far right-far");
	topo.hosts[0].forward = FORWARD_NO;
	assert_int_equal(topology_complete(&topo, NULL, NULL, NULL), 0);
	assert_hop(&topo, "h", 2, 0, "left");
	assert_hop(&topo, "h", 3, 1, "right");
	/* left and right do not pass through h, which does not forward */
	assert_int_equal(walk(&topo, 1, 2, link_of_addr(&topo, 1, 2, FAM4)), 2);
	assert_hop(&topo, "left", 3, 2, "far");
	/* both addresses of h are reached, each by its own link */
	assert_int_equal(walk(&topo, 1, 0, 0), 1);
	assert_int_equal(link_of_addr(&topo, 1, 0, FAM4), 0);
	assert_int_equal(link_of_addr(&topo, 2, 0, FAM4), 1);
	topology_free(&topo);
}

static void test_routes_go_through_a_host_that_does_not_forward_only_if_they_must(void **state)
{
	struct topology topo;

	(void)state;
	/* two ways from a to d: the short one through no, the long one through y1 and y2 */
	topo_make(&topo, "a no d y1 y2", "a-no no-d a-y1 y1-y2 y2-d");
	topo.hosts[1].forward = FORWARD_NO;
	assert_int_equal(topology_complete(&topo, NULL, NULL, NULL), 0);
	assert_int_equal(link_of_addr(&topo, 0, 2, FAM4), 4);
	assert_int_equal(walk(&topo, 0, 2, 4), 3);
	topology_free(&topo);
	/* the only way: there is a route, and the packet dies at the host in the middle */
	topo_make(&topo, "a no d", "a-no no-d");
	topo.hosts[1].forward = FORWARD_NO;
	assert_int_equal(topology_complete(&topo, NULL, NULL, NULL), 0);
	assert_hop(&topo, "a", 1, 0, "no");
	assert_int_equal(link_of_addr(&topo, 0, 2, FAM4), 1);
	assert_int_equal(walk(&topo, 0, 2, 1), -1);
	assert_int_equal(walk(&topo, 0, 1, 1), 1); /* its own far address is reached */
	topology_free(&topo);
}

/* The near end of a link is of no use for the far one's address if it does not forward. */
static void test_routes_reach_a_link_by_the_end_that_forwards(void **state)
{
	struct topology topo;

	(void)state;
	topo_make(&topo, "h no b c", "h-no no-b b-c c-h");
	topo.hosts[1].forward = FORWARD_NO;
	assert_int_equal(topology_complete(&topo, NULL, NULL, NULL), 0);
	assert_int_equal(walk(&topo, 0, 2, 1), 2); /* b's address on the link no -- b, by c */
	assert_int_equal(walk(&topo, 0, 1, 0), 1);
	topology_free(&topo);
}

static void test_routes_to_own_links_are_the_links(void **state)
{
	struct topology topo;

	(void)state;
	topo_ready(&topo, "a b", "a-b b-a a-b");
	for (int host = 0; host < 2; host++) {
		_cleanup_free_ struct topo_hop *hops = hops_of(&topo, host);

		for (int i = 0; i < 3; i++) {
			assert_int_equal(hops[i].link, i);
			assert_int_equal(topo.links[i].host[hops[i].end], host);
		}
	}
	/* the first of parallel links is the one by which hosts know each other */
	assert_int_equal(link_of_addr(&topo, 0, 1, FAM6), 0);
	assert_int_equal(link_of_addr(&topo, 0, 0, FAM4), 0);
	topology_free(&topo);
}

/* A generator of our own: the same topologies on every C library. */
static unsigned next_random(unsigned *seed, unsigned below)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % below;
}

/* A random tree, then some more links: connected by construction. */
static void random_topology(struct topology *topo, unsigned *seed, bool all_forward)
{
	char hosts[RANDOM_HOSTS * 8] = "", links[64 * 16] = "", word[32];
	int n = 2 + (int)next_random(seed, RANDOM_HOSTS - 1);
	int extra = (int)next_random(seed, (unsigned)n + 1);

	for (int i = 0; i < n; i++) {
		snprintf(word, sizeof(word), "h%d ", i);
		strcat(hosts, word);
	}
	for (int i = 1; i < n + extra; i++) {
		unsigned a = i < n ? (unsigned)i : next_random(seed, (unsigned)n);
		unsigned b = i < n ? next_random(seed, a) : next_random(seed, (unsigned)n);

		if (a == b)
			continue;
		snprintf(word, sizeof(word), "h%u-h%u ", a, b);
		strcat(links, word);
	}
	topo_make(topo, hosts, links);
	for (int i = 0; i < n && !all_forward; i++)
		topo->hosts[i].forward = next_random(seed, 3) ? FORWARD_AUTO : FORWARD_NO;
	assert_int_equal(topology_complete(topo, NULL, NULL, NULL), 0);
}

/* Distance by relaxation, unlike the search that is tested; n_hosts if there is no way. */
static int distance(const struct topology *topo, int from, int to)
{
	int far[RANDOM_HOSTS], n = topo->n_hosts;

	for (int h = 0; h < n; h++)
		far[h] = h == from ? 0 : n;
	for (int round = 0; round < n; round++) {
		for (int i = 0; i < 2 * topo->n_links; i++) {
			int a = topo->links[i / 2].host[i % 2],
			    b = topo->links[i / 2].host[!(i % 2)];

			if ((a == from || topo->hosts[a].forward == FORWARD_YES) &&
			    far[a] + 1 < far[b])
				far[b] = far[a] + 1;
		}
	}
	return far[to];
}

/* Where all routers forward, every address of every host is reached, in at most n hops. */
static void test_routes_arrive_at_every_address_of_random_topologies(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < RANDOM_ROUNDS; round++) {
		struct topology topo;

		random_topology(&topo, &seed, true);
		for (int from = 0; from < topo.n_hosts; from++) {
			for (int i = 0; i < 2 * topo.n_links; i++) {
				int to = topo.links[i / 2].host[i % 2];
				int hops = walk(&topo, from, to, i / 2);

				if (hops < 0 || hops > topo.n_hosts ||
				    hops < distance(&topo, from, to))
					fail_msg("round %d: %d hops from host %d to host %d on link %d",
						 round, hops, from, to, i / 2);
			}
		}
		topology_free(&topo);
	}
}

/*
 * By the address that topology_addr() gives a host is reached in the fewest hops, also where some
 * hosts do not forward; and the answer comes back.
 */
static void test_topology_addr_is_the_nearest_in_random_topologies(void **state)
{
	unsigned seed = 2, reached = 0, cut_off = 0;

	(void)state;
	for (int round = 0; round < RANDOM_ROUNDS; round++) {
		struct topology topo;

		random_topology(&topo, &seed, false);
		for (int i = 0; i < topo.n_hosts * topo.n_hosts; i++) {
			int from = i / topo.n_hosts, to = i % topo.n_hosts;
			int best = distance(&topo, from, to);
			int link = link_of_addr(&topo, from, to, FAM4);
			int hops = walk(&topo, from, to, link);

			assert_int_equal(link, link_of_addr(&topo, from, to, FAM6));
			if (hops != (best == topo.n_hosts ? -1 : best))
				fail_msg("round %d: %d hops from host %d to host %d instead of %d",
					 round, hops, from, to, best);
			reached += hops > 1;
			cut_off += hops < 0;
		}
		topology_free(&topo);
	}
	assert_true(reached > 1000 && cut_off > 100); /* else this has tested nothing */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_routes_lead_along_a_chain),
		cmocka_unit_test(test_routes_take_the_short_way_round_a_ring),
		cmocka_unit_test(test_routes_use_each_link_of_a_multihomed_host),
		cmocka_unit_test(
			test_routes_go_through_a_host_that_does_not_forward_only_if_they_must),
		cmocka_unit_test(test_routes_reach_a_link_by_the_end_that_forwards),
		cmocka_unit_test(test_routes_to_own_links_are_the_links),
		cmocka_unit_test(test_routes_arrive_at_every_address_of_random_topologies),
		cmocka_unit_test(test_topology_addr_is_the_nearest_in_random_topologies),
	};

	return TEST_MAIN("topology routes", tests, NULL, NULL);
}
